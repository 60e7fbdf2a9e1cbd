"""Recurrent layers, which read a sequence step by step, and the cells that make one step."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

import autograd
from autograd import ShapeError
from autograd.checks import check_bool, check_choice, check_int, check_number, kind
from autograd.op import named
from nn.functional.linear import affine
from nn.functional.regularisation import dropout as drop
from nn.layers import drawn, features
from nn.module import Module
from nn.operands import (
    all_values,
    as_operand,
    holds_values,
    refuse_options,
    shape_of,
    shape_or_type,
)

if TYPE_CHECKING:
    from autograd.arrays import Array
    from autograd.tensor import Tensor

States = tuple[Any, ...]
"""What one step hands on to the next: (h,), or (h, c) of an LSTM."""

_NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
_MISSING = {"proj_size": (0, "Take a smaller hidden_size, or a Linear of the output.")}


class _Recurrence(Module):
    """What a cell and the layer made of it share: sizes, parameters, and the formula of a step."""

    _gate_count: ClassVar[int]  # how many rows of the weights there are for each hidden number
    _state_names: ClassVar[tuple[str, ...]] = ("h",)  # of its states

    input_size: int
    hidden_size: int
    bias: bool

    def _step(self, x: Any, states: States, weights: Sequence[Any]) -> States:
        """The next states. x is (..., input_size), states (..., hidden_size)."""
        raise NotImplementedError

    def _draw(self, input_size: int, suffix: str, rng: np.random.Generator | None) -> None:
        """Give it the parameters of one cell, whose names end like this."""
        rows, bound = self._gate_count * self.hidden_size, 1 / math.sqrt(self.hidden_size)
        shapes = [(rows, input_size), (rows, self.hidden_size)]
        biases: list[tuple[int, ...]] = [(rows,), (rows,)] if self.bias else []
        for name, shape in zip(_NAMES, [*shapes, *biases], strict=False):
            setattr(self, name + suffix, drawn(shape, bound, name + suffix, rng))

    def _weights(self, suffix: str) -> list[Any]:
        return [getattr(self, name + suffix, None) for name in _NAMES]

    def _start(self, hx: Any, shape: tuple[int, ...], x: Tensor | Array) -> States:
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


# --- the formulas of a step, which pictures show as one box ---------------------------------------


def _with_gates(
    count: int, states: int = 1, biases: int = 2
) -> Callable[[int], list[tuple[int, ...]]]:
    """The shapes of x, the states, the weights and the biases for a hidden size h."""
    return lambda h: [
        (2, 3), *[(2, h)] * states, (count * h, 3), (count * h, h), *[(count * h,)] * biases
    ]  # fmt: skip


def _elman_step(activation: Callable[[Any], Any]) -> Callable[..., Any]:
    def step(
        x: Tensor | Array,
        h: Tensor | Array,
        w_ih: Tensor | Array,
        w_hh: Tensor | Array,
        b_ih: Tensor | Array | None = None,
        b_hh: Tensor | Array | None = None,
    ) -> Any:
        return activation(affine(x, w_ih, b_ih) + affine(h, w_hh, b_hh))

    return step


ELMAN_STEPS = {
    "tanh": named("RNN step", shapes=_with_gates(1))(_elman_step(autograd.tanh)),
    "relu": named("RNN step, relu", shapes=_with_gates(1))(_elman_step(autograd.relu)),
}


def lstm_step(x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> States:
    """The next (h, c) of an LSTM."""
    i, f, g, o = _gates(affine(x, w_ih, b_ih) + affine(h, w_hh, b_hh), 4)
    c = autograd.sigmoid(f) * c + autograd.sigmoid(i) * autograd.tanh(g)
    return autograd.sigmoid(o) * autograd.tanh(c), c


@named("GRU step", shapes=_with_gates(3))
def gru_step(x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """The next h of a GRU."""
    of_x, of_h = _gates(affine(x, w_ih, b_ih), 3), _gates(affine(h, w_hh, b_hh), 3)
    r, z = (autograd.sigmoid(a + b) for a, b in zip(of_x[:2], of_h[:2], strict=True))
    n = autograd.tanh(of_x[2] + r * of_h[2])
    return (1 - z) * n + z * h


@named("LSTM step", shapes=_with_gates(4, states=2))
def _lstm_state(*operands: Any) -> Any:
    return lstm_step(*operands)[0]


# Without biases, one of an RNN is not told from the scores of additive attention, say.
for _name, _step in ELMAN_STEPS.items():
    named(f"{_name} of two products", shapes=_with_gates(1, biases=0))(_step)


@named("LSTM step, no biases", shapes=_with_gates(4, states=2, biases=0))
def _lstm_state_alone(x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any) -> Any:
    return lstm_step(x, h, c, w_ih, w_hh, None, None)[0]


@named("GRU step, no biases", shapes=_with_gates(3, biases=0))
def _gru_state_alone(x: Any, h: Any, w_ih: Any, w_hh: Any) -> Any:
    return gru_step(x, h, w_ih, w_hh, None, None)


def _gates(x: Any, count: int) -> list[Tensor | Array]:
    """The parts, one below another, of what was made with weights of `count` times H rows."""
    *batch, rows = shape_of(x)
    x = x.reshape((*batch, count, rows // count))
    return [x[..., k, :] for k in range(count)]


class _Elman(_Recurrence):
    _gate_count = 1
    nonlinearity: str

    def _step(self, x: Any, states: States, weights: Sequence[Any]) -> States:
        return (ELMAN_STEPS[self.nonlinearity](x, *states, *weights),)


class _LongShortTerm(_Recurrence):
    _gate_count = 4
    _state_names = ("h", "c")

    def _step(self, x: Array, states: States, weights: Sequence[Any]) -> States:
        return lstm_step(x, *states, *weights)


class _Gated(_Recurrence):
    _gate_count = 3

    def _step(self, x: Any, states: States, weights: Sequence[Any]) -> States:
        return (gru_step(x, *states, *weights),)


# --- cells ----------------------------------------------------------------------------------------


class _Cell(_Recurrence):
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        who = type(self).__name__
        self.input_size = check_int(who, "input_size", input_size, least=1)
        self.hidden_size = check_int(who, "hidden_size", hidden_size, least=1)
        self.bias = check_bool(who, "bias", bias)
        self._draw(input_size, "", rng)

    def forward(
        self, input: Tensor | Array, hx: Tensor | None = None
    ) -> Tensor | tuple[Tensor | Array, Tensor | Array]:
        """One step.

        Args:
            input: (N, input_size), or (input_size,) for one sequence.
            hx: The state before, (N, hidden_size), or (hidden_size,), of an LSTM a pair (h, c) of
                them; None for zeros.

        Returns:
            The state after, in the form of hx.

        Raises:
            ShapeError: the shapes do not fit.
            TypeError: hx of an LSTM is no pair.
        """
        weights = self._weights("")
        x = features(self, input, weights[0], self.input_size)
        if len(shape_of(x)) > 2:
            raise ShapeError(
                f"{self!r}: needs input of shape (N, {self.input_size}) or ({self.input_size},), "
                f"one step, but got {shape_of(x)}. {type(self).__name__.removesuffix('Cell')} "
                "takes a whole sequence."
            )
        states = self._start(hx, (*shape_of(x)[:-1], self.hidden_size), x)
        states = self._step(x, states, weights)
        return states[0] if len(states) == 1 else states

    def _details(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")

    def _arguments(self) -> dict[str, Any]:
        return {
            "input_size": self.input_size, "hidden_size": self.hidden_size, "bias": self.bias
        }  # fmt: skip


class RNNCell(_Elman, _Cell):
    r"""One step of a recurrent network.

    .. math:: h' = \varphi(W_{ih} x + b_{ih} + W_{hh} h + b_{hh})

    All parameters start evenly spread over ±1/√hidden_size, as those of all recurrent layers do.

    Args:
        input_size: How many numbers x has.
        hidden_size: How many numbers the state h has, H.
        bias: Whether there are biases.
        nonlinearity: φ, "tanh" or "relu".
        rng: Where the first numbers come from; by default what `nn.manual_seed` seeds.

    Attributes:
        weight_ih: (H, input_size) Parameter.
        weight_hh: (H, H) Parameter.
        bias_ih: (H,) Parameter; there is none without biases.
        bias_hh: (H,) Parameter, likewise.

    Raises:
        ValueError: input_size or hidden_size < 1, or another nonlinearity.

    Source:
        J. L. Elman, "Finding structure in time", Cognitive Science 14 (1990) 179-211.

    Example:
        >>> cell = RNNCell(1, 1)
        >>> cell.flat().data = [2.0, 0.5, 0.0, 0.0]
        >>> h = cell([1.0])
        >>> cell([0.0], h).data.round(4).tolist()  # tanh(0.5 tanh(2))
        [0.4479]
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        check_choice("RNNCell", "nonlinearity", nonlinearity, ("tanh", "relu"))
        super().__init__(input_size, hidden_size, bias, rng=rng)
        self.nonlinearity = nonlinearity

    def _details(self) -> str:
        return super()._details() + _unless("tanh", nonlinearity=self.nonlinearity)

    def _arguments(self) -> dict[str, Any]:
        return super()._arguments() | {"nonlinearity": self.nonlinearity}


class LSTMCell(_LongShortTerm, _Cell):
    r"""One step of a network with long short-term memory: a state h, and a memory c beside it.

    .. math::
        \begin{bmatrix} i \\ f \\ g \\ o \end{bmatrix} =
        \begin{bmatrix} \sigma \\ \sigma \\ \tanh \\ \sigma \end{bmatrix}
        (W_{ih} x + b_{ih} + W_{hh} h + b_{hh}), \qquad
        c' = f \odot c + i \odot g, \qquad h' = o \odot \tanh c'

    Args:
        input_size: How many numbers x has.
        hidden_size: How many numbers h and c have each, H.
        bias: Whether there are biases.
        rng: Where the first numbers come from; by default what `nn.manual_seed` seeds.

    Attributes:
        weight_ih: (4H, input_size) Parameter, those of i, f, g and o below one another.
        weight_hh: (4H, H) Parameter.
        bias_ih: (4H,) Parameter; there is none without biases.
        bias_hh: (4H,) Parameter, likewise.

    Raises:
        ValueError: input_size or hidden_size < 1.

    Source:
        S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997)
        1735-1780; the forget gate f: F. A. Gers et al., Neural Computation 12 (2000) 2451-2471.

    Example:
        >>> h, c = LSTMCell(3, 2)(np.ones((5, 3)))
        >>> h.shape, c.shape
        ((5, 2), (5, 2))
    """


class GRUCell(_Gated, _Cell):
    r"""One step of a network of gated recurrent units.

    .. math::
        r &= \sigma(W_{ir} x + b_{ir} + W_{hr} h + b_{hr}) \\
        z &= \sigma(W_{iz} x + b_{iz} + W_{hz} h + b_{hz}) \\
        n &= \tanh(W_{in} x + b_{in} + r \odot (W_{hn} h + b_{hn})) \\
        h' &= (1 - z) \odot n + z \odot h

    The reset r acts after the product with W_hn, as in PyTorch and cuDNN; in the paper before it.

    Args:
        input_size: How many numbers x has.
        hidden_size: How many numbers the state h has, H.
        bias: Whether there are biases.
        rng: Where the first numbers come from; by default what `nn.manual_seed` seeds.

    Attributes:
        weight_ih: (3H, input_size) Parameter, those of r, z and n below one another.
        weight_hh: (3H, H) Parameter.
        bias_ih: (3H,) Parameter; there is none without biases.
        bias_hh: (3H,) Parameter, likewise.

    Raises:
        ValueError: input_size or hidden_size < 1.

    Source:
        K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical
        machine translation", EMNLP (2014).

    Example:
        >>> GRUCell(3, 2)(np.ones((5, 3))).shape
        (5, 2)
    """


# --- layers ---------------------------------------------------------------------------------------


class _Layers(_Recurrence):
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
        **refused: Any,
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
    def made_of(cls, weights: Sequence[Any], **options: Any) -> Self:
        """A layer that computes with these weights, cell by cell in the order of the parameters.

        Args:
            weights: Arrays or Tensors; in a close-up arrays of Values.
            **options: All arguments of the layer but input_size and hidden_size.
        """
        layer = cls.__new__(cls)
        hidden_size, input_size = shape_of(weights[1])[-1], shape_of(weights[0])[-1]
        vars(layer).update(options, input_size=input_size, hidden_size=hidden_size, rng=None)
        ends = [end for k in range(layer.num_layers) for end in layer._suffixes(k)]
        names = [name + end for end in ends for name in _NAMES[: 4 if layer.bias else 2]]
        vars(layer).update(zip(names, weights, strict=True))
        return layer

    def _suffixes(self, layer: int) -> list[str]:
        """How the parameters' names of a layer end, in each direction."""
        return [f"_l{layer}", f"_l{layer}_reverse"][: 1 + self.bidirectional]

    def _input_size(self, layer: int) -> int:
        return self.hidden_size * (1 + self.bidirectional) if layer else self.input_size

    def forward(self, input: Any, hx: Array | None = None) -> tuple[Any, Any]:
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

    def _run(
        self, steps: list[Tensor | Array], suffix: str, states: States
    ) -> tuple[list[Any], States]:
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
        shown += _unless(1, num_layers=self.num_layers) + _unless(True, bias=self.bias)
        for name, default in options.items():
            shown += _unless(default, **{name: getattr(self, name)})
        return shown

    def _arguments(self) -> dict[str, Any]:
        names = "input_size hidden_size num_layers bias batch_first dropout bidirectional"
        return {name: getattr(self, name) for name in names.split()}


def _unless(default: float | str, **option: Any) -> str:
    """An option as a repr shows it; nothing for its default."""
    ((name, value),) = option.items()
    return "" if value == default else f", {name}={value!r}"


class RNN(_Elman, _Layers):
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

    def _details(self) -> str:
        return super()._details() + _unless("tanh", nonlinearity=self.nonlinearity)

    def _arguments(self) -> dict[str, Any]:
        return super()._arguments() | {"nonlinearity": self.nonlinearity}


class LSTM(_LongShortTerm, _Layers):
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


class GRU(_Gated, _Layers):
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
