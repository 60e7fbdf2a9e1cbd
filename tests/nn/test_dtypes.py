"""Every loss and activation in float16, float32 and float64, and where scores are infinite."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import autograd
from autograd import Tensor, Value
from nn import functional as F
from nn.functional import activations
from tests.each import each

LOSSES = {
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "cross_entropy", "nll_loss", "kl_div", "hinge_loss",
    "perceptron_loss",
}  # fmt: skip
ACTIVATIONS = sorted(activations.__all__)
DTYPES = ["float16", "float32", "float64"]
INF = np.inf

SCORES = np.array([[0.5, -1.0, 2.0], [0.25, 3.0, -0.5]])
PROBABILITIES = np.array([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]])
CLASSES = np.array([2, 0])
SIGNS = np.array([[1, -1, 1], [-1, -1, 1]])

# Of each loss the predictions, the targets (as whole numbers where it takes them), its options.
CASES = {
    "mse_loss": [(SCORES, SIGNS, {})],
    "l1_loss": [(SCORES, SIGNS, {})],
    "smooth_l1_loss": [(SCORES, SIGNS, {}), (SCORES, SIGNS, {"beta": 0.5})],
    "huber_loss": [(SCORES, SIGNS, {}), (SCORES, SIGNS, {"delta": 0.5})],
    "binary_cross_entropy": [(PROBABILITIES, SIGNS > 0, {}), (PROBABILITIES, PROBABILITIES, {})],
    "binary_cross_entropy_with_logits": [(SCORES, (SIGNS > 0) * 1, {})],
    "cross_entropy": [
        (SCORES, target, options)
        for target in (CLASSES, PROBABILITIES)
        for options in (
            {},
            {"weight": [1, 2, 3]},
            {"label_smoothing": 0.1},
            {"label_smoothing": 0.25, "weight": np.array([0.5, 0.0, 2.0])},
        )
    ],
    "nll_loss": [(np.log(PROBABILITIES), CLASSES, {})],
    "kl_div": [(np.log(PROBABILITIES), np.abs(PROBABILITIES[::-1]), {})],
    "hinge_loss": [(SCORES, SIGNS, {})],
    "perceptron_loss": [(SCORES, SIGNS, {})],
}
every_loss = each(("name", "case"), [(name, i) for name in CASES for i in range(len(CASES[name]))])


def test_every_loss_and_activation_is_tried():
    assert set(CASES) == LOSSES
    assert set(F.__all__) >= LOSSES


@each("dtype", DTYPES)
@each("name", ACTIVATIONS)
def test_an_activation_keeps_the_dtype_of_what_it_is_called_with(name, dtype):
    x, exact = (Tensor(SCORES, dtype=d, requires_grad=True) for d in (dtype, "float64"))
    out, expected = (getattr(F, name)(t) for t in (x, exact))
    for result, operand in ((out, x), (expected, exact)):
        (result * SCORES.astype(operand.dtype)).sum().backward()
    tolerance = 8 * np.finfo(dtype).eps
    assert (out.dtype, x.grad.dtype) == (dtype, dtype)
    assert_allclose(out.data, expected.data, rtol=tolerance, atol=tolerance)
    assert_allclose(x.grad, exact.grad, rtol=tolerance, atol=tolerance)
    assert np.asarray(getattr(F, name)(SCORES.astype(dtype))).dtype == dtype  # without a graph


@each("form", ["list", "array", "Tensor"])
@each("reduction", ["mean", "sum", "none"])
@each("dtype", DTYPES)
@every_loss
def test_a_loss_keeps_the_dtype_of_the_predictions(name, case, dtype, reduction, form):
    prediction, target, options = CASES[name][case]
    given = {"list": target.tolist(), "array": target, "Tensor": Tensor(target)}[form]
    x, exact = (Tensor(prediction, dtype=d, requires_grad=True) for d in (dtype, "float64"))
    loss = getattr(F, name)(x, given, reduction, **options)
    expected = getattr(F, name)(exact, target, reduction, **options)
    loss.sum().backward()
    expected.sum().backward()
    tolerance = 8 * np.finfo(dtype).eps
    without_graph = getattr(F, name)(prediction.astype(dtype), given, reduction, **options)
    assert (loss.dtype, x.grad.dtype, without_graph.dtype) == (dtype, dtype, dtype)
    assert_allclose(loss.data, expected.data, rtol=tolerance, atol=tolerance)
    assert_allclose(x.grad, exact.grad, rtol=tolerance, atol=tolerance)


def test_the_mean_of_many_float16_losses_is_finite():
    n = 40_000
    scores = Tensor(np.tile([4.0, 0.0], (n, 1)), dtype="float16", requires_grad=True)
    for options in ({}, {"weight": [1.0, 3.0]}):
        loss = F.cross_entropy(scores, np.ones(n, int), **options)
        assert_allclose(loss.item(), np.log1p(np.exp(4.0)), rtol=1e-2)


# --- impossible classes ---------------------------------------------------------------------------

SHAPED = {
    "classes": lambda y: y,
    "one-hot rows": lambda y: np.eye(3)[y],
}
OPTIONS = [{}, {"weight": [1.0, 1.0, 1.0]}, {"weight": [2.0, 0.5, 0.0]}]


@each("dtype", DTYPES)
@each("options", OPTIONS, ids=str)
@each("target", SHAPED)
def test_a_wrong_class_of_score_minus_infinity_costs_nothing(target, options, dtype):
    x = Tensor([[0.0, 0.0, -INF], [-INF, 1.0, -INF]], dtype=dtype, requires_grad=True)
    losses = F.cross_entropy(x, SHAPED[target](np.array([0, 1])), "none", **options)
    losses.sum().backward()
    w = np.array(options.get("weight", [1.0] * 3))
    assert_allclose(losses.data, [w[0] * np.log(2.0), 0.0], rtol=1e-3, atol=1e-7)
    assert_allclose(x.grad, [[-0.5 * w[0], 0.5 * w[0], 0.0], [0.0] * 3], rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("target", SHAPED)
def test_a_wrong_class_of_score_minus_infinity_costs_nothing_on_values_and_numbers(target, options):
    scores = [[Value(0.0), Value(0.0), Value(-INF)]]
    loss = F.cross_entropy(scores, SHAPED[target](np.array([0])), "sum", **options)
    loss.backward()
    w = options.get("weight", [1.0])[0]
    assert_allclose([loss.data, *(v.grad for v in scores[0])], [w * np.log(2), -w / 2, w / 2, 0])
    plain = F.cross_entropy([[0.0, 0.0, -INF]], SHAPED[target](np.array([0])), "sum", **options)
    assert_allclose(plain, w * np.log(2))


def test_smoothing_spreads_the_target_to_impossible_classes_unless_they_count_nothing():
    scores = [[0.0, 0.0, -INF]]
    assert F.cross_entropy(scores, [0], label_smoothing=0.1) == INF
    free = F.cross_entropy(scores, [0], label_smoothing=0.1, weight=[1.0, 1.0, 0.0])
    assert_allclose(free, (0.9 + 0.2 / 3) * np.log(2.0))


@pytest.mark.filterwarnings("ignore:overflow")  # of 6e4 - (-6e4) in float16
@pytest.mark.parametrize("options", [{}, {"weight": [1.0, 1.0]}, {"weight": [3.0, 0.0]}], ids=str)
def test_scores_as_far_apart_as_float16_goes_give_no_nan(options):
    x = Tensor([[6e4, -6e4]], dtype="float16", requires_grad=True)
    loss = F.cross_entropy(x, [0], **options)
    loss.backward()
    assert loss.item() == 0.0
    assert_array_equal(x.grad, [[0.0, 0.0]])


def test_a_learnt_target_has_its_derivative():
    target = Tensor([[0.25, 0.75]], requires_grad=True)
    F.cross_entropy(Tensor([[0.0, 0.0]]), target).backward()
    assert_allclose(target.grad, [[np.log(2.0)] * 2])
    assert autograd.grad(lambda t: F.cross_entropy(np.zeros((1, 2)), t))(np.eye(2)[:1]).shape == (
        1,
        2,
    )


SMALL = {
    "sigmoid": autograd.sigmoid,
    "softplus": autograd.softplus,
    "erf": autograd.erf,
    "silu": F.silu,
    "softmax": F.softmax,
    "log_softmax": F.log_softmax,
    "safe_softmax": autograd.safe_softmax,
    "logsumexp": autograd.logsumexp,
    "euclidean_norm": autograd.euclidean_norm,
    "sigmoid_cross_entropy": lambda x: autograd.sigmoid_cross_entropy(x, x[::-1]),
    "binary_cross_entropy": lambda x: autograd.binary_cross_entropy(x > 2, x > 5),
    "cross_entropy": lambda x: F.cross_entropy(x, 1),
    "mse_loss": lambda x: F.mse_loss(x, x[::-1]),
    "l1_loss": lambda x: F.l1_loss(x, x[::-1]),
    "huber_loss": lambda x: F.huber_loss(x, x[::-1]),
    "smooth_l1_loss": lambda x: F.smooth_l1_loss(x, x[::-1]),
    "rms_norm": lambda x: F.rms_norm(x, 4),
    "avg_pool1d": lambda x: F.avg_pool1d(x[None], 2),
    "adaptive_avg_pool1d": lambda x: F.adaptive_avg_pool1d(x[None], 2),
    "exp": autograd.exp,
    "sin": lambda x: autograd.sin(Tensor(x)).data,
    "hypot": lambda x: autograd.hypot(x, x[::-1]),
    "trapezoid": autograd.trapezoid,
    "places of trapezoid": lambda x: autograd.trapezoid(np.ones(4), x),
}


@each("function", SMALL.values(), ids=SMALL)
@each("dtype", [np.uint8, np.int8, bool])
def test_small_integers_do_not_wrap_around_inside_a_function(function, dtype):
    x = np.array([1, 100, 3, 120]).astype(dtype)
    found, expected = function(x), function(x.astype(float))
    assert found.dtype == float
    assert_allclose(found, expected, rtol=1e-14)


HOW = {"stride": (1,), "padding": ((0, 0),), "dilation": (1,)}
PRODUCTS = {
    "matmul": lambda x: autograd.matmul(x, x),
    "of Tensors": lambda x: (Tensor(x) @ Tensor(x)).data,
    "of vectors": lambda x: autograd.matmul(x[0], x[0]),
    "einsum": lambda x: autograd.einsum("ij,jk->ik", x, x),
    "autograd.linear": lambda x: autograd.linear(x, x, x[0]),
    "linear": lambda x: F.linear(x, x),
    "conv1d": lambda x: F.conv1d(x[None], x[None]),
    "conv_transpose1d": lambda x: F.conv_transpose1d(x[None], x[:, None]),
    "kernel_correlation": lambda x: autograd.kernel_correlation(x[None], x[None, :, :1], **HOW),
    "matrix_power": lambda x: autograd.matrix_power(x, 3),
}


@each("function", PRODUCTS.values(), ids=PRODUCTS)
@each("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.int32])
def test_products_of_small_integers_are_added_up_as_numpy_adds_up_such_numbers(function, dtype):
    x = np.array([[100, 3], [120, 127]]).astype(dtype)
    found = function(x)
    assert found.dtype == x.sum().dtype
    assert_array_equal(found, function(x.astype(float)))


BESIDE = [op for op in autograd.RULEBOOK.values() if getattr(op, "partials", ()) and op.arity == 2]


@each("op", BESIDE, ids=[op.name for op in BESIDE])
@each("dtype", [np.uint8, np.int8, bool])
@each("place", [0, 1])
def test_derivatives_beside_small_integers_are_those_beside_floats(op, dtype, place):
    n, x = np.array([0, 1, 3, 100, 120]).astype(dtype), np.array([0.3, 1.7, 2.5, 0.5, -0.5])

    def gradient(constant):
        t = Tensor(x, requires_grad=True)
        op(*((t, constant) if place == 0 else (constant, t))).sum().backward()
        return t.grad

    with np.errstate(all="ignore"):
        assert_allclose(gradient(n), gradient(n.astype(float)), rtol=1e-14)


@each("size", [15, 16])
def test_the_mean_of_a_window_is_finite_in_float16_where_its_sum_is_not(size):
    x = np.full((1, size, size), 30_000, np.float16)
    found = F.adaptive_avg_pool2d(Tensor(x), 2)
    assert (found.dtype, found.data.tolist()) == (np.float16, [[[30_000] * 2] * 2])


def test_a_convolution_counts_where_masks_meet():
    x = np.ones((1, 1, 3), bool)
    assert F.conv1d(x, x).tolist() == [[[3]]]
    assert F.conv_transpose1d(x, x).tolist() == [[[1, 2, 3, 2, 1]]]


NARROW = {
    "nanvar": autograd.nanvar,
    "nanstd": autograd.nanstd,
    "var": lambda x: autograd.var(x, where=x > 2),
    "weights of classes": lambda x: F.cross_entropy(x, 1, weight=Tensor(x, requires_grad=True)),
    "weights and an ignored class": lambda x: F.cross_entropy(
        Tensor(x[None]), [1], weight=Tensor(x, requires_grad=True), ignore_index=0
    ),
    "the gradient of a choice": lambda x: autograd.where_else.pullback(
        0, x, None, (x, x), {"condition": x > 2}
    ),
}


@each("function", NARROW.values(), ids=NARROW)
def test_float32_stays_float32(function):
    assert function(np.float32([1.0, 2.0, 4.0])).dtype == np.float32


def test_parts_of_several_types_are_put_together_in_one_that_holds_them_all():
    parts = [np.array([1, 2]), np.array(0.5)]
    found = autograd.scatter_add(parts, indices=[[0, 1], 1], shape=(2,))
    assert found.tolist() == [1.0, 2.5]


@each("function", [autograd.sigmoid_cross_entropy, autograd.binary_cross_entropy])
@each("labels", [np.uint8, bool])
def test_float32_stays_float32_beside_labels_of_small_integers(function, labels):
    p = np.float32([0.5, 0.25])
    found, expected = (function(Tensor(p), np.array([1, 0], kind)) for kind in (labels, "float32"))
    assert found.dtype == np.float32
    assert_array_equal(found.data, expected.data)
