// What the worker of a page does with its trainers: they run side by side, on the same batches, and
// it tells at most ten times a second.

const runs = trainers(data).map((train, k) => ({ train, rate: data.runs[k].lr, losses: [], tests: [] })),
  [{ train }] = runs,
  rows = data.rows;
// What the page says: how fast, and what else its sliders do; the run whose network is shown; and how
// many milliseconds are between two messages.
const given = { going: false, speed: 300, batch: 10, noise: 0, test: 0, seed: 1, shown: 0, pause: 100 };
let x = data.x.slice(),
  all = [], // the rows, in the order in which they are held out
  order = [],
  seed = 1,
  every = 1, // of so many steps one is drawn
  begun = 0,
  done = 0,
  last = -Infinity, // when it told: how it begins is told at once
  due = 0, // what will tell
  next = 0; // what will go on
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
  seed = given.seed;
  all = shuffled([...Array(rows).keys()]);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  x = data.x.map((number) => number + given.noise * data.spread * normal());
  order = [];
  for (const run of runs) run.tests = [];
}
const held = () => Math.round(Math.min(given.test, 1 - 1 / rows) * rows);
function once() {
  if (order.length < 1) order = shuffled(all.slice(held()));
  const some = order.splice(0, given.batch);
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
  const some = all.slice(0, held()),
    tested = runs[0].tests.at(-1);
  if (given.test > 0 && (!tested || tested[0] < train.t))
    for (const run of runs) run.tests.push([train.t, run.train.lossOf(some, x)]);
  const told = runs.map(({ train, now, losses, tests }, k) => ({ now, losses, tests, seen: train.seen(k === given.shown) }));
  postMessage({ t: train.t, x, held: some, runs: told });
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
function go() {
  if (!given.going) return;
  const until = performance.now() + 30;
  while (performance.now() < until && done < (given.speed * (performance.now() - begun)) / 1000) {
    once();
    done++;
  }
  if (performance.now() - last > given.pause) tell();
  next = setTimeout(go, 5);
}
// Each message is what changes, or what is to be done once.
onmessage = ({ data: { once: one, reset: anew, rate, batches, run, ...changed } }) => {
  Object.assign(given, changed);
  if (rate !== undefined) runs[run].rate = rate;
  if ("noise" in changed || "seed" in changed || "test" in changed) begin();
  if (anew || batches) reset();
  if (one) once();
  if (batches) {
    const losses = batches.map((some) => (some ? runs[run].train.step(some) : (once(), runs[run].now)));
    tell();
    return postMessage({ losses });
  }
  if ("going" in changed || "speed" in changed) {
    [begun, done] = [performance.now(), 0];
    clearTimeout(next);
    go();
  }
  tellSoon();
};
