"""Effects: what a program changes outside of itself, such as the parameters in a training step.

A call computes all of them and, when nothing can go wrong any more, writes them: to leaves,
gradients, and what optimizers keep. So after an error everything is as before the call.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.adopted_values import GatheredValues
from autograd.compiler.row_effects import UNSET, ElementRow
from autograd.modes import differentiated
from autograd.tensor import Tensor
from autograd.tracing import Tracer

if TYPE_CHECKING:
    from autograd.arrays import Array
    from autograd.compiler.record import Recording
    from autograd.compiler.tape import Traced
    from autograd.value import Value

    Change = Callable[..., None]
    """A method of GatheredValues."""


MANY = 8
"""From so many Values on, it is quicker to write to them in an array."""

PUT, BRING = GatheredValues.put, GatheredValues.set_gradient
FORGET = GatheredValues.zero_grad
"""What happens to Values: they get numbers, or gradients, or their gradients are forgotten."""


class Written:
    """The effects of a program.

    Attributes:
        tensors: Those from outside.
        data, grads: The number of a tensor, and its new numbers or its new gradient.
        asked: The number of a tensor whose gradient from before the call is used, and that.
        of_values: What happens to Values, and the array that the numbers for it are in, if they
            are no rows: to which leaves, and which number is for each.
    """

    def __init__(self, run: Recording) -> None:
        self.run = run
        self.of_values: dict[tuple[Change, Traced | None], list[tuple[int, int]]] = {}
        self._take_rows(run)
        leaves = [(k, x) for k, (_, x) in enumerate(run.tensors.values())]
        self.data = [(k, x.numbers) for k, x in leaves if x.numbers is not x.first]
        found = [(k, x.gradient) for k, x in leaves if x.is_set]
        self.grads = [(k, None if x is None else run.shown_in.get(x, x)) for k, x in found]
        self.asked = [(k, x.first_grad) for k, x in leaves if x.asked]
        self.kept, self.ends = run.kept, run.ends
        self.tensors = [x for x, _ in run.tensors.values()]
        self.numbers = list(run.host.used.values())
        self.compute, self.draws = run.host.computed(), run.draws
        self.generators = list({id(x): x for x, _ in self.draws}.values())
        self.roots, self.olds, self.section = run.roots, run.olds, run.section
        run.check()
        # running averages, draws and forgotten gradients leave the graph of the results as it is
        grads = [x for _, x in self.grads if x is not None]
        written = [k for k, _ in self.data if leaves[k][1].requires_grad]
        values = [change for change, _ in self.of_values if change is not FORGET]
        uses = self.asked or self.olds
        also = uses and (self.grads or self.of_values)
        self.is_step = any((grads, written, values, self.kept, self.ends, self.roots, also))
        if not self.is_step and uses:
            run.refuse(".grad")  # results would be constants
        if not self:  # a pass to nobody
            self.is_step, self.roots = False, []

    def _take_rows(self, run: Recording) -> None:
        """What happens to Values; what happens to numbers of arrays, these have, but for this."""

        def happens(leaf: int, change: Change, array: Traced | None, number: int) -> None:
            self.of_values.setdefault((change, array), []).append((leaf, number))

        for k, leaf in run.leaf_rows.items():
            if isinstance(leaf, ElementRow):
                if leaf.forgets_alone():
                    happens(k, FORGET, None, UNSET)
                    del leaf.array.new_grads[leaf.index]
            elif k not in run.gone:
                if leaf.number is not None:
                    known = leaf.number if isinstance(leaf.number, tuple) else (None, leaf.number)
                    happens(k, PUT, *known)
                if leaf.is_set and leaf.gradient is not None:
                    happens(k, BRING, None, leaf.gradient)
                elif leaf.is_set:
                    happens(k, FORGET, None, UNSET)

    def rows(self) -> list[int]:
        """The rows that it needs beside those that arrays are made of."""
        of_rows = [pairs for (_, array), pairs in self.of_values.items() if array is None]
        return self.roots + [row for pairs in of_rows for _, row in pairs if row != UNSET]

    def changed_leaves(self) -> list[int]:
        """The Values to which something happens, by their numbers among the leaves."""
        return sorted({leaf for pairs in self.of_values.values() for leaf, _ in pairs})

    def arrays_kept(self) -> list[Array]:
        """The arrays that are kept from call to call, as an optimizer's averages."""
        return [get() for get, *_ in self.kept]

    def __bool__(self) -> bool:
        """Whether there are any."""
        changes = self.data, self.grads, self.kept, self.ends, self.of_values, self.draws
        return any(changes)

    def check_results(self, outputs: list[Tensor | Traced | int]) -> None:
        """See to it that no gradient is lost: results are constants, as leaves change after them.

        The loss has had its backward pass inside, and what it is made of, too.
        """
        self.run.aliases.now.clear()  # nobody asks any more, nor for the numbers of this run
        del self.run.numbers, self.run.columns
        if not self.is_step:
            return
        for x in outputs:
            if isinstance(x, Tensor) and x.op is not None and x.requires_grad and x._grad is None:
                self.run.refuse("returning a result that needs a gradient")
        graph = self.run.graph
        behind = set(graph.needed(self.roots))
        for x in outputs:
            if isinstance(x, int) and x not in behind and graph.leaves_behind({x}):
                self.run.refuse("returning a result that needs a gradient")

    def wanted(self) -> list[Traced]:
        """The arrays that are computed for it."""
        arrays = [x for _, x in (*self.data, *self.grads)] + [x for _, x in self.of_values]
        return [x for x in (*arrays, *(after for _, _, after in self.kept)) if x is not None]

    def single_leaves(self, order: list[int]) -> list[Value]:
        """The Values from outside that change at each call, if there are many, in this order."""
        graph = self.run.graph
        changed = [leaf for leaf in self.changed_leaves() if leaf >= graph.value_count]
        found = dict.fromkeys([*(x for x in order if x in {*changed}), *changed])
        return [graph.leaves[x] for x in found] if len(found) >= MANY else []


class State:
    """What a program changes, at one moment."""

    def __init__(
        self, effects: Written, tensors: Sequence[Tensor], values: Sequence[Value]
    ) -> None:
        self._numbers: dict[str, Array | float] = {}
        self._undo: list[Callable[[], object]] = []
        for i, array in enumerate(effects.arrays_kept()):
            self._keep(f"what is kept ({i})", array)
        for k in sorted({k for k, _ in (*effects.data, *effects.grads)}):
            node, name = tensors[k], _name(tensors[k])
            self._keep(f"the data of {name}", node._data)
            if node._grad is not None:
                self._keep(f"the gradient left in {name}", node._grad)
            version = node._version.number
            self._undo.append(partial(_put_back, node, node._data, node._grad, version))
        for i, (owner, name, _) in enumerate(effects.ends):
            value = getattr(owner, name)
            self._numbers[f"{name} ({i})"] = np.asarray(value)
            self._undo.append(partial(setattr, owner, name, value))
        leaves = [effects.run.graph.leaf(k, values) for k in effects.changed_leaves()]
        self._values = [(x, x._data, x._grad) for x in leaves]  # which may be many
        for generator in effects.generators:
            bits = generator.bit_generator
            self._undo.append(partial(setattr, bits, "state", bits.state))

    def _keep(self, name: str, array: Array) -> None:
        self._numbers[name] = array.copy()
        self._undo.append(partial(np.copyto, array, self._numbers[name]))

    def restore(self) -> None:
        """Let everything be as it was."""
        for undo in self._undo:
            undo()
        for leaf, number, grad in self._values:
            leaf._grad = grad
            if leaf.home is None:  # of a number of an array only the gradient may change here
                leaf._data = number

    def numbers(self) -> dict[str, Array | float]:
        """All of it, by what to call it in a message."""
        for leaf, number, grad in self._values:
            name = _name(leaf)
            self._numbers[f"the data of {name}"] = number
            self._numbers[f"the gradient left in {name}"] = 0.0 if grad is None else grad
        return self._numbers


def _name(leaf: Tensor | Value) -> str:
    return f"{leaf.label or type(leaf).__name__} ({id(leaf)})"


def _put_back(node: Any, data: Array, grad: Array | None, version: int) -> None:
    if node._data is data:
        node._grad = grad
    else:  # it has moved to another array, where an optimizer may look for its numbers
        node._write(data)
        node._grad = None
        if grad is not None:
            node._receive(grad)
    node._version.number = version


class Forgetful:
    """Leaves inside `Unwritten`: their gradients may be forgotten, as no loss depends on them."""

    dtype = None

    @staticmethod
    def gather(leaves: Sequence[Any]) -> Forgetful:
        """Several of them, for an optimizer."""
        return Forgetful()

    def zero_grad(self) -> None:
        """Nothing."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("grad", "_grad"):
            raise Unwritten.Stop

    def __getattr__(self, name: str) -> Any:
        raise Unwritten.Stop


class Unwritten(Tracer):
    """Inside, a function runs as it is written, up to where it would change a leaf."""

    class Stop(BaseException):
        """It would."""

    def __init__(self) -> None:
        self.twins: dict[int, np.random.Generator] = {}

    def multiplied(self, *step: Any) -> None:
        """A backward pass that leaves gradients behind goes no further."""
        if not differentiated.get():
            raise self.Stop

    def written(self, *given: Any) -> Any:
        """No further."""
        raise self.Stop

    def leaf(self, node: Any) -> Any:
        """What has no gradient to be read."""
        return Forgetful()

    def drawn(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """What the generator would draw, which stays where it is."""
        if id(generator) not in self.twins:
            self.twins[id(generator)] = copy.deepcopy(generator)
        found: Array = self.twins[id(generator)].random(shape)
        return found

    held = numbers_of = ends_as = written  # type: ignore[assignment]
