"""Value: a float in the graph, and what it lets in."""

import fractions
import math
import operator

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import autograd
from autograd import Tensor, Value
from autograd.op import RULEBOOK
from tests.autograd.reference import ELEMENTWISE, inside_domain
from tests.each import each

NUMBERS = [
    3,
    0.5,
    True,
    np.float64(0.5),
    np.float32(0.5),
    np.int64(3),
    np.uint8(3),
    np.bool(True),
    fractions.Fraction(1, 2),
]
NOT_NUMBERS = [
    (np.array([1.0, 2.0]), r"an array of shape \(2,\)\. For arrays there is Tensor"),
    (np.array(2.0), r"an array of shape \(\)\. For arrays there is Tensor"),
    ("2.0", r"'2\.0' \(str\)"),
    (b"2", r"b'2' \(bytes\)"),
    (2j, r"2j \(complex\)"),
    (np.complex128(2), r"\(complex128\)"),
    (None, r"None \(NoneType\)"),
    ([2.0], r"\[2\.0\] \(list\)"),
    ((2.0,), r"\(2\.0,\) \(tuple\)"),
    ({}, r"\{\} \(dict\)"),
    (object, r"<class 'object'> \(type\)"),
]

binary_operators = each(
    "python",
    [
        getattr(operator, op.operator)
        for op in RULEBOOK.values()
        if op.operator and op.arity == 2 and op in ELEMENTWISE
    ],
)
every_number = each("number", NUMBERS, ids=lambda x: f"{type(x).__name__}")
every_impostor = each(
    ("impostor", "came"), NOT_NUMBERS, ids=[f"{type(x).__name__}" for x, _ in NOT_NUMBERS]
)


# --- numbers --------------------------------------------------------------------------------------


@every_number
def test_a_value_holds_any_real_number_as_a_python_float(number):
    v = Value(number)
    assert type(v.data) is float
    assert v.data == number
    v.data = v.grad = number
    assert type(v.data) is type(v.grad) is float
    assert v.data == v.grad == number


@every_number
@binary_operators
def test_arithmetic_with_a_number_of_any_type_is_a_value_in_both_orders(python, number):
    v = Value(1.5)
    for node, expected in [
        (python(v, number), python(1.5, float(number))),
        (python(number, v), python(float(number), 1.5)),
    ]:
        assert type(node) is Value
        assert type(node.data) is float
        assert node.data == expected


@each(
    ("f", "derivative"),
    [
        (lambda x: 2 + x, 1.0),
        (lambda x: x + 2, 1.0),
        (lambda x: 2 - x, -1.0),
        (lambda x: x - 2, 1.0),
        (lambda x: 2 * x, 2.0),
        (lambda x: x * 2, 2.0),
        (lambda x: 2 / x, -2.0 / 9.0),
        (lambda x: x / 2, 0.5),
        (lambda x: x**2, 6.0),
        (lambda x: 2**x, 8.0 * np.log(2.0)),
        (lambda x: x**x, 27.0 * (np.log(3.0) + 1.0)),
        (lambda x: -x, -1.0),
        (abs, 1.0),
        (lambda x: abs(-x), 1.0),
        (lambda x: sum([x, x, 2]), 2.0),
        (lambda x: np.float64(2) * x, 2.0),
        (lambda x: np.float64(2) ** x, 8.0 * np.log(2.0)),
    ],
)
def test_derivatives_of_arithmetic_with_numbers_at_3(f, derivative):
    x = Value(3.0)
    f(x).backward()
    assert_allclose(x.grad, derivative, rtol=1e-15)


def test_a_power_differentiates_base_and_exponent():
    x, y = Value(2.0), Value(3.0)
    (x**y).backward()
    assert_allclose([x.grad, y.grad], [12.0, 8.0 * np.log(2.0)], rtol=1e-15)


def test_a_whole_power_of_a_negative_number_has_its_derivative():
    x = Value(-2.0)
    (x**3).backward()
    assert x.grad == 12.0


def test_augmented_assignment_makes_a_new_node_and_leaves_the_old_one():
    x = y = Value(2.0)
    y += 1
    y *= x
    assert (x.data, y.data) == (2.0, 6.0)
    y.backward()
    assert x.grad == 5.0


@pytest.mark.parametrize("python", [operator.matmul, operator.lshift, operator.and_])
def test_an_operator_that_a_value_has_not_is_refused(python):
    with pytest.raises(TypeError, match=r"unsupported operand|needs an array|not supported"):
        python(Value(2.0), 2)


@every_impostor
def test_a_value_refuses_what_is_not_a_real_number(impostor, came):
    message = f"^Value: needs one real number, but got .*{came}"
    v = Value(1.0)
    with pytest.raises(TypeError, match=message):
        Value(impostor)
    with pytest.raises(TypeError, match=message):
        v.data = impostor
    with pytest.raises(TypeError, match=message):
        v.grad = impostor
    assert (v.data, v.grad) == (1.0, 0.0)


@every_impostor
@binary_operators
def test_arithmetic_with_what_is_not_a_real_number_is_refused_in_both_orders(
    python, impostor, came
):
    message = f"Value: needs one real number, but got .*{came}"
    with pytest.raises(TypeError, match=message):
        python(Value(1.0), impostor)
    if python is operator.mod and isinstance(impostor, (str, bytes)):
        return  # text formatting, which is Python's
    with pytest.raises(TypeError, match=message):
        python(impostor, Value(1.0))


@pytest.mark.parametrize("other", [Value(2.0), Tensor(2.0), Tensor([1.0, 2.0])])
def test_a_value_is_not_made_of_a_node(other):
    kind = type(other).__name__
    with pytest.raises(TypeError, match=rf"needs one real number, but got a {kind}.*\.(data|item)"):
        Value(other)
    with pytest.raises(TypeError, match=rf"needs one real number, but got a {kind}.*\.(data|item)"):
        Value(1.0).data = other


def test_an_unknown_attribute_is_refused():
    with pytest.raises(AttributeError, match="gradient"):
        Value(1.0).gradient = 2.0


# --- a number among numbers -----------------------------------------------------------------------


@each("other", [2.0, 2, np.float64(2.0), Value(2.0)])
@each("python", [operator.lt, operator.le, operator.gt, operator.ge])
@each("x", [1.0, 2.0, 3.0])
def test_values_are_ordered_by_their_numbers_in_both_orders(python, x, other):
    assert python(Value(x), other) == python(x, 2.0)
    assert python(other, Value(x)) == python(2.0, x)
    assert isinstance(python(Value(x), other), (bool, np.bool))


def test_nan_is_in_no_order():
    nan = Value(np.nan)
    assert not any((nan < 1, nan > 1, nan <= nan, nan >= nan))


def test_max_min_and_sorted_return_the_nodes_themselves():
    a, b, c = Value(2.0), Value(-1.0), Value(5.0)
    assert max(a, b, c) is c
    assert min([a, b, c]) is b
    assert sorted([a, b, c]) == [b, a, c]
    assert max(a, 3.0) == 3.0


@every_impostor
@each("python", [operator.lt, operator.ge])
def test_ordering_against_what_is_not_a_number_is_refused(python, impostor, came):
    with pytest.raises(TypeError, match=f"needs one real number, but got .*{came}"):
        python(Value(1.0), impostor)


@pytest.mark.parametrize("other", [2.0, 2, True, "2", None, np.float64(2.0), Value(2.0)])
def test_equality_goes_by_identity(other):
    v = Value(2.0)
    assert v in [v]
    assert operator.eq(v, v) is True
    assert v != other
    assert other != v
    assert v not in [other]
    assert operator.eq(v, other) is operator.eq(other, v) is False


def test_hash_goes_by_identity():
    a, b = Value(2.0), Value(2.0)
    assert len({a, b, a}) == 2
    assert {a: "a", b: "b"}[b] == "b"


def test_a_value_is_false_only_at_zero():
    assert [bool(Value(x)) for x in (0.0, -0.0, 1.0, -2.0, np.nan)] == [0, 0, 1, 1, 1]


def test_float_format_and_repr():
    v = Value(2.5)
    assert v.item() == 2.5
    assert type(v.item()) is float
    assert f"{v:.2f} {v:>6} {v:+.0e}" == "2.50    2.5 +2e+00"
    assert repr(v) == str(v) == f"{v}" == "Value(data=2.5)"
    assert repr(Value(1, label="x")) == "Value(data=1.0, label='x')"


def test_a_value_prints_short_numbers_and_its_gradient_once_one_has_arrived():
    x = Value(0.1) + 0.2
    assert (repr(x), x.data) == ("Value(data=0.3)", 0.1 + 0.2)
    third = Value(1 / 3)
    (third * 0.0).backward()
    assert repr(third) == "Value(data=0.333333, grad=0.0)"
    numbers = [math.inf, -math.inf, math.nan, 1e-300, 1234567.0, 123456789.125]
    assert [repr(Value(n)) for n in numbers] == [
        "Value(data=inf)", "Value(data=-inf)", "Value(data=nan)", "Value(data=1e-300)",
        "Value(data=1234567.0)", "Value(data=1.23457e+08)",
    ]  # fmt: skip


@pytest.mark.parametrize("label", ["", "x", "w[0]", "α₁ → β", 'a "quoted" \\ {x|y} <b>', "a\nb"])
def test_a_label_may_be_any_text(label):
    v = Value(1.0, label=label)
    assert v.label == v.detach().label == label
    assert label == "" or repr(label) in repr(v)
    node = v * v
    node.label = label
    assert node.label == label


def test_a_fresh_value_is_a_leaf_without_gradient():
    v = Value(1.0)
    assert (v.op, v.parents, v.grad, v.label) == (None, (), 0.0, "")


def test_what_micrograds_drawing_code_reads():
    a, b = Value(2.0), Value(3.0)
    product = a * b
    assert product._prev == {a, b}
    assert product._op == "*"
    assert (a + b)._op == "+"
    assert (a * a)._prev == {a}
    assert a._prev == set()
    assert a._op == ""


# --- arrays of Values -----------------------------------------------------------------------------


def values(x):
    return np.vectorize(Value, otypes=[object])(x)


def numbers(x, of="data"):
    return np.vectorize(lambda v: getattr(v, of), otypes=[float])(x)


def test_a_matrix_of_values_multiplies_a_vector_of_values():
    rng = np.random.default_rng(0)
    w, x = rng.normal(size=(2, 3)), rng.normal(size=3)
    nodes, inputs = values(w), values(x)
    out = np.tanh(nodes @ inputs)
    assert_allclose(numbers(out), np.tanh(w @ x), rtol=1e-15)
    out.sum().backward()
    slope = 1 - np.tanh(w @ x) ** 2
    assert_allclose(numbers(nodes, "grad"), np.outer(slope, x), rtol=1e-14)
    assert_allclose(numbers(inputs, "grad"), slope @ w, rtol=1e-14)


@binary_operators
def test_a_value_spreads_over_an_array_of_values_in_both_orders(python):
    x = np.array([[1.0, 2.0, 3.0]])
    left, right = python(Value(2.0), values(x)), python(values(x), Value(2.0))
    assert left.shape == right.shape == (1, 3)
    assert_array_equal(numbers(left), python(2.0, x))
    assert_array_equal(numbers(right), python(x, 2.0))


@binary_operators
@each("number", [2, 2.0, np.float64(2.0), np.full(3, 2.0)])
def test_arithmetic_of_an_array_of_values_with_numbers(python, number):
    x = np.array([1.0, 2.0, 3.0])
    assert_array_equal(numbers(python(values(x), number)), python(x, number))
    assert_array_equal(numbers(python(number, values(x))), python(number, x))


@each(
    "op",
    [
        op
        for op in ELEMENTWISE
        if op.arity == 1 and op.smooth and isinstance(getattr(np, op.name, None), np.ufunc)
    ],
    ids=lambda op: op.name,
)
def test_numpys_functions_run_on_arrays_of_values(op):
    (x,) = inside_domain(op, (3,))
    nodes = getattr(np, op.name)(values(x))
    assert all(type(node) is Value for node in nodes)
    assert_allclose(numbers(nodes), op.forward(x), rtol=1e-15)


def test_sum_mean_and_dot_of_an_array_of_values_are_values():
    x = np.array([1.0, 2.0, 6.0])
    for node, expected in [
        (values(x).sum(), 9.0),
        (values(x).mean(), 3.0),
        (values(x) @ values(x), 41.0),
        (np.dot(x, values(x)), 41.0),
        (np.max(values(x)), 6.0),
    ]:
        assert type(node) is Value
        assert node.data == expected


# --- what stays outside ---------------------------------------------------------------------------


@pytest.mark.parametrize("ufunc", [np.nextafter, np.heaviside, np.ldexp])
def test_a_numpy_function_that_is_no_operation_is_refused_by_name(ufunc):
    with pytest.raises(TypeError, match=rf"np\.{ufunc.__name__}: has no derivative here"):
        ufunc(Value(1.0), 2.0)


def test_numpys_options_are_refused_on_a_value():
    with pytest.raises(TypeError, match=r"NotImplemented|not supported"):
        np.add(Value(1.0), 2.0, out=np.zeros(()))
    with pytest.raises(TypeError, match=r"NotImplemented|not supported"):
        np.add.reduce(Value(1.0))


def test_a_detached_value_is_a_constant_with_the_same_number():
    x = Value(3.0, label="x")
    constant = (x * x).detach()
    assert (constant.data, constant.parents) == (9.0, ())
    (x * constant).backward()
    assert (x.grad, constant.grad) == (9.0, 0.0)


def test_functions_of_the_package_take_values_and_numbers_mixed():
    x = Value(3.0)
    autograd.maximum(x, 2.0).backward()
    autograd.maximum(2, x).backward()
    assert x.grad == 2.0


def test_numpys_other_names_of_an_operation_work_on_a_value_too():
    x = Value(-2.0)
    np.fabs(x).backward()
    assert x.grad == -1.0
