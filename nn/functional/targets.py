"""Predictions and targets: what they may be, and how the losses of examples become one number."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

import autograd
from autograd import ShapeError, Value
from autograd.checks import check_choice
from autograd.op import as_floats
from nn.operands import Operand, as_operand, numbers, shape_of, shape_or_type

_known: ContextVar[bool] = ContextVar("known", default=False)


@contextmanager
def known_to_fit() -> Iterator[None]:
    """Inside, nobody looks again at numbers that have been looked at.

    What is recorded there holds for all numbers, not for those alone that pass a comparison.
    """
    token = _known.set(True)
    try:
        yield
    finally:
        _known.reset(token)


def pair(who: str, prediction: Operand, target: Operand) -> tuple[Operand, Operand]:
    """Predictions and targets ready for arithmetic; they must have one shape, not an empty one."""
    prediction, target = as_operand(who, prediction), as_operand(who, target)
    needed, came = shape_of(prediction), shape_of(target)
    if needed != came:
        advice = ""
        if math.prod(needed) == math.prod(came):
            advice = f" Reshape one of them: prediction.reshape({came})."
        raise ShapeError(
            f"{who}: needs predictions and targets of one shape, but got "
            f"{shape_or_type(prediction)} and {shape_or_type(target)}.{advice}"
        )
    check_some(who, prediction)
    prediction = as_floats(prediction)
    return prediction, cast_like(prediction, as_floats(target))


def cast_like(prediction: Operand, constant: Operand) -> Operand:
    """Numbers that nobody differentiates in the dtype of the predictions, so that losses keep it.

    Example:
        >>> cast_like(np.ones(2, np.float32), np.array([0, 1])).dtype
        dtype('float32')
    """
    dtype, given = getattr(prediction, "dtype", None), getattr(constant, "dtype", None)
    if dtype is None or given is None or given == dtype:
        return constant
    plain = given.kind in "biuf" and not getattr(constant, "requires_grad", False)
    return constant.astype(dtype) if plain and dtype.kind == "f" else constant


def check_some(who: str, examples: Operand) -> None:
    """Refuse what has no elements."""
    if 0 in shape_of(examples):
        raise ValueError(f"{who}: needs at least one example, but got none.")


def check_reduction(who: str, reduction: str) -> None:
    """Refuse everything but "mean", "sum" and "none"."""
    check_choice(who, "reduction", reduction, ("mean", "sum", "none"))


def reduced(who: str, losses: Operand, reduction: str) -> Operand:
    """The mean of the losses, their sum, or themselves."""
    check_reduction(who, reduction)
    if reduction == "none" or isinstance(losses, Value):
        return losses
    return autograd.mean(losses) if reduction == "mean" else autograd.sum(losses)


def _first(array: Any, wrong: Any) -> Operand:
    return np.asarray(array)[wrong].flat[0]


def check_unit(who: str, name: str, x: Operand, advice: str) -> None:
    """Refuse numbers outside [0, 1], and nan."""
    if _known.get():
        return
    array = numbers(x)
    if array.min() >= 0 and array.max() <= 1:  # so written, a nan does not pass
        return
    wrong = ~((array >= 0) & (array <= 1))
    raise ValueError(
        f"{who}: needs every {name} in [0, 1], but got {_first(array, wrong)}. {advice}"
    )


def check_signs(who: str, target: Operand) -> None:
    """Refuse targets other than -1 and +1."""
    if _known.get():
        return
    array = numbers(target)
    wrong = (array != 1) & (array != -1)
    if np.any(wrong):
        raise ValueError(
            f"{who}: needs every target to be -1 or +1, but got {_first(array, wrong)}. "
            "For labels 0 and 1 pass 2 * y - 1."
        )


def check_distribution(who: str, target: Operand, advice: str) -> None:
    """Refuse rows that are not probabilities with sum 1."""
    if _known.get():
        return
    check_unit(who, "probability", target, advice)
    sums = numbers(target).sum(axis=-1)
    dtype = sums.dtype
    # Many float32 numbers do not add up closer, and float16 ones less so.
    wrong = abs(sums - 1) > (max(1e-4, 8 * float(np.finfo(dtype).eps)) if dtype.kind == "f" else 0)
    if np.any(wrong):
        raise ValueError(
            f"{who}: needs probabilities with sum 1 in every row, but got {_first(sums, wrong)}."
        )


def check_log_probabilities(who: str, x: Operand) -> None:
    """Refuse logarithms above 0: probabilities or scores passed by mistake."""
    if _known.get():
        return
    highest = numbers(x).max()
    if highest > 1e-4:
        raise ValueError(
            f"{who}: needs log-probabilities, which are <= 0, but got {highest}. log_softmax makes "
            "them of scores; cross_entropy takes the scores themselves."
        )


def check_scores(who: str, scores: Operand) -> None:
    """Refuse what is neither (N, C) nor (C,), or has no elements."""
    shape = shape_of(scores)
    if len(shape) not in (1, 2):
        raise ShapeError(
            f"{who}: needs scores of shape (N, C), or (C,) for one example, but got "
            f"{shape_or_type(scores)}."
        )
    check_some(who, scores)


def check_classes(who: str, scores: Operand, target: Operand) -> Operand:
    """The classes as plain ints; refused if not one in [0, C) for each row of scores."""
    check_scores(who, scores)
    *batch, count = shape_of(scores)
    classes = numbers(target)
    if classes.shape != tuple(batch):
        advice = ""
        if getattr(target, "requires_grad", False):
            advice = " Pass the scores first, then the classes."
        raise ShapeError(
            f"{who}: for scores of shape {(*batch, count)} needs classes of shape {tuple(batch)}, "
            f"but got {None if target is None else classes.shape}.{advice}"
        )
    if classes.dtype.kind not in "iu":
        advice = "Convert them with .astype(int)."
        if classes.dtype.kind in "OSU":
            advice = "Number them: names, y = np.unique(y, return_inverse=True)."
        raise TypeError(
            f"{who}: needs classes that are whole numbers, but got dtype {classes.dtype}. {advice}"
        )
    if not _known.get() and (classes.min() < 0 or classes.max() >= count):
        wrong = (classes < 0) | (classes >= count)
        advice = ""
        if classes.min() >= 1 and classes.max() == count:
            advice = " Pass y - 1 if yours are counted from 1."
        elif classes.min() == -100:
            advice = " Pass ignore_index=-100 to leave out what it marks, as PyTorch does."
        elif count == 1:
            advice = " For one score per example there is binary_cross_entropy_with_logits."
        raise ValueError(
            f"{who}: needs every class in [0, {count}), but got {_first(classes, wrong)}.{advice}"
        )
    return classes
