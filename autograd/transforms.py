"""Functions into their derivatives: `grad`, `vjp`, `jvp`, `jacobian`, `hessian`, `hvp`.

The argument conventions are JAX's. A transform runs the function on fresh nodes, follows the graph
back to them, and touches no `.grad`. Arguments are floats, arrays, Values or Tensors, or nested
lists, tuples and dicts of them; derivatives come in the same form: plain for plain arguments,
nodes for nodes. Inside another transform they are always nodes, so transforms nest to any order.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from numbers import Real
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

import numpy as np

from autograd.checks import came, check_function
from autograd.errors import ShapeError
from autograd.modes import active, differentiated, force_grad, recording
from autograd.node import Node, gradients, topological
from autograd.op import RULEBOOK
from autograd.rules import stack
from autograd.tensor import Tensor
from autograd.tracing import read
from autograd.trees import flatten, leaves_like, tree_map
from autograd.value import Constant, Value

if TYPE_CHECKING:
    from autograd.arrays import Array, Number

Argnums = int | Sequence[int]

_as_graph: ContextVar[bool] = ContextVar("whether one makes its derivative a graph", default=False)


# Not an attribute: `functools.wraps` would copy it to functions that do something else besides.
_around: WeakKeyDictionary[Callable[..., Any], Callable[..., Any]] = WeakKeyDictionary()


def transform_of(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """What made a function that `grad` or `value_and_grad` returned; None of any other.

    Example:
        >>> import math
        >>> gradient = grad(lambda x: x**2)
        >>> transform_of(gradient)(lambda x: x**3)(2.0), transform_of(math.sin)
        (12.0, None)
    """
    try:
        return _around.get(function)
    except TypeError:  # it has no hash, or no weak references
        return None


def running() -> bool:
    """Whether this code runs inside a transform."""
    return bool(differentiated.get())


def wants_graph() -> bool:
    """Whether this code runs inside a transform that differentiates it as a graph."""
    return _as_graph.get()


def grad(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that gives the gradient of `f`, which must return one number.

    Args:
        f: A function of floats, arrays, Values or Tensors that returns a scalar. It computes with
            our functions or NumPy's: what `math.sin` returns is a plain number, a constant, whose
            gradient is 0.
        argnums: Which positional argument to differentiate; a sequence gives a tuple of gradients.
        has_aux: Whether f returns (scalar, anything else); then the result is (gradient, that).
    Returns:
        A function of the same arguments; the gradient has the form of the argument.
    Raises:
        TypeError: f does not return a scalar, or an argument is not of floats.

    Example:
        >>> from autograd import grad, tanh
        >>> f = lambda x: x**3
        >>> grad(f)(2.0), grad(grad(f))(2.0), grad(grad(grad(f)))(2.0)
        (12.0, 12.0, 6.0)
    """
    both = value_and_grad(f, argnums, has_aux)

    @functools.wraps(f)
    def gradient(*args: object, **kwargs: object) -> object:
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    _around[gradient] = lambda g: grad(g, argnums, has_aux)
    return gradient


def value_and_grad(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives (f's value, its gradient).

    Arguments and errors are those of `grad`.

    Example:
        >>> from autograd import value_and_grad
        >>> value_and_grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 5.0)
        (10.0, (5.0, 2.0))
    """
    check_function("grad", f, " First the function, then where: grad(f)(2.0).")
    _positions("grad", argnums)

    @functools.wraps(f)
    def both(*args: object, **kwargs: object) -> tuple[object, object]:
        trace = _Trace("grad", f, args, kwargs, argnums)
        out, aux = trace.outputs("grad", f, has_aux)
        if not _is_scalar(out):
            raise TypeError(
                f"grad: needs a function that returns one number, but {_name(f)} returned "
                f"{came(out)}. Reduce it (sum, mean), or use jacobian."
            )
        found = trace.pull([out], [_one_like(out)])
        value = trace.finish(out)
        return ((value, trace.finish(aux)) if has_aux else value), found

    _around[both] = lambda g: value_and_grad(g, argnums, has_aux)
    return both


def vjp(f: Callable[..., Any], *primals: object, has_aux: bool = False) -> Any:
    """f's value at `primals`, and the function from a cotangent to the vector-Jacobian product.

    Args:
        f: A function of floats, arrays, Values or Tensors, returning a tree of them.
        *primals: Its arguments.
        has_aux: Whether f returns (value, anything else), which is then a third result.
    Returns:
        (value, pull): `pull(cotangent)`, with a cotangent of the value's form, is a tuple with one
        gradient for each argument.

    Raises:
        TypeError: an argument is not of floats, f returns something else than numbers and arrays
            of them, or the cotangent has another form than the value.
        ShapeError: a cotangent has another shape than the value.

    Example:
        >>> from autograd import vjp
        >>> value, pull = vjp(lambda x, y: x * y, 2.0, 5.0)
        >>> value, pull(10.0)
        (10.0, (50.0, 20.0))
    """
    trace = _Trace("vjp", f, primals, {}, tuple(range(len(primals))))
    out, aux = trace.outputs("vjp", f, has_aux)
    outs: list[object] = flatten(out)[0]
    _check_numbers("vjp", f, outs)

    def pull(cotangent: object) -> object:
        seeds: Sequence[object] = flatten(cotangent)[0]
        if len(seeds) != len(outs):
            raise TypeError(
                f"vjp: the cotangent needs {len(outs)} leaves, as the function's value has, "
                f"but got {len(seeds)}."
            )
        seeds = _aligned("vjp", "cotangents", out, cotangent)
        return trace.pull(outs, [_seed("vjp", o, s) for o, s in zip(outs, seeds, strict=True)])

    value = trace.finish(out)
    return (value, pull, trace.finish(aux)) if has_aux else (value, pull)


def jvp(
    f: Callable[..., Any],
    primals: Sequence[object],
    tangents: Sequence[object],
    has_aux: bool = False,
) -> Any:
    """f's value at `primals`, and its derivative in the direction `tangents`.

    Both are tuples or lists with one entry for each argument. The derivative is found by
    differentiating the vector-Jacobian product, which is linear in its cotangent. With `has_aux`,
    f returns (value, anything else), which is then a third result.

    Raises:
        TypeError: as for `vjp`, or primals and tangents are no tuples of the same form.
        ShapeError: a tangent has another shape than its argument.

    Example:
        >>> from autograd import jvp
        >>> jvp(lambda x, y: x * y, (2.0, 5.0), (1.0, 0.0))
        (10.0, 5.0)
    """
    _check_tuples("jvp", primals, tangents)
    trace = _Trace("jvp", f, tuple(primals), {}, tuple(range(len(primals))), as_graph=True)
    directions: Sequence[object] = flatten(tuple(tangents))[0]
    if len(directions) != len(trace.leaves):
        raise TypeError(
            f"jvp: needs a tangent for each of the {len(trace.leaves)} numbers or arrays in "
            f"primals, but got {len(directions)}."
        )
    directions = _aligned("jvp", "tangents", tuple(primals), tuple(tangents))
    out, aux = trace.outputs("jvp", f, has_aux)
    outs: list[object]
    outs, rebuild = flatten(out)
    _check_numbers("jvp", f, outs)
    seeds = [_variable("jvp", _one_like(out)) for out in outs]
    pulled = trace.products(outs, seeds)
    trace.own |= set(seeds)
    found: list[Any] = [None] * len(outs)
    with force_grad():
        total = _inner_product(pulled, trace.leaves, directions)
        if isinstance(total, Node) and total.requires_grad:
            found = gradients(total, seeds, _one_like(total), create_graph=trace.nested)
    tangent = [_zero_like(o) if t is None else t for o, t in zip(outs, found, strict=True)]
    value = trace.finish(out), trace.finish(rebuild(tangent))
    return (*value, trace.finish(aux)) if has_aux else value


def _inner_product(
    products: Sequence[Node | None], leaves: Sequence[Node], directions: Sequence[object]
) -> Node | None:
    """The sum over the leaves of gradient times direction; None where there is no gradient."""
    total: Value | Tensor | None = None
    for leaf, product, direction in zip(leaves, products, directions, strict=True):
        if product is not None:
            term: Value | Tensor = product * _seed("jvp", leaf, direction)
            term = term.sum() if isinstance(term, Tensor) else term
            total = term if total is None else total + term
    return total


def jacobian(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives all first derivatives of `f`.

    For an output of shape S and an argument of shape T the derivative has shape S + T; for trees,
    the tree of the outputs, and in each place the tree of the argument. With `has_aux`, f returns
    (outputs, anything else), and the result is (derivatives, that).

    Raises:
        TypeError: f is no function, an argument is not of floats, or f returns something else than
            numbers and arrays of them.
        ValueError: argnums names no positional argument, or one twice.

    Example:
        >>> import numpy as np
        >>> from autograd import jacobian
        >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
        array([[2., 0.],
               [0., 4.]])
    """
    check_function("jacobian", f, " First the function, then where: jacobian(f)(2.0).")
    _positions("jacobian", argnums)

    @functools.wraps(f)
    def derivatives(*args: object, **kwargs: object) -> object:
        trace = _Trace("jacobian", f, args, kwargs, argnums)
        out, aux = trace.outputs("jacobian", f, has_aux)
        _check_numbers("jacobian", f, flatten(out)[0])
        found = tree_map(lambda leaf: _rows(trace, leaf), out)
        return (found, trace.finish(aux)) if has_aux else found

    return derivatives


def hessian(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives all second derivatives of `f`.

    Of an f that returns one number they are a matrix, or for every pair of arguments a block of it;
    of one that returns an array they have that array's axes first, as in JAX. With `has_aux`, f
    returns (number or array, anything else), and the result is (derivatives, that).

    Raises:
        TypeError, ValueError: as for `jacobian`.

    Example:
        >>> import numpy as np
        >>> from autograd import hessian
        >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
        array([[4., 2.],
               [2., 0.]])
    """
    return jacobian(jacobian(f, argnums, has_aux), argnums, has_aux)


def hvp(f: Callable[..., Any], primals: Sequence[object], tangents: Sequence[object]) -> Any:
    """The product of f's Hessian with a vector, without the Hessian: f returns one number.

    Args:
        f: A function that returns a scalar.
        primals: A tuple with its arguments.
        tangents: A tuple of the same form, the vector.
    Returns:
        The derivative of the gradient in that direction: for one argument of its form, for
        several a tuple.

    Raises:
        TypeError: f does not return a scalar, or primals and tangents are no tuples of one form.
        ShapeError: a tangent has another shape than its argument.

    Example:
        >>> from autograd import hvp
        >>> hvp(lambda x: x**3, (2.0,), (10.0,))
        120.0
    """
    _check_tuples("hvp", primals, tangents)
    argnums: Argnums = 0 if len(primals) == 1 else tuple(range(len(primals)))
    product = jvp(grad(f, argnums), primals, tangents)[1]
    leaves, rebuild = flatten(product)
    of, _ = flatten(tuple(primals))
    return rebuild(
        [
            float(p) if isinstance(x, Real) and not isinstance(p, Node) else p
            for x, p in zip(of, leaves, strict=True)
        ]
    )


def _positions(who: str, argnums: Argnums) -> list[int]:
    several: Any = [argnums] if isinstance(argnums, (int, np.integer)) else argnums
    try:
        return [operator.index(n) for n in several]
    except TypeError as err:
        raise TypeError(
            f"{who}: argnums needs a whole number or several, but got {came(argnums)}. The "
            f"arguments themselves come after: {who}(f)(x)."
        ) from err


def _check_tuples(who: str, primals: object, tangents: object) -> None:
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise TypeError(
            f"{who}: needs a tuple of primals and a tuple of tangents: {who}(f, (x,), (v,))."
        )


class _Trace:
    """One run of a function on fresh nodes: what it returned, and the way back to them."""

    def __init__(
        self,
        who: str,
        f: Callable[..., Any],
        args: tuple[object, ...],
        kwargs: dict[str, object],
        argnums: Argnums,
        as_graph: bool = False,
    ) -> None:
        self.single = isinstance(argnums, (int, np.integer))
        chosen = _positions(who, argnums)
        for n in chosen:
            if not -len(args) <= n < len(args):
                raise ValueError(
                    f"{who}: argnums needs positions among the {len(args)} positional arguments "
                    f"of {_name(f)}, but got {n}."
                )
        if len({n % len(args) for n in chosen}) < len(chosen):
            raise ValueError(f"{who}: argnums needs each argument once, but got {argnums}.")
        given: list[object]
        given, self.rebuild = flatten(tuple(args[n] for n in chosen))
        self.leaves = [_variable(who, x) for x in given]
        self.own: set[Node] = set(self.leaves)  # what nobody outside can have a gradient of
        nodes = [x for x in given if isinstance(x, Node) and not x._is_float]
        self.nested = running() or bool(nodes)
        self.alone = not (running() or any(x.requires_grad for x in nodes))
        self.plain = not self.nested
        self.as_graph = self.nested or as_graph
        arguments = list(args)
        for n, argument in zip(chosen, self.rebuild(self.leaves), strict=True):
            arguments[n] = argument
        running_here = differentiated.set((*differentiated.get(), self.leaves))
        wanted_here = _as_graph.set(wants_graph() or self.as_graph)
        try:
            with force_grad():
                self.result: object = f(*arguments, **kwargs)
        finally:
            differentiated.reset(running_here)
            _as_graph.reset(wanted_here)

    def outputs(self, who: str, f: Callable[..., Any], has_aux: bool) -> tuple[Any, object]:
        """What is to be differentiated of the result, and what is not, `aux`."""
        out, aux = _with_aux(who, self.result) if has_aux else (self.result, None)
        running_here = differentiated.set((*differentiated.get(), self.leaves))
        try:
            with force_grad():
                return tree_map(lambda leaf: joined(who, f, leaf), out), aux
        finally:
            differentiated.reset(running_here)

    def products(self, outs: Sequence[object], seeds: Sequence[Value | Tensor]) -> list[Any]:
        """For every leaf the sum over `outs` of seed times derivative; None where it is zero."""
        total: list[Any] = [None] * len(self.leaves)
        for out, seed in zip(outs, seeds, strict=True):
            if isinstance(out, Node) and out.requires_grad:
                start: Any = seed if self.as_graph else _plain(seed)
                with force_grad():
                    found = gradients(out, self.leaves, start, self.as_graph)
                    for i, g in enumerate(found):
                        if g is not None:
                            total[i] = g if total[i] is None else total[i] + g
        return total

    def pull(self, outs: Sequence[object], seeds: Sequence[Value | Tensor]) -> Any:
        """The vector-Jacobian product in the form of the chosen arguments."""
        found = self.products(outs, seeds)
        filled = [_gradient_of(x, g) for x, g in zip(self.leaves, found, strict=True)]
        tree = self.finish(self.rebuild(filled))
        return tree[0] if self.single else tree

    def finish(self, tree: object) -> Any:
        """A result as the caller gets it: nodes inside another transform, else plain numbers."""
        if self.plain:
            return tree_map(_plain, tree)
        if not recording():
            return tree_map(_detached, tree)
        return tree_map(self._released, tree) if self.alone else tree

    def _released(self, x: object) -> object:
        """A result of constants as a constant, unless gradients lead from it to something else.

        `w = w - lr * grad(f)(w)` would keep all steps of a w that requires no gradient. But the
        gradient by constants of a function with parameters can be differentiated by these.
        """
        if not isinstance(x, Node) or not x.requires_grad:
            return x
        own = frozenset(self.own)
        outside = (n for n in topological(x, own) if n.requires_grad and not n.parents)
        return x.detach() if own.issuperset(outside) else x


def _is_watched(x: object) -> bool:
    return isinstance(x, Node) and x.requires_grad


def _variable(who: str, x: Any) -> Value | Tensor:
    """A fresh node with x's number: the transform's own x.

    It is connected to x if that is a node, unless `no_grad()` says that nobody will ask.
    """
    connected = _is_watched(x) and recording()
    if isinstance(x, Value):
        return x * 1.0 if connected else Value(x.data, label=x.label)
    if isinstance(x, Tensor):
        fresh = RULEBOOK["broadcast_to"](x, x.shape) if connected else None
        return Tensor(x.data, requires_grad=True) if fresh is None else fresh
    if isinstance(x, (Real, np.bool)) and not isinstance(x, np.integer):
        return Value(float(x))
    kind = getattr(getattr(x, "dtype", None), "kind", "")  # PyTorch's dtypes have none
    if kind == "f":
        return Tensor(x, requires_grad=True)
    advice = " Make floats of it: .astype(float)." if hasattr(x, "astype") else ""
    if not kind and hasattr(x, "__array__"):
        advice = " Pass np.asarray of it."
    if kind == "O":
        with suppress(TypeError):  # of floats, as whoever watches them may know
            return Tensor(x, requires_grad=True)
        advice = " Pass a list of its elements (.tolist()), or one Tensor."
    raise TypeError(
        f"{who}: needs arguments of floats to differentiate, but got {came(x)}.{advice}"
    )


def _rows(trace: _Trace, out: Any) -> object:
    """The derivatives of one output, in the form of the chosen arguments."""
    if np.shape(out) and not isinstance(out, Node):
        out = Tensor(out)  # a constant
    if not isinstance(out, Tensor) or out.shape == ():
        return trace.pull([out], [_one_like(out)])
    rows = []
    for place in range(out.size):
        seed = np.zeros(out.size, out.dtype)
        seed[place] = 1.0
        rows.append(flatten(trace.pull([out], [Tensor(seed.reshape(out.shape))])))
    if not rows:
        empty = trace.rebuild([Tensor(np.zeros(out.shape + _shape(x))) for x in trace.leaves])
        return trace.finish(empty[0] if trace.single else empty)
    joined = [
        _stacked([leaves[i] for leaves, _ in rows], out.shape) for i in range(len(rows[0][0]))
    ]
    return rows[0][1](joined)


def _stacked(rows: list[Any], shape: tuple[int, ...]) -> Tensor | Array:
    if any(isinstance(row, Node) for row in rows):
        # A float's derivatives may be Values; an array has one for each of its elements.
        rows = [_as_tensor(row) if isinstance(row, Value) else row for row in rows]
    elif isinstance(rows[0], float):
        return np.array(rows).reshape(shape)
    found: Tensor | Array = stack(rows).reshape(shape + rows[0].shape)
    return found


def joined(who: str, f: Callable[..., Any], x: object) -> object:
    """An array of objects that a function returned, as one node: `np.array([v, v * v])`.

    NumPy's functions make one where they meet a Value: a plain array to look at, but its elements
    have a graph behind them. Anything else is returned as it is.

    Raises:
        TypeError: an element is not one number.
    """
    if type(x) is not np.ndarray or x.dtype != object:
        return x
    items: list[object] = x.ravel().tolist()
    for item in items:
        if not _is_scalar(item):
            raise TypeError(
                f"{who}: needs an array of objects to hold single numbers, but one that "
                f"{_name(f)} returned holds {came(item)}. Return a list, or autograd.stack() "
                "of Tensors."
            )
    if x.shape == ():
        return items[0]
    if not any(isinstance(item, Node) for item in items):
        return x.astype(float)
    return stack([_as_tensor(i) if isinstance(i, Value) else i for i in items]).reshape(x.shape)


def _as_tensor(value: Value) -> Tensor:
    return value * Tensor(1.0)  # type: ignore[return-value]


def _seed(who: str, like: object, given: Any) -> Any:
    """A cotangent or tangent as a node of the kind and shape of `like`."""
    if not isinstance(like, Node):  # a constant has no use for it
        return given
    if not isinstance(given, Node):
        if isinstance(like, Tensor):
            given = Tensor(given, dtype=like.dtype)
        else:
            single = isinstance(given, np.ndarray) and given.shape == ()
            number: Any = given.item() if single else given
            given = Constant(number)
    if _shape(given) != _shape(like):
        raise ShapeError(f"{who}: needs an array of shape {_shape(like)}, but got {_shape(given)}.")
    return given


def _gradient_of(leaf: Node, found: Number | Node | None) -> Number | Node:
    """A gradient that was found, None if it is zero, in the kind of its leaf."""
    if found is None:
        return _zero_like(leaf)
    if isinstance(found, Node):
        return found
    if isinstance(leaf, Value):
        return float(found)
    array = cast("Array", found)
    return array if array.shape else array[...]  # of a number of NumPy's, too


def _one_like(x: object) -> Tensor | Constant:
    return Tensor(np.ones_like(x._data)) if isinstance(x, Tensor) else Constant(1.0)


def _zero_like(x: Any) -> Number | Tensor | Constant:
    """0 in the kind and shape of a node; of a constant that a function returned, its form."""
    if isinstance(x, Tensor):
        return Tensor(np.zeros_like(x._data))
    return np.zeros_like(x, dtype=_float_type(x)) if np.shape(x) else Constant(0.0)


def _float_type(x: Array) -> np.dtype[Any]:
    return x.dtype if x.dtype.kind == "f" else np.dtype(float)


def _shape(x: object) -> tuple[int, ...]:
    return x.shape if isinstance(x, Tensor) else ()


def _is_scalar(x: object) -> bool:
    if isinstance(x, (Real, Value)):
        return True
    return getattr(x, "shape", None) == () and _holds_numbers(x)


def _holds_numbers(x: object) -> bool:
    """Whether x is a Tensor or an array whose elements are numbers and not objects."""
    return getattr(getattr(x, "dtype", None), "kind", "") in tuple("biuf")


def _plain(x: object) -> object:
    if isinstance(x, Value):
        return x.data
    if isinstance(x, np.ndarray) and x.dtype == object:  # an aux; others have been joined
        return np.frompyfunc(_plain, 1, 1)(x)
    if not isinstance(x, Tensor):
        return x
    return read(x, ".data") if active() else x._data


def _detached(x: object) -> object:
    return x.detach() if isinstance(x, (Value, Tensor)) else x


def _with_aux(who: str, result: object) -> tuple[object, object]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError(f"{who}: with has_aux the function needs to return (value, aux).")
    return result


def _check_numbers(who: str, f: Callable[..., Any], outs: Sequence[object]) -> None:
    for out in outs:
        if not isinstance(out, (Node, Real)) and not _holds_numbers(out):
            raise TypeError(
                f"{who}: needs a function that returns numbers or arrays, or trees of them, but "
                f"{_name(f)} returned {came(out)}."
            )


def _aligned(who: str, what: str, form: object, tree: object) -> Sequence[object]:
    """The leaves of a tree that needs a certain form, in the order of that form."""
    leaves = leaves_like(form, tree)
    if leaves is None:
        shown: list[object] = [tree_map(lambda _: "*", t) for t in (form, tree)]
        raise TypeError(f"{who}: the {what} need the form {shown[0]}, but got {shown[1]}.")
    return leaves


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__name__", type(f).__name__)
