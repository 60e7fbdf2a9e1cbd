"""What parameters start as: the laws they are drawn from, and that a seed repeats them."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import nn
from autograd import ShapeError, Value
from nn import Parameter, init

N = 200


def weight(*shape):
    return Parameter(np.zeros(shape or (N, 2 * N)))


@pytest.mark.parametrize(
    ("fill", "std", "even"),
    [
        (lambda p, rng: init.uniform_(p, -0.3, 0.3, rng=rng), 0.3 / np.sqrt(3), True),
        (lambda p, rng: init.normal_(p, std=0.02, rng=rng), 0.02, False),
        (lambda p, rng: init.xavier_uniform_(p, rng=rng), np.sqrt(2 / (3 * N)), True),
        (lambda p, rng: init.xavier_normal_(p, 5 / 3, rng=rng), 5 / 3 * np.sqrt(2 / 600), False),
        (lambda p, rng: init.he_uniform_(p, rng=rng), np.sqrt(2 / (2 * N)), True),
        (lambda p, rng: init.he_normal_(p, rng=rng), np.sqrt(2 / (2 * N)), False),
    ],
    ids=["uniform", "normal", "xavier uniform", "xavier normal", "he uniform", "he normal"],
)
def test_numbers_follow_the_law_they_are_named_after(fill, std, even):
    p = weight()
    assert fill(p, np.random.default_rng(0)) is p
    x = p.data.ravel() / std
    error = 1 / np.sqrt(x.size)
    assert abs(x.mean()) < 4 * error
    assert abs((x**2).mean() - 1) < 4 * np.sqrt(2) * error
    assert (abs(x).max() <= np.sqrt(3)) == even
    kurtosis = 9 / 5 if even else 3
    assert abs((x**4).mean() - kurtosis) < 4 * np.sqrt(96) * error
    first = p.data.copy()
    assert_array_equal(fill(weight(), np.random.default_rng(0)).data, first)


def test_ends_and_middle_are_those_given():
    rng = np.random.default_rng(0)
    x = init.uniform_(weight(), -2.0, 4.0, rng=rng).data
    assert -2 <= x.min() < -1.99
    assert 3.99 < x.max() < 4
    assert abs(init.normal_(weight(), 3.0, 0.5, rng=rng).data.mean() - 3) < 0.01


def test_zeros_are_zeros():
    assert_array_equal(init.zeros_(Parameter([1.0, 2.0])).data, [0.0, 0.0])


def test_signals_keep_their_size_through_deep_networks_as_the_laws_promise():
    rng = np.random.default_rng(0)
    for activation, fill in [("tanh", init.xavier_normal_), ("relu", init.he_normal_)]:
        model = nn.MLP(100, [100] * 8, 100, activation)
        for name, p in model.named_parameters():
            init.zeros_(p) if name.endswith("bias") else fill(p, rng=rng)
        out = model(rng.normal(size=(200, 100))).data
        assert 0.2 < out.std() < 3


def test_the_weights_of_one_neuron_have_a_fan_in_alone():
    bound = np.sqrt(6 / 4)
    x = init.he_uniform_(weight(4), rng=np.random.default_rng(0)).data
    assert abs(x).max() <= bound
    with pytest.raises(ShapeError, match=r"he_normal_: needs a weight of shape .* but got \(\)"):
        init.he_normal_(Parameter(0.0))


def test_pytorchs_name_for_he_is_understood():
    assert init.kaiming_uniform_ is init.he_uniform_
    assert init.kaiming_normal_ is init.he_normal_


def test_impossible_laws_are_refused():
    with pytest.raises(ValueError, match=r"uniform_: needs a < b, but got 1\.0 and 1\.0"):
        init.uniform_(weight(), 1.0)
    with pytest.raises(ValueError, match=r"uniform_: needs a < b, but got 0 and inf"):
        init.uniform_(weight(), 0, np.inf)
    with pytest.raises(ValueError, match=r"normal_: std must be >= 0, but got -1"):
        init.normal_(weight(), std=-1)


FILLERS = [
    init.zeros_, init.uniform_, init.normal_, init.xavier_uniform_, init.xavier_normal_,
    init.he_uniform_, init.he_normal_,
]  # fmt: skip


@pytest.mark.parametrize("fill", FILLERS)
@pytest.mark.parametrize("given", [nn.Linear(2, 2), np.zeros((2, 2)), Value(1.0)], ids=type)
def test_what_is_no_parameter_is_refused(fill, given):
    with pytest.raises(TypeError, match=f"^{fill.__name__}: parameter must be a Parameter, such"):
        fill(given)


@pytest.mark.parametrize("fill", FILLERS)
@pytest.mark.parametrize("shape", [(3, 0), (0, 3), (0,), (0, 0)])
def test_where_there_is_nothing_to_fill_nothing_is_filled(fill, shape):
    assert fill(weight(*shape)).shape == shape


@pytest.mark.parametrize(
    ("seed", "error"), [(-1, ValueError), (1.5, TypeError), (None, TypeError), ("a", TypeError)]
)
def test_a_seed_that_is_none_is_refused(seed, error):
    with pytest.raises(error, match=r"^manual_seed: seed must be .*, but got"):
        nn.manual_seed(seed)


@pytest.mark.parametrize("how", ["manual_seed", "rng"])
def test_the_same_seed_gives_the_same_model_on_scalars_and_tensors(how):
    def made():
        if how == "rng":
            return nn.MLP(3, [4], 2, rng=np.random.default_rng(5))
        nn.manual_seed(5)
        return nn.MLP(3, [4], 2)

    model, close_up = made(), made().scalars()
    assert [p.data for p in close_up.parameters()] == model.flat().data.tolist()
    x = np.array([0.5, -1.0, 2.0])
    np.testing.assert_allclose([v.item() for v in close_up(x)], model(x).data, rtol=1e-14)
