"""The manual's pictures of the pages for class are those that its script takes."""

import pathlib
import runpy

import pytest

from tests.autograd.viz.player.players import needs_browser

DOCS = pathlib.Path(__file__).parents[1] / "docs"


@needs_browser
def test_the_manual_shows_the_pictures_that_its_script_takes(browser, tmp_path):
    Image = pytest.importorskip("PIL.Image")
    runpy.run_path(str(DOCS / "classroom_pictures.py"))["write_pictures"](browser, tmp_path)
    taken = sorted(tmp_path.iterdir())
    assert len(taken) == 10
    page = "".join((DOCS / name).read_text("utf-8") for name in ("pictures.md", "watching.md"))
    for path in taken:
        shown = DOCS / path.name
        assert f"]({path.name})" in page
        assert shown.stat().st_size < 150_000
        with Image.open(path) as ours, Image.open(shown) as theirs:
            assert ours.size == theirs.size
            assert len(ours.convert("RGB").getcolors(1_000_000)) > 20  # it is no empty page
