"""The rulebook: eigenvalues of symmetric matrices, singular values, powers and norms of matrices.

Their vectors are operations too, so that second derivatives are found; where two values meet, those
do not exist, and are refused. What the derivatives are: G. W. Stewart and J. Sun, "Matrix
Perturbation Theory" (1990); J. Townsend, "Differentiating the singular value decomposition" (2016).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from autograd.declarations import structural
from autograd.op import Operand, call, composition, numbers
from autograd.rules.arithmetic import abs as absolute
from autograd.rules.choices import where
from autograd.rules.matrices import inv, matmul, matrix_transpose, one_array
from autograd.rules.reductions import euclidean_norm, max, min, sum
from autograd.rules.shapes import Axes, astype, expand_dims, moveaxis

_SYMMETRIC = np.array([[4.0, 1.0, -0.5], [1.0, 3.0, 0.2], [-0.5, 0.2, 2.0]])
_TALL = np.array([[4.0, 1.0], [-0.5, 3.0], [0.2, 2.0]])


def _gaps(values: Any, scale: Any, what: str) -> Any:
    """values[j] - values[i], and 1 on the diagonal, which is not used.

    Raises:
        LinAlgError: two values are the same to rounding.
    """
    n = values.shape[-1]
    off = ~np.eye(n, dtype=bool)
    data, largest = numbers(values), np.abs(numbers(scale)).max(axis=-1, initial=0.0)
    gaps = np.abs(data[..., None, :] - data[..., :, None]) + ~off * (largest[..., None, None] + 1)
    if np.any(gaps <= 10 * n * np.finfo(data.dtype).eps * largest[..., None, None]):
        raise np.linalg.LinAlgError(
            f"{what}: two of them belong to the same value, and so have no derivative."
        )
    differences = expand_dims(values, -2) - expand_dims(values, -1)
    return differences + np.eye(n, dtype=data.dtype)


def _off_diagonal(x: Any) -> Any:
    return x * (1.0 - np.eye(x.shape[-1])).astype(numbers(x).dtype)


# --- of symmetric matrices --------------------------------------------------------------------


def _eigvalsh_vjp(g: Any, out: Any, a: Any, UPLO: str) -> Any:
    v = eigenvectors(a, UPLO)
    return (v * expand_dims(g, -2)) @ matrix_transpose(v)


@structural(
    vjps=(_eigvalsh_vjp,),
    examples=[call(_SYMMETRIC), call(np.array([_SYMMETRIC, 2 * _SYMMETRIC])), call((0, 2, 2))],
)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """The eigenvalues of a symmetric matrix (or of each in a stack) in rising order.

    Only the lower triangle is read, with UPLO "U" the upper one; the derivative is that by the
    whole symmetric matrix.

    Example:
        >>> from autograd import Tensor, eigvalsh
        >>> eigvalsh(Tensor([[2.0, 1.0], [1.0, 2.0]])).data.round(12).tolist()
        [1.0, 3.0]
    """
    return np.linalg.eigvalsh(a, UPLO)  # type: ignore[call-overload]


def _eigenvectors_vjp(g: Any, out: Any, a: Any, UPLO: str) -> Any:
    values = eigvalsh(a, UPLO)
    turned = matrix_transpose(out)
    inner = _off_diagonal(turned @ g) / _gaps(values, values, "eigenvectors")
    grad = out @ inner @ turned
    return 0.5 * (grad + matrix_transpose(grad))


@structural(vjps=(_eigenvectors_vjp,), examples=[call(_SYMMETRIC), call(_SYMMETRIC[None])])
def eigenvectors(a: Any, UPLO: str = "L") -> Any:
    """The eigenvectors of a symmetric matrix as columns, in the order of `eigvalsh`.

    Raises:
        LinAlgError: (of the derivative) two eigenvalues are equal.

    Example:
        >>> from autograd import Tensor, eigenvectors
        >>> abs(eigenvectors(Tensor([[2.0, 0.0], [0.0, 5.0]])).data).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    return _eigenvectors(a, UPLO)


@one_array
def _eigenvectors(a: Any, UPLO: Any) -> Any:
    return np.linalg.eigh(a, UPLO)[1]


@composition
def eigh(a: Operand, UPLO: str = "L") -> tuple[Any, Any]:
    """The eigenvalues of a symmetric matrix and its eigenvectors, see `eigvalsh`.

    Example:
        >>> from autograd import Tensor, eigh
        >>> values, vectors = eigh(Tensor([[2.0, 0.0], [0.0, 5.0]]))
        >>> values
        Tensor([2., 5.])
    """
    return eigvalsh(a, UPLO), eigenvectors(a, UPLO)


# --- of any matrices --------------------------------------------------------------------------


def _svdvals_vjp(g: Any, out: Any, x: Any) -> Any:
    u, v = _parted(singular_vectors(x), x)
    return (u * expand_dims(g, -2)) @ matrix_transpose(v)


@structural(
    vjps=(_svdvals_vjp,),
    examples=[call(_TALL), call(_TALL.T), call(np.array([_TALL, 2 * _TALL])), call(_SYMMETRIC)],
)
def svdvals(x: Any) -> Any:
    """The singular values of a matrix (or of each in a stack) in falling order.

    Example:
        >>> from autograd import Tensor, svdvals
        >>> svdvals(Tensor([[0.0, 3.0], [4.0, 0.0]]))
        Tensor([4., 3.])
    """
    return np.linalg.svd(x, compute_uv=False)


def _parted(vectors: Any, x: Any) -> tuple[Any, Any]:
    """The left and the right singular vectors out of both."""
    rows = x.shape[-2]
    return vectors[..., :rows, :], vectors[..., rows:, :]


def _singular_vectors_vjp(g: Any, out: Any, x: Any) -> Any:
    (u, v), (gu, gv) = _parted(out, x), _parted(g, x)
    s = svdvals(x)
    if np.any(numbers(s) == 0):
        raise np.linalg.LinAlgError(
            "singular vectors: one belongs to the value 0, and so has no derivative."
        )
    gaps = _gaps(s * s, s * s, "singular vectors")
    ut, vt = matrix_transpose(u), matrix_transpose(v)
    left = _off_diagonal(ut @ gu - matrix_transpose(ut @ gu)) / gaps
    right = _off_diagonal(vt @ gv - matrix_transpose(vt @ gv)) / gaps
    rows, columns = expand_dims(s, -2), expand_dims(s, -1)
    grad = u @ (left * rows + right * columns) @ vt
    grad = grad + ((gu - u @ (ut @ gu)) / rows) @ vt
    return grad + u @ matrix_transpose((gv - v @ (vt @ gv)) / rows)


@structural(vjps=(_singular_vectors_vjp,), examples=[call(_TALL), call(_TALL.T), call(_SYMMETRIC)])
def singular_vectors(x: Any) -> Any:
    """The singular vectors of a matrix as columns, each left one above its right one.

    Of a matrix (n, m) the result is (n + m, k), with k the smaller of n and m.

    Raises:
        LinAlgError: (of the derivative) two singular values are equal, or one is 0.

    Example:
        >>> from autograd import Tensor, singular_vectors
        >>> abs(singular_vectors(Tensor([[0.0, 3.0], [4.0, 0.0]])).data).tolist()
        [[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    """
    return _both_singular_vectors(x)


@one_array
def _both_singular_vectors(x: Any) -> Any:
    u, _, vt = np.linalg.svd(x, full_matrices=False)
    return np.concatenate((u, vt.swapaxes(-1, -2)), axis=-2)


@composition
def matrix_power(a: Operand, n: int) -> Any:
    """The n-th power of a square matrix; of a negative n, of its inverse.

    Args:
        a: A square matrix, or a stack of them.
        n: A whole number. 0 gives the unit matrix.
    Raises:
        TypeError: n is not a whole number.
        LinAlgError: n < 0 and the matrix has no inverse.

    Example:
        >>> from autograd import Tensor, matrix_power
        >>> matrix_power(Tensor([[1.0, 1.0], [0.0, 1.0]]), 5).tolist()
        [[1.0, 5.0], [0.0, 1.0]]
    """
    if not isinstance(n, (int, np.integer)):
        raise TypeError(f"matrix_power: needs a whole number as exponent, but got {n!r}.")
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(f"matrix_power: needs square matrices, but got {a.shape}.")
    if n < 0:
        a, n = inv(a), -n
    if n == 0:
        unit = np.eye(a.shape[-1], dtype=a.dtype)
        # a * 0 is nan where a is; of Values it is what is recorded
        return a * 0.0 + unit if a.dtype == object else where(np.False_, a, unit)
    found = None
    while True:
        if n % 2:
            found = a if found is None else matmul(found, a)
        n //= 2
        if not n:
            return found
        a = matmul(a, a)


# --- norms ------------------------------------------------------------------------------------


@composition
def norm(x: Operand, ord: Any = None, axis: Axes = None, keepdims: bool = False) -> Any:
    """The length of a vector, or of the vectors along an axis; of a matrix, Frobenius' norm.

    Args:
        x: A Tensor, an array, or Values.
        ord: Of vectors a number p, for the p-th root of the sum of |x|**p: 2 (and None) is the
            Euclidean length, 1 the sum of absolute values, inf the largest and -inf the smallest
            of them; 0 counts what is not zero (plain, it has no derivative). Of matrices: "fro"
            (and None) the root of the sum of squares, "nuc" the sum of the singular values, 2 and
            -2 the largest and smallest of them, 1 and -1 the largest and smallest column sum of
            |x|, inf and -inf those of the rows.
        axis: The axis of the vectors, or the two of the matrices; None for all of x.
        keepdims: Leave the axes with length 1.
    Returns:
        Where all of a vector is 0 the derivative is 0.
    Raises:
        ValueError: there is no norm of that ord, or there are more than two axes and an ord.

    Example:
        >>> from autograd import Tensor, norm
        >>> norm(Tensor([3.0, -4.0])).item(), norm(Tensor([3.0, -4.0]), 1).item()
        (5.0, 7.0)
    """
    if x.dtype.kind in "bui":
        x = astype(x, float)
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim, "norm")
    if ord is None or (ord == 2 and len(axes) == 1) or (ord == "fro" and len(axes) == 2):
        return euclidean_norm(x, axis=axis, keepdims=keepdims)
    if len(axes) == 2:
        return _of_matrices(x, ord, axes, keepdims)
    if len(axes) != 1 or isinstance(ord, str):
        raise ValueError(
            "norm: needs a number as the ord of vectors, and of matrices 1, 2, inf, their "
            f"negatives, 'fro' or 'nuc', but got {ord!r} along {len(axes)} axes."
        )
    return _of_vectors(x, ord, axes[0], keepdims)


def _of_vectors(x: Any, ord: float, axis: int, keepdims: bool) -> Any:
    if ord == 0:
        data = numbers(x)
        return (data != 0).astype(data.dtype).sum(axis=axis, keepdims=keepdims)
    size = absolute(x)
    if ord in (math.inf, -math.inf):
        return (max if ord > 0 else min)(size, axis=axis, keepdims=keepdims)
    if ord == 1:
        return sum(size, axis=axis, keepdims=keepdims)
    total = sum(size**ord, axis=axis, keepdims=keepdims)
    if ord < 0:
        return total ** (1 / ord)
    is_zero = numbers(total) == 0
    return where(is_zero, 0.0, where(is_zero, 1.0, total) ** (1 / ord))


def _of_matrices(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    rows, columns = axes
    if ord in (1, -1, math.inf, -math.inf):
        summed, rest = (rows, columns) if ord in (1, -1) else (columns, rows)
        found = sum(absolute(x), axis=summed, keepdims=True)
        found = (max if ord > 0 else min)(found, axis=rest, keepdims=True)
        kept = tuple(n for i, n in enumerate(found.shape) if i not in axes)
        return found if keepdims else found.reshape(kept)
    of_singular_values = {"nuc": sum, 2: max, -2: min}
    if ord not in of_singular_values:
        raise ValueError(
            "norm: needs ord 1, 2, inf, their negatives, 'fro' or 'nuc' of matrices, but got "
            f"{ord!r} along 2 axes."
        )
    found = of_singular_values[ord](svdvals(moveaxis(x, axes, (-2, -1))), axis=-1)
    return expand_dims(found, tuple(sorted(axes))) if keepdims else found
