"""The record, the picture and the page behind the step player, without a browser."""

import base64
import json
import random
import re
import xml.etree.ElementTree as ET
import zlib
from html.parser import HTMLParser
from importlib import resources

import numpy as np
import pytest

from autograd import RULEBOOK, Tensor, Value, backprop, record_lines, tanh
from autograd.__main__ import main
from autograd.op import Elementwise
from autograd.viz.player.embed import LOADER, packed, to_json, without_comments
from autograd.viz.player.page import GIVEN, SCRIPTS, WITH_WINDOWS, fragment
from autograd.viz.player.picture import MOST_DRAWN, picture_of
from autograd.viz.player.record import trace_of
from autograd.viz.player.rules_js import can_compute, computable, rules_js
from autograd.viz.text import number
from nn.scalar import MLP
from tests.each import each
from tests.work import calls_at_most

SVG = "{http://www.w3.org/2000/svg}"


def small():
    x, w = Value(2.0, label="x"), Value(-3.0, label="w")
    y = tanh(x * w) + x
    y.label = "y"
    return y


def recurrent(steps):
    w, x, h = Value(0.5, label="w"), Value(0.1, label="x"), Value(0.3, label="h0")
    for _ in range(steps):
        h = tanh(w * h + x)
    return h


def classifier():
    random.seed(1)
    model = MLP(3, [4, 4, 1])
    rows = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    loss = sum((model(x) - y) ** 2 for x, y in zip(rows, [1.0, -1.0, -1.0, 1.0], strict=True))
    return backprop(loss)


def drawn(picture):
    return [
        g.get("data-node") for g in ET.fromstring(picture.svg).iter(f"{SVG}g") if g.get("data-node")
    ]


def unpacked(html):
    """What the script of an output holds: style, script, rules and record."""
    size, text = re.search(r'(\d+),"([^"]*)"\)?(?:</script>)?$', html).groups()
    digits = [ord(c) - 33 - (c > '"') - (c > "<") - (c > "\\") for c in text]
    bits = "".join(f"{91 * a + b:013b}" for a, b in zip(digits[::2], digits[1::2], strict=True))
    data = bytes(int(bits[k : k + 8], 2) for k in range(0, 8 * int(size), 8))
    return zlib.decompress(data).decode().split("\0")


class Tags(HTMLParser):
    """What a page is made of."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


# --- the bundle -------------------------------------------------------------------------------


def test_a_notebook_gets_html_a_picture_and_text():
    steps = backprop(small())
    bundle = steps._repr_mimebundle_()
    assert sorted(bundle) == ["image/svg+xml", "text/html", "text/plain"]
    assert bundle["text/plain"] == str(steps)
    ET.fromstring(bundle["image/svg+xml"])


def test_outside_the_script_there_is_only_what_survives_a_sanitiser():
    html = backprop(small())._repr_mimebundle_()["text/html"]
    tags = Tags(html).tags
    assert {tag for tag, _ in tags} == {"div", "img", "details", "summary", "pre", "script"}
    assert all(not any(name.startswith("on") for name in attrs) for _, attrs in tags)
    image = dict(tags)["img"]
    kind, data = image["src"].split(",")
    assert kind == "data:image/svg+xml;base64"
    ET.fromstring(base64.b64decode(data))
    assert image["alt"].startswith("Computation graph of 5 nodes")


def test_script_and_style_take_at_most_24_kb_of_each_output():
    assert len(LOADER) + len(packed(SCRIPTS, GIVEN)) <= 24_000
    html = backprop(small())._repr_mimebundle_()["text/html"]
    assert unpacked(html)[:2] == unpacked(packed(SCRIPTS, GIVEN))[:2]


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_has_a_contrast_of_4_5_and_marks_of_3(theme):
    css = resources.files("autograd.viz.player").joinpath("view.css").read_text()
    light, dark = re.findall(r":host[^{]*\{([^}]*--paper[^}]*)\}", css)
    color = dict(re.findall(r"--(\w+): (#\w{6})", light if theme == "light" else dark))
    grounds = ["paper", "fill", "leaf", "op", "hotfill"]
    texts = [(text, ground) for text in ("ink",) for ground in grounds]
    texts += [("soft", ground) for ground in ("paper", "fill", "leaf", "op")]
    texts += [(of_path, "paper") for of_path in ("done", "hot", "outline", "w3")]
    texts += [("paper", "hot"), ("paper", "opline")]
    assert [pair for pair in texts if contrast(*(color[x] for x in pair)) < 4.5] == []
    marks = [("line", "paper"), ("opline", "paper"), ("outline", "paper")]
    marks += [("done", "leaf"), ("done", "op"), ("hot", "leaf"), ("hot", "op")]
    assert [pair for pair in marks if contrast(*(color[x] for x in pair)) < 3] == []


def test_nothing_in_the_player_asks_for_an_address():
    css, player, _ = unpacked(packed(SCRIPTS, GIVEN))
    addresses = set(re.findall(r"https?://[^\s\"']+", player + css + LOADER))
    assert addresses == {
        "http://www.w3.org/1998/Math/MathML",
        "http://www.w3.org/2000/svg",
    }  # names
    assert not re.search(r"\bimport\b|require\(|fetch\(|XMLHttpRequest|@import|url\(", player + css)
    assert "innerHTML" not in player


def test_the_page_is_the_same_on_every_run(tmp_path):
    texts = []
    for k in range(2):
        backprop(small()).save(tmp_path / f"{k}.html")
        texts.append((tmp_path / f"{k}.html").read_text())
    assert texts[0] == texts[1]
    assert "default-src 'none'" in texts[0]


def test_play_writes_the_page_and_says_where(tmp_path, capsys):
    path = tmp_path / "neuron.html"
    assert main(["play", "-w*x + b", "w=0.5", "x=2", "b=0", "-o", str(path)]) == 0
    out, err = capsys.readouterr()
    assert out == f"Wrote {path}: the 5 steps of the backward pass of f. Open it in a browser.\n"
    assert err == ""
    assert path.read_text().startswith("<!DOCTYPE html>")


def test_play_says_what_it_cannot_write(tmp_path, capsys):
    assert main(["play", "x", "x=1", "-o", str(tmp_path / "no" / "page.html")]) == 2
    assert "cannot write" in capsys.readouterr().err


# --- the record -------------------------------------------------------------------------------


def test_the_record_is_the_engines_pass():
    loss = small()
    steps = backprop(loss)
    trace = json.loads(to_json(trace_of(steps, picture_of(steps))))
    assert [node["value"] for node in trace["nodes"]] == [node.data for node in steps.nodes]
    assert [step[2:5] for step in trace["steps"]] == [
        [step.out_grad, step.local, step.contribution] for step in steps
    ]
    ends = [(step.node, step.position, step.parent) for step in steps]
    assert ends == [
        (steps.nodes[n], i, steps.nodes[trace["nodes"][n]["in"][i]]) for n, i, *_ in trace["steps"]
    ]
    assert trace["live"] is True


def test_a_record_is_json_in_the_strict_sense():
    x = Value(np.inf, label="x")
    steps = backprop(x * 0.5)
    text = to_json(trace_of(steps, picture_of(steps)))
    assert "Infinity" not in text
    assert "NaN" not in text
    json.loads(text, parse_constant=pytest.fail)


def test_a_leaf_changed_after_recording_is_noted_and_not_recomputed():
    x = Value(2.0, label="x")
    y = x * x
    x.data = 5.0
    steps = backprop(y)
    trace = trace_of(steps, picture_of(steps))
    assert trace["live"] is False
    assert "x: changed after the graph was recorded" in trace["notes"][0]


def test_lines_are_recorded_only_when_asked_for():
    x = Value(2.0)
    with record_lines() as lines:
        y = x * x
    z = y + 1
    steps = backprop(z, lines=lines)
    assert list(steps.lines) == [y]
    assert steps.lines[y].endswith("y = x * x")
    assert backprop(z).lines == {}
    with pytest.raises(TypeError, match="lines needs what `with record_lines"):
        backprop(z, lines={})


def test_lines_of_a_decorated_function_and_of_tensors_are_recorded():
    with record_lines() as lines:
        t = Tensor([1.0], requires_grad=True) * 2
        u = t.sum()
    assert [lines[node].rpartition(": ")[2] for node in (t, u)] == [
        "t = Tensor([1.0], requires_grad=True) * 2",
        "u = t.sum()",
    ]


# --- rules ------------------------------------------------------------------------------------


@each("op", [op for op in RULEBOOK.values() if isinstance(op, Elementwise)], ids=lambda op: op.name)
def test_every_operation_on_numbers_has_a_rule_for_the_page(op):
    assert can_compute(op)
    assert f'return {{"{op.name}":[' in rules_js([op.name])


def test_what_is_no_rule_of_the_rulebook_is_shown_but_not_recomputed(monkeypatch):
    x = Value(0.5, label="x")
    steps = backprop(x.tanh() * x)
    monkeypatch.delitem(RULEBOOK, "tanh")  # as of somebody's own, which may have any name
    assert trace_of(steps, picture_of(steps))["live"] is False
    used = unpacked(fragment(steps, picture_of(steps), ""))[2]
    assert used == "," + rules_js(computable(["multiply"]))


# --- tensors ----------------------------------------------------------------------------------


def test_vector_jacobian_products_are_the_rulebooks_rule_run_on_symbols():
    X = Tensor(np.ones((2, 3)), requires_grad=True, label="X")
    W = Tensor(np.ones((3, 4)), requires_grad=True, label="W")
    y = X @ W
    y.label = "Y"
    assert [step.equation for step in backprop(y.sum())] == [
        "dL/dY += 1 repeated to 2×4 (2×4 += 1)",
        "dL/dX += dL/dY · Wᵀ (2×3 += 2×4 · 4×3)",
        "dL/dW += Xᵀ · dL/dY (3×4 += 3×2 · 2×4)",
    ]


def test_every_operation_on_arrays_can_be_played(tmp_path):
    rng = np.random.default_rng(0)
    a = Tensor(rng.normal(size=(3, 3)) + 3 * np.eye(3), requires_grad=True, label="A")
    results = [
        a.sum(axis=0).mean(), a.T.reshape(9)[2:5].sum(), a.max(), a.prod() * 1e-3, a[0] @ a[1],
        np.linalg.inv(a).sum(), np.linalg.det(a), np.concatenate([a, a]).mean(), np.cumsum(a).sum(),
        np.linalg.solve(a, a[0]).sum(), (a * a[0]).sum(), np.stack([a, a])[0, 0, 0],
    ]  # fmt: skip
    total = results[0]
    for result in results[1:]:
        total = total + result
    steps = backprop(total)
    steps.save(tmp_path / "all.html")
    trace = trace_of(steps, picture_of(steps))
    assert trace["live"] is False
    assert any(step[5].get("axes") == "0" for step in trace["steps"])


def test_large_arrays_are_shown_as_a_summary():
    t = Tensor(np.linspace(-1, 3, 1000).reshape(10, 100), requires_grad=True, label="t")
    steps = backprop((t * t).sum())
    node = trace_of(steps, picture_of(steps))["nodes"][0]
    assert node["value"] == {"size": "10×100", "text": "array 10×100", "lines": ["-1 … 3"]}
    assert "-1 … 3" in picture_of(steps).svg


# --- large graphs -----------------------------------------------------------------------------


def test_an_often_used_leaf_is_drawn_again_where_it_is_used():
    picture = picture_of(backprop(recurrent(10)))
    boxes = drawn(picture)
    again = [box for box in boxes if box.startswith("n0~")]
    assert len(again) == 9
    assert picture.graph.note == "Each small box w, x is the leaf of that name again."


def test_a_leaf_that_is_drawn_again_is_counted_once_where_nodes_are_left_out():
    picture = picture_of(backprop(recurrent(75)))
    boxes = {box.partition("~")[0] for box in drawn(picture)}
    assert len(boxes) < len([*drawn(picture)])
    assert picture.graph.note.startswith(f"{len(boxes)} of {75 * 3 + 3} nodes are drawn")


def test_75_steps_of_a_recurrent_network_are_drawn_with_some_thousand_calls_for_each():
    h = recurrent(75)
    with calls_at_most(10_000 * 75):
        bundle = backprop(h)._repr_mimebundle_()
    assert "nodes are drawn, those nearest to the output" in bundle["image/svg+xml"]


def test_10_000_nodes_answer_with_a_folded_view_and_some_calls_for_each():
    w, h = Value(0.9, label="w"), Value(0.5, label="h")
    y = h
    for _ in range(5_000):
        y = y * w + h
    with calls_at_most(200 * 10_000):
        steps = backprop(y)
        bundle = steps._repr_mimebundle_()
    assert len(bundle["text/html"]) < 500_000
    assert f"of {len(steps):,} steps are played here" in unpacked(bundle["text/html"])[3]


def test_a_page_of_300_nodes_says_each_formula_once_and_takes_at_most_200_kb(tmp_path):
    rng = random.Random(1)
    xs = [Value(rng.uniform(0.2, 1), label=f"x{i}") for i in range(20)]
    h = xs[1]
    for i in range(0, 280, 3):
        h = (h * xs[i % 20] + xs[(i + 3) % 20]).tanh()
    steps = backprop(h)
    assert len(steps.nodes) > 300
    assert [form["op"] for form in trace_of(steps, picture_of(steps))["forms"]] == [
        "multiply",
        "add",
        "tanh",
    ]
    with calls_at_most(1_500 * 300):
        steps.save(tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size < 200_000


def test_only_names_that_are_keys_of_no_object_are_shortened():
    script = """
        const long = (given) => given.kept + "long // given", other = { long_key: 1, shared };
        // long
        let shared = long({ kept: 2 }) + +other.long_key; // other
        for (const [name, { kept }] of shared) name(/long\\//, other);
        const method = { get read() { return 1; }, method(first) { return first; } };
        let read = 2, first = 3;
    """
    assert without_comments(script, rename=True).strip() == (
        'let r=n=>n.kept+"long // given",t={long_key:1,shared};'
        "let shared=r({kept:2})+ +t.long_key;for(let[a,{kept}]of shared)a(/long\\//,t);"
        "let method={get read(){return 1},method(e){return e}};let read=2,e=3;"
    )


def test_a_large_network_is_folded_by_layer():
    steps = classifier()
    assert len(steps.nodes) > MOST_DRAWN
    picture = picture_of(steps)
    assert len(drawn(picture)) <= 6
    assert all(f"model.layers[{k}]" in picture.svg for k in range(3))
    trace = trace_of(steps, picture)
    assert len(trace["nodes"]) == len(steps.nodes)  # every step can still be played
    assert trace["live"] is True


# --- the moving picture -----------------------------------------------------------------------


def test_the_moving_picture_has_no_script_and_says_every_step(tmp_path):
    steps = backprop(small())
    steps.save(tmp_path / "pass.svg")
    text = (tmp_path / "pass.svg").read_text()
    root = ET.fromstring(text)
    assert not [
        e for e in root.iter() if "script" in e.tag or any(k.startswith("on") for k in e.attrib)
    ]
    texts = [e.text for e in root.iter(f"{SVG}text")]
    assert "Backward, from dy/dy = 1" in texts
    assert all(str(step) in texts for step in steps)
    assert "prefers-reduced-motion" in text
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", text)


def test_the_moving_picture_ends_with_the_gradients(tmp_path):
    loss = small()
    steps = backprop(loss)
    steps.save(tmp_path / "pass.svg")
    root = ET.parse(tmp_path / "pass.svg").getroot()
    style = root.find(f"{SVG}style").text
    hidden = set(re.findall(r"\.(glassgrad-\d+-\d+)\{[^}]*visibility:hidden\}", style))
    last = {}
    for group in root.iter(f"{SVG}g"):
        id_ = group.get("data-node")
        if id_ and hidden.isdisjoint((group.get("class") or "").split()):
            assert id_ not in last
            last[id_] = [text.text for text in group if text.get("data-part") == "grad"]
    assert len(last) == len(steps.nodes)
    assert last["n0"] == [number(steps.nodes[0].grad)]


def test_a_hostile_name_does_not_end_the_script():
    label = '</script><script>alert("x")</script>]]><!--'
    a = Value(1.0, label=label)
    steps = backprop(a * a)
    html = fragment(steps, picture_of(steps), str(steps))
    assert html.count("</script>") == 1
    assert html.count("<script>") == 1


def test_only_one_file_of_the_player_writes_numbers():
    writes = re.compile(r"toFixed|toPrecision|toExponential|toLocaleString|Intl\b")
    folder = resources.files("autograd.viz.player")
    found = [
        name
        for name in WITH_WINDOWS
        if name.endswith(".js") and writes.search(folder.joinpath(name).read_text("utf-8"))
    ]
    assert found == ["number_text.js"]
