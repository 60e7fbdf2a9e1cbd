// Trains printed programs: in a worker of a page, or in Node. `program(B)`, `outputs()` and the
// `rules` are what Python printed; nothing here knows a model, a loss or a rule.

// One trainer for each of several runs, which share the program and begin with the same weights.
function trainers(data) {
  const ordered = (record) => Object.values(record).map((x) => x.numbers);
  const made = new Map(),
    shown = typeof outputs === "function" ? outputs() : null;
  if (shown) {
    const [points] = ordered(shown.arguments);
    points.set(data.map ? grid(data.map) : data.x.slice(0, points.length));
  }
  // Points of the plane, the upper row first.
  function grid({ left, right, bottom, top, size }) {
    const points = [];
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++)
        points.push(left + ((right - left) * j) / (size - 1), top - ((top - bottom) * i) / (size - 1));
    return points;
  }
  const sized = (size) => made.get(size) || made.set(size, program(size)).get(size);
  const first = Object.entries(sized(1).parameters).map(([name, x]) => [name, x.numbers.slice()]);
  function trainer(run) {
    const groups = run.groups.map((group) => {
      const rule = rules[group.rule](),
        [floats, theta, g, ...kept] = ordered(rule.arguments);
      return { ...group, rule, floats, theta, g, kept, given: group.floats, start: group.kept, after: ordered(rule.results) };
    });
    let t, parameters;
    function put(held) {
      for (const name in parameters) held[name]?.numbers.set(parameters[name]);
    }
    function reset() {
      t = run.t;
      parameters = Object.fromEntries(first.map(([name, numbers]) => [name, numbers.slice()]));
      for (const { kept, start } of groups) kept.forEach((numbers, k) => numbers.set(start[k]));
    }
    function lossOf(rows, x) {
      const step = sized(rows.length),
        [xs, ys] = ordered(step.arguments);
      const wide = xs.length / rows.length,
        high = ys.length / rows.length;
      rows.forEach((row, k) => {
        for (let j = 0; j < wide; j++) xs[k * wide + j] = x[row * wide + j];
        for (let j = 0; j < high; j++) ys[k * high + j] = data.y[row * high + j];
      });
      put(step.parameters);
      step.forward();
      return ordered(step.results)[0][0];
    }
    // All groups move with the rate of the first.
    const rateOf = (group, rate) => (group.lr === run.lr ? rate : group.lr * (rate / run.lr));
    function update({ rule, theta, g, kept, floats, given, names, after, ...group }, gradients, rate) {
      let from = 0;
      g.fill(0);
      for (const name of names) {
        theta.set(parameters[name], from);
        if (gradients[name]) g.set(gradients[name].numbers, from);
        from += parameters[name].length;
      }
      floats.set(given.map((name) => (name === "t" ? t : rateOf(group, rate))));
      rule.forward();
      from = 0;
      for (const name of names) parameters[name].set(after[0].subarray(from, (from += parameters[name].length)));
      kept.forEach((numbers, k) => numbers.set(after[k + 1]));
    }
    function step(rows, rate = run.lr, x = data.x) {
      const loss = lossOf(rows, x),
        one = sized(rows.length);
      one.backward();
      t += 1;
      for (const group of groups) update(group, one.gradients, rate);
      return loss;
    }
    // What there is to see: all of it, or what the plane alone needs.
    function seen(all = true) {
      if (!shown || (!all && !data.map)) return [];
      put(shown.parameters);
      shown.forward();
      const found = ordered(shown.results);
      return (all ? found : found.slice(0, 1)).map((numbers) => numbers.slice());
    }
    reset();
    return { reset, step, lossOf, seen, get t() { return t; } };
  }
  return data.runs.map(trainer);
}
