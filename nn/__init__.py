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

from nn import data, datasets, functional, init, plots, scalar
from nn.activations import (
    Activation,
    Identity,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    Sign,
    Softmax,
    Softplus,
    Step,
    Tanh,
)
from nn.history import EarlyStopping, History
from nn.init import manual_seed
from nn.layers import MLP, Dense, Linear, Perceptron, Sequential
from nn.losses import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HingeLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    PerceptronLoss,
)
from nn.module import Module, Parameter
from nn.training import accuracy, evaluate, fit, predict

__all__ = [
    "Module",
    "Parameter",
    "Linear",
    "Dense",
    "Perceptron",
    "Sequential",
    "MLP",
    "Activation",
    "Identity",
    "Sigmoid",
    "Tanh",
    "ReLU",
    "LeakyReLU",
    "Softplus",
    "Step",
    "Sign",
    "Softmax",
    "LogSoftmax",
    "MSELoss",
    "L1Loss",
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "NLLLoss",
    "HingeLoss",
    "PerceptronLoss",
    "fit",
    "History",
    "EarlyStopping",
    "predict",
    "evaluate",
    "accuracy",
    "manual_seed",
    "data",
    "datasets",
    "functional",
    "init",
    "plots",
    "scalar",
]
