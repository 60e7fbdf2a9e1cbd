// What the worker of a page does with a trainer: it runs, and tells at most 20 times a second.

const train = trainer(data),
  rows = data.rows;
let going = false,
  rate = 0.1,
  batch = 10,
  noise = 0,
  test = 0,
  losses = [],
  tests = [],
  x = data.x.slice(),
  all = [], // the rows, in the order in which they are held out
  order = [],
  first = 1, // the seed that was chosen
  seed = 1,
  pause = 50, // milliseconds between two messages
  every = 1, // of so many steps one is drawn
  now, // the loss of the last step
  speed = 300, // steps a second
  begun = 0,
  done = 0,
  told = 0;
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
}
const heldOut = () => all.slice(0, Math.round(test * rows));
const learnt = () => all.slice(Math.round(test * rows));
function once() {
  if (order.length < 1) order = shuffled(learnt());
  const loss = train.step(order.splice(0, batch), rate, x);
  now = loss;
  if (train.t % every) return;
  losses.push([train.t, loss]);
  if (losses.length < 600) return;
  losses = losses.filter((_, k) => k % 2);
  tests = tests.filter((_, k) => k % 2);
  every *= 2;
}
function tell() {
  told = performance.now();
  if (test > 0 && (!tests.length || tests.at(-1)[0] < train.t)) tests.push([train.t, train.lossOf(heldOut(), x)]);
  postMessage({ t: train.t, now, losses, tests, x, held: heldOut(), map: data.map ? train.seen().slice() : null });
}
function reset() {
  train.reset();
  losses = [];
  tests = [];
  every = 1;
  now = undefined;
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
  if (performance.now() - told > pause) tell();
  setTimeout(go, 5);
}
onmessage = ({ data: asked }) => {
  if ("rate" in asked) rate = asked.rate;
  if ("speed" in asked) {
    speed = asked.speed;
    pace();
  }
  if ("batch" in asked) batch = asked.batch;
  if ("pause" in asked) pause = asked.pause;
  if ("noise" in asked) noise = asked.noise;
  if ("seed" in asked) first = asked.seed;
  if ("test" in asked) test = Math.min(asked.test, 1 - 1 / rows);
  if ("noise" in asked || "seed" in asked || "test" in asked) {
    tests = [];
    begin();
  }
  if ("reset" in asked) reset();
  if ("once" in asked) once();
  if ("golden" in asked) {
    reset();
    const golden = asked.golden.map((some) => train.step(some, data.lr));
    return postMessage({ golden });
  }
  if ("steps" in asked) {
    reset();
    const golden = Array.from({ length: asked.steps }, () => (once(), now));
    tell();
    return postMessage({ golden });
  }
  if ("run" in asked) {
    const was = going;
    going = asked.run;
    pace();
    if (going && !was) go();
  }
  tell();
};
