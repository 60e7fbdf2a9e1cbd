"""What the tests of first-order rules share: the rules, problems, and PyTorch's figures."""

import copy
import inspect
import json
import pathlib

import numpy as np

import autograd
import optim
from autograd import Tensor, Value
from nn import MLP, Parameter
from nn.functional import mse_loss
from tests.each import each, in_ci

TORCH = json.loads((pathlib.Path(__file__).parents[1] / "oracles" / "optim_torch.json").read_text())

RULES = {
    rule.__name__: rule
    for rule in vars(optim).values()
    if inspect.isclass(rule) and issubclass(rule, optim.UpdateRule) and rule is not optim.UpdateRule
}
CASES = [
    (
        rule.replace("NAdam", "Nadam"),
        {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()},
    )
    for rule, settings, problem, _ in TORCH["trajectories"]
    if problem == "quadratic"
]
CASES += [("Momentum", {"lr": 0.01}), ("Nesterov", {"lr": 0.01})]
# Of cases that keep the same arrays, the last.
KINDS = {
    (rule, *(settings.keys() & {"momentum", "centered", "amsgrad"})): (rule, settings)
    for rule, settings in CASES
}

A, B, X, Y = (np.array(TORCH["problems"][name]) for name in "ABXY")


def steps(rule, n=12, start=(2.0, -1.0, 3.0), **settings):
    params = [Value(x) for x in start]
    optimizer = rule(params, **settings)
    for _ in range(n):
        optimizer.step(lambda: quadratic(*params))
    return numbers(params)


def case_name(case):
    rule, settings = case
    return " ".join([rule, *(f"{name}={value}" for name, value in settings.items())])


# --- problems, on whatever numbers there are ------------------------------------------------------


def quadratic(*x):
    products = sum(0.5 * A[i, j] * x[i] * x[j] for i in range(3) for j in range(3))
    return products - sum(B[i] * x[i] for i in range(3))


def rosenbrock(x, y):
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def mlp(*numbers):
    """2-3-1 with tanh and mean squared error, on 13 single numbers."""
    w1, b1, w2, b2 = numbers[:6], numbers[6:9], numbers[9:12], numbers[12]
    total = 0.0
    for point, y in zip(X, Y[:, 0]):
        hidden = [
            autograd.tanh(w1[2 * j] * point[0] + w1[2 * j + 1] * point[1] + b1[j]) for j in range(3)
        ]
        out = sum(w * h for w, h in zip(w2, hidden)) + b2
        total = total + (out - y) ** 2
    return total / len(X)


def mlp_arrays(w1, b1, w2, b2):
    return ((autograd.tanh(X @ w1.T + b1) @ w2.T + b2 - Y) ** 2).mean()


PROBLEMS = {"quadratic": quadratic, "rosenbrock": rosenbrock, "mlp": mlp}

# --- the same parameters in five guises: what is optimised, and the loss --------------------------


def as_values(start):
    params = [Value(x) for x in start]
    return params, lambda: mlp(*params)


def as_tensors(start):
    params = [Tensor(x, requires_grad=True) for x in as_arrays(start)]
    return params, lambda: mlp_arrays(*params)


def as_scalar_tensors(start):
    params = [Tensor(x, requires_grad=True) for x in start]
    return params, lambda: mlp(*params)


def as_parameters(start):
    params = [Parameter(x) for x in as_arrays(start)]
    return params, lambda: mlp_arrays(*params)


def as_module(start):
    model = MLP(2, [3], 1, "tanh")
    model.flat().data = start
    return model.parameters(), lambda: mse_loss(model(X), Y)


def as_close_up(start):
    model = MLP(2, [3], 1, "tanh")
    model.flat().data = start
    close_up = model.scalars()

    def loss():
        return sum((close_up(x)[0] - y) ** 2 for x, y in zip(X, Y[:, 0])) / len(X)

    return close_up.parameters(), loss


def as_arrays(start):
    start = np.array(start)
    return start[:6].reshape(3, 2), start[6:9], start[9:12].reshape(1, 3), start[12:]


GUISES = {
    "Values": as_values,
    "Tensors": as_tensors,
    "Tensors of one number": as_scalar_tensors,
    "Parameters": as_parameters,
    "a module": as_module,
    "its close-up": as_close_up,
}


def spoilt_states(state):
    """Copies of a saved state, each with one part missing, doubled, or something else.

    Numbers that are settings are left alone: these may be others.
    """
    yield None
    yield []
    for path, part in _parts(state):
        if isinstance(part, dict):
            for key in part:
                if key not in ("optimizer", "epoch"):  # version 0.1 did not save the first
                    yield _changed(state, path, {k: v for k, v in part.items() if k != key})
            yield _changed(state, path, {**part, "other": 1.0})
            yield _changed(state, path, list(part))
        elif isinstance(part, list) and path[-1] == "pairs":  # of LBFGS: there may be fewer
            yield _changed(state, path, None)
            yield _changed(state, path, [*part, part[0][:1]])
            yield _changed(state, path, part * 20)
        elif isinstance(part, list):
            if part and len(part) != 5:  # a plateau had learnt four things in version 0.1
                yield _changed(state, path, part[:-1])
            yield _changed(state, path, [*part, part[-1] if part else 1])
            yield _changed(state, path, "list")
            yield _changed(state, path, None)
        elif isinstance(part, np.ndarray):
            yield _changed(state, path, part[:-1])
            yield _changed(state, path, np.concatenate([part, part[:1]]))
            yield _changed(state, path, part[None])
            yield _changed(state, path, part.astype(complex))
            yield _changed(state, path, np.ones(part.shape, int))
            yield _changed(state, path, part.astype(str))
            yield _changed(state, path, [[1.0], [1.0, 2.0]])
        elif "shapes" in path or "steps" in path or path[0] == "optimizer":
            for other in (-1, 2.5, "Other"):
                yield _changed(state, path, other)


def _parts(part, path=()):
    yield path, part
    for key, inner in part.items() if isinstance(part, dict) else ():
        yield from _parts(inner, (*path, key))
    for i, inner in enumerate(part) if isinstance(part, (list, tuple)) else ():
        yield from _parts(inner, (*path, i))


def _changed(state, path, part):
    if not path:
        return part
    state = copy.copy(state) if isinstance(state, dict) else list(state)
    state[path[0]] = _changed(state[path[0]], path[1:], part)
    return state


def numbers(params):
    return np.concatenate([np.ravel(p.data) for p in params])


each_rule = each("rule", RULES.values(), ids=RULES)
each_case = each("case", CASES, ids=case_name)
each_kind = each("case", in_ci(CASES, KINDS.values()), ids=case_name)
