"""The table that `model.summary(x)` prints: its layers, what they return, what they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from autograd import no_grad
from autograd.spellings import module_is_no_function
from nn.eval_mode import in_eval_mode
from nn.operands import shape_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from nn.eval_mode import Switched

    class Module(Switched, Protocol):
        """What the table asks of an nn.Module, whose file imports this one."""

        @property
        def forward(self) -> Callable[..., Any]:
            """What calling it computes."""
            raise NotImplementedError

        def __call__(self, *args: Any) -> object:
            """`forward` of the same arguments."""

        def modules(self) -> Sequence[Module]:
            """Itself and every module below it."""
            raise NotImplementedError

        def named_children(self) -> Sequence[tuple[str, Module]]:
            """The modules it is directly made of."""
            raise NotImplementedError

        def parameters(self) -> Sequence[object]:
            """Every parameter."""
            raise NotImplementedError

        def _named(self) -> str:
            """What its repr calls it."""
            raise NotImplementedError


HEAD = ("layer", "output shape", "parameters")


class Table(str):
    """A text of several lines that a notebook, or Python's prompt, shows as it is printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def summary(model: Module, inputs: tuple[Any, ...]) -> Table:
    """The table of a model; see `Module.summary`."""
    shapes = _shapes(model, inputs) if inputs else {}
    rows = [HEAD]
    rows += [
        (text, str(shapes.get(id(module), "")), f"{_count(module):,}")
        for text, module in _rows(model)
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if not inputs:
        rows, widths[1] = [(layer, "", count) for layer, _, count in rows], 0
    lines = [
        f"{layer:<{widths[0]}}  {shape:<{widths[1]}}  {count:>{widths[2]}}"
        for layer, shape, count in rows
    ]
    lines.insert(1, "-" * len(lines[0]))
    return Table("\n".join(lines))


def _rows(
    module: Module, label: str = "", above: tuple[Module, ...] = ()
) -> Iterator[tuple[str, Module]]:
    """Every module with its line, each below the one it belongs to, and not in itself again."""
    children = module.named_children()
    yield f"{'  ' * len(above)}{label}{module._named() if children else repr(module)}", module
    for name, child in children:
        if child is not module and child not in above:
            yield from _rows(child, f"{name}: ", (*above, module))


def _count(module: Module) -> int:
    """How many numbers there are to learn in it and below."""
    return sum(getattr(p, "size", 1) for p in module.parameters())


def _shapes(model: Module, inputs: tuple[Any, ...]) -> dict[int, tuple[int, ...]]:
    """The shape of what each module returned last, when the model was called."""
    found: dict[int, tuple[int, ...]] = {}
    own = {module: vars(module).get("forward") for module in model.modules()}

    def watch(module: Module) -> None:
        forward = module.forward

        def watched(*args: Any, **kwargs: Any) -> Any:
            out = forward(*args, **kwargs)
            # Of several results, such as an output and a state, the first.
            found[id(module)] = shape_of(out[0] if isinstance(out, tuple) and out else out)
            return out

        module.__dict__["forward"] = watched  # found before the method of its class

    try:
        for module in own:
            watch(module)
        with no_grad(), in_eval_mode(model):
            model(*inputs)
    finally:
        for module, forward in own.items():
            vars(module).pop("forward", None)
            if forward is not None:  # such as a compiled one
                vars(module)["forward"] = forward
    return found


module_is_no_function(__name__, "summary: is a method of a model, model.summary(x).")
