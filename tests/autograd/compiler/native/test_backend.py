"""Native replays: the machine's code makes the numbers that NumPy makes, or is given up."""

import gc
import importlib.util
import os
import platform
import random
import subprocess
import sys
import threading
from functools import partial

import numpy as np
import pytest

import autograd
import nn
import optim
from autograd import Tensor, Value
from autograd.compiler.binding import store
from autograd.compiler.native import backend as backends
from autograd.compiler.native import llvm, llvm_axes
from autograd.compiler.native import machine as machines
from autograd.compiler.native import windows as native_windows
from autograd.compiler.native.llvm_function import Machine
from autograd.compiler.native.llvm_numbers import LIBM, Numbers
from autograd.compiler.native.lowering import lowered
from autograd.compiler.native.machine import Compiled, this_machine
from autograd.compiler.native.memories import Memories, UnknownStep
from autograd.compiler.numpy_calls import DOT
from autograd.compiler.relocation import arrays_in
from autograd.rules import windows
from tests.autograd.compiler.native.calls import (
    SPECIAL,
    names_of_numpys,
    numbers,
    run_natively,
)
from tests.autograd.compiler.native.test_native_programs import check
from tests.autograd.compiler.programs import (
    EVERY_OP,
    TAME,
    RandomProgram,
    RandomRecurrence,
    assert_same_numbers,
    step_of,
)
from tests.each import each

if os.environ.get("GLASSGRAD_CI") != "1":
    pytest.importorskip("llvmlite", reason="needs llvmlite, the extra native")


def random_call(rng):
    """A call of NumPy's on arrays that lie in any order, and the array it writes."""
    kind = rng.integers(3)
    if kind == 0:
        shape = tuple(rng.integers(1, 8, rng.integers(1, 4)))
        x, y = numbers(rng, *shape, special=True), numbers(rng, *shape, special=True)
        x = (
            x.transpose(rng.permutation(x.ndim))
            .copy()
            .transpose(np.argsort(rng.permutation(x.ndim)))
        )
        y = np.broadcast_to(y[..., :1] if rng.integers(2) else y, shape)
        if x.shape != shape:
            x = np.broadcast_to(x.ravel()[0], shape)
        f = [np.add, np.multiply, np.subtract, np.divide][rng.integers(4)]
        return partial(f, x, y, np.zeros(shape))
    if kind == 1:
        i, k, j = rng.integers(1, 20, 3)
        left = numbers(rng, i, k) if rng.integers(2) else numbers(rng, k, i).T
        right = numbers(rng, k, j) if rng.integers(2) else numbers(rng, j, k).T
        return partial(DOT, left, right, np.zeros((i, j)))
    x = numbers(rng, *rng.integers(1, rng.choice([9, 40]), 3))
    axis = [0, 1, 2, (0, 2), (1, 2), (0, 1, 2)][rng.integers(6)]
    f = [np.add, np.maximum, np.minimum][rng.integers(3)]
    return partial(f.reduce, x, axis, None, np.zeros(np.shape(f.reduce(x, axis=axis))), False)


def target_of(call):
    return call.args[3] if getattr(call.func, "__name__", "") == "reduce" else call.args[-1]


@pytest.mark.parametrize("machine", [Machine(8), Machine(16), Machine(32, True), Machine(64, True)])
def test_calls_on_arrays_of_any_layout_give_numpys_numbers(machine):
    rng = np.random.default_rng(11)
    calls = [random_call(rng) for _ in range(60)]
    with np.errstate(all="ignore"):
        for call in calls:
            call()
    expected = [target_of(call).copy() for call in calls]
    for call in calls:
        target_of(call)[...] = 77.0
    run_natively(calls, machine)
    for call, numbers_of_numpy in zip(calls, expected, strict=True):
        found = target_of(call)
        np.testing.assert_allclose(found, numbers_of_numpy, rtol=0, atol=1e-12 * 1e4)
        if isinstance(call.func, np.ufunc):  # to the last bit, the sign of zero included
            np.testing.assert_array_equal(found, numbers_of_numpy)
            same_sign = np.signbit(found) == np.signbit(numbers_of_numpy)
            assert (same_sign | np.isnan(found)).all()


@pytest.mark.parametrize("machine", [Machine(8), Machine(16), Machine(32, True), Machine(64, True)])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_rows_of_every_length_are_computed_to_their_end_and_once(machine, dtype):
    machine = Machine(min(machine.vector, this_machine().vector), machine.fused)
    rng = np.random.default_rng(7)
    for n in [*range(1, 10), 15, 17, 31, 33, 67]:
        with np.errstate(all="ignore"):
            x, y = (numbers(rng, n, special=True).astype(dtype) for _ in range(2))
        inside, first, second = x.copy(), np.zeros(n, dtype), np.zeros(n, dtype)
        table, total, largest, sums = (np.zeros(k, dtype) for k in (n + 1, 1, 1, 5))
        table[:] = y[0]
        total, largest, wide = total.reshape(()), largest.reshape(()), np.tile(y, (5, 1))
        calls = [
            partial(np.multiply, inside, y, inside),  # in place, and then again
            partial(np.add, inside, x, inside),
            partial(np.subtract, inside, y, first),
            partial(np.multiply, first, x, second),
            partial(np.add, second, inside, second),
            partial(np.negative, table[1:], table[1:]),
            partial(np.add.reduce, np.abs(y), 0, None, total, False),
            partial(np.maximum.reduce, x, 0, None, largest, False),
            partial(np.add.reduce, np.abs(wide), 1, None, sums, False),
        ]
        written = [inside, first, second, table, total, largest, sums]
        before = [a.copy() for a in written]
        with np.errstate(all="ignore"):
            for call in calls:
                call()
        expected = [a.copy() for a in written]
        for array, old in zip(written, before, strict=True):
            array[...] = old
        run_natively(calls, machine)
        for array, right in zip(written[:4], expected, strict=False):
            np.testing.assert_array_equal(array, right)
            there = ~np.isnan(right)
            np.testing.assert_array_equal(np.signbit(array[there]), np.signbit(right[there]))
        close = 1e-12 if dtype == "float64" else 1e-5
        for array, right in zip(written[4:], expected[4:], strict=True):
            np.testing.assert_allclose(array, right, rtol=close)


@pytest.mark.parametrize("stack", [(), (3,)])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("n", [4, 7])
def test_a_matrix_that_lies_across_is_turned_round_where_it_is_used_often(stack, dtype, n):
    rng = np.random.default_rng(n)
    for rows in (15, 16):
        x, w = (rng.normal(size=(*stack, k, 6)).astype(dtype) for k in (rows, n))
        out = np.zeros((*stack, rows, n), dtype)
        call = partial(np.matmul, x, w.swapaxes(-1, -2), out)
        units = llvm.units_of(lowered(call, Memories([call])))
        assert len(units) == (1 if rows == 15 else 2)
        for special in (1.0, np.nan, np.inf, -0.0):
            w.flat[3] = special
            call()
            expected = out.copy()
            out[...] = 9
            run_natively([call])
            np.testing.assert_allclose(out, expected, rtol=1e-4 if dtype == "float32" else 1e-12)


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 60, reason="needs longer numbers to compare")
@pytest.mark.parametrize(
    ("function", "largest"), [(np.exp, 1.0), (np.log, 1.0), (np.tanh, 2.0)], ids=str
)
def test_elementary_functions_are_right_to_the_last_places(function, largest):
    rng = np.random.default_rng(5)
    x = np.concatenate(
        [rng.normal(size=4000) * s for s in (1e-6, 0.3, 3.0, 200.0)]
        + [2.0 ** rng.uniform(-60, 60, 4000)]
    )
    x = np.abs(x) if function is np.log else x
    out = np.zeros(x.size)
    run_natively([partial(function, x, out)])
    with np.errstate(all="ignore"):
        exact = function(x.astype(np.longdouble))
        rounded = exact.astype(float)
    normal = (np.abs(rounded) > 1e-300) & np.isfinite(rounded)
    ulps = np.abs(out[normal] - exact[normal]) / np.spacing(np.abs(rounded[normal]))
    assert ulps.max() <= largest
    special = np.array([*SPECIAL, 709.7, 710.0, -745.0, -746.0])
    found = np.zeros(special.size)
    run_natively([partial(function, special, found)])
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(found, function(special), rtol=1e-14, atol=5e-324)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="NumPy's differ by it")
@pytest.mark.parametrize("ufunc", [np.maximum, np.minimum])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_larger_of_two_zeros_is_numpys(ufunc, dtype):
    special = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, -1.0, 2.0], dtype)
    x, y = np.repeat(special, 7), np.tile(special, 7)
    found = np.zeros(49, dtype)
    run_natively([partial(ufunc, x, y, found)])
    np.testing.assert_array_equal(found, right := ufunc(x, y))
    there = ~np.isnan(right)
    np.testing.assert_array_equal(np.signbit(found[there]), np.signbit(right[there]))


@each("name", sorted(LIBM))
def test_functions_of_cs_library_are_numpys_of_special_numbers_too(name):
    function = getattr(np, name)
    rng = np.random.default_rng(2)
    x = np.concatenate([SPECIAL, rng.normal(size=90), 30 * rng.normal(size=20), [-1.0, 3.0]])
    args = (x,) if function.nin == 1 else (np.repeat(x, x.size), np.tile(x, x.size))
    out = np.zeros(args[0].size)
    run_natively([partial(function, *args, out)])
    with np.errstate(all="ignore"):
        expected = function(*args)
    np.testing.assert_array_max_ulp(out[np.isfinite(expected)], expected[np.isfinite(expected)], 4)
    np.testing.assert_array_equal(out[~np.isfinite(expected)], expected[~np.isfinite(expected)])
    np.testing.assert_array_equal(
        np.signbit(out[expected == 0]), np.signbit(expected[expected == 0])
    )


def all_numbers(program, g, xs, number):
    """All values and gradients of one of the two kinds of random programs."""
    if isinstance(program, RandomProgram):
        return np.concatenate(program.run(g, xs, number)[1:])
    v = Value(number)
    for leaf in program.leaves:
        leaf.zero_grad()
    kept, total = g(xs, v, np.array([int(abs(number) * k) % 3 for k in (97, 991, 77, 5, 1)]))
    sum((k * x for k, x in enumerate(kept, start=2)), total).backward()
    values = [getattr(x, "data", x) for x in (*kept, total)]
    return np.array(values + [leaf.grad for leaf in (*program.leaves, v)])


def three_runs(program, backend, width):
    """A call as it is recorded, and two with special values among their arguments."""
    draw = random.Random(program.rounds if width > 3 else len(program.ops))
    g = autograd.compile(program, backend=backend)
    found = []
    for k in range(3):
        xs = [draw.choice(SPECIAL) if k and draw.random() < 0.5 else draw.uniform(-2, 2)
              for _ in range(width)]  # fmt: skip
        with np.errstate(all="ignore"):
            found.append(all_numbers(program, g, xs, draw.uniform(-1, 1)))
    if backend == "native" and g._newest is not None:  # else it runs as it is written
        assert g._newest.native.state.tried
    return np.array(found)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sums and products", "every operation", "recurrences"])
def test_random_programs_give_the_same_numbers_natively_also_of_special_ones(kind):
    for seed in range(200, 210):
        if kind == "recurrences":
            program, width = RandomRecurrence(seed), 9
        else:
            program, width = RandomProgram(seed, EVERY_OP if kind[0] == "e" else TAME), 3
        try:
            expected = three_runs(program, "numpy", width)
        except autograd.CompileError:
            continue  # that a first call refuses has nothing to do with the machine
        assert_same_numbers(three_runs(program, "native", width), expected, 1e-11)


@pytest.mark.parametrize("how", ["big-endian", "between the places"])
def test_numbers_that_lie_otherwise_than_the_machine_has_them_are_numpys(how):
    outside = np.arange(1.0, 7.0)
    if how == "big-endian":
        outside = outside.astype(">f8")
    else:
        moved = np.zeros(49, np.uint8)[1:].view(float)
        moved[:] = outside
        outside = moved
    t = Tensor(np.ones(6), requires_grad=True)
    g = autograd.compile(lambda x: ((t * x).tanh() * outside + x).sum(), backend="native")
    x = np.linspace(-1, 1, 6)
    for _ in range(2):
        assert g(x).item() == pytest.approx((np.tanh(x) * np.arange(1.0, 7.0) + x).sum())
    assert g._newest.native.state.tried


def test_float64_that_is_made_of_float32_may_differ_by_the_rounding_of_float32():
    t = Tensor(np.linspace(-1, 1, 12, dtype=np.float32), requires_grad=True)
    whole = np.arange(12)
    g = autograd.compile(lambda x: autograd.exp(t * x).sin() + whole, backend="native")
    x = np.linspace(0, 3, 12, dtype=np.float32)
    for _ in range(2):
        np.testing.assert_allclose(g(x).data, np.sin(np.exp(t.data * x)) + whole, rtol=1e-5)
    assert g._newest.native.state.tried


def test_one_native_call_is_a_whole_step_of_a_network():
    nn.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    step = step_of(lambda x, y: ((model(x) - y) ** 2).mean(), optim.SGD(model.parameters(), lr=0.1))
    g = autograd.compile(step, backend="native")
    for _ in range(3):
        g(np.ones((4, 2)), np.ones((4, 1)))
    (space,) = g._newest.free
    sections = [calls for calls in backends.sections_of(space) if calls]
    assert [type(call).__name__ for calls in sections for call in calls] == ["NativeCall"]
    before = [p.data.copy() for p in model.parameters()]
    space.forward[0]()  # which writes the parameters, too
    for p, numbers_before in zip(model.parameters(), before, strict=True):
        assert (p.data != numbers_before).any()


def test_a_step_on_values_is_one_native_call_in_whatever_order_they_live():
    """In the order of the first function that changes them; others read and write them there."""
    first = np.arange(1.0, 13.0)
    values = [Value(x) for x in first.tolist()]

    def steps_of(order):
        optimizer = optim.SGD([values[k] for k in order], lr=0.1)
        loss_of = lambda x: sum((values[k] * x - k) ** 2 for k in order)  # noqa: E731
        return autograd.compile(step_of(loss_of, optimizer), backend="native")

    by_hand = first.copy()
    for order in (range(12), [5, 3, 11, 0, 8, 1, 10, 4, 2, 9, 7, 6], range(11, -1, -2)):
        g, chosen = steps_of(order), np.array(order)
        for x in (0.5, -2.0, 1.0):
            g(x)
            by_hand[chosen] -= 0.1 * 2.0 * x * (by_hand[chosen] * x - chosen)
            np.testing.assert_allclose([v.data for v in values], by_hand, rtol=1e-12)
        (space,) = g._newest.free
        assert [type(call).__name__ for call in space.forward] == ["NativeCall"]


@pytest.fixture
def wrong_code(monkeypatch):
    right = Numbers.apply

    def wrong(self, name, args, dtypes, out, lanes):
        return right(self, "subtract" if name == "add" else name, args, dtypes, out, lanes)

    monkeypatch.setattr(Numbers, "apply", wrong)


@pytest.mark.usefixtures("wrong_code")
def test_code_of_a_step_that_is_given_up_has_changed_nothing():
    with pytest.warns(RuntimeWarning, match="came out otherwise than with NumPy when it was tried"):
        check("Adam", given_up=True)


@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_the_largest_along_an_axis_is_native_and_that_of_uneven_parts_numpys(axis):
    f = autograd.compile(lambda x: np.max(x, axis=axis), backend="native")
    g = autograd.compile(lambda x: np.maximum.reduceat(x[0], [0, 1, 3]), backend="native")
    x = numbers(np.random.default_rng(0), 4, 6, special=True)
    for _ in range(2):
        np.testing.assert_array_equal(f(x), x.max(axis=axis))
        np.testing.assert_array_equal(g(x), np.maximum.reduceat(x[0], [0, 1, 3]))
    assert names_of_numpys(f) == []
    assert names_of_numpys(g) == ["reduceat"]


def network():
    w = [Value(0.1 * k) for k in range(6)]
    return lambda x: autograd.tanh(sum(u * z for u, z in zip(w, x * 2, strict=True)) + x[0] * x[1])


def test_after_some_replays_the_code_is_made_in_the_background(monkeypatch):
    monkeypatch.setattr(backends, "START", 3)
    f = network()
    g = autograd.compile(f)
    x = [0.5, -1.0, 2.0]
    for _ in range(5):
        g(x)
    for thread in threading.enumerate():
        if thread.name == "compile":
            thread.join()
    assert g(x).data == pytest.approx(f(x).data, rel=1e-14)
    assert g._newest.native.state.tried


def test_code_is_tried_on_the_numbers_of_the_call(monkeypatch):
    right, tried = backends.agree, []

    def looked_at(sections, native):
        tried.extend(x.ravel()[:2].tolist() for call in sections[0] for x in arrays_in(call))
        return right(sections, native)

    monkeypatch.setattr(backends, "agree", looked_at)
    p = Tensor([1.0, 2.0], requires_grad=True)
    step = step_of(lambda x: (p * x).sum(), optim.Adam([p], lr=0.01, eps=0.125))
    autograd.compile(step, backend="native")(np.array([0.5, -3.0]))
    assert [0.5, -3.0] in tried
    assert [0.125] in tried


@pytest.mark.usefixtures("wrong_code")
def test_code_that_computes_something_else_is_given_up_with_a_warning():
    f = network()
    g = autograd.compile(f, backend="native")
    x = [0.5, -1.0, 2.0]
    with pytest.warns(RuntimeWarning, match="came out otherwise than with NumPy when it was tried"):
        first = g(x)
    assert [first.data, g(x).data, g(x).data] == [pytest.approx(f(x).data, rel=1e-14)] * 3


@pytest.mark.usefixtures("wrong_code")
def test_an_audit_that_finds_a_difference_gives_the_native_code_up(monkeypatch):
    monkeypatch.setattr(backends, "agree", lambda *_: True)
    f = network()
    g = autograd.compile(f, backend="native")
    x = [0.5, -1.0, 2.0]
    g(x)
    with pytest.warns(RuntimeWarning, match="otherwise than the function as it is written"):
        second = g(x)
    assert [second.data, g(x).data] == [pytest.approx(f(x).data, rel=1e-14)] * 2


def test_of_a_very_long_program_no_native_code_is_made(monkeypatch):
    monkeypatch.setattr(backends, "MANY", 2)
    f = network()
    g = autograd.compile(f, backend="native")
    x = [0.5, -1.0, 2.0]
    assert [g(x).data, g(x).data] == [pytest.approx(f(x).data, rel=1e-14)] * 2
    assert g._newest.native.refused


def test_threads_share_the_code_and_not_the_numbers():
    f = network()
    g = autograd.compile(f, backend="native")
    g([0.5, 1.0, 2.0])
    wrong = []

    def work(k):
        for i in range(30):
            x = [0.1 * k, 0.2 * i, -0.3]
            if g(x).data != pytest.approx(f(x).data, rel=1e-13):
                wrong.append(x)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_without_llvmlite_nothing_changes_but_asking_for_it_says_what_to_install(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name, *a: None if name == "llvmlite" else find(name, *a)
    )
    g = autograd.compile(network())
    g([0.5, 1.0, 2.0])
    assert g._newest.native is None
    with pytest.raises(ImportError, match=r"glassgrad\[native\]"):
        autograd.compile(network(), backend="native")
    with pytest.raises(ValueError, match="backend"):
        autograd.compile(network(), backend="fortran")


def test_importing_and_compiling_do_not_import_llvmlite():
    program = (
        "import sys, autograd, nn, optim\n"
        "assert not any('compiler.native' in m or 'llvmlite' in m for m in sys.modules), 1\n"
        "g = autograd.compile(lambda x: x * x + 2.0 * x * x)\n"
        "g(1.0), g(2.0), g(3.0)\n"
        "assert 'llvmlite' not in sys.modules, 2\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_trying_the_code_changes_nothing():
    nn.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    step = step_of(lambda x: (model(x) ** 2).mean(), optim.Adam(model.parameters(), lr=0.1))
    g = autograd.compile(step, backend="native", audit=False)
    g(np.ones((2, 2)))
    sections = backends.sections_of(g._newest.free[0])
    arrays = [x for calls in sections for call in calls for x in arrays_in(call)]
    before = [x.copy() for x in arrays]
    assert backends.agree(sections, sections)
    for array, numbers_before in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, numbers_before)


def test_detect_anomaly_finds_a_nan_though_native_code_does_not_warn():
    w = Value(2.0)
    g = autograd.compile(
        lambda x: autograd.log(w * x) * autograd.exp(w * x) + w * w, backend="native"
    )
    assert np.isfinite([g(1.0).data, g(2.0).data]).all()
    assert np.isnan(g(-1.0).data)
    with (
        np.errstate(invalid="ignore"),
        autograd.detect_anomaly(),
        pytest.raises(autograd.AnomalyError, match="log"),
    ):
        g(-1.0).backward()


NOTHING = "define void @f0(ptr %table) {\nentry:\n  ret void\n}\n"


def test_code_may_be_freed_while_other_code_is_compiled(monkeypatch):
    class Ring:
        pass

    def forgotten():
        ring = Ring()
        ring.itself, ring.code = ring, Compiled([NOTHING])

    gc.disable()
    try:
        forgotten()
        llvm = machines._llvm()
        parse = llvm.parse_assembly
        monkeypatch.setattr(llvm, "parse_assembly", lambda text: (gc.collect(), parse(text))[1])
        code = Compiled([NOTHING])
        code.functions[0](0)
    finally:
        gc.enable()
    with machines._compiling:  # by this thread; another one must not wait for it
        forgotten()
        thread = threading.Thread(target=gc.collect)
        thread.start()
        thread.join(30)
        assert not thread.is_alive()
        assert len(machines._unwanted) == 1
    Compiled([NOTHING])
    gc.collect()
    assert machines._unwanted == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_child_compiles_though_its_parent_was_in_the_midst_of_it():
    program = (
        "import os, sys, threading, autograd\n"
        "from autograd import Value\n"
        "from autograd.compiler.native import backend, machine\n"
        "backend.START = 2\n"
        "begun = threading.Event()\n"
        "w = [Value(0.1 * k) for k in range(40)]\n"
        "f = lambda x: sum((u * x).tanh() * u for u in w)\n"
        "parse = machine._llvm().parse_assembly\n"
        "def slowly(text):\n"
        "    begun.set()\n"
        "    threading.Event().wait(0.2)\n"
        "    return parse(text)\n"
        "machine._llvm().parse_assembly = slowly\n"
        "g = autograd.compile(f)\n"
        "for _ in range(3): g(0.5)\n"
        "begun.wait()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    y = autograd.compile(f, backend='native')(0.5).data\n"
        "    os._exit(0 if abs(y - f(0.5).data) < 1e-12 else 1)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    quiet = ["-W", "ignore::DeprecationWarning"]  # Python's, of threads and fork
    subprocess.run([sys.executable, *quiet, "-c", program], check=True, timeout=60)


def test_the_end_of_a_program_does_not_wait_for_code(monkeypatch):
    monkeypatch.setattr(threading.main_thread(), "is_alive", lambda: False)
    f = network()
    g = autograd.compile(f, backend="native")
    assert g([0.5, -1.0, 2.0]).data == pytest.approx(f([0.5, -1.0, 2.0]).data, rel=1e-14)
    assert g._newest.native.refused


def test_where_no_thread_can_be_started_numpy_goes_on(monkeypatch):
    def none_left(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(backends, "START", 2)
    monkeypatch.setattr(threading.Thread, "start", none_left)
    f = network()
    g = autograd.compile(f)
    found = [g([0.5, -1.0, 2.0]).data for _ in range(4)]
    assert found == [pytest.approx(f([0.5, -1.0, 2.0]).data, rel=1e-14)] * 4


def test_a_long_program_is_several_functions(monkeypatch):
    monkeypatch.setattr(backends, "LONG", 3)
    monkeypatch.setattr(llvm, "LONG", 3)
    f = network()
    g = autograd.compile(lambda x: f([f(x) * y for y in x]) * f(x), backend="native")
    x = [0.5, -1.0, 2.0]
    expected = (f([f(x) * y for y in x]) * f(x)).data
    assert [g(x).data, g(x).data] == [pytest.approx(expected, rel=1e-13)] * 2
    assert len(g._newest.native.state.made.functions) > 2  # forward, and backward


def random_windows(rng, dtype):
    """A convolution or pooling, or one of their derivatives, and the array it writes."""
    axes = int(rng.integers(1, 3))
    n, groups = int(rng.choice([1, 2, 5, 16])), int(rng.choice([1, 1, 2]))
    m, c = int(rng.integers(1, 6)) * groups, int(rng.integers(1, 6))
    kernel, stride, dilation = (tuple(rng.integers(1, 4, axes).tolist()) for _ in range(3))
    places = tuple(rng.integers(1, 5, axes).tolist())
    before = rng.integers(0, 3, axes).tolist()
    padding = tuple((a, int(rng.integers(-1, 3))) for a in before)
    if rng.integers(2):  # windows that lie side by side
        stride, dilation, padding = kernel, (1,) * axes, ((0, 0),) * axes
    size = windows.size_of(places, kernel, stride, padding, dilation)
    if min(size) < 1:
        return random_windows(rng, dtype)
    x, y, weight = (n, c * groups, *size), (n, m, *places), (m, c, *kernel)
    pooled = n, c * groups, *places
    of_windows, how = (kernel, stride, padding, dilation), (stride, padding, dilation, groups)
    chosen = rng.integers(0, int(np.prod(kernel)), pooled).astype(rng.choice(["u1", "i8"]))
    chosen = in_any_order(rng, chosen)
    special = bool(rng.integers(2))

    def given(shape):
        x = numbers(rng, *shape, special=special)
        with np.errstate(over="ignore", under="ignore"):
            # of two such large ones the order of a sum decides
            return in_any_order(rng, np.where(np.abs(x) == 1e308, 0.5, x).astype(dtype))

    kinds = [
        (windows._convolved, y, (given(x), given(weight), *how)),
        (windows._spread_out, x, (given(y), given(weight), *how)),
        (windows._correlated, weight, (given(x), given(y), *how)),
        (windows._largest, pooled, (given(x), *of_windows)),
        (windows._put, x, (given(pooled), chosen, *of_windows)),
        (windows._taken, pooled, (given(x), chosen, *of_windows)),
        (windows._sums, pooled, (given(x), kernel, stride, padding)),
        (windows._everywhere, x, (given(pooled), kernel, stride, padding)),
        (windows.largest_in_windows, pooled, (given(x), *of_windows)),
    ]
    function, shape, args = kinds[int(rng.integers(len(kinds)))]
    if function in (windows._sums, windows._everywhere) and dilation != (1,) * axes:
        return random_windows(rng, dtype)
    if function is windows.largest_in_windows:
        most = in_any_order(rng, windows._largest(*args))
        args, dtype = (args[0], most, *args[1:]), "u1"
    target = in_any_order(rng, np.full(shape, 7, dtype))
    return partial(store, target, function, args, {}), target


def in_any_order(rng, x):
    """The array with its first axis in front or behind in memory."""
    return x if rng.integers(2) else windows.examples_first(np.array(windows.examples_last(x)))


@pytest.mark.parametrize("machine", [Machine(8), Machine(16), Machine(32, True), Machine(64, True)])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_convolutions_and_pooling_of_any_shape_give_numpys_numbers(machine, dtype, monkeypatch):
    machine = Machine(min(machine.vector, this_machine().vector), machine.fused)
    rng = np.random.default_rng(len(dtype) + machine.vector)
    monkeypatch.setattr(llvm_axes, "MANY", 64)  # that several columns at once are met, too
    monkeypatch.setattr(native_windows, "PAGE", 64)
    known = 0
    for _ in range(10):
        with np.errstate(all="ignore"):
            call, target = random_windows(rng, dtype)
            call()
        expected = target.copy()
        target[...] = 9
        try:
            for _ in range(2):  # nothing is left of the first run
                run_natively([call], machine)
        except UnknownStep:  # negative padding in front, a choice among many
            continue
        known += 1
        close = 1e-12 if dtype == "float64" else 1e-5
        np.testing.assert_allclose(target, expected, rtol=close, atol=close * 300)
    assert known > 5


@pytest.mark.parametrize("kind", [bool, np.int64])
@pytest.mark.parametrize("ufunc", [np.add, np.multiply])
def test_sums_and_products_of_whole_numbers_in_floats_are_native(kind, ufunc):
    x, target = np.arange(1, 7).reshape(2, 3).astype(kind), np.zeros(3)
    run_natively([partial(ufunc.reduce, x, axis=0, dtype=float, out=target)])
    np.testing.assert_array_equal(target, ufunc.reduce(x, axis=0, dtype=float))


def test_a_sum_of_floats_in_another_type_is_left_to_numpy():
    x, target = np.ones((2, 3), np.float32), np.zeros(3)
    with pytest.raises(UnknownStep):
        run_natively([partial(np.add.reduce, x, axis=0, dtype=float, out=target)])


@pytest.mark.parametrize("ufunc", [np.absolute, np.floor, np.ceil, np.trunc, np.isnan, np.isinf])
def test_functions_of_numbers_are_left_to_numpy_where_they_get_truth_values(ufunc):
    with pytest.raises(UnknownStep):  # LLVM ended the process
        run_natively([partial(ufunc, np.ones(3, bool), np.zeros(3, bool))])


def test_a_mean_is_native_and_one_of_nothing_is_left_to_numpy():
    x, target = np.arange(6.0).reshape(2, 3), np.zeros(2)
    run_natively([partial(np.mean, x, axis=1, out=target)])
    assert target.tolist() == [1.0, 4.0]
    with pytest.raises(UnknownStep):
        run_natively([partial(np.mean, np.zeros((2, 0)), axis=1, out=target)])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_clip_and_norms_are_numpys(dtype):
    with np.errstate(over="ignore", under="ignore"):
        x = np.array([*SPECIAL, 0.3, -0.2], dtype)
    finite = np.linspace(-2.0, 3.0, 57, dtype=dtype)
    for bounds in ((-1.0, 1.0), (0.0, np.inf), (-0.0, 0.0), (np.nan, 1.0), (2.0, 1.0)):
        out = np.zeros_like(x)
        run_natively([partial(store, out, np.clip, (x, *bounds), {})])
        np.testing.assert_array_equal(out, np.clip(x, *bounds))
        if 0.0 not in bounds:  # which of two zeros is the larger one, each NumPy says for itself
            np.testing.assert_array_equal(np.signbit(out), np.signbit(np.clip(x, *bounds)))
    for order in (1, 2.0, np.inf):
        out = np.zeros((), dtype)
        run_natively([partial(store, out, np.linalg.norm, (finite, order), {})])
        np.testing.assert_allclose(out, np.linalg.norm(finite, order), rtol=4 * np.finfo(dtype).eps)
    for order in (3.0, -np.inf, 0):
        with pytest.raises(UnknownStep, match="norm"):
            run_natively([partial(store, out, np.linalg.norm, (finite, order), {})])


OTHERS = """
from llvmlite import binding
import autograd
from autograd import Value
from autograd.compiler.native import machine

binding.initialize_native_target()
binding.initialize_native_asmprinter()

def code(opt):
    target = binding.Target.from_default_triple().create_target_machine(opt=opt)
    return target.emit_assembly(binding.parse_assembly('''
define double @f(ptr %x, i64 %n) {
a:
  br label %b
b:
  %i = phi i64 [0, %a], [%j, %b]
  %s = phi double [0.0, %a], [%t, %b]
  %p = getelementptr double, ptr %x, i64 %i
  %v = load double, ptr %p
  %t = fadd double %s, %v
  %j = add i64 %i, 1
  %c = icmp slt i64 %j, %n
  br i1 %c, label %b, label %d
d:
  ret double %t
}'''))

before = [code(opt) for opt in (1, 2, 3)]
w = Value(2.0)
f = autograd.compile(lambda x: (w * x + x).tanh() * w * w, backend="native")
f(0.5), f(0.5)
assert [code(opt) for opt in (1, 2, 3)] == before
with machine._quickly():
    is_known = binding.llvm_version_info[0] in range(20, 23)
    assert (code(2) == before[1]) is not is_known
"""


def test_others_that_use_llvm_have_the_code_of_before_after_ours_is_made():
    subprocess.run([sys.executable, "-c", OTHERS], check=True)
