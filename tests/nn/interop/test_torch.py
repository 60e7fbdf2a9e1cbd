"""PyTorch models as models of ours. Without PyTorch all is skipped; CI requires it."""

import copy
import dataclasses
import doctest
import html
import math
import os
import pathlib
import pickle
import random
from collections import deque

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import autograd
import nn
import optim
from autograd import Tensor, backprop, draw, explain, record_lines

if os.environ.get("GLASSGRAD_CI") != "1":
    pytest.importorskip("torch", reason="needs PyTorch, which is the user's to install")

import torch
import torch.nn.functional as F

from nn.interop.export_errors import advice
from nn.interop.torch import ExportError, compare, from_torch
from tests.each import each
from tests.nn.interop.torch_models import in_float64, made  # noqa: F401 (a fixture)

DOCS = pathlib.Path(nn.__file__).parents[1] / "docs"


@pytest.fixture
def in_pytorchs_own_type(in_float64):  # noqa: F811
    torch.set_default_dtype(torch.float32)


def imported(name):
    model, args, kwargs = made(name)
    return from_torch(model, *args, **kwargs), model, args, kwargs


def mlp():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 2))


X = torch.tensor([[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0]], dtype=torch.float64)
Y = torch.tensor([0, 1, 1])


def calls(model, *args, **kwargs):
    """The names of the operations that a call runs."""
    model(*args, **kwargs)
    program = next(reversed(model._source.programs.values()))
    return [call.name for call in program.calls]


# --- the same numbers -----------------------------------------------------------------------------


def assigned(a):
    z = torch.zeros(3, 3)
    z[0] = a
    z[:, 1] = a * a
    z[1, 2] = a[0]
    z[z > 1] = 0.5
    return z.sin()


def written_into_empty(a):
    z = torch.empty(3, 3)
    for i in range(3):
        z[i] = a * i
    rotated = torch.empty_like(z)
    rotated[:, ::2], rotated[:, 1::2] = z[:, :2], -z[:, 2:]
    new = a.new_empty(3)
    new[:] = a.exp()
    return rotated * new


def bags(a):
    index, offsets = torch.tensor([0, 2, 1, 2, 2]), torch.tensor([0, 3, 3])
    means = F.embedding_bag(index, a, offsets, padding_idx=1)
    shares = a.flatten().sigmoid().reshape(2, 3)
    return means, F.embedding_bag(
        index.new_tensor([[0, 1, 1], [2, 0, 1]]), a, mode="sum", per_sample_weights=shares
    )


def policy(a):
    choice, place = (
        torch.distributions.Categorical(logits=a),
        torch.distributions.Normal(a, a.exp()),
    )
    return choice.log_prob(torch.tensor([0, 1, 1])) + choice.entropy(), place.log_prob(a**2)


V, M, Q = torch.randn(3), torch.randn(3, 2), torch.rand(3, 3)
OPERATIONS = {
    "assigning to elements": (assigned, V),
    "assigning to elements of what is empty": (written_into_empty, V),
    "index_put": (lambda a: a.exp().index_put((torch.tensor([0, 1, 1]),), a, accumulate=True), V),
    "one number for a place twice": (
        lambda a: a.exp().index_put((torch.tensor([1, 1]),), a.new_tensor(2.0)), V
    ),
    "scatter": (lambda a: torch.zeros(3, 4).scatter(1, torch.tensor([[0, 1], [2, 3]]), a[:2]), M),
    "scatter_add": (lambda a: torch.zeros(4).scatter_add(0, torch.tensor([0, 1, 1]), a), V),
    "index_add": (lambda a: torch.zeros(3, 2).index_add(0, torch.tensor([0, 2, 2]), a), M),
    "gather of fewer rows": (lambda a: a.gather(1, torch.tensor([[0], [1]])), M),
    "a mask as an index": (lambda a: a[a > 0].sum() + a[a <= 0].square().sum(), M),
    "cumulative": (lambda a: a.cumsum(0) * a.cumprod(1), M),
    "distances": (lambda a: torch.cdist(a, a + 1), M),
    "norms": (lambda a: F.normalize(a, dim=1) + a.norm() + a.norm(1, dim=1)[:, None], M),
    "norms along several axes": (
        lambda a: a.norm(dim=(1, 0)) + torch.linalg.vector_norm(a[None], 3, (0, -1), True)
        + torch.linalg.vector_norm(a, 1, keepdim=True) + a.sum().norm()
        + a[None].norm(dim=(0, 2)).sum(),
        M,
    ),
    "medians": (lambda a: a.median(0)[0] * a.median(1, keepdim=True)[0].exp(), M),
    "bags of rows": (bags, M),
    "probabilities of actions": (policy, M),
    "spreads": (lambda a: a.std(0) + a.var(0, unbiased=False) + a.std() + a.median(), M),
    "orders": (lambda a: a.sort(0)[0] * a.topk(2, -1)[0] + a.max(0)[0] + a.min(1, True)[0], M),
    "powers": (lambda a: a**3 + 2.0**a + a.abs() ** 1.5, M),
    "clamping": (lambda a: a.clamp(0) + a.clamp(max=1) + torch.clamp(a, -a.abs(), a.exp()), M),
    "shapes": (lambda a: a[:, None].expand(-1, 4, -1).reshape(-1, 2).repeat(2, 1).flip(0), M),
    "pieces": (lambda a: torch.cat([i * t for i, t in enumerate(a.tensor_split(2))]).roll(1, 0), M),
    "triangles": (lambda a: torch.triu(a) @ torch.tril(a, -1) + torch.diag(torch.diagonal(a)), Q),
    "products": (lambda a: torch.outer(a, a) @ a + a.dot(a) + torch.einsum("i,i->", a, a), V),
    "smooth": (lambda a: torch.erf(a) + torch.logit(a.sigmoid()) + torch.lerp(a, a * a, 0.3), M),
    "padding": (lambda a: F.pad(a, (1, -1, 0, 2), value=3.0) * 2, M),
    "padding around": (lambda a: F.pad(a[None], (1, 2), mode="circular") * 2, Q),
    "divergence": (lambda a: F.kl_div(a.log_softmax(-1), a.exp().softmax(-1), reduction="sum"), M),
    "weights of classes": (
        lambda a: F.cross_entropy(
            a, torch.tensor([0, 1, 0]), torch.tensor([1.0, 2.0]), ignore_index=1,
            label_smoothing=0.1,
        ),
        M,
    ),
    "loops over rows": (lambda a: sum(i * row.sum() for i, row in enumerate(a)), M),
    "vmap": (lambda a: torch.vmap(torch.dot)(a, a), M),
    "a gradient inside": (
        lambda a: torch.autograd.grad((a.requires_grad_() ** 3).sum(), a, create_graph=True)[0],
        M,
    ),
}  # fmt: skip


@each("what", OPERATIONS)
def test_operations_and_their_gradients_are_pytorchs(what):
    function, example = OPERATIONS[what]
    example = example.double()
    for row in compare(from_torch(function, example), function, example).rows:
        assert row.relative <= 1e-13, row


NAN = float("nan")
D = torch.tensor([0.5, -1.5, 2.0, -0.25], dtype=torch.float64)
LATER = {
    "a softplus that is straight early": (lambda a: F.softplus(a, 2, 3), [4.0, 1.6, 1.4, -2.0]),
    "sinc at 0": (torch.sinc, [0.0, 0.0, 1.0, 1e-9]),
    "celu of much": (lambda a: F.celu(a, 0.5), [1000.0, -1000.0, 1e200, 0.0]),
    "the corners of hardswish": (F.hardswish, [3.0, -3.0, 4.0, 1.0]),
    "the corners of hardsigmoid": (F.hardsigmoid, [3.0, -3.0, 4.0, 1.0]),
    "ties of fmax and fmin": (lambda a: torch.fmax(a, a.round()) * torch.fmin(a, -a), [1, 2, 0, 2]),
    "falling with nan": (lambda a: a.sort(descending=True), [1.0, NAN, 3.0, 0.5]),
    "the first of nan": (lambda a: a.topk(2), [1.0, NAN, 3.0, 2.0]),
    "the median of nan": (lambda a: (a.median(), a.median(0).values), [1.0, NAN, 3.0, 2.0]),
    "nothing of nan": (
        lambda a: torch.addmm(a.new_full((1,), NAN), a[None], a[:, None], beta=0), [0, 1, 2, 3]
    ),
    "falling bytes": (lambda a: a.to(torch.uint8).sort(descending=True), [0.0, 5.0, 200.0, 7.0]),
    "falling truths": (lambda a: (a > 0).sort(descending=True)[0], [0.0, 5.0, -2.0, 7.0]),
    "truths to floats": (lambda a: (a > 0).exp() + (a > 0).float().sum(), [0.0, 5.0, -2.0, 7.0]),
    "bytes to floats": (lambda a: torch.atan2(a.to(torch.uint8), a.to(torch.int8)), [3, 2, 0, 7]),
    "bytes and a long": (lambda a: a.to(torch.int8) * a.long().sum(), [3, 2, 0, 50]),
    "whole numbers filled": (
        lambda a: (a.long().masked_fill(a > 0, 2.5), (a > 0) ** 2), [3, 2, 0, 1]
    ),
    "sums of few bits": (lambda a: a.long().sum(dtype=torch.int32), [3, 2, 0, 1]),
    "two types of floats": (
        lambda a: torch.hypot(a.float(), a.sum()) + a.float().fmod(a.sum()), [3, 2, 1, 1]
    ),
    "losses of two types of floats": (lambda a: F.mse_loss(a.float(), a.exp()), [3, 2, 1, 1]),
    "written as floats of fewer bits": (
        lambda a: (a.float().neg().copy_(a), a.float().select_scatter(a[0], 0, 1)), [3, 2, 1, 1]
    ),
    "averages of all": (torch.nn.BatchNorm1d(1, momentum=None).double().eval(), D.tolist()),
    "a sparse gradient": (torch.nn.Embedding(4, 2, sparse=True), [3, 0, 1, 1]),
    "a gradient of nothing": (torch.sgn, [1.0, 0.0, -2.0, 3.0]),
}  # fmt: skip


@each("what", LATER)
def test_numbers_that_come_after_the_import_give_what_pytorch_gives(what):
    function, later = LATER[what]
    example, later = D, torch.tensor(later, dtype=D.dtype)
    if isinstance(function, torch.nn.Module):
        shape = (lambda x: x.abs().long()) if "sparse" in what else lambda x: x[:, None]
        example, later = shape(example), shape(later)
    ours = from_torch(function, example)
    for row in compare(ours, function, later).rows:
        assert row.relative <= 3e-8, row  # PyTorch's hardsigmoid has 1/6 in float32
    told = torch.utils._pytree.tree_leaves(function(later))
    mine = torch.utils._pytree.tree_leaves(ours(later.numpy()))
    assert [x.dtype for x in mine] == [x.detach().numpy().dtype for x in told]


KINKS = {
    "norms of less than 1": lambda x: (x.norm(0.5, dim=1), x.norm(-1), x.norm(0.5)),
    "the angle of the origin": lambda x: torch.atan2(x, x.flip(0)),
    "x log y where x is 0": lambda x: torch.xlogy(x, torch.tensor([[2.0, 0, -1], [3, 1, 2]])),
    "a median that several are": lambda x: x.median(),
    "a median of nan": lambda x: (x * math.nan).median(),
}


@each("what", KINKS)
def test_where_a_function_has_no_derivative_it_has_pytorchs(what):
    at = torch.tensor([[0.0, 0, 0], [1, 1, 0]], dtype=torch.float64)
    example = torch.tensor([[0.5, 1.5, -2], [3, 0.25, 1]]).double()
    with np.errstate(divide="ignore", invalid="ignore"):
        ours = from_torch(KINKS[what], example)
        table = compare(ours, KINKS[what], at)
    assert table.agree, table


def test_float16_inside_is_measured_as_float16():
    def model(x):
        return (x.half() / 2.5).sum(0).double()

    assert_allclose(from_torch(model, X)(X.numpy()).data, model(X).numpy(), rtol=1e-3)


class Keeps(torch.nn.Module):
    """What a call leaves for the next lies in attributes, or in buffers."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(2))
        self.register_buffer("hidden", torch.ones(2), persistent=False)
        self.steps, self.seen, self.state, self.weights = 0, [], torch.zeros(2), None
        self.deep, self.class_of = {"calls": [], "means": deque(), "sum": np.zeros(1)}, torch.Tensor
        self.register_buffer("two", torch.tensor(2.0).expand(2))  # one number in two places

    def forward(self, x, what):
        if what == "buffers":
            self.mean = 0.5 * self.mean + x.mean(0).detach()
            self.hidden *= 2
        elif what == "a number":
            self.steps += 1
        elif what == "a list":
            self.seen.append(3)
        elif what == "a tensor":
            self.state = self.state + 1
        elif what == "a constant":
            self.weights = x.softmax(-1)
        elif what == "a cache":
            self.weights = x.detach() if self.weights is None else self.weights
            x = x + self.weights
        elif what == "a tensor in place":
            self.state += 1
        elif what == "a list in a dict":
            self.deep["calls"].append(3)
        elif what == "a deque":
            self.deep["means"].append(x.detach().mean())
        elif what == "an array":
            self.deep["sum"] += 3
        x = x + len(self.deep["calls"]) + len(self.deep["means"]) + float(self.deep["sum"][0])
        return x * (self.mean + self.hidden + self.state) + self.steps + len(self.seen)


DEEP = "a list in a dict", "a deque", "an array"


@each("what", ["buffers", "a constant"])
def test_importing_leaves_what_a_model_keeps_alone(what):
    model, example = Keeps(), torch.ones(3, 2)
    ours = from_torch(model, example, what)
    assert (model.weights, model.hidden.tolist(), model.mean.tolist()) == (None, [1, 1], [0, 0])
    for batch in (2 * example, 3 * example):
        told = model(batch, what)
        assert_array_equal(ours(batch.numpy(), what).data, told.numpy())


@each("what", ["a number", "a list", "a tensor", "a tensor in place", "a cache", *DEEP])
def test_what_a_call_keeps_in_attributes_for_the_next_is_refused(what):
    model = Keeps()
    state, deep = model.state, model.deep
    with pytest.raises(ExportError, match=r"register_buffer|register it as buffer"):
        from_torch(model, torch.arange(6.0).reshape(3, 2), what)
    assert (model.steps, model.seen, model.state.tolist()) == (0, [], [0, 0])
    assert model.state is state
    assert model.deep is deep
    assert deep == {"calls": [], "means": deque(), "sum": [0]}


def by_exporting(x):
    return 2 * x if torch.compiler.is_compiling() else x


@each("model", [by_exporting, lambda x: x * random.random()])
def test_a_model_that_computes_otherwise_when_it_is_exported_is_told_so(model):
    with pytest.raises(ExportError, match=r"\(output, at .*random numbers.*is_compiling") as told:
        from_torch(model, X)
    assert "Function" not in str(told.value)


def test_bfloat16_of_autocast_is_refused_as_numbers_that_are_not_here():
    def model(x):
        with torch.autocast("cpu", torch.bfloat16):
            return (x.float() @ x.float().T).double()

    with pytest.raises(ExportError, match=r"numbers of bfloat16, .*model\.float"):
        from_torch(model, X)


class Edges(torch.nn.Module):
    def __init__(self, name):
        super().__init__()
        self.register_buffer(name, torch.tensor([[0.0, 2], [3, 0]]).double().to_sparse())
        self.name = name

    def forward(self, x):
        return (getattr(self, self.name) @ x.T).T


def test_sparse_buffers_are_full_ones_here():
    model = Edges("edges")
    assert_array_equal(from_torch(model, X)(X.numpy()).data, model(X).numpy())


def test_a_buffer_with_a_name_that_pytorch_cannot_export_is_refused_by_that():
    with pytest.raises(ExportError, match=r"cannot export Edges.*'graph' already exists"):
        from_torch(Edges("graph"), X)


def test_hooks_on_parameters_and_modules_are_refused_by_their_names():
    net = mlp()
    net[0].weight.register_hook(lambda grad: grad.clamp(-100, 100))  # changes nothing here
    net[2].register_full_backward_hook(lambda *_: None)
    with pytest.raises(ExportError, match=r"hooks on the gradients of '0.weight', '2', and"):
        from_torch(net, X)


def test_three_steps_of_training_end_where_pytorchs_end():
    theirs = mlp()
    ours = from_torch(theirs, X)
    trained = torch.optim.Adam(theirs.parameters(), lr=0.1)
    optimizer = optim.Adam(ours.parameters(), lr=0.1)
    for _ in range(3):
        trained.zero_grad()
        F.cross_entropy(theirs(X), Y).backward()
        trained.step()
        optimizer.zero_grad()
        nn.functional.cross_entropy(ours(X), Y.numpy()).backward()
        optimizer.step()
    for name, array in theirs.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[name], array.numpy(), rtol=1e-12)


def test_running_averages_follow_the_batches_as_pytorchs_do():
    theirs = torch.nn.BatchNorm1d(2)
    ours = from_torch(theirs, X)
    assert ours.state_dict()["running_mean"].tolist() == [0.0, 0.0]  # the example changed nothing
    for batch in (X, 2 * X):
        ours(batch)
        theirs(batch)
    for name, array in theirs.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[name], array.numpy(), rtol=1e-14)
    np.testing.assert_allclose(ours.eval()(X).data, theirs.eval()(X).detach().numpy(), rtol=1e-13)


def test_numbers_computed_without_gradient_get_none():
    ours, *_ = imported("deep_q_loss")
    assert "aten.detach" in calls(ours, *made("deep_q_loss")[1])


def test_a_loss_whose_target_pytorch_does_not_differentiate_is_compared_by_the_other_inputs():
    torch.manual_seed(0)
    norm, loss = torch.nn.BatchNorm1d(2), torch.nn.SoftMarginLoss()

    def objective(x, target, weight):
        return loss(norm(x) * weight, target)

    inputs = X, torch.sign(X), 2 * X
    ours = from_torch(objective, *inputs)
    table = compare(ours, objective, *inputs)
    names = {row.name for row in table.rows}
    assert table.agree
    assert {"output", "d/d input 0", "d/d input 2", "d/d norm.weight"} <= names
    assert "d/d input 1" not in names
    assert max(row.difference for row in table.rows) < 1e-15  # its running averages among them
    assert norm.num_batches_tracked == 0
    assert [x.requires_grad for x in inputs] == [False] * 3


def test_running_averages_that_differ_are_told_as_what_makes_the_outputs_differ():
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    ours = from_torch(net, X)
    ours(X)  # its averages move, PyTorch's do not
    net.eval()
    ours.eval()
    differing = {row.name for row in compare(ours, net, X).rows if row.differs}
    assert {"output", "buffer 1.running_mean", "buffer 1.running_var"} <= differing
    ours.load_state_dict(net.state_dict())
    table = compare(ours, net, X)
    assert table.agree
    assert not any(row.name.startswith("buffer") for row in table.rows)


def test_a_loss_inside_the_model_and_one_outside_are_the_same():
    net = mlp()
    inside = from_torch(lambda x, y: F.cross_entropy(net(x), y), X, Y)
    outside = from_torch(net, X)
    inside(X, Y).backward()
    nn.functional.cross_entropy(outside(X), Y.numpy()).backward()
    for (name, p), (other, q) in zip(inside.named_parameters(), outside.named_parameters()):
        assert name == f"net.{other}"
        np.testing.assert_array_equal(p.grad, q.grad)


# --- what is imported -----------------------------------------------------------------------------


def test_operations_stay_as_the_model_has_them():
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = mlp()

        def forward(self, x, y):
            return F.cross_entropy(self.net(x), y)

    assert calls(from_torch(Model(), X, Y), X, Y) == [
        "aten.linear", "aten.tanh", "aten.linear", "aten.cross_entropy_loss",
    ]  # fmt: skip


def test_only_what_has_no_rule_is_taken_apart():
    ours = from_torch(lambda x: torch.softmax(F.mish(x), -1), X)
    names = calls(ours, X)
    assert len(names) > 2
    assert names[-1] == "aten.softmax.int"


RECURRENT = {
    "an LSTM": (torch.nn.LSTM(2, 3), "LSTM step"),
    "an LSTM of two directions": (torch.nn.LSTM(2, 3, bidirectional=True), "LSTM step"),
    "a GRU of two layers and directions": (torch.nn.GRU(2, 3, 2, bidirectional=True), "GRU step"),
    "an LSTM of two layers and directions": (
        torch.nn.LSTM(2, 3, 2, bidirectional=True), "LSTM step",
    ),
    "an LSTM with batches first": (torch.nn.LSTM(2, 3, 3, batch_first=True), ""),
    "a GRU without biases": (torch.nn.GRU(2, 3, 2, bias=False), "GRU step, no biases"),
    "an LSTM without biases": (torch.nn.LSTM(2, 3, bias=False), "LSTM step, no biases"),
    "an RNN": (torch.nn.RNN(2, 3, bidirectional=True), "RNN step"),
    "an RNN of relu": (torch.nn.RNN(2, 3, nonlinearity="relu"), "RNN step, relu"),
    "a cell of an LSTM": (torch.nn.LSTMCell(2, 3), "LSTM step"),
    "a cell of a GRU": (torch.nn.GRUCell(2, 3), "GRU step"),
    "an RNN without biases": (torch.nn.RNN(2, 3, bias=False), "tanh of two products"),
    "a cell without biases": (torch.nn.RNNCell(2, 3, bias=False), "tanh of two products"),
    "a cell of relu": (torch.nn.RNNCell(2, 3, nonlinearity="relu"), "RNN step, relu"),
    "a cell of a GRU without biases": (torch.nn.GRUCell(2, 3, bias=False), "GRU step, no biases"),
    "a projection": (torch.nn.LSTM(2, 3, proj_size=2), ""),
}  # fmt: skip


@each("what", RECURRENT)
def test_recurrent_layers_are_one_box_for_each_step(what):
    layer, step = RECURRENT[what]
    layer = copy.deepcopy(layer).double()
    x = torch.randn(5, 2) if "cell" in what else torch.randn(5, 4, 2)
    ours = from_torch(layer, x)
    for row in compare(ours, layer, x).rows:
        assert row.relative <= 1e-13, row
    out = ours(x)
    parts = torch.utils._pytree.tree_leaves(out)
    cells = sum("weight_hh" in name for name, _ in layer.named_parameters())
    for loss in (parts[0].sum(), sum(part.sum() for part in parts)):
        boxes = [box for outer in backprop(loss).boxes for box in outer.all]
        if step:
            steps = [box.name for box in boxes if box.kind == "composition"]
            assert steps == [step] * (1 if "cell" in what else 5 * cells)


def test_dropout_between_recurrent_layers_follows_the_mode():
    layer, x = torch.nn.GRU(2, 3, 2, dropout=0.5).double(), torch.randn(5, 4, 2)
    ours = from_torch(layer, x)
    assert np.any(ours(x)[0].data != ours(x)[0].data)
    assert compare(ours.eval(), layer.eval(), x).agree


def test_modules_parameters_and_their_order_are_pytorchs():
    ours, model, *_ = imported("gpt")
    assert [name for name, _ in ours.named_parameters()] == [
        name for name, _ in model.named_parameters()
    ]
    assert list(ours.state_dict()) == list(model.state_dict())
    assert [name for name, _ in ours.named_children()] == [
        name for name, _ in model.named_children()
    ]
    assert repr(ours).startswith("GPT(\n  transformer: ModuleDict(\n    wte: Embedding(11, 8)")


def test_a_tied_weight_is_one_parameter_with_two_names():
    ours, *_ = imported("gpt")
    assert ours.lm_head.weight is ours.transformer.wte.weight
    state = ours.state_dict()
    np.testing.assert_array_equal(state["lm_head.weight"], state["transformer.wte.weight"])


def test_numbers_go_to_pytorch_and_come_back(tmp_path):
    ours, model, args, kwargs = imported("gpt")
    for parameter in ours.parameters():
        parameter.data += 0.125
    nn.save(ours, tmp_path / "gpt.safetensors")
    state = {name: torch.from_numpy(array) for name, array in ours.state_dict().items()}
    model.load_state_dict(state)
    assert compare(ours, model, *args, **kwargs).agree
    fresh, *_ = imported("gpt")
    fresh.load_state_dict(model.state_dict())
    nn.load(tmp_path / "gpt.safetensors", fresh)
    np.testing.assert_array_equal(fresh(*args)[0].data, ours(*args)[0].data)


def test_the_pytorch_model_stays_as_it_is():
    model = torch.nn.Sequential(torch.nn.BatchNorm1d(2), torch.nn.Dropout(), torch.nn.Linear(2, 1))
    model[1].eval()
    before = copy.deepcopy(model.state_dict())
    ours = from_torch(model, X)
    ours.eval()(X)
    ours.train()(X).sum().backward()
    assert [module.training for module in model.modules()] == [True, True, False, True]
    assert all(p.grad is None for p in model.parameters())
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_frozen_parameters_stay_frozen():
    model = mlp()
    model[0].requires_grad_(False)
    ours = from_torch(model, X)
    ours(X).sum().backward()
    assert [p.grad is None for p in ours.parameters()] == [True, True, False, False]


def test_a_method_of_a_module_is_imported_with_its_modules():
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = mlp()

        def encode(self, x):
            return torch.relu(self.net[0](x))

    ours = from_torch(Model().encode, X)
    assert [name for name, _ in ours.named_parameters()][:2] == ["net.0.weight", "net.0.bias"]
    assert ours(X).shape == (3, 3)


def test_a_module_of_the_model_is_called_by_itself():
    model = mlp()
    ours = from_torch(model, X)
    layer = ours.named_children()[0][1]
    np.testing.assert_allclose(layer(X).data, model[0](X).detach().numpy(), rtol=1e-14, atol=1e-15)


def test_tensors_of_a_function_are_its_parameters():
    ours, *_ = imported("neural_probabilistic_language_model")
    assert [name for name, _ in ours.named_parameters()] == ["C", "W1", "b1", "W2", "b2"]


def test_arguments_may_be_dicts_and_so_may_results():
    def f(batch, *, scale):
        return {"sum": batch["a"] + batch["b"][0][:, None], "scaled": scale * batch["a"]}

    batch = {"a": X, "b": [Y]}
    ours = from_torch(f, batch, scale=3)
    a = Tensor(X.numpy(), requires_grad=True)
    result = ours({"a": a, "b": [Y.numpy()]}, scale=3)
    assert list(result) == ["sum", "scaled"]
    result["scaled"].sum().backward()
    assert (a.grad == 3).all()
    assert ours({"a": a, "b": [Y.numpy()]}, scale=5)["scaled"].data[0, 0] == 5 * a.data[0, 0]


def test_results_of_a_registered_class_are_of_that_class():
    @dataclasses.dataclass
    class Result:
        twice: torch.Tensor
        loss: torch.Tensor

    torch.export.register_dataclass(Result)
    result = from_torch(lambda x: Result(2 * x, (x**2).sum()), X)(X.numpy())
    assert isinstance(result, Result)
    assert_array_equal(result.twice.data, 2 * X.numpy())


def test_other_shapes_are_exported_again_and_kept():
    ours = from_torch(mlp(), X)
    for n in (3, 5, 1, 5, 3):
        assert ours(np.zeros((n, 2))).shape == (n, 2)
    assert len(ours._source.programs) == 3


def test_dropout_draws_its_mask_in_training_alone():
    model = torch.nn.Sequential(torch.nn.Linear(2, 50), torch.nn.Dropout(0.5))
    ours = from_torch(model, X)
    nn.manual_seed(0)
    first = ours(X).data
    nn.manual_seed(0)
    np.testing.assert_array_equal(ours(X).data, first)
    assert 0.3 < (first == 0).mean() < 0.7
    np.testing.assert_allclose(
        ours.eval()(X).data, model.eval()(X).detach().numpy(), rtol=1e-14, atol=1e-15
    )
    kept = first != 0
    np.testing.assert_allclose(first[kept], 2 * ours(X).data[kept], rtol=1e-14, atol=1e-15)


def test_whole_numbers_and_floats_meet_as_in_pytorch():
    x = X.float()
    ours = from_torch(lambda x: x * torch.arange(2) / 3 + torch.tensor(0.5), x)
    assert ours(x).dtype == np.float32


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_numbers_keep_the_precision_of_the_model(dtype):
    ours = from_torch(mlp().to(dtype), X.to(dtype))
    assert ours(X.to(dtype)).dtype == str(dtype).removeprefix("torch.")


# --- what can be done with it ---------------------------------------------------------------------


def test_the_picture_and_the_player_name_parameters_as_the_model_does():
    model = from_torch(mlp(), X)
    loss = nn.functional.cross_entropy(model(X), Y.numpy())
    assert "model.2.weight" in repr(draw(loss))
    text = str(backprop(loss))
    assert "weight₂ = model.2.weight" in text
    assert "chain rule" in str(explain(loss, model.parameters()[0]))


def test_an_input_is_one_node_with_the_name_that_the_model_has_for_it():
    def loss(x, target):
        return ((x @ x.T).sin() - target).square().mean()

    ours = from_torch(loss, X, X @ X.T)
    steps = backprop(ours(Tensor(X.numpy(), requires_grad=True, label="points"), X @ X.T))
    assert sorted(name for node, name in steps.names.items() if node.op is None) == [
        "points", "target",
    ]  # fmt: skip


def test_a_step_shows_the_line_of_the_pytorch_model():
    def forward(x):
        wide = x * 3
        return wide.sin().sum()

    ours = from_torch(forward, X)
    with record_lines() as lines:
        out = ours(Tensor(X.numpy(), requires_grad=True))
    assert lines[out].endswith("return wide.sin().sum()")
    assert lines[out.parents[0].parents[0]].endswith("wide = x * 3")


def test_compiled_it_gives_the_same():
    model = from_torch(mlp(), X)
    loss = autograd.compile(lambda x, y: nn.functional.cross_entropy(model(x), y))
    loss(X.numpy(), Y.numpy()).backward()
    compiled = [p.grad.copy() for p in model.parameters()]
    model.zero_grad()
    nn.functional.cross_entropy(model(X), Y.numpy()).backward()
    for p, grad in zip(model.parameters(), compiled):
        np.testing.assert_allclose(p.grad, grad, rtol=1e-12)


def test_watched_while_it_learns_it_shows_what_a_model_of_ours_shows():
    points, wanted = nn.datasets.moons(n=40)
    ours = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2))
    theirs = mlp()
    theirs.load_state_dict({k: torch.from_numpy(v) for k, v in ours.state_dict().items()})
    shown = []
    for model in (ours, from_torch(theirs, X)):
        nn.manual_seed(0)  # for the batches
        watch = nn.watch(model, (points, wanted))
        optimizer = optim.Adam(model.parameters(), lr=0.1)
        nn.fit(
            model, nn.CrossEntropyLoss(), (points, wanted), optimizer, epochs=3, callbacks=[watch]
        )
        shown.append(watch._stage.panels(watch._moment(3)))
    for (title, mine), (other, imported_one) in zip(*shown, strict=True):
        assert title == other
        assert mine == imported_one


@pytest.mark.parametrize("compiled", ["the loss", "the whole step"])
def test_compiled_it_trains_with_dropout_and_batch_norm_as_it_does_uncompiled(compiled):
    theirs = torch.nn.Sequential(
        torch.nn.Linear(2, 4), torch.nn.BatchNorm1d(4), torch.nn.Dropout(), torch.nn.Linear(4, 2)
    ).double()
    states = []
    for run in (None, compiled):
        model = from_torch(theirs.train(), X)
        nn.manual_seed(0)
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

        def loss_of(x, y, model=model):
            return nn.functional.cross_entropy(model(x), y)

        loss_of = autograd.compile(loss_of) if run == "the loss" else loss_of

        def step(x, y, loss_of=loss_of, optimizer=optimizer):
            optimizer.zero_grad()
            loss = loss_of(x, y)
            loss.backward()
            optimizer.step()
            return loss

        step = autograd.compile(step) if run == "the whole step" else step
        losses = [float(step(X.numpy(), Y.numpy()).data) for _ in range(6)]
        assert len(set(losses)) == 6
        model.eval()
        states.append([*losses, *model.state_dict().values(), model(X).data])
    for one, other in zip(*states, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def test_copies_and_pickles_are_models_of_their_own():
    ours = from_torch(mlp(), X)
    for other in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        np.testing.assert_array_equal(other(X).data, ours(X).data)
        other.parameters()[0].data += 1
        assert (other(X).data != ours(X).data).any()


def test_the_examples_of_the_manuals_page_give_what_they_show(in_pytorchs_own_type):
    page = DOCS / "your-pytorch-model.md"
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.testfile(
        str(page), module_relative=False, encoding="utf-8", optionflags=flags
    )
    assert tried > 20
    assert failed == 0


def test_the_picture_of_the_manuals_page_is_of_its_model(in_pytorchs_own_type):
    torch.manual_seed(0)
    layers = torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 2)
    model = from_torch(torch.nn.Sequential(*layers).double(), X)
    loss = nn.functional.cross_entropy(model(X), Y.numpy())
    loss.backward()
    shown = html.unescape((DOCS / "your-pytorch-model.svg").read_text("utf-8"))
    assert repr(draw(loss)) in shown, "draw(loss).save('docs/your-pytorch-model.svg')"


# --- what cannot be imported ----------------------------------------------------------------------


def branching(x):
    if x.sum() > 0:
        return x
    return -x


@dataclasses.dataclass
class Pair:
    first: torch.Tensor
    second: torch.Tensor


def hiding(x):
    """What it decides by is hidden, and on the example it is what it would have been."""
    try:
        return x if x.sum() < 9 else -x
    except Exception:  # noqa: BLE001 (what export says of a decision by numbers)
        return x * 1


class Straight(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.sign()

    @staticmethod
    def backward(ctx, grad):
        return grad


scale = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)


def hooked(x):
    y = scale * x
    y.register_hook(lambda grad: 10 * grad)
    return y.sum()


def written_unseen(x):
    y = x.clone()
    with torch.no_grad():
        y.mul_(2)
    return y


REFUSED = {
    "an operation": (lambda x: torch.fft.fft(x).abs(), r"test_torch.py, line \d+.*fft"),
    "a layer of PyTorch's": (torch.nn.Conv3d(2, 2, 1), r"convolution \(the Conv3d itself\)"),
    "random numbers": (lambda x: x + torch.randn_like(x), r"randn_like.*\n.*pass them"),
    "control flow": (branching, r"line \d+: if x.sum\(\) > 0.*torch.where"),
    "control flow that is hidden": (hiding, r"line \d+: return x if x.sum\(\) < 9.*torch.where"),
    "a gradient by frequencies": (
        lambda x: F.embedding(torch.tensor([0, 0, 1]), x, scale_grad_by_freq=True),
        r"aten\.embedding \(.*line \d+",
    ),
    "a gradient where a margin is met": (
        lambda x: F.multi_margin_loss(x, torch.tensor([0, 1, 1])),
        r"multi_margin_loss \(.*line \d+",
    ),
    "a gradient of one's own": (Straight.apply, r"d/d input 0.*torch.autograd.Function"),
    "a hook": (hooked, r"d/d scale.*a hook"),
    "complex numbers": (lambda x: torch.view_as_real(torch.complex(x, x)), "complex"),
    "bfloat16": (lambda x: x.bfloat16() + 1, r"bfloat16.*\.float\(\)"),
    "NumPy inside": (lambda x: torch.from_numpy(x.detach().numpy()), r"\.numpy\(\)"),
    "the largest of a bag": (
        lambda x: F.embedding_bag(torch.tensor([[0, 1]]), x, mode="max"),
        "_embedding_bag",
    ),
    "a class of one's own": (lambda x: Pair(x, x), r"register_dataclass"),
    "reading what was never written": (lambda x: torch.empty(3) * 0 + x.sum(), "computes nan here"),
    "places that are not here": (
        lambda x: F.adaptive_max_pool1d(x, 1, return_indices=True),
        r"shape \(3, 1\).*adaptive_max_pool.*line \d+",
    ),
    "along an axis of a number": (lambda x: x.sum().mean(0), r"aten.mean.*line \d+"),
    "writing to a diagonal": (
        lambda x: torch.diagonal_scatter(x @ x.T, x[:, 0] * 2),
        r"diagonal_scatter .*line \d+",
    ),
    "writing without a gradient": (written_unseen, r"under torch\.no_grad"),
    "writing to its input": (lambda x: x.mul_(2).sum(), "changes what it is given"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_imported_is_named_with_what_to_do(what):
    function, said = REFUSED[what]
    with pytest.raises(ExportError, match=rf"(?s)^from_torch: .*{said}"):
        from_torch(
            function, X[None, :2, :2, None, None] if isinstance(function, torch.nn.Conv3d) else X
        )


@each(
    "put",
    [
        lambda i, x: torch.zeros(4).double().scatter(0, i, x),
        lambda i, x: torch.zeros(4).double().index_put((i,), x),
    ],
)
def test_of_several_values_for_one_place_none_is_chosen(put):
    x = np.array([1.0, 2, 3])
    ours = from_torch(put, torch.tensor([0, 1, 2]), torch.from_numpy(x))
    assert_array_equal(ours(np.array([3, 1, 0]), x).data, [3, 2, 0, 1])
    with pytest.raises(ValueError, match="each place at most once"):
        ours(np.array([0, -4, 2]), x)


def test_an_example_without_finite_numbers_is_told_so():
    with np.errstate(invalid="ignore"), pytest.raises(ExportError, match="finite numbers and grad"):
        from_torch(torch.logit, X)


def test_a_tensor_that_is_no_parameter_is_not_lost():
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.ones(2, requires_grad=True)

        def forward(self, x):
            return x @ self.weight

    with pytest.raises(ExportError, match=r"no parameter of it.*torch\.nn\.Parameter"):
        from_torch(Model(), X)


def test_wrong_inputs_are_refused_by_what_pytorch_says():
    ours = from_torch(mlp(), X)
    with pytest.raises(ExportError, match=r"PyTorch cannot export Sequential.*"):
        ours(np.zeros((3, 5)))
    with pytest.raises(ExportError, match=r"whole numbers where it computes"):
        from_torch(mlp(), Y[:, None].expand(3, 2))
    with pytest.raises(TypeError, match=r"tensor of PyTorch's that requires a gradient"):
        ours(X.clone().requires_grad_())
    with pytest.raises(ExportError, match=r"floor_divide is not implemented.*\.detach\(\)"):
        from_torch(lambda x: x // 2, X)


def test_older_pytorch_is_given_a_recurrent_layer_as_part_of_a_model():
    # What PyTorch 2.6 to 2.9 say of torch.nn.LSTM itself
    said = ValueError("The tensor attributes self._flat_weights[0] were assigned during export.")
    assert "only as part of a model" in advice(said)

    class Wrapped(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.LSTM(2, 3)

        def forward(self, x):
            return self.layer(x)[0]

    model = Wrapped()
    np.testing.assert_allclose(from_torch(model, X)(X).data, model(X).detach().numpy(), rtol=1e-6)


@pytest.mark.parametrize("model", [3, {"weight": X}, torch.nn.Linear])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(TypeError, match=r"needs a torch.nn.Module or a function"):
        from_torch(model, X)


def test_a_model_in_bfloat16_is_refused_by_the_name_of_the_parameter():
    with pytest.raises(TypeError, match=r"weight of Linear holds numbers of bfloat16"):
        from_torch(torch.nn.Linear(2, 2).bfloat16(), X.bfloat16())


def test_attributes_of_the_model_are_not_replaced_without_a_word():
    ours = from_torch(torch.nn.Linear(2, 2), X)
    with pytest.raises(TypeError, match=r"Assign to weight.data"):
        ours.weight = 3
    with pytest.raises(AttributeError, match="wieght"):
        _ = ours.wieght


# --- compare --------------------------------------------------------------------------------------


class ByHand(nn.Module):
    """A model written anew, with a mistake in its gradient if it is asked for."""

    def __init__(self, wrong):
        self.layers = [nn.Linear(2, 3), nn.Linear(3, 2)]
        self.wrong = wrong

    def _items(self):
        return [("0", self.layers[0]), ("2", self.layers[1])]

    def forward(self, x):
        h = self.layers[0](x)
        h = h.tanh()
        if self.wrong:
            h = 0.9 * h + 0.1 * h.detach()
        return self.layers[1](h)


def test_compare_shows_where_a_backward_pass_is_wrong():
    theirs = mlp()
    right, wrong = ByHand(False), ByHand(True)
    for ours in (right, wrong):
        ours.load_state_dict(theirs.state_dict())
    assert compare(right, theirs, X.numpy()).agree
    table = compare(wrong, theirs, X.numpy())
    assert not table.agree
    assert {row.name for row in table.rows if row.differs} == {
        "d/d 0.bias", "d/d 0.weight", "d/d input 0",
    }  # fmt: skip
    relative = [row.relative for row in table.rows]
    assert relative == sorted(relative, reverse=True)
    assert relative[0] == pytest.approx(0.1)
    assert str(table).splitlines()[-1].startswith("Different: d/d ")
    assert all(p.grad is None for p in wrong.parameters())


def test_compare_takes_functions():
    table = compare(lambda x: autograd.tanh(x).sum(), lambda x: torch.tanh(x).sum(), X)
    assert {row.name for row in table.rows if row.relative < 1e-14} == {"output", "d/d input 0"}


def test_compare_refuses_models_that_are_not_the_same():
    ours, theirs = nn.Linear(2, 2), torch.nn.Linear(2, 2, bias=False)
    with pytest.raises(ValueError, match=r"PyTorch model has no parameter 'bias'"):
        compare(ours, theirs, X)
    with pytest.raises(ValueError, match=r"our model has no parameter '0.weight', '0.bias'"):
        compare(nn.Linear(2, 2), mlp(), X)
    with pytest.raises(ValueError, match=r"shapes \[\(3, 2\)\], ours \[\(3, 1\)\]"):
        compare(nn.Linear(2, 1), torch.nn.Linear(2, 2), X)
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout())
    ours = from_torch(net, X)
    with pytest.raises(ValueError, match=r"draws random numbers"):
        compare(ours, net, X)
    with pytest.raises(ValueError, match=r"Call eval\(\), or train\(\), on both"):
        compare(ours, net.eval(), X)
