"""How the nodes of a pass are made and differentiated, each way of being made once.

A graph of a thousand products needs the formula of a product once. In its text, LaTeX and tree
stand holes for the names of the operands, which the page fills in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from autograd.viz import notation
from autograd.viz.steps import Pass
from autograd.viz.trace import Formula, Node

Record = dict[str, Any]

FIRST_HOLE, OWN_NAME = 0xE000, "\uf8ff"
"""The hole of the first operand (that of the next is the next character), and of the result."""

_HOLE = re.compile(r"\\text\{([\ue000-\uf8ff])\}")


class Forms:
    """The forms of a pass, in the order of the nodes that are first made so.

    Args:
        steps: The pass.
        played: Which of its steps the page plays.
    """

    def __init__(self, steps: Pass, played: Sequence[int]) -> None:
        self.steps = steps
        self.all: list[Record] = []
        self._known: dict[Any, int] = {}
        self._bounded: dict[Node, dict[int, bool]] = {}  # for each step
        for k in played:
            node, position, _ = steps.ends_of(k)
            bounded = steps.is_bounded(node, position)
            self._bounded.setdefault(node, {})[position] = bounded

    def of(self, node: Node) -> int:
        """The place of a node's form."""
        given = self.steps.operands(node)
        operands = [_hole(k) if _is_hole(x) else x for k, x in enumerate(given)]
        # Where an operand stands twice, a derivative may be simpler.
        alike = [_hole(given.index(x)) if _is_hole(x) else x for x in given]
        bounded = self._bounded.get(node, {})
        by_elements = self.steps.is_by_elements(node)
        key = (self.steps.operation(node), *operands, *alike, *sorted(bounded.items()))
        known = key if by_elements else node
        if known not in self._known:
            self._known[known] = len(self.all)
            self.all.append(self._form(node, operands))
            if by_elements:
                rules = [
                    self._rule(node, k, alike) if k in bounded else None for k in range(len(given))
                ]
                self.all[-1]["rules"] = rules
        return self._known[known]

    def _form(self, node: Node, operands: Sequence[str | float]) -> Record:
        formula = self.steps.formula(node, operands)
        _, firmness, needs = formula.template
        return {
            "op": self.steps.operation(node),
            "text": formula.text,
            "hold": firmness,
            "needs": [*needs],
            "math": _with_places(formula.tree),
            "latex": _latex(formula),
        }

    def _rule(self, node: Node, position: int, operands: Sequence[str | float]) -> list[int | str]:
        """A local derivative in text and in LaTeX; 1 for a number, 2 more if it needs brackets."""
        formula = self.steps.partial_formula(node, position, operands, OWN_NAME)
        assert formula is not None
        brackets = 2 * (formula.factor != formula.text)
        return [formula.text, _latex(formula), int(formula.number is not None) + brackets]


def _hole(k: int) -> str:
    return chr(FIRST_HOLE + k)


def _is_hole(operand: str | float) -> bool:
    """Whether it is a name that needs no brackets anywhere."""
    return isinstance(operand, str) and notation.name(operand).is_word


def _with_places(tree: Any) -> Any:
    """A tree with the number of an operand where its hole is."""
    if isinstance(tree, str):
        return tree
    if tree[0] == "mtext" and len(tree[1]) == 1 and tree[1] >= _hole(0):
        return ord(tree[1]) - FIRST_HOLE
    return [_with_places(part) for part in tree]


def _latex(formula: Formula) -> str:
    return _HOLE.sub(r"\1", formula.latex)
