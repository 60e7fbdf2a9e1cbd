"""Chains: rows of single numbers that are computed one after another, as nests of one number each.

A thousand times  x = sin(w * x + b)  is three thousand rows. Each is a nest without axes; that they
repeat themselves is found out where all nests are rolled up (rolling.py). What an operation does,
and what its derivatives are, its own functions say: they are run once on traced numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.binding import Bound
from autograd.compiler.float_chains import FloatChain
from autograd.compiler.native.arithmetic import assigned, typed
from autograd.compiler.native.loops import MADE, Code, Memory, Nest, Number, Ref, mapped
from autograd.compiler.native.memories import Memories, UnknownStep
from autograd.compiler.numpy_calls import Call
from autograd.compiler.tape import Tape, Traced

if TYPE_CHECKING:
    from autograd.arrays import Array
    from autograd.op import Elementwise

FLOAT = np.dtype(np.float64)

MANY = 3_000
"""Of chains of more rows NumPy's run stays: to write them all down takes seconds."""


Lower = Callable[[Call, Memories], list[Nest]]
"""The nests of a call of NumPy's: `lowered` of lowering.py, which knows this file."""


def forward(
    memories: Memories, lower: Lower, chain: FloatChain, outside: Array, out: Array
) -> list[Nest]:
    """All rows, into an array."""
    values = _values(memories, "values", chain)
    first = chain.count
    found = _copied(memories, outside, values, 0)
    for k, (op, _, operands) in enumerate(_rows(chain)):
        given = [_number(chain, values, place) for place in operands]
        code = given[0] if op is None else _filled(_code_of(lower, op.forward, len(given)), given)
        found.append(Nest((), 0, code, Ref(values, first + k, ())))
    return [*found, *assigned(memories, Ref(values, first, (1,)), out)]


def backward(
    memories: Memories,
    lower: Lower,
    chain: FloatChain,
    outside: Array,
    results: Array,
    out_grads: Array,
    out: Array,
) -> list[Nest]:
    """The gradients of the rows carried back to the numbers from outside, the last row first."""
    values, grads = (_values(memories, name, chain) for name in ("values", "grads"))
    first = chain.count
    found = _copied(memories, outside, values, 0) + _copied(memories, results, values, first)
    found.append(Nest((first,), 1, Number(0.0, FLOAT), Ref(grads, 0, (1,))))
    found += _copied(memories, out_grads, grads, first)
    for k, (op, flows, operands) in reversed([*enumerate(_rows(chain))]):
        if op is not None and op.is_flat:
            continue
        given = [_number(chain, values, place) for place in (*operands, first + k)]
        grad = Ref(grads, first + k, ())
        for side, place in enumerate(operands):
            if flows >> side & 1:
                code: Code = grad
                if op is not None:
                    code = _filled(_code_of(lower, _rule(op, side), len(given) + 1), [*given, grad])
                found.append(Nest((), 0, code, Ref(grads, place, ()), adds=True))
    return [*found, *assigned(memories, Ref(grads, 0, (1,)), out)]


def _rows(chain: FloatChain) -> list[tuple[Any, int, list[int]]]:
    """Of each row its operation, to which operands gradients flow, and their places."""
    if chain.lookups.size or len(chain.code) > MANY:
        raise UnknownStep("a chain with lookups, or a very long one")
    columns = (x.tolist() for x in (chain.code, chain.flows, chain.left, chain.right))
    return [
        (chain.op(code), flows, [left] if right < 0 else [left, right])
        for code, flows, left, right in zip(*columns, strict=True)
    ]


def _values(memories: Memories, name: str, chain: FloatChain) -> Memory:
    """A memory for what comes from outside and all rows."""
    return memories.more(name, np.zeros(chain.count + chain.size), MADE)


def _copied(memories: Memories, array: Array, memory: Memory, begin: int) -> list[Nest]:
    if not array.size:
        return []
    return [Nest(array.shape, 1, memories.ref(array), Ref(memory, begin, (1,)))]


def _number(chain: FloatChain, values: Memory, place: int) -> Code:
    if place in chain.constants:
        return Number(float(chain.constants[place]), FLOAT)
    return Ref(values, place, ())


# --- what an operation does


@cache
def _rule(op: Elementwise, side: int) -> Callable[..., Any]:
    """The gradient of an operand, of all operands, the result and its gradient: the engine's."""
    return lambda *given: op.pullback(side, given[-1], given[-2], given[:-2], {})


@cache
def _code_of(lower: Lower, function: Callable[..., Any], count: int) -> Code:
    """What a function makes of so many single numbers, which are those of a memory."""
    tape = Tape()
    given = np.zeros(count)
    traced = [tape.source(given[k : k + 1].reshape(())) for k in range(count)]
    try:
        with np.errstate(all="ignore"):
            found = function(*traced)
    except (TypeError, ValueError, AttributeError) as err:  # it looks at the number itself
        raise UnknownStep("an operation on a number that branches") from err
    if not isinstance(found, Traced):
        return Number(float(found), FLOAT)
    places = {id(x): given[k : k + 1].reshape(()) for k, x in enumerate(traced)}
    bound = Bound(tape, [found], places)
    calls = [call for section in bound.sections for call in section]
    return _inlined(lower, calls, given, bound[found])


def _inlined(lower: Lower, calls: list[Call], given: Array, wanted: Array) -> Code:
    """One number that some calls compute, as one code of those that are given."""
    memories = Memories([*calls, partial(np.positive, given, wanted)])
    known: dict[tuple[Memory, int], Code] = {}
    inputs = Memory("", (len(given),), FLOAT, given)
    at, begin = memories.of(given)
    known.update({(at, begin + k): Ref(inputs, k, ()) for k in range(len(given))})

    def seen(ref: Ref) -> Code:
        if (ref.memory, ref.offset) not in known:
            known[ref.memory, ref.offset] = Number(ref.memory.array[ref.offset].item(), ref.dtype)
        return known[ref.memory, ref.offset]

    for nest in (nest for call in calls for nest in lower(call, memories)):
        if nest.axes or nest.adds or nest.stops or nest.out.place is not None:
            raise UnknownStep("an operation on a number that is more than one expression")
        known[nest.out.memory, nest.out.offset] = mapped(nest.code, seen)
    return typed(seen(memories.target(wanted.reshape(()))), FLOAT)


def _filled(code: Code, given: list[Code]) -> Code:
    """A code of the numbers that are given."""
    found: Code = mapped(code, lambda ref: given[ref.offset])
    return found
