"""The rulebook: softmax and cross-entropies, where a composition would be slow or lose digits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.declarations import elementwise, structural
from autograd.op import as_floats, call, named
from autograd.rules.activations import sigmoid
from autograd.rules.arithmetic import at_least, maximum
from autograd.rules.indexing import elements
from autograd.rules.powers import exp, log
from autograd.rules.reductions import logsumexp

# --- of numbers -------------------------------------------------------------------------------


# Not -y ln σ(z) - (1 - y) ln(1 - σ(z)): that takes seven operations, and is infinite at z = 40.
@elementwise(
    symbol="BCE",
    scalar=lambda z, y: math.log1p(math.exp(-math.fabs(z))) + ((z if z >= 0 else 0.0) - z * y),
    partials=(lambda z, y, out: sigmoid(z) - y, lambda z, y, out: -z),
    latex=r"\operatorname{BCE}",
)
def sigmoid_cross_entropy(z: Any, y: Any) -> Any:
    """-y ln σ(z) - (1 - y) ln(1 - σ(z)), elementwise, exact for every size of the score z.

    Example:
        >>> from autograd import grad, sigmoid_cross_entropy
        >>> round(sigmoid_cross_entropy(0.0, 1.0), 4)
        0.6931
        >>> [round(d, 4) for d in grad(sigmoid_cross_entropy, argnums=(0, 1))(0.0, 1.0)]
        [-0.5, -0.0]
    """
    z, y = as_floats(z, y), as_floats(y, z)
    above = z >= 0
    return np.log1p(np.exp(np.where(above, -z, z))) + (np.where(above, z, 0) - z * y)


def _least(p: Any) -> float:
    """e**-100, or the least number of p's dtype whose reciprocal is finite."""
    dtype = np.dtype(getattr(p, "dtype", np.float64))
    return max(math.exp(-100), float(np.finfo(dtype).tiny) if dtype.kind == "f" else 0.0)


def _log(p: Any) -> Any:
    """ln p, of a p of at least e**-100."""
    return log(maximum(p, _least(p)))


def _over(y: Any, p: Any) -> Any:
    """y/p, of its derivative; 0 below e**-100, where it is flat."""
    least = _least(p)
    return y * (p > least) / maximum(p, least)


# Of numbers: twelve operations, of which four only keep the logarithm finite.
@elementwise(
    symbol="BCE",
    scalar=lambda p, y: (
        -y * math.log(max(p, 3.720075976020836e-44))
        - (1 - y) * math.log(max(1 - p, 3.720075976020836e-44))
    ),
    partials=(
        lambda p, y, out: _over(1 - y, 1 - p) - _over(y, p),
        lambda p, y, out: _log(1 - p) - _log(p),
    ),
    latex=r"\operatorname{BCE}",
    domain=((0.0, 1.0), (-math.inf, math.inf)),
)
def binary_cross_entropy(p: Any, y: Any) -> Any:
    """-y ln p - (1 - y) ln(1 - p), elementwise; no logarithm counts for less than -100.

    Example:
        >>> from autograd import binary_cross_entropy, grad
        >>> round(binary_cross_entropy(0.25, 1.0), 4)
        1.3863
        >>> [round(d, 4) for d in grad(binary_cross_entropy, argnums=(0, 1))(0.25, 1.0)]
        [-4.0, 1.0986]
    """
    p, y = as_floats(p, y), as_floats(y, p)
    least = _least(p)
    return -y * np.log(np.maximum(p, least)) - (1 - y) * np.log(np.maximum(1 - p, least))


# --- of rows of scores ------------------------------------------------------------------------


def _largest(x: Any, axis: int) -> Any:
    """The largest along the axis, to be subtracted against overflow; no gradient need flow to it.

    Of Values it is computed without comparing them, which a compiled function would have to check.
    """
    if x.dtype != object:
        return as_floats(x.max(axis=axis, keepdims=True))
    return _larger.reduce(_detached(x), axis=axis, keepdims=True)


_detached = np.frompyfunc(lambda v: v.detach(), 1, 1)
_larger = np.frompyfunc(maximum, 2, 1)


def _softmax_vjp(g: Any, out: Any, x: Any, axis: int) -> Any:
    return out * (g - (g * out).sum(axis=axis, keepdims=True))


# As one operation, and so its logarithm: five would take four times as long.
@structural(vjps=(_softmax_vjp,))
def softmax(x: Any, axis: int = -1) -> Any:
    """e**x over the sum of e**x along the axis, without overflow.

    Example:
        >>> from autograd import softmax
        >>> softmax([0.0, 0.0]).tolist()
        [0.5, 0.5]
        >>> softmax([0.0, 1.0, 2.0]).round(4).tolist()
        [0.09, 0.2447, 0.6652]
    """
    e = np.exp(x - _largest(x, axis))
    return e / e.sum(axis=axis, keepdims=True)


@structural(symbol="softmax", latex=r"\operatorname{softmax}", vjps=(_softmax_vjp,))
def safe_softmax(x: Any, axis: int = -1) -> Any:
    """softmax, but 0 along an axis of nothing but -inf: attention of what may look at nothing.

    The softmax of such a row would be nan. It is PyTorch's choice in its attention, too.

    Example:
        >>> import numpy as np
        >>> from autograd import safe_softmax
        >>> safe_softmax(np.array([[0.0, -np.inf], [-np.inf, -np.inf]])).tolist()
        [[1.0, 0.0], [0.0, 0.0]]
    """
    e = np.exp(x - _or_zero(_largest(x, axis)))
    # The largest contributes e**0, so that a sum below 1 is one of zeros alone.
    e /= at_least(e.sum(axis=axis, keepdims=True), 1.0)
    return e


def _or_zero(top: Any) -> Any:
    """top, with 0 in the place of -inf, of which -inf - top would be nan."""
    if top.dtype != object:
        return np.where(top == -np.inf, 0, top)
    return _or_zero_each(top)


_or_zero_each = np.frompyfunc(lambda v: v if v > -math.inf else 0.0, 1, 1)


def _log_softmax_vjp(g: Any, out: Any, x: Any, axis: int) -> Any:
    return g - exp(out) * g.sum(axis=axis, keepdims=True)


@structural(latex=r"\ln \operatorname{softmax}", vjps=(_log_softmax_vjp,))
def log_softmax(x: Any, axis: int = -1) -> Any:
    """The logarithm of softmax, exact where the softmax itself would round to 0.

    Example:
        >>> from autograd import log_softmax
        >>> log_softmax([0.0, 1000.0]).tolist()
        [-1000.0, 0.0]
    """
    below = x - _largest(x, axis)
    return below - np.log(np.exp(below).sum(axis=axis, keepdims=True))


def _softmax_cross_entropy_vjp(g: Any, out: Any, scores: Any, classes: Any) -> Any:
    one_hot = classes.reshape((*classes.shape, 1)) == np.arange(scores.shape[-1])
    return (softmax(scores) - one_hot) * g.reshape((*g.shape, 1))


# The step of every classifier: as log_softmax, a choice and a sign it takes twice as long.
@structural(
    symbol="CE",
    vjps=(_softmax_cross_entropy_vjp,),
    examples=[
        call((2, 3), classes=np.array([2, 0])),
        call((3,), classes=np.array(1)),
        call((2, 2, 3), classes=np.array([[0, 1], [2, 2]])),
        call((0, 3), classes=np.zeros(0, np.intp)),
    ],
)
def softmax_cross_entropy(scores: Any, classes: Any) -> Any:
    """-ln softmax(scores) at the class of each row, (…, k) and ints (…) -> (…).

    Example:
        >>> import numpy as np
        >>> from autograd import softmax_cross_entropy
        >>> softmax_cross_entropy(np.zeros((1, 4)), np.array([2])).round(4).tolist()
        [1.3863]
    """
    below = scores - _largest(scores, -1)
    rows = below.reshape((-1, below.shape[-1]))
    chosen = elements(rows, (np.arange(classes.size), classes.reshape(-1)))
    return np.log(np.exp(below).sum(axis=-1)) - chosen.reshape(classes.shape)


# Of Tensors each is one node, of single numbers it is many.
named("softmax", 1)(softmax)
named("log-softmax", 1)(log_softmax)
named("log-sum-exp", 1)(logsumexp)
named("cross-entropy", 1)(lambda x: [softmax_cross_entropy(x, np.array(k)) for k in range(len(x))])
