"""A function of LLVM while it is written: instructions, and loops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from autograd.compiler.native.llvm_numbers import Numbers


@dataclass(frozen=True)
class Machine:
    """What matters of a machine: the bytes of a vector, and whether it has fused operations."""

    vector: int = 16
    fused: bool = False


class Function:
    """The lines of a function while they are written; `%at` is where it is in its table.

    It gives 0 where it comes to its end, see `Nest.stops`.
    """

    def __init__(self, machine: Machine, declared: dict[str, str]) -> None:
        self.machine = machine
        self.lines: list[str] = []
        self.count = 0
        self.block = "entry"
        self.numbers = Numbers(self.emit, declared.setdefault, machine.fused)

    def pointer(self, slot: int, index: str = "") -> str:
        """An address of the table, so many further."""
        at = self.emit(f"getelementptr ptr, ptr %at, i64 {slot + 1}")
        if index:
            at = self.emit(f"getelementptr ptr, ptr {at}, i64 {index}")
        return self.emit(f"load ptr, ptr {at}")

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

    def stop(self, place: str, number: int) -> None:
        """End here, and give a number, if the truth value at a place is true."""
        found = self.emit(f"load i8, ptr {place}, align 1")
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
