"""Single faults that can be planted in a file: a piece of its text, and what stands there then."""

import ast
import copy
from dataclasses import dataclass

COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
}  # fmt: skip

TOLD = {"examples", "strict"}  # what tests are to call an operation with; what is true anyway
UNTOUCHED = {"isinstance", "issubclass", "cast"}  # whose arguments in the other order say nothing
# Whose arguments may stand in either order: such a fault is none.
COMMUTATIVE = {
    "max", "min", "np.maximum", "np.minimum", "np.add", "np.multiply", "math.hypot",
    "np.may_share_memory", "math.gcd",
}  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """A fault in a file.

    Attributes:
        file: Its path in the project.
        kind: What sort of fault it is.
        line: Where it is, from 1.
        lines: From where to where the statement goes that it is in.
        start, end: Which bytes are replaced.
        old, new: What stands there, and what is put there.
    """

    file: str
    kind: str
    line: int
    lines: tuple[int, int]
    start: int
    end: int
    old: str
    new: str

    def can_be_read(self, text):
        """Whether Python reads the file with the fault in it."""
        try:
            ast.parse(self.planted(text))
        except SyntaxError:
            return False
        return True

    def planted(self, text):
        """The text of the file with the fault in it."""
        data = text.encode()
        return (data[: self.start] + self.new.encode() + data[self.end :]).decode()

    def __str__(self):
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        return f"{self.file}:{self.line} {self.kind}: {old[:70]} -> {new[:70]}"


def faults_of(file, text):
    """Every fault that can be planted in a file, in the order of its text."""
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for statement, node in _nodes(ast.parse(text)):
        for kind, new in _variants(node, getattr(statement, "test", None) is node):
            start = starts[node.lineno - 1] + node.col_offset
            end = starts[node.end_lineno - 1] + node.end_col_offset
            old = text.encode()[start:end].decode()
            made = ast.unparse(new)
            fault = Fault(
                file,
                kind,
                node.lineno,
                (statement.lineno, statement.end_lineno),
                start,
                end,
                old,
                f"({made})" if isinstance(new, ast.expr) else made,
            )
            found.append(fault)
    return sorted(found, key=lambda fault: (fault.start, fault.end, fault.kind, fault.new))


def _nodes(tree):
    """Statements and expressions that are run, each with the statement that it belongs to.

    Annotations, docstrings, texts of errors, `__all__` and `__slots__` are left out, and what only
    type checkers read.
    """
    pending = [(None, node) for node in tree.body]
    while pending:
        statement, node = pending.pop()
        if isinstance(node, ast.stmt):
            statement = node
            if _is_left_out(node):
                continue
        if isinstance(node, (ast.stmt, ast.expr)) and hasattr(node, "lineno"):
            yield statement, node
        if isinstance(node, ast.keyword) and node.arg in TOLD:
            continue
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "type_params") or isinstance(node, ast.JoinedStr):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    pending.append((statement, child))


def _is_left_out(node):
    if isinstance(node, (ast.Raise, ast.Import, ast.ImportFrom, ast.Assert, ast.Global)):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True  # a docstring
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return True
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(ast.unparse(target) in ("__all__", "__slots__") for target in targets):
            return True
        return isinstance(node, ast.AnnAssign) and "TypeAlias" in ast.unparse(node.annotation)
    return isinstance(node, ast.FunctionDef) and any(
        "overload" in ast.unparse(one) for one in node.decorator_list
    )


def _with(node, **changes):
    new = copy.deepcopy(node)
    for name, value in changes.items():
        setattr(new, name, value)
    return new


def _negated(test):
    return ast.UnaryOp(ast.Not(), copy.deepcopy(test))


def _variants(node, is_condition):
    """What may stand in the place of a node, each with the kind of the fault."""
    if is_condition:
        yield "condition", _negated(node)
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARISONS:
            yield "comparison", _with(node, ops=[COMPARISONS[type(op)]()])
        case ast.BinOp(op=op) if type(op) in ARITHMETIC and not _is_text(node):
            yield "arithmetic", _with(node, op=ARITHMETIC[type(op)]())
        case ast.BoolOp(op=op):
            yield "and/or", _with(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            yield "sign", copy.deepcopy(operand)
        case ast.Constant(value=bool(value)):
            yield "constant", ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield "constant", ast.Constant(value + 1)
        case ast.IfExp(test=test):
            yield "condition", _with(node, test=_negated(test))
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Break() | ast.Continue():
            yield "dropped", ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "dropped", ast.Pass()
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield "dropped", ast.Return(ast.Constant(None))
        case ast.Call(args=[first, second, *rest]) if (
            not isinstance(first, ast.Starred)
            and not isinstance(second, ast.Starred)
            and ast.unparse(first) != ast.unparse(second)
            and ast.unparse(node.func) not in UNTOUCHED
            and not (ast.unparse(node.func) in COMMUTATIVE and not rest)
        ):
            yield "arguments", _with(node, args=[second, first, *rest])


def _is_none(value):
    return isinstance(value, ast.Constant) and value.value is None


def _is_text(node):
    return any(
        isinstance(side, ast.JoinedStr)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )
