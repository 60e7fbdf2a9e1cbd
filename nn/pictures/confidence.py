"""What a model's outputs say: which class, and how certain.

The same reading serves the shaded regions of `nn.plots`, of `nn.watch` and of the page that trains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Meaning = Literal["probability", "score", "probabilities", "logits", "log probabilities", "value"]


def meaning_of(outputs: Array, targets: Array, squashed: bool) -> Meaning:
    """What outputs (N, C) for examples with targets (N, …) are.

    Args:
        outputs: What the model returns.
        targets: What it is to return: classes, or numbers.
        squashed: Whether a single output ends in a function with results in [0, 1].
    """
    if outputs.shape[1] == 1:
        if len(np.unique(targets)) > 2:
            return "value"
        return "probability" if squashed else "score"
    if targets.ndim > 1 and not _one_hot(targets):
        return "value"
    if np.allclose(outputs.sum(axis=1), 1.0) and (outputs >= 0).all():
        return "probabilities"
    if (outputs <= 0).all() and np.allclose(np.exp(outputs).sum(axis=1), 1.0):
        return "log probabilities"
    return "logits"


def classes_and_certainty(
    outputs: Array, meaning: Meaning, threshold: float = 0.5
) -> tuple[NDArray[np.intp], Array]:
    """The class of each row, (N,), and how certain it is, in [0, 1].

    A certainty of 0 is a tie, 1 is a probability of 1. A single score s counts as a logit, whose
    probability is the sigmoid of s; a single probability is of class 1 from the threshold on.

    Example:
        >>> kinds, certain = classes_and_certainty(np.array([[0.25], [1.0]]), "probability")
        >>> kinds.tolist(), certain.tolist()
        ([0, 1], [0.5, 1.0])
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if outputs.shape[1] == 1:
            s = outputs[:, 0]
            p = s if meaning == "probability" else 1 / (1 + np.exp(-s))
            room = np.where(p < threshold, threshold, 1 - threshold)
            certain = np.abs(p - threshold) / np.where(room > 0, room, 1.0)
            kinds = s >= (threshold if meaning == "probability" else 0.0)
            return kinds.astype(np.intp), np.clip(certain, 0.0, 1.0)
        if meaning == "logits":
            outputs = np.exp(outputs - outputs.max(axis=1, keepdims=True))
            outputs = outputs / outputs.sum(axis=1, keepdims=True)
        elif meaning == "log probabilities":
            outputs = np.exp(outputs)
    count = outputs.shape[1]
    return outputs.argmax(axis=1), (outputs.max(axis=1) - 1 / count) / (1 - 1 / count)


def _one_hot(targets: Array) -> bool:
    return bool(np.isin(targets, (0, 1)).all() and (targets.sum(axis=1) == 1).all())
