"""The course's exercises: `check` says of an answer that it is right, or which mistake it shows.

A wrong answer raises, as graders need, and a notebook shows a box with a hint in the place of a
traceback. For an exercise of your own make an `Exercise`, with the rules that you expect to be
mistaken for the right one.

>>> from nn.course import Exercise, Mistake, check
>>> area = Exercise(
...     "area of a circle with radius 3",
...     right=lambda: 9 * 3.14159265,
...     mistakes=(Mistake(lambda: 6 * 3.14159265, "That is the way around it."),),
...     hints=("Radius times radius times π.", "9 · 3.14 …"),
... )
>>> check(area, 28.3)
Right.
"""

from nn.course.checking import NoAnswer, WrongAnswer, check, find
from nn.course.exercise import Exercise, Mistake, Verdict
from nn.course.flipbook import Flipbook, flipbook
from nn.course.misconceptions import Misconception

__all__ = [
    "check",
    "find",
    "Exercise",
    "Mistake",
    "Misconception",
    "Verdict",
    "WrongAnswer",
    "NoAnswer",
    "flipbook",
    "Flipbook",
]
