"""Batches, splits, standardisation, and the handwritten digits."""

from importlib.resources import files
from itertools import chain, product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from autograd import ShapeError, Tensor
from nn.data import Batches, Standardizer, split
from nn.datasets import Dataset, digits, iris


def numbered(n):
    """n examples that can be told apart; y is x again."""
    return np.arange(float(n))[:, None], np.arange(n)


def epoch(batches):
    return [y.tolist() for _, y in batches]


# --- batches


def test_two_thousand_examples_in_batches_of_500_are_4_iterations_to_an_epoch():
    batches = Batches(numbered(2000), 500)
    assert len(batches) == 4
    assert [len(part) for part in epoch(batches)] == [500] * 4


@given(n=st.integers(1, 40), size=st.integers(1, 50), shuffle=st.booleans(), seed=st.integers(0, 9))
def test_every_epoch_visits_every_example_once(n, size, shuffle, seed):
    batches = Batches(numbered(n), size, shuffle=shuffle, seed=seed)
    for _ in range(3):
        visited = epoch(batches)
        assert len(visited) == len(batches)
        assert all(len(part) == size for part in visited[:-1])
        assert sorted(chain(*visited)) == list(range(n))


def test_inputs_and_targets_stay_together():
    for x, y in Batches(numbered(100), 7):
        assert x[:, 0].tolist() == y.tolist()


def test_the_last_short_batch_is_kept_or_dropped():
    assert [len(part) for part in epoch(Batches(numbered(10), 4))] == [4, 4, 2]
    assert [len(part) for part in epoch(Batches(numbered(10), 4, drop_last=True))] == [4, 4]
    assert [len(part) for part in epoch(Batches(numbered(8), 4, drop_last=True))] == [4, 4]


def test_every_epoch_has_its_own_order_and_the_same_seed_repeats_them_all():
    first, second = (Batches(numbered(50), 8, seed=3) for _ in range(2))
    orders = [epoch(first) for _ in range(3)]
    assert orders[0] != orders[1] != orders[2] != orders[0]
    assert [epoch(second) for _ in range(3)] == orders
    assert epoch(Batches(numbered(50), 8, seed=4)) != orders[0]
    assert epoch(Batches(numbered(50), 8, seed=np.random.default_rng(3))) == orders[0]


def test_without_shuffling_the_order_is_that_of_the_data():
    assert [*chain(*epoch(Batches(numbered(10), 3, shuffle=False)))] == list(range(10))


def test_batches_are_copies():
    x, y = numbered(4)
    for part, _ in Batches((x, y), 4, shuffle=False):
        part[:] = 9
    assert x[:, 0].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("data", "settings", "error", "message"),
    [
        (numbered(4), {"batch_size": 0}, ValueError, "batch_size must be >= 1, but got 0"),
        (numbered(4), {"batch_size": 2.0}, TypeError, "batch_size must be an int, but got 2.0"),
        (numbered(4), {"seed": None}, TypeError, "seed must be an int >= 0 or a numpy Generator"),
        (numbered(0), {}, ValueError, r"needs at least 1 example\(s\) for a batch, but got 0"),
        (numbered(4), {"batch_size": 5, "drop_last": True}, ValueError, "needs at least 5 .* 4"),
        ((np.zeros((3, 2)), np.zeros(4)), {}, ShapeError, r"got shapes \(3, 2\) and \(4,\)"),
        ((np.zeros((3, 2)), 1.0), {}, ShapeError, r"got shapes \(3, 2\) and \(\)"),
        (np.zeros((2, 2)), {}, TypeError, r"needs data as a pair \(x, y\), but got an array"),
        (([[1.0], [1.0, 2.0]], [0, 1]), {}, ShapeError, "needs rows of one length"),
        ((1, 2, 3), {}, TypeError, r"needs data as a pair \(x, y\), but got a tuple"),
    ],
)
def test_batches_say_what_they_cannot_use(data, settings, error, message):
    with pytest.raises(error, match="Batches: .*" + message):
        Batches(data, **settings)


# --- splits


@pytest.mark.parametrize("stratify", [False, True])
@pytest.mark.parametrize(
    ("fractions", "sizes"), [((0.6, 0.2, 0.2), [90, 30, 30]), ((0.8, 0.1, 0.1), [120, 15, 15])]
)
def test_sixty_twenty_twenty_and_eighty_ten_ten(fractions, sizes, stratify):
    x, y = numbered(150)
    parts = split((x, iris().y if stratify else y), fractions, stratify=stratify)
    assert [len(part[1]) for part in parts] == sizes
    rows = [part[0][:, 0].astype(int).tolist() for part in parts]
    assert sorted(chain(*rows)) == list(range(150))
    assert all(part != sorted(part) for part in rows)


def test_a_stratified_split_gives_every_part_its_share_of_every_class():
    x, y = digits()
    parts = split((x, y), (0.6, 0.2, 0.2), stratify=True)
    for part, fraction in zip(parts, (0.6, 0.2, 0.2)):
        expected = fraction * np.bincount(y)
        assert (abs(np.bincount(part[1]) - expected) <= 1).all()
        assert part[1].tolist() != sorted(part[1])


def every_table(row_sums, column_sums):
    """All tables of whole numbers >= 0 with these sums."""
    if len(row_sums) == 1:
        yield [list(column_sums)]
        return
    for row in product(*(range(n + 1) for n in column_sums)):
        if sum(row) == row_sums[0]:
            rest = [n - taken for n, taken in zip(column_sums, row)]
            yield from ([list(row), *table] for table in every_table(row_sums[1:], rest))


@pytest.mark.parametrize(
    ("classes", "fractions"),
    [
        ([3, 3, 3], (0.6, 0.2, 0.2)),
        ([6, 3, 1], (0.6, 0.2, 0.2)),
        ([7, 4, 2, 1], (0.6, 0.2, 0.2)),
        ([2, 2, 2, 2, 2], (0.5, 0.5)),
        ([5, 3, 3], (0.4, 0.3, 0.2, 0.1)),
        ([1, 1, 1, 1, 1, 1, 1], (0.7, 0.3)),
        ([12, 1, 1], (0.8, 0.1, 0.1)),
        ([4, 4, 4], (0.8, 0.1, 0.1)),
    ],
)
def test_no_other_split_of_these_sizes_is_more_even(classes, fractions):
    y = np.repeat(np.arange(len(classes)), classes)
    parts = split((np.zeros((len(y), 1)), y), fractions, stratify=True)
    table = np.transpose([np.bincount(part[1], minlength=len(classes)) for part in parts])
    sizes = [len(part[1]) for part in parts]
    assert sizes == [len(part[1]) for part in split((np.zeros((len(y), 1)), y), fractions)]
    shares = np.outer(classes, sizes) / len(y)

    def unevenness(table):  # first of all how often a class is missing
        return (np.equal(table, 0).sum(), round(float(((table - shares) ** 2).sum()), 9))

    least = min(unevenness(np.array(other)) for other in every_table(classes, sizes))
    assert unevenness(table) == least


@settings(max_examples=50)
@given(
    classes=st.lists(st.integers(1, 40), min_size=1, max_size=12),
    weights=st.lists(st.integers(1, 9), min_size=2, max_size=5),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_stratified_split_has_the_sizes_of_any_split_and_leaves_nothing_out(
    classes, weights, seed
):
    fractions = np.array(weights) / sum(weights)
    y = np.repeat(np.arange(len(classes)), classes)
    sizes = np.diff(np.rint(np.cumsum([0, *fractions]) * len(y)).astype(int))
    assume(sizes.all())
    parts = split((np.arange(len(y)), y), fractions, stratify=True, seed=seed)
    assert [len(part[1]) for part in parts] == sizes.tolist()
    assert sorted(chain(*(part[0].tolist() for part in parts))) == list(range(len(y)))
    for k, count in enumerate(classes):
        if count >= len(sizes) and min(sizes) >= len(classes):
            assert all((part[1] == k).any() for part in parts)


def test_ten_classes_of_eight_make_parts_of_the_sizes_asked_for():
    y = np.repeat(np.arange(10), 8)
    parts = split((np.zeros((80, 1)), y), (0.6, 0.2, 0.2), stratify=True)
    assert [len(part[1]) for part in parts] == [48, 16, 16]


def test_a_dataset_is_split_into_datasets():
    train, test = split(iris(), (0.8, 0.2), seed=1)
    assert isinstance(train, Dataset)
    assert (len(train), len(test)) == (120, 30)
    assert train.class_names == iris().class_names


def test_the_same_seed_gives_the_same_split_and_another_seed_another():
    first, second, third = (split(iris(), (0.5, 0.5), seed=seed)[0].x for seed in (0, 0, 1))
    assert (first == second).all()
    assert (first != third).any()


@pytest.mark.parametrize(
    ("fractions", "message"),
    [
        ((0.6, 0.3), r"fractions > 0 with sum 1, but got \(0.6, 0.3\)"),
        ((1.2, -0.2), "fractions > 0 with sum 1"),
        ((), "fractions > 0 with sum 1"),
        (("a", "b"), r"fractions > 0 with sum 1, but got \('a', 'b'\)"),
        (0.8, "fractions > 0 with sum 1, but got 0.8"),
        ((0.98, 0.01, 0.01), "would be parts of 10, 0, 0, and none may be empty"),
    ],
)
def test_fractions_that_make_no_split_are_refused(fractions, message):
    with pytest.raises(ValueError, match=r"split: .*" + message):
        split(numbered(10), fractions)


def test_to_stratify_needs_classes():
    with pytest.raises(ShapeError, match=r"split: to stratify, needs y of shape \(N,\)"):
        split((np.zeros((4, 1)), np.zeros((4, 1))), (0.5, 0.5), stratify=True)


@pytest.mark.parametrize(
    "y",
    [
        np.array([0, 1, np.nan, 0, 1, np.nan]),
        np.array(["b", "a", "c"] * 2, object),
        Tensor([0.0, 1.0, 2.0] * 2),
    ],
    ids=["nan", "texts", "Tensor"],
)
def test_classes_of_any_kind_are_dealt_out_and_none_is_lost(y):
    parts = [part for part, _ in split((np.arange(6), y), (0.5, 0.5), stratify=True)]
    assert sorted(np.concatenate(parts)) == list(range(6))
    assert all(sorted(part % 3) == [0, 1, 2] for part in parts)


# --- standardisation


def test_the_training_part_gets_mean_0_and_deviation_1_and_the_others_its_scale():
    train, test = split(iris(), (0.8, 0.2))
    scale = Standardizer(train.x)
    assert_allclose(scale(train.x).mean(axis=0), 0, atol=1e-12)
    assert_allclose(scale(train.x).std(axis=0), 1, rtol=1e-12)
    assert_allclose(scale(test.x), (test.x - train.x.mean(axis=0)) / train.x.std(axis=0))
    assert (abs(scale(test.x).mean(axis=0)) > 1e-3).all()


@pytest.mark.parametrize("number", [0.0, 0.1, 1e8 / 3])
def test_a_constant_feature_is_only_shifted(number):
    scale = Standardizer(np.full((7, 2), number))
    assert_allclose(scale(np.full((7, 2), number)), 0, atol=1e-7)
    assert_allclose(scale([[number + 1, number]])[0, 0], 1, rtol=1e-6)


def test_standardizer_says_what_it_cannot_use():
    with pytest.raises(ValueError, match="Standardizer: needs finite examples, but got none"):
        Standardizer(np.zeros((0, 3)))
    with pytest.raises(ValueError, match="needs finite examples, but got a nan or an infinity"):
        Standardizer([[1.0, np.nan]])
    with pytest.raises(ShapeError, match=r"needs x of shape \(N, 2\), but got \(3, 1\)"):
        Standardizer(np.zeros((4, 2)))(np.zeros((3, 1)))
    with pytest.raises(ShapeError, match=r"needs x of shape \(N, D\), but got \(\)"):
        Standardizer(3.0)
    assert repr(Standardizer(np.zeros((4, 2)))) == "Standardizer(features of shape (2,))"


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ma.array([[1.0], [9.0]], mask=[[False], [True]]), "but got a masked one"),
        (np.array([[1j], [2.0]]), "needs real numbers, but got an array .* dtype complex128"),
        ([["1"], ["2"]], "needs real numbers, but got an array .* dtype <U1"),
    ],
)
def test_standardizer_takes_no_number_for_another(x, message):
    with pytest.raises(TypeError, match=f"^Standardizer: .*{message}"):
        Standardizer(x)
    with pytest.raises(TypeError, match=f"^Standardizer: .*{message}"):
        Standardizer([[1.0], [2.0]])(x)


@pytest.mark.parametrize("far", [1e200, 1e-200, 1.7e308])
def test_standardizer_refuses_deviations_whose_squares_are_no_numbers(far):
    with pytest.raises(ValueError, match="Standardizer: needs features with a deviation between"):
        Standardizer([[far, 1.0], [-far, 2.0]])


# --- handwritten digits


def test_digits_are_1797_pictures_in_whole_numbers_from_0_to_16():
    data = digits()
    assert data.x.shape == (1797, 64)
    assert set(np.unique(data.x)) == set(range(17))
    # The counts of the dataset's own description (optdigits.names, testing set).
    assert np.bincount(data.y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert data.feature_names[8 * 3 + 5] == "row 3 column 5"


def test_digits_are_scikit_learns():
    oracle = pytest.importorskip("sklearn.datasets").load_digits()
    x, y = digits()
    assert (x == oracle.data).all()
    assert (y == oracle.target).all()


def test_digits_are_shipped_small_with_source_and_licence():
    folder = files("nn.datasets")
    assert len(folder.joinpath("digits.csv.gz").read_bytes()) < 200_000
    text = folder.joinpath("digits.md").read_text(encoding="utf-8")
    assert "10.24432/C50P49" in text
    assert "CC BY 4.0" in text
