import contextlib
import enum
import itertools
import math
import os
import random
import types
import weakref
from array import array
from collections import OrderedDict, UserList, defaultdict, deque, namedtuple
from contextvars import ContextVar
from dataclasses import dataclass
from functools import singledispatch, wraps
from itertools import product

import numpy as np
import pytest

import autograd
import nn
from autograd import CompileError, Tensor, Value, detect_anomaly
from tests.autograd.compiler.programs import assert_same_calls
from tests.each import each


def recordings(g):
    return sum(map(len, g._programs.values()))


def test_the_right_path_gives_numpys_warnings():
    g = autograd.compile(lambda x: autograd.log(x) if x > -1 else x)
    g(1.0)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert g(0.0) == -math.inf


def test_numbers_that_are_equal_but_for_rounding_may_be_compared():
    def f(a, b, c):  # the sums are the same instruction when replayed
        return w * 2 if (a + b) + c > a + (b + c) else w

    w = Value(1.0)
    g = autograd.compile(f)
    for numbers in [(1.0, 2.0, 3.0), (0.1, 0.2, 0.3)]:
        w.zero_grad()
        g(*numbers).backward()
        assert w.grad in (1.0, 2.0)
    assert autograd.compile(f)(0.1, 0.2, 0.3).data == f(0.1, 0.2, 0.3).data == 2.0


V, T = Value(2.0), Tensor([1.0, 2.0, 3.0], requires_grad=True)
TABLE = np.array([0.1, 0.5, -0.3], dtype=object)
ORDERS = np.less, np.less_equal, np.greater, np.greater_equal


@each(
    "f",
    [
        lambda x, y: 2.0 if x == 0.0 else x,
        lambda x, y: 2.0 if x != y else x,
        lambda x, y: 2.0 if x != x else x,
        lambda x, y: 2.0 if x in (0.0, 1.0) else x,
        lambda x, y: 2.0 if np.float64(0.0) == x else x,
        lambda x, y: 1.0 * [x, y].count(1.0) + [x, y, 0.0].index(0.0),
        lambda x, y: 2.0 if [x, y] == [1.0, 1.0] else x,
        lambda x, y: V if np.isnan(x) else V * x,
        lambda x, y: V * x if np.isfinite(2 * x + 1) else V,
        lambda x, y: V if np.signbit(x) or np.isinf(x) else V * x,
        lambda x, y: V if np.logical_not(x) else V * x,
        lambda x, y: V * np.isnan(x) + V * np.nextafter(5.0, x),
        *(lambda x, y, ask=ask: V * x if ask(V, x) else V for ask in ORDERS),
        *(lambda x, y, ask=ask: V * x if ask(x, 2.0) else V for ask in ORDERS),
        *(lambda x, y, ask=ask: V * x if ~ask(0.0, V * x) else V for ask in ORDERS),
        *(lambda x, y, ask=ask: V * x if ask(np.float64(1.0), x * V) else V for ask in ORDERS),
        *(lambda x, y, ask=ask: V * x if ask(np.array(1.0), V * x) else V for ask in ORDERS),
    ],
)
def test_what_is_asked_of_floats_is_a_guard(f):
    assert_same_calls(
        f, product((1.0, 0.0, -1.0, 0.5, 2.0, math.nan, math.inf), (1.0, 0.0)), [V], None
    )


@pytest.mark.parametrize(
    "f",
    [
        lambda x: (T * x[x > 0].sum()).sum(),
        lambda x: (T * x)[(T * x) > 0].mean(),
        lambda x: T.sum() * len(np.unique(x)),
        lambda x: (T * np.flatnonzero(x > 0).sum()).sum(),
        lambda x: (T * np.bincount(np.sign(x).astype(int) + 1).size).sum(),
        lambda x: (T[:2] * np.repeat(x, (x > 2).astype(int)).sum()).sum(),
        lambda x: (T * x).sum() if (x > 0).all() else (T + x).sum(),
        lambda x: V * TABLE[1] if autograd.getitem(TABLE, np.argmax(x)) > 0 else V,
    ],
)
def test_another_number_of_chosen_elements_records_again(f):
    arrays = [1.0, 2.0, 3.0], [5.0, -2.0, -2.0], [3.0, 3.0, 3.0], [-1.0, -2.0, 4.0]
    g = assert_same_calls(f, [(np.array(x),) for x in arrays * 2], [T, V], None)
    assert recordings(g) <= 4


def test_too_many_paths_warn_and_run_uncompiled():
    w = Value(1.0)
    g = autograd.compile(lambda n: w * n)
    for n in range(32):
        g(n)
    with pytest.warns(RuntimeWarning, match="recorded 32 times"):
        y = g(100)
    assert y.data == 100.0
    assert recordings(g) == 32


@pytest.mark.parametrize(
    ("f", "calls"),
    [
        (
            lambda n, flag, how: V * n if flag and how == "times" else V + n,
            [(3, True, "times"), (3, True, "plus"), (3, False, "times"), (4, True, "times")],
        ),
        (lambda flag: V * 10 if flag is True else V * 1, [(True,), (1,)]),
        (lambda xs: sum(V * x for x in xs), [([1.0, 2.0],), ([1.0, 2.0, 3.0],), (np.ones(4),)]),
    ],
    ids=["ints, bools, strings", "True and 1", "lengths"],
)
def test_what_belongs_to_the_signature_records_again(f, calls):
    assert_same_calls(f, calls, [V], len(calls))


def test_only_a_function_can_be_compiled():
    with pytest.raises(TypeError, match="compile: needs a function, but got a Value"):
        autograd.compile(Value(2.0))


RNG, SPENT, FLIPS = np.random.default_rng(0), iter([1.0, 2.0]), itertools.cycle([0, 1])
AROUND = types.SimpleNamespace(last=None, count=0, kept=[])
WS, COUNTED = [Value(2.0), Value(2.0)], [0]


def looks_up_at_random(place):
    return (WS[0] + WS[1]) * autograd.take(WS[:: -1 if next(FLIPS) else 1], place)


def counts(x):
    COUNTED[0] += 1
    return V * x * COUNTED[0]


def writes_into_a_list(state, x):
    state["hidden"] = V * state["hidden"] + x
    return state["hidden"]


def consumes(xs):
    return V * xs.pop() + (consumes(xs) if xs else 0.0)


def scales(values, x):
    values[0] *= x
    return values.sum()


def adds_into_an_array_of_its_own(x):
    total = np.zeros(2)
    total += x
    return total


@each(
    ("f", "args", "match"),
    [
        (lambda x: {1.0: 2.0}[x], [1.0], "set or dict .* if and elif"),
        (lambda x: len({x, 1.0}), [1.0], "set or dict"),
        (round, [1.0], "round.* autograd.floor"),
        (math.trunc, [1.0], "Pass whole numbers"),
        (lambda x: x.is_integer(), [1.0], "autograd.floor"),
        (lambda x: x.sum().item() * T, [Tensor([1.0])], "item"),
        (lambda i: [V, V][i[0]], [np.array([1])], "autograd.take"),
        (lambda x: types.SimpleNamespace(loss=V * x), [1.0], "lists, tuples or dicts"),
        (lambda x: {V * x}, [1.0], "lists, tuples or dicts"),
        (lambda x: iter([V * x]), [1.0], "lists, tuples or dicts"),
        (lambda x: V * x if RNG.random() < 2 else V, [1.0], "random"),
        (lambda x: V * x if np.random.random() < 2 else V, [1.0], "random"),  # noqa: NPY002
        (lambda x: T * x * RNG.random(3), [1.0], "random"),
        (lambda x: AROUND.kept.append(V * x), [1.0], "'kept' outside itself"),
        (lambda x: setattr(AROUND, "last", T * x), [1.0], "'last' outside itself"),
        (lambda x: setattr(AROUND, "last", [T * x]), [1.0], "'last' outside itself"),
        (lambda x: setattr(AROUND, "count", AROUND.count + 1), [1.0], "Return what is new"),
        (lambda xs: sum(V * x for x in xs), [iter([1.0])], "Pass a list"),
        (lambda x: V * x + sum(SPENT), [1.0], "iterator"),
        (
            lambda x: V * math.exp(V * x), [1.0],
            r"test_compiled_guards.py, line \d+: .*math.exp\(V \* x\).* \(autograd.exp,",
        ),
        (lambda x: WS[next(FLIPS)] * x + WS[0], [1.0], "second time"),
        (lambda x: [w * x for w in WS][next(FLIPS)], [1.0], "second time"),
        (lambda x: (WS[0] * x, next(FLIPS)), [1.0], "second time"),
        (looks_up_at_random, [np.array(0)], "second time"),
        (lambda x: [T * x, T + x][next(FLIPS)], [np.ones(3)], "second time"),
        (lambda x: random.choice(WS) * x, [1.0], "random"),
        (counts, [1.0], "counts its calls"),
        (
            writes_into_a_list, [{"hidden": 0.0}, 1.0],
            "writes_into_a_list changes a dict among its arguments",
        ),
        (
            lambda a: writes_into_a_list(a["now"], 1.0), [{"now": {"hidden": V}}],
            "Return what is new",
        ),
        (consumes, [[1.0, 2.0]], "changes a list among its arguments"),
        (scales, [np.array([V, V]), 2.0], "changes an array among its arguments"),
        (
            adds_into_an_array_of_its_own, [1.0],
            r"line \d+: total \+= x.*TypeError.*do this outside",
        ),
        (adds_into_an_array_of_its_own, [np.ones(2)], r"a = a \+ b"),
        (
            lambda i: np.add.at(np.zeros(3), i, 1.0), [np.arange(2)],
            r"writing into an array.*Make a new one",
        ),
    ],
)  # fmt: skip
def test_is_refused_with_a_remedy(f, args, match):
    with pytest.raises(CompileError, match=match):
        autograd.compile(f)(*args)


def test_a_function_may_change_a_copy_of_its_arguments():
    assert autograd.compile(lambda xs: consumes([*xs]))([1.0, 2.0]).data == 6.0


@pytest.mark.parametrize(
    "f",
    [
        lambda w, nan, *_: lambda x: (w * x, nan, Value(nan).detach(), {"missing": np.log(-x * x)}),
        lambda w, nan, *_: lambda x: w if x == nan else w * nan * x,
        lambda w, nan, *_: lambda x, nan=nan: w * x + nan,
        lambda w, nan, constant, *_: lambda x: (w * x, w * constant),
        lambda w, nan, _, array, several: lambda x: (w * x, array, several),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_nan_is_the_same_the_second_time(f):
    nan = math.nan
    g = autograd.compile(f(Value(2.0), nan, Value(nan).detach(), np.array([nan]), (nan,)))
    for x in (1.0, 2.0, 3.0):
        g(x)
    assert recordings(g) == g._count == 1


def test_a_changed_array_records_again_whatever_it_was_used_for():
    a, places = np.array([1.0, 2.0]), np.array([0, 1])
    w, t = Value(2.0), Tensor([1.0, 2.0], requires_grad=True)

    def change(number, place):
        a[0], places[0] = number, place

    for f in [
        lambda way: w * a[0] if way else w * w,
        lambda way: w * Value(a[0]),
        lambda way: (t * a[0]).sum(),
        lambda way: (t * a.sum()).sum(),
        lambda way: (t * np.exp(a)).sum(),
        lambda way: (t * Tensor(a)).sum(),
        lambda way: t[0] if a[0] > 0 else t[1],
        lambda way: t[places[0]] * t[places[1]],
        lambda way: autograd.take(t, places).sum(),
    ]:
        change(1.0, 0)
        g = autograd.compile(f)
        for step in [(1.0, 0), (-3.0, 1), (2.0, 0)]:
            change(*step)
            assert [g(way).item() for way in (True, False)] == [f(True).item(), f(False).item()]


class Shared:
    rate = 1.0
    tuples = namedtuple("Named", "inner")([1.0])

    @property
    def own(self):
        return SETTINGS["rate"]

    @staticmethod
    def static():
        return SETTINGS["rate"]

    @classmethod
    def of_class(cls):
        return SETTINGS["rate"]


def of_own_class(kind, *given):
    """An object of a class of the user's that is made of another one, and has attributes."""
    return type("Own", (kind,), {"rate": 1.0})(*given)


class Method:
    def get(self):
        return SETTINGS["rate"]


class Point(namedtuple("Point", "x"), Method): ...


class Switch(Method, enum.IntEnum):
    ON = 1


def register(function, rate):
    function.register(str, lambda _: rate)


class Slotted:
    __slots__ = ("rate",)


@dataclass
class Equal:
    rate: float = 1.0


SETTINGS = {"rate": 1.0}
MODULE = types.ModuleType("somebodys_settings")


def rate_of(x):
    return x.rate


def set_rate(x, new):
    x.rate = new


def set_data(x, new):
    x.data = new


def set_first(x, new):
    x[0] = new


def set_setting(_, new):
    SETTINGS["rate"] = new


def rate_setting():
    return SETTINGS["rate"]


class Meta(type):
    rate = 1.0


def variable():
    rate = 1.0

    def write(new):
        nonlocal rate
        rate = new

    return lambda: rate, write


def with_defaults():
    def rates(by=1.0, *, plus=0.0):
        return by + plus

    return rates


def write_or_delete(kind, name, new):
    """Written first, and gone at the last."""
    delattr(kind, name) if new == 7.0 else setattr(kind, name, new)


def below():
    return type("Below", (type("Above", (), {"rate": 1.0}),), {})()


OF_CODE = {"__code__": lambda new: eval(f"lambda by, *, plus: {new}").__code__}
OF_CODE |= {"__defaults__": lambda new: (new,), "__kwdefaults__": lambda new: {"plus": new}}
SURROUNDINGS = {
    "variable": (variable, lambda x: x[0](), lambda x, new: x[1](new)),
    **{
        name: (with_defaults, lambda x: x(), lambda x, new, n=name, y=y: setattr(x, n, y(new)))
        for name, y in OF_CODE.items()
    },
    "another leaf": (lambda: [Value(1.0)], lambda x: x[0], lambda x, y: set_first(x, Value(y))),
    "order of a dict": (
        lambda: {1.0: 0, 3.0: 0, 5.0: 0}, lambda x: next(iter(x)),
        lambda x, _: x.update({(first := next(iter(x))): x.pop(first)}),
    ),
    "type of an attribute": (
        Equal, lambda x: 3.0 if isinstance(x.rate, int) else 1.0,
        lambda x, new: set_rate(x, 1 if new == 5.0 else 1.0),
    ),
    "type in a dict": (
        lambda: {"in": {"rate": 1.0}}, lambda x: (x["in"]["rate"] * np.float32(3)).itemsize,
        lambda x, new: x["in"].update(rate=np.float64(1.0) if new == 5.0 else 1),
    ),
    "requires_grad": (
        lambda: Tensor(1.0), lambda x: 5.0 if x.requires_grad else 1.0,
        lambda x, new: setattr(x, "requires_grad", new == 5.0),
    ),
    "name of Python's": (
        lambda: eval("lambda: abs(-1.0)", {}), lambda x: x(),
        lambda x, new: x.__globals__.update(abs=lambda _: new),
    ),
    "name of Python's, which the second of a module's functions uses": (
        lambda: [*map(eval, ("lambda: len([1])", "lambda: abs(-1.0)"), [{}] * 2)],
        lambda x: x[0]() * x[1](), lambda x, new: x[1].__globals__.update(abs=lambda _: new),
    ),
    "class above": (below, rate_of, lambda x, new: write_or_delete(type(x), "rate", new)),
    "slot that is filled": (
        Slotted, lambda x: getattr(x, "rate", 1.0), lambda x, y: write_or_delete(x, "rate", y)
    ),
    "private slot": (
        type("Slotted", (), {"__slots__": ("__rate",)}),
        lambda x: getattr(x, "_Slotted__rate", 1.0),
        lambda x, y: write_or_delete(x, "_Slotted__rate", y),
    ),
    "function of a derivative": (
        lambda: autograd.grad(lambda x: SETTINGS["rate"] * x * x), lambda x: x(1.0), set_setting
    ),
    "list": (lambda: [1.0], lambda x: x[0], set_first),
    "longer list": (list, sum, list.append),
    "constant Value": (lambda: Value(1.0).detach(), lambda x: x * 1.0, set_data),
    "deque": (lambda: deque([1.0]), lambda x: x[0], lambda x, new: x.__setitem__(0, new)),
    "UserList": (lambda: UserList([1.0]), lambda x: x[0], lambda x, new: x.__setitem__(0, new)),
    "OrderedDict": (lambda: OrderedDict(a=[1]), lambda x: x["a"][0], lambda x, y: x.update(a=[y])),
    "defaultdict": (lambda: defaultdict(int, a=1), lambda x: x["a"], lambda x, y: x.update(a=y)),
    "set": (lambda: {0.5}, sum, lambda x, new: x.add(new)),
    "named tuple": (
        lambda: Shared.tuples, lambda x: x.inner[0], lambda x, new: x.inner.__setitem__(0, new)
    ),
    "dataclass": (Equal, rate_of, set_rate),
    "class": (lambda: Shared, rate_of, set_rate),
    "instance": (Shared, rate_of, lambda x, new: setattr(Shared, "rate", new)),
    "module": (
        lambda: set_rate(MODULE, 1.0), lambda _: MODULE.rate, lambda _, new: set_rate(MODULE, new)
    ),
    "property": (Shared, lambda x: x.own, set_setting),
    "static method": (Shared, lambda x: x.static(), set_setting),
    "class method": (Shared, lambda x: x.of_class(), set_setting),
    "metaclass": (lambda: Meta("Made", (), {}), rate_of, lambda x, new: set_rate(Meta, new)),
    "function": (lambda: lambda: None, lambda x: getattr(x, "rate", 1.0), set_rate),
    "function that wraps": (lambda: wraps(len)(rate_setting), lambda x: x(), set_setting),
    "method of a dict": (lambda: SETTINGS.get, lambda x: x("rate"), set_setting),
    "values of a dict": (SETTINGS.values, lambda x: next(iter(x)), set_setting),
    "proxy of a dict": (lambda: types.MappingProxyType(SETTINGS), lambda x: x["rate"], set_setting),
    "array of Python": (lambda: array("d", [1.0]), lambda x: x[0], set_first),
    "bytes": (lambda: bytearray(1), lambda x: x[0], lambda x, new: set_first(x, int(new))),
    "memory": (lambda: memoryview(array("d", [1.0])), lambda x: x[0], set_first),
    "list in an array": (
        lambda: np.array([[1.0], None], dtype=object),
        lambda x: x[0][0],
        lambda x, new: set_first(x[0], new),
    ),
    "weak reference": (
        lambda: weakref.ref(Shared), lambda x: x().rate, lambda x, new: set_rate(x(), new)
    ),
    "context variable": (lambda: ContextVar("rate", default=1.0), ContextVar.get, ContextVar.set),
    "own list": (lambda: of_own_class(list), rate_of, set_rate),
    "own dict": (lambda: of_own_class(dict), rate_of, lambda x, new: set_rate(type(x), new)),
    "own number": (lambda: of_own_class(float, 1.0), rate_of, set_rate),
    "own int": (lambda: of_own_class(int, 1), rate_of, set_rate),
    "own Tensor": (lambda: of_own_class(Tensor, 1.0), rate_of, set_rate),
    "method of a named tuple": (lambda: Point(1.0), lambda x: x.get(), set_setting),
    "method of a member": (lambda: Switch.ON, lambda x: x.get(), set_setting),
    "another class": (
        Shared, rate_of, lambda x, y: setattr(x, "__class__", type("New", (Shared,), {"rate": y}))
    ),
    "another dict": (Shared, rate_of, lambda x, new: setattr(x, "__dict__", {"rate": new})),
    "context manager": (
        lambda: contextlib.contextmanager(lambda: (yield SETTINGS["rate"])),
        lambda x: contextlib.ExitStack().enter_context(x()),
        set_setting,
    ),
    "generic function": (lambda: singledispatch(len), lambda x: x(""), register),
    "universal function": (
        lambda: np.frompyfunc(lambda x: x * SETTINGS["rate"], 1, 1), lambda x: x(1.0), set_setting
    ),
}  # fmt: skip


DATA = (
    "list",
    "longer list",
    "constant Value",
    "named tuple",
    "OrderedDict",
    "defaultdict",
    "list in an array",
    "own list",
    "own dict",
    "own number",
    "own Tensor",
)  # where they are arguments


@each(
    ("name", "argument"),
    [(name, False) for name in SURROUNDINGS]
    + [(name, True) for name in SURROUNDINGS if name not in DATA],
)
def test_whatever_is_changed_records_again(name, argument):
    make, read, write = SURROUNDINGS[name]
    x, w = make(), Value(2.0)
    g = autograd.compile((lambda x: w * read(x)) if argument else (lambda: w * read(x)))
    for number in (None, 5.0, 5.0, 7.0):
        if number is not None:
            write(x, number)
        w.zero_grad()
        found, factor = g(*([x] if argument else [])), read(x)
        found.backward()
        factor = factor.data if isinstance(factor, Value | Tensor) else factor
        assert (found.data, w.grad) == (2.0 * factor, factor)


def test_an_equal_thing_in_the_place_of_another_is_watched_from_then_on():
    w, around = Value(2.0), {"settings": Equal(1.0), "shift": Tensor([0.0], requires_grad=True)}
    g = autograd.compile(lambda: w * around["settings"].rate + around["shift"].sum())
    assert g().item() == 2.0
    around["settings"], around["shift"] = Equal(1.0), Tensor([0.0], requires_grad=True)
    g().backward()
    assert around["shift"].grad == 1.0
    around["settings"].rate = 3.0
    assert g().item() == 6.0


def test_a_compiled_function_inside_another_is_no_change_when_it_is_called():
    w = Value(2.0)
    inner = autograd.compile(lambda x: w * x)
    outer = autograd.compile(lambda x: inner(x) + inner(2 * x))
    for x in (1.0, 2.0, 3.0):
        assert outer(x).data == 6 * x
        inner(x)
    assert outer._count == 1


@pytest.mark.parametrize("backend", ["numpy", "native"])
@pytest.mark.parametrize("calls_before", [0, 3])
@pytest.mark.parametrize("which", ["class", "number"])
def test_a_wrong_class_or_number_of_a_row_is_the_one_error_that_is_shown(
    which, calls_before, backend
):
    if backend == "native" and os.environ.get("GLASSGRAD_CI") != "1":
        pytest.importorskip("llvmlite", reason="needs llvmlite, the extra native")
    weight = Tensor(np.arange(12.0).reshape(3, 4) / 7, requires_grad=True)
    embedding = nn.Embedding(4, 3)
    functions = {
        "class": lambda k: nn.functional.cross_entropy(np.eye(3)[:2] @ weight, k),
        "number": lambda k: embedding(k).sum(),
    }
    g = autograd.compile(functions[which], backend=backend)
    for _ in range(calls_before):
        g(np.array([0, 3]))
    with pytest.raises(ValueError, match=rf"every {which} in \[0, 4\), but got 9\.") as found:
        g(np.array([0, 9]))
    assert found.value.__context__ is None  # no word of what cannot be recorded comes before it


def test_detect_anomaly_sees_the_function_as_it_is_written():
    g = autograd.compile(lambda x: autograd.log(x) * 2)
    g(1.0)
    with (
        detect_anomaly(),
        pytest.raises(autograd.AnomalyError, match="log"),
        np.errstate(all="ignore"),
    ):
        g(Value(0.0))


@pytest.mark.parametrize(
    "derive",
    [
        lambda f: autograd.grad(f)(0.7),
        lambda f: autograd.grad(autograd.grad(f))(np.float64(0.7)),
        lambda f: autograd.jvp(f, (0.7,), (1.0,))[1],
        lambda f: autograd.grad(lambda t: autograd.grad(f)(t) * f(t))(0.7),
        lambda f: autograd.grad(lambda pair: f(pair[0]) * pair[1])([0.7, 2.0])[0],
    ],
)
def test_a_function_is_differentiated_at_a_number_written_in_the_code(derive):
    w = Value(0.5)
    f = lambda x: derive(lambda t: autograd.tanh(w * t) * t * x)  # noqa: E731
    g = assert_same_calls(f, [(2.0,), (3.0,)])
    assert type(g(2.0)) is float


@pytest.mark.parametrize(
    "f",
    [
        lambda at, x: autograd.grad(lambda v: autograd.sum(autograd.tanh(v) * x))(at),
        lambda at, x: autograd.hessian(lambda v: autograd.sum(v**3 * x))(at),
        lambda at, x: autograd.grad(lambda v, u: autograd.sum(v * v * u), (0, 1))(at, x)[0],
        lambda at, x: at - 0.1 * autograd.grad(lambda v: autograd.sum(v * v * x))(at.copy()),
        lambda at, x: autograd.grad(
            lambda u: autograd.sum(autograd.grad(lambda v: autograd.sum(v * v * u))(at) ** 2)
        )(x),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_function_is_differentiated_at_an_array_from_outside(f, dtype):
    at, xs = np.array([0.3, 0.7], dtype), np.array([[2.0, 1.0], [0.5, 3.0]], dtype)
    tolerance = 1e-12 if dtype is np.float64 else 1e-6
    assert_same_calls(lambda x: f(at, x), [(x,) for x in xs], tolerance=tolerance)


def test_a_lookup_beside_what_is_differentiated_is_compiled():
    table = [Value(0.5), Value(0.7)]

    def f(x, i):
        slope = autograd.grad(lambda w: w * w * autograd.take([*table, x, 2.0 * x], i))(x)
        return autograd.take([slope, x * slope], i % 2) * table[0]

    assert_same_calls(f, [(3.0, np.array(i)) for i in (0, 3, 1, 2)], table)
