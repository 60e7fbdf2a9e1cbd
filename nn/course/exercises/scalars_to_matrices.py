"""The exercises of the notebook on scalars and matrices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from nn.course.exercise import Exercise, Mistake
from nn.course.misconceptions import Misconception as Belief

if TYPE_CHECKING:
    from autograd.arrays import Array


def _a_layer() -> Mapping[str, Array]:
    """Examples, weights and biases of the notebook's shapes."""
    rng = np.random.default_rng(0)
    examples = np.arange(12.0).reshape(4, 3)
    return {"examples": examples, "W": rng.normal(size=(2, 3)), "b": rng.normal(size=2)}


EXERCISES = (
    Exercise(
        "scalars-to-matrices 1",
        right=lambda: [32, 10],
        answer="my_shape",
        mistakes=(
            Mistake(
                lambda: [64, 10], "One row for each example, not for each feature.", Belief.SHAPE
            ),
            Mistake(
                lambda: [10, 32],
                "These are swapped: examples are rows, neurons columns.",
                Belief.SHAPE,
            ),
            Mistake(lambda: [32, 64], "That is what goes in. What comes out?"),
        ),
        hints=("One row for each example, one column for each neuron.", "32 examples, 10 neurons."),
    ),
    Exercise(
        "scalars-to-matrices 2",
        right=lambda: 32 * 64 * 10,
        answer="my_multiplications",
        mistakes=(
            Mistake(lambda: 32 * 10, "Each of the 32·10 results is a sum of 64 products."),
            Mistake(lambda: 64 * 10, "That is what one example needs. There are 32."),
            Mistake(lambda: 32 * 64, "That is what one neuron needs. There are 10."),
        ),
        hints=("How many results are there, and how many products in each?", "32 · 10 · 64"),
        praise="On single numbers each of them would be a box of its own.",
    ),
    Exercise(
        "scalars-to-matrices 3",
        right=lambda examples, W, b: examples @ W.T + b,
        given=_a_layer,
        answer="my_result",
        mistakes=(
            Mistake(lambda examples, W, b: examples @ W.T, "The sums are right. Add the bias b."),
            Mistake(
                lambda examples, W, b: examples.sum(axis=1, keepdims=True) * W.sum(axis=1) + b,
                "Rows have been added up before they met: both must use the same letter i.",
                Belief.SHAPE,
            ),
        ),
        hints=("Which axis disappears in the sum?", '"ni,ji->nj": i is on the left only.'),
        praise="einsum works on a Tensor, too, with gradients.",
    ),
    Exercise(
        "scalars-to-matrices 4",
        right=lambda: "G.T @ X",
        choices=("G.T @ X", "X.T @ G", "G @ X.T"),
        answer="my_product",
        mistakes=(
            Mistake(
                lambda: "X.T @ G",
                "That has the shape (3, 2). A gradient has the shape of its weight: (2, 3).",
                Belief.SHAPE,
            ),
            Mistake(
                lambda: "G @ X.T",
                "(4, 2) times (3, 4): the inner sizes do not meet. The examples must be summed.",
                Belief.SHAPE,
            ),
        ),
        hints=(
            "A gradient has the shape of what it belongs to.",
            "The sum runs over the four examples, so 4 must meet 4.",
        ),
        praise="The shapes alone leave only one possibility.",
    ),
    Exercise(
        "scalars-to-matrices 5",
        right=lambda: 2.0,
        answer="my_milliseconds",
        mistakes=(
            Mistake(
                lambda: 10_000.0,
                "That would be a pass for every weight. One pass finds all of them.",
                Belief.COST,
            ),
            Mistake(
                lambda: 1.0,
                "Each product has two operands, so backward has two products for every one.",
                Belief.COST,
            ),
            Mistake(lambda: 3.0, "That is forward and backward together."),
            Mistake(lambda: 0.5, "Backward has more to do than forward, not less.", Belief.COST),
        ),
        hints=(
            "Forwards one matrix product. Backwards?",
            "One for the weights, one for the input.",
        ),
        praise="However many weights there are.",
    ),
)
