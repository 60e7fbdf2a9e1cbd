"""What `python -m benchmarks --against REV` measures, row by row, with public names alone.

A row begins in a process of its own that has loaded nothing yet, so that the time of an import is a
row like any other.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import os
import subprocess
import sys
import time
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table: `begin` gets ready, and what it returns measures once."""

    begin: Callable[[], Callable[[], float]]
    unit: str = "µs"
    scale: float = 1e6
    turns: int = 7  # in each pair of processes
    fresh: bool = False  # a process for each turn
    repeats: bool = True  # whether another round can show another figure


def timed(step, per=1, part=0.01, parts=4):
    """Processor seconds of one `step` divided by `per`: the best of some short parts of a turn."""
    step()  # whatever is compiled on the first call is compiled now
    start, count = time.process_time(), 0
    while time.process_time() - start < 5 * part or count < 2:
        step()
        count += 1
    seconds = (time.process_time() - start) / count
    count = max(1, round(part / seconds))
    parts = 1 if seconds > parts * part else parts

    def measure():
        best = float("inf")
        for _ in range(parts):
            start = time.process_time()
            for _ in range(count):
                step()
            best = min(best, time.process_time() - start)
        return best / count / per

    return measure


# --- import ---------------------------------------------------------------------------------------


def importing(statement, before="pass"):
    """In a bare process: what this one has loaded for itself would cost a user time, too."""
    clock = "__import__('time').process_time()"
    program = f"{before}; start = {clock}; {statement}; print({clock} - start)"

    def measure():
        command = [sys.executable, "-c", program]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    return measure


# --- eager ----------------------------------------------------------------------------------------


def moons_in_lists():
    from nn.datasets import moons

    points, classes = moons(100, noise=0.1, seed=1337)
    return points.tolist(), (2 * classes - 1).tolist()


def scalars():
    import random

    from autograd import Value
    from benchmarks.scalars import train
    from nn.scalar import MLP

    random.seed(1337)
    data = moons_in_lists()
    return timed(functools.partial(train, Value, MLP(2, [16, 16, 1]), *data))


def chain(nodes):
    from autograd import Value
    from benchmarks.scaling import build_and_backward

    return timed(lambda: build_and_backward(Value, nodes), nodes)


def overhead(name):
    from benchmarks.overhead import CHAINS, LINKS, tensors

    ours, _ = CHAINS[name]
    return timed(functools.partial(ours, *tensors()), LINKS)


def moons(training="train"):
    from benchmarks import moons

    return timed(functools.partial(getattr(moons, training), *moons.training_of_ours()))


def digits():
    from benchmarks.digits import training_of_ours

    train = training_of_ours()
    return timed(lambda: train(1))


def recurrent():
    from benchmarks.recurrent import as_written, waves

    (wave,), step = waves(1), as_written()
    return timed(lambda: step(wave))


def grad_of_floats():
    import autograd

    def polynomial(x, y):
        total = x
        for k in range(10):
            total = total * y + k
        return total

    g = autograd.grad(polynomial)
    return timed(lambda: g(0.5, 0.7))


def hessian_of_array():
    import numpy as np

    import autograd

    def rosenbrock(x):
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    x, h = np.linspace(-1, 1, 10), autograd.hessian(rosenbrock)
    return timed(lambda: h(x))


# --- pictures ---------------------------------------------------------------------------------


def recurrent_chain(links):
    """The end and the beginning of y = tanh(w y + 1), again and again."""
    import autograd

    w, x = autograd.Value(0.9, label="w"), autograd.Value(0.5, label="x")
    y = x
    for _ in range(links):
        y = autograd.tanh(w * y + 1)
    return y, x


def drawn(links):
    import autograd

    root, _ = recurrent_chain(links)
    return timed(lambda: autograd.draw(root).svg)


def player(links):
    import autograd

    root, _ = recurrent_chain(links)
    return timed(lambda: autograd.backprop(root)._repr_mimebundle_())


def repainted(nodes):
    from benchmarks.repaint import repainting

    return repainting(nodes)


def watched(yes):
    from benchmarks.watching import seconds_per_step

    return lambda: seconds_per_step(yes)


def explained(links):
    import autograd

    root, leaf = recurrent_chain(links)
    return timed(lambda: str(autograd.explain(root, leaf)))


# --- memory ---------------------------------------------------------------------------------------


def bytes_of_a_node(figure, steps=1):
    import random

    from autograd import Value
    from benchmarks.scalars import measure_memory
    from nn.scalar import MLP

    random.seed(1337)
    data = moons_in_lists()
    return lambda: measure_memory(Value, MLP, *data, steps)[figure]


# --- updates --------------------------------------------------------------------------------------


def adam(what):
    from benchmarks import updates

    makers = {
        "arrays": updates.adam_on_arrays,
        "module": updates.adam_on_a_module,
        "values": updates.adam_on_values,
        "training": updates.training_of_ours,
    }
    return timed(makers[what]())


# --- compiled -------------------------------------------------------------------------------------


def compiled(title, side):
    """Our side of a row of benchmarks.compiled whose title begins like this."""
    from benchmarks.compiled import ROWS

    (row,) = (begin for name, begin in ROWS.items() if name.startswith(title))
    sides, data = row()
    step = sides[side]()

    def through_the_data():
        for given in data:
            step(*given)

    through_the_data()  # words of other lengths are other programs
    return timed(through_the_data, len(data))


def whole_step(title, then, now=None):
    """NumPy only: the step as one program, beside the three lines where compile knew no effects."""
    os.environ["GLASSGRAD_NATIVE"] = "0"
    import autograd

    whole = "audit" in inspect.signature(autograd.compile).parameters
    return compiled(title, (now or f"{then}, whole step") if whole else then)


def first_call(shape):
    import autograd
    from benchmarks.compiling import SHAPES

    function, data = SHAPES[shape]
    return timed(lambda: autograd.compile(functools.partial(function))(*data))


def row(function, *arguments, **settings):
    return Row(functools.partial(function, *arguments), **settings)


MILLISECONDS = {"unit": "ms", "scale": 1e3}
IMPORT = {**MILLISECONDS, "turns": 25, "fresh": True}
BYTES = {"unit": "B", "scale": 1, "turns": 1, "repeats": False}

GROUPS = {
    "import": {
        "import autograd, NumPy included": row(importing, "import autograd", **IMPORT),
        "import autograd, nn, optim after NumPy": row(
            importing, "import autograd, nn, optim", "import numpy", **IMPORT
        ),
    },
    "memory": {
        "bytes a node, forward": row(bytes_of_a_node, "forward", **BYTES),
        "bytes a node, forward and backward": row(bytes_of_a_node, "one_step", **BYTES),
        "bytes a node, five steps": row(bytes_of_a_node, "all_steps", 5, **BYTES),
    },
    "eager": {
        "scalars: step on the two moons": row(scalars, **MILLISECONDS),
        "scalars: chain of 10,000 nodes, a node": row(chain, 10_000),
        "scalars: chain of 100,000 nodes, a node": row(chain, 100_000),
        "scalars: step of a recurrent network": row(recurrent, **MILLISECONDS),
        "scalars: grad of 20 operations": row(grad_of_floats),
        "overhead: multiply 10 numbers": row(overhead, "multiply"),
        "overhead: add 10 numbers": row(overhead, "add"),
        "overhead: np.tanh of 10 numbers": row(overhead, "np.tanh"),
        "arrays: step on the two moons": row(moons),
        "arrays: step on the moons with an L2 penalty": row(moons, "train_penalized"),
        "arrays: epoch of digits with nn.fit": row(digits, **MILLISECONDS),
        "arrays: hessian of Rosenbrock in 10 numbers": row(hessian_of_array),
    },
    "pictures": {
        "draw: recurrence of 75 steps": row(drawn, 75, **MILLISECONDS),
        "draw: recurrence of 30,000 steps": row(drawn, 30_000, **MILLISECONDS),
        "player: recurrence of 75 steps": row(player, 75, **MILLISECONDS),
        "player: recurrence of 10,000 steps": row(player, 10_000, **MILLISECONDS),
        "player: repaint of 150 nodes, a step": row(repainted, 150, **MILLISECONDS),
        "watch: step on the moons, alone": row(watched, False, turns=3),
        "watch: step on the moons, watched": row(watched, True, turns=3),
        "explain: recurrence of 10,000 steps": row(explained, 10_000, **MILLISECONDS),
    },
    "updates": {
        "Adam, 109,386 float32 in arrays": row(adam, "arrays"),
        "Adam, 100,000 numbers owned by a module": row(adam, "module"),
        "Adam, 100,000 numbers in a list of Values": row(adam, "values"),
        "training step with Adam, 64-64-10, float32": row(adam, "training"),
    },
    "compiled": {
        "moons, scalars": row(compiled, "two moons", "scalars"),
        "moons, single Values": row(compiled, "two moons", "single Values"),
        "moons, tensors": row(compiled, "two moons", "tensors"),
        "digits, tensors": row(compiled, "digits", "tensors"),
        "784-128-64-10, tensors": row(compiled, "784", "tensors"),
        "scalar GPT": row(compiled, "scalar GPT", "scalars"),
        "recurrent network, single Values": row(compiled, "recurrent", "single Values"),
        "first call: moons in single Values": row(
            first_call, "two moons, 100 points", **MILLISECONDS
        ),
        "first call: edit distance": row(
            first_call, "the edit distance of 100 and 100 numbers", **MILLISECONDS
        ),
        "first call: Viterbi": row(
            first_call, "Viterbi, 500 steps through 10 states", **MILLISECONDS
        ),
    },
    "steps": {
        "whole step: moons, scalars": row(whole_step, "two moons", "scalars"),
        "whole step: moons, single Values": row(whole_step, "two moons", "single Values"),
        "whole step: moons, micrograd's loop body": row(
            whole_step, "two moons", "single Values", "micrograd's loop body"
        ),
        "whole step: moons, tensors": row(whole_step, "two moons", "tensors"),
        "whole step: digits": row(whole_step, "digits", "tensors"),
        "whole step: scalar GPT": row(whole_step, "scalar GPT", "scalars"),
        "whole step: scalar GPT, 4,192 Values": row(
            whole_step, "scalar GPT", "scalars", "single Values, whole step"
        ),
        "whole step: recurrent network": row(whole_step, "recurrent", "single Values"),
        "whole step: 1,000 steps over one number": row(
            whole_step, "recurrence of", "single Values"
        ),
    },
}
