"""`compile`: the function that records once and replays; the pipeline's front door.

README.md follows one neuron through its stages, and says which file does what.
"""

from __future__ import annotations

import contextlib
import functools
import math
import pickle
import random
import sys
import threading
import time
import types
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from autograd.anomalies import anomaly_mode
from autograd.checks import check_bool, check_function
from autograd.compiler.arguments import Given, containers, contents, recorded
from autograd.compiler.audit import Audit, Difference, Schedule, same
from autograd.compiler.effects import Unwritten
from autograd.compiler.listing import listing
from autograd.compiler.native import check_backend, is_wanted
from autograd.compiler.outputs import CompiledOp, number_of, output
from autograd.compiler.program import Program, Workspace
from autograd.compiler.record import Recording
from autograd.compiler.refusals import ReadError
from autograd.compiler.replay import MISS, run
from autograd.compiler.tape import INTO, STORE
from autograd.compiler.watch import Watch, variables
from autograd.errors import CompileError, LostGradientWarning
from autograd.modes import active
from autograd.source_lines import line_of
from autograd.tracing import AsWritten, tracer
from autograd.transforms import transform_of, wants_graph
from autograd.trees import flatten

if TYPE_CHECKING:
    from autograd.viz.draw import Drawing, SideBySide

LIMIT = 32
"""How many recordings a compiled function keeps; after that it runs as it is written."""

LARGE = 20_000
"""From so many operations on, gradients are compared from the second call on only."""

LEAST = 1.0
"""What `worth` must give for a replay; else the function itself is run, which is as quick."""

UNRECORDED = (TypeError, AttributeError, ValueError, LookupError, RecursionError)
"""What Python and NumPy raise when a recorded number or array is not what they need."""


class Compiled:
    """A function that was recorded and is replayed; see `compile`."""

    def __init__(self, function: Callable[..., Any], audit: bool, backend: str | None) -> None:
        # without its attributes: a model's could hide `draw` or `program`
        functools.update_wrapper(self, function, updated=())
        self.function = function
        self.op = CompiledOp(getattr(function, "__name__", "compiled").replace("<lambda>", "λ"))
        self._programs: dict[Any, list[tuple[Program, Schedule]]] = {}
        self._newest: Program | None = None
        self._count = 0
        self._kept: list[Any] = []
        self._owners: list[Any] = []  # what changes, and is read at every call
        self._watch: Watch | None = None
        self._lock = threading.RLock()
        self._small: set[Any] = set()  # the signatures for which the function itself is run
        self._audit = audit
        self._refused = False
        self._read_otherwise: set[int] = set()  # what some program does not read at every call
        self._backend = backend

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """As a function: by its name; where that is another's, made anew of the function's copy."""
        name = getattr(self, "__qualname__", "")
        found: Any = sys.modules.get(self.__module__)
        for part in name.split("."):
            found = getattr(found, part, None)
        return name if found is self else (Compiled, (self.function, self._audit, self._backend))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Replay what was recorded for arguments like these; record it first if need be."""
        if self._refused or (active() and _needs_graph()):
            return self.function(*args, **kwargs)
        given = Given(args, kwargs)
        if self._small and given.signature in self._small:
            return self.function(*args, **kwargs)
        if self._watch is not None and not self._watch.hold():
            self._programs.clear()
        found = self._replay(given)
        return self._first(given) if found is MISS else found

    def _first(self, given: Given) -> Any:
        """Record the function for arguments like these."""
        with self._lock:
            # another thread may have recorded it meanwhile
            found = self._replay(given)
            if found is not MISS:
                return found
            if self._count >= LIMIT:
                warnings.warn(
                    f"compile: {self.op.name} has been recorded {LIMIT} times, each with another "
                    "signature or path, and is run uncompiled from now on where it meets a new "
                    "one. Pass floats instead of ints where they vary, lists of equal length, and "
                    "use autograd.maximum or where instead of comparisons.",
                    RuntimeWarning,
                    stacklevel=2,
                )
                return self._run(given)
            try:
                made = self._attempt(given)
            except AsWritten as err:
                self._count += 1
                if err.args:  # it is so for all arguments like these
                    self._small.add(given.signature)
                return self._as_written(given)
            if isinstance(made, CompileError):
                try:
                    self._raise_its_own(given)
                    raise made
                finally:
                    del made  # with its traceback it would keep itself, and the recording
            self._newest = made
            made.native = native_side(self._backend, self.op.name)
            self._count += 1
            kept = made, Schedule(2 if self._audit else math.inf)
            self._programs.setdefault(given.signature, []).insert(0, kept)
            if all(worth(known) < LEAST for known in self._known(given)):
                self._small.add(given.signature)
        found = self._replay(given)
        # it may compare numbers that are equal but for rounding
        return self._run(given) if found is MISS else found

    def _run(self, given: Given) -> Any:
        """Run the function as it is written."""
        return self.function(*given.args, **given.kwargs)

    def _attempt(self, given: Given) -> Program | CompileError:
        """What is recorded; or a refusal, before which an error of the function's own goes."""
        try:
            return self._record(given)
        except ReadError as err:
            return err
        except CompileError:
            raise
        except UNRECORDED as err:
            refused = CompileError(
                f"compile: {self.op.name} cannot be recorded, at {line_of(err)}. There came "
                f"{type(err).__name__}: {str(err).rstrip('.')}. If this does not come "
                "uncompiled: while it is recorded, floats are Values, and arrays have no numbers "
                "yet. Compute with autograd's or NumPy's functions, or do this outside and pass "
                "the result as an argument."
            )
            refused.__cause__ = err
            return refused

    def _as_written(self, given: Given) -> Any:
        """Run the function; after an error all that its programs change is as it was."""
        before = [program.state(given) for program in self._known(given)]
        try:
            return self._run(given)
        except BaseException:
            for state in before:
                state.restore()
            raise

    def program(self) -> str:
        """The instructions of every recording so far, the newest first."""
        programs = self._known()
        if not programs:
            raise CompileError(f"program: call {self.op.name} first, so that it is recorded.")
        find_names = self._names(sys._getframe(1))
        return "\n\n".join(listing(p, find_names) for p in programs)

    def __repr__(self) -> str:
        """Its program; before the first call, and where it runs as written, that."""
        name = self.op.name
        if self._refused:
            return f"<compiled {name}: runs as it is written>"
        programs = self._known()
        if not programs:
            return f"<compiled {name}: not called yet, so nothing is recorded>"
        text = listing(programs[0], self._names(sys._getframe(1)))
        more = len(programs) - 1
        rest = f"\n… and {more} more recording{'s' if more > 1 else ''}: {name}.program()"
        return f"<compiled {name}>\n{text}{rest if more else ''}"

    def draw(self, names: Mapping[Any, Any] | None = None) -> Drawing | SideBySide:
        """The operations as they are written beside the instructions that stand for them.

        On the left, every operation on single numbers of the latest recording, and which
        instruction computes it; of many, those of one number of the largest matrix product. On the
        right, the instructions that `program()` lists, with shapes and with how many operations
        each is for. The right half alone for a function that computes with Tensors only. Values
        have the names that `autograd.draw` would find for them; what depends on the arguments of a
        call has no number, as the recording is for all of them.

        Args:
            names: Variables by name that count first, such as `{"w": w}`.

        Returns:
            A picture that a notebook shows; `save(path)` writes it, `svg` is its text.

        Raises:
            CompileError: nothing has been recorded yet.

        Example:
            >>> from autograd import Value
            >>> w = [[Value(0.1 * (i + j)) for j in range(2)] for i in range(5)]
            >>> layer = compile(lambda x: [(a * x[0] + b * x[1]).tanh() for a, b in w])
            >>> y = layer([1.0, -1.0])
            >>> layer.draw()
            20 operations on single numbers. v0: 5 sums of 2 products are one matrix product, 5×2 by
            2×1. A box's last line says which instruction computes it.
        """
        program = self._latest("draw")
        # here and not above: drawing is much to import for who does not draw
        from autograd.compiler.drawing import picture

        return picture(program, self._names(sys._getframe(1), names))

    def source(self, language: str) -> str:
        """The newest recording in another language.

        Args:
            language: "c" for the forward pass as C99, which reads like the formulas; "js" for a
                function of JavaScript that has the backward pass, too, or is a whole training step;
                "llvm" for what is compiled for a machine with vectors of two numbers: @f0 goes
                forward, @f1 backward.

        Raises:
            CompileError: nothing has been recorded yet; the function compares numbers, so that
                another call may take another path; it holds a step that is not known as loops; or
                what it changes cannot be written down: in C nothing, in JavaScript gradients that
                are added to those of the call before, and random numbers.
            ValueError: the language is not known.

        Example:
            >>> from autograd import Value
            >>> w = [Value(0.5), Value(-1.0)]
            >>> neuron = compile(lambda x: (w[0] * x[0] + w[1] * x[1]).tanh())
            >>> _ = neuron([4.0, 1.0])
            >>> next(x.strip() for x in neuron.source("c").splitlines() if "tanh(v0[" in x)
            'v1[0] = tanh(v0[0]);'
        """
        program = self._latest("source")
        from autograd.compiler.native.export import source

        names = self._names(sys._getframe(1))
        return source(language, self.op.name, program, names, self.function)

    def export(
        self, path: Any, *example: Any, dtype: Any = None, names: Mapping[str, Any] | None = None
    ) -> None:
        """Write the forward pass as one file of C99, with its header beside it.

        The file holds the numbers of all parameters, allocates no memory and needs nothing but C's
        own library, so it runs on a microcontroller, too. With the option that its first lines
        name it has a `main` that reads the arguments' numbers and prints the results'.

        Args:
            path: Where to, such as "net.c": there will be a function `net`, and "net.h".
            *example: Arguments of the shapes that it is for. Floats among them are one array in
                C, `data`, which comes first.
            dtype: float32 to compute with `float` whatever Python computes with; None as Python.
            names: Names of parameters that count first, as in `draw`.

        Raises:
            CompileError: what it does for these arguments cannot be written down: see `source`.
            ValueError: the path is none of a C file, or the dtype none of these.
            OSError: the file cannot be written.
        """
        from autograd.compiler.native.export import export

        self(*example)
        known = self._known(Given(example, {}))
        if not known:
            raise CompileError(
                f"export: {self.op.name} runs as it is written for arguments like these, so there "
                "is no program."
            )
        find_names = self._names(sys._getframe(1), names)
        export(path, known[0], find_names, self.function, dtype)

    def _names(self, frame: Any, given: Mapping[Any, Any] | None = None) -> Callable[..., Any]:
        """What gives nodes their names: the caller's variables, and those the function uses."""
        from autograd.viz.names import names_of

        own = variables(self.function)
        return lambda nodes: names_of(nodes, frame, given, own)

    def _latest(self, who: str) -> Program:
        if self._newest is None:
            raise CompileError(f"{who}: call {self.op.name} first, so that it is recorded.")
        return self._newest

    def recorded(self) -> int:
        """How many operations on single numbers have been recorded."""
        return sum(len(program.graph) for program in self._known())

    def _known(self, given: Given | None = None) -> list[Program]:
        """Its programs; with arguments, those for such ones alone."""
        kept = self._programs
        lists = kept.values() if given is None else [kept.get(given.signature, ())]
        return [program for programs in lists for program, _ in programs]

    def _replay(self, given: Given) -> object:
        """Run what was recorded for a call like this one; MISS if nothing was that fits."""
        for program, schedule in self._programs.get(given.signature, ()):
            if schedule.is_due():
                try:
                    found = self._audited(program, schedule, given)
                except Difference as err:
                    self._refused = True
                    then = " From now on it runs as it is written."
                    raise self._different(err, then) from None
            else:
                found = run(program, given)
            if found is not MISS:
                schedule.calls += 1
                return found
        return MISS

    def _audited(
        self, program: Program, schedule: Schedule, given: Given, numbers: list[Any] | None = None
    ) -> object:
        """Replay, and compare with the function as it is written.

        Where `numbers` says what the recorded run gave, that is enough if it is the same.

        Raises:
            Difference: they differ; all is as before then.
        """
        spaces: list[Workspace] = []
        before = program.state(given)
        start = time.perf_counter()
        found = run(program, given, spaces)
        if found is MISS or (numbers is not None and same(found, numbers)):
            return found
        middle = time.perf_counter()
        after = program.state(given)
        graded = numbers is None and not active()
        function, trace = (partial(x, given) for x in (self._run, self._trace))
        try:
            Audit(program, given, function, trace, found, spaces[-1], before, graded).compare()
        except Difference:
            if program.native is None or not program.native.stop():
                raise
            program.free = []
            found = self._audited(program, schedule, given, numbers)  # whose fault is it?
            program.native.warn("came out otherwise than the function as it is written")
            return found
        after.restore()
        schedule.took(time.perf_counter() - middle, middle - start)
        return found

    def _raise_its_own(self, given: Given) -> None:
        """Run the function for the error that it may have itself: that goes before a refusal.

        It runs to its end where programs say what it changes, which is put back then, as arrays
        among the arguments are; else up to where it would change something.
        """
        before = [program.state(given) for program in self._known(given)]
        arrays = [(x, x.copy()) for x in given.arrays if x.flags.writeable]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", LostGradientWarning)
                here = contextlib.nullcontext() if before else Unwritten()
                with contextlib.suppress(Unwritten.Stop), here:
                    self._run(given)
        finally:
            for state in before:
                state.restore()
            for array, numbers in arrays:
                array[...] = numbers

    def _record(self, given: Given) -> Program:
        """Run the function, and see to it that a replay can do the same."""
        others = given.others
        watch = Watch(self.function, *self._kept, *others, apart=self._owners)
        if watch.unseen:
            self._raise_its_own(given)
            raise CompileError(
                f"compile: {self.op.name} reads {watch.unseen[0]}, and what that gives may be "
                "something else at another call. Read it outside, and pass it as an argument."
            )
        recording, outputs, rebuild, numbers = self._trace(given)
        if watch.drawn():
            self._refuse_random()
        again = not watch.hold()  # what it keeps for later calls, it may have put there now
        self._owners += recording.owners
        if again or recording.owners:
            watch = Watch(self.function, *self._kept, *others, apart=self._owners)
        live = recording.settle(watch.seen, watch.numbers)
        self._read_otherwise |= watch.seen.keys() - live
        program = Program(recording, outputs, rebuild, self.op, watch.tensors)
        if again or not self._audit or len(program.graph) < LARGE:
            numbers = None  # else the second call compares gradients
        self._check(program, given, watch, numbers)
        self._kept += others
        watch.leave_out(live - self._read_otherwise)
        self._watch = watch
        return program

    def _check(
        self, program: Program, given: Given, watch: Watch, numbers: list[Any] | None
    ) -> None:
        """Audit the recording itself: what differs would differ at every replay."""
        before, difference = program.state(given), None
        try:
            if self._audited(program, Schedule(), given, numbers) is MISS and numbers is None:
                self._run(given)  # it compares numbers that are equal but for rounding
        except Difference as err:
            difference = err
        before.restore()
        if watch.drawn():
            self._refuse_random()
        if difference is not None and difference.of_type and not active():
            raise AsWritten(difference)  # the types of NumPy's numbers in lists are not recorded
        if difference is not None:
            raise self._different(difference)
        if not watch.hold():
            self._refuse_change(f"{watch.culprit()} outside itself")

    def _different(self, difference: Difference, then: str = "") -> CompileError:
        who = f"compile: {self.op.name}"
        if not difference.stable:
            return CompileError(
                f"{who} computed something else when it was run a second time on the same "
                f"arguments: {difference}. It draws random numbers, counts its calls, or uses up "
                f"an iterator. Do that outside and pass the result as an argument.{then}"
            )
        return CompileError(
            f"{who} as it is written does something else than what was recorded of it: "
            f"{difference}. It goes by what is not recorded: the type of an argument or of a "
            "NumPy number, an array that is written to after its use, an iterator that one call "
            "uses up, or something outside that cannot be watched, such as a file. Pass that as an "
            "argument, make a new array instead of writing into one, or do it outside. Or its "
            "result is rounding alone, as the difference of equal sums is."
            f"{then}"
        )

    def _refuse_random(self) -> NoReturn:
        raise CompileError(
            f"compile: {self.op.name} draws random numbers, and every replay would use those "
            "of its recording. Draw them outside and pass them as arguments."
        )

    def _refuse_change(self, what: str) -> NoReturn:
        raise CompileError(
            f"compile: {self.op.name} changes {what}, and no replay would do that. Return what is "
            "new and assign it outside."
        )

    def _trace(self, given: Given) -> tuple[Any, ...]:
        """Run the function on recorded arguments.

        Returns:
            The recording; the results; what puts them together; and their numbers in this run.
        """
        run = Recording()
        arguments = recorded(given.args, run), recorded(given.kwargs, run)
        around = [(x, contents(x)) for x in containers(arguments)]
        run.begin()
        before = _shared_generators()
        with run, np.errstate(all="ignore"):  # it runs again as it is written, and warns then
            result = self.function(*arguments[0], **arguments[1])
        if _shared_generators() != before:
            self._refuse_random()
        for x, inside in around:
            if list(map(id, contents(x))) != list(map(id, inside)):
                kind = "an array" if isinstance(x, np.ndarray) else f"a {type(x).__name__}"
                self._refuse_change(f"{kind} among its arguments")
        leaves, rebuild = flatten(result, objects=run.returned_array)
        leaves = [run.returned(x) for x in leaves]
        run.find_gone()
        return run, [output(x, run) for x in leaves], rebuild, [number_of(x) for x in leaves]


def _needs_graph() -> bool:
    """Whether a call here is recorded, looked at, or differentiated twice: needs its own graph."""
    return wants_graph() or tracer() is not None or anomaly_mode() is not None


def native_side(backend: str | None, name: str) -> Any:
    """What will run a program natively; None where NumPy alone does."""
    if not is_wanted(backend):
        return None
    # here and not above: without a compiled function nobody needs it
    from autograd.compiler.native.backend import Native

    return Native(name, at_once=backend == "native")


def worth(program: Program) -> float:
    """How many times as long as a replay a function takes as it is written, roughly.

    A replay takes 6 µs whatever it computes, and 10 with its backward pass. As it is written an
    operation on two floats takes 0.04, on Values 0.3 and with its derivative 2, a call of NumPy 0.8
    and an operation on Tensors with its derivative 5. So 4 operations on Values do not pay, 5 do.
    """
    numbers = sum(code >= 0 for code in program.graph.code)
    arrays = sum(step.kind in (INTO, STORE) for step in program.tape.steps)
    if program.graded or program.is_step:
        return (2.0 * numbers + 5.0 * arrays) / 9.0
    return ((0.3 if program.graph.leaves else 0.04) * numbers + 0.8 * arrays) / 4.0


def _shared_generators() -> Any:
    """Where the generators are that Python and NumPy have for everybody."""
    return random.getstate(), pickle.dumps(np.random.get_state())  # noqa: NPY002 (who uses it is refused)


def compile(function: Callable[..., Any], *, audit: bool = True, backend: str | None = None) -> Any:
    """The same function, recorded on its first call and replayed as a few NumPy instructions.

    What it computes with single Values is regrouped: sums of products become matrix products where
    they are some, and the same operation on many numbers becomes one instruction. What it computes
    with Tensors is replayed without building a graph or allocating arrays. Both may be in one
    function, as may arrays that meet Values: a tensor model's loss over its close-up. The results
    are the same nodes as before: `loss.backward()` puts the gradients where they belong.

    Numbers agree with the uncompiled ones to rounding: sums are added in another order, so their
    last digits can differ, and so can the sign of a zero that a sum gives (-0.0 + -0.0, or
    -0.0 + 0.0) or that is the larger or smaller one of 0.0 and -0.0. A function that is singular
    where it is evaluated makes much of that: 1 / x of such a zero is inf with one sign and -inf
    with the other. A comparison of numbers that are equal but for rounding may come out the other
    way, and with it the path that is taken.

    While it is recorded, floats that are arguments are Values as well: they compare as floats do,
    but `isinstance(x, float)` does not hold, and `x is y` does not tell whether two arguments are
    the same Value.

    Args:
        function: A function of nested lists, tuples and dicts of floats, arrays, Values and
            Tensors, returning such a thing. It may use Values, Tensors and models from outside.
            FloatArray and arrays are data, Python ints, bools and strings part of the signature: a
            call with other ones is recorded again, as are other lengths and shapes.
        audit: Whether the function is also run as it is written at the second call and, in less
            than a tenth of the time, now and then later, and results and gradients are compared.
            Where they differ, the call raises CompileError, and from then on the function runs as
            it is written. What it prints, it prints then, too. With False this happens at the
            recording alone: what cannot be seen, such as a file, may then change unnoticed.

        backend: "numpy" replays with NumPy; "native" with code for this machine, compiled at the
            first call, which needs the extra `native`; None begins with NumPy, and goes on
            natively, where that extra is installed, as soon as the code has been compiled in the
            background. Native sums are added in another order again, and NumPy's warnings do not
            come.

    Returns:
        A callable; `program()` of it lists the instructions.

    Raises:
        TypeError: function is none, or audit is no bool.
        ValueError: the backend is none of these.
        ImportError: backend is "native", and llvmlite is not installed.
        CompileError: on a call: the function did what could not be repeated, such as taking a
            plain float out of a Value, or drawing random numbers; or an audit found a difference.

    Example:
        >>> from autograd import Value
        >>> w = [Value(0.5), Value(-1.0)]
        >>> neuron = compile(lambda x: (w[0] * x[0] + w[1] * x[1]).tanh())
        >>> neuron([2.0, 1.0])
        Value(data=0.0)
        >>> y = neuron([4.0, 1.0])
        >>> y.backward()
        >>> round(y.data, 4), round(w[0].grad, 4)
        (0.7616, 1.6799)
    """
    check_function("compile", function)
    check_bool("compile", "audit", audit)
    check_backend("compile", backend)
    transform = transform_of(function)
    if transform is None:
        return Compiled(function, audit, backend)
    inner = Compiled(vars(function)["__wrapped__"], audit, backend)
    outer = transform(inner)
    outer.compiled = inner
    return outer
