// Buttons, a slider and keys that lead through what has places from 0 to `last()`. Who has these shows
// one with `showPlace`, and says how long each is shown and how many places further the next one is.

let position = 0,
  timer = 0;
function go(k) {
  position = Math.max(0, Math.min(last(), k));
  if (position === last()) stop();
  showPlace();
}
const stepBy = (count) => go(position + count);
const slider = el("input", { type: "range", min: 0, oninput: () => go(+slider.value) }),
  playing = button("", () => play());
sayPlaying(false);
const ways = (what, place, more) => {
  slider.setAttribute("aria-label", place);
  const buttons = [
    ["«", "First", () => go(0)],
    ["‹", "Back", () => stepBy(-1)],
    ["›", "Next", () => stepBy(1)],
    ["»", "Last", () => go(last())],
  ].map(([text, label, action]) => button(text, action, { "aria-label": label, title: label }));
  buttons.splice(2, 0, playing);
  return el("nav", { "aria-label": what }, ...buttons, slider, more);
};
// The place that is shown, and what is said of it.
function sayPosition(words) {
  slider.max = last();
  slider.value = position;
  slider.setAttribute("aria-valuetext", words);
}
function stop() {
  clearTimeout(timer);
  timer = 0;
  sayPlaying(false);
}
function play() {
  if (timer) return stop();
  if (position === last()) go(0);
  sayPlaying(true);
  timer = setTimeout(on, pause());
}
function on() {
  if (!host.isConnected) return stop();
  timer = setTimeout(on, pause());
  stepBy(stride());
}
const going = {
  ArrowRight: () => stepBy(1),
  ArrowLeft: () => stepBy(-1),
  Home: () => go(0),
  End: () => go(last()),
  " ": play,
};
