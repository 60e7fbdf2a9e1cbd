"""What is held about the text of the packages themselves."""

import ast
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
TEXTS = {
    file.relative_to(ROOT): file.read_text("utf-8")
    for package in ("autograd", "nn", "optim")
    for file in (ROOT / package).rglob("*.py")
}


def test_the_type_checker_is_told_to_look_away_at_most_forty_times():
    found = [
        f"{file}: {line.strip()}"
        for file, text in TEXTS.items()
        for line in text.splitlines()
        if re.search(r"# (type|pyright): ignore", line)
    ]
    assert len(found) <= 40, found


# What the engine asks of a node: the public names ask first whether a mode is on.
OF_NODES = {
    "_apply", "_become_leaf", "_data", "_grad", "_inputs", "_is_float", "_left", "_receive",
    "_seed", "_seen", "_version", "_windows", "_write", "_x", "_y",
}  # fmt: skip
OF_PYTORCH = {"_buffers", "_modules", "_parameters"}
SHARED = {"_arguments", "_finite_only", "_load", "_take_over", "_with_numbers"}
"""Names with a leading underscore that another file uses all the same: rather fewer than more."""


def names_defined(nodes):
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def names_used(nodes):
    """What is imported, and what of `_names` is taken from objects but those a class has itself."""
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            if node.attr[0] == "_" and ast.unparse(node.value) not in ("self", "cls", "super()"):
                yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)


def says_any(node):
    return isinstance(node, (ast.Name, ast.Attribute)) and (
        ast.unparse(node) in ("Any", "typing.Any")
    )


def other_names_of_any(nodes):
    """Names by which a file speaks of Any that are not `Any`."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "typing":
            yield from (x.asname for x in node.names if x.name == "Any" and x.asname)
        elif isinstance(node, ast.Import):
            yield from (x.name for x in node.names if x.name == "typing")
        elif isinstance(node, ast.Assign) and says_any(node.value):
            yield from map(ast.unparse, node.targets)
        elif isinstance(node, ast.AnnAssign) and node.value is not None and says_any(node.value):
            yield ast.unparse(node.target)


def uses_of_operand(nodes):
    """Imports of the name for Any that the rulebook's compositions are written with."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "autograd.op":
            yield from (alias.name for alias in node.names if alias.name == "Operand")


@pytest.fixture(scope="module")
def names():
    """Of each file the names that those above find in its syntax, one set for each."""
    found, looks = {}, (names_defined, names_used, other_names_of_any, uses_of_operand)
    for file, text in TEXTS.items():
        nodes = [*ast.walk(ast.parse(text))]
        found[file] = [set(look(nodes)) for look in looks]
    return found


def test_names_with_a_leading_underscore_stay_in_their_file_but_for_a_short_list(names):
    # The names in torch_protocols.py are PyTorch's.
    files = [of[:2] for file, of in names.items() if file.name != "torch_protocols.py"]
    ours = set().union(*(defined for defined, _ in files))
    found = {
        name
        for defined, used in files
        for name in used & (ours - defined)
        if name.startswith("_") and not name.startswith("__")
    }
    listed = OF_NODES | OF_PYTORCH | SHARED
    assert found <= listed, sorted(found - listed)
    assert found >= listed, f"take from the list: {sorted(listed - found)}"


def test_nobody_but_the_rulebook_calls_any_by_another_name_which_mypy_would_not_count(names):
    others = {file: of for file, of in names.items() if "rules" not in file.parts}
    found = {f"{file}: {name}" for file, (_, _, of_any, _) in others.items() for name in of_any}
    assert found == {"autograd/op.py: Operand"}
    assert [str(file) for file, of in others.items() if of[3]] == []
    assert any(of[3] for of in names.values())


def test_another_name_of_any_is_found_however_it_is_given():
    def found(text):
        return list(other_names_of_any(ast.walk(ast.parse(text))))

    for text in ("Tape = Any", "Tape: TypeAlias = Any", "from typing import Any as Tape"):
        assert found(text) == ["Tape"]
    assert found("import typing") == ["typing"]
    assert found("from typing import Any\nx: Any = 3") == []
