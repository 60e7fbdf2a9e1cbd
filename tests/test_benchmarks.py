"""The comparison of a revision with what is here; what it finds is for people to judge."""

import contextlib
import os
import shutil
import subprocess

import pytest

from benchmarks import against

pytestmark = pytest.mark.slow

CI = os.environ.get("GLASSGRAD_CI") == "1"
needs_git = pytest.mark.skipif(
    shutil.which("git") is None and not CI, reason="git is not installed"
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A repository with these packages at its only revision, and a change that is not committed."""
    folder = tmp_path_factory.mktemp("checkout")
    for package in against.PACKAGES:
        shutil.copytree(against.ROOT / package, folder / package)
    settings = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run(["git", *settings, *command], cwd=folder, check=True)
    with open(folder / "autograd/__init__.py", "a") as file:
        file.write("\nchanged = True\n")
    return folder


@needs_git
def test_either_side_has_its_own_packages_and_these_benchmarks(checkout):
    with against.folders("HEAD", checkout) as sides:
        for folder, ends in zip(sides, ("", "changed = True\n"), strict=True):
            text = (folder / "autograd/__init__.py").read_text()
            assert text.endswith("changed = True\n") is bool(ends)
            assert (folder / "benchmarks/against.py").read_text() == (
                against.ROOT / "benchmarks/against.py"
            ).read_text()
    assert not any(folder.exists() for folder in sides)


@needs_git
def test_the_table_has_a_line_for_each_row_with_both_figures_and_their_ratio(checkout, capsys):
    against.report("HEAD", 1, ["bytes a node, forward and"], checkout)
    head, _, line = capsys.readouterr().out.splitlines()[-3:]
    assert [text.strip() for text in head.split("|")][2:5] == [
        against.described("HEAD", checkout),
        "now",
        "ratio",
    ]
    _, name, then, now, ratio, *_ = (text.strip() for text in line.split("|"))
    assert (name, ratio) == ("bytes a node, forward and backward", "1.000×")
    assert then == now
    assert 20 < float(then.removesuffix(" B")) <= 170


@needs_git
def test_an_unknown_revision_is_refused_in_one_line(checkout):
    with pytest.raises(SystemExit, match=r"^benchmarks: fatal: .*nowhere"):
        against.archive("nowhere", checkout)


def test_a_worker_measures_no_packages_but_those_of_its_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(against.ROOT))
    shutil.copytree(against.ROOT / "benchmarks", tmp_path / "benchmarks")
    with (
        against.Worker(tmp_path, "import autograd, NumPy included") as worker,
        pytest.raises(against.Refused, match=r"AssertionError: .*autograd"),
    ):
        worker.ask()


def test_what_a_side_cannot_measure_is_said_below_the_table(capsys, monkeypatch):
    def refuse(*_):
        raise against.Refused("AttributeError: no such name")

    monkeypatch.setattr(against, "measure", refuse)
    monkeypatch.setattr(against, "folders", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(against, "described", lambda *_: "HEAD")
    against.report("HEAD", 1, ["memory"])
    assert "\nNot measured:\n- bytes a node, forward: AttributeError" in capsys.readouterr().out


def test_rows_are_chosen_by_group_or_by_how_their_names_begin():
    assert against.selected(["memory"]) == list(against.GROUPS["memory"])
    assert against.selected(["overhead: add"]) == ["overhead: add 10 numbers"]
    assert len(against.selected(())) == len(against.ROWS)
    with pytest.raises(SystemExit, match=r"--only needs groups .*, but got nothing-like-it"):
        against.selected(["nothing-like-it"])
