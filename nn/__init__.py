"""Neural networks: modules, layers, activations and losses on top of `autograd`.

A model is written once and seen at two magnifications: `model(x)` computes on tensors, and
`model.scalars()(x)` on single numbers, where every add and multiply is a node in the graph.

>>> import nn
>>> nn.manual_seed(0)
>>> model = nn.MLP(2, [3], 1)
>>> loss = nn.MSELoss()(model([[1.0, 2.0]]), [[0.5]])
>>> loss.backward()
>>> model[0].weight.grad.shape
(3, 2)
"""

import importlib
import sys
from typing import Any

try:
    from autograd import GraphError as _  # noqa: F401 (which only glassgrad's has)
except (ImportError, AttributeError) as err:  # AttributeError: autograd.py is the script that runs
    if isinstance(err, ImportError) and err.name not in ("autograd", __name__):
        raise
    raise ImportError(
        f"nn: needs glassgrad's autograd, but Python finds another first: {err}. Rename the "
        "file or folder autograd, if it is yours. PyPI's autograd is another project and cannot "
        "share an environment with glassgrad: pip uninstall autograd, then "
        "pip install --force-reinstall glassgrad."
    ) from err

from nn import data, datasets, functional, init, plots, scalar
from nn.activations import (
    ELU,
    GELU,
    SELU,
    Activation,
    Hardtanh,
    Identity,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    Sign,
    SiLU,
    Softmax,
    Softplus,
    Step,
    Tanh,
)
from nn.attention import MultiheadAttention, TransformerEncoder, TransformerEncoderLayer
from nn.containers import MLP, Sequential
from nn.convolution import Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d
from nn.files import load, save
from nn.generators import manual_seed
from nn.layers import Dense, Dropout, Dropout2d, Embedding, Linear
from nn.losses import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HingeLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    PerceptronLoss,
    SmoothL1Loss,
)
from nn.module import Buffer, Module, Parameter
from nn.normalisation import BatchNorm1d, BatchNorm2d, GroupNorm, LayerNorm, RMSNorm
from nn.penalties import l1_penalty, l2_penalty
from nn.perceptron import Perceptron
from nn.pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AvgPool1d,
    AvgPool2d,
    MaxPool1d,
    MaxPool2d,
)
from nn.recurrent import GRU, LSTM, RNN
from nn.recurrent_cells import GRUCell, LSTMCell, RNNCell
from nn.reshaping import Flatten, Unflatten, Upsample, ZeroPad2d
from nn.safetensors import FileError
from nn.training import EarlyStopping, History, accuracy, evaluate, fit, predict

__all__ = [
    "Module",
    "Parameter",
    "Buffer",
    "Linear",
    "Dense",
    "Embedding",
    "Flatten",
    "Unflatten",
    "ZeroPad2d",
    "Upsample",
    "Dropout",
    "Dropout2d",
    "Conv1d",
    "Conv2d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "MaxPool1d",
    "MaxPool2d",
    "AvgPool1d",
    "AvgPool2d",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "LayerNorm",
    "BatchNorm1d",
    "BatchNorm2d",
    "GroupNorm",
    "RMSNorm",
    "RNN",
    "LSTM",
    "GRU",
    "RNNCell",
    "LSTMCell",
    "GRUCell",
    "MultiheadAttention",
    "TransformerEncoderLayer",
    "TransformerEncoder",
    "Perceptron",
    "Sequential",
    "MLP",
    "Activation",
    "Identity",
    "Sigmoid",
    "Tanh",
    "ReLU",
    "LeakyReLU",
    "ELU",
    "SELU",
    "GELU",
    "SiLU",
    "Softplus",
    "Hardtanh",
    "Step",
    "Sign",
    "Softmax",
    "LogSoftmax",
    "MSELoss",
    "L1Loss",
    "SmoothL1Loss",
    "HuberLoss",
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "NLLLoss",
    "KLDivLoss",
    "HingeLoss",
    "PerceptronLoss",
    "fit",
    "History",
    "EarlyStopping",
    "predict",
    "evaluate",
    "accuracy",
    "l1_penalty",
    "l2_penalty",
    "save",
    "load",
    "FileError",
    "manual_seed",
    "data",
    "datasets",
    "functional",
    "init",
    "plots",
    "scalar",
]


def __dir__() -> list[str]:
    return sorted(
        {*globals(), "course", "estimators", "from_torch", "interop", "playground", "watch"}
    )


def __getattr__(name: str) -> Any:
    # Only when asked for: not everybody has scikit-learn or PyTorch, or does exercises.
    if name in ("course", "estimators", "interop"):
        return importlib.import_module(f"nn.{name}")
    if name == "from_torch":
        return importlib.import_module("nn.interop.torch").from_torch
    if name in ("watch", "playground"):
        return getattr(importlib.import_module(f"nn.training.{name}"), name)
    hint = ""
    if name in ("Neuron", "Layer", "Value"):
        hint = (
            ". What micrograd calls nn is nn.scalar here; for programs that go backward by hand, "
            "`from nn.interop import micrograd as nn`"
        )
    # With the module, Python can ask "Did you mean: 'ReLU'?"
    raise AttributeError(
        f"module {__name__!r} has no attribute {name!r}{hint}",
        name=name,
        obj=sys.modules[__name__],
    )
