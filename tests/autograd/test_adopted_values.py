"""Adopted Values: they live in one array, and nobody who uses them sees a difference."""

import copy
import gc
import itertools
import math
import operator
import pickle
import random
import threading
import weakref

import numpy as np
import pytest

import autograd
import nn
import optim
from autograd import GraphError, Value
from autograd.adopted_values import AdoptedValue, GatheredValues, adopt


def numbers(count=9, seed=0):
    rng = random.Random(seed)
    return [rng.uniform(-1, 1) for _ in range(count)]


def pair(count=9):
    """The same Values twice, adopted and each for itself."""
    twins = [[Value(x, label=f"w{k}") for k, x in enumerate(numbers(count))] for _ in range(2)]
    adopt(twins[0])
    assert all(type(v) is AdoptedValue for v in twins[0])
    return twins


def loss_of(w, x=0.5):
    return sum((a * x + b).tanh() * a for a, b in itertools.pairwise(w))


def look(values):
    return [(v.data, v.grad, v._grad is None, v.label, repr(v)) for v in values]


def test_numbers_gradients_labels_and_texts_stay():
    adopted, plain = pair()
    assert look(adopted) == look(plain)
    for w in (adopted, plain):
        loss_of(w).backward()
        loss_of(w[:4]).backward()
        w[2].data, w[3].grad, w[5].label = 7, 2, "other"
        w[4].data -= 0.5 * w[4].grad
        w[6].zero_grad()
        w[7].data, w[8].data = -0.0, math.inf
    assert look(adopted) == look(plain)
    assert math.copysign(1, adopted[7].data) == -1
    assert all(type(v.data) is type(v.grad) is float for v in adopted)


def test_a_gradient_of_nan_is_one_and_none_is_none():
    (v, *_), _ = pair()
    assert v._grad is None
    assert v.grad == 0.0
    v.grad = math.nan
    assert math.isnan(v.grad)
    v.zero_grad()
    assert v._grad is None


def test_what_is_no_number_is_refused_as_ever():
    for v, *_ in pair():
        for wrong in ("1", [1.0], None, 1j, np.ones(2)):
            with pytest.raises(TypeError, match="Value: needs one real number"):
                v.data = wrong
        v.grad = 1.0
        with pytest.raises(TypeError, match=r"^Value: p -= \.\.\. would make a new Value"):
            operator.isub(v, 1.0)


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_lives_on_its_own(copied):
    (v, *_), _ = pair()
    v.grad = 2.0
    other = copied(v)
    assert type(other) is Value
    assert look([other]) == look([v])
    other.data, other.grad = 5.0, 6.0
    assert (v.data, v.grad) == (numbers()[0], 2.0)


def test_copies_of_several_keep_who_is_who_and_carry_no_array_along():
    adopted, _ = pair(2000)
    first, again, loss = copy.deepcopy([adopted[0], adopted[0], loss_of(adopted[:2])])
    assert first is again
    loss.backward()
    assert first.grad != 0.0
    assert adopted[0].grad == 0.0
    assert len(pickle.dumps(adopted[0])) < 400


def test_identity_hash_and_order_stay():
    plain = [Value(x) for x in numbers()]
    known, before = {v: k for k, v in enumerate(plain)}, [id(v) for v in plain]
    adopt(plain)
    assert [id(v) for v in plain] == before
    assert [known[v] for v in plain] == list(range(9))
    assert plain[0] != Value(plain[0].data)
    assert plain[0] == plain[0]
    assert sorted(plain) == sorted(plain, key=lambda v: v.data)


def test_results_subclasses_and_what_is_adopted_already_stay_where_they_are():
    class Own(Value):
        pass

    adopted, _ = pair()
    mine, result, close_up = Own(1.0), Value(1.0) * 2, nn.Parameter([1.0]).scalars("w")[0]
    homes = [v._place() for v in adopted]
    adopt([mine, result, close_up, *adopted, Value(3.0)])
    assert [v._place() for v in adopted] == homes
    assert not any(isinstance(v, AdoptedValue) for v in (mine, result, close_up))


def test_a_graph_made_before_is_differentiated_after():
    w = [Value(x) for x in numbers()]
    loss = loss_of(w)
    adopt(w)
    loss.backward()
    _, plain = pair()
    loss_of(plain).backward()
    assert [v.grad for v in w] == [v.grad for v in plain]


def test_a_second_derivative_sees_that_a_number_was_changed():
    (v, *_), _ = pair()
    y = v * v
    v.data = 3.0
    with pytest.raises(GraphError, match="changed after the operation"):
        y._graph_contributions(Value(1.0)).__next__()


def test_gradients_from_several_threads_are_added_up():
    adopted, _ = pair()

    def work():
        for _ in range(200):
            (adopted[0] * 1.0 + adopted[1]).backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert (adopted[0].grad, adopted[1].grad) == (800.0, 800.0)


def test_an_array_goes_with_the_last_of_its_values():
    adopted, _ = pair()
    gone = weakref.ref(adopted[0]._place()[0].data)
    last = adopted[-1]
    del adopted
    gc.collect()
    assert gone() is not None
    assert last.data == numbers()[-1]
    del last
    gc.collect()
    assert gone() is None


def mixture():
    """Values of two stores in another order, some on their own, one of a class of its own."""

    class Own(Value):
        pass

    w = [Own(x) if k == 4 else Value(x) for k, x in enumerate(numbers(12))]
    adopt(w[6:0:-1])
    adopt([w[9], w[8]])
    return w


@pytest.mark.parametrize("make", [mixture, lambda: pair()[0], lambda: pair()[1]])
def test_an_array_of_them_reads_and_writes_all_wherever_they_live(make):
    w = make()
    gathered = GatheredValues(w)
    assert gathered.take().tolist() == [v.data for v in w]
    gathered.put(np.arange(len(w)) + 0.5)
    assert [v.data for v in w] == [k + 0.5 for k in range(len(w))]
    grad, reached = gathered.gradient()
    assert grad.tolist() == [0.0] * len(w)
    assert reached == [False] * len(w)
    w[2].grad = 3.0
    grad, reached = gathered.gradient()
    assert grad[2] == grad.sum() == 3.0
    assert reached == [k == 2 for k in range(len(w))]
    gathered.set_gradient(np.arange(len(w)) - 1.0)
    assert [v.grad for v in w] == [k - 1.0 for k in range(len(w))]
    assert gathered.gradient()[1] is None
    gathered.zero_grad()
    assert all(v._grad is None for v in w)
    adopt(w)  # the others follow
    assert gathered.take().tolist() == [k + 0.5 for k in range(len(w))]


@pytest.mark.parametrize("rule", [optim.SGD, optim.Adam, optim.Adagrad])
@pytest.mark.parametrize("when", [0, 3])
def test_an_optimizer_steps_them_as_any_values(rule, when):
    def train(adopted):
        w = [Value(x) for x in numbers()]
        optimizer = rule(w, lr=0.1)
        for k in range(8):
            if adopted and k == when:
                adopt(w[::-1])
            optimizer.zero_grad()
            loss_of(w if k % 3 else w[:5]).backward()  # some are not reached
            optimizer.step()
        return look(w)

    assert train(True) == train(False)


# --- what a compiled step adopts ------------------------------------------------------------------


def a_step(w, optimizer):
    def step(x):
        loss = loss_of(w, x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def test_a_compiled_step_adopts_what_it_changes_and_nothing_else():
    w, read = [Value(x) for x in numbers()], [Value(x) for x in numbers()]
    step = autograd.compile(a_step(w, optim.SGD(w, lr=0.1)))
    predict = autograd.compile(lambda x: loss_of(w, x) * loss_of(read, x))
    predict(step(0.5).data)
    assert {type(v) for v in w} == {AdoptedValue}
    assert {type(v) for v in read} == {Value}


def test_two_compiled_steps_on_overlapping_values_in_other_orders():
    def train(compiled):
        w = [Value(x) for x in numbers(30)]
        parts = w[:20], w[:9:-1], w
        steps = [a_step(p, optim.SGD(p, lr=0.1, momentum=0.5)) for p in parts]
        steps = [autograd.compile(f) for f in steps] if compiled else steps
        losses = [f(0.1 * k).data for k in range(12) for f in steps]
        return np.array([*losses, *(x for v in w for x in (v.data, v.grad))])

    np.testing.assert_allclose(train(True), train(False), rtol=1e-12)


def test_a_compiled_prediction_and_a_loss_with_the_three_lines_go_on_beside_a_step():
    def train(compiled):
        maybe = autograd.compile if compiled else lambda f: f
        w = [Value(x) for x in numbers(12)]
        predict, loss = maybe(lambda x: loss_of(w[::-1], x)), maybe(lambda x: loss_of(w[2:], x))
        optimizer = optim.Adam(w, lr=0.02)
        step, seen = maybe(a_step(w, optimizer)), []
        for k in range(10):
            seen.append(predict(0.3 * k).data)
            seen.append(step(0.1 * k).data)
            total = loss(0.2)
            seen += [v.grad for v in w]
            total.backward()  # added to what the step has left
            seen += [v.grad for v in w]
            optimizer.step()
            w[k].data *= 0.9
        return np.array([*seen, *(v.data for v in w)])

    np.testing.assert_allclose(train(True), train(False), rtol=1e-11)


def test_a_value_that_no_gradient_reaches_stays_without_one_and_is_skipped():
    def train(compiled):
        w = [Value(x) for x in numbers(12)]
        optimizer = optim.Adam(w, lr=0.02)
        step = a_step(w[:9], optimizer)
        step = autograd.compile(step) if compiled else step
        for k in range(6):
            step(0.1 * k)
            if k == 2:
                w[10].grad = 1.0
                optimizer.step()
        return optimizer.without_gradient(), [x for v in w for x in (v.data, v.grad)]

    (names, ours), (expected, theirs) = train(True), train(False)
    assert names == expected == ["parameter 9", "parameter 10", "parameter 11"]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_values_among_the_arguments_are_not_adopted():
    w = [Value(x) for x in numbers()]

    @autograd.compile
    def step(w, x):
        loss = loss_of(w, x)
        loss.backward()
        for v in w:
            v.data -= 0.1 * v.grad
        return loss

    step(w, 0.5)
    step(w, 0.25)
    assert {type(v) for v in w} == {Value}


def test_a_whole_model_of_values_is_saved_and_goes_on():
    def train(compiled, saved):
        random.seed(3)
        model = nn.scalar.MLP(2, [4, 1])

        def fit(model, count):
            optimizer = optim.SGD(model.parameters(), lr=0.05)

            def step(x, y):
                loss = (model([x, y]) - x * y) ** 2
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                return loss

            step = autograd.compile(step) if compiled else step
            return [step(0.1 * k, 0.3).data for k in range(count)]

        losses = fit(model, 5)
        again = copy.deepcopy(model) if saved is copy else saved.loads(saved.dumps(model))
        return losses + fit(again, 5) + fit(model, 2)

    for saved in (copy, pickle):
        np.testing.assert_allclose(train(True, saved), train(False, saved), rtol=1e-12)
