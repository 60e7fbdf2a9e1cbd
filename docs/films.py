"""Makes the manual's films: `python docs/films.py FOLDER` runs the programs in docs/watching.md.

Each program begins with a comment that says which films it saves.
"""

import contextlib
import html
import os
import pathlib
import re
import sys

PAGE = pathlib.Path(__file__).parent / "watching.md"
NEWEST = max(PAGE.stat().st_mtime, pathlib.Path(__file__).stat().st_mtime)
BESIDE = """\
<style>
pre {{ overflow: auto; padding: .6rem; border: 1px solid #767f8a; border-radius: 8px }}
h2 {{ font-size: 1rem }}
@media (min-width: 1700px) {{
  body {{ max-width: none }}
  main {{ display: grid; grid-template-columns: 1fr auto; column-gap: 1rem }}
  h1 {{ grid-column: 1 / -1 }}
  h2 {{ margin-top: 0 }}
}}
</style>
<section><h2>The program that saved this page</h2>
<pre tabindex="0" role="region" aria-label="Program">{program}</pre></section>
</main>"""
"""What stands beside a film."""


def programs():
    """By the names of the films that it saves, each program of the page."""
    blocks = re.findall(r"```python\n# ([\w, ]+)\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    return {tuple(names.split(", ")): block for names, block in blocks}


def with_program(page, program):
    """A page with the program that saved it beside what it shows, below where there is no room."""
    before, _, after = page.rpartition("</main>")
    return before + BESIDE.format(program=html.escape(program.strip())) + after


def write_films(folder):
    """Run the programs in a folder; films that are there already and newer are left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for names, program in programs().items():
        files = [folder / f"{name}.html" for name in names]
        if all(f.exists() and f.stat().st_mtime > NEWEST for f in files):
            continue
        here = pathlib.Path.cwd()
        os.chdir(folder)
        try:
            import nn

            nn.manual_seed(0)
            with contextlib.redirect_stdout(sys.stderr):
                exec(compile(program, f"{PAGE.name}: {', '.join(names)}", "exec"), {})
        finally:
            os.chdir(here)
        for file in files:
            file.write_text(with_program(file.read_text("utf-8"), program), "utf-8")


if __name__ == "__main__":
    write_films(pathlib.Path(sys.argv[1]))
