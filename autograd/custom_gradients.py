"""custom_vjp: a gradient of your own for a function of your own, in JAX's form.

`defvjp(forward, backward)` gives a function two others. `forward` computes the result and what the
gradient will need, the residuals; `backward` turns these and the gradient of the result into the
gradients of the operands. Both get plain numbers and arrays, so they may call anything. The graph
has one node for a call: a `CustomValue` where all operands are Values, else a `CustomTensor`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import node
from autograd.checks import check_function, kind, refuse
from autograd.errors import GraphError, ShapeError
from autograd.modes import active, differentiated, recording, watch_result
from autograd.node import Node
from autograd.op import Op, plain, shape_of
from autograd.tensor import Tensor
from autograd.tracing import read
from autograd.trees import flatten
from autograd.value import Constant, Value
from autograd.versions import FIXED, latest

if TYPE_CHECKING:
    from autograd.arrays import Array, Number

    Gradient = Array | Node | None

Parents = tuple[Tensor | Value, ...]

_OF_THE_FUNCTIONS = (
    ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError,
)  # fmt: skip
"""What a function that is written for plain numbers may raise when it gets nodes."""

_OUTSIDE = object()
"""In place of residuals, which may be None, where a function is not defined."""


class custom_vjp(Op):
    r"""A function whose gradient is another than that of what it computes, or is known otherwise.

    Without nodes among its arguments it is the function itself. With Values or Tensors that require
    a gradient, `forward` computes the result, and a backward pass calls `backward`. It is drawn and
    stepped through as one operation.

    Args:
        function: What is computed, on plain numbers and arrays.
        nondiff_argnums: The places of arguments that are not differentiated, such as a mode or a
            number of steps. `backward` gets them first.
        symbol: How a picture labels it; its name, unless said.
        latex: How it is written: a template such as r"\Gamma({0})", or a function's name.

    Raises:
        GraphError: used on nodes before `defvjp`; differentiated twice, where `forward` or
            `backward` is not made of operations of `autograd`.
        TypeError: an argument that is neither a number nor an array; what the two functions return.
        ShapeError: a gradient that has not the shape of its operand.
        CompileError: called in a function that `compile` records.

    Source:
        The programming interface is that of `jax.custom_vjp`.

    Example:
        A gradient that is clipped on its way back; the function itself does nothing.

        >>> from autograd import Value, custom_vjp
        >>> @custom_vjp
        ... def clip_gradient(x, limit):
        ...     return x
        >>> def forward(x, limit):
        ...     return x, limit
        >>> def backward(limit, out_grad):
        ...     return min(max(out_grad, -limit), limit), 0.0
        >>> clip_gradient.defvjp(forward, backward)
        >>> x = Value(3.0)
        >>> (clip_gradient(x, 1.0) * 100.0).backward()
        >>> x.grad
        1.0
    """

    def __init__(
        self,
        function: Callable[..., Any],
        nondiff_argnums: Sequence[Any] = (),
        *,
        symbol: str = "",
        latex: str = "",
    ) -> None:
        check_function("custom_vjp", function)
        if not isinstance(nondiff_argnums, Sequence):
            needed = "a tuple of places (how the gradient is computed is said with defvjp)"
            refuse("custom_vjp", "nondiff_argnums", needed, nondiff_argnums, TypeError)
        self.function = self.forward = function
        self.name = str(getattr(function, "__name__", type(function).__name__))
        self.symbol = symbol or self.name
        self.latex = latex or rf"\operatorname{{{self.name.replace('_', chr(92) + '_')}}}"
        self.operator = ""
        self.__name__ = self.name
        self.__qualname__ = getattr(function, "__qualname__", self.name)
        self.__module__ = getattr(function, "__module__", None) or __name__
        self.__doc__ = function.__doc__
        self.__wrapped__ = function
        # Routines written in C have no signature, or one with what is no operand (out=, where=).
        known = inspect.isroutine(function) and not inspect.isbuiltin(function)
        self.parameters = inspect.signature(function if known else lambda *operands: None)
        self.nondiff_argnums = tuple(nondiff_argnums)
        self._check_parameters()
        self.rules: tuple[Callable[..., Any], Callable[..., Any]] | None = None

    def _check_parameters(self) -> None:
        kinds = [p.kind for p in self.parameters.parameters.values()]
        if inspect.Parameter.KEYWORD_ONLY in kinds or inspect.Parameter.VAR_KEYWORD in kinds:
            raise TypeError(
                f"{self.name}: needs arguments that can be passed by position, but takes "
                f"{self.parameters}."
            )
        count = np.inf if inspect.Parameter.VAR_POSITIONAL in kinds else len(kinds)
        for i in self.nondiff_argnums:
            if not isinstance(i, int) or not 0 <= i < count:
                raise TypeError(
                    f"{self.name}: needs places of its arguments {self.parameters} in "
                    f"nondiff_argnums, but got {i!r}."
                )

    def defvjp(self, forward: Callable[..., Any], backward: Callable[..., Any]) -> None:
        """Say how the gradient is computed.

        Args:
            forward: Takes the arguments of the function and gives `(result, residuals)`; residuals
                are whatever `backward` shall get.
            backward: Takes `(*nondiff, residuals, out_grad)` and gives a tuple with a gradient for
                each argument that is differentiated, of its shape. `nondiff` are the arguments in
                `nondiff_argnums`.
        """
        for what, rule in (("forward", forward), ("backward", backward)):
            if not callable(rule):
                refuse(self.name, what, "a function", rule, TypeError)
        self.rules = forward, backward

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute on numbers and arrays; compute and record on nodes."""
        try:
            bound = self.parameters.bind(*args, **kwargs)
        except TypeError as err:
            raise TypeError(f"{self.name}: needs {self.parameters}, but {err}.") from err
        bound.apply_defaults()
        arguments: list[object] = list(bound.args)
        operands = [x for i, x in enumerate(arguments) if i not in self.nondiff_argnums]
        self._check_arguments(arguments)
        if not any(isinstance(x, Node) for x in arguments):
            return self.function(*arguments)
        for x in arguments:
            if isinstance(x, Node):
                read(x, f"{self.name} (custom_vjp)")
        on_values = not any(isinstance(x, Tensor) for x in operands)
        if not (recording() and any(getattr(x, "requires_grad", False) for x in operands)):
            out = self._result("the function", self.function(*map(_copied, arguments)))
            return Constant(float(out)) if on_values and not shape_of(out) else Tensor(out)
        run = _Run(self, arguments)
        parents = tuple(map(_as_node, operands))
        single = on_values and not shape_of(run.out)
        made: Any = CustomValue(run, parents) if single else CustomTensor(run, parents)
        if active():
            watch_result(self, made, parents)
        return made

    def _check_arguments(self, arguments: list[object]) -> None:
        for i, x in enumerate(arguments):
            if isinstance(x, Node):
                if i in self.nondiff_argnums and x.requires_grad:
                    raise TypeError(
                        f"{self.name}: needs a plain {self.argument(i)}, which is one of its "
                        f"nondiff_argnums, but got {kind(x)}."
                    )
                continue
            inside: list[object] = flatten(x, lambda array: array)[0] if _holds_others(x) else []
            found = next((y for y in inside if isinstance(y, Node)), None)
            if found is not None:
                raise TypeError(
                    f"{self.name}: needs a number or an array for {self.argument(i)}, but got "
                    f"{kind(x)} with {kind(found)} in it. Pass each by itself, f(*values), or make "
                    "one Tensor of them."
                )

    def argument(self, i: int) -> str:
        """What the i-th argument is called."""
        names = list(self.parameters.parameters)
        kinds = [p.kind for p in self.parameters.parameters.values()]
        if i < len(names) and kinds[i] is not inspect.Parameter.VAR_POSITIONAL:
            return names[i]
        return f"operand {i}"

    def _result(self, who: str, out: Any) -> Array | np.floating[Any]:
        """A result as a float or an array of floats."""
        if isinstance(out, Node):
            raise TypeError(
                f"{self.name}: {who} gets plain numbers and has to return such, but returned a "
                f"{type(out).__name__}."
            )
        array: Array = out if hasattr(out, "__array_function__") else np.asarray(out)
        if array.dtype.kind not in "biuf":
            came = "None" if out is None else f"{type(out).__name__} of dtype {array.dtype}"
            raise TypeError(
                f"{self.name}: {who} has to return a number or an array, but returned {came}."
            )
        return array if array.dtype.kind == "f" else array.astype(float)


class _Run:
    """One call: what went in, what `forward` kept, and the way back. It holds no nodes.

    Attributes:
        numbers: The arguments as plain numbers and arrays.
        passed: The same, as the objects that `forward` got.
        places: Which of them are differentiated.
        out: The result.
        residuals: What `forward` kept.
    """

    def __init__(self, op: custom_vjp, arguments: list[object]) -> None:
        if op.rules is None:
            raise GraphError(
                f"{op.name}: needs its gradient before it is used on nodes. Call "
                f"{op.name}.defvjp(forward, backward)."
            )
        self.op, self.seen = op, latest.number
        self.places = [i for i in range(len(arguments)) if i not in op.nondiff_argnums]
        self.numbers = [_copied(x) for x in arguments]
        for i in self.places:
            if np.asarray(self.numbers[i]).dtype.kind not in "biuf":
                raise TypeError(
                    f"{op.name}: needs a number or an array for {op.argument(i)}, but got "
                    f"{self.numbers[i]!r}. Name its place in nondiff_argnums if it is neither."
                )
        # Each its own object, by which an operand is known among the residuals.
        self.passed = [x * 1.0 if isinstance(x, float) else _copied(x) for x in self.numbers]
        out: object
        self.residuals: object
        out, self.residuals = self._forward(self.passed)
        self.out = _copied(op._result("forward", out))  # forward may use its array again

    def _forward(self, arguments: Sequence[object]) -> tuple[object, object]:
        assert self.op.rules is not None
        forward, _ = self.op.rules
        pair: object = forward(*arguments)
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(
                f"{self.op.name}: forward has to return two things, (result, residuals), but "
                f"returned {_described(pair)}."
            )
        return pair[0], pair[1]

    def _backward(
        self, parents: Parents, residuals: object, out_grad: Number | Node
    ) -> list[Gradient]:
        """The gradients, one for each parent; None for one that needs none."""
        op = self.op
        assert op.rules is not None
        _, backward = op.rules
        nondiff = [self.numbers[i] for i in op.nondiff_argnums]
        grads: object = backward(*nondiff, residuals, out_grad)
        names = ", ".join(map(op.argument, self.places))
        if not isinstance(grads, (tuple, list)) or len(grads) != len(self.places):
            raise TypeError(
                f"{op.name}: backward has to return a tuple with a gradient for each of its "
                f"{len(self.places)} differentiated argument(s), {names}, but returned "
                f"{_described(grads)}."
            )
        return [
            self._checked(i, grad, parent) if parent.requires_grad else None
            for i, grad, parent in zip(self.places, grads, parents, strict=True)
        ]

    def _checked(self, i: int, grad: object, parent: Node) -> Array | Node:
        who = f"{self.op.name}: the gradient of {self.op.argument(i)} that backward returned"
        if grad is None:
            raise TypeError(
                f"{who} is None. Return zeros, or name its place in nondiff_argnums if it has none."
            )
        array: Any = grad if hasattr(grad, "shape") or isinstance(grad, Node) else np.asarray(grad)
        if not isinstance(grad, Node) and array.dtype.kind not in "biuf":
            raise TypeError(f"{who} needs real numbers, but has dtype {array.dtype}.")
        if shape_of(array) != shape_of(parent):
            raise ShapeError(f"{who} needs shape {shape_of(parent)}, but has {shape_of(array)}.")
        checked: Array | Node = array
        return checked

    def gradients(self, parents: Parents, out_grad: Number | Node) -> list[Number | None]:
        """The gradients of the parents, as plain numbers and arrays in the parents' types."""
        grads = self._backward(parents, self.residuals, _copied(out_grad))
        return [
            None if grad is None else _in_type_of(parent, grad)
            for grad, parent in zip(grads, parents, strict=True)
        ]

    # --- the second derivative

    def graph_gradients(self, parents: Parents, out_grad: Node) -> list[Gradient]:
        """The gradients of the parents as nodes: `backward` is run on nodes, if it can be.

        Raises:
            GraphError: it cannot, or it reads numbers on the way, so that a derivative is lost.
        """
        self._refuse_changed(parents)
        token = differentiated.set((*differentiated.get(), [*parents, out_grad]))
        try:
            residuals = self._residual_nodes(parents)
            grads = self._backward(parents, residuals, out_grad)
            unconnected = self._backward(parents, residuals, out_grad.detach())
        except _OF_THE_FUNCTIONS as err:
            why = f"on nodes they failed ({type(err).__name__}: {err})"
            raise _no_second(self.op.name, why) from err
        finally:
            differentiated.reset(token)
        plain_grad = plain(out_grad)
        if not all(map(_agree, self.gradients(parents, plain_grad), grads)):
            raise _no_second(self.op.name, "on nodes they gave other numbers")
        self._refuse_lost(parents, plain_grad, unconnected)
        return grads

    def _residual_nodes(self, parents: Parents) -> object:
        """The residuals with nodes for what depends on the operands.

        An operand that was kept is that operand, and what stays as it is when the operands move is
        constant. If there is something else, `forward` is run on nodes.
        """
        nodes = {
            id(self.passed[i]): parent
            for i, parent in zip(self.places, parents, strict=True)
            if parent.requires_grad
        }
        kept: list[object]
        kept, rebuild = flatten(self.residuals)
        if any(id(x) not in nodes and _is_number(x) for x in kept):
            moved = self._moved(self.places)
            there: list[object] = [] if moved is _OUTSIDE else flatten(moved)[0]
            if len(there) != len(kept) or not all(
                id(x) in nodes or not _is_number(x) or _agree(x, y)
                for x, y in zip(kept, there, strict=True)
            ):
                return self._forward([nodes.get(id(x), x) for x in self.passed])[1]
        return rebuild([nodes.get(id(x), x) for x in kept])

    def _moved(self, places: Sequence[int]) -> object:
        """The residuals after the operands in these places have moved a little; else _OUTSIDE."""
        moved = [_copied(x) for x in self.numbers]
        rng = np.random.default_rng(0)
        for i in places:
            x = moved[i]
            step = 1e-3 * rng.uniform(0.5, 1.5, np.shape(x)) * (1 + abs(x))
            moved[i] = x + step if isinstance(x, float) else (x + step).astype(x.dtype)
        with np.errstate(all="ignore"):
            try:
                return self._forward(moved)[1]
            except _OF_THE_FUNCTIONS:
                return _OUTSIDE

    def _refuse_changed(self, parents: Parents) -> None:
        for i, parent in zip(self.places, parents, strict=True):
            same = parent._version.number <= self.seen and (
                isinstance(parent, Tensor) or parent._data == self.numbers[i]
            )
            if not same:
                raise GraphError(
                    f"{self.op.name}: {self.op.argument(i)} was written to after the call, so its "
                    "derivative cannot be recorded any more. Compute it again."
                )

    def _refuse_lost(self, parents: Parents, out_grad: Number, grads: list[Gradient]) -> None:
        """Refuse gradients that change with an operand and, as nodes, are not connected to it."""
        here = self.gradients(parents, out_grad)
        for i, parent in zip(self.places, parents, strict=True):
            if not parent.requires_grad or (moved := self._moved([i])) is _OUTSIDE:
                continue
            there = self._backward(parents, moved, _copied(out_grad))
            for j, grad, x, y in zip(self.places, grads, here, there, strict=True):
                if not _agree(x, y) and not _leads_to(parent, grad, parents):
                    names = self.op.argument(j), self.op.argument(i)
                    raise _no_second(
                        self.op.name,
                        f"on nodes the gradient of {names[0]} lost its dependence on {names[1]} "
                        "(by float(), math or NumPy's own functions)",
                    )


class CustomValue(Value):
    """A single number that a function with a gradient of its own has computed."""

    __slots__ = ("_run", "parents")
    parents: tuple[Any, ...]

    def __init__(self, run: _Run, parents: Parents) -> None:
        self._data, self._grad, self.op, self.label = float(run.out), None, run.op, ""
        self._left = self._right = None
        self._run = run
        self.parents = parents  # pyright: ignore[reportIncompatibleMethodOverride]

    def local_derivative(self, i: int) -> Any:
        """None: `backward` may do with a gradient what no multiplication does."""
        return None

    def _contributions(self, out_grad: float) -> Any:
        return _steps(self, out_grad, self._run.gradients(self.parents, float(out_grad)))

    def _graph_contributions(self, out_grad: Value) -> Iterator[node.Contribution]:
        grads = self._run.graph_gradients(self.parents, out_grad)
        return _steps(self, out_grad, [_as_node(x) for x in grads])


class CustomTensor(Tensor):
    """An array that a function with a gradient of its own has computed."""

    __slots__ = ("_run",)

    def __init__(self, run: _Run, parents: Parents) -> None:
        out = run.out
        self._data = np.asarray(out) if isinstance(out, (float, np.generic)) else out
        self._become_leaf(requires_grad=True, version=FIXED)
        self.op, self.parents, self._run = run.op, parents, run

    def local_derivative(self, i: int) -> Any:
        """None, as of a CustomValue."""
        return None

    def _contributions(self, out_grad: Array) -> list[node.Contribution]:
        return list(_steps(self, out_grad, self._run.gradients(self.parents, out_grad)))

    def _graph_contributions(self, out_grad: Any) -> Iterator[node.Contribution]:
        grads: list[Any] = self._run.graph_gradients(self.parents, out_grad)
        of_arrays = [x if x is None or isinstance(x, Tensor) else Tensor(x) for x in grads]
        return _steps(self, out_grad, of_arrays)


def _steps(
    made: CustomValue | CustomTensor, out_grad: Number | Node, grads: Sequence[Number | Node | None]
) -> Iterator[node.Contribution]:
    for i, (parent, grad) in enumerate(zip(made.parents, grads, strict=True)):
        if parent.requires_grad:
            yield made, i, parent, out_grad, grad


def _holds_others(x: object) -> bool:
    return isinstance(x, (list, tuple, dict)) or getattr(x, "dtype", None) == np.dtype(object)


def _is_number(x: object) -> bool:
    return isinstance(x, (float, np.ndarray, np.generic))


def _agree(x: object, y: object) -> bool:
    """Whether two gradients, or residuals, are the same numbers but for rounding."""
    if x is None:
        return True
    a, b = np.asarray(plain(x)), np.asarray(plain(y))
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-9, atol=0.0, equal_nan=True))


def _leads_to(parent: Node, grad: object, parents: Parents) -> bool:
    """Whether a gradient was computed from this parent."""
    return isinstance(grad, Node) and parent in set(node.topological(grad, frozenset(parents)))


def _copied(x: Any) -> Any:
    """A node's number or array, or a plain one, which the user's functions may write to."""
    if isinstance(x, Node):
        x = x._data
    return x.copy() if isinstance(x, np.ndarray) else x


def _as_node(x: Any) -> Tensor | Value | Any:
    if x is None or isinstance(x, Node):
        return x
    return Constant(float(x)) if not np.shape(x) and not isinstance(x, np.ndarray) else Tensor(x)


def _in_type_of(parent: Tensor | Value, grad: Any) -> Number:
    if isinstance(parent, Value):
        return float(grad)
    array: Array = grad
    return array if array.dtype == parent.dtype else array.astype(parent.dtype)


def _described(x: object) -> str:
    if isinstance(x, (tuple, list)):
        return f"{len(x)} of them"
    return "None" if x is None else f"{type(x).__name__} alone"


def _no_second(name: str, why: str) -> GraphError:
    return GraphError(
        f"{name}: has a first derivative only. For a second, forward and backward have to be made "
        f"of operations of autograd, but {why}."
    )
