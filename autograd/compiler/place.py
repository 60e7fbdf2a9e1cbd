"""Place: give every row a position in one buffer, so that operands lie side by side.

After raising, five neurons are `product (5x2 by 2x1) + b` and `tanh`. The weights are put row
after row, as the product wants them; its five results follow one another, as do the five tanh's.
Then each operand is a view of the buffer, and nothing has to be collected:

    0..9  w, seen as 5x2     10..11  x     12..16  b     17..21  w x + b     22..26  tanh

An operand whose positions are evenly spaced along some axes is a view (see places.py); any other
is collected by its positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.graph import CONSTANT, DATA, GRADIENT, LEAF
from autograd.compiler.instructions import Chain, Group, Loop, Product, Raised, Sums
from autograd.compiler.tape import begin_of

if TYPE_CHECKING:
    from autograd.arrays import FloatArray, IntArray
    from autograd.tensor import Tensor


class Placement:
    """Positions, decided as the instructions come by.

    Attributes:
        at: Of each row its position; -1 where it has none.
        size: The length of the buffer.
        arrays: (owner, first position) for leaves that are elements of an array.
        leaves_at, leaf_order: Where the other leaves begin, and which they are.
        constants_at, constant_order: Likewise the numbers written in the code.
        one_at: Where there is a 1.
        gradients_at: Where the gradients of the leaves begin, if rows are computed of some.
        ones: Where there are more of them, behind results that a product with a bias reads, and
            how many.
        begins: Where the results of each instruction begin.
    """

    def __init__(self, raised: Raised) -> None:
        graph = raised.graph
        self.graph = graph
        self.at: IntArray = np.full(len(graph), -1, dtype=np.intp)
        code = np.array(graph.code)
        self.number = np.array(graph.left)
        rows = np.flatnonzero(code == DATA)
        self.at[rows] = self.number[rows]  # the data come first, as they are
        self.size = graph.data_size
        self.arrays: list[tuple[Tensor, int]] = []
        self.begins: list[int] = []
        self.ones: dict[int, int] = {}
        singles = self._place_elements(raised, np.flatnonzero((code == LEAF) & raised.alive))
        self.leaf_order: list[int] = []
        self.constant_order: list[int] = []
        self.leaves_at = self.size
        self.size += len(singles)
        self.constants_at = self.size
        self.size += int(np.count_nonzero((code == CONSTANT) & raised.alive))
        self.one_at = self.size
        self.size += 1
        self.gradients_at = self.size
        if GRADIENT in graph.code:
            self.size += self.constants_at - graph.data_size
        self.code = code
        self.given = (code < 0) & (code >= GRADIENT)  # all but operations

    def _place_elements(self, raised: Raised, rows: IntArray) -> list[int]:
        """Leaves that are one number of a larger array lie as they do there."""
        elements, singles = [], []
        for row in rows.tolist():
            home = self.graph.leaves[self.number[row]].home
            if home is None or self.number[row] < raised.graph.value_count:
                singles.append(row)
            else:
                elements.append((row, home))
        begin: dict[int, int] = {}
        for owner in _in_order_of_memory([home.holder for _, home in elements]):
            begin[id(owner)] = self.size
            self.arrays.append((owner, self.size))
            self.size += owner.size
        for row, home in elements:
            owner = home.holder
            inside = np.ravel_multi_index(home.index, owner.shape) if home.index else 0
            self.at[row] = begin[id(owner)] + inside
        return singles

    def of(self, rows: IntArray) -> IntArray:
        """The positions of rows; leaves that have none yet get them now, in this order."""
        missing = rows[self.at[rows] < 0]
        if missing.size:
            _, first = np.unique(missing, return_index=True)
            for row in missing.ravel()[np.sort(first)].tolist():
                if self.code[row] == GRADIENT:
                    leaf = int(self.of(self.number[row : row + 1])[0])
                    self.at[row] = self.gradients_at + leaf - self.graph.data_size
                    continue
                constant = self.code[row] == CONSTANT
                order, begin = (
                    (self.constant_order, self.constants_at)
                    if constant
                    else (self.leaf_order, self.leaves_at)
                )
                self.at[row] = begin + len(order)
                order.append(int(self.number[row]))
        return self.at[rows]

    def known(self, rows: IntArray) -> bool:
        """Whether all of these rows have a position."""
        return bool((self.at[rows] >= 0).all())

    def results(self, rows: IntArray) -> None:
        """The next positions for the results of an instruction."""
        self.begins.append(self.size)
        self.at[rows.ravel()] = self.size + np.arange(rows.size)
        self.size += rows.size

    def rounds(self, loop: Loop) -> None:
        """The next positions for the results of a loop: in each round as they lie in the body."""
        body, inner = loop.body, loop.body.placement
        first = inner.one_at + 1
        self.begins.append(self.size)
        self.size += len(loop.outside)  # what comes from outside is copied there
        begins = self.size + (inner.size - first) * np.arange(len(loop.out))
        self.at[loop.out] = begins[:, None] + inner.at[body.made] - first
        self.size += (inner.size - first) * len(loop.out)
        self.of(loop.inputs[:, body.given])

    def constants(self) -> FloatArray:
        """The numbers written in the code, and the 1, in the order of their positions."""
        return np.array([*(self.graph.constants[i] for i in self.constant_order), 1.0])


def place(raised: Raised, in_order: Sequence[int] | None = None) -> Placement:
    """Positions for all rows; the instructions' rows are put into the order of their positions.

    Args:
        raised: The instructions.
        in_order: Leaves that an optimizer has in some order, in which they lie where matrices allow
            it. None in a loop's body, where nobody adds a bias as one more column.
    """
    placement = Placement(raised)
    wished = np.array([row for row in in_order or () if raised.alive[row]], dtype=np.intp)
    for joined in (True, False):
        if _in_one_piece(wished, _leaf_matrices(raised, placement, joined), placement):
            placement.of(wished)
            break
    for rows in _leaf_matrices(raised, placement, in_order is not None):
        placement.of(rows)
    ones = {} if in_order is None else _ones_behind(raised)
    for instruction in raised.instructions:
        if isinstance(instruction, Loop):
            placement.rounds(instruction)
            continue
        if isinstance(instruction, Product):
            _arrange_product(instruction, placement)
        elif isinstance(instruction, Group):
            _arrange_group(instruction, placement)
        elif isinstance(instruction, Sums):
            placement.of(instruction.left)
            placement.of(instruction.right[instruction.right >= 0])
        elif isinstance(instruction, Chain):
            placement.of(instruction.inputs)
        else:
            placement.of(instruction.table)
        placement.results(instruction.out)
        if id(instruction) in ones:
            placement.ones[placement.size] = ones[id(instruction)]
            placement.size += ones[id(instruction)]
    placement.of(np.flatnonzero(raised.alive & placement.given))
    assert placement.leaves_at + len(placement.leaf_order) == placement.constants_at
    return placement


def _in_order_of_memory(owners: Iterable[Any]) -> list[Any]:
    """These Tensors, each once; those that share one memory, as parameters do, as they lie there.

    Then their numbers and their gradients are one row, here as there.
    """
    roots: dict[int, int] = {}

    def place_of(owner: Any) -> tuple[int, int]:
        root = array = owner._data
        while isinstance(root.base, np.ndarray):
            root = root.base
        return roots.setdefault(id(root), len(roots)), begin_of(array)

    return sorted({id(x): x for x in owners}.values(), key=place_of)


def _leaf_matrices(raised: Raised, placement: Placement, joined: bool) -> Iterator[IntArray]:
    """What products are made of: their wishes come first, matrices before vectors.

    If `joined`, a matrix has its bias as one more column, see `Emitted._with_bias`.
    """
    products = [x for x in raised.instructions if isinstance(x, Product) and x.out.size > 1]
    wishes = []
    for product in products:
        if joined and (k := product.bias) is not None:
            wishes.append(np.append(product.left, product.plain[k][:, :, :1], axis=2))
        wishes += [product.left, product.right]
    wishes += [rows for product in products for rows in product.plain]
    return (rows for rows in wishes if placement.given[rows].all())


def _ones_behind(raised: Raised) -> dict[int, int]:
    """How many 1s are to lie behind the results of an instruction, by its identity.

    They are one more row for a product that reads exactly these, and has a bias.
    """
    made = {int(x.out.flat[0]): x for x in raised.instructions if isinstance(x, Group)}
    found: dict[int, int] = {}
    for product in raised.instructions:
        if isinstance(product, Product) and product.bias is not None:
            maker = made.get(int(product.right.min()))
            if maker is not None and np.array_equal(np.sort(maker.out), np.unique(product.right)):
                found[id(maker)] = product.right.shape[1]
    return found


def _in_one_piece(wished: IntArray, matrices: Iterable[IntArray], placement: Placement) -> bool:
    """Whether every matrix of leaves lies in one piece in a wished order, and each row of it."""
    index = np.full(len(placement.at), -1)
    index[wished] = np.arange(len(wished))
    for rows in matrices:
        at = index[rows]
        if (at >= 0).any() and not (
            (np.diff(at) == 1).all() and (np.diff(np.sort(at, axis=None)) == 1).all()
        ):
            return False
    return True


def _arrange_group(group: Group, placement: Placement) -> None:
    """Order a group by the positions of the operand that varies most."""
    known = [x for x in group.operands if placement.known(x)]
    if known:
        key = known[0]
        if len(known) > 1:
            key = max(known, key=lambda rows: len(np.unique(rows)))
        order = np.argsort(placement.at[key], kind="stable")
        group.operands = [x[order] for x in group.operands]
        group.out = group.out[order]
    for rows in group.operands:
        placement.of(rows)


def _arrange_product(product: Product, placement: Placement) -> None:
    """Order a product's terms, rows and columns by the positions of what they are made of."""
    sides = [product.left, product.right]
    guide = next((s for s in sides if placement.known(s)), None)
    if guide is not None:
        terms = np.argsort(placement.at[guide[0, 0]], kind="stable")
        product.left, product.right = product.left[..., terms], product.right[..., terms]
    if len(product.out) == 1:  # in a stack each has an order of its own
        if placement.known(product.left):
            rows = np.argsort(placement.at[product.left[0, :, 0]], kind="stable")
            product.left, product.out = product.left[:, rows], product.out[:, rows]
            product.plain = [x[:, rows] for x in product.plain]
        if placement.known(product.right):
            columns = np.argsort(placement.at[product.right[0, :, 0]], kind="stable")
            product.right, product.out = product.right[:, columns], product.out[:, :, columns]
            product.plain = [x[:, :, columns] for x in product.plain]
    for side in (product.left, product.right, *product.plain):
        placement.of(side)
