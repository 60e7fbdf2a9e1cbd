"""Operations declared outside the library: they are everything that the library's are."""

import copy
import importlib.util
import math
import pickle
import sys
import textwrap

import numpy as np
import pytest
import scipy.special
from numpy.testing import assert_allclose, assert_array_equal

import autograd
from autograd import (
    AnomalyError,
    CompileError,
    GradcheckError,
    ShapeError,
    Tensor,
    Value,
    backprop,
    detect_anomaly,
    draw,
    elementwise,
    explain,
    grad,
    gradcheck,
    hessian,
    no_grad,
    structural,
)
from autograd import compile as compiled
from autograd.op import OF_USERS, RULEBOOK
from tests.each import each


@elementwise(
    partials=[lambda x, out: 1 / (x * (1 - x))],
    latex=r"\operatorname{{log_odds}} {0}",
    domain=((0.0, 1.0),),
)
def log_odds(x):
    """ln(x / (1 - x)), the inverse of the sigmoid."""
    return np.log(x / (1 - x))


@elementwise(
    scalar=lambda x, y: x * math.exp(y),
    partials=[lambda x, y, out: autograd.exp(y), lambda x, y, out: out],
    symbol="grow",
)
def grown(x, y=1.0):
    """x e**y."""
    return x * np.exp(y)


@elementwise(partials=[lambda x, out: -np.sin(x) * 3], domain=((-3.0, 3.0),))
def three_cosines(x):
    """Its derivative is written with NumPy's functions."""
    return 3 * np.cos(x)


@elementwise(partials=[lambda x, out: 1.0 if x > 0 else 0.0], smooth=False)
def ramp(x):
    """Its derivative branches, so it is for single numbers."""
    return np.maximum(x, 0.0)


@elementwise(partials=[0], smooth=False)
def threshold(x):
    """It gives truth values."""
    return x > 0


def _total_square_vjp(out_grad, out, x, axis):
    if axis is None:
        return out_grad * 2 * x
    return autograd.expand_dims(out_grad, axis) * 2 * x


@structural(vjps=[_total_square_vjp], symbol="E")
def total_square(x, axis=None):
    """The sum of squares."""
    return (x * x).sum(axis=axis)


@structural(vjps=lambda i, out_grad, out, arrays: out_grad * (i + 1))
def weighted(arrays):
    """a + 2 b + 3 c and so on, of arrays of one shape."""
    return sum((i + 1) * a for i, a in enumerate(arrays))


# SciPy has a ufunc of that name; ours stands for it on nodes.
@elementwise(partials=[lambda x, out: out * (1 - out)])
def expit(x):
    """1 / (1 + e**-x)."""
    return 1 / (1 + np.exp(-x))


UNARY = [log_odds, three_cosines, threshold, expit]
INSIDE = np.array([0.2, 0.5, 0.9])


# --- what a declaration gives ---------------------------------------------------------------------


def test_it_is_the_function_with_its_name_and_docstring():
    assert log_odds.name == log_odds.__name__ == "log_odds"
    assert log_odds.__module__ == __name__
    assert log_odds.__doc__ == Value.log_odds.__doc__ == Tensor.log_odds.__doc__
    assert OF_USERS["log_odds"] is log_odds
    assert "log_odds" not in RULEBOOK


@pytest.mark.parametrize("op", UNARY, ids=lambda op: op.name)
def test_it_computes_on_numbers_arrays_lists_values_tensors_and_arrays_of_values(op):
    expected = op.forward(INSIDE)
    assert_array_equal(op(INSIDE), expected)
    assert_array_equal(op(INSIDE.tolist()), expected)
    assert_array_equal(op(Tensor(INSIDE)).data, expected)
    assert_array_equal(Tensor(INSIDE).__getattribute__(op.name)().data, expected)
    values = [Value(x) for x in INSIDE]
    assert_allclose([op(v).data for v in values], expected, rtol=1e-15)
    assert_allclose([getattr(v, op.name)().data for v in values], expected, rtol=1e-15)
    assert_allclose([v.data for v in op(np.array(values))], expected, rtol=1e-15)
    assert {type(op(x)) for x in INSIDE.tolist()} == {float}
    assert {type(op(v).data) for v in values} == {float}
    assert op(values[0]).op is op
    assert op(values[0]).parents == (values[0],)


def test_float32_stays_float32_and_truth_values_are_numbers():
    xs = Tensor(np.array([-1.0, 2.0], np.float32), requires_grad=True)
    for op in (threshold, three_cosines):
        out = op(xs)
        out.backward(np.ones(2))
        assert (out.dtype, xs.grad.dtype) == (np.float32, np.float32)
    assert threshold(xs).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("op", [log_odds, three_cosines, expit], ids=lambda op: op.name)
def test_first_derivatives_are_those_of_the_complex_step(op):
    t = Tensor(INSIDE, requires_grad=True)
    op(t).sum().backward()
    truth = op.forward(INSIDE + 1e-20j).imag / 1e-20
    assert_allclose(t.grad, truth, rtol=1e-13)
    assert_allclose([grad(op)(x) for x in INSIDE.tolist()], truth, rtol=1e-13)


@pytest.mark.parametrize("op", [log_odds, three_cosines, expit], ids=lambda op: op.name)
def test_derivatives_of_every_order_are_had_from_the_one_rule(op):
    assert gradcheck(op, INSIDE)
    assert gradcheck(op, 0.3)
    assert_allclose(grad(grad(grad(log_odds)))(0.5), 32.0, rtol=1e-13)  # 2/x^3 + 2/(1-x)^3


def test_two_operands_broadcast_and_may_have_defaults():
    assert grown(2.0, 0.0) == 2.0
    assert grown(2.0) == Value(2.0).grown().data == pytest.approx(2 * math.e)
    assert grown(Value(2.0), y=0.0).data == 2.0
    assert gradcheck(grown, np.ones((2, 1)), np.array([0.1, 0.2, 0.3]))
    assert gradcheck(grown, 2.0, 0.5)


def test_an_operation_on_whole_arrays_is_a_method_of_tensor_alone():
    t = Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    t.total_square(axis=1).backward([1.0, 10.0])
    assert t.grad.tolist() == [[0.0, 2.0, 4.0], [60.0, 80.0, 100.0]]
    assert gradcheck(total_square, np.ones((2, 3)))
    assert gradcheck(lambda x: total_square(x, axis=0), np.ones((2, 3)))
    assert not hasattr(Value, "total_square")
    with pytest.raises(
        TypeError, match="total_square: needs an array or a Tensor, but got a Value"
    ):
        total_square(Value(1.0), axis=1)
    with pytest.raises(
        TypeError, match=r"total_square: got an unknown keyword 'axs'\. It knows axis"
    ):
        total_square(t, axs=1)


def test_an_operation_on_a_sequence_of_arrays_needs_no_further_argument():
    xs = [np.array([1.0, 2.0]), np.array([3.0, 5.0])]
    assert weighted(xs).tolist() == [7.0, 12.0]
    assert gradcheck(lambda x, y: weighted([x, y]), *xs)


def test_a_ufunc_of_that_name_is_the_operation_on_nodes():
    assert scipy.special.expit(Value(0.0)).op is expit
    out = scipy.special.expit(Tensor([0.0, 1.0], requires_grad=True))
    assert out.op is expit
    assert_allclose(out.data, scipy.special.expit([0.0, 1.0]), rtol=1e-15)
    assert type(scipy.special.expit(0.0)) is np.float64


def test_modes_know_it():
    x = Value(0.5)
    with no_grad():
        assert log_odds(x).parents == total_square(Tensor([1.0], requires_grad=True)).parents == ()
    with np.errstate(invalid="ignore"), detect_anomaly(), pytest.raises(
        AnomalyError, match=r"three_cosines: made nan from inf"
    ):  # fmt: skip
        three_cosines(Value(math.inf))
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert log_odds(Value(1.0)).data == math.inf


# --- pictures -------------------------------------------------------------------------------------


def test_it_is_drawn_and_stepped_through_with_its_formula(tmp_path):
    x = Value(0.5, label="x")
    y = log_odds(x)
    y.label = "y"
    assert "log_odds" in draw(y).svg
    steps = backprop(y)
    assert str(steps[0].formula) == "1/(x·(1 - x))"
    assert "1/(x·(1 - x)) = 4" in str(explain(y, x))
    steps.save(tmp_path / "steps.html")
    assert "log_odds" in (tmp_path / "steps.html").read_text("utf-8")
    assert str(backprop(three_cosines(x))[0].formula) == "-sin(x)·3"


def test_a_rule_without_a_formula_is_shown_by_its_number(tmp_path):
    x = Value(2.0, label="x")
    y = ramp(x) * 3.0
    steps = backprop(y)
    assert str(steps[1].formula) == "∂ramp/∂x"
    assert (steps[1].local, x.grad) == (1.0, 3.0)
    assert "∂ramp/∂x" in str(explain(y, x))
    steps.save(tmp_path / "steps.html")
    assert "ramp" in (tmp_path / "steps.html").read_text("utf-8")


def test_an_operation_on_arrays_is_drawn_as_one_box():
    t = Tensor([1.0, 2.0], requires_grad=True, label="t")
    out = total_square(t)
    assert ">E<" in draw(out).svg
    assert "+= 2·t" in str(backprop(out))


# --- compiled -------------------------------------------------------------------------------------


def test_compiled_functions_compute_it():
    f = compiled(lambda v: log_odds(v) * three_cosines(v))
    for x in (0.3, 0.6):
        v, w = Value(x), Value(x)
        f(v).backward()
        (log_odds(w) * three_cosines(w)).backward()
        assert_allclose(v.grad, w.grad, rtol=1e-12)
    f = compiled(lambda t: total_square(log_odds(t), axis=0) * grown(t.sum(), 0.5))
    for xs in (INSIDE, INSIDE[::-1].copy()):
        t, u = Tensor(xs, requires_grad=True), Tensor(xs, requires_grad=True)
        f(t).backward()
        (total_square(log_odds(u), axis=0) * grown(u.sum(), 0.5)).backward()
        assert_allclose(t.grad, u.grad, rtol=1e-12)


def test_a_rule_that_cannot_be_compiled_is_refused_or_right():
    f = compiled(lambda v: ramp(v) * 2.0)
    for x in (2.0, -1.0):
        v = Value(x)
        try:
            f(v).backward()
        except CompileError:
            continue
        assert v.grad == (2.0 if x > 0 else 0.0)


# --- declared again, or elsewhere -----------------------------------------------------------------


def declare(power):
    """As a cell of a notebook that is run again after a change."""

    @elementwise(partials=[lambda x, out: power * x ** (power - 1)])
    def cell(x):
        return x**power

    return cell


def test_the_same_function_declared_again_takes_its_own_place():
    old = declare(2)
    x = Value(3.0)
    y = old(x)
    new = declare(3)
    assert OF_USERS["cell"] is new
    assert (new(x).data, x.cell().data, Tensor([3.0]).cell().item()) == (27.0, 27.0, 27.0)
    y.backward()
    assert x.grad == 6.0  # what the old one made is the old one's
    assert (old(x).op, old(x).data) == (old, 9.0)
    assert grad(grad(old))(3.0) == 2.0


def test_it_is_pickled_by_its_name_and_copied_as_itself():
    assert pickle.loads(pickle.dumps(log_odds)) is log_odds
    assert copy.deepcopy(log_odds) is log_odds
    out = pickle.loads(pickle.dumps(log_odds(Value(0.5)) * 2.0))
    out.backward()
    (leaf,) = out.parents[0].parents
    assert leaf.grad == 8.0


MODULE = """
    import numpy as np
    from autograd import elementwise, structural

    @elementwise(partials=[lambda x, out: 2 * x])
    def own_square(x):
        return x * x
"""


def load(folder, name):
    file = folder / f"{name}.py"
    file.write_text(textwrap.dedent(MODULE), "utf-8")
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_two_files_cannot_take_one_name_and_a_reloaded_file_can(tmp_path):
    first = load(tmp_path, "own_first")
    with pytest.raises(ValueError, match=r"own_square: .* declared in .*own_first\.py, line 5"):
        load(tmp_path, "own_second")
    assert OF_USERS["own_square"] is first.own_square
    again = load(tmp_path, "own_first")
    assert OF_USERS["own_square"] is again.own_square is not first.own_square
    assert pickle.loads(pickle.dumps(again.own_square)) is again.own_square
    with pytest.raises(pickle.PicklingError, match="not the same object"):
        pickle.dumps(first.own_square)


# --- what is refused ------------------------------------------------------------------------------


def refused(decorator, source, match, error=TypeError):
    """The declaration of the function in `source` is refused, and nothing is known of it after."""
    space = {"np": np, "__name__": __name__}
    exec(source, space)
    function = space[next(name for name in space if name not in ("np", "__name__", "__builtins__"))]
    before = dict(OF_USERS), set(dir(Value)), set(dir(Tensor))
    with pytest.raises(error, match=match):
        decorator()(function)
    assert (dict(OF_USERS), set(dir(Value)), set(dir(Tensor))) == before


ONE = "def f(x): return x"
TWO = "def f(x, y): return x"
AXIS = "def f(x, axis=0): return x"


@each(
    ("declaration", "source", "match"),
    [
        ({}, ONE, "f: needs a partial derivative for each of its operands, x, but got 0"),
        ({"partials": [1.0]}, TWO, "for each of its operands, x, y, but got 1"),
        ({"partials": 1.0}, ONE, r"needs partials=\[…\], .* but got 1.0"),
        ({"partials": ["2*x"]}, ONE, r"partials\[0\] must be a function \(x, out\) or a number"),
        ({"partials": [lambda x: 1]}, ONE, r"partials\[0\] to take \(x, out\), but it takes \(x\)"),
        ({"partials": [1, lambda x, out: 1]}, TWO, r"partials\[1\] to take \(x, y, out\)"),
        ({"partials": [1, 1, 1]}, "def f(x, y, z): return x", "one or two operands, but takes 3"),
        ({"partials": []}, "def f(): return 1", "one or two operands, but takes 0"),
        ({"partials": [1.0]}, "def f(*x): return x", r"plain parameters.* but takes \(\*x\)"),
        ({"partials": [1.0]}, "def f(*, x): return x", "plain parameters"),
        ({"partials": [1.0]}, "f = lambda x: x", "a function with a name .* but got a lambda"),
        ({"partials": [1.0]}, "f = np.sin", "a function written in Python .* <ufunc 'sin'>"),
        ({"partials": [1.0], "scalar": 3}, ONE, "scalar must be a function, but got 3"),
        ({"partials": [1.0], "scalar": lambda x, y: x}, ONE, r"scalar to take \(x\)"),
        ({"partials": [1.0], "domain": (0, 1)}, ONE, r"domain= with an interval .* got \(0, 1\)"),
        ({"partials": [1.0], "domain": ((1, 0),)}, ONE, "domain="),
        ({"partials": [1.0], "latex": r"\sqrt{{0}}{0}{1}"}, ONE, "latex= with a place"),
        ({"partials": [1.0], "latex": r"\frac{{0}}{0} {a}"}, ONE, "latex= with a place"),
        ({"partials": [1.0], "symbol": 3}, ONE, "symbol must be text, but got 3"),
        ({"partials": [1.0], "operator": "add"}, ONE, "Python's operators are those of the libr"),
        ({"partial": [1.0]}, ONE, "unexpected keyword argument 'partial'"),
    ],
)
def test_a_declaration_of_a_function_of_numbers_that_does_not_fit_is_refused(
    declaration, source, match
):
    refused(lambda: elementwise(**declaration), source, match)


@pytest.mark.parametrize(
    ("declaration", "source", "match"),
    [
        ({}, ONE, r"f: needs vjps=\[…\], a list"),
        ({"vjps": 3}, ONE, r"vjps=\[…\], .* but got 3"),
        ({"vjps": [lambda g, out, x: g] * 2}, ONE, "at most a vjp for each of its parameters, x"),
        ({"vjps": [2.0]}, ONE, r"vjps\[0\] must be a function, but got 2.0"),
        ({"vjps": [lambda g, out: g]}, ONE, r"vjps\[0\] to take \(out_grad, out, x\), but it tak"),
        ({"vjps": [lambda g, out, x: g]}, AXIS, r"take \(out_grad, out, x, axis\)"),
        ({"vjps": [lambda g, out, x, dim: g]}, AXIS, r"take \(out_grad, out, x, axis\)"),
        ({"vjps": [lambda g, out, x, axis: g]}, ONE, r"take \(out_grad, out, x\)"),
        ({"vjps": lambda g, out, xs: g}, "def f(xs): return xs", r"take \(i, out_grad, out, xs\)"),
        ({"vjps": lambda i, g, out, xs: g}, "def f(): return 1", "a sequence of arrays"),
        ({"vjps": [lambda g, out, x: g], "latex": "{1}{0}"}, ONE, "latex= with a place"),
        ({"vjps": [lambda g, out, x: g], "operator": "matmul"}, ONE, "Python's operators"),
    ],
)
def test_a_declaration_of_a_function_of_arrays_that_does_not_fit_is_refused(
    declaration, source, match
):
    refused(lambda: structural(**declaration), source, match)


@each("name", [*RULEBOOK, "where", "amax", "jacobian", "compile", "Value"])
def test_a_name_of_the_library_is_refused(name):
    refused(
        lambda: elementwise(partials=[1.0]),
        f"def {name}(x): return x",
        rf"{name}: is (a name of the library|an attribute of Value) already",
        ValueError,
    )


@pytest.mark.parametrize("name", ["backward", "requires_grad", "T", "item", "_data", "shape"])
def test_the_name_of_an_attribute_is_refused(name):
    source = f"def {name}(x): return x"
    refused(
        lambda: elementwise(partials=[1.0]), source, "is an attribute of (Value|Tensor)", ValueError
    )


@pytest.mark.parametrize("decorator", [elementwise, structural])
def test_a_decorator_without_its_arguments_says_what_it_needs(decorator):
    with pytest.raises(TypeError, match=rf"@{decorator.__name__}\(.* stands alone above refused"):
        decorator(refused)


# --- functions that return what they must not -----------------------------------------------------


@elementwise(partials=[lambda x, out: None])
def returns_nothing(x):
    x + 1


@elementwise(partials=[lambda x, out: None])
def has_no_partial(x):
    return x + 1


@elementwise(partials=[lambda x, out: np.ones((3, 2))])
def has_a_large_partial(x):
    return x + 1


@elementwise(partials=[1.0])
def adds_up(x):
    return np.sum(x)


@elementwise(partials=[1.0])
def computes_on_nodes(x):
    return autograd.tanh(Tensor(x))


@elementwise(partials=[1.0])
def is_complex(x):
    return x * 1j


@structural(vjps=[lambda out_grad, out, x: None])
def has_no_vjp(x):
    return x.sum()


@structural(vjps=[lambda out_grad, out, x: out_grad])
def has_a_small_vjp(x):
    return float(x.sum())


@pytest.mark.parametrize("xs", [1.0, Value(1.0), np.ones(2), Tensor([1.0, 2.0])])
@pytest.mark.parametrize(
    ("op", "match"),
    [
        (returns_nothing, r"returns_nothing: its function returned None\. Is a `return` missing"),
        (computes_on_nodes, "returned a Tensor, but it computes on plain arrays"),
        (is_complex, "has to return real numbers, but returned dtype complex128"),
    ],
)
def test_a_function_that_does_not_return_numbers_is_refused_by_name(op, match, xs):
    with pytest.raises(TypeError, match=match):
        op(xs)


def test_shapes_that_a_function_must_not_return_are_refused_by_name():
    match = r"adds_up: its function has to return shape \(2,\), but returned \(\)"
    with pytest.raises(ShapeError, match=match):
        adds_up(Tensor([1.0, 2.0]))
    match = r"has_a_large_partial: partials\[0\] has to return shape {}, but returned \(3, 2\)"
    with pytest.raises(ShapeError, match=match.format(r"\(\)")):
        grad(has_a_large_partial)(1.0)
    with pytest.raises(ShapeError, match=match.format(r"\(2,\)")):
        grad(lambda x: has_a_large_partial(x).sum())(np.ones(2))
    match = r"has_a_small_vjp: vjps\[0\] has to return shape \(2,\), but returned \(\)"
    with pytest.raises(ShapeError, match=match):
        grad(has_a_small_vjp)(np.ones(2))


def test_a_derivative_that_is_forgotten_is_refused_by_name():
    with pytest.raises(TypeError, match=r"has_no_partial: partials\[0\] returned None"):
        grad(has_no_partial)(1.0)
    with pytest.raises(TypeError, match=r"has_no_partial: partials\[0\] returned None"):
        grad(lambda x: has_no_partial(x).sum())(np.ones(2))
    with pytest.raises(TypeError, match=r"has_no_vjp: vjps\[0\] returned None"):
        grad(has_no_vjp)(np.ones(2))


@elementwise(partials=[lambda x, out: 2 * x])
def squares_in_place(x):
    x *= x
    return x


@elementwise(partials=[lambda x, out: np.multiply(out, 2, out=out)])
def changes_its_result(x):
    return np.exp(2 * x)


@structural(vjps=[lambda out_grad, out, x: np.multiply(out_grad, 2, out=out_grad)])
def doubled_in_place(x):
    return 2 * x


def joins_in_place_vjp(i, out_grad, out, arrays):
    arrays[i][...] = 0
    return out_grad


@structural(vjps=joins_in_place_vjp)
def joins_in_place(arrays):
    return sum(arrays)


@pytest.mark.parametrize(
    ("function", "who"),
    [
        (lambda x: squares_in_place(x) + x, "squares_in_place: its function"),
        (lambda x: changes_its_result(x) + x, r"changes_its_result: partials\[0\]"),
        (lambda x: doubled_in_place(x) + x, r"doubled_in_place: vjps\[0\]"),
        (lambda x: joins_in_place([x, x]), "joins_in_place: vjps"),
    ],
)
def test_a_function_that_writes_into_what_it_is_given_is_refused(function, who):
    x = Tensor([1.0, 3.0], requires_grad=True)
    with pytest.raises(TypeError, match=rf"^{who} writes into an array .* x = x.copy\(\)"):
        function(x).sum().backward()
    assert x.data.tolist() == [1.0, 3.0]
    assert x.grad is None


@structural(vjps=[lambda out_grad, out, x: out_grad])
def the_same(x):
    return x


def test_an_error_of_numpys_own_in_an_operation_stays_what_it_is_and_a_view_is_seen():
    t = Tensor([1.0, 2.0], requires_grad=True)
    shown = the_same(t)
    t.data[0] = 5.0
    assert shown.data.tolist() == [5.0, 2.0]
    with pytest.raises(ValueError, match="could not broadcast"):
        broadcasts_wrongly(np.ones(3))


@structural(vjps=[lambda out_grad, out, x: out_grad])
def broadcasts_wrongly(x):
    x.copy()[:2] = [1.0, 2.0, 3.0]
    return x


@structural(vjps=[lambda out_grad, out, x, scale: out_grad * scale])
def scaled_by(x, scale):
    return x * scale


def test_a_parameter_without_a_derivative_takes_no_variable():
    x, scale = Tensor([1.0, 2.0], requires_grad=True), Tensor(3.0, requires_grad=True)
    why = r"^scaled_by: has no derivative by scale, so it needs a plain one, but got a Tensor that"
    for call in (
        lambda: scaled_by(x, scale),
        lambda: x.scaled_by(scale=scale),
        lambda: grad(lambda s: scaled_by(x, s).sum())(scale),
    ):
        with pytest.raises(TypeError, match=why):
            call()
    with pytest.raises(TypeError, match=r"by scale, .* a Value that .* Pass \.detach\(\)"):
        grad(lambda s: scaled_by(x, s).sum())(3.0)
    with no_grad():
        assert scaled_by(x, scale).data.tolist() == [3.0, 6.0]
    assert scaled_by(x, scale.detach()).data.tolist() == [3.0, 6.0]


def test_a_wrong_rule_is_found_by_gradcheck():
    @elementwise(partials=[lambda x, out: 2.001 * x])
    def nearly(x):
        return x * x

    with pytest.raises(GradcheckError, match="the first derivative of output 0"):
        gradcheck(nearly, 1.5)
    with pytest.raises(GradcheckError, match="the first derivative of output 0"):
        gradcheck(nearly, np.array([1.5]))
    assert_allclose(hessian(total_square)(np.ones(2)), 2 * np.eye(2))
