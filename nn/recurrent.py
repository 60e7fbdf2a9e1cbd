"""Recurrent layers, which read a sequence step by step."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

import autograd
from autograd import ShapeError
from autograd.checks import check_bool, check_choice, check_int, check_number
from nn.functional.regularisation import dropout as drop
from nn.layers import features
from nn.operands import Operand, refuse_options, shape_of
from nn.recurrent_steps import NAMES, ElmanStep, GRUStep, LSTMStep, Recurrence, States, unless

_MISSING = {"proj_size": (0, "Take a smaller hidden_size, or a Linear of the output.")}


class _Layers(Recurrence):
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        rng: np.random.Generator | None = None,
        **refused: object,
    ) -> None:
        who = type(self).__name__
        refuse_options(who, refused, _MISSING)
        self.input_size = check_int(who, "input_size", input_size, least=1)
        self.hidden_size = check_int(who, "hidden_size", hidden_size, least=1)
        self.num_layers = check_int(who, "num_layers", num_layers, least=1)
        self.bias = check_bool(who, "bias", bias)
        self.batch_first = check_bool(who, "batch_first", batch_first)
        self.dropout = check_number(who, "dropout", dropout, "in [0, 1)")
        self.bidirectional = check_bool(who, "bidirectional", bidirectional)
        if self.dropout and self.num_layers == 1:
            warnings.warn(
                f"{who}: dropout={dropout} does nothing, as it stands between layers and there is "
                "only one. Leave it out, or take num_layers=2.",
                stacklevel=2 if who != "RNN" else 3,
            )
        self.rng = rng
        for layer in range(self.num_layers):
            for suffix in self._suffixes(layer):
                self._draw(self._input_size(layer), suffix, rng)

    @classmethod
    def made_of(cls, weights: Sequence[Operand], **options: object) -> Self:
        """A layer that computes with these weights, cell by cell in the order of the parameters.

        Args:
            weights: Arrays or Tensors; in a close-up arrays of Values.
            **options: All arguments of the layer but input_size and hidden_size.
        """
        layer = cls.__new__(cls)
        hidden_size, input_size = shape_of(weights[1])[-1], shape_of(weights[0])[-1]
        vars(layer).update(options, input_size=input_size, hidden_size=hidden_size, rng=None)
        ends = [end for k in range(layer.num_layers) for end in layer._suffixes(k)]
        names = [name + end for end in ends for name in NAMES[: 4 if layer.bias else 2]]
        vars(layer).update(zip(names, weights, strict=True))
        return layer

    def _suffixes(self, layer: int) -> list[str]:
        """How the parameters' names of a layer end, in each direction."""
        return [f"_l{layer}", f"_l{layer}_reverse"][: 1 + self.bidirectional]

    def _input_size(self, layer: int) -> int:
        return self.hidden_size * (1 + self.bidirectional) if layer else self.input_size

    def forward(self, input: Operand, hx: Operand | None = None) -> tuple[Operand, Operand]:
        """Whole sequences of L steps.

        Args:
            input: (L, N, input_size), or (N, L, input_size) if batch_first; (L, input_size) for
                one sequence.
            hx: The states before the first step, (num_layers, N, H), or (num_layers, H) for one
                sequence, of an LSTM a pair (h, c) of them; None for zeros. If bidirectional there
                are twice as many: forwards and backwards of each layer in turn.

        Returns:
            (output, states): h of the last layer at every step, in the form of input, (…, H), if
            bidirectional (…, 2H); and the states after the last step, in the form of hx.

        Raises:
            ShapeError: the shapes do not fit, or L is 0.
            TypeError: hx of an LSTM is no pair.
        """
        x = features(self, input, self._weights("_l0")[0], self.input_size)
        shape = shape_of(x)
        time = 1 if self.batch_first and len(shape) == 3 else 0
        if len(shape) not in (2, 3) or not shape[time]:
            layout = ("(N, L, {0})" if self.batch_first else "(L, N, {0})") + ", or (L, {0})"
            raise ShapeError(
                f"{self!r}: needs input of shape {layout.format(self.input_size)} for one sequence,"
                f" L >= 1, but got {shape}."
            )
        cells = self.num_layers * (1 + self.bidirectional)
        batch = (*shape[:time], *shape[time + 1 : -1])
        start = self._start(hx, (cells, *batch, self.hidden_size), x)
        steps = [x[:, t] if time else x[t] for t in range(shape[time])]
        last: list[States] = []
        for layer in range(self.num_layers):
            if layer:
                steps = [drop(x, self.dropout, self.training, rng=self.rng) for x in steps]
            runs = []
            for suffix in self._suffixes(layer):
                outputs, states = self._run(steps, suffix, tuple(s[len(last)] for s in start))
                runs.append(outputs)
                last.append(states)
            steps = runs[0]
            if self.bidirectional:
                steps = [autograd.concatenate(pair, axis=-1) for pair in zip(*runs, strict=True)]
        ends = tuple(autograd.stack(states) for states in zip(*last, strict=True))
        return autograd.stack(steps, axis=time), ends[0] if len(ends) == 1 else ends

    def _run(self, steps: list[Operand], suffix: str, states: States) -> tuple[list[Any], States]:
        """h at every step of one cell, and its states after the last."""
        backwards = suffix.endswith("_reverse")
        weights, outputs = self._weights(suffix), []
        for x in steps[::-1] if backwards else steps:
            states = self._step(x, states, weights)
            outputs.append(states[0])
        return outputs[::-1] if backwards else outputs, states

    def _details(self) -> str:
        options = {"batch_first": False, "dropout": 0.0, "bidirectional": False}
        shown = f"{self.input_size}, {self.hidden_size}"
        shown += unless(1, num_layers=self.num_layers) + unless(True, bias=self.bias)
        for name, default in options.items():
            shown += unless(default, **{name: getattr(self, name)})
        return shown

    def _arguments(self) -> dict[str, Any]:
        names = "input_size hidden_size num_layers bias batch_first dropout bidirectional"
        return {name: getattr(self, name) for name in names.split()}


class RNN(ElmanStep, _Layers):
    r"""A recurrent network: `RNNCell` step by step through sequences, in layers.

    .. math:: h_t = \varphi(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh})

    Layer k + 1 reads the h of layer k. All parameters start evenly spread over ±1/√hidden_size.

    Args:
        input_size: How many numbers each step of a sequence has.
        hidden_size: How many numbers a state has, H.
        num_layers: How many layers.
        nonlinearity: φ, "tanh" or "relu".
        bias: Whether there are biases.
        batch_first: Whether sequences are (N, L, input_size), and not (L, N, input_size).
        dropout: The probability with which what a layer hands to the next is set to 0 in training.
        bidirectional: Whether each layer has a second cell that reads from the end.
        rng: Where the first numbers and dropout's choices come from; by default what
            `nn.manual_seed` seeds.
        **options: rng, by name. PyTorch's proj_size is refused, unless it is 0.

    Attributes:
        weight_ih_l0: (H, input_size) Parameter; those of layer k, weight_ih_lk, are (H, H), or
            (H, 2H) if bidirectional. Those of the second cell end in _reverse.
        weight_hh_l0: (H, H) Parameter.
        bias_ih_l0: (H,) Parameter; there is none without biases.
        bias_hh_l0: (H,) Parameter, likewise.

    Raises:
        ValueError: a size < 1, dropout outside [0, 1), or another nonlinearity.
        TypeError: proj_size is asked for.

    Source:
        J. L. Elman, "Finding structure in time", Cognitive Science 14 (1990) 179-211.

    Example:
        >>> layer = RNN(3, 4, num_layers=2, batch_first=True)
        >>> output, h = layer(np.ones((5, 7, 3)))
        >>> output.shape, h.shape
        ((5, 7, 4), (2, 5, 4))
        >>> bool((output.data[:, -1] == h.data[-1]).all())
        True
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        **options: Any,
    ) -> None:
        check_choice("RNN", "nonlinearity", nonlinearity, ("tanh", "relu"))
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            **options,
        )  # fmt: skip
        self.nonlinearity = nonlinearity


class LSTM(LSTMStep, _Layers):
    r"""A network with long short-term memory: `LSTMCell` step by step through sequences, in layers.

    .. math::
        \begin{bmatrix} i_t \\ f_t \\ g_t \\ o_t \end{bmatrix} =
        \begin{bmatrix} \sigma \\ \sigma \\ \tanh \\ \sigma \end{bmatrix}
        (W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh}), \qquad
        c_t = f_t \odot c_{t-1} + i_t \odot g_t, \qquad h_t = o_t \odot \tanh c_t

    Arguments, attributes and errors are those of `RNN` but for nonlinearity; the weights have 4H
    rows, those of i, f, g and o below one another.

    Source:
        S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997)
        1735-1780; the forget gate f: F. A. Gers et al., Neural Computation 12 (2000) 2451-2471.

    Example:
        >>> output, (h, c) = LSTM(3, 4)(np.ones((7, 5, 3)))
        >>> output.shape, h.shape, c.shape
        ((7, 5, 4), (1, 5, 4), (1, 5, 4))
    """


class GRU(GRUStep, _Layers):
    r"""A network of gated recurrent units: `GRUCell` step by step through sequences, in layers.

    .. math::
        r_t &= \sigma(W_{ir} x_t + b_{ir} + W_{hr} h_{t-1} + b_{hr}) \\
        z_t &= \sigma(W_{iz} x_t + b_{iz} + W_{hz} h_{t-1} + b_{hz}) \\
        n_t &= \tanh(W_{in} x_t + b_{in} + r_t \odot (W_{hn} h_{t-1} + b_{hn})) \\
        h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}

    Arguments, attributes and errors are those of `RNN` but for nonlinearity; the weights have 3H
    rows, those of r, z and n below one another.

    Source:
        K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical
        machine translation", EMNLP (2014).

    Example:
        >>> output, h = GRU(3, 4, bidirectional=True)(np.ones((7, 5, 3)))
        >>> output.shape, h.shape
        ((7, 5, 8), (2, 5, 4))
    """
