"""Audits: a compiled function that does something else than its function is found out."""

import ctypes
import queue

import numpy as np
import pytest

import autograd
from autograd import CompileError, Tensor, Value
from autograd.compiler import audit, binding, function
from tests.each import in_ci

W, B = [[Value(0.3 * i - 0.2 * j) for j in range(3)] for i in range(4)], Value(0.1)
M = Tensor(np.linspace(-1.0, 1.0, 12).reshape(3, 4), requires_grad=True)


def scalars(xs):
    layer = [sum((w * x for w, x in zip(row, xs, strict=True)), B).tanh() for row in W]
    return autograd.exp(layer[0] * layer[1]) + layer[2] / (2.0 + layer[3] ** 2)


def tensors(xs):
    return ((xs @ M).sigmoid() * M[0]).sum()


def mixture(xs):
    return (xs @ M).tanh().sum() * B + scalars([1.0, 2.0, 3.0])


def recurrence(xs):
    h = B
    for x in xs * 8:
        h = (W[1][1] * h + W[2][2] * x).tanh()
    return h * h


ROW, ARRAY = [0.5, -1.0, 2.0], np.array([0.5, -1.0, 2.0])
programs = pytest.mark.parametrize(
    ("f", "x"),
    [(scalars, ROW), (tensors, ARRAY), (mixture, ARRAY), (recurrence, ROW)],
    ids=["scalars", "tensors", "mixture", "recurrence"],
)


class Fault:
    """Adds to what the call number `at` of a program's calls of NumPy computes, once that is set.

    `count` says how many calls there are; those that give numbers to look up with are left out.
    """

    def __init__(self, monkeypatch):
        self.at, self.count, bind = None, 0, binding.Bound._bind

        def faulty(bound, step):
            call = bind(bound, step)
            array = bound.arrays.get(id(step.out))
            if call is None or array is None or array.dtype.kind != "f":
                return call
            number, self.count = self.count, self.count + 1

            def run():
                call()
                if self.at == number:
                    array[...] += 1e-3

            return run

        monkeypatch.setattr(binding.Bound, "_bind", faulty)

    def recorded(self, f, x):
        """f, compiled and called once without a fault."""
        self.at, self.count = None, 0
        g = autograd.compile(f)
        g(x)
        return g


@programs
def test_a_fault_in_any_call_of_a_program_is_found_at_the_second_call(f, x, monkeypatch):
    fault, expected = Fault(monkeypatch), f(x).data
    fault.recorded(f, x)
    assert fault.count > 1
    for at in range(0, fault.count, in_ci(1, 3)):
        g = fault.recorded(f, x)
        fault.at = at
        with pytest.raises(CompileError, match=r"From now on it runs as it is written\.$"):
            g(x)
        assert g(x).data == expected  # the fault is still there, and nobody uses it


@pytest.mark.slow
def test_a_wrong_result_and_a_wrong_gradient_are_told_apart(monkeypatch):
    fault, w, said = Fault(monkeypatch), Value(2.0, label="w"), []
    fault.recorded(lambda x: (w * x).tanh(), 0.5)
    for at in range(fault.count):
        g = fault.recorded(lambda x: (w * x).tanh(), 0.5)
        fault.at = at
        with pytest.raises(CompileError, match="does something else than what was recorded") as e:
            g(0.5)
        said.append(str(e.value).split("recorded of it: ")[1])
        g(0.5).backward()
        assert w.grad == pytest.approx(0.5 * (1 - np.tanh(1.0) ** 2), rel=1e-12)
        w.zero_grad()
    assert any(x.startswith("result 0 (number) is 0.7615941559") for x in said)
    assert any(x.startswith("the gradient of w (") for x in said)


def test_a_result_of_another_type_is_no_rounding(monkeypatch):
    g = autograd.compile(lambda a: np.tanh(a) * 2)
    g(np.ones(3, np.float32))
    monkeypatch.setattr(g, "function", lambda a: (np.tanh(a) * 2).astype(float))
    with pytest.raises(CompileError, match=r"dtype=float32"):
        g(np.ones(3, np.float32))


@programs
def test_an_audit_leaves_gradients_alone(f, x):
    leaves = [*(w for row in W for w in row), B, M]
    before = [w.grad if w is not M else None for w in leaves]
    g = autograd.compile(f)
    for _ in range(3):
        g(x)
    assert [w.grad for w in leaves] == before


# --- what nobody can watch ------------------------------------------------------------------------


class Elsewhere:
    """A number that lies where Python's containers do not: in a file, or in memory of C's."""

    def __init__(self, path):
        self.path, self.memory = path, ctypes.c_double()

    def write(self, number):
        self.path.write_text(str(number))
        self.memory.value = number


@pytest.fixture
def elsewhere(tmp_path):
    there = Elsewhere(tmp_path / "rate.txt")
    there.write(2.0)
    return there


def read_file(there):
    path, w = there.path, Value(3.0)
    return lambda x: w * x * float(path.read_text())


def read_memory(there):
    memory, w = there.memory, Value(3.0)
    return lambda x: w * x * memory.value


reads = pytest.mark.parametrize("reading", [read_file, read_memory])


@reads
def test_what_nobody_can_watch_is_found_to_have_changed_at_the_second_call(reading, elsewhere):
    g = autograd.compile(reading(elsewhere))
    assert g(1.0).data == 6.0
    elsewhere.write(5.0)
    with pytest.raises(
        CompileError, match=r"is 15\.0, and compiled 6\.0.* such as a file.*result is rounding"
    ):
        g(1.0)
    elsewhere.write(7.0)
    assert g(1.0).data == 21.0


@reads
def test_a_later_change_is_found_by_a_later_audit(reading, elsewhere, monkeypatch):
    monkeypatch.setattr(audit.Schedule, "took", lambda self, *seconds: setattr(self, "next", 5))
    g = autograd.compile(reading(elsewhere))
    assert [g(1.0).data for _ in range(2)] == [6.0, 6.0]
    elsewhere.write(5.0)
    assert [g(1.0).data for _ in range(2)] == [6.0, 6.0]  # between audits nobody notices
    with pytest.raises(CompileError, match=r"is 15\.0, and compiled 6\.0"):
        g(1.0)


@reads
def test_without_audits_nobody_notices(reading, elsewhere):
    g = autograd.compile(reading(elsewhere), audit=False)
    g(1.0)
    elsewhere.write(5.0)
    assert [g(1.0).data for _ in range(100)] == [6.0] * 100


# --- how often ------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", [lambda f: f, autograd.grad], ids=["function", "derivative"])
def test_a_function_runs_twice_when_recorded_and_without_audits_never_again(wrap):
    runs, w = ctypes.c_int(), Value(3.0)

    def f(x):
        runs.value += 1  # which nobody can watch
        return w * x * x

    for options, expected in [({"audit": False}, [2, 2, 2]), ({}, [2, 3, 3])]:
        runs.value, g, seen = 0, autograd.compile(wrap(f), **options), []
        for _ in range(3):
            g(1.0)
            seen.append(runs.value)
        assert seen == expected


def test_audits_come_after_twice_as_many_calls_if_they_take_no_longer_than_calls():
    schedule, due = audit.Schedule(), []
    for call in range(1, 1001):
        if schedule.is_due():
            due.append(call)
            schedule.took(audit=1.0, replay=10.0)
        schedule.calls += 1
    assert due == [2, 4, 8, 16, 32, 64, 128, 256, 512]


def test_audits_take_a_tenth_of_the_time_of_the_calls_where_they_take_longer():
    schedule, due = audit.Schedule(), 0
    for _ in range(100_000):
        if schedule.is_due():
            due += 1
            schedule.took(audit=100.0, replay=1.0)
        schedule.calls += 1
    assert due * 100.0 <= 0.1 * 100_000 + 2 * 100.0


def test_each_recording_is_audited_at_its_own_second_call(monkeypatch):
    fault = Fault(monkeypatch)
    g = fault.recorded(lambda xs: sum(w * x for w, x in zip(W[1], xs, strict=False)), [1.0, 2.0])
    g([1.0, 2.0])
    g([1.0, 2.0, 3.0])  # another length: recorded anew
    fault.at = fault.count - 1  # the last of its calls, which brings a gradient
    for _ in range(20):
        g([1.0, 2.0])
    with pytest.raises(CompileError, match="the gradient of"):
        g([1.0, 2.0, 3.0])


def test_audit_is_true_or_false():
    with pytest.raises(TypeError, match="compile: audit must be True or False, but got 1"):
        autograd.compile(lambda x: x, audit=1)


# --- what is no difference ------------------------------------------------------------------------


def by_hand(loss_of, leaves):
    def step(xs):
        loss = loss_of(xs)
        for v in leaves:
            v.grad = 0.0
        loss.backward()
        for v in leaves:
            v.data -= 0.1 * v.grad
        return loss.detach()

    return step


def dot(ws, xs):
    return sum(w * x for w, x in zip(ws, xs, strict=True))


ONES, SOME, SHARE = [Value(1.0) for _ in range(10)], [Value(0.1 * k) for k in range(40)], Value(0.5)
FACTORS = np.random.default_rng(9).normal(size=40).tolist()
MUCH = {
    "a quotient": (lambda xs: 1.0 / dot(ONES, [0.1 * k - 0.45 for k in range(10)]), 3),
    "a step": (by_hand(lambda xs: (1e9 * dot(SOME, xs)).sin(), SOME), 6),
    "a step on rounding": (
        by_hand(
            lambda xs: SHARE * (1e15 * (dot(FACTORS, xs) - dot(FACTORS[::-1], xs[::-1]))), [SHARE]
        ), 4,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("f", "calls"), MUCH.values(), ids=MUCH)
def test_what_makes_much_of_rounding_is_not_refused(f, calls):
    g = autograd.compile(f)
    for k in range(calls):
        g(np.random.default_rng(k).normal(size=40).tolist())
    assert g.recorded()
    assert not g._refused


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_low_precision_is_compared_as_closely_as_it_can_be(dtype):
    m = Tensor(np.linspace(-1, 1, 2000, dtype=dtype).reshape(1000, 2), requires_grad=True)
    g = autograd.compile(lambda x: ((x @ m).tanh() ** 2).mean())
    for _ in range(3):
        assert g(np.linspace(-0.1, 0.1, 1000, dtype=dtype)).dtype == dtype


def test_a_difference_of_huge_equal_sums_is_not_refused_and_nothing_is_changed_to_find_out():
    xs = [1e9 / 3 + k * 0.7 for k in range(37)]
    ws = [Value(1.0) for _ in xs]
    read = queue.SimpleQueue()  # which nobody watches

    def f(xs):
        read.put({w._data for w in ws})
        one, other = (sum((w * x for w, x in zip(ws, xs, strict=True)), s) for s in (Value(0.0), 0))
        return 1e6 * (one - other)  # as it is written always 0

    g = autograd.compile(f)
    for _ in range(3):
        g(xs)
    seen = [read.get() for _ in range(read.qsize())]
    assert len(seen) > 3  # to record it, and as it is written at two calls, and once more
    assert all(x == {1.0} for x in seen)


@pytest.mark.parametrize("size", [1e-3, 1e-7])
def test_a_result_of_float64_beside_one_of_float32_is_compared_as_float64(size, monkeypatch):
    wide = Tensor(np.linspace(0, 1, 6), requires_grad=True)
    narrow = Tensor(np.linspace(-1, 1, 6, dtype=np.float32), requires_grad=True)
    bind = binding.Bound._bind

    def faulty(bound, step):
        call, array = bind(bound, step), bound.arrays.get(id(step.out))
        if call is None or step.function is not np.tanh or array.dtype != float:
            return call

        def run():
            call()
            array[...] *= 1 + size

        return run

    def f(x):
        return (wide * x).tanh().sum(), (narrow * 2).sin().sum()

    autograd.compile(f)(2.0)
    monkeypatch.setattr(binding.Bound, "_bind", faulty)
    with pytest.raises(CompileError, match="does something else"):
        autograd.compile(f)(2.0)


def test_an_audit_measures_rounding_by_numbers_that_were_computed(monkeypatch):
    seen, compare, empty_like = [], audit.Audit.compare, np.empty_like

    def full(like, *args, **options):
        out = empty_like(like, *args, **options)
        if isinstance(out, np.ndarray) and out.dtype.kind == "f":
            out.fill(1e300)  # what may well be in memory that nobody has written to
        return out

    def watching(replay):
        seen.extend(np.abs(x).max(initial=0.0) for x in replay.space.terms())
        return compare(replay)

    monkeypatch.setattr(np, "empty_like", full)
    monkeypatch.setattr(audit.Audit, "compare", watching)
    autograd.compile(autograd.value_and_grad(lambda x: ((x @ M).sigmoid() * M[0]).sum()))(ARRAY)
    assert seen
    assert max(seen) < 1e3


@pytest.mark.parametrize(
    "f",
    [
        lambda x: W[0][1] * (2.0 if x > 1e300 else 3.0) * x,
        lambda x: W[0][1] * x**3,  # x must be small enough for Python to have its third power
    ],
)
def test_what_numbers_are_only_compared_with_does_not_excuse_a_difference(f, monkeypatch):
    fault = Fault(monkeypatch)
    g = fault.recorded(f, 0.5)
    fault.at = 0
    with pytest.raises(CompileError, match="does something else"):
        g(0.5)


@pytest.mark.parametrize("audit", [True, False])
def test_a_long_function_runs_once_at_its_first_call_and_again_at_its_second(audit, monkeypatch):
    monkeypatch.setattr(function, "LARGE", 20)
    runs = queue.SimpleQueue()  # which nobody can watch

    def f(xs):
        runs.put(xs)
        return scalars(xs)

    g, x = autograd.compile(f, audit=audit), [0.5, -1.0, 2.0]
    assert g(x).data == pytest.approx(scalars(x).data, rel=1e-12)
    assert runs.qsize() == (1 if audit else 2)
    g(x)
    assert runs.qsize() == 2


def test_a_fault_in_the_forward_pass_of_a_long_function_is_found_at_its_first_call(monkeypatch):
    monkeypatch.setattr(function, "LARGE", 20)
    fault = Fault(monkeypatch)
    fault.at = 0
    with pytest.raises(CompileError, match="does something else than what was recorded"):
        autograd.compile(scalars)([0.5, -1.0, 2.0])


def test_a_long_function_that_draws_or_changes_something_is_refused_at_its_first_call(monkeypatch):
    monkeypatch.setattr(function, "LARGE", 20)
    generator, calls = np.random.default_rng(0), [0]

    def draws(xs):
        return scalars(xs) + generator.normal()

    def counts(xs):
        calls[0] += 1
        return scalars(xs)

    with pytest.raises(CompileError, match="draws random numbers"):
        autograd.compile(draws)([0.5, -1.0, 2.0])
    with pytest.raises(CompileError, match="changes 'calls' outside itself"):
        autograd.compile(counts)([0.5, -1.0, 2.0])


def test_arrays_beside_numbers_are_compared_too():
    ours = [1.0, np.array([1.0, 2.0])]
    assert audit.same(ours, [1.0, np.array([1.0, 2.0])])
    assert not audit.same(ours, [1.0, np.array([1.0, 3.0])])


def test_a_large_array_from_outside_is_read_anew_at_each_call():
    large, w = np.ones(1 << 12), Value(2.0)
    g = autograd.compile(lambda x: w * (x * large).sum())
    for k in range(4):
        large[0] = k
        assert g(np.ones(1 << 12)).data == 2.0 * ((1 << 12) - 1 + k)


def test_value_and_gradient_are_compiled_as_they_are_asked_for():
    g = autograd.compile(autograd.value_and_grad(lambda x, y: x * x * y, 1))
    for _ in range(3):
        assert [float(number) for number in g(3.0, 2.0)] == [18.0, 9.0]
