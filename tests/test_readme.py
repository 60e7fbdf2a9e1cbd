"""What the README shows is what the project does."""

import doctest
import pathlib
import re
import shlex

import numpy as np
import pytest

from autograd import backprop, draw
from autograd.__main__ import main
from autograd.expression import parse

README = pathlib.Path(__file__).parents[1] / "README.md"

CONSOLES = re.findall(r"```console\n\$ glassgrad (.+)\n((?:.*\n)*?)```", README.read_text("utf-8"))


def test_the_python_examples_of_the_readme_give_what_they_show():
    with np.printoptions(legacy=None):
        failed, tried = doctest.testfile(str(README), module_relative=False, encoding="utf-8")
    assert tried >= 10
    assert failed == 0


@pytest.mark.parametrize(("command", "shown"), CONSOLES, ids=[c for c, _ in CONSOLES])
def test_the_console_examples_of_the_readme_print_what_they_show(command, shown, capsys):
    assert main(shlex.split(command)) == 0
    assert capsys.readouterr().out.strip() == shown.strip()


def test_every_file_the_readme_links_to_exists():
    links = re.findall(r"\]\(([^)#:]+)\)", README.read_text("utf-8"))
    assert links
    for link in links:
        assert (README.parent / link).exists(), link


def draw_pictures(folder):
    # Text differs between machines only where `dot` places the nodes, so it does not here.
    leaves = {"w1": -3.0, "x1": 2.0, "w2": 1.0, "x2": 0.0, "b": 6.88}
    f = parse("tanh(w1*x1 + w2*x2 + b)", leaves)
    named = {name: node for node, name in backprop(f).names.items()}
    draw(f, named, layout="own").save(folder / "neuron.svg")
    leaves = {"w0": 1.0, "w1": 3.0, "w2": -2.0, "x1": -1.0, "x2": 2.0}
    f = parse("sigmoid(w0 + w1*x1 + w2*x2)", leaves)
    backprop(f).save(folder / "backprop.svg")


def test_the_pictures_of_the_readme_are_what_the_project_draws(tmp_path):
    draw_pictures(tmp_path)
    for name in ("neuron.svg", "backprop.svg"):
        drawn = (tmp_path / name).read_text("utf-8")
        shown = (README.parent / "docs" / name).read_text("utf-8")
        assert drawn == shown, f"docs/{name} is out of date: run draw_pictures on docs"
