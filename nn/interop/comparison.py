"""A model's output and gradients beside those of the same model in PyTorch."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

import numpy as np

from autograd import Tensor
from autograd.node import gradients
from nn.interop.aten_operands import array_of
from nn.interop.export_errors import ExportError, advice, line_of, said
from nn.operands import listed, numbers, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from autograd.arrays import Array
    from nn.interop.torch_protocols import Torch, TorchNet, TorchTensor
    from nn.interop.torch_source import Source

    Form = Callable[[Sequence[object]], tuple[tuple[object, ...], dict[str, object]]]


Leaf = TypeVar("Leaf")


class RandomError(ValueError):
    """No two runs agree, as random numbers are drawn."""


@dataclass(frozen=True, slots=True)
class Row:
    """One array beside PyTorch's.

    Attributes:
        name: "output", "d/d 0.weight", "d/d input 0" or "buffer 1.running_mean".
        shape: The array's.
        difference: The largest difference of two elements; nan counts as inf, unless both are.
        relative: That, divided by the largest of PyTorch's numbers in this array. A gradient that
            cancels to nothing but rounding is measured by the other gradients.
        place: The index of the elements that differ most.
        ours: Our number there.
        theirs: PyTorch's.
        rounding: How much of that rounding may explain: the square root of the precision that
            the arithmetic has, 1.5e-8 in float64.
    """

    name: str
    shape: tuple[int, ...]
    difference: float
    relative: float
    place: tuple[int, ...]
    ours: float
    theirs: float
    rounding: float

    @property
    def differs(self) -> bool:
        """Whether there is more between them than rounding."""
        return self.relative > self.rounding


class Comparison:
    """A table of differences, the largest first; made by `compare` and printed as a table.

    Attributes:
        rows: One for each output, gradient and changed buffer, by relative difference; and for an
            output that differs only when both are called again.
        agree: Whether every difference is one of rounding: relative to the largest number, at most
            the square root of the precision that the arithmetic has, 1.5e-8 in float64.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = sorted(rows, key=lambda row: -row.relative)
        self.agree = not any(row.differs for row in rows)

    def __str__(self) -> str:
        head = ("", "shape", "difference", "relative", "at", "ours", "PyTorch's")
        cells = [head, *(_cells(row) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in cells]
        lines.insert(1, "-" * max(map(len, lines)))
        wrong = [row.name for row in self.rows if row.differs]
        verdict = f"Different: {', '.join(wrong)}." if wrong else "Equal, but for rounding."
        return "\n".join([*lines, verdict])

    __repr__ = __str__


def _cells(row: Row) -> tuple[str, ...]:
    place = "[" + ", ".join(map(str, row.place)) + "]" if row.place else ""
    mark = " <--" if row.differs else ""
    return (
        row.name, str(row.shape), f"{row.difference:.1e}", f"{row.relative:.1e}", place,
        f"{row.ours:.6g}", f"{row.theirs:.6g}{mark}",
    )  # fmt: skip


def compared(
    torch: Torch, ours: Callable[..., Any], source: Source, leaves: Sequence[object], form: Form
) -> Comparison:
    """The comparison of two models, which are left as they were.

    Args:
        torch: The package.
        ours: Takes arrays and Tensors; its `named_parameters()` count, if it has any.
        source: PyTorch's model: what `runs`, its `module` and its `parameters()`.
        leaves: The leaves of the arguments: arrays, or settings.
        form: Puts leaves into the form (args, kwargs).
    """
    module = source.module
    with set_aside(source.runs) as renew, _unchanged(ours):
        told = _theirs(torch, source, leaves, form, renew)
        own = _ours(torch, ours, leaves, form, told)
        rows = list(_rows(own, told))
        rows += _buffers(module, ours)
    return Comparison(rows)


@dataclass(slots=True)
class _Run:
    """What a model gave: its arrays, in two calls one after the other, and gradients of the first.

    Attributes:
        outputs: Those of the first call.
        again: Those of the second, where a counter, a hidden state or a cache would show.
        grads: By name.
    """

    outputs: list[Array]
    again: list[Array]
    grads: dict[str, Array | None]


def _theirs(
    torch: Torch,
    source: Source,
    leaves: Sequence[object],
    form: Form,
    renew: Callable[[], None],
) -> _Run:
    tensors = [_tensor(torch, x) for x in leaves]
    found = _inputs(tensors, torch.Tensor).items()
    inputs = {name: x for name, x in found if x.is_floating_point()}
    before = torch.get_rng_state()
    args, kwargs = form(tensors)

    def run(wanted: Collection[str]) -> list[object]:
        for name, x in inputs.items():
            x.requires_grad_(name in wanted)
        with torch.enable_grad():
            return list(torch.utils._pytree.tree_leaves(source.runs(*args, **kwargs)))

    try:
        results, inputs = _outputs(run, inputs, renew)
    except Exception as err:
        raise _cannot_run(source, err) from err
    if not torch.equal(before, torch.get_rng_state()):
        torch.set_rng_state(before)
        raise RandomError(
            "compare: the PyTorch model draws random numbers (dropout in training?), so no two "
            "runs agree. Call eval() on both, or pass what is drawn as an input."
        )
    outputs = [x for x in results if isinstance(x, torch.Tensor)]
    arrays = [array_of(x) for x in outputs]
    wanted = {name: p for name, p in source.parameters().items() if p.requires_grad} | inputs
    seeds = map(torch.from_numpy, _seeds(arrays))
    total = sum((x * seed).sum() for x, seed in zip(outputs, seeds, strict=True) if x.requires_grad)
    grads: Sequence[Any] = [None] * len(wanted)
    try:
        if isinstance(total, torch.Tensor) and wanted:
            grads = torch.autograd.grad(total, list(wanted.values()), allow_unused=True)
        args, kwargs = form([_tensor(torch, x) for x in _turned(leaves)])
        again = [array_of(x) for x in run(()) if isinstance(x, torch.Tensor)]
    except RuntimeError as err:
        raise _cannot_run(source, err) from err
    told: list[Array | None] = [None if g is None else array_of(g) for g in grads]
    return _Run(arrays, again, dict(zip(wanted, told, strict=True)))


def _cannot_run(source: Source, err: Exception) -> ExportError:
    return ExportError(
        f"compare: PyTorch cannot run {source.name} ({line_of(err)}): {said(err)} {advice(err)}"
    )


def _outputs(
    run: Callable[[Collection[str]], list[object]],
    inputs: dict[str, TorchTensor],
    renew: Callable[[], None],
) -> tuple[list[object], dict[str, TorchTensor]]:
    """What PyTorch's model returns, and the inputs that it has gradients for.

    It refuses to differentiate some of its losses by their target. The others are asked for then.
    """
    try:
        return run(inputs), inputs
    except RuntimeError as err:
        if NO_DERIVATIVE not in str(err):
            raise
    kept = {}
    for name, x in inputs.items():
        renew()
        try:
            run({name})
            kept[name] = x
        except RuntimeError as err:
            if NO_DERIVATIVE not in str(err):
                raise
    renew()
    return run(kept), kept


AGAIN = "of a second call"
"""How the rows are called that show what a call leaves behind for the next."""

NO_DERIVATIVE = "is not differentiable with respect to argument"
"""What PyTorch says of an operand, such as a target, that must not require a gradient."""


def _ours(
    torch: Torch, run: Callable[..., Any], leaves: Sequence[object], form: Form, told: _Run
) -> _Run:
    def operands(leaves: Sequence[object]) -> list[object]:
        return [Tensor(x, requires_grad=True) if _is_float(x) else x for x in leaves]

    first = operands(leaves)
    inputs = _inputs(first, Tensor)
    args, kwargs = form(first)

    def arrays() -> list[Tensor | Array]:
        results = torch.utils._pytree.tree_leaves(run(*args, **kwargs))  # in PyTorch's order
        return [x for x in results if hasattr(x, "dtype")]

    outputs = arrays()
    if [shape_of(x) for x in outputs] != [x.shape for x in told.outputs]:
        raise ValueError(
            "compare: the PyTorch model returns arrays of shapes "
            f"{[x.shape for x in told.outputs]}, ours {[shape_of(x) for x in outputs]}."
        )
    parameters: dict[str, Tensor]
    parameters = dict(run.named_parameters()) if hasattr(run, "named_parameters") else {}
    wanted = {name: p for name, p in parameters.items() if p.requires_grad}
    wanted |= {name: x for name, x in inputs.items() if name in told.grads}
    pairs = zip(outputs, _seeds(told.outputs), strict=True)
    total: Any = sum((x * seed).sum() for x, seed in pairs if _is_float(x))
    grads: Sequence[Any] = [None] * len(wanted)
    if getattr(total, "requires_grad", False):
        grads = gradients(total, list(wanted.values()), np.ones_like(total.data))
    of_name: dict[str, Array | None] = dict(zip(wanted, grads, strict=True))
    args, kwargs = form(operands(_turned(leaves)))
    return _Run([numbers(x) for x in outputs], [numbers(x) for x in arrays()], of_name)


def _turned(leaves: Sequence[object]) -> list[object]:
    """For a second call: rows in another order, or what it kept of the first would not show."""
    return [
        x[::-1].copy() if isinstance(x, np.ndarray) and _is_float(x) and x.ndim else x
        for x in leaves
    ]


def _inputs(leaves: Sequence[object], kind: type[Leaf]) -> dict[str, Leaf]:
    return {f"input {i}": x for i, x in enumerate(leaves) if isinstance(x, kind)}


def _is_float(x: object) -> TypeGuard[Tensor | Array]:
    return getattr(getattr(x, "dtype", None), "kind", "") == "f"


def _tensor(torch: Torch, x: object) -> object:
    return torch.from_numpy(np.array(x)) if isinstance(x, np.ndarray) else x


def _seeds(outputs: Sequence[Array]) -> list[Array]:
    """What the outputs are multiplied with before they are summed: 1 for a loss, else any numbers.

    With all of them 1, the gradient through a softmax, say, would be 0 whatever was wrong.
    """
    rng = np.random.default_rng(0)
    return [
        np.ones((), x.dtype) if x.ndim == 0 else rng.normal(size=x.shape).astype(x.dtype)
        for x in outputs
    ]


def _rows(own: _Run, other: _Run) -> Iterator[Row]:
    for i, (mine, theirs) in enumerate(zip(own.outputs, other.outputs, strict=True)):
        yield row("output" if len(own.outputs) == 1 else f"output {i}", mine, theirs)
    if [x.shape for x in own.again] != [x.shape for x in other.again]:
        raise ValueError(
            f"compare: in a second call the PyTorch model returns arrays of shapes "
            f"{[x.shape for x in other.again]}, ours {[x.shape for x in own.again]}."
        )
    for i, (mine, theirs) in enumerate(zip(own.again, other.again, strict=True)):
        again = row(f"output {i} {AGAIN}", mine, theirs)
        if again.differs:
            yield again
    grads, told = own.grads, other.grads
    arrays = [g for g in told.values() if g is not None]
    rounding = max((_largest(g) * _rounding(g) for g in arrays), default=0.0)
    if missing := [name for name in told if name not in grads]:
        raise ValueError(
            f"compare: our model has no parameter {listed(missing)} that requires a gradient, but "
            f"{listed(list(grads))}. Both need the same names: see named_parameters()."
        )
    if extra := [name for name in grads if name not in told]:
        raise ValueError(f"compare: the PyTorch model has no parameter {listed(extra)}.")
    for name in told:
        if grads[name] is None and told[name] is None:
            continue
        mine, theirs = _zeros_for_none(grads[name], told[name])
        if mine.shape != theirs.shape:
            raise ValueError(
                f"compare: {name} has shape {mine.shape} here and {theirs.shape} in PyTorch."
            )
        yield row(f"d/d {name}", mine, theirs, rounding)


def _zeros_for_none(mine: Array | None, theirs: Array | None) -> tuple[Array, Array]:
    """Both gradients; one that no gradient has reached is 0 everywhere."""
    return (
        np.zeros_like(theirs) if mine is None else mine,
        np.zeros_like(mine) if theirs is None else theirs,
    )


def _largest(array: Array) -> float:
    """The largest finite number without its sign; 0 if there is none."""
    return float(abs(array[np.isfinite(array)]).max(initial=0.0))


def _rounding(array: Array) -> float:
    precision = np.finfo(array.dtype if array.dtype.kind == "f" else float).eps
    return math.sqrt(precision)


def row(name: str, ours: Array, theirs: Array, least: float = 0.0) -> Row:
    """Two arrays of one shape beside each other.

    Args:
        name: What they are.
        ours: Our array.
        theirs: PyTorch's.
        least: What a difference is divided by at least.

    Example:
        >>> row("output", np.array([1.0, 2.5]), np.array([1.0, 2.0])).place
        (1,)
    """
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    mine, other = ours.astype(float), theirs.astype(float)
    with np.errstate(invalid="ignore"):
        apart = np.where((mine == other) | (np.isnan(mine) & np.isnan(other)), 0, abs(mine - other))
    apart = np.where(np.isnan(apart), np.inf, apart)
    place = np.unravel_index(int(apart.argmax()), apart.shape) if apart.size else ()
    largest = max(_largest(other), least)
    difference = float(apart.max(initial=0.0))
    return Row(
        name, other.shape, difference, difference / largest if largest else difference,
        tuple(map(int, place)), float(mine[place]) if apart.size else 0.0,
        float(other[place]) if apart.size else 0.0, max(_rounding(ours), _rounding(theirs)),
    )  # fmt: skip


def _buffers(module: TorchNet, ours: Callable[..., Any]) -> Iterator[Row]:
    """The running averages that both runs have changed, or that were different before."""
    state: Mapping[str, Array]
    state = ours.state_dict() if hasattr(ours, "state_dict") else {}
    for name, buffer in module.named_buffers():
        if name in state:
            one = row(f"buffer {name}", state[name], array_of(buffer))
            if module.training or one.differs:
                yield one


@contextmanager
def set_aside(module: TorchNet) -> Iterator[Callable[[], None]]:
    """Meanwhile a PyTorch model works with copies of all that it keeps but its parameters.

    What is given puts fresh copies in their place.
    """
    kept = [(vars(part), dict(vars(part))) for part in module.modules()]
    same = {id(x): x for x in (*module.modules(), *module.parameters())}

    def renew() -> None:
        memo: dict[int, object] = dict(same)  # as `deepcopy` keeps what is copied already
        for attributes, before in kept:
            attributes.clear()
            attributes.update({name: _copied(x, memo) for name, x in before.items()})

    try:
        renew()
        yield renew
    finally:
        for attributes, before in kept:
            attributes.clear()
            attributes.update(before)


def _copied(x: object, memo: dict[int, object]) -> object:
    try:
        return copy.deepcopy(x, memo)
    except Exception:  # noqa: BLE001 (whatever a class says that cannot be copied: a lock, a file)
        return x


@contextmanager
def _unchanged(model: Any) -> Iterator[None]:
    """Afterwards, the numbers of a model of ours are what they were."""
    state = model.state_dict() if hasattr(model, "state_dict") else {}
    parts = model.modules() if hasattr(model, "modules") else ()
    buffers = [getattr(part, "_hidden", None) for part in parts]
    hidden = [(of, copy.deepcopy(of)) for of in buffers if isinstance(of, dict)]
    try:
        yield
    finally:
        if state:
            model.load_state_dict(state)
        for of, before in hidden:
            of.update(before)
