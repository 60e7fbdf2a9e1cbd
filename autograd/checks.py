"""What arguments may be: each kind of check, and the words of its error, once for all packages.

An error says who was called, what it needs and what came:

>>> check_number("SGD", "lr", -0.1, "> 0")
Traceback (most recent call last):
ValueError: SGD: lr must be > 0, but got -0.1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Integral, Number, Real
from typing import NoReturn

import numpy as np

_LONGEST = 60  # of what came, as it is written; beyond it only its type is told


def refuse(who: str, name: str, needed: str, value: object, error: type[Exception]) -> NoReturn:
    """Raise the error about an argument: `who` was called, and what it needs and got."""
    raise error(f"{who}: {name} must be {needed}, but got {came(value)}.")


def came(thing: object) -> str:
    """What came, as an error says it: a number, a text or a short list itself, else its kind.

    Example:
        >>> came(-0.1), came("adam"), came([1, 2]), came(came), came(dict)
        ('-0.1', "'adam'", '[1, 2]', 'a function', 'the class dict')
        >>> import numpy as np
        >>> came(np.zeros((2, 3)))
        'an array of shape (2, 3), dtype float64'
    """
    if isinstance(thing, Number) or thing is None:
        return str(thing)
    if isinstance(thing, (str, list, tuple, dict)) and len(repr(thing)) <= _LONGEST:
        return repr(thing)
    shape, dtype = getattr(thing, "shape", None), getattr(thing, "dtype", None)
    if isinstance(thing, type) or shape is None or dtype is None:
        return kind(thing)
    return f"{kind(thing)} of shape {shape}, dtype {dtype}"


def kind(thing: object) -> str:
    """What sort of thing it is, with its article.

    Example:
        >>> kind(3), kind([]), kind(list)
        ('an int', 'a list', 'the class list')
    """
    if isinstance(thing, type):
        return f"the class {thing.__name__}"
    name = "array" if isinstance(thing, np.ndarray) else type(thing).__name__
    return f"{'an' if name[0] in 'aeiouAEIO' else 'a'} {name}"


def refuse_masked(who: str, array: object) -> None:
    """Refuse an array that masks some of its numbers, and lists of such: here all would count.

    Example:
        >>> refuse_masked("Tensor", np.ma.array([1.0, 2.0], mask=[True, False]))
        Traceback (most recent call last):
        TypeError: Tensor: needs an array of which all numbers count, but got a masked one. Pass ...
    """
    if isinstance(array, (list, tuple)):
        if array and hasattr(array[0], "__len__"):  # rows, and not a long list of numbers
            for row in array:
                refuse_masked(who, row)
    elif type(array) is not np.ndarray and isinstance(array, np.ndarray) and np.ma.is_masked(array):
        raise TypeError(
            f"{who}: needs an array of which all numbers count, but got a masked one. Pass "
            "array.filled(0.0), or array.compressed() for the others alone."
        )


def check_loss(who: str, takes: str, loss: object) -> None:
    """Refuse what cannot be called, and a class of which no object has been made.

    Example:
        >>> class Square: ...
        >>> check_loss("fit", "scores and targets", Square)
        Traceback (most recent call last):
        TypeError: fit: loss needs to be a function of scores and targets, but got the class Square.
    """
    if not callable(loss) or isinstance(loss, type):
        raise TypeError(f"{who}: loss needs to be a function of {takes}, but got {came(loss)}.")


def check_number(
    who: str, name: str, value: object, needed: str = "", *, finite: bool = True
) -> float:
    """A number in a range, as a float: one of NumPy's own would widen float32 arrays.

    Args:
        who: Who was called.
        name: The argument's name.
        value: What came.
        needed: The range, which is also what the error says: "> 0", ">= 0", "in [0, 1)"; none
            allows every number.
        finite: Whether infinity lies outside a range without an upper end.

    Raises:
        TypeError: value is no real number.
        ValueError: It lies outside the range, or is nan.

    Example:
        >>> check_number("SGD", "momentum", 0.9, "in [0, 1)")
        0.9
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        refuse(who, name, "a number", value, TypeError)
    number = float(value)
    if needed and not _lies(number, needed):
        refuse(who, name, needed, value, ValueError)
    if needed and finite and math.isinf(number):
        refuse(who, name, f"finite and {needed}", value, ValueError)
    return number


def _lies(x: float, needed: str) -> bool:
    if needed.startswith("in "):
        low, high = map(float, needed[4:-1].split(", "))
        at_end = (needed[3] == "[" and x == low) or (needed[-1] == "]" and x == high)
        return low < x < high or at_end
    sign, bound = needed.split()
    return x > float(bound) or (sign == ">=" and x == float(bound))


def check_int(who: str, name: str, value: object, least: int | None = None) -> int:
    """A whole number that is at least `least`.

    Raises:
        TypeError: value is no int; True and False are none here, nor is 2.0.
        ValueError: It is smaller.

    Example:
        >>> check_int("moons", "n", 1, least=2)
        Traceback (most recent call last):
        ValueError: moons: n must be >= 2, but got 1.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        refuse(who, name, "an int", value, TypeError)
    if least is not None and value < least:
        refuse(who, name, f">= {least}", value, ValueError)
    return int(value)


def check_bool(who: str, name: str, value: object) -> bool:
    """True or False, and nothing that only counts as one.

    Raises:
        TypeError: value is something else.
    """
    if not isinstance(value, bool):
        refuse(who, name, "True or False", value, TypeError)
    return value


def check_function(who: str, function: object, remedy: str = "") -> None:
    """Refuse what cannot be called.

    Raises:
        TypeError: it cannot.

    Example:
        >>> check_function("jacobian", 3.0)
        Traceback (most recent call last):
        TypeError: jacobian: needs a function, but got 3.0.
    """
    if not callable(function):
        raise TypeError(f"{who}: needs a function, but got {came(function)}.{remedy}")


def check_choice(who: str, name: str, value: object, choices: Iterable[str]) -> None:
    """Refuse what is none of a few names.

    Raises:
        ValueError: value is something else.

    Example:
        >>> check_choice("MSELoss", "reduction", "avg", ("mean", "sum", "none"))
        Traceback (most recent call last):
        ValueError: MSELoss: reduction must be 'mean', 'sum' or 'none', but got 'avg'.
    """
    choices = tuple(choices)
    if not isinstance(value, str) or value not in choices:
        names = [repr(choice) for choice in choices]
        refuse(who, name, f"{', '.join(names[:-1])} or {names[-1]}", value, ValueError)
