"""What lecturers get besides the notebooks: the page with plans, sheets for paper, thumbnails."""

import base64
import html.parser
import importlib.util
import io
import json
import pathlib
import re

import pytest
from PIL import Image

from nn.course import Misconception, find

ROOT = pathlib.Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "lecturers.md").read_text("utf-8")
FOLDER = ROOT / "notebooks"
NOTEBOOKS = {
    path.stem: path for path in [*sorted(FOLDER.glob("*.ipynb")), *FOLDER.glob("pytorch/*.ipynb")]
}
SECTIONS = {
    re.search(r"<notebooks/([\w-]+)>", text)[1]: text
    for text in re.split(r"^## ", PAGE, flags=re.M)
    if "<notebooks/" in text
}
of_each_section = pytest.mark.parametrize("stem", SECTIONS)

pytest.importorskip("latex2mathml")  # of the extra docs
SPEC = importlib.util.spec_from_file_location("material", ROOT / "docs" / "course_material.py")
material = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(material)


def read(stem):
    return json.loads(NOTEBOOKS[stem].read_text("utf-8"))


def exercises(stem):
    checks = [c for c in read(stem)["cells"] if "check" in c["metadata"].get("tags", [])]
    return [find(re.search(r'check\("(.+?)"', "".join(cell["source"]))[1]) for cell in checks]


def test_every_notebook_has_its_section_in_order():
    assert list(SECTIONS) == [*NOTEBOOKS]


@of_each_section
def test_a_section_has_a_plan_of_45_minutes_cells_to_show_and_questions_with_answers(stem):
    text = SECTIONS[stem]
    title = "".join(read(stem)["cells"][0]["source"]).splitlines()[0].removeprefix("# ")
    assert text.startswith(f"{title}\n")
    assert "**Plan.**" in text
    assert re.search(r"(–45:|45 minutes)", text) or "Second 45" in text
    assert "**Show**" in text
    assert len(re.findall(r"\?\n: \w", text)) >= 3


@of_each_section
def test_a_section_names_the_misconceptions_that_the_exercises_recognise(stem):
    met = {}
    for exercise in exercises(stem):
        for mistake in exercise.mistakes:
            if mistake.belief is not None:
                numbers = met.setdefault(mistake.belief, [])
                numbers += [n for n in [exercise.name.split()[-1]] if n not in numbers]
    listed = dict(re.findall(r"^- (.+) \(([\d, ]+)\)$", SECTIONS[stem], re.M))
    assert {Misconception(said): numbers.split(", ") for said, numbers in listed.items()} == met


class Text(html.parser.HTMLParser):
    """The text of a page, and the tags that were opened and not closed."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "br", "img", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("stem", NOTEBOOKS)
def test_the_sheet_has_every_question_with_room_and_the_answers_behind_them(stem):
    page = material.sheet(read(stem))
    number = len(exercises(stem))
    questions, answers = page.split('<div class="answers">')
    assert questions.count('<div class="room">') == number
    assert questions.count("<h2>Exercise") == answers.count("<h2>Exercise") == number
    assert answers.count("<pre>") >= number
    assert "Solution" not in page
    parser = Text()
    parser.feed(page)
    assert parser.open == []
    assert "$" not in parser.text
    assert "\N{OBJECT REPLACEMENT CHARACTER}" not in parser.text


def test_sheets_are_written_for_all_notebooks(tmp_path):
    material.main(["sheets", str(tmp_path / "new")])
    assert {path.stem for path in (tmp_path / "new").iterdir()} == {*NOTEBOOKS}


@of_each_section
def test_each_notebook_marks_a_picture_and_its_thumbnail_is_in_the_repository(stem):
    material.marked_cell(read(stem))
    (path,) = material.THUMBNAILS.glob(f"{stem}.*")
    assert path.stat().st_size < 40_000
    if path.suffix == ".png":
        picture = Image.open(path)
        assert picture.width == material.WIDTH
        assert len(picture.convert("L").getcolors()) > 5  # something is on it
    else:
        assert path.read_text("utf-8").startswith("<svg")
    shown = rf"```{{image}} _static/thumbnails/{re.escape(path.name)}\n:alt: .{{30,}}\n"
    assert re.search(shown, SECTIONS[stem])


def test_a_thumbnail_is_made_of_what_a_cell_has_shown():
    shown = io.BytesIO()
    Image.new("RGB", (640, 480), "red").save(shown, "PNG")
    png = base64.b64encode(shown.getvalue()).decode()
    picture, suffix = material.thumbnail([{"text": "x"}, {"data": {"image/png": png}}])
    assert suffix == ".png"
    assert Image.open(io.BytesIO(picture)).size == (320, 240)
    svg = '<svg xmlns="http://www.w3.org/2000/svg"/>'
    assert material.thumbnail([{"data": {"image/svg+xml": svg}}]) == (svg.encode(), ".svg")
    with pytest.raises(ValueError, match="has shown no picture"):
        material.thumbnail([{"data": {"text/plain": "x"}}])
