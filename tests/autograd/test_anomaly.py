"""detect_anomaly(): the first nan or infinity, where it was made, forward and backward."""

import re

import numpy as np
import pytest

import autograd
from autograd import AnomalyError, Tensor, Value, detect_anomaly, grad, no_grad

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

HERE = re.escape(__file__)


def leaf(x, label=""):
    return Tensor(x, requires_grad=True, label=label)


def at(source):
    """The end of a message that shows this line of this file."""
    return rf"at {HERE}, line \d+: {re.escape(source)}\.$"


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [(leaf, r"x = -1\.0"), (lambda x, label: Value(x, label=label), r"x = -1\.0")],
)
def test_forward_it_names_the_operation_the_inputs_and_the_line(kind, inputs):
    x = kind(-1.0, label="x")
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"^log: made nan from " + inputs):
        autograd.log(x)
    with detect_anomaly(), pytest.raises(AnomalyError, match=at("_ = autograd.log(x)  # here")):
        _ = autograd.log(x)  # here


@pytest.mark.parametrize("kind", [leaf, lambda x, label: Value(x, label=label)])
def test_a_nan_made_from_an_infinity_that_came_in_is_shown(kind):
    x, y = kind(np.inf, label="x"), kind(2.0, label="y")
    with detect_anomaly():
        assert (x * y).data == np.inf
        with pytest.raises(AnomalyError, match=r"^subtract: made nan from x = inf, x = inf"):
            _ = x - x


def test_a_nan_made_from_an_infinite_gradient_is_shown():
    with detect_anomaly():
        y = autograd.relu(leaf([-1.0]))
        with pytest.raises(AnomalyError, match=r"^relu: .* operand 0 made nan from \[-1\.0\]"):
            y.backward([np.inf])


def test_the_first_one_is_shown_not_what_follows_from_it():
    x = leaf([1.0, 0.0], label="x")
    with (
        detect_anomaly(),
        pytest.raises(AnomalyError, match=r"^divide: made inf from 1, x = \[1\.0"),
    ):
        _ = autograd.exp(1 / x - 1.0).sum()


def test_large_arrays_are_described_by_their_shape_and_the_number_found_is_shown():
    x = np.ones((3, 4))
    x[1, 2] = -np.inf
    with (
        detect_anomaly(),
        pytest.raises(AnomalyError, match=r"made inf from an array of shape \(3, 4\)"),
    ):
        np.exp(leaf(np.full((3, 4), 1e3)))
    with detect_anomaly():
        leaf(x) + 1.0  # was there before: made by no operation


BACKWARD = {
    "sqrt": (lambda x: np.sqrt(x).sum(), [0.0, 1.0], r"inf"),
    "power": (lambda x: (x**0.5).sum(), [0.0, 1.0], r"inf"),
    "cbrt": (lambda x: np.cbrt(x).sum(), [0.0, 1.0], r"inf"),
    "arcsin": (lambda x: np.arcsin(x).sum(), [1.0, 0.0], r"inf"),
    "arctan2": (lambda x: np.arctan2(x, 0.0 * x).sum(), [0.0, 1.0], r"nan"),
}


@pytest.mark.parametrize("name", BACKWARD)
def test_backward_it_names_the_operation_whose_derivative_was_the_first(name):
    f, x, number = BACKWARD[name]
    message = rf"^{name}: its derivative with respect to operand 0 made {number} from .*; the oper"
    with detect_anomaly():
        loss = f(leaf(x, label="x"))
        with pytest.raises(AnomalyError, match=message):
            loss.backward()


def test_backward_it_shows_the_line_that_recorded_the_operation():
    with detect_anomaly():
        root = np.sqrt(leaf([0.0, 4.0]))  # this line
        with pytest.raises(AnomalyError, match=at("root = np.sqrt(leaf([0.0, 4.0]))  # this line")):
            root.sum().backward()


def test_backward_on_values_too():
    with detect_anomaly():
        root = autograd.sqrt(Value(0.0, label="x"))  # this line
        with pytest.raises(AnomalyError, match=r"^sqrt: .*operand 0 made inf from x = 0\.0"):
            root.backward()


def test_a_graph_that_was_recorded_outside_has_no_line():
    loss = np.sqrt(leaf([0.0])).sum()
    with detect_anomaly(), pytest.raises(AnomalyError, match="record it under detect_anomaly"):
        loss.backward()


def test_no_leaf_has_a_gradient_after_an_anomaly():
    x, y = leaf([0.0]), leaf([2.0])
    with detect_anomaly():
        loss = (np.sqrt(x) * y).sum()
        with pytest.raises(AnomalyError, match="sqrt"):
            loss.backward()
    assert x.grad is y.grad is None


def test_it_looks_inside_transforms_and_through_library_code():
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"^log: made -inf"):
        grad(autograd.log)(0.0)
    import nn

    layer = nn.Linear(2, 2)
    layer.weight.data = np.full((2, 2), 1e308)
    with detect_anomaly(), pytest.raises(AnomalyError, match=at("layer(np.full((1, 2), 1e10))")):
        layer(np.full((1, 2), 1e10))


def test_outside_the_block_and_in_constants_nothing_is_checked():
    with detect_anomaly():
        pass
    assert np.isnan(np.log(leaf([-1.0])).data).all()
    np.sqrt(leaf([0.0])).sum().backward()


def test_it_works_under_no_grad_and_as_a_decorator():
    with detect_anomaly(), no_grad(), pytest.raises(AnomalyError, match=r"^log: made nan"):
        np.log(leaf([-1.0]))

    @detect_anomaly()
    def f(x):
        return np.log(x)

    with pytest.raises(AnomalyError, match=r"^log: made nan"):
        f(leaf([-1.0]))
    f(leaf([1.0]))


def test_an_overflow_of_float16_is_found():
    x = Tensor([300.0], requires_grad=True, dtype=np.float16)
    with (
        detect_anomaly(),
        pytest.raises(AnomalyError, match=r"^multiply: made inf from \[300\.0\]"),
    ):
        x * x
