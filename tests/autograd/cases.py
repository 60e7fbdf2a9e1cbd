"""Shapes and parameters to try every structural operation on. A new operation adds its own here."""

import numpy as np
import pytest

from tests.autograd.reference import STRUCTURAL

REDUCTIONS = [
    ([(3,)], {}),
    ([()], {}),
    ([(1,)], {"axis": 0}),
    ([(2, 3)], {}),
    ([(2, 3)], {"axis": 0}),
    ([(2, 3)], {"axis": -1}),
    ([(2, 3)], {"axis": 1, "keepdims": True}),
    ([(1, 3)], {"keepdims": True}),
    ([(2, 3, 4)], {"axis": (0, 2)}),
    ([(2, 3, 4)], {"axis": (-1, 0), "keepdims": True}),
    ([(2, 3)], {"axis": ()}),
]
# Of each operation by name, a list of (shapes of the operands, parameters).
CASES = {
    "sum": [*REDUCTIONS, ([(0,)], {}), ([(2, 0)], {"axis": 1})],
    "mean": REDUCTIONS,
    "max": REDUCTIONS,
    "reshape": [
        ([(2, 3)], {"shape": (3, 2)}),
        ([(2, 3)], {"shape": -1}),
        ([(2, 3)], {"shape": (1, -1, 2)}),
        ([()], {"shape": (1, 1)}),
        ([(1,)], {"shape": ()}),
        ([(0,)], {"shape": (0, 4)}),
    ],
    "transpose": [
        ([(2, 3)], {}),
        ([()], {}),
        ([(3,)], {}),
        ([(2, 3, 4)], {}),
        ([(2, 3, 4)], {"axes": (1, 2, 0)}),
        ([(2, 3, 4)], {"axes": (-1, 0, 1)}),
    ],
    "broadcast_to": [
        ([()], {"shape": (2, 3)}),
        ([(3,)], {"shape": (2, 3)}),
        ([(1, 3)], {"shape": (2, 3)}),
        ([(2, 1)], {"shape": (4, 2, 3)}),
        ([(1,)], {"shape": (0,)}),
        ([(3,)], {"shape": (3,)}),
    ],
    "getitem": [
        ([(3,)], {"index": 1}),
        ([(3,)], {"index": -1}),
        ([(3,)], {"index": slice(None, None, -2)}),
        ([(3,)], {"index": np.array([0, 2, 0, 0])}),
        ([(3,)], {"index": [1, 1]}),
        ([(3,)], {"index": np.array([True, False, True])}),
        ([(3,)], {"index": slice(0, 0)}),
        ([(2, 3)], {"index": 1}),
        ([(2, 3)], {"index": (slice(None), 0)}),
        ([(2, 3)], {"index": (..., None, 2)}),
        ([(2, 3)], {"index": (np.array([0, 1, 1]), np.array([2, 0, 0]))}),
        ([(2, 3)], {"index": np.eye(2, 3, dtype=bool)}),
        ([()], {"index": ()}),
    ],
    "scatter": [
        ([()], {"index": 1, "shape": (3,)}),
        ([(2,)], {"index": slice(None, None, 2), "shape": (3,)}),
        ([(4,)], {"index": np.array([0, 2, 0, 0]), "shape": (3,)}),
        ([(2,)], {"index": (slice(None), 0), "shape": (2, 3)}),
    ],
    "matmul": [
        ([(3,), (3,)], {}),
        ([(2, 3), (3,)], {}),
        ([(3,), (3, 2)], {}),
        ([(2, 3), (3, 4)], {}),
        ([(1, 3), (3, 1)], {}),
        ([(0, 3), (3, 2)], {}),
        ([(2, 0), (0, 2)], {}),
        ([(5, 2, 3), (3, 4)], {}),
        ([(2, 3), (5, 3, 4)], {}),
        ([(5, 2, 3), (5, 3, 4)], {}),
        ([(1, 2, 3), (5, 3, 4)], {}),
        ([(5, 2, 3), (3,)], {}),
        ([(3,), (5, 3, 2)], {}),
    ],
}

every_case = pytest.mark.parametrize(
    ("op", "shapes", "params"),
    [
        pytest.param(op, *case, id=f"{op.name}-{i}")
        for op in STRUCTURAL
        for i, case in enumerate(CASES.get(op.name, []))
    ],
)


def arrays_of(shapes):
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape) for shape in shapes]
