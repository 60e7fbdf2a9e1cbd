"""The machine: a text of LLVM becomes functions that can be called, with llvmlite.

llvmlite is imported when it is needed first, and never by `import autograd`.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import threading
import weakref
from collections.abc import Sequence
from typing import Any

from autograd.compiler.native.llvm_function import Machine
from autograd.compiler.native.llvm_numbers import LIBM

_compiling = threading.Lock()

CALL: Any = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
"""A function of the machine; while it runs, other threads of Python do."""


def is_installed() -> bool:
    """Whether llvmlite is there; it is not imported."""
    return importlib.util.find_spec("llvmlite") is not None


@functools.cache
def _llvm() -> Any:
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding


@functools.cache
def this_machine() -> Machine:
    """The machine that this runs on."""
    features = _llvm().get_host_cpu_features()
    wide = 64 if features.get("avx512f") else 32 if features.get("avx2") else 16
    is_arm = _llvm().get_default_triple().startswith(("aarch64", "arm64"))
    return Machine(wide, bool(features.get("fma")) or is_arm)


@functools.cache
def known_in_c() -> frozenset[str]:
    """The functions of numbers, by NumPy's names, that this machine's C library has."""
    find = _llvm().address_of_symbol
    return frozenset(name for name, theirs in LIBM.items() if find(theirs))


class Compiled:
    """Functions of the machine, from a text; they are there as long as this is.

    Args:
        text: LLVM's text of functions @f0, @f1, …
        count: How many there are.
    """

    def __init__(self, text: str, count: int) -> None:
        binding = _llvm()
        with _compiling:
            module = binding.parse_assembly(text)
            target = binding.Target.from_default_triple().create_target_machine(
                cpu=binding.get_host_cpu_name(),
                features=binding.get_host_cpu_features().flatten(),
                opt=1,
            )
            module.triple = target.triple
            module.data_layout = str(target.target_data)
            engine = binding.create_mcjit_compiler(module, target)
            engine.finalize_object()
            addresses = [engine.get_function_address(f"f{k}") for k in range(count)]
        # Not an attribute: in a circle of references Python would free its parts in any order.
        weakref.finalize(self, _free, engine, module, target)
        self.functions: Sequence[Any] = [CALL(address) for address in addresses]


def _free(engine: Any, module: Any, target: Any) -> None:
    """Free code that nobody can call any more; the engine owns the others."""
    with _compiling:
        engine.close()
