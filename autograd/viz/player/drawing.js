// Pictures that take turns, the first that of the fallback: as boxes open and close, by buttons with
// their names, or by a click on a part.

const { groups = [], views = [], names = [], parts = {}, pictures } = given;
let at = 0, // the picture from which a part was opened
  view,
  boxes,
  look;
const frame = el("div"),
  said = el("p", { role: "status" });
const choices = names.map((name, k) => button(name, () => show(k), { "aria-pressed": "false" }));
function show(k) {
  at = k;
  view = views[k];
  const svg = k ? parsed(pictures[k - 1]) : drawing();
  paint(svg, names[k] || "The picture", svg.querySelector("title").textContent);
  choices.forEach((choice, j) => choice.setAttribute("aria-pressed", j === k));
  showToggles();
}
function paint(svg, name, sentence) {
  svg.setAttribute("aria-label", sentence);
  said.textContent = sentence;
  look = viewer(svg, name + ": + and − zoom, f fits it", frame);
  svg.querySelector("title").remove();
  boxes = {};
  for (const part of svg.querySelectorAll("[data-node]")) {
    const id = part.dataset.node,
      g = groups.findIndex((group) => group.id === id);
    if (g >= 0) boxes[id] = part;
    if (g >= 0 && viewWith(g, true)) part.addEventListener("click", () => toggleBox(g));
    if (parts[id]) open(svg, part, parts[id]);
  }
  // A high picture begins at half its height: its corner may be empty.
  const picture = frame.firstChild;
  new ResizeObserver((_, observer) => {
    if (!picture.clientWidth) return;
    observer.disconnect();
    picture.scrollTop = (picture.scrollHeight - picture.clientHeight) / 2;
  }).observe(picture);
}
const toggleBox = (g) => show(views.indexOf(viewWith(g, !view.open.includes(g))));
// A part of the picture that can be opened: by a click, or with Enter; Escape closes it.
function open(svg, part, [sentence, picture]) {
  const name = part.querySelector("title").textContent;
  svg.setAttribute("role", "group");
  const props = { role: "button", tabindex: 0, "aria-label": "Open " + name, style: "cursor:pointer" };
  for (const [key, x] of Object.entries(props)) part.setAttribute(key, x);
  const opened = () => {
    if (!picture) return (said.textContent = sentence);
    paint(parsed(picture), "Operations of " + name, "Operations of " + name + ". " + sentence);
    choices.forEach((choice) => choice.setAttribute("aria-pressed", false));
    frame.firstChild.focus();
  };
  part.addEventListener("click", opened);
  part.addEventListener("keydown", (e) => {
    if (e.key !== "Enter" && e.key !== " ") return;
    e.preventDefault();
    opened();
  });
}
show(0);
const row = el("div", { class: "row", role: "group", "aria-label": "What is shown" }, ...choices);
const told = Object.values(parts),
  hint = "A click on a neuron, or Enter, shows its operations; Escape goes back.",
  keys = el("p", { class: "keys" }, told.some(([, picture]) => picture) ? hint : told[0]?.[0]);
appear(el("div", { class: "main" }, choices[1] ? row : "", frame, toggles, choices[0] ? said : "", told[0] ? keys : ""));
// A number presses the button in its place.
const pressing = choices.map((_, k) => [k + 1, () => show(k)]),
  back = choices[0] && { Escape: () => show(at) };
listen(choices[0] ? said.textContent : "A drawing", { ...Object.fromEntries(pressing), ...back, ...looking });
