"""LLVM: functions of numbers, as vectors of several at once.

The elementary functions are written here, so that they are quick on every machine: exp and log by
the methods of Cody and Waite and of fdlibm, tanh as in Cephes, each within 2 units in the last
place. They give what IEEE asks for at nan, infinities and zeros.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

KINDS = {"f8": "double", "f4": "float", "i8": "i64", "i4": "i32", "u1": "i8", "b1": "i1"}
"""LLVM's type of a number; in memory truth values are bytes."""

LIBM = {
    "sin": "sin", "cos": "cos", "tan": "tan", "expm1": "expm1", "log1p": "log1p", "log2": "log2",
    "log10": "log10", "exp2": "exp2", "cbrt": "cbrt", "power": "pow", "arctan2": "atan2",
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "sinh": "sinh", "cosh": "cosh",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "hypot": "hypot",
}  # fmt: skip
"""Functions that C's library computes, one number at a time."""

_ARITHMETIC = {
    "f": {"add": "fadd", "subtract": "fsub", "multiply": "fmul", "divide": "fdiv"},
    "i": {"add": "add", "subtract": "sub", "multiply": "mul"},
}
_COMPARISONS = {
    "greater": ("ogt", "sgt"), "greater_equal": ("oge", "sge"), "less": ("olt", "slt"),
    "less_equal": ("ole", "sle"), "equal": ("oeq", "eq"), "not_equal": ("une", "ne"),
}  # fmt: skip
_INTRINSICS = {
    "sqrt": "sqrt", "floor": "floor", "ceil": "ceil", "trunc": "trunc", "rint": "rint",
    "absolute": "fabs", "copysign": "copysign",
}  # fmt: skip


_LOG = (
    1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01,
    2.222219843214978396e-01, 2.857142874366239149e-01, 3.999999999940941908e-01,
    6.666666666666735130e-01,
)  # fmt: skip


WRITTEN = frozenset(
    {"cast", "where", "logical_and", "logical_or", "logical_not", "maximum", "minimum", "negative",
     "square", "reciprocal", "isnan", "isfinite", "isinf", "sign", "exp", "log", "tanh",
     *_ARITHMETIC["f"], *_COMPARISONS, *_INTRINSICS}
)  # fmt: skip
"""The functions of numbers that are written down here, on every machine."""


def bits(x: float) -> str:
    """A number as LLVM writes it exactly."""
    return f"0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016X}"


class Numbers:
    """Writes down functions of numbers.

    Args:
        emit: Writes an instruction and gives the name of its result.
        declare: Notes a function that is called, with its declaration.
        fused: Whether the machine multiplies and adds in one step.
    """

    def __init__(
        self, emit: Callable[[str], str], declare: Callable[[str, str], Any], fused: bool
    ) -> None:
        self.emit, self.declare, self.fused = emit, declare, fused

    def type(self, dtype: np.dtype[Any] | str, lanes: int) -> str:
        """The type of so many numbers."""
        kind = dtype if isinstance(dtype, str) else KINDS[dtype.str[1:]]
        return kind if lanes == 1 else f"<{lanes} x {kind}>"

    def constant(self, value: float, dtype: np.dtype[Any] | str, lanes: int) -> str:
        """A number, so many times."""
        if isinstance(dtype, str):
            kind, word = dtype, bits(value) if dtype == "double" else str(value)
        else:
            kind = KINDS[dtype.str[1:]]
            word = (
                bits(float(np.float32(value) if kind == "float" else value))
                if (dtype.kind == "f")
                else str(int(value))
            )
        if lanes == 1:
            return word
        return "<" + ", ".join([f"{kind} {word}"] * lanes) + ">"

    def splat(self, x: str, dtype: np.dtype[Any], lanes: int) -> str:
        """One number in every lane."""
        if lanes == 1:
            return x
        kind, wide = self.type(dtype, 1), self.type(dtype, lanes)
        one = self.emit(f"insertelement {wide} poison, {kind} {x}, i32 0")
        return self.emit(
            f"shufflevector {wide} {one}, {wide} poison, <{lanes} x i32> zeroinitializer"
        )

    def apply(
        self,
        name: str,
        args: list[str],
        dtypes: list[np.dtype[Any]],
        out: np.dtype[Any],
        lanes: int,
    ) -> str:
        """A function of numbers by NumPy's name."""
        first, kind = dtypes[0], dtypes[0].kind
        wide = self.type(first, lanes)
        x, y = (*args, "")[:2]
        if name == "cast":
            return self.cast(x, first, out, lanes)
        if kind in "fi" and name in _ARITHMETIC[kind]:
            return self.emit(f"{_ARITHMETIC[kind][name]} {wide} {x}, {y}")
        if name in _COMPARISONS:
            relation = _COMPARISONS[name][kind != "f"]
            if kind == "b":
                relation = relation.replace("s", "u", 1)
            return self.emit(f"{'fcmp' if kind == 'f' else 'icmp'} {relation} {wide} {x}, {y}")
        if name == "where":
            choice, value = self.type(first, lanes), self.type(out, lanes)
            return self.emit(f"select {choice} {x}, {value} {y}, {value} {args[2]}")
        if name in ("logical_and", "logical_or", "logical_not"):
            args = [self.truth(a, d, lanes) for a, d in zip(args, dtypes, strict=True)]
            wide, x = self.type("i1", lanes), args[0]
            if name == "logical_not":
                return self.emit(f"xor {wide} {x}, {self.constant(1, 'i1', lanes)}")
            return self.emit(f"{name[8:]} {wide} {x}, {args[1]}")
        if name in ("maximum", "minimum"):
            return self._extremum(name, x, y, first, lanes)
        if kind == "i" and name == "negative":
            return self.emit(f"sub {wide} {self.constant(0, first, lanes)}, {x}")
        return self._of_floats(name, args, first, lanes)

    def truth(self, x: str, dtype: np.dtype[Any], lanes: int) -> str:
        """Whether a number is not 0."""
        if dtype.kind == "b":
            return x
        compare = "fcmp une" if dtype.kind == "f" else "icmp ne"
        zero = self.constant(0, dtype, lanes)
        return self.emit(f"{compare} {self.type(dtype, lanes)} {x}, {zero}")

    def cast(self, x: str, source: np.dtype[Any], to: np.dtype[Any], lanes: int) -> str:
        """A number as one of another type."""
        if to.kind == "b":
            return self.truth(x, source, lanes)
        before, after = self.type(source, lanes), self.type(to, lanes)
        if before == after:
            return x
        if source.kind == to.kind:
            wider = to.itemsize > source.itemsize
            how = (
                ("fpext" if wider else "fptrunc")
                if to.kind == "f"
                else ("sext" if wider else "trunc")
            )
        elif source.kind in "ub":
            how = "uitofp" if to.kind == "f" else "zext"
        else:
            how = "sitofp" if to.kind == "f" else "fptosi"
        return self.emit(f"{how} {before} {x} to {after}")

    def _extremum(self, name: str, x: str, y: str, dtype: np.dtype[Any], lanes: int) -> str:
        wide = self.type(dtype, lanes)
        more = name == "maximum"
        if dtype.kind != "f":
            test = self.emit(f"icmp {'sgt' if more else 'slt'} {wide} {x}, {y}")
            return self.emit(f"select {self.type('i1', lanes)} {test}, {wide} {x}, {wide} {y}")
        truth = self.type("i1", lanes)
        # Of 0.0 and -0.0 it is the second, as with NumPy where there is an instruction for that.
        test = self.emit(f"fcmp {'ogt' if more else 'olt'} {wide} {x}, {y}")
        found = self.emit(f"select {truth} {test}, {wide} {x}, {wide} {y}")
        is_nan = self.emit(f"fcmp uno {wide} {x}, {x}")
        return self.emit(f"select {truth} {is_nan}, {wide} {x}, {wide} {found}")

    def _of_floats(self, name: str, args: list[str], dtype: np.dtype[Any], lanes: int) -> str:
        wide, x = self.type(dtype, lanes), args[0]
        number = self.constant
        if name in _INTRINSICS:
            return self.intrinsic(_INTRINSICS[name], args, dtype, lanes)
        if name == "negative":
            return self.emit(f"fneg {wide} {x}")
        if name == "square":
            return self.emit(f"fmul {wide} {x}, {x}")
        if name == "reciprocal":
            return self.emit(f"fdiv {wide} {number(1.0, dtype, lanes)}, {x}")
        if name == "isnan":
            return self.emit(f"fcmp uno {wide} {x}, {x}")
        if name in ("isfinite", "isinf"):
            size = self.intrinsic("fabs", [x], dtype, lanes)
            relation = "olt" if name == "isfinite" else "oeq"
            return self.emit(f"fcmp {relation} {wide} {size}, {number(math.inf, dtype, lanes)}")
        if name == "sign":
            return self._sign(x, dtype, lanes)
        if dtype.itemsize == 4:  # computed in double
            double = np.dtype(np.float64)
            args = [self.cast(a, dtype, double, lanes) for a in args]
            return self.cast(self._of_floats(name, args, double, lanes), double, dtype, lanes)
        if name in ("exp", "log", "tanh"):
            found: str = getattr(self, f"_{name}")(x, lanes)
            return found
        return self._one_by_one(LIBM[name], args, lanes)

    def least(self, x: str, most: int) -> str:
        """A place, but not beyond the last one."""
        test = self.emit(f"icmp ult i64 {x}, {most}")
        return self.emit(f"select i1 {test}, i64 {x}, i64 {most}")

    def after(self, first: int, x: str, y: str, dtype: np.dtype[Any], lanes: int) -> str:
        """The numbers of one vector from some lane on, and those of another one before it."""
        mask = ", ".join(f"i1 {int(lane >= first)}" for lane in range(lanes))
        wide = self.type(dtype, lanes)
        return self.emit(f"select <{lanes} x i1> <{mask}>, {wide} {x}, {wide} {y}")

    def intrinsic(self, name: str, args: list[str], dtype: np.dtype[Any], lanes: int) -> str:
        """One of LLVM's own functions."""
        wide = self.type(dtype, lanes)
        size = KINDS[dtype.str[1:]].replace("double", "f64").replace("float", "f32")
        full = f"llvm.{name}.{'' if lanes == 1 else f'v{lanes}'}{size}"
        self.declare(full, f"declare {wide} @{full}({', '.join([wide] * len(args))})")
        return self.emit(f"call {wide} @{full}({', '.join(f'{wide} {a}' for a in args)})")

    def _one_by_one(self, name: str, args: list[str], lanes: int) -> str:
        """A function of C's library, for each lane."""
        kinds = ", ".join(["double"] * len(args))
        self.declare(name, f"declare double @{name}({kinds})")
        if lanes == 1:
            return self.emit(f"call double @{name}({', '.join(f'double {a}' for a in args)})")
        found = "poison"
        for k in range(lanes):
            each = [self.emit(f"extractelement <{lanes} x double> {a}, i32 {k}") for a in args]
            one = self.emit(f"call double @{name}({', '.join(f'double {a}' for a in each)})")
            found = self.emit(f"insertelement <{lanes} x double> {found}, double {one}, i32 {k}")
        return found

    def _sign(self, x: str, dtype: Any, lanes: int) -> str:
        wide, truth = self.type(dtype, lanes), self.type("i1", lanes)
        zero, one = self.constant(0.0, dtype, lanes), self.constant(1.0, dtype, lanes)
        is_not = self.emit(f"fcmp une {wide} {x}, {zero}")  # holds for nan, too
        unit = self.intrinsic("copysign", [one, x], dtype, lanes)
        found = self.emit(f"select {truth} {is_not}, {wide} {unit}, {wide} {zero}")
        is_nan = self.emit(f"fcmp uno {wide} {x}, {x}")
        return self.emit(f"select {truth} {is_nan}, {wide} {x}, {wide} {found}")

    # --- elementary functions

    def fma(self, a: str, b: str, c: str, dtype: np.dtype[Any], lanes: int) -> str:
        """a * b + c, rounded once where the machine can."""
        if self.fused:
            return self.intrinsic("fma", [a, b, c], dtype, lanes)
        wide = self.type(dtype, lanes)
        return self.emit(f"fadd {wide} {self.emit(f'fmul {wide} {a}, {b}')}, {c}")

    def _exp(self, x: str, lanes: int) -> str:
        """2**k e**r with r = x - k ln 2, at most ln 2 / 2; e**r by its series."""
        double = np.dtype(np.float64)
        d, i = self.type("double", lanes), self.type("i64", lanes)
        truth, emit = self.type("i1", lanes), self.emit

        def c(value: float) -> str:
            return self.constant(value, "double", lanes)

        low = emit(f"fcmp olt {d} {x}, {c(-745.2)}")  # then the result is 0, found early
        high = emit(f"fcmp ogt {d} {x}, {c(709.79)}")
        out = emit(f"or {truth} {low}, {high}")
        inside = emit(f"select {truth} {out}, {d} {c(0.0)}, {d} {x}")
        k = self.intrinsic(
            "rint", [emit(f"fmul {d} {inside}, {c(1 / math.log(2))}")], double, lanes
        )
        minus = emit(f"fneg {d} {k}")
        r = self.fma(minus, c(6.93147180369123816490e-01), inside, double, lanes)
        r = self.fma(minus, c(1.90821492927058770002e-10), r, double, lanes)
        p = c(1 / math.factorial(13))
        for n in range(12, -1, -1):
            p = self.fma(p, r, c(1 / math.factorial(n)), double, lanes)
        finite = emit(f"fcmp ord {d} {k}, {k}")
        k = emit(f"select {truth} {finite}, {d} {k}, {d} {c(0.0)}")
        whole = emit(f"fptosi {d} {k} to {i}")
        half = emit(f"ashr {i} {whole}, {self.constant(1, 'i64', lanes)}")
        rest = emit(f"sub {i} {whole}, {half}")
        for part in (half, rest):  # in two steps, as 2**k may be no number of its own
            biased = emit(f"add {i} {part}, {self.constant(1023, 'i64', lanes)}")
            shifted = emit(f"shl {i} {biased}, {self.constant(52, 'i64', lanes)}")
            p = emit(f"fmul {d} {p}, {emit(f'bitcast {i} {shifted} to {d}')}")
        p = emit(f"select {truth} {low}, {d} {c(0.0)}, {d} {p}")
        return emit(f"select {truth} {high}, {d} {c(math.inf)}, {d} {p}")

    def _tanh(self, x: str, lanes: int) -> str:
        """1 - 2 / (e**2|x| + 1) with the sign of x; near 0 a quotient of polynomials."""
        double = np.dtype(np.float64)
        d, emit = self.type("double", lanes), self.emit

        def c(value: float) -> str:
            return self.constant(value, "double", lanes)

        size = self.intrinsic("fabs", [x], double, lanes)
        e = self._exp(emit(f"fadd {d} {size}, {size}"), lanes)
        part = emit(f"fdiv {d} {c(2.0)}, {emit(f'fadd {d} {e}, {c(1.0)}')}")
        far = emit(f"fsub {d} {c(1.0)}, {part}")
        far = self.intrinsic("copysign", [far, x], double, lanes)
        z = emit(f"fmul {d} {x}, {x}")
        top, bottom = (
            c(-9.64399179425052238628e-1),
            emit(f"fadd {d} {z}, {c(112.811678491632931402)}"),
        )
        for value in (-9.92877231001918586564e1, -1.61468768441708447952e3):
            top = self.fma(top, z, c(value), double, lanes)
        for value in (2.23548839060100448583e3, 4.84406305325125486048e3):
            bottom = self.fma(bottom, z, c(value), double, lanes)
        ratio = emit(f"fdiv {d} {emit(f'fmul {d} {z}, {top}')}, {bottom}")
        near = self.fma(x, ratio, x, double, lanes)
        is_far = emit(f"fcmp ogt {d} {size}, {c(0.625)}")
        return emit(f"select {self.type('i1', lanes)} {is_far}, {d} {far}, {d} {near}")

    def _log(self, x: str, lanes: int) -> str:
        """K ln 2 + ln m with m near 1, by fdlibm's polynomial in (m - 1) / (m + 1)."""
        double = np.dtype(np.float64)
        d, i = self.type("double", lanes), self.type("i64", lanes)
        truth, emit = self.type("i1", lanes), self.emit

        def c(value: float) -> str:
            return self.constant(value, "double", lanes)

        def n(value: int) -> str:
            return self.constant(value, "i64", lanes)

        tiny = emit(f"fcmp olt {d} {x}, {c(2.0**-1022)}")
        scaled = emit(f"fmul {d} {x}, {c(2.0**54)}")
        y = emit(f"select {truth} {tiny}, {d} {scaled}, {d} {x}")
        word = emit(f"bitcast {d} {y} to {i}")
        moved = emit(f"add {i} {word}, {n(0x3FF0000000000000 - 0x3FE6A09E667F3BCD)}")
        k = emit(f"sub {i} {emit(f'ashr {i} {moved}, {n(52)}')}, {n(1023)}")
        less = emit(f"select {truth} {tiny}, {i} {n(54)}, {i} {n(0)}")
        mantissa = emit(f"and {i} {moved}, {n(0x000FFFFFFFFFFFFF)}")
        m = emit(f"add {i} {mantissa}, {n(0x3FE6A09E667F3BCD)}")
        f = emit(f"fadd {d} {emit(f'bitcast {i} {m} to {d}')}, {c(-1.0)}")
        k = emit(f"sitofp {i} {emit(f'sub {i} {k}, {less}')} to {d}")
        s = emit(f"fdiv {d} {f}, {emit(f'fadd {d} {f}, {c(2.0)}')}")
        z = emit(f"fmul {d} {s}, {s}")
        p = c(_LOG[0])
        for value in _LOG[1:]:
            p = self.fma(p, z, c(value), double, lanes)
        r = emit(f"fmul {d} {p}, {z}")
        half = emit(f"fmul {d} {emit(f'fmul {d} {f}, {f}')}, {c(0.5)}")
        t = emit(f"fmul {d} {s}, {emit(f'fadd {d} {half}, {r}')}")
        t = self.fma(k, c(1.90821492927058770002e-10), t, double, lanes)
        t = emit(f"fsub {d} {emit(f'fsub {d} {half}, {t}')}, {f}")
        found = self.fma(k, c(6.93147180369123816490e-01), emit(f"fneg {d} {t}"), double, lanes)
        for relation, bound, result in (
            ("oeq", 0.0, c(-math.inf)), ("ult", 0.0, c(math.nan)), ("oeq", math.inf, x)
        ):  # fmt: skip
            test = emit(f"fcmp {relation} {d} {x}, {c(bound)}")
            found = emit(f"select {truth} {test}, {d} {result}, {d} {found}")
        return found
