"""PyTorch's words: understood where they mean the same, answered with ours where they do not."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import autograd
import nn
import optim
from autograd import GraphError, ShapeError, Tensor, Value, spellings
from autograd.op import COMPOSITIONS, RULEBOOK
from tests.each import each


def leaf():
    return Tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True)


# --- dim= and keepdim= ----------------------------------------------------------------------------

# As PyTorch 2.13 gives them for [[1., 2.], [3., 5.]].
PYTORCHS = {
    "sum": (lambda t: t.sum(dim=1), [3.0, 8.0]),
    "mean": (lambda t: t.mean(dim=0, keepdim=True), [[2.0, 3.5]]),
    "prod": (lambda t: t.prod(dim=1), [2.0, 15.0]),
    "cumsum": (lambda t: t.cumsum(dim=1), [[1.0, 3.0], [3.0, 8.0]]),
    "cumprod": (lambda t: t.cumprod(dim=0), [[1.0, 2.0], [3.0, 10.0]]),
    "logsumexp": (lambda t: autograd.logsumexp(t, dim=1), [2.3132616875182230, 5.1269280110429727]),
    "softmax": (lambda t: autograd.softmax(t, dim=0)[0], [0.1192029220221176, 0.0474258731775668]),
    "log_softmax": (
        lambda t: autograd.log_softmax(t, dim=0)[0], [-2.1269280110429727, -3.0485873515737421]
    ),
    "squeeze": (lambda t: autograd.squeeze(t[:, :1], dim=1), [1.0, 3.0]),
    "norm": (lambda t: autograd.norm(t, dim=1), [2.2360679774997898, 5.8309518948453007]),
    "stack": (lambda t: autograd.stack([t[0], t[1]], dim=1), [[1.0, 3.0], [2.0, 5.0]]),
    "concatenate": (lambda t: autograd.concatenate([t, t[:, :1]], dim=1)[0], [1.0, 2.0, 1.0]),
    "argmax": (lambda t: t.argmax(dim=1), [1, 1]),
    "argmin": (lambda t: t.argmin(dim=1, keepdim=True), [[0], [0]]),
    "any": (lambda t: autograd.any(t > 2, dim=0), [True, True]),
    "all": (lambda t: autograd.all(t > 2, dim=0), [False, False]),
    "count_nonzero": (lambda t: autograd.count_nonzero(t, dim=0), [2, 2]),
}  # fmt: skip


@each("name", sorted(spellings.SAME_WITH_DIM))
def test_dim_is_axis_where_the_numbers_and_the_form_are_pytorchs(name):
    call, expected = PYTORCHS[name]
    out = call(leaf())
    np.testing.assert_allclose(getattr(out, "data", out), expected, rtol=1e-15, strict=False)
    assert np.shape(getattr(out, "data", out)) == np.shape(expected)


def test_only_axes_of_length_1_are_squeezed():
    assert leaf().reshape(2, 1, 2).squeeze(dim=1).shape == (2, 2)
    for call in (lambda t: t.squeeze(dim=1), lambda t: autograd.squeeze(t, 5)):
        with pytest.raises(ShapeError, match=r"squeeze: of an array of shape \(2, 2\), .*axis"):
            call(leaf())


def test_several_dims_come_as_a_list_and_the_gradient_flows():
    t = leaf()
    t.sum(dim=[0, 1], keepdim=True).backward(np.ones((1, 1)))
    assert_array_equal(t.grad, np.ones((2, 2)))


@each(
    "name", sorted(
        name for name, op in {**RULEBOOK, **COMPOSITIONS}.items()
        if name not in spellings.SAME_WITH_DIM
    )
)  # fmt: skip
def test_dim_is_refused_with_our_spelling_everywhere_else(name):
    function = getattr(autograd, name)
    operands = [leaf()] * (function.arity if name in RULEBOOK else 1)
    if getattr(function, "variadic", False):
        operands = [operands]
    with pytest.raises(TypeError, match=rf"^{name}: .*(axis=|unknown keyword 'dim')"):
        function(*operands, dim=1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda t: t.max(dim=1),
            r"max\(dim=\) gives a pair in PyTorch\. Here max\(x, axis=\).*argmax",
        ),
        (lambda t: t.std(dim=1), r"std\(dim=\) divides by N - 1 in PyTorch, by N here.*ddof=1"),
        (lambda t: t.var(0, keepdim=True), r"var\(dim=\) divides by N - 1"),
        (lambda t: autograd.sort(t, dim=1), r"sort\(dim=\) gives a pair.*argsort"),
        (lambda t: autograd.split(t, 1, dim=0), r"the number of parts, PyTorch's the length"),
        (lambda t: t.sum(axis=0, dim=0), "both the name dim="),
        (lambda t: t.std(unbiased=False), r"Say std\(x, axis=…, ddof=1\), which divides by N - 1"),
        (lambda t: autograd.var(t, unbiased=True), r"Say var\(x, axis=…, ddof=1\)"),
    ],
)
def test_where_pytorchs_function_means_something_else_the_error_says_what_to_write(call, message):
    with pytest.raises(TypeError, match=message):
        call(leaf())


def test_pytorchs_transpose_of_two_axes_is_answered_with_swapaxes():
    t = Tensor(np.zeros((2, 3, 4)), requires_grad=True)
    with pytest.raises(ValueError, match=r"two axes are exchanged by swapaxes\(1, 2\)"):
        t.transpose(1, 2)
    assert t.swapaxes(1, 2).shape == (2, 4, 3)


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Tensor, Value])
@pytest.mark.parametrize("name", ["view", "clone", "dim", "pow", "requires_grad_", "retain_grad"])
def test_an_attribute_of_pytorchs_is_answered_with_ours(kind, name):
    node = kind(2.0)
    with pytest.raises(
        AttributeError, match=rf"'{kind.__name__}' object has no .*'{name}'\. (Here|No need)"
    ):
        getattr(node, name)
    assert not hasattr(kind, name)


@pytest.mark.parametrize(
    ("name", "ours"),
    [("view", "reshape"), ("clone", r"copy\(\)"), ("unsqueeze", "expand_dims"), ("t", r"t\.T"),
     ("dim", r"t\.ndim"), ("pow", r"\*\*"), ("requires_grad_", "requires_grad=True"),
     ("retain_grad", "backward"), ("split", "split"), ("permute", "transpose")],
)  # fmt: skip
def test_our_spelling_of_a_tensors_attribute_is_named(name, ours):
    with pytest.raises(AttributeError, match=rf"(Here it is|No need:) .*{ours}"):
        getattr(leaf(), name)


def test_what_the_answers_say_to_write_works():
    names = {name: getattr(autograd, name) for name in dir(autograd)}
    t = leaf()
    rng = np.random.default_rng(0)
    for tables, scope in [
        (spellings._ATTRIBUTES, {"t": t, "other": t, "k": 1, "axis": 1, "parts": 2, "power": 2.0,
                                 "low": 1.0, "high": 2.0, "shape": (2, 2), "axes": (1, 0),
                                 "indices": np.array([[0], [1]]), "dtype": float, "number": 0.0,
                                 "mask": np.eye(2, dtype=bool), "data": [1.0],
                                 "condition": True}),
        (spellings._OF_A_NUMBER, {"v": Value(2.0), "w": Value(1.0), "power": 2.0, "shape": (2, 1)}),
        (spellings._FUNCTIONS, {"x": t, "y": t, "arrays": [t, t], "axis": 1, "parts": 2, "n": 2,
                                "low": 1.0, "high": 2.0, "indices": np.array([[0], [1]]),
                                "array": np.ones(2), "shape": (2, 2), "axes": (1, 0), "seed": 0,
                                "data": [1.0], "rng": rng, "nn": nn, "f": np.sum,
                                "v": np.ones((2, 2))}),
    ]:  # fmt: skip
        for text in tables.values():
            expression = text.split(";")[0].split(", on a leaf")[0].split(", with")[0]
            if text.startswith(("nothing", "a ")) or "..." in text.split("[..., ")[0]:
                continue
            for part in expression.split(", or ")[0].split(", and "):
                if "=" not in part.replace("=True", "").replace("size=", ""):
                    eval(part, {**names, "np": np, "Tensor": Tensor, **scope})


def test_functions_of_pytorchs_are_answered_by_the_package():
    for name, ours in spellings._FUNCTIONS.items():
        if not hasattr(autograd, name):
            with pytest.raises(AttributeError, match=rf"no attribute '{name}'\. Here it is"):
                getattr(autograd, name)
        assert ours
    with pytest.raises(TypeError, match=r"^tensor: .*Tensor\(data, requires_grad=True\)"):
        autograd.tensor([1.0, 2.0])
    with pytest.raises(AttributeError, match=r"no attribute 'sigmod'$"):
        autograd.sigmod  # noqa: B018


def test_the_module_named_tensor_is_imported_as_ever():
    import autograd.tensor
    from autograd.tensor import Tensor as ours

    assert autograd.tensor.Tensor is ours is Tensor


@pytest.mark.parametrize("kind", [
    lambda: optim.SGD([Value(1.0)], lr=0.1), lambda: nn.Linear(2, 1),
    lambda: optim.LBFGS([Value(1.0)]),
])  # fmt: skip
def test_zero_grad_refuses_pytorchs_option_and_says_that_it_is_the_default(kind):
    with pytest.raises(TypeError, match=r"set_to_none=True\. Say zero_grad\(\): the gradients"):
        kind().zero_grad(set_to_none=True)
    kind().zero_grad()


# --- advice that keeps the gradient ---------------------------------------------------------------


def advice(call):
    with pytest.raises((TypeError, AttributeError, GraphError)) as refusal:
        call()
    return str(refusal.value)


@each(
    ("call", "words"),
    [
        (lambda t: Value(Value(2.0)), ["Use it as it is", "gradient goes on"]),
        (lambda t: Value(t[0, 0]), ["Use it as it is", "alone is t.item()"]),
        (lambda t: Tensor(Value(2.0)), ["v * Tensor(1.0)", "gradient goes on"]),
        (Tensor, ["is one already"]),
        (lambda t: Tensor([Value(1.0)]), ["np.array([v, w])", "Tensor(numbers, requires_grad="]),
        (lambda t: Tensor(np.array([Value(1.0)])), ["np.array([v, w])"]),
        (lambda t: np.ones(2).dot(t), ["x @ t instead of x.dot(t)"]),
        (lambda t: np.array([t[0], t[1]]), ["stack([t, u])", "concatenate"]),
        (lambda t: Tensor([t[0], t[1]]), ["stack([t, u])"]),
        (lambda t: Tensor([1.0, 2.0]).sum().backward(), ["Tensor(data, requires_grad=True)"]),
        (lambda t: nn.fit(nn.Linear(2, 1), nn.MSELoss(), t, t, optim.SGD),
         ["Say nn.fit(model, loss, (inputs, labels), optimizer"]),
        (lambda t: nn.Dense(8, activation="relu"), ["Linear(in_features, out_", "nn.ReLU()"]),
        (lambda t: nn.accuracy(nn.Identity(), t, [0, 1]), ["Say nn.accuracy(model, (inputs"]),
        (lambda t: nn.MSELoss(t, t), ["call it: loss(predictions, targets)"]),
        (lambda t: nn.CrossEntropyLoss(t, [0, 1]), ["call it: loss(scores, classes)"]),
        (lambda t: nn.Dense(8), ["Say nn.Linear(in_features, out_features)"]),
        (lambda t: nn.summary(nn.Linear(2, 1)), ["model.summary(x)"]),
        (lambda t: autograd.flip(t, dims=[0]), ["flip: axes are named axis="]),
        (lambda t: autograd.roll(t, 1, dims=0), ["roll: axes are named axis="]),
        (lambda t: t.flatten(1), ["t.reshape(len(t), -1) to keep the first axis"]),
        (lambda t: t.flatten(start_dim=1), ["t.reshape(len(t), -1)"]),
        (lambda t: autograd.flatten(t, 1), ["t.reshape(len(t), -1)"]),
        (lambda t: optim.SGD([t], learning_rate=0.1), ["Say SGD(params, lr=0.001, momentum=0.0"]),
        (lambda t: optim.Adam(), ["Say Adam(params, lr=0.001, betas=(0.9, 0.999)"]),
        (lambda t: optim.LBFGS([t], lr=1.0), ["Say LBFGS(params, "]),
        (lambda t: autograd.elementwise_grad(np.sin), ["grad(lambda x: np.sum(f(x)))(x)"]),
        (lambda t: Value(2.0)._backward(), ["nn.interop.micrograd's Value"]),
    ],
)  # fmt: skip
def test_the_advice_of_an_error_keeps_the_gradient(call, words):
    said = advice(lambda: call(leaf()))
    for word in words:
        assert word in said


def test_what_the_advice_says_keeps_the_gradient():
    t, v = leaf(), Value(2.0)
    (v * Tensor(1.0)).backward()
    assert v.grad == 1.0
    for out in (autograd.stack([t[0], t[1]]), np.ones(2) @ t, autograd.concatenate([t, t])):
        out.sum().backward()
    assert_array_equal(t.grad, np.full((2, 2), 4.0))
    np.sum(np.array([v, v])).backward()
    assert v.grad == 3.0


def test_an_error_from_inside_a_function_is_told_as_it_is():
    with pytest.raises(TypeError, match="in_features must be") as refusal:
        nn.Linear("two", 1)
    assert "Say nn.Linear" not in str(refusal.value)


def test_a_rule_of_ones_own_says_how_it_is_made_too():
    class Rule(optim.UpdateRule):
        def __init__(self, params, lr, pull=2):
            super().__init__(params, lr=lr, pull=pull)

    said = r"'learning_rate'\. Say Rule\(params, lr, pull=2\)\.$"
    with pytest.raises(TypeError, match=said):
        Rule([leaf()], learning_rate=0.1)
    assert Rule([leaf()], 0.1).lr == 0.1


def test_what_is_loaded_when_it_is_asked_for_is_listed_before():
    listed = subprocess.run(
        [sys.executable, "-c", "import autograd; print(*dir(autograd))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert {*autograd.__all__, "compile"} <= {*listed}
