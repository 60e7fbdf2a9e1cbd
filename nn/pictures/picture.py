"""`model.picture(x)`: a network as circles and lines, forwards and backwards."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from autograd.viz.draw import Drawing, draw
from autograd.viz.player.drawing import State, states_fragment
from autograd.viz.player.embed import page
from autograd.viz.saving import Shown, Writers
from autograd.viz.scene import Scene
from nn.pictures.columns import Reading, as_read
from nn.pictures.network import MOST, Look, Side, drawn_neurons, network_scene, short
from nn.pictures.neuron import Nodes, neuron_drawing, neuron_nodes

if TYPE_CHECKING:
    from nn.pictures.columns import Learner


class NetworkPicture(Shown):
    """A network as circles and lines; a notebook shows it. Made by `model.picture(x)`.

    Its `repr` is the picture in words, its `svg` the picture as SVG.
    """

    def __init__(
        self,
        model: Learner,
        reading: Reading,
        names: tuple[Sequence[str], Sequence[str]] = ((), ()),
        shows: Side = "values",
    ) -> None:
        self._model, self._reading, self._names = model, reading, names
        self._shows: Side = shows

    @property
    def backwards(self) -> NetworkPicture:
        """The same with the gradients of the loss, in the circles and along the lines.

        Raises:
            ValueError: there is no loss.
        """
        if self._reading.loss is None:
            raise ValueError("picture: needs a loss to go backwards: model.picture(x, y, loss).")
        return NetworkPicture(self._model, self._reading, self._names, "grads")

    @property
    def _scene(self) -> Scene:
        columns = self._reading.columns
        most = max(len(drawn_neurons(c.width)) + (c.width > MOST) for c in columns)
        inputs, out = self._names
        inputs = inputs or ([f"x{i + 1}" for i in range(columns[0].width)] if most <= MOST else ())
        look = Look(
            width=190.0 * (len(columns) - 1) + 190.0,
            height=max(210.0, min(700.0, 50.0 * most + 90.0)),
            shows=self._shows,
            names=(inputs, out),
        )
        return network_scene(columns, look)

    def writers(self) -> Writers:
        """What gives the contents of a file, for each ending; .html is a page to go to and fro."""
        title, states = type(self._model).__name__, self._states
        return super().writers() | {
            ".html": lambda: page(title, states_fragment(states(), self._operations()))
        }

    def neuron(self, layer: int, number: int) -> Drawing:
        """The operations of one neuron, with its numbers and, with a loss, their gradients.

        On the picture's page, a click on a neuron shows them.

        Args:
            layer: 1 is the first after the inputs.
            number: Of the neuron in its layer, from 1.

        Raises:
            ValueError: there is no such neuron, the picture is of several examples, the model has
                more than 5,000 parameters, or the neuron more than 16 inputs.

        Example:
            >>> from nn import MLP, MSELoss, manual_seed
            >>> manual_seed(0)
            >>> picture = MLP(2, [3], 1, "tanh").picture([1.0, 2.0], [[0.5]], MSELoss())
            >>> picture.neuron(1, 2)
            Computation graph of 10 nodes (5 leaves, 5 operations). ... Output: h1_2 = tanh, ...
        """
        columns = self._reading.columns
        if not (1 <= layer < len(columns) and 1 <= number <= columns[layer].width):
            raise ValueError(f"picture: there is no neuron {number} of layer {layer}.")
        return neuron_drawing(self._model, self._reading, self._nodes, layer, number)

    @cached_property
    def _nodes(self) -> Nodes:
        return neuron_nodes(self._model, self._reading)

    def _operations(self) -> dict[str, tuple[str, str]]:
        """For each neuron that is drawn its operations, in words and as SVG, or why not."""
        found = {}
        for k, column in enumerate(self._reading.columns[1:], start=1):
            for j in drawn_neurons(column.width):
                try:
                    drawing = self.neuron(k, j + 1)
                except ValueError as err:
                    found[f"h{k}.{j}"] = (str(err), "")
                else:
                    found[f"h{k}.{j}"] = (repr(drawing), drawing.svg)
        return found

    def _states(self) -> list[State]:
        """Forwards, backwards if there is a loss, and the operations."""
        forwards = NetworkPicture(self._model, self._reading, self._names)
        found = [State("Forwards", repr(forwards), forwards.svg)]
        if self._reading.loss is not None:
            found.append(State("Backwards", repr(self.backwards), self.backwards.svg))
            if self._shows == "grads":
                found.reverse()
        root = self._reading.loss if self._reading.loss is not None else self._reading.output
        for node in root if isinstance(root, list) else [root]:
            with as_read(self._model, self._reading):
                drawing = draw(node, {"model": self._model})
            return [*found, State("Operations", repr(drawing), drawing.svg)]
        return found

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        html = states_fragment(self._states(), self._operations())
        return {"text/html": html, "image/svg+xml": self.svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        columns = self._reading.columns
        parts = [str(columns[0].width)]
        parts += [f"{c.width}{f' ({c.activation})' * bool(c.activation)}" for c in columns[1:]]
        rows = len(columns[0].values)
        of = "one example" if rows == 1 else f"the mean of {rows} examples"
        out = columns[-1].values if self._shows == "values" else columns[-1].grads
        said = ", ".join(short(float(v)) for v in (() if out is None else out.mean(axis=0)[:6]))
        more = ", …" * (columns[-1].width > 6)
        way = "forwards" if self._shows == "values" else "backwards"
        what = "output" if self._shows == "values" else "gradient of the output"
        return f"Network {' → '.join(parts)}, {way} for {of}: {what} {said}{more}."
