"""What a bug report should say of where glassgrad runs: `glassgrad info`."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata
from typing import Any

import numpy as np

from autograd.shadowing import shadowing

OPTIONAL = (
    "matplotlib", "scikit-learn", "tqdm", "ipython", "jupyterlab", "ipykernel",
    "dask", "llvmlite", "torch", "jax",
)  # fmt: skip
"""Distributions that something here uses where they are installed."""
MISSING = "(not installed)"


def info() -> str:
    """Versions, machine, switches and what is in the way, a line each; nothing is imported.

    Example:
        >>> print(info())
        glassgrad    ...
        Python       ...
        machine      ...
        NumPy        ...
        graphviz     ...
        compiled by  NumPy
        optional     ...
        switches     ...
        in the way   ...
    """
    lines = {
        "glassgrad": f"{version('glassgrad')} in {os.path.dirname(os.path.dirname(__file__))}",
        "Python": f"{platform.python_version()} ({platform.python_implementation()}) "
        f"in {sys.prefix}",
        "machine": f"{platform.platform()}, {os.cpu_count()} CPUs, "
        f"integers of {8 * np.dtype(np.intp).itemsize} bits",
        "NumPy": f"{np.__version__}, {_blas()}",
        "graphviz": f"{version('graphviz')}, {_dot()}",
        "compiled by": "NumPy",
        "optional": _optional(),
        "switches": ", ".join(_switches()) or "none",
        "in the way": " ".join(shadowing()) or "nothing",
    }
    return "\n".join(f"{name:<12} {text}" for name, text in lines.items())


def version(distribution: str) -> str:
    """The version of an installed distribution."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return MISSING


def _optional() -> str:
    found = {name: version(name) for name in OPTIONAL}
    here = [f"{name} {number}" for name, number in found.items() if number != MISSING]
    missing = [name for name, number in found.items() if number == MISSING]
    return "; ".join([", ".join(here) or "none"] + ["not: " + ", ".join(missing)] * bool(missing))


def _blas() -> str:
    show: Any = np.show_config  # as documented: its own types lack the argument
    config = show(mode="dicts")
    blas = config.get("Build Dependencies", {}).get("blas", {})
    return f"BLAS: {blas.get('name', 'unknown')} {blas.get('version', '')}".strip()


def _dot() -> str:
    program = shutil.which("dot")
    if program is None:
        return "no dot"
    answer = subprocess.run([program, "-V"], capture_output=True, text=True, check=False)
    return (answer.stderr or answer.stdout).strip()  # it answers on stderr


def _switches() -> list[str]:
    """What is set of glassgrad's and of what decides over NumPy's threads."""
    return sorted(
        f"{name}={value}"
        for name, value in os.environ.items()
        if name.startswith("GLASSGRAD_") or name.endswith("_NUM_THREADS")
    )
