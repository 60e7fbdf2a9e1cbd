"""Reading a number out of the graph: where Python or C code takes the float of a node.

`math.sin(w)` asks `w` for a float and computes with that: no graph, no gradient. Inside a function
that is being differentiated it is an error, elsewhere a warning. Python does not say who asks, so
the line that is running is looked at: `math.isnan(w)` and `"%.3f" % w` only look.
"""

from __future__ import annotations

import builtins
import dis
import functools
import math
import sys
from types import CodeType, FrameType
from typing import Any

from autograd.errors import GraphError, LostGradientWarning
from autograd.modes import differentiated, recording
from autograd.node import Node, topological
from autograd.op import COMPOSITIONS, RULEBOOK
from autograd.source_lines import users_frame, warn_user

_LOOKING = {
    f.__name__: f
    for f in (math.isnan, math.isinf, math.isfinite, math.isclose, math.floor, math.ceil)
}
"""What they give is True or False, or constant nearly everywhere: no gradient is lost."""


def check_read(node: Node) -> None:
    """Raise or warn if what is computed with a node's number should have had a gradient.

    To be called by the method that Python calls for the number.

    Raises:
        GraphError: the node depends on what is being differentiated.
    """
    if not node.requires_grad or not recording():
        return
    asking = sys._getframe(2)
    if _only_looks(asking):
        return
    users = users_frame(asking)
    name = _called(users.f_code, users.f_lasti)[0]
    kind = type(node).__name__
    by = f"by {name}() " if name else ""
    known = hasattr(math, name) and (name in RULEBOOK or name in COMPOSITIONS)
    remedy = f"Use autograd.{name}" if known else "Compute with autograd or NumPy (autograd.sin)"
    if is_differentiated(node):
        raise GraphError(
            f"float: the number of a {kind} was read {by}inside a function that is being "
            f"differentiated, so what is computed with it would have the gradient 0. {remedy}, or "
            "say .item() if a constant is meant."
        )
    message = (
        f"The number of a {kind} that requires a gradient was read {by}as a float: what is "
        f"computed with it has no gradient. {remedy}, or say .item() if the number is all that is "
        "needed."
    )
    warn_user(message, LostGradientWarning, users)


def is_differentiated(node: Node) -> bool:
    """Whether a transform that is running asks for the derivative of this node."""
    variables = frozenset(v for those in differentiated.get() for v in those)
    return bool(variables) and not variables.isdisjoint(topological(node, variables))


def _only_looks(frame: FrameType) -> bool:
    """Whether the line that asks for the float needs it for True or False, or for a text."""
    name, variable = _called(frame.f_code, frame.f_lasti)
    if name == "%":  # of a text: any other left operand leaves it to the node
        return True
    if variable:
        return any(_found(frame, name) is f for f in _LOOKING.values())
    return name in _LOOKING


def compares_itself(frame: FrameType) -> bool:
    """Whether the line that is running in a frame compares, as `x < y` and `max(x, y)` do.

    Else it calls something that does, such as one of NumPy's functions.
    """
    code, place = frame.f_code, frame.f_lasti
    if "CALL" not in dis.opname[code.co_code[place]]:
        return True
    name, variable = _called(code, place)
    return variable and _found(frame, name) in (max, min, sorted)


def _found(frame: FrameType, name: str) -> Any:
    known: Any = getattr(builtins, name, None)
    return frame.f_locals.get(name, frame.f_globals.get(name, known))


@functools.lru_cache(maxsize=256)
def _called(code: CodeType, place: int) -> tuple[str, bool]:
    """The name of the function that code calls at an instruction, and whether it is a variable.

    ("isnan", False) for `math.isnan(x)`, ("%", False) for `text % x`, ("", False) for any other.
    """
    instructions = list(dis.get_instructions(code))
    now = next((i for i in instructions if i.offset == place), None)
    if now is None:
        return "", False
    if now.opname == "BINARY_OP" and now.argrepr in ("%", "%="):
        return "%", False
    start, end = _span(now)
    if "CALL" not in now.opname or start is None:
        return "", False
    # The function is the longest that starts where the call does: `math.isnan` of `math.isnan(x)`.
    spans = [(i, *_span(i)) for i in instructions]
    inside = [
        (ends, i)
        for i, begins, ends in spans
        if begins == start and start < ends < end and i.opname != "PUSH_NULL"
    ]
    longest = max((ends for ends, _ in inside), default=None)
    function = next((i for ends, i in inside if ends == longest), None)
    if function is None or not function.opname.startswith("LOAD_"):
        return "", False
    return str(function.argval), "ATTR" not in function.opname and "METHOD" not in function.opname


def _span(instruction: dis.Instruction) -> tuple[Any, Any]:
    """From where to where its expression goes in the file; None if Python was told to forget."""
    p = instruction.positions
    if p is None or p.col_offset is None or p.end_col_offset is None:
        return None, None
    return (p.lineno, p.col_offset), (p.end_lineno, p.end_col_offset)
