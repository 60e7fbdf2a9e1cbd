"""A function of LLVM while it is written: instructions, loops, and where the memories are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from autograd.compiler.native.llvm_numbers import Numbers
from autograd.compiler.native.loops import Column, Memory


@dataclass(frozen=True)
class Machine:
    """What matters of a machine: the bytes of a vector, and whether it has fused operations."""

    vector: int = 16
    fused: bool = False


class Function:
    """The text of one function, `long f(ptr)`: its argument is a table of the memories' places.

    It gives 0 where it comes to its end, see `Nest.stops`.
    """

    def __init__(self, machine: Machine, name: str, memories: dict[Memory, int]) -> None:
        self.machine, self.name, self.memories = machine, name, memories
        self.lines: list[str] = []
        self.declared: dict[str, str] = {}
        self.count = 0
        self.block = "entry"
        self.numbers = Numbers(self.emit, self.declared.setdefault, machine.fused)
        self.bases: dict[Memory, str] = {}

    def base(self, memory: Memory, index: str = "0") -> None:
        """Where a memory is: its place in the table is read once, a column's in each round."""
        if memory not in self.bases or isinstance(memory, Column):
            at = self.emit(f"getelementptr ptr, ptr %table, i64 {self.memories[memory]}")
            if isinstance(memory, Column):
                at = self.emit(f"getelementptr ptr, ptr {at}, i64 {index}")
            self.bases[memory] = self.emit(f"load ptr, ptr {at}")

    def emit(self, text: str) -> str:
        """Write an instruction; the name of its result."""
        self.count += 1
        name = f"%v{self.count}"
        self.lines.append(f"  {name} = {text}")
        return name

    def label(self) -> str:
        """A new label."""
        self.count += 1
        return f"b{self.count}"

    def stop(self, memory: Memory, number: int) -> None:
        """End here, and give a number, if what is in a memory is true."""
        found = self.emit(f"load i8, ptr {self.bases[memory]}, align 1")
        test = self.emit(f"icmp ne i8 {found}, 0")
        out, after = self.label(), self.label()
        self.lines += [f"  br i1 {test}, label %{out}, label %{after}", f"{out}:"]
        self.lines += [f"  ret i64 {number}", f"{after}:"]
        self.block = after

    def loop(
        self, n: int, step: int, body: Callable[[str, list[str]], list[str]],
        carried: list[str], kinds: list[str],
    ) -> list[str]:  # fmt: skip
        """A loop whose index goes 0, step, … below n; what its rounds hand on to the next.

        Args:
            n: The end.
            step: How far the index goes.
            body: Writes a round, given the index and what is handed on, and gives what it makes.
            carried: What the first round is given.
            kinds: The types of that.
        """
        if n <= step:
            return body("", carried)
        head, after, before = self.label(), self.label(), self.block
        self.lines += [f"  br label %{head}", f"{head}:"]
        self.block = head
        index = f"%{head}.i"
        names = [f"%{head}.{k}" for k in range(len(carried))]
        place = len(self.lines)
        made = body(index, names)
        following = self.emit(f"add i64 {index}, {step}")
        test = self.emit(f"icmp ult i64 {following}, {n}")
        phis = [f"  {index} = phi i64 [ 0, %{before} ], [ {following}, %{self.block} ]"]
        phis += [
            f"  {name} = phi {kind} [ {first}, %{before} ], [ {new}, %{self.block} ]"
            for name, kind, first, new in zip(names, kinds, carried, made, strict=True)
        ]
        self.lines[place:place] = phis
        self.lines += [f"  br i1 {test}, label %{head}, label %{after}", f"{after}:"]
        self.block = after
        return made


def pieces(n: int, size: int) -> list[tuple[int, int, int]]:
    """So many rows in pieces: (begin, end, how many at once)."""
    whole = n - n % size
    found = [(0, whole, size)] if whole else []
    return found + ([(whole, n, n - whole)] if n > whole else [])


def sizes(n: int, width: int, many: int) -> list[tuple[int, int]]:
    """So many numbers as pieces of several vectors, of one, and of parts of one: (size, count)."""
    found, size = [], width * many
    while n:
        if n >= size:
            found.append((size, n // size))
            n %= size
        size //= 2
    return found
