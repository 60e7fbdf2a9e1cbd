"""Models in files: `save` and `load`, in the safetensors format.

The format holds names, types, shapes and numbers, and no program, so that reading a file runs
nothing: 8 bytes with the length of the header, the header as JSON, the numbers one after the other.
PyTorch and others read and write it. What `save` adds is how the model is made up, as JSON text in
the header's metadata, so that `load` can rebuild a model of this package's own layers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, BinaryIO

from numpy.typing import NDArray

from autograd.atomic_write import write_atomically
from autograd.checks import kind
from nn import (
    activations,
    attention,
    convolution,
    layers,
    normalisation,
    pooling,
    recurrent,
    recurrent_cells,
    reshaping,
)
from nn.containers import MLP, Sequential
from nn.module import Module
from nn.parameter import without_numbers
from nn.perceptron import Perceptron
from nn.safetensors import FileError, encode, parsed, read, shortened

CLASSES: dict[str, type[Module]] = {
    kind.__name__: kind
    for kind in (
        *activations.ACTIVATIONS.values(), attention.MultiheadAttention,
        attention.TransformerEncoderLayer, convolution.Conv1d, convolution.Conv2d,
        convolution.ConvTranspose1d, convolution.ConvTranspose2d, layers.Dropout, layers.Dropout2d,
        layers.Embedding, layers.Linear, MLP, normalisation.BatchNorm1d, normalisation.BatchNorm2d,
        normalisation.GroupNorm, normalisation.LayerNorm, normalisation.RMSNorm, Perceptron,
        pooling.AdaptiveAvgPool1d, pooling.AdaptiveAvgPool2d, pooling.AdaptiveMaxPool1d,
        pooling.AdaptiveMaxPool2d, pooling.AvgPool1d, pooling.AvgPool2d, pooling.MaxPool1d,
        pooling.MaxPool2d, recurrent.GRU, recurrent.LSTM, recurrent.RNN, recurrent_cells.GRUCell,
        recurrent_cells.LSTMCell, recurrent_cells.RNNCell, reshaping.Flatten, reshaping.Unflatten,
        reshaping.Upsample, reshaping.ZeroPad2d, Sequential,
    )
}  # fmt: skip
"""What a file may name: nothing else is ever made from one."""

_OTHERS = {".npy", ".npz", ".pt", ".pth", ".pkl", ".pickle", ".h5", ".keras", ".onnx", ".json"}
"""How the names of files of models in other formats end."""


def save(model: Module, path: str | os.PathLike[str]) -> None:
    """Write the numbers of a model to a file, and how it is made up where that can be told.

    It can for layers, activations and containers of this package. A module of your own, or an
    activation made of a function, is saved by its numbers alone; to load them pass the model.

    Args:
        model: Any module but a close-up.
        path: Usually ends in ".safetensors", and not as files of another format do. A file that is
            there is replaced, at once or not at all.

    Raises:
        TypeError: model is a close-up, or no Module; or has numbers of a type that the format
            does not know.
        ValueError: path ends in ".npz", ".pt" or the like; a parameter is named "__metadata__",
            which the format keeps for itself, or there are more than about ten thousand.
        FileNotFoundError: path lies in a folder that does not exist.

    Example:
        >>> import tempfile
        >>> from nn import MLP
        >>> model = MLP(2, [3], 1, "tanh")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(model, f"{folder}/model.safetensors")
        ...     twin = load(f"{folder}/model.safetensors")
        >>> bool((twin([1.0, 2.0]).data == model([1.0, 2.0]).data).all())
        True
    """
    if not isinstance(model, Module):
        raise TypeError(f"save: needs a Module, but got {kind(model)}.")
    arrays = model.state_dict()
    description = _description(model)
    if description is not None and not _describes(description, arrays):
        description = None  # such as a parameter that two layers share
    metadata = {} if description is None else {"glassgrad": json.dumps(description)}
    path = os.fspath(path)
    stem, suffix = os.path.splitext(os.fsdecode(path))
    if suffix.lower() in _OTHERS:
        raise ValueError(
            f"save: writes a safetensors file, which no reader of {suffix} files knows, but got "
            f"{path!r}. Name it {stem + '.safetensors'!r}."
        )
    folder = os.path.dirname(path)
    if folder and not os.path.isdir(folder):
        raise FileNotFoundError(f"save: there is no folder {folder!r}. Make it first.")
    write_atomically(path, encode(arrays, metadata))


def load(path: str | os.PathLike[str], model: Module | None = None) -> Module:
    """Read a model from a file that `save`, or another library, has written.

    Args:
        path: A safetensors file.
        model: What to load the numbers into: a model of the same build. None rebuilds it, if the
            file says how.

    Returns:
        The model; with the type of numbers in the file if it was rebuilt.

    Raises:
        FileError: it is not a safetensors file, it is cut short or contradicts itself, or it does
            not say how its model is made up and no model is given. Nothing was changed.
        ValueError: the given model has other parameters; see `Module.load_state_dict`.
        FileNotFoundError: there is none.

    Example:
        >>> import tempfile
        >>> from nn import Linear
        >>> layer = Linear(2, 1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(layer, f"{folder}/layer.safetensors")
        ...     load(f"{folder}/layer.safetensors")
        Linear(2 -> 1)
    """
    if isinstance(path, Module):
        raise TypeError("load: needs the path first, then the model: load(path, model).")
    with open(path, "rb") as file:
        return from_file(file, os.fspath(path), model)


def from_file(file: BinaryIO, name: str, model: Module | None = None) -> Module:
    """The model in an open file; `name` is what errors call it. Otherwise as `load`."""
    arrays, metadata = read(file, name)
    if model is not None:
        pairs = model._with_numbers(arrays)
        arrays.clear()
        while pairs:  # each array is forgotten as soon as its tensor has its numbers
            tensor, array = pairs.pop(0)
            tensor._load(array)
        return model
    if "glassgrad" not in metadata:
        raise FileError(
            f"load: {name!r} does not say how its model is made up. Make one and pass it: "
            "load(path, model)."
        )
    try:
        model, pairs = _rebuilt(parsed(metadata["glassgrad"]), arrays)
        for tensor, array in pairs:
            tensor._take_over(array)
    except (ValueError, TypeError, RecursionError) as err:
        raise FileError(
            f"load: {name!r} describes no model of its numbers: {shortened(err)}"
        ) from err
    return model


# --- how a model is made up ---------------------------------------------------------------------


def _description(module: Module) -> Any:
    """{"class": …, "arguments": …}, or None where that cannot say it."""
    arguments = module._arguments()
    if arguments is None or CLASSES.get(type(module).__name__) is not type(module):
        return None
    described: dict[str, Any] = {}
    for name, value in arguments.items():
        if isinstance(value, list):
            described[name] = [_description(module) for module in value]
            if None in described[name]:
                return None
        elif isinstance(value, Module):
            described[name] = _description(value)
            if described[name] is None:
                return None
        else:
            described[name] = value
    return {"class": type(module).__name__, "arguments": described}


def _describes(description: dict[Any, Any], arrays: dict[str, NDArray[Any]]) -> bool:
    try:
        _rebuilt(description, arrays)
    except (ValueError, TypeError):
        return False
    return True


def _rebuilt(
    description: Any, arrays: Mapping[str, NDArray[Any]]
) -> tuple[Module, list[tuple[Any, NDArray[Any]]]]:
    """The model of a description, still without numbers, and which array each tensor is to get."""
    with without_numbers():
        model = _made(description)
    return model, model._with_numbers(arrays)  # finds out whether the names and shapes are those


def _made(description: Any) -> Module:
    """The module of a description, with first numbers of its own."""
    if not isinstance(description, dict) or description.keys() != {"class", "arguments"}:
        raise ValueError("a module is described by its class and arguments, and by nothing else.")
    kind = CLASSES.get(description["class"])
    if kind is None:
        raise ValueError(f"{description['class']!r} is no layer of this package.")
    arguments = description["arguments"]
    if not isinstance(arguments, dict):
        raise ValueError(f"the arguments of {kind.__name__} are {arguments!r}.")
    made = {name: _argument(value) for name, value in arguments.items()}
    if not issubclass(kind, Sequential):
        return kind(**made)
    if made.keys() != {"modules"} or not isinstance(made["modules"], list):
        raise ValueError(f"{kind.__name__} needs a list of modules.")
    container = kind.__new__(kind)  # an MLP is kept as its layers, which may have been changed
    Sequential.__init__(container, *made["modules"])
    return container


def _argument(value: Any) -> Any:
    """A module, a list of modules, or a plain value as it is."""
    if isinstance(value, list):
        if value and all(type(part) in _NUMBERS for part in value):
            return tuple(value)  # of JSON, which has lists alone
        return [_made(part) for part in value]
    return _made(value) if isinstance(value, dict) else value


_NUMBERS = (int, float, type(None))
"""What a tuple among the arguments is made of."""
