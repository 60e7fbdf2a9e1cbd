"""gradcheck: right derivatives pass to second order, wrong ones do not."""

import numpy as np
import pytest

import autograd
from autograd import GradcheckError, Tensor, Value, gradcheck
from autograd.op import COMPOSITIONS, RULEBOOK, Elementwise, plain
from tests.autograd.array_cases import CASES, OURS
from tests.autograd.cases import COMPOSED, arrays_of, examples_of, operands_of, run
from tests.autograd.reference import STRUCTURAL, inside_domain
from tests.each import each, in_ci

WITHOUT_DERIVATIVE = {"any", "all", "argmax", "argmin", "count_nonzero"}


MOST = in_ci(2, 1)


def checks():
    """For every function up to so many expressions on few numbers: {name: [(f, inputs)]}."""
    found = {name: [] for name in (*RULEBOOK, *COMPOSITIONS)}
    taken = set()
    for case in CASES:
        sizes = [int(np.prod(shape)) for shape in case.shapes]
        name = case.expression.partition("(")[0]
        if name not in found or len(found[name]) == MOST or case.expression in taken:
            continue
        if 0 < min(sizes) <= sum(sizes) <= 18 and max(sizes) > 1:
            taken.add(case.expression)
            found[name].append((lambda *xs, case=case: case.run(OURS, xs), case.inputs(1)))
    for op in RULEBOOK.values():
        if isinstance(op, Elementwise) and not found[op.name]:
            found[op.name].append((op, inside_domain(op, (4,))))
    for op in STRUCTURAL:
        for example in [] if found[op.name] else examples_of(op)[:MOST]:
            f = lambda *xs, op=op, params=example.params: run(op, xs, params)  # noqa: E731
            found[op.name].append((f, operands_of(example)))
    for name in COMPOSITIONS:
        for shapes, composed in [] if found[name] else COMPOSED[name][:MOST]:
            f = lambda *xs, composed=composed: composed(autograd, *xs)  # noqa: E731
            found[name].append((f, arrays_of(shapes)))
    return {name: cases for name, cases in found.items() if name not in WITHOUT_DERIVATIVE}


CHECKS = checks()


@each("name", CHECKS)
def test_first_and_second_derivatives_of_every_operation_agree_with_differences(name):
    assert CHECKS[name], f"add a case for {name} to tests/autograd/array_cases.py"
    for f, inputs in CHECKS[name]:
        assert gradcheck(f, *inputs)


@each("name", [op.name for op in RULEBOOK.values() if hasattr(op, "partials")])
def test_first_and_second_derivatives_agree_with_differences_on_values(name):
    op = RULEBOOK[name]
    for numbers in zip(*inside_domain(op, (3,))):
        assert gradcheck(op, *map(float, numbers))


# --- planted errors -------------------------------------------------------------------------------

PLANTS = {
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / (y + 3.0),
    "power": lambda x, y: (x + 3.0) ** y,
    "exp": lambda x, y: autograd.exp(x) * y,
    "tanh": lambda x, y: autograd.tanh(x * y),
    "sqrt": lambda x, y: autograd.sqrt(x + 3.0) * y,
    "sigmoid": lambda x, y: autograd.sigmoid(x + y),
    "logaddexp": autograd.logaddexp,
}
ARRAY_PLANTS = {
    "matmul": lambda x, y: x @ y,
    "prod": lambda x, y: autograd.prod(x + y, axis=0),
    "logsumexp": lambda x, y: autograd.logsumexp(x * y, axis=1),
    "inv": lambda x, y: autograd.inv(x + 3 * np.eye(2)) @ y,
    "det": lambda x, y: autograd.det(x @ y),
    "euclidean_norm": lambda x, y: autograd.norm(x - y, axis=0),
    "cumprod": lambda x, y: autograd.cumprod(x * y, axis=0),
    "linear": lambda x, y: autograd.linear(x, y, x[0]),
}


def planted(rule, wrong):
    """The rule with its result spoilt."""
    return lambda *args, **params: wrong(rule(*args, **params))


def wrong_first(result):
    return result * 1.0001


def wrong_second(result):
    """The same number, but its own derivative is off by one part in 10,000."""
    return result + 1e-4 * (result - plain(result))


def plant(monkeypatch, name, wrong):
    op = RULEBOOK[name]
    kind = "partials" if hasattr(op, "partials") else "vjps"
    rules = getattr(op, kind)
    monkeypatch.setattr(op, kind, (planted(rules[0], wrong), *rules[1:]))
    monkeypatch.setattr(op, "is_product", False, raising=False)  # now it is none


@pytest.mark.parametrize(("which", "wrong"), [("first", wrong_first), ("second", wrong_second)])
@pytest.mark.parametrize("name", [*PLANTS, *ARRAY_PLANTS])
def test_a_derivative_wrong_by_one_part_in_ten_thousand_is_rejected(
    name, which, wrong, monkeypatch
):
    f = {**PLANTS, **ARRAY_PLANTS}[name]
    x, y = np.array([[0.3, -0.4], [0.9, 1.3]]), np.array([[0.7, 0.2], [-0.6, 0.5]])
    assert gradcheck(f, x, y)
    plant(monkeypatch, name, wrong)
    with pytest.raises(GradcheckError, match=f"the {which} derivative of output"):
        gradcheck(f, x, y)
    if which == "second":
        assert gradcheck(f, x, y, order=1)


@pytest.mark.parametrize(("which", "wrong"), [("first", wrong_first), ("second", wrong_second)])
@pytest.mark.parametrize("name", PLANTS)
def test_a_wrong_derivative_is_rejected_on_floats_too(name, which, wrong, monkeypatch):
    f = PLANTS[name]
    assert gradcheck(f, 0.8, 0.6)
    plant(monkeypatch, name, wrong)
    with pytest.raises(GradcheckError, match=f"the {which} derivative of output"):
        gradcheck(f, 0.8, 0.6)


def test_the_error_names_the_input_the_index_and_the_numbers(monkeypatch):
    plant(monkeypatch, "multiply", lambda result: 2 * result)
    x, y = np.array([1.0, 1.0, 1.0]), np.array([1.0, 1.0, 3.0])
    message = (
        r"gradcheck: the first derivative of output 0 with respect to input 0 at index \(0,\) is "
        r"off: ours 2\.0, numerical (1\.0|0\.9999).*, difference (1\.0|0\.9999).*\."
    )
    with pytest.raises(GradcheckError, match=message):
        gradcheck(lambda x, y: (x * y).sum(), x, y)


def test_a_gradient_that_is_lost_on_the_way_is_rejected():
    with pytest.raises(GradcheckError, match=r"input 0.*ours 0\.0, numerical"):
        gradcheck(lambda x: (x.detach() * 2).sum(), Tensor([1.0, 2.0]))


def test_a_gradient_that_is_nan_is_rejected():
    with pytest.raises(GradcheckError, match="ours nan"), np.errstate(all="ignore"):
        gradcheck(lambda x: autograd.sqrt(x * x - 1.0 * plain(x) ** 2) * 0 + x, np.array([0.5]))


# --- what it takes --------------------------------------------------------------------------------


def test_floats_arrays_values_tensors_and_trees_are_taken():
    def f(tree, scale):
        return {"product": tree["w"] * scale, "rest": (tree["b"][0] ** 2, autograd.exp(scale))}

    assert gradcheck(f, {"w": np.ones(2), "b": [Value(3.0), 1.0]}, 2.0)
    assert gradcheck(f, {"w": Tensor([1.0, 2.0]), "b": [3.0]}, Value(2.0))


def test_the_inputs_are_left_alone():
    x, t, v = np.ones(2), Tensor([2.0, 3.0], requires_grad=True), Value(4.0)
    gradcheck(lambda x, t, v: (x * t * t).sum() * v, x, t, v)
    assert x.tolist() == [1.0, 1.0]
    assert t.data.tolist() == [2.0, 3.0]
    assert (t.grad, v.grad, v.data) == (None, 0.0, 4.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int64])
def test_inputs_that_are_not_float64_are_refused(dtype):
    with pytest.raises(TypeError, match=rf"needs float64 inputs, but input 1 is {dtype.__name__}"):
        gradcheck(lambda x, y: (x * y).sum(), np.ones(2), np.ones(2, dtype))


def test_empty_arrays_and_no_axes_are_checked_too():
    assert gradcheck(lambda x: x * x, np.zeros((0, 3)))
    assert gradcheck(lambda x: x * x, np.array(2.0))
