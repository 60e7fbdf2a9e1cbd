"""PyTorch models as models of ours: to draw, to step through, to train and to check.

`from_torch` imports a model, `compare` puts every gradient beside PyTorch's. PyTorch is what the
user has installed: nothing here needs it before one of the two is called.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import Tensor, Value
from autograd.checks import came
from nn.interop.aten_operands import array_of, dtype_of
from nn.interop.comparison import AGAIN, Comparison, RandomError, compared
from nn.interop.export_errors import ExportError
from nn.interop.exported import export, torch_package
from nn.interop.torch_source import Source
from nn.module import Buffer, Module, Parameter
from nn.operands import listed, numbers, shape_of

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from autograd.arrays import Array
    from nn.interop.program import Program
    from nn.interop.torch_protocols import Torch, TorchNet, TorchTensor

__all__ = ["Comparison", "ExportError", "TorchModule", "compare", "from_torch"]

MOST_KEPT = 64
"""How many programs of a model are kept, for shapes and modes that come again."""


def from_torch(model: Callable[..., Any], *example: object, **named: object) -> TorchModule:
    """A PyTorch model as a `Module` of ours, with the same modules, parameter names and numbers.

    It computes with our operations, so `draw`, `backprop`, `explain`, `compile`, `scalars()` and
    `optim` work on it, and `state_dict` has PyTorch's names. The numbers are copied: the PyTorch
    model stays as it is. For inputs of other shapes, and after `train()` or `eval()`, PyTorch
    exports it again. On the example the gradients are compared with PyTorch's, once.

    Args:
        model: A `torch.nn.Module`; a method of one, such as `vae.encode`; or a function of tensors.
            Of a function the modules and tensors among its variables become modules and parameters
            by those names: a loss that calls `net` has "net.0.weight".
        *example: What it is called with: PyTorch's tensors, arrays, Tensors, or lists, tuples and
            dicts of them. Anything else (a number, None) is a setting that it is exported for.
        **named: Its keyword arguments.

    Returns:
        The model, in the mode (`training`) that the PyTorch model is in.

    Raises:
        ImportError: PyTorch is not installed, or older than 2.6.
        TypeError: model is neither a module nor a function, or has numbers that NumPy does not.
        ExportError: PyTorch cannot export it, it has an operation that is not here, or its
            gradients would not be PyTorch's. The message names the operation and the line of the
            model, and says what to do. Nothing is imported then.

    Example:
        >>> import nn, torch  # doctest: +SKIP
        >>> net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh())  # doctest: +SKIP
        >>> ours = nn.from_torch(net, torch.zeros(1, 2))  # doctest: +SKIP
        >>> [name for name, _ in ours.named_parameters()]  # doctest: +SKIP
        ['0.weight', '0.bias']
    """
    torch = torch_package()
    source = Source.of(torch, "from_torch", model)
    if hooked := source.hooked():
        raise ExportError(
            f"from_torch: there are hooks on the gradients of {listed(hooked)}, and PyTorch does "
            "not export them. Remove them, and do between backward() and step() what they do."
        )
    imported = TorchModule(source)
    leaves, form = _taken_apart(torch, example, named)
    imported._program(leaves, form)
    _check(torch, imported, leaves, form)
    return imported


def compare(
    model: Callable[..., Any], torch_model: Callable[..., Any], *inputs: object, **named: object
) -> Comparison:
    """A model's output and every gradient beside PyTorch's: is my backward pass right?

    Both models run on the same inputs, and both go backward: from a loss, if that is what they
    return, else from a sum of all they return, each number times one that is drawn once and for
    all. Afterwards they are as before: no gradient is kept, no running average changed.

    Args:
        model: A `Module` of ours, made by `from_torch` or written by hand, whose parameters are
            named as PyTorch's; or a function of Tensors.
        torch_model: The `torch.nn.Module`, or a function of PyTorch's tensors.
        *inputs: What to call them with, as arrays or as PyTorch's tensors. The gradients of those
            made of floats are compared, too.
        **named: Keyword arguments of both.

    Returns:
        A table, the largest difference first; `agree` says whether there is none but of rounding.

    Raises:
        ImportError: PyTorch is not installed, or older than 2.6.
        ValueError: the names of the parameters, or the shapes of what is returned, differ; or one
            model is in training mode and the other is not; or PyTorch's draws random numbers.

    Example:
        >>> import nn, torch  # doctest: +SKIP
        >>> ours, theirs = nn.Linear(2, 1), torch.nn.Linear(2, 1).double()  # doctest: +SKIP
        >>> ours.load_state_dict(theirs.state_dict())  # doctest: +SKIP
        >>> nn.interop.torch.compare(ours, theirs, [[1.0, 2.0]]).agree  # doctest: +SKIP
        True
    """
    torch = torch_package()
    source = Source.of(torch, "compare", torch_model)
    mode, theirs = getattr(model, "training", None), source.module.training
    if isinstance(model, Module) and len(list(source.module.modules())) > 1 and mode != theirs:
        raise ValueError(
            f"compare: our model has training={mode}, PyTorch's training={theirs}. "
            "Call eval(), or train(), on both."
        )
    leaves, form = _taken_apart(torch, inputs, named)
    return _compared(torch, model, source, leaves, form)


def _compared(
    torch: Torch, model: Callable[..., Any], source: Source, leaves: Sequence[object], form: object
) -> Comparison:
    floats = None if source.floats is None else dtype_of(source.floats)

    def plain(x: object) -> object:
        if not _is_operand(x):
            return x
        array = numbers(x)
        return array if floats is None or _kind(array) != "f" else array.astype(floats)

    return compared(
        torch, model, source, list(map(plain, leaves)),
        lambda x: torch.utils._pytree.tree_unflatten(x, form),
    )  # fmt: skip


def _check(torch: Torch, imported: TorchModule, leaves: Sequence[object], form: object) -> None:
    """Refuse a model whose gradients would be others than PyTorch's: what is exported has none."""
    source = imported._source
    modules: list[TorchNet | Module] = [*source.module.modules(), *imported.modules()]
    modes = [module.training for module in modules]
    try:
        try:
            table = _compared(torch, imported, source, leaves, form)
        except RandomError:
            for module in modules:
                module.training = False
            table = _compared(torch, imported, source, leaves, form)
    except ExportError:
        raise
    except Exception as err:
        at = " ".join(getattr(err, "__notes__", ()))
        raise ExportError(
            f"from_torch: {source.name} computes what is refused here, so nothing was imported. "
            f"{type(err).__name__}: {err} {at}"
        ) from err
    finally:
        for module, training in zip(modules, modes, strict=True):
            module.training = training
    rounding = math.sqrt(imported._program(leaves, form).precision)
    wrong = [row for row in table.rows if row.relative > max(row.rounding, rounding) ** (2 / 3)]
    outputs = [row for row in wrong if row.name.startswith("output")]
    # Of what went wrong first: an output in the first call, one in the second, a gradient.
    for row in (*sorted(outputs, key=lambda row: AGAIN in row.name), *wrong):
        if AGAIN in row.name:
            raise ExportError(
                f"from_torch: {source.name} returns {row.theirs:.6g} when it is called a "
                f"second time, with its rows turned round, and here {row.ours:.6g}: what a call "
                "leaves in attributes for the next (a counter, a hidden state, a cache) is not "
                "exported. Keep it in buffers (register_buffer), or pass it as an argument."
            )
        found = (
            f"from_torch: {source.name} computes {row.ours:.6g} here and {row.theirs:.6g} in "
            f"PyTorch ({row.name}, at {list(row.place)}), so nothing was imported. "
        )
        if outputs:
            raise ExportError(
                f"{found}When it was exported it did something else. It may draw random numbers "
                "that are not PyTorch's or count in a global variable (pass these as an input), "
                "read memory that it has not written, hide an error with `try`, or ask for "
                "x.requires_grad or torch.compiler.is_compiling()."
            )
        if not math.isfinite(row.ours - row.theirs):
            raise ExportError(
                f"{found}Import it with an example for which it has finite numbers and gradients."
            )
        raise ExportError(
            f"{found}PyTorch exports no backward pass: a torch.autograd.Function of one's own, a "
            "hook, torch.inference_mode(), writing in place under torch.no_grad() or to x.data is "
            "lost. Write it with operations that have the gradient that is meant: "
            "x + (f(x) - x).detach() has that of x."
        )


# --- what is imported -----------------------------------------------------------------------------


class TorchModule(Module):
    """A module of an imported PyTorch model; made by `from_torch`.

    Its modules, parameters and buffers have the names that they have in PyTorch, such as
    `ours.encoder.weight`. Each of its modules can be called by itself.
    """

    _source: Source
    _parts: dict[str, Tensor | Module]  # its own modules, parameters and buffers
    _hidden: dict[str, Array]  # its buffers that no file keeps

    def __init__(self, source: Source, made: dict[int, Tensor | Module] | None = None) -> None:
        made = {} if made is None else made
        made[id(source.module)] = self
        vars(self).update(_source=source, _parts={}, _hidden={})
        self.training = source.module.training
        self._take_numbers(made)
        for name, child in source.module._modules.items():
            if child is not None:
                self._parts[name] = made.get(id(child)) or TorchModule(Source(child), made)

    def _take_numbers(self, made: dict[int, Tensor | Module]) -> None:
        module, name = self._source.module, ""
        try:
            for name, tensor in (*module._parameters.items(), *self._source.tensors.items()):
                if tensor is not None and id(tensor) not in made:
                    made[id(tensor)] = _parameter(name, tensor)
                if tensor is not None:
                    self._parts[name] = made[id(tensor)]
            for name, tensor in module._buffers.items():
                if tensor is not None and name in module._non_persistent_buffers_set:
                    self._hidden[name] = array_of(tensor)
                elif tensor is not None:
                    self._parts[name] = Buffer(array_of(tensor))
        except TypeError as err:
            raise TypeError(
                f"from_torch: {name} of {self._source.name} holds {err}. Convert the model first: "
                "model.float()."
            ) from err

    # --- calling ------------------------------------------------------------------------------

    def forward(self, *args: object, **named: object) -> Any:
        """What the PyTorch model returns, in its form, of Tensors.

        Args:
            *args: As PyTorch's, of arrays or Tensors; in a close-up arrays of numbers or Values.
            **named: Its keyword arguments.

        Raises:
            TypeError: a tensor of PyTorch's that requires a gradient, which would get none.
            ExportError: as `from_torch`, for inputs of other shapes than before.
        """
        torch = torch_package()
        for x in (*args, *named.values()):
            if isinstance(x, torch.Tensor) and x.requires_grad:
                raise TypeError(
                    f"{self._named()}: got a tensor of PyTorch's that requires a gradient, and "
                    "none would reach it. Pass Tensor(x.detach().numpy(), requires_grad=True)."
                )
        leaves, form = _taken_apart(torch, args, named)
        program = self._program(leaves, form)
        if not self._is_close_up():
            leaves = list(map(_as_constant, leaves, program.names))
        result, written = program.run(self._find, leaves)
        for name, x in written.items():
            holder, last = self._holder(name)
            if holder[last] is x:  # written to in place
                continue
            if isinstance(holder[last], Buffer):
                holder[last].data = numbers(x)
            else:
                holder[last] = numbers(x)
        return result

    def _is_close_up(self) -> bool:
        """Whether there are Values in the place of a parameter."""
        return any(
            part._is_close_up() if isinstance(part, TorchModule) else isinstance(part, np.ndarray)
            for part in self._parts.values()
        )

    def _program(self, leaves: Sequence[object], form: object) -> Program:
        """What runs for leaves like these; exported if there was none like it."""
        source, programs = self._source, self._source.programs
        modes = tuple([module.training for module in self.modules()])
        key = modes, str(form), tuple([_signature(x, source.floats is None) for x in leaves])
        if key not in programs:
            torch = torch_package()
            like = [_tensor_like(torch, x, source) if _is_operand(x) else x for x in leaves]
            args, named = torch.utils._pytree.tree_unflatten(like, form)
            with _in_modes_of(self):
                programs[key] = export(source.name, source.runs, source.paths(), args, named)
            if len(programs) > MOST_KEPT:
                programs.popitem(last=False)
        programs.move_to_end(key)
        return programs[key]

    def _find(self, path: str) -> Any:
        holder, name = self._holder(path)
        return holder[name]

    def _holder(self, path: str) -> tuple[dict[str, Any], str]:
        """The dict that has the parameter or buffer of a path, and its name there."""
        if path in self._source.tensors:
            return self._parts, path
        *above, name = path.removeprefix(self._source.prefix).split(".")
        part: Any = self
        for step in above:
            part = part._parts[step]
        return (part._parts if name in part._parts else part._hidden), name

    # --- what it is made of -------------------------------------------------------------------

    def _items(self) -> Iterable[tuple[str, Any]]:
        return self._parts.items()

    def _state(self, who: str) -> dict[str, Parameter | Buffer]:
        super()._state(who)  # refuses a close-up
        # A shared parameter by each of its names, as PyTorch has it.
        names = (*self._source.module.state_dict(), *self._source.tensors)
        return {name: self._find(self._source.prefix + name) for name in names}

    def __getattr__(self, name: str) -> Any:
        parts = vars(self).get("_parts", {})
        if name in parts:
            return parts[name]
        raise AttributeError(
            f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self
        )

    def __setattr__(self, name: str, value: object) -> None:
        if name in vars(self).get("_parts", {}):
            raise TypeError(
                f"{self._named()}: {name} belongs to the imported model. Assign to {name}.data to "
                "change numbers; to change the model, change PyTorch's and import that."
            )
        super().__setattr__(name, value)

    def _named(self) -> str:
        return self._source.name

    def _details(self) -> str:
        return str(self._source.module.extra_repr())


def _parameter(name: str, tensor: TorchTensor) -> Parameter:
    parameter = Parameter(array_of(tensor), label=name)
    parameter.requires_grad = tensor.requires_grad
    return parameter


@contextmanager
def _in_modes_of(model: TorchModule) -> Iterator[None]:
    """Inside, PyTorch's modules train, or not, as ours of them."""
    ours = [part for part in model.modules() if isinstance(part, TorchModule)]
    theirs = [part._source.module for part in ours]
    before = [module.training for module in theirs]
    try:
        for module, part in zip(theirs, ours, strict=True):
            module.training = part.training
        yield
    finally:
        for module, training in zip(theirs, before, strict=True):
            module.training = training


# --- arguments ------------------------------------------------------------------------------------


def _taken_apart(
    torch: Torch, args: tuple[object, ...], named: dict[str, object]
) -> tuple[list[object], object]:
    """The leaves of arguments, PyTorch's tensors as arrays, and the form that they had."""
    in_order = dict(sorted(named.items()))
    leaves, form = torch.utils._pytree.tree_flatten((args, in_order))
    try:
        return [array_of(x) if isinstance(x, torch.Tensor) else x for x in leaves], form
    except TypeError as err:
        raise TypeError(f"from_torch: an input has {err}. Convert it: x.float().") from err


def _is_operand(x: object) -> TypeIs[Tensor | Value | Array]:
    """Whether it is numbers to compute with; a setting otherwise."""
    return isinstance(x, (Tensor, Value, np.ndarray, np.generic)) or hasattr(x, "__array_ufunc__")


def _kind(x: object) -> str:
    """One letter, as NumPy's types have; Values are floats."""
    kind = str(getattr(getattr(x, "dtype", None), "kind", "f" if isinstance(x, Value) else ""))
    return "f" if kind == "O" else kind


def _as_constant(x: object, name: str) -> object:
    """Floats as one node of pictures, by the name that the model has for them."""
    return Tensor(x, label=name) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x


def _signature(x: object, exactly: bool) -> tuple[object, str]:
    """The properties of a leaf that a program depends on."""
    if not _is_operand(x):
        return type(x), repr(x)
    kind = _kind(x)
    return shape_of(x), str(getattr(x, "dtype", kind)) if exactly or kind != "f" else kind


def _tensor_like(torch: Torch, x: Tensor | Value | Array, source: Source) -> TorchTensor:
    """A tensor of PyTorch's of this shape; floats of the model's own type."""
    dtype = source.floats if _kind(x) == "f" else None
    if dtype is None:
        name = str(getattr(x, "dtype", "float64"))
        dtype = getattr(torch, "float64" if name == "object" else name, None)
    if not isinstance(dtype, torch.dtype):
        raise TypeError(f"{source.name}: needs arrays of numbers, but got {came(x)}.")
    return torch.zeros(shape_of(x), dtype=dtype, device=source.device)
