"""Export: a compiled function's program as a text in another language, or as a file of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.atomic_write import write_atomically
from autograd.checks import check_choice
from autograd.compiler.native import c, javascript, llvm
from autograd.compiler.native.bound import bound
from autograd.compiler.native.llvm_function import Machine
from autograd.compiler.native.loops import every_nest
from autograd.compiler.native.memories import is_reserved
from autograd.compiler.native.prepared import Prepared
from autograd.compiler.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable

LANGUAGES = ("c", "js", "llvm")


def source(
    language: str,
    name: str,
    program: Program,
    find_names: Callable[..., Any],
    function: Callable[..., Any],
) -> str:
    """A program in another language."""
    check_choice("source", "language", language, LANGUAGES)
    program_of_calls = bound("source", program, find_names, function, language != "c")
    name = _identifier(name)
    prepared = Prepared("source", program_of_calls, language != "c", name)
    if language == "js":
        return javascript.source(prepared, name)
    if language == "llvm":
        return llvm.printed([*map(llvm.units_of, (prepared.forward, prepared.backward))], Machine())
    return c.source(prepared, name)[0]


def export(
    path: str | os.PathLike[str],
    program: Program,
    find_names: Callable[..., Any],
    function: Callable[..., Any],
    dtype: Any,
) -> None:
    """Write a program's forward pass as a file of C, and its header beside it."""
    file = Path(path)
    if file.suffix != ".c" or not (file.stem.isidentifier() and file.stem.isascii()):
        raise ValueError(
            f"export: needs a path such as net.c, whose name is the function's, but got {path!r}."
        )
    if dtype is not None and np.dtype(dtype) not in (np.dtype("f4"), np.dtype("f8")):
        raise ValueError(f"export: needs dtype float32, float64 or None, but got {dtype!r}.")
    if is_reserved(file.stem) or file.stem.startswith("_"):
        raise ValueError(
            f"export: needs a path whose name C has no use for, as {file.stem} is the function's; "
            f"for example {file.stem.strip('_') or 'net'}_net.c."
        )
    program_of_calls = bound("export", program, find_names, function, changes=False)
    prepared = Prepared("export", program_of_calls, False, file.stem)
    single = dtype is not None and np.dtype(dtype) == np.dtype("f4")
    if not single and dtype is not None and _has_single(prepared):
        raise ValueError("export: needs dtype float32 or None for a program in float32.")
    text, header = c.source(prepared, file.stem, single)
    write_atomically(file, text.encode())
    write_atomically(file.with_suffix(".h"), header.encode())


def _has_single(prepared: Prepared) -> bool:
    return any(nest.out.dtype == np.float32 for nest in every_nest(prepared.forward))


def _identifier(name: str) -> str:
    word = "".join(c if c.isascii() and c.isalnum() else "_" for c in name).strip("_")
    return word if word[:1].isalpha() and not is_reserved(word) else "program"
