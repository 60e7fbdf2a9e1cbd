// Draws the graph of a record: ranks from left to right, in the look of autograd.viz.scene.

const EM = 0.61,
  ARROW_LENGTH = 9,
  ROOM = 7, // letters of a number at an arrow
  LEAD = ROOM * 11 * EM + ARROW_LENGTH + 6,
  LEAST_WIDTH = 130;
const FONT = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  pen = document.createElement("canvas").getContext("2d");
function wideAs(text, size) {
  pen.font = size + "px " + FONT;
  return pen.measureText(text).width;
}
function boxOf(n) {
  if (!n.name) return { width: wideAs(constant(n.value), 11.5) + 18, height: 28 };
  const badge = n.sym ? Math.max(wideAs(n.sym, 13) + 14, 24) + 10 : 0;
  return { badge, width: Math.max(badge + wideAs(n.name, 13) + 18, LEAST_WIDTH), height: 66 };
}
// Each node stands after its operands, and what is not computed right before its first use.
// Edges that pass over ranks get waypoints there, which those from one node share.
function ranksOf(nodes) {
  const rank = [],
    uses = nodes.map(() => []);
  nodes.forEach((n, i) => {
    rank[i] = n.in.length ? 1 + Math.max(...n.in.map((j) => rank[j])) : 0;
    n.in.forEach((j) => uses[j].push(i));
  });
  nodes.forEach((n, i) => {
    if (!n.in.length && uses[i].length) rank[i] = Math.min(...uses[i].map((j) => rank[j])) - 1;
  });
  const items = nodes.map((n, i) => ({ node: i, rank: rank[i], before: [], after: [], ...boxOf(n) }));
  const ranks = Array.from({ length: Math.max(...rank) + 1 }, () => []);
  const waypoints = {};
  const routes = nodes.map((n, i) =>
    n.in.map((j) => {
      const route = [items[j]];
      for (let k = rank[j] + 1; k < rank[i]; k++)
        route.push((waypoints[j + "," + k] ||= { way: j, rank: k, before: [], after: [], width: 0, height: 0 }));
      route.push(items[i]);
      route.slice(1).forEach((item, k) => {
        if (!item.before.includes(route[k])) item.before.push(route[k]);
        if (!route[k].after.includes(item)) route[k].after.push(item);
      });
      return route;
    }),
  );
  for (const item of [...items, ...Object.values(waypoints)]) ranks[item.rank].push(item);
  return { ranks, routes, items };
}
const mean = (list, of) => list.reduce((sum, x) => sum + of(x), 0) / list.length;
// As near to the wishes as the gaps allow, by pooling neighbours that want to be too close.
function settleRank(rank) {
  let offset = 0;
  const blocks = [];
  rank.forEach((item, i) => {
    if (i) offset += (rank[i - 1].height + item.height) / 2 + (item.node >= 0 && rank[i - 1].node >= 0 ? 18 : 14);
    item.offset = offset;
    let block = { sum: (item.wish - offset) * item.weight, weight: item.weight, items: [item] };
    while (blocks.length && blocks.at(-1).sum / blocks.at(-1).weight >= block.sum / block.weight) {
      const last = blocks.pop();
      block = { sum: last.sum + block.sum, weight: last.weight + block.weight, items: [...last.items, ...block.items] };
    }
    blocks.push(block);
  });
  for (const { sum, weight, items } of blocks) for (const item of items) item.y = sum / weight + item.offset;
}
// Each sweep goes through the ranks and moves what is in one to its neighbours in the one before. The
// first sweeps also change the order, so that few edges cross.
function placeAcross(ranks) {
  const order = (item) => item.node ?? item.way;
  for (const rank of ranks) {
    rank.sort((a, b) => order(a) - order(b));
    for (const item of rank) [item.wish, item.weight] = [0, 1];
    settleRank(rank);
  }
  for (let sweep = 0; sweep < 28; sweep++) {
    const forwards = sweep % 2 === 0;
    for (const rank of forwards ? ranks : ranks.slice().reverse()) {
      for (const item of rank) {
        const near = forwards ? item.before : item.after;
        item.wish = near.length ? mean(near, (other) => other.y) : item.y;
        item.weight = near.length ? (item.way === undefined ? near.length : 8) : 0.01;
      }
      if (sweep < 12) rank.sort((a, b) => a.wish - b.wish || order(a) - order(b));
      settleRank(rank);
    }
  }
  for (const rank of ranks) for (const item of rank) item.y = Math.round(item.y);
}
function placeAlong(ranks) {
  let x = 0;
  for (const rank of ranks) {
    const width = Math.max(0, ...rank.map((item) => item.width));
    const rise = Math.max(0, ...rank.flatMap((item) => item.after.map((other) => Math.abs(other.y - item.y))));
    for (const item of rank) {
      item.start = x;
      item.end = x + width;
      item.x = item.height === 28 ? item.end - item.width : x;
    }
    x += width + LEAD + 34 + Math.min(rise / 6, 60);
  }
}
function arrange(record) {
  const nodes = record.nodes.map((n) => ({ ...n, sym: n.form >= 0 && grammar.ops[record.forms[n.form].op].symbol })),
    { ranks, routes, items } = ranksOf(nodes);
  for (const [i, n] of nodes.entries()) items[i].height = Math.max(items[i].height, 22 * n.in.length + 10);
  placeAcross(ranks);
  placeAlong(ranks);
  const flows = new Set(record.steps.map(([node, position]) => node + "." + position));
  const edges = nodes.flatMap((n, i) => {
    const arrivals = routes[i].map((route, k) => k).sort((a, b) => routes[i][a].at(-2).y - routes[i][b].at(-2).y || a - b);
    return n.in.map((j, k) => {
      const arrival = items[i].y + (arrivals.indexOf(k) - (n.in.length - 1) / 2) * 22;
      return edgeOf(i + "." + k, routes[i][k], arrival, flows.has(i + "." + k));
    });
  });
  const boxes = nodes.map((n, i) => nodeOf(n, i, items[i], i === record.root));
  const all = ranks.flat(),
    top = Math.min(...all.map((item) => item.y - item.height / 2)) - 34,
    bottom = Math.max(...all.map((item) => item.y + item.height / 2)) + 14;
  const right = Math.max(...items.map((item) => item.x + item.width)) + 14;
  const [width, height] = [Math.max(right + 14, 328), bottom - top];
  return svgEl(
    "svg",
    { viewBox: ["-14", top, width, height].join(" "), width, height, "font-family": FONT },
    svgEl("title"),
    svgEl("rect", { x: -14, y: top, width, height, "data-part": "page" }),
    ...edges,
    ...boxes,
    svgEl("g"),
  );
}
function edgeOf(id, route, arrival, flows) {
  const [tail, ...rest] = route;
  const tip = route.at(-1).start;
  let at = [tail.x + tail.width, tail.y],
    path = "M" + at;
  const to = (x, y) => {
    const middle = (at[0] + x) / 2;
    path += y === at[1] ? "L" + [x, y] : "C" + [middle, at[1], middle, y, x, y];
    at = [x, y];
  };
  to(tail.end, tail.y);
  for (const item of rest.slice(0, -1)) {
    to(item.start, item.y);
    to(item.end, item.y);
  }
  to(tip - LEAD, arrival);
  to(tip - ARROW_LENGTH, arrival);
  const back = tip - ARROW_LENGTH,
    room = ROOM * 11 * EM,
    middle = back - room / 2 - 1;
  const label = [
    svgEl("rect", { x: middle - room / 2, y: arrival - 14, width: room, height: 11, rx: 2, "data-part": "page" }),
    svgEl("text", { x: middle, y: arrival - 4.6, "font-size": 11, "text-anchor": "middle", "data-part": "local" }),
  ];
  return svgEl(
    "g",
    { "data-edge": "n" + id },
    svgEl("title"),
    svgEl("path", { d: path, fill: "none", "stroke-width": 1.4, ...(flows ? {} : { "stroke-dasharray": "1.5 3" }) }),
    svgEl("polygon", { points: [back, arrival - 3.6, tip, arrival, back, arrival + 3.6].join(" ") }),
    ...(flows ? label : []),
  );
}
function nodeOf(n, i, item, isRoot) {
  const kind = n.sym ? "operation" : n.name ? "leaf" : "constant";
  const [x, y, right] = [item.x, item.y - item.height / 2, item.x + item.width - 9];
  const box = { x, y, width: item.width, height: item.height, rx: n.sym ? 11 : 1.5, "stroke-width": 1.5, "data-part": "box" };
  const outline = svgEl("rect", { ...box, ...(n.name ? {} : { "stroke-dasharray": "1.5 3" }) }),
    g = svgEl("g", { "data-node": "n" + i, "data-kind": kind }, svgEl("title"), outline);
  if (!n.name) {
    const place = { x: x + item.width / 2, y: item.y + 4, "font-size": 11.5, "text-anchor": "middle", "data-part": "data" };
    g.append(svgEl("text", place, constant(n.value)));
    return g;
  }
  if (isRoot && n.sym)
    g.append(svgEl("rect", { x: x + 4, y: y + 4, width: item.width - 8, height: item.height - 8, rx: 7, "data-part": "rim" }));
  const top = item.y - 27,
    title = { y: top + 14, "font-size": 13, "font-weight": 700 };
  if (n.sym) {
    const width = item.badge - 10;
    g.append(
      svgEl("rect", { x: x + 9, y: top, width, height: 19, rx: 9.5, "data-part": "badge" }),
      svgEl("text", { ...title, x: x + 9 + width / 2, "text-anchor": "middle", "data-part": "symbol" }, n.sym),
    );
  }
  g.append(svgEl("text", { ...title, x: x + 9 + (item.badge || 0), "data-part": "name" }, n.name));
  ["data", "grad"].forEach((what, k) => {
    const line = top + 36 + 16 * k;
    g.append(
      svgEl("text", { x: x + 9, y: line, "font-size": 10.5, "font-family": "system-ui, sans-serif", "data-part": "what" }, what),
      svgEl("text", { x: right, y: line, "font-size": 11.5, "text-anchor": "end", "data-part": what }),
    );
  });
  return g;
}
