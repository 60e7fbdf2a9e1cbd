"""A walk over the rulebook: everything that a declaration promises, for every operation in it."""

import inspect
import itertools
import math
import operator
import pathlib
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import autograd
from autograd import Tensor, Value
from autograd.op import COMPOSITIONS, RULEBOOK, plain
from autograd.stub import stubs
from tests.autograd.cases import (
    COMPOSED,
    NUMPY,
    arrays_of,
    every_composed_case,
    every_composition,
    every_example,
    examples_of,
    numpys,
    operands_of,
    run,
)
from tests.autograd.reference import ELEMENTWISE, STRUCTURAL, central_difference, inside_domain
from tests.each import each

INF, NAN = np.inf, np.nan


def by_name(ops):
    return each("op", list(ops), ids=lambda op: op.name)


every = by_name(RULEBOOK.values())
every_elementwise = by_name(ELEMENTWISE)
every_structural = by_name(STRUCTURAL)
every_ufunc = by_name(op for op in ELEMENTWISE if isinstance(getattr(np, op.name, None), np.ufunc))
every_operator = by_name(op for op in ELEMENTWISE if op.operator)


def numbers_for(op, seed=0):
    return [x.item() for x in inside_domain(op, (), seed)]


def same_node(node, kind, op, data):
    assert type(node) is kind
    assert node.op is op
    assert_array_equal(node.data, data)


# --- where an operation lives ---------------------------------------------------------------------


@every
def test_an_operation_is_a_function_of_the_package(op):
    assert getattr(autograd, op.name) is op


@every
def test_an_operation_has_a_symbol_a_formula_and_a_docstring(op):
    assert op.symbol.strip()
    assert op.latex.strip()
    assert len(op.__doc__) > 10


@each("kind", [Value, Tensor])
@every_elementwise
def test_an_elementwise_operation_is_a_method_with_the_same_docstring(op, kind):
    assert getattr(kind, op.name).__doc__ == op.__doc__


@every_elementwise
def test_function_and_method_compute_and_record_the_same_on_a_value(op):
    xs = numbers_for(op)
    expected = op.on_floats(*xs)
    values = [Value(x) for x in xs]
    same_node(op(*values), Value, op, expected)
    same_node(getattr(values[0], op.name)(*values[1:]), Value, op, expected)
    assert op(*values).parents == tuple(values)


@every_elementwise
def test_function_and_method_compute_and_record_the_same_on_a_tensor(op):
    xs = inside_domain(op, (2, 3))
    tensors = [Tensor(x, requires_grad=True) for x in xs]
    same_node(op(*tensors), Tensor, op, op.forward(*xs))
    same_node(getattr(tensors[0], op.name)(*tensors[1:]), Tensor, op, op.forward(*xs))
    assert op(*tensors).parents == tuple(tensors)


@every_elementwise
def test_an_operation_on_plain_numbers_and_arrays_records_nothing(op):
    xs = inside_domain(op, (3,))
    assert_array_equal(op(*xs), op.forward(*xs), strict=True)
    assert type(op(*(x[0].item() for x in xs))) is float


@every_elementwise
def test_an_operation_on_an_array_of_values_makes_one_node_per_element(op):
    xs = inside_domain(op, (2, 3))
    nodes = op(*(np.vectorize(Value, otypes=[object])(x) for x in xs))
    assert nodes.shape == (2, 3)
    for index, node in np.ndenumerate(nodes):
        same_node(node, Value, op, op.on_floats(*(x[index].item() for x in xs)))


@by_name(op for op in ELEMENTWISE if op.arity == 2)
def test_an_operation_on_an_array_of_values_takes_a_single_one_beside_it(op):
    xs, ys = inside_domain(op, (3,))
    rows = [np.vectorize(Value, otypes=[object])(x) for x in (xs, ys)]
    for operands in ((rows[0], Value(ys[0])), (Value(xs[0]), rows[1])):
        expected = op.forward(*(plain_numbers(x) for x in operands))
        assert_allclose(plain_numbers(op(*operands)), expected, rtol=1e-15)


def plain_numbers(x):
    return np.array([v.data for v in x]) if isinstance(x, np.ndarray) else np.array([x.data])


@every_ufunc
def test_numpys_function_of_that_name_is_the_operation_on_a_value_and_on_a_tensor(op):
    ufunc = getattr(np, op.name)
    xs = inside_domain(op, (3,))
    same_node(ufunc(*(Tensor(x, requires_grad=True) for x in xs)), Tensor, op, op.forward(*xs))
    xs = numbers_for(op)
    same_node(ufunc(*map(Value, xs)), Value, op, op.on_floats(*xs))


@every_ufunc
def test_the_forward_computation_agrees_with_numpys_function_of_that_name(op):
    xs = inside_domain(op, (50,))
    assert_allclose(op.forward(*xs), getattr(np, op.name)(*xs), rtol=1e-15)


@every_operator
def test_pythons_operator_is_the_operation_on_nodes(op):
    python = getattr(operator, op.operator)
    xs = numbers_for(op)
    same_node(python(*map(Value, xs)), Value, op, op.on_floats(*xs))
    xs = inside_domain(op, (3,))
    same_node(python(*(Tensor(x, requires_grad=True) for x in xs)), Tensor, op, op.forward(*xs))


@each("number", [float, np.float64, lambda x: x], ids=["float", "numpy", "as is"])
@by_name(op for op in ELEMENTWISE if op.operator and op.arity == 2)
def test_pythons_operator_takes_plain_numbers_on_either_side(op, number):
    python = getattr(operator, op.operator)
    x, y = numbers_for(op)
    same_node(python(Value(x), number(y)), Value, op, op.on_floats(x, y))
    same_node(python(number(x), Value(y)), Value, op, op.on_floats(x, y))
    xs, ys = inside_domain(op, (3,))
    same_node(python(Tensor(xs, requires_grad=True), number(y)), Tensor, op, op.forward(xs, y))
    same_node(python(number(x), Tensor(ys, requires_grad=True)), Tensor, op, op.forward(x, ys))


@by_name(op for op in RULEBOOK.values() if op.operator and op.arity == 2)
def test_pythons_operator_takes_arrays_beside_a_tensor_on_either_side(op):
    python = getattr(operator, op.operator)
    x, y = np.random.default_rng(0).uniform(0.5, 2.0, (2, 3, 3))
    same_node(python(Tensor(x, requires_grad=True), y), Tensor, op, op.forward(x, y))
    same_node(python(x, Tensor(y, requires_grad=True)), Tensor, op, op.forward(x, y))


@pytest.mark.parametrize("path", stubs())
def test_type_checkers_see_every_operation_of_the_rulebook(path):
    written = (pathlib.Path(autograd.__file__).parent / path).read_text(encoding="utf-8")
    assert written == stubs()[path], "run python -m autograd.stub, as the build does"


@every_elementwise
def test_the_wrong_number_of_operands_is_refused(op):
    with pytest.raises(TypeError, match=rf"{op.name}: needs .* operand\(s\), but got 0"):
        op()
    with pytest.raises(TypeError, match=rf"{op.name}: needs .* operand\(s\), but got 5"):
        op(*[Value(1.0)] * 5)


@every
def test_an_unknown_keyword_is_refused(op):
    needed = dict.fromkeys(getattr(op, "params", ()), 0)
    with pytest.raises(TypeError, match=rf"{op.name}: got an unknown keyword 'axs'"):
        op(*[Tensor([[1.0]])] * op.arity, **needed, axs=0)


def test_the_keywords_that_an_operation_has_are_named_with_an_unknown_one():
    with pytest.raises(TypeError, match=r"sum: got an unknown keyword 'ax'\. It knows axis, keep"):
        Tensor([1.0]).sum(ax=0)


# --- elementwise: numbers -------------------------------------------------------------------------

ORDINARY = [0.0, 1.0, -1.0, 0.5, -8.0, 1 / 3, 2.0, -2.0, 3.0, 1e-5, 1e-16]
EXTREME = [1e4, -1e4, 709.5, 710.0, -745.0, -746.0, 1e-320, -1e-320, 1e308, -1e308]
POINTS = [*ORDINARY, *EXTREME, -0.0, INF, -INF, NAN]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@every_elementwise
def test_on_floats_an_operation_gives_numpys_number_everywhere(op):
    points = list(itertools.product(POINTS, repeat=op.arity))
    floats = [op.on_floats(*xs) for xs in points]
    assert {type(number) for number in floats} == {float}
    assert_allclose(floats, op.forward(*np.array(points).T), rtol=1e-15)


LARGER_OF_TWO = ("maximum", "minimum", "fmax", "fmin", "at_least", "at_most", "elu")


@by_name(op for op in ELEMENTWISE if op.name not in LARGER_OF_TWO)
def test_on_floats_an_operation_gives_a_zero_numpys_sign(op):
    # of np.maximum(0.0, -0.0), and of elu, which is made of it, NumPy leaves the sign open
    for xs in itertools.product([0.0, -0.0, 0.3, -0.3, 2.5, -2.5, INF, -INF], repeat=op.arity):
        with np.errstate(all="ignore"):
            ours, numpys = op.on_floats(*xs), op.forward(*map(np.float64, xs))
        if ours == 0:
            assert np.signbit(ours) == np.signbit(numpys), xs


def complaints(f, *xs):
    """What NumPy warned of: a set of "divide by zero", "invalid value", "overflow"."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        f(*xs)
    return {str(w.message).partition(" encountered")[0] for w in caught}


@every_elementwise
def test_on_floats_an_operation_warns_of_nan_and_division_by_zero_where_numpy_does(op):
    for xs in itertools.product(ORDINARY + EXTREME, repeat=op.arity):
        numpys = complaints(op.forward, *(np.array([x]) for x in xs))
        ours = complaints(op.on_floats, *xs)
        # Python's own + - * / pass over an overflow in silence.
        assert ours | {"overflow"} == numpys | {"overflow"}, xs
        assert ours <= numpys, xs


@each(
    ("compute", "number", "warning"),
    [
        (lambda v: autograd.log(v(0.0)), -INF, "divide by zero"),
        (lambda v: autograd.log(v(-1.0)), NAN, "invalid value"),
        (lambda v: autograd.sqrt(v(-1.0)), NAN, "invalid value"),
        (lambda v: autograd.arcsin(v(2.0)), NAN, "invalid value"),
        (lambda v: 1 / v(0.0), INF, "divide by zero"),
        (lambda v: -1 / v(0.0), -INF, "divide by zero"),
        (lambda v: v(0.0) / 0, NAN, "invalid value"),
        (lambda v: v(0.0) ** -1, INF, "divide by zero"),
        (lambda v: v(-8.0) ** (1 / 3), NAN, "invalid value"),
        (lambda v: autograd.exp(v(1000.0)), INF, "overflow"),
        (lambda v: v(10.0) ** 400, INF, "overflow"),
        (lambda v: autograd.sinh(v(-1000.0)), -INF, "overflow"),
    ],
)
@each("kind", [Value, Tensor])
def test_outside_the_domain_the_result_is_ieees_with_numpys_warning(kind, compute, number, warning):
    with pytest.warns(RuntimeWarning, match=warning):
        result = compute(kind)
    assert_array_equal(result.data, number)


@every_elementwise
def test_on_float32_arrays_results_and_gradients_stay_float32(op):
    xs = [Tensor(x, requires_grad=True, dtype=np.float32) for x in inside_domain(op, (3,))]
    out = op(*xs)
    out.backward(np.ones(3))
    assert out.dtype == np.float32
    assert [x.grad.dtype for x in xs] == [np.float32] * op.arity


# --- elementwise: derivatives ---------------------------------------------------------------------


def gradients(op, xs):
    """Of the sum of op(*xs), as the engine finds them."""
    tensors = [Tensor(x, requires_grad=True) for x in xs]
    op(*tensors).backward(np.ones(xs[0].shape))
    return [t.grad for t in tensors]


@by_name(op for op in ELEMENTWISE if op.smooth)
def test_the_derivative_of_a_smooth_operation_matches_the_complex_step(op):
    xs = inside_domain(op, (200,))
    for i, grad in enumerate(gradients(op, xs)):
        bumped = [x + 1e-20j * (i == j) for j, x in enumerate(xs)]
        assert_allclose(grad, op.forward(*bumped).imag / 1e-20, rtol=1e-12)


@by_name(op for op in ELEMENTWISE if not op.smooth)
def test_the_derivative_of_an_operation_with_kinks_matches_central_differences(op):
    xs = inside_domain(op, (200,))  # none of them within 1e-6 of a kink
    for i, grad in enumerate(gradients(op, xs)):
        up, down = (
            op.forward(*(x + h * (i == j) for j, x in enumerate(xs))) for h in (1e-6, -1e-6)
        )
        assert_allclose(grad, (up - down) / 2e-6, rtol=1e-8, atol=1e-8)


@every_elementwise
def test_the_gradient_is_the_same_number_on_values_and_on_tensors(op):
    xs = inside_domain(op, (20,))
    on_tensors = gradients(op, xs)
    for k, numbers in enumerate(zip(*xs, strict=True)):
        values = [Value(x) for x in numbers]
        op(*values).backward()
        assert_allclose([v.grad for v in values], [g[k] for g in on_tensors], rtol=1e-13)


@every_elementwise
def test_the_local_derivative_shown_is_the_one_used(op):
    values = [Value(x) for x in numbers_for(op)]
    out = op(*values)
    out.backward()
    assert [out.local_derivative(i) for i in range(op.arity)] == [v.grad for v in values]


@each("kind", [Value, lambda x: Tensor(x, requires_grad=True)])
@each(
    ("f", "xs", "grads"),
    [
        (autograd.relu, [0.0], [0.0]),
        (autograd.relu, [-0.0], [0.0]),
        (autograd.abs, [0.0], [0.0]),
        (autograd.sign, [0.0], [0.0]),
        (autograd.step, [0.0], [0.0]),
        (autograd.leaky_relu, [0.0, 0.25], [0.25, 0.0]),
        (autograd.maximum, [2.0, 2.0], [0.5, 0.5]),
        (autograd.minimum, [2.0, 2.0], [0.5, 0.5]),
        (autograd.power, [0.0, 0.0], [0.0, 0.0]),
        (autograd.power, [0.0, 1.0], [1.0, 0.0]),
        (autograd.power, [0.0, 2.0], [0.0, 0.0]),
        (autograd.power, [-2.0, 0.0], [0.0, NAN]),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")  # of ln(-2)
def test_the_derivative_at_a_kink_is_the_one_promised(kind, f, xs, grads):
    nodes = [kind(x) for x in xs]
    f(*nodes).backward()
    assert_array_equal([node.grad for node in nodes], grads)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3.0, np.array([0, 1, 2, 3]), np.array([1.0, 2.0])])
def test_a_whole_power_has_all_its_derivatives_at_zero(exponent):
    xs = [np.zeros(np.shape(exponent))] + [0.0] * (np.ndim(exponent) == 0)
    factor = 1
    f = lambda x: x**exponent  # noqa: E731
    for order in range(5):
        expected = factor * (np.asarray(exponent) == order)
        for x in xs:
            assert_array_equal(f(x), expected)
        factor, f = factor * (order + 1), _elementwise_derivative(f)


def _elementwise_derivative(f):
    return lambda x: autograd.vjp(f, x)[1](np.ones_like(x) if np.ndim(x) else 1.0)[0]


def test_a_maximum_of_a_value_with_itself_has_derivative_one():
    x = Value(3.0)
    autograd.maximum(x, x).backward()
    assert x.grad == 1.0


# --- structural: whole arrays ---------------------------------------------------------------------


@every_structural
def test_every_structural_operation_says_what_it_can_be_tried_on(op):
    assert examples_of(op), f"say in the declaration of {op.name}: examples=[call((2, 3)), ...]"


@every_example
def test_a_structural_operation_computes_and_records_on_tensors(op, example):
    xs, params = operands_of(example), example.params
    tensors = [Tensor(x, requires_grad=True) for x in xs]
    same_node(run(op, tensors, params), Tensor, op, numpys(op, params)(*xs))
    assert run(op, tensors, params).parents == tuple(tensors)


@every_example
def test_a_structural_gradient_matches_central_differences(op, example):
    xs, params = operands_of(example), example.params
    check_gradient(lambda *xs: run(op, xs, params), numpys(op, params), xs)


def check_gradient(ours, numpys, xs):
    """Compare the gradients of a weighted sum of the results, with NumPy's by differences."""
    weights = np.random.default_rng(1).normal(size=np.shape(numpys(*xs)))
    tensors = [Tensor(x, requires_grad=True) for x in xs]
    ours(*tensors).backward(weights)
    for i, tensor in enumerate(tensors):
        expected = central_difference(lambda *moved: np.sum(weights * numpys(*moved)), xs, i)
        grad = np.zeros(tensor.shape) if tensor.grad is None else tensor.grad
        assert grad.shape == tensor.shape
        assert_allclose(grad, expected, rtol=1e-7, atol=1e-8)


@every_example
def test_a_structural_operation_on_float32_stays_float32(op, example):
    params = {"dtype": np.float32} if op.name == "astype" else example.params
    xs = [Tensor(x, requires_grad=True, dtype=np.float32) for x in operands_of(example)]
    out = run(op, xs, params)
    out.backward(np.ones(out.shape))
    assert out.dtype == np.float32
    assert [x.grad.dtype for x in xs] == [np.float32] * len(xs)


HAS_SHAPE = "shape" in inspect.signature(np.reshape).parameters  # from 2.1 on


@by_name(
    op
    for op in STRUCTURAL
    if hasattr(NUMPY, op.name) and op.name != "astype" and (op.name != "reshape" or HAS_SHAPE)
)
def test_numpys_function_of_that_name_is_the_structural_operation_on_tensors(op):
    ours = getattr(NUMPY, op.name)
    for example in examples_of(op):
        xs, params = operands_of(example), example.params
        tensors = [Tensor(x, requires_grad=True) for x in xs]
        expected = ours(xs, **params) if op.variadic else ours(*xs, **params)
        out = ours(tensors, **params) if op.variadic else ours(*tensors, **params)
        same_node(out, Tensor, op, expected)


@by_name(
    op
    for op in STRUCTURAL
    if set(op.params) <= {"axis", "keepdims"} and op.params.get("axis") is None
)
def test_a_single_value_is_an_array_of_no_axes_or_refused_where_axes_are_needed(op):
    v = Value(0.7)
    try:
        expected = run(op, [np.array(0.7)] * op.arity, op.params)
    except (ValueError, TypeError, IndexError):
        with pytest.raises(TypeError, match=f"^{op.name}: needs an array or a Tensor, but got a V"):
            run(op, [v] * op.arity, op.params)
        return
    out = np.asarray(run(op, [v] * op.arity, op.params), dtype=object)
    assert out.shape == expected.shape
    assert_allclose([x.data for x in out.ravel()], np.ravel(expected), rtol=1e-15)
    for x in out.ravel():
        x.backward()
    assert v.grad == 1.0


def test_the_largest_elements_share_the_gradient_of_max_equally():
    x = Tensor([[1.0, 5.0, 5.0], [2.0, 2.0, 2.0]], requires_grad=True)
    x.max(axis=1).backward([6.0, 9.0])
    assert x.grad.tolist() == [[0.0, 3.0, 3.0], [3.0, 3.0, 3.0]]


def test_an_element_taken_several_times_gets_the_sum_of_its_gradients():
    x = Tensor([1.0, 2.0], requires_grad=True)
    x[[0, 0, 1, 0]].backward([1.0, 10.0, 100.0, 1000.0])
    assert x.grad.tolist() == [1011.0, 100.0]


def test_a_product_with_zeros_has_its_gradient():
    for zeros, expected in [(1, [10.0, 0.0, 0.0]), (2, [0.0, 0.0, 0.0])]:
        x = Tensor([0.0] * zeros + [2.0, 5.0][: 3 - zeros], requires_grad=True)
        x.prod().backward()
        assert x.grad.tolist() == expected


def test_a_running_product_with_a_zero_has_its_gradient():
    x = Tensor([2.0, 0.0, 5.0], requires_grad=True)
    x.cumprod().backward(np.ones(3))
    assert x.grad.tolist() == [1.0, 2.0 + 10.0, 0.0]


def test_the_gradient_of_the_length_at_the_origin_is_zero():
    x = Tensor([0.0, 0.0], requires_grad=True)
    autograd.norm(x).backward()
    assert x.grad.tolist() == [0.0, 0.0]


def test_the_gradient_of_the_deviation_of_equal_numbers_is_zero():
    t = Tensor([[2.0, 2.0], [1.0, 3.0]], requires_grad=True)
    autograd.std(t, axis=1).sum().backward()
    assert_allclose(t.grad, [[0.0, 0.0], [-0.5, 0.5]], rtol=1e-14)


@pytest.mark.parametrize("big", [1000.0, -1000.0])
def test_logsumexp_does_not_overflow(big):
    x = Tensor([big, big], requires_grad=True)
    total = autograd.logsumexp(x)
    total.backward()
    assert_allclose(total.item(), big + np.log(2.0), rtol=1e-15)
    assert_allclose(x.grad, 0.5, rtol=1e-12)


@pytest.mark.parametrize(("dtype", "ulps"), [("float64", 4), ("float32", 4), ("float16", 1)])
def test_erf_of_an_array_is_that_of_each_number(dtype, ulps):
    x = np.concatenate([np.linspace(-7, 7, 4001), 10.0 ** np.linspace(-4, 0, 101), [0.46875]])
    x = x.astype(dtype)
    expected = np.array([math.erf(v) for v in x.tolist()])
    found = autograd.erf(x)
    assert found.dtype == dtype
    assert_allclose(found, expected, rtol=ulps * np.finfo(dtype).eps)
    edges = autograd.erf(np.array([np.inf, -np.inf, np.nan, -0.0, 1e4], dtype))
    assert_array_equal(edges, [1, -1, np.nan, 0, 1])
    assert np.signbit(edges[3])


# --- functions made of operations -----------------------------------------------------------------


@every_composition
def test_every_function_made_of_operations_has_cases_in_the_table(name):
    assert COMPOSED.get(name), f"add cases for {name} to tests/autograd/cases.py"


@every_composition
def test_a_function_made_of_operations_is_in_the_package_and_a_method_where_numpy_has_one(name):
    function = getattr(autograd, name)
    assert function is COMPOSITIONS[name]
    assert len(function.__doc__) > 10
    if hasattr(np.empty(0), name):  # older ones say of ptp that it is gone
        assert getattr(Tensor, name).__doc__


@every_composed_case
def test_a_function_made_of_operations_gives_what_numpy_gives(shapes, call):
    xs = arrays_of(shapes)
    expected = call(NUMPY, *xs)
    tensors = [Tensor(x, requires_grad=True) for x in xs]
    for m in (autograd, NUMPY):
        out = call(m, *tensors)
        assert_allclose(getattr(out, "data", out), expected, rtol=1e-14, atol=1e-15)
        assert np.shape(plain(out)) == np.shape(expected)
        assert np.asarray(plain(out)).dtype == np.asarray(expected).dtype


@every_composed_case
def test_the_gradient_of_a_function_made_of_operations_matches_central_differences(shapes, call):
    xs = arrays_of(shapes)
    if np.asarray(call(NUMPY, *xs)).dtype.kind == "f":
        check_gradient(
            lambda *tensors: call(autograd, *tensors), lambda *moved: call(NUMPY, *moved), xs
        )
    else:
        assert not isinstance(call(autograd, *(Tensor(x) for x in xs)), Tensor)


@every_composed_case
def test_a_function_made_of_operations_keeps_numpys_dtype_and_gradients_their_own(shapes, call):
    xs = [x.astype(np.float32) for x in arrays_of(shapes)]
    expected = np.asarray(call(NUMPY, *xs))
    tensors = [Tensor(x, requires_grad=True) for x in xs]
    out = call(autograd, *tensors)
    assert np.asarray(plain(out)).dtype == expected.dtype
    assert_allclose(plain(out), expected, rtol=2e-4, atol=2e-5)
    if isinstance(out, Tensor):
        out.backward(np.ones(out.shape))
    assert {t.grad.dtype for t in tensors if t.grad is not None} <= {np.dtype(np.float32)}


# --- what NumPy refuses, or means otherwise than it looks -----------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda m, x: m.median(x, axis=2),
        lambda m, x: m.median(x, axis=(0, -3)),
        lambda m, x: m.flip(x, 2),
        lambda m, x: m.flip(x, (0, 2)),
        lambda m, x: m.repeat(x, 2, axis=2),
        lambda m, x: m.take(x, [0], axis=-3),
        lambda m, x: m.take_along_axis(x, np.array([[0]]), axis=2),
        lambda m, x: m.swapaxes(x, 0, 2),
        lambda m, x: m.split(x, 1, axis=2),
        lambda m, x: m.array_split(x, 1, axis=-3),
        lambda m, x: m.norm(x, 1, axis=(0, 2)),
        lambda m, x: m.tensordot(x, x, axes=((2,), (0,))),
        lambda m, x: m.mean(x[0, 0], axis=0),
    ],
)
def test_an_axis_that_is_not_there_is_refused(call):
    x = np.arange(6.0).reshape(2, 3)
    with pytest.raises(IndexError):
        call(NUMPY, x)
    with pytest.raises(ValueError, match=r"^\w+: .*axis -?\d is out of bounds"):
        call(autograd, Tensor(x, requires_grad=True))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: autograd.tensordot(x, x.T), "other lengths along the axes"),
        (lambda x: autograd.tensordot(x, x, ((0,), (0, 1))), "other lengths along the axes"),
        (lambda x: autograd.broadcast_to(x[:1], (3,)), "broadcast_to: operands of shape"),
        (lambda x: autograd.take(x, 1.0), "whole numbers as indices, but got dtype float64"),
        (lambda x: autograd.take_along_axis(x, [0, 1]), "as many axes as the array, 2"),
        (lambda x: autograd.diag(x[0, 0]), r"a vector or a matrix, but got shape \(\)"),
        (lambda x: autograd.norm(x, 3), "'fro' or 'nuc' of matrices, but got 3 along 2 axes"),
        (
            lambda x: autograd.norm(x[0], "nuc"),
            "needs a number as the ord of vectors.*'nuc' along 1",
        ),
        (lambda x: autograd.norm(x[None], 1), "but got 1 along 3 axes"),
        (lambda x: autograd.multi_dot([x, np.ones((3, 3, 2))]), r"got shape \(3, 3, 2\)"),
        (lambda x: autograd.multi_dot([x, x[0, 0]]), r"matrices or vectors, but got shape \(\)"),
        (lambda x: autograd.multi_dot([x.T, x[:, 0], x]), r"but got shape \(2,\)"),
        (lambda x: autograd.var(x, ddof=1, correction=0), "got ddof=1 and correction=0"),
        (lambda x: autograd.std(x, ddof=1, correction=1), "got ddof=1 and correction=1"),
        (lambda x: autograd.var(x, mean=np.ones((4, 2, 3))), r"but got shape \(4, 2, 3\)"),
        (lambda x: autograd.std(x[0], mean=x), r"elements, \(3,\), but got shape \(2, 3\)"),
    ],
)
def test_operands_that_numpy_refuses_are_refused(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call(Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True))


@each(
    ("call", "x"),
    [
        (lambda m, x: m.median(x), np.array([1.0, NAN, 3.0])),
        (lambda m, x: m.median(x, axis=1), np.array([[1.0, NAN, 3.0], [5.0, 4.0, 6.0]])),
        (lambda m, x: m.take(x, (0,)), np.arange(3.0)),
        (lambda m, x: m.take(x, (0, 1), axis=1), np.arange(6.0).reshape(2, 3)),
        (lambda m, x: m.split(x, np.int64(3))[1], np.arange(6.0)),
        (lambda m, x: m.array_split(x, np.int64(4))[1], np.arange(6.0)),
        (lambda m, x: m.tril(x), np.arange(3.0)),
        (lambda m, x: m.triu(x), np.arange(6).reshape(2, 3)),
        (lambda m, x: m.tril(x), np.ones((2, 2), bool)),
        (lambda m, x: m.norm(x, 1), np.array([3, -4])),
        (lambda m, x: m.norm(x), np.array([100, 100], np.int8)),
        (lambda m, x: m.nan_to_num(x), np.array([1, 2])),
        (lambda m, x: m.sum(x, axis=0), np.array(3.0)),
        (lambda m, x: m.var(x, ddof=3), np.array([1.0, 2.0])),
        (lambda m, x: m.std(x, ddof=2.5), np.array([1.0, 2.0])),
        (lambda m, x: m.nanvar(x, ddof=2), np.array([1.0, NAN, 2.0])),
        (lambda m, x: m.nanstd(x, axis=1, ddof=1), np.array([[1.0, NAN], [2.0, 5.0]])),
        (lambda m, x: m.nanvar(x, 0, correction=1, keepdims=True), np.array([[1.0, NAN]])),
        (lambda m, x: m.nansum(x), np.array([2**53 + 1, 0])),  # not in float64
        (lambda m, x: m.nanprod(x, axis=0), np.array([2**53 + 1, 1])),
        (lambda m, x: m.nanmax(x), np.array([2**53 + 1, 1])),
        (lambda m, x: m.nancumsum(x), np.array([True, True])),
        (lambda m, x: m.sum(x, initial=np.float64(0.5)), np.ones(2, np.float32)),
        (lambda m, x: m.prod(x, axis=0, initial=np.array(0.5)), np.ones(2, np.float32)),
        (lambda m, x: m.max(x, initial=np.float64(0.1)), np.zeros(2, np.float16)),
        (lambda m, x: m.nanmin(x, initial=np.float64(0.1)), np.ones((2, 1), np.float32)),
        (lambda m, x: m.average(x, weights=x), np.array([25, 40], np.uint8)),
        (lambda m, x: x * m.average(x, weights=np.array([1, 2]), returned=True)[1], np.ones(2)),
        (lambda m, x: m.average(x, weights=np.ones(2, np.float32)), np.array([True, False])),
        (lambda m, x: m.trapezoid(x, np.array([[1.0, 2.0], [3.0, 5.0]])), np.array([1.0, 4.0])),
        (lambda m, x: m.trapezoid(x, dx=np.array([[1.0], [3.0]])), np.array([1.0, 4.0])),
    ],
)
@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value|Degrees of freedom)")
def test_special_cases_are_numpys(call, x):
    expected = np.asarray(call(NUMPY, x))
    out = call(autograd, Tensor(x, requires_grad=x.dtype.kind == "f"))
    assert_array_equal(out.data, expected)
    assert (out.shape, out.dtype) == (expected.shape, expected.dtype)
    if out.requires_grad:
        out.backward(np.ones(out.shape))


def test_the_gradient_of_a_median_of_nan_goes_to_the_nan():
    t = Tensor([1.0, NAN, 3.0], requires_grad=True)
    autograd.median(t).backward()
    assert t.grad.tolist() == [0.0, 1.0, 0.0]
