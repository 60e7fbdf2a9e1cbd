"""The datasets against closed forms, Fisher's own figures, and scikit-learn."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nn import datasets
from nn.datasets import (
    Dataset,
    circles,
    digits,
    iris,
    logic_gate,
    moons,
    pass_class,
    spirals,
    xor,
)
from tests.each import each

GENERATORS = [moons, circles, spirals, pass_class]
EVERY_DATASET = [
    *GENERATORS, iris, digits, xor, lambda: logic_gate("and"), lambda: logic_gate("or")
]  # fmt: skip
BOUNDS = {moons: 2, circles: 2, spirals: 3, pass_class: 1}

by_name = each("make", GENERATORS, ids=lambda make: make.__name__)


def sorted_rows(x):
    """The rows of x, as a set would hold them: rounded, so that -0.0 and 1e-17 do not reorder."""
    x = np.round(x, 12) + 0.0
    return x[np.lexsort(x.T)]


def same(a, b):
    return np.array_equal(a.x, b.x) and np.array_equal(a.y, b.y)


# --- what every dataset promises


@pytest.mark.parametrize("make", EVERY_DATASET)
def test_every_dataset_holds_float64_rows_and_int64_labels_with_a_name_for_each(make):
    data = make()
    n, columns = data.x.shape
    assert data.x.dtype == np.float64
    assert data.y.dtype == np.int64
    assert data.y.shape == (n,) == (len(data),)
    assert np.isfinite(data.x).all()
    assert_array_equal(np.unique(data.y), np.arange(len(data.class_names)))
    assert len(data.feature_names) == columns
    assert data.name
    assert data.description
    assert data.source


@pytest.mark.parametrize("make", EVERY_DATASET)
def test_a_dataset_unpacks_into_x_and_y(make):
    data = make()
    x, y = data
    assert x is data.x
    assert y is data.y


def test_a_dataset_cannot_be_changed_by_assignment():
    with pytest.raises(AttributeError, match="x"):
        moons().x = np.zeros((200, 2))


def test_repr_says_what_it_is_and_leaves_the_figures_out():
    assert repr(spirals(100, classes=4)) == "Dataset(spirals: 100 examples, 2 features, 4 classes)"


def test_changing_one_copy_leaves_the_next_call_as_it_was():
    iris().x[:] = 0
    xor().y[:] = 9
    assert iris().x.min() == 0.1
    assert xor().y.tolist() == [0, 1, 1, 0]


def test_every_public_name_is_here():
    assert {name for name in datasets.__all__ if name != "Dataset"} == {
        make.__name__ for make in [*GENERATORS, iris, digits, xor, logic_gate]
    }


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x": np.zeros(2)}, r"needs x of shape \(N, D\) .* got \(2,\) and \(2,\)"),
        ({"y": np.zeros(3, int)}, r"needs x .* got \(2, 1\) and \(3,\)"),
        ({"y": np.zeros((2, 1), int)}, r"needs x .* got \(2, 1\) and \(2, 1\)"),
        ({"feature_names": ()}, r"feature name for each of the 1 columns of x, but got \(\)"),
        ({"y": np.array([0, 2])}, r"every label in \[0, 2\), one per class name, but got 2"),
        ({"y": np.array([0, -1])}, r"every label in \[0, 2\), one per class name, but got -1"),
        ({"y": np.array([0, 0.5])}, r"every label in \[0, 2\), one per class name, but got 0.5"),
        ({"y": np.array([0, np.nan])}, r"every label in \[0, 2\), .*, but got nan"),
        ({"y": np.array(["0", "1"])}, r"every label in \[0, 2\), .*, but got '0'"),
        ({"y": [0, 1]}, r"y must be an array, but got \[0, 1\]"),
        ({"x": np.ma.array(np.zeros((2, 1)), mask=[[True], [False]])}, "but got a masked one"),
    ],
)
def test_a_dataset_that_does_not_fit_together_is_refused(changed, message):
    fields = {
        "name": "two",
        "x": np.zeros((2, 1)),
        "y": np.array([0, 1]),
        "feature_names": ("a",),
        "class_names": ("no", "yes"),
        "description": "two points",
        "source": "here",
    }
    assert len(Dataset(**fields)) == 2
    with pytest.raises((TypeError, ValueError), match="Dataset: .*" + message):
        Dataset(**(fields | changed))


# --- what every generator promises


@by_name
def test_the_same_seed_gives_the_same_points_and_another_seed_others(make):
    assert same(make(seed=3), make(seed=3))
    assert same(make(seed=3), make(seed=np.random.default_rng(3)))
    assert not same(make(seed=3), make(seed=4))


@by_name
def test_a_generator_moves_on_between_calls(make):
    rng = np.random.default_rng(0)
    assert not same(make(seed=rng), make(seed=rng))


@by_name
def test_the_default_seed_is_0_and_the_global_numpy_seed_is_left_alone(make):
    np.random.seed(1)  # noqa: NPY002 (the old global state is the point)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    assert same(make(), make(seed=0))
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@each(
    ("make", "changed"),
    [
        *((make, {"n": 50}) for make in GENERATORS),
        *((make, {"noise": 0.5}) for make in GENERATORS),
        *((make, {"seed": 1}) for make in GENERATORS),
        (circles, {"inner_radius": 0.6}),
        (spirals, {"classes": 2}),
        (spirals, {"turns": 1.0}),
    ],
)
def test_every_argument_changes_the_result(make, changed):
    assert not same(make(), make(**changed))


@by_name
@each("n", [3, 4, 7, 100])
def test_n_counts_all_points(make, n):
    assert len(make(n)) == n
    assert len(make(np.int64(n))) == n


@each("make", [moons, circles, spirals], ids=lambda make: make.__name__)
@each("n", [3, 4, 7, 100, 101])
def test_classes_differ_by_at_most_one_point_and_the_last_has_it(make, n):
    counts = np.bincount(make(n).y.astype(np.intp))  # bincount takes no more bits
    assert counts.sum() == n
    assert counts.max() - counts.min() <= 1
    assert all(a <= b for a, b in pairwise(counts))


@pytest.mark.parametrize("make", [moons, circles, spirals], ids=lambda make: make.__name__)
def test_rows_are_shuffled_so_that_the_first_half_is_a_fair_sample(make):
    data = make(600, noise=0)
    classes = len(data.class_names)
    counts = np.bincount(data.y[:300].astype(np.intp), minlength=classes)
    # Without replacement the standard deviation of a count is below 9; five of them.
    assert np.abs(counts - 300 / classes).max() < 45


@pytest.mark.parametrize("make", [moons, circles, spirals], ids=lambda make: make.__name__)
def test_noise_is_the_standard_deviation_of_each_coordinate(make):
    clean, noisy = make(20_000, noise=0, seed=5), make(20_000, noise=0.25, seed=5)
    moved = noisy.x - clean.x  # the same draws shuffle both alike
    assert_array_equal(clean.y, noisy.y)
    # The standard error of a standard deviation is 0.25 / sqrt(2 n) = 0.00125.
    assert_allclose(moved.std(axis=0), 0.25, atol=5 * 0.00125)
    assert_allclose(moved.mean(axis=0), 0, atol=5 * 0.25 / np.sqrt(20_000))


@by_name
def test_wrong_arguments_are_refused_by_name(make):
    who, least = make.__name__, BOUNDS[make]
    with pytest.raises(ValueError, match=rf"^{who}: n must be >= {least}, but got {least - 1}\.$"):
        make(least - 1)
    with pytest.raises(TypeError, match=rf"^{who}: n must be an int, but got 10\.0\.$"):
        make(10.0)
    with pytest.raises(ValueError, match=rf"^{who}: noise must be >= 0, but got -0\.1"):
        make(noise=-0.1)
    with pytest.raises(ValueError, match=rf"^{who}: noise must be >= 0, but got nan"):
        make(noise=np.nan)
    with pytest.raises(ValueError, match=rf"^{who}: noise must be finite and >= 0, but got inf"):
        make(noise=np.inf)
    with pytest.raises(TypeError, match=rf"^{who}: noise must be a number, but got 'loud'\.$"):
        make(noise="loud")
    with pytest.raises(ValueError, match=rf"^{who}: seed must be >= 0, but got -1\.$"):
        make(seed=-1)
    with pytest.raises(TypeError, match=rf"^{who}: seed .* got None\. .* pass np\.random\.default"):
        make(seed=None)
    with pytest.raises(TypeError, match=r"positional argument"):
        make(100, 0.1)


# --- shapes in the plane


def test_noiseless_moons_lie_on_their_half_circles():
    x, y = moons(101, noise=0)
    upper, lower = x[y == 0], x[y == 1]
    assert_allclose(np.hypot(*upper.T), 1, rtol=1e-14)
    assert_allclose(np.hypot(*(lower - [1, 0.5]).T), 1, rtol=1e-14)
    assert (upper[:, 1] > -1e-15).all()
    assert (lower[:, 1] < 0.5 + 1e-15).all()


def test_noiseless_circles_have_their_radii():
    x, y = circles(101, noise=0, inner_radius=0.3)
    assert_allclose(np.hypot(*x[y == 0].T), 1, rtol=1e-14)
    assert_allclose(np.hypot(*x[y == 1].T), 0.3, rtol=1e-14)
    # Evenly spaced, so the points of each circle balance around the origin.
    assert_allclose([x[y == k].mean(axis=0) for k in (0, 1)], 0, atol=1e-15)


@pytest.mark.parametrize("n", [100, 101])
def test_moons_and_circles_are_scikit_learns(n):
    oracle = pytest.importorskip("sklearn.datasets")
    for ours, (x, y) in [
        (moons(n, noise=0), oracle.make_moons(n, shuffle=False)),
        (circles(n, noise=0, inner_radius=0.4), oracle.make_circles(n, shuffle=False, factor=0.4)),
    ]:
        for k in (0, 1):
            assert_allclose(sorted_rows(ours.x[ours.y == k]), sorted_rows(x[y == k]), atol=1e-11)


def test_noiseless_spirals_turn_at_a_constant_rate_from_evenly_spaced_directions():
    x, y = spirals(300, classes=3, turns=0.4, noise=0)
    for k in range(3):
        z = x[y == k] @ [1, 1j]
        r = np.abs(z)
        assert_allclose(np.sort(r), np.arange(1, 101) / 100, rtol=1e-14)
        # Wound back by 0.4 turns per unit of r, the arm is a ray at k thirds of a turn.
        assert_allclose(z * np.exp(-2j * np.pi * 0.4 * r), r * np.exp(2j * np.pi * k / 3))


def test_no_two_spiral_points_coincide_at_the_origin():
    x, _ = spirals(30, noise=0)
    assert len(np.unique(x.round(12), axis=0)) == 30


@pytest.mark.parametrize("radius", [0, 1, 1.5])
def test_circles_refuses_an_inner_radius_that_is_not_inside(radius):
    with pytest.raises(
        ValueError, match=rf"^circles: inner_radius must be in \(0, 1\), but got {radius}\.$"
    ):
        circles(inner_radius=radius)


def test_circles_refuses_an_inner_radius_that_is_no_number():
    with pytest.raises(TypeError, match=r"^circles: inner_radius must be a number, but got '1/2'"):
        circles(inner_radius="1/2")


def test_spirals_refuses_one_arm_fewer_points_than_arms_and_infinite_turns():
    with pytest.raises(ValueError, match=r"^spirals: classes must be >= 2, but got 1\.$"):
        spirals(classes=1)
    with pytest.raises(ValueError, match=r"^spirals: n must be >= 5, but got 4\.$"):
        spirals(4, classes=5)
    with pytest.raises(ValueError, match=r"^spirals: turns must be finite and >= 0, but got inf"):
        spirals(turns=np.inf)


# --- from the lectures


@pytest.mark.parametrize(
    ("gate", "python"),
    [("and", lambda a, b: a and b), ("or", lambda a, b: a or b), ("xor", lambda a, b: a != b)],
)
def test_a_gate_is_its_truth_table(gate, python):
    x, y = logic_gate(gate)
    assert x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert y.tolist() == [int(python(bool(a), bool(b))) for a, b in x]


def test_xor_is_short_for_the_gate():
    assert same(xor(), logic_gate("xor"))


@pytest.mark.parametrize("gate", ["nand", "XOR", None])
def test_an_unknown_gate_is_refused(gate):
    with pytest.raises(
        ValueError, match=rf"^logic_gate: gate must be 'and', 'or' or 'xor', but got {gate!r}\.$"
    ):
        logic_gate(gate)


def test_without_luck_the_class_is_passed_above_8_points_of_work():
    x, y = pass_class(1000, noise=0)
    assert_array_equal(y, x[:, 0] + x[:, 1] > 8)


def test_luck_lets_some_pass_and_some_fail_on_the_wrong_side_of_the_line():
    x, y = pass_class(10_000, noise=1, seed=2)
    margin = x.sum(axis=1) - 8
    assert_array_equal(x, pass_class(10_000, noise=0, seed=2).x)
    # The student of the lecture is 1 above the line: luck, a unit normal, spoils 15.87 % of those.
    near = np.abs(margin - 1) < 0.25
    assert near.sum() > 500
    assert_allclose(1 - y[near].mean(), 0.1587, atol=5 * np.sqrt(0.1587 * 0.8413 / near.sum()))


def test_students_attend_0_to_8_lectures_and_work_0_to_8_hours_and_half_pass():
    x, y = pass_class(10_000)
    lectures, hours = x.T
    assert_array_equal(np.unique(lectures), np.arange(9))
    assert hours.min() >= 0
    assert hours.max() <= 8
    assert len(np.unique(hours)) == 10_000
    assert_allclose(x.mean(axis=0), 4, atol=5 * 2.6 / 100)
    assert_allclose(y.mean(), 0.5, atol=5 * 0.5 / 100)


# --- iris


def test_iris_has_50_flowers_of_each_species_in_the_order_of_the_paper():
    data = iris()
    assert data.x.shape == (150, 4)
    assert_array_equal(data.y, np.repeat([0, 1, 2], 50))
    assert data.class_names == ("setosa", "versicolor", "virginica")
    assert data.feature_names == (
        "sepal length (cm)",
        "sepal width (cm)",
        "petal length (cm)",
        "petal width (cm)",
    )


def test_iris_has_the_means_that_fisher_printed():
    x, y = iris()
    means = [
        [5.006, 3.428, 1.462, 0.246],
        [5.936, 2.770, 4.260, 1.326],
        [6.588, 2.974, 5.552, 2.026],
    ]
    assert_allclose([x[y == k].mean(axis=0) for k in range(3)], means, rtol=1e-12)


def test_iris_has_the_sums_of_squares_and_products_that_fisher_printed():
    """Fisher's figures within setosa and versicolor; they tell his rows 35 and 38 from UCI's."""
    x, y = iris()
    within = sum(
        deviations.T @ deviations for deviations in (x[y == k] - x[y == k].mean(0) for k in (0, 1))
    )
    assert_allclose(
        within,
        [
            [19.1434, 9.0356, 9.7634, 3.2394],
            [9.0356, 11.8658, 4.6232, 2.4746],
            [9.7634, 4.6232, 12.2978, 3.8794],
            [3.2394, 2.4746, 3.8794, 2.4604],
        ],
        rtol=1e-10,
    )


def test_rows_35_and_38_are_fishers():
    x, _ = iris()
    assert x[34].tolist() == [4.9, 3.1, 1.5, 0.2]
    assert x[37].tolist() == [4.9, 3.6, 1.4, 0.1]


def test_iris_is_scikit_learns():
    oracle = pytest.importorskip("sklearn.datasets").load_iris()
    x, y = iris()
    assert_array_equal(x, oracle.data)
    assert_array_equal(y, oracle.target)


def test_setosa_is_separated_by_its_petals_and_the_others_are_not():
    x, y = iris()
    petal_length = x[:, 2]
    assert petal_length[y == 0].max() < petal_length[y > 0].min()
    assert (x[y == 1].max(axis=0) > x[y == 2].min(axis=0)).all()
