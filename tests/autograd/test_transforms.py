"""grad, value_and_grad, vjp, jvp, jacobian, hessian, hvp: JAX's conventions, to any order."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import autograd
from autograd import (
    GraphError,
    ShapeError,
    Tensor,
    Value,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    value_and_grad,
    vjp,
)  # fmt: skip
from autograd.node import gradients
from tests.each import each

RNG = np.random.default_rng(0)
A, X, Y = RNG.normal(size=(3, 3)), RNG.normal(size=3), RNG.normal(size=3)


def wave(x):
    return autograd.sin(x) * autograd.exp(0.5 * x)


def wave_derivative(x, order):
    """sin(x) e**(x/2) is the imaginary part of e**((1/2 + i) x)."""
    return ((0.5 + 1j) ** order * np.exp((0.5 + 1j) * x)).imag


def same_kind(x, like):
    assert type(x) is type(like)
    return x.data if isinstance(x, (Value, Tensor)) else x


# --- form: what goes in comes out -----------------------------------------------------------------

KINDS = {"float": 1.5, "0-d": np.array(1.5), "value": Value(1.5), "tensor": Tensor(1.5)}
every_kind = pytest.mark.parametrize("x", KINDS.values(), ids=KINDS)


@every_kind
def test_the_gradient_has_the_kind_of_the_argument(x):
    assert_allclose(same_kind(grad(wave)(x), x), wave_derivative(1.5, 1), rtol=1e-14)
    value, found = value_and_grad(wave)(x)
    assert_allclose(same_kind(value, x), wave_derivative(1.5, 0), rtol=1e-14)
    assert_allclose(same_kind(found, x), wave_derivative(1.5, 1), rtol=1e-14)


@every_kind
def test_the_other_transforms_keep_the_kind_of_the_argument_too(x):
    expected = [wave_derivative(1.5, n) for n in range(3)]
    value, pull = vjp(wave, x)
    assert_allclose(same_kind(value, x), expected[0], rtol=1e-14)
    assert_allclose(same_kind(pull(2.0)[0], x), 2 * expected[1], rtol=1e-14)
    value, tangent = jvp(wave, (x,), (2.0,))
    assert_allclose(same_kind(value, x), expected[0], rtol=1e-14)
    assert_allclose(same_kind(tangent, x), 2 * expected[1], rtol=1e-14)
    assert_allclose(same_kind(jacobian(wave)(x), x), expected[1], rtol=1e-14)
    assert_allclose(same_kind(hessian(wave)(x), x), expected[2], rtol=1e-14)
    assert_allclose(same_kind(hvp(wave, (x,), (2.0,)), x), 2 * expected[2], rtol=1e-14)


def test_of_arrays_the_gradient_is_an_array_of_that_shape_and_dtype():
    for dtype in (np.float16, np.float32, np.float64):
        for shape in [(), (3,), (2, 0), (2, 3)]:
            found = grad(lambda x: (x * x).sum())(np.ones(shape, dtype))
            assert type(found) is np.ndarray
            assert (found.shape, found.dtype) == (shape, dtype)


class Layer(NamedTuple):
    weight: object
    bias: object


def test_trees_of_arguments_give_trees_of_gradients():
    def f(tree):
        dense = tree["layers"][0]
        return (dense.weight @ X + dense.bias).sum() * tree["scale"] + tree["layers"][1][0] ** 2

    tree = {"layers": [Layer(A, np.zeros(3)), (3.0,)], "scale": 2.0}
    found = grad(f)(tree)
    assert type(found["layers"][0]) is Layer
    assert_allclose(found["layers"][0].weight, 2 * np.tile(X, (3, 1)))
    assert_allclose(found["layers"][0].bias, 2 * np.ones(3))
    assert found["layers"][1] == (6.0,)
    assert_allclose(found["scale"], (A @ X).sum())
    assert list(found) == ["layers", "scale"]


def test_an_empty_tree_has_an_empty_gradient():
    assert grad(lambda x, y: x * 2, argnums=1)(3.0, {"a": [], "b": ()}) == {"a": [], "b": ()}


# --- JAX's arguments ------------------------------------------------------------------------------


def test_argnums_says_which_arguments_to_differentiate():
    def f(x, y, z):
        return x * y * y + z

    assert grad(f)(2.0, 3.0, 5.0) == 9.0
    assert grad(f, 1)(2.0, 3.0, 5.0) == 12.0
    assert grad(f, -1)(2.0, 3.0, 5.0) == 1.0
    assert grad(f, argnums=(0, 1))(2.0, 3.0, 5.0) == (9.0, 12.0)
    assert grad(f, argnums=[1])(2.0, 3.0, 5.0) == (12.0,)
    assert grad(f, argnums=(2, 0))(2.0, 3.0, 5.0) == (1.0, 9.0)
    assert value_and_grad(f, (1, 2))(2.0, 3.0, 5.0) == (23.0, (12.0, 1.0))
    assert jacobian(f, (0, 1))(2.0, 3.0, 5.0) == (9.0, 12.0)
    assert hessian(f, (0, 1))(2.0, 3.0, 5.0) == ((0.0, 6.0), (6.0, 4.0))
    assert hessian(f, 1)(2.0, 3.0, 5.0) == 4.0


def test_arguments_that_are_not_differentiated_may_be_anything():
    def f(x, words, *, times):
        return x * len(words) * times

    assert grad(f)(1.0, ["a", "b"], times=5) == 10.0
    assert grad(lambda n, x: x**n, argnums=1)(3, 2.0) == 12.0


def test_has_aux_hands_out_what_else_the_function_returns():
    def f(x):
        return x**3, {"square": x**2, "name": "cube"}

    aux = {"square": 4.0, "name": "cube"}
    assert grad(f, has_aux=True)(2.0) == (12.0, aux)
    assert value_and_grad(f, has_aux=True)(2.0) == ((8.0, aux), 12.0)
    value, pull, found = vjp(f, 2.0, has_aux=True)
    assert (value, pull(1.0), found) == (8.0, (12.0,), aux)
    assert jvp(f, (2.0,), (1.0,), has_aux=True) == (8.0, 12.0, aux)
    assert jacobian(f, has_aux=True)(2.0) == (12.0, aux)
    assert hessian(f, has_aux=True)(2.0) == (12.0, aux)
    for transformed in (grad(f, has_aux=True), lambda x: jvp(f, (x,), (1.0,), has_aux=True)[1:]):
        nested = grad(lambda x: transformed(x)[0] + transformed(x)[1]["square"])  # noqa: B023
        assert nested(2.0) == 12.0 + 4.0


def test_a_transformed_function_keeps_its_name_and_docstring():
    def loss(x):
        """How wrong x is."""
        return x

    for transform in (grad, value_and_grad, jacobian, hessian):
        assert transform(loss).__name__ == "loss"
        assert transform(loss).__doc__ == "How wrong x is."


# --- values ---------------------------------------------------------------------------------------


def test_vjp_and_jvp_are_the_jacobian_from_the_left_and_from_the_right():
    def f(x, y):
        return autograd.tanh(A @ x) * y, (x * y).sum()

    jacobians = jacobian(f, (0, 1))(X, Y)
    shapes = [[j.shape for j in row] for row in jacobians]
    assert shapes == [[(3, 3), (3, 3)], [(3,), (3,)]]
    u, v, w = RNG.normal(size=(3, 3))
    (first, second), pull = vjp(f, X, Y)
    assert_allclose(first, np.tanh(A @ X) * Y, rtol=1e-14)
    assert_allclose(second, X @ Y, rtol=1e-14)
    for i, found in enumerate(pull((u, 2.0))):
        assert_allclose(found, u @ jacobians[0][i] + 2 * jacobians[1][i], rtol=1e-13)
    for _ in range(2):  # the graph can be pulled through again
        assert_allclose(pull((u, 0.0))[0], u @ jacobians[0][0], rtol=1e-13)
    _, tangents = jvp(f, (X, Y), (v, w))
    for row, tangent in zip(jacobians, tangents):
        assert_allclose(tangent, row[0] @ v + row[1] @ w, rtol=1e-13)


@each("x_shape", [(), (2,), (2, 3), (0,)], ids=str)
@each("out_shape", [(), (4,), (1, 2), (0, 2)], ids=str)
def test_a_jacobian_has_the_outputs_shape_and_then_the_arguments(x_shape, out_shape):
    weights = RNG.normal(size=out_shape + x_shape)

    def f(x):
        axes = tuple(range(len(out_shape), len(out_shape) + len(x_shape)))
        return (x * weights).sum(axis=axes)

    found = jacobian(f)(RNG.normal(size=x_shape))
    assert found.shape == out_shape + x_shape
    assert_allclose(found, weights)


def test_a_jacobian_of_trees_is_the_outputs_tree_of_the_arguments_trees():
    found = jacobian(lambda p: {"s": p["a"] * p["b"], "t": [p["b"] ** 2]})({"a": 2.0, "b": X})
    assert_allclose(found["s"]["a"], X)
    assert_allclose(found["s"]["b"], 2 * np.eye(3))
    assert_allclose(found["t"][0]["a"], np.zeros(3))
    assert_allclose(found["t"][0]["b"], np.diag(2 * X))


def test_the_hessian_of_a_quadratic_form_is_its_matrix():
    symmetric = A + A.T
    assert_allclose(hessian(lambda x: 0.5 * x @ symmetric @ x)(X), symmetric, rtol=1e-13)
    assert_allclose(hvp(lambda x: 0.5 * x @ symmetric @ x, (X,), (Y,)), symmetric @ Y, rtol=1e-13)


def test_the_hessian_of_matrices_has_all_their_axes():
    found = hessian(lambda w: (w @ X) @ (w @ X))(RNG.normal(size=(2, 3)))
    assert found.shape == (2, 3, 2, 3)
    assert_allclose(found, 2 * np.einsum("ij,k,l->ikjl", np.eye(2), X, X), rtol=1e-13)


def test_the_hessian_of_an_array_has_the_arrays_axes_first():
    m = RNG.normal(size=(2, 3))
    s, c, first = np.sin(m @ X), np.cos(m @ X), np.eye(3)[0]
    outer = m[:, :, None] * m[:, None, :]
    mixed = m[:, :, None] * first + m[:, None, :] * first[:, None]
    expected = -s[:, None, None] * X[0] * outer + c[:, None, None] * mixed
    assert_allclose(hessian(lambda x: x[0] * autograd.sin(m @ x))(X), expected, rtol=1e-13)


def test_hvp_at_a_float_is_differentiated_for_what_the_function_uses():
    def at_two(w):
        return hvp(lambda x, y: x**3 * y * w, (2.0, 1.0), (1.0, 0.0))[0]

    assert grad(at_two)(1.5) == 12.0
    w = Value(1.5)
    compiled = autograd.compile(lambda x: w * hvp(lambda u: u**3 * x, (2.0,), (1.0,)))
    assert [compiled(x).data for x in (1.0, 2.0)] == [18.0, 36.0]


def test_hvp_of_several_arguments_of_several_kinds():
    def f(w, b, x):
        return (autograd.tanh(w * x["x"] + b) * x["scale"]).sum()

    primals = (X, 0.3, {"x": Y, "scale": 2.0})
    tangents = (Y, 0.7, {"x": X, "scale": -1.0})

    def moved(t):
        w, b, x = primals
        dw, db, dx = tangents
        tree = {"x": x["x"] + t * dx["x"], "scale": x["scale"] + t * dx["scale"]}
        return grad(f, (0, 1, 2))(w + t * dw, b + t * db, tree)

    ours = hvp(f, primals, tangents)
    up, down = moved(1e-5), moved(-1e-5)
    assert type(ours[1]) is type(ours[2]["scale"]) is float
    assert_allclose(ours[0], (up[0] - down[0]) / 2e-5, rtol=1e-8)
    assert_allclose(ours[1], (up[1] - down[1]) / 2e-5, rtol=1e-8)
    for key in ("x", "scale"):
        assert_allclose(ours[2][key], (up[2][key] - down[2][key]) / 2e-5, rtol=1e-8)


def test_what_the_result_does_not_depend_on_has_derivative_zero():
    assert grad(lambda x: 3.0)(2.0) == 0.0
    assert_array_equal(grad(lambda x, y: y.sum())(X, Y), np.zeros(3))
    assert_array_equal(jacobian(lambda x: np.ones(2))(X), np.zeros((2, 3)))
    assert jvp(lambda x: Value(3.0), (2.0,), (1.0,)) == (3.0, 0.0)
    assert_array_equal(hessian(lambda x: x.sum())(X), np.zeros((3, 3)))
    assert vjp(lambda x: (x, 1.0), 2.0)[1]((5.0, 7.0)) == (5.0,)


def test_the_argument_itself_may_be_the_result():
    assert grad(lambda x: x)(2.0) == 1.0
    assert_array_equal(jacobian(lambda x: x)(X), np.eye(3))
    assert_array_equal(jacobian(lambda x: [x, x])(X)[1], np.eye(3))
    assert_array_equal(jvp(lambda x: x, (X,), (Y,))[1], Y)


# --- nesting --------------------------------------------------------------------------------------


@every_kind
def test_gradients_nest_to_the_fourth_order(x):
    f = wave
    for order in range(1, 5):
        f = grad(f)
        assert_allclose(same_kind(f(x), x), wave_derivative(1.5, order), rtol=1e-12)


def derivative_by(transform):
    return {
        "grad": grad,
        "jvp": lambda f: lambda x: jvp(f, (x,), (1.0,))[1],
        "vjp": lambda f: lambda x: vjp(f, x)[1](1.0)[0],
        "jacobian": jacobian,
        "value_and_grad": lambda f: lambda x: value_and_grad(f)(x)[1],
    }[transform]


TRANSFORMS = ["grad", "jvp", "vjp", "jacobian", "value_and_grad"]


@each("inner", TRANSFORMS)
@each("middle", TRANSFORMS)
@each("outer", TRANSFORMS)
def test_every_transform_nests_in_every_other(outer, middle, inner):
    third = wave
    for transform in (inner, middle, outer):
        third = derivative_by(transform)(third)
    for x in (0.7, np.array(0.7)):
        assert_allclose(third(x), wave_derivative(0.7, 3), rtol=1e-12)


def test_an_inner_derivative_does_not_mix_with_the_outer_one():
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(1.0))(3.0) == 6.0
    assert jvp(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1], (1.0,), (1.0,))[1] == 1.0
    assert grad(lambda x: x * jvp(lambda y: x * y, (2.0,), (1.0,))[1])(3.0) == 6.0
    assert grad(lambda x: grad(lambda x: x * x)(x) * x)(3.0) == 12.0


def test_a_hessian_of_nested_gradients():
    def inner(x):
        return grad(lambda y: (y**3).sum() * (x * y).sum())(2.0 * x).sum()

    def by_hand(x):  # with y = 2 x:  3 y^2 (x . y) + (sum y^3) x
        y = 2 * x
        return (3 * y**2 * (x @ y) + (y**3).sum() * x).sum()

    found = hessian(inner)(X)
    h = 1e-4
    expected = [
        [
            (by_hand(X + a + b) - by_hand(X + a - b) - by_hand(X - a + b) + by_hand(X - a - b))
            / (4 * h * h)
            for b in h * np.eye(3)
        ]
        for a in h * np.eye(3)
    ]
    assert_allclose(found, expected, rtol=1e-5, atol=1e-4)
    assert_allclose(found, found.T, rtol=1e-12)


def test_a_gradient_step_can_be_differentiated():
    """d/dlr of the loss after a step, as in learning a learning rate."""

    def loss(w):
        return ((A @ w - Y) ** 2).sum()

    def after(rate):
        return loss(X - rate * grad(loss)(X))

    slope = 2 * A.T @ (A @ X - Y)
    expected = -2 * (A.T @ (A @ (X - 0.1 * slope) - Y)) @ slope
    assert_allclose(grad(after)(0.1), expected, rtol=1e-12)


def test_floats_beside_arrays_have_second_derivatives_too():
    def f(p):
        return autograd.tanh(p["w"] * p["b"]).sum() * p["b"]

    found = hessian(f)({"w": X, "b": 0.5})
    h = 1e-5
    up, down = grad(f)({"w": X, "b": 0.5 + h}), grad(f)({"w": X, "b": 0.5 - h})
    assert_allclose(found["b"]["b"], (up["b"] - down["b"]) / (2 * h), rtol=1e-8)
    assert_allclose(found["w"]["b"], (up["w"] - down["w"]) / (2 * h), rtol=1e-8)
    assert_allclose(found["b"]["w"], found["w"]["b"], rtol=1e-12)


# --- what they leave alone ------------------------------------------------------------------------


def test_no_grad_attribute_is_touched_neither_of_arguments_nor_of_what_is_closed_over():
    v, t, u = Value(2.0), Tensor(X, requires_grad=True), Tensor(Y, requires_grad=True)
    v.grad, t.grad, u.grad = 7.0, X.copy(), None

    def f(x):
        return (x * t * v).sum() + (u * u).sum() * v

    found = grad(f)(t)
    assert_allclose(found.data, v.data * X, rtol=1e-14)  # the t in f is not the argument
    assert_allclose(grad(f)(X), v.data * X, rtol=1e-14)
    value_and_grad(f)(t)
    vjp(f, t)[1](1.0)
    jvp(f, (t,), (Y,))
    jacobian(f)(t)
    hessian(f)(t)
    hvp(f, (t,), (Y,))
    assert (v.grad, u.grad) == (7.0, None)
    assert_array_equal(t.grad, X)


def test_a_gradient_of_nodes_can_be_differentiated_with_backward():
    v = Value(3.0)
    grad(lambda x: x**3)(v).backward()
    assert v.grad == 18.0
    t = Tensor(X, requires_grad=True)
    grad(lambda x: (x**3).sum())(t).sum().backward()
    assert_allclose(t.grad, 6 * X, rtol=1e-14)


def test_arguments_are_copied_so_writing_to_them_later_changes_nothing():
    x = X.copy()
    _, pull = vjp(lambda x: x * x, x)
    x[:] = 0
    assert_allclose(pull(np.ones(3))[0], 2 * X)


def test_inside_no_grad_a_transform_still_differentiates():
    with no_grad():
        assert grad(wave)(1.5) == pytest.approx(wave_derivative(1.5, 1))
        assert grad(grad(wave))(1.5) == pytest.approx(wave_derivative(1.5, 2))
        assert_allclose(hessian(lambda x: (x**3).sum())(X), np.diag(6 * X))
        assert jvp(wave, (1.5,), (1.0,))[1] == pytest.approx(wave_derivative(1.5, 1))
        _, pull = vjp(wave, 1.5)
        assert pull(1.0)[0] == pytest.approx(wave_derivative(1.5, 1))
        assert not (Value(2.0) * 3).requires_grad


def test_no_grad_inside_the_function_stops_the_gradient():
    def f(x):
        with no_grad():
            factor = x * x
        return factor * x

    assert grad(f)(3.0) == 9.0
    assert grad(grad(f))(3.0) == 0.0


def test_a_function_that_raises_leaves_no_mode_behind():
    def fail(x):
        raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        grad(fail)(1.0)
    assert type(grad(lambda x: x * x)(1.0)) is float


# --- errors ---------------------------------------------------------------------------------------


@each(
    ("call", "error", "message"),
    [
        (lambda: grad(lambda x: x * x)(X), TypeError,
         r"grad: needs a function that returns one number, but <lambda> returned a Tensor of shape "
         r"\(3,\), dtype float64\. Reduce it \(sum, mean\), or use jacobian\."),
        (lambda: grad(lambda x: [x])(2.0), TypeError, r"grad: needs .* returned \[Value"),
        (lambda: grad(lambda x: None)(2.0), TypeError, r"grad: needs .* returned None"),
        (lambda: grad(wave)(np.arange(3)), TypeError,
         r"grad: needs arguments of floats to differentiate, but got an array .*, dtype int"),
        (lambda: grad(wave)(np.arange(3)), TypeError, r"dtype int(32|64)\. .*\.astype\(float\)"),
        (lambda: grad(wave(2.0)), TypeError, r"grad: needs a function, but got [0-9.]+\. First"),
        (lambda: jacobian(3), TypeError, r"jacobian: needs a function, but got 3\."),
        (lambda: grad(wave)("2"), TypeError, r"grad: needs arguments of floats .* '2'\."),
        (lambda: grad(wave)(2j), TypeError, r"grad: needs arguments of floats .* 2j"),
        (lambda: grad(wave)(Tensor([1, 2])), TypeError, r"needs .*floats.* int(32|64)"),
        (lambda: grad(wave, 1)(2.0), ValueError,
         r"grad: argnums needs positions among the 1 positional arguments of wave, but got 1"),
        (lambda: grad(wave, (0, -2))(2.0), ValueError, r"argnums needs .* but got -2"),
        (lambda: grad(math.atan2, (0, -2))(2.0, 1.0), ValueError, r"argument once, .* \(0, -2"),
        (lambda: grad(wave, 1.5)(2.0, 1.0), TypeError, r"grad: argnums needs a whole .* got 1\.5"),
        (lambda: grad(wave, None)(2.0), TypeError, r"argnums needs a whole number or .* got None"),
        (lambda: grad(wave)(x=2.0), ValueError, r"among the 0 positional arguments"),
        (lambda: grad(wave, has_aux=True)(2.0), TypeError, r"grad: with has_aux .* \(value, aux\)"),
        (lambda: jacobian(wave, has_aux=True)(2.0), TypeError, r"jacobian: with has_aux"),
        (lambda: vjp(wave, 2.0)[1]((1.0, 2.0)), TypeError,
         r"vjp: the cotangent needs 1 leaves, as the function's value has, but got 2"),
        (lambda: vjp(lambda x: {"a": x, "b": x}, 2.0)[1]([1.0, 2.0]), TypeError,
         r"vjp: the cotangents need the form \{'a': '\*', 'b': '\*'\}, but got \['\*', '\*'\]"),
        (lambda: jvp(lambda p: p["a"], ({"a": 2.0},), ({"b": 1.0},)), TypeError,
         r"jvp: the tangents need the form \(\{'a': '\*'\},\), but got \(\{'b': '\*'\},\)"),
        (lambda: jacobian(lambda x: None)(2.0), TypeError,
         r"jacobian: needs a function that returns numbers .* but <lambda> returned None"),
        (lambda: vjp(lambda x: [x, "2"], 2.0), TypeError, r"vjp: needs a .* returned '2'\."),
        (lambda: jvp(lambda x: None, (2.0,), (1.0,)), TypeError, r"jvp: needs a .* returned None"),
        (lambda: vjp(lambda x: x * x, X)[1](np.ones(2)), ShapeError,
         r"vjp: needs an array of shape \(3,\), but got \(2,\)"),
        (lambda: grad(wave, np.ones(2)), TypeError, r"come after: grad\(f\)\(x\)\.$"),
        (lambda: jacobian(wave, [2.0]), TypeError, r"come after: jacobian\(f\)\(x\)\.$"),
        (lambda: hessian(wave, Tensor([2.0])), TypeError, r"come after: jacobian\(f\)\(x\)\.$"),
        (lambda: hvp(wave, 2.0, 1.0), TypeError, r"hvp: needs .*: hvp\(f, \(x,\), \(v,\)\)"),
        (lambda: jvp(wave, 2.0, 1.0), TypeError, r"jvp: needs a tuple of primals and a tuple"),
        (lambda: jvp(wave, (2.0,), (1.0, 1.0)), TypeError, r"needs a tangent for each of the 1"),
        (lambda: jvp(lambda x: x * x, (X,), (np.ones((3, 1)),)), ShapeError,
         r"jvp: needs an array of shape \(3,\), but got \(3, 1\)"),
        (lambda: hvp(lambda x: x * x, (X,), (X,)), TypeError, r"needs a function that returns one"),
    ],
)  # fmt: skip
def test_what_cannot_be_differentiated_is_refused_with_what_came(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_keys_of_a_dict_may_come_in_any_order():
    both = {"b": 10.0, "a": 1.0}
    assert vjp(lambda x: {"a": x, "b": x * x}, 2.0)[1](both) == (41.0,)
    assert jvp(lambda p: p["a"] * p["b"], ({"a": 2.0, "b": 3.0},), (both,)) == (6.0, 23.0)
    assert hvp(lambda p: p["a"] ** 2 * p["b"], ({"a": 2.0, "b": 3.0},), (both,)) == {
        "a": 46.0,
        "b": 4.0,
    }


def test_a_tangent_of_another_shape_is_refused_even_if_it_would_broadcast():
    with pytest.raises(ShapeError, match=r"needs .*shape \(3,\), but got \(\)"):
        jvp(lambda x: x * x, (X,), (Tensor(1.0),))
    with pytest.raises(ShapeError, match=r"needs .*shape \(3,\), but got \(\)"):
        vjp(lambda x: x * x, X)[1](Tensor(1.0))


def test_derivatives_of_a_function_that_only_looks_at_the_number():
    assert grad(lambda x: math.floor(x) * x)(2.5) == 2.0
    assert grad(lambda x: abs(x) if x > 0 else -2 * x)(-1.0) == -2.0


def cubes(x):
    return (x * x * x).sum()


OF_CONSTANTS = {
    "grad": lambda f, x: autograd.grad(f)(x),
    "value_and_grad": lambda f, x: autograd.value_and_grad(f)(x)[0],
    "jacobian": lambda f, x: autograd.jacobian(f)(x),
    "hessian": lambda f, x: autograd.hessian(f)(x),
    "vjp": lambda f, x: autograd.vjp(f, x)[1](1.0)[0],
    "jvp": lambda f, x: autograd.jvp(f, (x,), (np.ones(2),))[1],
    "hvp": lambda f, x: autograd.hvp(f, (x,), (np.ones(2),)),
}


@pytest.mark.parametrize("derivative", OF_CONSTANTS.values(), ids=OF_CONSTANTS)
def test_what_transforms_give_of_constants_is_constant(derivative):
    assert not derivative(cubes, autograd.Tensor([1.0, 2.0])).requires_grad
    assert derivative(cubes, autograd.Tensor([1.0, 2.0], requires_grad=True)).requires_grad


@pytest.mark.parametrize("derivative", OF_CONSTANTS.values(), ids=OF_CONSTANTS)
@pytest.mark.parametrize("made", [lambda f: f, autograd.compile], ids=["as written", "compiled"])
def test_derivatives_by_constants_can_be_differentiated_by_parameters(derivative, made):
    x = np.array([1.0, 2.0])
    w = autograd.Tensor([3.0, 4.0], requires_grad=True)
    derivative(made(lambda x: (w * x**3).sum()), autograd.Tensor(x)).sum().backward()
    each = {"value_and_grad": x**3, "hessian": 6 * x, "hvp": 6 * x}
    name = next(name for name, f in OF_CONSTANTS.items() if f is derivative)
    np.testing.assert_allclose(w.grad, each.get(name, 3 * x**2), rtol=1e-12)


def test_steps_on_a_constant_keep_no_step_before_them():
    w = autograd.Tensor([1.0, 2.0])
    for _ in range(5):
        w = w - 0.1 * autograd.grad(cubes)(w)
    assert not w.requires_grad
    assert w.parents == ()


def test_a_second_derivative_refuses_a_number_that_was_changed_after_its_use():
    def cubed(x):
        y = x * x * x
        x.data = 5.0
        return y

    assert grad(cubed)(2.0) == 12.0  # a first derivative is by the numbers that were used
    with pytest.raises(GraphError, match="multiply: the data of an operand was changed after"):
        grad(grad(cubed))(2.0)


def test_the_gradients_of_a_constant_are_refused():
    with pytest.raises(GraphError, match="the root is a constant"):
        gradients(Tensor(1.0), [], 1.0)


@pytest.mark.parametrize("name", ["jvp", "hvp"])
@pytest.mark.parametrize(("primals", "tangents"), [(2.0, (1.0,)), ((2.0,), 1.0)])
def test_primals_and_tangents_are_both_tuples(name, primals, tangents):
    with pytest.raises(TypeError, match=f"{name}: needs a tuple of primals and a tuple of tang"):
        getattr(autograd, name)(lambda x: x * x, primals, tangents)
