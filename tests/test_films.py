"""The manual's films are what the programs beside them save, and these are short."""

import html
import importlib.util
import re

from tests.test_manual import DOCS

SPEC = importlib.util.spec_from_file_location("films", DOCS / "films.py")
films = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(films)
PROGRAMS = films.programs()


def test_each_film_that_the_page_links_to_is_saved_by_a_program_of_at_most_twenty_lines():
    linked = re.findall(r"_static/films/(\w+)\.html", films.PAGE.read_text("utf-8"))
    assert sorted(linked) == sorted(name for names in PROGRAMS for name in names)
    assert len(linked) == 16
    for program in PROGRAMS.values():
        assert len([line for line in program.splitlines() if line.strip()]) <= 20


def test_the_programs_save_their_films(tmp_path, monkeypatch):
    """One of them here; the manual's build runs all."""
    names = ("and", "or", "xor")
    monkeypatch.setattr(films, "programs", lambda: {names: PROGRAMS[names]})
    films.write_films(tmp_path)
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(names)
    for path in tmp_path.iterdir():
        text = path.read_text("utf-8")
        assert "Perceptron learning its examples" in text
        assert text.count(html.escape(PROGRAMS[names].strip())) == 1  # it shows its program
        assert path.stat().st_size < 2_000_000
