"""THE RULEBOOK: every operation, once.

A declaration holds the forward computation in plain NumPy, its derivative, and how it is written.
To add an operation, add a declaration; the function `autograd.<name>`, the methods on `Value` and
`Tensor`, NumPy's function on a Tensor, pictures, captions and tests follow.

The rules stand in files by what they act on: single numbers (`arithmetic`, `powers`,
`trigonometry`, `activations`), many numbers into one (`reductions`), the places of numbers
(`shapes`, `indexing`), matrices (`matrices`), and the scores of networks (`networks`). What can be
made of other operations is an ordinary function there or in `choices`, a `@composition`, with no
derivative of its own. No file lists what it declares, nor does this one
list the files: every module in this folder is read.
"""

import importlib
import os
from contextlib import suppress

from autograd.op import COMPOSITIONS, RULEBOOK


def _modules() -> list[str]:
    """The names of the files here."""
    with suppress(OSError):
        files = sorted(file for file in os.listdir(__path__[0]) if not file.startswith("_"))
        if names := [file.removesuffix(".py") for file in files if file.endswith(".py")]:
            return names
    import pkgutil  # which looks into archives, too, and takes as long as ten of these files

    return [module.name for module in pkgutil.iter_modules(__path__)]


for _name in _modules():
    importlib.import_module(f"{__name__}.{_name}")

globals().update(RULEBOOK)
globals().update(COMPOSITIONS)
amax, amin = RULEBOOK["max"], RULEBOOK["min"]  # NumPy's other names

__all__ = [name for name in (*RULEBOOK, *COMPOSITIONS, "amax", "amin")]  # noqa: C416 (for checkers)
