"""The cells of recurrent networks, which make one step."""

from __future__ import annotations

import numpy as np

from autograd import ShapeError
from autograd.checks import check_bool, check_choice, check_int
from nn.layers import features
from nn.operands import Operand, shape_of
from nn.recurrent_steps import ElmanStep, GRUStep, LSTMStep, Recurrence, States


class _Cell(Recurrence):
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

    def forward(self, input: Operand, hx: Operand | None = None) -> Operand | States:
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


class RNNCell(ElmanStep, _Cell):
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


class LSTMCell(LSTMStep, _Cell):
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


class GRUCell(GRUStep, _Cell):
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
