// A page that trains: buttons and sliders here, the program in a worker. Several runs of one program
// stand side by side: they have the clock and all sliders in common but those of their rates.

const state = { going: false, t: 0, shown: 0, x: [], held: [], runs: site.runs.map(() => ({ losses: [], tests: [] })) };
const url = URL.createObjectURL(new Blob([site.code], { type: "text/javascript" }));
const worker = new Worker(url);
URL.revokeObjectURL(url);
const several = site.runs.length > 1,
  caption = el("p", { class: "caption", role: "status" }, "step 0"),
  playing = button("", () => go(!state.going)),
  of = (name) => (several ? ", " + name : "");
sayPlaying(false, "Run");
const maps = site.plane
    ? site.runs.map(({ name }) => canvas(several ? 300 : 360, several ? 300 : 360, "The plane" + of(name) + ": the region of each class, the denser the more certain, and the examples"))
    : [],
  net = site.network && networkOf(site.network),
  networks = net ? [panelOf(net.picture)] : [],
  curve = canvas(several ? 620 : 420, 260, "The losses over the steps: of the batches as a line, of the held-out examples dashed");
// A slider stands where its number is, or as near as it can: the number is as it was given.
function slider(name, [min, max, step], start, text, at = (k) => k, place = (x) => x, tell = (x) => ({ [name]: x })) {
  const output = el("output", {}),
    input = el("input", { type: "range", min, max, step, "aria-label": name, oninput: () => set(at(+input.value), true) }),
    it = { name, start, set, row: el("label", { class: "slide" }, el("span", {}, name), input, output) };
  function set(x, moved) {
    it.value = x;
    if (!moved) input.value = place(x);
    output.textContent = text(x);
    input.setAttribute("aria-valuetext", text(x));
    worker.postMessage(tell(x));
    if (moved) remember();
  }
  // What a link says: a number within bounds, or nothing.
  it.read = (said) => {
    const x = said?.trim() ? +said : NaN,
      here = place(x);
    return here >= min && here <= max && (step !== 1 || Number.isInteger(x)) ? x : start;
  };
  return it;
}
const percent = (x) => +(100 * x).toFixed(1) + " %",
  ten = (k) => +(10 ** k).toPrecision(3),
  log = Math.log10;
function rate({ name, lr }, run) {
  const start = log(lr || 0.01),
    bounds = [Math.min(-4, start), Math.max(1, start), 0.05];
  return slider("rate" + of(name), bounds, lr, (x) => String(+x.toPrecision(2)), ten, log, (x) => ({ rate: x, run }));
}
const sliders = [
  slider("speed", [0, 5, 0.25], 300, (x) => (x < 1e5 ? Math.round(x) + "/s" : "all"), (k) => (k < 5 ? ten(k) : 1e9), (x) => Math.min(5, log(x))),
  ...site.runs.map(rate),
  slider("batch", [1, site.rows, 1], site.batch, String),
  slider("noise", [0, 1, 0.05], 0, (x) => x.toFixed(2)),
  slider("test", [0, 0.8, 0.05], site.test, percent),
  slider("seed", [1, 99, 1], 1, String),
];
// --- the address: of a page of its own, what the sliders say
const alone = host.closest("main.alone");
function remember() {
  if (!alone) return;
  const said = new URLSearchParams(sliders.map((one) => [one.name, one.value]));
  try {
    history.replaceState(null, "", "#" + said);
  } catch {} // a frame without an address
}
function recall() {
  const said = new URLSearchParams(alone ? location.hash.slice(1) : "");
  for (const one of sliders) one.set(one.read(said.get(one.name)));
}
const main = el(
  "div",
  { class: "main" },
  el(
    "nav",
    { "aria-label": "Training" },
    playing,
    button("› step", () => worker.postMessage({ once: 1 }), { "aria-label": "Step" }),
    button("↺ reset", () => worker.postMessage({ reset: 1 }), { "aria-label": "Reset" }),
    el("div", { class: "slides" }, ...sliders.map((one) => one.row)),
  ),
  caption,
  el("div", { class: "panels" }, ...(several ? [...maps.map(figure), ...networks] : [...networks, ...maps]), el("figure", {}, curve, legend())),
  net && several ? el("p", { class: "keys" }, el("label", {}, "The network is that of ", choice())) : "",
  site.plane ? el("p", { class: "keys" }, ...site.plane.names.map((name, k) => entry(name, k % KINDS)), "hollow: held out") : "",
  el("p", { class: "keys" }, "Keys: Space run and pause · → step · r reset. It trains here, in this page: " + site.what + "."),
);
function figure(map, k) {
  return el("figure", {}, el("figcaption", {}, sign(RUN + k), " " + site.runs[k].name), map);
}
function choice() {
  const options = site.runs.map(({ name }, k) => el("option", { value: k }, name)),
    select = el("select", { onchange: () => see(+select.value) }, ...options);
  return select;
}
function see(run) {
  state.shown = run;
  worker.postMessage({ shown: run });
}
// Beside the plot, where it covers no line.
function legend() {
  const runs = several ? site.runs.map(({ name }, k) => entry(name, RUN + k)) : [];
  return el("figcaption", {}, ...runs, "line: batches · dashed: held out");
}
function go(on) {
  state.going = on;
  sayPlaying(on, "Run");
  worker.postMessage({ going: on });
}
// How far it is, in words; of several runs each with its name.
function said({ now, tests }, k) {
  const lost = !Number.isFinite(now ?? 0),
    test = tests.length && !(several && lost) ? ["test " + (several ? "" : "loss ") + tests.at(-1)[1].toPrecision(4)] : [],
    far = several ? ": too large steps" : ": the steps were too large. A smaller rate, and reset",
    found = now === undefined ? [] : [(several ? "" : "loss ") + now.toPrecision(4) + (lost ? far : "")];
  return several ? " · " + site.runs[k].name + " " + [...found, ...test].join(", ") : [...found, ...test].map((text) => " · " + text).join("");
}
worker.onmessage = ({ data }) => {
  if (data.losses) return host.told(data.losses);
  if (data.t < state.t) state.fresh = true;
  const first = !state.x.length;
  Object.assign(state, data);
  caption.textContent = "step " + state.t + state.runs.map(said).join("");
  if (first) paint(); // the start, beside which lines are thick or thin
  else due ||= requestAnimationFrame(paint); // of what came meanwhile the last is painted
};
worker.onerror = (e) => (caption.textContent = "It cannot train here: " + (e.message || "this place allows no worker") + ".");
new ResizeObserver(() => paint()).observe(curve);
let due = 0;
function paint() {
  cancelAnimationFrame(due);
  due = 0;
  const held = new Set(state.held);
  maps.forEach((map, k) => state.runs[k].seen && paintMap(map, state.runs[k].seen[0], state.x, held));
  const seen = state.runs[state.shown].seen;
  if (net && seen?.length > 1) {
    net.paint(seen, state.shown, state.fresh);
    state.fresh = false;
  }
  paintCurves(curve, state.runs, state.t);
}
const actions = {
  " ": () => go(!state.going),
  ArrowRight: () => worker.postMessage({ once: 1 }),
  r: () => worker.postMessage({ reset: 1 }),
  Escape: () => host.blur(),
};
listen(site.title, actions);
// For tests: the losses of a run, in steps with these rows or in so many from the start.
host.train = (batches, run = 0) =>
  new Promise((done) => {
    host.told = done;
    worker.postMessage({ batches, run });
  });
host.steps = (count, run) => host.train(Array(count).fill(null), run);
appear(main);
new MutationObserver(paint).observe(host, { attributes: true, attributeFilter: ["data-theme"] });
// Who wants little motion is shown how it is once a second.
const unhurried = () => worker.postMessage({ pause: calm.matches ? 1000 : 100 });
calm.addEventListener("change", unhurried);
unhurried();
recall();
if (alone) addEventListener("hashchange", recall);
