"""A page that trains the user's own program: see `playground`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.checks import check_loss, kind
from autograd.errors import CompileError
from autograd.viz.player.embed import embedded, file_text, page, script_of, to_json
from autograd.viz.saving import save_by_suffix
from autograd.viz.svg import dark_rules, to_svg
from nn.data import pair
from nn.datasets.dataset import Dataset
from nn.layers import Dropout, Dropout2d
from nn.module import Module, buffers_of
from nn.operands import check_one_number, numbers
from nn.pictures.network import drawn_neurons, network_scene, pens
from nn.pictures.plane import POINTS, SHADES
from nn.training.evaluation import Loss
from nn.training.printed import PrintedStep, printed_outputs, printed_step
from nn.training.stage import Stage, check_finite
from optim import UpdateRule

if TYPE_CHECKING:
    from autograd.arrays import Array

MOST_RUNS = 4
"""So many lines in one plot can be told apart."""

_SCRIPTS = (
    "view.css", "film.css", "elements.js", "view.js", "panel.js", "charts.js", "network.js",
    "playground.js",
)  # fmt: skip
_SIDES = {"left", "right", "bottom", "top", "size"}

__all__ = ["Playground", "playground"]


def playground(
    model: Module,
    data: Dataset | tuple[Any, Any],
    loss: Loss,
    optimizer: UpdateRule | Mapping[str, UpdateRule],
) -> Playground:
    """A page in which the model trains, without Python: run, pause, step, reset, and sliders.

    The program that trains is the one given: the compiler prints a whole step, from the loss to the
    optimizer's update, as JavaScript, for batches of any size. It goes on from the weights that the
    model has now, and from what the optimizer keeps. Sliders set the rate, the batch size,
    noise on the inputs, which part of the examples is held out, and the seed; the address of the
    page holds them. It shows the network, whose lines are weights, and the losses. Of points in the
    plane, (N, 2), it shows each class's region, those held out hollow, and in each circle what its
    neuron makes of the plane; of images the weights of the first layer as images.

    Several optimizers are compared side by side: each trains the model from the same weights on
    the same batches, and their losses stand in one plot.

    Args:
        model: What learns.
        data: The examples, a pair ``(x, y)`` or a Dataset.
        loss: Called as loss(model(x), y).
        optimizer: Made with ``model.parameters()``; or up to four of them by name, such as
            ``{"small": …, "large": …}``. Of several groups the slider moves all rates alike.

    Returns:
        A notebook shows it; `save(path)` writes the page.

    Raises:
        CompileError: something cannot be printed: Dropout, running averages, comparisons of
            numbers, a rule whose first step is another formula than the next, or one that does not
            change all parameters of the model. `nn.watch` films any training.
        TypeError: an argument is something else, or the loss is no number of autograd.
        ShapeError: the loss is an array of several numbers.
        ValueError: x or y is not finite somewhere; the model has no parameters; there are no
            optimizers or more than four, one has no name, or some have taken more steps than
            others.

    Example:
        >>> import nn, optim
        >>> nn.manual_seed(0)
        >>> model, (x, y) = nn.MLP(2, [4], 1, "tanh"), nn.datasets.moons(40)
        >>> data, loss = (x, y.reshape(-1, 1)), nn.BCEWithLogitsLoss()
        >>> playground(model, data, loss, optim.Adam(model.parameters(), lr=0.03))
        Playground(MLP, 40 examples, Adam)
        >>> rates = {"small": 0.01, "stable": 0.5, "large": 50.0}
        >>> rules = {name: optim.SGD(model.parameters(), lr) for name, lr in rates.items()}
        >>> playground(model, data, loss, rules)
        Playground(MLP, 40 examples, SGD: small, stable, large)
    """
    if not isinstance(model, Module):
        raise TypeError(f"playground: needs a Module, then the data, but got {kind(model)} first.")
    check_loss("playground", "outputs and y, such as nn.MSELoss()", loss)
    rules = optimizer if isinstance(optimizer, Mapping) else {"": optimizer}
    for name, rule in rules.items():
        if not isinstance(rule, UpdateRule):
            raise TypeError(
                f"{_who(name)}: needs an update rule of optim, or several by their names, but got "
                f"{kind(rule)}."
            )
        if not isinstance(name, str):
            raise TypeError(f"playground: names of optimizers need to be texts, but got {name!r}.")
        if rules is optimizer and not name.strip():
            raise ValueError("playground: an optimizer needs a name, but got an empty one.")
    if not 1 <= len(rules) <= MOST_RUNS:
        raise ValueError(f"playground: compares 1 to {MOST_RUNS} optimizers, but got {len(rules)}.")
    return Playground(model, data, loss, rules)


def _who(name: object) -> str:
    """Who says that an optimizer cannot be used."""
    return f"playground: {name!r}" if name != "" else "playground"


class Playground:
    """A page that trains. Made by `nn.playground`.

    Attributes:
        code: The program in JavaScript.
    """

    def __init__(
        self, model: Module, data: Any, loss: Loss, rules: Mapping[str, UpdateRule]
    ) -> None:
        x, y = pair("playground", data)
        x, y = np.asarray(numbers(x), np.float64), np.asarray(numbers(y))
        check_finite("playground", x, y)
        _check_same_in_every_call(model)
        for name, rule in rules.items():
            _check_learns_all(model, rule, _who(name))
        total = loss(model(x), y)  # whatever is wrong with the examples is said now
        check_one_number("playground", total)
        self._name, self._rules, self._count = type(model).__name__, rules, len(x)
        steps, targets = _steps_and_targets(model, loss, rules, x, y)
        programs, runs = list(dict.fromkeys(step.text for step in steps)), _runs(rules)
        for run, step in zip(runs, steps, strict=True):
            run["program"] = programs.index(step.text)
        stage = Stage(model, x, y, data if isinstance(data, Dataset) else None, None)
        starts = ", ".join(step.settings for step in steps)
        self.code = (
            f"const programs = [{', '.join(programs)}];\nconst starts = [{starts}];\n"
            f"{_printed_views(stage)}"
        )
        self._data = {
            "x": np.ravel(x).tolist(), "y": np.ravel(targets).astype(float).tolist(),
            "rows": len(x), "runs": runs, "map": None, "spread": float(x.std()),
        }  # fmt: skip
        self._site: dict[str, Any] = {
            "title": f"{self._name} trained by {self._kinds}{self._names}", "rows": len(x),
            "runs": [{"name": run["name"], "lr": run["lr"]} for run in runs],
            "from": runs[0]["t"], "batch": min(32, len(x)), "test": 0.2 if len(x) >= 20 else 0.0,
            "plane": None, "network": _network(stage),
            "what": f"the loss, the model and {self._kinds} as JavaScript",
        }  # fmt: skip
        if (plane := stage.plane) is not None:
            across, up = plane.sides
            self._site["plane"] = {
                "size": POINTS, "colors": [*SHADES], "kinds": plane.signs, "names": [*plane.names],
                "left": float(across[0]), "right": float(across[-1]),
                "bottom": float(up[0]), "top": float(up[-1]),
            }  # fmt: skip
            self._data["map"] = {k: v for k, v in self._site["plane"].items() if k in _SIDES}

    @property
    def _kinds(self) -> str:
        """The names of the update rules, each once."""
        return ", ".join(dict.fromkeys(type(rule).__name__ for rule in self._rules.values()))

    @property
    def _names(self) -> str:
        return f": {', '.join(self._rules)}" if len(self._rules) > 1 else ""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file whose name ends in .html.

        Raises:
            ValueError: path has another ending.
            OSError: The file cannot be written; what was there before stays.
        """
        title = self._site["title"]
        save_by_suffix(path, {".html": lambda: page(title, self._fragment(), worker=True)})

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self._fragment(), "text/plain": repr(self)}

    def _fragment(self) -> str:
        """A piece of HTML: the programs run in a worker, and a script shows what they do."""
        trainer = "\n".join(map(file_text, ("trainer.js", "worker.js")))
        code = f"const data = {to_json(self._data)};\n{self.code}\n{trainer}"
        fallback = f"<p>{escape(self._site['title'])}. It trains where scripts run.</p>"
        dark = dark_rules(":host([data-theme=dark]) ")
        return embedded(
            fallback, script_of(_SCRIPTS, "site", self._site | {"code": code}, style=dark)
        )

    def __repr__(self) -> str:
        return f"Playground({self._name}, {self._count} examples, {self._kinds}{self._names})"


def _runs(rules: Mapping[str, UpdateRule]) -> list[dict[str, Any]]:
    """What each run begins with: its name, its rate, and how many steps it has taken."""
    runs: list[dict[str, Any]] = []
    for name, rule in rules.items():
        states: Any = rule.state_dict()["state"]
        steps = max(count for state in states for count in state["steps"])
        if steps != (runs[0]["t"] if runs else steps):
            raise ValueError(
                f"{_who(name)}: has taken {steps} steps, but {runs[0]['name']!r} {runs[0]['t']}. "
                "What is compared begins at the same one."
            )
        runs.append({"name": name, "lr": float(rule.param_groups[0]["lr"]), "t": steps})
    return runs


def _printed_views(stage: Stage) -> str:
    """What computes in the page what it shows beside the losses; nothing if there is nothing."""
    plane, columns = stage.plane, stage.network() is not None
    if plane is None and not columns:
        return ""
    points = stage.sample if plane is None else plane.grid()
    return printed_outputs(stage.model, points, plane, columns)


def _network(stage: Stage) -> dict[str, Any] | None:
    """The network as it is drawn at the start, and what of it is where in the printed results."""
    found = stage.network()
    if found is None:
        return None
    columns, look = found
    if stage.plane is None:
        look = replace(look, numbers=False)
    known, place = pens(columns), int(stage.plane is not None)
    layers = []
    for before, column, thickest in zip(columns, columns[1:], known.pop("thickest"), strict=False):
        layers.append({
            "width": column.width, "inputs": before.width, "thickest": thickest,
            "from": drawn_neurons(before.width), "to": drawn_neurons(column.width),
            "values": place, "weights": place + 1,
            "biases": -1 if column.bias is None else place + 2,
        })  # fmt: skip
        place += 2 + (column.bias is not None)
    svg = to_svg(network_scene(columns, look), "The network: weights are lines")
    image = stage.image_shape if stage.is_images and stage.plane is None else None
    return {"svg": svg, "layers": layers, "image": image, "shades": SHADES[:2], **known}


def _check_learns_all(model: Module, optimizer: UpdateRule, who: str) -> None:
    """What trains in the page is the model, all of it."""
    learnt = {id(p) for group in optimizer.param_groups for p in group["params"]}
    owned = [*model.named_parameters()]
    if not owned:
        raise ValueError(f"{who}: {type(model).__name__} has no parameters that could be trained.")
    for name, p in owned:
        if id(p) not in learnt or not p.requires_grad:
            raise CompileError(
                f"{who}: trains all parameters of the model, but {name} is "
                f"{'frozen' if id(p) in learnt else 'not among those of the optimizer'}. nn.watch "
                "films the training."
            )
    if len(learnt) > len(owned):
        raise CompileError(
            f"{who}: trains the parameters of the model, but the optimizer has others, too. "
            "nn.watch films the training."
        )


def _check_same_in_every_call(model: Module) -> None:
    for module in model.modules():
        if isinstance(module, (Dropout, Dropout2d)) or buffers_of(module):
            raise CompileError(
                f"playground: {type(module).__name__} draws or keeps numbers in every step, which "
                "cannot be printed as JavaScript. nn.watch films the training."
            )


def _steps_and_targets(
    model: Module, loss: Loss, rules: Mapping[str, UpdateRule], x: Array, y: Array
) -> tuple[list[PrintedStep], Array]:
    """The printed steps; classes become shares where these are taken, too, and not the classes."""

    def printed(y: Array) -> list[PrintedStep]:
        return [printed_step(_who(name), model, loss, rule, x, y) for name, rule in rules.items()]

    try:
        return printed(y.astype(float) if y.dtype.kind == "b" else y), y
    except CompileError as err:
        if y.ndim != 1 or y.dtype.kind not in "iu":
            raise
        shares = np.eye(int(numbers(model(x)).shape[-1]))[y]
        try:
            both = [loss(model(x), targets).item() for targets in (shares, y)]
        except (TypeError, ValueError):
            raise err from None
        if not np.isclose(*both):
            raise err from None
        return printed(shares), shares
