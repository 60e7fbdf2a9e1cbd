// The engine of the page in which expressions are typed: an expression becomes a graph, and the
// graph the record of its backward pass, as autograd.viz.player.record makes it.

function leavesOf({ names, refuse }, given) {
  const missing = [...names.keys()].filter((name) => !given.has(name) && !Object.hasOwn(CONSTANTS, name));
  for (const name of missing)
    if (Object.hasOwn(grammar.functions, name)) throw refuse("bare", names.get(name), name);
  if (missing.length) throw refuse("valueless", undefined, missing.join(", "));
  const leaves = new Map(Object.entries(CONSTANTS));
  for (const [name, x] of given) leaves.set(name, { in: [], value: x, label: name, flows: true });
  return leaves;
}
// Numbers alone are computed at once; with a node among them they become constants of the graph.
function graphOf(expression, given) {
  const leaves = leavesOf(expression, given);
  const out = computed(
    expression.program,
    (name) => leaves.get(name),
    (op, of) => {
      const { arity, defaults } = grammar.ops[op];
      const operands = of.length < arity ? [...of, ...defaults.slice(of.length - arity)] : of;
      return operands.every(isNumber) ? rules[op][0](...operands) : operation(op, operands);
    },
  );
  return isNumber(out) ? { in: [], value: out, flows: false } : out;
}
function operation(op, operands) {
  const parents = operands.map((x) => (isNumber(x) ? { in: [], value: x, flows: false } : x));
  return { op, in: parents, value: rules[op][0](...parents.map((n) => n.value)), flows: true, bounded: [] };
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
  const last = order.at(-1);
  const short = new Map(order.filter((n) => n.label).map((n) => [n, [...n.label].length > grammar.longestName ? "" : n.label]));
  const written = (name) => nameOf(name).name;
  const taken = new Set([...short.values()].filter((name) => name).map(written));
  const ofUsers = new Set([...taken].map((name) => name.replace(/[₀-₉]/g, (c) => c.charCodeAt(0) - 0x2080)));
  const stem = [..."vuts"].find((s) => !ofUsers.has(s)) || "v";
  let k = 0;
  const unnamed = () => {
    do k++;
    while (ofUsers.has(stem + k));
    return stem + k;
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
function recordOfNode(node, made) {
  const record = { in: node.in.map((parent) => parent.index), value: node.value, box: "n" + node.index };
  if (node.op) record.form = made.indexOf(node);
  else if (node.flows) record.leaf = 1;
  if (node.name === undefined) record.text = constant(node.value);
  else {
    Object.assign(record, nameOf(node.name));
    const full = node.full || node.name;
    if (full !== record.name) record.code = printable(full);
    if (/[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(record.name)) record.name += "\u200e";
  }
  return record;
}
// How a node is made, as autograd.viz.player.forms, but each node by itself.
function formOf({ op, in: operands, bounded }) {
  const hole = (k) => ({ name: String.fromCharCode(0xe000 + k) }),
    given = operands.map((n, k) => (n.name === undefined ? n.value : hole(k))),
    alike = operands.map((n) => (n.name === undefined ? n.value : hole(operands.indexOf(n)))),
    made = { op, of: given },
    [text, hold] = textOf(made),
    math = treeOf(made),
    rules = given.map((_, k) => (bounded[k] === undefined ? null : ruleOf(op, k, alike, bounded[k])));
  return { op, text, hold, needs: templateOf(made)[2], math: withPlaces(math), latex: openLatex(math), rules };
}
function withPlaces(tree) {
  if (typeof tree === "string") return tree;
  if (tree[0] === "mtext" && tree[1] >= "\ue000") return tree[1].charCodeAt(0) - 0xe000;
  return tree.map(withPlaces);
}
const openLatex = (tree) => latexOf(tree).replace(/\\text\{([\ue000-\uf8ff])\}/g, "$1");
// As autograd.viz.trace.Trace.is_bounded.
function isBounded({ op, in: [one, other], value }, k, local) {
  const plain = grammar.ops[op].read[k];
  if (plain === null) return false;
  return !(Math.abs(valueOf(plain, { x: one.value, y: other?.value, o: value }) - local) <= 1e-5 * Math.abs(local));
}
function valueOf(formula, leaves) {
  if (!Array.isArray(formula)) return Object.hasOwn(leaves, formula) ? leaves[formula] : +formula;
  const [op, ...of] = formula;
  return rules[op][0](...of.map((part) => valueOf(part, leaves)));
}
function ruleOf(op, k, [x, y], bounded) {
  const { partials, read } = grammar.ops[op],
    rule = filledIn(bounded || read[k] === null ? partials[k] : read[k], { x, y, o: { name: "\uf8ff" } }),
    [text] = textOf(rule);
  return [text, openLatex(treeOf(rule)), isNumber(rule) + 2 * (factorOf(rule) !== text)];
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
      node.bounded[position] = isBounded(node, position, local);
      grads.set(parent, grads.has(parent) ? grads.get(parent) + product : product);
      steps.push({ node, position, parent, upstream, local, product });
    });
  }
  return steps;
}
function recordOf(text, given) {
  const top = graphOf(readExpression(text), given),
    order = topological(top);
  if (!top.flows)
    throw new ExpressionError("the expression has no names: it is " + digits(top.value) + ", a constant.");
  top.label ||= ["f", "y", "out", ""].find((name) => !given.has(name));
  nameAll(order);
  order.forEach((node, i) => (node.index = i));
  const steps = stepsOf(order),
    made = order.filter((node) => node.op);
  const { name } = nameOf(top.name);
  return {
    nodes: order.map((node) => recordOfNode(node, made)),
    forms: made.map(formOf),
    steps: steps.map(({ node, position, upstream, local, product }) => [node.index, position, upstream, local, product]),
    views: [{ open: [], arrows: {}, note: "" }],
    root: top.index,
    seed: 1,
    start: "d" + name + "/d" + name + " = 1",
    read: grammar.read.replaceAll("\ue000", name),
    remarks: grammar.remarks,
    earlier: [],
    live: true,
    notes: [],
  };
}
