"""Saving pictures and passes: the ending of the file says what is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from autograd.atomic_write import write_atomically
from autograd.checks import came
from autograd.viz.player.drawing import for_notebooks
from autograd.viz.png_and_pdf import to_paper
from autograd.viz.scene import Scene
from autograd.viz.svg import to_svg
from autograd.viz.tikz import to_tikz

Writers = dict[str, Callable[[], str | bytes]]
"""What gives the contents of a file, for each ending."""


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


class Shown:
    """A picture: a notebook shows it, `save` writes it to a file, its `repr` is it in words."""

    @cached_property
    def source(self) -> str:
        """The picture in the DOT language; "" of what is no graph."""
        return ""

    @property
    def _scene(self) -> Scene:
        raise NotImplementedError

    @cached_property
    def svg(self) -> str:
        """The picture as SVG."""
        return to_svg(self._scene, repr(self), dark=True)

    def tex(self, alone: bool = True) -> str:
        r"""The picture as LaTeX, drawn by TikZ.

        Args:
            alone: Whether it is a document of its own, for pdflatex; else it is for `\input`.
        """
        return to_tikz([(self._scene, "")], alone)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file.

        PNG and PDF are made by matplotlib; those of a graph by the program `dot` where it is
        missing.

        Args:
            path: Its ending says what is written: .svg, .png, .pdf, .tex (TikZ, for pdflatex) or
                .txt (in words). Of a graph it may be .dot, too, or .md (Mermaid, which GitHub draws
                in Markdown); of a graph and of a network .html (a page to look at it).

        Raises:
            ValueError: path has another ending.
            RuntimeError: .png or .pdf, and there is no program that makes it.
            OSError: The file cannot be written; what was there before stays.
        """
        save_by_suffix(path, self.writers())

    def writers(self) -> Writers:
        """What gives the contents of a file, for each ending."""
        return {
            ".svg": lambda: self.svg,
            ".png": lambda: to_paper(self._scene, "png", self.source),
            ".pdf": lambda: to_paper(self._scene, "pdf", self.source),
            ".tex": self.tex,
            ".txt": lambda: f"{self!r}\n",
        }

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """What a notebook shows: the picture, or the sentence where it cannot show pictures."""
        return for_notebooks(self.svg, repr(self))
