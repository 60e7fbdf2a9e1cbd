"""The examples a first lecture works with: truth tables, and "Will I pass this class?"."""

from typing import Literal, TypeAlias, get_args

import numpy as np

from autograd.checks import check_choice, check_int, check_number
from nn.datasets.dataset import Dataset
from nn.generators import Seed, seeded

Gate: TypeAlias = Literal["and", "or", "xor"]

_OUTPUTS: dict[Gate, list[int]] = {"and": [0, 0, 0, 1], "or": [0, 1, 1, 1], "xor": [0, 1, 1, 0]}


def logic_gate(gate: Gate) -> Dataset:
    """The truth table of a gate with two inputs.

    A line separates AND and OR, so one perceptron learns them; none separates XOR.

    Args:
        gate: "and", "or" or "xor".

    Returns:
        x: (4, 2) float64 in {0, 1}, in the order 00, 01, 10, 11; y: (4,) int64 in {0, 1}.
        The perceptron's labels in {-1, +1} are ``2 * y - 1``.

    Raises:
        ValueError: There is no such gate.

    Source:
        Minsky and Papert, "Perceptrons" (1969), on what one perceptron cannot compute.

    Example:
        >>> x, y = logic_gate("and")
        >>> x.tolist()
        [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
        >>> y.tolist()
        [0, 0, 0, 1]
    """
    check_choice("logic_gate", "gate", gate, get_args(Gate))
    return Dataset(
        name=gate,
        x=np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]),
        y=np.array(_OUTPUTS[gate], dtype=np.int64),
        feature_names=("x1", "x2"),
        class_names=("false", "true"),
        description=f"The truth table of x1 {gate.upper()} x2.",
        source="propositional logic",
    )


def xor() -> Dataset:
    """The truth table that needs a hidden layer: short for ``logic_gate("xor")``.

    Example:
        >>> xor().y.tolist()
        [0, 1, 1, 0]
    """
    return logic_gate("xor")


def pass_class(n: int = 200, *, noise: float = 1.0, seed: Seed = 0) -> Dataset:
    """Will I pass this class? An invented class of n students.

    There were 8 lectures, of which a student attended any number, each equally likely; hours spent
    on the final project are uniform in [0, 8]. A student passes if lectures + hours + luck
    exceeds 8, so about half do, and without luck a line separates the two classes.

    Args:
        n: How many students, at least 1.
        noise: Standard deviation of the luck, which is Gaussian, in hours of work.
        seed: An int >= 0, or a numpy Generator. The same int gives the same students.

    Returns:
        x: (n, 2) float64, lectures attended in {0, ..., 8} and hours in [0, 8];
        y: (n,) int64, 1 for a pass.

    Raises:
        TypeError: An argument is not a number, or the seed is no int and no Generator.
        ValueError: n < 1, noise is negative or not finite, or seed < 0.

    Source:
        The question and its two features come from MIT 6.S191, "Introduction to Deep Learning",
        lecture 1, whose student with 4 lectures and 5 hours passes. The figures are our own.

    Example:
        >>> students = pass_class()
        >>> students.feature_names
        ('lectures attended', 'hours spent on the final project')
        >>> x, y = pass_class(noise=0)
        >>> bool(np.array_equal(y == 1, x.sum(axis=1) > 8))
        True
    """
    check_int("pass_class", "n", n, least=1)
    check_number("pass_class", "noise", noise, ">= 0")
    rng = seeded("pass_class", seed)
    lectures = rng.integers(0, 8, size=n, endpoint=True)
    hours = rng.uniform(0, 8, size=n)
    luck = noise * rng.standard_normal(n)
    return Dataset(
        name="pass_class",
        x=np.stack([lectures.astype(np.float64), hours], axis=1),
        y=(lectures + hours + luck > 8).astype(np.int64),
        feature_names=("lectures attended", "hours spent on the final project"),
        class_names=("fail", "pass"),
        description="Invented students; one passes if lectures + hours + luck exceeds 8.",
        source="the question: MIT 6.S191, lecture 1; the figures: drawn from the seed",
    )
