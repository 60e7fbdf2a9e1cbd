"""step() as native code: what NumPy's steps make, whatever is changed between two of them."""

import copy
import importlib.util
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import autograd
import nn
import optim
from autograd import Tensor, Value
from tests.each import each
from tests.optim.rules import CASES, RULES, case_name

without = importlib.util.find_spec("llvmlite") is None and os.environ.get("GLASSGRAD_CI") != "1"
natively = pytest.mark.skipif(without, reason="needs llvmlite, the extra native")


def pair(rule, dtype=np.float64, **settings):
    """Two models alike with an optimizer each, of which the second steps natively."""
    found = []
    for backend in ("numpy", "native"):
        nn.manual_seed(0)
        model = nn.MLP(3, [5], 2).astype(dtype)
        optimizer = rule(model.parameters(), **settings)
        optimizer.backend = backend
        found.append((model, optimizer))
    return found


def step(both, seed, *, skip=(), forget=False):
    """A step of both with the same gradients; those of `skip` are there for neither."""
    for model, optimizer in both:
        rng = np.random.default_rng(seed)
        for k, p in enumerate(model.parameters()):
            grad = rng.normal(size=p.shape) * 10.0 ** rng.integers(-3, 3)
            p.grad = None if k in skip else grad.astype(p.dtype)
        optimizer.step()


def is_native(optimizer):
    memory = optimizer._memories[0]
    return memory.native is not None and memory.native.kernel.function is not None


def native_steps(monkeypatch):
    """How often a native step was made, as a list that grows."""
    from optim.native_step import NativeStep

    made, run = [], NativeStep.run

    def counted(*args):
        done = run(*args)
        made.append(done)
        return done

    monkeypatch.setattr(NativeStep, "run", counted)
    return made


def assert_alike(both, rtol=1e-12):
    (model, plain), (other, native) = both
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(q.data, p.data, rtol=rtol, atol=rtol)
    ours, theirs = native.state_dict()["state"], plain.state_dict()["state"]
    for mine, its in zip(ours, theirs, strict=True):
        assert mine["steps"] == its["steps"]
        assert mine["kept"].keys() == its["kept"].keys()
        for name, array in its["kept"].items():
            np.testing.assert_allclose(mine["kept"][name], array, rtol=rtol, atol=rtol)


@natively
@each("dtype", [np.float64, np.float32])
@each("case", CASES, ids=case_name)
def test_native_steps_are_those_of_numpy(case, dtype):
    rule, settings = case
    if rule == "Nesterov":
        pytest.skip("its step takes a closure; another test has it")
    both = pair(RULES[rule], dtype, **settings)
    for seed in range(8):
        step(both, seed)
    assert is_native(both[1][1])
    assert_alike(both, 1e-12 if dtype == np.float64 else 1e-5)


@natively
def test_native_adam_takes_the_papers_steps():
    # D. Kingma, J. Ba, algorithm 1, in a formula of its own
    model = nn.Linear(1, 1, bias=False)
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    optimizer.backend = "native"
    theta, m, v = model.weight.item(), 0.0, 0.0
    for t in range(1, 8):
        g = np.cos(t)
        model.weight.grad = [[g]]
        optimizer.step()
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        theta -= 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        assert model.weight.item() == pytest.approx(theta, rel=1e-12)
    assert is_native(optimizer)


@natively
def test_nesterovs_step_with_a_closure_is_native_too():
    both = pair(optim.Nesterov, lr=0.01)
    x = np.random.default_rng(1).normal(size=(6, 3))
    for _ in range(6):
        for model, optimizer in both:
            optimizer.step(lambda model=model: (model(x) ** 2).mean())
    assert is_native(both[1][1])
    assert_alike(both)


@natively
def test_rates_settings_and_gradients_that_are_missing_are_followed(monkeypatch):
    both = pair(optim.AdamW, lr=0.01)
    made = native_steps(monkeypatch)
    changes = {
        4: lambda o: setattr(o, "lr", 0.3),
        6: lambda o: o.param_groups[0].update(weight_decay=0.5, eps=1e-3),
        12: lambda o: o.param_groups[0].update(amsgrad=True),
    }
    for k in range(16):
        for _, optimizer in both:
            changes.get(k, lambda o: None)(optimizer)
        step(both, k, skip={1} if k == 9 else ())
        assert_alike(both)
    assert made[:7] == [True] * 7  # of the second step to the eighth; the ninth lacks a gradient
    assert not any(made[-4:])  # with amsgrad it is another program


@natively
def test_a_switch_or_a_comparison_that_comes_out_otherwise_goes_back_to_numpy(monkeypatch):
    both = pair(optim.SGD, momentum=0.9, lr=0.1)
    made = native_steps(monkeypatch)
    for k in range(12):
        for _, optimizer in both:
            optimizer.param_groups[0]["momentum"] = 0.0 if 5 <= k < 8 else 0.9
            optimizer.param_groups[0]["maximize"] = k == 10
        step(both, k)
        assert_alike(both)
    assert made == [True] * 4 + [False] * 3 + [True] * 2 + [False] + [True]


@natively
def test_a_loaded_state_a_moved_model_and_more_parameters_are_followed():
    both = pair(optim.Adam)
    more = [nn.Linear(2, 2, bias=False) for _ in both]
    for k in range(4):
        step(both, k)
    states = [optimizer.state_dict() for _, optimizer in both]
    for k in range(4, 8):
        step(both, k)
    for (_, optimizer), state in zip(both, states, strict=True):
        optimizer.load_state_dict(state)
    step(both, 8)
    assert_alike(both)
    for model, _ in both:  # gathered with others, so its numbers are elsewhere
        nn.Parameter.gather([*model.parameters(), nn.Parameter([1.0])])
    for k in range(9, 12):
        step(both, k)
        assert_alike(both)
    for (_, optimizer), layer in zip(both, more, strict=True):
        layer.weight.data = np.ones((2, 2))
        layer.weight.grad = np.full((2, 2), 0.5)
        optimizer.add_param_group({"params": layer.parameters(), "lr": 0.5})
    for k in range(12, 16):
        step(both, k)
        assert_alike(both)
    assert [m.native is not None for m in both[1][1]._memories] == [True, True]
    np.testing.assert_array_equal(more[0].weight.data, more[1].weight.data)


@natively
def test_a_gradient_of_nan_infinity_or_zero_does_what_it_does_in_numpy():
    both = pair(optim.Adam, np.float32)
    step(both, 0)
    with np.errstate(all="ignore"):
        for special in (0.0, -0.0, 1e-42, np.inf, np.nan):
            for model, optimizer in both:
                for p in model.parameters():
                    p.grad = np.full(p.shape, special, p.dtype)
                optimizer.step()
            for p, q in zip(both[0][0].parameters(), both[1][0].parameters(), strict=True):
                np.testing.assert_array_equal(p.data, q.data)
    assert is_native(both[1][1])


@natively
def test_code_comes_in_the_background_after_some_steps_and_says_nothing():
    model = nn.MLP(3, [5], 2)
    optimizer = optim.Adam(model.parameters())
    for k in range(60):
        step([(model, optimizer)], k)
        if k == 48:
            assert optimizer._memories[0].native is None
    assert optimizer._memories[0].native is not None
    for thread in [x for x in threading.enumerate() if x.name == "compile"]:
        thread.join()
    assert is_native(optimizer)


@natively
def test_rules_of_ones_own_and_separate_parameters_stay_numpys():
    class Mine(optim.SGD):
        def update(self, theta, g, t, kept, group):
            return theta - self.factor * g, {}

        update_in_place = optim.UpdateRule.update_in_place
        factor = 1.0

    model = nn.Linear(2, 1)
    for optimizer, params in (
        (Mine(model.parameters(), lr=0.1), model.parameters()),
        (optim.Adam(values := [Value(1.0), Value(2.0)]), values),
        (optim.Adam(tensors := [Tensor([1.0], requires_grad=True)]), tensors),
    ):
        optimizer.backend = "native"
        for _ in range(3):
            for p in params:
                p.grad = np.ones(p.shape) if isinstance(p, Tensor) else 1.0
            optimizer.step()
        assert optimizer._memories[0].native is None


@natively
def test_half_precision_stays_numpys():
    model = nn.Linear(2, 1).astype(np.float16)
    optimizer = optim.Adam(model.parameters())
    optimizer.backend = "native"
    for k in range(3):
        step([(model, optimizer)], k)
    assert optimizer._memories[0].native is None


@natively
def test_a_step_that_somebody_replaces_is_made(monkeypatch):
    both = pair(optim.SGD, lr=0.1)
    step(both, 0)
    step(both, 1)
    monkeypatch.setattr(optim.SGD, "update_in_place", optim.UpdateRule.update_in_place)
    monkeypatch.setattr(optim.SGD, "update", lambda self, theta, g, *rest: (theta * 0, {}))
    step(both, 2)
    assert not any(p.data.any() for model, _ in both for p in model.parameters())


@natively
def test_a_copy_of_an_optimizer_is_one_of_its_own():
    both = pair(optim.Adam)
    for k in range(4):
        step(both, k)
    both = [copy.deepcopy(pair) for pair in both]
    for k in range(4, 8):
        step(both, k)
    assert_alike(both)


@natively
def test_steps_that_a_compiled_function_records_and_native_ones_take_turns():
    (plain, by_numpy), (model, optimizer) = both = pair(optim.Adam)
    x = np.random.default_rng(2).normal(size=(6, 3))

    def train(model, optimizer):
        optimizer.zero_grad()
        loss = (model(x) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    compiled = autograd.compile(lambda: train(model, optimizer), backend="numpy")
    for k in range(12):
        train(plain, by_numpy)
        compiled() if k % 3 else train(model, optimizer)
        assert_alike(both, 1e-10)
    assert is_native(optimizer)


@natively
def test_a_kernel_that_comes_out_otherwise_is_given_up_with_a_warning(monkeypatch):
    from autograd.compiler.native import kernel

    monkeypatch.setattr(kernel, "are_alike", lambda *given: False)
    both = pair(optim.SGD, lr=0.1)
    with pytest.warns(RuntimeWarning, match="SGD: its native code came out otherwise"):
        step(both, 0)
    step(both, 1)
    assert not is_native(both[1][1])
    assert_alike(both)


def test_a_backend_that_is_none_is_refused_and_numpy_is_kept():
    optimizer = optim.SGD(nn.Linear(2, 1).parameters())
    assert optimizer.backend is None
    with pytest.raises(ValueError, match="SGD: backend must be 'numpy' or 'native'"):
        optimizer.backend = "cuda"
    optimizer.backend = "numpy"
    for _ in range(60):
        _plain_step(optimizer)
    assert optimizer._memories[0].native is None


def _plain_step(optimizer):
    for p in optimizer.params:
        p.grad = np.ones(p.shape)
    optimizer.step()


def test_without_llvmlite_steps_are_numpys_and_native_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    optimizer = optim.SGD(nn.Linear(2, 1).parameters())
    for _ in range(60):
        _plain_step(optimizer)
    assert optimizer._memories[0].native is None
    with pytest.raises(ImportError, match=r"SGD: needs llvmlite .*glassgrad\[native\]"):
        optimizer.backend = "native"


SCRIPT = """
import os, sys
import optim, nn
assert "llvmlite" not in sys.modules and "autograd.compiler.native.kernel" not in sys.modules
optimizer = optim.Adam(nn.MLP(3, [5], 2).parameters())
def step():
    for p in optimizer.params:
        p.grad = p.data * 0.1
    optimizer.step()
for _ in range(51):
    step()
if hasattr(os, "fork"):
    child = os.fork()
    for _ in range(20):
        step()
    if not child:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
print("done")
"""


@natively
@pytest.mark.filterwarnings("ignore:.*fork")
def test_neither_the_end_nor_a_child_process_waits_for_code():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("done\n", "")
