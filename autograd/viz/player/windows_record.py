"""The numbers of convolutions, pooling and kernels, and what a page shows of the one chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.viz.player.values import rows_of
from autograd.viz.steps import Pass
from autograd.viz.windows import is_of_one_example, kernels_in, window_texts

if TYPE_CHECKING:
    from autograd.arrays import Array
    from autograd.viz.trace import Node

MOST = 144
"""So many numbers of an array can be chosen, of a larger one whole images, the first of them."""

LARGEST = 20_000
"""Of larger operands no windows are shown, so that a page is made at once."""

Record = dict[str, Any]


def windows_of(steps: Pass, index: Mapping[Node, int]) -> dict[int, Record]:
    """For each array whose numbers can be chosen, what asks for one, the numbers, and the texts.

    Args:
        steps: A pass.
        index: The nodes that the page knows, and their numbers.
    """
    kernels = kernels_in(steps.nodes)
    found = {}
    for node, i in index.items():
        numbers = kernels.get(node, node.data)
        if record := _choice(steps, node, numbers):
            of = "where its gradient comes from" if node in kernels else "what it is made of"
            found[i] = {"asks": f"Choose a number: {of}.", **record}
    return found


def _choice(steps: Pass, array: Node, numbers: float | Array) -> Record:
    made = array.parents[0] if is_of_one_example(array) else array
    operands = [array, *made.parents, *(p for parent in made.parents for p in parent.parents)]
    shape = np.shape(numbers)
    image = int(np.prod(shape[-2:]))
    if len(shape) < 2 or not 0 < image <= MOST or max(np.size(n.data) for n in operands) > LARGEST:
        return {}
    count = min(np.size(numbers), MOST) // image
    texts = []
    for k in range(count * image):
        place = tuple(map(int, np.unravel_index(k, shape)))
        texts.append("\n\n".join(window_texts(steps, array, place)))
        if not texts[-1]:
            return {}
    images = np.reshape(numbers, (-1, *shape[-2:]))
    more = len(images) - count
    return {
        "rows": rows_of(images[:count]),
        "texts": texts,
        **({"more": f"… and {more} more images; explain(…) shows each number."} if more else {}),
    }
