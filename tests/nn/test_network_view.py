"""`model.picture(x)`: the network as circles and lines, forwards and backwards."""

import itertools
import re
import shutil
import subprocess

import numpy as np
import pytest

import nn
from autograd import ShapeError
from autograd.viz.scene import HOT, LEAF, Curve, Text
from tests.autograd.viz.player.fitting import violations
from tests.autograd.viz.player.players import needs_browser


def weights_drawn(picture):
    """By its end and its beginning, each line of the first layer: (colour, thickness, dashes)."""
    found = {}
    for group in picture._scene.groups:
        if group.id.startswith("w1."):
            (line,) = (shape for shape in group.shapes if isinstance(shape, Curve))
            _, end, start = group.id.split(".")
            found[int(end), int(start)] = (line.stroke, line.thickness, line.dashes)
    return found


def two_two_one():
    model = nn.MLP(2, [2], 1, "sigmoid")
    model[0].weight.data, model[0].bias.data = [[2.0, -4.0], [1.0, 0.0]], [0.5, -0.5]
    model[2].weight.data, model[2].bias.data = [[1.0, -1.0]], [0.0]
    return model


def test_a_line_is_as_thick_as_its_weight_and_its_colour_and_dashes_say_the_sign():
    lines = weights_drawn(two_two_one().picture([1.0, 1.0]))
    assert lines[0, 0][0] == lines[1, 0][0] == HOT
    assert lines[0, 1][0] == LEAF.stroke
    assert lines[0, 1][1] > lines[0, 0][1] > lines[1, 0][1] > lines[1, 1][1]
    assert (lines[0, 0][2], bool(lines[0, 1][2])) == ((), True)


def test_the_circles_hold_the_mean_over_the_examples_and_say_it_in_words():
    x = np.array([[1.0, 1.0], [3.0, -1.0]])
    picture = two_two_one().picture(x)
    hidden = 1 / (1 + np.exp(-(x @ [[2, 1], [-4, 0]] + [0.5, -0.5])))
    said = {group.id: group.sentence for group in picture._scene.groups}
    assert said["h0.0"] == "input 1: value 2"
    assert said["h1.1"] == f"neuron 2 of layer 1: value {hidden[:, 1].mean():.3g}, bias -0.5"
    out = (hidden @ [1.0, -1.0]).mean()
    assert repr(picture) == (
        f"Network 2 → 2 (σ) → 1, forwards for the mean of 2 examples: output {out:.3g}."
    )


def test_backwards_shows_the_gradients_of_the_loss():
    model = two_two_one()
    picture = model.picture([1.0, 1.0], [[1.0]], nn.MSELoss()).backwards
    nn.MSELoss()(model([[1.0, 1.0]]), [[1.0]]).backward()
    wanted = model[0].weight.grad
    lines = weights_drawn(picture)
    for place, (stroke, _, _) in lines.items():
        assert stroke == (HOT if wanted[place] > 0 else LEAF.stroke)
    sentences = {group.id: group.sentence for group in picture._scene.groups}
    assert sentences["w1.0.1"] == f"gradient of weight 1, 2: {wanted[0, 1]:.3g}"
    with pytest.raises(ValueError, match=r"needs a loss to go backwards: model\.picture\(x, y"):
        model.picture([1.0, 1.0]).backwards  # noqa: B018


def test_a_network_of_single_numbers_has_the_same_picture_as_one_of_arrays():
    numbers, arrays = nn.scalar.MLP(2, [3, 1]), nn.MLP(2, [3], 1, "relu")
    for layer, neurons in zip((arrays[0], arrays[2]), (one.neurons for one in numbers.layers)):
        layer.weight.data = [[w.data for w in neuron.w] for neuron in neurons]
        layer.bias.data = [neuron.b.data for neuron in neurons]

    def square(out, y):
        return ((out - y) ** 2).mean() if hasattr(out, "mean") else (out - y) ** 2

    pictures = [model.picture([0.5, -1.0], 2.0, square) for model in (numbers, arrays)]
    for one, other in [pictures, [p.backwards for p in pictures]]:
        for column, twin in zip(one._reading.columns, other._reading.columns, strict=True):
            np.testing.assert_allclose(column.values, twin.values)
            np.testing.assert_allclose(column.grads, twin.grads, atol=1e-15)
        assert one.svg.replace("relu", "ReLU") == other.svg.replace("relu", "ReLU")


def test_of_wide_layers_nine_neurons_are_drawn_and_it_says_so():
    digits = nn.datasets.digits()
    picture = nn.MLP(64, [128], 10).picture(digits.x[:3])
    words = re.findall(r">([^<>]+)</text>", picture.svg)
    assert {"9 of 64", "9 of 128"} <= {*words}
    assert sum(group.role == "node" for group in picture._scene.groups) == 9 + 9 + 10


def test_it_is_saved_in_the_form_that_the_ending_tells(tmp_path):
    picture = two_two_one().picture([1.0, 1.0], [[1.0]], nn.MSELoss())
    for ending in ("svg", "png", "pdf", "tex", "html", "txt"):
        picture.save(tmp_path / f"net.{ending}")
        assert (tmp_path / f"net.{ending}").stat().st_size > 50
    assert r"\begin{tikzpicture}" in (tmp_path / "net.tex").read_text("utf-8")
    with pytest.raises(ValueError, match=r"ends in \.svg, \.png, \.pdf, \.tex, \.txt or \.html"):
        picture.save(tmp_path / "net.gif")


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="there is no pdflatex here")
def test_pdflatex_compiles_it(tmp_path):
    two_two_one().picture([1.0, 1.0]).save(tmp_path / "net.tex")
    command = ["pdflatex", "-interaction=batchmode", "net.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)


def test_what_has_no_such_picture_is_told():
    with pytest.raises(ShapeError, match=r"one example \(inputs,\) or several"):
        two_two_one().picture(np.zeros((1, 1, 2)))
    with pytest.raises(ValueError, match=r"no row of layers: .* draw\(model\(x\)\) shows"):
        nn.Sequential(nn.ReLU()).picture([1.0])
    for wrong in (2.0, nn.MSELoss):
        with pytest.raises(TypeError, match="picture: loss needs to be a function"):
            two_two_one().picture([1.0, 1.0], 1.0, wrong)
    for model in (two_two_one(), nn.scalar.MLP(2, [1])):
        with pytest.raises(TypeError, match=r"picture: .* one number .*, but got 3\.0"):
            model.picture([1.0, 1.0], 1.0, lambda out, y: 3.0)


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_on_its_page_one_goes_forwards_backwards_and_to_the_operations(
    play, tmp_path, width, scheme
):  # fmt: skip
    picture = two_two_one().picture([1.0, 1.0], [[1.0]], nn.MSELoss())
    picture.save(tmp_path / "net.html")
    options = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    page = play(tmp_path / "net.html", wait=".glassgrad .pic", **options).page
    said = page.locator("p[role=status]")
    assert said.inner_text() == repr(picture)
    page.get_by_role("button", name="Backwards").click()
    assert said.inner_text() == repr(picture.backwards)
    page.focus(".glassgrad")
    page.keyboard.press("3")
    assert said.inner_text().startswith("Computation graph of")
    page.keyboard.press("1")
    assert said.inner_text() == repr(picture)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []


def test_what_is_added_to_a_weighted_sum_is_told_by_what_it_is_and_not_by_its_numbers():
    class Model(nn.Module):
        def __init__(self):
            self.weight, self.bias = nn.Linear(2, 2, bias=False), nn.Parameter([0.5, -0.5])

        def forward(self, x):
            return self.bias + (np.array([1.0, 2.0]) + self.weight(x))

    picture = Model().picture([1.0, 2.0])
    assert repr(picture).startswith("Network 2 → 2")


@pytest.mark.parametrize("names", [((), ()), (("a", "b"), ("c",))])
def test_a_heading_that_is_longer_than_its_column_is_wide_is_not_cut_off(names):
    scene = nn.Perceptron(2, "step").picture([1.0, 1.0], names=names)._scene
    (heading,) = (
        shape for group in scene.groups for shape in group.shapes
        if isinstance(shape, Text) and shape.text == "output · step"
    )  # fmt: skip
    half = 0.6 * heading.size * len(heading.text) / 2  # as wide as letters are in bold
    assert heading.anchor == "middle"
    assert half - 1 <= heading.x <= scene.width - half + 1


def rows_by_name(drawing):
    """Of each node that is drawn, its numbers by what they are."""
    return {
        "".join(node.name): {what: float(text) for what, text in node.rows if text != "—"}
        for node in drawing.graph.nodes
    }


def square_of_difference(out, y):
    return ((out - y) ** 2).mean() if hasattr(out, "mean") else (out - y) ** 2


def test_the_operations_of_a_neuron_have_its_numbers_and_the_gradients_of_the_loss():
    model = two_two_one()
    x, target, step = np.array([1.0, 0.5]), 0.25, 1e-6

    def loss(w, x):
        hidden = 1 / (1 + np.exp(-(w @ x + [0.5, -0.5])))
        return ((hidden @ [1.0, -1.0]) - target) ** 2

    w = np.array([[2.0, -4.0], [1.0, 0.0]])
    rows = rows_by_name(model.picture(x, [[target]], nn.MSELoss()).neuron(1, 1))
    hidden = 1 / (1 + np.exp(-0.5))  # 2 · 1 − 4 · 0.5 + 0.5 = 0.5
    assert rows["h1_1"]["data"] == pytest.approx(hidden, rel=1e-3)
    for j, name in enumerate(("0.weight[0,0]", "0.weight[0,1]")):
        bump = np.zeros((2, 2))
        bump[0, j] = step
        slope = (loss(w + bump, x) - loss(w - bump, x)) / (2 * step)
        assert rows[name] == {"data": w[0, j], "grad": pytest.approx(slope, rel=1e-3)}
        way = step * np.eye(2)[j]
        slope = (loss(w, x + way) - loss(w, x - way)) / (2 * step)  # over all neurons
        assert rows[f"x{chr(0x2081 + j)}"]["grad"] == pytest.approx(slope, rel=1e-3)
    out = model.picture(x, [[target]], nn.MSELoss()).neuron(2, 1)
    assert {"h1_1", "h1_2"} <= rows_by_name(out).keys()
    assert not any("x₁" in node.name for node in out.graph.nodes)  # what is before is left out
    assert "What led to the nodes marked ⋯ is left out." in out.svg


def test_a_neuron_of_single_numbers_has_the_operations_that_one_of_arrays_has():
    numbers, arrays = nn.scalar.MLP(2, [3, 1]), nn.MLP(2, [3], 1, "relu")
    for layer, neurons in zip((arrays[0], arrays[2]), (one.neurons for one in numbers.layers)):
        layer.weight.data = [[w.data for w in neuron.w] for neuron in neurons]
        layer.bias.data = [neuron.b.data for neuron in neurons]
    pictures = [m.picture([0.5, -1.0], 2.0, square_of_difference) for m in (numbers, arrays)]
    for layer, count in ((1, 3), (2, 1)):
        for number in range(1, count + 1):
            drawings = [picture.neuron(layer, number) for picture in pictures]
            for what in ("data", "grad"):
                one, other = (
                    sorted(
                        float(dict(n.rows).get(what, 0))
                        for n in d.graph.nodes
                        if n.kind == "leaf" or n.output
                    )
                    for d in drawings
                )
                np.testing.assert_allclose(one, other, atol=1e-3)


def test_looking_at_operations_leaves_the_gradients_as_they_are_and_shows_those_of_the_loss():
    model = two_two_one()
    nn.MSELoss()(model([[1.0, 1.0]]), [[1.0]]).backward()
    wanted = [p.grad.copy() for p in model.parameters()]
    picture = model.picture([0.0, 3.0], [[1.0]], nn.MSELoss())
    picture.neuron(1, 1)
    states = {state.name: state.sentence for state in picture._states()}
    for p, grad in zip(model.parameters(), wanted, strict=True):
        np.testing.assert_array_equal(p.grad, grad)
    model.zero_grad()
    picture = model.picture([0.0, 3.0], [[1.0]], nn.MSELoss())
    (operations,) = [state for state in picture._states() if state.name == "Operations"]
    assert "grad" in states["Operations"]
    assert ">—<" not in operations.svg  # a gradient that has not arrived
    assert all(p.grad is None or not p.grad.any() for p in model.parameters())


class Bent(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(np.eye(2))

    def forward(self, x):
        return (x @ self.w).tanh()  # which an array of Values has not


def test_operations_of_a_neuron_that_cannot_be_shown_are_told():
    picture = two_two_one().picture([1.0, 1.0])
    for layer, number in ((0, 1), (3, 1), (1, 3), (1, 0)):
        with pytest.raises(ValueError, match=f"no neuron {number} of layer {layer}"):
            picture.neuron(layer, number)
    with pytest.raises(ValueError, match="are those of one example, but got 2"):
        two_two_one().picture(np.ones((2, 2))).neuron(1, 1)
    with pytest.raises(ValueError, match="neuron 4 of layer 1 has 64"):
        nn.MLP(64, [8], 2).picture(np.ones(64)).neuron(1, 4)
    with pytest.raises(ValueError, match="5,000 parameters at most, but got 9,610"):
        nn.MLP(64, [128], 10).picture(np.ones(64)).neuron(1, 4)
    with pytest.raises(ValueError, match=r"close-up of Bent: .*tanh"):
        Bent().picture([1.0, 1.0]).neuron(1, 1)


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_neuron_that_is_clicked_shows_its_operations(play, tmp_path, scheme):
    picture = two_two_one().picture([1.0, 1.0], [[1.0]], nn.MSELoss())
    picture.save(tmp_path / "net.html")
    options = {"viewport": {"width": 930, "height": 800}, "color_scheme": scheme}
    page = play(tmp_path / "net.html", wait=".glassgrad .pic", **options).page
    said = page.locator("p[role=status]")
    assert violations(page) == []
    page.locator("[data-node='h1.1']").click()
    assert said.inner_text().startswith("Operations of neuron 2 of layer 1: value")
    assert said.inner_text().endswith(repr(picture.neuron(1, 2)))
    assert violations(page) == []
    page.keyboard.press("Escape")
    assert said.inner_text() == repr(picture)
    page.get_by_role("button", name="Backwards").click()
    page.get_by_role("button", name="Open neuron 1 of layer 2").focus()
    page.keyboard.press("Enter")
    assert said.inner_text().endswith(repr(picture.neuron(2, 1)))
    page.keyboard.press("Escape")
    assert said.inner_text() == repr(picture.backwards)

    two_two_one().picture(np.ones((2, 2))).save(tmp_path / "mean.html")
    page = play(tmp_path / "mean.html", wait=".glassgrad .pic").page
    assert "are those of one example, but got 2" in page.locator("p.keys").inner_text()
    page.locator("[data-node='h2.0']").click()
    assert "are those of one example, but got 2" in page.locator("p[role=status]").inner_text()


@pytest.mark.parametrize("sizes", [(2, [4]), (4, [2]), (2, [3]), (3, [2]), (2, [2]), (8, [1])])
def test_the_numbers_of_weights_lie_above_all_lines_and_apart(sizes):
    inputs, hidden = sizes
    groups = nn.MLP(inputs, hidden, 1, "tanh").picture([1.0] * inputs)._scene.groups
    numbered = [k for k, group in enumerate(groups) if len(_papers(group)) == inputs * hidden[0]]
    lines = [k for k, group in enumerate(groups) if group.id.startswith("w1.")]
    assert len(lines) == inputs * hidden[0]
    assert max(lines) < numbered[0]
    boxes = _papers(groups[numbered[0]])
    for one, other in itertools.combinations(boxes, 2):
        beside = abs(one.x - other.x) >= min(one.width, other.width)
        assert beside or abs(one.y - other.y) >= 12  # of 15, most of which is margin


def _papers(group):
    """What lies below the numbers of a group of such."""
    papers = [shape for shape in group.shapes if getattr(shape, "part", "") == "page"]
    return papers if group.role == "numbers" else []
