// What is said about each event: a sentence, a formula, and the product with its numbers.

const name = (i) => (!nodes[i] ? "…" : nodes[i].name || nodes[i].text || fmt(value[i]));
const nodeTree = (i) => nodes[i]?.tree || ["mn", name(i)];
const firm = (n) => n.firm || n.name;
const raised = (c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c];
// As autograd.viz.notation.Derivative.
function derivative(sign, above, below, place) {
  const mark = sign === "d" ? ["mtext", "d"] : ["mo", "∂"],
    latex = sign === "d" ? "\\mathrm{d}" : "\\partial ";
  const under = place ? ["msup", below.tree, ["mrow", ["mo", "("], ["mn", place], ["mo", ")"]]] : below.tree;
  return {
    text: sign + firm(above) + "/" + sign + firm(below) + (place && "⁽" + place.replace(/./g, raised) + "⁾"),
    latex: "\\frac{" + latex + above.latex + "}{" + latex + below.latex + (place && "^{(" + place + ")}") + "}",
    tree: ["mfrac", ["mrow", mark, above.tree], ["mrow", mark, under]],
  };
}
const total = (i) => derivative("d", trace.top || nodes[root], nodes[i], "");
const d = (i) => total(i).text;
function partialOf(k) {
  const [from, at] = steps[k], to = target(k), again = nodes[from].in.filter((i) => i === to).length > 1;
  return derivative("∂", nodes[from], nodes[to], again ? String(at + 1) : "");
}
const partial = (k) => partialOf(k).text;
// The upstream of a step, or the 1 of the start.
const upstreamOf = (k) => (steps[k][0] === root && !trace.top ? { text: "1", latex: "1", tree: ["mn", "1"] } : total(steps[k][0]));
// How a node is made: a formula with holes for its operands, which stand in it by their places.
const formOf = (i) => trace.forms[nodes[i].form];
const fill = (text, i, put) =>
  text.replace(/[\ue000-\uf8ff]/g, (c) => (c === "\uf8ff" ? put(i) : put(nodes[i].in[c.charCodeAt(0) - 0xe000], c.charCodeAt(0) - 0xe000)));
const made = (i) => fill(formOf(i).text, i, name);
// With numbers in the holes, which get brackets where they hold together less firmly than they must.
const numbered = (i) =>
  fill(formOf(i).text, i, (j, k) => inPlace(fmt(value[j]), firmnessOf(fmt(value[j])), formOf(i).needs[k])).replace(/\^(\d)$/, (_, c) => raised(c));
// A node's number, as what its formula gives with numbers in it.
function madeOf(i) {
  const { op, in: operands } = nodes[i];
  return outcome(rules[op][0](...operands.map((j) => real(nodes[j].text || digits(value[j])))), value[i]);
}
const firmnessOf = (text) => (text[0] === "-" ? 0 : /\de/.test(text) ? 3 : 4);
const inPlace = (text, firmness, needed) => (firmness < needed ? "(" + text + ")" : text);
const inTree = (t, i) => (typeof t === "number" ? nodeTree(nodes[i].in[t]) : typeof t === "string" ? t : t.map((part) => inTree(part, i)));
// The formula of a local derivative, as text and as LaTeX; 1 for a number, 2 more where a factor of it needs brackets.
const ruleOf = (k) => formOf(steps[k][0]).rules?.[steps[k][1]];
const ruleText = (k) => fill(ruleOf(k)[0], steps[k][0], name);
// What a step adds, as text (0), as in autograd.viz.steps.Step.equation, or as LaTeX (1).
function added(k, form) {
  const kind = form ? "latex" : "text",
    written = form ? latexNumber : String,
    times = form ? " \\cdot " : " · ",
    given = ruleOf(k)[2] & 1,
    by = given ? ruleText(k) : digits(local[k]),
    rule = fill(ruleOf(k)[form], steps[k][0], form ? latexName : name),
    up = written(digits(upstream[k])) + times;
  return [
    upstreamOf(k)[kind] + times + partialOf(k)[kind],
    up + (ruleOf(k)[2] < 2 ? rule : form ? "\\left(" + rule + "\\right)" : "(" + rule + ")"),
    ...(given ? [] : [up + written(minus(by))]),
  ].join(" = ") + written(productOf(isNaN(by) ? [product[k]] : [digits(upstream[k]), by], product[k]));
}
const equation = (k) => d(target(k)) + " += " + added(k, 0);
// The operands of a node as they are, but for constants, which are written as numbers anyway.
const givenTo = (i) =>
  [...new Set(nodes[i].in)].filter((j) => nodes[j].name).map((j) => name(j) + " = " + fmt(value[j])).join(", ");
// As autograd.viz.trace.Trace.remark.
function remark(k) {
  const [i] = steps[k],
    x = value[i];
  if (!scalar) return said[k].remark || "";
  if (isFinite(x + local[k]) || !nodes[i].in.every((j) => isFinite(value[j]))) return "";
  return fill(trace.remarks[+(x === x)], i, (_, j) => [name(i), givenTo(i), partial(k), fmt(local[k]), fmt(x)][j]);
}
const cell = (caption, x, hot) =>
  el("div", hot ? { class: "hot" } : {}, el("small", {}, caption), x instanceof Node ? x : show(x));
const strip = (...parts) => el("div", { class: "strip" }, ...parts);
const p = (...parts) => el("p", {}, ...parts);

function describeForward(i) {
  // Of arrays no page knows the rules, of a long pass not all operands.
  const isKnown = rules[nodes[i].op] && nodes[i].in.every((j) => nodes[j]);
  return [
    name(i) + " = " + made(i) + " = " + (isKnown ? numbered(i) + madeOf(i) : fmt(value[i])),
    formula(nodeTree(i), ["mo", "="], inTree(formOf(i).math, i)),
    strip(cell(name(i), value[i], true)),
  ];
}
const gets = (to, what, through, total, state) =>
  "Gradient of " + name(root) + " with respect to " + name(to) + " gets " + what + " through " + through + "; total " + total + ", " + countOf(state, to) + " contributions arrived.";
function describeStep(k, state, whole) {
  const [from, at] = steps[k],
    more = said[k],
    to = target(k),
    come = state.grad[to];
  const before = "after" in more ? more.before : into[to][0] === k && to !== root ? null : stateAt(position - 1).grad[to];
  const kind = whole ? NOTHING : question(),
    field = kind < NOTHING && asked(kind, k, before);
  // What comes after what is asked would tell it.
  const part = (j, x) => (j === kind ? field : j > kind ? el("b", {}, "?") : x);
  covered = field ? to : -1;
  coveredArrow = kind === LOCAL ? arrowId(from, at) : "";
  const rule = !ruleOf(k) || ruleOf(k)[2] & 1 || kind === LOCAL ? "" : " = " + ruleText(k);
  const parts = [
    cell(from === root && fmt(trace.seed) === "1" ? "the start" : "upstream " + d(from), part(UPSTREAM, upstream[k])),
  ];
  if (local[k] === null) {
    const rest = more.ruleText ? el("b", {}, more.ruleText) : el("b", {}, nodes[from].op);
    parts.push("→", cell(more.ruleText ? "shapes " + more.shapes : "the rule of", rest));
  } else parts.push(typeof upstream[k] === "object" ? "⊙" : "·", cell("local " + partial(k) + rule, part(LOCAL, local[k])));
  if (whole) parts.push("=", cell("product, " + more.whole.size, more.whole, true));
  else {
    if (more.whole) parts.push("→", cell("Σ over axis " + more.axes, product[k], true));
    else parts.push(field || !scalar ? "=" : equation(k).match(/.*([=≈])/)[1], cell("contribution", part(PRODUCT, product[k]), true));
    const now = part(TOTAL, come);
    parts.push(
      cell(
        "total " + d(to) + ", " + countOf(state, to) + " arrived",
        el("span", {}, before === null ? NOT_REACHED : show(before), " → ", now instanceof Node ? now : show(now)),
      ),
    );
  }
  return [
    whole
      ? "The product has shape " +
        more.whole.size +
        ", but " +
        name(to) +
        " was repeated along axis " +
        more.axes +
        " (broadcast), so its gradient is the sum over it."
      : gets(to, field ? "?" : fmt(product[k]), name(from), field ? "?" : fmt(come), state),
    more.tree ? formula(more.tree) : formula(total(to).tree, ["mo", "+="], upstreamOf(k).tree, ["mo", "·"], partialOf(k).tree),
    strip(...parts),
    more.matrices ? el("pre", { class: "wide", tabindex: 0 }, more.matrices) : "",
    ...(field ? [] : [p(el("span", { class: "line" }, scalar ? equation(k) : "")), p(remark(k))]),
  ];
}
function describeEarlier() {
  const lines = trace.earlier.map(([leaf, before, after]) => {
    const now = finalGrads()[leaf];
    const sum = typeof now === "number" ? outcome(real(fmt(before)) + real(fmt(now)), real(before) + now) : " = " + fmt(after);
    return p(name(leaf) + ".grad = " + fmt(before) + " + " + minus(fmt(now)) + sum);
  });
  return [
    "Warning: an earlier backward() left gradients here, and leaves add up. Call zero_grad() unless the sum is meant.",
    ...lines,
  ];
}
// --- closed boxes ---

// What a closed box adds to its operand, and its local derivative, null where it has none.
const addedBy = (e) => (scalar ? e.sums.reduce((sum, k) => sum + product[k], 0) : e.pass[2]);
function localOf(e) {
  if (!e.pass || typeof e.pass[1] !== "number" || unedited()) return e.pass ? real(e.pass[1]) : null;
  const up = finalGrads()[groups[e.group].out[0]];
  return up && Number.isFinite(up) ? addedBy(e) / up : null;
}
function describeBox({ group, node }) {
  const { text, out, size } = groups[group],
    result = node >= 0 ? [cell(name(node), value[node], true)] : out.slice(0, 8).map((i) => cell(name(i), value[i], true));
  return [
    (node >= 0 ? name(node) + " = " : "") + text + (node >= 0 ? " = " + fmt(value[node]) : "") + ": a closed box of " + size + " nodes.",
    strip(...result),
  ];
}
function describePass(e, state) {
  const box = groups[e.group];
  if (e.node < 0) return [box.name + " hands what has come to it back to " + groups[-1 - e.node].name + "."];
  const x = addedBy(e);
  return [
    gets(e.node, fmt(x), box.text + ", a closed box", fmt(state.grad[e.node]), state),
    strip(cell("contribution", x, true), cell("total " + d(e.node), state.grad[e.node])),
    p(el("span", { class: "line" }, unedited() ? e.pass[3] : "")),
  ];
}
function describe(state) {
  covered = -1;
  coveredArrow = "";
  const e = events[position - 1];
  if (!e)
    return [
      "Nothing is computed yet. Press › or the right arrow key.",
    ];
  if (e.kind === "pass") return describePass(e, state);
  if (e.kind === "named")
    return [
      "Gradient of " + name(root) + " with respect to " + name(e.node) + " through " + name(e.pass[0]) + ", with all that has no name between them.",
      p(el("span", { class: "line" }, unedited() ? e.pass[3] : "Reset the leaves.")),
    ];
  if (e.kind === "forward") return e.group === undefined ? describeForward(e.node) : describeBox(e);
  if (e.kind === "seed")
    return [
      "Backward starts at " + name(root) + ": " + trace.start + ".",
      formula(total(root).tree, ["mo", "="], ["mn", fmt(trace.seed)]),
    ];
  return e.kind === "earlier" ? describeEarlier() : describeStep(e.step, state, e.kind === "whole");
}

// --- LaTeX, to be copied ---

function latex() {
  const e = events[position - 1] || { node: root };
  if (e.pass && (e.node < 0 || e.pass[4])) return e.pass[4] || "";
  if (said[e.step]?.latex) return said[e.step].latex;
  if (e.pass || "step" in e) return total(e.node).latex + " \\mathrel{+}= " + (e.pass ? latexNumber(fmt(addedBy(e))) : added(e.step, 1));
  const i = nodes[e.node] ? e.node : root;
  if (e.kind === "seed") return total(i).latex + " = " + latexNumber(fmt(trace.seed));
  return nodes[i].latex + " = " + (formOf(i) ? fill(formOf(i).latex, i, latexName) + " = " : "") + latexNumber(fmt(value[i]));
}
function latexOfPaths(i) {
  const paths = pathsFrom(i).map((path) => path.map((k) => partialOf(k).latex).join(" \\cdot "));
  if (pathCounts[i] > MOST_PATHS) paths.push("\\cdots");
  return total(i).latex + " = " + paths.join(" + ") + " = " + latexNumber(fmt(finalGrads()[i]));
}
const latexName = (i) => nodes[i]?.latex || latexNumber(name(i));
// Where a page may not write into the clipboard, the text is there to be copied by hand.
function copyLatex(text = latex()) {
  const field = el("textarea", { readonly: "", "aria-label": "LaTeX" });
  field.value = text;
  panel.append(field);
  field.select();
  status.textContent = document.execCommand("copy") ? "Copied" : "Press Control and C";
  field.after(el("span", {}, status.textContent));
}
