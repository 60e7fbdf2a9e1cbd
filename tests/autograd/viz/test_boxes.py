"""Parts of a graph that are shown as one box and can be opened: modules, compositions, sums."""

import random
import re

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value, backprop, draw, explain
from autograd.viz import compositions
from autograd.viz.boxes import MOST_RECORDED, closed_in_words
from autograd.viz.outline import BoxStep, Outline
from autograd.viz.player.picture import MOST_DRAWN, picture_of
from autograd.viz.player.record import trace_of
from autograd.viz.views import MOST_IN_ALL
from nn.scalar import MLP
from tests.each import each
from tests.work import calls_at_most


def scores(count=3):
    return [Value(0.5 * k - 1, label=f"z{k}") for k in range(count)]


def every_box(steps):
    return [box for outer in steps.boxes for box in outer.all]


def recorded(steps):
    return trace_of(steps, picture_of(steps))


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda z: sum(k * p for k, p in enumerate(nn.functional.softmax(z))), "softmax"),
        (lambda z: sum(k * p for k, p in enumerate(nn.functional.log_softmax(z))), "log-softmax"),
        (lambda z: nn.functional.cross_entropy(z, 1), "cross-entropy"),
        (lambda z: autograd.logsumexp(np.array(z)), "log-sum-exp"),
        (lambda z: nn.functional.mse_loss(z, [1.0, 2.0, 3.0]), "mean squared error"),
        (lambda z: nn.functional.l1_loss(z, [1.0, 2.0, 3.0]), "mean absolute error"),
    ],
)
def test_a_composition_of_numbers_is_one_box_with_the_name_of_the_lecture(function, name):
    z = scores()
    graph = draw(function(z)).graph
    (box,) = (node for node in graph.nodes if node.folded)
    assert box.symbol == name or box.name == (name,)
    operands = {edge.tail for edge in graph.edges if edge.head == box.id}
    leaves = {node.id for node in graph.nodes if node.name and node.name[0] in ("z₀", "z₁", "z₂")}
    assert leaves <= operands


@pytest.mark.parametrize("name", ["mean squared error", "gelu"])
def test_a_composition_of_arrays_is_one_box(name):
    x = Tensor(np.ones((2, 3)), label="x", requires_grad=True)
    function = {
        "mean squared error": lambda: nn.functional.mse_loss(x, np.zeros((2, 3))),
        "gelu": lambda: nn.functional.gelu(x).sum(),
    }[name]
    assert name in [box.name for box in every_box(backprop(function()))]


def test_what_only_resembles_a_composition_is_none():
    a, b, c = scores()
    e = a.exp(), b.exp(), c.exp()
    other = e[0] / (e[0] + e[1] + 2 * e[2])  # no softmax
    assert not backprop(other).boxes


def test_a_sum_of_many_terms_counts_its_terms_and_can_be_the_root():
    terms = [Value(0.1 * k, label=f"a{k}") for k in range(40)]
    more, box = backprop(sum(terms)).boxes
    assert box.name == "Σ of 40 terms"  # not the 0 that Python begins with
    assert more.name == "36 more terms"
    (output,) = (node for node in draw(sum(terms)).graph.nodes if node.output)
    assert output.title == "L = Σ of 40 terms"


def test_modules_hold_the_modules_that_they_are_made_of():
    random.seed(0)
    mlp = MLP(2, [3, 1])
    steps = backprop(mlp([1.0, -2.0]) * 1)
    (outer,) = (box for box in steps.boxes if box.level)
    assert outer.name == "mlp"
    assert {box.name for box in outer.inner} == {"mlp.layers[0]", "mlp.layers[1]"}
    for layer in outer.inner:
        assert {*layer.nodes} < {*outer.nodes}
        assert all(neuron.name.startswith(f"{layer.name}.neurons[") for neuron in layer.inner)
        for one in layer.inner:
            assert {*one.nodes} <= {*layer.nodes}


def test_a_long_row_of_operations_is_drawn_as_the_layers_it_is_made_of():
    layer = nn.TransformerEncoderLayer(4, 2, 8)
    steps = backprop((layer(np.ones((1, 3, 4))) ** 2).sum())
    closed = [box.name for box in picture_of(steps).folding.boxes]
    parts = ["self_attn", "norm1", "linear1", "linear2", "norm2"]
    assert closed == [f"layer.{part}" for part in parts]
    short = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
    steps = backprop(short(np.ones((1, 4))).sum())
    assert all(box.kind == "composition" for box in picture_of(steps).folding.boxes)


def test_a_module_used_in_many_steps_is_one_box_of_them_all():
    cell = nn.Linear(2, 2)
    state = Tensor(np.ones((1, 2)), label="h")
    for _ in range(6):
        state = cell(state).tanh()
    steps = backprop((state * state).sum())
    boxes = every_box(steps)
    together = next(box for box in boxes if box.kind == "repeated")
    assert together.name == "cell, 6 times"
    assert [box.name for box in together.inner] == [f"cell ({k})" for k in range(1, 7)]


def test_what_a_module_makes_of_data_alone_belongs_to_the_step_that_takes_it_in():
    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.w, self.u = (nn.Parameter(np.full((2, 2), x)) for x in (0.3, 0.2))

        def forward(self, xs):
            state = np.zeros((1, 2))
            for x in xs:
                state = (x @ self.w + state @ self.u).tanh()
            return state

    cell, data = Cell(), [np.full((1, 2), x) for x in (1.0, 2.0, 3.0)]
    steps = backprop((cell(data) ** 2).sum())
    boxes = [box for box in every_box(steps) if box.kind == "module"]
    met = [[x for x in data for node in box.nodes if np.array_equal(node.data, x)] for box in boxes]
    assert [len(box) for box in met] == [1, 1, 1]
    assert [box[0][0, 0] for box in met] == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("seed", range(12))
def test_whichever_boxes_are_closed_arrows_never_form_a_cycle(seed):
    rng = random.Random(seed)
    layers = nn.Sequential(*[nn.Linear(2, 2) for _ in range(3)])
    values = [Tensor(np.ones((3, 2)), label="x")]
    for _ in range(9):
        a, b = rng.choice(values), rng.choice(values)
        made = [layers[rng.randrange(3)](a), a + b, nn.functional.gelu(a), a * b]
        values.append(rng.choice(made))
    steps = backprop(sum(values[1:], start=values[0] @ layers[0].weight).sum())
    check_no_cycle(steps, rng)


def test_a_parameter_that_is_used_before_its_module_stands_by_itself():
    a, b = nn.Linear(2, 2), nn.Linear(2, 2)
    mixed = autograd.linear(Tensor(np.ones((3, 2)), label="x"), a.weight, b.bias)
    steps = backprop((a(mixed.tanh()) ** 2).sum())
    assert not any(a.weight in {*box.nodes} for box in every_box(steps))
    check_no_cycle(steps, random.Random(0))


def check_no_cycle(steps, rng):
    record = recorded(steps)
    for view in record.get("views", ()):
        assert len({*view["forward"]}) == len(view["forward"])
    boxes = every_box(steps)
    for box in boxes:
        chosen = [one for one in boxes if one is box or rng.random() < 0.4]
        apart = [b for b in chosen if not any(b in o.inner or b in [*o.all][1:] for o in chosen)]
        place = {node: one for one in apart for node in one.nodes}
        edges = {
            (place.get(parent, parent), place.get(node, node))
            for node in steps.nodes
            for parent in node.parents
        }
        assert not has_cycle({(a, b) for a, b in edges if a is not b})


def has_cycle(edges):
    after = {}
    for a, b in edges:
        after.setdefault(a, []).append(b)
    done, path = set(), set()

    def visit(at):
        if at in path:
            return True
        if at in done:
            return False
        path.add(at)
        found = any(visit(b) for b in after.get(at, ()))
        path.discard(at)
        done.add(at)
        return found

    return any(visit(a) for a in list(after))


# --- the pass through closed boxes ------------------------------------------------------------


def test_steps_inside_a_closed_box_count_as_one_and_their_numbers_add_up():
    z = scores()
    loss = nn.functional.cross_entropy(z, 1)
    steps = backprop(loss)
    outline = Outline(steps, steps.boxes)
    assert len(outline) == 3 < len(steps)
    p = np.exp([x.data for x in z])
    expected = p / p.sum() - [0, 1, 0]
    for step in outline:
        k = next(i for i, x in enumerate(z) if x is step.parent)
        assert step.contribution == pytest.approx(expected[k], rel=1e-12)
        assert step.local * step.out_grad == pytest.approx(step.contribution, rel=1e-12)
        assert step.equation.startswith(f"dloss/dz{'₀₁₂'[k]} += 1 · ∂loss/∂z{'₀₁₂'[k]} = 1 · ")


def test_what_has_arrived_is_counted_by_the_steps_that_are_shown():
    z = scores(2)
    y = nn.functional.cross_entropy(z, 1) + z[0]
    steps = backprop(y)
    into = [step for step in Outline(steps, steps.boxes) if step.parent is z[0]]
    assert [(step.arrived, step.expected) for step in into] == [(1, 2), (2, 2)]
    assert into[1].after == pytest.approx(steps.gradient(z[0]))


# --- the record of the page -------------------------------------------------------------------


def test_the_record_has_a_picture_for_each_box_that_can_be_opened():
    steps = backprop(nn.functional.cross_entropy(scores(), 1))
    record = recorded(steps)
    (group,) = record["groups"]
    assert group["name"] == "cross-entropy"
    used = [to for to, *_ in group["passes"]]
    assert sorted(record["nodes"][i]["name"] for i in used) == ["z₀", "z₁", "z₂"]
    assert group["shows"] == record["root"]
    assert group["out"] == [record["root"]]
    shut, whole = record["views"]
    assert (shut["open"], whole["open"]) == ([], [0])
    assert shut["forward"] == [-1]
    assert {at[1] for at in shut["play"]} == {*used}
    assert whole["play"] == list(range(len(steps)))
    (svg,) = record["pictures"]
    assert svg.count("data-node") == len(steps.nodes)


def test_every_view_plays_every_contribution_once():
    random.seed(1)
    mlp = MLP(2, [4, 4, 1])
    loss = (mlp([0.5, -1.0]) - 1) ** 2
    steps = backprop(loss)
    record = recorded(steps)
    groups = record["groups"]
    for view in record["views"]:

        def closed_around(node, view=view):
            found, g = -1, record["nodes"][node].get("group", -1)
            while g >= 0:
                found, g = (found if g in view["open"] else g), groups[g]["in"]
            return found

        played = [at for at in view["play"] if not isinstance(at, list)]
        for g, to, sums in (at for at in view["play"] if isinstance(at, list)):
            if to >= 0:
                assert to in [operand for operand, *_ in groups[g]["passes"]]
                played += sums
                assert sums == [
                    k
                    for k, (node, place, *_) in enumerate(record["steps"])
                    if record["nodes"][node]["in"][place] == to and closed_around(node) == g
                ]
        assert len(played) == len({*played})
    names = {group["name"] for group in groups}
    assert {"mlp", "mlp.layers[0]", "mlp.layers[2]"} <= names
    plays = [len(view["play"]) for view in record["views"]]
    assert plays[0] < max(plays) < len(steps)


def test_a_view_shows_each_node_once_by_the_outermost_closed_group_around_it():
    random.seed(1)
    mlp = MLP(2, [8, 8, 1])
    record = recorded(backprop((mlp([0.5, -1.0]) - 1) ** 2))
    groups = record["groups"]
    for view, svg in zip(record["views"][1:], record["pictures"], strict=True):
        shown = set()
        for node in record["nodes"]:
            around, g = [], node.get("group", -1)
            while g >= 0:
                around.append(g)
                g = groups[g]["in"]
            closed = [g for g in around if g not in view["open"]]
            shown.add(groups[closed[-1]]["id"] if closed else f"n{record['nodes'].index(node)}")
        drawn = {part.split('"')[0] for part in svg.split('data-node="')[1:]}
        assert {id_ for id_ in drawn if "~" not in id_} == shown


def test_10_000_nodes_are_visited_a_few_times_and_few_boxes_are_drawn():
    w = [Value(0.01 * k, label=f"w{k}") for k in range(5)]
    total = w[0]
    for k in range(5_000):
        total = total * w[k % 5] + w[1]
    with calls_at_most(100 * 10_000):
        steps = backprop(total)
        record = recorded(steps)
    assert len(steps.nodes) > 10_000
    assert len(record["nodes"]) <= MOST_DRAWN


def test_all_pictures_of_a_pass_have_a_bounded_number_of_boxes():
    random.seed(0)
    mlp = MLP(2, [16, 16, 1])
    record = recorded(backprop(mlp([1.0, -2.0]) * 1))
    svgs = record["pictures"]
    drawn = sum(svg.count("data-node") - svg.count("~") for svg in svgs)
    assert len(svgs) > 3
    assert drawn <= MOST_IN_ALL


# --- words ------------------------------------------------------------------------------------


def test_a_printed_pass_takes_a_closed_box_for_one_step():
    z = scores()
    loss = nn.functional.cross_entropy(z, 1) * 2
    text = str(backprop(loss))
    assert "4 steps through 5 nodes and 1 box" in text
    assert "= cross-entropy of z₀, z₁, z₂" in text
    assert "exp" not in text
    assert "exp" in str(backprop(loss, depth=0))


def test_a_printed_pass_shows_modules_to_a_depth():
    random.seed(0)
    mlp = MLP(2, [3, 1])
    loss = (mlp([Value(1.0, label="x1"), Value(-2.0, label="x2")]) - 1) ** 2
    once, twice = str(backprop(loss, depth=1)), str(backprop(loss, depth=2))
    assert "= mlp of x₁, x₂" in once
    assert "4 steps through 6 nodes and 1 box" in once
    assert "3 results of mlp.layers[0] += what comes through mlp.layers[1]" in twice
    assert "and of 13 leaves inside of boxes" in once


@pytest.mark.parametrize("depth", [None, 0, 1, 2, 3])
def test_explained_to_any_depth_the_derivative_is_the_same(depth):
    random.seed(0)
    mlp = MLP(2, [3, 1])
    x = [Value(1.0, label="x1"), Value(-2.0, label="x2")]
    loss = nn.functional.cross_entropy([mlp(x), x[0] * x[1]], 1)
    explained = explain(loss, x[0], depth=depth)
    loss.backward()
    assert explained.total == pytest.approx(x[0].grad, rel=1e-12)
    assert explained.total == pytest.approx(sum(path.number for path in explained.paths), rel=1e-9)


def test_explain_takes_a_composition_for_one_factor_unless_it_is_opened():
    z = scores()
    loss = nn.functional.cross_entropy(z, 1)
    assert len(explain(loss, z[0]).paths[0].factors) == 1
    assert len(explain(loss, z[0], depth=0).paths[0].factors) > 3
    inner = loss.parents[0].parents[0]  # what lies inside of it is found, too
    assert explain(loss, inner).total == pytest.approx(1 / inner.data)


def test_a_depth_that_is_none_is_refused():
    x = Value(1.0)
    for function in (lambda: backprop(x * x, depth=-1), lambda: explain(x * x, x, depth=-1)):
        with pytest.raises(ValueError, match="depth must be >= 0, but got -1"):
            function()


# --- the safety device of binary cross-entropy ------------------------------------------------


@pytest.mark.parametrize("y", [0.0, 1.0, 0.25])
def test_binary_cross_entropy_is_one_operation_whose_formula_is_the_lectures(y):
    p = Value(0.8, label="p")
    loss = nn.functional.binary_cross_entropy(p, Value(y, label="y"))
    (step, _) = backprop(loss)
    assert step.formula.text == "(1 - y)/(1 - p) - y/p"
    assert step.local == pytest.approx((1 - y) / 0.2 - y / 0.8, rel=1e-12)
    assert "e-44" not in str(backprop(loss)) + draw(loss).svg
    assert loss.data == pytest.approx(-y * np.log(0.8) - (1 - y) * np.log(0.2), rel=1e-12)


def test_where_binary_cross_entropy_is_cut_off_the_formula_says_so():
    p = Value(0.0, label="p")
    explained = explain(nn.functional.binary_cross_entropy(p, 1.0), p)
    assert explained.total == 0
    assert "[p > 3.72e-44]" in str(explained)  # -1/p would not be 0


def test_the_whole_of_a_layer_norm_belongs_to_its_module():
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.LayerNorm(4), nn.Linear(4, 2))
    steps = backprop(nn.functional.mse_loss(net(np.ones((5, 3))), np.zeros((5, 2))))
    boxes = {box.name: box for box in every_box(steps)}
    assert [box.name for box in boxes["net.2"].inner] == ["layer norm"]
    assert {node.op.name for node in boxes["net.0"].nodes if node.op} == {"linear", "tanh"}
    assert "= layer norm of v" in str(steps)


def test_arrows_into_a_closed_box_of_numbers_have_its_local_derivatives():
    z = scores()
    graph = draw(nn.functional.cross_entropy(z, 1)).graph
    p = np.exp([x.data for x in z])
    expected = p / p.sum() - [0, 1, 0]
    assert [float(edge.label) for edge in graph.edges] == pytest.approx(expected, rel=1e-3)


def test_draw_opens_every_box_at_depth_0():
    loss = nn.functional.cross_entropy(scores(), 1)
    assert len(draw(loss).graph.nodes) == 4
    assert not any(node.folded for node in draw(loss, depth=0).graph.nodes)


def test_explain_takes_no_depth_of_tensors():
    x = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match="explain: depth is for Values"):
        explain((x * x).sum(), x, depth=1)


def test_a_film_shows_a_closed_box_as_one_operation(tmp_path):
    steps = backprop(nn.functional.cross_entropy(scores(), 1))
    steps.save(tmp_path / "film.svg")
    text = (tmp_path / "film.svg").read_text()
    assert "Forward: L = cross-entropy = " in text
    assert "step 3 of 3   dL/dz₀ += 1 · ∂L/∂z₀" in text
    steps.save(tmp_path / "pass.tex")
    assert (tmp_path / "pass.tex").read_text().count(r"\begin{tikzpicture}") == 4


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (lambda: nn.BatchNorm2d(3), "batch norm"),
        (lambda: nn.GroupNorm(1, 3), "group norm"),
        (lambda: nn.GroupNorm(3, 3), "group norm"),
    ],
)
def test_the_normalisation_of_images_is_one_box_of_its_module(made, name):
    net = nn.Sequential(nn.Conv2d(1, 3, 2), made(), nn.ReLU())
    images = np.arange(18.0).reshape(2, 1, 3, 3)
    boxes = {box.name: box for box in every_box(backprop((net(images) ** 2).sum()))}
    assert [box.name for box in boxes["net.1"].inner] == [name]


def test_the_batch_norm_of_rows_is_one_box_of_its_module():
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    rows = np.arange(6.0).reshape(2, 3)
    boxes = {box.name: box for box in every_box(backprop((net(rows) ** 2).sum()))}
    assert [box.name for box in boxes["net.1"].inner] == ["batch norm of features"]


def test_a_box_of_several_results_is_printed_before_what_is_made_of_them():
    p = nn.functional.softmax(scores(4))
    text = str(backprop(p[0].log() + p[1].log()))
    lines = text.splitlines()
    box = next(k for k, line in enumerate(lines) if "softmax of z₀, z₁, …, z₃" in line)
    assert box < min(k for k, line in enumerate(lines) if "log(p" in line)


def test_what_a_box_of_a_few_results_hands_back_is_the_sum_over_them():
    z = scores()
    p = nn.functional.softmax(z)
    loss = p[0].log() - 2 * p[1]
    steps = backprop(loss)
    into = [step for step in Outline(steps, steps.boxes) if step.parent is z[2]]
    assert len(into) == 1
    assert into[0].equation.count(" · ∂p") == 2
    total = sum(steps.gradient(node) * local for node, local in into[0].locals)
    assert total == pytest.approx(steps.gradient(z[2]), rel=1e-12)


@each("seed", range(6))
@each("depth", [None, 1, 2, 3])
def test_every_number_printed_of_closed_boxes_and_of_named_steps_is_true(seed, depth):
    random.seed(seed)
    mlp = MLP(2, [3, 2])
    x = [Value(random.uniform(-1, 1), label=f"x{k}") for k in range(2)]
    h = mlp(x)
    h[0].label, h[1].label = "h0", "h1"
    loss = nn.functional.cross_entropy(h, 1) + 0.1 * sum(p * p for p in mlp.parameters())
    steps = backprop(loss, depth=depth)
    lines = [step.equation for step in Outline(steps, closed_in_words(steps.boxes, depth))]
    lines += [step.equation for step in steps.named]
    checked = 0
    for line in lines:
        *_, numbers, result = ["", *line.split(" = ")]
        if re.fullmatch(r"[-0-9.e()· +]+", numbers) and "·" in numbers:
            value = eval(numbers.replace("·", "*"))
            scale = sum(abs(eval(term.replace("·", "*"))) for term in numbers.split(" + "))
            assert value == pytest.approx(float(result), abs=2e-3 * scale + 1e-12), line
            checked += 1
    assert checked > 5


def test_compositions_are_known_whatever_mode_the_first_picture_is_drawn_in():
    loss = nn.functional.mse_loss(Tensor(np.ones((2, 3)), requires_grad=True), np.zeros((2, 3)))
    for patterns in (compositions._patterns, compositions._beginnings):
        patterns.cache_clear()
    with autograd.no_grad(), autograd.record_lines() as lines:
        assert [box.name for box in backprop(loss).boxes] == ["mean squared error"]
    assert not lines.lines


def test_a_function_of_ones_own_is_a_box_from_then_on(monkeypatch):
    monkeypatch.setattr(compositions, "NAMED", dict(compositions.NAMED))
    x = Tensor([0.5, 1.5], requires_grad=True, label="x")

    def swing(x):
        return (x.sin() * x.cos() + x).sum()

    def boxes():
        return [box.name for box in backprop(swing(x)).boxes]

    assert boxes() == []
    compositions.NAMED["swing"] = swing, lambda n: [(n,)]
    assert boxes() == ["swing"]
    compositions.NAMED["broken"] = lambda x: x[7, 7, 7], lambda n: [(n,)]
    assert boxes() == ["swing"]


def test_no_box_hides_what_has_a_name_of_its_own():
    terms = [Value(0.1 * k) * 2.0 for k in range(30)]
    half = sum(terms[:20])
    half.label = "half"
    whole = sum(terms[20:], start=half)
    steps = backprop(whole)
    assert [box.name for box in steps.boxes] == ["16 more terms", "Σ of 20 terms"]  # the other: 11
    assert any(node.name == ("half",) for node in draw(whole).graph.nodes)


def test_a_convolution_with_its_bias_is_one_box_whatever_its_stride_padding_and_axes():
    x = {1: Tensor(np.ones((1, 2, 9))), 2: Tensor(np.ones((1, 2, 9, 9)))}
    for layer in [
        nn.Conv1d(2, 4, 3), nn.Conv1d(2, 4, 3, stride=2, dilation=2, groups=2),
        nn.Conv2d(2, 4, (1, 3), padding=(0, 1)), nn.Conv2d(2, 3, 2, padding="same"),
    ]:  # fmt: skip
        graph = draw(layer(x[layer._axes]).sum()).graph
        assert [n.symbol for n in graph.nodes if n.kind == "operation"] == ["convolution", "Σ"]
    layer = nn.ConvTranspose2d(2, 4, 3, stride=2, padding=1, output_padding=1)
    names = {box.name for box in every_box(backprop(layer(x[2]).sum()))}
    assert "transposed convolution" in names
    bare = backprop(nn.Conv2d(2, 4, 3, bias=False)(x[2]).sum())
    assert "convolution" not in {box.name for box in every_box(bare)}


def test_what_attention_is_given_three_times_is_one_node():
    layer = nn.MultiheadAttention(4, 2)
    x = Tensor(np.linspace(-1.0, 1.0, 12).reshape(3, 1, 4), label="x", requires_grad=True)
    graph = draw((layer(x, x, x)[0] ** 2).sum()).graph
    (x_id,) = (node.id for node in graph.nodes if node.name == ("x",))
    (turned,) = (edge.head for edge in graph.edges if edge.tail == x_id)
    assert sum(edge.tail == turned for edge in graph.edges) == 3
    symbols = [node.symbol for node in graph.nodes if node.folded]
    assert symbols == [*["into heads"] * 3, "attention with weights", "heads joined"]


def test_the_formula_of_a_box_of_arrays_is_what_it_hands_back():
    rng = np.random.default_rng(0)
    X = Tensor(rng.normal(size=(2, 1, 5, 5)), requires_grad=True)
    Y = Tensor(rng.normal(size=(3, 1, 4)), requires_grad=True)
    attention = nn.MultiheadAttention(4, 2)
    losses = [
        (nn.Conv2d(1, 2, 2, padding=1)(X) ** 2).sum(), nn.functional.mse_loss(Y * 2.0, Y),
        (attention(Y, Y, Y)[0] ** 2).sum(), (nn.LayerNorm(4)(Y) ** 3).sum(),
        (nn.functional.gelu(Y) ** 2).sum(), nn.functional.l1_loss(Y * 2.0, Y),
    ]  # fmt: skip
    written = []
    for loss in losses:
        loss.label = "L"
        steps = backprop(loss)
        for step in Outline(steps, closed_in_words(steps.boxes, None)):
            if isinstance(step, BoxStep) and step.rule is not None:
                np.testing.assert_allclose(step.rule._data, step.contribution, rtol=1e-12)
                assert step.rule.text in step.equation
                written.append((step.box.name, step.rule.text))
    assert {name for name, _ in written} >= {"convolution", "mean squared error", "into heads"}
    assert ("convolution", "Σ over axes 0, 2, 3 of dL/dv₃") in written
    assert ("mean squared error", "(0.08333 repeated to 3×1×4) ⊙ (2·(v₁ - Y))") in written


def test_an_mlp_of_more_nodes_than_can_be_read_begins_as_its_layers():
    random.seed(1)
    mlp = MLP(3, [4, 4, 1])
    loss = (mlp([1.0, -2.0, 3.0]) - 1) ** 2
    listed = [group["name"] for group in draw(loss)._boxes["groups"]]
    assert listed == [group["name"] for group in recorded(backprop(loss))["groups"]]
    assert listed[:2] == ["mlp", "mlp.layers[0]"]
    symbols = [" ".join(node.name) for node in draw(loss).graph.nodes if node.folded]
    assert symbols == ["mlp.layers[0]", "mlp.layers[1]", "mlp.layers[2]"]
    assert len(draw(loss, depth=0).graph.nodes) == 120


def test_a_label_that_is_any_text_with_a_dot_tells_no_module():
    y = Value(1.0, label="start")
    for k in range(24):
        y = y * Value(2.0, label=["it is 1.5 times <b.c>", "'a.b-", "1.5", "w = x.y"][k % 4])
    assert not any(box.level for box in every_box(backprop(y)))


def test_a_large_graph_whose_root_is_in_a_closed_box_is_played():
    z = scores(32)
    steps = backprop(sum(nn.functional.cross_entropy(z, k % 32) for k in range(40)))
    assert len(steps.nodes) > MOST_RECORDED
    trace = recorded(steps)
    assert trace["nodes"][trace["root"]]["value"] == steps.root.data
