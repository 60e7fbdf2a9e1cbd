"""Programs that people wrote for micrograd, in short: they run with another import.

Each is written once and runs with micrograd's Value, where that is installed, and with ours.
"""

import copy
import gc
import math
import pickle
import random
import weakref

import numpy as np
import pytest

import autograd
import nn
from autograd import GraphError, backprop, draw, explain
from benchmarks import gpt
from nn.interop import micrograd as ours
from tests.autograd.viz.player.test_player import unpacked

try:
    import micrograd.engine as theirs
except ImportError:
    theirs = None

BOTH = [pytest.param(ours.Value, id="ours")]
if theirs:
    BOTH.append(pytest.param(theirs.Value, id="micrograd"))


@pytest.fixture(params=BOTH)
def extended(request, monkeypatch):
    """The class of either library, with operations that a lecture adds: closures over a result."""
    value = request.param

    def tanh(self):
        t = math.tanh(self.data)
        out = value(t, (self,), "tanh")

        def _backward():
            self.grad += (1 - t * t) * out.grad

        out._backward = _backward
        return out

    def exp(self):
        out = value(math.exp(self.data), (self,), "exp")

        def _backward():
            self.grad += out.data * out.grad

        out._backward = _backward
        return out

    def log(self):
        out = value(math.log(self.data), (self,), "log")

        def _backward():
            self.grad += out.grad / self.data

        out._backward = _backward
        return out

    def times(self, other):
        out = value(self.data * other.data, (self, other), "×")

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    for operation in (tanh, exp, log, times):
        monkeypatch.setattr(value, operation.__name__, operation, raising=False)
    return value


def numbers(nodes):
    return pytest.approx([node.grad for node in nodes], rel=1e-14)


# --- backward by hand -----------------------------------------------------------------------------

# The neuron of the lecture: tanh(x1 w1 + x2 w2 + b) is 1/√2, so the derivative of tanh is 1/2.
NEURON = [2.0, 0.0, -3.0, 1.0, 6.8813735870195432]
ITS_GRADIENT = [-1.5, 0.5, 1.0, 0.0, 0.5]


def neuron(x1, x2, w1, w2, b):
    x1w1, x2w2 = x1 * w1, x2 * w2
    both = x1w1 + x2w2
    n = both + b
    return n.tanh(), [n, both, x1w1, x2w2]


def test_the_backward_pass_of_a_neuron_can_be_called_node_by_node(extended):
    leaves = [extended(x) for x in NEURON]
    o, inner = neuron(*leaves)
    o.grad = 1.0
    for node in (o, *inner):
        node._backward()
    assert [leaf.grad for leaf in leaves] == pytest.approx(ITS_GRADIENT, rel=1e-13)
    assert [node.grad for node in inner] == pytest.approx([0.5] * 4, rel=1e-13)
    assert leaves[0]._backward() is None


def test_the_engines_own_operations_go_backward_by_hand_too():
    leaves = [ours.Value(x) for x in NEURON]
    o, inner = neuron(*leaves)
    o.grad = 1.0
    for node in (o, *inner):
        node._backward()
    assert [leaf.grad for leaf in leaves] == pytest.approx(ITS_GRADIENT, rel=1e-13)


def test_a_topological_order_of_ones_own_reaches_every_node(extended):
    a, b = extended(2.0), extended(-0.5)
    root = (a * b + 3 * a).tanh() * (b**2 - 1) + a
    order, seen = [], set()

    def visit(v):
        if v not in seen:
            seen.add(v)
            for child in v._prev:
                visit(child)
            order.append(v)

    visit(root)
    root.grad = 1.0
    for node in reversed(order):
        node._backward()
    t = math.tanh(5.0)
    slope = (1 - t * t) * (0.25 - 1)
    assert a.grad == pytest.approx(slope * 2.5 + 1, rel=1e-13)
    assert b.grad == pytest.approx(slope * 2 + t * -1.0, rel=1e-13)


def test_an_operand_that_is_used_twice_gets_both_shares(extended):
    x = extended(3.0)
    y = x * x
    y.grad = 1.0
    y._backward()
    assert x.grad == 6.0
    x.grad = 0
    z = x.times(x)
    z.backward()
    assert x.grad == 6.0


# --- operations by closure ------------------------------------------------------------------------


def test_softmax_and_its_loss_made_of_closures_have_the_gradient_p_minus_y(extended):
    scores = [extended(x) for x in (0.0, 3.0, -2.0, 1.0)]
    counts = [s.exp() for s in scores]
    total = sum(counts)
    shares = [c / total for c in counts]
    loss = -shares[3].log()
    loss.backward()
    p = np.exp([0.0, 3.0, -2.0, 1.0])
    p /= p.sum()
    assert loss.data == pytest.approx(-math.log(p[3]), rel=1e-13)
    assert [s.grad for s in scores] == pytest.approx(p - [0, 0, 0, 1], rel=1e-12)


def test_a_closure_agrees_with_the_engine_and_central_differences():
    def program(tanh, times, x, y):
        return times(tanh(times(x, y)), x) + tanh(x) ** 2

    def by_closure(self):
        out = ours.Value(math.tanh(self.data), (self,), "tanh")

        def _backward():
            self.grad += (1 - out.data**2) * out.grad

        out._backward = _backward
        return out

    mine, engines = ([ours.Value(0.3), ours.Value(-1.2)] for _ in range(2))
    program(by_closure, lambda a, b: a * b, *mine).backward()
    program(ours.Value.tanh, lambda a, b: a * b, *engines).backward()
    assert [v.grad for v in mine] == numbers(engines)
    h, f = 1e-6, lambda x, y: math.tanh(x * y) * x + math.tanh(x) ** 2
    assert mine[0].grad == pytest.approx((f(0.3 + h, -1.2) - f(0.3 - h, -1.2)) / 2 / h, rel=1e-8)


def test_a_closure_replaces_an_engines_rule():
    x = ours.Value(0.2)
    y = x * 5

    def through():  # a straight-through estimator
        x.grad += y.grad

    y._backward = through
    (3 * y).backward()
    assert x.grad == 3.0


def test_a_backward_pass_leaves_the_gradients_of_others_alone(extended):
    x = extended(2.0)
    y = x.exp()
    y.backward()
    first = x.grad
    y.backward()
    assert x.grad == pytest.approx(2 * first)


def test_operations_replaced_in_the_class_are_those_that_run():
    class Value(ours.Value):
        def __mul__(self, other):
            other = other if isinstance(other, Value) else Value(other)
            out = Value(self.data * other.data, (self, other), "*")

            def _backward():
                self.grad += 10 * other.data * out.grad
                other.grad += 10 * self.data * out.grad

            out._backward = _backward
            return out

    a, b = Value(2.0), Value(3.0)
    (a * b + 1).backward()
    assert (a.grad, b.grad) == (30.0, 20.0)


# --- subclasses -----------------------------------------------------------------------------------


def test_a_subclass_that_passes_on_nothing_stays_what_it_is():
    class ValueExt(ours.Value):
        def __init__(self, data, _children=(), _op=""):
            super().__init__(data, _children=(), _op="")
            self._prev = set(_children)
            self._op = _op
            self._backward = lambda: None
            self.visits = 0

        def cube(self):
            out = ValueExt(self.data**3, (self,), "cube")

            def _backward():
                self.grad += 3 * self.data**2 * out.grad

            out._backward = _backward
            return out

    x = ValueExt(2.0)
    results = [x + 1, 1 + x, x * x, -x, 1 / x, x - 1, 1 - x, x**2, x.relu(), x.tanh(), x.cube()]
    assert {type(v) for v in [*results, np.tanh(x), autograd.exp(x), x + ours.Value(1.0)]} == {
        ValueExt
    }
    assert {v.visits for v in results} == {0}
    y = ((x * 2).cube() + x).relu()
    y.backward()
    assert x.grad == 3 * 4.0**2 * 2 + 1
    assert y._op == "ReLU"
    assert x.cube()._op == "cube"
    assert x.cube()._prev == {x}


def test_plain_values_and_those_of_the_engine_mix():
    x, y = ours.Value(2.0), autograd.Value(3.0)
    assert type(y * x) is type(x * y) is ours.Value
    (y * x + x * y).backward()
    assert (x.grad, y.grad) == (6.0, 4.0)


def test_without_a_graph_results_keep_the_class():
    x = ours.Value(2.0)
    with autograd.no_grad():
        y = x * 3
    assert isinstance(y, ours.Value)
    y.seen = True
    assert (y.data, y.parents) == (6.0, ())


# --- attributes of one's own, gradients that are None ---------------------------------------------


def test_adam_by_hand_keeps_its_moments_on_the_parameters():
    random.seed(3)
    model = ours.MLP(2, [4, 1])
    params = model.parameters()
    assert {type(p) for p in params} == {ours.Value}
    for p in params:
        p.m, p.v = 0.0, 0.0
    reference = [p.data for p in params]
    m, v = np.zeros(len(params)), np.zeros(len(params))
    for t in range(1, 6):
        loss = (model([0.5, -1.0]) - 1.0) ** 2
        for p in params:
            p.grad = None
        loss.backward()
        g = np.array([p.grad for p in params])
        for p in params:
            p.m = 0.9 * p.m + 0.1 * p.grad
            p.v = 0.999 * p.v + 0.001 * p.grad**2
            p.data -= 0.01 * (p.m / (1 - 0.9**t)) / ((p.v / (1 - 0.999**t)) ** 0.5 + 1e-8)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        reference -= 0.01 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    assert [p.data for p in params] == pytest.approx(list(reference), rel=1e-13)


def test_a_gradient_of_none_begins_anew():
    x = ours.Value(2.0)
    (x * x).backward()
    x.grad = None
    assert x.grad == 0.0
    (x * x).backward()
    assert x.grad == 4.0


def test_a_node_carries_what_its_program_hangs_on_it():
    v = ours.Value(1.0) + 2
    v._vis_color = "red"
    assert v._vis_color == "red"


# --- whole programs -------------------------------------------------------------------------------


@pytest.mark.skipif(theirs is None, reason="micrograd, the oracle, is not installed")
def test_training_gives_micrograds_losses():
    from micrograd.nn import MLP

    points = [([2.0, 3.0, -1.0], 1.0), ([3.0, -1.0, 0.5], -1.0), ([0.5, 1.0, 1.0], -1.0)]

    def train(mlp):
        random.seed(7)
        model, losses = mlp(3, [4, 4, 1]), []
        for _ in range(10):
            loss = sum((model(x) - y) ** 2 for x, y in points)
            model.zero_grad()
            loss.backward()
            for p in model.parameters():
                p.data += -0.05 * p.grad
            losses.append(loss.data)
        return losses

    assert train(ours.MLP) == pytest.approx(train(MLP), rel=1e-12)


@pytest.mark.parametrize("value", [autograd.Value, ours.Value], ids=["engine", "interop"])
def test_a_language_model_in_single_numbers_has_the_gradients_of_its_own_engine(value, monkeypatch):
    monkeypatch.setattr(gpt, "WIDTH", 4)
    rng = np.random.default_rng(0)
    numbers = {
        name: rng.normal(0, 0.3, size=(16 if "wide" in name else 4, 4)) for name in gpt.SHAPES
    }
    numbers["narrow"] = rng.normal(0, 0.3, size=(4, 16))

    def gradients(kind):
        weights = {k: [[kind(x) for x in row] for row in w.tolist()] for k, w in numbers.items()}
        total = gpt.loss(weights, [0, 2, 1, 0], lambda table, i: table[i])
        total.backward()
        leaves = [p for table in weights.values() for row in table for p in row]
        return [total.data, *(p.grad for p in leaves)]

    assert gradients(value) == pytest.approx(gradients(gpt.PlainValue), rel=1e-11, abs=1e-15)


def test_an_array_times_a_value_is_an_array_of_values():
    x = ours.Value(2.0)
    for product in (np.array([1.0, -3.0]) * x, x * np.array([1.0, -3.0])):
        assert [type(v) for v in product] == [ours.Value] * 2
        assert [v.data for v in product] == [2.0, -6.0]
    (np.array([1.0, -3.0]) * x).sum().backward()
    assert x.grad == -2.0


def test_a_network_of_ones_own_on_values(extended):
    class Neuron:
        def __init__(self, weights, bias):
            self.w = [extended(w) for w in weights]
            self.b = extended(bias)

        def __call__(self, x):
            return sum((wi * xi for wi, xi in zip(self.w, x)), self.b).tanh()

    first, second = Neuron([0.5, -1.0], 0.1), Neuron([2.0], -0.3)
    out = second([first([1.0, 2.0])])
    out.backward()
    h = math.tanh(0.5 - 2.0 + 0.1)
    o = math.tanh(2 * h - 0.3)
    back = (1 - o * o) * 2 * (1 - h * h)
    assert [p.grad for p in (*first.w, first.b, *second.w, second.b)] == pytest.approx(
        [back, 2 * back, back, (1 - o * o) * h, 1 - o * o], rel=1e-12
    )


def test_a_chain_of_2_000_closures_does_not_meet_the_recursion_limit():
    def doubled(self):
        out = ours.Value(self.data + self.data, (self,), "double")

        def _backward():
            self.grad += 2 * out.grad

        out._backward = _backward
        return out

    x = y = ours.Value(0.0)
    for _ in range(2_000):
        y = doubled(y) * 0.5
    y.backward()
    assert x.grad == 1.0


def test_a_graph_is_freed_without_the_garbage_collector():
    x = ours.Value(2.0)
    y = (x * 3).tanh()
    (y + x).backward()
    inner = weakref.ref(y)
    gc.disable()
    try:
        del y
        assert inner() is None
    finally:
        gc.enable()


# --- pictures -------------------------------------------------------------------------------------


def squashed(x):
    out = ours.Value(math.tanh(x.data), (x,), "squash")

    def _backward():
        x.grad += (1 - out.data**2) * out.grad

    out._backward = _backward
    return out


def test_operations_by_closure_are_drawn_played_and_explained():
    w, x = ours.Value(0.5, label="w"), ours.Value(2.0, label="x")
    y = squashed(w * x) + w
    t = math.tanh(1.0)
    assert "squash" in draw(y).svg
    steps = backprop(y)
    assert [step.contribution for step in steps] == pytest.approx(
        [1.0, 1.0, 1 - t * t, 2 * (1 - t * t), 0.5 * (1 - t * t)]
    )
    page = steps._repr_mimebundle_()["text/html"]
    assert '"live":false' in "".join(unpacked(page))  # a page does not know what the closure does
    assert explain(y, w).total == pytest.approx(1 + 2 * (1 - t * t))
    assert "∂squash/∂x" in str(explain(y, w))


def test_an_operation_of_ones_own_is_not_taken_for_the_librarys_of_that_name():
    x = ours.Value(2.0, label="x")
    out = ours.Value(x.data * 3, (x,), "tanh")
    out._backward = lambda: setattr(x, "grad", x.grad + 3 * out.grad)
    out.backward()
    assert x.grad == 3.0
    page = backprop(out)._repr_mimebundle_()["text/html"]
    assert '"live":false' in "".join(unpacked(page))
    assert str(explain(out, x)).endswith("= 3")


def test_a_node_made_by_hand_is_drawn_before_it_knows_its_way_back():
    a, b = ours.Value(1.0, label="a"), ours.Value(2.0, label="b")
    c = ours.Value(3.0, (a, b), "+", label="c")
    assert c._prev == {a, b}
    assert (c._op, c.label, repr(c)) == ("+", "c", "Value(data=3.0, label='c')")


# --- refused rather than wrong --------------------------------------------------------------------


@pytest.mark.parametrize("go", [ours.Value.backward, ours.Value._backward, draw, backprop])
def test_a_node_made_by_hand_without_a_way_back_is_refused_where_that_is_needed(go):
    a = ours.Value(1.0)
    with pytest.raises(GraphError, match=r"'\+' that was made by hand has no way back\. Assign"):
        go(ours.Value(3.0, (a, a), "+"))
    assert a.grad == 0.0


def test_a_closure_without_operands_is_refused_since_its_gradient_would_be_lost():
    x = ours.Value(1.0) * 2
    out = ours.Value(math.exp(x.data))

    def _backward():
        x.grad += out.data * out.grad

    out._backward = _backward
    with pytest.raises(GraphError, match=r"has no operands, .* Value\(data, \(a, b\), 'name'\)"):
        (out * 2).backward()


def test_a_second_derivative_of_a_closure_is_refused():
    with pytest.raises(GraphError, match="'squash' that was made by hand knows numbers only"):
        autograd.grad(autograd.grad(lambda x: squashed(x * ours.Value(1.0)) * x))(0.5)
    assert autograd.grad(lambda x: squashed(x * ours.Value(1.0)))(0.5) == pytest.approx(
        1 - math.tanh(0.5) ** 2
    )


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_copy_whose_closures_would_bring_gradients_elsewhere_is_refused(copied):
    x = ours.Value(2.0)
    for root in [squashed(x)] if copied is copy.copy else [squashed(x), squashed(x) * 3]:
        with pytest.raises(GraphError, match="'squash' that was made by hand holds these very"):
            copied(root)


def test_copies_of_other_graphs_are_graphs_of_their_own():
    x = ours.Value(2.0)
    x._backward = lambda: None
    y = copy.deepcopy(x * x)
    y.seen = True
    y.backward()
    assert (y.parents[0].grad, x.grad, type(y)) == (4.0, 0.0, ours.Value)


def test_an_error_in_a_closure_leaves_every_gradient_as_it_was():
    x = ours.Value(1.0)
    x.grad = 7.0
    out = ours.Value(2.0, (x,), "broken")

    def _backward():
        x.grad += 1.0
        raise ZeroDivisionError

    out._backward = _backward
    with pytest.raises(ZeroDivisionError):
        (out * 2).backward()
    assert (x.grad, out.grad) == (7.0, 0.0)


def test_who_looks_for_micrograds_nn_is_told_where_its_names_are():
    for name in ("Neuron", "Layer"):
        with pytest.raises(AttributeError, match=r"What micrograd calls nn is nn\.scalar here"):
            getattr(nn, name)
