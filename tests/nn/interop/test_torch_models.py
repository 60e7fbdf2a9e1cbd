"""Every model of torch_models.py: gradients, the close-up, compiled, and drawn."""

import functools
import os

import numpy as np
import pytest

import autograd
from autograd import Tensor, Value
from nn import Buffer

if os.environ.get("GLASSGRAD_CI") != "1":
    pytest.importorskip("torch", reason="needs PyTorch, which is the user's to install")

import torch

from nn.interop.torch import compare, from_torch
from tests.each import each
from tests.nn.interop.torch_models import MODELS, in_float64, made  # noqa: F401 (a fixture)

each_model = each("name", MODELS)


@functools.cache
def imported(name):
    """Our model, PyTorch's, and what they are called with; the tests leave them as they are."""
    model, args, kwargs = made(name)
    return from_torch(model, *args, **kwargs), model, args, kwargs


def numbers(result):
    """The floats of a result, of whatever form, in one row."""
    parts = []
    for leaf in torch.utils._pytree.tree_leaves(result):
        if isinstance(leaf, (Tensor, Value)):
            parts.append(np.ravel(leaf.data))
        elif leaf is not None:
            parts.append(np.array([getattr(x, "data", x) for x in np.ravel(leaf)], float))
    return np.concatenate(parts)


def loss_of(result):
    leaves = [x for x in torch.utils._pytree.tree_leaves(result) if isinstance(x, Tensor)]
    return sum((x * x).sum() for x in leaves if x.requires_grad)


def called(model, args, kwargs):
    """What a model returns; its running averages are afterwards what they were."""
    buffers = {n: x for n, x in model._state("test").items() if isinstance(x, Buffer)}
    before = {name: buffer.data.copy() for name, buffer in buffers.items()}
    try:
        return model(*args, **kwargs)
    finally:
        for name, buffer in buffers.items():
            buffer.data = before[name]


def test_there_are_as_many_models_as_a_course_has():
    assert len(MODELS) >= 25


@each_model
def test_outputs_and_every_gradient_are_pytorchs(name):
    ours, model, args, kwargs = imported(name)
    table = compare(ours, model, *args, **kwargs)
    largest = max(abs(row.theirs) for row in table.rows)
    assert len(table.rows) > 1
    for row in table.rows:
        assert row.difference <= 1e-12 * max(1.0, largest), row


@each_model
def test_the_close_up_gives_the_same_number_by_number(name):
    ours, _, args, kwargs = imported(name)
    close = ours.scalars()(*args, **kwargs)
    expected = numbers(called(ours, args, kwargs))
    np.testing.assert_allclose(numbers(close), expected, rtol=1e-12, atol=1e-14)


@each_model
def test_compiled_it_gives_the_same(name):
    ours, _, args, kwargs = imported(name)
    arrays = [x.numpy() if isinstance(x, torch.Tensor) else x for x in args]
    named = {key: x.numpy() for key, x in kwargs.items()}
    compiled = autograd.compile(lambda *args, **kwargs: loss_of(ours(*args, **kwargs)))
    ours.zero_grad()
    loss = loss_of(called(ours, args, kwargs))
    loss.backward()
    expected = [p.grad.copy() for p in ours.parameters()]
    ours.zero_grad()
    again = compiled(*arrays, **named)
    again.backward()
    np.testing.assert_allclose(again.item(), loss.item(), rtol=1e-12)
    for p, grad in zip(ours.parameters(), expected):
        np.testing.assert_allclose(p.grad, grad, rtol=1e-12, atol=1e-13)
