"""What the type checker knows of arrays."""

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
"""An array of numbers: NumPy's, or one of another library that speaks NumPy's protocols."""
