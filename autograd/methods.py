"""The methods that `Value` and `Tensor` get from the rulebook.

The classes install them from the rulebook when they are made, so no file lists them, except the
stub `methods.pyi`, from which type checkers and editors know them. `python -m autograd.stub`
writes that stub again after an operation was added.
"""

from __future__ import annotations


class Operations:
    """The operations of the rulebook as methods and operators; filled in by each kind of node."""

    __slots__ = ()


class ArrayOperations(Operations):
    """With the operations on whole arrays as well."""

    __slots__ = ()
