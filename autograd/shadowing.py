"""Files of others under our three names, which Python finds in place of ours or mixes with ours."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from importlib.machinery import PathFinder


def warn_of_shadowing() -> None:
    """Warn of what hides a package of ours, or lies in ours; costs some file look-ups."""
    for problem in shadowing():
        warnings.warn(problem, UserWarning, stacklevel=3)


def shadowing() -> Iterator[str]:
    """What is in the way, each with its remedy."""
    folder = os.path.dirname(os.path.abspath(__file__))
    # A file that only PyPI's autograd has: to look through the installed distributions takes long.
    # Colab brings it, and pip has put ours over it: nobody who reads this there wants theirs.
    theirs = os.path.join(folder, "numpy", "numpy_vspaces.py")
    if "google.colab" not in sys.modules and os.path.exists(theirs):
        yield (
            f"autograd: PyPI's autograd is installed into the same folder as glassgrad, {folder}, "
            "and the two cannot share an environment: pip uninstall autograd, then "
            "pip install --force-reinstall glassgrad."
        )
    for name in ("nn", "optim"):
        found = _where(name)
        if found and os.path.dirname(found) != os.path.dirname(folder):
            yield (
                f"autograd: `import {name}` gives {found}, which hides glassgrad's {name}. "
                "Rename it, if you want ours."
            )


def _where(name: str) -> str | None:
    """The file or folder that `import name` gives; nothing is imported."""
    loaded = sys.modules.get(name)
    spec = PathFinder.find_spec(name) if loaded is None else getattr(loaded, "__spec__", None)
    if spec is None:
        return None
    places = spec.submodule_search_locations
    return os.path.abspath(next(iter(places)) if places else spec.origin or name)
