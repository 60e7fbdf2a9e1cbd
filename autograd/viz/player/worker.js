// What the worker of a page does with its trainers: they run side by side, on the same batches, and
// it tells at most ten times a second.

const runs = trainers(data).map((train, k) => ({ train, rate: data.runs[k].lr, losses: [], tests: [] })),
  [{ train }] = runs,
  rows = data.rows;
let going = false,
  batch = 10,
  noise = 0,
  test = 0,
  x = data.x.slice(),
  all = [], // the rows, in the order in which they are held out
  order = [],
  first = 1, // the seed that was chosen
  seed = 1,
  pause = 100, // milliseconds between two messages
  every = 1, // of so many steps one is drawn
  speed = 300, // steps a second
  begun = 0,
  done = 0,
  last = -Infinity, // when it told: how it begins is told at once
  due = 0, // what will tell
  shown = 0; // the run whose network is shown
// Numbers that look random and are the same in every browser (mulberry32).
function random() {
  seed = (seed + 0x6d2b79f5) | 0;
  let n = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  n = (n + Math.imul(n ^ (n >>> 7), 61 | n)) ^ n;
  return ((n ^ (n >>> 14)) >>> 0) / 4294967296;
}
function shuffled(list) {
  for (let k = list.length - 1; k > 0; k--) {
    const j = Math.floor(random() * (k + 1));
    [list[k], list[j]] = [list[j], list[k]];
  }
  return list;
}
// Everything that is drawn begins anew, so that the same seed trains in the same way.
function begin() {
  seed = first;
  all = shuffled([...Array(rows).keys()]);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  x = data.x.map((number) => number + noise * data.spread * normal());
  order = [];
  for (const run of runs) run.tests = [];
}
const heldOut = () => all.slice(0, Math.round(test * rows));
const learnt = () => all.slice(Math.round(test * rows));
function once() {
  if (order.length < 1) order = shuffled(learnt());
  const some = order.splice(0, batch);
  for (const run of runs) run.now = run.train.step(some, run.rate, x);
  if (train.t % every) return;
  for (const run of runs) run.losses.push([train.t, run.now]);
  if (runs[0].losses.length < 600) return;
  for (const run of runs)
    for (const kind of ["losses", "tests"]) run[kind] = run[kind].filter((_, k) => k % 2);
  every *= 2;
}
function tell() {
  clearTimeout(due);
  due = 0;
  last = performance.now();
  const held = heldOut(),
    tested = runs[0].tests.at(-1);
  if (test > 0 && (!tested || tested[0] < train.t))
    for (const run of runs) run.tests.push([train.t, run.train.lossOf(held, x)]);
  const told = runs.map(({ train, now, losses, tests }, k) => ({ now, losses, tests, seen: train.seen(k === shown) }));
  postMessage({ t: train.t, x, held, runs: told });
}
// Who drags a slider, or holds a key, asks more often than can be drawn.
function tellSoon() {
  const rest = last + 100 - performance.now();
  if (rest <= 0) tell();
  else due ||= setTimeout(tell, rest);
}
function reset() {
  every = 1;
  for (const run of runs) {
    run.train.reset();
    run.losses = [];
    run.now = undefined;
  }
  begin();
}
function pace() {
  begun = performance.now();
  done = 0;
}
function go() {
  if (!going) return;
  const until = performance.now() + 30;
  while (performance.now() < until && done < (speed * (performance.now() - begun)) / 1000) {
    once();
    done++;
  }
  if (performance.now() - last > pause) tell();
  setTimeout(go, 5);
}
onmessage = ({ data: asked }) => {
  if ("rate" in asked) runs[asked.run].rate = asked.rate;
  if ("speed" in asked) {
    speed = asked.speed;
    pace();
  }
  if ("shown" in asked) shown = asked.shown;
  if ("batch" in asked) batch = asked.batch;
  if ("pause" in asked) pause = asked.pause;
  if ("noise" in asked) noise = asked.noise;
  if ("seed" in asked) first = asked.seed;
  if ("test" in asked) test = Math.min(asked.test, 1 - 1 / rows);
  if ("noise" in asked || "seed" in asked || "test" in asked) begin();
  if ("reset" in asked) reset();
  if ("once" in asked) once();
  if ("golden" in asked) {
    reset();
    const { train } = runs[asked.run];
    const golden = asked.golden.map((some) => train.step(some));
    return postMessage({ golden });
  }
  if ("steps" in asked) {
    reset();
    const golden = Array.from({ length: asked.steps }, () => (once(), runs[asked.run].now));
    tell();
    return postMessage({ golden });
  }
  if ("going" in asked) {
    const was = going;
    going = asked.going;
    pace();
    if (going && !was) go();
  }
  tellSoon();
};
