"""What to try on every operation that is not elementwise, and every function made of operations.

Of an operation its declaration says it: `examples=`, or its arguments do.
"""

import types
import warnings

import numpy as np

from autograd.op import COMPOSITIONS, call
from tests.autograd import numpy_cases
from tests.autograd.reference import STRUCTURAL
from tests.each import each

# How operations are tried that have these arguments, and these defaults of theirs.
REDUCTIONS = [
    call((3,)),
    call(()),
    call((1,), axis=0),
    call((2, 3)),
    call((2, 3), axis=0),
    call((2, 3), axis=-1),
    call((2, 3), axis=1, keepdims=True),
    call((1, 3), keepdims=True),
    call((2, 3, 4), axis=(0, 2)),
    call((2, 3, 4), axis=(-1, 0), keepdims=True),
    call((2, 3), axis=()),
]
CUMULATIVE = [
    call((3,)),
    call((2, 3)),
    call((2, 3), axis=0),
    call((2, 3, 4), axis=-2),
    call((1,), axis=0),
    call((0,), axis=0),
]
SCORES = [
    call((3,)),
    call((2, 3)),
    call((2, 3), axis=0),
    call((2, 3, 4), axis=1),
    call((1,)),
    call((0, 3)),
]
BY_ARGUMENTS = {
    (("axis", None), ("keepdims", False)): REDUCTIONS,
    (("axis", None),): CUMULATIVE,
    (("axis", -1),): SCORES,
}


def examples_of(op):
    """Calls of an operation on whole arrays: those of its declaration, or else by its arguments."""
    return op.examples or BY_ARGUMENTS.get(tuple(op.params.items()), ())


# NumPy as `m`, its functions of matrices included.


def fix(x):
    """NumPy's, which 2.5 deprecates."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return np.fix(x)


NUMPY = types.SimpleNamespace(**{**vars(np.linalg), **vars(np), "fix": fix})

# Of each function made of operations, a list of (shapes of the operands, call). A call that runs
# with NumPy for m gives the values and, by differences, the gradient that autograd must give.
COMPOSED = {
    "all": [([(2, 3)], lambda m, x: m.all(x > 0)), ([(2, 3)], lambda m, x: m.all(x, axis=0))],
    "any": [([(2, 3)], lambda m, x: m.any(x > 0)), ([(2, 3)], lambda m, x: m.any(x, axis=0))],
    "argmax": [([(2, 3)], lambda m, x: m.argmax(x)), ([(2, 3)], lambda m, x: m.argmax(x, axis=1))],
    "argmin": [([(2, 3)], lambda m, x: m.argmin(x)), ([(2, 3)], lambda m, x: m.argmin(x, axis=1))],
    "count_nonzero": [([(2, 3)], lambda m, x: m.count_nonzero(x, axis=0))],
    "array_split": [
        ([(5,)], lambda m, x: m.array_split(x, 3)[1]),
        ([(5,)], lambda m, x: m.array_split(x, 3)[2]),
        ([(2, 5)], lambda m, x: m.array_split(x, [1, 4], axis=1)[1]),
        ([(5,)], lambda m, x: m.array_split(x, [2, 9])[1]),
        ([(5,)], lambda m, x: m.array_split(x, [-2])[1]),
    ],
    "split": [
        ([(4, 3)], lambda m, x: m.split(x, 2)[1]),
        ([(4, 3)], lambda m, x: m.split(x, [1], axis=-1)[1]),
    ],
    "clip": [
        ([(2, 3)], lambda m, x: m.clip(x, -0.5, 0.5)),
        ([(2, 3)], lambda m, x: m.clip(x, None, 0.5)),
        ([(2, 3), (3,)], lambda m, x, y: m.clip(x, y, None)),
    ],
    "where": [
        ([(2, 3), (3,)], lambda m, x, y: m.where([[True], [False]], x, y)),
        ([(3,)], lambda m, x: m.where(x > 0, x, 2.0)),
        ([(), ()], lambda m, x, y: m.where(True, x, y)),
    ],
    "nan_to_num": [
        ([(3,)], lambda m, x: m.nan_to_num(x / np.array([1.0, np.inf, 2.0]))),
    ],
    "sinc": [([(2, 3)], lambda m, x: m.sinc(x)), ([(3,)], lambda m, x: m.sinc(0.01 * x))],
    "median": [
        ([(5,)], lambda m, x: m.median(x)),
        ([(4, 3)], lambda m, x: m.median(x)),
        ([(4, 3)], lambda m, x: m.median(x, axis=0)),
        ([(2, 3, 4)], lambda m, x: m.median(x, axis=(0, 2), keepdims=True)),
    ],
    "var": [
        ([(2, 3)], lambda m, x: m.var(x)),
        ([(2, 3)], lambda m, x: m.var(x, axis=1, ddof=1)),
        ([(2, 3, 4)], lambda m, x: m.var(x, axis=(0, -1), keepdims=True)),
    ],
    "std": [
        ([(2, 3)], lambda m, x: m.std(x)),
        ([(2, 3)], lambda m, x: m.std(x, axis=-1, ddof=1, keepdims=True)),
    ],
    "norm": [
        ([(3,)], lambda m, x: m.norm(x)),
        ([(3,)], lambda m, x: m.norm(x, 1)),
        ([(3,)], lambda m, x: m.norm(x, np.inf)),
        ([(2, 3)], lambda m, x: m.norm(x)),
        ([(2, 3)], lambda m, x: m.norm(x, "fro")),
        ([(2, 3)], lambda m, x: m.norm(x, 1)),
        ([(2, 3)], lambda m, x: m.norm(x, np.inf)),
        ([(2, 3)], lambda m, x: m.norm(x, axis=1)),
        ([(2, 3)], lambda m, x: m.norm(x, 1, axis=0, keepdims=True)),
        ([(2, 3, 4)], lambda m, x: m.norm(x, 1, axis=(2, 0))),
        ([(2, 3, 4)], lambda m, x: m.norm(x, np.inf, axis=(0, 1), keepdims=True)),
    ],
    "pad": [
        ([(3,)], lambda m, x: m.pad(x, 1)),
        ([(2, 3)], lambda m, x: m.pad(x, ((1, 0), (0, 2)), constant_values=3.0)),
        ([(2, 3)], lambda m, x: m.pad(x, (1, 2))),
    ],
    "ravel": [([(2, 3)], lambda m, x: m.ravel(x))],
    "flatten": [([(2, 3)], lambda m, x: x.flatten())],
    "swapaxes": [([(2, 3, 4)], lambda m, x: m.swapaxes(x, 0, -1))],
    "moveaxis": [
        ([(2, 3, 4)], lambda m, x: m.moveaxis(x, 0, -1)),
        ([(2, 3, 4)], lambda m, x: m.moveaxis(x, (0, 2), (1, 0))),
        ([(2, 2, 2)], lambda m, x: m.moveaxis(x, -1, 0)),
    ],
    "expand_dims": [
        ([(2, 3)], lambda m, x: m.expand_dims(x, 1)),
        ([(2, 3)], lambda m, x: m.expand_dims(x, (0, -1))),
        ([()], lambda m, x: m.expand_dims(x, 0)),
    ],
    "squeeze": [
        ([(1, 3, 1)], lambda m, x: m.squeeze(x)),
        ([(1, 3, 1)], lambda m, x: m.squeeze(x, axis=-1)),
    ],
    "hstack": [
        ([(2,), (3,)], lambda m, x, y: m.hstack((x, y))),
        ([(2, 1), (2, 3)], lambda m, x, y: m.hstack([x, y])),
        ([(), ()], lambda m, x, y: m.hstack([x, y])),
    ],
    "vstack": [
        ([(3,), (3,)], lambda m, x, y: m.vstack((x, y))),
        ([(2, 3), (3,)], lambda m, x, y: m.vstack([x, y])),
    ],
    "flip": [
        ([(2, 3)], lambda m, x: m.flip(x)),
        ([(2, 3)], lambda m, x: m.flip(x, axis=-1)),
        ([(2, 3)], lambda m, x: m.flip(x, axis=(0, 1))),
    ],
    "repeat": [
        ([(2, 3)], lambda m, x: m.repeat(x, 2)),
        ([(2, 3)], lambda m, x: m.repeat(x, [1, 0, 2], axis=1)),
    ],
    "tile": [
        ([(2, 3)], lambda m, x: m.tile(x, 2)),
        ([(3,)], lambda m, x: m.tile(x, (2, 1))),
        ([(2, 3)], lambda m, x: m.tile(x, (2, 1, 2))),
    ],
    "take": [
        ([(2, 3)], lambda m, x: m.take(x, [0, 5, 0])),
        ([(2, 3)], lambda m, x: m.take(x, [2, 2], axis=1)),
        ([(2, 3)], lambda m, x: m.take(x, 1, axis=-1)),
    ],
    "take_along_axis": [
        ([(2, 3)], lambda m, x: m.take_along_axis(x, np.array([[0, 0], [2, 1]]), axis=1)),
        ([(2, 3)], lambda m, x: m.take_along_axis(x, np.array([[1, 0, 1]]), axis=0)),
        ([(2, 3)], lambda m, x: m.take_along_axis(x, np.array([4, 4]), axis=None)),
        ([(2, 3)], lambda m, x: m.take_along_axis(x, np.array([[0], [2]]), axis=-1)),
    ],
    "sort": [
        ([(2, 3)], lambda m, x: m.sort(x)),
        ([(2, 3)], lambda m, x: m.sort(x, axis=0)),
        ([(2, 3)], lambda m, x: m.sort(x, axis=None)),
    ],
    "diagonal": [
        ([(2, 3)], lambda m, x: m.diagonal(x)),
        ([(2, 3)], lambda m, x: m.diagonal(x, 1)),
        ([(2, 3)], lambda m, x: m.diagonal(x, -1)),
        ([(2, 3, 4)], lambda m, x: m.diagonal(x, 1, 2, 0)),
        ([(2, 3)], lambda m, x: m.diagonal(x, 5)),
    ],
    "diag": [
        ([(3,)], lambda m, x: m.diag(x)),
        ([(2,)], lambda m, x: m.diag(x, -1)),
        ([(2, 3)], lambda m, x: m.diag(x, k=1)),
    ],
    "trace": [
        ([(2, 3)], lambda m, x: m.trace(x)),
        ([(2, 3, 4)], lambda m, x: m.trace(x, 1, 1, 2)),
    ],
    "tril": [
        ([(3, 3)], lambda m, x: m.tril(x)),
        ([(2, 3, 4)], lambda m, x: m.tril(x, 1)),
    ],
    "triu": [
        ([(3, 3)], lambda m, x: m.triu(x)),
        ([(2, 3, 4)], lambda m, x: m.triu(x, -1)),
    ],
    "einsum": [
        ([(2, 3), (3, 4)], lambda m, x, y: m.einsum("ij,jk->ik", x, y)),
        ([(3, 3)], lambda m, x: m.einsum("ii", x)),
    ],
    "slogdet": [([(3, 3)], lambda m, x: m.slogdet(x)[1])],
    "dot": [
        ([(3,), (3,)], lambda m, x, y: m.dot(x, y)),
        ([(2, 3), (3, 4)], lambda m, x, y: m.dot(x, y)),
        ([(2, 3), (3,)], lambda m, x, y: m.dot(x, y)),
        ([(), (2, 3)], lambda m, x, y: m.dot(x, y)),
        ([(2, 3), (5, 3, 4)], lambda m, x, y: m.dot(x, y)),
        ([(5, 2, 3), (3, 4)], lambda m, x, y: m.dot(x, y)),
    ],
    "vdot": [([(2, 3), (2, 3)], lambda m, x, y: m.vdot(x, y))],
    "inner": [
        ([(3,), (3,)], lambda m, x, y: m.inner(x, y)),
        ([(2, 3), (4, 3)], lambda m, x, y: m.inner(x, y)),
        ([(2, 3), ()], lambda m, x, y: m.inner(x, y)),
    ],
    "outer": [
        ([(2,), (3,)], lambda m, x, y: m.outer(x, y)),
    ],
    "tensordot": [
        ([(2, 3, 4), (3, 4, 5)], lambda m, x, y: m.tensordot(x, y)),
        ([(2, 3), (4,)], lambda m, x, y: m.tensordot(x, y, axes=0)),
        ([(2, 3), (3, 2)], lambda m, x, y: m.tensordot(x, y, axes=([0, 1], [1, 0]))),
        ([(2, 3, 4), (4, 5)], lambda m, x, y: m.tensordot(x, y, axes=(-1, 0))),
    ],
    "kron": [
        ([(2, 3), (3, 2)], lambda m, x, y: m.kron(x, y)),
        ([(2,), (3, 2)], lambda m, x, y: m.kron(x, y)),
    ],
    "multi_dot": [
        ([(2, 3), (3, 4), (4, 1)], lambda m, x, y, z: m.multi_dot([x, y, z])),
        ([(3,), (3, 4), (4,)], lambda m, x, y, z: m.multi_dot([x, y, z])),
    ],
    **numpy_cases.CASES,
}

EXAMPLES = {
    f"{op.name}-{i}": (op, example)
    for op in STRUCTURAL
    for i, example in enumerate(examples_of(op))
}
every_example = each(("op", "example"), EXAMPLES.values(), ids=EXAMPLES)
every_composition = each("name", COMPOSITIONS)
COMPOSED_CASES = {
    f"{name}-{'option-' * (table is not COMPOSED)}{i}": case
    for table in (COMPOSED, numpy_cases.OPTIONS)
    for name in table
    for i, case in enumerate(table[name])
}
every_composed_case = each(("shapes", "call"), COMPOSED_CASES.values(), ids=COMPOSED_CASES)


def arrays_of(shapes):
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape) for shape in shapes]


def operands_of(example):
    """The arrays of an example, with numbers for those of which it gives the shape."""
    numbers = arrays_of([x if isinstance(x, tuple) else x.shape for x in example.operands])
    given = [x if isinstance(x, np.ndarray) else None for x in example.operands]
    return [n if x is None else x.copy() for x, n in zip(given, numbers, strict=True)]


def run(op, xs, params):
    """Call the operation, on whatever xs are."""
    return op(xs, **params) if op.variadic else op(*xs, **params)


def numpys(op, params):
    """The forward computation as a function of arrays, which knows nothing of graphs."""

    def forward(*xs):
        if op.name in (
            "cholesky",
            "eigvalsh",
            "eigenvectors",
        ):  # of a symmetric matrix, however it is moved
            xs = [(x + x.swapaxes(-1, -2)) / 2 for x in xs]
        return op.compute(xs, {**op.params, **params})

    return forward
