"""Pictures and passes as files: the ending says what is written; the same bytes on every run."""

import base64
import html
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from autograd import Tensor, Value, backprop, draw, explain, tanh
from autograd.viz.tikz import tex_text
from tests.each import each, in_ci

SUFFIXES = [".svg", ".html", ".txt", ".tex", ".png", ".pdf", ".dot", ".md"]
STARTS = {
    ".svg": b"<svg", ".html": b"<!DOCTYPE html>", ".tex": rb"\documentclass", ".png": b"\x89PNG",
    ".pdf": b"%PDF", ".dot": b"digraph", ".md": b"```mermaid", ".txt": b"",
}  # fmt: skip
HOSTILE = [
    "<script>",
    "a & b",
    '"',
    "{x}_$%#^~\\",
    "]]>",
    "ŷ θ ₁ ⁽²⁾",
    "\x07bell",
    "日本 🎉",
    "```",
]


def neuron():
    x1, w1, b = Value(3.0, label="x1"), Value(-2.0, label="w_12"), Value(0.5, label="theta_0")
    y = tanh(w1 * x1 + b)
    y.label = "y_hat"
    return y


@each("suffix", SUFFIXES)
@each("made", [draw, backprop])
def test_the_ending_says_what_is_written(made, suffix, tmp_path):
    pytest.importorskip("matplotlib")
    made(neuron()).save(tmp_path / f"picture{suffix.upper()}")
    assert (tmp_path / f"picture{suffix.upper()}").read_bytes().startswith(STARTS[suffix])


@pytest.mark.parametrize("suffix", [s for s in SUFFIXES if s not in (".png", ".pdf")])
@pytest.mark.parametrize("made", [draw, backprop])
def test_the_same_graph_gives_the_same_bytes(made, suffix, tmp_path):
    for k in range(2):
        made(neuron()).save(tmp_path / f"{k}{suffix}")
    assert (tmp_path / f"0{suffix}").read_bytes() == (tmp_path / f"1{suffix}").read_bytes()


@pytest.mark.parametrize("made", [draw, backprop])
def test_another_ending_is_refused_with_those_there_are(made, tmp_path):
    with pytest.raises(ValueError, match=r"needs a name that ends in \.\w+, .* or \.\w+, but"):
        made(neuron()).save(tmp_path / "picture.gif")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", [3, None, b"picture.svg", ["picture.svg"]])
@pytest.mark.parametrize("made", [draw, backprop])
def test_what_is_no_path_is_refused_in_words(made, path):
    with pytest.raises(TypeError, match=r"save: path needs to be a text or a Path, .*, but got"):
        made(neuron()).save(path)


def test_a_pass_is_saved_as_the_page_the_film_and_the_text_it_is(tmp_path):
    steps = backprop(neuron())
    steps.save(tmp_path / "pass.html")
    assert "Backpropagation of " in (tmp_path / "pass.html").read_text("utf-8")
    steps.save(tmp_path / "pass.txt")
    assert (tmp_path / "pass.txt").read_text("utf-8") == f"{steps}\n"
    steps.save(tmp_path / "pass.svg")
    assert "@keyframes" in (tmp_path / "pass.svg").read_text("utf-8")


@pytest.mark.parametrize(("name", "suffix"), [("to_html", ".html"), ("to_svg", ".svg")])
def test_what_save_was_called_in_0_1_warns_and_works(name, suffix, tmp_path):
    steps = backprop(neuron())
    steps.save(tmp_path / f"now{suffix}")
    with pytest.warns(DeprecationWarning, match=rf"Backprop\.{name} is called save now"):
        getattr(steps, name)(tmp_path / f"then{suffix}")
    assert (tmp_path / f"then{suffix}").read_bytes() == (tmp_path / f"now{suffix}").read_bytes()


def test_mermaid_has_a_box_for_each_node_and_an_arrow_for_each_operand(tmp_path):
    x = Value(3.0, label="x")
    picture = draw(x * x + 2)
    picture.save(tmp_path / "graph.md")
    text = (tmp_path / "graph.md").read_text("utf-8")
    assert len(re.findall(r"^  n\d+[\[(]", text, re.M)) == len(picture.graph.nodes) == 4
    assert len(re.findall(r" -->| -\.->", text)) == len(picture.graph.edges) == 4
    assert 'n0 -->|"3"| n1' in text


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_labels_stay_inside_their_quotes(label, tmp_path):
    x = Value(3.0, label=label)
    draw(x * x).save(tmp_path / "graph.md")
    lines = (tmp_path / "graph.md").read_text("utf-8").splitlines()
    assert lines[0] == "```mermaid"
    assert lines.index("```") == len(lines) - 1
    assert all(re.fullmatch(r'  n\d+[\[(]+"[^"<>]*(<br>[^"<>]*)*"[\])]+', x) for x in lines[2:4])
    draw(x * x).save(tmp_path / "graph.html")
    page = (tmp_path / "graph.html").read_text("utf-8")
    assert page.count("<script>") == page.count("</script>") == 1
    (svg,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]*)"></div>', page)
    assert ET.fromstring(base64.b64decode(svg)) is not None
    written = re.sub(r"\\[a-zA-Z]+|\\.|\$[^$]*\$", "", tex_text(label))
    assert not re.search(r"[$%#&_^~\\]", written)


def test_a_pass_in_tex_has_a_picture_for_each_step(tmp_path):
    steps = backprop(neuron())
    steps.save(tmp_path / "pass.tex")
    text = (tmp_path / "pass.tex").read_text("utf-8")
    assert text.count(r"\begin{tikzpicture}") == text.count(r"\end{tikzpicture}") == len(steps) + 1
    assert text.count("step 1 of ") == 1
    assert text.count(r" \mathrel{+}= ") == len(steps)
    assert r"\mathrel{+}= 1 \cdot \frac{\partial " in text
    assert draw(neuron()).tex(alone=False).startswith(r"\definecolor")


@pytest.mark.skipif(
    shutil.which("pdflatex") is None and os.environ.get("GLASSGRAD_CI") != "1",
    reason="there is no pdflatex here",
)
@pytest.mark.slow
def test_pdflatex_compiles_pictures_alone_in_a_document_and_with_any_label(tmp_path):
    backprop(tanh(Value(3.0, label="y_hat"))).save(tmp_path / "steps.tex")
    total = sum((Value(1.0, label=label) for label in HOSTILE), start=Value(0.0))
    (tmp_path / "part.tex").write_text(draw(total).tex(alone=False), encoding="utf-8")
    backprop(tanh(total)).save(tmp_path / "captions.tex")
    lines = (tmp_path / "captions.tex").read_text("utf-8").splitlines()
    drawn = (r"\path", r"\fill", r"\node[anchor=base")  # which are 20 pictures of all labels
    captions = "\n".join(line for line in lines if not line.startswith(drawn))
    (tmp_path / "captions.tex").write_text(captions, encoding="utf-8")
    W = Tensor(np.ones((2, 2)), requires_grad=True, label="W")
    backprop((W @ W).sum()).save(tmp_path / "arrays.tex")
    (tmp_path / "article.tex").write_text(
        "\\documentclass{article}\\usepackage{amssymb,tikz}\\begin{document}\n"
        "Text.\n\\input{part}\n\\end{document}\n"
    )
    for name in ("captions", "arrays", "article", "steps")[: in_ci(4, 3)]:
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"]
        done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-2000:]
        assert (tmp_path / f"{name}.pdf").read_bytes().startswith(b"%PDF")


def explanations():
    y = neuron()
    X = Tensor([[1.0, 2.0]], label="X", requires_grad=True)
    return {
        "one": explain(y, next(x for x in y.parents[0].parents if x.label == "theta_0")),
        "all": explain(y), "array": explain((X @ X.T).sum(), X), "step": backprop(y)[0],
    }  # fmt: skip


@pytest.mark.parametrize("what", ["one", "all", "array", "step"])
def test_an_explanation_is_written_as_text_as_formulas_and_as_a_page(what, tmp_path):
    made = explanations()[what]
    for suffix in (".txt", ".md", ".html", ".tex"):
        made.save(tmp_path / f"made{suffix}")
    texts = {path.suffix: path.read_text("utf-8") for path in tmp_path.iterdir()}
    assert texts[".txt"] == f"{made}\n"
    assert texts[".md"] == f"$$\n{made.latex}\n$$\n"
    assert made.mathml in texts[".html"]
    assert html.escape(str(made)) in texts[".html"]
    with pytest.raises(
        ValueError, match=r"ends in \.txt, \.md, \.html or \.tex, but got 'made.png'"
    ):
        made.save(tmp_path / "made.png")
    if not shutil.which("pdflatex"):
        pytest.skip("no pdflatex")
    subprocess.run(
        ["pdflatex", "-interaction=batchmode", "-halt-on-error", "made.tex"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip


def test_on_the_page_of_an_explanation_what_follows_a_name_from_the_right_stands_after_it(tmp_path):
    x, y = Value(2.0, label="משקל"), Value(3.0, label="وزن")
    explain(x * y + x).save(tmp_path / "made.html")
    page = (tmp_path / "made.html").read_text("utf-8")
    text = page[page.index("<pre") :]
    assert "/dמשקל\u200e = 3 + 1 = 4" in text
    assert not re.search("[א-תء-ي](?![א-תء-ي\u200e])", text)


def test_in_tex_names_that_pdflatex_cannot_write_are_symbols_and_no_sign_is_lost(tmp_path):
    x, y = Value(2.0, label="משקל"), Value(3.0, label="weiß")
    X = Tensor(np.ones((2, 3)), label="X", requires_grad=True)
    for k, explanation in enumerate([explain(x * y, y), explain(X.mean(axis=0).sum(), X)]):
        path = tmp_path / f"made{k}.tex"
        explanation.save(path)
        if shutil.which("pdflatex"):
            command = ["pdflatex", "-interaction=batchmode", "-halt-on-error", path.name]
            subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    names, shapes = ((tmp_path / f"made{k}.tex").read_text("utf-8") for k in range(2))
    assert r"wei\text{ß}" in names
    assert names.count("square") == 1  # the derivative by y
    assert "square" not in shapes
    assert r"2\ensuremath{\times}3" in shapes
    z = Value(3.0, label="وزن")
    product = x * z
    product.label = "סכום"
    explain(product, x).save(tmp_path / "both.tex")
    both = (tmp_path / "both.tex").read_text("ascii")
    assert {*re.findall(r"square_\{(\d)\}", both)} == {"1", "2", "3"}
