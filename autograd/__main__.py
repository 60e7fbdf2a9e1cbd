"""The command line: `glassgrad`, or `python -m autograd`."""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
import textwrap
import warnings
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn, TextIO, TypeAlias

from autograd.expression import FUNCTIONS, ExpressionError, number_typed, parse
from autograd.info import info, version
from autograd.value import Value

# What a terminal that cannot show our signs shows instead; `d` stays for the total derivative.
_PLAIN = str.maketrans(
    {"∂": "D", "·": "*", "→": "->", "—": "none", "σ": "sigmoid", "…": "...", "≥": ">=", "≤": "<="}
    | {"⁽": "^(", "⁾": ")", "⊙": "*", "×": "x", "Σ": "sum", "ᵀ": "^T", "⁻": "-", "₋": "-"}
    | {superscript: f"^{digit}" for digit, superscript in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
    | {subscript: str(digit) for digit, subscript in enumerate("₀₁₂₃₄₅₆₇₈₉")}
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status, 2 for a mistake in what was typed.

    Example:
        >>> main(["steps", "x**2", "x=3"])
        Backpropagation of f: 1 step through 3 nodes
        <BLANKLINE>
        Forward
          x = 3
          f = x² = 3² = 9
        <BLANKLINE>
        Backward, from df/df = 1
          1  df/dx += 1 · ∂f/∂x = 1 · 2·x = 1 · 6 = 6
        <BLANKLINE>
          df/dx: how f changes with x, along all paths. ∂v/∂x: how v changes with x alone.
        <BLANKLINE>
        Gradients
          df/dx = 6
        0
    """
    try:
        return _run(list(sys.argv[1:] if argv is None else argv))
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130


def _run(arguments: list[str]) -> int:
    if not arguments:
        arguments = ["--help"]
    first = arguments[1] if arguments[0] in ("steps", "draw", "play") and len(arguments) > 1 else ""
    # An expression may begin with a minus, which argparse would take for an option.
    if first.startswith("-") and not first.startswith(("-h", "--", "-o")):
        arguments[1] = f" {first}"
    try:
        options = _parser().parse_args(arguments)
        with warnings.catch_warnings(record=True) as notes:
            warnings.simplefilter("always")
            status = int(options.run(options))
    except ModuleNotFoundError as err:
        return _refuse(f"needs the package {err.name} (pip install {err.name}).")
    except BrokenPipeError:
        raise
    except (ImportError, OSError, RuntimeError, ValueError) as err:
        if isinstance(err, OSError) and err.filename is not None:  # what the system says of a file
            return _refuse(f"cannot use {err.filename!r}: {err.strerror}.")
        return _refuse(str(err))
    finally:
        sys.stdout.flush()
    for note in dict.fromkeys(str(note.message) for note in notes):  # NumPy's, of 1/0 and the like
        _write(f"glassgrad: note: {note}", sys.stderr)
    return status


# --- the commands -----------------------------------------------------------------------------


def _steps(options: argparse.Namespace) -> int:
    from autograd.viz.backprop import backprop

    _write(str(backprop(_root(options))))
    return 0


def _draw(options: argparse.Namespace) -> int:
    from autograd.viz.backprop import backprop
    from autograd.viz.draw import draw

    root = _root(options)
    names = {name: node for node, name in backprop(root).names.items()}  # v1, v2, … as in `steps`
    draw(root, names).save(options.output)
    _write(f"Wrote {options.output}: the graph of {root.label} = {root.data:.6g}, with gradients.")
    return 0


def _play(options: argparse.Namespace) -> int:
    if options.expression is None:
        from autograd.viz.player.typed import write_typed_page as write

        what = "a page to type an expression and step through its backward pass"
    else:
        from autograd.viz.backprop import backprop

        steps = backprop(_root(options))
        write = steps.save
        count = "the step" if len(steps) == 1 else f"the {len(steps):,} steps"
        what = f"{count} of the backward pass of {steps.names[steps.root]}"
    path = options.output
    if path.suffix.lower() != ".html":
        path = path.with_name(f"{path.name}.html")
    write(path)
    wanted = options.expression is None if options.open is None else options.open
    opened = wanted and webbrowser.open(path.resolve().as_uri())
    _write(f"Wrote {path}: {what}.{'' if opened else ' Open it in a browser.'}")
    return 0


def _sheet(options: argparse.Namespace) -> int:
    from autograd.viz.sheet import write_sheet

    for what in ("count", "size"):
        if not 1 <= (came := getattr(options, what)) <= 50:
            raise ValueError(f"sheet: --{what} needs a number from 1 to 50, but got {came}.")
    write_sheet(options.output, options.seed, options.count, options.size)
    _write(f"Wrote {options.output}: {options.count} tasks of sheet {options.seed}, and solutions.")
    return 0


def _demo(options: argparse.Namespace) -> int:
    from nn.demo import main as demo

    return int(demo(options.output))


def _grade(options: argparse.Namespace) -> int:
    from nn.course.grading import grade_folder, table, write_csv

    grades = grade_folder(options.folder, timeout=options.timeout)
    _write(table(grades))
    if options.output is not None:
        write_csv(grades, options.output)
        _write(f"Wrote {options.output}: a line for each exercise.")
    return 0


def _info(options: argparse.Namespace) -> int:
    _write(info())
    return 0


def _root(options: argparse.Namespace) -> Value:
    """The graph of the expression that was typed; its root has a name."""
    values: dict[str, float] = {}
    for pair in options.values:
        name, equals, number = pair.partition("=")
        if not (name and equals):
            raise ExpressionError(f"needs each value as name=number (w=0.5), but got {pair!r}.")
        if name in values:
            raise ExpressionError(f"needs one value for {name}, but got several.")
        read = number_typed(number)
        if read is None:
            raise ExpressionError(
                f"{name} needs a number such as 0.5, 1e-3, 1/3 or inf, but got {number!r}."
            )
        values[name] = read
    return _named(parse(options.expression, values), values)


def _named(root: Value, values: Mapping[str, float]) -> Value:
    """The root with a name that none of the leaves has."""
    from autograd.viz.text import number

    if not root.requires_grad:
        raise ExpressionError(
            f"the expression has no names: it is {number(root.data)}, a constant."
        )
    root.label = root.label or next(name for name in ("f", "y", "out", "") if name not in values)
    return root


# --- words ------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """One line for a mistake, and where to read more."""

    def error(self, message: str) -> NoReturn:
        _write(f"{self.prog}: {message} (see {self.prog} --help)", sys.stderr)
        raise SystemExit(2)


_Commands: TypeAlias = "argparse._SubParsersAction[_Parser]"


def _parser() -> _Parser:
    parser = _Parser(
        prog="glassgrad",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        description="An autograd you can see through: backpropagation, step by step.",
        epilog=_EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"glassgrad {version('glassgrad')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_commands_of_an_expression(commands)
    _add_commands_of_the_course(commands)
    _add(commands, "info", _info, "print versions and machine, for a bug report")
    return parser


def _add_commands_of_an_expression(commands: _Commands) -> None:
    steps = _add(
        commands, "steps", _steps, "print the backward pass of an expression, step by step"
    )
    draw = _add(commands, "draw", _draw, "draw the graph of an expression into a file")
    _add_output(draw, "FILE", "where to; .svg, .png, .pdf or .dot", "graph.svg")
    play = _add(commands, "play", _play, "write a page that plays the backward pass step by step")
    _add_output(play, "FILE", "where to; .html is added if it is missing", "steps.html")
    play.add_argument(
        "--open",
        action=argparse.BooleanOptionalAction,
        help="show the page in your browser at once (default: without an EXPRESSION)",
    )
    for command in (steps, draw, play):
        command.add_argument(
            "expression",
            metavar="EXPRESSION",
            nargs="?" if command is play else None,
            help="in quotes: 'tanh(w*x + b)'"
            + (" (without it: a page in which to type one)" if command is play else ""),
        )
        command.add_argument(
            "values", metavar="name=number", nargs="*", help="a value for each name"
        )
        command.epilog = _GRAMMAR


def _add_commands_of_the_course(commands: _Commands) -> None:
    sheet = _add(commands, "sheet", _sheet, "write a work sheet with random tasks and solutions")
    for what, default, words in (
        ("seed", 0, "which sheet: another number, other tasks"),
        ("count", 6, "how many tasks"),
        ("size", 5, "how many operations each task has"),
    ):
        sheet.add_argument(
            f"--{what}", type=int, default=default, help=f"{words} (default: %(default)s)"
        )
    _add_output(sheet, "FILE", "where to; .html to print from a browser, or .tex", "sheet.html")
    demo = _add(commands, "demo", _demo, "train a small network and show what it learned")
    _add_output(demo, "FOLDER", "where the pictures go", "glassgrad-demo")
    grade = _add(commands, "grade", _grade, "grade a folder of learners' notebooks of the course")
    grade.add_argument("folder", metavar="FOLDER", type=pathlib.Path, help="where they are")
    _add_output(grade, "FILE", "write a table of them, too (.csv)")
    grade.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=int,
        default=300,
        help="interrupt a cell that takes longer (default: %(default)s)",
    )
    grade.epilog = "This runs what the notebooks contain: do it where nothing of value is at hand."


def _add_output(command: _Parser, metavar: str, words: str, default: str | None = None) -> None:
    command.add_argument(
        "-o",
        "--output",
        metavar=metavar,
        type=pathlib.Path,
        default=default,
        help=words if default is None else f"{words} (default: %(default)s)",
    )


def _add(
    commands: _Commands,
    name: str,
    run: Callable[[argparse.Namespace], int],
    purpose: str,
) -> _Parser:
    command = commands.add_parser(
        name,
        help=purpose,
        description=f"{purpose[0].upper()}{purpose[1:]}.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.set_defaults(run=run)
    return command


_EXAMPLES = """\
examples:
  glassgrad steps "x**2 + sin(x)" x=3
  glassgrad steps "sigmoid(w0 + w1*x1 + w2*x2)" w0=1 w1=3 w2=-2 x1=-1 x2=2
  glassgrad play
  glassgrad play "tanh(w*x + b)" w=0.5 x=2 b=0 -o neuron.html
  glassgrad draw "(sigmoid(w*x + b) - y)**2" w=0.5 x=2 b=0 y=1 -o loss.svg
  glassgrad sheet --seed 7 --count 6 --size 5 -o sheet.html
  glassgrad demo
"""

_GRAMMAR = "\n".join(
    [
        "In an expression may stand numbers, names, + - * / ** and brackets, pi and e, and",
        *textwrap.wrap(
            ", ".join(sorted(filter(str.isascii, FUNCTIONS))),
            76,
            initial_indent="  ",
            subsequent_indent="  ",
        ),
        "Numbers are floats: x=-2, x=1e-3, and also x=inf and x=nan, in IEEE arithmetic.",
        "",
        _EXAMPLES,
    ]
)


def _refuse(problem: str) -> int:
    _write(f"glassgrad: {problem}", sys.stderr)
    return 2


def _write(text: str, stream: TextIO | None = None) -> None:
    """Print, in plainer signs where the terminal has no others."""
    stream = sys.stdout if stream is None else stream
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    print(text, file=stream)


if __name__ == "__main__":
    sys.exit(main())
