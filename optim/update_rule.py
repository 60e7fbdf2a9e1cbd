"""UpdateRule: the base class of the update rules that use the gradient only."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self
from warnings import warn

import numpy as np

from autograd.checks import refuse
from autograd.errors import ShapeError
from autograd.modes import active
from autograd.node import Node
from autograd.spellings import refuse_set_to_none
from autograd.tracing import AsWritten, as_traced, tracer
from optim.hyperparameters import Settings, check_rate
from optim.memory import Kept, Memory, recorded
from optim.native_step import START, native_step
from optim.optimizer import Names, Optimizer, Params
from optim.states import check_origin, check_parts, taken_list

if TYPE_CHECKING:
    from autograd.arrays import FloatArray

_FORMER_NAMES = {
    "_kept": "starts",
    "_update": "update_in_place",
    "_check_settings": "check_settings",
}


class Group(Settings):
    """Parameters that share their settings: `group["params"]`, and the settings by name."""

    def __init__(
        self, who: str, params: list[Any], settings: dict[str, Any], fixed: frozenset[str]
    ) -> None:
        super().__init__(who, settings, fixed)
        self.params = params

    def __missing__(self, name: str) -> Any:
        if name == "params":  # as in PyTorch, but not something to assign to
            return self.params
        raise KeyError(name)

    def __reduce__(self) -> Any:
        return Group, (self.who, self.params, dict(self), self.fixed)


class UpdateRule(Optimizer):
    """An update rule, for one group of parameters or several with settings of their own.

    A rule of one's own says how the numbers of the parameters change, `update`, and what is kept
    from step to step, `starts`. Arrays are one-dimensional: all parameters of a group that have
    been stepped equally often, one after another. Where a step is to be quick, `update_in_place`
    says the same once more without making arrays; it is run then, and `update` is what one reads.

    Args:
        params: A model's `parameters()` or `named_parameters()`, or any Tensors or Values; or
            several groups: dicts with such "params" and the settings that differ.
        settings: Those of the rule, for all groups that do not say otherwise.

    Attributes:
        param_groups: The groups, as in PyTorch: `optimizer.param_groups[0]["lr"] = 0.01`; a tuple,
            which `add_param_group` makes longer.

    Raises:
        TypeError: params are something else, or a setting is unknown or no number.
        ValueError: No parameters, one of them twice, or a setting out of range.

    Example:
        >>> from autograd import Value
        >>> class SignDescent(UpdateRule):
        ...     def __init__(self, params, lr):
        ...         super().__init__(params, lr=lr)
        ...
        ...     def update(self, theta, g, t, kept, group):
        ...         return theta - group["lr"] * np.sign(g), {}
        >>> x = Value(3.0)
        >>> x.grad = 17.0
        >>> SignDescent([x], lr=0.5).step()
        >>> x.data
        2.5
    """

    scratch: ClassVar[int] = 1  # how many arrays `update_in_place` needs to compute in
    fixed: ClassVar[frozenset[str]] = frozenset()  # settings that cannot change between steps
    decoupled: ClassVar[bool] = False  # whether `update` sees to weight decay itself
    _backend: str | None = None

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        for old, new in _FORMER_NAMES.items():
            if old in vars(cls):
                warn(
                    f"{cls.__name__}: {old} is called {new} now.", DeprecationWarning, stacklevel=2
                )
                setattr(cls, new, vars(cls)[old])

    def __init__(self, params: Params | Iterable[dict[str, Any]], **settings: Any) -> None:
        self.params, self.names = (), Names()
        self.param_groups: tuple[Group, ...] = ()
        self._memories: list[Memory] = []
        self._defaults = settings
        self._finite_only = False
        given: Any = list(params) if isinstance(params, Iterator) else params
        if isinstance(given, (list, tuple)) and any(isinstance(item, dict) for item in given):
            for group in given:
                self.add_param_group(group)
        else:
            self.add_param_group({"params": given})

    def add_param_group(self, group: Any) -> None:
        """Add parameters, with settings of their own where they are given.

        Args:
            group: A dict: "params", and settings by name.
        """
        who = type(self).__name__
        if not isinstance(group, dict) or "params" not in group:
            raise TypeError(f'{who}: a group needs to be a dict with "params", but is {group!r}.')
        given = {name: value for name, value in group.items() if name != "params"}
        check_rate(who, given.get("lr", self._defaults.get("lr")))
        settings = Settings(who, self._defaults)
        settings.update(given)
        self.check_settings(settings)
        params = self._take(group["params"])
        self.param_groups += (Group(who, params, settings, self.fixed),)
        self._memories.append(Memory(params))
        if self._backend == "native":
            self._memories[-1].until_native = 1

    def check_settings(self, group: Settings) -> None:
        """Refuse settings that make no sense together."""

    @property
    def lr(self) -> float:
        """The learning rate; assigning sets that of all groups.

        Raises:
            ValueError: the groups have different ones.
        """
        rates = [group["lr"] for group in self.param_groups]
        if len(set(rates)) > 1:
            raise ValueError(
                f"{type(self).__name__}: has groups with different rates, {rates}. Look at "
                'param_groups[i]["lr"].'
            )
        return float(rates[0])

    @lr.setter
    def lr(self, rate: float) -> None:
        for group in self.param_groups:
            group["lr"] = rate

    @property
    def backend(self) -> str | None:
        """What `step()` computes with, as in `autograd.compile`; assigning begins anew.

        "numpy"; "native", code for this machine, from the second step on, which needs the extra
        `native`; or None, the default: NumPy, and natively, where that extra is installed, as soon
        as the code has been compiled in the background. Native are the rules here for the
        parameters of a model, in float32 and float64; other steps are NumPy's in any case.

        Raises:
            ValueError: it is set to none of these.
            ImportError: it is set to "native", and llvmlite is not installed.
        """
        return self._backend

    @backend.setter
    def backend(self, backend: str | None) -> None:
        # here and not above: without it nobody needs the compiler
        from autograd.compiler.native import check_backend

        check_backend(type(self).__name__, backend)
        self._backend = backend
        for memory in self._memories:
            memory.native, memory.until_native = None, 1 if backend == "native" else START

    def _settings_text(self) -> str:
        """The rate, and what is not as it is by default; several groups one after another."""
        defaults = inspect.signature(type(self)).parameters
        groups = [
            ", ".join(
                f"{name}={value!r}"
                for name, value in group.items()
                if name == "lr" or name not in defaults or value != defaults[name].default
            )
            for group in self.param_groups
        ]
        return groups[0] if len(groups) == 1 else " | ".join(groups)

    # --- a step

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that a gradient has reached; the others are skipped.

        Args:
            closure: A function without arguments that computes and returns the loss. Old gradients
                are forgotten before, and `backward()` is called after it, unless it does so itself.
                Without one, the gradients are those that are there.

        Returns:
            What the closure returned, or None.
        """
        loss = None if closure is None else self._evaluate(closure)
        if self._finite_only:
            self._check_finite()
        for group, memory in zip(self.param_groups, self._memories, strict=True):
            self._step(*self._as_traced(group, memory))
        return loss

    def _as_traced(self, group: Group, memory: Memory) -> tuple[Any, Memory]:
        """A group and its memory, or what a tracer has for them."""
        if not active() or (watching := tracer()) is None:
            return group, memory
        return recorded(group, memory, self.starts(group), watching)

    def _step(self, group: Group, memory: Memory) -> None:
        numbers = memory.numbers()
        grad, reached = numbers.gradient()
        if reached is not None:
            self._warn_of_replaced(memory.params)
        if not grad.size or not (reached is None or any(reached)):
            return
        theta = taken = numbers.take()
        native = memory.native
        if native is not None and reached is None and native.run(self, memory, theta, grad):
            return
        if taken.dtype.char == "e":
            # In float16 the square of 300 is infinite and Adam's eps 0: computed in float32.
            single: Any = np.float32  # a FloatArray, too
            theta, grad = taken.astype(single), grad.astype(single)
        memory.allocate(theta, self.starts(group), self.scratch)
        for here, t in memory.runs(reached):
            scratch = [s[here] for s in memory.scratch]
            kept = {name: array[here] for name, array in memory.kept.items()}
            self.change(theta[here], grad[here], t, kept, group, scratch)
        if theta is not taken:
            taken[...] = theta
        numbers.put(taken)
        memory.until_native -= 1
        if not memory.until_native:
            memory.native = native_step(self, group, memory)

    def _warn_of_replaced(self, params: Sequence[Any]) -> None:
        """Tell of a parameter that no gradient reaches as a module has got another for it."""
        for p in params:
            new = getattr(p, "_successor", None) if p._grad is None else None
            if new is None or not new.requires_grad or any(new is q for q in self.params):
                continue
            p._successor = None  # once is enough
            name = next(name for name, q in zip(self.names, self.params, strict=True) if q is p)
            warn(
                f"{type(self).__name__}: {name} was replaced in its module after this optimizer "
                "was made, which does not change the new one. Make the optimizer of the new "
                "parameters, or change numbers alone: p.data = ….",
                stacklevel=4,
            )

    def change(
        self,
        theta: FloatArray,
        grad: FloatArray,
        t: int,
        kept: Kept,
        group: Group,
        scratch: list[FloatArray],
    ) -> None:
        """What a step does to the numbers of a group, given the gradient of L and scratch arrays.

        The last of these is taken out for what is minimised; `update_in_place` gets the others.
        """
        g = self._gradient(theta, grad, group, scratch.pop())
        self.update_in_place(theta, g, t, kept, group, scratch)

    def _gradient(
        self, theta: FloatArray, grad: FloatArray, group: Group, out: FloatArray
    ) -> FloatArray:
        """The gradient of what is minimised: -L where L is maximised, plus λ/2 ‖θ‖²."""
        sign = -1 if group.get("maximize") else 1
        decay = 0.0 if self.decoupled else group.get("weight_decay", 0.0)
        if decay:
            np.multiply(theta, decay, out=out)
            return np.add(out, grad, out=out) if sign > 0 else np.subtract(out, grad, out=out)
        return grad if sign > 0 else np.negative(grad, out=out)

    def starts(self, group: Group) -> dict[str, float]:
        """What is kept from step to step, one number for each of the parameters', and its start."""
        return {}

    def update(
        self, theta: FloatArray, g: FloatArray, t: int, kept: Kept, group: Group
    ) -> tuple[FloatArray, Kept]:
        """One step, as a paper writes it; every rule has its own.

        Args:
            theta: (n,) θ, the parameters.
            g: (n,) the gradient, of what is minimised: with the sign of `maximize` and, unless the
                rule is `decoupled`, with weight decay.
            t: How many steps there have been with this one, from 1.
            kept: What the last step returned, each (n,); before the first, what `starts` says.
            group: The settings, by name.

        Returns:
            The new θ, and what is kept for the next step, by the names of `starts`.
        """
        raise NotImplementedError(f"{type(self).__name__}: needs a method update.")

    def update_in_place(
        self,
        theta: FloatArray,
        g: FloatArray,
        t: int,
        kept: Kept,
        group: Group,
        scratch: list[FloatArray],
    ) -> None:
        """The same step, which writes into θ and what is kept; by default what `update` gives.

        A rule that has its own may keep other multiples than `update` does, and has `scratch`
        arrays of n numbers to compute in.
        """
        new: Any = self.update(theta, g.copy(), t, kept, group)  # g may be p.grad itself
        if not (isinstance(new, tuple) and len(new) == 2 and new[1].keys() == kept.keys()):
            names = ", ".join(kept) or "nothing"
            refuse(
                type(self).__name__,
                "what update returns",
                f"θ and a dict of {names}",
                new,
                TypeError,
            )
        for what, x in [("θ", new[0]), *new[1].items()]:  # one number would be taken for all
            if np.shape(x) != theta.shape:
                raise ShapeError(
                    f"{type(self).__name__}: update needs to return {what} of shape {theta.shape}, "
                    f"but returned {np.shape(x)}."
                )
        theta[...] = new[0]
        for name, numbers in new[1].items():
            kept[name][...] = numbers

    def _evaluate(self, closure: Callable[[], Any]) -> Node:
        who = type(self).__name__
        if not callable(closure):
            raise TypeError(
                f"{who}: needs a closure, a function without arguments that computes and returns "
                f"the loss, but got {closure!r}."
            )
        self.zero_grad()
        loss = closure()
        if not isinstance(loss, Node):
            raise TypeError(
                f"{who}: the closure needs to return the loss, a Value or a Tensor of shape (), "
                f"but returned {loss!r}."
            )
        if loss._grad is None and not self._any_gradient():
            loss.backward()
        return loss

    def _any_gradient(self) -> bool:
        return any(memory.numbers().gradient()[0].any() for memory in self._memories)

    def zero_grad(self, **options: Any) -> None:
        """Forget the gradients of all parameters: they are None, as before any backward pass."""
        if options:
            refuse_set_to_none(options)
        for memory in self._memories:
            memory.numbers().zero_grad()

    def refuse_nonfinite(self, on: bool = True) -> Self:
        """From now on, refuse to step with a gradient that is nan or infinite.

        Example:
            >>> from optim import SGD
            >>> from autograd import Value
            >>> w = Value(1.0, label="w")
            >>> optimizer = SGD([w], lr=0.1).refuse_nonfinite()
            >>> w.grad = float("nan")
            >>> optimizer.step()
            Traceback (most recent call last):
            ...
            ValueError: SGD: needs finite gradients, but that of parameter 0 ('w') has nan.
        """
        self._finite_only = on
        return self

    def _check_finite(self) -> None:
        for name, p in zip(self.names, map(as_traced, self.params), strict=True):
            if p._grad is not None and not np.isfinite(p._grad).all():
                if active() and tracer() is not None:
                    raise AsWritten
                grad = np.asarray(p._grad)
                raise ValueError(
                    f"{type(self).__name__}: needs finite gradients, but that of {name} has "
                    f"{grad[~np.isfinite(grad)].flat[0]}."
                )

    # --- what it remembers

    def state_dict(self) -> dict[str, list[Any] | str]:
        """Settings and memory, as dicts, lists, numbers and arrays: copies, to be saved.

        Returns:
            {"optimizer": the rule's name, "param_groups": the settings of each group, "state": what
            is kept for each group}.

        Example:
            >>> from optim import SGD
            >>> from autograd import Value
            >>> x = Value(1.0)
            >>> x.grad = 2.0
            >>> optimizer = SGD([x], lr=0.25, momentum=0.5)
            >>> optimizer.step()
            >>> optimizer.state_dict()["state"]
            [{'shapes': [[]], 'steps': [1], 'kept': {'b': array([2.])}}]
        """
        return {
            "optimizer": type(self).__name__,
            "param_groups": [dict(group) for group in self.param_groups],
            "state": [
                memory.state(self.starts(group))
                for group, memory in zip(self.param_groups, self._memories, strict=True)
            ],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where another optimizer of the same kind, for the same parameters, was.

        Args:
            state_dict: What its `state_dict()` returned.

        Raises:
            ValueError: A part is missing, or there is one too many; it is of another rule, of
                other groups or of parameters of other shapes; an array has another length, or is
                not of floats; or a setting is out of range. Nothing is changed then.
            TypeError: A setting is no number. Nothing is changed then.
        """
        who = type(self).__name__
        check_parts(who, state_dict, ("param_groups", "state"), optional=("optimizer",))
        check_origin(who, state_dict)
        settings, states = state_dict["param_groups"], state_dict["state"]
        for name in ("param_groups", "state"):
            taken_list(who, name, state_dict[name], len(self.param_groups))
        groups = [
            self._group_from(group, given)
            for group, given in zip(self.param_groups, settings, strict=True)
        ]
        names = iter(self.names)
        memories = [
            memory.taken(
                who, state, list(itertools.islice(names, len(group.params))), *self._may_keep(group)
            )
            for group, memory, state in zip(groups, self._memories, states, strict=True)
        ]
        for group, other in zip(self.param_groups, groups, strict=True):
            dict.update(group, other)
        for memory, saved in zip(self._memories, memories, strict=True):
            memory.load(*saved)

    def _group_from(self, group: Group, settings: Any) -> Group:
        """A group with saved settings, which are checked as those of a new one are."""
        who = type(self).__name__
        check_parts(who, settings, group.keys())
        saved = Group(who, group.params, settings, self.fixed)
        self.check_settings(saved)
        return saved

    def _may_keep(self, group: Group) -> tuple[Collection[str], Collection[str]]:
        """What is kept with these settings, and what might be with every option switched on."""
        every = Group(group.who, group.params, group, group.fixed)
        dict.update(every, {name: value or 1.0 for name, value in group.items()})
        return self.starts(group), self.starts(every)


def check_rule(who: str, optimizer: Any) -> None:
    """Refuse what is no rule of first order."""
    if not isinstance(optimizer, UpdateRule):
        refuse(who, "optimizer", "a rule of first order such as SGD", optimizer, TypeError)
