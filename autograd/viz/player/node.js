// What there is to a chosen node, breakpoints, and why the order of the pass matters.

let chosen = -1;
// Of more paths so many are shown; how many lead from each node to the root is exact.
const MOST_PATHS = 12,
  pathCounts = nodes.map((_, i) => BigInt(i === root));
steps.forEach((s, k) => (pathCounts[target(k)] += pathCounts[s[0]]));
function pathsFrom(i) {
  const found = [],
    stack = [[i, []]];
  while (stack.length && found.length < MOST_PATHS) {
    const [at, path] = stack.pop();
    if (at === root) found.push(path);
    else for (const k of into[at].slice().reverse()) stack.push([steps[k][0], [k, ...path]]);
  }
  return found;
}
function highlight(path) {
  for (const id in arrows) mark(arrows[id], "path", undefined);
  (path || []).forEach((k, j) => mark(arrows[arrowId(steps[k][0], steps[k][1])], "path", String(j % 4)));
}
const title = (...parts) => el("p", { class: "title" }, ...parts);
function pathItem(path) {
  const factor = (text, j) => [j ? " · " : "", el("span", { class: "f f" + (j % 4) }, text)];
  const on = () => highlight(path),
    off = () => highlight();
  const numbers = path.flatMap((k, j) => factor(minus(fmt(local[k])), j)),
    factors = path.map((k) => local[k]),
    result = path[1] === undefined ? "" : productOf(factors.map(digits), factors.reduce((x, y) => x * y));
  // What is inside of a closed box happens at one step.
  const link = (at, j) => {
    const { number } = events[at - 1],
      step = number ? "backward step " + number : "the start",
      to = () => {
        go(at);
        host.focus();
      };
    return [j ? ", " : "", button(step, to, { class: "link", onfocus: on, onblur: off, "aria-label": "Go to " + step })];
  };
  return el(
    "li",
    { onmouseenter: on, onmouseleave: off },
    el("span", { class: "wide" }, ...path.flatMap((k, j) => factor(partial(k), j)), ...(scalar ? [" = ", ...numbers, result] : [])),
    " (",
    ...[...new Set(path.map(eventOf))].flatMap(link),
    ")",
  );
}
function expansion(i) {
  if (i === root) return [p(trace.start + ": the pass starts here.")];
  const paths = pathsFrom(i),
    many = pathCounts[i] > 1n && counted(pathCounts[i]),
    more = pathCounts[i] - BigInt(paths.length);
  if (!paths.length) return [p("No gradient flows to it.")];
  const grad = d(i) + " = " + fmt(finalGrads()[i]),
    lead = (many ? many + " paths lead" : "One path leads") + " from " + name(i) + " to " + name(root);
  return [
    p(lead + (many ? ". Each gives a product; " + grad + " is their sum." : ". Its product is " + grad + ".")),
    el("ol", { class: "paths" }, ...paths.map(pathItem)),
    ...(more ? [p("… and " + counted(more) + " more paths.")] : []),
  ];
}
// Another number for a leaf; who shows it elsewhere hears of it.
function given(i, x) {
  value[i] = x;
  recompute();
  solved.clear();
  host.dispatchEvent(new CustomEvent("leaf", { detail: [codeOf(i), x] }));
}
const codeOf = (i) => (nodes[i].code || nodes[i].name || "").replace("\u200e", "");
function leafEditor(i) {
  const reach = Math.max(2, Math.abs(first[i]) * 2),
    range = [first[i] - reach, first[i] + reach];
  const parts = numberField("New number for " + name(i), name(i), value[i], range, (x) => {
    if (x === null) return;
    given(i, x);
    render(true);
  });
  const back = button("Reset all", () => {
    first.forEach((x, j) => nodes[j].leaf && given(j, x));
    render();
  });
  return el("div", { class: "row" }, name(i) + " = ", ...parts, back);
}
function aboutNode(i) {
  const n = nodes[i],
    live = trace.live && n.leaf,
    words = title(),
    results = el("div");
  about.refresh = () => {
    words.textContent = (n.name || "constant") + (n.code ? " (" + n.code + ")" : "") + (n.op ? " = " + made(i) : "") + " = " + fmt(value[i]);
    const grad = finalGrads()[i];
    results.replaceChildren(
      ...(value[i]?.rows ? [strip(cell(name(i), value[i]), grad ? cell(d(i), grad) : "")] : []),
      ...expansion(i),
    );
  };
  about.refresh();
  return [
    words,
    n.line ? p("made by ", el("code", {}, n.line)) : "",
    el(
      "div",
      { class: "row" },
      button("Run until it changes", () => runTo((e) => e.node === i)),
      button("Stop here", () => toggleStop(i), { "aria-pressed": stops.has(i) }),
      into[i].length ? button("LaTeX", () => copyLatex(latexOfPaths(i))) : "",
      button("Close", () => choose(-1)),
    ),
    live ? leafEditor(i) : "",
    results,
  ];
}
function choose(i) {
  chosen = i;
  highlight();
  about.hidden = i < 0;
  about.replaceChildren(...(i < 0 ? [] : aboutNode(i)));
  if (i >= 0 && into[i].length && pathCounts[i] < 2n) highlight(pathsFrom(i)[0]);
  paint(stateAt(position));
}

// --- boxes that open and close ---

const note = p(view.note);

function toggleBox(g) {
  const next = viewWith(g, !view.open.includes(g));
  if (!next) return;
  showAs(next);
  showToggles();
  status.textContent = groups[g].name + (view.open.includes(g) ? " is open" : " is closed");
}
// Another picture, or other steps, at the same place in the pass.
function showAs(next) {
  const far = ({ known, got }) => known.filter((x) => x).length + got.reduce((a, b) => a + b, 0),
    done = far(stateAt(position)),
    atEnd = position === events.length;
  const at = views.indexOf(next),
    svg = at ? parsed(trace.pictures[at - 1]) : drawing();
  view = next;
  arrange();
  draw(svg);
  position = 0;
  while (position < events.length && (atEnd || far(stateAt(position)) < done)) position++;
  note.textContent = view.note;
  for (const i of stops) markStop(i);
  choose(-1);
  render();
}
const naming = button(
  "Named variables",
  () => {
    byNames = !byNames;
    naming.setAttribute("aria-pressed", byNames);
    showAs(view);
  },
  { "aria-pressed": "false" },
);
function chooseBox(g) {
  chosen = -1;
  highlight();
  const box = groups[g];
  about.refresh = undefined;
  about.hidden = !box;
  if (!box) return;
  const members = nodes.flatMap((n, i) => (n.box === box.id ? [i] : [])),
    more = members.length - 60;
  about.replaceChildren(
    title(box.text + ": " + box.size + " nodes in one box"),
    p("One step until it is opened; its numbers are in the table."),
    el("div", { class: "row" }, viewWith(g, true) ? toggle(g) : "", button("Close", () => choose(-1))),
    p(...members.slice(0, 60).flatMap((i) => [link(i), " "]), more > 0 ? "… " + more + " more" : ""),
  );
  paint(stateAt(position));
}

// --- breakpoints ---

const stops = new Set();
function toggleStop(i) {
  stops.has(i) ? stops.delete(i) : stops.add(i);
  markStop(i);
  choose(i);
  status.textContent = (stops.has(i) ? "Breakpoint at " : "No breakpoint at ") + name(i);
}
function markStop(i) {
  for (const g of boxesOf(i)) {
    const r = g.querySelector("rect");
    g.querySelector(".stop")?.remove();
    if (stops.has(i))
      g.append(svgEl("circle", { class: "stop", r: 7, cx: r.getAttribute("x"), cy: r.getAttribute("y") }));
  }
}
function runTo(wanted, direction = 1) {
  let k = position + direction;
  while (k > 0 && k < events.length && !wanted(events[k - 1])) k += direction;
  go(k);
}
const runToStop = (direction) => runTo((e) => stops.has(e.node), direction);

// --- take a step ---

let eta = 0.1;
const rate = numberField("Rate η", "η", eta, [0, 1], (x) => (eta = x));
const learned = [],
  marked = {},
  history = el("p", { "aria-live": "polite" });
function takeStep() {
  const grads = finalGrads();
  if (eta === null) return;
  if (learned.at(-1) !== fmt(value[root])) learned.push(fmt(value[root]));
  for (const i in marked) if (marked[i].checked && grads[i] !== null) given(+i, value[i] - eta * grads[i]);
  learned.push(fmt(value[root]));
  history.textContent = name(root) + ": " + learned.slice(-8).join(" → ");
  render();
}
function stepTools() {
  const boxes = nodes.flatMap((n, i) => {
    if (!n.leaf || !into[i].length) return [];
    marked[i] = el("input", { type: "checkbox" });
    marked[i].checked = true;
    return [el("label", {}, marked[i], " " + name(i))];
  });
  if (!boxes.length) return "";
  return el(
    "details",
    {},
    el("summary", {}, "Take a step: w ← w − η · d" + name(root) + "/dw"),
    el("div", { class: "row" }, "η =", ...rate, button("Take a step", takeStep), ...boxes.slice(0, 40)),
    history,
  );
}

// --- presenting: full screen, large type, one step for a key of a remote ---

async function present() {
  const on = host.toggleAttribute("data-present");
  presenting.setAttribute("aria-pressed", on);
  host.focus();
  try {
    if (on) await host.requestFullscreen();
    else if (document.fullscreenElement) await document.exitFullscreen();
  } catch {} // a frame without the right fills itself
  look.anew();
}
document.addEventListener("fullscreenchange", () => {
  if (!document.fullscreenElement && presented()) present();
});
const presenting = button("Present", present, { "aria-pressed": "false" });
const hideNumbers = () => host.toggleAttribute("data-hidden");
// The formula of f, with the part marked that a step is about. What is used more than once, or would
// make it longer than LONGEST operations, has a line of its own; of many lines that one is shown.
const LONGEST = 16,
  parts = el("div", { class: "parts" });
function nested(i, whole) {
  const { text, needs } = formOf(i);
  const written = text.split(/([\ue000-\uf8ff])/).map((c) => {
    const k = c.charCodeAt(0) - 0xe000,
      j = nodes[i].in[k];
    if (!(k >= 0)) return c;
    if (!nodes[j] || whole.has(j)) return name(j);
    return formOf(j).hold < needs[k] ? el("span", {}, "(", nested(j, whole), ")") : nested(j, whole);
  });
  return el("span", { "data-i": i }, ...written);
}
function writeParts() {
  const whole = new Set(),
    size = [],
    uses = nodes.map(() => 0);
  for (const n of nodes) for (const j of new Set(n.in)) uses[j]++;
  const lines = nodes.flatMap((n, i) => {
    size[i] = n.in.reduce((sum, j) => sum + size[j], 1);
    if (n.op && n.box[0] === "n" && size[i] <= LONGEST && uses[i] === 1) return [];
    whole.add(i);
    size[i] = 0;
    const box = groups.find((g) => g.id === n.box && g.out[0] === i);
    if (!n.op || (n.box[0] === "g" && !box)) return [];
    return [el("span", {}, box?.out[1] ? "" : name(i) + " = ", box ? el("span", { "data-i": i }, box.text) : nested(i, whole))];
  });
  parts.classList.toggle("many", lines.length > 6);
  parts.replaceChildren(...lines.reverse());
}
function markParts(e = { at: root }) {
  for (const part of parts.querySelectorAll("[data-i]")) part.toggleAttribute("data-now", +part.dataset.i === (e.by ?? e.at));
}

// --- why in topological order ---

// Each operand gets its product at once and passes on what it has so far, complete or not.
function naive() {
  const grad = nodes.map(() => 0),
    right = finalGrads(),
    passed = new Set(),
    list = [],
    stack = outOf[root].slice().reverse();
  grad[root] = real(trace.seed);
  while (stack.length && list.length < 200) {
    const k = stack.pop(),
      from = steps[k][0],
      up = grad[from],
      x = up * local[k];
    list.push({ k, up, x, wrong: passed.has(k) || up !== right[from] });
    passed.add(k);
    grad[target(k)] += x;
    stack.push(...outOf[target(k)].slice().reverse());
  }
  return [list, right, stack.length ? right : grad];
}
function whyOrder() {
  const [list, right, grad] = naive(),
    bad = list.find((s) => s.wrong);
  const line = (s) => {
    const written = d(target(s.k)) + " += " + minus(fmt(s.up)) + " · " + minus(fmt(local[s.k])) + productOf([s.up, local[s.k]].map(digits), s.x);
    return el("li", {}, s === bad ? el("span", { class: "bad" }, written + "  ✗ first wrong number") : written);
  };
  const column = (words, all) =>
    el("div", {}, title(words), el("ol", {}, ...all.slice(0, 40).map(line)), all[40] ? p("… " + (all.length - 40) + " more") : "");
  const wrong = nodes.flatMap((n, i) =>
    n.leaf && right[i] !== null && grad[i] !== right[i] ? [d(i) + " comes out as " + fmt(grad[i]) + " instead of " + fmt(right[i])] : [],
  );
  const from = bad && steps[bad.k][0];
  return [
    title("Why in topological order?"),
    p(
      bad
        ? "The naive way lets " + name(from) + " pass on " + fmt(bad.up) +
            (bad.up === right[from] ? " again" : " although its gradient will be " + fmt(right[from])) +
            ". In topological order everything made from it comes first."
        : "Here both agree, because nothing between the leaves and " + name(root) + " is used twice. Try b = a + a; c = b + b.",
    ),
    wrong[0] ? p("At the end: " + wrong.slice(0, 6).join(", ") + ".") : "",
    el(
      "div",
      { class: "two" },
      column("In topological order", steps.map((_, k) => ({ k, up: upstream[k], x: product[k] }))),
      column("Naive: at once", list),
    ),
    button("Close", toggleOrder),
  ];
}
function toggleOrder() {
  if (!scalar) return;
  order.hidden = !order.hidden;
  if (!order.hidden) order.replaceChildren(...whyOrder());
}
