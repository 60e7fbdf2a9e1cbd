"""Losses against closed forms, central differences and PyTorch's figures."""

import functools
import json
import pathlib

import numpy as np
import pytest
from numpy.testing import assert_allclose

import autograd
import nn
from autograd import ShapeError, Tensor, Value, gradcheck
from nn import functional
from tests.each import each

TORCH = json.loads((pathlib.Path(__file__).parents[1] / "oracles" / "nn_torch.json").read_text())
CASES = list(TORCH["losses"])
MODULES = {
    "mse_loss": nn.MSELoss,
    "l1_loss": nn.L1Loss,
    "smooth_l1_loss": nn.SmoothL1Loss,
    "huber_loss": nn.HuberLoss,
    "binary_cross_entropy": nn.BCELoss,
    "binary_cross_entropy_with_logits": nn.BCEWithLogitsLoss,
    "cross_entropy": nn.CrossEntropyLoss,
    "nll_loss": nn.NLLLoss,
    "kl_div": nn.KLDivLoss,
    "hinge_loss": nn.HingeLoss,
    "perceptron_loss": nn.PerceptronLoss,
}
ELEMENTWISE = [name for name in MODULES if name not in ("cross_entropy", "nll_loss", "kl_div")]

every_case = each("case", CASES)
every_loss = pytest.mark.parametrize("name", MODULES)
every_reduction = each("reduction", ["mean", "sum", "none"])


def loss_and_arrays(case):
    figures = TORCH["losses"][case]
    function = getattr(functional, case.split()[0])
    if figures["options"]:
        function = functools.partial(function, **figures["options"])
    return function, np.array(figures["prediction"]), np.array(figures["target"])


def values(array):
    return np.vectorize(Value, otypes=[object])(array)


def numbers(array):
    return np.vectorize(lambda v: v.data, otypes=[float])(array)


def gradients(array):
    return np.vectorize(lambda v: v.grad, otypes=[float])(array)


# --- figures --------------------------------------------------------------------------------------


@every_case
@every_reduction
def test_losses_and_gradients_match_pytorch(case, reduction):
    loss_of, prediction, target = loss_and_arrays(case)
    expected = TORCH["losses"][case][reduction]
    x = Tensor(prediction, requires_grad=True)
    loss = loss_of(x, target, reduction)
    loss.sum().backward()
    assert loss.shape == np.shape(expected["out"])
    assert_allclose(loss.data, expected["out"], rtol=1e-10, atol=1e-14)
    assert_allclose(x.grad, expected["grad"], rtol=1e-10, atol=1e-14)


@every_case
@every_reduction
def test_losses_and_gradients_on_values_match_pytorch(case, reduction):
    loss_of, prediction, target = loss_and_arrays(case)
    expected = TORCH["losses"][case][reduction]
    x = values(prediction)
    loss = loss_of(x, target, reduction)
    (loss.sum() if reduction == "none" else loss).backward()
    assert_allclose(numbers(loss), expected["out"], rtol=1e-10, atol=1e-14)
    assert_allclose(gradients(x), expected["grad"], rtol=1e-10, atol=1e-14)


@every_case
def test_losses_match_central_differences(case):
    loss_of, prediction, target = loss_and_arrays(case)
    prediction = np.clip(prediction, -5, 5)
    x = Tensor(prediction, requires_grad=True)
    loss_of(x, target).backward()
    h = 1e-6
    for index in np.ndindex(prediction.shape):
        bump = np.zeros_like(prediction)
        bump[index] = h
        slope = (loss_of(prediction + bump, target) - loss_of(prediction - bump, target)) / (2 * h)
        assert_allclose(x.grad[index], slope, atol=1e-7)


@every_case
@every_reduction
def test_module_and_function_agree(case, reduction):
    loss_of, prediction, target = loss_and_arrays(case)
    module = MODULES[case.split()[0]](reduction=reduction, **TORCH["losses"][case]["options"])
    assert_allclose(module(prediction, target), loss_of(prediction, target, reduction), rtol=0)


def test_examples_of_an_ignored_class_get_no_gradient_and_may_hold_anything():
    scores = np.array([[1.0, 2.0, 0.5], [np.nan, np.inf, -np.inf], [0.0, 1.0, 3.0]])
    for loss in (nn.CrossEntropyLoss(ignore_index=-100), nn.NLLLoss(ignore_index=-100)):
        shift = 0.0 if isinstance(loss, nn.CrossEntropyLoss) else -5.0
        x = Tensor(scores + shift, requires_grad=True)
        found = loss(x, np.array([2, -100, 0]))
        found.backward()
        alone = Tensor(scores[[0, 2]] + shift, requires_grad=True)
        expected = type(loss)()(alone, np.array([2, 0]))
        expected.backward()
        assert found.item() == expected.item()
        assert_allclose(x.grad, np.insert(alone.grad, 1, 0.0, axis=0))
        assert found.dtype == x.dtype
    single = nn.CrossEntropyLoss(ignore_index=1, reduction="none")
    losses = single(Tensor(scores.astype(np.float32)), [2, 1, 1])
    assert (losses.dtype, losses.data.tolist()[1:]) == (np.float32, [0.0, 0.0])


@each("reduction", ["mean", "sum", "none"])
def test_compiled_an_ignored_class_is_left_out_at_each_call(reduction):
    loss = nn.CrossEntropyLoss(ignore_index=1, reduction=reduction)
    compiled = autograd.compile(loss)
    for classes in ([0, 1, 2, 1], [1, 2, 0, 0], [0, 0, 2, 2], [1, 1, 0, 1]):
        ours, theirs = [
            Tensor(np.arange(12.0).reshape(4, 3) ** 0.5, requires_grad=True) for _ in "ab"
        ]
        found, expected = compiled(ours, np.array(classes)), loss(theirs, np.array(classes))
        assert_allclose(found.data, expected.data, rtol=1e-12)
        found.sum().backward()
        expected.sum().backward()
        assert_allclose(ours.grad, theirs.grad, rtol=1e-12, atol=1e-15)


def test_weights_and_ignored_classes_that_make_no_sense_are_refused():
    scores, classes = np.zeros((2, 3)), np.array([1, 1])
    with pytest.raises(ValueError, match="every example is of the class to be ignored, 1"):
        functional.cross_entropy(scores, classes, ignore_index=1)
    with pytest.raises(ValueError, match=r"\[0, 3\), but got -100\. Pass ignore_index=-100 to"):
        functional.cross_entropy(scores, [1, -100])
    with pytest.raises(ValueError, match=r"needs every class in \[0, 3\), but got 7"):
        functional.cross_entropy(scores, [1, 7], ignore_index=1)
    with pytest.raises(
        TypeError, match=r"cross_entropy: ignore_index must be an int, but got 1\.0"
    ):
        functional.cross_entropy(scores, classes, ignore_index=1.0)
    with pytest.raises(
        ShapeError, match=r"with ignore_index needs scores .* \(2, 3\) and \(2, 3\)"
    ):
        functional.cross_entropy(scores, np.eye(3)[:2], ignore_index=1)
    with pytest.raises(ValueError, match="nll_loss: every class in this batch has weight 0"):
        functional.nll_loss(scores, classes, weight=[1.0, 0.0, 1.0])
    logits = "binary_cross_entropy_with_logits"
    with pytest.raises(ValueError, match=rf"{logits}: needs every pos_weight >= 0, but got -1"):
        functional.binary_cross_entropy_with_logits(scores, scores, pos_weight=-1.0)
    with pytest.raises(ShapeError, match=rf"{logits}: needs pos_weight .* \(3,\), but got \(2,\)"):
        functional.binary_cross_entropy_with_logits(scores, scores, pos_weight=[1.0, 2.0])


def test_weights_of_classes_are_differentiated_too():
    rng = np.random.default_rng(3)
    scores, classes, bits = rng.normal(size=(4, 3)), np.array([2, 0, 0, 1]), np.eye(3)[[0, 1, 1, 2]]
    losses = [
        lambda w, how: functional.cross_entropy(scores, classes, how, weight=w),
        lambda w, how: functional.cross_entropy(scores, bits, how, weight=w, label_smoothing=0.1),
        lambda w, how: functional.cross_entropy(scores, classes, how, weight=w, ignore_index=0),
        lambda w, how: functional.nll_loss(-abs(scores), classes, how, weight=w),
        lambda w, how: functional.binary_cross_entropy_with_logits(scores, bits, how, pos_weight=w),
    ]
    for loss in losses:
        for how in ("mean", "sum"):
            assert gradcheck(lambda w, loss=loss, how=how: loss(w, how), rng.uniform(0.5, 2, 3))
    assert gradcheck(lambda w: losses[-1](w, "mean"), np.array(2.0))


WEIGHTED = {
    "cross_entropy": ("weight", [0, 1]),
    "nll_loss": ("weight", [0, 1]),
    "binary_cross_entropy_with_logits": ("pos_weight", np.eye(2)),
}


@each("name", WEIGHTED)
def test_a_loss_and_its_function_say_the_same_of_weights(name):
    option, target = WEIGHTED[name]
    scores = Tensor([[-1.0, -2.0], [-0.5, -1.5]], requires_grad=True)
    ways = [
        lambda w: getattr(functional, name)(scores, target, **{option: w}),
        lambda w: MODULES[name](**{option: w})(scores, target),
    ]
    for way in ways:
        weight = Tensor([2.0, 1.0], requires_grad=True)
        way(weight).backward()
        assert weight.grad.all()
        for refused in ([Value(1.0), Value(2.0)], np.array([1.0, 2j])):
            with pytest.raises(TypeError, match="needs an array of real numbers"):
                way(refused)


def test_a_balancing_pos_weight_is_a_class_counted_again():
    z, y = np.array([-1.0, 0.5, 2.0, -0.25]), np.array([0.0, 0.0, 0.0, 1.0])
    weighted = functional.binary_cross_entropy_with_logits(z, y, "sum", pos_weight=3.0)
    again = functional.binary_cross_entropy_with_logits(
        np.append(z, [z[3], z[3]]), np.append(y, [1.0, 1.0]), "sum"
    )
    assert_allclose(weighted, again, rtol=1e-14)


def test_the_formulas_on_one_example():
    p, y = 0.8, 1.0
    assert functional.mse_loss(p, y) == pytest.approx(0.04)
    assert functional.l1_loss(p, y) == pytest.approx(0.2)
    assert functional.binary_cross_entropy(p, y) == pytest.approx(-np.log(0.8))
    assert functional.binary_cross_entropy(p, 0.0) == pytest.approx(-np.log(0.2))
    logit = np.log(0.8 / 0.2)
    assert functional.binary_cross_entropy_with_logits(logit, y) == pytest.approx(-np.log(0.8))
    assert functional.hinge_loss(0.25, 1) == 0.75
    assert functional.hinge_loss(0.25, -1) == 1.25
    assert functional.perceptron_loss(0.25, 1) == 0
    assert functional.perceptron_loss(0.25, -1) == 0.25
    scores = [1.0, 2.0, 3.0]
    expected = np.log(np.exp(scores).sum()) - 2.0
    assert functional.cross_entropy(scores, 1) == pytest.approx(expected)
    assert functional.cross_entropy(scores, [0, 1, 0]) == pytest.approx(expected)


class OfAnotherLibrary:
    """Holds numbers as PyTorch's tensors do, and speaks none of NumPy's protocols."""

    dtype = "another library's float64"

    def __init__(self, numbers):
        self.numbers = np.array(numbers)
        self.shape = self.numbers.shape

    def __array__(self, dtype=None, copy=None):
        return self.numbers


@each("case", [case for case in CASES if "ignore" not in case])
def test_targets_may_come_from_a_library_that_numpy_can_read(case):
    loss, prediction, target = loss_and_arrays(case)
    found = loss(Tensor(prediction), OfAnotherLibrary(target))
    assert found.item() == loss(Tensor(prediction), target).item()


def test_a_transform_says_what_to_do_with_such_an_argument():
    with pytest.raises(TypeError, match=r"grad: needs arguments of floats .*np\.asarray of it"):
        autograd.grad(lambda x: (x * x).sum())(OfAnotherLibrary([1.0, 2.0]))


def test_a_single_value_is_a_prediction():
    for name in ELEMENTWISE:
        x = Value(0.25)
        loss = getattr(functional, name)(x, 1)
        loss.backward()
        tensor = Tensor(0.25, requires_grad=True)
        same = getattr(functional, name)(tensor, 1)
        same.backward()
        assert loss.data == pytest.approx(same.item(), rel=1e-14)
        assert x.grad == pytest.approx(float(tensor.grad), rel=1e-14)


def test_a_list_of_values_is_a_prediction():
    scores = [Value(0.5), Value(-2.0)]
    loss = nn.HingeLoss()(scores, np.array([1, -1]))
    loss.backward()
    assert (loss.data, scores[0].grad, scores[1].grad) == (0.25, -0.5, 0.0)


# --- the far ends ---------------------------------------------------------------------------------


def test_bce_of_a_wrong_certainty_is_100_and_of_a_right_one_0():
    p = Tensor([0.0, 1.0, 0.0, 1.0], requires_grad=True)
    loss = functional.binary_cross_entropy(p, [1, 0, 0, 1], "none")
    loss.sum().backward()
    assert_allclose(loss.data, [100, 100, 0, 0], rtol=1e-14)
    assert not np.signbit(loss.data).any()
    assert_allclose(p.grad, [0, 0, 1, -1], atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_bce_and_its_gradient_are_finite_in_every_dtype(dtype):
    p = Tensor(np.array([0, 1, 0, 1, 0.5], dtype), requires_grad=True)
    functional.binary_cross_entropy(p, [1, 0, 0, 1, 1], "sum").backward()
    assert p.grad.dtype == dtype
    assert p.grad.tolist() == [0, 0, 1, -1, -2]


@pytest.mark.parametrize("kind", [Tensor, values])
@pytest.mark.parametrize("size", [1e4, 1e8, 1e300])
def test_losses_on_logits_do_not_overflow(kind, size):
    logits = kind(np.array([size, -size]))
    bce = functional.binary_cross_entropy_with_logits(logits, [1, 1], "none")
    assert [loss.item() for loss in bce] == [0.0, size]
    two = kind(np.array([[size, -size], [size, -size]]))
    ce = functional.cross_entropy(two, [0, 1], "none")
    assert [loss.item() for loss in ce] == [0.0, 2 * size]


def test_bce_with_logits_keeps_small_losses():
    loss = functional.binary_cross_entropy_with_logits(np.array([40.0, -40.0]), [1, 0], "none")
    assert_allclose(loss, [np.exp(-40.0)] * 2, rtol=1e-15)


def test_the_gradient_of_cross_entropy_is_prediction_minus_target():
    z = Tensor([0.3, -1.2, 2.0], requires_grad=True)
    y = np.array([1.0, 0.0, 0.0])
    functional.binary_cross_entropy_with_logits(z, y, "sum").backward()
    assert_allclose(z.grad, 1 / (1 + np.exp(-z.data)) - y, rtol=1e-13)
    s = Tensor([[0.3, -1.2, 2.0]], requires_grad=True)
    functional.cross_entropy(s, [0]).backward()
    assert_allclose(s.grad[0], np.exp(s.data[0]) / np.exp(s.data[0]).sum() - y, rtol=1e-13)


def test_gradients_at_the_kinks_are_the_ones_stated():
    s = Tensor([1.0, 0.0], requires_grad=True)
    functional.hinge_loss(s, [1, 1], "sum").backward()
    assert s.grad.tolist() == [0.0, -1.0]
    s.zero_grad()
    functional.perceptron_loss(s, [1, 1], "sum").backward()
    assert s.grad.tolist() == [0.0, 0.0]
    s.zero_grad()
    functional.l1_loss(s, [1.0, 1.0], "sum").backward()
    assert s.grad.tolist() == [0.0, -1.0]


# --- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_column_against_a_row_is_refused(name):
    column, row = Tensor(np.full((3, 1), 0.5)), np.ones(3)
    text = rf"{name}: needs .* one shape, but got \(3, 1\) and \(3,\)\. Reshape .*\(\(3,\)\)"
    with pytest.raises(ShapeError, match=text):
        MODULES[name]()(column, row)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_another_count_of_targets_is_refused(name):
    with pytest.raises(ShapeError, match=rf"{name}: needs .* but got \(3,\) and \(2,\)\.$"):
        MODULES[name]()(np.full(3, 0.5), np.ones(2))


@every_loss
def test_an_unknown_reduction_is_refused(name):
    with pytest.raises(ValueError, match=r"Loss: reduction must be .* but got 'avg'"):
        MODULES[name](reduction="avg")
    _, prediction, target = loss_and_arrays(name)
    with pytest.raises(ValueError, match=rf"{name}: reduction must be .* but got 'avg'"):
        getattr(functional, name)(prediction, target, "avg")


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_an_empty_batch_is_refused(name):
    with pytest.raises(ValueError, match=f"{name}: needs at least one example, but got none"):
        getattr(functional, name)(np.zeros(0), np.zeros(0))


@pytest.mark.parametrize("p", [-0.1, 1.1, np.nan])
def test_bce_refuses_what_is_no_probability(p):
    with pytest.raises(ValueError, match=r"every probability in \[0, 1\], but got .*with_logits"):
        functional.binary_cross_entropy(Tensor([0.5, p]), [0, 1])
    for loss_of in (
        functional.binary_cross_entropy,
        functional.binary_cross_entropy_with_logits,
    ):
        with pytest.raises(ValueError, match=r"every target in \[0, 1\], but got .*\(y \+ 1\) / 2"):
            loss_of(Tensor([0.5, 0.5]), [0, p])


@pytest.mark.parametrize("loss_of", [functional.hinge_loss, functional.perceptron_loss])
def test_margin_losses_refuse_labels_0_and_1(loss_of):
    with pytest.raises(ValueError, match=r"to be -1 or \+1, but got 0\.0\. .*pass 2 \* y - 1"):
        loss_of(Tensor([0.5, 0.5]), [0, 1])


@pytest.mark.parametrize("loss_of", [functional.cross_entropy, functional.nll_loss])
@pytest.mark.parametrize("kind", [Tensor, values])
@pytest.mark.parametrize("label", [-1, 3])
def test_a_class_out_of_range_is_refused_not_wrapped(loss_of, kind, label):
    with pytest.raises(ValueError, match=rf"needs every class in \[0, 3\), but got {label}"):
        loss_of(kind(np.zeros((2, 3))), [0, label])


def test_classes_of_another_shape_or_kind_are_refused():
    logits = Tensor(np.zeros((2, 3)))
    with pytest.raises(ShapeError, match=r"\(2, 3\) needs classes of shape \(2,\), but got \(3,\)"):
        functional.cross_entropy(logits, [0, 1, 2])
    with pytest.raises(ShapeError, match=r"needs classes of shape \(2,\), but got \(2, 1\)"):
        functional.cross_entropy(logits, [[0], [1]])
    with pytest.raises(TypeError, match=r"whole numbers, but got dtype float64.*astype\(int\)"):
        functional.cross_entropy(logits, [0.0, 1.0])
    with pytest.raises(TypeError, match=r"dtype <U3\. Number them: names, y = np\.unique"):
        functional.cross_entropy(logits, ["cat", "dog"])
    with pytest.raises(ValueError, match=r"got 3\. Pass y - 1 if yours are counted from 1"):
        functional.cross_entropy(logits, [2, 3])
    with pytest.raises(ValueError, match=r"\[0, 1\), but got 1\. For one score per example there"):
        functional.cross_entropy(logits[:, :1], [0, 1])
    scores = Tensor(np.zeros((2, 3)), requires_grad=True)
    with pytest.raises(ShapeError, match=r"Pass the scores first, then the classes"):
        functional.cross_entropy(np.array([0, 1]), scores)
    with pytest.raises(ShapeError, match=r"needs classes of shape \(2,\), but got None\.$"):
        functional.cross_entropy(logits, None)
    with pytest.raises(ShapeError, match=r"needs scores of shape .* but got a Linear\.$"):
        functional.cross_entropy(nn.Linear(2, 3), [0, 1])
    with pytest.raises(ShapeError, match=r"needs scores of shape \(N, C\), .* but got \(\)"):
        functional.cross_entropy(Tensor(1.0), 0)
    with pytest.raises(
        ShapeError, match=r"\(2, 3, 4\), with the 3 classes .* of shape \(2, 4\), but got \(2, 3\)"
    ):
        functional.cross_entropy(np.zeros((2, 3, 4)), np.zeros((2, 3), int))


def test_rows_that_are_no_probabilities_are_refused():
    with pytest.raises(ValueError, match=r"with sum 1 in every row, but got 2\.$"):
        functional.cross_entropy(Tensor([[0.0, 0.0]]), [[1, 1]])
    with pytest.raises(
        ValueError, match=r"every probability in \[0, 1\], but got 2.*whole numbers"
    ):
        functional.cross_entropy(Tensor([[0.0, 0.0]]), [[2, -1]])


def test_log_probabilities_above_zero_are_refused_as_scores_or_probabilities():
    probabilities = np.array([[0.25, 0.75]])
    with pytest.raises(
        ValueError, match=r"nll_loss: needs log-probabilities.* but got 0\.75\. log"
    ):
        functional.nll_loss(Tensor(probabilities), [0])
    with pytest.raises(ValueError, match=r"kl_div: needs log-probabilities.* but got 0\.75\. log"):
        functional.kl_div(Tensor(probabilities), probabilities)


def test_kl_div_refuses_what_is_no_distribution():
    log_q = Tensor(np.log([[0.5, 0.5]]))
    with pytest.raises(ValueError, match=r"kl_div: needs probabilities with sum 1 in every row"):
        functional.kl_div(log_q, [[0.5, 0.2]])
    with pytest.raises(
        ValueError, match=r"kl_div: needs every probability in \[0, 1\], but got 2\.0\. softmax"
    ):
        functional.kl_div(log_q, [[2.0, -1.0]])
    with pytest.raises(
        ShapeError, match=r"kl_div: needs .* one shape, but got \(1, 2\) and \(2,\)"
    ):
        functional.kl_div(log_q, [0.5, 0.5])
    with pytest.raises(ShapeError, match=r"kl_div: needs scores of shape .* but got \(\)"):
        functional.kl_div(Tensor(-1.0), 1.0)


def test_kl_div_is_cross_entropy_less_entropy_and_zero_for_the_target_itself():
    p, scores = np.array([[0.2, 0.8, 0.0]]), Tensor([[0.3, -1.0, 2.0]])
    entropy = -(0.2 * np.log(0.2) + 0.8 * np.log(0.8))
    kl = functional.kl_div(functional.log_softmax(scores), p)
    assert kl.item() == pytest.approx(functional.cross_entropy(scores, p).item() - entropy)
    even = np.full((1, 4), 0.25)
    assert functional.kl_div(np.log(even), even) == 0


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"weight": [1.0]}, ShapeError, r"needs weight of shape \(2,\), but got \(1,\)"),
        ({"weight": [1.0, -2.0]}, ValueError, r"needs every weight >= 0, but got -2\.0"),
        ({"weight": [0.0, 1.0]}, ValueError, r"every class in this batch has weight 0"),
        (
            {"label_smoothing": 1.5},
            ValueError,
            r"label_smoothing must be in \[0, 1\], but got 1\.5",
        ),
        ({"label_smoothing": -0.1}, ValueError, r"label_smoothing must be in \[0, 1\], but got -0"),
    ],
)
def test_cross_entropy_refuses_impossible_options(options, error, text):
    with pytest.raises(error, match=f"cross_entropy: {text}"):
        functional.cross_entropy(Tensor([[0.0, 1.0]]), [0], **options)


@pytest.mark.parametrize("loss_of", [functional.cross_entropy, functional.nll_loss])
def test_an_empty_batch_of_classes_is_refused(loss_of):
    with pytest.raises(ValueError, match="needs at least one example, but got none"):
        loss_of(np.zeros((0, 3)), np.zeros(0, int))


@pytest.mark.parametrize("width", [0, -1.0, np.nan])
def test_the_width_of_the_parabola_is_positive(width):
    with pytest.raises(ValueError, match=r"smooth_l1_loss: beta must be > 0, but got"):
        functional.smooth_l1_loss([1.0], [0.0], beta=width)
    with pytest.raises(ValueError, match=r"huber_loss: delta must be > 0, but got"):
        nn.HuberLoss(delta=width)([1.0], [0.0])


def test_rows_of_different_length_are_refused():
    with pytest.raises(ShapeError, match=r"cross_entropy: needs rows of one length"):
        functional.cross_entropy([[1.0, 2.0], [3.0]], [0, 1])


@each("dtype", [np.float32, np.float64])
@every_case
def test_losses_stay_finite_far_out_in_either_dtype(case, dtype):
    loss_of, prediction, target = loss_and_arrays(case)
    name = case.split()[0]
    if name == "binary_cross_entropy":
        prediction = (prediction > 0.5).astype(float)
    elif name in ("nll_loss", "kl_div"):
        prediction = np.where(prediction < -1, -1e4, prediction)
    else:
        prediction = np.sign(prediction) * 1e4
    x = Tensor(prediction, requires_grad=True, dtype=dtype)
    loss = loss_of(x, target.astype(dtype) if target.dtype.kind == "f" else target)
    loss.backward()
    assert np.isfinite(loss.item())
    assert np.isfinite(x.grad).all()
    assert x.grad.dtype == dtype


def test_cross_entropy_of_classes_is_two_nodes():
    logits = Tensor(np.zeros((4, 3)), requires_grad=True)
    loss = functional.cross_entropy(logits, [0, 1, 2, 0])
    assert [loss._op, loss.parents[0]._op, loss.parents[0].parents] == ["mean", "CE", (logits,)]


def test_the_target_may_be_learnt_too():
    target = Tensor([[0.25, 0.75]], requires_grad=True)
    functional.cross_entropy([[0.0, np.log(3.0)]], target).backward()
    assert_allclose(target.grad, [[np.log(4), np.log(4) - np.log(3)]], rtol=1e-14)


@pytest.mark.parametrize("width", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("kind", [float, np.array])
def test_the_parabola_of_huber_keeps_its_curvature_where_the_error_is_zero(kind, width):
    for d, curvature in [(0.0, 1.0), (-0.0, 1.0), (0.4, 1.0), (-0.4, 1.0), (2.5, 0.0), (-2.5, 0.0)]:
        huber = lambda x: functional.huber_loss(x, kind(0.0), "sum", delta=width)  # noqa: E731
        smooth = lambda x: functional.smooth_l1_loss(x, kind(0.0), "sum", beta=width)  # noqa: E731
        assert autograd.hessian(huber)(kind(d)) == curvature
        assert autograd.hessian(smooth)(kind(d)) == curvature / width
