"""Ask SciPy for the minima of the Moré-Garbow-Hillstrom problems; writes optim_scipy.json.

Run with SciPy 1.17.1, from the root: `python -m tests.oracles.optim_scipy`. The figures are stored,
so tests do not need SciPy. Derivatives are exact (complex step), as ours are. The loss is the sum
of squares for BFGS and L-BFGS-B. Every method has its default settings, but for L-BFGS-B, whose
`ftol` is 0, so that it stops by the same test as BFGS, max |gradient| <= 1e-5.
"""

import json
import pathlib
import warnings

import numpy as np
import scipy
from scipy.optimize import least_squares, minimize

from tests.optim.standard_problems import PROBLEMS


def functions(problem):
    def residuals(x):
        return np.array(problem.residuals(list(map(np.float64, x))), dtype=float)

    def jacobian(x):
        columns = []
        for i in range(len(x)):
            bumped = [np.complex128(number + 1e-30j * (i == j)) for j, number in enumerate(x)]
            columns.append([np.imag(r) / 1e-30 for r in problem.residuals(bumped)])
        return np.transpose(columns)

    return residuals, jacobian


def quasi_newton(problem, method, **options):
    residuals, jacobian = functions(problem)
    found = minimize(
        lambda x: np.sum(residuals(x) ** 2),
        problem.start,
        jac=lambda x: 2 * jacobian(x).T @ residuals(x),
        method=method,
        options={"maxiter": 10_000, **options},
    )
    return figures(found.fun, found)


def levenberg_marquardt(problem):
    residuals, jacobian = functions(problem)
    found = least_squares(residuals, problem.start, jac=jacobian, method="lm", max_nfev=10_000)
    return figures(2 * found.cost, found)


def figures(loss, found):
    return {
        "loss": float(loss),
        "evaluations": int(found.nfev),
        "gradients": int(found.njev),
        "success": bool(found.success),
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore", RuntimeWarning)  # trials that overflow
    asked = {
        "made with": f"SciPy {scipy.__version__}, NumPy {np.__version__}",
        "BFGS": {name: quasi_newton(p, "BFGS") for name, p in PROBLEMS.items()},
        "LBFGS": {name: quasi_newton(p, "L-BFGS-B", ftol=0) for name, p in PROBLEMS.items()},
        "LevenbergMarquardt": {name: levenberg_marquardt(p) for name, p in PROBLEMS.items()},
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(asked, indent=1) + "\n", encoding="utf-8")
