"""The JavaScript that reads typed expressions, held against Python: trees, numbers and errors."""

import json
import math
import random
import re
import unicodedata
from collections import Counter
from importlib import resources
from itertools import product
from unittest import mock

import numpy as np
import pytest

from autograd import backprop
from autograd.__main__ import _named
from autograd.expression import (
    FUNCTIONS,
    REFUSALS,
    ExpressionError,
    Reader,
    number_typed,
    parse,
)
from autograd.node import topological
from autograd.op import RULEBOOK, Elementwise
from autograd.viz.exercise import result_cells, start
from autograd.viz.player.embed import without_comments
from autograd.viz.player.picture import picture_of
from autograd.viz.player.record import trace_of
from autograd.viz.player.rules_js import rules_js
from autograd.viz.player.typed import ENGINE, grammar
from tests.autograd.viz.player.players import needs_browser

pytestmark = needs_browser
OPERATIONS = [op for op in RULEBOOK.values() if isinstance(op, Elementwise)]


@pytest.fixture(scope="module")
def in_javascript(browser):
    """Computes the records of expressions, or their errors, in a browser."""
    here = resources.files("autograd.viz.player")
    # As it stands in the page: spaces that are taken out of a text would show here.
    body = "\n".join(without_comments(here.joinpath(name).read_text("utf-8")) for name in ENGINE)
    script = f"""(cases) => {{
        const grammar = {json.dumps(grammar())}, rules = {rules_js(op.name for op in OPERATIONS)};
        {body}
        const texts = {_texts_of_steps()};
        return cases.map(([text, values]) => {{
            try {{
                const record = recordOf(text, new Map(values));
                record.texts = texts(structuredClone(record), rules);
                for (const node of record.nodes)
                    if ("form" in node) node.form = record.forms[node.form];
                return {{ ...record, forms: [] }};
            }} catch (e) {{
                if (!(e instanceof ExpressionError)) throw e;
                const place = e.place === undefined ? null : [...e.whole.slice(0, e.place)].length;
                return {{ problem: e.message, place, allowed: e.allowed }};
            }}
        }});
    }}"""
    page = browser.new_page()

    def told(cases):
        records = page.evaluate(script, [[text, [*x.items()]] for text, x in cases])
        return [
            as_told_by_python(text, record) if "problem" in record else record
            for (text, _), record in zip(cases, records, strict=True)
        ]

    yield told
    page.close()


def _texts_of_steps():
    """A function of a record: what the player says of each step, and how much has arrived."""
    here = resources.files("autograd.viz.player")
    names = ("number_text.js", "elements.js", "pass.js", "words.js")
    body = "\n".join(without_comments(here.joinpath(name).read_text("utf-8")) for name in names)
    return f"""(trace, rules) => {{
        {body}
        arrange();
        const position = 0, told = [];
        events.forEach((e, at) => {{
            const grad = (at) => stateAt(at).grad[e.node];
            if (e.kind === "forward") told.push(describeForward(e.node)[0]);
            if (e.kind === "seed") told.push(trace.start);
            if (e.kind === "step")
                told.push(
                    equation(e.step) + "   (" + countOf(stateAt(at + 1), e.node) +
                    " arrived: " + fmt(grad(at)) + " → " + fmt(grad(at + 1)) + ")" + remark(e.step),
                );
        }});
        return told.map((text) => text.replaceAll("\\u200e", ""));  // which only a page needs
    }}"""


def in_python(text, values):
    with np.errstate(all="ignore"):
        try:
            steps = backprop(_named(parse(text, values), values))
        except ExpressionError as err:
            return str(err)
        record = json.loads(json.dumps(trace_of(steps, picture_of(steps))))
        record["notes"] = []
        # of the picture, which the page draws by itself
        record["views"] = [{"open": [], "arrows": {}, "note": ""}]
        for what in ("groups", "pictures", "named"):
            record.pop(what, None)
        for k, node in enumerate(record["nodes"]):
            node["box"] = f"n{k}"
            node.pop("group", None)
            if "form" in node:  # which a page of Python's has once for all nodes that share it
                node["form"] = record["forms"][node["form"]]
        record["forms"] = []
        return record | {"texts": [*_printed(steps)]}


def as_told_by_python(text, error):
    """The whole message of an error of the page: as Python shows that problem at that place."""
    if error["place"] is None:
        return "expression: " * (error["problem"][:14] != "the expression") + error["problem"]
    reader = Reader.__new__(Reader)
    reader.text = unicodedata.normalize("NFC", " ".join(text.split()))
    why = "sign" if error["allowed"] else "open"
    with mock.patch.dict(REFUSALS, {why: "{0}"}):
        return str(reader._refusal(why, error["place"], error["problem"]))


def _printed(steps):
    """The text of each step, forwards and backwards, as `print(backprop(f))` has it."""
    forward = [x for x in steps.nodes if x.parents]
    for cells in (result_cells(steps, node) for node in forward):
        yield " ".join(filter(None, cells))
    yield start(steps)
    yield from (f"{step.equation}   ({step.running_total}){step.remark}" for step in steps)


# --- expressions ------------------------------------------------------------------------------

NAMES = [
    "x", "y", "w1", "w_12", "theta_0", "y_hat", "x1_bar", "alpha", "loss", "my_long_variable_name",
    "a_1", "a1", "ŷ", "σ_2", "v1", "Delta", "layer2", "x_1_2", "日本", "وزن", "é", "f", "hat_hat",
    "constructor", "__proto__", "toString", "regularisation", "regularisations",
]  # fmt: skip


def number_text(rng):
    return rng.choice(
        ["2", "3", "0.5", "1", "0", ".25", "1e-3", "2.", "1_000", "-1", "10", "7.125", "1.5E2"]
    )


def expression(rng, names, depth, first=None):
    """A random expression; `first` is the function that it calls."""
    if first is None and (depth <= 0 or rng.random() < 0.15):
        return rng.choice(names) if rng.random() < 0.7 else number_text(rng)
    if first is None and rng.random() < 0.6:
        left, right = (expression(rng, names, depth - 1) for _ in range(2))
        sign = rng.choice(["+", "-", "*", "/", "**", "*", "+"])
        space = rng.choice(["", " "])
        text = f"{left}{space}{sign}{space}{right}"
        return f"({text})" if rng.random() < 0.6 else text
    if first is None and rng.random() < 0.2:
        return f"-{expression(rng, names, depth - 1)}"
    name = first or rng.choice(list(FUNCTIONS))
    count = rng.randint(
        FUNCTIONS[name].arity - len(FUNCTIONS[name].defaults), FUNCTIONS[name].arity
    )
    return f"{name}({', '.join(expression(rng, names, depth - 1) for _ in range(count))})"


def cases(count, seed):
    rng = random.Random(seed)
    functions = list(FUNCTIONS)
    for k in range(count):
        names = rng.sample(NAMES, rng.randint(1, 3))
        text = expression(rng, names, rng.randint(1, 4), functions[k % len(functions)])
        if not any(name in text for name in names):
            text = f"{text} + {names[0]}"
        yield text, {name: round(rng.uniform(0.1, 2), 3) for name in names if name in text}


def given(text, values):
    """Only the values that the expression has names for: x is also in exp."""
    try:
        parse(text, values)
    except ExpressionError as err:
        if "has no " in str(err):
            extra = str(err).partition("has no ")[2].partition(";")[0].split(", ")
            return {name: x for name, x in values.items() if name not in extra}
    return values


def differences(ours, theirs, path=""):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in ours.keys() | theirs.keys():
            yield from differences(ours.get(key), theirs.get(key), f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for i, (x, y) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(x, y, f"{path}[{i}]")
    elif ours != theirs and not _near(ours, theirs):
        yield path, ours, theirs


def _near(ours, theirs):
    try:
        x, y = float(ours), float(theirs)
    except (TypeError, ValueError):
        return False
    return math.isclose(x, y, rel_tol=1e-12, abs_tol=1e-300) or (math.isnan(x) and math.isnan(y))


def test_random_expressions_have_the_same_record_and_text_of_each_step_in_both_languages(
    in_javascript,
):
    with np.errstate(all="ignore"):
        given_cases = [(text, given(text, values)) for text, values in cases(400, seed=1)]
    texts = [text for text, _ in given_cases]
    assert min(sum(f"{name}(" in text for text in texts) for name in FUNCTIONS) >= 5
    theirs = in_javascript(given_cases)
    found = []
    for (text, values), record in zip(given_cases, theirs, strict=True):
        ours = in_python(text, values)
        if "copysign" in text and any(node["value"] == "nan" for node in ours["nodes"]):
            continue  # the sign of nan, which JavaScript has none of
        found += [(text, values, *each) for each in differences(ours, record)]
    assert found[:5] == []


POINTS = [0.0, -0.0, 1.0, -1.0, 2.5, -0.5, math.inf, -math.inf, math.nan]
LARGE = [1e300, -1e300, 1e16, -1e-300]


def test_every_operation_has_the_same_record_at_special_points(in_javascript):
    known = []
    for letters, points in (("x", product(POINTS + LARGE)), ("xy", product(POINTS, POINTS))):
        calls = [f"{op.name}({','.join(letters)})" for op in OPERATIONS if op.arity == len(letters)]
        sums = [" + ".join(calls[k : k + 6]) for k in range(0, len(calls), 6)]
        known += [(text, dict(zip(letters, point))) for point in points for text in sums]
    known += [  # a zero whose sign tells in a quotient; an infinite quotient, and its remainder
        ("x / remainder(x, -x)", {"x": 3.0}),
        ("remainder(x*x, -x)", {"x": -1e300}),
        ("floor_divide(1e400, x)", {"x": 2.0}),
    ]
    for (text, values), javascript in zip(known, in_javascript(known), strict=True):
        assert list(differences(in_python(text, values), javascript)) == [], (text, values)


def test_a_formula_typed_into_predict_is_computed_as_on_the_command_line(browser):
    rng = random.Random(5)
    values = {"x": 0.7, "y": 1.3}
    known = [name for name, op in FUNCTIONS.items() if not op.defaults]
    texts = ["-x**2", "2**-x**2", "2**3**x", "x-y-1", "x/y/2", "-(x- -y)*2", "+x", "2*-x", ".5e1*x"]
    texts += [expression(rng, list(values), 3) for _ in range(400)]
    texts += [expression(rng, list(values), 2, name) for name in known]
    texts = [text for text in texts if not any(f"{n}(" in text for n in {*FUNCTIONS} - {*known})]
    texts = [text for text in texts if "_000" not in text and "pi" not in text]
    here = resources.files("autograd.viz.player")
    names = ("reading.js", "predict.js")
    body = "\n".join(without_comments(here.joinpath(name).read_text("utf-8")) for name in names)
    script = f"""(texts) => {{
        const nodes = [{{ name: "x" }}, {{ name: "y" }}], codeOf = (i) => nodes[i].name;
        const trace = {{ functions: {json.dumps(grammar()["functions"])} }};
        const rules = {rules_js(op.name for op in OPERATIONS)};
        {body}
        return texts.map((text) => String(formulaIn(text)({[*values.values()]})));
    }}"""
    page = browser.new_page()
    theirs = page.evaluate(script, texts)
    page.close()
    assert len(texts) > 400
    for text, javascript in zip(texts, theirs, strict=True):
        with np.errstate(all="ignore"):
            used = {n: x for n, x in values.items() if re.search(rf"\b{n}\b", text)}
            ours = parse(text, used)
        if "copysign" in text and any(math.isnan(node.data) for node in topological(ours)):
            continue  # the sign of nan, which JavaScript has none of
        assert _near(float(getattr(ours, "data", ours)), javascript.replace("Infinity", "inf")), (
            text
        )


def test_the_number_of_a_leaf_is_read_as_on_the_command_line(browser):
    texts = ["1/3", "0,5", "1,5/2,5", "−2", "+.5", "5.", "1e-3", "1E3/7", " 2 / 3 ", "-inf", "nan"]
    texts += [
        "Infinity",
        "1/0",
        "0/0",
        "1/-0.0",
        "1/2/3",
        "1_000",
        "--1",
        "1e",
        "",
        "/",
        "1/",
        "1 2",
    ]
    texts += ["0x10", "٣", "1/inf", "inf/2", "1e999", "1.000,5", "²", "1e-999"]
    here = resources.files("autograd.viz.player")
    body = without_comments(here.joinpath("number_text.js").read_text("utf-8"))
    script = f"""(texts) => {{
        {body}
        return texts.map((text) => typedNumber(text)).map((x) => (x === null ? null : real(x)));
    }}"""
    page = browser.new_page()
    theirs = page.evaluate(script, texts)
    page.close()
    for text, javascript in zip(texts, theirs, strict=True):
        ours = number_typed(text)
        assert (ours is None) == (javascript is None), text
        assert ours is None or ours == pytest.approx(javascript, rel=1e-15, nan_ok=True), text


# --- errors -----------------------------------------------------------------------------------

SLIPS = [
    ("^ ", "a power is written"), ("² ", "a power is written"), ("· ", "a product is written *"),
    ("− ", "a minus is written"), ("÷ ", "a quotient is written"), ("// ", "a quotient is written"),
    ("[", "brackets are ( )"), ("= ", "only what is on the right"), ("if ", "if is not allowed"),
    ("> ", "> is not allowed"), ("lambda ", "lambda is not allowed"), ("2z ", "runs into a name"),
    ("z z ", "operator such as *"), ("(", "never closed"), (") ", "no partner"),
    ("3j ", "imaginary"), ("z, ", "a list is not allowed"), ("sigmod(z) ", "Did you mean"),
    ("nonsense(z) ", "is not a function"), ("sin(z)(z) ", "this is not a function"),
    ("tanh(z, z) ", "needs 1 argument"), ("max(z) ", "needs 2 arguments"),
    ("leaky_relu() ", "needs 1 to 2 arguments"), ("max(*z) ", "a starred argument"),
    ("max(z, **z) ", "** is not allowed here"), ("z.real ", ". is not allowed between names"),
    ("* ", "operator such as *"), ("sin + ", "is a function, as in"), ("q + ", "needs a value for"),
    ("() ", "a list is not allowed"), ("! ", "! is not allowed"), ("𝛻 ", "is not allowed"),
    ("日本語(z) ", "is not a function"), ("\x07 ", "is not allowed"), ("-" * 101 + "z ", "nested"),
]  # fmt: skip
BEFORE = ["", "z + ", "日本 * z - ", "x̄ + z * ", "(z) + ", "z + " * 30]


def test_every_mistake_is_told_in_the_same_words_under_the_same_column(in_javascript):
    rng = random.Random(2)
    texts = [
        before + slip + rng.choice(["+ z", "z", "* z + 1", "", "- z)", "z + " * 40 + "z"])
        for slip, _ in SLIPS
        for before in BEFORE
        for _ in range(8)
    ]
    texts += [f"{'1' * k}+ {slip}z" for k in range(47) for slip, _ in rng.sample(SLIPS, 24)]
    texts += [f"({slip}z" for slip, _ in SLIPS]
    texts += ["", "   ", "z+" * 1001, "z + ", "pi + e", "2*3", "10**400", "1/3", "1e-7*1", "-0.0"]
    values = {"z": 1.5, "日本": 2.0, "x\u0304": 3.0}
    known = [(text, {n: x for n, x in values.items() if n in text}) for text in texts]
    ours = [in_python(text, given_) for text, given_ in known]
    theirs = in_javascript(known)
    for (text, _), python, javascript in zip(known, ours, theirs, strict=True):
        if isinstance(python, str):
            assert javascript == python, text
        else:
            assert list(differences(python, javascript)) == [], text
    errors = [python for python in ours if isinstance(python, str)]
    told = {words: sum(words in error for error in errors) for _, words in SLIPS}
    assert [words for words, count in told.items() if count < 10] == []
    carets = Counter(error.splitlines()[2].index("^") for error in errors if "\n" in error)
    assert [column for column in range(2, 48) if carets[column] < 10] == []


def test_any_text_at_all_is_read_alike(in_javascript):
    rng = random.Random(3)
    signs = "xy12.e+-*/(),ins_ ^=é²\u0302日 \tj" + "exp(x)max(x,y)"
    texts = ["".join(rng.choice(signs) for _ in range(rng.randint(1, 24))) for _ in range(3_000)]
    values = {"x": 0.5, "y": 2.0}
    known = [(text, given(text, values)) for text in texts]
    for (text, given_), javascript in zip(known, in_javascript(known), strict=True):
        python = in_python(text, given_)
        assert list(differences(python, javascript)) == [], text
