"""Random programs: a few assignments in NumPy's names, and arrays to start from."""

import itertools
from dataclasses import dataclass

import numpy as np

from tests.fuzz.ours import OURS

SHAPES = [(), (1,), (3,), (4,), (2, 3), (3, 2), (3, 3), (1, 3), (2, 1), (2, 3, 2), (1, 2, 3), (0,)]
ONE = """
    abs sign square sqrt exp exp2 expm1 log1p sin cos tan arctan sinh cosh tanh arcsinh sigmoid relu
    softplus erf sinc negative floor ceil cbrt reciprocal log log2 log10 arcsin arccos arctanh
    arccosh elu selu gelu silu hardtanh leaky_relu step nan_to_num
""".split()  # noqa: SIM905
TWO = """
    add subtract multiply divide power maximum minimum fmax fmin hypot arctan2 logaddexp logaddexp2
    remainder floor_divide at_least at_most
""".split()  # noqa: SIM905
NUMBERS = {*ONE, *TWO} - {"nan_to_num", "sinc"}  # what Values know, too
REDUCTIONS = "sum mean prod max min var std median logsumexp".split()  # noqa: SIM905
LARGEST = 48  # numbers in a result


@dataclass
class Program:
    """Assignments to a, b, c, …; each is text, with x, y, z for the inputs."""

    lines: list[str]
    inputs: dict[str, np.ndarray]
    containers: dict[str, object]

    def run(self, module, inputs):
        """What the last assignment gives, computed by a module's functions."""
        names = {**vars(module), **self.containers, **inputs}
        for name, line in zip("abcdefg", self.lines):
            names[name] = module.finished(eval(line, names))
        return names["abcdefg"[len(self.lines) - 1]]

    def function(self, module, also=()):
        """The program as a function of its inputs, and of these containers; no text any more."""
        names = {**vars(module), **self.containers}
        assigned = [f"    {name} = finished({line})" for name, line in zip("abcdefg", self.lines)]
        last = "abcdefg"[len(self.lines) - 1]
        source = [
            f"def program({', '.join([*self.inputs, *also])}):",
            *assigned,
            f"    return {last}",
        ]
        exec("\n".join(source), names)
        return names["program"]

    def names(self):
        """What its lines begin with: the functions, where they are calls of functions."""
        return {line.partition("(")[0] for line in self.lines}

    def text(self):
        assigned = [f"{name} = {line}" for name, line in zip("abcdefg", self.lines)]
        given = [f"{name} = {x!r}" for name, x in {**self.inputs, **self.containers}.items()]
        return "\n".join([*given, *assigned])


def draw(rng, kinds=None):
    """A program that gives finite numbers, of these kinds of lines."""
    while True:
        edges = rng.random() < 0.3
        inputs = {name: numbers(rng, pick(rng, SHAPES), edges) for name in "xyz"}
        program = Program([], inputs, {})
        known = dict(inputs)
        for _ in range(rng.integers(1, 6)):
            add_line(rng, program, known, kinds or KINDS)
        if program.lines and np.size(known["abcdefg"[len(program.lines) - 1]]):
            used = "".join(program.lines)
            program.inputs = {n: x for n, x in inputs.items() if f"{n}" in used.replace("exp", "")}
            return program


def pick(rng, choices):
    return choices[rng.integers(len(choices))]


def numbers(rng, shape, edges):
    x = rng.normal(size=shape) * pick(rng, [1.0, 1.0, 3.0])
    if edges:
        special = rng.choice([0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 30.0, -30.0, 1e-3], size=shape)
        x = np.where(rng.random(shape) < 0.5, special, x)
    return np.asarray(x)


def add_line(rng, program, known, kinds):
    """One more assignment, if one of twenty that are drawn gives finite numbers."""
    for _ in range(20):
        kind = pick(rng, kinds)
        latest = list(known)[-1]
        x = latest if rng.random() < 0.7 else pick(rng, list(known))
        y = pick(rng, list(known))
        trial = Program([], {}, dict(program.containers))
        line = kind(rng, x, y, known, trial.containers)
        with np.errstate(all="ignore"):
            try:
                out = OURS.finished(eval(line, {**vars(OURS), **trial.containers, **known}))
            except (ValueError, TypeError, IndexError, ArithmeticError, np.linalg.LinAlgError):
                continue
        if np.size(out) > LARGEST or not np.all(np.abs(out) < 1e4) or out.dtype.kind != "f":
            continue
        program.containers = trial.containers
        known["abcdefg"[len(program.lines)]] = out
        program.lines.append(line)
        return


# --- what may stand in an assignment --------------------------------------------------------------


def unary(rng, x, y, known, containers):
    return f"{pick(rng, ONE)}({x})"


def binary(rng, x, y, known, containers):
    first, second = (x, y) if rng.random() < 0.5 else (y, x)
    return f"{pick(rng, TWO)}({first}, {second})"


def scalar(rng, x, y, known, containers):
    number = pick(rng, [2, 3, -1, 0.5, -2.0, 1, 0, 1.5, -0.5])
    form = pick(rng, ["{x} ** {n}", "{n} ** {x}", "{x} * {n}", "{n} - {x}", "{n} / {x}",
                      "{x} % {n}",
                      "clip({x}, {n}, {n} + 1)", "clip({x}, None, {n})", "maximum({x}, {n})",
                      "where({y} > {n}, {x}, {y})", "where({x} > {y}, {x}, {n})"])  # fmt: skip
    return form.format(x=x, y=y, n=f"({number})")


def axis_of(rng, ndim, several=False):
    if several and ndim > 1 and rng.random() < 0.3:
        return tuple(map(int, rng.permutation(ndim)[: rng.integers(1, ndim + 1)]))
    return None if rng.random() < 0.3 else int(rng.integers(-ndim, ndim)) if ndim else None


def reduction(rng, x, y, known, containers):
    ndim = np.ndim(known[x])
    if rng.random() < 0.2:
        return f"norm({x}, {pick(rng, ['None', '1', 'inf'])}, axis={axis_of(rng, ndim)})"
    axis, keep = axis_of(rng, ndim, True), bool(rng.random() < 0.3)
    ddof = ", ddof=1" if rng.random() < 0.3 else ""
    name = pick(rng, REDUCTIONS)
    return f"{name}({x}, axis={axis}, keepdims={keep}{ddof if name in ('var', 'std') else ''})"


def shape(rng, x, y, known, containers):
    dims = np.shape(known[x])
    n = len(dims)
    axis = axis_of(rng, n)
    first, second = (int(rng.integers(-n, n)) if n else 0 for _ in range(2))
    width = [[int(w) for w in pair] for pair in rng.integers(0, 3, (n, 2))]
    return pick(rng, [
        f"reshape({x}, {pick(rng, list(itertools.permutations(dims)))})", f"reshape({x}, -1)",
        f"transpose({x}, {tuple(map(int, rng.permutation(n)))})",
        f"swapaxes({x}, {first}, {second})",
        f"moveaxis({x}, {first}, {second})", f"expand_dims({x}, {first})", f"squeeze({x})",
        f"concatenate([{x}, {y}], axis={axis})", f"stack([{x}, {y}], axis={first})",
        f"hstack([{x}, {y}])", f"vstack([{x}, {y}])", f"flip({x}, {axis})",
        f"roll({x}, {int(rng.integers(-3, 4))}, {axis})", f"pad({x}, {width})",
        f"repeat({x}, {int(rng.integers(1, 3))}, {axis})", f"tile({x}, (2, 1))",
        f"broadcast_to({x}, {(2, *dims)})", f"split({x}, 2, {first})[1]", f"ravel({x})",
        f"array_split({x}, 2, {first})[0]", f"cumsum({x}, {axis})", f"cumprod({x}, {axis})",
        f"sort({x}, {axis})", f"diagonal({x}, {first})", f"diag({x}, {first})", f"trace({x})",
        f"tril({x}, {first})", f"triu({x}, {second})",
    ])  # fmt: skip


CONTAINERS = [list, tuple, np.array, lambda p: np.array(p, np.int8), lambda p: [list(p), list(p)]]


def index(rng, x, y, known, containers):
    dims = np.shape(known[x])
    if dims and rng.random() < 0.2:
        name = f"i{len(containers)}"
        axis = int(rng.integers(len(dims)))
        places = rng.integers(0, max(dims[axis], 1), (3,))
        containers[name] = pick(rng, CONTAINERS)([int(i) for i in places])
        return f"take({x}, {name}, axis={axis})"
    parts = []
    for n in dims[: rng.integers(0, len(dims) + 1)]:
        kind = rng.random()
        if kind < 0.2:
            parts.append(
                "None, " * (rng.random() < 0.3) + str(int(rng.integers(-n, n)) if n else 0)
            )
        elif kind < 0.6:
            step = pick(rng, [1, 1, 2, -1, -2])
            parts.append(f"{pick(rng, ['', 0, 1, -1])}:{pick(rng, ['', 2, -1])}:{step}")
        else:
            name = f"i{len(containers)}"
            if kind < 0.7:
                containers[name] = pick(rng, [list, np.array])(
                    [bool(b) for b in rng.random(n) < 0.6]
                )
            else:
                places = [int(i) for i in rng.integers(-n, max(n, 1), 4)] if n else []
                containers[name] = pick(rng, CONTAINERS)(places)
            parts.append(name)
    return f"getitem({x}, s_[{', '.join(parts) + ',' if parts else '...'}])"


def matrix(rng, x, y, known, containers):
    m, n = (1, 1, *np.shape(known[x]))[-2:]
    square = f"({x} @ swapaxes({x}, -1, -2) + eye({m}))"
    return pick(rng, [
        f"{x} @ {y}", f"matmul({x}, {y})", f"dot({x}, {y})", f"inner({x}, {y})", f"outer({x}, {y})",
        f"kron({x}, {y})", f"tensordot({x}, {y}, 1)", f"vdot({x}, {y})",
        f"multi_dot([{x}, {y}, {x}])",
        f"einsum('ij,jk->ik', {x}, {y})", f"einsum('ij,ij->j', {x}, {y})", f"einsum('ii', {x})",
        f"einsum('i,j->ji', {x}, {y})", f"einsum('...i->...', {x})",
        f"inv({square})", f"det({square})", f"logabsdet({square})", f"cholesky({square})",
        f"solve({square}, {x})", f"linear({y}, {x}, {x}[:, 0])", f"solve({x} + 3 * eye({n}), {y})",
    ])  # fmt: skip


def network(rng, x, y, known, containers):
    dims = np.shape(known[x])
    axis = int(rng.integers(-len(dims), len(dims))) if dims else -1
    labels = f"i{len(containers)}"
    containers[labels] = rng.integers(0, (dims[-1] if dims else 1) or 1, dims[:-1])
    weight = np.arange(dims[-1] if dims else 1).tolist()
    reduction = pick(rng, ["mean", "sum", "none"])
    return pick(rng, [
        f"softmax({x}, {axis})", f"log_softmax({x}, {axis})",
        f"cross_entropy({x}, {labels}, '{reduction}')",
        f"cross_entropy({x}, {labels}, '{reduction}', weight={weight})",
        f"cross_entropy({x}, {labels}, '{reduction}', label_smoothing=0.1)",
        f"cross_entropy({x}, {labels}, '{reduction}', weight={weight}, label_smoothing=0.3)",
        f"cross_entropy({x}, softmax({x}), '{reduction}')",
        f"nll_loss(log_softmax({x}, -1), {labels}, '{reduction}')",
        f"mse_loss({x}, {y}, '{reduction}')", f"l1_loss({x}, {y}, '{reduction}')",
        f"smooth_l1_loss({x}, {y}, '{reduction}', beta=0.7)",
        f"huber_loss({x}, {y}, '{reduction}', delta=0.7)",
        f"binary_cross_entropy_with_logits({x}, sigmoid({y}), '{reduction}')",
        f"binary_cross_entropy(0.9 * sigmoid({x}) + 0.05, sigmoid({y}), '{reduction}')",
    ])  # fmt: skip


ON_NUMBERS = [unary, binary, binary]
KINDS = [*ON_NUMBERS, scalar, reduction, shape, index, matrix, network]
