"""From ten thousand nodes to a million: does the cost per node stay the same?"""

import contextlib
import gc
import time
import tracemalloc

from benchmarks.sides import BOTH, OURS, print_table, row, serve, take_turns

TITLE = (
    "A long chain whose links all meet in one sum: cost per node to build it, run backward and\n"
    "free it, and the peak of memory that tracemalloc sees meanwhile."
)
SIZES = (10_000, 100_000, 1_000_000)


def report(rounds):
    rows, sides = [], BOTH
    for nodes in SIZES:
        timed = take_turns("scaling", rounds, sides, what="time", nodes=nodes)
        if "missing" in timed[-1]:
            sides = [OURS]  # what fails on a graph fails on a larger one
        traced = take_turns("scaling", 1, sides, what="memory", nodes=nodes)
        size = f"{nodes:,} nodes"
        rows += [
            row(f"{size}, time", "ns/node", timed, "seconds", 1e9 / nodes),
            row(f"{size}, of it garbage collector", "ns/node", timed, "collecting", 1e9 / nodes),
            row(f"{size}, memory", "B/node", traced, "bytes", 1 / nodes),
        ]
    print_table(TITLE, rows)


def work(Value, MLP, what, nodes):
    if what == "memory":
        tracemalloc.start()
        build_and_backward(Value, nodes)
        return {"bytes": tracemalloc.get_traced_memory()[1]}
    repeats = max(1, 200_000 // nodes)
    with collector_time() as collecting:
        start = time.perf_counter()
        for _ in range(repeats):
            build_and_backward(Value, nodes)
        seconds = time.perf_counter() - start
    return {"seconds": seconds / repeats, "collecting": sum(collecting) / repeats}


@contextlib.contextmanager
def collector_time():
    """A list that grows by the seconds of each run of Python's garbage collector."""
    seconds, start = [], 0.0

    def note(phase, info):
        nonlocal start
        if phase == "start":
            start = time.perf_counter()
        else:
            seconds.append(time.perf_counter() - start)

    gc.callbacks.append(note)
    yield seconds
    gc.callbacks.remove(note)


def build_and_backward(Value, nodes):
    x = Value(1.0)
    link = total = x
    links = nodes // 2
    for _ in range(links):
        link = link + x
        total = total + link
    total.backward()
    if x.grad != (links + 1) * (links + 2) / 2:
        raise ArithmeticError(f"the gradient is {x.grad}")


if __name__ == "__main__":
    serve(work)
