"""Shapes in the plane that no straight line separates: `moons`, `circles`, `spirals`.

A generator says where the points of each class lie without noise; `_scatter` does the rest.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from autograd.checks import check_int, check_number
from nn.datasets.dataset import Dataset
from nn.generators import Seed, seeded

_FEATURES = ("x1", "x2")


def moons(n: int = 200, *, noise: float = 0.1, seed: Seed = 0) -> Dataset:
    """Two half circles of radius 1, each with one end inside the other.

    Class 0 lies at (cos t, sin t), class 1 at (1 - cos t, 1/2 - sin t), with t evenly spaced
    in [0, π].

    Args:
        n: How many points in all, at least 2. If n is odd, class 1 has one more.
        noise: Standard deviation of the Gaussian added to each coordinate, in units of the radius.
        seed: An int >= 0, or a numpy Generator. The same int gives the same points in the
            same order.

    Returns:
        x: (n, 2) float64; y: (n,) int64 in {0, 1}; the rows are shuffled.

    Raises:
        TypeError: An argument is not a number, or the seed is no int and no Generator.
        ValueError: n < 2, noise is negative or not finite, or seed < 0.

    Source:
        Named and placed as scikit-learn's ``make_moons``.

    Example:
        >>> moons()
        Dataset(moons: 200 examples, 2 features, 2 classes)
        >>> x, y = moons(noise=0)
        >>> upper = x[y == 0]
        >>> bool(np.allclose(np.hypot(*upper.T), 1)), bool((upper[:, 1] > -1e-15).all())
        (True, True)
    """
    check_int("moons", "n", n, least=2)
    upper, lower = (np.linspace(0, np.pi, count) for count in _shares(n, 2))
    x, y = _scatter(
        "moons",
        [_points(np.cos(upper), np.sin(upper)), _points(1 - np.cos(lower), 0.5 - np.sin(lower))],
        noise,
        seed,
    )
    return Dataset(
        name="moons",
        x=x,
        y=y,
        feature_names=_FEATURES,
        class_names=("upper moon", "lower moon"),
        description="Two half circles of radius 1, each with one end inside the other.",
        source="after scikit-learn's make_moons",
    )


def circles(
    n: int = 200, *, noise: float = 0.05, inner_radius: float = 0.5, seed: Seed = 0
) -> Dataset:
    """A circle of radius 1 around a smaller one; both have their centre at the origin.

    Class 0 lies at (cos t, sin t), class 1 at ``inner_radius`` times that, with t evenly spaced
    in [0, 2π).

    Args:
        n: How many points in all, at least 2. If n is odd, class 1 has one more.
        noise: Standard deviation of the Gaussian added to each coordinate, in units of the outer
            radius.
        inner_radius: Radius of the inner circle, between 0 and 1.
        seed: An int >= 0, or a numpy Generator. The same int gives the same points in the
            same order.

    Returns:
        x: (n, 2) float64; y: (n,) int64 in {0, 1}; the rows are shuffled.

    Raises:
        TypeError: An argument is not a number, or the seed is no int and no Generator.
        ValueError: n < 2, noise is negative or not finite, inner_radius lies outside (0, 1),
            or seed < 0.

    Source:
        Named and placed as scikit-learn's ``make_circles``, whose ``factor`` is our
        ``inner_radius``.

    Example:
        >>> x, y = circles(noise=0, inner_radius=0.25)
        >>> bool(np.allclose(np.hypot(*x[y == 1].T), 0.25))
        True
    """
    check_int("circles", "n", n, least=2)
    check_number("circles", "inner_radius", inner_radius, "in (0, 1)")
    rings = []
    for radius, count in zip((1, inner_radius), _shares(n, 2), strict=True):
        t = np.linspace(0, 2 * np.pi, count, endpoint=False)
        rings.append(radius * _points(np.cos(t), np.sin(t)))
    x, y = _scatter("circles", rings, noise, seed)
    return Dataset(
        name="circles",
        x=x,
        y=y,
        feature_names=_FEATURES,
        class_names=("outer circle", "inner circle"),
        description=f"A circle of radius 1 around one of radius {inner_radius:g}.",
        source="after scikit-learn's make_circles",
    )


def spirals(
    n: int = 300,
    *,
    classes: int = 3,
    turns: float = 0.75,
    noise: float = 0.03,
    seed: Seed = 0,
) -> Dataset:
    """Arms that wind around the origin, one for each class.

    A point of arm k at distance r from the origin stands at the angle 2π (k / classes + turns r):
    an Archimedean spiral. r is evenly spaced in (0, 1]; the origin, which belongs to every arm,
    is left out.

    Args:
        n: How many points in all, at least one for each class. If the classes do not divide n,
            the last ones have one more.
        classes: How many arms, at least 2.
        turns: How often an arm goes round counter-clockwise between the origin and its end;
            0 gives straight rays.
        noise: Standard deviation of the Gaussian added to each coordinate, in units of the
            length r of an arm.
        seed: An int >= 0, or a numpy Generator. The same int gives the same points in the
            same order.

    Returns:
        x: (n, 2) float64; y: (n,) int64 in [0, classes); the rows are shuffled.

    Raises:
        TypeError: An argument is not a number, or the seed is no int and no Generator.
        ValueError: classes < 2, n < classes, turns or noise is negative or not finite, or seed < 0.

    Source:
        The two-spirals task of Lang and Witbrock, "Learning to tell two spirals apart",
        Proceedings of the 1988 Connectionist Models Summer School, with any number of arms.

    Example:
        >>> spirals(classes=5)
        Dataset(spirals: 300 examples, 2 features, 5 classes)
        >>> x, y = spirals(noise=0, turns=0)
        >>> bool(np.allclose(x[y == 0][:, 1], 0))  # arm 0 is now a piece of the x1 axis
        True
    """
    check_int("spirals", "classes", classes, least=2)
    check_int("spirals", "n", n, least=classes)
    check_number("spirals", "turns", turns, ">= 0")
    arms = []
    for k, count in enumerate(_shares(n, classes)):
        r = np.arange(1, count + 1) / count
        angle = 2 * np.pi * (k / classes + turns * r)
        arms.append(_points(r * np.cos(angle), r * np.sin(angle)))
    x, y = _scatter("spirals", arms, noise, seed)
    return Dataset(
        name="spirals",
        x=x,
        y=y,
        feature_names=_FEATURES,
        class_names=tuple(f"arm {k}" for k in range(classes)),
        description=f"{classes} arms that wind {turns:g} times around the origin.",
        source="after Lang and Witbrock (1988), with any number of arms",
    )


def _shares(n: int, classes: int) -> list[int]:
    """Split n into whole numbers that differ by at most 1, the larger ones last."""
    return [(n + k) // classes for k in range(classes)]


def _points(x1: NDArray[np.float64], x2: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([x1, x2], axis=1)


def _scatter(
    who: str, curves: Sequence[NDArray[np.float64]], noise: float, seed: Seed
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Label the points of curves[k] with k, move each by noise, and shuffle the rows."""
    check_number(who, "noise", noise, ">= 0")
    rng = seeded(who, seed)
    x = np.concatenate(curves)
    y = np.repeat(np.arange(len(curves), dtype=np.int64), [len(curve) for curve in curves])
    x += noise * rng.standard_normal(x.shape)
    # Shuffled, so that the first rows are a fair sample and mini-batches mix the classes.
    order = rng.permutation(len(y))
    return x[order], y[order]
