// The network of a page that trains. Python drew it as it was at the start; its lines, dots and circles
// follow the numbers by the same rules (nn/pictures/network.py).

// As nn.pictures.network.short.
function brief(x) {
  if (!Number.isFinite(x)) return x > 0 ? "inf" : x < 0 ? "-inf" : "nan";
  const [mantissa, power] = x.toExponential(2).split("e");
  return power < -4 || power > 2 ? +mantissa + "e" + +power : String(+x.toPrecision(3));
}
function networkOf({ svg, layers, image, ...pens }) {
  const picture = parsed(svg),
    found = (kind, ...id) => picture.querySelector("[data-" + kind + '="' + id.join(".") + '"]'),
    set = (e, props) => Object.entries(props).forEach(([key, x]) => (x === "" ? e.removeAttribute(key) : e.setAttribute(key, x))),
    largest = (numbers) => numbers.reduce((most, x) => (Math.abs(x) > most && Number.isFinite(x) ? Math.abs(x) : most), 0),
    partOf = (x, scale, lost) => (Number.isFinite(x) ? Math.min(1, Math.abs(x) / scale) : lost),
    small = el("canvas"),
    drawn = layers.map(({ to, from }, k) => ({
      lines: to.flatMap((j) => from.map((i) => [j, i, found("edge", "w" + (k + 1), j, i)])),
      labels: picture.querySelectorAll('[data-numbers="w' + (k + 1) + '"] text'),
      circles: to.map((j) => [j, found("node", "h" + (k + 1), j)]),
    }));
  let known = {};
  function paintLine(group, label, weight, scale, thickest) {
    const part = partOf(weight, scale, 1),
      quiet = part < pens.quiet;
    set(group.querySelector("path"), {
      stroke: quiet ? pens.colors.quiet : weight > 0 ? pens.colors.more : pens.colors.less,
      "stroke-width": quiet ? 0.5 : +(pens.thinnest + (thickest - pens.thinnest) * part).toFixed(1),
      "stroke-dasharray": quiet || weight > 0 ? "" : "5 3",
    });
    const title = group.querySelector("title"),
      text = brief(weight);
    title.textContent = title.textContent.replace(/\S+$/, text);
    if (!label) return;
    const width = 6.4 * text.length + 4;
    label.textContent = text;
    set(label.previousElementSibling, { width, x: label.getAttribute("x") - width / 2 });
  }
  function paintBias(dot, bias, most) {
    const [x, y, width] = ["x", "y", "width"].map((key) => +dot.getAttribute(key)),
      [smallest, biggest] = pens.dots,
      r = smallest + (biggest - smallest) * (Number.isFinite(bias) ? Math.abs(bias) / most : 0),
      to = { x: x + width / 2 - r, y: y + width / 2 - r, width: 2 * r, height: 2 * r, rx: r };
    set(dot, { ...to, fill: bias > 0 ? pens.colors.more : pens.colors.clear, stroke: bias > 0 ? pens.colors.more : pens.colors.less });
  }
  // Numbers in [-1, 1] as a small picture, round or not.
  function paintFace(group, rows, columns, at, round) {
    const face = new ImageData(columns, rows);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        const inside = ((2 * i + 1) / rows - 1) ** 2 + ((2 * j + 1) / columns - 1) ** 2 <= 1,
          number = inside || !round ? at(i, j) : 0;
        face.data.set([...pens.shades[+(number > 0)], 215 * partOf(number, 1, 0)], 4 * (i * columns + j));
      }
    Object.assign(small, { width: columns, height: rows }).getContext("2d").putImageData(face, 0, 0);
    set(group.querySelector("image"), { href: small.toDataURL() });
  }
  function paintLayer({ width, inputs, from, to, thickest, ...at }, k, seen, scales) {
    const [values, weights, biases] = [seen[at.values], seen[at.weights], seen[at.biases]],
      scale = (scales[k] = Math.max(scales[k] || 1e-12, largest(weights))),
      rows = values.length / width,
      size = site.plane?.size,
      mean = (_, j) => values.reduce((sum, x, place) => (place % width === j ? sum + x : sum), 0) / rows,
      means = size ? [] : Array.from({ length: width }, mean);
    drawn[k].lines.forEach(([j, i, group], place) => paintLine(group, drawn[k].labels[place], weights[j * inputs + i], scale, thickest));
    const of = (j) => (row, column) => values[(2 * row * size + 2 * column) * width + j],
      field = size ? values.filter((_, place) => !(Math.floor(place / width / size) % 2 || Math.floor(place / width) % 2)) : [],
      most = largest(field) || 1;
    for (const [j, group] of drawn[k].circles) {
      if (size) paintFace(group, size / 2, size / 2, (row, column) => of(j)(row, column) / most, true);
      else if (image && !k) paintFace(group, ...image, (row, column) => weights[j * inputs + row * image[1] + column] / scale, false);
      else
        set(group.querySelector("[data-part=fill]"), {
          fill: means[j] > 0 ? pens.colors.more : pens.colors.less,
          "fill-opacity": +(pens.full * partOf(means[j], largest(means) || 1, 0)).toFixed(2),
          "stroke-dasharray": means[j] < 0 ? "3 2" : "",
        });
      if (biases) paintBias(group.querySelector("[data-part=bias]"), biases[j], largest(biases) || 1);
      const said = [...(size ? [] : ["value " + brief(means[j])]), ...(biases ? ["bias " + brief(biases[j])] : [])],
        title = group.querySelector("title");
      title.textContent = [title.textContent.split(":")[0], ...(said.length ? [said.join(", ")] : [])].join(": ");
    }
  }
  // Lines are as thick as they are beside the largest weight of a run so far.
  function paint(seen, run, anew) {
    if (anew) known = {};
    known[run] ??= [];
    layers.forEach((layer, k) => paintLayer(layer, k, seen, known[run]));
  }
  return { picture, paint };
}
