"""The tests mirror the packages: what a folder tests has its name."""

import inspect
import pathlib

import pytest

from tests.each import each

ROOT = pathlib.Path(__file__).parents[1]
# what runs inside a browser, by hand, of the course, stored figures
BESIDE = {"browser", "fuzz", "mutation", "notebooks", "oracles"}


def folders(root, package):
    return {
        path.relative_to(root).as_posix()
        for path in [root / package, *(root / package).rglob("*")]
        if path.is_dir() and any(path.glob("*.py"))
    }


@pytest.mark.parametrize("package", ["autograd", "nn", "optim"])
def test_every_folder_of_a_package_has_its_tests_and_the_other_way_round(package):
    # Exercises are tested with the course.
    assert folders(ROOT, package) - {"nn/course/exercises"} == folders(ROOT / "tests", package)


def test_there_are_no_other_folders_of_tests():
    named = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}
    assert named - {"__pycache__"} == {"autograd", "nn", "optim", *BESIDE}


def test_every_file_of_tests_has_a_name_that_pytest_or_another_file_knows():
    files = list((ROOT / "tests").rglob("*.py"))
    text = "\n".join(path.read_text("utf-8") for path in files)
    for path in files:
        by_hand = path.relative_to(ROOT / "tests").parts[0] in BESIDE
        if not by_hand and not path.name.startswith(("test_", "conftest")):
            assert f"{path.stem} import" in text or f"import {path.stem}" in text, path


def test_each_tries_every_case_and_says_which_fail(monkeypatch):
    monkeypatch.delenv("EACH", raising=False)
    seen = []

    @each("x", [1, 2, 3, 4], ids="abcd")
    @each(("y", "z"), [(5, 6), (7, 8)])
    def test(x, y, z, fixture):
        seen.append((x, y, z, fixture))
        if x == 2:
            pytest.fail("two")
        if x == 3:
            pytest.skip("three")
        assert (x, y) != (4, 7)

    assert [*inspect.signature(test).parameters] == ["fixture"]
    with pytest.raises(pytest.fail.Exception, match="two") as caught:
        test(fixture=9)
    assert seen == [(x, y, z, 9) for x in (1, 2, 3, 4) for y, z in ((5, 6), (7, 8))]
    assert caught.value.__notes__ == [
        "2 of 2 cases fail: (5, 6); (7, 8)",
        "2 of 4 cases fail: b; d",
    ]


def test_each_is_skipped_where_every_case_is(monkeypatch):
    monkeypatch.delenv("EACH", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no 1"):
        each("x", [1, 2])(lambda x: pytest.skip(f"no {x}"))()


def test_each_makes_a_test_of_every_case_where_it_is_told_to(monkeypatch):
    monkeypatch.setenv("EACH", "1")

    @each("x", [1, 2])
    def test(x): ...

    assert [mark.args for mark in test.pytestmark] == [("x", [1, 2])]
