"""gradcheck: hold the derivatives of a function against numerical ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.errors import GradcheckError
from autograd.modes import no_grad
from autograd.node import Node
from autograd.op import plain
from autograd.tensor import Tensor
from autograd.transforms import joined, vjp
from autograd.trees import flatten
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.arrays import FloatArray, Number


def gradcheck(
    f: Callable[..., Any],
    *inputs: Any,
    order: int = 2,
    step: float = 1e-3,
    rtol: float = 1e-5,
    atol: float = 1e-7,
) -> bool:
    """True if f's derivatives agree with central differences; else an error that shows the worst.

    The differences are taken at two step sizes and extrapolated (Richardson), which leaves an error
    of about 1e-10 for float64 and functions of ordinary size: a derivative that is wrong by one
    part in 10,000 is found. At a kink the two do not agree, and need not.

    Args:
        f: A function of floats, arrays, Values or Tensors, or trees of them; it returns the same.
        *inputs: Where to check. float64, since numerical differences need the digits.
        order: 1 for the first derivatives, 2 for the second as well.
        step: The larger step size, relative to max(1, |x|).
        rtol: |ours - numerical| may be atol + rtol * |numerical|.
        atol: See rtol.
    Returns:
        True.
    Raises:
        GradcheckError: names the input, the index, ours, the numerical value, their difference.
        TypeError: an input is not float64.

    Example:
        >>> from autograd import gradcheck, tanh
        >>> gradcheck(lambda x, y: tanh(x) * y, 0.5, 2.0)
        True
    """
    given, rebuild = flatten(inputs)
    start = [_as_float64(x, i) for i, x in enumerate(given)]

    def on_leaves(*leaves: Number | Node) -> list[object]:
        outs: list[object] = flatten(f(*rebuild([_as_node(x) for x in leaves])))[0]
        return [joined("gradcheck", f, out) for out in outs]

    _compare(on_leaves, start, "first", step, rtol, atol)
    if order > 1:
        _compare(_pulled(on_leaves, start), start, "second", step, rtol, atol)
    return True


def _as_float64(given: object, i: int) -> Number:
    x: object = plain(given)
    if isinstance(x, float):
        return x
    array: FloatArray = np.asarray(x)
    if array.dtype != np.float64:
        raise TypeError(f"gradcheck: needs float64 inputs, but input {i} is {array.dtype}.")
    return array.copy()


def _as_node(x: Number | Node) -> Node:
    if isinstance(x, Node):
        return x
    return Value(x) if isinstance(x, float) else Tensor(x)


def _pulled(f: Callable[..., list[object]], start: list[Number]) -> Callable[..., list[object]]:
    """f's gradient for one fixed weight on each of its outputs, all different."""
    rng = np.random.default_rng(0)
    weights = [rng.uniform(0.5, 1.5, np.shape(out)) for out in _outputs(f, start)]
    cotangent = [w if w.ndim else float(w) for w in weights]

    def gradient(*leaves: Number | Node) -> list[object]:
        return list(vjp(f, *leaves)[1](cotangent))

    return gradient


def _outputs(f: Callable[..., list[object]], leaves: list[Number]) -> list[Number]:
    with no_grad():
        return [plain(out) for out in f(*leaves)]


def _flat(outs: list[Number]) -> FloatArray:
    return np.concatenate([np.ravel(out) for out in outs]) if outs else np.zeros(0)


def _compare(
    f: Callable[..., list[object]],
    start: list[Number],
    which: str,
    step: float,
    rtol: float,
    atol: float,
) -> None:
    ours = _our_jacobian(f, start)
    for i, x in enumerate(start):
        for index in np.ndindex(np.shape(x)):
            numerical = _difference(f, start, i, index, step)
            mine = ours[i][(slice(None), *index)]
            wrong = np.abs(mine - numerical) - (atol + rtol * np.abs(numerical))
            if not np.all(wrong <= 0):  # nan is wrong too
                worst = int(np.argmax(np.where(np.isnan(wrong), np.inf, wrong)))
                place = f" at index {index}" if index else ""
                raise GradcheckError(
                    f"gradcheck: the {which} derivative of output {worst} with respect to input "
                    f"{i}{place} is off: ours {mine[worst]}, numerical {numerical[worst]}, "
                    f"difference {mine[worst] - numerical[worst]}."
                )


def _our_jacobian(f: Callable[..., list[object]], start: list[Number]) -> list[FloatArray]:
    """For every input the derivatives, with the outputs' elements in a row as the first axis."""
    outs, pull = vjp(f, *start)
    shapes = [np.shape(out) for out in outs]
    rows = []
    for k, shape in enumerate(shapes):
        for index in np.ndindex(shape):
            seeds = [np.zeros(s) for s in shapes]
            seeds[k][index] = 1.0
            rows.append(pull([s if s.ndim else float(s) for s in seeds]))
    return [
        np.array([row[i] for row in rows]).reshape((len(rows), *np.shape(x)))
        for i, x in enumerate(start)
    ]


def _difference(
    f: Callable[..., list[object]],
    start: list[Number],
    i: int,
    index: tuple[int, ...],
    step: float,
) -> FloatArray:
    x = np.asarray(start[i])
    h = step * max(1.0, abs(float(x[index])))

    def at(shift: float) -> FloatArray:
        moved = x.copy()
        moved[index] += shift
        leaves = list(start)
        leaves[i] = float(moved) if isinstance(start[i], float) else moved
        return _flat(_outputs(f, leaves))

    wide = (at(h) - at(-h)) / (2 * h)
    narrow = (at(h / 2) - at(-h / 2)) / h
    return (4 * narrow - wide) / 3
