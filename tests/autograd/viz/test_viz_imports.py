"""Pictures, texts and pages are readers of one trace, and no two files import each other."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import autograd
from tests.each import each

VIZ = Path(autograd.__file__).parent / "viz"
FILES = {
    "autograd." + ".".join(path.relative_to(VIZ.parent).with_suffix("").parts): path
    for path in VIZ.rglob("*.py")
}
READERS = [
    "animate", "backprop", "dot", "draw", "drawn", "exercise", "explain", "explain_arrays", "graph",
    "ranks", "layout", "scene", "sheet", "views", "written", "outline",
    "png_and_pdf", "raster", "saving", "svg", "tikz",
    "player.drawing", "player.embed", "player.film", "player.forms",
    "player.page", "player.picture", "player.record",

]  # fmt: skip
GENERATORS = ["player.rules_js", "player.typed"]  # JavaScript, of rules
MAKERS = [
    "array_rules", "boxes", "compositions", "function_call", "names", "notation",
    "equation", "steps", "symbols", "text", "trace", "tree", "windows",
]  # fmt: skip


def imported(path):
    """What a file imports, anywhere in it: in functions and for types alone, too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_every_file_is_a_reader_or_a_maker():
    names = {name.removeprefix("autograd.viz.").removesuffix(".__init__") for name in FILES}
    assert names - {"autograd.viz", "__init__", "player", *GENERATORS} == {*READERS, *MAKERS}


@each("reader", READERS)
def test_no_reader_looks_into_the_engine_the_rulebook_or_formulas(reader):
    makers_only = {"autograd.node", "autograd.op", "autograd.rules", "autograd.viz.symbols"}
    assert imported(FILES[f"autograd.viz.{reader}"]).isdisjoint(makers_only)


def test_the_files_import_each_other_in_no_circle():
    graph = {name: imported(path) & FILES.keys() for name, path in FILES.items()}
    assert list(TopologicalSorter(graph).static_order())
