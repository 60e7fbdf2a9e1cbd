"""Where code runs: in a notebook, and what is shown there while a cell runs."""

from __future__ import annotations

import sys
from typing import Any


def kernel_shell() -> Any | None:
    """IPython's shell in a kernel; None in a terminal and without IPython."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return None if type(shell).__name__ in ("NoneType", "TerminalInteractiveShell") else shell


class CellText:
    """A file whose last line the output of the cell shows, as plain text."""

    def __init__(self) -> None:
        self._handle: Any = None

    def write(self, text: str) -> None:
        """Show the line in the place of the one before."""
        line = text.strip("\r\n ")
        if not line:
            return
        bundle = {"text/plain": line}
        if self._handle is None:
            from IPython.display import display

            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)

    def flush(self) -> None:
        """Nothing is held back."""
