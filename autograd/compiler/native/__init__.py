"""The student's own program as loops, for C, JavaScript and the machine; see README.md."""

from __future__ import annotations

import importlib.util
import os

from autograd.checks import check_choice


def check_backend(who: str, backend: str | None) -> None:
    """Refuse what is no backend, and "native" where llvmlite is missing.

    Raises:
        ValueError: the backend is none of "numpy", "native" and None.
        ImportError: it is "native", and llvmlite is not installed.

    Example:
        >>> check_backend("compile", "cuda")
        Traceback (most recent call last):
        ValueError: compile: backend must be 'numpy' or 'native', but got 'cuda'.
    """
    if backend is None:
        return
    check_choice(who, "backend", backend, ("numpy", "native"))
    if backend == "native" and not _is_installed():
        raise ImportError(
            f"{who}: needs llvmlite for backend='native'. Install it: "
            "pip install 'glassgrad[native]'."
        )


def is_wanted(backend: str | None) -> bool:
    """Whether native code is to be made: not if NumPy is asked for, or llvmlite is missing."""
    if backend == "numpy" or os.environ.get("GLASSGRAD_NATIVE") == "0":
        return False
    return backend == "native" or _is_installed()


def _is_installed() -> bool:
    return importlib.util.find_spec("llvmlite") is not None
