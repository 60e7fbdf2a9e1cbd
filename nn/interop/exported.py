"""A PyTorch model as a list of calls of our functions: what `torch.export` says, read once.

`export` asks PyTorch for the operations of a model, before it takes them apart, and takes apart
only those that have no counterpart in `aten.py`. The `Program` it gives runs without PyTorch.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import io
import logging
import operator
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

import numpy as np

from nn.interop.aten import COUNTERPARTS, MADE_OF_NOTHING, NOT_IN_PARTS
from nn.interop.aten_operands import Counterpart, array_of, as_there, dtype_of
from nn.interop.comparison import set_aside
from nn.interop.export_errors import NO_LINE, ExportError, advice, line_of, said, where
from nn.interop.program import Call, Program, Ref

if TYPE_CHECKING:
    from autograd.arrays import Array
    from nn.interop.torch_protocols import (
        Exported,
        Graph,
        GraphNode,
        Operation,
        Schema,
        Spec,
        Table,
        Torch,
        TorchNet,
    )

Result = TypeVar("Result")

OLDEST = (2, 6)
"""The first PyTorch whose `run_decompositions` leaves operations whole that it is not told of."""


def torch_package() -> Torch:
    """PyTorch, which only who imports a model of it needs.

    Raises:
        ImportError: it is not installed, or too old.
    """
    needed = ".".join(map(str, OLDEST))
    try:
        package: Any = importlib.import_module("torch")
    except ImportError as err:
        raise ImportError(f"from_torch: needs PyTorch {needed} or later: {err}.") from err
    torch: Torch = package
    if tuple(map(int, re.findall(r"\d+", torch.__version__)[:2])) < OLDEST:
        raise ImportError(
            f"from_torch: needs PyTorch {needed} or later, but this is {torch.__version__}."
        )
    return torch


# --- what PyTorch says --------------------------------------------------------------------------


def export(
    name: str,
    model: TorchNet,
    names: Mapping[int, str],
    args: tuple[object, ...],
    kwargs: dict[str, object],
) -> Program:
    """The program of a model for inputs like these.

    Args:
        name: What errors call the model.
        model: A `torch.nn.Module`, in the mode that is meant.
        names: What its parameters are called, by the `id` of each.
        args: Its arguments, of PyTorch's tensors.
        kwargs: The named ones.

    Raises:
        ExportError: PyTorch cannot export it, or it has an operation that is not here.
    """
    torch = torch_package()
    with _quiet(torch), torch.enable_grad():
        exported = _exported(torch, name, model, args, kwargs)
        _check_numbers(torch, name, exported.graph)
        left = _without_counterpart(exported.graph)
        _refuse(name, [node for node in left if _base(node.target) in NOT_IN_PARTS])
        _keep_constants_constant(torch, exported)
        if left or any(map(_writes, exported.graph.nodes)):
            try:
                exported = exported.run_decompositions({})  # without writing in place
            except Exception as err:
                raise _cannot_export(name, err) from err
        while table := _decompositions(torch, _without_counterpart(exported.graph)):
            try:
                exported = exported.run_decompositions(table)
            except Exception:  # noqa: BLE001 (what PyTorch takes apart for its compilers alone)
                break
    _check_numbers(torch, name, exported.graph)  # and those of the parts that it had in one box
    _refuse(name, _without_counterpart(exported.graph))
    return _program(torch, name, exported, names)


def _exported(
    torch: Torch, name: str, model: TorchNet, args: tuple[object, ...], kwargs: dict[str, object]
) -> Exported:
    try:  # its standard error: where it prints all it had when it failed
        with contextlib.redirect_stderr(io.StringIO()), set_aside(model), _decisions() as made:
            exported = torch.export.export(model, args, kwargs, strict=False)
    except Exception as err:
        raise _cannot_export(name, err) from err
    for decision in made:
        if line_of(decision) != NO_LINE:  # PyTorch hides some itself
            raise _cannot_export(name, decision) from decision
    return exported


@contextlib.contextmanager
def _decisions() -> Iterator[list[Exception]]:
    """The errors of decisions by a tensor's numbers, of which a model may hide some (`try`)."""
    symbolic: Any = importlib.import_module("torch.fx.experimental.symbolic_shapes")
    kind, made = symbolic.GuardOnDataDependentSymNode, []
    before = kind.__init__

    def noted(self: Exception, *args: object, **kwargs: object) -> None:
        before(self, *args, **kwargs)
        made.append(self)

    kind.__init__ = noted
    try:
        yield made
    finally:
        kind.__init__ = before


def _cannot_export(name: str, err: Exception) -> ExportError:
    return ExportError(
        f"from_torch: PyTorch cannot export {name} for these inputs "
        f"({line_of(err)}): {said(err)} {advice(err)}"
    )


@contextlib.contextmanager
def _quiet(torch: Torch) -> Iterator[None]:
    """Without PyTorch's warnings and log lines, which are about its own insides.

    Its distributions do not look at the numbers that they are given, of which there are none yet.
    """
    logger, tracer = logging.getLogger("torch"), torch.fx.proxy.TracerBase
    level, frames = logger.level, getattr(tracer, "_filter_traceback_frames", None)
    checks = torch.distributions.Distribution
    validating = checks._validate_args
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.CRITICAL)
        checks.set_default_validate_args(False)
        if frames is not None:  # it keeps those of functions that are called "forward" alone
            tracer._filter_traceback_frames = lambda _, every: every
        try:
            yield
        finally:
            logger.setLevel(level)
            checks.set_default_validate_args(validating)
            if frames is not None:
                tracer._filter_traceback_frames = frames


def _check_numbers(torch: Torch, name: str, graph: Graph) -> None:
    """Refuse numbers of a kind that is not here."""
    for node in graph.nodes:
        values = node.meta.get("val")
        for value in values if isinstance(values, (list, tuple)) else (values,):
            if not isinstance(value, torch.Tensor):
                continue
            try:
                dtype_of(value.dtype)
            except TypeError as err:
                remedy = "Convert the model and its inputs first: model.float(), model.double()."
                if value.is_complex():
                    remedy = "Write it with real numbers, the imaginary parts apart."
                raise ExportError(
                    f"from_torch: {name} computes {err} ({_name(node)}, {where(node)}). {remedy}"
                ) from err


def _keep_constants_constant(torch: Torch, exported: Exported) -> None:
    """Detach what is computed under `torch.no_grad()`, which taking apart would forget."""
    graph = exported.graph_module.graph
    for node in list(graph.nodes):
        if "set_grad_enabled" not in str(node.target) or node.args[0]:
            continue
        for part in list(node.users):
            if part.target is operator.getitem:
                with graph.inserting_after(part):
                    constant = graph.call_function(torch.ops.aten.detach.default, (part,))
                constant.meta = part.meta.copy()
                part.replace_all_uses_with(constant, lambda user, c=constant: user is not c)
    exported.graph_module.recompile()


def _writes(node: GraphNode) -> bool:
    """Whether an operation writes to one of its operands."""
    return bool(getattr(getattr(node.target, "_schema", None), "is_mutable", False))


def take_part(results: Sequence[Result], i: int) -> Result:
    """One of the results of an operation that has several."""
    return results[i]


def _counterpart(node: GraphNode) -> Counterpart | None:
    """What computes a node, if anything does."""
    target = node.target
    if target is operator.getitem:
        return take_part
    schema: Schema | None = getattr(target, "_schema", None)
    if schema is None or not schema.name.startswith("aten::"):
        return None
    base = schema.name.removeprefix("aten::")
    found = COUNTERPARTS.get(f"{base}.{schema.overload_name}") or COUNTERPARTS.get(base)
    kwargs = _kept(node.kwargs) | ({"dtype": None} if base in MADE_OF_NOTHING else {})
    return found if found is not None and _applies(found, node.args, kwargs) else None


def _applies(function: Counterpart, args: Sequence[object], kwargs: Mapping[str, object]) -> bool:
    """Whether a counterpart has these arguments, and is for them."""
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except TypeError:
        return False
    applies = getattr(function, "applies", None)
    return applies is None or bool(applies(*args, **kwargs))


_OF_STORAGE = {
    "device",
    "pin_memory",
    "layout",
    "memory_format",
    "non_blocking",
    "copy",
    "requires_grad",
}


def _kept(kwargs: Mapping[str, object]) -> dict[str, object]:
    """Named arguments, but for those that say where and how numbers are stored."""
    return {key: x for key, x in kwargs.items() if key not in _OF_STORAGE}


def _without_counterpart(graph: Graph) -> list[GraphNode]:
    return [node for node in _needed(graph) if _counterpart(node) is None]


def _needed(graph: Graph) -> list[GraphNode]:
    """The operations that the results are made of, in order; what only checks sizes is none."""
    *nodes, output = graph.nodes
    needed = set(output.all_input_nodes)
    for node in reversed(nodes):
        if node in needed:
            needed.update(node.all_input_nodes)
    return [node for node in nodes if node in needed and node.op == "call_function"]


def _decompositions(torch: Torch, nodes: Sequence[GraphNode]) -> Table:
    """The operations without a counterpart that PyTorch can take apart, and how."""
    if not nodes:
        return {}
    known = torch.export.default_decompositions()
    others = torch._decomp.decomposition_table  # of what `export` counts as simple enough
    found: dict[object, Callable[..., Any]] = {}
    for target in {node.target for node in nodes if _is_operation(node.target)}:
        if (made := known.get(target, others.get(target))) is not None:
            found[target] = made
        elif target._can_decompose():  # PyTorch itself writes it with others
            composite = torch._C.DispatchKey.CompositeImplicitAutograd
            found[target] = functools.partial(target._op_dk, composite)
    return found


def _refuse(name: str, left: Sequence[GraphNode]) -> None:
    if not left:
        return
    found = dict.fromkeys(f"{_name(node)} ({where(node)})" for node in left)
    raise ExportError(
        f"from_torch: {name} has operations that are not here, so nothing was imported:\n  "
        + "\n  ".join(list(found)[:8])
        + f"\n{_remedy(left)}"
    )


_RANDOM = (
    "rand",
    "normal",
    "bernoulli",
    "multinomial",
    "uniform",
    "dropout",
    "exponential",
    "poisson",
)


def _remedy(left: Sequence[GraphNode]) -> str:
    names = " ".join(_name(node) for node in left)
    if any(word in names for word in _RANDOM):
        return "For random numbers, draw them before and pass them to the model as an input."
    if "item" in names or "sym" in names:
        return (
            "A number that is read out of a tensor has no gradient: keep it a tensor, or pass it."
        )
    return (
        'Write them with others (the manual says which: "Your PyTorch model, step by step"), '
        "or import the parts before and after as models of their own."
    )


def _name(node: GraphNode) -> str:
    if node.target is operator.getitem:
        return _name(node.args[0])
    target: object = node.target
    if not str(target).startswith("aten."):  # a part of what PyTorch takes apart for its compilers
        target = node.meta.get("original_aten") or target
    return str(target).removesuffix(".default")


# --- read once --------------------------------------------------------------------------------


def _program(torch: Torch, name: str, exported: Exported, names: Mapping[int, str]) -> Program:
    pytree = torch.utils._pytree
    nodes = list(exported.graph.nodes)
    places = {node: i for i, node in enumerate(nodes)}

    def ref(x: object) -> object:
        if isinstance(x, torch.fx.Node):
            return Ref(places[x])
        if isinstance(x, (list, tuple)):
            return type(x)(map(ref, x)) if type(x) is tuple else list(map(ref, x))
        return {key: ref(part) for key, part in x.items()} if isinstance(x, dict) else x

    calls = [
        Call(
            _typed(torch, node),
            tuple(map(ref, node.args)),
            _named(node, ref),
            places[node],
            _name(node),
            where(node),
        )
        for node in _needed(exported.graph)
    ]
    of_name = {node.name: places[node] for node in nodes}
    stored, constants, inputs = _inputs(exported, name, of_name, names)
    called = tuple(str(getattr(spec.arg, "name", "")) for spec in _given(exported))
    outputs, written = _outputs(exported, nodes[-1], ref)
    spec = exported.call_spec.out_spec
    return Program(
        len(nodes), tuple(calls), stored, constants, inputs, called, outputs, written,
        lambda leaves: pytree.tree_unflatten(leaves, spec), _precision(torch, nodes),
    )  # fmt: skip


def _precision(torch: Torch, nodes: Sequence[GraphNode]) -> float:
    made = [node.meta.get("val") for node in nodes]
    floats = [x for x in made if isinstance(x, torch.Tensor) and x.is_floating_point()]
    return max((float(np.finfo(dtype_of(x.dtype)).eps) for x in floats), default=0.0)


def _typed(torch: Torch, node: GraphNode) -> Counterpart:
    """What computes a node: numbers of the shape that PyTorch says, and whole or not as there."""
    function, made = _counterpart(node), node.meta.get("val")
    assert function is not None
    if not isinstance(made, torch.Tensor):
        return function
    dtype = dtype_of(made.dtype)
    shape = tuple([n if isinstance(n, int) else None for n in made.shape])
    given = [x.meta.get("val") for x in node.all_input_nodes]
    tensors = [x for x in given if isinstance(x, torch.Tensor)]
    floats = {dtype_of(x.dtype) for x in tensors if x.is_floating_point()}
    first = None
    if dtype.kind == "f" and floats != {dtype} and len(tensors) == len(given):
        first = dtype if floats else np.dtype(np.int64)
    return functools.partial(as_there, function, dtype, shape, first)


def _named(node: GraphNode, ref: Callable[[object], object]) -> dict[str, object]:
    named, target = _kept(node.kwargs), node.target
    if _base(target) in MADE_OF_NOTHING:
        named["dtype"] = getattr(node.meta.get("val"), "dtype", None)
    return {key: ref(x) for key, x in named.items()}


def _base(target: object) -> str:
    """What an operation of PyTorch's is called, whatever its overload."""
    return target._schema.name.removeprefix("aten::") if _is_operation(target) else ""


def _is_operation(target: object) -> TypeGuard[Operation]:
    return hasattr(target, "_schema")


def _given(exported: Exported) -> Iterator[Spec]:
    """What is said of the leaves of the arguments."""
    specs = exported.graph_signature.input_specs
    return (spec for spec in specs if spec.kind.name == "USER_INPUT")


def _inputs(
    exported: Exported, name: str, places: Mapping[str, int], names: Mapping[int, str]
) -> tuple[tuple[tuple[int, str], ...], tuple[tuple[int, Array], ...], tuple[int | None, ...]]:
    """The places of what is stored, of constants, and of the arguments' leaves."""
    stored: list[tuple[int, str]] = []
    constants: list[tuple[int, Array]] = []
    inputs: list[int | None] = []
    for spec in exported.graph_signature.input_specs:
        kind, place = spec.kind.name, places.get(getattr(spec.arg, "name", ""))
        if kind == "USER_INPUT":
            inputs.append(place)
        elif kind in ("PARAMETER", "BUFFER") and place is not None:
            stored.append((place, spec.target))
        elif kind == "CONSTANT_TENSOR" and place is not None:
            constant = exported.constants[spec.target]
            if id(constant) in names:
                stored.append((place, names[id(constant)]))
            elif constant.requires_grad:
                raise ExportError(
                    f"from_torch: {name} uses a tensor of shape {tuple(constant.shape)} that "
                    "requires a gradient and is no parameter of it. In a module, make it a "
                    "torch.nn.Parameter; of a function, pass it as an argument."
                )
            else:
                constants.append((place, array_of(constant)))
        else:
            raise ExportError(
                f"from_torch: {name} takes a {kind} {spec.target}, which is not here."
            )
    return tuple(stored), tuple(constants), tuple(inputs)


def _outputs(
    exported: Exported, last: GraphNode, ref: Callable[[object], object]
) -> tuple[tuple[object, ...], tuple[tuple[str, object], ...]]:
    """The leaves of the result, and the buffers that are written."""
    outputs: list[object] = []
    written: list[tuple[str, object]] = []
    for spec, x in zip(exported.graph_signature.output_specs, last.args[0], strict=True):
        if spec.kind.name == "USER_OUTPUT":
            outputs.append(ref(x))
        elif spec.kind.name == "BUFFER_MUTATION":
            written.append((spec.target, ref(x)))
        else:
            kind = spec.kind.name.replace("_", " ").lower()
            raise ExportError(
                f"from_torch: the model changes what it is given ({kind} of {spec.target}). "
                "Let it return the new numbers."
            )
    return tuple(outputs), tuple(written)
