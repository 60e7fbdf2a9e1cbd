"""Calls of NumPy's on arrays, made by the machine's code."""

import numpy as np

from autograd.compiler.native.backend import NativeCall, _name, sections_of
from autograd.compiler.native.llvm import printed, table_of, units_of
from autograd.compiler.native.lowering import lowered
from autograd.compiler.native.machine import Compiled, this_machine
from autograd.compiler.native.memories import Memories
from autograd.compiler.native.rolling import rolled

SPECIAL = [np.nan, np.inf, -np.inf, -0.0, 0.0, 5e-324, -1e-310, 1e308, 1.0, -2.5]


def run_natively(calls, machine=None):
    """Make some calls of NumPy with the machine's code; what it gives."""
    memories = Memories(calls)
    nests = [nest for call in calls for nest in lowered(call, memories)]
    units = units_of(rolled(nests))
    code = Compiled([printed([units], machine or this_machine())])
    _table, (begin,) = table_of([units])
    return code.functions[0](begin)


def numbers(rng, *shape, special=False):
    x = rng.normal(size=shape) * 2.0 ** rng.integers(-3, 4, shape)
    if special and x.size:
        x.flat[:: max(1, x.size // 7)] = rng.choice(SPECIAL, len(x.flat[:: max(1, x.size // 7)]))
    return x


def names_of_numpys(compiled):
    """The calls of a compiled function's newest program that stay NumPy's, by name."""
    calls = [call for part in sections_of(compiled._newest.free[-1]) for call in part]
    names = [_name(call) for call in calls if not isinstance(call, NativeCall)]
    return [name for name in names if name != "_run"]
