"""Layers' files, from PyTorch to us and back: written by either, loaded by the other, same outputs.

Without PyTorch and safetensors all is skipped; CI requires both.
"""

import inspect
import os

import numpy as np
import pytest
from numpy.testing import assert_allclose

import nn
from nn.losses import Loss

if os.environ.get("GLASSGRAD_CI") != "1":
    for package in ("torch", "safetensors"):
        pytest.importorskip(package, reason=f"needs {package}, which is the user's to install")
import safetensors.torch
import torch

from tests.each import each

POINTS, PLACES = (6, 4), (5, 2, 3)
ROWS, PICTURES = (2, 4, 7), (2, 4, 6, 5)

# Layer by layer with PyTorch's names: the arguments, and the shapes of what it is called with.
LAYERS = {
    "Linear": [((4, 3), {}, POINTS), ((4, 3, False), {}, POINTS)],
    "Embedding": [((7, 3), {"padding_idx": 2}, None)],
    "LayerNorm": [
        ((4,), {"eps": 1e-3}, POINTS),
        (((2, 3),), {"bias": False}, PLACES),
        ((4,), {"elementwise_affine": False}, POINTS),
    ],
    "RMSNorm": [((4,), {}, POINTS)],
    "GroupNorm": [((2, 4), {}, PICTURES)],
    "BatchNorm1d": [((4,), {}, POINTS)],
    "BatchNorm2d": [((4,), {}, PICTURES)],
    "Conv1d": [((4, 2, 3), {"stride": 2, "padding": 1}, ROWS)],
    "Conv2d": [((4, 6, (2, 3)), {"groups": 2, "bias": False}, PICTURES)],
    "ConvTranspose1d": [((4, 2, 3), {"stride": 2}, ROWS)],
    "ConvTranspose2d": [((4, 6, (2, 3)), {"groups": 2}, PICTURES)],
    "RNNCell": [((4, 3), {"nonlinearity": "relu"}, POINTS), ((4, 3, False), {}, POINTS)],
    "LSTMCell": [((4, 3), {}, POINTS)],
    "GRUCell": [((4, 3), {}, POINTS)],
    **{
        name: [
            ((3, 4), {}, PLACES),
            ((3, 4, 2), {"bidirectional": True, "batch_first": True}, PLACES),
            ((3, 4), {"bias": False}, PLACES),
        ]
        for name in ("RNN", "LSTM", "GRU")
    },
    "MultiheadAttention": [
        ((4, 2), {}, [POINTS] * 3),
        ((4, 2), {"bias": False, "kdim": 3, "vdim": 5}, [(6, 4), (5, 3), (5, 5)]),
    ],
    "TransformerEncoderLayer": [
        ((4, 2, 5), {"norm_first": True}, (3, 2, 4)),
        ((4, 2, 5), {"bias": False}, (3, 2, 4)),
    ],
}
CASES = [(name, *case) for name, cases in LAYERS.items() if hasattr(nn, name) for case in cases]

every_case = each(("name", "args", "kwargs", "shapes"), CASES, ids=[f"{c[0]}{c[1]}" for c in CASES])


def numbers(shapes):
    rng = np.random.default_rng(0)
    if shapes is None:
        return [rng.integers(0, 7, size=(3, 5))]
    return [rng.normal(size=s) for s in (shapes if isinstance(shapes, list) else [shapes])]


def shaken(model):
    """A PyTorch model whose every number is one of its own, also those that start as 0 or 1."""
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.is_floating_point():
                tensor.add_(torch.rand_like(tensor) * (1.0 if "running" in name else 0.5))
            else:
                tensor.add_(3)
    return model.double().eval()


def same(ours, theirs, inputs):
    found, expected = ours(*inputs), theirs(*map(torch.tensor, inputs))
    for a, b in zip(flattened(found), flattened(expected), strict=True):
        assert_allclose(a.data, b.detach().numpy(), rtol=1e-12, atol=1e-13)


def flattened(outs):
    if not isinstance(outs, tuple):
        return [outs]
    return [out for several in outs for out in flattened(several)]


def pair(name, args, kwargs):
    return getattr(nn, name)(*args, **kwargs), getattr(torch.nn, name)(*args, **kwargs)


@every_case
def test_a_file_that_pytorch_wrote_gives_the_same_outputs_here(
    name, args, kwargs, shapes, tmp_path
):
    ours, theirs = pair(name, args, kwargs)
    shaken(theirs)
    safetensors.torch.save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    nn.load(tmp_path / "theirs.safetensors", ours)
    same(ours.eval(), theirs, numbers(shapes))


@every_case
def test_a_file_of_ours_gives_the_same_outputs_in_pytorch(name, args, kwargs, shapes, tmp_path):
    ours, theirs = pair(name, args, kwargs)
    ours.load_state_dict(shaken(getattr(torch.nn, name)(*args, **kwargs)).state_dict())
    nn.save(ours.eval(), tmp_path / "ours.safetensors")
    theirs.load_state_dict(safetensors.torch.load_file(tmp_path / "ours.safetensors"), strict=True)
    same(ours, theirs.double().eval(), numbers(shapes))


@every_case
def test_a_state_dict_goes_over_as_it_is(name, args, kwargs, shapes):
    ours, theirs = pair(name, args, kwargs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(shaken(theirs).state_dict())
    same(ours.eval(), theirs, numbers(shapes))


def test_every_layer_that_has_parameters_and_pytorchs_name_is_tried():
    tried = {*LAYERS, "Module", "Sequential", "TransformerEncoder"}
    arguments = {"Unflatten": (1, (2, 2)), "Upsample": (None, 2)}  # of what needs others
    for name in nn.__all__:
        kind = getattr(nn, name)
        if name in tried or not hasattr(torch.nn, name) or not isinstance(kind, type):
            continue
        if not issubclass(kind, nn.Module) or issubclass(kind, Loss):
            continue
        needed = [p for p in inspect.signature(kind).parameters.values() if p.default is p.empty]
        numbers = [2 for p in needed if p.kind is p.POSITIONAL_OR_KEYWORD]
        layer = kind(*arguments.get(name, numbers))
        assert not layer.state_dict(), f"{name} is missing above"


def test_a_whole_model_goes_over_and_back(tmp_path):
    def built(of):
        layer = of.TransformerEncoderLayer(4, 2, 6, dropout=0.0, batch_first=True)
        options = {"enable_nested_tensor": False} if of is torch.nn else {}
        return of.Sequential(
            of.Embedding(7, 4, padding_idx=0),
            of.TransformerEncoder(layer, 2, norm=of.LayerNorm(4), **options),
            of.Linear(4, 7),
        )

    theirs, ours, index = shaken(built(torch.nn)), built(nn), numbers(None)
    safetensors.torch.save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    nn.load(tmp_path / "theirs.safetensors", ours)
    same(ours, theirs, index)
    nn.save(ours, tmp_path / "ours.safetensors")
    again = built(torch.nn).double().eval()
    again.load_state_dict(safetensors.torch.load_file(tmp_path / "ours.safetensors"), strict=True)
    same(ours, again, index)
