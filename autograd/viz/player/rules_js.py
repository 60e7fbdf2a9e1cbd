"""The rules a page needs to compute with, generated from the rulebook.

Nothing is declared here for single operations. A derivative is what the rulebook's own function
gives when it is run on symbols, written down as JavaScript. The forward computation has branches
(`x if x > 0 else 0`), which cannot be run on symbols, so its source is read from the rulebook's
file and translated. What cannot be translated cannot be recomputed in the page, and is only shown.
"""

from __future__ import annotations

import ast
import functools
import inspect
import json
import math
import sys
from collections.abc import Iterable
from typing import Any

from autograd.op import RULEBOOK, Elementwise, Op
from autograd.viz.symbols import Comparison, Symbol

# The functions of Python's `math` and of NumPy that JavaScript's `Math` has by another name, or
# not at all. `Math.pow` is nan where C's is 1, for 1 to any power and -1 to an infinite one.
_FUNCTIONS = {
    "add": "({0}+{1})",
    "mul": "({0}*{1})",
    "fabs": "Math.abs({0})",
    "absolute": "Math.abs({0})",
    "float": "+({0})",
    "max": "Math.max({0},{1})",
    "pow": "((x,y)=>x===1||x===-1&&Math.abs(y)===Infinity?1:x**y)({0},{1})",
    "copysign": "((x,y)=>y<0||Object.is(y,-0)?-Math.abs(x):Math.abs(x))({0},{1})",
    "fmod": "({0}%{1})",
    "round": "(x=>{{let r=Math.round(x);return Math.abs(x%1)===.5&&r%2?r-1:r}})({0})",
    # As Python's: a whole number of times, also where x / y is rounded up to it.
    "floor_divide": "((x,y)=>{{let m=x%y,d=(x-m)/y;if(!y)return x/y;if(m&&m<0!==y<0)d-=1;"
    "return d?Math.round(d):x/y*0}})({0},{1})",
    "logaddexp": "((x,y)=>x===y?x+Math.LN2:Math.max(x,y)+Math.log1p(Math.exp(-Math.abs(x-y))))"
    "({0},{1})",
    "logaddexp2": "((x,y)=>x===y?x+1:Math.max(x,y)+Math.log1p(2**-Math.abs(x-y))/Math.LN2)"
    "({0},{1})",
    # Its series; further out the continued fraction of what is missing to 1 (Abramowitz & Stegun,
    # "Handbook of Mathematical Functions" (1964), 7.1.5 and 7.1.14).
    "erf": "(x=>{{let a=Math.abs(x),s=a,t=a,n=0;if(!(a<6))return a>5?Math.sign(x):x;"
    "if(a<2.5){{for(;n<90;)t*=-a*a/++n,s+=t/(2*n+1);s*=2/Math.sqrt(Math.PI)}}"
    "else{{for(s=0,n=60;n;n--)s=n/2/(a+s);s=1-Math.exp(-a*a)/Math.sqrt(Math.PI)/(a+s)}}"
    "return x<0?-s:s}})({0})",
}
_SAME_NAME = {
    "sqrt", "cbrt", "floor", "ceil", "exp", "expm1", "log", "log2", "log10", "log1p", "sin", "cos",
    "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
    "hypot", "sign", "trunc",
}  # fmt: skip
# With the sign of y, as in Python, that of a zero, too.
_REMAINDER = "((x,y)=>(r=>r?r<0!==y<0?r+y:r:r===0&&y<0?-0:Math.abs(r))(x%y))({0},{1})"
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.USub: "-", ast.Gt: ">",
    ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.NotEq: "!==", ast.Eq: "===", ast.Or: "||",
    ast.And: "&&",
}  # fmt: skip
_COMPARISONS = {"greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<="}


@functools.cache
def can_compute(op: Op) -> bool:
    """Whether a page can compute this operation and its derivatives."""
    if RULEBOOK.get(op.name) is not op:  # one of somebody's own with the same name
        return False
    try:
        _rule(op.name)
    except LookupError:
        return False
    return True


def rules_js(names: Iterable[str]) -> str:
    """The rules of some operations as a JavaScript object: name to [forward, [derivatives]].

    Example:
        >>> print(rules_js(["tanh", "relu"]))
        {"tanh":[(x)=>Math.tanh(x),[(x,o)=>(1-(o*o))]],
        "relu":[(x)=>((x<=0)?0.0:x),[(x,o)=>+(x>0)]]}
    """
    return "{" + ",\n".join(map(_rule, names)) + "}"


def computable(names: Iterable[str]) -> list[str]:
    """Operations that a page can compute, what their derivatives are written with, and signs.

    Example:
        >>> computable(["sin", "matmul"])
        ['sin', 'cos', 'add', 'subtract', 'multiply', 'divide', 'power', 'negative']
    """
    known = [name for name in names if name in RULEBOOK]
    found = dict.fromkeys(name for name in known if can_compute(RULEBOOK[name]))
    for op in [RULEBOOK[name] for name in found]:
        formulas = [_symbol(p(*_symbols(op))) for p in getattr(op, "partials", ())]
        while formulas:
            formula = formulas.pop()
            formulas += formula.operands
            if isinstance(formula.op, Elementwise):
                found[formula.op.name] = None
    signs = ("add", "subtract", "multiply", "divide", "power", "negative")
    return list(found | dict.fromkeys(signs))


def _symbols(op: Op) -> list[Symbol]:
    return [_Number(x) for x in (*["x", "y"][: op.arity], "o")]


@functools.cache
def _rule(name: str) -> str:
    op = RULEBOOK[name]
    if not isinstance(op, Elementwise):
        raise LookupError(name)
    arguments = ",".join(["x", "y"][: op.arity])
    symbols = _symbols(op)
    partials = [f"({arguments},o)=>{_expression(_symbol(p(*symbols)))}" for p in op.partials]
    flat = ",1" if op.is_flat else ""  # no gradient passes, not even an infinite one
    return f"{json.dumps(name)}:[{_forward(name)},[{','.join(partials)}]{flat}]"


# --- derivatives: symbols as JavaScript -------------------------------------------------------


class _Number(Symbol):
    """A symbol in whose place a page will put any number: rules take no case for granted."""

    __slots__ = ()
    requires_grad = True


def _symbol(x: Any) -> Symbol:
    return x if isinstance(x, Symbol) else Symbol(x)


def _expression(x: Symbol) -> str:
    if x.number is not None:
        return _number(x.number)
    if x.op is None:
        return x.name
    operands = [_expression(y) for y in x.operands]
    if isinstance(x.op, Comparison):
        return f"+({operands[0]}{_COMPARISONS[x.op.name]}{operands[1]})"
    match x.op.name:
        case "add" | "subtract" | "multiply" | "divide":
            return f"({operands[0]}{x.op.symbol}{operands[1]})"
        case "negative":
            return f"(-{operands[0]})"
        case "square":
            return f"({operands[0]}*{operands[0]})"
    if isinstance(node := _declared(x.op.name), ast.Attribute):
        return _call(node.attr, operands)
    return f"({_forward(x.op.name)})({','.join(operands)})"


def _number(x: float) -> str:
    if not math.isfinite(x):
        return "NaN" if x != x else "Infinity" if x > 0 else "(-Infinity)"
    text = repr(x).removesuffix(".0")
    return f"({text})" if x < 0 else text


# --- forward: the rulebook's source as JavaScript ---------------------------------------------


@functools.cache
def _functions(module: str) -> dict[str, ast.FunctionDef]:
    """The functions of a module, as they are written."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (OSError, TypeError) as err:  # there is no source
        raise LookupError(module) from err
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def _declared(name: str) -> ast.expr | ast.FunctionDef:
    """What computes an operation on floats: its `scalar=`, or else the declared function."""
    functions = _functions(RULEBOOK[name].__module__)
    function = functions[name]
    for decorator in function.decorator_list:
        for keyword in getattr(decorator, "keywords", ()):
            if keyword.arg == "scalar":
                found = keyword.value
                return functions[found.id] if isinstance(found, ast.Name) else found
    return function


def _forward(name: str) -> str:
    declared = _declared(name)
    if isinstance(declared, ast.Attribute):  # math.tanh
        operands = ["x", "y"][: RULEBOOK[name].arity]
        return f"({','.join(operands)})=>{_call(declared.attr, operands)}"
    if isinstance(declared, ast.Lambda):
        return f"({_arguments(declared, name)})=>{_translated(declared.body)}"
    if not isinstance(declared, ast.FunctionDef):
        raise LookupError(name)
    lines = []
    for statement in declared.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=variable)], value=value):
                lines.append(f"const {variable}={_translated(value)}")
            case ast.Return(value=ast.expr() as value):
                lines.append(f"return {_translated(value)}")
            case ast.Expr(value=ast.Constant()):  # the docstring
                continue
            case _:
                raise LookupError(ast.unparse(statement))
    return f"({_arguments(declared, name)})=>{{{';'.join(lines)}}}"


def _arguments(function: ast.Lambda | ast.FunctionDef, name: str) -> str:
    """The names of the operands, with what they are where they are left out."""
    names, defaults = [x.arg for x in function.args.args], RULEBOOK[name].defaults
    needed = len(names) - len(defaults)
    return ",".join(
        names[:needed] + [f"{x}={y}" for x, y in zip(names[needed:], defaults, strict=True)]
    )


def _translated(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Constant(value=bool() | int() | float()):
            return json.dumps(node.value)
        case ast.Attribute(value=ast.Name(id="math"), attr="pi"):
            return json.dumps(math.pi)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _call("pow", [_translated(left), _translated(right)])
        case ast.BinOp(left=left, op=ast.Mod(), right=right):
            return _REMAINDER.format(_translated(left), _translated(right))
        case ast.BinOp(left=left, op=op, right=right):
            return f"({_translated(left)}{_OPERATORS[type(op)]}{_translated(right)})"
        case ast.UnaryOp(op=op, operand=operand):
            return f"({_OPERATORS[type(op)]}{_translated(operand)})"
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return f"({_translated(left)}{_OPERATORS[type(op)]}{_translated(right)})"
        case ast.BoolOp(op=op, values=values):
            return f"({_OPERATORS[type(op)].join(map(_translated, values))})"
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return f"({_translated(test)}?{_translated(body)}:{_translated(orelse)})"
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=args, keywords=[]):
            return _call(name, [_translated(argument) for argument in args])
    raise LookupError(ast.unparse(node))


def _call(function: str, operands: list[str]) -> str:
    if function in _SAME_NAME:
        return f"Math.{function}({','.join(operands)})"
    return _FUNCTIONS[function].format(*operands)
