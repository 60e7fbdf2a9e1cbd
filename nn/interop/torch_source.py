"""What an imported PyTorch model was made from: its module, its tensors, the programs of it."""

from __future__ import annotations

import contextlib
import inspect
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self

from autograd.checks import came
from nn.interop.captured import captured
from nn.module import Module

if TYPE_CHECKING:
    from nn.interop.program import Program
    from nn.interop.torch_protocols import Torch, TorchNet, TorchTensor, TorchType


class Source:
    """What a `TorchModule` was made from; its copies share it.

    Attributes:
        module: The `torch.nn.Module` whose modules and parameters count.
        tensors: The tensors that a function learns without a module, by name.
        runs: What is exported: that module, or one that calls a function or a method.
        prefix: What the names of its parameters have before them there.
        name: What errors and pictures call it.
        programs: What was exported, by mode and shapes; the least recently used first.
    """

    def __init__(
        self,
        module: TorchNet,
        runs: TorchNet | None = None,
        prefix: str = "",
        name: str = "",
        tensors: dict[str, TorchTensor] | None = None,
    ) -> None:
        self.module = module
        self.tensors = tensors or {}
        self.runs = module if runs is None else runs
        self.prefix = prefix
        self.name = name or type(module).__name__
        self.programs: OrderedDict[object, Program] = OrderedDict()

    @classmethod
    def of(cls, torch: Torch, who: str, model: Callable[..., Any]) -> Self:
        """What a module, a method of one, or a function is made of."""
        model = getattr(model, "_orig_mod", model)  # what torch.compile has wrapped
        if isinstance(model, Module):
            raise TypeError(f"{who}: needs a model of PyTorch's, but got a Module of ours.")
        if isinstance(model, torch.nn.Module):
            if any(map(torch.nn.parameter.is_lazy, model.parameters())):
                raise ValueError(
                    f"{who}: {type(model).__name__} has parameters without a shape (lazy layers). "
                    "Call it once in PyTorch first."
                )
            return cls(model)
        if isinstance(model, type) or not callable(model):
            advice = ""
            if isinstance(model, dict):
                advice = " Make the model, and give it these with model.load_state_dict(state)."
            elif isinstance(model, type):
                advice = f" Make one of the class: {model.__name__}(...)."
            raise TypeError(
                f"{who}: needs a torch.nn.Module or a function of tensors, but got "
                f"{came(model)}.{advice}"
            )
        name = getattr(model, "__name__", type(model).__name__).replace("<lambda>", "a lambda")
        owner = getattr(model, "__self__", None)
        if isinstance(owner, torch.nn.Module):
            runs = _calling(torch, model, {"of": owner})
            return cls(owner, runs, "of.", f"{type(owner).__name__}.{name}")
        found = captured(torch, model)
        modules = {path: x for path, x in found.items() if isinstance(x, torch.nn.Module)}
        tensors = {path: x for path, x in found.items() if isinstance(x, torch.Tensor)}
        runs = _calling(torch, model, modules)
        return cls(runs, runs, "", name, tensors)

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"programs": OrderedDict()}

    @property
    def floats(self) -> TorchType | None:
        """PyTorch's type of its numbers; None if it has none of floats."""
        tensors = (*self.parameters().values(), *self.module.buffers())
        return next((t.dtype for t in tensors if t.dtype.is_floating_point), None)

    @property
    def device(self) -> object:
        """Where its numbers are."""
        return next((t.device for t in self.parameters().values()), "cpu")

    def parameters(self) -> dict[str, TorchTensor]:
        """PyTorch's parameters by name, each once."""
        return {**dict(self.module.named_parameters()), **self.tensors}

    def hooked(self) -> list[str]:
        """The parameters and modules that have a hook on the way back."""
        kinds = "_backward_hooks", "_backward_pre_hooks", "_post_accumulate_grad_hooks"
        things = {**self.parameters(), **dict(self.module.named_modules())}
        return [
            name or self.name
            for name, thing in things.items()
            if any(getattr(thing, kind, None) for kind in kinds)
        ]

    def paths(self) -> dict[int, str]:
        """What the program calls a parameter, by the tensor's `id`."""
        named = self.runs.named_parameters(remove_duplicate=False)
        return {id(tensor): path for path, tensor in (*named, *self.tensors.items())}


def _calling(torch: Torch, function: Callable[..., Any], parts: Mapping[str, TorchNet]) -> TorchNet:
    """A PyTorch module that calls a function; its parts are what the function uses."""

    class Calling(torch.nn.Module):  # type: ignore[name-defined,misc]
        def forward(self, *args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

    with contextlib.suppress(TypeError, ValueError):  # a function written in C has none
        # The names of its arguments are those of the inputs.
        own = inspect.signature(function).parameters.values()
        itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        vars(Calling.forward)["__signature__"] = inspect.Signature([itself, *own])
    calling = Calling()
    for path, part in parts.items():
        *above, name = path.split(".")
        parts_above = calling._modules
        for step in above:
            below = parts_above.setdefault(step, torch.nn.Module())
            assert below is not None
            parts_above = below._modules
        parts_above[name] = part
    for holder in (h for h in calling.modules() if type(h) in (Calling, torch.nn.Module)):
        holder.training = any(child.training for child in list(holder.modules())[1:])
    return calling
