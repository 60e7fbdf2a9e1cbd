"""Words of PyTorch, HIPS autograd and micrograd beside ours: what to write for them here.

`dim=` and `keepdim=` are understood where PyTorch's function gives the same numbers in the same
form. Where it does not, and for the names that are spelt otherwise here, the error says our
spelling. Nothing of this is looked at by a program that is spelt as the manual spells it.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from typing import TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

SAME_WITH_DIM = frozenset({
    "all", "any", "argmax", "argmin", "concatenate", "count_nonzero", "cumprod", "cumsum",
    "log_softmax", "logsumexp", "mean", "norm", "prod", "softmax", "squeeze", "stack", "sum",
})  # fmt: skip
"""The functions whose `dim=` and `keepdim=` mean what `axis=` and `keepdims=` mean."""

_PAIR = (
    "{0}(dim=) gives a pair in PyTorch. Here {0}(x, axis=) gives the numbers, and {1} their places"
)
_SPREAD = (
    "{0}(dim=) divides by N - 1 in PyTorch, by N here. Say axis=, and ddof=1 for PyTorch's numbers"
)
_OTHERWISE = {
    "max": _PAIR.format("max", "argmax(x, axis=)"),
    "min": _PAIR.format("min", "argmin(x, axis=)"),
    "sort": _PAIR.format("sort", "np.argsort(x, axis=)"),
    "median": _PAIR.format("median", "np.argsort(x, axis=)")
    + "; of an even number it is the mean of the middle two",
    "std": _SPREAD.format("std"),
    "var": _SPREAD.format("var"),
    "split": "split(x, n, axis=) takes the number of parts, PyTorch's the length of each. "
    "Say split(x, range(n, length, n), axis=)",
}

_WRITE_DATA = "t.data[...] = ..., on a leaf: numbers of a graph do not change"
_ATTRIBUTES = {
    "add_": "t.data += ..., on a leaf",
    "amax": "t.max(axis)",
    "amin": "t.min(axis)",
    "argsort": "np.argsort(t, axis)",
    "bmm": "t @ other",
    "chunk": "array_split(t, parts, axis)",
    "clamp": "t.clip(low, high)",
    "clone": "t.copy()",
    "contiguous": "nothing: arrays are made contiguous where it matters",
    "copy_": _WRITE_DATA,
    "cpu": "nothing: arrays are in memory",
    "cuda": "nothing: arrays are in memory, graphics cards are not used",
    "device": "nothing: arrays are in memory",
    "dim": "t.ndim",
    "div": "t / other",
    "double": "t.astype(float)",
    "eq": "t == other",
    "expand": "broadcast_to(t, shape)",
    "fill_": _WRITE_DATA,
    "flip": "flip(t, axis)",
    "float": "t.astype(np.float32)",
    "gather": "take_along_axis(t, indices, axis)",
    "grad_fn": "t.op, and t.parents",
    "half": "t.astype(np.float16)",
    "index_select": "t.take(indices, axis)",
    "is_leaf": "t.op is None",
    "long": "t.astype(int)",
    "mT": "swapaxes(t, -1, -2)",
    "masked_fill": "where(mask, number, t)",
    "median": "median(t, axis)",
    "mm": "t @ other",
    "mul": "t * other",
    "mul_": "t.data *= ..., on a leaf",
    "ndimension": "t.ndim",
    "neg": "-t",
    "norm": "norm(t)",
    "numel": "t.size",
    "permute": "t.transpose(axes)",
    "pow": "t ** power",
    "requires_grad_": "Tensor(data, requires_grad=True), or t.requires_grad = True on a leaf",
    "retain_grad": "nothing: backward() keeps the gradient of every node in .grad",
    "split": "split(t, parts, axis), with the number of parts or the places",
    "sub": "t - other",
    "sub_": "t.data -= ..., on a leaf",
    "t": "t.T",
    "to": "t.astype(dtype); arrays are in memory",
    "topk": "sort(t)[..., ::-1][..., :k]",
    "type": "t.astype(dtype), or t.dtype",
    "unbind": "list(t)",
    "unsqueeze": "expand_dims(t, axis), or t[:, None]",
    "view": "t.reshape(shape)",
    "where": "where(condition, t, other)",
    "zero_": _WRITE_DATA,
}
_OF_A_NUMBER = {
    "_backward": "a method of nn.interop.micrograd's Value, for going backward by hand",
    "clone": "v * 1.0",
    "dim": "nothing: a Value is a single number",
    "is_leaf": "v.op is None",
    "grad_fn": "v.op, and v.parents",
    "neg": "-v",
    "numpy": "v.data",
    "pow": "v ** power",
    "requires_grad_": "nothing: every Value has a gradient; v.detach() has none",
    "retain_grad": "nothing: backward() keeps the gradient of every node in .grad",
    "tolist": "v.data",
    "view": "np.array([v, w]).reshape(shape)",
}
_SUM_FIRST = "grad(lambda x: np.sum(f(x)))(x)"
_FUNCTIONS = {
    "Variable": "Tensor(data, requires_grad=True)",
    "arange": "Tensor(np.arange(n))",
    "bmm": "matmul(x, y)",
    "cat": "concatenate(arrays, axis)",
    "check_grads": "gradcheck(f, x)",
    "chunk": "array_split(x, parts, axis)",
    "clamp": "clip(x, low, high)",
    "deriv": "jvp(f, (x,), (v,))[1]",
    "elementwise_grad": _SUM_FIRST,
    "eye": "Tensor(np.eye(n))",
    "from_numpy": "Tensor(array)",
    "gather": "take_along_axis(x, indices, axis)",
    "grad_and_aux": "grad(f, has_aux=True)",
    "hessian_vector_product": "hvp(f, (x,), (v,))",
    "make_hvp": "hvp(f, (x,), (v,))",
    "make_jvp": "jvp(f, (x,), (v,))",
    "make_vjp": "vjp(f, x)",
    "manual_seed": "nn.manual_seed(seed)",
    "mm": "matmul(x, y)",
    "nn": "a package beside this one: import nn",
    "numel": "x.size",
    "numpy": "a package of its own: import numpy as np",
    "ones": "Tensor(np.ones(shape))",
    "optim": "a package beside this one: import optim",
    "permute": "transpose(x, axes)",
    "pow": "x ** y, or power(x, y)",
    "primitive": "elementwise, structural or custom_vjp",
    "rand": "Tensor(rng.random(shape)), with rng = np.random.default_rng(seed)",
    "randn": "Tensor(rng.normal(size=shape)), with rng = np.random.default_rng(seed)",
    "unsqueeze": "expand_dims(x, axis)",
    "zeros": "Tensor(np.zeros(shape))",
}


def respelt(name: str, named: dict[str, Any]) -> dict[str, Any] | None:
    """Arguments with `dim=` and `keepdim=` as `axis=` and `keepdims=`; None if there is neither.

    Raises:
        TypeError: PyTorch's function of that name gives something else, or the axis is said twice.

    Example:
        >>> respelt("sum", {"dim": [0, 1], "keepdim": True})
        {'axis': (0, 1), 'keepdims': True}
    """
    renamed = {"dim": "axis", "keepdim": "keepdims"}
    if not named.keys() & {*renamed, "dims"}:
        return None
    if name not in SAME_WITH_DIM or "dims" in named:
        what = _OTHERWISE.get(name, "axes are named axis=, and kept with keepdims=, as in NumPy")
        raise TypeError(f"{name}: {what}.")
    new = {renamed.get(key, key): x for key, x in named.items()}
    if len(new) < len(named):
        raise TypeError(f"{name}: got both the name dim= or keepdim= and axis= or keepdims=.")
    if isinstance(new.get("axis"), list):
        new["axis"] = tuple(new["axis"])
    return new


def function_hint(name: str) -> str:
    """What to write for a function that has another name elsewhere; "" for any other."""
    return f". Here it is {_FUNCTIONS[name]}" if name in _FUNCTIONS else ""


def refuse_set_to_none(options: dict[str, Any]) -> NoReturn:
    """What `zero_grad` says to an option that it does not have."""
    given = ", ".join(f"{name}={x!r}" for name, x in options.items())
    raise TypeError(
        f"zero_grad: takes no options, but got {given}. Say zero_grad(): the gradients are None "
        "then, as PyTorch's are with set_to_none=True."
    )


def called_as(example: str | Callable[[], str]) -> Callable[[F], F]:
    """Let a function say how it is called when its arguments do not fit its parameters.

    Args:
        example: How, or a function that says how when it is asked.

    Example:
        >>> @called_as("area(width, height)")
        ... def area(width, height):
        ...     return width * height
        >>> area(2)
        Traceback (most recent call last):
        TypeError: area() missing 1 required positional argument: 'height'. Say area(width, height).
    """

    def wrapped(function: F) -> F:
        @functools.wraps(function)
        def with_example(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except TypeError as err:
                if err.__traceback__ is None or err.__traceback__.tb_next is not None:
                    raise  # of something inside
                said = example if isinstance(example, str) else example()
                raise TypeError(f"{err}. Say {said}.") from None

        return with_example  # type: ignore[return-value]

    return wrapped


class _NamedLikeAFunction(ModuleType):
    """A module that has the name of a function elsewhere: called, it says what to call."""

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(self.__dict__["_instead"])


def module_is_no_function(name: str, instead: str) -> None:
    """Let a module say what to call in its place: Python says "'module' object is not callable"."""
    module = sys.modules[name]
    module.__dict__["_instead"] = instead
    module.__class__ = _NamedLikeAFunction


class _Elsewhere:
    """An attribute that PyTorch's tensors have: reading it says what to write here."""

    __slots__ = ("kind", "name", "ours")

    def __init__(self, kind: str, name: str, ours: str) -> None:
        self.kind, self.name, self.ours = kind, name, ours

    def __get__(self, node: Any, owner: Any = None) -> NoReturn:
        needless = self.ours.removeprefix("nothing: ")
        advice = f"Here it is {self.ours}" if needless == self.ours else f"No need: {needless}"
        raise AttributeError(f"{self.kind!r} object has no attribute {self.name!r}. {advice}.")


def install(kind: type, of_a_number: bool) -> None:
    """Let a kind of node say what PyTorch's attributes are called here.

    They are descriptors, and not a `__getattr__`: with one, every attribute takes longer.
    """
    known = vars(kind)
    for name, ours in (_OF_A_NUMBER if of_a_number else _ATTRIBUTES).items():
        if name not in known:
            setattr(kind, name, _Elsewhere(kind.__name__, name, ours))
