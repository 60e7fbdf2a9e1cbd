"""What an operation is: one declaration, from which everything else follows.

Every operation is declared once (see declarations.py), as one of two kinds:

- `Elementwise`, by `@elementwise`, for a function of numbers. It states the local derivative with
  respect to each operand, so it works on single numbers (`Value`) and on whole arrays (`Tensor`).
- `Structural`, by `@structural`, for a function of arrays that is more than number by number
  (`sum`, `@`, `reshape`). It states the whole vector-Jacobian product.

An `Op` is called with whatever there is: floats and arrays are computed at once, nodes are
computed and recorded, symbols give the formula. What a kind of operand does with an operation is
that kind's own business, in its `_apply`; this file knows no kind by name.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.checks import kind, refuse
from autograd.modes import active, recording
from autograd.spellings import respelt
from autograd.tracing import lifted, read

if TYPE_CHECKING:
    from types import CodeType
    from typing import Protocol, TypeVar, overload

    from autograd.arrays import AnyNode, Array, Kind

    N = TypeVar("N", bound=AnyNode)
    F = TypeVar("F", bound=Callable[..., Any])
    T = TypeVar("T")

    class Called(Protocol):
        """What an operation makes of which operands: of a node and anything else, a node."""

        @overload
        def __call__(self, x: N, /, *operands: object, **params: object) -> N: ...
        @overload
        def __call__(self, x: Array, /, *operands: Array | float, **params: object) -> Array: ...
        @overload
        def __call__(self, *operands: float) -> float: ...
        @overload
        def __call__(self, *operands: object, **params: object) -> Any: ...


def _called(method: Callable[..., Any]) -> Called:
    """The same, but that type checkers know what an operation returns."""
    called: Any = method
    typed: Called = called
    return typed


REQUIRED = object()
"""Stands for the default of an argument that has none."""

OTHER: Any = object()
"""Stands for a local derivative that is the other operand: those of a product."""

INFINITY = float("inf")
EVERYWHERE = (-INFINITY, INFINITY)
POSITIVE = (0.0, INFINITY)

OBJECT = np.dtype(object)

RULEBOOK: dict[str, Op] = {}
"""Every operation of the library by name, in the order of declaration."""

OF_USERS: dict[str, Op] = {}
"""Every operation that was declared outside the library, by name."""

RENAMED = {
    "absolute": "abs", "fabs": "abs", "amax": "max", "amin": "min", "true_divide": "divide",
    "radians": "deg2rad", "degrees": "rad2deg", "around": "round",
}  # fmt: skip
"""NumPy's other names of functions, and ours."""


class Op:
    r"""An operation: its name, how it is written, and how it is computed on arrays.

    Attributes:
        name: The function's name; NumPy's where NumPy has the function.
        symbol: How a picture labels the operation: "*", "tanh", "sum".
        latex: A LaTeX template such as r"\sqrt{{{0}}}", or a function's name such as r"\tanh".
        operator: The Python operator it stands for, as in `__mul__`: "mul"; else "".
        forward: The computation on NumPy arrays. It knows nothing of graphs.
        arity: How many operands are differentiated.
        operand_names: What its parameters call the operands.
        defaults: The defaults of the last operands, if they have any.
    """

    def __init__(
        self, forward: Callable[..., Any], arity: int, symbol: str, latex: str, operator: str
    ) -> None:
        self.name = forward.__name__
        self.symbol = symbol or self.name
        self.latex = latex or rf"\operatorname{{{self.name.replace('_', chr(92) + '_')}}}"
        self.operator = operator
        self.forward = forward
        self.arity = arity
        names, defaults = _arguments(forward)
        self.operand_names = names[:arity]
        # Those of the operands; what is not differentiated, if anything, comes after them.
        self.defaults = defaults and defaults[: max(arity + len(defaults) - len(names), 0)]
        self.__name__, self.__qualname__ = self.name, forward.__qualname__
        self.__module__ = forward.__module__
        self.__doc__ = forward.__doc__

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def __reduce__(self) -> str:
        return self.__qualname__  # pickled as the name that it has in its module

    @_called
    def __call__(self, *operands: Any, **params: Any) -> Any:
        """Compute on numbers or arrays; compute and record on nodes."""
        raise NotImplementedError

    def compute(self, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
        """Run the forward computation on arrays or numbers."""
        return self.forward(*inputs, **params)

    def _check_count(self, given: int, most: int) -> None:
        least = self.arity - len(self.defaults)
        if not least <= given <= most:
            needed = str(most) if most == least else f"{least} to {most}"
            raise TypeError(f"{self.name}: needs {needed} operand(s), but got {given}.")


class Elementwise(Op):
    """A function of one or two numbers, applied to every element.

    Attributes:
        partials: For each operand i, the function (*operands, out) -> d out / d operand i. Written
            with Python's operators and other operations, so that it runs on floats, arrays, nodes
            (which gives second derivatives) and symbols (which gives the formula).
        is_one: For each operand, whether that derivative is the constant 1.
        is_sum: Whether there are two operands and both derivatives are 1.
        is_product: Whether the derivative by each of two operands is the other one.
        is_flat: Whether every derivative is 0: then no gradient passes, not even an infinite one.
        scalar: The computation on Python floats: on one number `math` is 25 times as fast as NumPy.
        smooth: Whether it is differentiable everywhere in its domain.
        domain: For each operand, the open interval in which the derivative exists.
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        *,
        partials: Sequence[Callable[..., Any] | float],
        scalar: Callable[..., float] | None = None,
        symbol: str = "",
        latex: str = "",
        operator: str = "",
        smooth: bool = True,
        domain: tuple[tuple[float, float], ...] = (),
    ) -> None:
        super().__init__(forward, len(partials), symbol, latex, operator)
        declared = list(partials)
        self.partials = tuple(
            [p if callable(p) else _partial(p, i) for i, p in enumerate(declared)]
        )
        self.is_one = tuple([p == 1 for p in declared])
        self.is_sum = self.is_one == (True, True)
        self.is_product = declared == [OTHER, OTHER]
        self.is_flat = declared.count(0) == self.arity
        self.scalar = scalar or forward
        self.smooth = smooth
        self.domain = domain or (EVERYWHERE,) * self.arity

    @_called
    def __call__(self, *operands: Any, **params: Any) -> Any:
        """Compute on numbers or arrays; compute and record on nodes."""
        if params or len(operands) != self.arity:
            operands = self.all_operands(operands, params)
        kind = kind_of(operands)
        if kind is not None:
            return kind._apply(self, operands, {})
        if all(isinstance(x, (float, int)) for x in operands):
            return self.on_floats(*map(float, operands))
        arrays = [np.asarray(x) if isinstance(x, (list, tuple)) else x for x in operands]
        dtypes = [getattr(x, "dtype", None) for x in arrays]
        if OBJECT in dtypes:  # an array of Values: one node per element
            return np.frompyfunc(self, self.arity, 1)(*arrays)
        try:
            if getattr(arrays[0], "itemsize", 0) == 1:
                arrays = in_full(self, arrays)
            return self.forward(*arrays)
        except TypeError:
            for x in arrays:
                if np.asarray(x).dtype.kind not in "biufc":
                    needed = "a number or an array of numbers"
                    refuse(self.name, "each operand", needed, x, TypeError)
            raise

    def all_operands(
        self, given: tuple[object, ...], named: dict[str, object]
    ) -> tuple[object, ...]:
        """The operands with those given by name, or left to their default, in their places."""
        rest = self.operand_names[len(given) :]
        for name in named:
            if name not in rest:
                raise TypeError(f"{self.name}: got an unknown keyword {name!r}.")
        self._check_count(len(given) + len(named), self.arity)
        usual = dict(zip(self.operand_names[::-1], self.defaults[::-1], strict=False))
        return given + tuple(named.get(name, usual.get(name)) for name in rest)

    def on_floats(self, *operands: float) -> float:
        """Compute one number; where `math` raises, IEEE's answer with NumPy's warning."""
        try:
            return self.scalar(*operands)
        except (ArithmeticError, ValueError):
            return float(self.forward(*map(np.float64, operands)))

    def pullback(
        self, i: int, out_grad: Any, out: Any, inputs: tuple[Any, ...], params: Any
    ) -> Any:
        """The gradient of operand i: out_grad times the local derivative, summed to its shape."""
        if self.is_flat:
            return np.zeros_like(plain(inputs[i]), dtype=out_grad.dtype)
        if not self.is_one[i]:
            if self.arity == 2 and getattr(inputs[1 - i], "dtype", OBJECT).kind in "biu":
                inputs = tuple([as_floats(x, out_grad) for x in inputs])
            try:
                partial = self.partials[i](*inputs, out)
            except ZeroDivisionError:
                partial = self.infinite_partial(i, inputs, out)
            out_grad = out_grad * partial
        shape = getattr(inputs[i], "shape", ())
        return out_grad if out_grad.shape == shape else unbroadcast(out_grad, shape)

    contribution = pullback

    def infinite_partial(self, i: int, inputs: Sequence[object], out: object) -> Any:
        """A local derivative where Python divides a number by 0: with an axis NumPy only warns."""
        return self.partials[i](*map(_row, inputs), out)


class Call:
    """A call of an operation: what it is called on, and with what else."""

    __slots__ = ("operands", "params")

    def __init__(self, operands: tuple[Any, ...], params: dict[str, Any]) -> None:
        self.operands, self.params = operands, params

    def __repr__(self) -> str:
        return f"Call(operands={self.operands}, params={self.params})"


def call(*operands: object, **params: object) -> Call:
    """An example of how an operation is called, which the tests then try.

    Args:
        *operands: For each a shape, to be filled with any numbers; or the array itself, where any
            numbers would not do.
        **params: The other arguments.

    Example:
        >>> call((2, 3), axis=0)
        Call(operands=((2, 3),), params={'axis': 0})
    """
    return Call(operands, params)


class Structural(Op):
    """A function of arrays that is not number by number.

    Attributes:
        vjps: For each operand i, the function (out_grad, out, *operands, **params) -> gradient of
            operand i; written with our own operations, so that it can itself be differentiated.
            A variadic operation has one function (i, out_grad, out, operands, **params) instead.
        variadic: Whether the operands come as one sequence, as in `concatenate((a, b, c))`.
        params: The names and defaults of what is not differentiated (`axis`, `shape`, …).
        examples: Calls to test it with, since no test can guess fitting arrays.
        fuller: The composition that is called in its place where one of its further options is
            given (`where=`, `dtype=`, …); None if there is none.
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        *,
        vjps: Sequence[Callable[..., Any]] | Callable[..., Any],
        symbol: str = "",
        latex: str = "",
        operator: str = "",
        examples: Sequence[Call] = (),
    ) -> None:
        self.variadic = callable(vjps)
        super().__init__(forward, 1 if callable(vjps) else len(vjps), symbol, latex, operator)
        if self.variadic:
            self.forward = _on_several(forward)
        self.vjps: Any = vjps
        names, defaults = _arguments(forward)
        required = len(names) - len(defaults)
        values = (REQUIRED,) * required + defaults
        self.params = dict(zip(names[self.arity :], values[self.arity :], strict=True))
        self.needs_params = required > self.arity
        self.examples = tuple(examples)
        self.fuller: Callable[..., Any] | None = None

    def with_options(self, function: F) -> F:
        """Declare the composition around this operation that knows more of NumPy's options."""
        self.fuller = function
        return function

    @_called
    def __call__(self, *operands: Any, **params: Any) -> Any:
        """Compute on arrays; compute and record on nodes."""
        if params or self.needs_params or len(operands) != self.arity:
            operands, given = operands[: self.arity], operands[self.arity :]
            bound = self._bind(operands, given, params)
            if bound is None:
                return self._with_more(operands + given, params)
            arguments = bound
        else:
            arguments = self.params
        if self.variadic:
            operands = tuple(operands[0])
        kind = kind_of(operands)
        if kind is not None:
            if arguments is not self.params:
                arguments = {name: _owned(self, name, x) for name, x in arguments.items()}
            return kind._apply(self, operands, arguments)
        arrays = [x if hasattr(x, "__array_function__") else np.asarray(x) for x in operands]
        try:
            return self.compute(tuple(arrays), arguments)
        except TypeError as err:
            if not any(getattr(x, "dtype", None) == np.object_ for x in arrays):
                raise
            raise TypeError(
                f"{self.name}: is not to be had of an array of Values ({err}). Begin with a "
                "Tensor, Tensor(numbers, requires_grad=True), and take elements of that."
            ) from err

    def _bind(
        self, operands: tuple[object, ...], given: tuple[object, ...], named: dict[str, object]
    ) -> dict[str, object] | None:
        """The parameters by name; None if one is given that this operation does not have."""
        self._check_count(len(operands) + len(given), self.arity + len(self.params))
        arguments = {**self.params, **dict(zip(self.params, given, strict=False)), **named}
        if len(arguments) > len(self.params):
            return None
        for name, value in arguments.items():
            if value is REQUIRED:
                raise TypeError(f"{self.name}: needs the argument {name!r}.")
        return arguments

    def _with_more(self, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """The call with a name that is no parameter: PyTorch's, a further option, or a mistake."""
        ours = respelt(self.name, named)
        if ours is not None:
            return self(*given, **ours)
        further = getattr(self.fuller, "__kwdefaults__", {})
        unknown = [name for name in named if name not in self.params and name not in further]
        if self.fuller and not unknown:
            x = np.asarray(given[0]) if isinstance(given[0], (list, tuple)) else boxed(given[0])
            return unboxed(self.fuller(x, *given[1:], **named))
        names = [*self.params, *further]
        known = f" It knows {', '.join(names)}." if names else ""
        raise TypeError(f"{self.name}: got an unknown keyword {unknown[0]!r}.{known}")

    def pullback(
        self, i: int, out_grad: Any, out: Any, inputs: tuple[Any, ...], params: Any
    ) -> Any:
        """The gradient of operand i."""
        if self.variadic:
            return self.vjps(i, out_grad, out, inputs, **params)
        return self.vjps[i](out_grad, out, *inputs, **params)

    contribution: Callable[..., Any] = (
        pullback  # what the backward pass adds up: of `getitem`, a part of an array
    )


def _on_several(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of one sequence of arrays as a function of these."""

    def forward(*arrays: object, **params: object) -> object:
        return function(arrays, **params)

    return named_like(function, forward)


def _arguments(function: Any) -> tuple[tuple[str, ...], tuple[object, ...]]:
    """The names of a function's parameters, and the defaults of the last of them."""
    # Not by way of `inspect`, which takes a tenth of the time of importing NumPy for all of them.
    code: CodeType = function.__code__
    return code.co_varnames[: code.co_argcount], function.__defaults__ or ()


def kind_of(operands: Sequence[object]) -> type[Kind] | None:
    """The class that decides what an operation on these operands does; None for plain numbers.

    Where kinds meet, the highest `_rank` decides: a Tensor can take in a Value, not the reverse.
    """
    kind: type[Any] | None = None
    highest = 0
    for x in operands:
        rank = getattr(type(x), "_rank", 0)
        if rank > highest:
            highest, kind = rank, type(x)
    return kind


def plain(x: object) -> Any:
    """A node's number or array; whatever else it is, unchanged (also inside a list or tuple)."""
    if isinstance(x, (float, int)):  # the quick way
        return x
    if isinstance(x, (list, tuple)):
        return type(x)(map(plain, x))
    if hasattr(type(x), "_apply"):
        if active() and hasattr(x, "_data"):
            node: Any = x
            return read(node, ".data")
        return getattr(x, "_data", x)  # a symbol has none
    return x


def numbers(given: object) -> Any:
    """The plain numbers of what a function is called with, of an array of Values an array."""
    x: object = plain(given)
    if isinstance(x, list):
        x = np.asarray(x)
    if not isinstance(x, np.ndarray) or x.dtype != np.object_:
        return x
    x = np.asarray(_numbers(x))
    if active():
        (x,) = lifted(x)
    return x.astype(float)  # float() would warn of a lost gradient


_numbers = np.frompyfunc(plain, 1, 1)


def boxed(x: T) -> T | Array:
    """A Value as an array of no axes that holds it; whatever has a shape, unchanged."""
    if getattr(type(x), "_rank", 0) != 1:
        return x
    box = np.empty((), dtype=object)
    box[()] = x
    return box


def unboxed(x: object) -> Any:
    """What is in an array of objects of no axes; whatever else, unchanged."""
    if isinstance(x, np.ndarray) and x.dtype == np.object_ and not x.ndim:
        return x[()]
    return x


def _owned(op: Structural, name: str, x: object) -> object:
    """A copy of an argument that could be written to after it was recorded: an index, a mask."""
    if isinstance(x, (int, str, slice)) or x is None:
        return x
    if isinstance(x, (list, tuple)):
        return type(x)([_owned(op, name, part) for part in x])
    if getattr(x, "requires_grad", False) and recording():
        raise TypeError(
            f"{op.name}: has no derivative by {name}, so it needs a plain one, but got {kind(x)} "
            "that requires a gradient. Pass .detach() if a constant is meant."
        )
    x = plain(x)
    if isinstance(x, np.ndarray) or (_is_foreign(x) and not isinstance(x, (type, np.generic))):
        return np.asarray(x).copy()
    return x


def _is_foreign(x: object) -> bool:
    """Whether x holds numbers as NumPy's arrays do, but takes no part in NumPy's functions."""
    if isinstance(x, (memoryview, bytearray)) or hasattr(x, "typecode"):  # of array.array
        return True
    return hasattr(x, "__array__") and not hasattr(x, "__array_function__")


def as_floats(x: Any, beside: Any = None) -> Any:
    """x, with whole numbers and truth values as floats: in small integers a sum or -x wraps around.

    They are of the type that NumPy gives them beside another operand of floats, else float64.

    Example:
        >>> -as_floats(np.array([1, 2], np.uint8))
        array([-1., -2.])
    """
    dtype = getattr(x, "dtype", None)
    if dtype is None or dtype.kind not in "biu":
        return x
    other = getattr(beside, "dtype", dtype)
    return x.astype(np.result_type(other, dtype) if other.kind == "f" else float)


def dtype_of_sums(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type in which NumPy adds up numbers of this type: integers of 64 bits for smaller ones.

    Example:
        >>> dtype_of_sums(np.dtype(np.uint8)), dtype_of_sums(np.dtype(np.float32))
        (dtype('uint64'), dtype('float32'))
    """
    return np.empty(0, dtype).sum().dtype if dtype.kind in "biu" else dtype


def in_full(op: Op, inputs: list[Any]) -> list[Any]:
    """Integers of 8 bits as float64 where NumPy makes float16 of them, in which exp(12) is inf."""
    if not isinstance(op, Elementwise) or any(getattr(x, "itemsize", 0) != 1 for x in inputs):
        return inputs
    halved = op.forward(*[np.empty(0, x.dtype) for x in inputs]).dtype == np.float16
    return [as_floats(x) for x in inputs] if halved else inputs


def _row(x: Any) -> Any:
    """A plain number or an array of no axes as an array of one axis; else x."""
    single = isinstance(x, (float, int)) or (isinstance(x, np.ndarray) and not x.ndim)
    return np.reshape(x, 1) if single else x


def shape_of(x: object) -> tuple[int, ...]:
    """The shape of an array or a Tensor; () of a number or a Value."""
    return () if isinstance(x, (float, int)) else getattr(x, "shape", ())


def unbroadcast(grad: Any, shape: tuple[int, ...]) -> Any:
    """Sum a gradient over the axes along which NumPy repeated an operand of this shape."""
    if grad.shape == shape:
        return grad
    extra = grad.ndim - len(shape)
    if grad.ndim == 2 and shape == grad.shape[1:]:
        return sum_of_rows(grad)
    repeated = tuple(
        i + extra for i, n in enumerate(shape) if n == 1 and grad.shape[i + extra] != 1
    )
    axes = tuple(range(extra)) + repeated
    return grad.sum(axis=axes, keepdims=True).reshape(shape)


def sum_of_rows(grad: Any) -> Any:
    """`grad.sum(axis=0)` of a matrix, the gradient of a bias."""
    if type(grad) is not np.ndarray:
        return grad.sum(axis=0)
    # For a small network BLAS takes a fifth of the time of a sum along the first axis.
    n = len(grad)
    return grad.T.dot(_ones(n, grad.dtype) if n < 1 << 14 else np.ones(n, grad.dtype))


@functools.lru_cache(maxsize=32)
def _ones(n: int, dtype: np.dtype[Any]) -> Array:
    return np.ones(n, dtype)


def _partial(declared: object, i: int) -> Callable[..., Any]:
    """A local derivative that is no function as one (*operands, out)."""
    if declared is OTHER:
        return lambda *operands_and_out: operands_and_out[1 - i]
    return lambda *_: declared


def named_like(function: F, wrapper: Any) -> F:
    """The wrapper with the name and text of a function, as by `functools.wraps`.

    In a third of the time: while the rulebook is loaded, it is called a hundred times.
    """
    wrapper.__name__, wrapper.__qualname__ = function.__name__, function.__qualname__
    wrapper.__module__, wrapper.__doc__ = function.__module__, function.__doc__
    wrapper.__wrapped__ = function
    return wrapper  # type: ignore[no-any-return]


COMPOSITIONS: dict[str, Callable[..., Any]] = {}
"""Every function that is made of operations and so needs no derivative of its own, by name."""


Operand = Any
"""What a composition computes on, as its parameters are annotated; a list is made an array."""


def composition(function: F, of_arrays: bool = True) -> F:
    """Declare a function made of operations: it becomes a method too, where NumPy has one.

    Args:
        function: Its parameters that are annotated as `Operand` take lists.
        of_arrays: Whether a single Value is given to it as an array of no axes.
    """
    kinds = function.__annotations__
    as_array = _array_or_box if of_arrays else _array_or_number

    def with_arrays(*args: object, **kwargs: object) -> object:
        if kwargs:
            kwargs = respelt(function.__name__, kwargs) or kwargs
            kwargs = {k: as_array(x) if kinds.get(k) == "Operand" else x for k, x in kwargs.items()}
        if "Operand" in kinds.values():
            given = zip(kinds.values(), args, strict=False)
            args = tuple([as_array(x) if kind == "Operand" else x for kind, x in given])
        out: object = function(*args, **kwargs)
        return unboxed(out) if out.__class__ is np.ndarray else out

    COMPOSITIONS[function.__name__] = with_arrays
    return named_like(function, with_arrays)


def _array_or_number(x: T) -> T | Array:
    return np.asarray(x) if isinstance(x, (list, tuple)) else x


def _array_or_box(x: T) -> T | Array:
    return np.asarray(x) if isinstance(x, (list, tuple)) else boxed(x)


Shapes = Callable[[int], Sequence[tuple[int, ...]]]

NAMED: dict[str, tuple[Callable[..., Any], Shapes]] = {}
"""Compositions that pictures show as one box: the function, and its operands' shapes."""


def named(name: str, *axes: int, shapes: Shapes | None = None) -> Callable[[F], F]:
    """Declare that pictures show what a function computes as one box of this name.

    Several results are one box if they share a part of it; else each is a box of its own.

    Args:
        name: Such as "mean squared error".
        axes: For each operand, of how many axes an example is to be, the last of n numbers.
        shapes: Where that will not do, the shapes of all operands for an n.
    """

    def declare(function: F) -> F:
        NAMED[name] = function, shapes or (lambda n: [(2, 2, n)[3 - count :] for count in axes])
        return function

    return declare


def choice(function: F) -> F:
    """Declare a composition of single numbers: to it a Value is what a float is."""
    return composition(function, of_arrays=False)
