"""Draw random programs and ask PyTorch for their values and gradients; writes programs_torch.json.

Run with PyTorch 2.13.0 (CPU): `python -m tests.oracles.programs_torch`. The figures are stored, so
tests do not need PyTorch. Everything is float64. A program is a list of expressions; `v[i]` is the
i-th leaf or, after the leaves, the i-th result, so parts are used again and again.
"""

import json
import pathlib
import random

import torch

from tests.autograd.programs import run

LANES = 3  # a leaf is an array of so many numbers, and the program runs on each of them

ONE = [
    "tanh({})", "sin({})", "cos({})", "sigmoid({})", "relu({})", "abs({})", "square({})", "-{}",
    "exp(-{} * {})", "log({} * {} + 1)", "sqrt({} * {} + 0.5)", "({} * {} + 1) ** 0.5", "{} ** 3",
    "2 - {}", "0.5 * {}", "3 / ({} * {} + 1)", "arctan({})", "2.0 ** tanh({})", "({} + 1) * {}",
]  # fmt: skip
TWO = [
    "{} + {}", "{} - {}", "{} * {}", "{} * {}", "{} / ({} * {} + 1)", "maximum({}, {})",
    "minimum({}, {})", "hypot({}, {} + 3)", "logaddexp({}, {})", "tanh({} * {})",
]  # fmt: skip


def draw(rng):
    leaves = [
        [round(rng.uniform(-2, 2), 3) for _ in range(LANES)] for _ in range(rng.randint(1, 4))
    ]
    lines = []
    for n in range(len(leaves), len(leaves) + rng.randint(4, 16)):
        # Late results are likelier, so that programs grow deep; "tanh" keeps numbers small.
        a, b = (f"v[{max(rng.randrange(n), rng.randrange(n))}]" for _ in range(2))
        line = rng.choice(ONE) if rng.random() < 0.5 else rng.choice(TWO)
        operands = [a] * 3 if line in ONE else [a, b, b]
        lines.append(line.format(*operands))
    return {"leaves": leaves, "lines": lines}


def answers(program):
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in program["leaves"]]
    out = run(program, leaves, vars(torch))
    out.sum().backward()
    return {"values": out.tolist(), "grads": [leaf.grad.tolist() for leaf in leaves]}


if __name__ == "__main__":
    rng = random.Random(7)
    programs = []
    while len(programs) < 300:
        program = draw(rng)
        program |= answers(program)
        if max(map(abs, sum(program["grads"], program["values"]))) < 1e6:
            programs.append(program)
    path = pathlib.Path(__file__).with_name("programs_torch.json")
    path.write_text("[\n" + ",\n".join(map(json.dumps, programs)) + "\n]\n", encoding="utf-8")
