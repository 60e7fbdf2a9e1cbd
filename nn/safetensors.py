"""The safetensors format: named arrays as bytes, and back, with nothing taken on trust.

Eight bytes hold the length of the header, little-endian; the header is JSON, for each name its
dtype, shape and the places of its first and last byte; then come the numbers, row by row, without
gaps. Source: https://huggingface.co/docs/safetensors (format description).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2"}
DTYPES |= {"I8": "|i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1"}
NAMES = {np.dtype(numpys): name for name, numpys in DTYPES.items()}


class FileError(ValueError):
    """A file that is not what it should be."""


def encode(arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> bytes:
    """The file that holds these arrays.

    Example:
        >>> decode(encode({"w": np.ones(2)}, {"by": "hand"}), "demo")
        ({'w': array([1., 1.])}, {'by': 'hand'})
    """
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    parts: list[bytes] = []
    start = 0
    for name, array in arrays.items():
        dtype = array.dtype.newbyteorder("<")
        parts.append(array.astype(dtype).tobytes())
        end = start + len(parts[-1])
        header[name] = {
            "dtype": NAMES[dtype],
            "shape": list(array.shape),
            "data_offsets": [start, end],
        }
        start = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # so that the numbers begin at a multiple of 8
    return len(text).to_bytes(8, "little") + text + b"".join(parts)


def decode(content: bytes, name: str) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays and the metadata in the content of a file; `name` is what errors call it.

    Raises:
        FileError: the content breaks a rule of the format, or has numbers of an unknown type.
    """
    try:
        header, data = _parts(content)
        metadata = header.pop("__metadata__", {})
        if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
            raise ValueError("its metadata are not texts")
        places: list[tuple[int, int]] = []
        arrays = {}
        for key, entry in header.items():
            start, end, dtype, shape = _checked(key, entry, len(data))
            places.append((start, end))
            arrays[key] = np.frombuffer(data[start:end], dtype).reshape(shape).copy()
        # Sorted, each begins where the one before ends: no gap hides bytes, no two arrays overlap.
        ends = [0, *(end for _, end in sorted(places))]
        if [*(start for start, _ in sorted(places)), len(data)] != ends:
            raise ValueError("its arrays do not follow one another to the end of the file")
    except (ValueError, OverflowError, RecursionError) as err:
        raise FileError(f"load: {name!r} is no safetensors file that can be read: {err}.") from err
    return arrays, metadata


def _parts(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The header, parsed, and the numbers."""
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > len(content) - 8:
        raise ValueError("it is cut short, or is something else")
    header = json.loads(content[8 : 8 + length], object_pairs_hook=_no_name_twice)
    if not isinstance(header, dict):
        raise ValueError("its header is not a table of names")
    return header, content[8 + length :]


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a name comes twice in its header")
    return table


def _checked(key: str, entry: Any, size: int) -> tuple[int, int, str, list[int]]:
    """Where an array begins and ends, its dtype and its shape, which must agree."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{key!r} is not described by dtype, shape and data_offsets")
    dtype = DTYPES.get(entry["dtype"]) if isinstance(entry["dtype"], str) else None
    if dtype is None:
        raise ValueError(f"{key!r} has numbers of the type {entry['dtype']!r}")
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not _are_counts(shape) or not _are_counts(offsets) or len(offsets) != 2:
        raise ValueError(f"{key!r} has shape {shape} and places {offsets}")
    start, end = offsets
    if not 0 <= start <= end <= size or end - start != math.prod(shape) * np.dtype(dtype).itemsize:
        raise ValueError(f"{key!r} of shape {shape} is not what lies at {offsets} of {size} bytes")
    return start, end, dtype, shape


def _are_counts(numbers: Any) -> bool:
    return isinstance(numbers, list) and all(type(n) is int and n >= 0 for n in numbers)
