// What is said about each event: a sentence, a formula, and the product with its numbers.

const name = (i) => (nodes[i] ? nodes[i].name || fmt(value[i]) : "…");
const nodeTree = (i) => nodes[i].tree || ["mn", fmt(value[i])];
const d = (i) => nodes[i].total;
const partial = (k) => said[k].partial;
// The numbers of a step in the order of the holes in its formulas.
const inStep = (k) => numbersOf(upstream[k], local[k], product[k]);
const equation = (k) => equationOf(d(target(k)), said[k], inStep(k));
// The formula with numbers; one below 0 gets brackets unless it stands in some already.
function filled(n) {
  return n.fill.replace(/[\ue000\ue001]/g, (c, at) => {
    const text = fmt(value[n.in[c === "\ue000" ? 0 : 1]]);
    return n.fill[at - 1] === "(" && n.fill[at + 1] === ")" ? text : minus(text);
  });
}
const cell = (caption, x, hot) =>
  el("div", hot ? { class: "hot" } : {}, el("small", {}, caption), x instanceof Node ? x : show(x));
const strip = (...parts) => el("div", { class: "strip" }, ...parts);
const p = (...parts) => el("p", {}, ...parts);

function describeForward(i) {
  const n = nodes[i],
    result = asked(fmt(value[i]), value[i], "its value", n.fill ? filled(n) : n.text);
  const numbers = n.fill ? [cell("with numbers", el("b", {}, filled(n))), "="] : [];
  return [
    name(i) + " = " + n.text + (n.fill ? " = " + filled(n) : "") + " = " + (result ? "?" : fmt(value[i])),
    formula(nodeTree(i), ["mo", "="], n.math),
    strip(...numbers, cell(name(i), result || value[i], true)),
  ];
}
function describeStep(k, state, whole) {
  const s = steps[k],
    more = said[k],
    from = s[0],
    to = target(k);
  const total = state.grad[to],
    count = countOf(state, to);
  const before = "after" in more
    ? more.before
    : state.arrived[to] === 1 && to !== root
      ? null
      : stateAt(position - 1).grad[to];
  const rule = more.exact ? "" : more.rule;
  const hidden =
    quiz && !whole && [upstream[k], local[k], product[k]].every((x) => typeof x === "number")
      ? k % 3 === 1 && rule
        ? 1
        : k % 3 === 2 && before !== null
          ? 2
          : 0
      : -1;
  const ask = (which, x, what, how, slips) => (hidden === which ? asked(fmt(x), x, what, how, slips) : null);
  const up = upstream[k],
    by = local[k],
    itself = [value[from], value[to]].map((y) => [y, "That is a value, not a derivative."]);
  const a = ask(
    0,
    product[k],
    "the contribution",
    "upstream × local = " + minus(fmt(up)) + " · " + minus(fmt(by)),
    [
      [up + by, "That is the sum; upstream and local are multiplied."],
      [by, "The upstream " + d(from) + " is forgotten."],
      [up, "The local derivative " + partial(k) + " is forgotten."],
      ...itself,
    ],
  );
  const b = ask(
    1,
    local[k],
    "the local derivative",
    rule + " at " + nodes[from].in.map((j) => name(j) + " = " + fmt(value[j])).join(", "),
    [[product[k], "That is the product with the upstream already."], ...itself],
  );
  const c = ask(
    2,
    total,
    "the new total",
    "before + contribution = " + fmt(before) + " + " + minus(fmt(product[k])),
    [
      [product[k], "A path is forgotten: what had arrived before counts, too."],
      [before, "A path is forgotten: the one that arrives now."],
      [before * product[k], "That is the product; paths are added."],
      ...itself,
    ],
  );
  covered = a || b || c ? to : -1;
  coveredArrow = b ? arrowId(from, s[1]) : "";
  const captions = {
    up: from === root && fmt(trace.seed) === "1" ? "the start" : "upstream " + d(from),
    local: "local " + partial(k) + (rule ? " = " + rule : ""),
  };
  const parts = [cell(captions.up, upstream[k])];
  if (local[k] === null) {
    const rest = more.ruleText ? el("b", {}, more.ruleText) : el("b", {}, nodes[from].op);
    parts.push("→", cell(more.ruleText ? "shapes " + more.shapes : "the rule of", rest));
  } else parts.push(typeof upstream[k] === "object" ? "⊙" : "·", cell(captions.local, b || local[k]));
  if (whole) parts.push("=", cell("product, " + more.whole.size, more.whole, true));
  else {
    if (more.whole) parts.push("→", cell("Σ over axis " + more.axes, product[k], true));
    else parts.push("=", cell("contribution", a || product[k], true));
    parts.push(
      cell(
        "total " + d(to) + ", " + count + " arrived",
        el(
          "span",
          {},
          before === null ? NOT_REACHED : show(before),
          " → ",
          c || (a || b ? "?" : show(total)),
        ),
      ),
    );
  }
  const what = covered >= 0 ? "?" : fmt(product[k]);
  return [
    whole
      ? "The product has shape " +
        more.whole.size +
        ", and " +
        name(to) +
        " has " +
        (value[to].size || "1") +
        ": " +
        name(to) +
        " was repeated along axis " +
        more.axes +
        " (broadcast), so its gradient is the sum over it."
      : "Gradient of " +
        name(root) +
        " with respect to " +
        name(to) +
        " gets " +
        what +
        " through " +
        name(from) +
        "; total " +
        (covered >= 0 ? "?" : fmt(total)) +
        ", " +
        count +
        " contributions arrived.",
    formula(-1 - to, ["mo", "+="], ...more.trees),
    strip(...parts),
    scalar ? p(el("span", { class: "line" }, covered >= 0 ? "" : equation(k))) : "",
  ];
}
function describeEarlier() {
  const rows = trace.earlier.map(([leaf, before, after]) => {
    const now = finalGrads()[leaf];
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, name(leaf) + ".grad"),
      el(
        "td",
        {},
        fmt(before) +
          " + " +
          minus(fmt(now)) +
          " = " +
          fmt(typeof now === "number" ? real(before) + now : after),
      ),
    );
  });
  const text =
    "Warning: an earlier backward() left gradients here, and leaves add what each pass brings. Call zero_grad() between passes unless the sum is meant.";
  return [text, el("table", {}, el("tbody", {}, ...rows))];
}
// --- closed boxes ---

// What a closed box adds to its operand, and its local derivative, null where it has none.
const addedBy = (e) => (e.steps.some((k) => "after" in said[k]) ? e.pass[4] : e.steps.reduce((sum, k) => sum + product[k], 0));
function localOf(e) {
  if (!e.pass || typeof e.pass[3] !== "number" || unedited()) return e.pass ? real(e.pass[3]) : null;
  const up = finalGrads()[groups[e.group].out[0]];
  return up && Number.isFinite(up) ? addedBy(e) / up : null;
}
function describeBox({ group, node }) {
  const { text, out, size } = groups[group],
    result = node >= 0 ? [cell(name(node), value[node], true)] : out.slice(0, 8).map((i) => cell(name(i), value[i], true));
  return [
    (node >= 0 ? name(node) + " = " : "") + text + (node >= 0 ? " = " + fmt(value[node]) : "") + ": a closed box of " + size.toLocaleString("en") + " nodes.",
    strip(...result),
  ];
}
function describePass(e, state) {
  const box = groups[e.group];
  if (e.node < 0) return [box.name + " hands what has come to it back to " + groups[-1 - e.node].name + "."];
  const x = addedBy(e);
  return [
    "Gradient of " + name(root) + " with respect to " + name(e.node) + " gets " + fmt(x) + " through " + box.text + ", a closed box; total " + fmt(state.grad[e.node]) + ", " + countOf(state, e.node) + " contributions arrived.",
    strip(cell("contribution", x, true), cell("total " + d(e.node), state.grad[e.node])),
    p(el("span", { class: "line" }, unedited() ? e.pass[5] : "")),
  ];
}
function describe(state) {
  covered = -1;
  coveredArrow = "";
  const e = events[position - 1];
  if (!e)
    return [
      "The leaves hold their numbers; nothing is computed yet. Press the right arrow key or › for the first step.",
    ];
  if (e.kind === "pass") return describePass(e, state);
  if (e.kind === "named")
    return [
      "Gradient of " + name(root) + " with respect to " + name(e.node) + " through " + name(e.pass[0]) + ", with all that has no name between them.",
      p(el("span", { class: "line" }, unedited() ? e.pass[6] : "Reset the leaves to see its numbers.")),
    ];
  if (e.kind === "forward") return e.group === undefined ? describeForward(e.node) : describeBox(e);
  if (e.kind === "seed")
    return [
      "Backward starts at " + name(root) + ": " + trace.start + ".",
      formula(-1 - root, ["mo", "="], ["mn", fmt(trace.seed)]),
    ];
  return e.kind === "earlier" ? describeEarlier() : describeStep(e.step, state, e.kind === "whole");
}

// --- LaTeX, to be copied ---

function latex() {
  const e = events[position - 1] || { node: root };
  if (e.kind === "named") return e.pass[6];
  if (e.kind === "pass") return e.node < 0 ? "" : nodes[e.node].latex + " \\mathrel{+}= " + latexNumber(fmt(addedBy(e)));
  if ("step" in e) return said[e.step].latex.replace(/[\ue000-\ue002]/g, (c) => latexNumber(inStep(e.step)[c.charCodeAt(0) & 3]));
  const n = nodes[e.node] || nodes[root];
  return (e.kind === "seed" || !n.made ? n.latex : n.made) + " = " + latexNumber(fmt(e.kind === "seed" ? trace.seed : value[e.node]));
}
// Where a page may not write into the clipboard, the text is there to be copied by hand.
function copyLatex() {
  const field = el("textarea", { readonly: "", rows: 2, "aria-label": "LaTeX of this step" });
  field.value = latex();
  panel.append(field);
  field.select();
  status.textContent = document.execCommand("copy") ? "Copied" : "Press Control and C to copy";
  field.after(el("span", {}, status.textContent));
}

// --- predict: a number is hidden until it is found ---

let quiz = false,
  covered = -1,
  coveredArrow = "",
  asks = 0,
  found = 0; // how many numbers were asked, and found at the first try
const solved = new Set();
const alike = (guess, x) => Math.abs(guess - x) <= 0.01 * Math.abs(x) + 1e-9 || Object.is(guess, x);
// Slips that are recognised: [the number they lead to, words].
function asked(text, x, what, how, slips = []) {
  const here = position;
  if (!quiz || solved.has(here) || typeof x !== "number") return null;
  const answer = el("span", { role: "status" });
  let tries = 0;
  const reveal = (words) => {
    solved.add(here);
    asks++;
    render();
    predict.textContent = "Predict: " + found + " of " + asks;
    status.textContent = words;
    panel.append(p(words));
    host.focus();
  };
  const input = el("input", {
    type: "text",
    inputmode: "decimal",
    autocomplete: "off",
    "aria-label": "Your answer: " + what,
    onkeydown: (e) => {
      if (e.key !== "Enter") return;
      const guess = typedNumber(input.value.trim());
      if (guess !== null && alike(guess, x)) {
        found += !tries;
        return reveal("Right: " + how + " = " + text + ".");
      }
      const slip = guess !== null && slips.concat([[-x, "The sign is the other one."]]).find(([y]) => alike(guess, y));
      tries += guess !== null;
      answer.textContent =
        guess === null ? " That is no number; write 0.5, 1e-3, 1/3 or inf." : " Not yet. " + (slip ? slip[1] : "It is " + how + ".");
    },
  });
  return el(
    "span",
    {},
    input,
    " ",
    button("Show", () => reveal("It is " + how + " = " + text + ".")),
    answer,
  );
}
