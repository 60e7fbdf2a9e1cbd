"""Random programs compiled in random ways, beside themselves as they are written.

    python -m tests.fuzz.compiled --seed 1 --count 1000

A case is a random program, how its inputs come to it (arrays, Tensors, floats, Values, integers,
in any order of memory, from outside, as Parameters), what is made of it (derivatives, guards,
several results, a whole training step, …), and some calls: with the same numbers again, with
others, with nan, without gradients. Results, their types, gradients and what is left in leaves and
in optimizers are compared after each call.
"""

import argparse
import collections
import contextlib
import time
import warnings

import numpy as np

import autograd
import nn
import optim
from autograd import CompileError, Tensor, Value
from autograd.node import Node
from tests.fuzz.ours import OURS
from tests.fuzz.programs import KINDS, NUMBERS, ON_NUMBERS, draw, pick

RULES = [
    (optim.SGD, {}), (optim.SGD, {"momentum": 0.9, "weight_decay": 0.01}),
    (optim.SGD, {"momentum": 0.5, "dampening": 0.3}), (optim.Momentum, {}),
    (optim.SGD, {"momentum": 0.5, "nesterov": True}), (optim.Adagrad, {}),
    (optim.Adadelta, {"weight_decay": 0.01}), (optim.RMSprop, {"eps": 1e-2}),
    (optim.RMSprop, {"eps": 1e-2, "centered": True, "momentum": 0.5}),
    (optim.Adam, {"eps": 1e-2}), (optim.Adam, {"eps": 1e-2, "amsgrad": True}),
    (optim.AdamW, {"eps": 1e-2, "weight_decay": 0.1}), (optim.Nadam, {"eps": 1e-2}),
]  # fmt: skip


# --- how an input comes ---------------------------------------------------------------------------


def as_stored(rng, x):
    """The same numbers, in another order of memory, or every second one of a larger array."""
    way = rng.integers(4)
    if way == 0 or not x.ndim:
        return x.copy()
    if way == 1:
        return np.asfortranarray(x)
    return np.repeat(x, 2, axis=0)[::2] if way == 2 else x[::-1].copy()[::-1]


def boxed(x):
    """An array of Values, or one Value."""
    return np.frompyfunc(Value, 1, 1)(x) if x.ndim else Value(x.item())


# What a call brings, and what stays where it is, each with how it is made of an array.
BROUGHT = {
    "array": lambda x: x,
    "float": lambda x: x.item() if x.ndim == 0 else x,
    "Tensor": lambda x: Tensor(x, requires_grad=True),
    "constant Tensor": Tensor,
    "integers": lambda x: np.asarray(np.rint(x), int),
}
HELD = {
    "from outside": lambda x: x,
    "leaf": lambda x: Tensor(x, requires_grad=True),
    "Parameter": nn.Parameter,
}


# --- what is made of a program --------------------------------------------------------------------


def total_of(f):
    """One number of all that it gives."""

    def total(*xs):
        out = f(*xs) * 1.0
        weights = 0.5 + np.arange(np.size(out)).reshape(np.shape(out)) % 3
        return (out * weights.astype(str(out.dtype))).sum()

    return total


def differentiated(transform):
    """What a transform gives by all arguments that are arrays of floats."""

    def derived(rng, f, leaves):
        total, inside = total_of(f), rng.random() < 0.5

        def apply(*xs):
            places = tuple(
                i for i, x in enumerate(xs) if getattr(x, "dtype", np.dtype(float)).kind == "f"
            )

            def of_floats(*floats):
                given = list(xs)
                for i, x in zip(places, floats):
                    given[i] = x
                return total(*given)

            floats = [xs[i] for i in places]
            if not floats:
                raise TypeError("there is nothing to differentiate by")
            found = transform(of_floats, floats, tuple(range(len(floats))))
            return [1.0 * x for x in found] if inside and type(found) is tuple else found

        return apply

    return derived


def second(f, xs, argnums):
    """The gradient of what the gradients add up to."""

    def slopes(*xs):
        return sum(total_of(lambda g=g: g)() for g in autograd.grad(f, argnums)(*xs))

    return autograd.grad(slopes, argnums)(*xs)


def guard(rng, f, leaves):
    level, whole = float(rng.normal()), rng.random() < 0.5

    def guarded(*xs):
        out = f(*xs)
        if (out.sum() > level) if whole else (out > level).any():
            return out * 2.0
        return out - 1.0

    return guarded


def largest(rng, f, leaves):
    def of_the_largest(*xs):
        numbers = list((f(*xs) * 1.0).reshape(-1))
        return max(numbers) * 2.0 + sorted(numbers)[0]

    return of_the_largest


def rounds(rng, f, leaves):
    count, w = int(rng.integers(3, 7)), Tensor(0.9, requires_grad=True)
    leaves.append(w)

    def in_rounds(*xs):
        out = f(*xs)
        state = out * 0.0
        for _ in range(count):
            state = autograd.tanh(state * w + out)
        return state

    return in_rounds


def model(rng, f, leaves):
    """A small network of each number, as a model or as its close-up."""
    made = nn.MLP(1, [3], 1, "tanh", rng=rng)
    shown = made.scalars() if rng.random() < 0.4 else made
    leaves += made.parameters()
    return lambda *xs: shown((f(*xs) * 1.0).reshape(-1, 1)).sum()


def apart(rng, f, leaves):
    return lambda *xs: (lambda out: out * autograd.tanh(out).detach())(Tensor(1.0) * f(*xs))


def without_gradient(rng, f, leaves):
    def partly(*xs):
        with autograd.no_grad():
            still = f(*xs)
        return still * 2.0 + f(*xs)

    return partly


def by_elements(rng, f, leaves):
    def joined(*xs):
        numbers = (f(*xs) * 1.0).reshape(-1)
        first = numbers[0] if rng is not None else 0.0
        return sum((n * (k + 1) for k, n in enumerate(numbers)), first)

    return joined


MADE = {
    "grad": differentiated(lambda f, xs, argnums: autograd.grad(f, argnums)(*xs)),
    "value_and_grad": differentiated(
        lambda f, xs, argnums: (lambda y, g: (y, *g))(*autograd.value_and_grad(f, argnums)(*xs))
    ),
    "second": differentiated(second),
    "vjp": differentiated(lambda f, xs, _: autograd.vjp(f, *xs)[1](2.0)),
    "jvp": differentiated(
        lambda f, xs, _: autograd.jvp(f, tuple(xs), tuple(map(np.ones_like, xs)))
    ),
    "hvp": differentiated(
        lambda f, xs, _: autograd.hvp(
            f, tuple(xs[:1]) + tuple(xs[1:]), tuple(map(np.ones_like, xs))
        )
    ),
    "hessian": differentiated(
        lambda f, xs, _: autograd.hessian(lambda x: f(x, *xs[1:]))(xs[0]) * 1.0
    ),
    "jacobian": lambda rng, f, leaves: (
        lambda *xs: autograd.jacobian(lambda x: f(x, *xs[1:]))(xs[0])
    ),
    "model": model,
    "guard": guard,
    "largest": largest,
    "rounds": rounds,
    "detached": apart,
    "no_grad inside": without_gradient,
    "elements": by_elements,
    "compiled inside": lambda rng, f, leaves: (lambda g: lambda *xs: g(*xs) + 1.0)(
        autograd.compile(f)
    ),
    "several": lambda rng, f, leaves: (
        lambda *xs: (lambda y: (y, [y * 2.0], {"total": y.sum()}))(f(*xs))
    ),
    "a view": lambda rng, f, leaves: lambda *xs: f(*xs)[..., None].T[::-1],
}
IN_STEPS = ["model", "guard", "largest", "rounds", "detached", "elements", "a view"]
OF_ARRAYS = {"grad", "value_and_grad", "second", "vjp", "jvp", "hvp", "hessian", "jacobian"}


class Case:
    """One case; the same for the same random numbers.

    Attributes:
        program: What is computed.
        features: What the case is, in words.
    """

    def __init__(self, rng):
        self.boxed, self.seed = rng.random() < 0.15, int(rng.integers(2**31))
        self.program = draw(rng, ON_NUMBERS if self.boxed else KINDS)
        self.boxed &= self.program.names() <= NUMBERS
        self.narrow, self.audit = not self.boxed and rng.random() < 0.12, rng.random() < 0.7
        self.step = rng.random() < 0.25
        made = IN_STEPS if self.step else list(MADE)
        self.made = [pick(rng, made) for _ in range(rng.integers(2 if self.step else 3))]
        self.ways = {name: self.way(rng) for name in self.program.inputs}
        if self.step and not any(way in HELD for way in self.ways.values()) and self.ways:
            self.ways[next(iter(self.ways))] = pick(rng, ["leaf", "Parameter"])
        self.indices = [
            name
            for name, x in self.program.containers.items()
            if isinstance(x, np.ndarray) and x.dtype == int and rng.random() < 0.5
        ]
        self.calls = ["first", "again", pick(rng, ["other", "negative"]), pick(rng, EVENTS)]
        self.rule, self.settings = pick(rng, RULES)
        self.forgets = pick(rng, ["optimizer", "each", "never"])
        self.by_hand, self.clips = rng.random() < 0.2, rng.random() < 0.2
        self.features = {
            *self.made, *self.calls, *self.ways.values(), f"{len(self.program.lines)} lines",
            *(["float32"] if self.narrow else []), *(["lookup"] if self.indices else []),
            *([f"step: {self.rule.__name__}"] if self.step else []),
            *(["Values"] if self.boxed else []), "audit" if self.audit else "no audit",
        }  # fmt: skip

    def way(self, rng):
        if OF_ARRAYS & set(self.made) and rng.random() < 0.7:
            return "array"
        return pick(rng, [*BROUGHT, "array", "leaf", *HELD])

    def text(self):
        about = f"{self.ways}, {self.made}, {self.calls}, indices {self.indices}"
        return f"{about}, {sorted(self.features)}\n{self.program.text()}"

    def run(self, wrap, noise=0.0):
        """What can be seen after each call, with everything made anew."""
        rng = np.random.default_rng(self.seed)
        given = {
            name: as_stored(rng, x).astype(np.float32 if self.narrow else float)
            for name, x in self.program.inputs.items()
        }
        make = (lambda way, x: boxed(x)) if self.boxed else lambda way, x: way(x)
        held = {n: make(HELD[w], given[n]) for n, w in self.ways.items() if w in HELD}
        brought = [n for n in given if n not in held]
        names, order = [*brought, *self.indices], [*self.program.inputs, *self.indices]
        program = self.program.function(OURS, self.indices)

        def f(*xs):
            known = dict(zip(names, xs))
            return program(*(held[n] if n in held else known[n] for n in order))

        leaves = [x for x in held.values() if isinstance(x, Node)]
        if self.boxed:
            leaves = [x for y in held.values() for x in np.ravel(np.asarray(y, dtype=object))]
        for name in self.made:
            f = MADE[name](rng, f, leaves)
        optimizer = None
        if self.step and leaves:
            f, optimizer = self.as_step(f, leaves)
        f, seen = wrap(f), []
        for call in self.calls:
            new = {n: changed(call, given[n]) for n in brought}
            near = {n: np.asarray(x + noise * (1 + abs(x))).astype(x.dtype) for n, x in new.items()}
            xs = [make(BROUGHT[self.ways[n]], near[n]) for n in brought]
            indices = [self.program.containers[n] for n in self.indices]
            xs += [np.flip(i) if call == "other" else i for i in indices]
            with autograd.no_grad() if call == "no_grad" else contextlib.nullcontext():
                seen.append(self.one(f, xs, leaves))
            if optimizer is not None:
                kept = [group["kept"] for group in optimizer.state_dict()["state"]]
                seen[-1][1].extend(x for group in kept for _, x in sorted(group.items()))
                optimizer.param_groups[0]["lr"] *= 0.9
        return seen

    def as_step(self, f, leaves):
        """A training step of the leaves."""
        optimizer, total = self.rule(leaves, lr=0.01, **self.settings), total_of(f)
        forgets, clips, by_hand = self.forgets, self.clips, self.by_hand

        def step(*xs):
            loss = autograd.tanh(0.1 * total(*xs))
            if forgets == "optimizer":
                optimizer.zero_grad()
            elif forgets == "each":
                for p in leaves:
                    p.zero_grad()
            loss.backward()
            if clips:
                optim.clip_grad_value_(leaves, 0.3)
            if by_hand:
                for p in leaves:
                    if isinstance(p, Value) or p.grad is not None:
                        p.data -= 0.05 * p.grad
            else:
                optimizer.step()
            return loss

        return step, optimizer

    def one(self, f, xs, leaves):
        """The kinds and the numbers of results and gradients, or the error."""
        nodes = (
            leaves + [x for y in xs for x in np.ravel(np.asarray(y, dtype=object))]
            if (self.boxed)
            else leaves + [x for x in xs if isinstance(x, Node)]
        )
        nodes = [x for x in nodes if isinstance(x, Node)]
        try:
            result = f(*xs)
            found, _ = autograd.trees.flatten(result)
            found = [x for y in found for x in (y.flat if _is_boxed(y) else [y])]
            if not (self.step and leaves):
                for x in nodes:
                    x.zero_grad()
                for x in found:
                    if isinstance(x, Node) and x.requires_grad:
                        x.backward(*[np.ones_like(x.data)] * isinstance(x, Tensor))
        except Exception as err:  # noqa: BLE001 (whatever is said of a program)
            return err, []
        kinds = [kind_of(x) for x in found] + [x.grad is None for x in nodes]
        numbers = [np.array(x.data if isinstance(x, Node) else x) for x in found]
        numbers += [np.array(0.0 if x.grad is None else x.grad) for x in nodes]
        return kinds, numbers + [np.array(x.data) for x in leaves]


EVENTS = ["other", "nan", "no_grad", "large", "zeros"]


def changed(call, x):
    """The numbers of one call."""
    if call == "nan" and x.size:
        x = x.copy()
        x.flat[0] = np.nan
        return x
    factors = {"other": 0.75, "negative": -1.25, "large": 1e3, "zeros": 0.0}
    return np.asarray(x * factors.get(call, 1.0)).astype(x.dtype)


KINDS_OF_RESULTS = Tensor, Value, float, np.ndarray


def kind_of(x):
    """An element of an array is float64 as it is written, and a float to a compiled function."""
    return next((kind for kind in KINDS_OF_RESULTS if isinstance(x, kind)), type(x)).__name__


def _is_boxed(x):
    return isinstance(x, np.ndarray) and x.dtype == object


def difference(ours, theirs, tolerance):
    """What is not the same but for rounding: of which call, ours and theirs; "" if nothing is."""
    for k, ((kinds, numbers), (their_kinds, their_numbers)) in enumerate(zip(ours, theirs)):
        if isinstance(their_kinds, Exception):
            if type(kinds) not in (type(their_kinds), CompileError):
                return f"call {k}: {kinds!r}, {their_kinds!r}"
            continue
        if isinstance(kinds, CompileError):
            raise kinds
        if kinds != their_kinds or len(numbers) != len(their_numbers):
            return f"call {k}: {kinds}, {their_kinds}"
        finite = [np.abs(x[np.isfinite(x)]).max(initial=0.0) for x in their_numbers]
        scale = max(1.0, *finite, 1.0)
        for i, (x, y) in enumerate(zip(numbers, their_numbers)):
            if (
                x.dtype != y.dtype
                or x.shape != y.shape
                or not np.allclose(x, y, tolerance, tolerance * scale, equal_nan=True)
            ):
                return f"call {k}, number {i} of {len(numbers)}: {x!r}, {y!r}"
    return ""


class Fuzzer:
    """Draws cases, runs them and counts.

    Attributes:
        counts: By feature and outcome: "accepted", "refused", "different"; "no such program" where
            it cannot be run as it is written, and "too sensitive" where rounding changes it.
        said: What was refused, and what differs.
    """

    def __init__(self, rng):
        self.rng, self.counts, self.said = rng, collections.Counter(), []

    def one(self):
        case = Case(self.rng)
        outcome = self.outcome(case)
        for feature in ("all", *case.features):
            self.counts[feature, outcome] += 1
        return outcome

    def outcome(self, case):
        theirs = case.run(lambda f: f)
        if any(isinstance(kinds, Exception) for kinds, _ in theirs[:2]):
            return "no such program"
        ours = case.run(lambda f: autograd.compile(f, audit=case.audit))
        tolerance, noise = (2e-3, 1e-6) if case.narrow else (1e-8, 1e-13)
        try:
            found = difference(ours, theirs, tolerance)
        except CompileError as err:
            self.said.append(f"--- refused: {err}\n{case.text()}")
            return "refused"
        if not found:
            return "accepted"
        if difference(case.run(lambda f: f, noise), theirs, tolerance):
            return "too sensitive"
        self.said.append(f"--- different: {found}\n{case.text()}")
        return "different"

    def share(self):
        """Which part of the programs is accepted."""
        refused = self.counts["all", "refused"] + self.counts["all", "different"]
        return self.counts["all", "accepted"] / (self.counts["all", "accepted"] + refused)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.compiled", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    options = parser.parse_args()
    fuzzer, start = Fuzzer(np.random.default_rng(options.seed)), time.process_time()
    autograd.compile.__globals__["LEAST"] = 0.0  # small ones are recorded, too
    warnings.simplefilter("ignore")
    with np.errstate(all="ignore"):
        for _ in range(options.count):
            if fuzzer.one() == "different":
                print(fuzzer.said[-1], flush=True)
    took = time.process_time() - start
    print(f"seed {options.seed}, {options.count} programs, {took:.0f} s, {fuzzer.share():.1%}")
    outcomes = sorted({outcome for _, outcome in fuzzer.counts})
    for feature in sorted({feature for feature, _ in fuzzer.counts}):
        counts = [f"{fuzzer.counts[feature, outcome]} {outcome}" for outcome in outcomes]
        print(f"  {feature}: {', '.join(counts)}")
    refusals = collections.Counter(
        text.partition("\n")[0][:150] for text in fuzzer.said if text.startswith("--- refused")
    )
    print(*(f"  {count:7} {text}" for text, count in refusals.most_common(30)), sep="\n")


if __name__ == "__main__":
    main()
