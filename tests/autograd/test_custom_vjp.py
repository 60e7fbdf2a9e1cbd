"""Functions with a gradient of their own."""

import copy
import functools
import itertools
import math
import pickle

import numpy as np
import pytest
import scipy.special
from numpy.testing import assert_allclose, assert_array_equal

import autograd
from autograd import (
    AnomalyError,
    CompileError,
    GradcheckError,
    GraphError,
    ShapeError,
    Tensor,
    Value,
    backprop,
    custom_vjp,
    detect_anomaly,
    draw,
    explain,
    grad,
    gradcheck,
    hessian,
    jacobian,
    no_grad,
    value_and_grad,
)
from autograd import compile as compiled
from tests.each import each


@custom_vjp
def clip_gradient(x, limit):
    """x, whose gradient is clipped."""
    return x


clip_gradient.defvjp(
    lambda x, limit: (x, limit), lambda limit, g: (np.clip(g, -limit, limit), 0.0 * limit)
)


@custom_vjp
def straight_through(x):
    """x rounded; the gradient passes as if it were not."""
    return np.round(x)


straight_through.defvjp(lambda x: (np.round(x), None), lambda _, g: (g,))


@functools.partial(custom_vjp, nondiff_argnums=(1,), symbol="⇄")
def reverse_gradient(x, strength):
    """x, whose gradient is turned round."""
    return x


reverse_gradient.defvjp(lambda x, strength: (x, None), lambda strength, _, g: (-strength * g,))

j0 = custom_vjp(scipy.special.j0)
j0.defvjp(lambda x: (scipy.special.j0(x), x), lambda x, g: (-g * scipy.special.j1(x),))


@custom_vjp
def product(x, y):
    """x y, with a derivative that can be differentiated."""
    return x * y


product.defvjp(lambda x, y: (x * y, (x, y)), lambda kept, g: (kept[1] * g, kept[0] * g))


@custom_vjp
def total(*xs):
    """The sum of all."""
    return sum(xs)


total.defvjp(lambda *xs: (sum(xs), len(xs)), lambda n, g: (g,) * n)


# --- what it computes -----------------------------------------------------------------------------


def test_without_nodes_it_is_the_function():
    assert clip_gradient(3.0, 1.0) == 3.0
    assert type(straight_through(1.6)) is np.float64
    assert straight_through(np.array([0.4, 1.6])).tolist() == [0.0, 2.0]
    assert straight_through.__name__ == "straight_through"
    assert straight_through.__doc__.startswith("x rounded")


def test_a_clipped_a_passed_and_a_reversed_gradient_arrive_at_values_and_tensors():
    for f, expected in [
        (lambda x: clip_gradient(x, 0.5), [0.5, -0.5, 0.25]),
        (straight_through, [3.0, -3.0, 0.25]),
        (lambda x: reverse_gradient(x, 2.0), [-6.0, 6.0, -0.5]),
    ]:
        weights = np.array([3.0, -3.0, 0.25])
        t = Tensor([1.4, 2.6, -0.3], requires_grad=True)
        (f(t) * weights).sum().backward()
        assert t.grad.tolist() == expected
        for x, w, g in zip(t.tolist(), weights.tolist(), expected):
            v = Value(x)
            out = f(v)
            (out * w).backward()
            assert (v.grad, type(v.grad), out.data) == (g, float, f(x))
            assert grad(lambda x, w=w, f=f: f(x) * w)(x) == g


def test_a_routine_of_scipy_has_the_derivative_that_is_given_for_it():
    xs = np.array([0.3, 1.0, 5.0])
    assert gradcheck(j0, xs, order=1)
    assert gradcheck(j0, 0.3, order=1)
    number, slope = value_and_grad(j0)(1.0)
    assert_allclose([number, slope], [0.7651976865579666, -0.44005058574493355], rtol=1e-15)
    assert_allclose(jacobian(j0)(xs), np.diag(-scipy.special.j1(xs)), rtol=1e-15)


def test_the_two_functions_get_plain_numbers_and_arrays_of_their_own():
    seen = []

    @custom_vjp
    def spy(x, y):
        return x * y

    def forward(x, y):
        seen.extend([x, y])
        out = x * y
        x += 1.0
        return out, (y, x)

    def backward(kept, g):
        seen.append(g)
        g *= 2.0
        return g, np.sum(g)

    spy.defvjp(forward, backward)
    t, v = Tensor([1.0, 2.0], requires_grad=True), Value(3.0)
    out = spy(t, v)
    (out + out).sum().backward()
    assert [type(x) for x in seen] == [np.ndarray, float, np.ndarray]
    assert t.data.tolist() == [1.0, 2.0]
    assert (t.grad.tolist(), v.grad) == ([4.0, 4.0], 8.0)


def test_what_is_written_to_an_operand_later_does_not_change_the_gradient():
    t = Tensor([1.0, 2.0], requires_grad=True)
    out = product(t, 3.0).sum() + product(t, t).sum()
    t.data[...] = 100.0
    out.backward()
    assert t.grad.tolist() == [3.0 + 2.0, 3.0 + 4.0]


def test_several_operands_and_any_number_of_them():
    assert grad(product, (0, 1))(2.0, 5.0) == (5.0, 2.0)
    assert grad(total, (0, 1, 2))(1.0, 2.0, 3.0) == (1.0, 1.0, 1.0)
    x = Value(3.0)
    total(x, 2.0, x).backward()
    assert x.grad == 2.0
    assert gradcheck(lambda x, y: product(x, y).sum(), np.ones((2, 3)), np.full((2, 3), 2.0))


def test_arguments_are_passed_by_name_and_by_default_too():
    @custom_vjp
    def scaled(x, factor=2.0):
        return x * factor

    scaled.defvjp(lambda x, factor: (x * factor, factor), lambda factor, g: (g * factor, 0.0))
    assert grad(scaled)(1.0) == 2.0
    assert grad(lambda x: scaled(factor=5.0, x=x))(1.0) == 5.0
    with pytest.raises(TypeError, match=r"scaled: needs \(x, factor=2\.0\), but got an unexpected"):
        scaled(1.0, factr=2.0)
    with pytest.raises(TypeError, match=r"scaled: needs .* missing a required argument: 'x'"):
        scaled()


def test_types_are_kept():
    t = Tensor(np.float32([1.4, 2.6]), requires_grad=True)
    out = straight_through(t)
    out.backward([1.0, 1.0])
    assert (out.dtype, t.grad.dtype) == (np.float32, np.float32)

    @custom_vjp
    def above(x):
        return x > 0

    above.defvjp(lambda x: (x > 0, None), lambda _, g: (0 * g,))
    assert above(Value(1.0)).data == 1.0
    assert type(above(Value(1.0)).data) is float
    assert above(Tensor([1.0, -1.0], requires_grad=True)).tolist() == [1.0, 0.0]


def test_a_number_may_become_an_array_and_an_array_a_number():
    @custom_vjp
    def powers(x):
        return np.array([1.0, x, x * x])

    powers.defvjp(
        lambda x: (np.array([1.0, x, x * x]), x), lambda x, g: (g @ np.array([0.0, 1.0, 2 * x]),)
    )
    v = Value(3.0)
    powers(v).sum().backward()
    assert v.grad == 7.0

    @custom_vjp
    def length(x):
        return np.linalg.norm(x)

    length.defvjp(lambda x: (np.linalg.norm(x), x), lambda x, g: (g * x / np.linalg.norm(x),))
    assert gradcheck(length, np.array([3.0, 4.0]), order=1)


# --- modes ----------------------------------------------------------------------------------------


def test_nothing_is_recorded_without_gradients():
    x, t = Value(1.6), Tensor([1.6], requires_grad=True)
    with no_grad():
        outs = straight_through(x), straight_through(t)
    outs += straight_through(x.detach()), straight_through(t.detach())
    assert [out.parents for out in outs] == [()] * 4
    assert [out.requires_grad for out in outs] == [False] * 4
    assert [np.sum(out.data) for out in outs] == [2.0] * 4


def test_an_anomaly_is_found_forward_and_backward():
    @custom_vjp
    def odd(x):
        return x

    odd.defvjp(lambda x: (x * math.inf, None), lambda _, g: (g * math.nan,))
    with detect_anomaly(), pytest.raises(AnomalyError, match="odd: made inf from x = 2"):
        odd(Value(2.0, label="x"))
    odd.defvjp(lambda x: (x, None), lambda _, g: (g * math.nan,))
    for x in (Value(2.0), Tensor(2.0, requires_grad=True)):
        with detect_anomaly(), pytest.raises(AnomalyError, match="odd: its derivative with resp"):
            odd(x).backward()


def test_compiled_functions_refuse_it_by_name():
    for x in (Value(2.0), Tensor(2.0, requires_grad=True)):
        with pytest.raises(
            CompileError, match=r"product \(custom_vjp\) inside .* uncompiled, or call it outside"
        ):
            compiled(lambda x: product(x, x))(x)
    assert compiled(lambda x: x * product(2.0, 3.0))(Value(2.0)).data == 12.0


# --- second derivatives ---------------------------------------------------------------------------


def test_a_second_derivative_is_had_where_both_functions_are_made_of_operations():
    @custom_vjp
    def cube(x):
        return x**3

    cube.defvjp(lambda x: (x**3, x), lambda x, g: (3 * x * x * g,))
    assert (grad(grad(cube))(2.0), grad(grad(grad(cube)))(2.0)) == (12.0, 6.0)
    assert gradcheck(cube, np.array([1.0, 2.0]))
    assert gradcheck(product, 2.0, 3.0)
    assert gradcheck(lambda x, y: product(x, y) * product(y, x), np.ones(2), np.full(2, 3.0))
    assert grad(grad(lambda x: clip_gradient(x * x, 1.0) * 0.3))(2.0) == pytest.approx(0.6)
    assert_allclose(hessian(lambda x: (straight_through(x) ** 2).sum())(np.ones(2)), 2 * np.eye(2))


def test_only_the_backward_function_has_to_be_made_of_operations_if_operands_are_what_it_keeps():
    sine = custom_vjp(lambda x: scipy.special.sindg(x * 180 / np.pi))
    sine.defvjp(
        lambda x: (scipy.special.sindg(x * 180 / np.pi), {"at": [x, x]}),
        lambda kept, g: (g * autograd.cos(kept["at"][1]),),
    )
    assert gradcheck(sine, np.array([0.3, 1.0]))
    assert grad(grad(sine))(0.3) == pytest.approx(-math.sin(0.3), rel=1e-13)
    # Two operands with the same number are two operands.
    assert hessian(lambda xs: product(xs[0], xs[1]))(np.ones(2)).tolist() == [[0, 1], [1, 0]]
    x = Value(3.0)
    assert grad(grad(product, 0), 1)(x.data, x.data) == 1.0
    assert grad(grad(product, 0), 0)(x.data, x.data) == 0.0


SINES = {
    "math": (math.sin, math.cos),
    "scipy": (
        lambda x: scipy.special.sindg(x * 180 / np.pi),
        lambda x: scipy.special.cosdg(x * 180 / np.pi),
    ),
}


@pytest.mark.parametrize("x", [0.3, np.array(0.3)])
@pytest.mark.parametrize("of", SINES)
def test_a_second_derivative_is_refused_where_they_are_not(of, x):
    sine, cosine = SINES[of]
    f = custom_vjp(sine)
    f.defvjp(lambda x: (sine(x), cosine(x)), lambda kept, g: (g * kept,))
    assert_allclose(grad(f)(x), math.cos(0.3), rtol=1e-14)
    with pytest.raises(GraphError, match=r"has a first derivative only\. For a second, forward"):
        grad(grad(f))(x)
    f.defvjp(lambda x: (sine(x), x), lambda kept, g: (g * cosine(kept),))
    assert_allclose(grad(f)(x), math.cos(0.3), rtol=1e-14)
    with pytest.raises(GraphError, match=r"has a first derivative only\. For a second, forward"):
        grad(grad(f))(x)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("x", [0.3, np.array(0.3)])
def test_a_residual_that_lost_its_connection_is_noticed(x):
    f = custom_vjp(np.sin)
    f.defvjp(lambda x: (np.sin(x), np.cos(getattr(x, "_data", x))), lambda kept, g: (g * kept,))
    with pytest.raises(GraphError, match=r"the gradient of .* lost its dependence on"):
        grad(grad(f))(x)


@pytest.mark.parametrize("x", [0.3, np.array(0.3)])
def test_residuals_that_are_kept_elsewhere_are_noticed(x):
    kept = {}

    def forward(x):
        kept["slope"] = math.cos(float(x))
        return np.sin(x), None

    f = custom_vjp(np.sin)
    f.defvjp(forward, lambda residuals, g: (g * kept["slope"],))
    assert_allclose(grad(f)(x), math.cos(0.3), rtol=1e-14)
    with pytest.raises(GraphError, match=r"the gradient of .* lost its dependence on"):
        grad(grad(f))(x)


def test_a_function_that_does_not_do_the_same_twice_has_no_second_derivative():
    rng = np.random.default_rng(0)
    f = custom_vjp(lambda x: x)

    def forward(x):
        return x, x * rng.random()

    f.defvjp(forward, lambda kept, g: (g * kept,))
    with pytest.raises(GraphError, match="on nodes they gave other numbers"):
        grad(grad(f))(2.0)


def test_an_operand_that_was_written_to_is_refused_in_a_second_derivative():
    t = Tensor([1.0, 2.0], requires_grad=True)

    def outer(x):
        out = product(x, x).sum()
        t.data[...] = 5.0
        return out

    with pytest.raises(GraphError, match="product: x was written to after the call"):
        autograd.node.gradients(outer(t), [t], Tensor(1.0), create_graph=True)


# --- pictures -------------------------------------------------------------------------------------


def test_it_is_drawn_and_stepped_through_as_one_box(tmp_path):
    x = Value(3.0, label="x")
    y = clip_gradient(x, 1.0)
    y.label = "y"
    z = y * 100.0
    assert ">clip_gradient<" in draw(z).svg
    steps = backprop(z)
    assert (len(steps), x.grad) == (2, 1.0)
    assert (steps[1].formula, steps[1].local, steps[1].contribution) == (None, None, 1.0)
    assert "the rule of clip_gradient" in str(steps)
    steps.save(tmp_path / "steps.html")
    assert "clip_gradient" in (tmp_path / "steps.html").read_text("utf-8")
    t = Tensor([1.0, 2.0], requires_grad=True, label="t")
    out = reverse_gradient(t, 2.0).sum()
    assert "⇄" in draw(out).svg
    backprop(out).save(tmp_path / "steps.html")
    assert t.grad.tolist() == [-2.0, -2.0]


def test_explain_has_no_factor_for_it_and_says_so():
    x, t = Value(3.0), Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(GraphError, match="explain: the gradient of clip_gradient is not made of l"):
        explain(clip_gradient(x, 1.0) * 2.0, x)
    out = clip_gradient(t, 1.0).sum()
    with pytest.raises(GraphError, match="explain: the gradient of clip_gradient is not made of l"):
        explain(out, t[0])
    assert "by the rule of clip_gradient" in str(explain(out, t))


def test_results_of_any_depth_are_pickled_and_copied():
    x = y = Value(1.0)
    for _ in range(1500):
        y = product(y, 1.0)
    made = copy.deepcopy(y)
    made.backward()
    assert (x.grad, sum(node.op is None for node in autograd.node.topological(made))) == (0.0, 1501)
    x = Value(3.0)
    for made in (pickle.loads(pickle.dumps(product(x, 2.0))), copy.deepcopy(product(x, 2.0))):
        made.backward()
        assert made.parents[0].grad == 2.0
    t = Tensor([3.0], requires_grad=True)
    for made in (pickle.loads(pickle.dumps(product(t, 2.0))), copy.deepcopy(product(t, 2.0))):
        made.sum().backward()
        assert made.parents[0].grad.tolist() == [2.0]


# --- what is refused ------------------------------------------------------------------------------


def with_rules(forward=lambda x, y: (x * y, (x, y)), backward=lambda kept, g: (kept[1] * g, 0.0)):
    @custom_vjp
    def f(x, y):
        return x * y

    f.defvjp(forward, backward)
    return f


@pytest.mark.parametrize(
    ("backward", "error", "match"),
    [
        (lambda kept, g: (g,), TypeError, "each of its 2 diff.* x, y, but returned 1 of them"),
        (lambda kept, g: g, TypeError, "a tuple with a gradient .* but returned float(64)? alone"),
        (lambda kept, g: None, TypeError, "a tuple with a gradient .* but returned None"),
        (lambda kept, g: (g, None), TypeError, "f: the gradient of y that backward returned is No"),
        (lambda kept, g: (g, "0"), TypeError, "of y that backward returned needs real numbers"),
        (lambda kept, g: (g, 1j), TypeError, "needs real numbers, but has dtype complex128"),
        (lambda kept, g: (g, np.ones(2)), ShapeError, r"needs shape \(\), but has \(2,\)"),
    ],
)
def test_gradients_that_do_not_fit_are_refused_by_name(backward, error, match):
    f = with_rules(backward=backward)
    with pytest.raises(error, match=match):
        f(Value(2.0), Value(3.0)).backward()


def test_a_gradient_in_the_shape_of_the_result_and_not_of_the_operand_is_refused():
    f = with_rules(backward=lambda kept, g: (g * kept[1], g * kept[0]))
    x, y = Tensor(np.ones((2, 1)), requires_grad=True), Tensor(np.ones(3))
    with pytest.raises(ShapeError, match=r"of x .* needs shape \(2, 1\), but has \(2, 3\)"):
        f(x, y).sum().backward()


def test_a_constant_needs_no_gradient():
    f = with_rules(backward=lambda kept, g: (g * kept[1], None))
    assert grad(lambda x: f(x, 3.0))(2.0) == 3.0


@pytest.mark.parametrize(
    ("forward", "match"),
    [
        (lambda x, y: x * y, r"forward has to return two things, \(result, residuals\), but retu"),
        (lambda x, y: None, "forward has to return two things"),
        (lambda x, y: (None, 1), "forward has to return a number or an array, but returned None"),
        (lambda x, y: ("a", 1), "but returned str of dtype"),
        (lambda x, y: (Value(x), 1), "has to return such, but returned a Value"),
    ],
)
def test_what_forward_must_not_return_is_refused(forward, match):
    with pytest.raises(TypeError, match=f"f: .*{match}"):
        with_rules(forward)(Value(2.0), 3.0)


def test_what_is_no_number_is_named_in_nondiff_argnums_or_refused():
    for stranger in ("text", None, [Value(1.0)], np.array([Value(1.0)])):
        with pytest.raises(TypeError, match="f: needs a number or an array for y, but got"):
            with_rules()(Value(2.0), stranger)
    with pytest.raises(TypeError, match=r"Pass each by itself, f\(\*values\)"):
        total([Value(1.0), Value(2.0)])

    @functools.partial(custom_vjp, nondiff_argnums=(1,))
    def named(x, mode):
        return x

    named.defvjp(lambda x, mode: (x, None), lambda mode, _, g: (g * len(mode),))
    assert grad(lambda x: named(x, "abc"))(1.0) == 3.0
    with pytest.raises(TypeError, match=r"named: needs a plain mode, .* but got a Value"):
        named(Value(1.0), Value(2.0))


def test_a_function_without_a_gradient_yet_says_what_it_needs():
    f = custom_vjp(lambda x: x)
    assert f(2.0) == 2.0
    with pytest.raises(GraphError, match=r"needs its gradient before .*\.defvjp\(forward, backw"):
        f(Value(2.0))
    with pytest.raises(TypeError, match="backward must be a function, but got 3"):
        f.defvjp(len, 3)
    with pytest.raises(TypeError, match="custom_vjp: needs a function, but got 3"):
        custom_vjp(3)
    with pytest.raises(TypeError, match="passed by position"):
        custom_vjp(lambda *, x: x)
    for places in ((2,), ("x",), (-1,)):
        with pytest.raises(TypeError, match="needs places of its arguments"):
            custom_vjp(lambda x, y: x, nondiff_argnums=places)


def test_a_wrong_gradient_is_found_by_gradcheck():
    f = with_rules(backward=lambda kept, g: (1.0001 * kept[1] * g, kept[0] * g))
    with pytest.raises(GradcheckError, match="the first derivative"):
        gradcheck(f, 2.0, 3.0)


def test_a_node_may_be_used_many_times_and_the_rule_runs_once_a_pass():
    calls = []
    f = custom_vjp(lambda x: x * x)

    def backward(x, g):
        calls.append(g)
        return (2 * x * g,)

    f.defvjp(lambda x: (x * x, x), backward)
    t = Tensor([1.0, 2.0], requires_grad=True)
    out = f(t)
    ((out * 2.0).sum() + out.sum()).backward()
    assert len(calls) == 1
    assert_array_equal(t.grad, [6.0, 12.0])


@each("part", [slice(None), slice(2)])
@each("requires_grad", [True, False])
def test_an_array_that_is_returned_again_does_not_change_earlier_results(part, requires_grad):
    buffers = itertools.cycle([np.zeros(3), np.zeros(3)])

    def doubled(x):
        return np.multiply(x, 2, out=next(buffers))[part]

    f = custom_vjp(doubled)
    f.defvjp(
        lambda x: (doubled(x), None),
        lambda _, g: (np.append(2 * g, np.zeros(3 - len(g))),),
    )
    operands = [Tensor([k, k, k], requires_grad=requires_grad) for k in (1.0, 2.0, 3.0, 4.0)]
    assert [f(x).data[0] for x in operands] == [2.0, 4.0, 6.0, 8.0]
    results = [f(x) for x in operands]
    assert [y.data[0] for y in results] == [2.0, 4.0, 6.0, 8.0]


@pytest.mark.parametrize("wrong", [0, np.sin])
def test_a_second_argument_that_says_no_places_is_refused(wrong):
    with pytest.raises(TypeError, match=r"nondiff_argnums must be a tuple of places .* defvjp"):
        custom_vjp(np.sin, wrong)
