"""The rulebook: eigenvalues of symmetric matrices, singular values, and powers of matrices.

Their vectors are operations too, so that second derivatives are found; where two values meet, those
do not exist, and are refused. What the derivatives are: G. W. Stewart and J. Sun, "Matrix
Perturbation Theory" (1990); J. Townsend, "Differentiating the singular value decomposition" (2016).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.declarations import structural
from autograd.op import Operand, call, composition, numbers
from autograd.rules.matrices import inv, matrix_transpose, one_array
from autograd.rules.shapes import expand_dims

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
        return a * 0.0 + np.eye(a.shape[-1], dtype=a.dtype)
    found = None
    while True:
        if n % 2:
            found = a if found is None else found @ a
        n //= 2
        if not n:
            return found
        a = a @ a
