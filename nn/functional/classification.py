"""Losses on classes: on probabilities, on scores before the softmax or sigmoid, on margins."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd
from autograd import ShapeError, Value, relu
from autograd.checks import check_int, refuse
from nn.functional.targets import (
    cast_like,
    check_classes,
    check_distribution,
    check_log_probabilities,
    check_reduction,
    check_scores,
    check_signs,
    check_unit,
    pair,
    reduced,
)
from nn.operands import (
    Operand,
    all_values,
    as_operand,
    numbers,
    numbers_of_constant,
    shape_of,
    shape_or_type,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def binary_cross_entropy(probability: Operand, target: Operand, reduction: str = "mean") -> Operand:
    r"""The mean of :math:`-y \ln p - (1 - y) \ln(1 - p)`, in nats.

    As in PyTorch no logarithm counts for less than -100, so a wrong prediction of exactly 0 or 1
    costs 100 and not infinity (87 in float32). It is flat there: the gradient is 0 (PyTorch's is
    about 1e12). With scores at hand `binary_cross_entropy_with_logits` needs no such limit.

    Args:
        probability: Any shape, each in [0, 1]: that of class 1.
        target: The same shape, each in [0, 1]; mostly 0 or 1.
        reduction: "mean" over all elements, "sum", or "none" for each element's own.

    Returns:
        A scalar; for "none" of probability's shape.

    Raises:
        ShapeError: The shapes differ.
        ValueError: A number outside [0, 1], no elements, or an unknown reduction.

    Example:
        >>> round(float(binary_cross_entropy([0.5, 1.0], [1, 1])), 4)
        0.3466
    """
    who = "binary_cross_entropy"
    p, y = pair(who, probability, target)
    check_unit(who, "probability", p, "For scores there is binary_cross_entropy_with_logits.")
    check_unit(who, "target", y, "For labels -1 and +1 pass (y + 1) / 2.")
    return reduced(who, autograd.binary_cross_entropy(p, y), reduction)


def _smallest_probability(p: object) -> float:
    """e**-100, or the least number of p's dtype whose reciprocal, ln's derivative, is finite."""
    dtype = np.dtype(getattr(p, "dtype", np.float64))
    return max(math.exp(-100), float(np.finfo(dtype).tiny) if dtype.kind == "f" else 0.0)


def binary_cross_entropy_with_logits(
    logit: Operand, target: Operand, reduction: str = "mean", *, pos_weight: Operand | None = None
) -> Operand:
    r"""Binary cross-entropy of the probability :math:`\sigma(z)`; its gradient is σ(z) - y.

    It is one operation, `autograd.sigmoid_cross_entropy`, exact for every size of z.

    Args:
        logit: Any shape, the scores z before the sigmoid.
        target: The same shape, each in [0, 1]; mostly 0 or 1.
        reduction: "mean" over all elements, "sum", or "none" for each element's own.
        pos_weight: How much class 1 counts beside class 0: a number >= 0, or (C,) of them for the
            last axis of logit. Where one example in ten is of class 1, 9 balances them.

    Returns:
        A scalar; for "none" of logit's shape.

    Raises:
        ShapeError: The shapes differ, or pos_weight has another.
        ValueError: A target outside [0, 1], a negative pos_weight, no elements, or an unknown
            reduction.

    Example:
        >>> binary_cross_entropy_with_logits([1000.0, -1000.0], [1, 1], "none").tolist()
        [0.0, 1000.0]
    """
    who = "binary_cross_entropy_with_logits"
    z, y = pair(who, logit, target)
    check_unit(who, "target", y, "For labels -1 and +1 pass (y + 1) / 2.")
    if pos_weight is None:
        return reduced(who, autograd.sigmoid_cross_entropy(z, y), reduction)
    weight = cast_like(z, numbers_of_constant(as_operand(who, pos_weight)))
    if shape_of(weight) not in ((), shape_of(z)[-1:]):
        raise ShapeError(
            f"{who}: needs pos_weight as a number or of shape {shape_of(z)[-1:]}, but got "
            f"{shape_of(weight)}."
        )
    _check_weights(who, "pos_weight", weight)
    of_one, of_zero = (autograd.sigmoid_cross_entropy(z, bit) for bit in (1.0, 0.0))
    return reduced(who, weight * y * of_one + (1 - y) * of_zero, reduction)


def cross_entropy(
    logits: Operand,
    target: Operand,
    reduction: str = "mean",
    *,
    weight: Operand | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
) -> Operand:
    r"""Softmax cross-entropy, the mean of :math:`-\sum_k t_k \ln \mathrm{softmax}(s)_k`, in nats.

    Args:
        logits: (N, C), the scores s before softmax; or (C,) for one example. With more axes, as of
            a picture's pixels or a text's letters, the classes come second, as in PyTorch:
            (N, C, d1, …), and each of the N · d1 · … places is an example.
        target: (N,) whole numbers in [0, C), the right classes; or (N, C) probabilities, each row
            with sum 1, such as one-hot rows. For one example () or (C,); with more axes
            (N, d1, …) or (N, C, d1, …).
        reduction: "mean" over the examples, "sum", or "none" for (N,), each example's own.
        weight: (C,) numbers >= 0, how much each class counts: its t is multiplied with it, and the
            mean is a weighted one (for probabilities still over N, as in PyTorch).
        label_smoothing: ε in [0, 1]: t becomes (1 - ε) t + ε/C, so that no score need grow
            without end.
        ignore_index: The number of a class, or one beyond them such as PyTorch's -100, whose
            examples are left out: they cost nothing, and the mean is that of the others.

    Returns:
        A scalar; for "none" (N,), (N, d1, …), or () for one example.

    Raises:
        ShapeError: logits, target or weight has another shape.
        TypeError: A class is not a whole number.
        ValueError: A class outside [0, C), a row of probabilities that is none, a negative weight,
            label_smoothing outside [0, 1], the mean of no examples but those to be ignored, or an
            unknown reduction.

    Source:
        Goodfellow, Bengio, Courville, "Deep Learning" (2016), section 6.2.2.3; the smoothing:
        C. Szegedy et al., "Rethinking the Inception architecture", CVPR (2016), section 7.

    Example:
        >>> round(float(cross_entropy([[2.0, 0.0, 0.0]], [0])), 4)
        0.2395
        >>> round(float(cross_entropy([[2.0, 0.0, 0.0]], [[1, 0, 0]])), 4)
        0.2395
    """
    who = "cross_entropy"
    check_reduction(who, reduction)
    logits, target = all_values(as_operand(who, logits)), as_operand(who, target)
    shape, classes = shape_of(logits), None
    if shape[2:] or ignore_index is not None:
        loss = partial(cross_entropy, weight=weight, label_smoothing=label_smoothing)
        return _of_examples(who, loss, logits, target, ignore_index, reduction)
    if shape == shape_of(target):
        check_scores(who, logits)
        check_distribution(who, target, "Or pass the classes as whole numbers, shape (N,).")
    else:
        classes = check_classes(who, logits, target)
    if classes is not None and weight is None and not label_smoothing:
        return reduced(who, autograd.softmax_cross_entropy(logits, classes), reduction)
    if not 0 <= label_smoothing <= 1:
        refuse(who, "label_smoothing", "in [0, 1]", label_smoothing, ValueError)
    weight = None if weight is None else _class_weights(who, weight, shape[-1])
    rows = target if classes is None else classes[..., None] == np.arange(shape[-1])
    rows = cast_like(logits, (1 - label_smoothing) * rows + label_smoothing / shape[-1])
    rows = rows if weight is None else rows * weight
    losses = _cross_entropy_of_rows(logits, cast_like(logits, rows))
    if classes is None or weight is None:
        return reduced(who, losses, reduction)
    return _weighted(who, losses, autograd.take(weight, classes), reduction)


def _cross_entropy_of_rows(logits: Operand, rows: Any) -> Operand:
    log_p = autograd.log_softmax(logits)
    if not getattr(rows, "requires_grad", False):
        # An impossible class, of score -inf, costs nothing where it counts nothing.
        log_p = autograd.where(numbers(rows) == 0, 0.0, log_p)
    return autograd.sum(-rows * log_p, axis=-1)


def _class_weights(who: str, weight: Operand, count: int) -> Operand:
    weight = numbers_of_constant(as_operand(who, weight))
    if shape_of(weight) != (count,):
        raise ShapeError(f"{who}: needs weight of shape ({count},), but got {shape_of(weight)}.")
    _check_weights(who, "weight", weight)
    return weight


def _check_weights(who: str, name: str, weight: Operand) -> None:
    plain = numbers(weight)
    if not (plain >= 0).all():
        raise ValueError(f"{who}: needs every {name} >= 0, but got {plain.min()}.")


def _of_examples(
    who: str,
    loss: Callable[..., Any],
    scores: Operand,
    target: Operand,
    ignored: int | None,
    reduction: str,
) -> Operand:
    """The loss of each place of a picture, or of all examples but those to be ignored."""
    if len(shape_of(scores)) > 2:
        loss = partial(loss, ignore_index=ignored)
        return _of_every_place(who, loss, scores, target, reduction)
    assert ignored is not None
    return _without_ignored(who, loss, scores, target, ignored, reduction)


def _of_every_place(
    who: str, loss: Callable[..., Any], scores: Operand, target: Operand, reduction: str
) -> Operand:
    """The loss of scores (N, C, d1, …), where each of the N · d1 · … places is an example."""
    n, count, *others = shape_of(scores)
    target = as_operand(who, target)
    if shape_of(target) == (n, count, *others):
        target = autograd.moveaxis(target, 1, -1).reshape((-1, count))
    elif shape_of(target) == (n, *others):
        target = target.reshape(-1)
    else:
        raise ShapeError(
            f"{who}: for scores of shape {shape_of(scores)}, with the {count} classes along the "
            f"second axis, needs classes of shape {(n, *others)}, but got {shape_or_type(target)}."
        )
    rows = autograd.moveaxis(scores, 1, -1).reshape((-1, count))
    losses = loss(rows, target, reduction)
    return losses.reshape((n, *others)) if reduction == "none" else losses


def _without_ignored(
    who: str,
    loss: Callable[..., Any],
    scores: Operand,
    target: Operand,
    ignored: int,
    reduction: str,
) -> Operand:
    """The loss of the examples of all other classes; for "none", 0 for those of that class."""
    check_int(who, "ignore_index", ignored)
    scores, classes = as_operand(who, scores), numbers(as_operand(who, target))
    if classes.shape != shape_of(scores)[:1] or len(shape_of(scores)) != 2:
        raise ShapeError(
            f"{who}: with ignore_index needs scores of shape (N, C) and classes of shape (N,), but "
            f"got {shape_or_type(scores)} and {classes.shape}."
        )
    kept = np.flatnonzero(classes != ignored)
    if kept.size == classes.size:
        return loss(scores, classes, reduction)
    rows = autograd.getitem(scores, kept)
    if kept.size:
        losses = loss(rows, classes[kept], reduction)
    elif reduction == "mean":
        raise ValueError(
            f"{who}: every example is of the class to be ignored, {ignored}, so there is no mean."
        )
    else:
        # The sum of nothing is 0, on which a backward pass may be called as on any other loss.
        losses = autograd.sum(rows, axis=None if reduction == "sum" else 1)
        losses = Value(0.0) if isinstance(losses, int) else losses
    if reduction != "none":
        return losses
    where = np.where(classes == ignored, 0, np.cumsum(classes != ignored))
    zero = np.zeros(1, dtype=getattr(losses, "dtype", None))
    return autograd.getitem(all_values(autograd.concatenate([zero, losses])), where)


def _weighted(who: str, losses: Operand, weights: Operand, reduction: str) -> Operand:
    """Losses that have been multiplied by these weights, reduced; their mean is a weighted one."""
    if reduction != "mean":
        return reduced(who, losses, reduction)
    total = autograd.sum(weights)
    if numbers(total) == 0:
        raise ValueError(f"{who}: every class in this batch has weight 0, so there is no mean.")
    # Not the sum over the total: in float16 a sum of many losses is infinite.
    return reduced(who, losses, reduction) * cast_like(losses, math.prod(shape_of(weights)) / total)


def nll_loss(
    log_probabilities: Operand,
    target: Operand,
    reduction: str = "mean",
    *,
    weight: Operand | None = None,
    ignore_index: int | None = None,
) -> Operand:
    """The mean of -(the right class's log-probability): what `cross_entropy` does after softmax.

    Args:
        log_probabilities: (N, C), each <= 0, as `log_softmax` gives them; or (C,) for one example;
            or (N, C, d1, …), as for `cross_entropy`.
        target: (N,) whole numbers in [0, C), the right classes; or () for one example; or
            (N, d1, …).
        reduction: "mean" over the examples, "sum", or "none" for (N,), each example's own.
        weight: (C,) numbers >= 0, how much each class counts; the mean is a weighted one.
        ignore_index: As for `cross_entropy`.

    Returns:
        A scalar; for "none" (N,), (N, d1, …), or () for one example.

    Raises:
        ShapeError: One of them has another shape.
        TypeError: A class is not a whole number.
        ValueError: A class outside [0, C), a log-probability above 0, a negative weight, the mean
            of no examples but those to be ignored, or an unknown reduction.

    Example:
        >>> float(nll_loss([[-0.5, -1.5], [-2.0, -0.25]], [0, 1]))
        0.375
    """
    who = "nll_loss"
    scores, target = as_operand(who, log_probabilities), as_operand(who, target)
    if len(shape_of(scores)) > 2 or ignore_index is not None:
        loss = partial(nll_loss, weight=weight)
        return _of_examples(who, loss, scores, target, ignore_index, reduction)
    classes = check_classes(who, scores, target)
    check_log_probabilities(who, scores)
    index = (np.arange(classes.size), classes) if classes.ndim else classes
    losses = -autograd.getitem(scores, index)
    if weight is None:
        return reduced(who, losses, reduction)
    counted = _class_weights(who, weight, shape_of(scores)[-1])
    weights = cast_like(losses, autograd.take(counted, classes))
    return _weighted(who, losses * weights, weights, reduction)


def kl_div(log_probabilities: Operand, target: Operand, reduction: str = "mean") -> Operand:
    r"""Kullback-Leibler divergence, the mean of :math:`\sum_k p_k (\ln p_k - \ln q_k)`, in nats.

    It is 0 where the predicted q is the target p, and differs from cross-entropy by the entropy of
    p, which no prediction changes.

    Args:
        log_probabilities: (N, C), each <= 0: ln q, as `log_softmax` gives it; or (C,).
        target: The same shape: p, each row with sum 1.
        reduction: "mean" over the examples (PyTorch's "batchmean"; its "mean" divides by N·C),
            "sum", or "none" for (N,), each example's own (PyTorch's is (N, C)).

    Returns:
        A scalar; for "none" (N,), or () for one example.

    Raises:
        ShapeError: The shapes differ, or are not those.
        ValueError: A row that is no distribution, a log-probability above 0, no examples, or an
            unknown reduction.

    Source:
        S. Kullback, R. A. Leibler, "On information and sufficiency", Annals of Mathematical
        Statistics 22 (1951) 79-86.

    Example:
        >>> round(float(kl_div([[math.log(0.5), math.log(0.5)]], [[1.0, 0.0]])), 4)
        0.6931
    """
    who = "kl_div"
    log_q, p = pair(who, log_probabilities, target)
    check_scores(who, log_q)
    check_distribution(who, p, "softmax makes them of scores.")
    check_log_probabilities(who, log_q)
    log_p = autograd.log(autograd.maximum(p, _smallest_probability(p)))  # 0 ln 0 counts as 0
    return reduced(who, autograd.sum(p * (log_p - log_q), axis=-1), reduction)


def hinge_loss(score: Operand, target: Operand, reduction: str = "mean") -> Operand:
    """The mean of max(0, 1 - y s): no cost from a margin of 1 on. Its derivative at the kink is 0.

    Args:
        score: Any shape.
        target: The same shape, each -1 or +1.
        reduction: "mean" over all elements, "sum", or "none" for each element's own.

    Returns:
        A scalar; for "none" of score's shape.

    Raises:
        ShapeError: The shapes differ.
        ValueError: A target that is not -1 or +1, no elements, or an unknown reduction.

    Example:
        >>> hinge_loss([2.0, 0.5, -1.0], [1, 1, 1], "none").tolist()
        [0.0, 0.5, 2.0]
    """
    s, y = pair("hinge_loss", score, target)
    check_signs("hinge_loss", y)
    return reduced("hinge_loss", relu(1 - y * s), reduction)


def perceptron_loss(score: Operand, target: Operand, reduction: str = "mean") -> Operand:
    """The mean of max(0, -y s): only the wrong side costs. Its derivative is -y where y s < 0.

    Shapes, reduction and errors are those of `hinge_loss`.

    Example:
        >>> perceptron_loss([2.0, 0.5, -1.0], [1, 1, 1], "none").tolist()
        [0.0, 0.0, 1.0]
    """
    s, y = pair("perceptron_loss", score, target)
    check_signs("perceptron_loss", y)
    return reduced("perceptron_loss", relu(-y * s), reduction)
