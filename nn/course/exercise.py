"""An exercise: its right answer, the mistakes it recognises, and its hints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nn.course import reading
from nn.course.misconceptions import Misconception
from nn.course.reading import NotReadableError

if TYPE_CHECKING:
    from autograd.arrays import Array

_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


@dataclass(frozen=True)
class Mistake:
    """A rule that is wrong, and what to say to somebody who seems to have used it.

    Args:
        rule: the wrong rule: a function that computes its answer, with the exercise's `given`
            numbers as keyword arguments. An answer that is itself a function comes from
            `lambda: that_function`.
        says: what the answer looks like, and what to think of.
        belief: the misconception behind it, if it is one of the fifteen.
    """

    rule: Callable[..., Any]
    says: str
    belief: Misconception | None = None


@dataclass(frozen=True)
class Verdict:
    """What is said about an answer: right or not, and what it looks like if not."""

    right: bool
    text: str
    mistake: Mistake | None = None


@dataclass(frozen=True)
class Exercise:
    """A question with a right answer, known mistakes and two hints.

    The right answer says of which kind an answer must be: a number (an int is exact), a list or
    table of numbers, or one of the words in `choices`. Of an answer of another kind, such as a
    function or a graph, `seen` makes something that can be compared.

    Args:
        name: how `check` is asked for it, such as "losses 1".
        right: computes the right answer, with `given` as keyword arguments.
        mistakes: what is recognised, the likeliest first.
        hints: what to think of at the first wrong answer, and at the second.
        praise: what else there is to say about a right answer.
        answer: what the check cell hands over, as code.
        choices: the words to choose from, if a word is asked for.
        any_order: whether the numbers may come in any order.
        reads: the shape of the numbers typed, where `seen` makes something else of them.
        seen: makes of the answer what is compared; given the answer and `given`.
        given: example values of the keyword arguments that the check cell hands over.
        example: a right answer to hand in, where `right` is not one itself.

    Example:
        >>> double = Exercise(
        ...     "double 1",
        ...     right=lambda: 6.0,
        ...     mistakes=(Mistake(lambda: 9.0, "That is the square."),),
        ...     hints=("Take 3 twice.", "3 + 3"),
        ... )
        >>> double.judge("6").right, double.judge(9).text
        (True, 'That is the square.')
    """

    name: str
    right: Callable[..., Any]
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, str]
    praise: str | Callable[..., str] = ""
    answer: str = "my_answer"
    choices: tuple[str, ...] = ()
    any_order: bool = False
    reads: tuple[int, ...] | None = None
    seen: Callable[..., Any] | None = None
    given: Callable[[], Mapping[str, Any]] = field(default=dict)
    example: Callable[..., Any] | None = None

    @property
    def grade_id(self) -> str:
        """How nbgrader calls it."""
        return self.name.replace(" ", "-")

    @property
    def call(self) -> str:
        """The line of the check cell."""
        given = "".join(f", {name}={name}" for name in self.given())
        return f'check("{self.name}", {self.answer}{given})'

    def judge(self, answer: Any, **given: Any) -> Verdict:
        """Whether the answer is right, and which mistake it looks like if not."""
        try:
            found = self._comparable(answer, given)
        except NotReadableError as err:
            return Verdict(False, str(err))
        right = self.right(**given)
        exact = not self.choices and np.asarray(right).dtype.kind in "iu"
        if self._same(found, right, exact):
            praise = self.praise(**given) if callable(self.praise) else self.praise
            return Verdict(True, praise)
        for mistake in self.mistakes:
            if self._same(found, self._comparable(mistake.rule(**given), given), exact):
                return Verdict(False, mistake.says, mistake)
        return Verdict(False, "" if self.choices else _general_remark(found, right, self.seen))

    def hand_in(self, **given: Any) -> Any:
        """A right answer as a learner would give it."""
        return (self.example or self.right)(**given)

    def _comparable(
        self, answer: object, given: Mapping[str, Array | Callable[..., Any]]
    ) -> Array | str | None:
        if self.reads is not None:
            answer = reading.numbers(answer, self.reads)
        if self.seen is not None:
            answer = self._look(answer, given)
        if self.choices:
            return reading.word(answer, self.choices)
        found = reading.numbers(answer, np.shape(self.right(**given)))
        return np.sort(found, axis=None) if self.any_order else found

    def _look(self, answer: Any, given: Mapping[str, Any]) -> Any:
        """What `seen` makes of the answer, which may be a learner's function that fails."""
        assert self.seen is not None
        if callable(self.hand_in(**given)) and not callable(answer):
            raise NotReadableError(
                "This needs a function or a class, without quotes and without calling it, but got "
                f"{type(answer).__name__} ({str(answer)[:60]})."
            )
        try:
            found = self.seen(answer, **given)
        except NotReadableError:
            raise
        except Exception as err:  # whatever a learner's code raises
            said = f"Running it ended with {type(err).__name__}: {str(err)[:200]}"
            if "ellipsis" in str(err):
                said = "An earlier answer, which this one uses, still has its dots."
            raise NotReadableError(said) from err
        return found

    def _same(self, found: Any, right: Any, exact: bool) -> bool:
        if self.choices:
            return bool(found == reading.word(right, self.choices))
        wanted = np.sort(right, axis=None) if self.any_order else np.asarray(right)
        if exact:
            return bool(np.array_equal(found, wanted))
        pairs = zip(np.ravel(found), np.ravel(wanted), strict=True)
        return all(reading.same(float(a), float(b)) for a, b in pairs)


def _general_remark(found: Any, right: float, seen: Callable[..., Any] | None) -> str:
    """What can be said of numbers that no known mistake explains."""
    if seen is not None:
        return ""
    a, b = np.ravel(found), np.ravel(np.asarray(right, dtype=np.float64))
    agree = [reading.same(float(p), float(q)) for p, q in zip(a, b, strict=True)]
    if all(reading.same(-float(p), float(q)) for p, q in zip(a, b, strict=True)):
        return "The size is right, the sign is not."
    if all(agree):
        return "That is near, but it has to be exact: there is no rounding in whole numbers."
    if all(reading.too_round(float(p), float(q)) for p, q in zip(a, b, strict=True)):
        return "That is near. Give two digits at least; zeros in front do not count."
    if len(a) == 1:
        percent = reading.same(float(a[0]) / 100, float(b[0]))
        return "Give it as a share, such as 0.5 for one half, not per cent." if percent else ""
    if all(reading.same(float(p), float(q)) for p, q in zip(np.sort(a), np.sort(b), strict=True)):
        return "These are the right numbers, in another order."
    return _which(agree)


def _which(agree: Sequence[bool]) -> str:
    """Which numbers of a list are right, if some are."""
    if not any(agree) or len(agree) > len(_PLACES):
        return ""
    wrong = [_PLACES[i] for i, good in enumerate(agree) if not good]
    listed = " and the ".join(filter(None, [", the ".join(wrong[:-1]), wrong[-1]]))
    return f"Look again at the {listed} number; the rest is right."
