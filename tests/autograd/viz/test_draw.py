"""Pictures: what is drawn, and that it is the same on every machine."""

import base64
import importlib
import io
import os
import re
import shutil
import stat
import sys
import xml.etree.ElementTree as ET

import numpy as np
import PIL.Image
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import nn
from autograd import Tensor, Value, backprop, draw, no_grad, tanh
from autograd.viz import notation
from autograd.viz.dot import run_dot
from autograd.viz.scene import BACKGROUND, CONSTANT, DARK, GREY, HOT, INK, LEAF, OPERATION, OUTPUT
from autograd.viz.text import number, numbers
from tests.each import each
from tests.work import calls_at_most

needs_dot = pytest.mark.skipif(
    shutil.which("dot") is None and os.environ.get("GLASSGRAD_CI") != "1",
    reason="there is no program `dot` here",
)
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<b>bold</b>", "<i>", '"', 'a"b', "\\", "\\\\", "end\\", "\\N \\G \\l \\n", "&amp; & &#60;",
    "{a|b}", "]]>", "-->", "🎉 日本語 é", "x" * 60, " two  spaces ", "%s {0}", "$x^2$", "node", "2",
]  # fmt: skip


@pytest.fixture(params=["own", pytest.param("dot", marks=needs_dot)])
def layout(request):
    return request.param


@pytest.fixture
def without_dot(monkeypatch):
    monkeypatch.setenv("PATH", "")


def neuron():
    x1, x2, w1, w2, b = (Value(v) for v in (2.0, 0.0, -3.0, 1.0, 6.8813735870195432))
    return tanh(w1 * x1 + w2 * x2 + b)


def groups(svg, role):
    """The <g> elements of nodes or edges, by id."""
    found = {g.get(f"data-{role}"): g for g in ET.fromstring(svg).iter(f"{SVG}g")}
    found.pop(None, None)
    return found


def texts(group):
    return [t.text or "" for t in group.iter(f"{SVG}text")]


def shape(group):
    rect = group.find(f"{SVG}rect")
    return float(rect.get("rx")) > 5, rect.get("stroke-dasharray"), rect.get("fill")


# --- what is drawn


def test_each_node_is_drawn_once_with_symbol_name_data_and_gradient(layout):
    x = Value(3.0)
    y = tanh(x)
    z = y * y + x
    z.backward()
    nodes = groups(draw(z, layout=layout).svg, "node")
    assert [texts(g) for g in nodes.values()] == [
        ["x", "data", "3", "grad", number(x.grad)],
        ["tanh", "y", "data", number(y.data), "grad", number(y.grad)],
        ["*", "v₁", "data", number(y.data**2), "grad", "1"],
        ["+", "z", "data", number(z.data), "grad", "1"],
    ]


def test_x_times_x_has_two_edges_that_show_the_local_derivatives(layout):
    x = Value(3.0)
    picture = draw(x * x, layout=layout)
    edges = groups(picture.svg, "edge")
    assert list(edges) == ["n1.0", "n1.1"]
    assert [texts(g) for g in edges.values()] == [["3"], ["3"]]
    assert len({g.find(f"{SVG}path").get("d") for g in edges.values()}) == 2
    assert len(re.findall(r"^\s*n0 -> n1 ", picture.source, re.MULTILINE)) == 2


def test_edges_show_each_operand_its_own_derivative():
    a, b = Value(7.0), Value(2.0)
    edges = groups(draw(a - b).svg, "edge")
    assert [texts(g) for g in edges.values()] == [["1"], ["-1"]]


def test_a_gradient_not_reached_yet_is_a_dash_and_a_zero_is_a_zero():
    x = Value(0.0)
    y = x * x
    assert texts(groups(draw(y).svg, "node")["n0"])[-2:] == ["grad", "—"]
    y.backward()
    assert texts(groups(draw(y).svg, "node")["n0"])[-2:] == ["grad", "0"]


def test_kinds_of_nodes_differ_in_shape_and_in_colour():
    x = Value(3.0)
    y = tanh(2 * x)
    nodes = draw(y).graph.nodes
    drawn = {g.get("data-kind"): g for g in groups(draw(y).svg, "node").values()}
    assert [n.kind for n in nodes] == ["constant", "leaf", "operation", "operation"]
    looks = {kind: shape(g) for kind, g in drawn.items()}
    assert len({(rounded, dashes) for rounded, dashes, _ in looks.values()}) == 3
    assert len({fill for _, _, fill in looks.values()}) == 3
    outlines = [
        sum(r.get("stroke") is not None for r in g.iter(f"{SVG}rect"))
        for g in groups(draw(y).svg, "node").values()
    ]
    assert outlines == [1, 1, 1, 2]


def test_a_constant_has_no_gradient_and_its_edge_no_derivative():
    picture = draw(Value(3.0) ** 2)
    exponent = next(n for n in picture.graph.nodes if n.kind == "constant")
    assert texts(groups(picture.svg, "node")[exponent.id]) == ["2"]
    assert [edge.label for edge in picture.graph.edges] == ["6", ""]


def test_a_result_computed_under_no_grad_is_a_constant():
    with no_grad():
        y = Value(2.0) * 3
    assert [n.kind for n in draw(y).graph.nodes] == ["constant"]


def test_tensors_show_their_shape_and_small_ones_their_numbers():
    W = Tensor([[1.0, -2.5], [10.0, 0.5]], requires_grad=True)
    loss = (W * W).sum()
    nodes = groups(draw(loss).svg, "node")
    assert texts(nodes["n0"]) == [
        "W", "shape", "2×2", "data", "[ 1 -2.5]", "[10  0.5]", "grad", "—",
    ]  # fmt: skip
    big = Tensor(np.arange(100.0), requires_grad=True)
    assert "0 … 99" in texts(groups(draw(big.sum()).svg, "node")["n0"])


def test_edges_of_tensors_show_a_derivative_only_where_it_is_one_number():
    x = Tensor([1.0, 2.0], requires_grad=True)
    labels = {e.id: e.label for e in draw(((x + x) * x).sum()).graph.edges}
    assert labels == {"n1.0": "1", "n1.1": "1", "n2.0": "", "n2.1": "", "n3.0": ""}


def test_a_derivative_whose_operand_was_overwritten_since_is_not_shown():
    x = Tensor(2.0, requires_grad=True)
    y = x * x
    assert [e.label for e in draw(y).graph.edges] == ["2", "2"]
    x.data -= 1.0
    assert [e.label for e in draw(y).graph.edges] == ["", ""]


def test_what_a_tensor_operation_was_told_is_shown():
    x = Tensor(np.ones((2, 3)), requires_grad=True)
    _, total, entry = draw(x.sum(axis=1)[0]).graph.nodes
    assert total.rows[1] == ("axis", "1")
    assert entry.symbol == "[0]"  # not [ ], which does not tell the parts of an array apart
    _, rows = draw(x[1:]).graph.nodes
    assert rows.symbol == "[1:]"


def test_drawing_warns_of_nothing_and_changes_nothing():
    x = Value(0.0)
    with np.errstate(all="ignore"):
        y = x.log()
    assert draw(y).graph.edges[0].label == "inf"
    assert x._grad is None


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (1.2000000000000002, "1.2"), (-0.0, "0"), (3.0, "3"), (123456.0, "123456"), (1e6, "1e6"),
        (123456.7, "1.235e5"), (0.000123, "0.000123"), (1e-9, "1e-9"), (float("nan"), "nan"),
        (float("-inf"), "-inf"), (6.8813735870195432, "6.881"),
    ],
)  # fmt: skip
def test_numbers_have_four_significant_digits(x, text):
    assert number(x) == text


def test_arrays_of_every_kind_are_written():
    assert numbers(np.zeros((0, 3))) == ("[]",)
    assert numbers(np.full((9, 9), 2)) == ("all 2",)
    assert numbers(np.array([True, False])) == ("[1 0]",)
    assert numbers(np.array([[[1.0]]])) == ("all 1",)
    assert numbers(np.array([np.nan, *range(20)])) == ("nan … nan",)


# --- the same text every time, on every machine


def test_the_same_graph_gives_the_same_text(layout):
    one, other = draw(neuron(), {}, layout=layout), draw(neuron(), {}, layout=layout)
    assert one.source == other.source
    assert one.svg == other.svg


def test_ids_are_positions_in_topological_order():
    from autograd.node import topological

    root = neuron()
    order = topological(root)
    for node in draw(root).graph.nodes:
        assert dict(node.rows)["data"] == number(order[int(node.id[1:])].data)


def test_the_picture_shows_what_held_when_it_was_drawn():
    x = Value(2.0)
    picture = draw(x * x)
    x.data = 99.0
    svg = re.sub("<style>.*?</style>", "", picture.svg)
    assert "99" not in re.sub("#[0-9a-f]{6}", "", svg + picture.source)


def test_svg_has_a_title_a_size_and_neither_ids_nor_rules_for_others_nor_script(layout):
    svg = draw(neuron(), layout=layout).svg
    root = ET.fromstring(svg)
    _, _, width, height = map(float, root.get("viewBox").split())
    assert (width, height) == (float(root.get("width")), float(root.get("height")))
    assert root.get("style") is None  # other programs stumble over it
    assert root[0].tag == f"{SVG}title"
    assert root[0].text.startswith("Computation graph of 10 nodes (5 leaves, 5 operations).")
    assert not any(e.get("id") for e in root.iter())
    assert not any(e.tag == f"{SVG}script" for e in root.iter())
    (style,) = [e.text for e in root.iter(f"{SVG}style")]
    assert re.fullmatch(r"@media [^{]*\{(\[\w+=[^]]+\]\{(fill|stroke):#\w{6}\})+\}", style)
    for group in [*groups(svg, "node").values(), *groups(svg, "edge").values()]:
        assert group[0].tag == f"{SVG}title"
        assert group[0].text


def test_everything_lies_on_the_page(layout):
    root = ET.fromstring(draw(neuron(), layout=layout).svg)
    left, top, width, height = map(float, root.get("viewBox").split())
    for rect in root.iter(f"{SVG}rect"):
        x, y, w, h = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
        assert left <= x
        assert x + w <= left + width + 0.11
        assert top <= y
        assert y + h <= top + height + 0.11


def test_a_notebook_gets_a_picture_and_a_sentence(without_dot):
    x = Value(3.0)
    picture = draw(x * x)
    bundle = picture._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/svg+xml", "text/plain"}
    shown = re.sub("<style>.*?</style>\n", "", picture.svg)
    assert bundle["image/svg+xml"].replace('style="max-width:100%;height:auto" ', "") == shown
    html = re.sub("<style>.*?</style>", "", bundle["text/html"]).partition("<script>")[0]
    image = ET.fromstring(html.replace('"></div>', '"/></div>'))[0][0]
    assert image.get("alt") == bundle["text/plain"]
    assert base64.b64decode(image.get("src").split(",")[1]).decode() == shown
    assert (
        bundle["text/plain"]
        == repr(picture)
        == (
            "Computation graph of 2 nodes (1 leaf, 1 operation). Leaves: x. "
            "Output: L = *, data 9, grad —."
        )
    )


def test_without_dot_our_own_layout_draws_the_same_things(without_dot):
    picture = draw(neuron())
    assert len(groups(picture.svg, "node")) == 10
    assert picture.source.startswith("digraph")
    assert picture.svg == draw(neuron(), layout="own").svg


@needs_dot
def test_dot_places_the_nodes_only_where_it_is_asked_for(monkeypatch):
    assert draw(neuron(), layout="dot").svg != draw(neuron()).svg
    monkeypatch.setattr("autograd.viz.draw.place_with_dot", pytest.fail)
    assert draw(neuron()).svg == draw(neuron(), layout="own").svg


def fake_dot(tmp_path, monkeypatch, script):
    if sys.platform == "win32":
        pytest.skip("the fake program is a shell script")
    program = tmp_path / "bin" / "dot"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


ANSWERS_AT_FIRST = 'case "$*" in *-Tdot*) echo ok; exit 0;; esac'


def test_a_dot_that_takes_too_long_is_stopped_and_not_spoken_of(tmp_path, monkeypatch, capfd):
    script = f"{ANSWERS_AT_FIRST}; echo $$ > {tmp_path}/pid; exec sleep 60"
    fake_dot(tmp_path, monkeypatch, script)
    monkeypatch.setattr("autograd.viz.dot.SECONDS", 0.5)
    assert draw(neuron(), layout="dot").svg == draw(neuron()).svg
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("script", ["exit 3", "echo nonsense", "echo '{\"objects\": [{}]}'"])
def test_where_dot_fails_our_own_layout_stands_in(tmp_path, monkeypatch, capfd, script):
    fake_dot(tmp_path, monkeypatch, f"echo oh dear >&2; {ANSWERS_AT_FIRST}; {script}")
    assert draw(neuron(), layout="dot").svg == draw(neuron()).svg
    assert capfd.readouterr() == ("", "")


# --- in other programs, and in the dark -------------------------------------------------------


def converter(name):
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as err:  # CairoSVG needs the system's library cairo
        if os.environ.get("GLASSGRAD_CI") == "1":
            raise
        pytest.skip(f"there is no {name}: {err}")


def test_cairosvg_paints_a_saved_picture(tmp_path):
    cairosvg = converter("cairosvg")
    draw(neuron()).save(tmp_path / "graph.svg")
    png = cairosvg.svg2png(url=str(tmp_path / "graph.svg"))
    pixels = np.asarray(PIL.Image.open(io.BytesIO(png)).convert("RGB")).reshape(-1, 3)
    assert len(np.unique(pixels, axis=0)) > 50  # before: all of one white


def test_svglib_reads_a_saved_picture(tmp_path):
    svg2rlg = converter("svglib.svglib").svg2rlg
    draw(neuron()).save(tmp_path / "graph.svg")
    drawing = svg2rlg(str(tmp_path / "graph.svg"))
    assert len(drawing.contents[0].contents) > 10


def test_a_saved_picture_has_a_dark_colour_for_every_colour():
    svg = draw(neuron()).svg
    style = re.search("<style>(.*?)</style>", svg)[1]
    assert style.startswith("@media (prefers-color-scheme:dark){")
    used = set(re.findall(r'(fill|stroke)="(#\w{6})"', svg.replace(style, "")))
    assert used
    assert used <= set(re.findall(r'\[(fill|stroke)="(#\w{6})"\]', style))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_drawn_is_legible_in_both_themes(theme):
    color = {light: light if theme == "light" else dark for light, dark in DARK.items()}
    surfaces = [BACKGROUND, LEAF.fill, OPERATION.fill, OUTPUT.fill, CONSTANT.fill]
    pairs = [(text, ground) for text in (INK, GREY) for ground in surfaces]
    pairs += [(BACKGROUND, style.stroke) for style in (OPERATION, OUTPUT)] + [(HOT, LEAF.fill)]
    for one, other in pairs:
        assert contrast(color[one], color[other]) >= 4.5, (one, other)


# --- labels are shown as typed


def as_shown(label):
    """As typed, but what would be read as a number is quoted."""
    return "“2”" if label == "2" else label


@pytest.mark.parametrize("label", HOSTILE)
def test_a_label_is_shown_as_typed(label, layout):
    x = Value(2.0, label=label)
    svg = draw(x * x, layout=layout).svg
    assert texts(groups(svg, "node")["n0"])[0] == as_shown(label)


@needs_dot
@each("label", HOSTILE)
def test_dot_itself_shows_a_label_as_typed(label):
    x = Value(2.0, label=label)
    svg = run_dot(draw(x * x).source, "svg").decode()
    leaf = next(g for g in ET.fromstring(svg).iter(f"{SVG}g") if g.get("id") == "node1")
    assert texts(leaf)[0].replace("\xa0", " ").strip() == as_shown(label).strip()


# By default hypothesis takes 200 MB to find out which characters can be encoded.
@given(st.text(st.characters(max_codepoint=sys.maxunicode), max_size=20))
@example("data")
@example("0.0")  # no way through a model
@example("3.x")
@example("\x00\x1b\r\n\t\x7f\x85\u202e\ufffe\ud800")
@settings(max_examples=200)
def test_any_label_gives_readable_svg_and_dot(label):
    picture = draw(Value(1.0, label=label), layout="own")
    drawn = texts(groups(picture.svg, "node")["n0"])
    last = max(i for i, text in enumerate(drawn) if text == "data")  # the label may be "data" too
    shown = "\n".join(drawn[:last])
    picture.svg.encode()
    picture.source.encode()
    if label.isprintable() and label.count("\n") < 4:
        written = label if label != " ".join(label.split()) else notation.name(label).text
        assert shown == (written if label.strip() else "L")


def test_a_model_is_to_be_called_before_it_is_drawn():
    with pytest.raises(TypeError, match=r"Call it and draw the result: draw\(model\(x\)\)\."):
        draw(nn.Linear(2, 3))


def test_lines_stay_lines_and_control_characters_get_signs():
    x = Value(1.0, label="two\nlines\x1b[31m\u202e")
    assert texts(groups(draw(x).svg, "node")["n0"])[:2] == ["two", "lines␛[31m\ufffd"]


def test_a_very_long_label_is_cut_in_the_picture():
    x = Value(1.0, label="long " * 1000)
    assert len(texts(groups(draw(x).svg, "node")["n0"])[0]) == 60


# --- large graphs


def chain(length):
    x = Value(1.0)
    for _ in range(length):
        x = -x
    return x


def test_a_large_graph_is_folded_and_the_picture_says_what_it_leaves_out(layout):
    picture = draw(chain(1000), layout=layout)
    note = "60 of 1,001 nodes are drawn, those nearest to the output."
    assert len(groups(picture.svg, "node")) == 60
    assert note in repr(picture)
    assert note in picture.source
    captions = [t.text for t in ET.fromstring(picture.svg).iter(f"{SVG}text")]
    assert note in " ".join(captions)
    folded = [n for n in picture.graph.nodes if n.folded]
    assert len(folded) == 1
    assert "⋯" in texts(groups(picture.svg, "node")[folded[0].id])


def test_a_graph_of_most_nodes_is_whole():
    assert len(draw(chain(299)).graph.nodes) == 300
    assert draw(chain(299)).graph.note == ""
    assert len(draw(chain(400), max_nodes=500).graph.nodes) == 401
    assert len(draw(chain(400), max_nodes=5).graph.nodes) == 5


def test_a_node_shows_all_of_its_operands_or_is_folded():
    w, h = Value(0.5), Value(0.0)
    for _ in range(50):
        h = tanh(w * h + 1)
    graph = draw(h, max_nodes=20).graph
    drawn = {n.id for n in graph.nodes}
    for n in graph.nodes:
        operands = [e for e in graph.edges if e.head == n.id]
        assert {e.tail for e in operands} <= drawn
        expected = {"*": 2, "+": 2, "tanh": 1, "": 0}[n.symbol]
        assert len(operands) == (0 if n.folded else expected)


def test_a_chain_of_10_000_operations_is_drawn_with_some_calls_for_each():
    root = chain(10_000)
    with calls_at_most(20 * 10_000):
        assert "10,001" in draw(root).svg


# --- errors at the door


@pytest.mark.parametrize("thing", [3.0, "x", None, np.ones(3), [1.0]])
def test_what_is_not_a_node_is_refused(thing):
    with pytest.raises(TypeError, match="draw: needs a Value or a Tensor, but got"):
        draw(thing)


def test_wrong_options_are_refused():
    x = Value(1.0)
    with pytest.raises(ValueError, match=r"draw: direction must be 'LR' or 'TB', but got "):
        draw(x, direction="RL")
    with pytest.raises(ValueError, match="draw: layout must be"):
        draw(x, layout="neato")
    with pytest.raises(ValueError, match="draw: max_nodes must be >= 1, but got 0"):
        draw(x, max_nodes=0)
    with pytest.raises(TypeError, match="draw: names needs a dict"):
        draw(x, [x])


def test_asking_for_dot_where_there_is_none_is_refused(without_dot):
    with pytest.raises(RuntimeError, match="needs the program `dot` on the PATH"):
        draw(Value(1.0), layout="dot")


# --- files


def test_save_writes_what_the_name_says(tmp_path, without_dot):
    picture = draw(neuron())
    picture.save(tmp_path / "x.svg")
    picture.save(str(tmp_path / "x.DOT"))
    assert (tmp_path / "x.svg").read_text("utf-8") == picture.svg
    assert (tmp_path / "x.DOT").read_text("utf-8") == picture.source
    assert len(list(tmp_path.iterdir())) == 2


MAGIC = {".png": b"\x89PNG\r\n", ".pdf": b"%PDF-"}


@pytest.mark.parametrize("suffix", MAGIC)
def test_paper_is_made_by_matplotlib(suffix, tmp_path):
    pytest.importorskip("matplotlib")
    x = Value(2.0, label="$\\alpha$ <b> 🎉 \n two")
    draw(x * x + 2).save(tmp_path / f"x{suffix}")
    assert (tmp_path / f"x{suffix}").read_bytes().startswith(MAGIC[suffix])


def test_a_pdf_does_not_tell_when_it_was_made(tmp_path):
    pytest.importorskip("matplotlib")
    for name, made in [("a", draw(neuron())), ("b", backprop(neuron()))]:
        made.save(tmp_path / f"{name}.pdf")
        assert b"CreationDate" not in (tmp_path / f"{name}.pdf").read_bytes()


@pytest.fixture
def without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)


@needs_dot
@pytest.mark.parametrize("suffix", MAGIC)
def test_paper_is_made_by_dot_where_there_is_no_matplotlib(suffix, tmp_path, without_matplotlib):
    draw(neuron()).save(tmp_path / f"x{suffix}")
    assert (tmp_path / f"x{suffix}").read_bytes().startswith(MAGIC[suffix])


def test_paper_without_both_says_what_to_install(tmp_path, without_dot, without_matplotlib):
    with pytest.raises(RuntimeError, match=r"\.png needs matplotlib .* or the program `dot`"):
        draw(neuron()).save(tmp_path / "x.png")
    assert not list(tmp_path.iterdir())


def test_an_unknown_ending_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"needs a name that ends in .*, but got 'x\.jpg'"):
        draw(neuron()).save(tmp_path / "x.jpg")
    assert not list(tmp_path.iterdir())


def test_a_path_that_cannot_be_written_is_one_clear_error(tmp_path):
    picture = draw(neuron(), layout="own")
    with pytest.raises(FileNotFoundError, match=r"save: cannot write '.*x\.svg': No such file"):
        picture.save(tmp_path / "missing" / "x.svg")
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(OSError, match=r"save: cannot write '.*folder\.svg'"):
        picture.save(tmp_path / "folder.svg")
    assert [p.name for p in tmp_path.iterdir()] == ["folder.svg"]


# --- legible


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(k * c for k, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_text_and_outlines_stand_out_from_what_is_behind_them():
    from autograd.viz import scene

    styles = [scene.LEAF, scene.OPERATION, scene.OUTPUT, scene.CONSTANT]
    for style in styles:
        assert contrast(style.stroke, style.fill) >= 3
        assert contrast(scene.INK, style.fill) >= 4.5
        assert contrast(scene.GREY, style.fill) >= 4.5
    for style in styles[:3]:
        assert contrast(scene.BACKGROUND, style.stroke) >= 4.5  # the symbol on its badge
    for line in (scene.LINE, scene.QUIET_LINE):
        assert contrast(line, scene.BACKGROUND) >= 3
    assert contrast(scene.GREY, scene.BACKGROUND) >= 4.5


def test_the_heading_of_a_page_does_not_count_what_boxes_can_change(tmp_path):
    terms = [Value(k / 8, label=f"q{k}") for k in range(40)]
    loss = sum(terms[1:], terms[0]).tanh()
    draw(loss).save(tmp_path / "page.html")
    assert "<h1>Computation graph of loss</h1>" in (tmp_path / "page.html").read_text("utf-8")
