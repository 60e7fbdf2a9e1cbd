"""The manual is true: its examples run, its links lead somewhere, its names exist."""

import doctest
import importlib
import inspect
import pathlib
import pkgutil
import re
import sys

import numpy as np
import pytest

import autograd
import nn
import optim
from autograd.op import OF_USERS, RULEBOOK
from autograd.updates import readings
from tests.each import each
from tests.pages import EXTENDING

ROOT = pathlib.Path(__file__).parents[1]
DOCS = ROOT / "docs"
FOLLOWED = [DOCS / f"{page}.md" for page in EXTENDING]  # test_extending.py
SEVERAL_MACHINES = DOCS / "several-machines.md"  # needs a cluster: test_several_machines.py
PYTORCH = DOCS / "your-pytorch-model.md"  # needs PyTorch: nn/interop/test_torch.py
PAGES = sorted(DOCS.glob("*.md"))
TEXTS = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "notebooks" / "README.md"]

every_page = each("page", PAGES, ids=lambda page: page.stem)
every_text = each("text", TEXTS, ids=lambda text: text.name)


# --- docstrings -----------------------------------------------------------------------------------


def modules():
    for package in (autograd, nn, optim):
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def public_things():
    """Every public function, class, method and property that is defined in the packages.

    Stand-ins for arrays leave it to NumPy to say what `ndim` is; and operations that other tests
    have declared are theirs.
    """
    for module in modules():
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
                continue
            if inspect.isclass(thing) or callable(thing):
                yield f"{module.__name__}.{name}", thing
            if inspect.isclass(thing):
                for member, what in vars(thing).items():
                    is_numpys = thing is not autograd.Tensor and hasattr(np.ndarray, member)
                    if member.startswith("_") or is_numpys or member in OF_USERS:
                        continue
                    if inspect.isfunction(what) or isinstance(
                        what, (property, classmethod, staticmethod)
                    ):
                        yield f"{module.__name__}.{name}.{member}", getattr(thing, member)


def test_every_public_name_has_a_docstring():
    names = dict(public_things())
    assert len(names) > 300
    assert [name for name, thing in names.items() if not inspect.getdoc(thing)] == []


@pytest.mark.parametrize("package", [autograd, nn, optim], ids=lambda package: package.__name__)
def test_every_name_a_package_offers_has_a_docstring(package):
    for name in package.__all__:
        assert inspect.getdoc(getattr(package, name)), name


OFFERED = (
    autograd, nn, optim, nn.functional, nn.init, nn.data, nn.datasets, nn.scalar, optim.landscapes,
    optim.schedules, optim.trajectories,
)  # fmt: skip


def offered():
    """Every public function and class by its name."""
    for package in OFFERED:
        here = [name for name in vars(package) if not name.startswith("_")]
        for name in getattr(package, "__all__", here):
            thing = getattr(package, name)
            is_ours = (
                hasattr(package, "__all__") or getattr(thing, "__module__", "") == package.__name__
            )
            if is_ours and callable(thing) and hasattr(thing, "__name__"):
                yield f"{package.__name__}.{name}", thing


def test_every_name_a_package_offers_has_an_example():
    without = {name for name, thing in offered() if ">>>" not in (inspect.getdoc(thing) or "")}
    assert without == set()
    assert len(dict(offered())) > 350


def test_a_docstring_that_explains_arguments_explains_each():
    explained = 0
    for name, thing in offered():
        text = inspect.getdoc(thing)
        if "Args:" in text and name.rpartition(".")[2] not in RULEBOOK:
            arguments = re.split(r"\n(?=\S)", text.partition("Args:")[2])[0]
            for parameter in inspect.signature(thing).parameters:
                assert re.search(rf"\b{parameter}\b", arguments), f"{name}: {parameter}"
            explained += 1
    assert explained > 150


REFUSES = re.compile(r"^ +(raise |refuse\(|.*\bcheck_\w+\()", re.M)
SAYS_WHAT = re.compile(r"Raises:|errors are those of|otherwise as `")


def test_a_function_that_refuses_something_says_what():
    refusing = {
        name: inspect.getdoc(thing)
        for name, thing in offered()
        if inspect.isfunction(thing) and REFUSES.search(inspect.getsource(thing))
    }
    assert len(refusing) > 60
    assert [name for name, text in refusing.items() if not SAYS_WHAT.search(text)] == []


@each("name", sorted(RULEBOOK))
def test_the_example_of_an_operation_gives_what_it_shows(name):
    # pytest finds the examples of functions; an operation is none.
    op = RULEBOOK[name]
    (test,) = doctest.DocTestFinder(recurse=False).find(op, name, globs={})
    assert test.examples
    assert doctest.DocTestRunner().run(test).failed == 0


# --- pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [
        p
        for p in PAGES
        if ">>>" in p.read_text("utf-8") and p not in (*FOLLOWED, SEVERAL_MACHINES, PYTORCH)
    ],
    ids=lambda p: p.stem,
)
def test_the_examples_of_a_page_give_what_they_show(page):
    with np.printoptions(legacy=None):
        failed, tried = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert tried
    assert failed == 0


@every_text
def test_the_links_of_a_text_lead_somewhere(text):
    for link in re.findall(r"\]\(([^)#:]+)\)", text.read_text("utf-8")):
        made_by_the_build = link == "api/numpy.md"  # and looked at by the test that builds it
        assert made_by_the_build or (text.parent / link).exists(), link


@every_page
def test_the_names_on_a_page_exist(page):
    for name in re.findall(r"`((?:autograd|nn|optim)\.[\w.]*\w)[`(]", page.read_text("utf-8")):
        package, *rest = name.split(".")
        thing = importlib.import_module(package)
        for part in rest:
            thing = getattr(thing, part)


def test_the_page_on_the_inside_is_short_and_the_files_and_functions_that_it_names_exist():
    text = (DOCS / "how-it-works.md").read_text("utf-8")
    assert text.count("\n") <= 250
    files = re.findall(r"`([\w/]+\.(?:py|md)|\w+/)`", text)
    assert len(files) > 25
    for name in files:
        assert (ROOT / "autograd" / name).exists(), name
    for name in ("_install", "_contributions", "topological", "backward_steps", "pullback"):
        assert name in text
        sources = (ROOT / "autograd" / file for file in ("node.py", "value.py", "op.py"))
        assert any(f"def {name}(" in source.read_text("utf-8") for source in sources), name


@pytest.mark.parametrize("folder", ["autograd/compiler", "autograd/viz"])
def test_the_files_that_a_readme_inside_names_exist(folder):
    text = (ROOT / folder / "README.md").read_text("utf-8")
    there = {path.name for path in (ROOT / folder).rglob("*")}
    named = set(re.findall(r"`([\w/]+\.(?:py|js))`", text))
    assert len(named) > 8
    for name in named:
        assert name.rpartition("/")[2] in there or (ROOT / name).exists(), name


def test_the_glossary_is_in_order_and_has_each_word_once():
    text = (DOCS / "glossary.md").read_text("utf-8")
    terms = re.findall(r"^\*?(\S.*)\n: ", text, re.M)
    assert len(terms) > 30
    assert len(terms) == len(set(terms))
    for section in text.split("\n## ")[1:]:
        found = re.findall(r"^\*?(\S.*)\n: ", section, re.M)
        assert found == sorted(found, key=str.lower), found


def test_a_number_comes_to_its_gradient_through_fifty_lines_of_two_files():
    for _ in range(9):  # after so many passes it is forgotten which gradients a page has read
        (autograd.Value(1.0) * 2).backward()
    x, y, ran, before = autograd.Value(3.0), autograd.Value(2.0), set(), sys.gettrace()
    readings.of.clear()  # whose gradients earlier tests have read is looked up in a third file

    def trace(frame, event, argument):
        path = pathlib.Path(frame.f_code.co_filename)
        if event == "line":
            ran.add((path.name, frame.f_lineno))
        return trace if path.is_relative_to(ROOT / "autograd") else None

    sys.settrace(trace)
    try:
        loss = x * y + x
        loss.backward()
        gradient = x.grad
    finally:
        sys.settrace(before)
    assert gradient == 3.0
    assert {name for name, _ in ran} == {"value.py", "node.py"}
    assert len(ran) <= 50
