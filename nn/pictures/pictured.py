"""What models of arrays and of single numbers share: they can be drawn as circles and lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import ShapeError
from autograd.checks import check_loss, refuse_masked

if TYPE_CHECKING:
    from nn.pictures.picture import NetworkPicture


class Pictured:
    """What has a picture as a network."""

    def picture(
        self,
        x: object,
        y: object = None,
        loss: Callable[[Any, Any], Any] | None = None,
        *,
        names: tuple[Sequence[str], Sequence[str]] = ((), ()),
    ) -> NetworkPicture:
        """The network as circles and lines: what each neuron hands on, and each weight as a line.

        The thicker a line, the larger its weight; blue and dashed is negative. With a loss, the
        gradients can be shown in their place. Of more than 16 neurons in a column nine are drawn.

        Args:
            x: One example (inputs,), or several (N, inputs), whose mean is shown.
            y: What the loss is called with, beside the outputs.
            loss: Called as loss(model(x), y). The parameters' own gradients stay as they are.
            names: Of the inputs, and of the outputs.

        Returns:
            A picture that shows itself in a notebook, with `save(path)`, `backwards`, and
            `neuron(layer, number)`: the operations of one neuron, which a click on it shows, too.

        Raises:
            ValueError: it is no row of layers, each a weighted sum of the one before.
            ShapeError: x has another shape.

        Example:
            >>> from nn import MLP, MSELoss, manual_seed
            >>> manual_seed(0)
            >>> picture = MLP(2, [3], 1, "tanh").picture([1.0, 2.0], [[0.5]], MSELoss())
            >>> picture
            Network 2 → 3 (tanh) → 1, forwards for one example: output ...
            >>> picture.backwards
            Network 2 → 3 (tanh) → 1, backwards for one example: gradient of the output ...
        """
        from nn.pictures.columns import MOST_EXAMPLES, NotColumnsError, read
        from nn.pictures.picture import NetworkPicture

        model: Any = self
        refuse_masked("picture", x)
        examples = np.asarray(getattr(x, "data", x), np.float64)
        if examples.ndim not in (1, 2) or not examples.size:
            raise ShapeError(
                f"picture: needs one example (inputs,) or several (N, inputs), but got "
                f"{examples.shape}. draw(model(x)) shows the operations of any model."
            )
        if loss is not None:
            check_loss("picture", "outputs and y, such as nn.MSELoss()", loss)
        several = np.atleast_2d(examples)
        if len(several) > MOST_EXAMPLES:
            raise ValueError(
                f"picture: draws one example or the mean of {MOST_EXAMPLES:,} at most, but got "
                f"{len(several):,}."
            )
        try:
            reading = read(model, several, y, loss)
        except NotColumnsError as err:
            raise NotColumnsError(
                f"picture: {type(self).__name__} is no row of layers: {err}. draw(model(x)) shows "
                "its operations."
            ) from err
        return NetworkPicture(model, reading, names)
