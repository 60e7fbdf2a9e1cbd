"""Saving pictures and passes: the ending of the file says what is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from autograd.atomic_write import write_atomically
from autograd.checks import came


def save_by_suffix(
    path: str | os.PathLike[str],
    writers: Mapping[str, Callable[[], str | bytes]],
) -> None:
    """Write a file with the writer for its ending, at once or not at all.

    Args:
        path: Where to; a file that is there is replaced.
        writers: For each ending, such as ".svg", what gives the contents.

    Raises:
        TypeError: path is neither a text nor a path.
        ValueError: path has another ending.
        OSError: The file cannot be written; what was there before stays.
    """
    try:
        path = Path(path)
    except TypeError:
        wanted = "a text or a Path, as in save('picture.svg')"
        raise TypeError(f"save: path needs to be {wanted}, but got {came(path)}.") from None
    writer = writers.get(path.suffix.lower())
    if writer is None:
        *most, last = writers
        wanted = f"{', '.join(most)} or {last}" if most else last
        raise ValueError(f"save: needs a name that ends in {wanted}, but got {path.name!r}.")
    contents = writer()
    try:
        write_atomically(path, contents if isinstance(contents, bytes) else contents.encode())
    except OSError as err:
        raise type(err)(f"save: cannot write {str(path)!r}: {err.strerror}.") from err
