"""Boxes: parts of a graph that are shown as one thing, and can be opened.

Three kinds of part are found, each inside of another or apart from it:

- a module. Nodes do not say which module made them, but names do: a parameter `model.0.weight`
  belongs to `model.0`, and what is computed with it is taken to belong there too, until parameters
  of another module come in, results of two modules meet, or a loss begins. A module that is used
  again after another has a box for each use, and these, if they are many, one box together;
- a composition that has a name, such as softmax: `compositions.py` knows them when it sees them;
- a sum of many terms; and of its terms those in the middle, with what only leads to them, which in
  pictures are one box.

Boxes never form a cycle, whichever of them are closed. Those of modules have stages that grow along
every arrow; in the others every operand acts on every result, so what leads through a box leads
through the graph.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from autograd.node import Node
from autograd.tensor import Tensor
from autograd.value import Value
from autograd.viz.compositions import compositions_in
from autograd.viz.graph import operands_first

MANY = 12
"""A sum of more terms is a box."""

SHOWN = 3
"""Of its terms so many are drawn, and the last; the others are a box."""

MOST_RECORDED = 2_000
"""Of a larger graph, the page plays only the steps between nodes that are drawn, and opens no box:
so the terms of a sum are not in one."""

REPEATED = 3
"""The boxes of a module that is used more often are one box together."""

Kind = Literal["module", "part", "repeated", "composition", "sum", "terms"]


@dataclass(slots=True, eq=False)
class Box:
    """A part of a graph.

    Attributes:
        name: What it is called.
        kind: What it is; a "part" is what comes before or after all modules.
        nodes: Everything in it, each after its operands.
        level: Of a module, how many parts its name has; else 0.
        inner: The boxes in it.
        id: Such as "g3".
        results: What is used outside of it, or by nobody.
        operands: What it uses of the nodes outside, each once.
    """

    name: str
    kind: Kind
    nodes: tuple[Node, ...]
    level: int = 0
    inner: list[Box] = field(default_factory=list)
    id: str = ""
    results: tuple[Node, ...] = ()
    operands: tuple[Node, ...] = ()

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of what leaves it, if that is an array."""
        leaving = [node for node in self.results if node.parents and isinstance(node, Tensor)]
        return np.shape(leaving[-1].data) if leaving else None

    @property
    def is_of_numbers(self) -> bool:
        """Whether no array is in it."""
        return all(isinstance(node, Value) for node in self.nodes)

    @property
    def all(self) -> Iterator[Box]:
        """This box, and every box inside of it."""
        yield self
        for box in self.inner:
            yield from box.all


Uses = Mapping[Node, Sequence[tuple[Node, int]]]
Parents = Mapping[Node, Sequence[Node]]


def boxes_of(nodes: Sequence[Node], names: Mapping[Node, str], uses: Uses) -> list[Box]:
    """The outermost boxes of a graph, with those inside of them.

    Args:
        nodes: In topological order.
        names: The full names of the nodes that have one.
        uses: For each node, what it is an operand of.
    """
    place = {node: k for k, node in enumerate(nodes)}
    compositions = [Box(name, "composition", part) for name, part in compositions_in(nodes, uses)]
    _finish(compositions, place, uses)
    compositions = [box for box in compositions if not _hides_a_name(box, names)]
    found = _modules_around(compositions, nodes, names, place)
    found += [*compositions, *_sums(nodes, names, uses)]
    outermost: list[Box] = []
    innermost: dict[Node, Box] = {}
    for box in sorted(found, key=lambda box: -len(box.nodes)):  # the larger first
        around = {innermost.get(node) for node in box.nodes}
        outer = around.pop()
        same = outer is not None and len(outer.nodes) == len(box.nodes)
        if around or (same and not box.level and box.kind != "composition"):
            continue  # it lies across another, or is one
        (outermost if outer is None else outer.inner).append(box)
        innermost |= dict.fromkeys(box.nodes, box)
    _finish(outermost, place, uses)
    for k, box in enumerate((box for outer in outermost for box in outer.all), start=1):
        box.id = f"g{k}"
    return outermost


def _finish(boxes: list[Box], place: Mapping[Node, int], uses: Uses) -> None:
    """Sort the boxes by where they end, and find what goes in and out."""
    boxes.sort(key=lambda box: place[box.nodes[-1]])
    for box in boxes:
        inside = set(box.nodes)
        operands = (parent for node in box.nodes for parent in node.parents)
        box.operands = tuple(dict.fromkeys(p for p in operands if p not in inside))
        box.results = tuple(
            node
            for node in box.nodes
            if not uses[node] or any(user not in inside for user, _ in uses[node])
        )
        _finish(box.inner, place, uses)


def closed(boxes: Sequence[Box], is_open: Callable[[Box], bool]) -> Iterator[Box]:
    """The outermost of the boxes that are not open."""
    for box in boxes:
        if is_open(box):
            yield from closed(box.inner, is_open)
        else:
            yield box


def is_operation(box: Box) -> bool:
    """Whether a box is shown like a single operation, with the number or array that it gives."""
    return box.kind in ("composition", "sum") and len(box.results) == 1


def closed_in_words(boxes: Sequence[Box], depth: int | None) -> list[Box]:
    """The boxes that are closed in texts; of a sum, every term is written.

    Args:
        boxes: The outermost boxes.
        depth: Close modules whose names have so many parts; None for no module, 0 for nothing.
    """
    if depth == 0:
        return []
    if depth is None:
        return list(closed(boxes, lambda box: box.kind not in ("composition", "sum")))
    return list(closed(boxes, lambda box: 0 < box.level < depth or box.kind == "terms"))


def in_order(nodes: Sequence[Node], shut: Mapping[Node, Box]) -> list[Node | Box]:
    """The nodes outside of closed boxes, and the boxes, each after what it is made of.

    Args:
        nodes: In topological order.
        shut: For each node in a closed box, that box.
    """
    starts = [shut.get(node, node) for node in nodes]
    return operands_first(starts, lambda at: _operands(at, shut))


def longest_path(nodes: Sequence[Node], boxes: Sequence[Box]) -> int:
    """How many things one path through a graph meets at most, where these boxes are closed."""
    shut = {node: box for box in boxes for node in box.nodes}
    met: dict[Node | Box, int] = {}
    for at in in_order(nodes, shut):
        met[at] = 1 + max((met[one] for one in _operands(at, shut)), default=0)
    return max(met.values())


def _operands(at: Node | Box, shut: Mapping[Node, Box]) -> list[Node | Box]:
    return [shut.get(p, p) for p in (at.operands if isinstance(at, Box) else at.parents)]


def _hides_a_name(box: Box, names: Mapping[Node, str]) -> bool:
    """Whether something in it has a name of its own: then somebody wants to see it."""
    inner = set(box.nodes) - set(box.results)
    return any(node.parents and names.get(node, "").isidentifier() for node in inner)


def _sums(nodes: Sequence[Node], names: Mapping[Node, str], uses: Uses) -> Iterator[Box]:
    """Sums of many terms: additions of which each is used by the next alone, and has no name."""
    chains: dict[Node, list[Node]] = {}  # by the last addition so far
    for node in nodes:
        if node.op is not None and node.op.name == "add":
            unseen = [p for p in node.parents if not names.get(p, "").isidentifier()]
            before = [p for p in unseen if p in chains and len(uses[p]) == 1]
            chain = chains.pop(before[0]) if before else [p for p in node.parents if _is_start(p)]
            chain.append(node)
            chains[node] = chain
    summed: dict[Node, Node] = {}  # of each addition the last of its chain
    middle: set[tuple[Node, Node]] = set()
    for last, chain in chains.items():
        if len(chain) >= MANY:
            inside = set(chain)
            terms = [p for node in chain for p in node.parents if p not in inside]
            yield Box(f"Σ of {len(terms)} terms", "sum", tuple(chain))
            rest = len(terms) - SHOWN  # opened, the sum is as short as the terms that are drawn
            yield Box(f"Σ of {rest} terms", "sum", tuple(chain[-rest:-1]))
            summed |= dict.fromkeys(chain, last)
            shown = {*terms[:SHOWN], terms[-1]}
            if len(nodes) <= MOST_RECORDED:
                middle |= {(term, last) for term in terms if term not in shown}
    yield from _middle_terms(nodes, names, uses, summed, middle)


def _middle_terms(
    nodes: Sequence[Node],
    names: Mapping[Node, str],
    uses: Uses,
    summed: Mapping[Node, Node],
    middle: Collection[tuple[Node, Node]],
) -> Iterator[Box]:
    """The terms of each sum that are not drawn, with all that leads to nothing else."""
    goes_to: dict[Node, Node] = {}
    parts: dict[Node, list[Node]] = {}
    for node in reversed(nodes) if middle else ():
        ends = {
            summed[user] if (node, summed.get(user)) in middle else goes_to.get(user)
            for user, _ in uses[node]
        }
        last = ends.pop() if len(ends) == 1 else None
        if last is not None and not (node.parents and names.get(node, "").isidentifier()):
            goes_to[node] = last
            parts.setdefault(last, []).append(node)
    for last, part in parts.items():
        count = sum((node, last) in middle for node in part)
        yield Box(f"{count} more terms", "terms", tuple(part[::-1]))


def _is_start(node: Node) -> bool:
    """Whether a node is the 0 that Python's sum begins with, which is no term."""
    zero = isinstance(node, Value) and node.op is None and not node.requires_grad
    return zero and not node.data


# --- modules ----------------------------------------------------------------------------------


def module_of(name: str, depth: int) -> str:
    """The module that a parameter's name tells, to a depth of so many parts; "" for none so deep.

    Example:
        >>> [module_of("model.0.weight", depth) for depth in (1, 2, 3)]
        ['model', 'model.0', '']
        >>> module_of("mlp.layers[1].neurons[2].w[0]", 2)
        'mlp.layers[1]'
    """
    parts = name.split(".")[:-1]
    if len(parts) < depth or not re.fullmatch(r"[^\W\d][^\s<>=]*", name):  # or of any other text
        return ""
    return ".".join(parts[:depth])


def is_layer(box: Box) -> bool:
    """Whether a box is what a network is made of: numbered, or more than the modules inside of it.

    Example:
        >>> nodes = (Value(1.0), Value(2.0))
        >>> layer = Box("model.0", "module", nodes, level=2)
        >>> is_layer(layer), is_layer(Box("model", "module", nodes, inner=[layer]))
        (True, False)
    """
    numbered = re.search(r"\.\d+$|\]$", box.name) is not None
    inside = sum(len(x.nodes) for x in box.inner if x.level)
    return numbered or box.kind != "module" or 2 * inside < len(box.nodes)


def _modules_around(
    compositions: Sequence[Box],
    nodes: Sequence[Node],
    names: Mapping[Node, str],
    place: Mapping[Node, int],
) -> list[Box]:
    """The boxes of modules in a graph in which a composition counts as one node, its last result.

    So the mean that a layer norm begins with, which no parameter takes part in, belongs to it, and
    the two results of a step of an LSTM stay together.
    """
    if not compositions:  # as most of a hundred thousand nodes, which are not to be sorted again
        return _modules(nodes, {node: node.parents for node in nodes}, names, 1)
    joined = {box.results[-1]: box for box in compositions}
    stands_for = {node: box.results[-1] for box in compositions for node in box.nodes}

    def operands(node: Node) -> list[Node]:
        before = joined[node].operands if node in joined else node.parents
        return [stands_for.get(parent, parent) for parent in before]

    parents = {node: operands(node) for node in nodes if stands_for.get(node, node) is node}
    found = _modules(operands_first(parents, parents.__getitem__), parents, names, 1)
    for box in found:
        inside = [one for node in box.nodes if node in joined for one in joined[node].nodes]
        box.nodes = tuple(sorted({*box.nodes, *inside}, key=place.__getitem__))
    return found


def _modules(
    nodes: Sequence[Node], all_parents: Parents, names: Mapping[Node, str], depth: int
) -> list[Box]:
    """The boxes of the modules in a part of a graph, and of the modules in these.

    A result belongs to the module whose parameters it was made with, and so does what is made of
    it alone. Where the results of two modules meet, the result belongs to neither; and a loss
    belongs to no model. A module that is used again after another one has a box for each use. What
    comes before all modules is a box, too, and what comes after them.
    """
    inside = set(nodes)
    parents = {node: [p for p in all_parents[node] if p in inside] for node in nodes}
    own = {node: module_of(names.get(node, ""), depth) for node in nodes if not parents[node]}
    if not any(own.values()):
        return []
    places = _Places(nodes, parents, all_parents, own, names, depth == 1)
    members: dict[tuple[str, int], list[Node]] = {}
    for node in nodes[:-1] if depth == 1 else nodes:
        if key := places.of(node):
            members.setdefault(key, []).append(node)
    found = []
    for name, stage in sorted(members, key=lambda key: (key[1], key[0])):
        part, is_module = tuple(members[name, stage]), name not in (INPUTS, AFTER)
        if is_module and len(part) > 1:
            found.append(Box(name, "module", part, depth))
        elif len(part) > 3:
            found.append(Box(name, "part", part))
    uses: dict[str, list[Box]] = {}
    for box in found:
        uses.setdefault(box.name, []).append(box)
    for name, boxes in uses.items():
        if len(boxes) > REPEATED and boxes[0].level:
            together = _together(nodes, all_parents, boxes, found)
            if together:
                found.append(Box(f"{name}, {len(boxes)} times", "repeated", together))
            for k, box in enumerate(boxes, start=1):
                box.name = f"{name} ({k})"
    for box in list(found):
        if box.kind == "module":
            found += _modules(box.nodes, all_parents, names, depth + 1)
    return found


def _together(
    nodes: Sequence[Node], parents: Parents, boxes: Sequence[Box], others: Sequence[Box]
) -> tuple[Node, ...]:
    """The nodes of several boxes; none if one box of them would be part of a cycle."""
    inside = {node for box in boxes for node in box.nodes}
    place: dict[Node, object] = {node: box for box in others for node in box.nodes}
    whole = object()
    place |= dict.fromkeys(inside, whole)
    before: dict[object, list[object]] = {}
    for node in nodes:
        at = place.get(node, node)
        before.setdefault(at, []).extend(
            other for p in parents[node] if (other := place.get(p, p)) is not at
        )
    first = {*operands_first(before[whole], lambda at: () if at is whole else before.get(at, ()))}
    return () if whole in first else tuple(node for node in nodes if node in inside)


INPUTS, AFTER = "inputs", "after the modules"


class _Places:
    """The module of each node, and a stage that grows along every edge between two boxes."""

    def __init__(
        self,
        nodes: Sequence[Node],
        parents: Parents,
        all_parents: Parents,
        own: Mapping[Node, str],
        names: Mapping[Node, str],
        whole: bool,
    ) -> None:
        self.parents, self._all_parents, self._whole = parents, all_parents, whole
        self.module: dict[Node, str] = dict(own)
        self.stage: dict[Node, int] = dict.fromkeys(own, 0)
        self.users: dict[Node, list[Node]] = {node: [] for node in nodes}
        for node in nodes:
            for parent in parents[node]:
                self.users[parent].append(node)
        self._parametric = {node for node, name in own.items() if name}
        self._after = self._last_part(nodes)
        self._along: set[Node] = set()
        self._bits: dict[Node, int] = {}  # of each parameter a bit,
        self._used: dict[Node, int] = {}  # by which each node says what it and those before used
        for node in nodes:
            if parents[node]:
                self.module[node] = self._module_of(node)
                self.stage[node] = max(self._stage_after(parent, node) for parent in parents[node])
                self._begin_again(node)
        for node in reversed(nodes):
            self._move_to_use(node)
        for node in reversed(nodes):  # what is only handed to one box goes with it
            if not parents[node] or node in self._parametric:
                self._go_along(node, not names.get(node))

    def of(self, node: Node) -> tuple[str, int] | None:
        """The box of a node; None if it stands by itself."""
        if name := self.module[node]:
            return name, self.stage[node]
        if not self._whole:
            return None
        if node in self._along or (node in self._after and self.parents[node]):
            return AFTER, 1 + max(self.stage.values())
        return (INPUTS, -1) if self.stage[node] == 0 else None

    def _last_part(self, nodes: Sequence[Node]) -> set[Node]:
        """The results that no module uses any more; what is made of parameters alone is found."""
        for node in nodes:
            before = self.parents[node]
            modules = {self.module.get(parent) for parent in before}
            alone = len(before) == len(self._all_parents[node])
            if before and alone and self._parametric.issuperset(before):
                self._parametric.add(node)
                self.module[node] = modules.pop() or "" if len(modules) == 1 else ""
        after: set[Node] = set()
        for node in reversed(nodes):
            uses = self.users[node]
            if all(u in after and not self._parametric.intersection(self.parents[u]) for u in uses):
                after.add(node)
        return after - self._parametric

    def _module_of(self, node: Node) -> str:
        if node in self._parametric:
            return self.module[node]
        by_parameters = {self.module[p] for p in self.parents[node] if p in self._parametric}
        if by_parameters:
            return by_parameters.pop() if len(by_parameters) == 1 else ""
        flowing = {self.module[p] for p in self.parents[node] if self.parents[p]}
        is_loss = self._whole and node in self._after and self._is_loss(node)
        if len(flowing) != 1 or is_loss:
            return ""
        return flowing.pop()

    def _is_loss(self, node: Node) -> bool:
        """Whether the last part of a computation begins to judge: it meets data, or reduces."""
        parents = self._all_parents[node]
        meets_data = any(not p.parents and p not in self._parametric for p in parents)
        dims = [np.ndim(parent.data) for parent in parents]
        reduces = isinstance(node, Tensor) and np.ndim(node.data) < max(dims, default=0)
        return meets_data or reduces or str(getattr(node.op, "name", "")).endswith("cross_entropy")

    def _stage_after(self, parent: Node, node: Node) -> int:
        if not self.parents[parent]:
            return 0 if not self.module[node] and not self.module[parent] else 1
        same = self.module[node] == self.module[parent] != ""
        nothing = not self.module[node] and self.stage[parent] == 0
        return self.stage[parent] + (0 if same or nothing else 1)

    def _begin_again(self, node: Node) -> None:
        """Where a module uses a parameter on what that parameter has made, it is used again."""
        name, stage = self.module[node], self.stage[node]
        own, before = 0, 0
        for parent in self.parents[node]:
            if not self.parents[parent]:
                if self.module[parent] == name != "":
                    own |= self._bits.setdefault(parent, 1 << len(self._bits))
            elif self.module[parent] == name and self.stage[parent] == stage:
                before |= self._used.get(parent, 0)
        if own & before:
            self.stage[node] += 1
            before = 0
        self._used[node] = own | before

    def _move_to_use(self, node: Node) -> None:
        """What a module makes of data alone belongs to that use of it which takes it in."""
        name, users = self.module[node], self.users[node]
        before = [p for p in self.parents[node] if self.parents[p]]
        together = name and users and all(self.module[user] == name for user in users)
        if together and self.parents[node] and not before:
            self.stage[node] = min(self.stage[user] for user in users)

    def _go_along(self, node: Node, nameless: bool) -> None:
        boxes = {(self.module[user], self.stage[user]) for user in self.users[node]}
        name = self.module[node]
        first = min((stage for module, stage in boxes if module == name != ""), default=None)
        if first is not None:
            # Used by another box before, it stands by itself: it would lead out of its own and in.
            if all(module == name or stage > first for module, stage in boxes):
                self.stage[node] = first
        elif nameless and not node.requires_grad and len(boxes) == 1:
            self.module[node], self.stage[node] = boxes.pop()
            if not self.module[node] and self.users[node][0] in self._after:
                self._along.add(node)
