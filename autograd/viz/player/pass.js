// The pass: what is known after each event, and what is written about it.

const nodes = trace.nodes,
  steps = trace.steps,
  root = trace.root;
const NOT_REACHED = "—";

// --- elements ---

function fmt(x) {
  if (x === null || x === undefined) return NOT_REACHED;
  return x.text || digits(real(x));
}
// A number or array as the lines in a box of the picture.
const lines = (x) => x?.lines || [fmt(x)];
// MathML; a number stands for a name or a total derivative that is written often.
function tree(t) {
  if (typeof t === "string") return t;
  if (typeof t === "number") return tree(t < 0 ? nodes[-1 - t].totalTree : nodeTree(t));
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
  x?.rows
    ? el("table", { class: "mx" }, ...x.rows.map((row) => el("tr", {}, ...row.map((t) => el("td", {}, t)))))
    : x?.lines
      ? el("b", {}, x.text[0] === "[" ? x.text : x.size + ": " + x.lines.join(" "))
      : el("b", { title: String(real(x)) }, fmt(x));

// --- the pass ---

const first = nodes.map((n) => real(n.value));
let value = first.slice();
const upstream = steps.map((s) => real(s[2]));
const local = steps.map((s) => real(s[3]));
const product = steps.map((s) => real(s[4]));
const said = steps.map((s) => s[5]);
const scalar = said.every((w) => !("after" in w));
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
  if (said[k].whole) events.push({ kind: "whole", step: k, node: target(k) });
  events.push({ kind: "step", step: k, node: target(k) });
});
if (trace.earlier.length) events.push({ kind: "earlier", node: -1 });
const eventOf = (k) => events.findIndex((e) => e.kind === "step" && e.step === k) + 1;
const add = (k, before) =>
  "after" in said[k] ? said[k].after : before === null ? product[k] : before + product[k];

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
    product[k] = rules[n.op][2] ? 0 : upstream[k] * local[k];
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
