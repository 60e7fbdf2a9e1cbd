"""Pages of the manual that are followed: their blocks run one after another, as for a reader."""

import doctest
import os
import re
import subprocess
import sys

EXTENDING = (
    "adding-an-operation",
    "adding-a-layer",
    "adding-an-update-rule",
    "reading-the-trace",
)


def blocks(text, language="python"):
    """The blocks of a page in a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.S | re.M)


def follow(text, name):
    """Run the Python of a page from its first block to its last; gives the names it has made.

    Blocks without a prompt are run, those with one must give what they show. What belongs into a
    file of the library says so in its first line and is left out.
    """
    space = {"__name__": "__main__"}
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    runner, parser = doctest.DocTestRunner(optionflags=flags), doctest.DocTestParser()
    for block in blocks(text):
        if block.startswith(">>>"):
            test = parser.get_doctest(block, {}, name, None, 0)
            test.globs = space
            runner.run(test, clear_globs=False)
        elif not block.startswith("# autograd/"):
            exec(compile(block, name, "exec"), space)
    assert runner.tries > 0, name
    assert runner.failures == 0, name
    return space


def run_python(folder, *arguments, **variables):
    """What another Python prints that sees the packages in a folder; it must end well."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout
