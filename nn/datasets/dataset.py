"""What every dataset here returns: examples, labels, and what they mean."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.checks import refuse, refuse_masked


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Dataset:
    """Labelled examples that unpack as ``x, y = dataset``.

    Args:
        name: What to call it in a title.
        x: (N, D) float64, one example per row.
        y: (N,) int64, the class of each example, in [0, C).
        feature_names: D names, one per column of x, with the unit where there is one.
        class_names: C names; ``class_names[k]`` is what the label k means.
        description: What was measured or drawn, and by which rule.
        source: Where the figures or the idea come from.

    Raises:
        TypeError: x or y is no array, or masks some of its numbers.
        ValueError: x is not (N, D), y is not (N,), a column has no name, or a label has none.

    Example:
        >>> from nn.datasets import iris
        >>> flowers = iris()
        >>> flowers
        Dataset(iris: 150 examples, 4 features, 3 classes)
        >>> x, y = flowers
        >>> x.shape, y.shape, len(flowers)
        ((150, 4), (150,), 150)
        >>> flowers.class_names[y[0]]
        'setosa'
    """

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.int64]
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    description: str
    source: str

    def __post_init__(self) -> None:
        for name, array in (("x", self.x), ("y", self.y)):
            refuse_masked("Dataset", array)
            if not hasattr(array, "ndim"):
                refuse("Dataset", name, "an array", array, TypeError)
        if self.x.ndim != 2 or self.y.shape != self.x.shape[:1]:
            raise ValueError(
                f"Dataset: needs x of shape (N, D) and y of shape (N,), "
                f"but got {self.x.shape} and {self.y.shape}."
            )
        if len(self.feature_names) != self.x.shape[1]:
            raise ValueError(
                f"Dataset: needs one feature name for each of the {self.x.shape[1]} columns of x, "
                f"but got {self.feature_names}."
            )
        classes = len(self.class_names)
        strangers = self.y[~np.isin(self.y, np.arange(classes))]
        if strangers.size:
            raise ValueError(
                f"Dataset: needs every label in [0, {classes}), one per class name, "
                f"but got {strangers.tolist()[0]!r}."
            )

    # Any, because an iterator has a single element type and x and y differ; the fields are exact.
    def __iter__(self) -> Iterator[NDArray[Any]]:
        yield self.x
        yield self.y

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        return (
            f"Dataset({self.name}: {len(self)} examples, "
            f"{len(self.feature_names)} features, {len(self.class_names)} classes)"
        )


def shipped(name: str) -> bytes:
    """What is in a file of this folder, also where the package is imported from a zip."""
    from importlib.resources import files  # loads much that `import nn` can do without

    return files("nn.datasets").joinpath(name).read_bytes()
