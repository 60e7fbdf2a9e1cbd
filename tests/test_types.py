"""What type checkers know of the packages, from a program such as users write."""

import importlib.util
import re
import subprocess
import sys

import pytest

import autograd
import nn
import optim
from tests.each import IN_CI

PROGRAM = """
from typing import Any, assert_type

import numpy as np

import autograd
import nn
import optim
from autograd import Tensor, Value, backprop, draw, explain, grad, no_grad, tanh, where
from nn.scalar import MLP

x = Value(2.0, label="x")
y = (x * 3 + 1).tanh() ** 2
assert_type(y, Value)
y.backward()
assert_type(y.data, float)
w = Tensor([[1.0, 2.0]], requires_grad=True)
total = (w @ w.T).sum() + tanh(w).mean() + autograd.max(w) + where(w.data > 0, w, 0.0).sum()
assert_type((w @ w.T).sum(), Tensor)
assert_type(autograd.exp(w), Tensor)
assert_type(autograd.sum(w, axis=1), Tensor)
assert_type(autograd.maximum(w, w.data), Tensor)
assert_type(autograd.exp(x), Value)
assert_type(autograd.exp(1.0), float)
assert_type(w.shape, tuple[int, ...])

model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = optim.Adam(model.parameters(), lr=0.01, betas=(0.9, 0.99))
loss = nn.functional.mse_loss(model(w), [[1.0]])
optimizer.zero_grad()
loss.backward()
optimizer.step()
draw(loss).save("loss.svg")
print(backprop(loss), explain(loss, w), grad(lambda t: t * t)(3.0))


@autograd.compile
def f(a: Any) -> Any:
    return (a * a).sum()


with no_grad():
    f(w)
net = MLP(2, [4, 1])
net([1.0, 2.0])
net.parameters()[0].data = 0.5
nn.save(model, "model.npz")
assert_type(nn.functional.softmax(w), Tensor | Any)
assert_type(model.parameters(), list[nn.Parameter | Any])
np.tanh(w)
"""
PUBLIC_NAMES = [
    f"{package.__name__}.{name}" for package in (autograd, nn, optim) for name in package.__all__
]
ITS_MISTAKES = """
from autograd import Value, sigmund

x = Value("two")
x.backwards()
"""
ERROR = re.compile(r"\d(:| -) error: ")
CHECKERS = {"mypy": ["--strict", "--no-incremental"], "pyright": []}


@pytest.fixture(scope="module", params=CHECKERS)
def told(request, tmp_path_factory):
    """What is said of the program, and of each public name after it; and of that of mistakes."""
    checker, folder = request.param, tmp_path_factory.mktemp(request.param)
    if importlib.util.find_spec(checker) is None and not IN_CI:
        pytest.skip(f"needs {checker}")
    revealed = "".join(f"reveal_type({name})\n" for name in PUBLIC_NAMES)
    programs = {"right.py": PROGRAM + revealed, "wrong.py": ITS_MISTAKES}
    for name, program in programs.items():
        (folder / name).write_text(program, "utf-8")
    command = [sys.executable, "-m", checker, *CHECKERS[checker], *programs]
    ran = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)
    return [[line for line in ran.stdout.splitlines() if f"{name}:" in line] for name in programs]


def test_a_users_program_has_no_problem(told):
    right, _ = told
    assert [line for line in right if ERROR.search(line)] == []


def test_every_public_name_has_a_type(told):
    types = re.findall(r'(?:Revealed type is|Type of ".*" is) "(.*)', "\n".join(told[0]))
    assert len(types) == len(PUBLIC_NAMES) > 300
    for name, shown in zip(PUBLIC_NAMES, types, strict=True):
        assert shown not in ('Any"', 'Unknown"'), name


def test_mistakes_in_a_users_program_are_found(told):
    _, wrong = told
    for mistake in ("sigmund", "backwards", "float"):
        assert any(mistake in line and ERROR.search(line) for line in wrong)
