// What a page that trains draws: the plane, and the losses.

const canvas = (width, height, label) =>
  el("canvas", { width, height, role: "img", "aria-label": label, style: "width:" + width + "px;max-width:100%" });
// What an example looks like, by its class, and after those the line of a run: a colour, and a shape
// of corners; none is a disc.
const KINDS = 6,
  MARKS = "●▲■◆▼⬢◆▼⬢✚",
  PENS = ["--done", "--hot", "--outline", "--opline", "--soft", "--w3", "--w3", "--outline", "--opline", "--ink"],
  RUN = KINDS,
  CORNERS = [
    null,
    [[0, -5], [5, 4], [-5, 4]],
    [[-4, -4], [4, -4], [4, 4], [-4, 4]],
    [[0, -5.5], [5.5, 0], [0, 5.5], [-5.5, 0]],
    [[0, 5], [5, -4], [-5, -4]],
    [[-2.5, -4.5], [2.5, -4.5], [5, 0], [2.5, 4.5], [-2.5, 4.5], [-5, 0]],
  ];
CORNERS.push(...CORNERS.slice(3), [[-5, -1.5], [-1.5, -1.5], [-1.5, -5], [1.5, -5], [1.5, -1.5], [5, -1.5], [5, 1.5], [1.5, 1.5], [1.5, 5], [-1.5, 5], [-1.5, 1.5], [-5, 1.5]]);
const sign = (k) => el("span", { style: "color:var(" + PENS[k] + ")" }, MARKS[k]),
  entry = (name, k) => el("span", {}, sign(k), " " + name + " · ");
const color = (name) => getComputedStyle(host.shadowRoot.querySelector(".main")).getPropertyValue(name);
function paintMark(c, kind, x, y, fill, stroke, width) {
  const corners = CORNERS[kind];
  c.fillStyle = fill;
  c.strokeStyle = stroke;
  c.lineWidth = width;
  c.beginPath();
  if (corners) for (const [dx, dy] of corners) c.lineTo(x + dx, y + dy);
  else c.arc(x, y, 4, 0, 7);
  c.closePath();
  c.fill();
  c.stroke();
  c.lineWidth = 1;
}
// The numbers are probabilities: of a single one p is of class 1, of several each is of its class. Or
// they say where a number lies between the least (0) and the largest (1).
function paintMap(canvas, said, x, held) {
  const size = site.plane.size,
    wide = said.length / (size * size),
    picture = new ImageData(size, size);
  for (let k = 0; k < size * size; k++) {
    const at = said.slice(k * wide, (k + 1) * wide);
    if (!at.every(Number.isFinite)) continue;
    const kind = wide === 1 ? +(at[0] >= 0.5) : at.indexOf(Math.max(...at));
    const certain = wide === 1 ? Math.min(1, Math.abs(2 * at[0] - 1)) : (at[kind] - 1 / wide) / (1 - 1 / wide);
    picture.data.set([...site.plane.colors[kind % site.plane.colors.length], 30 + 185 * certain], 4 * k); // a border is seen, however uncertain
  }
  const small = new OffscreenCanvas(size, size);
  small.getContext("2d").putImageData(picture, 0, 0);
  const c = canvas.getContext("2d"),
    side = canvas.width,
    { left, right, bottom, top } = site.plane,
    paper = color("--paper"),
    pens = PENS.slice(0, KINDS).map(color);
  c.fillStyle = paper;
  c.fillRect(0, 0, side, side);
  c.drawImage(small, 0, 0, side, side);
  for (let k = 0; k < site.rows; k++) {
    const across = (side * (x[2 * k] - left)) / (right - left),
      down = (side * (top - x[2 * k + 1])) / (top - bottom),
      kind = site.plane.kinds[k] % KINDS,
      pen = pens[kind];
    if (held.has(k)) paintMark(c, kind, across, down, paper, pen, 1.8);
    else paintMark(c, kind, across, down, pen, paper, 1);
  }
}
// From where to where an axis of numbers goes, and whether on a log scale: where one is a hundred times
// another, unless a single run reaches 0. What goes far beyond where it `begun`, or to 0 among
// several, leaves the plot. As nn.pictures.charts.scale_of.
function scaleOf(all, begun, several) {
  const [least, largest] = all.length ? [Math.min(...all), Math.max(...all)] : [0, 1],
    most = Math.min(largest, 1000 * Math.max(0, ...begun) || Infinity),
    small = Math.min(...all.filter((x) => x > 0)),
    low = Math.min(least, 0);
  return least >= (several ? 0 : small) && most > 100 * small
    ? { low: Math.max(small, most * 1e-6), high: most * 1.2, logs: true }
    : { low, high: most + 0.06 * (most - low || 1), logs: false };
}
// The losses of all runs: of the batches as a line, of the held-out examples dashed.
function paintCurves(canvas, runs, now) {
  canvas.width = canvas.clientWidth || canvas.width; // so that its type stays as large as it is
  const c = canvas.getContext("2d"),
    { width, height } = canvas,
    [left, up, right, down] = [52.5, 20.5, width - 10.5, height - 27.5],
    finite = (list) => list.map((p) => p[1]).filter(Number.isFinite),
    all = runs.flatMap((run) => finite([...run.losses, ...run.tests])),
    { low, high, logs } = scaleOf(all, runs.flatMap((run) => finite(run.losses.slice(0, 1))), runs.length > 1),
    part = (loss) => (logs ? Math.log(Math.max(loss, 1e-300) / low) / Math.log(high / low) : (loss - low) / (high - low)),
    place = ([t, loss]) => [left + ((right - left) * (t - site.from)) / Math.max(1, now - site.from), down - (down - up) * part(loss)],
    paper = color("--paper");
  c.fillStyle = paper;
  c.fillRect(0, 0, width, height);
  c.strokeStyle = color("--line");
  c.strokeRect(left, up, right - left, down - up);
  c.fillStyle = color("--soft");
  c.font = "12px system-ui, sans-serif";
  c.fillText("loss" + (logs ? " (log scale)" : ""), left, 13);
  c.textAlign = "end";
  for (const [x, y] of [[high, up + 10], [low, down]])
    c.fillText(x && Math.abs(x) < 1e-3 ? x.toExponential(0) : +x.toPrecision(2), left - 5, y);
  c.fillText("step " + now, right, height - 10);
  c.textAlign = "start";
  c.fillText(site.from, left, height - 10);
  c.save();
  c.beginPath();
  c.rect(left, up, width, down - up + 5);
  c.clip();
  runs.forEach((run, k) => {
    const pen = color(runs.length > 1 ? PENS[RUN + k] : "--ink");
    for (const [list, dash, of] of [
      [run.losses, [], pen],
      [run.tests, [5, 3], runs.length > 1 ? pen : color("--hot")],
    ]) {
      const points = list.filter((p) => Number.isFinite(p[1])).map(place);
      c.setLineDash(dash);
      c.strokeStyle = of;
      c.beginPath();
      for (const point of points) c.lineTo(...point);
      c.stroke();
      c.setLineDash([]);
      if (runs.length < 2 || list !== run.losses) continue;
      const apart = Math.ceil(points.length / 5);
      points.forEach((point, j) => {
        if (j % apart === ((k + 1) * (apart >> 2)) % apart || j === points.length - 1) paintMark(c, RUN + k, ...point, pen, paper, 1);
      });
    }
  });
  c.restore();
}
