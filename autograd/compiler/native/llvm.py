"""LLVM: nests as one function for the machine, with its vectors written out.

The loops are written such that LLVM has nothing to find out: one axis is gone through several
numbers at a time, and of a product of matrices four rows at a time are kept in registers. Five
neurons' `dot(W, x)` with vectors of four is one loop over x with a vector of four sums, and one for
the fifth neuron.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autograd.compiler.native.fusing import fused
from autograd.compiler.native.llvm_function import Function, Machine
from autograd.compiler.native.llvm_tiles import Tiles
from autograd.compiler.native.loops import Memory, Nest, refs_in, simplified


def printed(segments: Sequence[Sequence[Nest]], machine: Machine) -> str:
    """Functions @f0, @f1, … for some lists of nests; of all, one table of memories."""
    parts = list(_functions(segments, machine))
    declared = {name: text for function, _ in parts for name, text in function.declared.items()}
    return "\n".join([*declared.values(), "", *(text for _, text in parts)])


def printed_apart(segments: Sequence[Sequence[Nest]], machine: Machine) -> Iterator[str]:
    """Likewise, each as a text of its own: of one long text LLVM takes more than its share."""
    for function, text in _functions(segments, machine):
        yield "\n".join([*function.declared.values(), "", text])


def _functions(
    segments: Sequence[Sequence[Nest]], machine: Machine
) -> Iterator[tuple[Function, str]]:
    memories = {memory: k for k, memory in enumerate(used(segments))}
    for k, nests in enumerate(segments):
        function = Function(machine, f"f{k}", memories)
        yield function, _text(function, nests)


def _text(function: Function, nests: Sequence[Nest]) -> str:
    """The function that goes through these nests."""
    nests = [simplified(nest) for nest in nests]
    for nest in nests:
        for ref in (*nest.refs, *refs_in(nest.out)):
            function.base(ref.memory)
    for group in fused([nest for nest in nests if nest.rounds or nest.fold]):
        Tiles(function, group).write()
        if group[-1].stops:
            function.stop(group[-1].out.memory, group[-1].stops)
    body = "\n".join([*function.lines, "  ret i64 0"])
    return f"define i64 @{function.name}(ptr %table) {{\nentry:\n{body}\n}}\n"


def used(segments: Sequence[Sequence[Nest]]) -> list[Memory]:
    """The memories of some lists of nests, in the order of the table."""
    every = (
        ref for nests in segments for nest in nests for ref in (*nest.refs, *refs_in(nest.out))
    )
    return list(dict.fromkeys(ref.memory for ref in every))
