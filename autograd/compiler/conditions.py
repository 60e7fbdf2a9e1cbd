"""Conditions: whether things are as they were, asked as one expression.

At every call of a compiled function much is compared that nearly always is the same. Of all ways
the quickest is one expression that Python has compiled:

    x1.cell_contents is x2 and x3["lr"] is x4 and x5.requires_grad is True
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

_HOLD = """
def hold():
    try:
        return bool({})
    except Exception:  # a name that is gone, or what is there now says no
        return False
"""


class Conditions:
    """Conditions that hold as of now.

    Attributes:
        terms: The text of each, and what gives the name of what it is about.
        names: What the names in the texts stand for.

    Example:
        >>> conditions, settings = Conditions(), {"lr": 0.1}
        >>> conditions.add(f"{conditions.name(settings)}['lr'] == 0.1")
        >>> conditions.hold()
        True
        >>> settings["lr"] = 0.2
        >>> conditions.hold()
        False
    """

    def __init__(self) -> None:
        self.terms: dict[str, Callable[[], str]] = {}
        self.names: dict[str, object] = {}

    def name(self, x: object) -> str:
        """What a thing is called in the texts; it is kept alive, so that its id stays its own."""
        name = f"x{id(x)}"
        self.names[name] = x
        return name

    def add(self, text: str, about: Callable[[], str] = str) -> None:
        """One more condition."""
        self.terms[text] = about
        vars(self).pop("hold", None)

    def drop(self, text: str) -> None:
        """One condition less."""
        del self.terms[text]
        vars(self).pop("hold", None)

    @functools.cached_property
    def hold(self) -> Callable[[], bool]:
        """Whether all hold; what cannot be asked any more, as it was deleted, does not."""
        exec(_HOLD.format(" and ".join(self.terms) or True), self.names)
        hold: Any = self.names["hold"]
        return hold  # type: ignore[no-any-return]

    def culprit(self) -> str:
        """What a condition that does not hold is about, for a message."""
        for text, about in self.terms.items():
            alone = Conditions()
            alone.terms, alone.names = {text: about}, self.names
            if not alone.hold():
                return about()
        return "something"
