"""Memories: which arrays of a bound program lie in which block of numbers, and what it is called.

The calls of a program read and write views. The array of five neurons' leaves is one block, its
weights a view with 5x2 numbers, the biases another. `Memories` finds the blocks, as small as they
can be such that each view lies in one, and says of a view where in its block it begins, and how far
its numbers are from each other.
"""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.array_utils import byte_bounds

from autograd.compiler.native.loops import FIXED, MADE, Memory, Number, Ref
from autograd.compiler.numpy_calls import Call
from autograd.compiler.relocation import arrays_in

if TYPE_CHECKING:
    from autograd.arrays import Array

Named = tuple["Array", str, str]
"""An array, what it is called, and what it holds."""

KINDS = ("f8", "f4", "i8", "i4", "u1", "b1")
"""The types of numbers that the printers know."""


_WORDS = """
i j k l m n o p q r s t sum all out main number abs auto break case char const continue default do
double else enum extern float for goto if inline int long register restrict return short signed
sizeof static struct switch typedef union unsigned void volatile while bool true false class delete
export function import in instanceof let new null super this throw try typeof var with yield await
async of arguments eval Math exp log tanh sin cos tan sqrt pow floor ceil fabs maximum minimum sign
square forward backward gamma y0 y1 yn j0 j1 jn index
asin acos atan atan2 sinh cosh asinh acosh atanh exp2 expm1 log2 log10 log1p logb ilogb ldexp frexp
modf scalbn scalbln cbrt hypot erf erfc lgamma tgamma nearbyint rint round lrint llrint lround
llround trunc fmod remainder remquo nan nextafter nexttoward fdim fmax fmin fma copysign signbit
isnan isinf isfinite isnormal fpclassify NAN INFINITY HUGE_VAL EOF NULL BUFSIZ FILE errno printf
scanf puts stdin stdout stderr remove rename exit memcpy memset malloc free asm unix linux
reciprocal power NaN Infinity Number undefined enum implements interface package private protected
public Array Float64Array Float32Array Int32Array Uint8Array Object Symbol JSON RangeError Boolean
settings clipped clearerr fclose feof ferror fflush fgetc fgetpos fgets fopen fputc fputs fread
freopen fseek fsetpos ftell fwrite getc getchar gets perror putc putchar rewind setbuf setvbuf
tmpfile tmpnam ungetc fprintf sprintf snprintf vprintf vfprintf vsprintf vsnprintf fscanf sscanf
vscanf vfscanf vsscanf float_t double_t fpos_t size_t math_errhandling HUGE_VALF HUGE_VALL
"""

_RESERVED = frozenset(x + end for x in _WORDS.split() for end in ("", "f", "l"))

_FAMILIES = re.compile(
    r"u?int\w*\d_t|u?int(max|ptr)_t|[A-Z]\w*_(MAX|MIN)|FP_[A-Z_]+0?|MATH_ERR[A-Z]+"  # C's headers
    r"|(out|places|grad|i)\d+|\w+_given"  # what the printers call their own
)


def is_reserved(name: str) -> bool:
    """Whether a name means something else in one of the languages.

    Example:
        >>> is_reserved("double"), is_reserved("int8_t"), is_reserved("weight")
        (True, True, False)
    """
    return name in _RESERVED or _FAMILIES.fullmatch(name) is not None


class UnknownStep(Exception):
    """A call that is not known as loops, with what it is."""


class Memories:
    """The blocks of memory that some calls use.

    Args:
        calls: The calls of the program, all of them.
        named: Arrays that have a name.
        constants: Whether numbers that nothing writes may be written into the code. If not, they
            may change between one run and the next.
        complete: Whether these are all calls that write: then places that none of them writes are
            the same in every run.
    """

    def __init__(
        self,
        calls: Iterable[Call],
        named: Sequence[Named] = (),
        constants: bool = False,
        complete: bool = False,
    ) -> None:
        self.constants, self.complete = constants, complete
        self.tables: list[Memory] = []
        self.asked = False  # for what is fixed
        self.kept: list[Array] = []  # so that no address is given to another array meanwhile
        names: dict[tuple[int, int], tuple[str, str, Array]] = {}
        for array, name, role in named:
            if array.size and not array.dtype.hasobject:
                names.setdefault(byte_bounds(array), (name, role, array))
        blocks = {key: x for key, (_, _, x) in names.items()}
        for array in (x for call in calls for x in arrays_in(call)):
            if array.size:
                blocks.setdefault(byte_bounds(array), array)
                self.kept.append(array)
        self.blocks: list[tuple[int, int, Memory]] = []
        for (low, high), inside in _joined(blocks):
            self.blocks.append((low, high, self._memory(low, high, inside, names)))

    def _memory(
        self,
        low: int,
        high: int,
        inside: list[Array],
        names: dict[tuple[int, int], tuple[str, str, Array]],
    ) -> Memory:
        own = names.get((low, high))
        parts = [found for x in inside if (found := names.get(byte_bounds(x))) is not None]
        dtypes = {x.dtype for x in inside}
        first = own[2] if own is not None else inside[0]
        dtype = first.dtype if len(dtypes) == 1 else np.dtype("V1")
        size = (high - low) // max(dtype.itemsize, 1)
        shape = first.shape if first.size == size and first.flags.c_contiguous else (size,)
        name = own[0] if own is not None else parts[0][0] if len(parts) == 1 else ""
        roles = {role for _, role, _ in parts} or {FIXED}
        role = roles.pop() if len(roles) == 1 else MADE
        start = min(inside, key=lambda x: byte_bounds(x)[0])
        flat = np.asarray(_Window(start, low, high))[: size * dtype.itemsize].view(dtype)
        return Memory(_identifier(name), shape, dtype, flat, role)

    def name(self, whole: str = "") -> None:
        """Give each memory a name of its own: t0, t1, … where it is computed, c0 where fixed.

        Args:
            whole: What the function is called.
        """
        self.blocks = [block for block in self.blocks if block[-1] not in self.tables]
        self.tables.clear()
        taken = {whole, f"{whole.upper()}_H", f"{whole.upper()}_MAIN"}
        counts = {"t": 0, "c": 0}
        own = [memory for *_, memory in self.blocks if memory.name]
        for memory in own:
            name, k = memory.name, 2
            while name in taken or is_reserved(name):
                name, k = f"{memory.name}_{k}", k + 1
            taken.add(name)
            memory.name = name
        for *_, memory in self.blocks:
            if memory.name:
                continue
            kind = "c" if memory.role == FIXED else "t"
            name = f"{kind}{counts[kind]}"
            while name in taken:
                counts[kind] += 1
                name = f"{kind}{counts[kind]}"
            counts[kind] += 1
            memory.name = name

    def table(self, places: Array) -> Ref:
        """Places that are known now, as a memory of their own."""
        array = np.array(places, dtype=np.int64, order="C")
        return self.place_of(array, self.more("places", array, FIXED), 0)

    def more(self, name: str, array: Array, role: str) -> Memory:
        """A memory that the program does not have."""
        name = f"{name}{len(self.tables)}"
        memory = Memory(name, array.shape, array.dtype, array.reshape(-1), role)
        self.tables.append(memory)
        if array.size:
            insort(self.blocks, (*byte_bounds(array), memory), key=itemgetter(0))
        return memory

    def is_fixed(self, array: Array) -> bool:
        """Whether an array holds the same numbers in every run, as far as calls have been seen."""
        self.asked = True
        return self.complete and self._block_of(array)[2].role == FIXED

    def _block_of(self, array: Array) -> tuple[int, int, Memory]:
        address = array.__array_interface__["data"][0]
        return self.blocks[bisect_right(self.blocks, address, key=itemgetter(0)) - 1]

    def written(self, array: Array) -> None:
        """Note that a call writes into an array's memory: then it is not fixed."""
        memory = self._block_of(array)[2]
        if memory.role == FIXED:
            memory.role = MADE

    def of(self, array: Array) -> tuple[Memory, int]:
        """The memory in which an array lies, and at which place it begins."""
        address = array.__array_interface__["data"][0]
        low, high, memory = self._block_of(array)
        if not low <= address < high:
            raise UnknownStep("an array of objects")
        dtype = array.dtype
        if memory.dtype != dtype or dtype.str[1:] not in KINDS or not dtype.isnative:
            raise UnknownStep(f"numbers of type {dtype}")
        if not array.flags.aligned:
            raise UnknownStep("numbers that lie between the places for numbers")
        place, rest = divmod(address - low, memory.dtype.itemsize)
        if rest or any(step % memory.dtype.itemsize for step in array.strides):
            raise UnknownStep("numbers that are not side by side")
        return memory, place

    def ref(self, array: Array) -> Ref | Number:
        """A number of an array in a nest whose axes are the array's."""
        if not array.size:
            raise UnknownStep("an array without numbers")
        memory, place = self.of(array)
        if self.constants and memory.role == FIXED:
            first = array[(0,) * array.ndim]
            if (array == first).all() and not (np.signbit(array).any() and first == 0):
                return Number(first.item(), array.dtype)
        return self.place_of(array, memory, place)

    def place_of(self, array: Array, memory: Memory, place: int) -> Ref:
        """Likewise, where the memory is known."""
        steps = [s // memory.dtype.itemsize for s in array.strides]
        return Ref(memory, place, tuple(s if n > 1 else 0 for s, n in zip(steps, array.shape)))  # noqa: B905

    def target(self, array: Array) -> Ref:
        """Where an array is written."""
        return self.place_of(array, *self.of(array))


class _Window:
    """A part of the memory around an array, for NumPy."""

    def __init__(self, array: Array, low: int, high: int) -> None:
        self.owner = array
        self.__array_interface__ = {
            "version": 3, "shape": (high - low,), "typestr": "|u1", "data": (low, False),
        }  # fmt: skip


def _joined(blocks: dict[tuple[int, int], Array]) -> Iterator[tuple[tuple[int, int], list[Array]]]:
    """Ranges of memory that do not overlap, each with the arrays in it."""
    low = high = 0
    inside: list[Array] = []
    for (begin, end), array in sorted(blocks.items(), key=lambda x: (x[0][0], -x[0][1])):
        if inside and begin < high:
            high = max(high, end)
            inside.append(array)
            continue
        if inside:
            yield (low, high), inside
        low, high, inside = begin, end, [array]
    if inside:
        yield (low, high), inside


def _identifier(name: str) -> str:
    """A name that every language takes: `model.0.weight` becomes `model_0_weight`."""
    name = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
    return f"_{name}"[name[:1].isalpha() :] if name else ""
