"""The JavaScript of a program: under Node it computes what Python does, gradients included."""

import json
import os
import shutil
import subprocess

import numpy as np
import pytest

import autograd
import nn
from autograd import CompileError, Tensor, Value
from tests.autograd.compiler.native.programs import orbit, recurrent

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None and os.environ.get("GLASSGRAD_CI") != "1",
    reason="needs Node",
)

RUN = """
const shown = x => Object.is(x, -0) ? "-0.0" : String(x).replace("Infinity", "inf");
const all = group => Object.fromEntries(Object.entries(group).map(
    ([name, x]) => [name, [x.shape, Array.from(x.numbers, shown)]]));
Object.values(p.arguments).forEach((x, k) => x.numbers.set(given[k].map(Number)));
for (let again = 0; again < 2; again++) {
    p.forward();
    if (p.backward) p.backward();
}
console.log(JSON.stringify({results: all(p.results), gradients: all(p.gradients)}));
"""


def run_js(g, *example):
    """The results and gradients of a program under Node, by name."""
    text = g.source("js")
    name = text.split("function ", 1)[1].split("(", 1)[0]
    given = [[repr(x) for x in np.ravel(getattr(a, "data", a)).tolist()] for a in example]
    given = json.dumps(given).replace("inf", "Infinity").replace("nan", "NaN")
    script = f"{text}\nconst p = {name}(), given = {given};\n{RUN}"
    done = subprocess.run(["node", "-"], input=script, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    return tuple(
        {k: np.array(x, float).reshape(shape) for k, (shape, x) in found[part].items()}
        for part in ("results", "gradients")
    )


def check(f, wrt, *example):
    """Compare one result and its gradients with those of the function as it is written."""
    g = autograd.compile(f)
    g(*example)
    results, gradients = run_js(g, *example)
    expected = f(*example)
    expected.backward()
    (found,) = results.values()
    np.testing.assert_allclose(found.reshape(np.shape(expected.data)), expected.data, rtol=1e-12)
    for name, leaf in wrt.items():
        terms = max(1.0, np.abs(leaf.grad).max())
        np.testing.assert_allclose(gradients[name], leaf.grad, rtol=0, atol=1e-12 * terms)


def batch(*shape):
    return np.random.default_rng(3).normal(size=shape)


def parameters_of(model):
    return {f"model.{name}": p for name, p in model.named_parameters()}


def test_the_loss_and_the_gradients_of_an_mlp_are_pythons():
    model = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 3), nn.Sigmoid())
    loss = lambda x, y: ((model(x) - y) ** 2).mean()  # noqa: E731
    check(loss, parameters_of(model), batch(6, 2), batch(6, 3))


def test_a_scalar_program_has_its_leaves_in_one_array():
    w = [Value(0.5), Value(-1.0), Value(0.25)]
    g = autograd.compile(lambda x: (w[0] * x[0] + w[1] * x[1] + w[2]).tanh())
    g([2.0, 1.0])
    results, gradients = run_js(g, [2.0, 1.0])
    out = np.tanh(0.25)
    np.testing.assert_allclose(results["out"], [out], rtol=1e-15)
    np.testing.assert_allclose(gradients["leaves"], (1 - out**2) * np.array([2, 1, 1]), rtol=1e-15)


def test_single_numbers_of_a_tensor_get_their_gradients():
    w = Tensor([0.5, -1.0, 0.25], requires_grad=True)
    check(lambda x: x[0] * x[1] * w[0] * w[1] + w[2].tanh(), {"w": w}, [2.0, 3.0])
    table = Tensor(batch(2, 3), requires_grad=True)
    check(
        lambda x: (x * table[1, 2] * table[0, 0]).sum() + table[-1, 0], {"table": table}, batch(3)
    )


def test_a_close_up_names_its_arrays_and_has_their_gradients():
    model = nn.scalar.MLP(2, [4, 1])
    points = batch(5, 2).tolist()
    g = autograd.compile(lambda: sum((model(x) - 1.0) ** 2 for x in points))
    loss = g()
    loss.backward()
    _, gradients = run_js(g)
    found = np.sort(np.concatenate([x.ravel() for x in gradients.values()]))
    expected = np.sort([p.grad for p in model.parameters()])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def test_arrays_of_many_axes_in_any_order_are_written():
    w, order = Tensor(batch(*(2,) * 11), requires_grad=True), (3, 7, 1, 9, 0, 10, 8, 2, 6, 4, 5)
    w.label = "out0"
    check(lambda x: (autograd.transpose(w, order) * x).sum(), {"out0": w}, batch(*(2,) * 11))


def test_attention_and_convolutions_run_backward_too():
    model = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0)
    check(lambda x: (model(x) ** 2).sum(), parameters_of(model), batch(1, 4, 8))
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, stride=2, groups=2), nn.ReLU(), nn.Conv2d(4, 3, 2)
    )
    check(lambda x: (model(x) ** 2).sum(), parameters_of(model), batch(2, 2, 5, 5))


@pytest.mark.parametrize(
    ("make", "x"), [(recurrent, batch(40).tolist()), (orbit, 0.3)], ids=["rounds", "a chain"]
)
def test_what_is_done_again_and_again_is_a_loop_forward_and_backward(make, x):
    f, w = make()
    g = autograd.compile(f)
    g(x)
    results, gradients = run_js(g, x)
    expected = f(x)
    expected.backward()
    np.testing.assert_allclose(results["out"], [expected.data], rtol=1e-12)
    found, grads = np.sort(gradients["leaves"]), np.sort([p.grad for p in w])
    np.testing.assert_allclose(found, grads, rtol=0, atol=1e-12 * np.abs(grads).max())
    text = g.source("js")
    assert "for (let t = 0; t < " in text
    assert "; t >= 0; t--) {" in text


def test_nan_infinity_and_the_sign_of_zero_are_kept():
    x = Tensor([0.0, -0.0, 1e-320, 3.0], requires_grad=False)
    f = lambda x: autograd.stack([1 / x, x / x, autograd.maximum(x, x * float("nan")), -x, 1**x])  # noqa: E731
    g = autograd.compile(f)
    with np.errstate(all="ignore"):
        expected = f(x).data
        g(x)
        results, _ = run_js(g, x)
    np.testing.assert_array_equal(results["out"], expected)
    zero = expected == 0
    np.testing.assert_array_equal(np.signbit(results["out"])[zero], np.signbit(expected)[zero])


def test_rounding_powers_and_kinks_are_numpys():
    x = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.0, 3.0])
    f = lambda x: autograd.stack(  # noqa: E731
        [
            x.round(),
            x.floor(),
            x.sign(),
            abs(x),
            x**3,
            2.0**x,
            x.clip(-1, 1),
            x.exp2(),
            x.relu(),
            x % 0.75,
        ]
    )
    g = autograd.compile(f)
    g(Tensor(x))
    results, _ = run_js(g, x)
    np.testing.assert_allclose(results["out"], f(Tensor(x)).data, rtol=1e-14)


def test_lookups_and_their_gradients_are_pythons_and_of_no_such_place_it_is_said():
    w = Tensor(np.arange(12.0).reshape(3, 4) / 7, requires_grad=True)
    check(lambda i: (w * 2.0)[i, 1:].tanh().sum(), {"w": w}, np.array([2, -3, 2]))
    g = autograd.compile(lambda i: (w * 2.0)[i].sum())
    g(np.array([1, 2]))
    with pytest.raises(subprocess.CalledProcessError) as error:
        run_js(g, np.array([1, 3]))
    assert "RangeError: a place that is not there" in error.value.stderr


def test_a_step_that_is_not_known_is_refused_by_its_name():
    g = autograd.compile(lambda x: autograd.sort(x * 2.0))
    g(Tensor([2.0, 1.0]))
    with pytest.raises(CompileError, match="sort is not known as loops"):
        g.source("js")
