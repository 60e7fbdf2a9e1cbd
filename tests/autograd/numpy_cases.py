"""More functions of NumPy that are made of operations, in the form of cases.py.

Each entry is (shapes of the operands, call); the call runs with NumPy and with autograd for m.
"""

import numpy as np

NAN = np.nan
KNOTS = np.array([-2.0, -0.5, 0.3, 2.5])
MASK = np.array([[True, False, True], [True, True, False]])
SOME_NAN = np.array([[0.0, NAN, 0.0], [0.0, 0.0, NAN]])


def symmetric(x):
    return x + x.swapaxes(-1, -2)


CASES = {
    "round": [
        ([(2, 3)], lambda m, x: m.round(2 * x) * x),
        ([(3,)], lambda m, x: m.round(x, 1) * x),
        ([(3,)], lambda m, x: m.round(10 * x, decimals=-1) * x),
        ([(3,)], lambda m, x: np.around(x, 2)),
    ],
    "fix": [([(2, 3)], lambda m, x: m.fix(3 * x) * x)],
    "float_power": [
        ([(2, 3), (3,)], lambda m, x, y: m.float_power(x * x + 1, y)),
        ([(3,)], lambda m, x: m.float_power(x, 3)),
    ],
    "select": [
        ([(2, 3)], lambda m, x: m.select([x > 1, x > 0], [x * x, 3 * x], -x)),
        ([(2, 3), (3,)], lambda m, x, y: m.select([MASK, ~MASK], [x, y])),
        ([(3,)], lambda m, x: m.select([x > 0, x > -1], [x, 2.0 * x], default=7.0)),
    ],
    "copy": [([(2, 3)], lambda m, x: m.copy(x) * x), ([()], lambda m, x: m.copy(x))],
    "atleast_1d": [
        ([()], lambda m, x: m.atleast_1d(x)),
        ([(3,), ()], lambda m, x, y: m.atleast_1d(x, y)[1]),
    ],
    "atleast_2d": [
        ([(3,)], lambda m, x: m.atleast_2d(x)),
        ([()], lambda m, x: m.atleast_2d(x)),
        ([(2, 1, 3)], lambda m, x: m.atleast_2d(x)),
    ],
    "atleast_3d": [
        ([()], lambda m, x: m.atleast_3d(x)),
        ([(3,)], lambda m, x: m.atleast_3d(x)),
        ([(2, 3)], lambda m, x: m.atleast_3d(x)),
        ([(2, 3, 4, 1)], lambda m, x: m.atleast_3d(x)),
    ],
    "flipud": [([(2, 3)], lambda m, x: m.flipud(x)), ([(3,)], lambda m, x: m.flipud(x))],
    "fliplr": [([(2, 3)], lambda m, x: m.fliplr(x)), ([(2, 0)], lambda m, x: m.fliplr(x))],
    "rot90": [
        *(([(2, 3)], lambda m, x, k=k: m.rot90(x, k)) for k in (-1, 0, 1, 2, 3, 4)),
        ([(2, 3, 4)], lambda m, x: m.rot90(x, axes=(2, 0))),
        ([(2, 3, 4)], lambda m, x: m.rot90(x, 3, axes=(1, 2))),
    ],
    "meshgrid": [
        ([(2,), (3,)], lambda m, x, y: m.meshgrid(x, y)[0]),
        ([(2,), (3,)], lambda m, x, y: m.meshgrid(x, y)[1]),
        ([(2,), (3,)], lambda m, x, y: m.meshgrid(x, y, indexing="ij")[1]),
        ([(2,), (3,), (4,)], lambda m, x, y, z: m.meshgrid(x, y, z, sparse=True)[0]),
        ([(2,), (3,), ()], lambda m, x, y, z: m.meshgrid(x, y, z)[2]),
        ([(0,), (3,)], lambda m, x, y: m.meshgrid(x, y)[1]),
        ([(2,)], lambda m, x: m.meshgrid(x)[0]),
    ],
    "column_stack": [
        ([(3,), (3,)], lambda m, x, y: m.column_stack((x, y))),
        ([(3,), (3, 2)], lambda m, x, y: m.column_stack([x, y, x])),
    ],
    "dstack": [
        ([(3,), (3,)], lambda m, x, y: m.dstack((x, y))),
        ([(2, 3), (2, 3, 2)], lambda m, x, y: m.dstack([x, y])),
    ],
    "append": [
        ([(3,), ()], lambda m, x, y: m.append(x, y)),
        ([(2, 3), (2,)], lambda m, x, y: m.append(x, y)),
        ([(2, 3), (2, 1)], lambda m, x, y: m.append(x, y, axis=1)),
        ([(2, 3)], lambda m, x: m.append(x, [[1.0, 2.0, 3.0]], axis=0)),
    ],
    "cross": [
        ([(3,), (3,)], lambda m, x, y: m.cross(x, y)),
        ([(4, 3), (3,)], lambda m, x, y: m.cross(x, y)),
        ([(3, 2), (3, 2)], lambda m, x, y: m.cross(x, y, axis=0)),
        ([(3, 2), (2, 3)], lambda m, x, y: m.cross(x, y, axisa=0, axisc=0)),
        ([(2, 3), (3, 2)], lambda m, x, y: m.cross(x, y, -1, 0)),
    ],
    "diff": [
        ([(4,)], lambda m, x: m.diff(x)),
        ([(4,)], lambda m, x: m.diff(x, 2)),
        ([(4,)], lambda m, x: m.diff(x, 0)),
        ([(2,)], lambda m, x: m.diff(x, 5)),
        ([(2, 3)], lambda m, x: m.diff(x, axis=0)),
        ([(2, 3, 4)], lambda m, x: m.diff(x, n=2, axis=-2)),
        ([(2, 3)], lambda m, x: m.diff(x, prepend=0.0, append=[[1.0], [2.0]])),
        ([(2, 3), (1, 3)], lambda m, x, y: m.diff(x, axis=0, prepend=y)),
        ([(0,)], lambda m, x: m.diff(x)),
    ],
    "trapezoid": [
        ([(4,)], lambda m, x: m.trapezoid(x)),
        ([(4,)], lambda m, x: m.trapezoid(x, dx=0.5)),
        ([(4,), (4,)], lambda m, x, y: m.trapezoid(x, y)),
        ([(4, 2), (4,)], lambda m, x, y: m.trapezoid(x, y, axis=0)),
        ([(2, 3), (2, 3)], lambda m, x, y: m.trapezoid(x, x=y)),
        ([(1,)], lambda m, x: m.trapezoid(x)),
    ],
    "interp": [
        ([(5,), (4,)], lambda m, x, y: m.interp(x, KNOTS, y)),
        ([(5,), (4,), (4,)], lambda m, x, y, z: m.interp(x, KNOTS + 0.1 * z, y)),
        ([(2, 3), (4,)], lambda m, x, y: m.interp(3 * x, KNOTS, y, left=-1.0, right=2.0)),
        ([(5,), (4,)], lambda m, x, y: m.interp(3 * x, KNOTS, y, period=3.0)),
        ([(), (4,)], lambda m, x, y: m.interp(x, KNOTS, y)),
        ([(3,), (1,)], lambda m, x, y: m.interp(x, [0.0], y)),
        ([(0,), (4,)], lambda m, x, y: m.interp(x, KNOTS, y)),
    ],
    "polyval": [
        ([(4,), (3,)], lambda m, x, y: m.polyval(x, y)),
        ([(3,)], lambda m, x: m.polyval([1.0, -2.0, 0.5], x)),
        ([(2, 3)], lambda m, x: m.polyval([1.0, 2.0, 3.0], x)),
        ([(3,)], lambda m, x: m.polyval(x, 2.0)),
        ([(1,), (3,)], lambda m, x, y: m.polyval(x, y)),
    ],
    "average": [
        ([(2, 3)], lambda m, x: m.average(x)),
        ([(2, 3)], lambda m, x: m.average(x, axis=1, keepdims=True)),
        ([(2, 3), (2, 3)], lambda m, x, y: m.average(x, weights=y * y)),
        ([(2, 3), (3,)], lambda m, x, y: m.average(x, axis=-1, weights=y * y)),
        ([(2, 3), (2,)], lambda m, x, y: m.average(x, 0, y * y)),
        ([(2, 3, 4), (4, 2)], lambda m, x, y: m.average(x, axis=(2, 0), weights=y * y)),
        ([(2, 3), (3,)], lambda m, x, y: m.average(x, 1, y * y, returned=True)[1]),
        ([(2, 3)], lambda m, x: m.average(x, returned=True)[1] * x),
    ],
    "ptp": [
        ([(2, 3)], lambda m, x: m.ptp(x)),
        ([(2, 3)], lambda m, x: m.ptp(x, axis=1, keepdims=True)),
    ],
    **{
        name: [
            ([(2, 3)], lambda m, x, name=name: getattr(m, name)(x + SOME_NAN)),
            ([(2, 3)], lambda m, x, name=name: getattr(m, name)(x + SOME_NAN, axis=0)),
            ([(2, 3)], lambda m, x, name=name: getattr(m, name)(x, axis=1, keepdims=True)),
        ]
        for name in ["nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmax", "nanmin"]
    },
    "nancumsum": [
        ([(2, 3)], lambda m, x: m.nancumsum(x + SOME_NAN)),
        ([(2, 3)], lambda m, x: m.nancumsum(x + SOME_NAN, axis=1)),
    ],
    "eigh": [
        ([(3, 3)], lambda m, x: m.eigh(symmetric(x))[0]),
        ([(3, 3)], lambda m, x: m.eigh(symmetric(x))[1] ** 2),
        ([(2, 2, 2)], lambda m, x: m.eigh(symmetric(x), "U")[1] ** 2),
        ([(3, 3)], lambda m, x: m.eigvalsh(symmetric(x))),
        ([(3, 4)], lambda m, x: m.svdvals(x)),
    ],
    "matrix_power": [
        *(([(3, 3)], lambda m, x, n=n: m.matrix_power(x, n)) for n in (0, 1, 2, 3, 6)),
        ([(2, 2, 2)], lambda m, x: m.matrix_power(x + 2 * np.eye(2), -3)),
    ],
}

# Of functions that cases.py tries already: what NumPy can do with them beside the usual.
OPTIONS = {
    "norm": [
        *(([(4,)], lambda m, x, p=p: m.norm(x, p)) for p in (3, 2.5, 0.5, -1, -2, -np.inf)),
        ([(2, 3)], lambda m, x: m.norm(x, 3, axis=1, keepdims=True)),
        ([(2, 3)], lambda m, x: m.norm(x, -np.inf, axis=0)),
        *(([(3, 2)], lambda m, x, p=p: m.norm(x, p)) for p in (2, -2, -1, -np.inf, "nuc")),
        ([(2, 3, 4)], lambda m, x: m.norm(x, "nuc", axis=(2, 0))),
        ([(2, 3, 4)], lambda m, x: m.norm(x, 2, axis=(0, 1), keepdims=True)),
        ([(2, 3, 4)], lambda m, x: m.norm(x, "nuc", axis=(-1, 0), keepdims=True)),
    ],
    "einsum": [
        ([(2, 3), (3, 4)], lambda m, x, y: m.einsum(x, [0, 1], y, [1, 2], [0, 2])),
        ([(2, 3), (3, 4)], lambda m, x, y: m.einsum(x, [5, 1], y, [1, 2])),
        ([(3, 3)], lambda m, x: m.einsum(x, [0, 0])),
        ([(2, 2, 3), (3, 4)], lambda m, x, y: m.einsum(x, [..., 0], y, [0, 1], [..., 1])),
        *(
            (
                [(2, 3), (3, 4), (4, 2)],
                lambda m, x, y, z, o=o: m.einsum("ij,jk,kl->il", x, y, z, optimize=o),
            )
            for o in (True, False, "greedy", "optimal", ["einsum_path", (1, 2), (0, 1)])
        ),
        (
            [(2, 3), (3, 4), (4, 2)],
            lambda m, x, y, z: m.einsum(x, [0, 1], y, [1, 2], z, [2, 0], optimize=True),
        ),
        ([(2, 3), (2,), (3,)], lambda m, x, y, z: m.einsum("ij,i,j->j", x, y, z, optimize=True)),
        ([(3, 3), (3,), (2,)], lambda m, x, y, z: m.einsum("ii,i,j", x, y, z, optimize=True)),
    ],
    "sum": [
        ([(2, 3)], lambda m, x: m.sum(x, where=MASK)),
        ([(2, 3)], lambda m, x: m.sum(x, axis=0, where=MASK, initial=2.0)),
        ([(2, 3)], lambda m, x: m.sum(x, axis=1, keepdims=True, where=[True, False, True])),
        ([(2, 3)], lambda m, x: m.sum(x, initial=5)),
        ([(2, 3)], lambda m, x: m.sum(x, axis=0, dtype=float)),
        ([(0, 3)], lambda m, x: m.sum(x, axis=0, initial=1.0)),
    ],
    "prod": [
        ([(2, 3)], lambda m, x: m.prod(x, where=MASK)),
        ([(2, 3)], lambda m, x: m.prod(x, axis=0, where=MASK, initial=2.0)),
        ([(2, 3)], lambda m, x: m.prod(x, dtype=float)),
    ],
    "max": [
        ([(2, 3)], lambda m, x: m.max(x, axis=0, where=MASK, initial=-9.0)),
        ([(2, 3)], lambda m, x: m.max(x, axis=1, initial=0.3, keepdims=True)),
        ([(0, 3)], lambda m, x: m.max(x, axis=0, initial=0.3) + m.sum(x)),
        ([(2, 3)], lambda m, x: m.amax(x, where=MASK, initial=-9.0)),
    ],
    "min": [
        ([(2, 3)], lambda m, x: m.min(x, axis=0, where=MASK, initial=9.0)),
        ([(2, 3)], lambda m, x: m.min(x, axis=1, initial=0.3)),
    ],
    "mean": [
        ([(2, 3)], lambda m, x: m.mean(x, dtype=float)),
        ([(2, 3)], lambda m, x: m.mean(x, where=MASK)),
        ([(2, 3)], lambda m, x: m.mean(x, axis=0, keepdims=True, where=MASK)),
    ],
    "var": [
        ([(2, 3)], lambda m, x: m.var(x, where=MASK)),
        ([(2, 3)], lambda m, x: m.var(x, axis=1, where=MASK, ddof=1, keepdims=True)),
        ([(2, 3)], lambda m, x: m.var(x, axis=1, correction=1)),
        ([(2, 3)], lambda m, x: m.var(x, axis=1, mean=m.mean(x, axis=1, keepdims=True))),
    ],
    "std": [
        ([(2, 3)], lambda m, x: m.std(x, axis=1, where=MASK)),
        ([(2, 3)], lambda m, x: m.std(x, dtype=float, correction=1)),
    ],
    "cumsum": [([(2, 3)], lambda m, x: m.cumsum(x, axis=1, dtype=float))],
    "cumprod": [([(2, 3)], lambda m, x: m.cumprod(x, axis=0, dtype=float))],
    "nansum": [([(2, 3)], lambda m, x: m.nansum(x + SOME_NAN, where=MASK, initial=1.0))],
    "nanmax": [([(2, 3)], lambda m, x: m.nanmax(x + SOME_NAN, axis=0, initial=-8.0, where=MASK))],
    "slogdet": [([(3, 3)], lambda m, x: m.slogdet(x)[0] * m.slogdet(x)[1])],
    "positive": [([(3,)], lambda m, x: np.positive(x) + np.conjugate(x))],
    "degrees": [([(3,)], lambda m, x: np.degrees(x) + np.radians(x))],
    "all": [([(2, 3)], lambda m, x: m.all(x > 0, where=MASK, axis=0))],
    "any": [([(2, 3)], lambda m, x: m.any(x > 0, where=MASK, axis=0))],
}
