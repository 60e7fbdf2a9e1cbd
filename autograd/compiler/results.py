"""Results: what a compiled function returns, nodes of the ordinary graph.

Each result has one parent, the call, and the call's parents are the Values and Tensors that went
in. So a result can be computed with further, and `backward()` goes through it as through any node:
the results hand their gradients to the call, and the call runs the compiled backward pass once.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from autograd import node
from autograd.compiler.ordinary_graph import ordinary, ordinary_pass
from autograd.compiler.program import Workspace
from autograd.errors import GraphError
from autograd.modes import active
from autograd.node import Node, adding
from autograd.tensor import Tensor
from autograd.value import Value
from autograd.versions import FIXED, latest

if TYPE_CHECKING:
    from autograd.arrays import Array
    from autograd.compiler.ordinary_graph import Grads


class Seeds:
    """The gradient of one of a call's results, by its number, and those that came before it."""

    __slots__ = ("before", "place", "seed")

    def __init__(self, place: int, seed: float | Array, before: Seeds | None = None) -> None:
        self.place, self.seed, self.before = place, seed, before

    def __add__(self, other: Seeds) -> Seeds:
        return Seeds(other.place, other.seed, self)  # nothing is copied, as there may be many

    def __iter__(self) -> Iterator[tuple[int, float | Array]]:
        seeds: Seeds | None = self
        while seeds is not None:
            yield seeds.place, seeds.seed
            seeds = seeds.before

    @property
    def data(self) -> Array:
        """All of them in one row, for whoever checks that they are finite."""
        return np.concatenate([np.ravel(seed) for _, seed in self])


class Call(Node):
    """One call of a compiled function: the node between its results and what went in."""

    requires_grad = True
    label = ""
    _grad: Any = None
    _version = FIXED

    def __init__(self, space: Workspace, leaves: Sequence[Value], tensors: list[Tensor]) -> None:
        self.op: Any = space.program.op
        self.space, self.leaves, self.tensors = space, leaves, tensors
        self.seen = latest.number
        self.live = space.program.recording.outside.live
        self.sample = [x.tobytes() for x in self.live] if self.live else []

    def __del__(self) -> None:
        self.space.program.release(self.space)

    @property
    def data(self) -> Any:
        """None: only the results have numbers."""
        return None

    @functools.cached_property
    def ordinary(self) -> dict[int, Any]:
        """What it computed as nodes of the ordinary graph, by the rows of its recording."""
        return ordinary(self.space, self.leaves)

    @property
    def parents(self) -> tuple[Node, ...]:
        """The Values and Tensors that the results depend on."""
        owners = (owner for owner, _, _ in self.space.windows)  # whose elements are leaves
        return (*self.leaves, *owners, *self.tensors)

    def _check_written(self) -> None:
        if self.sample and self.sample != [x.tobytes() for x in self.live]:
            raise GraphError(
                f"{self.op.name}: a large array from outside that it uses was written to after the "
                "call, so its derivative is lost. Call backward() before writing."
            )
        for tensor in self.tensors:
            if tensor._version.number > self.seen:
                label = f" {tensor.label!r}" if tensor.label else ""
                raise GraphError(
                    f"{self.op.name}: a Tensor{label} that it uses was written to after the call, "
                    "so its derivative is lost. Call backward() before writing."
                )

    def gradients(
        self, seeds: Seeds
    ) -> tuple[Iterable[tuple[Value, float]], list[tuple[Tensor, Array]]]:
        """Run the compiled backward pass.

        Returns:
            The leaves that it reaches, and the arrays that it reaches, each with its gradient; that
            of an array lies in memory that the next pass writes to.
        """
        self._check_written()
        space, program = self.space, self.space.program
        given = {program.outputs[place]: seed for place, seed in seeds}
        if len(given) == program.graded and not program.partly_reached:
            self._run_calls(given)
        else:
            with np.errstate(invalid="ignore"):
                self._run_calls(given)
            doubtful = [space.grads]
            if not all(x in given for x in program.differentiable):
                doubtful += [grad for _, grad in space.gradients]
            if any(np.isnan(x).any() for x in doubtful):
                ordinary_pass(space, given)
        leaves: Iterable[tuple[Value, float]] = ()
        if self.leaves:
            leaves = zip(self.leaves, space.leaf_grads.tolist(), strict=True)
        arrays = space.arrivals
        if program.tensor_count:  # some are arguments of this call
            arrays = arrays + [(self.tensors[k], grad) for k, grad in space.gradients]
        # no gradient comes to what only other results are made of, or is not looked up
        if len(given) < program.graded or program.looks_up:
            reached, tensors = program.reached(frozenset(given))
            found, count = reached.at(space.indices), len(program.order)
            leaves = compress(leaves, found[:count])
            kept = found[count:] + [tensors[k] for k, _ in space.gradients]
            arrays = [*compress(arrays, kept)]
        return leaves, [pair for pair in arrays if pair[0].requires_grad]

    def _run_calls(self, given: Grads) -> None:
        """Make the calls of the compiled pass, from the gradients of results."""
        space, program = self.space, self.space.program
        if program.seeds:
            for x, traced in zip(program.differentiable, program.seeds, strict=True):
                space.arrays[traced][...] = given.get(x, 0.0)
            space.arrays.run(1)
        if program.emitted.gradient is not None:
            if space.value_grads:
                space.seeds[:] = 0.0
            space.seeds[space.result_seeds] = [given.get(row, 0.0) for row in program.flowing]
            for places, grad, flowing in space.value_grads:
                np.add.at(space.seeds, places, grad[flowing])
            space.scalars.run(1)

    def _contributions(self, out_grad: Seeds) -> Iterator[node.Contribution]:
        with self.space.lock:
            leaves, arrays = self.gradients(out_grad)
            values = [pair for pair in leaves if pair[0].requires_grad]
            copies = [(array, grad.copy()) for array, grad in arrays]
        found: list[tuple[Node, float | Array]] = [*values, *copies]
        for i, (parent, grad) in enumerate(found):
            yield self, i, parent, out_grad, grad

    def _graph_contributions(self, out_grad: object) -> NoReturn:
        raise GraphError(
            f"{self.op.name}: is compiled, and has first derivatives only. Compile the derivative "
            "instead, compile(grad(f)), or use the function as it was before compiling."
        )

    def _receive(self, grad: Seeds) -> None:
        """Nothing: what arrives are seeds, and a call has no gradient to show."""

    def deliver(self, seeds: Seeds) -> None:
        """The same as the ordinary backward pass, where all parents are leaves."""
        with self.space.lock:
            leaves, arrays = self.gradients(seeds)
            with adding:
                for leaf, grad in leaves:  # which may be many
                    before = leaf._grad
                    leaf._grad = grad if before is None else before + grad
                for array, gradients in arrays:
                    array._receive(gradients)

    def ends_here(self) -> bool:
        """Whether all that went in are leaves, with gradients of their own."""
        program = self.space.program
        if active() or not program.grounded:
            return False
        if program.value_count and any(x.op is not None or x.home for x in self.leaves):
            return False
        return all(x.op is None for x in self.tensors[: program.tensor_count])


class ResultValue(Value):
    """A single number that a compiled function returned."""

    __slots__ = ("_call", "_place")

    def __init__(self, number: float, call: Call, place: int) -> None:
        self._data, self._grad, self.op, self.label = number, None, call.op, ""
        self._left = self._right = None
        self._call, self._place = call, place

    @property
    def parents(self) -> tuple[Any, ...]:
        """The call."""
        return (self._call,)

    def backward(self) -> None:
        """As any Value's; the pass through the function itself is compiled."""
        if self._call.ends_here():
            self._grad = 1.0
            self._call.deliver(Seeds(self._place, 1.0))
        else:
            node.backward(self, 1.0)

    def local_derivative(self, i: int) -> float:
        """The result is one of the call's numbers as it is."""
        return 1.0

    def copied_as(self) -> Value:
        """The node of the ordinary graph that it is where it is copied."""
        found: Value = self._call.ordinary[self._call.space.program.outputs[self._place]]
        found.label, found._grad = self.label, self._grad
        return found

    def _contributions(self, out_grad: float) -> tuple[node.Contribution, ...]:
        return ((self, 0, self._call, out_grad, Seeds(self._place, out_grad)),)

    _graph_contributions: Any = _contributions  # the call refuses


class ResultTensor(Tensor):
    """An array that a compiled function returned."""

    __slots__ = ("_call", "_place")

    def __init__(self, array: Array, call: Call, place: int) -> None:
        self._data = array
        self._become_leaf(requires_grad=True)
        self._version = FIXED
        self.op = call.op
        self.parents, self._call, self._place = (call,), call, place

    def backward(self, gradient: Any = None) -> None:
        """As any Tensor's; the pass through the function itself is compiled."""
        seed = self._seed(gradient)
        if self._call.ends_here():
            self._grad = seed
            self._call.deliver(Seeds(self._place, seed))
        else:
            node.backward(self, seed)

    def local_derivative(self, i: int) -> None:
        """None: the call has many results."""
        return None

    def copied_as(self) -> Tensor:
        """Not to be had: `ordinary` says so."""
        self._call.ordinary  # noqa: B018
        raise AssertionError("it computes with arrays")

    def _contributions(self, out_grad: Array) -> list[node.Contribution]:
        return [(self, 0, self._call, out_grad, Seeds(self._place, out_grad))]

    _graph_contributions: Any = _contributions  # the call refuses
