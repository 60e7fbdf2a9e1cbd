"""The rulebook: matrices. The names and the shapes are NumPy's; stacks of matrices broadcast."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from autograd.declarations import structural
from autograd.errors import ShapeError
from autograd.op import (
    OBJECT,
    Operand,
    call,
    composition,
    dtype_of_sums,
    named_like,
    numbers,
    shape_of,
    sum_of_rows,
    unbroadcast,
)
from autograd.rules.indexing import scatter, tril
from autograd.rules.shapes import expand_dims

if TYPE_CHECKING:
    from autograd.op import F


def one_array(function: F) -> F:
    """Let a function of arrays, made of NumPy's that give several, be one call to other arrays.

    They are asked as NumPy asks them (NEP 18): a compiled function notes the call.
    """

    def asking(*args: Any) -> Any:
        for x in args:
            if not isinstance(x, np.ndarray) and hasattr(x, "__array_function__"):
                out = x.__array_function__(asking, (type(x),), args, {})
                return function(*args) if out is NotImplemented else out
        return function(*args)

    return named_like(function, asking)


def matrix_transpose(x: Any) -> Any:
    """The last two axes exchanged."""
    if x.ndim == 2:
        return x.T
    return x.transpose((*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _product(a: Any, b: Any) -> Any:
    """a @ b; of two matrices in memory by way of `dot`, which begins sooner.

    Where one of them is a single number, 0, NumPy's `dot` says 0 of nan and inf, too.
    """
    matrices = type(a) is np.ndarray and type(b) is np.ndarray and a.ndim == b.ndim == 2
    out = a.dot(b) if matrices and a.size != 1 and b.size != 1 else a @ b
    if getattr(out, "dtype", OBJECT).kind not in "iu":  # of Values it may be one
        return out
    return a.astype(dtype_of_sums(out.dtype)) @ b


def _as_matrices(g: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    """`g, a, b` of `a @ b = out` with vectors written as one-row and one-column matrices."""
    if b.ndim == 1:
        b, g = b.reshape((-1, 1)), g.reshape((*g.shape, 1))
    if a.ndim == 1:
        a, g = a.reshape((1, -1)), g.reshape((*g.shape[:-1], 1, g.shape[-1]))
    return g, a, b


def _matmul_vjp_a(g: Any, out: Any, a: Any, b: Any) -> Any:
    if a.ndim == b.ndim == 2:
        return _product(g, b.T)
    if a.ndim == b.ndim == 1:
        return g * b
    g, rows, b = _as_matrices(g, a, b)
    return unbroadcast(g @ matrix_transpose(b), rows.shape).reshape(a.shape)


def _matmul_vjp_b(g: Any, out: Any, a: Any, b: Any) -> Any:
    if a.ndim == b.ndim == 2:
        return _product(a.T, g)
    if a.ndim == b.ndim == 1:
        return g * a
    g, a, columns = _as_matrices(g, a, b)
    return unbroadcast(matrix_transpose(a) @ g, columns.shape).reshape(b.shape)


@structural(
    symbol="@",
    latex="{0} {1}",
    operator="matmul",
    vjps=(_matmul_vjp_a, _matmul_vjp_b),
    examples=[
        call((3,), (3,)),
        call((2, 3), (3,)),
        call((3,), (3, 2)),
        call((2, 3), (3, 4)),
        call((2, 0), (0, 2)),
        call((5, 2, 3), (3, 4)),
        call((1, 2, 3), (5, 3, 4)),
        call((5, 2, 3), (3,)),
        call((3,), (5, 3, 2)),
    ],
)
def matmul(a: Any, b: Any) -> Any:
    """The matrix product, (n, k) @ (k, m) -> (n, m), in all of NumPy's shapes.

    Example:
        >>> import numpy as np
        >>> from autograd import grad, matmul
        >>> matmul([[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0]).tolist()
        [17.0, 39.0]
        >>> grad(lambda w: matmul(w, [5.0, 6.0]).sum())(np.ones((2, 2))).tolist()
        [[5.0, 6.0], [5.0, 6.0]]
    """
    return _product(a, b)


def _linear_vjp_bias(g: Any, out: Any, x: Any, weight: Any, bias: Any) -> Any:
    return sum_of_rows(g if g.ndim == 2 else g.reshape((-1, g.shape[-1])))


def _linear_vjp_weight(g: Any, out: Any, x: Any, weight: Any, bias: Any) -> Any:
    if g.ndim != 2:
        g, x = g.reshape((-1, g.shape[-1])), x.reshape((-1, x.shape[-1]))
    return _product(g.T, x)


# `x @ weight.T + bias` would do; as one operation it takes a third of the time of a small network.
@structural(
    latex="{0} {1}^T + {2}",
    vjps=(
        lambda g, out, x, weight, bias: _product(g, weight),
        _linear_vjp_weight,
        _linear_vjp_bias,
    ),
    examples=[
        call((2, 3), (4, 3), (4,)),
        call((3,), (4, 3), (4,)),
        call((5, 2, 3), (4, 3), (4,)),
        call((0, 3), (4, 3), (4,)),
    ],
)
def linear(x: Any, weight: Any, bias: Any) -> Any:
    """x @ weight.T + bias, (…, k), (m, k), (m,) -> (…, m): a dense layer.

    Example:
        >>> import numpy as np
        >>> from autograd import linear
        >>> linear(np.array([[1.0, 2.0]]), np.array([[3.0, -2.0]]), np.array([0.5])).tolist()
        [[-0.5]]
    """
    if weight.ndim != 2:
        raise ValueError("the weight has to be a matrix, (m, k)")
    return _product(x, weight.T) + bias


# --- einsum -----------------------------------------------------------------------------------


def _explicit(subscripts: str, operands: tuple[Any, ...]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, with "..." and an implied result spelt out."""
    subscripts = subscripts.replace(" ", "")
    terms, arrow, output = subscripts.partition("->")
    unused = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in subscripts]
    inputs = terms.split(",")
    hidden = [
        len(shape_of(x)) - len(t.replace("...", "")) for t, x in zip(inputs, operands, strict=True)
    ]
    longest = max((n for t, n in zip(inputs, hidden, strict=True) if "..." in t), default=0)
    dots = unused[:longest]
    spelt = [
        t.replace("...", "".join(dots[longest - n :])) for t, n in zip(inputs, hidden, strict=True)
    ]
    if arrow:
        return spelt, output.replace("...", "".join(dots))
    letters = "".join(inputs).replace("...", "")
    once = sorted(c for c in set(letters) if letters.count(c) == 1)
    return spelt, "".join(dots) + "".join(once)


def _einsum_vjp(i: int, g: Any, out: Any, operands: Any, subscripts: str) -> Any:
    inputs, output = _explicit(subscripts, operands)
    target, x = inputs[i], operands[i]
    others = [(t, o) for j, (t, o) in enumerate(zip(inputs, operands, strict=True)) if j != i]
    letters = "".join(dict.fromkeys(target))
    lengths = dict(zip(target, shape_of(x), strict=True))
    known = "".join(c for c in letters if c in output + "".join(t for t, _ in others))
    terms = ",".join([output, *(t for t, _ in others)])
    grad = einsum(f"{terms}->{known}", g, *(o for _, o in others))
    if not target:  # a number, or a Value
        return grad
    # A letter that only this operand has was summed over: its gradient repeats along that axis.
    missing = tuple(place for place, c in enumerate(letters) if c not in known)
    grad = expand_dims(grad, missing) if missing else grad
    shape = tuple(lengths[c] for c in letters)
    grad = unbroadcast(grad * np.ones(shape, x.dtype), shape)
    if len(letters) == len(target):
        return grad
    # A letter twice in one operand is its diagonal: the gradient lies there, and 0 elsewhere.
    grids = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    place = dict(zip(letters, grids, strict=True))
    return scatter(grad, tuple(place[c] for c in target), x.shape)


@structural(
    symbol="einsum",
    vjps=_einsum_vjp,
    examples=[
        call((3, 3), subscripts="ii"),
        call((2, 3), subscripts="ij->j"),
        call((2, 3), subscripts="ba"),
        call((2, 3), (3, 4), subscripts="ij, jk"),
        call((5, 2, 3), (3, 4), subscripts="...ij,jk->...ik"),
        call((2, 3), (3, 3), (3, 2), subscripts="ij,jj,jk->ik"),
        call((2, 1), (2, 3), subscripts="ij,ij->ij"),
    ],
)
def einstein_sum(operands: Any, subscripts: str) -> Any:
    """Einstein's sum over the operands.

    Example:
        >>> import numpy as np
        >>> from autograd import einstein_sum
        >>> einstein_sum([np.array([1.0, 2.0]), np.array([3.0, 4.0])], "i,i->").item()
        11.0
    """
    out = np.einsum(subscripts, *operands)
    if getattr(out, "dtype", OBJECT).kind not in "iu":  # of Values it may be one
        return out
    return np.einsum(subscripts, *operands, dtype=dtype_of_sums(out.dtype))


@composition
def einsum(*operands: Any, optimize: Any = False) -> Any:
    """Einstein's sum: `einsum("ij,jk->ik", a, b)` is `a @ b`; the notation is NumPy's.

    Args:
        *operands: The subscripts as text and the arrays; or, as NumPy also has it, each array
            followed by the list of its axes' numbers, and last that of the result.
        optimize: Whether three and more arrays are multiplied two by two, in an order that takes
            fewer steps; or the order, as `np.einsum_path` gives it.

    Example:
        >>> from autograd import Tensor, einsum
        >>> a = Tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> einsum("ii", a).item(), einsum(a, [0, 0]).item()
        (5.0, 5.0)
    """
    subscripts, arrays = _as_text(operands)
    if len(arrays) < 3 or optimize is False:
        return einstein_sum(arrays, subscripts)
    inputs, output = _explicit(subscripts, arrays)
    shapes = [np.broadcast_to(0.0, shape_of(x)) for x in arrays]  # their numbers do not matter
    order, _ = np.einsum_path(f"{','.join(inputs)}->{output}", *shapes, optimize=optimize)
    terms = list(zip(inputs, arrays, strict=True))
    for places in order[1:]:
        chosen = [terms[i] for i in places]
        terms = [term for i, term in enumerate(terms) if i not in places]
        later = output + "".join(letters for letters, _ in terms)
        given = "".join(letters for letters, _ in chosen)
        left = "".join(c for c in dict.fromkeys(given) if c in later) if terms else output
        text = ",".join(letters for letters, _ in chosen) + "->" + left
        terms.append((left, einstein_sum([x for _, x in chosen], text)))
    return terms[0][1]


def _as_text(operands: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The subscripts of `einsum` as text, and the arrays."""
    if operands and isinstance(operands[0], str):
        return operands[0], operands[1:]
    lists = (*operands[1::2], operands[-1]) if len(operands) % 2 else operands[1::2]
    if len(operands) < 2 or not all(isinstance(axes, (list, tuple)) for axes in lists):
        raise TypeError(
            "einsum: needs its subscripts as text first, or a list of numbers after each array, "
            f"but got {', '.join(type(x).__name__ for x in operands)}."
        )
    axes = sorted({i for some in lists for i in some if i is not ...})
    small = "abcdefghijklmnopqrstuvwxyz"
    letters = small if len(axes) <= 26 else small.upper() + small  # in rising order
    names: dict[Any, str] = dict(zip(axes, letters, strict=False))
    names[...] = "..."
    texts = ["".join(names[i] for i in some) for some in lists]
    arrays = operands[0 : 2 * (len(operands) // 2) : 2]
    subscripts = ",".join(texts[: len(arrays)])
    return (f"{subscripts}->{texts[-1]}" if len(operands) % 2 else subscripts), arrays


# --- inverses, determinants, factors ----------------------------------------------------------

_MATRIX = np.array([[4.0, 1.0, -0.5], [2.0, 3.0, 0.2], [0.3, -1.0, 2.0]])
_STACK = np.array([_MATRIX, _MATRIX[::-1], 2 * _MATRIX])
_POSITIVE = np.array([[4.0, 1.0, -0.5], [1.0, 3.0, 0.2], [-0.5, 0.2, 2.0]])
_SQUARE = [call(_MATRIX), call(_MATRIX[:1, :1]), call(_STACK[:2])]


def _inv_vjp(g: Any, out: Any, a: Any) -> Any:
    t = matrix_transpose(out)
    return -(t @ g @ t)


@structural(latex="{0}^{{-1}}", vjps=(_inv_vjp,), examples=_SQUARE)
def inv(a: Any) -> Any:
    """The inverse of a square matrix (or of each in a stack).

    Example:
        >>> from autograd import inv
        >>> inv([[2.0, 0.0], [0.0, 4.0]]).tolist()
        [[0.5, 0.0], [0.0, 0.25]]
    """
    return np.linalg.inv(a)


def _solve_vjp_b(g: Any, out: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1:  # beside a stack g is a stack of vectors, which only columns say for sure
        return unbroadcast(solve(matrix_transpose(a), expand_dims(g, -1))[..., 0], b.shape)
    return unbroadcast(solve(matrix_transpose(a), g), b.shape)


def _solve_vjp_a(g: Any, out: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1:
        g, out = expand_dims(g, -1), expand_dims(out, -1)
    return -unbroadcast(solve(matrix_transpose(a), g) @ matrix_transpose(out), a.shape)


@structural(
    vjps=(_solve_vjp_a, _solve_vjp_b),
    examples=[
        call(_MATRIX, (3,)),
        call(_MATRIX, (3, 2)),
        call(_MATRIX, (2, 3, 1)),
        call(_STACK[:2], (2, 3, 1)),
        call(_STACK, (3,)),
        call(_STACK[:2], (3,)),
        call(_STACK[:2], (3, 2)),
    ],
)
def solve(a: Any, b: Any) -> Any:
    """The x with a @ x = b; b is one vector (n,) or columns (…, n, k).

    Example:
        >>> import numpy as np
        >>> from autograd import grad, solve
        >>> solve([[2.0, 0.0], [0.0, 4.0]], [1.0, 1.0]).tolist()
        [0.5, 0.25]
        >>> grad(lambda b: solve([[2.0, 0.0], [0.0, 4.0]], b).sum())(np.ones(2)).tolist()
        [0.5, 0.25]
    """
    return np.linalg.solve(a, b)


def _times_inverse(name: str, g: Any, a: Any) -> Any:
    """g times the transposed inverse of a, in the derivative of the operation of that name."""
    try:
        inverse = inv(a)
    except np.linalg.LinAlgError as err:
        raise np.linalg.LinAlgError(
            f"{name}: has a derivative where the matrix has an inverse, but got one that has none."
        ) from err
    return expand_dims(g, (-1, -2)) * matrix_transpose(inverse)


@structural(
    latex=r"\det",
    vjps=(lambda g, out, a: _times_inverse("det", g * out, a),),
    examples=_SQUARE,
)
def det(a: Any) -> Any:
    """The determinant of a square matrix; its derivative needs a matrix that has an inverse.

    Example:
        >>> import numpy as np
        >>> from autograd import det, grad
        >>> round(float(det([[1.0, 2.0], [3.0, 4.0]])), 4)
        -2.0
        >>> grad(det)(np.array([[1.0, 2.0], [3.0, 4.0]])).round(4).tolist()
        [[4.0, -3.0], [-2.0, 1.0]]
    """
    return np.linalg.det(a)


@composition
def slogdet(a: Operand) -> tuple[Any, Any]:
    """The sign of the determinant (plain) and the logarithm of its absolute value.

    Example:
        >>> from autograd import sign, slogdet
        >>> sign, size = slogdet([[1.0, 2.0], [3.0, 4.0]])
        >>> float(sign), round(float(size), 4)  # the determinant is -2
        (-1.0, 0.6931)
    """
    return _sign_of_det(numbers(a)), logabsdet(a)


@one_array
def _sign_of_det(a: Any) -> Any:
    return np.linalg.slogdet(a)[0]


@structural(
    latex=r"\ln |\det {0}|",
    vjps=(lambda g, out, a: _times_inverse("logabsdet", g, a),),
    examples=_SQUARE,
)
def logabsdet(a: Any) -> Any:
    """The logarithm of the absolute value of the determinant.

    Example:
        >>> from autograd import logabsdet
        >>> round(float(logabsdet([[1.0, 2.0], [3.0, 4.0]])), 4)
        0.6931
    """
    return _logabsdet(a)


@one_array
def _logabsdet(a: Any) -> Any:
    return np.linalg.slogdet(a)[1]


def _cholesky_vjp(g: Any, out: Any, a: Any) -> Any:
    # I. Murray, "Differentiation of the Cholesky decomposition" (2016), eq. 10.
    halved = 1.0 - 0.5 * np.eye(a.shape[-1])
    inner = tril(matrix_transpose(out) @ g) * halved.astype(a.dtype)
    inverse = inv(out)
    grad = matrix_transpose(inverse) @ inner @ inverse
    return 0.5 * (grad + matrix_transpose(grad))


@structural(
    vjps=(_cholesky_vjp,),
    examples=[call(_POSITIVE), call(_POSITIVE[:1, :1]), call(np.array([_POSITIVE, 2 * _POSITIVE]))],
)
def cholesky(a: Any) -> Any:
    """The lower triangular L with L @ L.T = a, for a symmetric positive definite a.

    Example:
        >>> from autograd import cholesky
        >>> cholesky([[4.0, 2.0], [2.0, 5.0]]).tolist()
        [[2.0, 0.0], [1.0, 2.0]]
    """
    return np.linalg.cholesky(a)


# --- made of other operations -----------------------------------------------------------------


@composition
def dot(a: Operand, b: Operand) -> Any:
    """NumPy's dot: of vectors the inner product, of matrices `@`, of a number the product.

    Example:
        >>> from autograd import dot
        >>> dot([1.0, 2.0], [3.0, 4.0]).item()
        11.0
    """
    if not shape_of(a) or not shape_of(b):
        return a * b
    if b.ndim > 2:
        return tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 2,)))
    return matmul(a, b)


@composition
def vdot(a: Operand, b: Operand) -> Any:
    """The inner product of all elements in one row.

    Example:
        >>> from autograd import vdot
        >>> vdot([[1.0, 2.0]], [[3.0, 4.0]]).item()
        11.0
    """
    return matmul(a.reshape(-1), b.reshape(-1))


@composition
def inner(a: Operand, b: Operand) -> Any:
    """The sum of products over the last axes.

    Example:
        >>> from autograd import inner
        >>> inner([1.0, 2.0], [[3.0, 4.0], [5.0, 6.0]]).tolist()
        [11.0, 17.0]
    """
    if not shape_of(a) or not shape_of(b):
        return a * b
    return tensordot(a, b, axes=((-1,), (-1,)))


@composition
def outer(a: Operand, b: Operand) -> Any:
    """Every element of a times every element of b, (n,), (m,) -> (n, m).

    Example:
        >>> from autograd import outer
        >>> outer([1.0, 2.0], [3.0, 4.0]).tolist()
        [[3.0, 4.0], [6.0, 8.0]]
    """
    return a.reshape((-1, 1)) * b.reshape((1, -1))


@composition
def tensordot(a: Operand, b: Operand, axes: Any = 2) -> Any:
    """The sum of products over the given axes of a and of b, as NumPy's.

    Raises:
        ShapeError: the axes have other lengths in a than in b.

    Example:
        >>> from autograd import tensordot
        >>> tensordot([[1.0, 2.0]], [[3.0], [4.0]], axes=1).tolist()
        [[11.0]]
    """
    if isinstance(axes, (int, np.integer)):
        axes = (tuple(range(a.ndim - axes, a.ndim)), tuple(range(axes)))
    a_axes, b_axes = (
        normalize_axis_tuple(x, n, "tensordot") for x, n in zip(axes, (a.ndim, b.ndim), strict=True)
    )
    if [a.shape[i] for i in a_axes] != [b.shape[i] for i in b_axes]:
        raise ShapeError(
            f"tensordot: operands of shape {a.shape} and {b.shape} have other lengths along the "
            f"axes {a_axes} and {b_axes}."
        )
    a_rest = tuple(i for i in range(a.ndim) if i not in a_axes)
    b_rest = tuple(i for i in range(b.ndim) if i not in b_axes)
    summed = math.prod(a.shape[i] for i in a_axes)
    a_shape, b_shape = tuple(a.shape[i] for i in a_rest), tuple(b.shape[i] for i in b_rest)
    rows = a.transpose(a_rest + a_axes).reshape((math.prod(a_shape), summed))
    columns = b.transpose(b_axes + b_rest).reshape((summed, math.prod(b_shape)))
    return matmul(rows, columns).reshape(a_shape + b_shape)


@composition
def kron(a: Operand, b: Operand) -> Any:
    """Kronecker's product: every element of a times the whole of b.

    Example:
        >>> from autograd import kron
        >>> kron([1.0, 2.0], [3.0, 4.0]).tolist()
        [3.0, 4.0, 6.0, 8.0]
    """
    n = max(np.ndim(a), np.ndim(b))
    if not n or not shape_of(a) or not shape_of(b):
        return a * b
    a, b = a.reshape((1,) * (n - a.ndim) + a.shape), b.reshape((1,) * (n - b.ndim) + b.shape)
    product = expand_dims(a, tuple(range(1, 2 * n, 2))) * expand_dims(b, tuple(range(0, 2 * n, 2)))
    return product.reshape(tuple(x * y for x, y in zip(a.shape, b.shape, strict=True)))


@composition
def multi_dot(arrays: Any) -> Any:
    """The product of several matrices in the order of brackets that takes the fewest steps.

    Raises:
        ShapeError: one is no matrix; only the first and the last may be vectors.

    Example:
        >>> from autograd import multi_dot
        >>> multi_dot([[[1.0, 2.0]], [[3.0], [4.0]], [[2.0]]]).tolist()
        [[22.0]]
    """
    arrays = [np.asarray(a) if isinstance(a, (list, tuple)) else a for a in arrays]
    for i, a in enumerate(arrays):
        ends = i in (0, len(arrays) - 1)
        if np.ndim(a) != 2 and not (ends and np.ndim(a) == 1):
            raise ShapeError(
                "multi_dot: needs matrices, and as the first and the last matrices or vectors, but "
                f"got shape {shape_of(a)}. Stacks of matrices are multiplied by @."
            )
    if arrays[0].ndim == 1:
        return multi_dot([arrays[0].reshape((1, -1)), *arrays[1:]])[0]
    if arrays[-1].ndim == 1:
        return multi_dot([*arrays[:-1], arrays[-1].reshape((-1, 1))])[..., 0]
    size = [arrays[0].shape[0], *(a.shape[1] for a in arrays)]

    @functools.cache
    def cost(i: int, j: int) -> tuple[int, int]:
        """The fewest multiplications for arrays i to j, and after which of them to split."""
        if i == j:
            return 0, i
        return min(
            (cost(i, k)[0] + cost(k + 1, j)[0] + size[i] * size[k + 1] * size[j + 1], k)
            for k in range(i, j)
        )

    def product(i: int, j: int) -> Any:
        if i == j:
            return arrays[i]
        k = cost(i, j)[1]
        return product(i, k) @ product(k + 1, j)

    return product(0, len(arrays) - 1)
