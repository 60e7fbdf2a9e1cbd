"""What type checkers know of PyTorch, which need not be installed: of its objects, what is used.

Nothing here is made or asked of when a program runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

if TYPE_CHECKING:
    from autograd.arrays import Array


class TorchType(Protocol):
    """A type of numbers."""

    is_floating_point: bool


class TorchTensor(Protocol):
    """A tensor."""

    shape: Sequence[object]
    dtype: TorchType
    device: object
    requires_grad: bool
    data: TorchTensor
    is_floating_point: Callable[[], bool]
    is_complex: Callable[[], bool]
    requires_grad_: Callable[[bool], TorchTensor]
    detach: Callable[[], TorchTensor]
    clone: Callable[[], TorchTensor]
    cpu: Callable[[], TorchTensor]
    copy_: Callable[[TorchTensor], TorchTensor]
    sum: Callable[[], TorchTensor]
    numpy: Callable[..., Array]
    to_dense: Callable[[], TorchTensor]

    def __mul__(self, other: TorchTensor) -> TorchTensor: ...
    def __add__(self, other: TorchTensor | int) -> TorchTensor: ...
    def __radd__(self, other: int) -> TorchTensor: ...


class TorchNet:
    """A `torch.nn.Module`."""

    training: bool
    modules: Callable[[], Iterator[TorchNet]]
    parameters: Callable[[], Iterator[TorchTensor]]
    buffers: Callable[[], Iterator[TorchTensor]]
    named_parameters: Callable[..., Iterator[tuple[str, TorchTensor]]]
    named_modules: Callable[[], Iterator[tuple[str, TorchNet]]]
    named_buffers: Callable[[], Iterator[tuple[str, TorchTensor]]]
    state_dict: Callable[[], Mapping[str, TorchTensor]]
    extra_repr: Callable[[], str]
    __call__: Callable[..., Any]
    _modules: dict[str, TorchNet | None]
    _parameters: dict[str, TorchTensor | None]
    _buffers: dict[str, TorchTensor | None]
    _non_persistent_buffers_set: set[str]


# --- what it exports ----------------------------------------------------------------------------


Table = Mapping[object, Callable[..., Any]]
"""How operations are taken apart."""


class Schema(Protocol):
    """The declaration of an operation."""

    name: str
    overload_name: str
    is_mutable: bool


class Operation(Protocol):
    """An operation of ATen."""

    _schema: Schema
    _can_decompose: Callable[[], bool]
    _op_dk: Callable[..., Any]


class Meta(TypedDict, total=False):
    """What a node of a graph tells of itself."""

    val: TorchTensor | Sequence[object] | None
    stack_trace: str | None
    nn_module_stack: dict[str, tuple[str, object]]
    original_aten: object


class GraphNode(Protocol):
    """One call in an exported graph, an input of it, or its output."""

    name: str
    op: str
    target: Operation | Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, object]
    meta: Meta
    users: dict[GraphNode, None]
    all_input_nodes: list[GraphNode]
    replace_all_uses_with: Callable[[GraphNode, Callable[..., bool]], object]


class Graph(Protocol):
    """An exported graph."""

    nodes: Iterable[GraphNode]
    inserting_after: Callable[[GraphNode], AbstractContextManager[object]]
    call_function: Callable[[object, tuple[GraphNode, ...]], GraphNode]


class GraphModule(Protocol):
    """The module that runs a graph."""

    graph: Graph
    recompile: Callable[[], object]


class Kind(Protocol):
    """What an input or output of a graph is: "PARAMETER", "USER_OUTPUT"."""

    name: str


class Spec(Protocol):
    """An input or output of a graph: its kind, its node, and the parameter's name."""

    kind: Kind
    arg: object
    target: str


class Signature(Protocol):
    """The inputs and outputs of a graph."""

    input_specs: Sequence[Spec]
    output_specs: Sequence[Spec]


class CallSpec(Protocol):
    """The form of arguments and results."""

    out_spec: object


class Exported(Protocol):
    """What `torch.export.export` gives."""

    graph: Graph
    graph_module: GraphModule
    graph_signature: Signature
    constants: Mapping[str, TorchTensor]
    call_spec: CallSpec
    run_decompositions: Callable[[Table], Exported]


# --- the package ----------------------------------------------------------------------------------


class Tracer(Protocol):
    """`torch.fx.proxy.TracerBase`."""

    _filter_traceback_frames: Callable[..., Any]


class Proxy(Protocol):
    """`torch.fx.proxy`."""

    TracerBase: type[Tracer]


class Fx(Protocol):
    """`torch.fx`."""

    Node: type[GraphNode]
    proxy: Proxy


class Distribution(Protocol):
    """`torch.distributions.Distribution`."""

    _validate_args: bool
    set_default_validate_args: Callable[[bool], None]


class Distributions(Protocol):
    """`torch.distributions`."""

    Distribution: Distribution


class Decompositions(Protocol):
    """`torch._decomp`."""

    decomposition_table: Table


class Export(Protocol):
    """`torch.export`."""

    export: Callable[..., Exported]
    default_decompositions: Callable[[], Table]


class TorchParameters(Protocol):
    """`torch.nn.parameter`."""

    is_lazy: Callable[[TorchTensor], bool]


class TorchNN(Protocol):
    """`torch.nn`."""

    Module: type[TorchNet]
    parameter: TorchParameters


class PyTree(Protocol):
    """`torch.utils._pytree`."""

    tree_flatten: Callable[[object], tuple[list[Any], object]]
    tree_leaves: Callable[[object], list[Any]]
    tree_unflatten: Callable[[Iterable[object], object], Any]


class Utils(Protocol):
    """`torch.utils`."""

    _pytree: PyTree


class Grad(Protocol):
    """`torch.autograd`."""

    grad: Callable[..., Sequence[TorchTensor | None]]


class Torch(Protocol):
    """The package."""

    __version__: str
    Tensor: type[TorchTensor]
    dtype: type[TorchType]
    autograd: Grad
    distributions: Distributions
    export: Export
    fx: Fx
    nn: TorchNN
    utils: Utils
    _decomp: Decompositions
    _C: Any
    ops: Any
    enable_grad: Callable[[], AbstractContextManager[object]]
    equal: Callable[[TorchTensor, TorchTensor], bool]
    from_numpy: Callable[[Array], TorchTensor]
    get_rng_state: Callable[[], TorchTensor]
    set_rng_state: Callable[[TorchTensor], None]
    zeros: Callable[..., TorchTensor]
