"""One step of Adam: on arrays beside PyTorch's, on single numbers beside a loop in Python."""

import json
import statistics
import sys
import time

import numpy as np

from benchmarks.sides import OURS, TORCH, peer_name, print_table, row, take_turns

STEP = (
    "One step of Adam on the 109,386 parameters of a 784-128-64-10 network, float32, parameters and"
    "\ngradients in place; then a whole training step (forward, loss, backward, Adam) of a 64-64-10"
    "\nsoftmax classifier on a batch of 64. PyTorch with 1 or 2 threads, whichever is faster."
)
NUMBERS = (
    "One step of Adam on 100,000 single numbers, beside a loop in Python over 100,000 Values:\n"
    "where a module owns them, and as a plain list of Values."
)
LAYERS = [(784, 128), (128, 64), (64, 10)]
BETA1, BETA2, LR, EPS = 0.9, 0.999, 1e-3, 1e-8


def report(rounds):
    ours, torchs = take_turns("updates", rounds, (OURS, TORCH), what="arrays")
    titles = {
        "default": "Adam step, PyTorch's default",
        "fused": "Adam step, PyTorch's fused=True",
        "training": "training step",
    }
    rows = [
        row(title, "µs", [ours, _as(torchs, name, ours)], name, 1e6)
        for name, title in titles.items()
    ]
    print_table(STEP, rows, peer_name(TORCH))
    (found,) = take_turns("updates", rounds, (OURS,), what="numbers")
    loop = {"seconds": found["loop"]}
    rows = [
        row(title, "µs", [{"seconds": found[name]}, loop], "seconds", 1e6)
        for name, title in (("module", "owned by a module"), ("values", "a plain list of Values"))
    ]
    print_table(NUMBERS, rows, "loop in Python")


def _as(torchs, name, ours):
    return {name: torchs[name]} if name in torchs else torchs


def median_seconds(step, repeats, warm_up=50):
    """The median over single steps, after some that warm up."""
    for _ in range(warm_up):
        step()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


# --- arrays ---------------------------------------------------------------------------------------


def arrays_of_ours():
    seconds = median_seconds(adam_on_arrays(), 500)
    training = median_seconds(training_of_ours(), 300)
    return {"default": seconds, "fused": seconds, "training": training}


def adam_on_arrays():
    from nn import Parameter
    from optim import Adam

    rng = np.random.default_rng(0)
    params = []
    for fan_in, fan_out in LAYERS:
        for shape in ((fan_out, fan_in), (fan_out,)):
            p = Parameter(rng.normal(size=shape), dtype=np.float32)
            p.grad = 0.01 * rng.normal(size=shape)
            params.append(p)
    return Adam(params).step


def training_of_ours():
    from nn import MLP, Parameter
    from nn.functional import cross_entropy
    from optim import Adam

    model = MLP(64, [64], 10, "relu")
    for module in model.modules():
        for name, p in list(vars(module).items()):
            if isinstance(p, Parameter):
                setattr(module, name, Parameter(p.data, dtype=np.float32))
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, 64)).astype(np.float32), rng.integers(10, size=64)
    optimizer = Adam(model.parameters())

    def step():
        optimizer.zero_grad()
        cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


def arrays_of_torch():
    import torch

    found = {}
    for threads in (1, 2):
        torch.set_num_threads(threads)
        for name, fused in (("default", None), ("fused", True)):
            seconds = median_seconds(torch_optimizer(torch, fused).step, 500)
            found[name] = min(seconds, found.get(name, seconds))
        seconds = training_of_torch(torch)
        found["training"] = min(seconds, found.get("training", seconds))
    return found


def torch_optimizer(torch, fused):
    layers = [torch.nn.Linear(*shape) for shape in LAYERS]
    params = [p for layer in layers for p in layer.parameters()]
    for p in params:
        p.grad = 0.01 * torch.randn_like(p)
    return torch.optim.Adam(params, fused=fused)


def training_of_torch(torch):
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
    x, y = torch.randn(64, 64), torch.randint(10, (64,))
    optimizer, loss = torch.optim.Adam(model.parameters()), torch.nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()

    return median_seconds(step, 300)


# --- single numbers -------------------------------------------------------------------------------


def gradients(n=100_000):
    return np.random.default_rng(0).normal(size=n)


def adam_on_a_module():
    from nn import Linear
    from optim import Adam

    grads = gradients()
    owner = Linear(len(grads), 1, bias=False)
    owner.weight.grad = grads.reshape(1, -1)
    return Adam(owner.parameters()).step


def adam_on_values():
    from optim import Adam

    return Adam(values()).step


def values():
    """Single numbers with gradients, in a list."""
    from autograd import Value

    params = []
    for g in gradients().tolist():
        params.append(p := Value(0.0))
        p.grad = g
    return params


def numbers_of_ours():
    sides = {
        "module": adam_on_a_module(),
        "values": adam_on_values(),
        "loop": Loop(values()).step,
    }
    turns = [
        {name: median_seconds(step, 1, warm_up=0) for name, step in sides.items()}
        for _ in range(12)
    ]
    return {name: statistics.median(turn[name] for turn in turns[2:]) for name in sides}


class Loop:
    """Adam as one would write it for a list of Values."""

    def __init__(self, params):
        self.params = params
        self.m, self.v, self.t = [0.0] * len(params), [0.0] * len(params), 0

    def step(self):
        self.t += 1
        c1, c2 = 1 - BETA1**self.t, 1 - BETA2**self.t
        m, v = self.m, self.v
        for i, p in enumerate(self.params):
            g = p.grad
            m[i] = BETA1 * m[i] + (1 - BETA1) * g
            v[i] = BETA2 * v[i] + (1 - BETA2) * g * g
            p.data -= LR * (m[i] / c1) / ((v[i] / c2) ** 0.5 + EPS)


WORK = {
    (OURS, "arrays"): arrays_of_ours,
    (TORCH, "arrays"): arrays_of_torch,
    (OURS, "numbers"): numbers_of_ours,
}

if __name__ == "__main__":
    print(json.dumps(WORK[sys.argv[1], json.load(sys.stdin)["what"]]()))
