// Trains printed programs: in a worker of a page, or in Node. `program(B)`, `update()` and
// `outputs()` are what Python printed; nothing here knows a model, a loss or a rule.

function trainer(data) {
  const ordered = (record) => Object.values(record).map((x) => x.numbers);
  const made = new Map(),
    rule = update(),
    map = data.map ? outputs() : null;
  if (map) ordered(map.arguments)[0].set(grid(data.map));
  // Points of the plane, the upper row first.
  function grid({ left, right, bottom, top, size }) {
    const points = [];
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++)
        points.push(left + ((right - left) * j) / (size - 1), top - ((top - bottom) * i) / (size - 1));
    return points;
  }
  const sized = (size) => made.get(size) || made.set(size, program(size)).get(size);
  const names = Object.keys(sized(1).parameters),
    first = names.map((name) => sized(1).parameters[name].numbers.slice());
  const [floats, theta, g, ...kept] = ordered(rule.arguments),
    after = ordered(rule.results);
  let t = data.t;
  function put(parameters) {
    let at = 0;
    for (const [k, name] of names.entries()) {
      const length = first[k].length;
      parameters[name]?.numbers.set(theta.subarray(at, at + length));
      at += length;
    }
  }
  function reset() {
    t = data.t;
    let at = 0;
    for (const numbers of first) {
      theta.set(numbers, at);
      at += numbers.length;
    }
    kept.forEach((numbers, k) => numbers.set(data.kept[k]));
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
  function step(rows, lr, x = data.x) {
    const loss = lossOf(rows, x),
      one = sized(rows.length);
    one.backward();
    g.fill(0);
    let at = 0;
    for (const [k, name] of names.entries()) {
      if (one.gradients[name]) g.set(one.gradients[name].numbers, at);
      at += first[k].length;
    }
    t += 1;
    floats.set(data.floats.map((name) => (name === "t" ? t : lr)));
    rule.forward();
    theta.set(after[0]);
    kept.forEach((numbers, k) => numbers.set(after[k + 1]));
    return loss;
  }
  function seen() {
    put(map.parameters);
    map.forward();
    return ordered(map.results)[0];
  }
  reset();
  return { reset, step, lossOf, seen, get t() { return t; } };
}
