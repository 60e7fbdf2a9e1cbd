// A film: pictures whose parts change from frame to frame.

const shown = [],
  last = () => film.captions.length - 1;
const caption = el("p", { class: "caption" });
const speed = el("select", { "aria-label": "Speed" }, ...[0.25, 0.5, 1, 2, 4].map((x) => el("option", { value: x }, "×" + x)));
speed.value = "1";
const panels = el("div", { class: "panels" });
function showPlace() {
  caption.textContent = film.captions[position];
  sayPosition(caption.textContent);
  for (const [place, states] of shown) place.innerHTML = states[position];
}
// Ten seconds for a film, but no frame is shown for longer than half a second, and who wants little
// motion sees two frames a second, without those between.
const moment = () => Math.min(500, Math.max(50, 10000 / (last() + 1))) / +speed.value,
  stride = () => (calm.matches ? Math.ceil(500 / moment()) : 1),
  pause = () => moment() * stride();
listen(film.title, { ...going, Escape: () => host.blur() }, slider);
for (const { svg, moving } of film.panels) {
  const picture = parsed(svg);
  [...picture.querySelectorAll("[data-moving]")].forEach((place, j) => shown.push([place, moving[j]]));
  panels.append(panelOf(picture));
}
appear(
  el(
    "div",
    { class: "main" },
    ways("Film", "Frame", speed),
    caption,
    panels,
    el("p", { class: "keys" }, "Keys: Space play · → next · ← back · Home, End"),
  ),
);
go(last());
