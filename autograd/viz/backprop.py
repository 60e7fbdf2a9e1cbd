"""`backprop`: a backward pass to play, to print, to index and to save."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any
from warnings import warn

import numpy as np

from autograd.anomalies import detect_anomaly
from autograd.checks import came, check_int
from autograd.source_lines import record_lines
from autograd.tensor import Tensor
from autograd.viz import exercise
from autograd.viz.animate import animation
from autograd.viz.draw import Drawing
from autograd.viz.function_call import run
from autograd.viz.outline import NamedSteps
from autograd.viz.player.embed import page
from autograd.viz.player.page import fragment
from autograd.viz.player.picture import frames, picture_of
from autograd.viz.saving import Writers, save_by_suffix
from autograd.viz.steps import Pass
from autograd.viz.text import printable
from autograd.viz.tikz import tex_caption, to_tikz
from autograd.viz.trace import is_node

if TYPE_CHECKING:
    from autograd.arrays import Array


class Backprop(Pass):
    """A backward pass that was run: the sequence of its steps. Made by `backprop`.

    Printed, it reads like a worked exercise: the forward values, every step, the gradients. A
    notebook shows it as a page to step through, which `save` writes to a file.

    Attributes:
        root: The node that was differentiated.
        nodes: Every node the root was made from, each after its parents; the root is last.
        names: What each node is called. An unnamed constant has no entry: it is its number.
        abbreviated: For each name that is short for a long label or variable, that.
        values: What each node held; of a large array only its shape.
        gradients: For each leaf the pass reached, the gradient that this pass brought.
        expected: For each node the pass reached, how many contributions reach it.
        seed: The gradient of the root with respect to itself: 1, unless given.
        earlier: For each leaf that had a gradient before the pass, that gradient.
        lines: For each node whose line of code was recorded, that line.
    """

    @property
    def named(self) -> NamedSteps:
        """The pass along the variables that have names; empty of Tensors.

        What lies between two named variables is taken together as one factor, ∂z/∂x, as a lecture
        steps through a derivation.
        """
        return NamedSteps(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the pass to a file.

        Args:
            path: Its ending says what is written: .html (a page to step through), .svg (a picture
                that moves), .txt (the worked exercise), .tex (TikZ, a picture for each step), or
                .png, .pdf, .dot, .md (the picture with all gradients, as `draw` saves it).

        Raises:
            ValueError: path has another ending.
            OSError: The file cannot be written; what was there before stays.
        """
        title = printable(f"Backpropagation of {exercise.name_text(self.names[self.root])}")
        with np.errstate(all="ignore"):  # a page does not warn of numbers that are there already
            picture = picture_of(self)
            writers: Writers = {
                ".html": lambda: page(title, fragment(self, picture, str(self))),
                ".svg": lambda: animation(self, picture),
                ".txt": lambda: f"{self}\n",
                ".tex": lambda: to_tikz(
                    [
                        (frame.scene, tex_caption(frame.caption, frame.formula))
                        for frame in frames(self, picture)
                    ]
                ),
            }
            save_by_suffix(path, Drawing(picture.graph).writers() | writers)

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """What `save` was called in version 0.1, for a page."""
        warn("Backprop.to_html is called save now.", DeprecationWarning, stacklevel=2)
        self.save(path)

    def to_svg(self, path: str | os.PathLike[str]) -> None:
        """What `save` was called in version 0.1, for a picture that moves."""
        warn("Backprop.to_svg is called save now.", DeprecationWarning, stacklevel=2)
        self.save(path)

    def __str__(self) -> str:
        return exercise.whole_text(self)

    def __repr__(self) -> str:
        name = self.names[self.root]
        return f"<Backprop of {name}: {len(self)} steps through {len(self.nodes)} nodes>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        with np.errstate(all="ignore"):
            picture, text = picture_of(self), str(self)
            html = fragment(self, picture, text)
            return {"text/html": html, "image/svg+xml": picture.svg, "text/plain": text}


def backprop(
    root: Any,
    *inputs: Any,
    gradient: Any = None,
    lines: record_lines | detect_anomaly | None = None,
    depth: int | None = None,
) -> Backprop:
    """Run `root.backward()` and return its steps, to play in a notebook, to print, to index.

    The pass runs once, now. Looking at the result afterwards changes nothing.

    Args:
        root: A Value or a Tensor. Nodes are called by their labels, or by the names of the
            caller's variables; the others v1, v2, …

            Or a function written with NumPy or with our operations, which is called with the
            inputs: its floats, and arrays of floats, become Values and Tensors, and nodes are
            called as the function calls them. The lines that made them are shown, too.
        *inputs: Of a function, its arguments: numbers, arrays, or lists, tuples and dicts of them.
            What is no float (a count, a text, an array of labels) stays as it is.
        gradient: For a Tensor root with several elements, the weight of each, as in `backward`.
        lines: The `record_lines()` under which root was computed, to show what line made a node.
        depth: Show each module as one box, to so many parts of its name, as `draw` does. Without
            it, only compositions such as softmax and sums of many terms are boxes; 0 opens those,
            too. Steps inside of a closed box count as one, where the pass is printed or played;
            the sequence itself has all steps of the engine.

    Raises:
        TypeError: root is neither a node nor a function that returns one, lines is something
            else, or a gradient is given for a Value.
        GraphError: nothing root was computed from requires a gradient.
        ShapeError: root has several elements and no gradient is given, or one of another shape.

    Example:
        >>> from autograd import Value, backprop
        >>> x, y = Value(3.0), Value(2.0)
        >>> z = x * y + x
        >>> print(backprop(z))
        Backpropagation of z: 4 steps through 4 nodes
        <BLANKLINE>
        ...
        >>> x.grad
        3.0

        A function of NumPy's:

        >>> import numpy as np
        >>> def f(x, y):
        ...     product = x * y
        ...     return np.tanh(product) + x
        >>> steps = backprop(f, 0.5, 2.0)
        >>> steps[-1].node_name, [round(gradient, 3) for gradient in steps.gradients.values()]
        ('product', [1.84, 0.21])
    """
    frame = sys._getframe(1)
    if callable(root) and not is_node(root):
        root, frame, lines = run(root, inputs, lines, frame)
    elif inputs:
        gradient, *rest = inputs if gradient is None else (gradient, *inputs)
        if rest:
            raise TypeError("backprop: inputs are for a function, but got a node.")
    if not is_node(root):
        raise TypeError(f"backprop: needs a Value, a Tensor or a function, but got {came(root)}.")
    if isinstance(root, Tensor):
        seed: float | Array = root._seed(gradient)
    elif gradient is None:
        seed = 1.0
    else:
        raise TypeError("backprop: gradient= is for a Tensor; a Value's is always 1.")
    if lines is not None and not isinstance(lines, (record_lines, detect_anomaly)):
        raise TypeError(
            "backprop: lines needs what `with record_lines() as lines:` gives, but got "
            f"{came(lines)}."
        )
    if depth is not None:
        check_int("backprop", "depth", depth, least=0)
    steps = Backprop(root, seed, frame, lines.lines if lines else None)
    steps.depth = depth
    return steps
