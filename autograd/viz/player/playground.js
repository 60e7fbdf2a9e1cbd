// A page that trains: buttons and sliders here, the program in a worker.

const state = { running: false, t: 0, losses: [], tests: [], map: null };
const url = URL.createObjectURL(new Blob([site.code], { type: "text/javascript" }));
const worker = new Worker(url);
URL.revokeObjectURL(url);
const caption = el("p", { class: "caption", role: "status" }, "step 0");
const running = button("▶ run", () => run(!state.running), { "aria-label": "Run" });
const canvas = (width, height, label) =>
  el("canvas", { width, height, role: "img", "aria-label": label, style: "width:" + width + "px;max-width:100%" });
const map = canvas(360, 360, "The plane: the region of each class, the denser the more certain, and the examples"),
  curve = canvas(420, 240, "The losses over the steps: of the batches as a line, of the held-out examples dashed");
function slider(name, props, text, tell) {
  const output = el("output", {});
  const input = el("input", { type: "range", "aria-label": name, ...props, oninput: () => told(true) });
  function told(send) {
    const value = tell(+input.value);
    output.textContent = text(value);
    if (send) worker.postMessage({ [name]: value });
    return value;
  }
  return { row: el("label", { class: "slide" }, el("span", {}, name), input, output), told };
}
const percent = (x) => Math.round(100 * x) + " %";
const sliders = [
  slider("speed", { min: 0, max: 5, step: 0.25, value: 2.5 }, (x) => (x < 1e5 ? Math.round(x) + "/s" : "all"), (k) => (k < 5 ? 10 ** k : 1e9)),
  slider("rate", { min: -4, max: 1, step: 0.05, value: Math.log10(site.lr) }, (x) => x.toPrecision(2), (k) => 10 ** k),
  slider("batch", { min: 1, max: site.rows, step: 1, value: site.batch }, String, (k) => k),
  slider("noise", { min: 0, max: 1, step: 0.05, value: 0 }, (x) => x.toFixed(2), (k) => k),
  slider("test", { min: 0, max: 0.8, step: 0.05, value: site.test }, percent, (k) => k),
];
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
    "step " + state.t + (state.now === undefined ? "" : " · loss " + state.now.toPrecision(4)) + (state.tests.length ? " · test loss " + state.tests.at(-1)[1].toPrecision(4) : "");
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
    const kind = wide === 1 ? +(said[0] >= 0.5) : said.indexOf(Math.max(...said));
    const certain = wide === 1 ? Math.abs(2 * said[0] - 1) : (said[kind] - 1 / wide) / (1 - 1 / wide);
    picture.data.set([...site.plane.colors[kind % site.plane.colors.length], 215 * certain], 4 * k);
  }
  const small = new OffscreenCanvas(size, size);
  small.getContext("2d").putImageData(picture, 0, 0);
  const c = map.getContext("2d");
  c.fillStyle = color("--paper");
  c.fillRect(0, 0, 360, 360);
  c.drawImage(small, 0, 0, 360, 360);
  const { left, right, bottom, top } = site.plane;
  c.strokeStyle = color("--paper");
  for (let k = 0; k < site.rows; k++) {
    const x = (360 * (state.x[2 * k] - left)) / (right - left),
      y = (360 * (top - state.x[2 * k + 1])) / (top - bottom),
      kind = site.plane.kinds[k];
    c.fillStyle = color(["--done", "--hot", "--outline", "--opline"][kind % 4]);
    c.beginPath();
    if (kind % 2) {
      c.moveTo(x, y - 5);
      c.lineTo(x + 5, y + 4);
      c.lineTo(x - 5, y + 4);
    } else c.arc(x, y, 4, 0, 7);
    c.closePath();
    c.fill();
    c.stroke();
  }
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
appear(main);
new MutationObserver(paint).observe(host, { attributes: true, attributeFilter: ["data-theme"] });
for (const one of sliders) one.told(true);
