// The pass: what is known after each event, and what is written about it.

const nodes = trace.nodes,
  steps = trace.steps,
  root = trace.root;
const NOT_REACHED = "—";
for (const n of nodes) n.op = trace.forms[n.form]?.op;

// --- elements ---

function fmt(x) {
  if (x === null || x === undefined) return NOT_REACHED;
  return x.text || digits(real(x));
}
// A number or array as the lines in a box of the picture.
const lines = (x) => x?.lines || [fmt(x)];
// MathML.
const tree = (t) =>
  typeof t === "string" ? t : built(document.createElementNS("http://www.w3.org/1998/Math/MathML", t[0]), {}, t.slice(1).map(tree));
function formula(...trees) {
  const e = tree(["math", ...trees]);
  e.setAttribute("display", "block");
  return el("div", { class: "wide", "aria-hidden": "true" }, e);
}
// A matrix as a heat map: each number on the colour of its sign, the deeper the further from 0.
function matrix(rows) {
  const top = Math.max(...rows.flat().map(Math.abs).filter(isFinite));
  const heat = (t) =>
    isFinite(t) && +t
      ? `background: color-mix(in srgb, var(--${t < 0 ? "done" : "hot"}) ${(40 * Math.abs(t)) / top}%, #0000)`
      : "";
  return el("table", { class: "mx" }, ...rows.map((row) => el("tr", {}, ...row.map((t) => el("td", { style: heat(t) }, t)))));
}
const show = (x) =>
  x?.rows
    ? matrix(x.rows)
    : x?.lines
      ? el("b", {}, x.text[0] === "[" ? x.text : x.size + ": " + x.lines.join(" "))
      : el("b", { title: String(real(x)) }, fmt(x));

// --- the pass ---

const first = nodes.map((n) => real(n.value));
let value = first.slice();
const upstream = steps.map((s) => real(s[2]));
const local = steps.map((s) => real(s[3]));
const product = steps.map((s) => real(s[4]));
const said = steps.map((s) => s[5] || {});
const scalar = said.every((w) => !("after" in w));
const into = nodes.map(() => []),
  outOf = nodes.map(() => []);
steps.forEach((s, k) => {
  outOf[s[0]].push(k);
  into[nodes[s[0]].in[s[1]]].push(k);
});

// --- what happens: one event after the other, where a closed box is one thing ---

// Each has a node `at` which it happens, perhaps one inside of a closed box, and where it is a step
// one `by` which it comes, and the steps of the engine that it `sums`; `node` is what it computes, and
// -1 - g where that is a closed box g.

const groups = trace.groups || [];
const views = trace.views;
let view = views[0],
  events,
  expected;
const ownBox = nodes.map((n, i) => (n.group === undefined ? n.box : "n" + i));
// The closed box around a node, the outermost; -1 where it is drawn by itself.
function shut(i) {
  let found = -1;
  for (let g = nodes[i].group ?? -1; g >= 0; g = groups[g].in) if (!view.open.includes(g)) found = g;
  return found;
}
function arrange() {
  const around = nodes.map((_, i) => shut(i)),
    inner = groups.map(() => []),
    last = {};
  nodes.forEach((n, i) => (n.box = around[i] < 0 ? ownBox[i] : groups[around[i]].id));
  events = [];
  if (byNames) return arrangeNamed();
  for (const x of view.forward || nodes.flatMap((n, i) => (n.op ? [i] : []))) {
    if (x >= 0) events.push({ kind: "forward", node: x, at: x, made: [x] });
    else {
      const made = nodes.flatMap((n, i) => (around[i] === -1 - x ? [i] : [])),
        [at, more] = groups[-1 - x].out;
      events.push({ kind: "forward", group: -1 - x, node: more === undefined ? at : x, at, made });
    }
  }
  events.push({ kind: "seed", node: root, at: root });
  steps.forEach((s, k) => {
    const from = around[s[0]];
    if (from >= 0 && from === around[target(k)]) inner[from].push(k);
  });
  let number = 0;
  for (const one of view.play || steps.keys()) {
    number++;
    if (Array.isArray(one)) {
      const [group, node, sums] = one,
        pass = groups[group].passes.find(([to]) => to === node),
        at = node < 0 ? groups[-1 - node].out[0] : node;
      events.push({ kind: "pass", group, by: groups[group].out[0], node, at, pass, sums, number });
    } else {
      const node = target(one),
        step = { by: steps[one][0], node, at: node, step: one, number };
      if (said[one].whole) events.push({ kind: "whole", ...step });
      events.push({ kind: "step", ...step, sums: [one] });
    }
  }
  // What is in a closed box happens when the last has come to it.
  for (const e of events) if (e.sums || e.kind === "seed") last[around[e.at]] = e;
  inner.forEach((list, g) => list.length && last[g] && (last[g].inner = list));
  if (trace.earlier.length) events.push({ kind: "earlier", node: -1, at: trace.earlier[0][0] });
  expected = nodes.map(() => 0);
  for (const e of events) if (e.sums && e.node >= 0) expected[e.node]++;
}
// Along the variables that have names: what is between two of them is one factor.
let byNames = false;
function arrangeNamed() {
  const named = trace.named,
    makers = new Set(named.map(([from]) => from));
  let known = [];
  nodes.forEach((n, i) => {
    if (!n.op) return;
    known.push(i);
    if (!makers.has(i)) return;
    events.push({ kind: "forward", node: i, at: i, made: known });
    known = [];
  });
  events.push({ kind: "seed", node: root, at: root });
  let done = 0;
  named.forEach((pass, j) => {
    const complete = named.findLastIndex(([, to]) => to === pass[1]) === j,
      until = complete ? pass[2] + 1 : done;
    events.push({ kind: "named", by: pass[0], node: pass[1], at: pass[1], pass, number: j + 1, sums: [...steps.keys()].slice(done, until) });
    done = Math.max(done, until);
  });
  expected = nodes.map((_, i) => named.filter(([, to]) => to === i).length);
}
const target = (k) => nodes[steps[k][0]].in[steps[k][1]];
const eventOf = (k) => events.findIndex((e) => (e.sums || []).concat(e.inner || []).includes(k)) + 1;
const unedited = () => value.every((x, i) => Object.is(x, first[i]));
const add = (k, before) =>
  "after" in said[k] ? said[k].after : before === null ? product[k] : before + product[k];

function forward(given) {
  const x = given.slice();
  nodes.forEach((n, i) => {
    if (n.op) x[i] = rules[n.op][0](...n.in.map((j) => x[j]));
  });
  return x;
}
// Of each step upstream, local derivative, contribution, and what had arrived before.
function passAt(x) {
  const grad = nodes.map(() => null);
  grad[root] = real(trace.seed);
  return steps.map(([from, at], k) => {
    const { op, in: operands } = nodes[from],
      [, partials, flat] = rules[op],
      by = +partials[at](...operands.map((j) => x[j]), x[from]),
      sum = flat ? 0 : grad[from] * by,
      before = grad[target(k)];
    grad[target(k)] = before === null ? sum : before + sum;
    return [grad[from], by, sum, before];
  });
}
function recompute() {
  value = forward(value);
  passAt(value).forEach((one, k) => ([upstream[k], local[k], product[k]] = one));
}
function stateAt(position) {
  const known = nodes.map((n) => !n.op),
    grad = nodes.map(() => null),
    got = nodes.map(() => 0), // of all contributions
    arrived = nodes.map(() => 0); // of those that are events
  const receive = (k) => {
    grad[target(k)] = add(k, grad[target(k)]);
    got[target(k)]++;
  };
  for (const e of events.slice(0, position)) {
    if (e.kind === "forward") for (const i of e.made) known[i] = true;
    if (e.kind === "seed") grad[root] = real(trace.seed);
    if (e.kind === "earlier")
      trace.earlier.forEach(([leaf, before, after]) => {
        grad[leaf] = typeof grad[leaf] === "number" ? real(before) + grad[leaf] : after;
      });
    if (e.sums) {
      e.sums.forEach(receive);
      if (e.node >= 0) arrived[e.node]++;
    }
    if (e.inner) e.inner.forEach(receive);
  }
  return { known, grad, got, arrived };
}
const finalGrads = () => stateAt(events.length - (trace.earlier.length ? 1 : 0)).grad;
const countOf = (state, i) => (expected[i] ? state.arrived[i] + " of " + expected[i] : into[i].length ? state.got[i] + " of " + into[i].length : "");
