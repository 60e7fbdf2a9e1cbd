// The picture: the SVG of the fallback, repainted for each event.

let svg,
  look,
  boxes,
  arrows,
  labels;
const frame = el("div");
function draw(picture) {
  svg = picture;
  svg.setAttribute("aria-hidden", "true");
  look = viewer(svg, "Picture of the graph; the table says the same in words", frame);
  boxes = {};
  arrows = {};
  for (const g of svg.querySelectorAll("[data-edge]")) {
    arrows[g.dataset.edge] = g;
    g.text = g.querySelector("text");
    g.room = g.text?.previousElementSibling.getAttribute("width");
    g.querySelector("title").remove();
  }
  svg.querySelector("title").remove();
  svg.lastElementChild.remove(); // the captions, which the page says below
  for (const g of svg.querySelectorAll("[data-node]")) {
    const id = g.dataset.node.split("~")[0];
    (boxes[id] ||= []).push(g);
    const what = [...g.querySelectorAll("[data-part=what]")].find((t) => t.textContent === "grad");
    g.parts = {
      data: [...g.querySelectorAll("[data-part=data]")],
      grad: [...g.querySelectorAll("[data-part=grad]")],
      what: what ? [what] : [],
    };
    const i = nodes.findIndex((n) => n.box === id),
      box = groups.findIndex((group) => group.id === id);
    if (id[0] === "n")
      g.querySelector("title").textContent = name(i) + (nodes[i].op ? " = " + made(i) : "") + (nodes[i].code ? " (" + nodes[i].code + ")" : "");
    g.addEventListener("click", () => (id[0] === "n" ? choose(i) : chooseBox(box)));
  }
  // The local derivative at an arrow, which changes when a leaf is edited.
  labels = {};
  events.forEach((e) => {
    for (const k of e.sums || []) labels[arrowId(steps[k][0], steps[k][1])] = e.kind === "pass" ? e : { step: k };
  });
  writeParts();
}
// An arrow inside of a closed box is not drawn.
const arrowId = (i, k) =>
  view.arrows[i + "." + k] || (nodes[i].box[0] === "n" ? nodes[i].box + "." + k : "");
const boxesOf = (i) => (nodes[i] && boxes[nodes[i].box]) || [];
const flagWords = svgEl("text", { y: 3.5, "font-size": 12, "text-anchor": "middle" }),
  flagBack = svgEl("rect", { y: -10, rx: 8, height: 19 }),
  flag = svgEl("g", { class: "flag" }, flagBack, flagWords);
function write(texts, words) {
  texts.forEach((t, j) => {
    if (t.textContent !== (words[j] || "")) t.textContent = words[j] || "";
  });
}
function mark(g, key, x) {
  if (g && g.dataset[key] !== x) x === undefined ? delete g.dataset[key] : (g.dataset[key] = x);
}
function paint(state) {
  const hot = {},
    e = events[position - 1] || {};
  const rank = { todo: 0, ready: 1, part: 2, done: 3 },
    states = {};
  nodes.forEach((n, i) => {
    const complete = state.grad[i] !== null && state.got[i] === into[i].length;
    const s = !state.known[i] ? "todo" : state.grad[i] === null ? "ready" : complete ? "done" : "part";
    // In a folded box, what no gradient flows to does not hold it back.
    const counts = n.box[0] === "n" || s === "todo" || into[i].length > 0;
    if (!(n.box in states) || (counts && rank[s] < rank[states[n.box]])) states[n.box] = counts ? s : "done";
    for (const g of boxesOf(i)) {
      if (n.box[0] === "g" && !groups.some((one) => one.id === n.box && one.shows === i)) continue;
      write(g.parts.data, !state.known[i] ? [NOT_REACHED] : nodes[i].name ? lines(value[i]) : [name(i)]);
      const grad = lines(state.grad[i]);
      write(g.parts.grad, covered === i ? ["?"] : grad);
      // Beside more than four digits there is no room for both.
      write(g.parts.what, [
        s === "part" ? (grad[0][4] ? "" : "grad ") + countOf(state, i).replace(" of ", "/") : complete ? "grad ✓" : "grad",
      ]);
    }
  });
  const edges = {};
  for (const i of e.made || []) nodes[i].in.forEach((_, k) => (edges[arrowId(i, k)] = "to"));
  for (const k of e.kind === "named" ? [] : e.sums || ("step" in e ? [e.step] : [])) edges[arrowId(steps[k][0], steps[k][1])] = "to";
  for (const [i, word] of [[e.by, "from"], [e.at, "to"], ...(e.kind === "earlier" ? trace.earlier.map(([leaf]) => [leaf, "to"]) : [])])
    if (nodes[i]) hot[nodes[i].box] = word;
  const places = boxesOf(e.at),
    place = places.find((g) => edges[g.dataset.node.split("~")[1]]) || places[0],
    added = e.kind === "step" ? product[e.step] : e.kind === "pass" && e.node >= 0 ? addedBy(e) : null,
    words = added === null ? "" : covered >= 0 ? "+?" : "+" + minus(lines(added)[1] ? added.size : lines(added)[0]);
  for (const id in boxes)
    for (const g of boxes[id]) {
      mark(g, "s", states[id]);
      mark(g, "hot", hot[id]);
      mark(g, "chosen", chosen >= 0 && nodes[chosen].box === id ? "" : undefined);
    }
  for (const id in arrows) {
    mark(arrows[id], "hot", edges[id]);
    const by = scalar && labels[id],
      { text, room } = arrows[id];
    if (!by || !text) continue;
    const from = by.kind === "pass" ? groups[by.group].out[0] : steps[by.step][0],
      x = by.kind === "pass" ? localOf(by) : local[by.step],
      word = id === coveredArrow ? "?" : x !== null && state.known[from] ? digits(x) : "";
    if (text.textContent === word) continue; // what is written anew is laid out anew
    text.textContent = word;
    word.length * 6.8 > room ? text.setAttribute("textLength", room - 2) : text.removeAttribute("textLength");
    text.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
  flag.remove();
  if (place && words) {
    const r = place.querySelector("rect"),
      at = (key) => +r.getAttribute(key);
    const wide = words.length * 7.5 + 12, // to measure it would lay out everything twice
      page = svg.viewBox.baseVal,
      x = Math.max(at("x") + at("width") / 2, page.x + wide / 2),
      y = Math.max(at("y"), page.y + 11);
    flagWords.textContent = words;
    svg.append(flag);
    flag.setAttribute("transform", "translate(" + x + " " + y + ")");
    flagBack.setAttribute("x", -wide / 2);
    flagBack.setAttribute("width", wide);
  }
  return place || boxesOf(events[0].at)[0]; // before the first step, what it will compute
}
