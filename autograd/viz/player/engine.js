// The engine of the page in which expressions are typed: an expression becomes a graph, and the
// graph the record of its backward pass, as autograd.viz.player.record makes it.

const CONSTANTS = { pi: Math.PI, e: Math.E };
function leavesOf({ names, refusal }, given) {
  const missing = [...names.keys()].filter((name) => !given.has(name) && !Object.hasOwn(CONSTANTS, name));
  for (const name of missing)
    if (Object.hasOwn(grammar.functions, name))
      throw refusal(name + " is a function, as in " + name + "(x).", names.get(name));
  if (missing.length)
    throw new ExpressionError("expression: needs a value for " + missing.join(", ") + ".", names.get(missing[0]));
  const leaves = new Map(Object.entries(CONSTANTS));
  for (const [name, x] of given) leaves.set(name, { in: [], value: x, label: name, flows: true });
  return leaves;
}
// Numbers alone are computed at once; with a node among them they become constants of the graph.
function graphOf(expression, given) {
  const leaves = leavesOf(expression, given),
    stack = [];
  for (const item of expression.program) {
    if (!Array.isArray(item)) {
      stack.push(typeof item === "string" ? leaves.get(item) : item);
      continue;
    }
    const [op, count] = item,
      { arity, defaults } = grammar.ops[op];
    const operands = [...stack.splice(-count), ...(count < arity ? defaults.slice(count - arity) : [])];
    stack.push(operands.every(isNumber) ? rules[op][0](...operands) : operation(op, operands));
  }
  const [out] = stack;
  return isNumber(out) ? { in: [], value: out, flows: false } : out;
}
function operation(op, operands) {
  const parents = operands.map((x) => (isNumber(x) ? { in: [], value: x, flows: false } : x));
  return { op, in: parents, value: rules[op][0](...parents.map((n) => n.value)), flows: true };
}
function topological(top) {
  const order = [],
    seen = new Set(),
    stack = [[top, false]];
  while (stack.length) {
    const [node, ready] = stack.pop();
    if (ready) order.push(node);
    else if (!seen.has(node)) {
      seen.add(node);
      stack.push([node, true], ...node.in.map((parent) => [parent, false]).reverse());
    }
  }
  return order;
}
// As autograd.viz.trace.all_names: a short name for every node but constants.
function nameAll(order) {
  const LONGEST = 13,
    last = order.at(-1);
  const short = new Map(order.filter((n) => n.label).map((n) => [n, [...n.label].length > LONGEST ? "" : n.label]));
  const written = (name) => nameOf(name).text;
  const taken = new Set([...short.values()].filter((name) => name).map(written));
  const ofUsers = new Set([...taken].map((name) => name.replace(/[₀-₉]/g, (c) => c.charCodeAt(0) - 0x2080)));
  let k = 0;
  const unnamed = () => {
    do k++;
    while (ofUsers.has("v" + k));
    return "v" + k;
  };
  const counts = {};
  const numbered = (stem) => {
    do counts[stem] = (counts[stem] || 1) + 1;
    while (taken.has(written(stem + counts[stem])));
    return stem + counts[stem];
  };
  const used = new Set();
  for (const node of order) {
    let name = short.get(node) || "";
    if (!name && (node.op || short.has(node))) name = node === last && node.op && !short.has(node) && !taken.has("L") ? "L" : unnamed();
    else if (name && used.has(written(name))) name = numbered(name + "_");
    if (!name) continue;
    node.name = name;
    used.add(written(name));
    if (short.get(node) !== undefined && short.get(node) !== node.label) node.full = node.label;
  }
}
function derivative(sign, above, below, place) {
  const raised = place ? "⁽" + superscript(place) + "⁾" : "";
  const [top, bottom] = [nameOf(above.name), nameOf(below.name)];
  const index = place ? "^{(" + place + ")}" : "";
  const under = place
    ? ["msup", below.index, ["mrow", ["mo", "("], ["mn", String(place)], ["mo", ")"]]]
    : below.index;
  const mark = sign === "d" ? ["mtext", "d"] : ["mo", "∂"],
    latexMark = sign === "d" ? "\\mathrm{d}" : "\\partial ";
  return {
    text: sign + top.text + "/" + sign + bottom.text + raised,
    latex: "\\frac{" + latexMark + top.latex + "}{" + latexMark + bottom.latex + index + "}",
    tree: ["mfrac", ["mrow", mark, above.index], ["mrow", mark, under]],
  };
}
const asOperand = (node) => (node.name === undefined ? node.value : { name: node.name });
function recordOfNode(node, top, reached) {
  const record = {
    in: node.in.map((parent) => parent.index),
    value: node.value,
    kind: node.op ? "op" : node.flows ? "leaf" : "const",
    box: "n" + node.index,
  };
  if (node.name !== undefined) {
    const { text, tree } = nameOf(node.name);
    Object.assign(record, { name: text, tree });
    if (reached || node === top) {
      const total = derivative("d", top, node);
      Object.assign(record, { total: total.text, totalTree: total.tree, latex: total.latex });
    }
    const full = node.full || node.name;
    if (full !== text) record.code = printable(full);
  }
  if (node.op) {
    const formula = { op: node.op, of: node.in.map(asOperand) };
    const holes = ["\ue000", "\ue001"].map((name) => ({ name }));
    Object.assign(record, {
      op: node.op,
      sym: grammar.ops[node.op].symbol,
      math: treeOf(formula),
      text: textOf(formula)[0],
      made: nameOf(node.name).latex + " = " + latexOf(treeOf(formula)),
      fill: textOf({ op: node.op, of: holes.slice(0, node.in.length) })[0],
    });
  }
  return record;
}
function recordOfStep(step, top) {
  const { node, position, parent, upstream, local, product } = step;
  const places = node.in.filter((other) => other === parent).length > 1 ? position + 1 : 0;
  const partial = derivative("∂", node, parent, places);
  const before = node === top ? { text: "1", latex: "1", tree: ["mn", "1"] } : derivative("d", top, node);
  const [x, y] = node.in.map(asOperand);
  const whole = filledIn(grammar.ops[node.op].partials[position], { x, y, o: { name: node.name } });
  const rule = local === 0 ? whole : forReading(whole);
  const latex = latexOf(treeOf(rule)),
    exact = isNumber(rule);
  const factor = factorOf(rule) === textOf(rule)[0] ? latex : "\\left(" + latex + "\\right)";
  const words = {
    partial: partial.text,
    added: before.text + " · " + partial.text,
    trees: [node === top ? before.tree : -1 - node.index, ["mo", "·"], partial.tree],
    latex:
      derivative("d", top, parent).latex + " \\mathrel{+}= " + before.latex + " \\cdot " + partial.latex +
      " = \ue000 \\cdot " + factor + (exact ? "" : " = \ue000 \\cdot \ue001") + " = \ue002",
    rule: factorOf(rule),
    exact: +exact,
  };
  return [node.index, position, upstream, local, product, words];
}
function stepsOf(order) {
  const grads = new Map([[order.at(-1), 1]]),
    steps = [];
  for (const node of order.slice().reverse()) {
    const upstream = grads.get(node);
    if (upstream === undefined || !node.op) continue;
    node.in.forEach((parent, position) => {
      if (!parent.flows) return;
      const [, partials, flat] = rules[node.op];
      const local = +partials[position](...node.in.map((n) => n.value), node.value);
      const product = flat ? 0 : upstream * local;
      grads.set(parent, grads.has(parent) ? grads.get(parent) + product : product);
      steps.push({ node, position, parent, upstream, local, product });
    });
  }
  return steps;
}
function waysOf(order, steps) {
  const counts = new Map([[order.at(-1), 1n]]),
    most = BigInt(grammar.ways);
  for (const { node, parent } of steps) counts.set(parent, (counts.get(parent) || 0n) + (counts.get(node) || 0n));
  return (node) => {
    const n = counts.get(node) || 0n;
    if (n <= 1n) return {};
    return { ways: [n.toLocaleString("en"), ...(n > most ? [(n - most).toLocaleString("en")] : [])] };
  };
}
function recordOf(text, given) {
  const top = graphOf(readExpression(text), given),
    order = topological(top);
  if (!top.flows)
    throw new ExpressionError("the expression has no names: it is " + general(top.value) + ", a constant.", 0);
  top.label ||= ["f", "y", "out", ""].find((name) => !given.has(name));
  nameAll(order);
  order.forEach((node, i) => (node.index = i));
  const steps = stepsOf(order),
    ways = waysOf(order, steps),
    reached = new Set(steps.map((step) => step.parent));
  const name = nameOf(top.name).text;
  return {
    nodes: order.map((node) => ({ ...recordOfNode(node, top, reached.has(node)), ...ways(node) })),
    steps: steps.map((step) => recordOfStep(step, top)),
    arrows: {},
    root: top.index,
    seed: 1,
    start: "d" + name + "/d" + name + " = 1",
    read: "d" + name + "/dx: how " + name + " changes with x, all ways together. ∂v/∂x: how v changes with x alone.",
    earlier: [],
    live: true,
    notes: [],
  };
}
// As Python's "{:.6g}".
function general(x) {
  if (!Number.isFinite(x)) return digits(x);
  const [mantissa, power] = x.toExponential(5).split("e");
  if (power < -4 || power > 5) return +mantissa + "e" + power[0] + power.slice(1).padStart(2, "0");
  return Object.is(x, -0) ? "-0" : String(+x.toPrecision(6));
}
