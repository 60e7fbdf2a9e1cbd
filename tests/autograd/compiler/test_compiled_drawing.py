"""The picture of a compiled function: what is written beside what is run."""

import random
import re

import numpy as np
import pytest

import autograd
from autograd import CompileError, Tensor, Value
from autograd.compiler.drawing import Instructions
from nn.scalar import MLP
from tests.autograd.compiler.programs import TAME, RandomProgram


def five_neurons():
    w = [[Value(0.1 * (2 * i + j)) for j in range(2)] for i in range(5)]
    b = [Value(0.5 * i) for i in range(5)]
    g = autograd.compile(
        lambda x: sum((u[0] * x[0] + u[1] * x[1] + c).tanh() for u, c in zip(w, b))
    )
    g([1.0, -1.0])
    return g.draw({"w": w, "b": b})


def nodes_in(svg):
    """The sentence of every box."""
    return re.findall(r'<g data-node="[^"]*" data-kind="[^"]*"><title>([^<]*)</title>', svg)


def test_the_picture_has_every_operation_and_says_which_instruction_computes_it():
    svg = five_neurons().svg
    boxes, arrow = nodes_in(svg), r'<g data-edge="[^"]*"><title>([^<]*) →[^<]*</title>(<path[^>]*>)'
    counts = {"*, in v0": 10, "+, in v0": 10, "tanh, in v1": 5, "+, in v2": 5}
    assert {box: boxes.count(box) for box in counts} == counts
    assert {"w[0][0]", "w[4][1]", "b[4]"} <= {*boxes}
    assert {"10 leaves, shape 5×2", "2 data, shape 2×1", "5 leaves, shape 5×1"} <= {*boxes}
    assert "v0 = 10 leaves @ 2 data + 5 leaves, shape 5×2 by 2×1, for 20 operations" in boxes
    assert "v1 = tanh(v0), shape 5, for 5 operations" in boxes
    arrows = {*re.findall(r"<title>(v\d+) = [^<]* → (v\d+) = ", svg)}
    assert arrows == {("v0", "v1"), ("v1", "v2")}  # they follow the data
    dotted = {tail for tail, path in re.findall(arrow, svg) if "dasharray" in path}
    assert dotted == {"argument", "constant", "2 data"}  # where no gradient flows


def test_of_a_large_graph_one_neuron_stands_for_all():
    random.seed(0)
    model = MLP(2, [16, 1])
    g = autograd.compile(lambda xs: sum(model([Value(x) for x in point]) for point in xs))
    g(np.random.default_rng(0).normal(size=(100, 2)))
    picture = g.draw()
    assert "v0: 1,600 sums of 2 products are one matrix product, 16×2 by 2×100." in repr(picture)
    assert "only those of one of the 1,600 numbers that v0 computes are drawn" in repr(picture)
    boxes = nodes_in(picture.svg)
    assert sum(box == "*, in v0" for box in boxes) == 2
    assert len(boxes) < 30
    assert "model.layers[0].neurons[0].w[1]" in boxes


TABLE = [[Value(float(i + j)) for j in range(2)] for i in range(3)]
MATRIX = Tensor([[1.0, 2.0], [3.0, 4.0]], label="W")
NUMBER, PAIR = Value(2.0, label="v"), Tensor([1.0, 2.0], label="t")


@pytest.mark.parametrize(
    ("f", "x", "count", "drawn"),
    [
        (lambda x: (x @ MATRIX).tanh().sum(), np.ones((3, 2)), 1, r">W, shape \(2, 2\)<"),
        (
            lambda x: (x @ MATRIX).tanh().sum(), np.ones((3, 2)), 1,
            r">a2 = matmul\(a0, W\), shape \(3, 2\)<",
        ),
        (lambda x: (PAIR * (NUMBER * x)).sum(), 3.0, 1, r"v0 = multiply[^<]* → a\d = multiply"),
        (lambda index: sum(autograd.take(TABLE, index)[0]), np.array([1]), 2, ">take, in v0<"),
        (lambda k: autograd.take([v * v for v in TABLE[0] * 2], k), np.array(1), 4, r">\*, in v0<"),
        (
            lambda k: autograd.take([v * v for v in TABLE[0] * 2], k), np.array(1), 4,
            r"<title>[^<]*\*[^<]* → take",
        ),
        (
            lambda x: NUMBER * (2.0 * x)[0] + NUMBER * (x + 1.0)[1], np.ones(3), 2,
            r"<title>a\d+ = (multiply|add)\([^<]* → 2 data",
        ),
    ],
    ids=[
        "a Tensor", "its product", "numbers and Tensors", "a lookup", "what it chooses from",
        "and their arrows", "data of two arrays",
    ],
)  # fmt: skip
def test_in_the_picture_of_a_function_there_is(f, x, count, drawn):
    g = autograd.compile(f)
    g(x)
    assert len(re.findall(drawn, g.draw().svg)) == count


def test_several_results_are_collected_in_one_box():
    v = Value(2.0, label="v")
    g = autograd.compile(lambda x: [v * x, (v + x).exp()])
    g(3.0)
    svg = g.draw().svg
    assert nodes_in(svg).count("2 results") == 2
    assert set(re.findall(r'data-edge="(results\.\d)"', svg)) == {"results.0", "results.1"}


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * 2.0 if x > 0 else x * 3.0,
        lambda x: autograd.take([Value(1.0), Value(2.0)], np.array([0, 1]))[0] * x,
        lambda x: [x, 1.0],
        lambda x: [x * 2.0, 700],
        lambda x: 1.0,
        lambda x: {"y": x.data * x, "z": Tensor([1.0, 2.0]) * x},
        lambda x: [],
    ],
)
def test_every_kind_of_function_can_be_drawn(f):
    g = autograd.compile(f)
    g(Value(2.0))
    assert g.draw().svg.startswith("<svg")


def test_a_notebook_shows_the_picture_and_save_writes_it_and_refuses_other_endings(tmp_path):
    picture = five_neurons()
    bundle = picture._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg")
    assert bundle["text/plain"].startswith("30 operations on single numbers. v0: 5 sums")
    picture.save(tmp_path / "five.svg")
    assert (tmp_path / "five.svg").read_text(encoding="utf-8") == picture.svg
    picture.save(tmp_path / "five.tex")
    moved = re.search(r"translate\(([\d.]+) 40\)", picture.svg)  # the second of the two
    assert f"[shift={{({float(moved[1]):.1f}" in (tmp_path / "five.tex").read_text("utf-8")
    with pytest.raises(ValueError, match=r"ends in \.svg"):
        picture.save(tmp_path / "five.gif")


def test_drawing_before_the_first_call_says_to_call_it():
    def f(x):
        return x

    g = autograd.compile(f)
    with pytest.raises(CompileError, match="call f first"):
        g.draw()


def test_a_models_own_attributes_do_not_hide_those_of_compiled():
    class Model:
        def __init__(self):
            self.draw, self.program = "mine", "mine"

        def __call__(self, x):
            return x * 2.0

    g = autograd.compile(Model())
    g(Value(1.0))
    assert "multiply" in g.program()
    assert g.draw().svg.startswith("<svg")


def test_every_operation_is_counted_once():
    for seed in range(8):
        program = RandomProgram(seed, TAME)
        g = autograd.compile(program)
        g([0.1, 0.2, 0.3], Value(0.5))
        recording = g._newest
        alive = recording.raised.alive & (np.array(recording.graph.code) >= 0)
        assert Instructions(recording, lambda nodes: {}).operations.sum() == alive.sum()


def test_calls_that_come_before_the_single_numbers_stand_before_them():
    w = Value(0.3)

    def f(x):
        wave = np.sin(x) * 2
        return sum(w * w * v for v in np.array([w, w]) * (wave + 1)), (wave * wave).sum()

    g = autograd.compile(f)
    g(np.array([0.5, 0.2]))
    graph = Instructions(g._newest, lambda nodes: {}).graph("", "")
    place = {node.id: k for k, node in enumerate(graph.nodes)}
    assert all(place[edge.tail] < place[edge.head] for edge in graph.edges)


def test_a_compiled_function_is_shown_as_its_program():
    w = Value(0.5, label="w")

    @autograd.compile
    def twice(x):
        return (w * x).tanh()

    assert repr(twice) == "<compiled twice: not called yet, so nothing is recorded>"
    twice(2.0)
    assert repr(twice) == f"<compiled twice>\n{twice.program()}"
    twice(Tensor(np.ones(3)))
    assert repr(twice).endswith("… and 1 more recording: twice.program()")
