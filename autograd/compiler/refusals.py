"""Refusals: what a function cannot do while it is recorded, and what to do instead."""

from __future__ import annotations

from autograd.errors import CompileError
from autograd.source_lines import users_line


class ReadError(CompileError):
    """A number was read that only this run has."""


def refusal(what: str, remedy: str = "") -> CompileError:
    """The error that says what was done where, and what to do instead."""
    kind: type[CompileError] = CompileError
    if what in _ACTS:
        would = "inside a compiled function would happen while it is recorded, and at no other call"
    elif what in _UNKNOWN:
        would = "is not recorded by a compiled function"
    else:
        kind = ReadError
        would = "inside a compiled function would freeze this run's number into the program"
    remedies = _ACTS | _UNKNOWN | _READ
    usual = remedies.get(what.split()[-1], "Compute with it as it is, with autograd's functions.")
    remedy = remedy or remedies.get(what, usual)
    return kind(f"compile: {what} {would}, at {users_line()}. {remedy}")


_ACTS = {
    "writing to .data": "Assign all of it, p.data = ... or p.data -= ..., or do it outside.",
    "changing a setting of an optimizer": "Change it between two calls: it is read at each.",
}
"""What would not be repeated."""

_UNKNOWN = {
    "a copy or a pickle": "Compute with it as it is, since nothing changes it, or copy it outside.",
    "updating the averages of batch norm in an array": (
        "Keep them in Tensors, nn.Buffer(np.zeros(n)), or call model.eval() first."
    ),
    "writing to a gradient that is an array with a name of its own": (
        "That array would change with it at each call. Give a copy: p.grad = array.copy()."
    ),
    "writing to a gradient that was clipped, or chosen by np.where,": (
        "Assign it: p.grad = p.grad * 0.5 for p.grad *= 0.5."
    ),
    "writing to the memory of a leaf that something else shows, too,": (
        "Pass or keep a copy, p.data.copy() or Tensor(t.data), of what shall not change with "
        "it, or use the leaf itself."
    ),
    "changing an argument that is there in another way, too,": (
        "Let the function have each Value and Tensor once: as one argument or from outside, and "
        "of a Parameter's numbers the Parameter."
    ),
    "a second backward() after gradients were read": "Add the losses up, and call it once.",
    "backward() of a Tensor made of single Values": (
        "Return it and call backward() on the result, or compute with Values alone."
    ),
    "comparing the .data of a result in a training step": (
        "Return the scores, and compute an accuracy of them outside; the largest of some is "
        "functools.reduce(autograd.maximum, scores)."
    ),
    "an optimizer of parameters of several types": "Use one for each type, on all of its kind.",
    "bringing first gradients to Values that a lookup may leave out": (
        "Let all have one before backward(): for p in parameters: p.grad = 0.0"
    ),
    "a lookup among gradients": "Look gradients up outside, after the call.",
    "computing with a Value after it was changed": (
        "Take one step in each call, and compute with the new numbers at the next call or outside."
    ),
    "returning a result that needs a gradient": (
        "Call backward() on it before the leaves are changed, or return result.detach()."
    ),
}
"""What a program has no form for."""

_READ = {
    "float()": "Use autograd's functions (autograd.exp, not math.exp), or do it with the result.",
    ".grad": "Use autograd.grad or value_and_grad inside, or read .grad after backward().",
    "model.flat()": "Use its parameters, p.data and p.grad, or do it outside.",
    "optimizer.state_dict()": "Call it outside, after the step.",
    "(custom_vjp)": "Leave the function that calls it uncompiled, or call it outside.",
    "requires_grad": "Pass a bool that says it, or ask outside.",
    "comparing a Value among the arguments with another by ==": (
        "Pass an int or a string that says which one it is."
    ),
    "is_integer()": "Compare x with autograd.floor(x).",
    "round()": "Use autograd.floor(x + 0.5), or do it with the result.",
    "a count": "Pass whole numbers as Python ints, which belong to the signature.",
    "looking a number up in a set or dict": (
        "Pass an int or a string, which belong to the signature, or compare with if and elif."
    ),
    "int()": "Pass whole numbers as Python ints, or use autograd.take for a lookup.",
    "differentiating what a lookup chose": (
        "Compile the derivative, compile(grad(f)), or look up among what f does not compute."
    ),
    "differentiating a number through an array": (
        "Compile the derivative, compile(grad(f)), or pass f a Tensor where it now gets a number."
    ),
    "an index": "For a lookup use autograd.take(table, index); for a fixed place, a Python int.",
    "an array as an index": (
        "Use autograd.getitem(array, index) or autograd.take; NumPy itself only takes numbers. "
        "Instead of np.array(a), a.copy()."
    ),
    "np.asarray": "Use NumPy's functions on it directly, or autograd's; a copy is a.copy().",
    "writing into an array": (
        "Make a new one: a = a + b for a += b, autograd.where for a[i] = x, stack for a row, "
        "np.sort(a) for a.sort()."
    ),
    "using an array from outside that it writes to": "Make a new one inside: np.zeros(3).",
    "order 'K' or 'A'": "Its result depends on how an argument is stored: say 'C' or 'F'.",
    **dict.fromkeys(
        ("array.flags", "array.strides"),
        "How an argument is stored may be another way at a replay: go by its shape and dtype.",
    ),
    "printing it": "Print the result instead.",
    "taking numbers out of an array that was computed from single numbers": (
        "Compute with the single numbers from the start, or go on with Tensors."
    ),
}
"""What reads a number."""
