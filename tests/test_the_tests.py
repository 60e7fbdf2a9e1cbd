"""The tests mirror the packages: what a folder tests has its name."""

import pathlib

import pytest

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
