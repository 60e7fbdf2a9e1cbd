"""Pictures of networks: borders of regions, colours, how certain a model is."""

import io

import numpy as np
import pytest

from autograd.viz import raster
from nn.pictures.confidence import classes_and_certainty
from nn.pictures.network import drawn_neurons
from nn.pictures.plane import zero_lines

Image = pytest.importorskip("PIL.Image")


def test_the_border_of_a_disc_is_its_circle():
    side = np.linspace(-1.2, 1.2, 60)
    field = np.hypot(*np.meshgrid(side, side)) - 0.8
    (line,) = zero_lines(field)
    points = np.array(line) * (side[1] - side[0]) - 1.2
    np.testing.assert_allclose(np.hypot(*points.T), 0.8, atol=1e-3)
    assert line[0] == line[-1]


def test_every_change_of_sign_between_neighbours_is_on_a_border():
    field = np.random.default_rng(0).standard_normal((9, 9))
    found = sorted(point for line in zero_lines(field) for point in line)
    across = sum(field[i, j] * field[i, j + 1] < 0 for i in range(9) for j in range(8))
    down = sum(field[i, j] * field[i + 1, j] < 0 for i in range(8) for j in range(9))
    assert len({*found}) == across + down
    for x, y in found:
        i, j = int(y), int(x)
        assert (x == j) or (y == i)


def opened(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA")).astype(int)


def test_signed_numbers_are_blue_clear_and_orange():
    pixels = opened(raster.signed(np.array([[-1.0, -0.5, 0.0], [0.5, 1.0, np.nan]])))
    assert pixels.shape == (2, 3, 4)
    assert (pixels[0, 0, :3] == raster.BLUE).all()
    assert (pixels[1, 1, :3] == raster.ORANGE).all()
    opacity = pixels[..., 3]
    assert opacity[0, 2] == opacity[1, 2] == 0
    assert opacity[0, 0] == opacity[1, 1] > opacity[0, 1] == opacity[1, 0] > 0


def test_kinds_have_their_colours_the_denser_the_more_certain():
    colors = [(1, 2, 3), (4, 5, 6), (7, 8, 9)]
    kinds, certain = np.array([[0, 1, 2]]), np.array([[0.0, 0.5, 1.0]])
    pixels = opened(raster.shares(kinds, certain, colors))
    assert [tuple(p[:3]) for p in pixels[0, 1:].tolist()] == colors[1:]
    assert pixels[0, 0, 3] == 0 < pixels[0, 1, 3] < pixels[0, 2, 3]


def test_a_tie_is_not_certain_at_all_and_a_probability_of_one_entirely():
    third = np.full((1, 3), 1 / 3)
    for outputs, meaning in ((third, "probabilities"), (np.log(third), "log probabilities")):
        assert classes_and_certainty(outputs, meaning)[1] == pytest.approx([0])
    assert classes_and_certainty(np.zeros((1, 3)), "logits")[1] == pytest.approx([0])
    kinds, certain = classes_and_certainty(np.array([[0.0, 900.0, 0.0]]), "logits")
    assert (kinds.tolist(), certain.tolist()) == ([1], [1])
    kinds, certain = classes_and_certainty(np.array([[0.0], [-800.0], [np.log(3)]]), "score")
    assert kinds.tolist() == [1, 0, 1]
    assert certain == pytest.approx([0, 1, 0.5])


def test_sixteen_neurons_are_drawn_and_of_more_the_first_and_the_last():
    assert drawn_neurons(16) == [*range(16)]
    assert drawn_neurons(17) == [0, 1, 2, 3, 4, 5, 6, 7, 16]
