// The step player. It gets the element with the fallback, the record of a pass (trace.py), the
// rules of the operations in it (rules_js.py; empty if the page cannot compute), and its style.
// Whatever a person named or wrote enters the page as text or as an attribute, never as markup.
(function (host, trace, rules, css) {
  "use strict";
  if (!host || host.shadowRoot) return;
  const nodes = trace.nodes, steps = trace.steps, root = trace.root;
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
  const size = (x) => x.shape.join("×") || "1";
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
  const button = (text, action, props) => el("button", { type: "button", ...props, onclick: () => keepingFocus(action) }, text);
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
  const show = (x) => (x && x.rows && x.rows.flat().length > 4
    ? el("table", { class: "mx" }, ...x.rows.map((row) => el("tr", {}, ...row.map((y) => el("td", {}, fmt(y))))))
    : el("b", { title: typeof x === "object" ? "" : String(real(x)) }, x && x.text ? size(x) + ": " + x.text : fmt(x)));
  const minus = (text) => (text.startsWith("-") ? "(" + text + ")" : text);

  // --- the pass ---

  const first = nodes.map((n) => real(n.value));
  let value = first.slice();
  const upstream = steps.map((s) => real(s[2]));
  const local = steps.map((s) => real(s[3]));
  const product = steps.map((s) => real(s[4]));
  const scalar = steps.every((s) => !s[6]);
  const into = nodes.map(() => []), outOf = nodes.map(() => []);
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
  const add = (k, before) => (steps[k][6] ? steps[k][6].after : before === null ? product[k] : before + product[k]);

  function forward(given) {
    const x = given.slice();
    nodes.forEach((n, i) => { if (n.op) x[i] = rules[n.op][0](...n.in.map((j) => x[j])); });
    return x;
  }
  function recompute() {
    value = forward(value);
    const grad = nodes.map(() => null);
    grad[root] = real(trace.seed);
    steps.forEach((s, k) => {
      const n = nodes[s[0]], to = target(k);
      upstream[k] = grad[s[0]];
      local[k] = +rules[n.op][1][s[1]](...n.in.map((j) => value[j]), value[s[0]]);
      product[k] = upstream[k] * local[k];
      grad[to] = add(k, grad[to]);
    });
  }
  function stateAt(position) {
    const known = nodes.map((n) => !n.op), grad = nodes.map(() => null), arrived = nodes.map(() => 0);
    for (const e of events.slice(0, position)) {
      if (e.kind === "forward") known[e.node] = true;
      if (e.kind === "seed") grad[root] = real(trace.seed);
      if (e.kind === "earlier") trace.earlier.forEach(([leaf, before, after]) => { grad[leaf] = typeof grad[leaf] === "number" ? real(before) + grad[leaf] : after; });
      if (e.kind === "step") {
        grad[e.node] = add(e.step, grad[e.node]);
        arrived[e.node]++;
      }
    }
    return { known, grad, arrived };
  }
  const finalGrads = () => stateAt(events.length - (trace.earlier.length ? 1 : 0)).grad;

  // --- words ---

  const name = (i) => (nodes[i] ? nodes[i].name || fmt(value[i]) : "…");
  const nameTree = (i) => nodes[i].tree || ["mn", fmt(value[i])];
  const d = (top, bottom) => "∂" + name(top) + "/∂" + name(bottom);
  const dTree = (top, bottom) => ["mfrac", ["mrow", ["mo", "∂"], nameTree(top)], ["mrow", ["mo", "∂"], nameTree(bottom)]];
  // The formula with numbers; one below 0 gets brackets unless it stands in some already.
  function filled(n) {
    return n.fill.replace(/[\ue000\ue001]/g, (c, at) => {
      const text = fmt(value[n.in[c === "\ue000" ? 0 : 1]]);
      return n.fill[at - 1] === "(" && n.fill[at + 1] === ")" ? text : minus(text);
    });
  }
  const cell = (caption, x, hot) => el("div", hot ? { class: "hot" } : {}, el("small", {}, caption), x instanceof Node ? x : show(x));
  const strip = (...parts) => el("div", { class: "strip" }, ...parts);
  const p = (...parts) => el("p", {}, ...parts);

  function describeForward(i) {
    const n = nodes[i], result = asked(fmt(value[i]), value[i], "its value", n.fill ? filled(n) : n.text);
    const numbers = n.fill ? [cell("with numbers", el("b", {}, filled(n))), "="] : [];
    return [
      name(i) + " = " + n.text + (n.fill ? " = " + filled(n) : "") + " = " + (result ? "?" : fmt(value[i])),
      formula(nameTree(i), ["mo", "="], n.math),
      strip(...numbers, cell(name(i), result || value[i], true)),
    ];
  }
  function describeStep(k, state, whole) {
    const s = steps[k], more = s[6] || {}, from = s[0], to = target(k);
    const total = state.grad[to], count = state.arrived[to] + " of " + into[to].length;
    const before = more.after ? more.before : state.arrived[to] === 1 && to !== root ? null : stateAt(position - 1).grad[to];
    const rule = s[5] ? s[5][1] : "";
    const hidden = quiz && !whole && typeof product[k] === "number" ? (k % 3 === 1 && isNaN(rule) ? 1 : k % 3 === 2 && before !== null ? 2 : 0) : -1;
    const ask = (which, x, what, how) => (hidden === which ? asked(fmt(x), x, what, how) : null);
    const a = ask(0, product[k], "the contribution", "upstream × local = " + minus(fmt(upstream[k])) + " · " + minus(fmt(local[k])));
    const b = ask(1, local[k], "the local derivative", rule + " at " + nodes[from].in.map((j) => name(j) + " = " + fmt(value[j])).join(", "));
    const c = ask(2, total, "the new total", "before + contribution = " + fmt(before) + " + " + minus(fmt(product[k])));
    covered = a || b || c ? to : -1;
    coveredArrow = b ? arrowId(from, s[1]) : "";
    const captions = { up: "upstream " + d(root, from), local: "local " + d(from, to) + (rule && isNaN(rule) ? " = " + rule : "") };
    const parts = [cell(captions.up, upstream[k])];
    if (more.vjp) parts.push("→", cell("vector-Jacobian product of " + nodes[from].sym, el("b", {}, more.vjp)));
    else if (local[k] === null) parts.push("→", cell("vector-Jacobian product of", el("b", {}, nodes[from].op)));
    else parts.push("×", cell(captions.local, b || local[k]));
    if (whole) parts.push("=", cell("product, " + size(more.product), more.product, true));
    else {
      if (more.product) parts.push("→", cell("summed over axis " + more.axes.join(", "), product[k], true));
      else parts.push("=", cell("contribution", a || product[k], true));
      parts.push(cell("total " + d(root, to) + ", " + count + " arrived", el("span", {}, before === null ? NOT_REACHED : show(before), " → ", c || (a || b ? "?" : show(total)))));
    }
    const what = covered >= 0 ? "?" : fmt(product[k]);
    const shape = (i) => size(value[i]);
    return [
      whole
        ? "The product has shape " + size(more.product) + ", and " + name(to) + " has " + shape(to) + ": " + name(to) + " was repeated along axis " + more.axes.join(", ") + " (broadcast), so its gradient is the sum over it."
        : "Gradient of " + name(root) + " with respect to " + name(to) + " gets " + what + " through " + name(from) + "; total " + (covered >= 0 ? "?" : fmt(total)) + ", " + count + " contributions arrived.",
      formula(dTree(root, to), ["mo", "+="], dTree(root, from), ["mo", "·"], dTree(from, to)),
      strip(...parts),
    ];
  }
  function describeEarlier() {
    const rows = trace.earlier.map(([leaf, before, after]) => {
      const now = finalGrads()[leaf];
      return el("tr", {}, el("th", { scope: "row" }, name(leaf) + ".grad"), el("td", {}, fmt(before) + " + " + minus(fmt(now)) + " = " + fmt(typeof now === "number" ? real(before) + now : after)));
    });
    const text = "Warning: an earlier backward() left gradients here, and leaves add what each pass brings. Call zero_grad() between passes unless the sum is meant.";
    return [text, el("table", {}, el("tbody", {}, ...rows))];
  }
  function describe(state) {
    covered = -1;
    coveredArrow = "";
    const e = events[position - 1];
    if (!e) return ["The leaves hold their numbers; nothing is computed yet. Press the right arrow key or › for the first step."];
    if (e.kind === "forward") return describeForward(e.node);
    if (e.kind === "seed") return ["Backward starts at " + name(root) + ": " + d(root, root) + " = " + fmt(trace.seed) + ".", formula(dTree(root, root), ["mo", "="], ["mn", fmt(trace.seed)])];
    return e.kind === "earlier" ? describeEarlier() : describeStep(e.step, state, e.kind === "whole");
  }

  // --- predict: a number is hidden until it is found ---

  let quiz = false, covered = -1, coveredArrow = "";
  const solved = new Set();
  function asked(text, x, what, how) {
    const here = position;
    if (!quiz || solved.has(here) || typeof x !== "number") return null;
    const answer = el("span", { role: "status" });
    const reveal = (words) => { solved.add(here); render(); status.textContent = words; panel.append(p(words)); host.focus(); };
    const input = el("input", { type: "text", inputmode: "decimal", autocomplete: "off", "aria-label": "Your answer: " + what,
      onkeydown: (e) => {
        if (e.key !== "Enter") return;
        const guess = input.value.trim() === "" ? NaN : +input.value.replace("−", "-").replace(",", ".");
        if (Math.abs(guess - x) <= 0.01 * Math.abs(x) + 1e-9 || Object.is(guess, x)) reveal("Right: " + how + " = " + text + ".");
        else answer.textContent = " Not yet. It is " + how + ".";
      } });
    return el("span", {}, input, " ", button("Show", () => reveal("It is " + how + " = " + text + ".")), answer);
  }

  // --- the picture ---

  const bytes = Uint8Array.from(atob(host.querySelector("img").src.split(",")[1]), (c) => c.charCodeAt(0));
  const parsed = new DOMParser().parseFromString(new TextDecoder().decode(bytes), "image/svg+xml");
  const svg = document.importNode(parsed.documentElement, true);
  const width = +svg.getAttribute("width");
  svg.setAttribute("style", `width:clamp(${Math.min(width, Math.max(0.8 * width, 300))}px,100%,${width}px);height:auto`);
  svg.setAttribute("aria-hidden", "true");
  svg.removeAttribute("role");
  const boxes = {}, arrows = {};
  for (const g of svg.querySelectorAll("[data-edge]")) {
    arrows[g.dataset.edge] = g;
    g.querySelector("title").remove();
  }
  svg.querySelector("title").remove();
  for (const g of svg.querySelectorAll("[data-node]")) {
    const id = g.dataset.node.split("~")[0];
    (boxes[id] ||= []).push(g);
    const what = [...g.querySelectorAll("[data-part=what]")].find((t) => t.textContent === "grad");
    g.parts = { data: [...g.querySelectorAll("[data-part=data]")], grad: [...g.querySelectorAll("[data-part=grad]")], what: what ? [what] : [] };
    const i = nodes.findIndex((n) => n.box === id);
    if (id[0] === "n") g.querySelector("title").textContent = name(i) + (nodes[i].op ? " = " + nodes[i].text : "");
    g.addEventListener("click", () => choose(i));
  }
  // An arrow inside of a folded box is not drawn.
  const arrowId = (i, k) => trace.arrows[i + "." + k] || (nodes[i].box[0] === "n" ? nodes[i].box + "." + k : "");
  const boxesOf = (i) => (nodes[i] && boxes[nodes[i].box]) || [];
  const svgEl = (tag, props) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, x] of Object.entries(props)) e.setAttribute(key, x);
    return e;
  };
  // The local derivative at an arrow, which changes when a leaf is edited.
  const labels = {};
  steps.forEach((s, k) => { labels[arrowId(s[0], s[1])] = k; });
  const flag = svgEl("g", { class: "flag" });
  flag.append(svgEl("rect", { height: 20, rx: 4 }), svgEl("text", { "font-size": 12, "text-anchor": "middle" }));
  function write(texts, words) {
    texts.forEach((t, j) => { if (t.textContent !== (words[j] || "")) t.textContent = words[j] || ""; });
  }
  function mark(g, key, x) {
    if (g && g.dataset[key] !== x) x === undefined ? delete g.dataset[key] : (g.dataset[key] = x);
  }
  function paint(state) {
    const hot = {}, e = events[position - 1] || { node: -1 };
    const rank = { todo: 0, ready: 1, part: 2, done: 3 }, states = {};
    nodes.forEach((n, i) => {
      const complete = state.grad[i] !== null && state.arrived[i] === into[i].length;
      const s = !state.known[i] ? "todo" : state.grad[i] === null ? "ready" : complete ? "done" : "part";
      if (!(n.box in states) || rank[s] < rank[states[n.box]]) states[n.box] = s;
      const unknown = quiz && !solved.has(position) && e.kind === "forward" && e.node === i && typeof value[i] === "number";
      for (const g of boxesOf(i)) {
        if (n.box[0] === "g") continue;
        write(g.parts.data, state.known[i] ? (unknown ? ["?"] : lines(value[i])) : [NOT_REACHED]);
        write(g.parts.grad, covered === i ? ["?"] : lines(state.grad[i]));
        write(g.parts.what, [complete ? "grad ✓" : s === "part" ? "grad " + state.arrived[i] + "/" + into[i].length : "grad"]);
      }
    });
    const edges = {};
    let place = boxesOf(e.node)[0], words = "";
    if (e.kind === "forward") nodes[e.node].in.forEach((_, k) => (edges[arrowId(e.node, k)] = "to"));
    if ("step" in e) {
      const [from, k] = steps[e.step], id = arrowId(from, k);
      edges[id] = "to";
      hot[nodes[from].box] = "from";
      place = (boxesOf(e.node).find((g) => g.dataset.node.endsWith("~" + id))) || place;
      words = e.kind === "whole" ? "" : covered >= 0 ? "+ ?" : "+ " + minus(lines(product[e.step]).length > 1 ? size(product[e.step]) : lines(product[e.step])[0]);
    }
    if (e.node >= 0) hot[nodes[e.node].box] = "to";
    if (e.kind === "earlier") trace.earlier.forEach(([leaf]) => { hot[nodes[leaf].box] = "to"; });
    for (const id in boxes) for (const g of boxes[id]) {
      mark(g, "s", states[id]);
      mark(g, "hot", hot[id]);
      mark(g, "chosen", chosen >= 0 && nodes[chosen].box === id ? "" : undefined);
    }
    for (const id in arrows) {
      mark(arrows[id], "hot", edges[id]);
      const label = arrows[id].querySelector("text");
      if (label && scalar && id in labels) write([label], [id === coveredArrow ? "?" : digits(local[labels[id]])]);
    }
    flag.remove();
    if (place && words) {
      const r = place.querySelector("rect"), wide = words.length * 7.6 + 12, at = (key) => +r.getAttribute(key);
      const x = at("x") + at("width") / 2, y = Math.max(at("y") - 11, svg.viewBox.baseVal.y);
      flag.firstChild.setAttribute("width", wide);
      flag.firstChild.setAttribute("x", x - wide / 2);
      flag.firstChild.setAttribute("y", y);
      flag.lastChild.setAttribute("x", x);
      flag.lastChild.setAttribute("y", y + 14.5);
      flag.lastChild.textContent = words;
      svg.append(flag);
    }
    return place;
  }
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  function reveal(g) {
    if (!g || picture.scrollWidth <= picture.clientWidth + 1 && picture.scrollHeight <= picture.clientHeight + 1) return;
    const r = g.querySelector("rect"), zoom = picture.scrollWidth / width, [x0, y0] = svg.getAttribute("viewBox").split(" ");
    const middle = (key, length, from) => (+r.getAttribute(key) - from + r.getAttribute(length) / 2) * zoom;
    picture.scrollTo({ left: middle("x", "width", x0) - picture.clientWidth / 2, top: middle("y", "height", y0) - picture.clientHeight / 2, behavior: calm.matches ? "auto" : "smooth" });
  }

  // --- one node: all ways from it to the root ---

  let chosen = -1;
  function countWays(i, known) {
    if (i === root) return 1n;
    if (!known.has(i)) known.set(i, into[i].reduce((n, k) => n + countWays(steps[k][0], known), 0n));
    return known.get(i);
  }
  function waysFrom(i, most) {
    const found = [], stack = [[i, []]];
    while (stack.length && found.length < most) {
      const [at, way] = stack.pop();
      if (at === root) found.push(way);
      else for (const k of into[at].slice().reverse()) stack.push([steps[k][0], [k, ...way]]);
    }
    return found;
  }
  function highlight(way) {
    for (const id in arrows) mark(arrows[id], "way", undefined);
    (way || []).forEach((k, j) => mark(arrows[arrowId(steps[k][0], steps[k][1])], "way", String(j % 6)));
  }
  function wayItem(way, i) {
    const factors = way.flatMap((k, j) => [j ? " · " : "", el("span", { class: "f f" + (j % 6) }, d(steps[k][0], target(k)))]);
    const numbers = way.flatMap((k, j) => [j ? " · " : " = ", el("span", { class: "f f" + (j % 6) }, minus(fmt(local[k])))]);
    const last = way[way.length - 1];
    const result = scalar ? [...numbers, " = " + fmt(way.reduce((x, k) => x * local[k], real(trace.seed)))] : [];
    const on = () => highlight(way), off = () => highlight();
    const link = way.map((k) => button("step " + (k + 1), () => { go(eventOf(k)); host.focus(); }, { class: "link", onfocus: on, onblur: off, "aria-label": "Go to step " + (k + 1) + ", " + d(steps[k][0], target(k)) }));
    return el("li", { onmouseenter: on, onmouseleave: off }, el("span", { class: "wide" }, ...factors, ...result), " (", ...link.flatMap((b, j) => (j ? [", ", b] : [b])), ")");
  }
  function expansion(i) {
    if (i === root) return [p(d(root, root) + " = " + fmt(trace.seed) + ": the pass starts here.")];
    const count = countWays(i, new Map()), ways = waysFrom(i, 12);
    if (!ways.length) return [p("No gradient flows to it.")];
    const more = count > BigInt(ways.length) ? [p("… and " + (count - BigInt(ways.length)).toLocaleString("en") + " more ways.")] : [];
    const sum = count === 1n ? "One way leads" : count.toLocaleString("en") + " ways lead";
    return [p(sum + " from " + name(i) + " to " + name(root) + ". Each gives a product of local derivatives; " + d(root, i) + " = " + fmt(finalGrads()[i]) + " is their sum."),
      el("ol", { class: "ways" }, ...ways.map((way) => wayItem(way, i))), ...more];
  }
  function leafEditor(i) {
    const set = (x, other) => {
      if (!Number.isFinite(x)) return;
      value[i] = x;
      other.value = x;
      recompute();
      solved.clear();
      render(true);
    };
    const reach = Math.max(2, Math.abs(first[i]) * 2), label = name(i) + " = ";
    const slider = el("input", { type: "range", min: first[i] - reach, max: first[i] + reach, step: reach / 100, "aria-label": "Drag " + name(i), oninput: () => set(+slider.value, text) });
    const text = el("input", { type: "text", inputmode: "decimal", size: 10, "aria-label": "New number for " + name(i), oninput: () => text.value.trim() && set(+text.value.replace("−", "-").replace(",", "."), slider) });
    slider.value = text.value = value[i];
    const back = button("Reset all", () => { value = first.slice(); recompute(); render(); });
    return el("div", { class: "row" }, label, text, slider, back, " The page recomputes every step.");
  }
  function check(i) {
    const h = 1e-5 * Math.max(1, Math.abs(value[i]));
    const at = (x) => forward(value.map((y, j) => (j === i ? x : y)))[root];
    return p("Check: moving " + name(i) + " by ±" + fmt(h) + " changes " + name(root) + " at the rate " + fmt((at(value[i] + h) - at(value[i] - h)) / (2 * h)) + ".");
  }
  function aboutNode(i) {
    const n = nodes[i], has = into[i].length || i === root;
    const title = (n.name || "constant") + (n.long ? " (" + n.long + ")" : "") + (n.op ? " = " + n.text : "") + " = " + fmt(value[i]);
    const parts = [el("p", { class: "title" }, title)];
    if (n.line) parts.push(p("made by ", el("code", {}, n.line)));
    const tools = [button("Run until it changes", () => runTo((e) => e.node === i))];
    tools.push(button("Stop here", () => toggleStop(i), { "aria-pressed": stops.has(i), title: "A breakpoint (b)" }));
    tools.push(button("Close", () => choose(-1)));
    parts.push(el("div", { class: "row" }, ...tools));
    const live = trace.live && n.kind === "leaf", results = el("div");
    if (live) parts.push(leafEditor(i));
    parts.push(results);
    about.refresh = () => results.replaceChildren(...(has ? expansion(i) : [p("No gradient flows to it.")]), ...(live && has ? [check(i)] : []));
    about.refresh();
    return parts;
  }
  function choose(i) {
    chosen = i;
    highlight();
    about.hidden = i < 0;
    about.replaceChildren(...(i < 0 ? [] : aboutNode(i)));
    if (i >= 0 && into[i].length && countWays(i, new Map()) === 1n) highlight(waysFrom(i, 1)[0]);
    paint(stateAt(position));
  }

  // --- breakpoints ---

  const stops = new Set();
  function toggleStop(i) {
    stops.has(i) ? stops.delete(i) : stops.add(i);
    for (const g of boxesOf(i)) {
      const old = g.querySelector(".stop"), r = g.querySelector("rect");
      old ? old.remove() : g.append(svgEl("circle", { class: "stop", r: 7, cx: r.getAttribute("x"), cy: r.getAttribute("y") }));
    }
    choose(i);
    status.textContent = (stops.has(i) ? "Breakpoint at " : "No breakpoint at ") + name(i);
  }
  function runTo(wanted, direction = 1) {
    let k = position + direction;
    while (k > 0 && k < events.length && !wanted(events[k - 1])) k += direction;
    go(k);
  }
  const runToStop = (direction) => runTo((e) => stops.has(e.node), direction);

  // --- why in topological order ---

  // Each operand gets its product at once and passes on what it has so far, complete or not.
  function naive(most) {
    const grad = nodes.map(() => null), list = [], right = finalGrads(), stack = [];
    const passed = new Set();
    grad[root] = real(trace.seed);
    stack.push(...outOf[root].slice().reverse());
    while (stack.length && list.length < most) {
      const k = stack.pop(), from = steps[k][0], to = target(k), x = grad[from] * local[k];
      const wrong = passed.has(k) || grad[from] !== right[from];
      passed.add(k);
      list.push({ k, upstream: grad[from], x, wrong });
      grad[to] = grad[to] === null ? x : grad[to] + x;
      stack.push(...outOf[to].slice().reverse());
    }
    return { list, grad, cut: stack.length > 0 };
  }
  function whyOrder() {
    const ours = steps.map((_, k) => ({ k, upstream: upstream[k], x: product[k] })), theirs = naive(200);
    const bad = theirs.list.findIndex((s) => s.wrong), right = finalGrads();
    const line = (s, j) => el("li", {}, el("span", j === bad && s.wrong ? { class: "bad" } : {}, d(root, target(s.k)) + " += " + minus(fmt(s.upstream)) + " · " + minus(fmt(local[s.k])) + " = " + fmt(s.x) + (j === bad && s.wrong ? "  ✗ first wrong number" : "")));
    const column = (title, list) => el("div", {}, el("p", { class: "title" }, title), el("ol", {}, ...list.slice(0, 40).map(line)), list.length > 40 ? p("… " + (list.length - 40) + " more") : "");
    const wrong = nodes.map((n, i) => i).filter((i) => nodes[i].kind === "leaf" && right[i] !== null && theirs.grad[i] !== right[i]);
    const s = bad >= 0 && theirs.list[bad];
    const verdict = bad < 0
      ? "Here both agree, because nothing between the leaves and " + name(root) + " is used twice. Try b = a + a; c = b + b."
      : "The naive way lets " + name(steps[s.k][0]) + " pass on " + fmt(s.upstream) + (s.upstream === right[steps[s.k][0]] ? " a second time" : " although its gradient will be " + fmt(right[steps[s.k][0]])) + ". In topological order its turn comes when everything made from it has had its turn.";
    return [el("p", { class: "title" }, "Why in topological order?"), p(verdict),
      ...(wrong.length ? [p("At the end: " + wrong.slice(0, 6).map((i) => d(root, i) + " = " + (theirs.cut ? "…" : fmt(theirs.grad[i])) + " instead of " + fmt(right[i])).join(", ") + ".")] : []),
      el("div", { class: "two" }, column("In topological order", ours), column("Naive: pass on at once", theirs.list)), button("Close", () => { order.hidden = true; })];
  }
  function toggleOrder() {
    if (!scalar) return;
    order.hidden = !order.hidden;
    if (!order.hidden) order.replaceChildren(...whyOrder());
  }

  // --- the page ---

  let position = 0, timer = 0;
  const status = el("div", { role: "status", "aria-live": "polite", class: "mini" });
  const picture = el("div", { class: "pic", tabindex: "0", role: "group", "aria-label": "Picture of the graph; the table of nodes below says the same in words" }, svg);
  const panel = el("div", { class: "say" }), about = el("section", { class: "about", "aria-label": "The chosen node" });
  const order = el("section", { class: "about", "aria-label": "Why in topological order" });
  const where = el("output", {}), body = el("tbody");
  const slider = el("input", { type: "range", min: 0, max: events.length, value: 0, "aria-label": "Position in the pass", oninput: () => go(+slider.value) });
  const playing = button("▶ play", () => play(), { "aria-label": "Play" });
  const predict = button("Predict", () => togglePredict(), { "aria-pressed": "false", title: "Hide a number of each step until you have found it (p)" });
  const keys = "→ next · ← back · Home, End · Space play · ↓ ↑ choose a node · b stop at it · u run until it changes · ] [ run to a stop · p predict · o why this order · Escape leave";
  about.hidden = order.hidden = true;
  const rows = nodes.map((n, i) => {
    const cells = [0, 1, 2].map(() => el("td"));
    const what = button(n.name || "constant", () => choose(i), { class: "link", "aria-label": "Choose " + (n.name || "constant " + fmt(value[i])) });
    body.append(el("tr", {}, el("th", { scope: "row" }, what, n.long ? " = " + n.long : ""), el("td", {}, n.text || n.kind), ...cells));
    return cells;
  });
  const head = el("thead", {}, el("tr", {}, ...["node", "made by", "value", "gradient", "arrived"].map((t) => el("th", { scope: "col" }, t))));
  const table = el("details", {}, el("summary", {}, "Table of nodes and gradients"), el("div", { class: "wide" }, el("table", {}, head, body)));
  const steppers = [["«", "First", () => go(0)], ["‹", "Back", () => go(position - 1)], ["›", "Next", () => go(position + 1)], ["»", "Last", () => go(events.length)]].map(([t, label, f]) => button(t, f, { "aria-label": label, title: label }));
  const tools = el("div", { class: "row" }, predict, button("Run to stop", () => runToStop(1), { title: "Run to the next breakpoint (])" }), ...(scalar ? [button("Why this order?", toggleOrder)] : []));
  const help = el("details", {}, el("summary", {}, "Keys"), p(keys));
  const main = el("div", { class: "main" }, el("nav", { "aria-label": "Steps" }, steppers[0], steppers[1], playing, steppers[2], steppers[3], slider, where),
    picture, panel, status, about, order, tools, ...trace.notes.map((note) => p(note)), table, help);
  main.setAttribute("role", "group");
  main.setAttribute("aria-label", "Step player: backpropagation of " + name(root));

  function fillTable(state) {
    nodes.forEach((n, i) => {
      const texts = [state.known[i] ? fmt(value[i]) : NOT_REACHED, covered === i ? "?" : fmt(state.grad[i]), into[i].length ? state.arrived[i] + " of " + into[i].length : ""];
      texts.forEach((t, j) => write([rows[i][j]], [t]));
      rows[i][0].title = typeof value[i] === "number" ? String(value[i]) : "";
      rows[i][1].title = typeof state.grad[i] === "number" && covered !== i ? String(state.grad[i]) : "";
    });
  }
  function render(editing) {
    const state = stateAt(position), [sentence, ...more] = describe(state);
    const n = nodes[events[position - 1]?.node];
    const line = n && n.line && events[position - 1].kind === "forward" ? [p("made by ", el("code", {}, n.line))] : [];
    const warning = events[position - 1]?.kind === "earlier" ? { class: "warn" } : {};
    const away = n && !boxesOf(events[position - 1].node).length ? [p("(" + name(events[position - 1].node) + " is not in the picture: it is folded away.)")] : [];
    panel.replaceChildren(el("p", warning, sentence), ...more, ...line, ...away);
    const phase = position === 0 ? "start" : position <= forwards ? "forward" : "backward";
    where.textContent = position + " of " + events.length + " · " + phase;
    slider.value = position;
    slider.setAttribute("aria-valuetext", where.textContent);
    const place = paint(state);
    fillTable(state);
    if (!editing) requestAnimationFrame(() => reveal(place)); // it measures, so not more than once a frame
    if (!editing) status.textContent = "Step " + where.textContent + ". " + sentence;
    if (!about.hidden && about.refresh) about.refresh();
    if (!order.hidden) order.replaceChildren(...whyOrder());
  }
  function go(k) {
    position = Math.max(0, Math.min(events.length, k));
    if (position === events.length) stopPlaying();
    render();
  }
  function stopPlaying() {
    clearInterval(timer);
    timer = 0;
    playing.textContent = "▶ play";
    playing.setAttribute("aria-label", "Play");
  }
  function play() {
    if (timer) return stopPlaying();
    if (position === events.length) go(0);
    playing.textContent = "❚❚ pause";
    playing.setAttribute("aria-label", "Pause");
    timer = setInterval(() => {
      if (!host.isConnected) return stopPlaying();
      go(position + 1);
      if (stops.has(events[position - 1]?.node)) stopPlaying();
    }, 1100);
  }
  function togglePredict() {
    quiz = !quiz;
    predict.setAttribute("aria-pressed", quiz);
    render();
  }
  const neighbour = (by) => choose(((chosen < 0 && by < 0 ? 0 : chosen) + by + nodes.length) % nodes.length);
  const actions = {
    ArrowRight: () => go(position + 1), ArrowLeft: () => go(position - 1), Home: () => go(0),
    End: () => go(events.length), " ": play, ArrowDown: () => neighbour(1), ArrowUp: () => neighbour(-1),
    Enter: () => (chosen < 0 ? choose(Math.max(events[position - 1]?.node ?? root, 0)) : about.querySelector("button").focus()),
    b: () => chosen >= 0 && toggleStop(chosen), u: () => chosen >= 0 && runTo((e) => e.node === chosen),
    "]": () => runToStop(1), "[": () => runToStop(-1), p: togglePredict, o: toggleOrder,
    "?": () => { help.open = !help.open; }, Escape: () => (chosen >= 0 ? choose(-1) : host.blur()),
  };
  // No key reaches the notebook, where single letters delete cells.
  for (const type of ["keydown", "keyup", "keypress"]) host.addEventListener(type, (e) => e.key !== "Tab" && e.stopPropagation());
  host.addEventListener("keydown", (e) => {
    const on = e.composedPath()[0], typing = on.matches("input[type=text]");
    const pressing = /^[ ]$|^Enter$/.test(e.key) && on.matches("button,summary");
    if (e.ctrlKey || e.metaKey || e.altKey || pressing || (typing && e.key !== "Escape")) return;
    const own = on.matches("input[type=range]") && on !== slider && /^Arrow|^Home$|^End$/.test(e.key);
    if (own || !Object.hasOwn(actions, e.key)) return;
    e.preventDefault();
    if (typing) host.focus();
    else keepingFocus(actions[e.key]);
  });

  // The theme is that of what is around: the colour of its text tells. VS Code and JupyterLab change
  // theirs by an attribute of the body.
  function theme() {
    const of = document.body.dataset;
    const [r, g, b] = (getComputedStyle(host.parentElement).color.match(/[\d.]+/g) || [0, 0, 0]).map(Number);
    const dark = document.body.matches(".vscode-dark,.vscode-high-contrast:not(.vscode-high-contrast-light)") || of.jpThemeLight === "false" || (!of.jpThemeLight && 0.3 * r + 0.6 * g + 0.1 * b > 128);
    host.dataset.theme = dark ? "dark" : "light";
  }
  const watcher = new MutationObserver(() => (host.isConnected ? theme() : watcher.disconnect()));
  watcher.observe(document.body, { attributes: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", theme);

  host.attachShadow({ mode: "open" }).append(el("style", {}, css), main);
  host.tabIndex = 0;
  host.setAttribute("role", "group");
  host.setAttribute("aria-label", "Step player. Press the right arrow key for the next step.");
  theme();
  render();
})
