"""One training step on single numbers: micrograd's two-moons demo, the same text for both sides."""

import math
import random
import time
import tracemalloc

from benchmarks.sides import print_table, row, serve, take_turns

TITLE = (
    "Training step of micrograd's two-moons demo: 100 points, MLP 2-16-16-1 with ReLU in scalars,\n"
    "max-margin loss plus L2, SGD. Memory is the peak that tracemalloc sees, per node of the graph."
)


def report(rounds):
    from nn.datasets import moons

    points, classes = moons(100, noise=0.1, seed=1337)
    data = {"points": points.tolist(), "labels": (2 * classes - 1).tolist()}
    timed = take_turns("scalars", rounds, what="time", **data)
    traced = take_turns("scalars", 1, what="memory", **data)
    losses = [figures["loss"] for figures in timed if "loss" in figures]
    if not math.isclose(losses[0], losses[-1], rel_tol=1e-9):
        raise SystemExit(f"the two sides' losses differ: {losses}")
    rows = [
        row("time per step", "ms", timed, "seconds", 1e3),
        row("memory, forward", "B/node", traced, "forward"),
        row("memory, forward and backward", "B/node", traced, "one_step"),
        row("memory, five steps", "B/node", traced, "all_steps"),
    ]
    print_table(TITLE, rows)


def work(Value, MLP, what, points, labels):
    random.seed(1337)
    if what == "time":
        return measure_time(Value, MLP, points, labels)
    return measure_memory(Value, MLP, points, labels)


def measure_time(Value, MLP, points, labels, steps=6):
    model = MLP(2, [16, 16, 1])
    train(Value, model, points, labels)  # warms up
    start = time.perf_counter()
    for _ in range(steps):
        last = train(Value, model, points, labels)
    return {"seconds": (time.perf_counter() - start) / steps, "loss": last}


def measure_memory(Value, MLP, points, labels, steps=5):
    tracemalloc.start()
    model = MLP(2, [16, 16, 1])
    total = loss(Value, model, points, labels)
    forward, _ = tracemalloc.get_traced_memory()
    total.backward()
    _, one_step = tracemalloc.get_traced_memory()
    del total
    for _ in range(steps - 1):
        train(Value, model, points, labels)
    _, all_steps = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    nodes = count_nodes(loss(Value, model, points, labels))
    return {
        "forward": forward / nodes,
        "one_step": one_step / nodes,
        "all_steps": all_steps / nodes,
    }


def count_nodes(root):
    seen, stack = {root}, [root]
    while stack:
        new = stack.pop()._prev - seen
        seen |= new
        stack += new
    return len(seen)


# --- the program, for both sides ------------------------------------------------------------------


def loss(Value, model, points, labels):
    """Mean hinge loss plus 1e-4 times the sum of the squared parameters."""
    scores = [model([Value(x) for x in point]) for point in points]
    margins = [(1 + -y * score).relu() for y, score in zip(labels, scores)]
    return sum(margins) * (1.0 / len(margins)) + 1e-4 * sum(p * p for p in model.parameters())


def train(Value, model, points, labels, learning_rate=0.1):
    total = loss(Value, model, points, labels)
    model.zero_grad()
    total.backward()
    for p in model.parameters():
        p.data -= learning_rate * p.grad
    return total.data


if __name__ == "__main__":
    serve(work)
