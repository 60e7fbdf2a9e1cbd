"""Data for training: mini-batches, splits, and standardisation.

Examples come as a pair ``(x, y)`` of arrays with one row per example, or as a
`nn.datasets.Dataset`, which unpacks as such a pair.

>>> from nn.datasets import iris
>>> train, validation, test = split(iris(), (0.6, 0.2, 0.2), stratify=True)
>>> len(train), len(validation), len(test)
(90, 30, 30)
>>> scale = Standardizer(train.x)
>>> batches = Batches((scale(train.x), train.y), 32)
>>> [len(y) for x, y in batches]
[32, 32, 26]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from autograd import ShapeError, Tensor
from autograd.checks import came, check_int, kind, refuse_masked
from nn.datasets.dataset import Dataset
from nn.generators import Seed, seeded
from nn.operands import as_operand, numbers

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from autograd.arrays import Array, FloatArray

Examples = TypeVar("Examples", Dataset, tuple[Any, Any])


class Batches:
    """The examples in small parts, in another order in every epoch.

    Each `for` loop over it is one epoch: it visits every example once. PyTorch calls the like a
    DataLoader.

    Args:
        data: A pair ``(x, y)`` of arrays, both with N rows, or a Dataset.
        batch_size: B, how many examples go into one batch, at least 1.
        shuffle: Whether every epoch has an order of its own; otherwise it is that of the data.
        drop_last: Whether to leave out the last batch if it is short, that is, if B does not
            divide N.
        seed: Where the orders come from: an int >= 0, or a NumPy Generator. The same int gives the
            same orders, epoch by epoch.

    Yields:
        Pairs ``(x, y)`` of B rows each (the last of fewer, if kept), copies of the data's.

    Attributes:
        x: The inputs, with N rows.
        y: The targets, with N rows.

    Raises:
        ShapeError: x and y have different numbers of rows.
        TypeError: data is no pair, batch_size no int, or seed no int and no Generator.
        ValueError: there are no examples, or no whole batch and drop_last is set; batch_size < 1.

    Example:
        Epoch, batch size, iteration: 2,000 examples in batches of 500 are 4 iterations to an
        epoch.

        >>> batches = Batches((np.zeros((2000, 3)), np.zeros(2000)), 500)
        >>> len(batches)
        4
        >>> [x.shape for x, y in batches]
        [(500, 3), (500, 3), (500, 3), (500, 3)]
    """

    def __init__(
        self,
        data: Dataset | tuple[ArrayLike, ArrayLike],
        batch_size: int = 32,
        *,
        shuffle: bool = True,
        drop_last: bool = False,
        seed: Seed = 0,
    ) -> None:
        self.x, self.y = pair("Batches", data)
        check_int("Batches", "batch_size", batch_size, least=1)
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self._rng = seeded("Batches", seed)
        if not len(self):
            raise ValueError(
                f"Batches: needs at least {batch_size if drop_last else 1} example(s) for a batch, "
                f"but got {len(self.y)}."
            )

    def __len__(self) -> int:
        """The number of batches in an epoch: the iterations."""
        whole, rest = divmod(len(self.y), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        n = len(self.y)
        order = self._rng.permutation(n) if self.shuffle else np.arange(n)
        for i in range(len(self)):
            rows = order[i * self.batch_size : (i + 1) * self.batch_size]
            yield self.x[rows], self.y[rows]

    def state_dict(self) -> dict[str, Any]:
        """Where its orders are, to be saved: the state of its generator, as NumPy gives it.

        Example:
            >>> data = np.arange(9.0), np.arange(9)
            >>> batches, others = Batches(data, 4), Batches(data, 4, seed=1)
            >>> others.load_state_dict(batches.state_dict())
            >>> all((y == z).all() for (_, y), (_, z) in zip(batches, others))
            True
        """
        return {"generator": self._rng.bit_generator.state}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with the orders of other batches.

        Raises:
            ValueError: state_dict is not what `state_dict` returned.
        """
        try:
            self._rng.bit_generator.state = state_dict["generator"]
        except (KeyError, OverflowError, TypeError, ValueError) as err:
            raise ValueError(
                f"Batches: needs what state_dict() returned, but got {came(state_dict)}."
            ) from err

    def __repr__(self) -> str:
        return f"Batches({len(self.y)} examples in {len(self)} batches of {self.batch_size})"


def split(
    data: Examples,
    fractions: Sequence[float] = (0.6, 0.2, 0.2),
    *,
    stratify: bool = False,
    seed: Seed = 0,
) -> tuple[Examples, ...]:
    """Deal the examples out at random into parts, such as training, validation and test.

    The part learnt from, the part by which settings are chosen, and the part that is looked at
    once, at the end, share no example.

    Args:
        data: A pair ``(x, y)`` of arrays, both with N rows, or a Dataset.
        fractions: The size of each part, each > 0, with sum 1: (0.6, 0.2, 0.2), (0.8, 0.1, 0.1).
        stratify: Whether every part gets its share of every class, as near as whole examples
            allow. A class of at least as many examples as there are parts is in all of them (in
            as many as can be where a part has fewer examples than there are classes). y must then
            be (N,) classes.
        seed: An int >= 0, or a NumPy Generator. The same int gives the same parts.

    Returns:
        As many parts as there are fractions, each of the kind that data is. Their sizes are N
        times the fractions, rounded.

    Raises:
        ShapeError: x and y have different numbers of rows; for stratify, y is not (N,).
        ValueError: the fractions are not all > 0 with sum 1, or a part would be empty.

    Example:
        >>> x, y = np.arange(10.0).reshape(10, 1), np.arange(10)
        >>> train, validation, test = split((x, y), (0.8, 0.1, 0.1))
        >>> [len(part_y) for part_x, part_y in (train, validation, test)]
        [8, 1, 1]
    """
    x, y = pair("split", data)
    sizes = np.asarray(fractions)
    if (
        sizes.dtype.kind not in "iuf"
        or sizes.ndim != 1
        or not (sizes > 0).all()
        or abs(sizes.sum() - 1) > 1e-9
    ):
        raise ValueError(f"split: needs fractions > 0 with sum 1, but got {fractions}.")
    if stratify and y.ndim != 1:
        raise ShapeError(f"split: to stratify, needs y of shape (N,), but got {y.shape}.")
    rng = seeded("split", seed)
    order = rng.permutation(len(y))
    # Rounded after the sum: 0.6 + 0.2 is a little less than 0.8, and would lose an example.
    cuts = np.rint(np.cumsum(sizes)[:-1] * len(y)).astype(np.intp)
    counts = np.diff(cuts, prepend=0, append=len(y))
    if not counts.all():
        shown = ", ".join(map(str, counts))
        raise ValueError(
            f"split: {len(y)} examples in fractions {tuple(fractions)} would be parts of {shown}, "
            "and none may be empty. Take fewer parts or more examples."
        )
    groups = [order]
    if stratify:
        labels: Any = y
        if isinstance(labels, Tensor):
            labels = labels.data
        names, classes = np.unique(labels[order], return_inverse=True)
        groups = [order[classes == k] for k in range(len(names))]
    dealt = _dealt(np.array([len(rows) for rows in groups]), counts)
    shares = [np.split(rows, np.cumsum(n)[:-1]) for rows, n in zip(groups, dealt, strict=True)]
    parts = [rng.permutation(np.concatenate(share)) for share in zip(*shares, strict=True)]
    if isinstance(data, Dataset):
        return tuple(replace(data, x=x[rows], y=y[rows]) for rows in parts)
    return tuple((x[rows], y[rows]) for rows in parts)


def _dealt(classes: NDArray[np.intp], parts: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many examples of each class (K,) go into each part (P,): (K, P) with just these sums.

    Of all such tables the one with the least sum of costs: the squares of what each count differs
    from its share, and for a class that a part goes without more than these can ever be. They are
    convex, so it is found as in R. K. Ahuja, T. L. Magnanti, J. B. Orlin, "Network flows" (1993),
    section 14.5: each class is dealt out as suits it best, then examples move along the cheapest
    paths from parts with too many to parts with too few.
    """
    shares = np.outer(classes, parts) / parts.sum()
    missed = 8.0 * len(parts) * parts.sum()

    def step_cost(table: Array) -> FloatArray:
        """What one example more costs, of each class in each part."""
        cost: FloatArray = 2 * (table - shares) + 1 - missed * (table == 0)
        return cost

    table: NDArray[np.intp] = np.maximum(
        np.floor(shares).astype(np.intp) - len(parts), 0
    )  # never too many
    while (left := classes - table.sum(axis=1)).any():
        rows = np.flatnonzero(left)
        table[rows, step_cost(table)[rows].argmin(axis=1)] += 1
    while (surplus := table.sum(axis=0) - parts).any():
        more, less = step_cost(table), -step_cost(table - 1)
        less[table == 0] = np.inf
        costs = less[:, :, None] + more[:, None, :]  # of an example moved from part i to part j
        movers = costs.argmin(axis=0)
        for i, j in pairwise(_cheapest_path(costs.min(axis=0), surplus > 0, surplus < 0)):
            table[movers[i, j], i] -= 1
            table[movers[i, j], j] += 1
    return table


def _cheapest_path(
    costs: NDArray[np.float64], starts: NDArray[np.bool_], ends: NDArray[np.bool_]
) -> list[int]:
    """The path with the least sum of costs[i, j] from one of the starts to one of the ends."""
    count = len(costs)
    best = {j: (0.0, [j]) for j in range(count) if starts[j]}
    for _ in range(count - 1):
        for i, (cost, path) in list(best.items()):
            for j in set(range(count)) - set(path):
                longer = cost + costs[i, j]
                if j not in best or longer < best[j][0]:
                    best[j] = longer, [*path, j]
    return min(best[j] for j in range(count) if ends[j])[1]


class Standardizer:
    """Shift and scale every feature to mean 0 and standard deviation 1.

    It learns mean and deviation from the examples it is made with, the training part, and applies
    those to all others: nothing may be known of the test part before the test.

    Args:
        x: (N, D) numbers, the training part; or (N, …), whose last axes are then the features.

    Attributes:
        mean: (D,) float64, of each feature.
        std: (D,) float64, of each feature (with N, not N - 1); 1 for a constant one, which is
            only shifted.

    Raises:
        ShapeError: x has no rows.
        TypeError: x is not of real numbers, or masks some.
        ValueError: there are no examples, one is not finite, or a deviation is beyond 1e±150.

    Example:
        >>> scale = Standardizer([[1.0, 5.0], [3.0, 5.0]])
        >>> scale([[1.0, 5.0], [3.0, 5.0]]).tolist()
        [[-1.0, 0.0], [1.0, 0.0]]
        >>> scale([[2.0, 6.0]]).tolist()
        [[0.0, 1.0]]
    """

    def __init__(self, x: ArrayLike) -> None:
        array = self._numbers(x)
        if not array.ndim:
            raise ShapeError(f"Standardizer: needs x of shape (N, D), but got {array.shape}.")
        if not array.size or not np.isfinite(array).all():
            got = "a nan or an infinity" if array.size else "none"
            raise ValueError(f"Standardizer: needs finite examples, but got {got}.")
        with np.errstate(over="ignore", invalid="ignore"):
            self.mean: NDArray[np.float64] = array.mean(axis=0)
            # Not std == 0: rounding leaves the deviation of a constant at up to some 1e-16 of it.
            constant = np.ptp(array, axis=0) == 0
            self.std: NDArray[np.float64] = np.where(constant, 1.0, array.std(axis=0))
        if not ((self.std > 1e-150) & (self.std < 1e150)).all():  # or their squares are none
            raise ValueError(
                "Standardizer: needs features with a deviation between 1e-150 and 1e150. Change "
                "their unit."
            )

    def _numbers(self, x: ArrayLike) -> NDArray[np.float64]:
        array = np.asarray(numbers(as_operand("Standardizer", x)))
        if array.dtype.kind not in "biuf":
            raise TypeError(f"Standardizer: needs real numbers, but got {came(array)}.")
        return array.astype(np.float64, copy=False)

    def __call__(self, x: ArrayLike) -> NDArray[np.float64]:
        """(N, D) numbers on the new scale, (N, D) float64.

        Raises:
            ShapeError: x has other features than the training part.
        """
        array = self._numbers(x)
        if array.shape[1:] != self.mean.shape:
            needed = ", ".join(map(str, ("N", *self.mean.shape)))
            raise ShapeError(f"Standardizer: needs x of shape ({needed}), but got {array.shape}.")
        return (array - self.mean) / self.std

    def __repr__(self) -> str:
        return f"Standardizer(features of shape {self.mean.shape})"


def pair(who: str, data: object) -> tuple[Array, Array]:
    """The examples as arrays x and y with as many rows.

    Raises:
        ShapeError: they have different numbers of rows, or rows of different lengths.
        TypeError: data is no pair, or one of them is a masked array.

    Example:
        >>> x, y = pair("demo", ([[1.0], [2.0]], [0, 1]))
        >>> x.shape, y.shape
        ((2, 1), (2,))
    """
    if not isinstance(data, Dataset) and not (isinstance(data, (tuple, list)) and len(data) == 2):
        came = f" of {len(data)}" if isinstance(data, (tuple, list)) else ""
        raise TypeError(f"{who}: needs data as a pair (x, y), but got {kind(data)}{came}.")
    for part in data:
        refuse_masked(who, part)
    # Arrays of other libraries (Dask, CuPy) and Tensors stay what they are.
    x: Array
    y: Array
    try:
        x, y = [part if hasattr(part, "__array_function__") else np.asarray(part) for part in data]
    except ValueError as err:
        raise ShapeError(f"{who}: needs rows of one length, but got rows that differ.") from err
    if not x.ndim or not y.ndim or len(x) != len(y):
        raise ShapeError(
            f"{who}: needs x and y with as many rows, one per example, but got shapes {x.shape} "
            f"and {y.shape}."
        )
    return x, y
