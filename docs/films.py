"""Makes the manual's films: `python docs/films.py FOLDER` runs the programs in docs/watching.md.

Each program begins with a comment that says which films it saves.
"""

import contextlib
import os
import pathlib
import re
import sys

PAGE = pathlib.Path(__file__).parent / "watching.md"


def programs():
    """By the names of the films that it saves, each program of the page."""
    blocks = re.findall(r"```python\n# ([\w, ]+)\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    return {tuple(names.split(", ")): block for names, block in blocks}


def write_films(folder):
    """Run the programs in a folder; films that are there already and newer are left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for names, program in programs().items():
        files = [folder / f"{name}.html" for name in names]
        if all(f.exists() and f.stat().st_mtime > PAGE.stat().st_mtime for f in files):
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


if __name__ == "__main__":
    write_films(pathlib.Path(sys.argv[1]))
