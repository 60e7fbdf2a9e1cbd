"""The safetensors format: named arrays as bytes, and back, with nothing taken on trust.

Eight bytes hold the length of the header, little-endian; the header is JSON, for each name its
dtype, shape and the places of its first and last byte; then come the numbers, row by row, without
gaps. Source: https://huggingface.co/docs/safetensors (format description).
"""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nn.operands import shown

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2"}
DTYPES |= {"I8": "|i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1"}
NAMES = {np.dtype(numpys): name for name, numpys in DTYPES.items()}

METADATA = "__metadata__"
"""The one name in a header that is no array's."""

LONGEST_HEADER = 2**20
"""In bytes: room for about ten thousand arrays. A longer one is not even read."""

_MOST_AXES = 64  # NumPy's own limit
_MOST_DIGITS = 19  # of a number in a header: those of 2**63
_LONG_NUMBER = re.compile(rf"[0-9]{{{_MOST_DIGITS + 1}}}")


class FileError(ValueError):
    """A file that is not what it should be.

    Example:
        >>> import pathlib, tempfile, nn
        >>> with tempfile.TemporaryDirectory() as folder:  # doctest: +ELLIPSIS
        ...     path = pathlib.Path(folder) / "net.safetensors"
        ...     size = path.write_bytes(b"no numbers")
        ...     nn.load(path)
        Traceback (most recent call last):
        nn.safetensors.FileError: ...
    """


class Place(NamedTuple):
    """Where the numbers of an array lie, from the end of the header on, and what they are."""

    start: int
    end: int
    dtype: str
    shape: list[int]


def encode(arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> bytes:
    """The file that holds these arrays.

    Raises:
        TypeError: An array has numbers of a type that the format has no name for.
        ValueError: A name is the one that the format keeps for itself, or the names and shapes
            need more than `LONGEST_HEADER`.

    Example:
        >>> decode(encode({"w": np.ones(2)}, {"by": "hand"}), "demo")
        ({'w': array([1., 1.])}, {'by': 'hand'})
    """
    header: dict[str, Any] = {METADATA: dict(metadata)} if metadata else {}
    parts: list[bytes] = []
    start = 0
    for name, array in arrays.items():
        dtype = array.dtype.newbyteorder("<")
        if name == METADATA:
            raise ValueError(
                f"save: no parameter can be named {METADATA!r}, which the format keeps for what is "
                "said of the file. Give it another name."
            )
        if dtype not in NAMES:
            raise TypeError(
                f"save: {shown(name)} has numbers of the type {array.dtype}, which the "
                "format does not know. Convert them, to float64 for example."
            )
        parts.append(array.astype(dtype, copy=False).tobytes())
        end = start + len(parts[-1])
        places = {"shape": list(array.shape), "data_offsets": [start, end]}
        header[name] = {"dtype": NAMES[dtype], **places}
        start = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # so that the numbers begin at a multiple of 8
    if len(text) > LONGEST_HEADER:
        raise ValueError(
            f"save: the names and shapes of {len(arrays):,} arrays need {len(text):,} bytes, and "
            f"there is room for {LONGEST_HEADER:,}. Put small parameters together into larger ones."
        )
    return len(text).to_bytes(8, "little") + text + b"".join(parts)


def decode(content: bytes, name: str) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """`read` of the content of a file."""
    return read(io.BytesIO(content), name)


def read(file: BinaryIO, name: str) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays and the metadata in a file.

    The header is checked to the end before memory is taken for an array, and then each is read
    into its own: all in all, little more than the size of the file.

    Args:
        file: Open for reading bytes.
        name: What errors call it.

    Raises:
        FileError: the content breaks a rule of the format, or has numbers of an unknown type.
    """
    if not file.seekable():  # a pipe does not say how long it is
        file = io.BytesIO(file.read())
    try:
        places, metadata = _header(file)
        arrays = {
            key: _array(file, key, place)
            for key, place in sorted(places.items(), key=lambda item: item[1][:2])
        }
    except (ValueError, OverflowError, RecursionError) as err:
        raise FileError(
            f"load: {name!r} is no safetensors file that can be read: {shortened(err)}."
        ) from err
    return {key: arrays[key] for key in places}, metadata


def parsed(text: str) -> Any:
    """What JSON says, if it says it in numbers that a computer counts with, and no name twice."""
    careful = _count if _LONG_NUMBER.search(text) else None
    return json.loads(text, object_pairs_hook=_no_name_twice, parse_int=careful)


def shortened(said: object, most: int = 300) -> str:
    """A message, of which what a file says may have made too much to read."""
    text = str(said)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _header(file: BinaryIO) -> tuple[dict[str, Place], dict[str, str]]:
    """Where each array lies, checked, and the metadata. The numbers are what is read next."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > size - 8:
        raise ValueError("it is cut short, or is something else")
    if length > LONGEST_HEADER:
        raise ValueError(f"its header has {length:,} bytes, more than {LONGEST_HEADER:,}")
    header = parsed(file.read(length).decode())
    if not isinstance(header, dict):
        raise ValueError("its header is not a table of names")
    metadata = header.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise ValueError("its metadata are not texts")
    size -= 8 + length
    places = {key: _place(key, entry, size) for key, entry in header.items()}
    # Sorted, each begins where the one before ends: no gap hides bytes, no two arrays overlap.
    bounds = sorted(place[:2] for place in places.values())
    if [*(start for start, _ in bounds), size] != [0, *(end for _, end in bounds)]:
        raise ValueError("its arrays do not follow one another to the end of the file")
    return places, metadata


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a name comes twice in its header")
    return table


def _count(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:  # to read it would take time in proportion to their square
        raise ValueError(f"it has a number of {len(digits):,} digits")
    return int(digits)


def _place(key: str, entry: Any, size: int) -> Place:
    """Where an array begins and ends, its dtype and its shape, which must agree."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{shown(key)} is not described by dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ValueError(f"{shown(key)} has numbers of the type {shown(dtype)}")
    if not _are_counts(shape, _MOST_AXES) or not _are_counts(offsets, 2) or len(offsets) != 2:
        raise ValueError(f"{shown(key)} has shape {shown(shape)} and places {shown(offsets)}")
    start, end = offsets
    place = Place(start, end, DTYPES[dtype], shape)
    needed = math.prod(shape) * np.dtype(place.dtype).itemsize
    if not start <= end <= size or end - start != needed:
        raise ValueError(
            f"{shown(key)} of shape {shown(shape)} is not what lies at {offsets} of {size} bytes"
        )
    return place


def _are_counts(numbers: Any, most: int) -> bool:
    return (
        isinstance(numbers, list)
        and len(numbers) <= most
        and all(type(n) is int and n >= 0 for n in numbers)
    )


def _array(file: BinaryIO, key: str, place: Place) -> NDArray[Any]:
    """The next array of the file."""
    array = np.empty(place.shape, place.dtype)
    raw = array.reshape(-1).view(np.uint8)
    if file.readinto(raw) != raw.size:  # type: ignore[attr-defined]
        raise ValueError("it is cut short")
    if array.dtype == bool and raw.size and raw.max() > 1:
        raise ValueError(f"{shown(key)} has truth values other than 0 and 1")
    return array
