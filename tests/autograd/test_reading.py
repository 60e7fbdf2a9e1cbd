"""Reading a number out of the graph: an error where it is differentiated, else a warning; or quiet.

What Python's `math` makes of a node is a plain number. Each of its functions is asked for, and the
numbers that need no derivative are compared with `math` itself.
"""

import logging
import math
import operator
import statistics
import threading
import warnings
from math import isnan as has_no_number

import numpy as np
import pytest
from numpy.testing import assert_allclose

import autograd
import nn
import optim
from autograd import (
    GraphError,
    LostGradientWarning,
    Tensor,
    Value,
    compile,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    reading,
    value_and_grad,
    vjp,
)
from autograd.errors import CompileError
from tests.each import each

NODES = {
    "Value": lambda: Value(0.7),
    "result": lambda: Value(0.35) * 2.0,
    "Tensor": lambda: Tensor(0.7, requires_grad=True),
    "float32": lambda: Tensor([0.7], requires_grad=True, dtype="float32"),
    "Parameter": lambda: nn.Parameter([[0.7]]),
    "a number of a Parameter": lambda: nn.Parameter([0.7]).scalars()[0],
}
every_node = each("node", NODES.values(), ids=NODES)


def into_an_element(x):
    z = np.zeros(2)
    z[0] = x
    return z[0]


READERS = {
    "float": float,
    "int": lambda x: float(int(x)),
    "complex": lambda x: complex(x).real,
    "map": lambda x: next(map(math.sin, [x])),
    "any of map": lambda x: float(any(map(math.isnan, [x]))),  # nobody can tell who asks
    "statistics": lambda x: statistics.NormalDist().cdf(x),
    "math.fsum": lambda x: math.fsum([x, 1.0]),
    "math.hypot": lambda x: math.hypot(x, 1.0),
    **{
        f"math.{name}": getattr(math, name)
        for name in ("sin", "exp", "sqrt", "log", "tanh", "gamma", "erf", "atan", "degrees")
    },
    "math.pow": lambda x: math.pow(2.0, x),
    "math.copysign": lambda x: math.copysign(x, -1.0),
}
# What NumPy's C code reads of a Value; of a Tensor that needs a gradient it gets no array.
READERS_OF_VALUES = {
    "np.float64": np.float64,
    "np.array": lambda x: np.array([x, x], dtype=float)[0],
    "astype": lambda x: np.array([x, x]).astype(float)[0],
    "np.fromiter": lambda x: np.fromiter([x], dtype=float)[0],
    "an element": into_an_element,
    "np.full": lambda x: np.full(2, x, dtype=float)[0],
    "np.gradient": lambda x: np.gradient([x, x * x])[0],
}


@each("read", READERS.values(), ids=READERS)
@every_node
def test_outside_it_warns_and_names_the_line(node, read):
    x = node()
    with pytest.warns(LostGradientWarning, match="requires a gradient was read") as caught:
        read(x)
    assert {w.filename for w in caught} == {__file__}
    assert issubclass(LostGradientWarning, UserWarning)


@pytest.mark.parametrize("read", READERS_OF_VALUES.values(), ids=READERS_OF_VALUES)
def test_outside_numpy_warns_too_and_names_the_users_line(read):
    with pytest.warns(LostGradientWarning, match="say .item()") as caught:
        read(Value(0.7))
    assert {w.filename for w in caught} == {__file__}


@each("name", sorted(READERS | READERS_OF_VALUES))
def test_inside_a_transform_it_is_an_error_with_the_remedy(name):
    read = (READERS | READERS_OF_VALUES)[name]

    def f(x):
        return x * 2.0 + read(x)

    inside = {
        "grad": lambda: grad(f)(0.7),
        "of a Value": lambda: grad(f)(Value(0.7)),
        "value_and_grad": lambda: value_and_grad(f)(0.7),
        "jacobian": lambda: jacobian(f)(0.7),
        "hessian": lambda: hessian(f)(0.7),
        "vjp": lambda: vjp(f, 0.7),
        "jvp": lambda: jvp(f, (0.7,), (1.0,)),
        "hvp": lambda: hvp(f, (0.7,), (1.0,)),
        "nested": lambda: grad(grad(f))(0.7),
        "of the outer": lambda: grad(lambda x: grad(lambda y: y * read(x))(1.0))(0.7),
        "of what is made of it": lambda: grad(lambda x: f(autograd.sin(x) * 3.0))(0.7),
    }
    if name in READERS:
        inside["of a Tensor"] = lambda: grad(f)(np.array(0.7))
    for run in inside.values():
        with pytest.raises(GraphError, match=r"\.item\(\)"):
            run()


@pytest.mark.parametrize("name", ["sin", "exp", "sqrt", "log", "tanh"])
def test_the_remedy_is_our_function_of_that_name(name):
    known = {"math": math, name: getattr(math, name)}
    for called in (f"math.{name}(x)", f"{name}(x)", f"1.0 + {name}(2 + {name}(x))"):
        f = eval(f"lambda x: {called}", known)
        with pytest.raises(GraphError, match=rf"Use autograd\.{name}, or say"):
            grad(f)(0.7)
        with pytest.warns(LostGradientWarning, match=rf"Use autograd\.{name}, or say"):
            f(Value(0.7))
        remedy = eval(f"lambda x: {called}", {"math": autograd, name: getattr(autograd, name)})
        step = 1e-6
        assert_allclose(grad(remedy)(0.7), (f(0.7 + step) - f(0.7 - step)) / (2 * step), rtol=1e-6)


def test_every_function_of_math_is_right_or_refused():
    step = 1e-6
    for name, function in vars(math).items():
        if not callable(function):
            continue
        for f in (lambda x: x * 2.0 + function(x), lambda x: x * function(x, 0.5)):  # noqa: B023
            try:
                expected = (f(0.7 + step) - f(0.7 - step)) / (2 * step)
            except (TypeError, ValueError):
                continue  # not a function of that many floats
            try:
                found = grad(f)(0.7)
            except (GraphError, TypeError):
                continue
            assert_allclose(found, expected, rtol=1e-6, err_msg=name)


# --- what is quiet --------------------------------------------------------------------------------


class _Nested:
    math = math


def by_a_local_name(x):
    from math import isnan

    def from_around():
        return isnan(x)

    return isnan(x), isnan(x * 2.0), from_around()


def as_a_cell(x):
    """As the code of a notebook's cell, whose names are looked up as a module's."""
    exec("from math import isfinite\nassert isfinite(x) and isfinite(x * 2.0)", {"x": x})


LOOKERS = {
    "item": lambda x: x.item(),
    "data": lambda x: x.data + 1.0,
    "math.isnan": lambda x: (math.isnan(x), math.isnan(x * 2.0)),
    "math.isfinite": lambda x: not math.isfinite(x),
    "math.isinf": lambda x: math.isinf(x * 2.0),
    "math.isclose": lambda x: math.isclose(x, 0.7),
    "isnan by another name": lambda x: not has_no_number(x),
    "isnan of a module in a module": lambda x: not _Nested.math.isnan(x),
    "isnan in the middle": lambda x: not (math.isnan(x if x.item() > 0 else 3.0) or x.item() < 0),
    "isnan by a local name": by_a_local_name,
    "isfinite in a cell": as_a_cell,
    "isnan on lines of its own": lambda x: (
        not math.isnan(
            x,
        )
    ),
    "isnan in a comprehension": lambda x: [math.isnan(v) for v in [x]],
    "math.floor": lambda x: math.floor(x) + math.ceil(x),
    "comparisons": lambda x: (x < 1, x <= 1, x > 1, x >= 1, x == 1, x != 1, bool(x)),
    "sorted": lambda x: sorted([x, x + 1.0]),
    "repr": lambda x: (repr(x), str(x), f"{x}"),
    "format": lambda x: (f"{x:.3f}", format(x, "e"), "{:.1f}".format(x)),  # noqa: UP032
    "%": lambda x: ("%.3f" % x, "%d %s" % (x, x), "%(x)g" % {"x": x}),  # noqa: UP031
    "%=": lambda x: operator.mod("%.3f", x.item()),
    "print": lambda x: print(x, end=""),
    "logging": lambda x: logging.getLogger("quiet").warning("%.3f", x),
    "tolist": lambda x: x.tolist() if isinstance(x, Tensor) else [x.data],
}


@each("look", LOOKERS.values(), ids=LOOKERS)
@every_node
def test_looking_at_a_number_is_quiet(node, look, capsys):
    look(node())


@each("look", LOOKERS.values(), ids=LOOKERS)
def test_looking_at_a_number_is_quiet_inside_transforms(look, capsys):
    def f(x):
        look(x)
        return x * x

    assert grad(f)(0.7) == 1.4
    assert_allclose(grad(f)(np.array(0.7)), 1.4)
    assert hessian(f)(0.7) == 2.0


@pytest.mark.parametrize("read", [float, int, math.sin, np.float64], ids=lambda f: f.__name__)
def test_what_requires_no_gradient_is_quiet(read):
    x = Value(0.7)
    read(x.detach())
    read(Tensor(0.7))
    read(Tensor(0.7, requires_grad=True).detach())
    with no_grad():
        result = x * x
        read(result)
        read(x)
    read(result)
    assert grad(lambda v: v * read(v.detach()))(2.0) == read(2.0)


def test_a_number_that_is_not_differentiated_only_warns_inside_a_transform():
    w = Value(3.0)
    with pytest.warns(LostGradientWarning):
        assert grad(lambda x: x * float(w))(2.0) == 3.0


def test_no_grad_inside_a_transform_says_that_a_constant_is_meant():
    def f(x):
        with no_grad():
            scale = math.sin(x)
        return x * scale

    assert grad(f)(0.7) == math.sin(0.7)


def test_a_transform_in_another_thread_is_none_of_this_ones_business():
    entered, leave = threading.Event(), threading.Event()

    def f(x):
        entered.set()
        leave.wait()
        return x * x

    thread = threading.Thread(target=grad(f), args=(2.0,))
    thread.start()
    entered.wait()
    try:
        with pytest.warns(LostGradientWarning):
            float(Value(1.0))
    finally:
        leave.set()
        thread.join()


def test_a_warning_comes_once_for_each_line():
    x = Value(1.0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            math.sin(x)
        math.sin(x)
    assert len(caught) == 2
    assert caught[1].lineno - caught[0].lineno == 1


def test_where_python_was_told_to_forget_columns_every_reading_counts(monkeypatch):
    monkeypatch.setattr(reading, "_span", lambda _: (None, None))  # python -X no_debug_ranges
    with pytest.warns(LostGradientWarning):
        math.isnan(Value(1.0))


@each("name", sorted(READERS | READERS_OF_VALUES))
def test_inside_a_compiled_function_it_is_refused(name):
    read = (READERS | READERS_OF_VALUES)[name]
    w = Value(0.7)
    for f in (lambda x: x * 2.0 + read(x), lambda x: x * read(w)):
        with pytest.raises(CompileError):
            compile(f)(0.7)


def test_training_reads_its_losses_quietly():
    x = np.linspace(-1.0, 1.0, 8).reshape(-1, 1)
    model = nn.Linear(1, 1)
    data, optimizer = (x, 2 * x), optim.SGD(model.parameters(), lr=0.1)
    schedule = optim.schedules.ReduceOnPlateau(0.1)
    history = nn.fit(
        model, nn.MSELoss(), data, optimizer, epochs=2, validation=data, progress=False
    )
    assert history.loss[1] < history.loss[0]
    schedule.observe(Value(1.0) * 2.0)
