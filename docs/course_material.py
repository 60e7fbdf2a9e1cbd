"""What lecturers get besides the notebooks: sheets for paper and thumbnails.

    python docs/course_material.py sheets FOLDER
    python docs/course_material.py thumbnails

The first writes a page for each notebook, to be printed from a browser: its questions with room to
write, and the answers on a page of their own. The second runs the notebooks, but not those that are
stored with what they show, and keeps the picture of the cell that is marked for it; these pictures
are part of the repository.
"""

import argparse
import base64
import io
import json
import pathlib
import re

from latex2mathml.converter import convert
from markdown_it import MarkdownIt

ROOT = pathlib.Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
THUMBNAILS = ROOT / "docs" / "_static" / "thumbnails"
WIDTH = 320

PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}: exercises on paper</title>
<style>
@page {{ size: A4; margin: 18mm }}
body {{ font: 11pt/1.45 Georgia, serif; color: #000; background: #fff; max-width: 42em;
  margin: 1em auto; padding: 0 1em }}
h1 {{ font-size: 15pt; margin: 0 0 .6em }}
h2 {{ font-size: 12pt; margin: 0 0 .2em }}
code, pre {{ font: 10pt/1.35 monospace }}
pre {{ background: #f3f3f3; padding: .5em .8em; white-space: pre-wrap }}
.who {{ display: flex; gap: 2em; margin-bottom: 1.5em }}
.who span {{ flex: 1; border-bottom: 1px solid #000 }}
section {{ break-inside: avoid; margin-bottom: 1.2em }}
.room {{ height: 96px; print-color-adjust: exact; -webkit-print-color-adjust: exact;
  background: repeating-linear-gradient(#fff 0 23px, #aaa 23px 24px) }}
.answers {{ break-before: page; border-top: 1px solid #000; margin-top: 3em; padding-top: 1em }}
@media print {{ body {{ margin: 0; padding: 0 }} .answers {{ border: 0 }} }}
</style>
<main>
<h1>{title}</h1>
<p class="who"><span>Name</span><span>Date</span></p>
{questions}
<div class="answers">
<h1>{title}: answers</h1>
{answers}
</div>
</main>
</html>
"""


def notebooks():
    """The course in its order, and then the notebook on PyTorch models."""
    return [*sorted(NOTEBOOKS.glob("*.ipynb")), *NOTEBOOKS.glob("pytorch/*.ipynb")]


def source(cell):
    """The text of a cell."""
    return "".join(cell["source"])


def exercises(cells):
    """Pairs of the question and the solution of each exercise, as Markdown."""
    found = []
    for i, cell in enumerate(cells):
        if "check" in cell["metadata"].get("tags", []):
            solution = source(cells[i + 1]).split("</summary>")[1].split("</details>")[0]
            found.append((source(cells[i - 2]), solution))
    return found


def as_html(markdown):
    """Markdown with formulas as HTML; formulas become MathML, which browsers show by themselves."""
    formulas = []

    def keep(match):
        formulas.append(convert(match[1] or match[2], display="block" if match[1] else "inline"))
        return f"\N{OBJECT REPLACEMENT CHARACTER}{len(formulas) - 1}."

    text = re.sub(r"\$\$(.+?)\$\$|\$(.+?)\$", keep, markdown, flags=re.S)
    text = MarkdownIt().enable("table").render(text)
    text = text.replace("<h3>", "<h2>").replace("</h3>", "</h2>")
    return re.sub(
        "\N{OBJECT REPLACEMENT CHARACTER}(\\d+)\\.", lambda match: formulas[int(match[1])], text
    )


def sheet(notebook):
    """The page for paper of a notebook, given as read from its file."""
    cells = notebook["cells"]
    title = source(cells[0]).splitlines()[0].removeprefix("# ")
    pairs = exercises(cells)
    room = '<div class="room"></div>'
    questions = "\n".join(f"<section>\n{as_html(q)}{room}\n</section>" for q, _ in pairs)
    answers = "\n".join(
        f"<section>\n<h2>Exercise {k}</h2>\n{as_html(a)}</section>"
        for k, (_, a) in enumerate(pairs, start=1)
    )
    return PAGE.format(title=title, questions=questions, answers=answers)


def write_sheets(folder):
    """Write the sheet of every notebook into a folder; unchanged files are left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in notebooks():
        text = sheet(json.loads(path.read_text("utf-8")))
        target = folder / f"{path.stem}.html"
        if not target.exists() or target.read_text("utf-8") != text:
            target.write_text(text, "utf-8")


def marked_cell(notebook):
    """The cell whose picture stands for the notebook."""
    (cell,) = [cell for cell in notebook["cells"] if cell["metadata"].get("thumbnail")]
    return cell


def thumbnail(outputs):
    """A small picture of what a cell has shown, and the end of its file name."""
    from PIL import Image

    for output in outputs:
        data = output.get("data", {})
        if "image/svg+xml" in data:
            return data["image/svg+xml"].encode(), ".svg"
        if "image/png" in data:
            picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGB")
            picture.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
            written = io.BytesIO()
            picture.quantize(64).save(written, "PNG", optimize=True)
            return written.getvalue(), ".png"
    raise ValueError("thumbnail: the marked cell has shown no picture.")


def write_thumbnails(paths):
    """Write the thumbnails of notebooks, running those that are stored without outputs."""
    import nbformat
    from nbclient import NotebookClient

    THUMBNAILS.mkdir(parents=True, exist_ok=True)
    for path in paths:
        notebook = nbformat.read(path, 4)
        marked = marked_cell(notebook)
        if not marked.outputs:
            notebook.cells = notebook.cells[: notebook.cells.index(marked) + 1]
            NotebookClient(notebook, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
        picture, suffix = thumbnail(marked.outputs)
        target = THUMBNAILS / f"{path.stem}{suffix}"
        target.write_bytes(picture)
        print(target.relative_to(ROOT), target.stat().st_size, "bytes")


def main(arguments=None):
    """Run one of the two commands."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    sheets = commands.add_parser("sheets", help="write the sheets for paper")
    sheets.add_argument("folder", type=pathlib.Path)
    thumbnails = commands.add_parser("thumbnails", help="draw the thumbnails anew")
    thumbnails.add_argument("notebooks", nargs="*", type=pathlib.Path)
    options = parser.parse_args(arguments)
    if options.command == "sheets":
        write_sheets(options.folder)
    else:
        write_thumbnails(options.notebooks or notebooks())


if __name__ == "__main__":
    main()
