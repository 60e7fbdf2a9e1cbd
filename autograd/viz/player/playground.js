// A page that trains: buttons and sliders here, the program in a worker.

const state = { running: false, t: 0, losses: [], tests: [], held: [], map: null };
const url = URL.createObjectURL(new Blob([site.code], { type: "text/javascript" }));
const worker = new Worker(url);
URL.revokeObjectURL(url);
const caption = el("p", { class: "caption", role: "status" }, "step 0");
const running = button("▶ run", () => run(!state.running), { "aria-label": "Run" });
const canvas = (width, height, label) =>
  el("canvas", { width, height, role: "img", "aria-label": label, style: "width:" + width + "px;max-width:100%" });
const map = canvas(360, 360, "The plane: the region of each class, the denser the more certain, and the examples"),
  curve = canvas(420, 240, "The losses over the steps: of the batches as a line, of the held-out examples dashed");
// What an example looks like, by its class: a colour, and a shape of corners; none is a disc.
const MARKS = "●▲■◆▼⬢",
  PENS = ["--done", "--hot", "--outline", "--opline", "--soft", "--w3"],
  CORNERS = [
    null,
    [[0, -5], [5, 4], [-5, 4]],
    [[-4, -4], [4, -4], [4, 4], [-4, 4]],
    [[0, -5.5], [5.5, 0], [0, 5.5], [-5.5, 0]],
    [[0, 5], [5, -4], [-5, -4]],
    [[-2.5, -4.5], [2.5, -4.5], [5, 0], [2.5, 4.5], [-2.5, 4.5], [-5, 0]],
  ];
const entry = (name, k) =>
  el("span", {}, el("span", { style: "color:var(" + PENS[k % PENS.length] + ")" }, MARKS[k % MARKS.length]), " " + name + " · ");
// A slider stands where its number is, or as near as it can: the number is as it was given.
function slider(name, [min, max, step], start, text, of = (k) => k, place = (x) => x) {
  const output = el("output", {}),
    input = el("input", { type: "range", min, max, step, "aria-label": name, oninput: () => set(of(+input.value), true) }),
    it = { name, start, set, row: el("label", { class: "slide" }, el("span", {}, name), input, output) };
  function set(x, moved) {
    it.value = x;
    if (!moved) input.value = place(x);
    output.textContent = text(x);
    input.setAttribute("aria-valuetext", text(x));
    worker.postMessage({ [name]: x });
    if (moved) remember();
  }
  // What a link says: a number within bounds, or nothing.
  it.read = (said) => {
    const x = said?.trim() ? +said : NaN,
      at = place(x);
    return at >= min && at <= max && (step !== 1 || Number.isInteger(x)) ? x : start;
  };
  return it;
}
const percent = (x) => +(100 * x).toFixed(1) + " %",
  ten = (k) => +(10 ** k).toPrecision(3),
  log = Math.log10,
  lr = log(site.lr || 0.01);
const sliders = [
  slider("speed", [0, 5, 0.25], 300, (x) => (x < 1e5 ? Math.round(x) + "/s" : "all"), (k) => (k < 5 ? ten(k) : 1e9), (x) => Math.min(5, log(x))),
  slider("rate", [Math.min(-4, lr), Math.max(1, lr), 0.05], site.lr, (x) => String(+x.toPrecision(2)), ten, log),
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
    running,
    button("› step", () => worker.postMessage({ once: 1 }), { "aria-label": "Step" }),
    button("↺ reset", () => worker.postMessage({ reset: 1 }), { "aria-label": "Reset" }),
    ...sliders.map((one) => one.row),
  ),
  caption,
  el("div", { class: "panels" }, ...(site.plane ? [map] : []), curve),
  site.plane ? el("p", { class: "keys" }, ...site.plane.names.map(entry), "hollow: held out") : "",
  el("p", { class: "keys" }, "Keys: Space run and pause · → step · r reset. It trains here, in this page: " + site.what + "."),
);
function run(on) {
  state.running = on;
  running.textContent = on ? "❚❚ pause" : "▶ run";
  running.setAttribute("aria-label", on ? "Pause" : "Run");
  worker.postMessage({ run: on });
}
worker.onmessage = ({ data }) => {
  Object.assign(state, data);
  caption.textContent =
    "step " + state.t + (state.now === undefined ? "" : " · loss " + state.now.toPrecision(4)) + (state.tests.length ? " · test loss " + state.tests.at(-1)[1].toPrecision(4) : "") +
    (Number.isFinite(state.now ?? 0) ? "" : ": the steps were too large. A smaller rate, and reset");
  if (data.golden) host.golden(data.golden);
  paint();
};
worker.onerror = (e) => (caption.textContent = "It cannot train here: " + (e.message || "this place allows no worker") + ".");
const color = (name) => getComputedStyle(host.shadowRoot.querySelector(".main")).getPropertyValue(name);
function paint() {
  if (site.plane && state.map) paintMap();
  paintCurve();
}
// The numbers are probabilities: of a single one p is of class 1, of several each is of its class.
function paintMap() {
  const size = site.plane.size,
    wide = state.map.length / (size * size),
    picture = new ImageData(size, size);
  for (let k = 0; k < size * size; k++) {
    const said = state.map.slice(k * wide, (k + 1) * wide);
    if (!said.every(Number.isFinite)) continue;
    const kind = wide === 1 ? +(said[0] >= 0.5) : said.indexOf(Math.max(...said));
    const certain = wide === 1 ? Math.abs(2 * said[0] - 1) : (said[kind] - 1 / wide) / (1 - 1 / wide);
    picture.data.set([...site.plane.colors[kind % site.plane.colors.length], 30 + 185 * certain], 4 * k); // a border is seen, however uncertain
  }
  const small = new OffscreenCanvas(size, size);
  small.getContext("2d").putImageData(picture, 0, 0);
  const c = map.getContext("2d");
  c.fillStyle = color("--paper");
  c.fillRect(0, 0, 360, 360);
  c.drawImage(small, 0, 0, 360, 360);
  const { left, right, bottom, top } = site.plane;
  const paper = color("--paper"),
    pens = PENS.map(color),
    held = new Set(state.held);
  for (let k = 0; k < site.rows; k++) {
    const x = (360 * (state.x[2 * k] - left)) / (right - left),
      y = (360 * (top - state.x[2 * k + 1])) / (top - bottom),
      kind = site.plane.kinds[k] % MARKS.length,
      corners = CORNERS[kind];
    c.fillStyle = held.has(k) ? paper : pens[kind];
    c.strokeStyle = held.has(k) ? pens[kind] : paper;
    c.lineWidth = held.has(k) ? 1.8 : 1;
    c.beginPath();
    if (corners) for (const [dx, dy] of corners) c.lineTo(x + dx, y + dy);
    else c.arc(x, y, 4, 0, 7);
    c.closePath();
    c.fill();
    c.stroke();
  }
  c.lineWidth = 1;
}
function paintCurve() {
  const c = curve.getContext("2d"),
    all = [...state.losses, ...state.tests].map((p) => p[1]).filter(Number.isFinite),
    high = Math.max(1e-9, ...all) * 1.05,
    end = Math.max(1, state.t);
  c.fillStyle = color("--paper");
  c.fillRect(0, 0, 420, 240);
  c.fillStyle = c.strokeStyle = color("--line");
  c.strokeRect(44.5, 12.5, 366, 200);
  c.fillStyle = color("--soft");
  c.font = "12px system-ui, sans-serif";
  c.fillText(high.toPrecision(2), 4, 22);
  c.fillText("0", 30, 214);
  c.textAlign = "end";
  c.fillText("batches —, test - -", 404, 28);
  c.fillText("step " + state.t, 410, 230);
  c.textAlign = "start";
  for (const [list, dash, name] of [
    [state.losses, [], "--ink"],
    [state.tests, [5, 3], "--hot"],
  ]) {
    c.setLineDash(dash);
    c.strokeStyle = color(name);
    c.beginPath();
    for (const [t, loss] of list) c.lineTo(44 + (366 * t) / end, 212 - (200 * loss) / high);
    c.stroke();
  }
  c.setLineDash([]);
}
const actions = {
  " ": () => run(!state.running),
  ArrowRight: () => worker.postMessage({ once: 1 }),
  r: () => worker.postMessage({ reset: 1 }),
};
for (const type of ["keydown", "keyup", "keypress"])
  host.addEventListener(type, (e) => e.key !== "Tab" && e.stopPropagation());
host.addEventListener("keydown", (e) => {
  const on = e.composedPath()[0];
  if (e.ctrlKey || e.metaKey || e.altKey || !Object.hasOwn(actions, e.key)) return;
  if (on.matches("input") || (e.key === " " && on.matches("button"))) return;
  e.preventDefault();
  actions[e.key]();
});
main.setAttribute("role", "group");
main.setAttribute("aria-label", site.title);
host.tabIndex = 0;
host.setAttribute("role", "group");
host.setAttribute("aria-label", site.title);
// For tests: the losses of steps with these rows.
host.train = (rows) =>
  new Promise((done) => {
    host.golden = done;
    worker.postMessage({ golden: rows });
  });
// For tests: the losses of so many steps from the start.
host.steps = (count) =>
  new Promise((done) => {
    host.golden = done;
    worker.postMessage({ steps: count });
  });
appear(main);
new MutationObserver(paint).observe(host, { attributes: true, attributeFilter: ["data-theme"] });
// Who wants little motion is shown how it is once a second.
const unhurried = () => worker.postMessage({ pause: calm.matches ? 1000 : 50 });
calm.addEventListener("change", unhurried);
unhurried();
recall();
if (alone) addEventListener("hashchange", recall);
