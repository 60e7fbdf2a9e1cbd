"""Charts of a training: from where to where the axis of losses goes, and what leaves the plot."""

import json
import shutil
import subprocess
from itertools import pairwise

import numpy as np
import pytest

from autograd.viz.player.embed import file_text
from autograd.viz.scene import Polyline, Rectangle
from nn.pictures import charts

NODE = shutil.which("node")
WIDTH, HEIGHT, TOP, BOTTOM = 300, 200, 34.0, 160.0


def shapes_of(values, now):
    series = [charts.Series("loss", np.arange(float(len(values))), np.array(values))]
    scene = charts.curves(series, "step", now, WIDTH, HEIGHT)
    return [shape for group in scene.groups for shape in group.shapes]


def line_of(values):
    """The points of the line of losses; its legend stands above the plot."""
    lines = [s for s in shapes_of(values, 0) if isinstance(s, Polyline) and s.thickness == 1.8]
    return [point for line in lines for point in line.points if point[1] >= TOP]


EXPLODES = [0.6, 0.3, 0.1, 0.08, 7.0, 300.0, 1e5, 1e16, 1e16]


def test_what_was_before_a_loss_exploded_remains_to_be_seen():
    heights = [y for _, y in line_of(EXPLODES)]
    assert min(heights) == pytest.approx(TOP)  # there the line leaves the plot
    assert max(heights) == pytest.approx(BOTTOM)
    before = heights[:4]
    assert before == sorted(before)
    assert np.diff(before).min() > 3


def test_a_loss_that_has_left_the_plot_has_no_mark():
    def marks(now):
        return [s for s in shapes_of(EXPLODES, now) if isinstance(s, Rectangle) and s.width == 7]

    assert (len(marks(3)), len(marks(8))) == (1, 0)


def test_a_loss_far_below_the_axis_is_not_drawn_at_its_foot():
    assert max(x for x, _ in line_of([1.0, 0.1, 1e-9, 1e-12])) < charts_place(2)


def charts_place(at, end=3.0, left=58.0, right=WIDTH - 18.0):
    return left + (right - left) * at / end


def test_the_pieces_of_a_line_are_what_of_it_lies_between_two_heights():
    rng = np.random.default_rng(0)
    for _ in range(20):
        heights = rng.choice([-2.0, -1.0, -0.3, 0.0, 0.7, 1.0, 3.0], 12) + rng.choice([0, 0.25], 12)
        points = [*zip(map(float, range(12)), heights.tolist(), strict=True)]
        pieces = [*charts._pieces_between(points, -1.0, 1.0)]
        for piece in pieces:
            xs, ys = zip(*piece, strict=True)
            assert np.abs(ys).max() <= 1 + 1e-12
            np.testing.assert_allclose(ys, np.interp(xs, range(12), heights), atol=1e-12)
        for one, other in pairwise(pieces):
            assert one[-1][0] <= other[0][0]
        at = np.linspace(0, 11, 110_001)
        inside = (np.abs(np.interp(at, range(12), heights)) <= 1).mean() * 11
        assert sum(p[-1][0] - p[0][0] for p in pieces) == pytest.approx(inside, abs=2e-3)


def axes():
    rng = np.random.default_rng(0)
    yield from (
        [],
        [0.0],
        [0.0, 0.0],
        [-3.0, -1.0],
        [1.0, 0.0],
        [5.0, 1e-9],
        EXPLODES,
        [1e308, 1.0],
    )
    for _ in range(40):
        count = rng.integers(1, 9)
        yield (10 ** rng.uniform(-12, 12, count) * rng.choice([1, 1, 1, 0, -1], count)).tolist()


@pytest.mark.skipif(not NODE, reason="there is no node here")
def test_a_page_that_trains_has_the_axis_that_a_film_has(tmp_path):
    cases = [(numbers, numbers[:1]) for numbers in axes()]
    program = (
        f"{file_text('charts.js')}\nconst cases = {json.dumps(cases)};\n"
        "console.log(JSON.stringify(cases.map(([all, begun]) => scaleOf(all, begun, false))));"
    )
    (tmp_path / "axes.js").write_text(program, "utf-8")
    ran = subprocess.run(
        [NODE, "axes.js"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    for (numbers, begun), found in zip(cases, json.loads(ran.stdout), strict=True):
        low, high, logarithmic = charts.scale_of(np.array(numbers), begun)
        assert found["logs"] == logarithmic
        assert (found["low"], found["high"]) == pytest.approx((low, high), rel=1e-14)
