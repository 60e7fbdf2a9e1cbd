"""A sweep over rates begins each of them alike, and leaves everything as it was."""

import collections
import copy
import dataclasses
import functools
import pickle
import random
import types

import dask.array as da
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import autograd
import nn
from autograd import Tensor, Value
from optim import SGD, Adam, Momentum, RMSprop, sweep_rates
from optim.snapshot import Snapshot
from tests.each import each

X = np.random.default_rng(0).normal(size=(12, 3))
Y = X @ [[1.0], [-2.0], [0.5]]
RATES = [1e-3, 1e-1, 10.0]


class Counting(nn.Module):
    """Buffers in a list, and attributes that are no buffers."""

    def __init__(self):
        self.buffers = [nn.Buffer(np.zeros(3)), nn.Buffer(0)]
        self.calls = 0
        self.last = None

    def forward(self, x):
        self.buffers[0].data = self.buffers[0].data + abs(x.data).max(axis=0)
        self.buffers[1].data += 1
        self.calls += 1
        self.last = x
        return x / (1 + 0.01 * self.calls) + 0.001 * self.buffers[0].data


class Noise(nn.Module):
    """Chance from somewhere."""

    def __init__(self, draw):
        self.draw = draw

    def forward(self, x):
        return x + 0.1 * self.draw()


OWN, OLD, PYTHONS = np.random.default_rng(1), np.random.RandomState(1), random.Random(1)
SHARED_VALUE, SHARED_TENSOR = {"seen": Value(0.0)}, [Tensor([0.0, 0.0, 0.0])]


class Remembering(nn.Module):
    """Keeps what it learns outside of itself."""

    def forward(self, x):
        SHARED_VALUE["seen"].data += 1
        SHARED_TENSOR[0].data += x.data.mean(axis=0)
        return x + 0.01 * SHARED_VALUE["seen"].data + 0.01 * SHARED_TENSOR[0].data


class Keeping(nn.Module):
    """Keeps what it has seen in an array that it changes in place, in a list and in a dict."""

    def __init__(self):
        self.sums, self.seen, self.stats = np.zeros(3), [], {"parts": ([0], np.zeros(1))}

    def forward(self, x):
        self.sums += x.data.sum(axis=0)
        self.seen.append(len(x))
        self.stats["parts"][0][0] += 1
        self.stats["parts"][1][:] += 1
        self.stats[len(self.stats)] = "new"
        return x + len(self.seen) / 10


LAYERS = {
    "BatchNorm1d": lambda: nn.BatchNorm1d(3),
    "nested": lambda: nn.Sequential(nn.Tanh(), nn.Sequential(nn.BatchNorm1d(3), Counting())),
    "own": Counting,
    "containers": Keeping,
    "Dropout": lambda: nn.Dropout(0.5),
    "Dropout with a generator": lambda: nn.Dropout(0.5, rng=np.random.default_rng(1)),
    "global generator": lambda: Noise(lambda: OWN.normal(0, 1)),
    "bound method": lambda: Noise(np.random.default_rng(1).normal),
    "RandomState": lambda: Noise(lambda: OLD.normal(0, 1)),
    "NumPy's": lambda: Noise(lambda: np.random.normal(0, 1)),  # noqa: NPY002
    "Python's": lambda: Noise(lambda: random.gauss(0, 1)),
    "Python's own": lambda: Noise(lambda: PYTHONS.gauss(0, 1)),
    "outside": Remembering,
}


class Trainer:
    """What a student's file may hold a model in."""

    def __init__(self, model):
        self.parts = {"models": [model]}

    def loss(self):
        return nn.MSELoss()(self.parts["models"][0](X), Y)


GLOBAL = {}


@dataclasses.dataclass(slots=True)
class Slots:
    model: nn.Module

    def loss(self):
        return nn.MSELoss()(self.model(X), Y)


def in_a_holder(hold, get):
    def make(model):
        holder = hold(model)
        return lambda: nn.MSELoss()(get(holder)(X), Y)

    return make


def loss_of_global():
    return nn.MSELoss()(GLOBAL["model"](X), Y)


def by_name(model):
    GLOBAL["model"] = model
    return loss_of_global


CLOSURES = {
    "lambda": lambda model: lambda: nn.MSELoss()(model(X), Y),
    "default": lambda model: lambda m=model: nn.MSELoss()(m(X), Y),
    "partial": lambda model: functools.partial(lambda m: nn.MSELoss()(m(X), Y), model),
    "method": lambda model: Trainer(model).loss,
    "slots": lambda model: Slots(model).loss,
    "deque": in_a_holder(lambda m: collections.deque([m]), lambda d: d[0]),
    "frozen set": in_a_holder(lambda m: frozenset([m]), lambda s: next(iter(s))),
    "namespace": in_a_holder(lambda m: types.SimpleNamespace(m=m), lambda space: space.m),
    "global": by_name,
    "wrapped": lambda model: functools.lru_cache(maxsize=0)(lambda: nn.MSELoss()(model(X), Y)),
}


def build(layer):
    model = nn.Sequential(
        nn.Linear(3, 3, rng=np.random.default_rng(0)),
        LAYERS[layer](),
        nn.Linear(3, 1, rng=np.random.default_rng(1)),
    )
    return model.train()


KEPT = (int, list, str, dict, np.ndarray)


def everything(model):
    """All that could differ, as bytes."""
    outside = SHARED_VALUE["seen"].data, SHARED_TENSOR[0].data.tolist()
    chance = [
        OWN.bit_generator.state, OLD.get_state(), PYTHONS.getstate(), random.getstate(),
        np.random.get_state(), nn.init.generator().bit_generator.state,  # noqa: NPY002
    ]  # fmt: skip
    model.zero_grad()
    own = [
        (type(m).__name__, {k: v for k, v in vars(m).items() if isinstance(v, KEPT)})
        for m in model.modules()
    ]
    rngs = [m.rng.bit_generator.state for m in model.modules() if getattr(m, "rng", None)]
    methods = [getattr(getattr(m, "draw", None), "__self__", None) for m in model.modules()]
    rngs += [m.bit_generator.state for m in methods if isinstance(m, np.random.Generator)]
    return repr((model.state_dict(), own, rngs, outside, chance))


@each("layer", LAYERS)
def test_a_sweep_leaves_everything_that_the_closure_reaches_as_it_was(layer):
    model = build(layer)
    closure, optimizer = CLOSURES["lambda"](model), Adam(model.parameters(), lr=0.05)
    optimizer.step(closure)
    before, state = everything(model), repr(optimizer.state_dict())
    optimizer.step(closure)
    assert everything(model) != before
    before, state = everything(model), repr(optimizer.state_dict())
    with np.errstate(all="ignore"):
        sweep_rates(optimizer, closure, [*RATES, 1e30, 1e200])
    assert everything(model) == before
    assert repr(optimizer.state_dict()) == state


@pytest.mark.parametrize("closure", CLOSURES)
def test_it_reaches_a_model_wherever_the_closure_has_it(closure):
    model = build("nested")
    before = everything(model)
    sweep_rates(Momentum(model.parameters(), lr=0.05), CLOSURES[closure](model), RATES)
    assert everything(model) == before


@pytest.mark.parametrize("layer", LAYERS)
def test_every_rate_begins_alike_whichever_came_before(layer):
    model = build(layer)
    closure, optimizer = CLOSURES["lambda"](model), RMSprop(model.parameters(), lr=0.05)
    together = sweep_rates(optimizer, closure, RATES)
    alone = [sweep_rates(optimizer, closure, [rate]) for rate in RATES]
    assert_array_equal(together.losses, [found.losses[0] for found in alone])
    assert {found.start for found in alone} == {together.start}


def test_a_model_inside_a_compiled_function_is_reached_too():
    model = build("own")
    compiled = autograd.compile(lambda: nn.MSELoss()(model[2](model[0](X)), Y))
    count = sum(1 for _ in model.parameters())
    snapshot = Snapshot(compiled)
    before = everything(model)
    for p in model.parameters():
        p.data = np.zeros(p.shape)
    snapshot.restore()
    assert everything(model) == before
    assert count == 4


def test_arrays_of_other_libraries_stay_what_they_are():
    x = Tensor(da.from_array(X, chunks=3))
    snapshot = Snapshot(lambda: x)
    x.data = x.data + 1
    snapshot.restore()
    assert isinstance(x.data, da.Array)
    assert_array_equal(x.data.compute(), X)


def test_an_error_in_the_closure_leaves_everything_as_it_was_too():
    model = build("nested")
    calls = iter(range(100))
    loss = CLOSURES["lambda"](model)
    before = everything(model)
    with pytest.raises(ZeroDivisionError):
        sweep_rates(SGD(model.parameters(), lr=0.1), lambda: loss() / (next(calls) < 7 or 0 / 0))
    assert everything(model) == before


def test_copies_of_a_model_are_not_its_concern():
    model = build("BatchNorm1d")
    other = copy.deepcopy(model)
    snapshot = Snapshot(CLOSURES["lambda"](model))
    CLOSURES["lambda"](other)()
    changed = pickle.dumps(other.state_dict())
    snapshot.restore()
    assert pickle.dumps(other.state_dict()) == changed


def test_modules_that_name_themselves_are_looked_through_once():
    x = Value(3.0)
    module = types.ModuleType("of_mine")
    module.of_mine, module.scale = module, 2.0
    space = {"of_mine": module, "x": x}
    exec("def loss(): return of_mine.of_mine.scale * x * x", space)
    sweep = sweep_rates(SGD([x]), space["loss"], [0.1, 0.2], steps=2)
    assert sweep.losses.argmin() == 1
    assert x.data == 3.0


def test_what_stands_in_an_array_of_objects_is_put_back():
    w = Value(0.5)
    weights = np.array([w, Value(2.0)], dtype=object)
    snapshot = Snapshot(lambda: weights[0] * weights[1])
    w.data = 3.0
    snapshot.restore()
    assert w.data == 0.5
