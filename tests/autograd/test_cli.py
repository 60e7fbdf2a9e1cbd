"""The command line, as a newcomer types it."""

import io
import os
import re
import subprocess
import sys
import types
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from autograd.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
PERCEPTRON = ["sigmoid(w0 + w1*x1 + w2*x2)", "w0=1", "w1=3", "w2=-2", "x1=-1", "x2=2"]


def mistake(capsys, *arguments):
    """What is said about a mistake: on stderr only, with exit status 2."""
    try:
        status = main(arguments)
    except SystemExit as exit_:
        status = exit_.code
    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert err.startswith("glassgrad")
    assert "Traceback" not in err
    return err


def as_a_program(*arguments, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    return [sys.executable, "-m", "autograd", *arguments], {"env": environment, **options}


# --- steps ------------------------------------------------------------------------------------


def test_steps_prints_the_worked_perceptron_of_the_lectures(capsys):
    assert main(["steps", *PERCEPTRON]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "= σ(-6)" in out
    assert "= 0.002473" in out
    assert "= 0.002467 · x₁ = 0.002467 · (-1) = -0.002467" in out
    assert out.splitlines()[0] == "Backpropagation of f: 9 steps through 10 nodes"
    gradients = out[out.index("Gradients") :].splitlines()[1:]
    assert sorted(line.strip() for line in gradients) == [
        "df/dw₀ = 0.002467",
        "df/dw₁ = -0.002467",
        "df/dw₂ = 0.004933",
        "df/dx₁ = 0.0074",
        "df/dx₂ = -0.004933",
    ]


def test_python_dash_m_autograd_is_the_same_program(tmp_path):
    command, options = as_a_program("steps", *PERCEPTRON, cwd=tmp_path)
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, **options)
    assert (done.returncode, done.stderr) == (0, "")
    assert "= 0.002473" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("expression", ["-x", "-x**2 + 1", "-(x)", "-sin(x)"])
def test_an_expression_may_begin_with_a_minus(capsys, expression):
    assert main(["steps", expression, "x=2"]) == 0
    assert "df/dx" in capsys.readouterr().out


@pytest.mark.parametrize(("typed", "shown"), [("1e-3", "0.001"), ("-2", "-2"), ("+.5", "0.5")])
def test_values_are_read_as_floats(capsys, typed, shown):
    assert main(["steps", "2*x", f"x={typed}"]) == 0
    assert f"  x = {shown}\n" in capsys.readouterr().out


@pytest.mark.parametrize(("typed", "result"), [("inf", "= 0\n"), ("nan", "= nan\n")])
def test_infinity_and_nan_are_numbers(capsys, typed, result):
    assert main(["steps", "1/x", f"x={typed}"]) == 0
    assert result in capsys.readouterr().out


def test_numpys_warnings_are_short_notes(capsys):
    assert main(["steps", "log(x)", "x=0"]) == 0
    out, err = capsys.readouterr()
    assert "= -inf" in out
    assert "glassgrad: note: divide by zero encountered in log\n" in err
    assert ".py" not in err


def test_the_output_has_a_name_that_no_variable_has(capsys):
    assert main(["steps", "f*y*x", "f=1", "y=2", "x=3"]) == 0
    assert "Backpropagation of out" in capsys.readouterr().out


# --- draw and demo ----------------------------------------------------------------------------


def test_draw_writes_the_picture_with_gradients_and_says_so(capsys, tmp_path):
    path = tmp_path / "graph.svg"
    assert main(["draw", "w*x + b", "w=2", "x=3", "b=1", "-o", str(path)]) == 0
    out = capsys.readouterr().out
    assert out == f"Wrote {path}: the graph of f = 7, with gradients.\n"
    picture = path.read_text(encoding="utf-8")
    assert picture.startswith("<svg")
    assert "grad" in picture


def test_draw_calls_nodes_what_steps_calls_them(tmp_path):
    path = tmp_path / "graph.dot"
    assert main(["draw", "w*x + b", "w=2", "x=3", "b=1", "--output", str(path)]) == 0
    source = path.read_text(encoding="utf-8")
    assert '"v₁ = *' in source
    assert '"f = +' in source


def test_draw_refuses_a_suffix_it_does_not_know(capsys, tmp_path):
    assert ".svg" in mistake(capsys, "draw", "x**2", "x=2", "-o", str(tmp_path / "graph.xyz"))


def test_draw_says_that_a_file_cannot_be_written(capsys, tmp_path):
    err = mistake(capsys, "draw", "x**2", "x=2", "-o", str(tmp_path / "nowhere" / "graph.svg"))
    assert "nowhere" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", [["play", "x", "x=1"], ["play"], ["sheet"]])
def test_what_the_system_says_of_a_file_is_one_line_that_names_it(capsys, tmp_path, command):
    err = mistake(capsys, *command, "-o", str(tmp_path / "nowhere" / "page.html"))
    assert re.search(
        r"^glassgrad: .*cannot \w+ '.*page\.html': No such file or directory\.\n$", err
    )


def test_demo_and_grade_say_what_they_need(capsys, tmp_path):
    (tmp_path / "file").touch()
    said = mistake(capsys, "demo", "-o", str(tmp_path / "file"))
    assert "demo: needs a folder for its pictures, but" in said
    assert "cannot use" in mistake(capsys, "demo", "-o", str(tmp_path / "file" / "below"))
    said = mistake(capsys, "grade", str(tmp_path), "--timeout", "0")
    assert said == "glassgrad: grade: timeout must be >= 1, but got 0.\n"


def test_demo_is_given_the_folder_and_its_status_is_ours(monkeypatch):
    given = []
    monkeypatch.setitem(
        sys.modules, "nn.demo", types.SimpleNamespace(main=lambda folder: given.append(folder) or 7)
    )
    assert main(["demo", "-o", "some/folder"]) == 7
    assert main(["demo"]) == 7
    assert given == [Path("some/folder"), Path("glassgrad-demo")]


def test_a_missing_package_is_named_with_the_way_to_get_it(capsys, monkeypatch):
    def without_tqdm(_):
        raise ModuleNotFoundError("No module named 'tqdm'", name="tqdm")

    monkeypatch.setitem(sys.modules, "nn.demo", types.SimpleNamespace(main=without_tqdm))
    assert mistake(capsys, "demo") == "glassgrad: needs the package tqdm (pip install tqdm).\n"


def test_a_number_may_be_a_fraction_or_have_a_decimal_comma(capsys):
    assert main(["steps", "x*y", "x=1/4", "y=−0,5"]) == 0
    assert "f = x·y = 0.25·(-0.5) = -0.125" in capsys.readouterr().out


# --- mistakes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x*y", "x=1"], "expression: needs a value for y.\n"),
        (["x", "x=1", "z=2"], "expression: has no z; its names are x.\n"),
        (["x", "x=1/0"], "x needs a number such as 0.5, 1e-3, 1/3 or inf, but got '1/0'.\n"),
        (["x", "x=a"], "x needs a number such as 0.5, 1e-3, 1/3 or inf, but got 'a'.\n"),
        (["x", "x="], "x needs a number such as 0.5, 1e-3, 1/3 or inf, but got ''.\n"),
        (["x", "x", "=", "3"], "needs each value as name=number (w=0.5), but got 'x'.\n"),
        (["x", "=3"], "needs each value as name=number (w=0.5), but got '=3'.\n"),
        (["x", "x=1", "x=2"], "needs one value for x, but got several.\n"),
        (["2 + 3"], "the expression has no names: it is 5, a constant.\n"),
        (["x + ", "x=1"], "expression: something is missing at the end.\n  x +\n     ^\n"),
    ],
)
def test_a_mistake_is_one_clear_line(capsys, arguments, message):
    assert mistake(capsys, "steps", *arguments) == f"glassgrad: {message}"


def test_what_is_not_allowed_in_an_expression_is_pointed_at(capsys):
    lines = mistake(capsys, "steps", "x^2", "x=3").splitlines()
    assert lines[:3] == [
        "glassgrad: expression: ^ is not allowed; a power is written **.",
        "  x^2",
        "   ^",
    ]


@pytest.mark.parametrize("arguments", [["steps"], ["fly"], ["steps", "--loud", "x"], ["--loud"]])
def test_a_wrong_command_is_one_line_that_says_where_to_read_more(capsys, arguments):
    err = mistake(capsys, *arguments)
    assert err.count("\n") == 1
    assert "--help)" in err


# --- help, terminals, pipes -------------------------------------------------------------------


def test_without_a_command_the_help_is_shown(capsys):
    with pytest.raises(SystemExit, match="0"):
        main([])
    assert "examples:" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["steps", "draw", "demo", "info"])
def test_every_command_has_help_that_any_terminal_can_show(capsys, command):
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    out = capsys.readouterr().out
    assert out.isascii()
    assert max(map(len, out.splitlines())) <= 100


def test_info_tells_what_a_bug_report_needs(capsys, monkeypatch):
    monkeypatch.setenv("GLASSGRAD_EXAMPLE", "7")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("autograd.info.OPTIONAL", ("pytest", "no-such-package"))
    assert main(["info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    told = {line[:12].strip(): line[13:] for line in lines}
    assert told["glassgrad"].endswith(str(ROOT))
    assert told["Python"].startswith(sys.version.split()[0])
    assert f"integers of {8 * np.dtype(np.intp).itemsize} bits" in told["machine"]
    assert told["NumPy"].startswith(f"{np.__version__}, BLAS: ")
    assert told["graphviz"] == f"{metadata.version('graphviz')}, no dot"
    assert told["optional"] == f"pytest {pytest.__version__}; not: no-such-package"
    assert "GLASSGRAD_EXAMPLE=7" in told["switches"]
    assert told["in the way"] == "nothing"


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.startswith("glassgrad ")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "shift_jis"])
def test_a_terminal_without_our_signs_gets_plainer_ones(monkeypatch, encoding):
    terminal = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["steps", "sigmoid(x)*x + 0*ŷ", "x=2", "ŷ=1"]) == 0
    text = terminal.buffer.getvalue().decode(encoding)
    assert "sigmoid(2)" in text or "σ(2)" in text
    assert "= 2.615" not in text
    assert "1.762" in text


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    long = "+".join(["x"] * 400)
    command, options = as_a_program("steps", long, "x=1", cwd=tmp_path)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    ) as program:
        program.stdout.close()
        assert program.stderr.read() == b""


# --- play: the file, the browser, and slips ---------------------------------------------------


def test_play_adds_html_to_a_name_without_it_and_opens_the_page_only_when_asked(
    tmp_path, capsys, monkeypatch
):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    assert main(["play", "x**2", "x=3", "-o", str(tmp_path / "foo")]) == 0
    assert (tmp_path / "foo.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert capsys.readouterr().out.endswith(
        "the step of the backward pass of f. Open it in a browser.\n"
    )
    assert opened == []
    assert main(["play", "x**2", "x=3", "-o", str(tmp_path / "v1.2"), "--open"]) == 0
    assert opened == [(tmp_path / "v1.2.html").as_uri()]
    assert capsys.readouterr().out.endswith("the backward pass of f.\n")
    assert main(["play", "x**2", "x=3", "-o", str(tmp_path / "a.HTML"), "--no-open"]) == 0
    assert (tmp_path / "a.HTML").exists()
    assert len(opened) == 1


@pytest.mark.parametrize(
    ("slip", "suggestion"),
    [
        ("sgima(x)", "Did you mean sigmoid?"),
        ("sigmiod(x)", "Did you mean sigmoid?"),
        ("x^2", "a power is written **"),
        ("y = w*x", "only what is on the right of an equation is"),
    ],
)
def test_a_slip_is_answered_with_one_suggestion(slip, suggestion, capsys):
    assert main(["steps", slip, "x=1", "w=2"]) == 2
    message = capsys.readouterr().err
    assert suggestion in message
    assert len(message.splitlines()) == 3
