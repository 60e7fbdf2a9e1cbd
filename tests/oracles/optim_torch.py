"""Ask PyTorch for 200 steps with every rule and option; writes optim_torch.json.

Run with PyTorch 2.13.0 (CPU): `python tests/oracles/optim_torch.py`. The figures are stored, so
tests do not need PyTorch. Everything is float64.
"""

import json
import pathlib

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(20240611)

STEPS = {"quadratic": [1, 2, 10, 50, 200], "rosenbrock": [1, 2, 10, 50, 200], "mlp": [1, 200]}

CASES = {
    "SGD": [
        {"lr": 2e-4},
        {"lr": 2e-4, "momentum": 0.9},
        {"lr": 2e-4, "momentum": 0.9, "dampening": 0.3},
        {"lr": 2e-4, "momentum": 0.9, "nesterov": True},
        {"lr": 2e-4, "momentum": 0.5, "nesterov": True, "weight_decay": 0.1},
        {"lr": 2e-4, "weight_decay": 0.1},
        {"lr": 2e-4, "momentum": 0.9, "weight_decay": 0.1, "maximize": True},
    ],
    "Adagrad": [
        {"lr": 0.1},
        {"lr": 0.1, "lr_decay": 0.02},
        {"lr": 0.1, "weight_decay": 0.1},
        {"lr": 0.1, "initial_accumulator_value": 0.5},
        {"lr": 0.1, "eps": 0.1},
        {"lr": 0.1, "weight_decay": 0.1, "maximize": True},
    ],
    "Adadelta": [
        {},
        {"lr": 0.5},
        {"lr": 0.5, "rho": 0.8},
        {"lr": 0.1, "eps": 1e-4},
        {"weight_decay": 0.1},
        {"weight_decay": 0.1, "maximize": True},
    ],
    "RMSprop": [
        {"lr": 1e-3, "alpha": 0.9},
        {"lr": 1e-3, "alpha": 0.99},
        {"lr": 2e-4, "alpha": 0.9, "eps": 0.1},
        {"lr": 1e-3, "alpha": 0.9, "weight_decay": 0.1},
        {"lr": 5e-4, "alpha": 0.9, "momentum": 0.8},
        {"lr": 2e-4, "alpha": 0.9, "centered": True, "eps": 1e-3},
        {"lr": 1e-4, "alpha": 0.9, "centered": True, "momentum": 0.8, "eps": 1e-3},
        {"lr": 1e-3, "alpha": 0.9, "weight_decay": 0.1, "maximize": True},
    ],
    "Adam": [
        {"lr": 0.02},
        {"lr": 0.002, "betas": [0.8, 0.9]},
        {"lr": 0.02, "eps": 0.1},
        {"lr": 0.02, "weight_decay": 0.1},
        {"lr": 0.01, "amsgrad": True, "betas": [0.9, 0.9]},
        {"lr": 0.02, "amsgrad": True, "weight_decay": 0.1, "maximize": True},
    ],
    "AdamW": [
        {"lr": 0.02},
        {"lr": 0.02, "weight_decay": 0.3},
        {"lr": 0.002, "betas": [0.8, 0.9], "eps": 0.1},
        {"lr": 0.01, "amsgrad": True, "betas": [0.9, 0.9]},
        {"lr": 0.02, "maximize": True},
    ],
    "NAdam": [
        {"lr": 0.02},
        {"lr": 0.001, "betas": [0.9, 0.99]},
        {"lr": 0.02, "eps": 0.1},
        {"lr": 0.02, "weight_decay": 0.1},
        {"lr": 0.02, "momentum_decay": 0.1},
        {"lr": 0.02, "weight_decay": 0.1, "maximize": True},
    ],
}

# --- what is minimised ----------------------------------------------------------------------------

A = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -0.5], [0.5, -0.5, 0.25]])
B = np.array([1.0, -2.0, 0.5])
X, Y = rng.normal(size=(8, 2)).round(3), rng.normal(size=(8, 1)).round(3)
START = {
    "quadratic": [2.0, -1.0, 3.0],
    "rosenbrock": [-1.2, 1.0],
    "mlp": rng.normal(size=13).round(3).tolist(),
}


def quadratic(theta):
    return 0.5 * theta @ torch.tensor(A) @ theta - torch.tensor(B) @ theta


def rosenbrock(theta):
    x, y = theta
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def mlp(theta):
    """2-3-1 with tanh: weights (3, 2), biases (3,), weights (1, 3), bias (1,)."""
    w1, b1, w2, b2 = theta[:6].reshape(3, 2), theta[6:9], theta[9:12].reshape(1, 3), theta[12:]
    out = torch.tanh(torch.tensor(X) @ w1.T + b1) @ w2.T + b2
    return ((out - torch.tensor(Y)) ** 2).mean()


PROBLEMS = {"quadratic": quadratic, "rosenbrock": rosenbrock, "mlp": mlp}


def trajectory(rule, settings, problem):
    """Where the steps lead; the settings must be such that the last digit does not decide that."""
    figures = run(rule, settings, problem, np.array(START[problem]))
    nearby = run(rule, settings, problem, np.array(START[problem]) * (1 + 1e-15))
    for step in figures:
        apart = np.abs(np.subtract(figures[step], nearby[step])).max()
        assert apart < 1e-11, (rule, settings, problem, step, apart)
    return figures


def run(rule, settings, problem, start):
    theta = torch.tensor(start, requires_grad=True)
    optimizer = getattr(torch.optim, rule)([theta], **settings)
    sign = -1 if settings.get("maximize") else 1
    figures = {}
    for step in range(1, 201):
        optimizer.zero_grad()
        (sign * PROBLEMS[problem](theta)).backward()
        optimizer.step()
        if step in STEPS[problem]:
            figures[step] = theta.tolist()
    return figures


# --- other things ---------------------------------------------------------------------------------


def skipped():
    """Two parameters of which the second gets a gradient only from the fourth step on."""
    figures = {}
    for rule, cases in CASES.items():
        a, b = torch.tensor([1.0, -2.0], requires_grad=True), torch.tensor(3.0, requires_grad=True)
        optimizer = getattr(torch.optim, rule)([a, b], **cases[-1])
        for step in range(8):
            optimizer.zero_grad()
            loss = (a * a).sum() + (b * b * a[0] if step >= 3 else 0)
            loss.backward()
            optimizer.step()
        figures[rule] = [*a.tolist(), b.item()]
    return figures


def clipping():
    grads = rng.normal(size=(3, 4)).round(3).tolist()
    figures = []
    for norm_type in (1.0, 2.0, float("inf")):
        for max_norm in (0.5, 100.0):
            params = [torch.zeros(4, requires_grad=True) for _ in grads]
            for p, g in zip(params, grads):
                p.grad = torch.tensor(g)
            norm = torch.nn.utils.clip_grad_norm_(params, max_norm, norm_type)
            clipped = [p.grad.tolist() for p in params]
            which = "inf" if norm_type == float("inf") else norm_type
            figures.append([which, max_norm, norm.item(), clipped])
    return {"grads": grads, "figures": figures}


def plateaus():
    losses = (rng.uniform(size=60).round(2) + np.linspace(2, 0, 60).round(2)).tolist()
    figures = []
    for mode in ("min", "max"):
        for factor, patience, threshold, min_lr in ((0.1, 2, 1e-4, 0.0), (0.5, 0, 0.1, 0.02)):
            optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
            scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
                optimizer,
                mode,
                factor=factor,
                patience=patience,
                threshold=threshold,
                min_lr=min_lr,
                eps=0,
            )
            rates = []
            for loss in losses:
                scheduler.step(loss)
                rates.append(optimizer.param_groups[0]["lr"])
            figures.append([mode, factor, patience, threshold, min_lr, rates])
    return {"losses": losses, "figures": figures}


if __name__ == "__main__":
    found = {
        "torch": torch.__version__,
        "problems": {"A": A.tolist(), "B": B.tolist(), "X": X.tolist(), "Y": Y.tolist()},
        "start": START,
        "trajectories": [
            [rule, settings, problem, trajectory(rule, settings, problem)]
            for rule, cases in CASES.items()
            for settings in cases
            for problem in PROBLEMS
        ],
        "skipped": {rule: [cases[-1], skipped()[rule]] for rule, cases in CASES.items()},
        "clipping": clipping(),
        "plateaus": plateaus(),
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(found, indent=None).replace("], [", "],\n[") + "\n")
    print(f"{path.name}: {path.stat().st_size} bytes")
