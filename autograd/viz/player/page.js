// The page: buttons, panels, table, keys and theme.

const last = () => events.length;
arrange();
draw(drawing());
const status = el("div", { role: "status", "aria-live": "polite", class: "mini" });
const panel = el("div", { class: "say" }),
  about = el("section", { class: "about", "aria-label": "Chosen node" });
const order = el("section", { class: "about", "aria-label": "Why this order?" });
const where = el("output", {}),
  body = el("tbody");
const predict = button("Predict", () => togglePredict(), {
  "aria-pressed": "false",
});
const keys =
  "→ next · ← back · Home, End · Space play · ↓ ↑ choose a node · b stop at it · u run until it changes · ] [ run to a stop · o why this order · p predict · s present · h hide numbers · f fit · + − zoom · Escape leave";
about.hidden = order.hidden = true;
const link = (i) =>
  button(nodes[i].name || "constant", () => choose(i), { class: "link", "aria-label": "Choose " + (nodes[i].name || "constant " + name(i)) });
const rows = nodes.map((n, i) => {
  const cells = [0, 1, 2].map(() => el("td"));
  body.append(
    el(
      "tr",
      { "data-code": n.code || n.name || "constant" },
      el("th", { scope: "row" }, link(i), n.code ? " " : "", n.code ? el("code", {}, n.code) : ""),
      el("td", {}, n.op ? made(i) : n.leaf ? "leaf" : "const"),
      ...cells,
    ),
  );
  return cells;
});
const head = el(
  "thead",
  {},
  el(
    "tr",
    {},
    ...["node", "made by", "value", "gradient", "arrived"].map((t) => el("th", { scope: "col" }, t)),
  ),
);
const table = el(
  "details",
  {},
  el("summary", {}, "Table of nodes and gradients"),
  el("div", { class: "wide" }, el("table", {}, head, body)),
);
const tools = el(
  "div",
  { class: "row" },
  predict,
  button("Copy LaTeX", () => copyLatex()),
  button("Run to stop", () => runToStop(1)),
  ...(scalar ? [button("Why this order?", toggleOrder)] : []),
  ...(trace.named?.length ? [naming] : []),
  presenting,
);
const help = el("details", {}, el("summary", {}, "Keys"), p(keys));
const main = el(
  "div",
  { class: "main" },
  ways("Steps", "Position", where),
  parts,
  frame,
  toggles,
  panel,
  status,
  about,
  order,
  tools,
  trace.live ? stepTools() : "",
  p(trace.read),
  note,
  ...trace.notes.map((text) => p(text)),
  table,
  help,
);

function fillTable(state) {
  nodes.forEach((n, i) => {
    const known = [state.known[i] ? value[i] : null, covered === i ? "?" : state.grad[i]];
    rows[i].forEach((cell, j) => {
      const x = known[j],
        exact = typeof x === "number" ? String(x) : "";
      write([cell], [j > 1 ? countOf(state, i) : x === "?" ? x : fmt(x)]);
      if (cell.title !== exact) cell.title = exact;
    });
  });
}
// One count, the one that is printed: the forward steps, and the backward steps from 1.
function whereIs(at) {
  const e = events[at - 1];
  if (!e) return "start";
  if (e.kind === "forward") return "forward step " + at + " of " + events.findIndex((one) => one.kind === "seed");
  if (e.kind === "earlier") return "after the pass";
  return e.kind === "seed" ? "backward: the start" : "backward step " + e.number + " of " + events.filter((one) => one.sums).length;
}
function render(editing) {
  const state = stateAt(position),
    [sentence, ...more] = describe(state);
  const e = events[position - 1] || {},
    n = nodes[e.node];
  const line = n?.line && e.kind === "forward" ? [p("made by ", el("code", {}, n.line))] : [];
  const warning = e.kind === "earlier" ? { class: "warn" } : {};
  const away = n && !boxesOf(e.node).length ? [p("(" + name(e.node) + " is folded away.)")] : [];
  panel.replaceChildren(el("p", warning, sentence), ...more, ...line, ...away);
  where.textContent = whereIs(position);
  sayPosition(where.textContent);
  const place = paint(state);
  markParts(events[position - 1]);
  fillTable(state);
  if (!editing) {
    requestAnimationFrame(() => look.reveal(place)); // it measures, so not more than once a frame
    status.textContent = where.textContent + ". " + sentence;
  }
  if (!about.hidden && about.refresh) about.refresh();
  if (!order.hidden) order.replaceChildren(...whyOrder());
}
function showPlace() {
  if (stops.has(events[position - 1]?.node)) stop();
  render();
  host.dispatchEvent(new Event("step"));
}
const pause = () => 1100,
  stride = () => 1;
function togglePredict() {
  quiz = !quiz;
  predict.setAttribute("aria-pressed", quiz);
  render();
}
const neighbour = (by) => choose(((chosen < 0 && by < 0 ? 0 : chosen) + by + nodes.length) % nodes.length);
const actions = {
  ...going,
  ArrowDown: () => neighbour(1),
  ArrowUp: () => neighbour(-1),
  Enter: () =>
    chosen < 0
      ? choose(events[position - 1]?.at ?? root)
      : about.querySelector("button").focus(),
  b: () => chosen >= 0 && toggleStop(chosen),
  u: () => chosen >= 0 && runTo((e) => e.node === chosen),
  "]": () => runToStop(1),
  "[": () => runToStop(-1),
  p: togglePredict,
  o: toggleOrder,
  s: present,
  n: () => trace.named?.length && naming.click(),
  h: hideNumbers,
  PageDown: going.ArrowRight,
  PageUp: going.ArrowLeft,
  ...looking,
  "?": () => {
    help.open = !help.open;
  },
  Escape: () => (chosen >= 0 ? choose(-1) : presented() ? present() : host.blur()),
};
appear(main);
listen("Step player: backpropagation of " + name(root) + ". Press the right arrow key for the next step.", actions, slider);
// For who has fields of its own.
host.player = {
  at: () => position,
  go,
  set(code, x) {
    given(nodes.findIndex((_, i) => codeOf(i) === code), x);
    render(true);
  },
};
showToggles();
render();
