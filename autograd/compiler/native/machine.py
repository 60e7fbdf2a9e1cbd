"""The machine: a text of LLVM becomes functions that can be called, with llvmlite.

llvmlite is imported when it is needed first, and never by `import autograd`.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import sys
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from autograd.compiler.native.llvm_function import Machine
from autograd.compiler.native.llvm_numbers import LIBM

_compiling = threading.RLock()
"""Whoever is in LLVM has this."""

_unwanted: list[Any] = []  # code to free as soon as nobody is in LLVM

if hasattr(os, "register_at_fork"):  # a child has no thread that would leave LLVM again
    os.register_at_fork(
        before=_compiling.acquire,
        after_in_parent=_compiling.release,
        after_in_child=_compiling.release,
    )

CALL: Any = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)
"""A function of the machine; while it runs, other threads of Python do."""


@functools.cache
def _llvm() -> Any:
    with _compiling:
        from llvmlite import binding

        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        if sys.platform != "win32":
            library = ctypes.CDLL(None)  # what Python itself uses, which LLVM does not look through
            for theirs in LIBM.values():
                if (function := getattr(library, theirs, None)) is not None:
                    found = ctypes.cast(function, ctypes.c_void_p).value
                    binding.add_symbol(theirs, found)
        return binding


@functools.cache
def this_machine() -> Machine:
    """The machine that this runs on."""
    with _compiling:
        features = _llvm().get_host_cpu_features()
        is_arm = _llvm().get_default_triple().startswith(("aarch64", "arm64"))
    wide = 64 if features.get("avx512f") else 32 if features.get("avx2") else 16
    return Machine(wide, bool(features.get("fma")) or is_arm)


@functools.cache
def known_in_c() -> frozenset[str]:
    """The functions of numbers, by NumPy's names, that this machine's C library has."""
    with _compiling:
        find = _llvm().address_of_symbol
        return frozenset(name for name, theirs in LIBM.items() if find(theirs))


QUICKLY = {
    "disable-lsr": True, "disable-cgp": True, "fast-isel": True, "enable-misched": False,
    "disable-machine-cse": True, "disable-copyprop": True, "disable-machine-sink": True,
    "disable-branch-fold": True, "disable-tail-duplicate": True, "disable-early-taildup": True,
    "disable-early-ifcvt": True, "disable-constant-hoisting": True,
    "disable-partial-libcall-inlining": True, "disable-postra-machine-licm": True,
}  # fmt: skip
"""What lets LLVM make code in half the time: our loops say where their numbers are, and in which
order they are computed, so that it need not look for better ways, and the steps are as fast."""

_TRIED = range(20, 23)
"""The versions of LLVM that are known to have these; others would end the process."""


@contextlib.contextmanager
def _quickly() -> Iterator[None]:
    """Inside, LLVM makes code so, whoever asks for it, as its options are the whole process's.

    Whoever else uses it, as Numba does, has the code of before again afterwards, but without
    optimization (opt=0): there "fast-isel" is on until it is set, and cannot be unset.
    """
    options = QUICKLY if _llvm().llvm_version_info[0] in _TRIED else {}
    for name, value in options.items():
        _llvm().set_option("", f"-{name}={value}".lower())
    try:
        yield
    finally:
        for name, value in options.items():
            _llvm().set_option("", f"-{name}={not value}".lower())


class Ending(Exception):
    """The program is about to end, and should not wait for code."""


class Compiled:
    """Functions of the machine, from texts; they are there as long as this is.

    Args:
        texts: LLVM's texts of functions @f0, @f1, …, in this order.

    Raises:
        Ending: the interpreter ends; between two texts this is noticed.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self.functions: Sequence[Any] = [CALL(x) for text in texts for x in self._addresses(text)]

    def _addresses(self, text: str) -> list[int]:
        """Compile a text; where its functions are."""
        if not threading.main_thread().is_alive():
            raise Ending
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
            with _quickly():
                engine.finalize_object()
            names = [x.name for x in module.functions if not x.is_declaration]
            addresses = [engine.get_function_address(name) for name in names]
        # Not an attribute: in a circle of references Python would free its parts in any order.
        freed = weakref.finalize(self, _free, engine, module, target)
        freed.atexit = False  # another thread may still be in it
        return addresses


def _free(engine: Any, module: Any, target: Any) -> None:
    """Free code that nobody can call any more; the engine owns the others.

    This may be in the midst of anything, as it is the garbage collector that calls it: where
    another thread is in LLVM, it is left to the next one that is done.
    """
    _unwanted.append((engine, module, target))
    while _unwanted and _compiling.acquire(blocking=False):
        try:
            while _unwanted:
                _unwanted.pop()[0].close()
        finally:
            _compiling.release()
