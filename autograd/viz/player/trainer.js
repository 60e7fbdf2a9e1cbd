// Trains printed programs: in a worker of a page, or in Node. `programs` and `outputs()` are what
// Python printed, `starts` the settings of each run; nothing here knows a model, a loss or a rule.

// One trainer for each of several runs, which begin with the same weights.
function trainers(data) {
  const ordered = (record) => Object.values(record ?? {}).map((x) => x.numbers);
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
  // A program for so many rows: of runs that are alike it is the same one.
  function sized(program, size) {
    const key = program + " " + size;
    if (!made.has(key)) made.set(key, programs[program](size));
    return made.get(key);
  }
  // What a step leaves to the next one: the parameters, and what the optimizer keeps.
  const left = ({ parameters, kept }) => [...ordered(parameters), ...ordered(kept)];
  function trainer(run, k) {
    const first = sized(run.program, 1),
      names = Object.keys(first.parameters),
      start = left(first).map((numbers) => numbers.slice());
    let t, now, settings;
    function reset() {
      t = run.t;
      now = start.map((numbers) => numbers.slice());
      settings = { ...starts[k] };
    }
    // The program after a step on these rows from where the training is, which it does not move.
    function tried(rows, x) {
      const program = sized(run.program, rows.length),
        [xs, ys] = ordered(program.arguments),
        wide = xs.length / rows.length,
        high = ys.length / rows.length;
      rows.forEach((row, k) => {
        for (let j = 0; j < wide; j++) xs[k * wide + j] = x[row * wide + j];
        for (let j = 0; j < high; j++) ys[k * high + j] = data.y[row * high + j];
      });
      left(program).forEach((numbers, k) => numbers.set(now[k]));
      Object.assign(program.settings ?? {}, settings);
      program.step();
      return program;
    }
    const loss = (program) => ordered(program.results)[0][0],
      lossOf = (rows, x) => loss(tried(rows, x));
    function step(rows, rate = run.lr, x = data.x) {
      // All groups move with the rate of the first.
      for (const [name, lr] of Object.entries(starts[k]))
        if (/^lr(_\d+)?$/.test(name)) settings[name] = lr === run.lr ? rate : lr * (rate / run.lr);
      const program = tried(rows, x);
      t += 1;
      now = left(program).map((numbers) => numbers.slice());
      settings = { ...program.settings };
      return loss(program);
    }
    // What there is to see: all of it, or what the plane alone needs.
    function seen(all = true) {
      if (!shown || (!all && !data.map)) return [];
      names.forEach((name, k) => shown.parameters[name]?.numbers.set(now[k]));
      shown.forward();
      const found = ordered(shown.results);
      return (all ? found : found.slice(0, 1)).map((numbers) => numbers.slice());
    }
    reset();
    return { reset, step, lossOf, seen, get t() { return t; } };
  }
  return data.runs.map(trainer);
}
