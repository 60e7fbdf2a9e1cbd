"""Pictures of networks: modules as boxes, the paths that lead from a node, before and after."""

import random
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import nn
from autograd import Tensor, Value, draw, tanh
from autograd.viz.scene import HOT
from nn.scalar import MLP
from tests.autograd.viz.test_draw import needs_dot
from tests.each import each

SVG = "{http://www.w3.org/2000/svg}"


def network():
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    x, target = Tensor(rng.normal(size=(5, 3))), Tensor(rng.normal(size=(5, 2)))
    return model, ((model(x) - target) ** 2).mean()


def boxes(drawing):
    return {" ".join(node.name): node for node in drawing.graph.nodes}


@pytest.mark.parametrize("layout", ["own", pytest.param("dot", marks=needs_dot)])
def test_modules_are_drawn_as_boxes_with_parameters_and_shape(layout):
    model, loss = network()
    drawing = draw(loss, depth=2, layout=layout)
    found = boxes(drawing)
    assert ("params", "16") in found["model.0"].rows
    assert ("out", "5×4") in found["model.0"].rows
    assert ("params", "10") in found["model.2"].rows
    arrows = [(edge.tail, edge.head) for edge in drawing.graph.edges]
    assert (found["model.0"].id, found["model.2"].id) in arrows
    assert len(arrows) == len(set(arrows))
    assert "Drawn as one box each: model.0 (" in drawing.graph.remark
    ET.fromstring(drawing.svg)
    assert sum(1 for _ in model.parameters()) == 4


def test_depth_says_how_far_modules_are_opened():
    random.seed(0)
    mlp = MLP(2, [3, 1])
    out = mlp([1.0, -2.0])
    assert "mlp" in boxes(draw(out, depth=1))
    assert {"mlp.layers[0]", "mlp.layers[1]"} <= set(boxes(draw(out, depth=2)))
    neurons = {f"mlp.layers[0].neurons[{i}]" for i in range(3)}
    assert neurons <= set(boxes(draw(out, depth=3)))


def test_a_weight_used_in_two_layers_makes_no_cycle():
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    x = Tensor(np.ones((1, 2)))
    model = nn.Sequential(first, second, first)
    graph = draw(model(x).sum(), {"model": model}, depth=2).graph
    place = {node.id: i for i, node in enumerate(graph.nodes)}
    assert all(place[edge.tail] < place[edge.head] for edge in graph.edges)


class Branches(nn.Module):
    """Two layers side by side, whose results are added."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(2, 3), nn.Linear(2, 5)

    def forward(self, x):
        return (self.a(x) + self.b(x)[:, :3]).tanh()


def arrows(drawing):
    names = {n.id: " ".join(n.name) or n.symbol for n in drawing.graph.nodes}
    return {(names[edge.tail], names[edge.head]) for edge in drawing.graph.edges}


def test_where_two_modules_meet_the_result_belongs_to_neither():
    model = Branches()
    x = Tensor(np.ones((4, 2)), label="x")
    drawing = draw(model(x), {"model": model}, depth=2)
    assert arrows(drawing) == {
        ("x", "model.a"), ("x", "model.b"), ("model.a", "v₄"), ("model.b", "v₄"), ("v₄", "L"),
    }  # fmt: skip
    found = boxes(drawing)
    assert ("out", "4×3") in found["model.a"].rows
    assert ("out", "4×3") in found["model.b"].rows  # what leaves it, cut to three columns


def test_a_loss_belongs_to_no_model():
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 3))
    x, target = Tensor(np.ones((4, 2)), label="x"), Tensor(np.zeros((4, 3)), label="t")
    classes = np.array([0, 1, 2, 0])
    for loss in (
        nn.MSELoss()(model(x), target), nn.CrossEntropyLoss()(model(x), classes), model(x).sum()
    ):  # fmt: skip
        drawing = draw(loss, {"model": model}, depth=1)
        assert ("x", "model") in arrows(drawing)
        assert ("out", "4×3") in boxes(drawing)["model"].rows


def test_a_residual_and_a_module_used_again_make_no_cycle():
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    x = Tensor(np.ones((2, 3)), label="x")
    h = first(x)
    out = first(second(h) + h).sum()
    graph = draw(out, {"m": nn.Sequential(first, second)}, depth=2).graph
    place = {node.id: i for i, node in enumerate(graph.nodes)}
    assert all(place[edge.tail] < place[edge.head] for edge in graph.edges)


@each("seed", range(20))
def test_boxes_of_modules_never_form_a_cycle(seed):
    rng = random.Random(seed)
    layers = nn.Sequential(*[nn.Linear(2, 2) for _ in range(4)])
    values = [Tensor(np.ones((3, 2)), label="x")]
    for _ in range(9):
        a, b = rng.choice(values), rng.choice(values)
        values.append(rng.choice([layers[rng.randrange(4)](a), a + b, a * b, a.tanh()]))
    root = sum(values[1:], start=values[0] @ layers[0].weight).sum()
    graph = draw(root, {"layers": layers}, depth=2).graph
    place = {node.id: i for i, node in enumerate(graph.nodes)}
    assert len(place) == len(graph.nodes)
    assert all(place[edge.tail] < place[edge.head] for edge in graph.edges)


def test_without_modules_every_node_is_drawn_and_that_is_said():
    x = Value(1.0, label="x")
    drawing = draw(x * x + 1, depth=1)
    assert len(drawing.graph.nodes) == 4
    assert "No parameter's name tells a module" in drawing.graph.remark


def test_all_paths_from_a_node_stand_out():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    d = a * b
    z = tanh(d + a) + d
    drawing = draw(z, paths_from=a)
    marked = {" ".join(n.name) or n.symbol for n in drawing.graph.nodes if n.marked}
    assert "a" in marked
    assert "b" not in marked
    assert "Along the thick arrows 3 paths lead from a to the output." in drawing.graph.remark
    assert drawing.svg.count(HOT) > 5
    assert "penwidth=3" in drawing.source
    thick = re.findall(rf'stroke="{HOT}" stroke-width="3.2"', drawing.svg)
    assert len(thick) == sum(edge.marked for edge in drawing.graph.edges) == 6


def test_a_path_leads_through_the_boxes_of_modules():
    model, loss = network()
    graph = draw(loss, depth=2, paths_from=loss.parents[0]).graph
    assert graph.nodes[-1].marked
    assert model


@pytest.mark.parametrize("name", ["</svg><script>", '"', "]]>", "a.<b>.weight"])
def test_hostile_module_names_are_text(name):
    leaf = Value(2.0)
    other = leaf * leaf
    drawing = draw(other * 2, {f"m.{name}.w": leaf}, depth=2)
    root = ET.fromstring(drawing.svg)
    assert not list(root.iter(f"{SVG}script"))
    assert "strict" not in drawing.source


def test_draw_refuses_a_depth_below_0_and_a_node_that_leads_nowhere():
    x, other = Value(1.0), Value(2.0)
    with pytest.raises(ValueError, match="depth must be >= 0, but got -1"):
        draw(x * x, depth=-1)
    with pytest.raises(TypeError, match=r"paths_from needs a Value or a Tensor, but got 'x'"):
        draw(x * x, paths_from="x")
    with pytest.raises(ValueError, match="paths_from needs a node that root was computed from"):
        draw(x * x, paths_from=other)


def test_of_a_sum_of_many_terms_the_first_are_drawn_and_the_last():
    terms = [Value(0.1 * i, label=f"a{i}") * 2 for i in range(40)]
    total = sum(terms[1:], start=terms[0]).tanh()
    drawing = draw(total)
    (box,) = (node for node in drawing.graph.nodes if node.symbol == "Σ of 40 terms")
    leaves = [node.name[0] for node in drawing.graph.nodes if node.kind == "leaf"]
    assert leaves == ["a₀", "a₁", "a₂", "a₃₉"]
    (more,) = (node for node in drawing.graph.nodes if node.name == ("36 more terms",))
    heads = [edge.tail for edge in drawing.graph.edges if edge.head == box.id]
    assert (len(heads), heads.index(more.id)) == (5, 3)
    width, height = map(float, re.search(r'width="(.*?)" height="(.*?)"', drawing.svg).groups())
    assert width < 1200
    assert height < 600
    assert [len(view["open"]) for view in drawing._boxes["views"]] == [0, 1, 1, 2]
    opened, *others = (svg for svg in drawing._boxes["pictures"] if "36 more terms" in svg)
    assert "Σ of 37 terms" in opened  # with the first terms in it, and 36 more
    assert opened.count("data-node") == 18
    assert len(others) == 1  # in which that is open, too
    opened = next(svg for svg in drawing._boxes["pictures"] if "Σ of 40 terms" in svg)
    assert opened.count('data-kind="leaf"') == 40


def test_a_term_with_a_name_of_its_own_or_another_use_is_drawn():
    terms = [Value(float(i)) * 2 for i in range(20)]
    root = sum(terms[1:], start=terms[0]) * terms[9]
    graph = draw(root, names={"named": terms[7]}).graph
    symbols = [node.symbol for node in graph.nodes if node.kind == "operation"]
    assert symbols.count("*") == 1 + 4 + 2  # the root, those at the ends, and these two
    assert "14 more terms" in {" ".join(node.name) for node in graph.nodes}


@pytest.mark.parametrize("again", [False, True])
def test_a_sum_whose_parts_are_used_elsewhere_is_no_box(again):
    x = total = Value(1.0, label="x")
    parts = []
    for _ in range(20):
        total = total + x
        parts.append(total)
    root = (total * parts[7] if again else total * 2.0).exp()
    graph = draw(root).graph
    place = {node.id: i for i, node in enumerate(graph.nodes)}
    assert all(place[edge.tail] < place[edge.head] for edge in graph.edges)
    found = {node.symbol for node in graph.nodes if node.folded}
    assert found == ({"Σ of 13 terms"} if again else {"Σ of 21 terms"})
