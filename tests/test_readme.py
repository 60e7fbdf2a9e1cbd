"""What the README shows is what the project does."""

import doctest
import pathlib
import re
import shlex

import numpy as np
import pytest

from autograd.__main__ import main

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
