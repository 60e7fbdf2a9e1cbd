"""Scalar code, tensor code and arrays in one function: compiled as they are uncompiled."""

import itertools
import operator
import os

import numpy as np
import pytest

import autograd
import nn
from autograd import CompileError, Tensor, Value
from autograd.compiler.tape import Tape
from tests.autograd.compiler.programs import assert_same_calls, assert_same_numbers
from tests.each import each
from tests.work import calls_at_most

RNG = np.random.default_rng(0)
N, F, C = 6, 4, 3


def numbers(*shape):
    return RNG.normal(size=shape)


def whole(below, *shape):
    return RNG.integers(0, below, size=shape)


def assert_compiled_agrees(f, leaves, calls):
    """Other data are replayed."""
    g = assert_same_calls(f, calls, leaves)
    assert any(np.any(p.grad) for p in leaves)
    return g


def classes():
    return whole(C, N)


def rows():
    return RNG.dirichlet([1] * C, size=N)


def targets():
    return numbers(N, C)


def bits():
    return whole(2, N, C)


LOSSES = {
    "mse": (nn.MSELoss(), None, targets),
    "mse of each": (nn.MSELoss(reduction="none"), None, targets),
    "l1": (nn.L1Loss(), None, targets),
    "smooth l1": (nn.SmoothL1Loss(beta=0.5), None, targets),
    "huber": (nn.HuberLoss(delta=0.5), None, targets),
    "bce": (nn.BCELoss(), "sigmoid", bits),
    "bce on logits": (nn.BCEWithLogitsLoss(), None, lambda: bits().astype(float)),
    "cross-entropy": (nn.CrossEntropyLoss(), None, classes),
    "summed cross-entropy": (nn.CrossEntropyLoss(reduction="sum"), None, classes),
    "cross-entropy of rows": (nn.CrossEntropyLoss(), None, rows),
    "weighted cross-entropy": (nn.CrossEntropyLoss([0.5, 2.0, 1.0]), None, classes),
    "smoothed cross-entropy": (nn.CrossEntropyLoss(label_smoothing=0.2), None, classes),
    "kl": (nn.KLDivLoss(), "log_softmax", rows),
    "nll": (nn.NLLLoss(), "log_softmax", classes),
    "hinge": (nn.HingeLoss(), None, lambda: 2 * bits() - 1),
    "perceptron": (nn.PerceptronLoss(), None, lambda: 2.0 * bits() - 1),
}


@each("close_up", [True, False], ids=["close-up", "tensors"])
@each("loss", LOSSES)
def test_every_loss_of_a_model_gives_the_same_loss_and_gradients(loss, close_up):
    loss_of, last, target = LOSSES[loss]
    model = nn.MLP(F, [5], C, "tanh", last, rng=np.random.default_rng(0))
    shown = model.scalars() if close_up else model
    calls = [(numbers(N, F), target()) for _ in range(3)]
    g = assert_compiled_agrees(lambda x, y: loss_of(shown(x), y), model.parameters(), calls)
    if close_up:
        assert "5×4 by 4×6" in g.program()
        assert "6×5 by 5×3" in g.program()


def test_no_loss_is_left_out():
    covered = {type(loss) for loss, _, _ in LOSSES.values()}
    assert covered == set(nn.losses.Loss.__subclasses__())


@each("activation", nn.activations.ACTIVATIONS)
def test_a_close_up_with_every_activation_gives_the_same_loss_and_gradients(activation):
    model = nn.MLP(F, [5], C, activation, rng=np.random.default_rng(0))
    shown = model.scalars()
    calls = [(numbers(N, F), whole(C, N)) for _ in range(3)]
    loss = nn.CrossEntropyLoss()
    assert_compiled_agrees(lambda x, y: loss(shown(x), y), model.parameters(), calls)


@pytest.mark.parametrize(
    "layers",
    [
        [nn.Linear(F, C), nn.LayerNorm(C)],
        [nn.LayerNorm(F), nn.Linear(F, C, bias=False)],
        [nn.BatchNorm1d(F), nn.Linear(F, C)],
        [nn.Flatten(), nn.Linear(F, C), nn.Softmax()],
        [nn.Linear(F, C), nn.Dropout(0.5)],
    ],
    ids=str,
)
def test_a_close_up_of_every_layer_gives_the_same_results_and_gradients(layers):
    model = nn.Sequential(*layers).eval()
    shown = model.scalars()
    calls = [(numbers(N, F),) for _ in range(3)]
    assert_compiled_agrees(lambda x: np.tanh(shown(x)), model.parameters(), calls)


@pytest.mark.parametrize("from_outside", [True, False], ids=["outside", "arguments"])
def test_numbers_of_a_frozen_parameter_get_a_gradient_only_while_it_is_not_frozen(from_outside):
    weight, bias = nn.Parameter([0.3, -0.7, 1.1]), nn.Parameter([0.2, 0.5, -0.4])
    given = [p.scalars("p").tolist() for p in (weight, bias)]

    def f(x, w, b):
        return sum(autograd.tanh(u * x + v) for u, v in zip(*(given if from_outside else (w, b))))

    g, more = autograd.compile(f), (None, None) if from_outside else given
    for x, frozen in enumerate([True, False, True]):
        bias.requires_grad = not frozen
        found = []
        for h in (f, g):
            weight.grad = bias.grad = None
            h(0.5 + x, *more).backward()
            found.append((weight.grad, bias.grad))
        (dw, db), (our_dw, our_db) = found
        np.testing.assert_allclose(our_dw, dw, rtol=1e-12)
        assert (our_db is None, db is None) == (frozen, frozen)
        np.testing.assert_allclose(*((0.0, 0.0) if frozen else (our_db, db)), rtol=1e-12)


def test_a_close_up_of_an_embedding_looks_up_what_the_call_says():
    model = nn.Embedding(5, 2, rng=np.random.default_rng(0))
    shown = model.scalars()
    calls = [(whole(5, 2, 3),) for _ in range(3)]
    assert_compiled_agrees(lambda i: shown(i) ** 2, model.parameters(), calls)


v = [Value(x) for x in numbers(4)]
W = np.array([[Value(x) for x in row] for row in numbers(F, C)], dtype=object)
TABLE = np.array([[Value(x) for x in row] for row in numbers(5, 2)], dtype=object)
t = Tensor(numbers(C), requires_grad=True)
T = Tensor(numbers(N, C), requires_grad=True)
EYE = np.eye(C)
LEAVES = [*v, *W.flat, *TABLE.flat, t, T]


def x(*shape):
    return lambda: (numbers(*(shape or (N, F))),)


def places(below, *shape):
    return lambda: (whole(below, *shape),)


def in_place(x):
    scores = x @ W
    scores += x[:, :C]
    return scores


def some_of_both_signs():
    sign = itertools.cycle([1.0, -1.0])
    return lambda: (np.abs(numbers(C)) * [next(sign), 1.0, next(sign)],)


PROGRAMS = {
    # arrays of numbers that meet arrays of Values
    "an argument": (lambda x: x @ W, x()),
    "arithmetic with an argument": (lambda x: np.tanh((2 * x - 1) @ W), x()),
    "a standardised argument": (lambda x: ((x - x.mean(axis=0)) / np.std(x, axis=0)) @ W, x()),
    "columns": (lambda x: (x @ W, x[1, 0] * v[0]), lambda: (np.asfortranarray(numbers(N, F)),)),
    "every second": (lambda x: (x @ W, x[1, 0] * v[0]), lambda: (numbers(12, 8)[::2, ::2],)),
    "back to front": (lambda x: (x @ W, x[1, 0] * v[0]), lambda: (numbers(N, F)[::-1],)),
    "a part of a turned result": (lambda x: np.exp(x.T)[1:, ::-1] * W.T[0, :1], x()),
    "whole numbers": (lambda i: i * W, places(9, F, C)),
    "truth values": (lambda x: (x > 0) * W, x(F, C)),
    "float32": (lambda x: x @ W, lambda: (numbers(N, F).astype(np.float32),)),
    "einsum": (lambda x: np.einsum("ij,jk->k", x, W), x()),
    "an outer product": (lambda x: np.outer(x, W[0]), x(4)),
    "added in place": (in_place, x()),
    "stacked": (lambda x: np.stack([x @ W, x[:, :C]]), x()),
    "concatenated": (lambda x: np.concatenate([x @ W, x], axis=1) ** 2, x()),
    "split": (lambda x: [a @ W for a in np.split(x, 2)][1], x()),
    "reduced": (lambda x: ((x @ W).sum(axis=0), np.mean(x @ W), np.prod(x @ W, axis=1)), x()),
    "running sums": (lambda x: np.cumsum(x @ W, axis=0), x()),
    "the larger": (lambda x: autograd.maximum(x @ W, x[:, :C]), x()),
    "limited": (lambda x: autograd.clip(abs(x @ W), 0.2, 1.0), x()),
    "softmax": (lambda x: autograd.softmax(x @ W), x()),
    # numbers of arrays that meet Values
    "whole numbers one by one": (lambda i: sum(a * b for a, b in zip(i, v)), places(5, 4)),
    "results one by one": (lambda x: sum(a * b for a, b in zip(2 * x, v)), x(4)),
    "rows of a result": (lambda x: [sum(a * b for a, b in zip(r, v)) for r in x * 2.0], x()),
    "made Values": (lambda x: sum(Value(a) * b for a, b in zip(2 * x, v)), x(4)),
    "in a new array": (lambda x: np.array([x[0] * 2, x.sum(), v[0]]) * W[0], x(3)),
    "a mean": (lambda x: v[0] * x.mean() + np.std(x) * v[1], x(3)),
    # choices
    "np.where": (lambda x: np.where(x > 0, W, -W * x), x(F, C)),
    "np.where with a number": (
        lambda x: np.where(x > 0, W, 0.5), lambda: (np.abs(numbers(F, 1)) * [[1], [-1], [1], [-1]],)
    ),
    "where": (lambda x: autograd.where(x > 0, W, x * W), x(F, C)),
    "taken from a list": (lambda i: autograd.take(v, i), places(4, 3)),
    "taken from lists": (lambda i: autograd.take(W.tolist(), i), places(4, 3)),
    "taken from rows": (lambda i: autograd.take(TABLE, i, axis=0), places(5, 2, 3)),
    "taken from columns": (lambda i: autograd.take(TABLE, i, axis=1), places(2, 3)),
    "taken from all": (lambda i: autograd.take(TABLE, i), places(10, 3)),
    "taken where a result says": (lambda i: autograd.take(TABLE, (i + 1) % 5, 0), places(9, 3)),
    "taken from the end": (lambda i: autograd.getitem(TABLE, i - 3), places(3, 3)),
    "of each row one": (
        lambda x, y: (x @ W)[np.arange(N), y],
        lambda: (numbers(N, F), classes()),
    ),
    "of each row two": (lambda x, y: (x @ W)[..., y], lambda: (numbers(N, F), whole(C, 2))),
    "and new axes": (lambda x, y: (x @ W)[y, None, 1:], lambda: (numbers(N, F), whole(N, 4))),
    "multiplied after they were taken": (
        lambda i, x: autograd.take(TABLE, i, axis=0) @ x.T,
        lambda: (whole(5, 3), numbers(4, 2)),
    ),
    "multiplied without a gradient": (
        lambda x: np.frompyfunc(lambda u: u.detach(), 1, 1)(W).T @ x.T + W[0, 0],
        x(),
    ),
    "the largest's place": (lambda x: autograd.take(v, np.argsort(x)), x(4)),
    "by arrays given": (
        lambda values, y: values[np.arange(F), y],
        lambda: (W, whole(C, F)),
    ),
    # Tensors and single numbers
    "a tensor times a Value": (lambda x: (t * v[0] * x, v[0] * v[1] * T), x(3)),
    "a tensor times a float": (lambda a: (t * a, (2 * a + 1) * t), lambda: (float(numbers()),)),
    "arrays times floats": (
        lambda a, x: (a * x * t, x * (2 * a + 1) * t, (a * x).sum() * v[0]),
        lambda: (float(numbers()), numbers(C)),
    ),
    "constant arrays and floats": (
        lambda a: [a * EYE * t, EYE * (a + 1) * t, (a > EYE) * t, np.less(EYE, a) * t],
        lambda: (float(numbers()),),
    ),
    "the larger of arrays and floats": (
        lambda a: [autograd.maximum(a, EYE) * t, autograd.maximum(2 * a, W), np.maximum(EYE, a)],
        lambda: (float(numbers()),),
    ),
    "a tensor returned as it is": (lambda x: (t, t * x), x(C)),
    "one example": (
        lambda x, y: nn.functional.cross_entropy(np.array(x) @ W, y),
        lambda: (numbers(F).tolist(), np.array(2)),
    ),
    "example by example": (
        lambda x, y: sum(nn.functional.cross_entropy(r, k) for r, k in zip(x @ W, y)),
        lambda: (numbers(N, F), classes()),
    ),
    "lists of floats standardised": (
        lambda rows: ((np.array(rows) - np.mean(rows)) / np.std(rows)) @ W,
        lambda: (numbers(N, F).tolist(),),
    ),
    "a float and an array of one": (
        lambda a: [a * np.array(2.0) * t, np.array(2.0) * a * t],
        lambda: (float(numbers()),),
    ),
    "a tensor of floats": (
        lambda a, b: (Tensor([a, a * b, 2.0]) * t, Tensor([a, b, b], dtype=float) * t),
        lambda: tuple(numbers(2).tolist()),
    ),
    "a tensor of a list": (lambda rows: Tensor(rows) * t, lambda: (numbers(N, C).tolist(),)),
    "a tensor of numbers of Values": (
        lambda x: x * t * Tensor([(u * u).data for u in v[:C]]),
        x(C),
    ),
    "arrays of floats": (
        lambda a, b: (np.array([a, a * b, 2.0]) * t, np.array([a, a * b, 2.0, 1.0]) @ W),
        lambda: tuple(numbers(2).tolist()),
    ),
    "a tensor's numbers": (lambda x: (t.data[0] * v[0] * x[0, 0], T.data.T @ (x @ W)), x()),
    "stacked with Values": (lambda x: autograd.stack([t[0], v[0] * x[0], v[1]]), x(1)),
    "both kinds of loss": (lambda x: ((x @ W) ** 2).mean() + (T * T).mean() + t.sum() * v[0], x()),
    "without the zeros around it": (
        lambda x: np.trim_zeros(np.maximum(x, 0.0)).sum() * t, some_of_both_signs(),
    ),
}  # fmt: skip


@each("name", PROGRAMS)
def test_a_mixture_gives_the_same_results_and_gradients(name):
    f, arguments = PROGRAMS[name]
    assert_compiled_agrees(f, LEAVES, [arguments() for _ in range(3)])


@pytest.mark.parametrize(
    ("f", "arguments"),
    [
        (
            lambda a, x: [
                (autograd.tanh(2 * a + 1) * x) @ W,
                (x * (a * a)).sum() * v[0],
                x * (a * a) * v[1].data * W[:, 0],
            ],
            lambda: (float(numbers()), numbers(N, F)),
        ),
        (lambda x: (x * (v[0] * v[1]).data) @ W, x()),
        (
            lambda x: ((t * (v[0] * v[1])).data[0] * v[2] * x, (t * (v[0] * v[1])).sum()),
            lambda: (float(numbers()),),
        ),
        (lambda i: (t * autograd.take(v, i[0])).data[0] * v[1], lambda: (whole(3, 1),)),
    ],
)
def test_numbers_of_an_array_that_is_made_of_computed_numbers_are_taken_as_written(f, arguments):
    assert_same_calls(f, [arguments() for _ in range(3)], LEAVES, paths=0)


def test_float_arrays_and_lists_of_them_are_one_product():
    for x in (numbers(N, F), numbers(N, F).tolist()):
        g = autograd.compile(lambda x: np.asarray(x) @ W if isinstance(x, list) else x @ W)
        g(x)
        assert "6×4 by 4×3" in g.program()


def test_the_calls_that_numbers_wait_for_are_listed_and_drawn_first():
    g = autograd.compile(lambda x: (2 * x) @ W)
    g(numbers(N, F))
    lines = g.program().splitlines()
    assert lines[0].startswith("a1 = multiply(2, a0)")
    assert "6×4 by 4×3" in lines[-1]
    assert "→ 24 data" in g.draw().svg


def test_the_largest_score_may_be_another_at_every_call():
    g = autograd.compile(lambda x: autograd.log_softmax(x @ W))
    for largest in itertools.permutations(range(C)):
        g(np.eye(F)[list(largest)] * 10)
    assert sum(map(len, g._programs.values())) == 1


def test_a_label_out_of_range_is_refused_in_a_replay_too():
    model = nn.Linear(F, C)
    shown, loss = model.scalars(), nn.CrossEntropyLoss()
    g = autograd.compile(lambda x, y: loss(shown(x), y))
    g(numbers(N, F), whole(C, N))
    with pytest.raises(ValueError, match=r"every class in \[0, 3\), but got 3"):
        g(numbers(N, F), np.full(N, 3))


def test_a_probability_out_of_range_is_refused_in_a_replay_too():
    w = np.array([Value(0.5)])
    g = autograd.compile(lambda x, y: nn.BCELoss()(x * w, y))
    g(np.array([1.0]), np.array([1.0]))
    with pytest.raises(ValueError, match=r"every probability in \[0, 1\], but got 1\.5"):
        g(np.array([3.0]), np.array([1.0]))


@pytest.mark.parametrize(
    ("f", "args", "match"),
    [
        (lambda i: TABLE[i].sum(), (whole(5, 3),), "autograd.getitem"),
        (lambda x, m: (x @ W)[m].sum(), (numbers(2, F), np.array([True, False])), "autograd.where"),
        (lambda i: autograd.getitem(TABLE, (i, i)).sum(), (whole(2, 3),), "Only one"),
        (lambda x: np.nonzero(x)[0].sum() * v[0], (numbers(3),), "gives a tuple"),
        (lambda x: np.cumsum(x, 0, None, 2 * x), (numbers(3),), "as out="),
        (lambda x: np.cumsum(np.stack([x[0]]), 0, None, 2 * x), (numbers(1),), "as out="),
    ],
)  # fmt: skip
def test_what_cannot_be_replayed_is_refused_with_the_line_and_a_remedy(f, args, match):
    with pytest.raises(CompileError, match=r"test_compiled_mixtures\.py, line \d+.*") as refused:
        autograd.compile(f)(*args)
    assert match in str(refused.value)


WRITES = [
    lambda y: operator.iadd(y, 1.0),
    lambda y: operator.iadd(y, y[0] * v[0].data),
    lambda y: operator.iadd(np.outer(y, y)[whole(C)], 1.0),
    lambda y: operator.setitem(y, 0, y[1]),
    lambda y: operator.setitem(y, y.argmax(), 1.0),
    lambda y: operator.setitem(np.maximum(y[:1], 0.0), 0, 1.0),
    lambda y: operator.setitem(y[1:], slice(None), y[:-1]),
    lambda y: operator.setitem(np.outer(y, y).T.copy().reshape(-1), 1, 7.0),
    lambda y: operator.setitem(np.expand_dims(y.sum(), 0), 0, 7.0),
    lambda y: operator.setitem(np.zeros_like(y), 0, y[0]),
    lambda y: np.clip(y, -1.0, 0.4, out=y),
    lambda y: np.cumsum(y, out=y),
    lambda y: np.mean(np.outer(y, y), axis=0, out=y),
    lambda y: np.sin(np.stack([y[2], 0.5, y[0]]), out=y),
    lambda y: np.fill_diagonal(np.outer(y, y), y[0]),
    lambda y: np.copyto(y, y * 3.0),
    lambda y: np.nan_to_num(y, copy=False),
    lambda y: np.add.at(y, [0, 0], y[:2]),
    lambda y: y.sort(),
    lambda y: y[1:].fill(y[0]),
]


@each("write", WRITES)
def test_writing_into_a_recorded_array_is_refused_with_the_line_and_a_remedy(write):
    refusal = r"writing into an array .*test_compiled_mixtures\.py, line \d+.* Make a new one"
    with pytest.raises(CompileError, match=refusal):
        autograd.compile(lambda x: write(2 * x))(numbers(C))


def test_numbers_read_one_by_one_out_of_a_computed_array_are_copied_at_once():
    def f(x):
        return sum(sum(a * b for a, b in zip(v, row)) ** 2 for row in x / 255.0)

    g = autograd.compile(f)
    for _ in range(2):
        x = numbers(5, C)
        assert_same_numbers(g(x).data, f(x).data)
    assert g.program().count("divide") == 1
    assert "item" not in g.program()


def test_all_calls_are_gone_through_as_often_for_many_computed_indices_as_for_few(monkeypatch):
    def f(xs, places):
        return sum(x * autograd.take(v, place * 3 % 4) for x, place in zip(xs, places))

    seen, live = [], Tape.live
    monkeypatch.setattr(Tape, "live", lambda *given: seen.append(1) or live(*given))
    counts = []
    for steps in (2, 50):
        seen.clear()
        xs, places = numbers(steps).tolist(), np.arange(steps)
        assert_same_numbers(autograd.compile(f)(xs, places).data, f(xs, places).data)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_elements_of_many_arrays_computed_from_floats_take_the_same_for_each():
    n = 150
    w, xs = [Value(0.1 * i) for i in range(n)], np.linspace(0, 1, n)
    g = autograd.compile(lambda rate, x: sum(((rate * i) * x)[i] * w[i] for i in range(n)))
    with calls_at_most(2_700 * n):  # a look at all arrays for each would be more than twice that
        g(0.5, xs)
    weights = np.arange(n) * xs * [v.data for v in w]
    assert g(2.0, xs).data == pytest.approx(2.0 * weights.sum(), rel=1e-12)
    assert g(2.0, xs[::-1].copy()).data == pytest.approx(
        2.0 * (np.arange(n) * xs[::-1] * [v.data for v in w]).sum(), rel=1e-12
    )


def of_a_narrow_array(x, y):
    return (autograd.exp(x * y) * x + np.where(x > 0.0, y, x) + np.hypot(x, y * y)).sum()


NARROW = {
    "the gradient by a float": lambda x: (
        autograd.grad(lambda y: of_a_narrow_array(Tensor(x), y)),
        (0.7,),
    ),
    "both gradients": lambda x: (autograd.value_and_grad(of_a_narrow_array, (0, 1)), (x, 0.7)),
    "joined, a float is none": lambda x: (
        autograd.value_and_grad(lambda y: (autograd.stack([Tensor(x[0]), y]) * y).sum() * y),
        (0.7,),
    ),
}


def arrays_in(tree):
    """The numbers of nested tuples, each as an array."""
    if isinstance(tree, tuple):
        return [x for part in tree for x in arrays_in(part)]
    return [np.asarray(tree.data if isinstance(tree, Tensor) else tree)]


@each("backend", [None, "native"])
@each("dtype", [np.float32, np.float16])
@each("name", NARROW)
def test_a_differentiated_float_takes_the_type_of_narrow_arrays(name, dtype, backend):
    if backend == "native" and os.environ.get("GLASSGRAD_CI") != "1":
        pytest.importorskip("llvmlite", reason="needs llvmlite, the extra native")
    f, args = NARROW[name](np.array([0.3, -0.2, 0.9], dtype))
    g = autograd.compile(f, backend=backend)
    for _ in range(3):
        ours = g(*args)
    for x, y in zip(arrays_in(f(*args)), arrays_in(ours), strict=True):
        assert x.dtype == y.dtype
        np.testing.assert_allclose(y, x, rtol=1e-6 if dtype == np.float32 else 1e-2)
