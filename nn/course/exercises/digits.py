"""The exercises of the notebook on reading digits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from nn.course.exercise import Exercise, Mistake
from nn.course.misconceptions import Misconception as Belief

if TYPE_CHECKING:
    from autograd.arrays import Array


def _some_table() -> Mapping[str, Array]:
    """A table of shown and read digits such as the notebook's, every row of another length."""
    table = np.diag(np.arange(30, 40))
    table[1, 8] = table[3, 5] = 2
    table[8, 1] = table[9, 3] = table[9, 7] = 1
    return {"table": table}


EXERCISES = (
    Exercise(
        "digits 1",
        right=lambda: 64 * 48 + 48 + 48 * 10 + 10,
        answer="my_count",
        mistakes=(
            Mistake(lambda: 64 * 48 + 48 * 10, "Every neuron has a bias, too: 48 and 10 more."),
            Mistake(lambda: 64 * 48 + 48 + 48 * 10, "The ten output neurons have a bias, too."),
            Mistake(lambda: 64 * 48 + 48, "That is the hidden layer. Now the output layer."),
            Mistake(lambda: 64 + 48 + 10, "Count weights and biases, not neurons."),
        ),
        hints=("Each neuron has a weight for each of its inputs, and a bias.", "3072 + 48 + …"),
    ),
    Exercise(
        "digits 2",
        right=lambda: 1 / 10,
        answer="my_accuracy",
        mistakes=(
            Mistake(lambda: 0.0, "One digit in ten is a 0, and that one is read correctly."),
            Mistake(lambda: 1.0, "That would be right if only zeros were shown."),
            Mistake(lambda: 0.5, "There are ten answers, not two."),
            Mistake(lambda: 0.9, "That is the share read wrongly."),
        ),
        hints=('For which digits is "0" right?', "One in ten."),
        praise="Always compare with the best answer that looks at nothing.",
    ),
    Exercise(
        "digits 3",
        right=lambda table: table.diagonal() / table.sum(axis=1),
        given=_some_table,
        answer="my_shares",
        mistakes=(
            Mistake(
                lambda table: table.diagonal() / table.sum(),
                "Divide by how many of that digit there were: the sum of its row, not of the whole "
                "table.",
            ),
            Mistake(
                lambda table: table.diagonal() / table.sum(axis=0),
                "axis=0 adds up columns: how often a digit was read. Rows say what was shown.",
                Belief.SHAPE,
            ),
            Mistake(lambda table: table.diagonal(), "These are counts. Make shares of them."),
            Mistake(
                lambda table: 1 - table.diagonal() / table.sum(axis=1),
                "These are the shares read wrongly.",
            ),
        ),
        hints=("Divide the diagonal by the sum of each row.", "table.sum(axis=1) sums rows."),
    ),
    Exercise(
        "digits 4",
        right=lambda: "b",
        choices=("a", "b", "c"),
        answer="my_meaning",
        mistakes=(
            Mistake(
                lambda: "a",
                "For another picture the same pixel may change nothing at all: it is a statement "
                "about this score at this picture.",
                Belief.IMPORTANCE,
            ),
            Mistake(
                lambda: "c",
                "The derivative says how the score would change, not how much ink there is now.",
                Belief.IMPORTANCE,
            ),
        ),
        hints=(
            "A derivative says: if this grows a little, how much does that grow?",
            "Here, and now.",
        ),
        praise="Sensitivity at this point, and no more.",
    ),
)
