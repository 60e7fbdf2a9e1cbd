"""Sixteen problems of Moré, Garbow and Hillstrom, with their starting points and minima.

J. Moré, B. Garbow, K. Hillstrom, "Testing unconstrained optimization software", ACM Transactions on
Mathematical Software 7 (1981) 17-41. Each is a list of residuals; the loss is the sum of their
squares. They are written with Python's arithmetic and NumPy's functions on single numbers, so that
they run on Values, on the elements of a Tensor, and on the floats and complex numbers that the
script in tests/oracles gives to SciPy.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Problem(NamedTuple):
    residuals: Callable[[Any], list[Any]]
    start: tuple[float, ...]
    minima: tuple[float, ...]  # the sum of squares at every minimum that the paper lists


def rosenbrock(x):
    return [10 * (x[1] - x[0] ** 2), 1 - x[0]]


def freudenstein_roth(x):
    return [
        -13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1],
        -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1],
    ]


def powell_badly_scaled(x):
    return [1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001]


def brown_badly_scaled(x):
    return [x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2]


def beale(x):
    return [y - x[0] * (1 - x[1] ** i) for i, y in enumerate((1.5, 2.25, 2.625), 1)]


def jennrich_sampson(x):
    return [2 + 2 * i - (np.exp(i * x[0]) + np.exp(i * x[1])) for i in range(1, 11)]


def helical_valley(x):
    # The angle, in turns, is counted from -1/4 to 3/4.
    turns = np.arctan(x[1] / x[0]) / (2 * math.pi) + (0.5 if x[0] < 0 else 0)
    return [10 * (x[2] - 10 * turns), 10 * (np.sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2]]


BARD = (.14, .18, .22, .25, .29, .32, .35, .39, .37, .58, .73, .96, 1.34, 2.10, 4.39)  # fmt: skip


def bard(x):
    return [
        y - (x[0] + u / ((16 - u) * x[1] + min(u, 16 - u) * x[2])) for u, y in enumerate(BARD, 1)
    ]


GAUSSIAN = (.0009, .0044, .0175, .0540, .1295, .2420, .3521, .3989,
            .3521, .2420, .1295, .0540, .0175, .0044, .0009)  # fmt: skip


def gaussian(x):
    return [
        x[0] * np.exp(-x[1] * ((8 - i) / 2 - x[2]) ** 2 / 2) - y for i, y in enumerate(GAUSSIAN, 1)
    ]


MEYER = (34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744,
         8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872)  # fmt: skip


def meyer(x):
    return [x[0] * np.exp(x[1] / (45 + 5 * i + x[2])) - y for i, y in enumerate(MEYER, 1)]


def box_3d(x):
    return [
        np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (math.exp(-t) - math.exp(-10 * t))
        for t in (i / 10 for i in range(1, 11))
    ]


def powell_singular(x):
    return [
        x[0] + 10 * x[1],
        math.sqrt(5) * (x[2] - x[3]),
        (x[1] - 2 * x[2]) ** 2,
        math.sqrt(10) * (x[0] - x[3]) ** 2,
    ]


def wood(x):
    return [
        10 * (x[1] - x[0] ** 2),
        1 - x[0],
        math.sqrt(90) * (x[3] - x[2] ** 2),
        1 - x[2],
        math.sqrt(10) * (x[1] + x[3] - 2),
        (x[1] - x[3]) / math.sqrt(10),
    ]


KOWALIK = (.1957, .1947, .1735, .1600, .0844, .0627, .0456, .0342, .0323, .0235, .0246)  # fmt: skip
OSBORNE = (4.0, 2.0, 1.0, .5, .25, .167, .125, .1, .0833, .0714, .0625)  # fmt: skip


def kowalik_osborne(x):
    return [
        y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])
        for y, u in zip(KOWALIK, OSBORNE, strict=True)
    ]


def brown_dennis(x):
    return [
        (x[0] + t * x[1] - math.exp(t)) ** 2 + (x[2] + x[3] * math.sin(t) - math.cos(t)) ** 2
        for t in (i / 5 for i in range(1, 21))
    ]


def biggs_exp6(x):
    return [
        x[2] * np.exp(-t * x[0])
        - x[3] * np.exp(-t * x[1])
        + x[5] * np.exp(-t * x[4])
        - (math.exp(-t) - 5 * math.exp(-10 * t) + 3 * math.exp(-4 * t))
        for t in (i / 10 for i in range(1, 14))
    ]


PROBLEMS = {
    "Rosenbrock": Problem(rosenbrock, (-1.2, 1.0), (0.0,)),
    "Freudenstein-Roth": Problem(freudenstein_roth, (0.5, -2.0), (0.0, 48.9842)),
    "Powell badly scaled": Problem(powell_badly_scaled, (0.0, 1.0), (0.0,)),
    "Brown badly scaled": Problem(brown_badly_scaled, (1.0, 1.0), (0.0,)),
    "Beale": Problem(beale, (1.0, 1.0), (0.0,)),
    "Jennrich-Sampson": Problem(jennrich_sampson, (0.3, 0.4), (124.362,)),
    "helical valley": Problem(helical_valley, (-1.0, 0.0, 0.0), (0.0,)),
    "Bard": Problem(bard, (1.0, 1.0, 1.0), (8.21487e-3, 17.4286)),
    "Gaussian": Problem(gaussian, (0.4, 1.0, 0.0), (1.12793e-8,)),
    "Meyer": Problem(meyer, (0.02, 4000.0, 250.0), (87.9458,)),
    "Box 3-D": Problem(box_3d, (0.0, 10.0, 20.0), (0.0,)),
    "Powell singular": Problem(powell_singular, (3.0, -1.0, 0.0, 1.0), (0.0,)),
    "Wood": Problem(wood, (-3.0, -1.0, -3.0, -1.0), (0.0,)),
    "Kowalik-Osborne": Problem(kowalik_osborne, (0.25, 0.39, 0.415, 0.39), (3.07505e-4,)),
    "Brown-Dennis": Problem(brown_dennis, (25.0, 5.0, -5.0, -1.0), (85822.2,)),
    "Biggs EXP6": Problem(biggs_exp6, (1.0, 2.0, 1.0, 1.0, 1.0, 1.0), (0.0, 5.65565e-3)),
}
