"""`glassgrad demo`: a network learns to tell Fisher's irises apart, and one neuron is drawn."""

from __future__ import annotations

import importlib.util
import pathlib
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import Value, draw
from nn import MLP, CrossEntropyLoss, History, accuracy, fit, plots
from nn.data import Batches, Standardizer, split
from nn.datasets import iris
from optim import SGD


def main(folder: pathlib.Path | None = None) -> int:
    """Train an MLP on Iris, print its accuracy, and write two pictures.

    Args:
        folder: Where to; made if it is not there. By default `glassgrad-demo`.

    Returns:
        The exit status: 0, or 2 where tqdm or matplotlib is missing.

    Raises:
        ValueError: it is a file.
    """
    missing = [name for name in ("tqdm", "matplotlib") if importlib.util.find_spec(name) is None]
    if missing:
        print(
            f'demo: needs {" and ".join(missing)}: pip install "glassgrad[notebook]"',
            file=sys.stderr,
        )
        return 2
    folder = pathlib.Path("glassgrad-demo") if folder is None else folder
    if folder.is_file():
        raise ValueError(f"demo: needs a folder for its pictures, but {str(folder)!r} is a file.")
    folder.mkdir(parents=True, exist_ok=True)

    flowers = iris()
    learnt_from, held_out = split(flowers, (0.8, 0.2), stratify=True, seed=0)
    scale = Standardizer(learnt_from.x)
    train = scale(learnt_from.x), learnt_from.y
    test = scale(held_out.x), held_out.y

    model = MLP(4, [8], 3, rng=np.random.default_rng(0))
    print(f"Learning from {len(learnt_from)} irises, with {len(held_out)} held out:\n{model}")
    optimizer = SGD(model.parameters(), lr=0.1)
    history = fit(
        model, CrossEntropyLoss(), Batches(train, 15), optimizer, epochs=60, validation=test
    )
    for name, (x, y) in (("train", train), ("held-out", test)):
        part = accuracy(model, (x, y))
        print(f"{name} accuracy: {round(part * len(y))} of {len(y)} ({part:.1%})")

    curve, picture = folder / "loss.svg", folder / "neuron.svg"
    save_curve(history, curve)
    draw(one_neuron(model, test[0][0], flowers.feature_names)).save(picture)
    print(f"Wrote {curve}: the loss after each epoch.")
    print(f"Wrote {picture}: a neuron of the hidden layer, looking at one flower.")
    return 0


def one_neuron(model: MLP, x: NDArray[np.float64], names: tuple[str, ...]) -> Value:
    """The hidden neuron that answers loudest to the flower x, with every product it is made of.

    Its gradients are those of the neuron itself, not of a loss.
    """
    linear, activation = model.scalars().layers[:2]
    inputs = [
        Value(number, label=name.removesuffix(" (cm)"))
        for number, name in zip(x, names, strict=True)
    ]
    outputs: Any = activation(linear(inputs))
    loudest: Value = max(outputs)
    loudest.label = f"hidden neuron {list(outputs).index(loudest)}"
    model.zero_grad()  # the last training step has left its gradients
    loudest.backward()
    return loudest


def save_curve(history: History, path: pathlib.Path) -> None:
    """Draw both losses against the epoch."""
    from matplotlib.figure import Figure  # not pyplot, which would open windows

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = plots.losses(history, figure.subplots())
    axes.set_title("Cross-entropy on Iris")
    figure.savefig(path)
