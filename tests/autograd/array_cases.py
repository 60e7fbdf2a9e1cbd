"""The table of array programs: one expression each, run by autograd, by NumPy and by PyTorch.

An expression such as `sum(x, axis=0)` names NumPy's functions and the operands x, y, z, w. It says
the same in every namespace, so the table is also the text of the stored figures and of test ids.
"""

import itertools
import types
from typing import NamedTuple

import numpy as np

import autograd
from autograd.op import COMPOSITIONS, RULEBOOK, Elementwise

# What networks add of their own stands beside PyTorch's in tests/nn.
FAMILIES = "elementwise", "reductions", "shapes", "indexing", "matrices"


class Case(NamedTuple):
    family: str
    expression: str
    shapes: tuple

    def __str__(self):
        return f"{self.expression} {self.shapes}".replace("::", ": :")  # pytest's own separator

    @property
    def name(self):
        return self.expression.partition("(")[0]

    def inputs(self, seed=0):
        """One array per operand, from inside its domain; no two of its numbers are equal."""
        op = RULEBOOK.get(self.name)
        inside = isinstance(op, Elementwise) and op.domain
        bounds = inside or [(-np.inf, np.inf)] * len(self.shapes)
        return [
            spread(shape, *_finite(low, high), seed + 7 * i)
            for i, (shape, (low, high)) in enumerate(zip(self.shapes, bounds))
        ]

    def run(self, module, xs):
        """A list of the results: functions such as `split` have several."""
        result = eval(self.expression, dict(zip("xyzw", xs)) | vars(module))
        return list(result) if isinstance(result, (list, tuple)) else [result]


def spread(shape, low, high, seed=0):
    """Numbers from low to high in no order, the same on every machine and with every NumPy."""
    n = np.arange(1, int(np.prod(shape)) + 1)
    return (low + (high - low) * ((n + 50 * seed) * 0.6180339887498949 % 1.0)).reshape(shape)


def weights(outs, seed):
    """A weight for every number of several results, so that one gradient tests them all."""
    return [spread(np.shape(out), 0.5, 1.5, seed + i) for i, out in enumerate(outs)]


def _finite(low, high, width=2.0):
    low, high = max(low, min(high, 0) - width), min(high, max(low, 0) + width)
    margin = 0.1 * (high - low)
    return low + margin, high - margin


def _getitem(x, index):
    return x[index]


NUMPY = types.SimpleNamespace(
    **{**vars(np.linalg), **vars(np)}, np=np, getitem=_getitem, flatten=lambda a: a.flatten()
)
OURS = types.SimpleNamespace(**{
    **{name: getattr(autograd, name) for name in (*RULEBOOK, *COMPOSITIONS)},
    "amax": autograd.amax, "amin": autograd.amin, "eye": np.eye, "np": np, "s_": np.s_,
    "getitem": _getitem,
})  # fmt: skip


# --- elementwise ----------------------------------------------------------------------------------

ONE = [(), (3,), (1,), (2, 3), (1, 3), (0,), (2, 1, 3), (2, 0)]
TWO = [
    ((), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1), (1, 3)), ((), (2, 3)),
    ((2, 3), ()), ((1,), (3,)), ((2, 3), (2, 3)), ((0,), (1,)), ((2, 1, 3), (4, 1)), ((1, 1), (2,)),
]  # fmt: skip

OF_ONE = [
    "sinc(x)", "clip(x, -0.5, 0.7)", "clip(x, None, 0.3)", "clip(x, 0.1, None)", "nan_to_num(x)",
    "where(x > 0, x * x, 2.0)", "where(True, x, 1.0)", "x ** 2", "2.0 ** x", "1 / (x * x + 1)",
    "-x % 1.5", "abs(x) ** 1.5", "floor_divide(x, 0.7) * x",
]  # fmt: skip
OF_TWO = ["where(x > y, x, y * y)", "clip(x, y, y + 1)", "x * y - x / (y * y + 1)"]


LATER = {"elu", "sigmoid_cross_entropy", "binary_cross_entropy"}  # held to PyTorch among nn's


def elementwise():
    for op in RULEBOOK.values():
        if isinstance(op, Elementwise) and op.name not in LATER:
            letters = "xy"[: op.arity]
            for shapes in [(s,) for s in ONE] if op.arity == 1 else TWO:
                yield f"{op.name}({', '.join(letters)})", shapes
    for expression, shape in itertools.product(OF_ONE, ONE):
        yield expression, (shape,)
    yield from itertools.product(OF_TWO, TWO)


# --- reductions -----------------------------------------------------------------------------------

AXES = {
    (): [None, ()],
    (3,): [None, 0, -1, (0,)],
    (1,): [None, 0],
    (2, 3): [None, 0, 1, -1, -2, (0, 1), (1, 0), (-1,)],
    (1, 3): [None, 0, 1],
    (2, 3, 2): [None, 1, -3, (0, 2), (-1, 0), (0, 1, 2)],
}
EMPTY = {(0,): [None, 0], (2, 0): [1, (0, 1)], (0, 3): [0, 1]}
NO_EMPTY = ["mean", "max", "amin", "min", "amax", "logsumexp", "median", "std", "var", "norm"]


def reductions():
    names = ["sum", "mean", "prod", "max", "min", "var", "std", "median", "logsumexp"]
    for name, (shape, axes) in itertools.product(names, AXES.items()):
        for axis, keep in itertools.product(axes, [False, True]):
            if axis == () and name in ("median", "logsumexp", "std"):
                continue  # not the same in NumPy and PyTorch, or a root of 0
            if name == "std" and _is_single(shape, axis):
                continue  # a root of 0
            yield f"{name}(x, axis={axis}, keepdims={keep})", (shape,)
    for shape, axes in EMPTY.items():
        for name, axis in itertools.product(["sum", "prod"], axes):
            yield f"{name}(x, axis={axis})", (shape,)
    for shape in [(3,), (2, 3), (2, 3, 2)]:
        for name, axis in itertools.product(["var", "std"], [None, 0, -1]):
            if shape[axis or 0] > 1:
                yield f"{name}(x, axis={axis}, ddof=1)", (shape,)
        for name in ["amax", "amin"]:
            yield f"{name}(x, axis=-1)", (shape,)
        for ord in [None, 1, 2, "np.inf"]:
            yield f"norm(x, {ord}, axis=-1)", (shape,)
            yield f"norm(x, {ord}, axis=0, keepdims=True)", (shape,)
    for ord in [None, 1, 2, "np.inf"]:
        yield f"norm(x, {ord})", ((4,),)
    for ord in [None, 1, "np.inf", "'fro'"]:
        yield f"norm(x, {ord})", ((3, 2),)
        yield f"norm(x, {ord}, axis=(0, 1))", ((3, 2, 2),)
        yield f"norm(x, {ord}, axis=(2, 0), keepdims=True)", ((3, 2, 2),)
    for name, shape in itertools.product(
        ["cumsum", "cumprod"], [(1,), (3,), (2, 3), (2, 2, 2), (0, 2)]
    ):
        for axis in [None, *range(-len(shape), len(shape))]:
            yield f"{name}(x, axis={axis})", (shape,)


def _is_single(shape, axis):
    axes = range(len(shape)) if axis is None else np.atleast_1d(axis)
    return np.prod([shape[i] for i in axes]) == 1


# --- shapes ---------------------------------------------------------------------------------------


def shapes():
    for shape, news in {
        (2, 3): [(3, 2), -1, 6, (1, -1, 2), (2, 3), (6, 1, 1)], (): [(1, 1), -1, ()],
        (1,): [(), (1, 1)], (0,): [(0, 4), (2, 0)], (2, 3, 2): [(4, 3), (-1, 2), (3, 4), 12],
    }.items():  # fmt: skip
        yield from ((f"reshape(x, {new})", (shape,)) for new in news)
    for shape in [(), (3,), (2, 3), (2, 3, 2), (0, 2)]:
        for call in [
            "ravel(x)",
            "flatten(x)",
            "transpose(x)",
            "x.T",
            "flip(x)",
            "sort(x, axis=None)",
        ]:
            yield call, (shape,)
        for n in range(len(shape)):
            yield f"flip(x, axis={n})", (shape,)
            yield f"flip(x, axis={n - len(shape)})", (shape,)
            yield f"sort(x, axis={n})", (shape,)
            yield f"sort(x, axis={n - len(shape)})", (shape,)
            yield f"roll(x, 1, axis={n})", (shape,)
            yield f"roll(x, -2, axis={n - len(shape)})", (shape,)
            yield f"repeat(x, 2, axis={n})", (shape,)
    for shape in [(3,), (2, 3), (2, 1, 3), (0, 2)]:
        for call in ["roll(x, 1)", "roll(x, -5)", "repeat(x, 3)", "repeat(x, 0)", "tile(x, 2)",
                     "tile(x, (2, 1))", "tile(x, (2, 1, 2))", "tile(x, 0)", "pad(x, 1)",
                     "pad(x, (1, 2))", "pad(x, 1, constant_values=2.5)"]:  # fmt: skip
            yield call, (shape,)
    for order in itertools.permutations(range(3)):
        yield f"transpose(x, {order})", ((2, 3, 4),)
        yield f"transpose(x, {tuple(i - 3 for i in order)})", ((2, 3, 1),)
    for a, b in itertools.product(range(-3, 3), repeat=2):
        yield f"swapaxes(x, {a}, {b})", ((2, 3, 1),)
        yield f"moveaxis(x, {a}, {b})", ((2, 3, 1),)
    yield from ((f"moveaxis(x, {a}, {b})", ((2, 1, 3, 2),)) for a, b in [
        ((0, 1), (-1, -2)), ((2, 0), (0, 1)), ((0, 1, 2), (2, 1, 0)), ([3], [0])])  # fmt: skip
    for shape, axes in {
        (): [0, -1, (0, 1)],
        (3,): [0, 1, -1, (0, 2)],
        (2, 3): [0, 1, 2, -1, (0, -1)],
    }.items():
        yield from ((f"expand_dims(x, {axis})", (shape,)) for axis in axes)
    for shape, axes in {
        (1, 3, 1): [None, 0, 2, -1, (0, 2)],
        (1,): [None, 0],
        (2, 1): [None, 1],
        (): [None],
    }.items():
        yield from ((f"squeeze(x, axis={axis})", (shape,)) for axis in axes)
    for shape, news in {
        (): [(2, 3), (1,), ()],
        (3,): [(2, 3), (2, 1, 3)],
        (1, 3): [(2, 3)],
        (2, 1): [(4, 2, 3)],
        (1,): [(0,)],
    }.items():
        yield from ((f"broadcast_to(x, {new})", (shape,)) for new in news)
    for pair, axes in {
        ((2,), (3,)): [0, -1, None],
        ((2, 3), (1, 3)): [0, -2, None],
        ((2, 3), (2, 1)): [1, -1],
        ((2, 3), (2,)): [None],
        ((0, 2), (3, 2)): [0],
    }.items():
        yield from ((f"concatenate((x, y), axis={axis})", pair) for axis in axes)
    yield "concatenate([x, y, x])", ((2,), (3,))
    for shape in [(), (3,), (2, 3)]:
        for axis in range(-len(shape) - 1, len(shape) + 1):
            yield f"stack([x, y], axis={axis})", (shape, shape)
    for call in ["hstack([x, y])", "vstack([x, y])", "stack((x, y, x))"]:
        yield from ((call, (s, s)) for s in [(), (2,), (2, 3), (2, 2, 1)])
    yield from (("hstack((x, y))", ((2, 1), (2, 3))), ("vstack((x, y))", ((3,), (2, 3))))
    for parts in [1, 2, "[1]", "[1, 3]", "[0, 2]", "(2, 2, 3)"]:
        for shape, axis in [((4,), 0), ((4, 2), 0), ((2, 4), 1), ((2, 4), -1)]:
            yield f"split(x, {parts}, axis={axis})", (shape,)
    for parts in [1, 2, 3, 4, 7]:
        yield f"array_split(x, {parts})", ((5,),)
        yield f"array_split(x, {parts}, axis=1)", ((2, 5),)
    for k in [-2, -1, 0, 1, 2, 5]:
        for call in ["tril", "triu"]:
            yield from ((f"{call}(x, {k})", (s,)) for s in [(3, 3), (2, 3), (2, 3, 2)])
        for call in ["diagonal", "trace", "diag"]:
            yield from ((f"{call}(x, {k})", (s,)) for s in [(3, 3), (2, 3), (3, 2)])
        yield from ((f"diag(x, {k})", (s,)) for s in [(1,), (2,)])
        yield f"diagonal(x, {k}, 2, 0)", ((2, 3, 3),)
        yield f"trace(x, {k}, 1, -1)", ((2, 3, 3),)
    for indices in ["np.array([0, 2, 2])", "np.array([[1, 0], [1, 1]])", "np.array([], int)", "1"]:
        yield f"take(x, {indices})", ((3,),)
        yield f"take(x, {indices})", ((2, 3),)
        yield f"take(x, {indices}, axis=-1)", ((2, 3),)
        yield f"take(x, {indices}, axis=1)", ((2, 3, 2),)
    yield "take_along_axis(x, np.array([[2, 0, 2], [1, 1, 0]]), axis=1)", ((2, 3),)
    yield "take_along_axis(x, np.array([[1, 0, 1]]), axis=0)", ((2, 3),)
    yield "take_along_axis(x, np.array([[0], [2]]), axis=-1)", ((2, 3),)
    yield "take_along_axis(x, np.array([2, 2, 0]), axis=0)", ((3,),)
    yield "repeat(x, np.array([1, 0, 2]), axis=-1)", ((2, 3),)
    yield "repeat(x, np.array([2, 1]), axis=0)", ((2, 3),)
    yield "roll(x, (1, 2), axis=(0, 1))", ((2, 3),)
    yield "pad(x, ((1, 0), (0, 2)))", ((2, 3),)
    yield "pad(x, ((0, 0), (1, 1)), constant_values=-1.0)", ((2, 3),)
    yield "flip(x, axis=(0, -1))", ((2, 3, 2),)


# --- indexing -------------------------------------------------------------------------------------

ONE_AXIS = ["1", "-1", ":", "1:", ":-1", "::2", "::-1", "2:0:-1", "1:1", "0:9", "None", "..."]
FANCY = ["np.array([0, 2, 0])", "[1, 1]", "np.array([[0, 1], [2, -1]])", "np.array([], int)",
         "np.array([True, False, True])", "np.array([-1])"]  # fmt: skip


def indexing():
    for index in [*ONE_AXIS, *FANCY, "..., 0", "None, 1:", "()", "0, ..."]:
        yield f"getitem(x, s_[{index}])", ((3,),)
    for index in ["()", "...", "None", "None, ..."]:
        yield f"getitem(x, s_[{index}])", ((),)
    for a, b in itertools.product([*ONE_AXIS, *FANCY], repeat=2):
        if a == b == "..." or _clash(a, b):
            continue
        yield f"getitem(x, s_[{a}, {b}])", ((3, 3),)
    for index in [
        "0", "[0, 0, 1]", "np.eye(2, 3, dtype=bool)", "np.ones((2, 3), bool)",
        "np.zeros((2, 3), bool)", "..., np.array([0, 2, 2])", "np.array([[True, False, True]] * 2)",
        "np.array([0, 1, 1]), np.array([2, 0, 0])", "np.array([[0], [1]]), np.array([0, 2])",
    ]:  # fmt: skip
        yield f"getitem(x, s_[{index}])", ((2, 3),)
    for index in [
        "0, [1, 1]", ":, 1, [0, 1]", "[0, 1], :, [1, 0]", "[0, 1], 1", "1, :, [1, 0, 1]",
        "..., [0, 1, 1]", "..., None, 0", ":, np.array([True, False, True])",
        ":, np.array([True, False, True]), 0", "np.eye(2, 3, dtype=bool)",
        "np.eye(2, 3, dtype=bool), 1", "np.ones((2, 3, 2), bool)", "[[0], [1]], [[0, 2]]",
        "None, [0, 1], ..., 1", "0, None, [1, 2]", "[0, 1], None, [1, 2]", "::-1, ::2, ::-1",
        ":, None, [2, 2], None", "1:, [0, 2], 1:", "[0, 1], [1, 2], [0, 1]", "-1, -1, -1",
    ]:  # fmt: skip
        yield f"getitem(x, s_[{index}])", ((2, 3, 2),)


def _clash(a, b):
    """Whether two index arrays have shapes that do not broadcast."""
    if not {a, b} <= set(FANCY):
        return False
    xs = [np.nonzero(i)[0] if i.dtype == bool else i for i in map(_evaluated, (a, b))]
    try:
        np.broadcast_shapes(*(x.shape for x in xs))
    except ValueError:
        return True
    return False


def _evaluated(index):
    return np.asarray(eval(index, {"np": np, "int": int}))


# --- matrices -------------------------------------------------------------------------------------

PRODUCTS = [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((1, 3), (3, 1)),
    ((0, 3), (3, 2)), ((2, 0), (0, 2)), ((2, 2, 3), (3, 4)), ((2, 3), (2, 3, 4)),
    ((2, 2, 3), (2, 3, 1)), ((1, 2, 3), (3, 3, 2)), ((2, 2, 3), (3,)), ((3,), (2, 3, 2)),
    ((2, 1, 2, 3), (3, 3, 2)), ((1, 1), (1, 1)), ((3, 3), (3, 3)), ((4, 1), (1, 4)), ((1,), (1,)),
]  # fmt: skip
EINSUMS = {
    "ii": [(3, 3)],
    "ii->i": [(3, 3)],
    "ij->ji": [(2, 3)],
    "ij->": [(2, 3)],
    "ij->j": [(2, 3)],
    "ba": [(2, 3)],
    "iji->j": [(2, 3, 2)],
    "iji->ij": [(2, 3, 2)],
    "...i->...": [(2, 1, 3)],
    "ii...->i...": [(2, 2, 3)],
    "i->": [(3,)],
    "->": [()],
    "i,i": [(3,), (3,)],
    "i,i->i": [(3,), (3,)],
    "i,j": [(2,), (3,)],
    "i,j->ji": [(2,), (3,)],
    "ij,jk": [(2, 3), (3, 4)],
    "ij,jk->ik": [(2, 3), (3, 4)],
    "ij,kj->ik": [(2, 3), (4, 3)],
    "ij,ij->i": [(2, 3), (2, 3)],
    "ij,ij": [(2, 3), (2, 3)],
    "ij,j->ij": [(2, 3), (3,)],
    "bij,bjk->bik": [(2, 2, 3), (2, 3, 1)],
    "...ij,jk->...ik": [(2, 2, 3), (3, 2)],
    "...ij,...jk->...ik": [(2, 2, 3), (1, 3, 2)],
    "ijk,k->ij": [(2, 3, 2), (2,)],
    "ii,i": [(3, 3), (3,)],
    "ii,jj->ij": [(2, 2), (3, 3)],
    ",i->i": [(), (3,)],
    "i,...->...i": [(2,), (3, 1)],
    "ij,jk,kl->il": [(2, 3), (3, 2), (2, 2)],
    "i,j,k->ijk": [(2,), (1,), (3,)],
    "i,ij,j": [(2,), (2, 3), (3,)],
    "ij,jj,jk->ik": [(2, 3), (3, 3), (3, 2)],
    "ab,bc,cd,da": [(2, 3), (3, 2), (2, 1), (1, 2)],
}
TENSORDOTS = [
    ((2, 3, 2), (3, 2, 2), 2),
    ((2, 3), (4,), 0),
    ((2, 3), (3, 2), 1),
    ((2, 3), (3, 2), ([0, 1], [1, 0])),
    ((2, 3, 2), (2, 4), ([-1], [0])),
    ((2, 3, 2), (2, 4), (0, 0)),
    ((2, 3), (2, 3), ([0, 1], [0, 1])),
    ((3,), (3,), 1),
    ((2, 3), (2, 3), (1, 1)),
    ((2, 3, 2), (3, 2), ([1, 0], [0, 1])),
    ((), (3,), 0),
    ((0, 2), (2, 3), 1),
    ((2, 0), (0, 3), 1),
]


def matrices():
    for pair in PRODUCTS:
        yield "x @ y", pair
        yield "matmul(x, y)", pair
        if len(pair[0]) < 3 and len(pair[1]) < 3:
            yield "dot(x, y)", pair
    for pair in [((), ()), ((), (2, 3)), ((2, 3), ()), ((2, 3), (2, 3, 2)), ((2, 2, 3), (2, 3, 2))]:
        yield "dot(x, y)", pair
    for pair in [
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (2, 3)),
        ((2, 3), (4, 3)),
        ((2, 1, 3), (4, 3)),
        ((), (3,)),
        ((2, 3), ()),
        ((), ()),
        ((0, 2), (3, 2)),
    ]:
        yield "inner(x, y)", pair
    for shape in [(3,), (1,), (2, 3), (2, 1, 2), (0,)]:
        yield "vdot(x, y)", (shape, shape)
    for pair in itertools.product([(1,), (3,), (2,), (0,)], repeat=2):
        yield "outer(x, y)", pair
    yield "outer(x, y)", ((2, 2), (3, 1))
    for pair in itertools.product([(2,), (1,), (2, 3), (1, 2), (2, 1, 2)], repeat=2):
        yield "kron(x, y)", pair
    for subscripts, operands in EINSUMS.items():
        letters = ", ".join("xyzw"[: len(operands)])
        yield f"einsum('{subscripts}', {letters})", tuple(operands)
    for x, y, axes in TENSORDOTS:
        yield f"tensordot(x, y, axes={axes})", (x, y)
    for chain in [
        ((2, 3), (3, 4)),
        ((2, 3), (3, 4), (4, 1)),
        ((3,), (3, 4), (4, 2)),
        ((3,), (3, 4), (4,)),
        ((2, 3), (3, 1), (1, 4), (4, 2)),
        ((4, 1), (1, 4), (4, 1), (1, 3)),
    ]:
        yield f"multi_dot([{', '.join('xyzw'[: len(chain)])}])", chain
    for n, stack in itertools.product([1, 2, 3], [(), (2,), (2, 1), (0,)]):
        square = (*stack, n, n)
        for name in ["inv", "det", "logabsdet", "slogdet"]:
            yield f"{name}(x + 3 * eye({n}))", (square,)
            yield f"{name}(x - 3 * eye({n}))", (square,)
        yield f"cholesky(x @ swapaxes(x, -1, -2) + eye({n}))", (square,)
        yield "eigvalsh(x + swapaxes(x, -1, -2))", (square,)
        yield "eigenvectors(x + swapaxes(x, -1, -2)) ** 2", (square,)
        yield f"cholesky(0.2 * (x + swapaxes(x, -1, -2)) + 3 * eye({n}))", (square,)
        for columns in [1, 2]:
            yield f"solve(x + 3 * eye({n}), y)", (square, (*stack, n, columns))
        yield f"solve(x - 3 * eye({n}), y)", (square, (n, 2))
        yield f"solve(x - 3 * eye({n}), y)", ((n, n), (n,))
    for shape in [(3, 2), (2, 3), (3, 3), (2, 3, 2), (1, 1)]:
        yield "svdvals(x)", (shape,)
        yield "singular_vectors(x) ** 2", (shape,)
        yield "norm(x, 'nuc', axis=(-2, -1))", (shape,)
        yield "norm(x, 2, axis=(-2, -1))", (shape,)
        yield "norm(x, -2, axis=(-2, -1))", (shape,)
    for x in [(3,), (2, 3), (2, 1, 3), (0, 3)]:
        yield "linear(x, y, z)", (x, (4, 3), (4,))
    for n, m in itertools.product([1, 2, 3, 4], repeat=2):
        yield "x @ (y @ z) @ w", ((n, m), (m, 2), (2, n), (n, m))
        yield "sum((x @ y) * (x @ y), axis=0)", ((n, m), (m, n))


CASES = [
    Case(family, expression, shapes)
    for family, generate in zip(FAMILIES, (elementwise, reductions, shapes, indexing, matrices))
    for expression, shapes in dict.fromkeys(generate())
]


def names_in(expression):
    """The functions that an expression calls by name."""
    return [name for name in compile(expression, "", "eval").co_names if hasattr(OURS, name)]
