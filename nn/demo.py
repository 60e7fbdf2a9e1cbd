"""`glassgrad demo`: a network learns to tell Fisher's irises apart, and one neuron is drawn."""

from __future__ import annotations

import importlib.util
import pathlib
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd import Value, draw, no_grad
from nn import MLP, CrossEntropyLoss
from nn.datasets import Dataset, iris
from optim import SGD

SEED = 0
HELD_OUT_PER_CLASS = 10
EPOCHS = 60
BATCH = 15
LEARNING_RATE = 0.1


class Split(NamedTuple):
    """Examples to learn from, and examples held out to see whether the rule holds for others."""

    x: NDArray[np.float64]
    y: NDArray[np.int64]
    held_out_x: NDArray[np.float64]
    held_out_y: NDArray[np.int64]


def main(folder: pathlib.Path | None = None) -> int:
    """Train an MLP on Iris, print its accuracy, and write two pictures.

    Args:
        folder: Where to; made if it is not there. By default `glassgrad-demo`.

    Returns:
        The exit status: 0, or 2 where tqdm or matplotlib is missing.
    """
    missing = [name for name in ("tqdm", "matplotlib") if importlib.util.find_spec(name) is None]
    if missing:
        print(
            f'demo: needs {" and ".join(missing)}: pip install "glassgrad[notebook]"',
            file=sys.stderr,
        )
        return 2
    folder = pathlib.Path("glassgrad-demo") if folder is None else folder
    folder.mkdir(parents=True, exist_ok=True)

    rng = np.random.default_rng(SEED)
    flowers = iris()
    data = split(flowers, rng)
    model = MLP(data.x.shape[1], [8], len(flowers.class_names), rng=rng)
    print(f"Learning from {len(data.y)} irises, with {len(data.held_out_y)} held out:\n{model}")
    losses = train(model, data, rng)
    for name, x, y in (
        ("train", data.x, data.y),
        ("held-out", data.held_out_x, data.held_out_y),
    ):
        right = correct(model, x, y)
        print(f"{name} accuracy: {right} of {len(y)} ({right / len(y):.1%})")

    curve, picture = folder / "loss.svg", folder / "neuron.svg"
    save_curve(losses, curve)
    draw(one_neuron(model, data.held_out_x[0], flowers.feature_names)).save(picture)
    print(f"Wrote {curve}: the loss after each epoch.")
    print(f"Wrote {picture}: a neuron of the hidden layer, looking at one flower.")
    return 0


def split(flowers: Dataset, rng: np.random.Generator) -> Split:
    """Hold out ten flowers of each species; scale each feature to mean 0 and deviation 1.

    The scale is that of the flowers learnt from: nothing is known of the others.
    """
    x, y = flowers
    shuffled = rng.permutation(len(y))
    by_class = [shuffled[y[shuffled] == k] for k in range(len(flowers.class_names))]
    held_out = np.concatenate([rows[:HELD_OUT_PER_CLASS] for rows in by_class])
    rest = np.concatenate([rows[HELD_OUT_PER_CLASS:] for rows in by_class])
    x = (x - x[rest].mean(axis=0)) / x[rest].std(axis=0)
    return Split(x[rest], y[rest], x[held_out], y[held_out])


def train(model: MLP, data: Split, rng: np.random.Generator) -> NDArray[np.float64]:
    """Descend in mini-batches; returns the two losses after each epoch, (EPOCHS, 2)."""
    from tqdm import tqdm  # type: ignore[import-untyped]

    loss_of = CrossEntropyLoss()
    optimizer = SGD(model.parameters(), lr=LEARNING_RATE)
    losses = []
    epochs = tqdm(range(EPOCHS), desc="training", unit="epoch")
    for _ in epochs:
        for rows in batches(len(data.y), rng):
            loss = loss_of(model(data.x[rows]), data.y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with no_grad():
            seen = loss_of(model(data.x), data.y).item()
            unseen = loss_of(model(data.held_out_x), data.held_out_y).item()
        losses.append((seen, unseen))
        epochs.set_postfix(loss=f"{seen:.3f}", refresh=False)
    return np.array(losses)


def batches(n: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """The numbers 0 to n - 1 in random order, BATCH at a time."""
    order = rng.permutation(n)
    return (order[start : start + BATCH] for start in range(0, n, BATCH))


def correct(model: MLP, x: NDArray[np.float64], y: NDArray[np.int64]) -> int:
    """How many examples get the highest score for their own class."""
    with no_grad():
        return int(np.sum(model(x).data.argmax(axis=1) == y))


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


def save_curve(losses: NDArray[np.float64], path: pathlib.Path) -> None:
    """Draw both losses against the epoch."""
    from matplotlib.figure import Figure  # not pyplot, which would open windows

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    epochs = np.arange(1, len(losses) + 1)
    # Told apart by dashes too, so that the curves survive a black-and-white printer.
    axes.plot(epochs, losses[:, 0], color="#1b3a5b", label="learnt from")
    axes.plot(epochs, losses[:, 1], color="#c4571b", linestyle="--", label="held out")
    axes.set(
        title="Cross-entropy on Iris",
        xlabel="epoch",
        ylabel="loss (nats)",
        xlim=(1, len(losses)),
        ylim=(0, None),
    )
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path)
