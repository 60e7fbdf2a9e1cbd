"""One step of recurrent networks: its formulas, and what a cell and the layers of it share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

import autograd
from autograd import ShapeError
from autograd.checks import kind
from autograd.op import named
from nn.functional.linear import affine
from nn.layers import drawn
from nn.module import Module
from nn.operands import (
    Operand,
    all_values,
    as_operand,
    holds_values,
    shape_of,
    shape_or_type,
)

States = tuple[Operand, ...]
"""What one step hands on to the next: (h,), or (h, c) of an LSTM."""

NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class Recurrence(Module):
    """What a cell and the layer made of it share: sizes, parameters, and the formula of a step."""

    _gate_count: ClassVar[int]  # how many rows of the weights there are for each hidden number
    _state_names: ClassVar[tuple[str, ...]] = ("h",)  # of its states

    input_size: int
    hidden_size: int
    bias: bool

    def _step(self, x: Operand, states: States, weights: Sequence[Operand]) -> States:
        """The next states. x is (..., input_size), states (..., hidden_size)."""
        raise NotImplementedError

    def _draw(self, input_size: int, suffix: str, rng: np.random.Generator | None) -> None:
        """Give it the parameters of one cell, whose names end like this."""
        rows, bound = self._gate_count * self.hidden_size, 1 / math.sqrt(self.hidden_size)
        shapes = [(rows, input_size), (rows, self.hidden_size)]
        biases: list[tuple[int, ...]] = [(rows,), (rows,)] if self.bias else []
        for name, shape in zip(NAMES, [*shapes, *biases], strict=False):
            setattr(self, name + suffix, drawn(shape, bound, name + suffix, rng))

    def _weights(self, suffix: str) -> list[Operand]:
        return [getattr(self, name + suffix, None) for name in NAMES]

    def _start(self, hx: Operand, shape: tuple[int, ...], x: Operand) -> States:
        """The states that were given, each of this shape, or zeros."""
        if hx is None:
            dtype = getattr(x, "dtype", None)
            return (np.zeros(shape, None if holds_values(x) else dtype),) * len(self._state_names)
        if len(self._state_names) == 1:
            hx = (hx,)
        elif not isinstance(hx, (tuple, list)) or len(hx) != len(self._state_names):
            raise TypeError(f"{self!r}: needs hx as a pair (h, c), but got {kind(hx)}.")
        states = tuple(all_values(as_operand(repr(self), state)) for state in hx)
        for name, state in zip(self._state_names, states, strict=True):
            if shape_of(state) != shape:
                raise ShapeError(
                    f"{self!r}: for this input needs {name} of shape {shape}, but got "
                    f"{shape_or_type(state)}."
                )
        return states

    def _arguments(self) -> dict[str, Any]:
        return {
            "input_size": self.input_size, "hidden_size": self.hidden_size, "bias": self.bias
        }  # fmt: skip


# --- the formulas of a step, which pictures show as one box ---------------------------------------


def _with_gates(
    count: int, states: int = 1, biases: int = 2
) -> Callable[[int], list[tuple[int, ...]]]:
    """The shapes of x, the states, the weights and the biases for a hidden size h."""
    return lambda h: [
        (2, 3), *[(2, h)] * states, (count * h, 3), (count * h, h), *[(count * h,)] * biases
    ]  # fmt: skip


def _elman_step(activation: Callable[[Operand], Operand]) -> Callable[..., Any]:
    def step(
        x: Operand,
        h: Operand,
        w_ih: Operand,
        w_hh: Operand,
        b_ih: Operand | None = None,
        b_hh: Operand | None = None,
    ) -> Operand:
        return activation(affine(x, w_ih, b_ih) + affine(h, w_hh, b_hh))

    return step


ELMAN_STEPS = {
    "tanh": named("RNN step", shapes=_with_gates(1))(_elman_step(autograd.tanh)),
    "relu": named("RNN step, relu", shapes=_with_gates(1))(_elman_step(autograd.relu)),
}


@named("LSTM step", shapes=_with_gates(4, states=2))
def lstm_step(
    x: Operand, h: Operand, c: Operand, w_ih: Operand, w_hh: Operand, b_ih: Operand, b_hh: Operand
) -> States:
    """The next (h, c) of an LSTM."""
    i, f, g, o = _gates(affine(x, w_ih, b_ih) + affine(h, w_hh, b_hh), 4)
    c = autograd.sigmoid(f) * c + autograd.sigmoid(i) * autograd.tanh(g)
    return autograd.sigmoid(o) * autograd.tanh(c), c


@named("GRU step", shapes=_with_gates(3))
def gru_step(
    x: Operand, h: Operand, w_ih: Operand, w_hh: Operand, b_ih: Operand, b_hh: Operand
) -> Operand:
    """The next h of a GRU."""
    of_x, of_h = _gates(affine(x, w_ih, b_ih), 3), _gates(affine(h, w_hh, b_hh), 3)
    r, z = (autograd.sigmoid(a + b) for a, b in zip(of_x[:2], of_h[:2], strict=True))
    n = autograd.tanh(of_x[2] + r * of_h[2])
    return (1 - z) * n + z * h


# Without biases, one of an RNN is not told from the scores of additive attention, say.
for _name, _step in ELMAN_STEPS.items():
    named(f"{_name} of two products", shapes=_with_gates(1, biases=0))(_step)


@named("LSTM step, no biases", shapes=_with_gates(4, states=2, biases=0))
def _lstm_step_alone(x: Operand, h: Operand, c: Operand, w_ih: Operand, w_hh: Operand) -> States:
    return lstm_step(x, h, c, w_ih, w_hh, None, None)


@named("GRU step, no biases", shapes=_with_gates(3, biases=0))
def _gru_state_alone(x: Operand, h: Operand, w_ih: Operand, w_hh: Operand) -> Operand:
    return gru_step(x, h, w_ih, w_hh, None, None)


def _gates(x: Operand, count: int) -> list[Operand]:
    """The parts, one below another, of what was made with weights of `count` times H rows."""
    *batch, rows = shape_of(x)
    x = x.reshape((*batch, count, rows // count))
    return [x[..., k, :] for k in range(count)]


class ElmanStep(Recurrence):
    """The step of `RNNCell` and `RNN`."""

    _gate_count = 1
    nonlinearity: str

    def _step(self, x: Operand, states: States, weights: Sequence[Operand]) -> States:
        return (ELMAN_STEPS[self.nonlinearity](x, *states, *weights),)

    def _details(self) -> str:
        return super()._details() + unless("tanh", nonlinearity=self.nonlinearity)

    def _arguments(self) -> dict[str, Any]:
        return super()._arguments() | {"nonlinearity": self.nonlinearity}


class LSTMStep(Recurrence):
    """The step of `LSTMCell` and `LSTM`."""

    _gate_count = 4
    _state_names = ("h", "c")

    def _step(self, x: Operand, states: States, weights: Sequence[Operand]) -> States:
        return lstm_step(x, *states, *weights)


class GRUStep(Recurrence):
    """The step of `GRUCell` and `GRU`."""

    _gate_count = 3

    def _step(self, x: Operand, states: States, weights: Sequence[Operand]) -> States:
        return (gru_step(x, *states, *weights),)


def unless(default: float | str, **option: Any) -> str:
    """An option as a repr shows it; nothing for its default."""
    ((name, value),) = option.items()
    return "" if value == default else f", {name}={value!r}"
