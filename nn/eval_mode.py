"""A model as it is used after training, for a while."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Protocol

    class Switched(Protocol):
        """What is asked of an nn.Module, whose file imports this one."""

        training: bool

        def modules(self) -> Sequence[Switched]:
            """Itself and every module below it."""
            ...

        def eval(self) -> object:
            """Use it, from now on, as it is used after training."""
            ...


@contextmanager
def in_eval_mode(model: Switched) -> Iterator[None]:
    """Afterwards each module is in the mode that it was in, also a layer frozen by `eval()`."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
