// The pass: numbers and how they are written, and what is known after each event.
//
// These files are the body of one function, in the order of page.py: (host, trace, rules, css), the
// element with the fallback, the record of a pass (trace.py), the rules of the operations in it
// (rules_js.py; empty if the page cannot compute), and the style. Whatever a person named or wrote
// enters the page as text or as an attribute, never as markup.

const nodes = trace.nodes,
  steps = trace.steps,
  root = trace.root;
const NOT_REACHED = "—";

// --- numbers and elements ---

const real = (x) => (typeof x === "string" ? +x.replace("inf", "Infinity") : x);
// As autograd.viz.text.number: 4 digits, and of two that are as near, the even one.
function digits(x) {
  if (Math.abs(x) < 1e6 && Number.isInteger(x)) return String(x + 0 || 0);
  if (!Number.isFinite(x)) return x > 0 ? "inf" : x < 0 ? "-inf" : "nan";
  const all = x.toExponential(60);
  const tie = /^-?\d\.\d\d[02468]50*e/.test(all);
  const short = tie ? all.replace(/(\.\d{3})\d+/, "$1") : x.toExponential(3);
  const [mantissa, power] = short.split("e");
  return power < -4 || power > 3 ? +mantissa + "e" + +power : String(+short);
}
const size = (x) => (x.shape || []).join("×") || "1";
function fmt(x) {
  if (x === null || x === undefined) return NOT_REACHED;
  if (typeof x !== "object") return digits(real(x));
  if (!x.rows || x.rows.flat().length > 4) return "array " + size(x);
  const rows = x.rows.map((row) => "[" + row.map(fmt).join(", ") + "]");
  return x.shape.length > 1 ? "[" + rows.join(", ") + "]" : rows[0];
}
// A number or array as the lines in a box of the picture.
function lines(x) {
  if (x === null || typeof x !== "object") return [fmt(x)];
  if (!x.rows) return [x.text];
  if (x.rows.length > 4 || x.rows[0].length > 4) {
    const all = x.rows.flat().map(real);
    return [digits(Math.min(...all)) + " … " + digits(Math.max(...all))];
  }
  const texts = x.rows.map((row) => row.map(fmt));
  const widths = texts[0].map((_, j) => Math.max(...texts.map((row) => row[j].length)));
  return texts.map((row) => "[" + row.map((t, j) => t.padStart(widths[j])).join(" ") + "]");
}
function el(tag, props, ...children) {
  const e = document.createElement(tag);
  for (const [key, x] of Object.entries(props || {}))
    key.startsWith("on") ? e.addEventListener(key.slice(2), x) : e.setAttribute(key, x);
  e.append(...children);
  return e;
}
// What had the focus may be gone afterwards; then the player gets it, not the notebook.
function keepingFocus(action) {
  const before = host.shadowRoot.activeElement;
  action();
  if (before && (!before.isConnected || before.closest("[hidden]"))) host.focus();
}
const button = (text, action, props) =>
  el("button", { type: "button", ...props, onclick: () => keepingFocus(action) }, text);
function tree(t) {
  if (typeof t === "string") return t;
  const e = document.createElementNS("http://www.w3.org/1998/Math/MathML", t[0]);
  e.append(...t.slice(1).map(tree));
  return e;
}
function formula(...trees) {
  const e = tree(["math", ...trees]);
  e.setAttribute("display", "block");
  return el("div", { class: "wide", "aria-hidden": "true" }, e);
}
const show = (x) =>
  x && x.rows && x.rows.flat().length > 4
    ? el(
        "table",
        { class: "mx" },
        ...x.rows.map((row) => el("tr", {}, ...row.map((y) => el("td", {}, fmt(y))))),
      )
    : el(
        "b",
        { title: typeof x === "object" ? "" : String(real(x)) },
        x && x.text ? size(x) + ": " + x.text : fmt(x),
      );
const minus = (text) => (text.startsWith("-") ? "(" + text + ")" : text);

// --- the pass ---

const first = nodes.map((n) => real(n.value));
let value = first.slice();
const upstream = steps.map((s) => real(s[2]));
const local = steps.map((s) => real(s[3]));
const product = steps.map((s) => real(s[4]));
const scalar = steps.every((s) => !s[6]);
const into = nodes.map(() => []),
  outOf = nodes.map(() => []);
steps.forEach((s, k) => {
  outOf[s[0]].push(k);
  into[nodes[s[0]].in[s[1]]].push(k);
});
const target = (k) => nodes[steps[k][0]].in[steps[k][1]];
const events = [];
nodes.forEach((n, i) => n.op && events.push({ kind: "forward", node: i }));
const forwards = events.length;
events.push({ kind: "seed", node: root });
steps.forEach((s, k) => {
  if (s[6] && s[6].product) events.push({ kind: "whole", step: k, node: target(k) });
  events.push({ kind: "step", step: k, node: target(k) });
});
if (trace.earlier.length) events.push({ kind: "earlier", node: -1 });
const eventOf = (k) => events.findIndex((e) => e.kind === "step" && e.step === k) + 1;
const add = (k, before) =>
  steps[k][6] ? steps[k][6].after : before === null ? product[k] : before + product[k];

function forward(given) {
  const x = given.slice();
  nodes.forEach((n, i) => {
    if (n.op) x[i] = rules[n.op][0](...n.in.map((j) => x[j]));
  });
  return x;
}
function recompute() {
  value = forward(value);
  const grad = nodes.map(() => null);
  grad[root] = real(trace.seed);
  steps.forEach((s, k) => {
    const n = nodes[s[0]],
      to = target(k);
    upstream[k] = grad[s[0]];
    local[k] = +rules[n.op][1][s[1]](...n.in.map((j) => value[j]), value[s[0]]);
    product[k] = upstream[k] * local[k];
    grad[to] = add(k, grad[to]);
  });
}
function stateAt(position) {
  const known = nodes.map((n) => !n.op),
    grad = nodes.map(() => null),
    arrived = nodes.map(() => 0);
  for (const e of events.slice(0, position)) {
    if (e.kind === "forward") known[e.node] = true;
    if (e.kind === "seed") grad[root] = real(trace.seed);
    if (e.kind === "earlier")
      trace.earlier.forEach(([leaf, before, after]) => {
        grad[leaf] = typeof grad[leaf] === "number" ? real(before) + grad[leaf] : after;
      });
    if (e.kind === "step") {
      grad[e.node] = add(e.step, grad[e.node]);
      arrived[e.node]++;
    }
  }
  return { known, grad, arrived };
}
const finalGrads = () => stateAt(events.length - (trace.earlier.length ? 1 : 0)).grad;
