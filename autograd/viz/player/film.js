// A film: pictures whose parts change from frame to frame.

const last = film.captions.length - 1,
  shown = [];
let at = last,
  running = 0;
const caption = el("p", { class: "caption" });
const slider = el("input", {
  type: "range",
  min: 0,
  max: last,
  value: last,
  "aria-label": "Frame",
  oninput: () => show(+slider.value),
});
const playing = button("", () => play());
sayPlaying(false);
const speed = el("select", { "aria-label": "Speed" });
for (const x of [0.25, 0.5, 1, 2, 4]) speed.append(el("option", { value: x }, "×" + x));
speed.value = "1";
const panels = el("div", { class: "panels" });
const step = (text, label, action) => button(text, action, { "aria-label": label, title: label });
const main = el(
  "div",
  { class: "main" },
  el(
    "nav",
    { "aria-label": "Film" },
    step("«", "First", () => show(0)),
    step("‹", "Back", () => show(at - 1)),
    playing,
    step("›", "Next", () => show(at + 1)),
    step("»", "Last", () => show(last)),
    slider,
    speed,
  ),
  caption,
  panels,
  el("p", { class: "keys" }, "Keys: Space play · → next · ← back · Home, End"),
);
function show(k) {
  at = Math.max(0, Math.min(last, k));
  slider.value = at;
  caption.textContent = film.captions[at];
  slider.setAttribute("aria-valuetext", film.captions[at]);
  for (const [place, states] of shown) place.innerHTML = states[at];
  if (at === last) stop();
}
function stop() {
  clearTimeout(running);
  running = 0;
  sayPlaying(false);
}
// Ten seconds for a film, but no frame is shown for longer than half a second.
const pause = () => Math.min(500, Math.max(50, 10000 / (last + 1))) / +speed.value;
// Who wants little motion sees two frames a second, and leaves out those between.
const stride = () => (calm.matches ? Math.ceil(500 / pause()) : 1);
function play() {
  if (running) return stop();
  if (at === last) show(0);
  sayPlaying(true);
  running = setTimeout(on, pause() * stride());
}
function on() {
  if (!host.isConnected) return stop();
  running = setTimeout(on, pause() * stride());
  show(at + stride());
}
const actions = {
  ArrowRight: () => show(at + 1),
  ArrowLeft: () => show(at - 1),
  Home: () => show(0),
  End: () => show(last),
  " ": play,
  Escape: () => host.blur(),
};
listen(film.title, actions, slider);
for (const { svg, moving } of film.panels) {
  const picture = parsed(svg);
  [...picture.querySelectorAll("[data-moving]")].forEach((place, j) => shown.push([place, moving[j]]));
  panels.append(panelOf(picture));
}
appear(main);
show(last);
