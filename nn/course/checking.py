"""`check`: says of an answer that it is right, or which mistake it looks like."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import textwrap
from collections import Counter
from collections.abc import Iterable
from types import CodeType
from typing import Any

from nn.course import reading, showing
from nn.course.exercise import Exercise, Verdict

RIGHT, WRONG, EMPTY = "Right.", "Not yet.", "No answer yet."

_TRIES: Counter[str] = Counter()
"""How many wrong answers each exercise has had in this session."""


class WrongAnswer(AssertionError):
    """An answer that is not right. Graders see a failure, learners a box with a hint.

    Attributes:
        exercise: the name of the exercise.
        verdict: what was found.
        paragraphs: what is said, one paragraph to an item.
    """

    heading, kind = WRONG, "wrong"

    def __init__(self, exercise: str, verdict: Verdict, paragraphs: list[str]) -> None:
        super().__init__("\n".join([self.heading, *paragraphs]))
        self.exercise, self.verdict, self.paragraphs = exercise, verdict, paragraphs
        self._shown = False

    def _render_traceback_(self) -> list[str]:
        """IPython asks for this instead of a traceback: the box, and one line for graders."""
        if not self._shown:  # a kernel asks twice, the second time for its reply
            self._shown = True
            showing.show(self.kind, self.heading, self.paragraphs)
        return [f"{self.exercise}: {self.heading[:-1].lower()}"]


class NoAnswer(WrongAnswer):
    """The dots are still there, and a grader asks."""

    heading, kind = EMPTY, "empty"


def check(exercise: str | Exercise, answer: Any, **given: Any) -> None:
    """Check an answer of the course, and say what it looks like if it is wrong.

    Numbers may be rounded to two digits, or come as strings, lists or nodes. Of a wrong answer it
    says which mistake leads to it, having computed the answers of known mistakes; from the second
    try on there is another hint. As long as the answer is `...`, it only says so, but under a
    grader (nbgrader, `glassgrad grade`) that is a failure, too.

    Args:
        exercise: the name of one of the course's exercises, such as "losses 1", or one of your own.
        answer: what the learner found.
        **given: what else the exercise needs, such as a table that the notebook has computed.
    Raises:
        WrongAnswer: the answer is wrong, an AssertionError. A notebook shows a box, no traceback.
        ValueError: there is no such exercise.
    Example:
        >>> check("losses 1", "1.33")
        Right.
        >>> check("losses 1", 4)
        Traceback (most recent call last):
        ...
        nn.course.checking.WrongAnswer: Not yet.
        That is the sum of the squared errors. The loss is their mean: divide by three.
    """
    __tracebackhide__ = True  # pytest shows the learner's line
    if isinstance(exercise, str):
        exercise = find(exercise)
    if reading.is_empty(answer) or _returns_dots(exercise, answer):
        _no_answer(exercise)
        return
    verdict = exercise.judge(answer, **given)
    if verdict.right:
        _TRIES[exercise.name] = 0
        showing.show("right", RIGHT, [verdict.text] if verdict.text else [])
        return
    raise WrongAnswer(exercise.name, verdict, _advice(exercise, verdict))


def find(name: str) -> Exercise:
    """The exercise of this name; a notebook's exercises are loaded when first asked for.

    Raises:
        ValueError: there is no such exercise.
    Example:
        >>> find("losses 1").answer
        'my_mse'
        >>> find("losses 99")
        Traceback (most recent call last):
        ...
        ValueError: check: no exercise is called 'losses 99'; names are like 'losses 1'.
    """
    topic = name.rpartition(" ")[0].replace("-", "_")
    if topic.isidentifier():
        try:
            module = importlib.import_module(f"nn.course.exercises.{topic}")
        except ModuleNotFoundError:
            module = None
        exercises: Iterable[Exercise] = getattr(module, "EXERCISES", ())
        for exercise in exercises:
            if exercise.name == name:
                return exercise
    raise ValueError(f"check: no exercise is called {name!r}; names are like 'losses 1'.")


def _no_answer(exercise: Exercise) -> None:
    advice = ["Put your answer in the place of the dots, run that cell, then this one again."]
    if os.environ.get("NBGRADER_EXECUTION"):
        raise NoAnswer(exercise.name, Verdict(False, ""), advice)
    showing.show("empty", EMPTY, advice)


def _returns_dots(exercise: Exercise, answer: object) -> bool:
    """Whether a function, or one of several, or of a class, still has the dots it came with."""
    if exercise.seen is None:
        return False
    if isinstance(answer, tuple):
        return any(_returns_dots(exercise, part) for part in answer)
    functions = vars(answer).values() if isinstance(answer, type) else [answer]
    codes = [getattr(function, "__code__", None) for function in functions]
    return any(_has_dots(code) for code in codes if code is not None)


def _has_dots(code: CodeType) -> bool:
    """Whether dots stand for a value in it, and not only in an index: x[..., i]."""
    if ... not in code.co_consts:
        return False
    try:
        parts = [*ast.walk(ast.parse(textwrap.dedent(inspect.getsource(code))))]
    except (OSError, SyntaxError):  # of a part of a line the text is no program
        return True
    indices = [ast.walk(part.slice) for part in parts if isinstance(part, ast.Subscript)]
    inside = {id(part) for index in indices for part in index}
    dots = (x for x in parts if isinstance(x, ast.Constant) and x.value is ...)
    return any(id(x) not in inside for x in dots)


def _advice(exercise: Exercise, verdict: Verdict) -> list[str]:
    """What it looks like, or else a hint; from the second try on one hint more."""
    _TRIES[exercise.name] += 1
    first, second = exercise.hints
    again = _TRIES[exercise.name] > 1
    said = [verdict.text, "" if verdict.mistake else first, second if again else ""]
    if again and verdict.mistake:
        said[1] = first
    return [paragraph for paragraph in said if paragraph]
