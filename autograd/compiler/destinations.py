"""Destinations: where the parts of a scatter are computed, so that hardly any has to be put there.

The gradient of five neurons' parameters, a row of fifteen numbers, has two parts, that of the
weights and that of the biases. Both are computed straight into their places in the row: joining
them takes no call at all. Where parts meet, one comes first and the other is added to it:

    the penalty's 2 λ w, all fifteen numbers: computed on its own, then added with one `+=`
    the weights' and the biases': computed straight into their places, before that

What no part comes to stays 0. Only where parts meet in part, or where places are data, the whole is
filled with 0 first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from autograd.compiler.numpy_calls import Call
from autograd.compiler.places import View
from autograd.compiler.tape import Traced, begin_of, traced_in

if TYPE_CHECKING:
    from autograd.arrays import Array
    from autograd.compiler.places import Positions
    from autograd.compiler.tape import Step, Where

    Way = tuple[str, Traced, Where]
    """What becomes of a part: "there", "put", "add", or "fill" of the whole; and where."""


class Destinations:
    """Which parts are computed in place, and the calls that put or add the others.

    Args:
        steps: The calls that are made, in order.
        section_of: In which part of the tape each is, by identity.
        arrays: The array of each traced one, by identity. Those that are to be computed in place
            get theirs here.
    """

    def __init__(
        self, steps: Sequence[Step], section_of: dict[int, int], arrays: dict[int, Array]
    ) -> None:
        self.arrays, self.section_of = arrays, section_of
        self.plans: dict[int, list[Way]] = {}
        if not any(step.kind == "scatter" for step in steps):
            return
        readers = (x.base for s in steps for x in traced_in((s.args, s.options)))
        self.readers = Counter(map(id, readers))
        self.maker = {id(step.out): step for step in steps if step.kind not in ("view", "change")}
        for step in reversed(steps):  # so that of a scatter into a scatter the outer one is first
            if step.kind == "scatter":
                self._plan(step)

    def _plan(self, step: Step) -> None:
        """Decide on the order, and give the parts that are computed in place their arrays."""
        out = step.out
        if id(out) not in self.arrays:
            self.arrays[id(out)] = np.zeros(out.shape, out.dtype)
        whole = self.arrays[id(out)].reshape(-1)
        parts, wheres = step.args
        size = [part.size for part in parts]
        at_home = [k for k, part in enumerate(parts) if _is_at(self.arrays.get(id(part)), whole)]
        tried = []
        for sign in (1, -1):  # the small parts first, or the large ones
            order = at_home + sorted(
                (k for k in range(len(parts)) if k not in at_home), key=lambda k: sign * size[k]
            )
            moves = self._moves(step, order, at_home, whole)
            tried.append((moves is None, sum(how != "there" for how, *_ in moves or ()), moves))
        *_, moves = min(tried, key=lambda x: x[:2])
        if moves is None:
            begin = [] if at_home else [("fill", out, View.all(out.shape))]
            pairs = enumerate(zip(parts, wheres, strict=True))
            moves = [*begin, *(("add", *pair) for k, pair in pairs if k not in at_home)]
        for how, part, where in moves:
            if how == "there" and isinstance(where, View) and id(part) not in self.arrays:
                self.arrays[id(part)] = where.of(whole)
        self.plans[id(out)] = moves

    def _moves(
        self, step: Step, order: list[int], at_home: list[int], whole: Array
    ) -> list[Way] | None:
        """What becomes of each part in this order; None if some parts meet in part."""
        parts, wheres = step.args
        if any(isinstance(where, Traced) for where in wheres):
            return None
        covered = np.zeros(whole.size, dtype=bool)
        moves: list[Way] = []
        for k in order:
            part, where = parts[k], wheres[k]
            places = where.positions
            if not covered[places].any():
                in_place = k in at_home or self._is_free(part, where, step, whole)
                moves.append(("there" if in_place else "put", part, where))
            elif covered[places].all():
                moves.append(("add", part, where))
            else:
                return None
            covered[places] = True
        return moves

    def _is_free(self, part: Traced, where: Positions | View, step: Step, whole: Array) -> bool:
        """Whether a part can be computed at its place: it is made for that alone."""
        maker = self.maker.get(id(part))
        if not isinstance(where, View) or maker is None or part.base is not part:
            return False
        if id(part) in self.arrays or self.readers[id(part)] != 1:
            return False
        if part.shape != where.shape or part.dtype != step.out.dtype:
            return False
        if maker.kind == "source":
            return not maker.options["fixed"]
        if self.section_of[id(maker)] != self.section_of[id(step)]:
            return False
        return maker.kind != "scatter" or _is_whole(maker, where.of(whole))

    def calls(self, step: Step) -> list[Call]:
        """The calls that put a scatter's parts together, once their arrays are known."""
        whole = self.arrays[id(step.out)].reshape(-1)
        moves = self.plans[id(step.out)]
        found: list[Call] = []
        for how, part, where in moves:
            if how == "there":
                continue
            if how == "fill":
                found.append(partial(whole.fill, 0.0))
                continue
            array = self.arrays[id(part)]
            if isinstance(where, View):
                place = where.of(whole)
                if how == "add":
                    found.append(partial(np.add, place, array, place))
                elif self._is_constant(part) and not any(how == "add" for how, *_ in moves):
                    place[...] = array  # once, as nothing changes it
                else:
                    found.append(partial(np.positive, array, place))
            elif isinstance(where, Traced):
                found.append(partial(np.add.at, whole, self.arrays[id(where)], array))
            else:
                found.append(partial(_put if how == "put" else _add, whole, where.positions, array))
        return found

    def _is_constant(self, part: Traced) -> bool:
        maker = self.maker.get(id(part.base))
        return maker is not None and maker.kind == "source" and maker.options["fixed"]


def allocate_rows(
    steps: Sequence[Step],
    section_of: dict[int, int],
    arrays: dict[int, Array],
    changed: dict[Traced, list[Step]],
) -> None:
    """Let arrays that are joined to a row be computed there.

    As the gradients of parameters are for an optimizer, which has them one after another.
    """
    makers = {id(step.out): step for step in steps}
    for step in steps:
        if step.function is not np.concatenate or step.out in changed:
            continue
        if len(step.args) > 1 or step.options:  # an axis
            continue
        row = step.out
        parts = [part.base for part in traced_in(step.args)]
        if id(row) in arrays or len({id(x) for x in parts}) < len(parts):
            continue
        if not all(
            x.size == part.size and part.ndim == 1
            for x, part in zip(parts, traced_in(step.args), strict=True)
        ):
            continue
        if all(
            id(x) not in arrays
            and x not in changed
            and x.dtype == row.dtype
            and x.array.flags.c_contiguous
            and (made := makers.get(id(x))) is not None
            and made.kind in ("into", "store")
            and section_of[id(made)] == section_of[id(step)]
            for x in parts
        ):
            whole, start = np.zeros(row.size, row.dtype), 0
            for x in parts:
                arrays[id(x)] = whole[start : start + x.size].reshape(x.shape)
                start += x.size


def uncopied(
    steps: Sequence[Step], section_of: dict[int, int], changed: dict[Traced, list[Step]]
) -> dict[int, Traced]:
    """The copies that need not be made, since what changes them first can read what is copied.

    A copy of v and `v *= 0.9` are `multiply(v, 0.9, out=the copy)`.

    Returns:
        What is copied, by the step that does it and by the one that changes the copy.
    """
    found: dict[int, Traced] = {}
    for i, step in enumerate(steps):
        if step.function is not np.positive or step.kind != "into" or step.out not in changed:
            continue
        (copied,), out = step.args, step.out
        touches = (
            s
            for s in steps[i + 1 :]
            if s.kind != "view" and any(x.base is out for x in traced_in((s.args, s.options)))
        )
        first = next(touches, None)
        if first is None or first.kind != "change" or first.options.keys() != {"out"}:
            continue
        target = first.options["out"]
        between = changed.get(copied.base, ())
        if (
            getattr(first.function, "signature", first) is None
            and isinstance(target, Traced)
            and target.shape == out.shape
            and (copied.shape, copied.dtype) == (out.shape, out.dtype)
            and all(x is target for x in first.args if isinstance(x, Traced) and x.base is out)
            and section_of[id(first)] == section_of[id(step)]
            and not between
        ):
            found[id(step)] = found[id(first)] = copied
    return found


def _is_whole(step: Step, place: Array) -> bool:
    """Whether a scatter can be made at a place that others add to: each run begins it anew."""
    covered = np.zeros(place.size, dtype=bool)
    for where in step.args[1]:
        if isinstance(where, Traced):  # then it is filled with 0 first
            return bool(place.flags.c_contiguous)
        covered[where.positions] = True
    return bool(place.flags.c_contiguous and covered.all())


def _is_at(array: Array | None, whole: Array) -> bool:
    """Whether an array is this memory."""
    if array is None or array.size != whole.size:
        return False
    return begin_of(array) == begin_of(whole)


def _put(whole: Array, places: Array, array: Array) -> None:
    whole[places] = array


def _add(whole: Array, places: Array, array: Array) -> None:
    whole[places] += array
