// Pictures of one thing that take turns.

const frame = el("div"),
  said = el("p", { role: "status" });
const choices = given.names.map((name, k) => button(name, () => show(k), { "aria-pressed": "false" }));
let at = 0, // the picture from which a part was opened
  look;
function show(k) {
  at = k;
  paint(given.pictures[k], given.names[k], given.sentences[k]);
  choices.forEach((choice, j) => choice.setAttribute("aria-pressed", j === k));
}
function paint(picture, name, sentence) {
  const svg = parsed(picture);
  look = viewer(svg, name + ": + and − zoom, f fits it");
  svg.querySelector(":scope > title").remove();
  svg.setAttribute("aria-label", sentence);
  open(svg);
  frame.replaceChildren(look.picture, look.bar);
  said.textContent = sentence;
}
// A part of the picture that can be opened: by a click, or with Enter; Escape closes it.
function open(svg) {
  for (const part of svg.querySelectorAll("[data-node]")) {
    const found = given.parts[part.dataset.node],
      name = part.querySelector("title")?.textContent;
    if (!found) continue;
    svg.setAttribute("role", "group");
    const props = { role: "button", tabindex: 0, "aria-label": "Open " + name, style: "cursor:pointer" };
    for (const [key, x] of Object.entries(props)) part.setAttribute(key, x);
    const [sentence, picture] = found;
    const show = () => {
      if (!picture) return (said.textContent = sentence);
      paint(picture, "Operations of " + name, "Operations of " + name + ". " + sentence);
      choices.forEach((choice) => choice.setAttribute("aria-pressed", false));
      frame.firstChild.focus();
    };
    part.addEventListener("click", show);
    part.addEventListener("keydown", (e) => {
      if (e.key !== "Enter" && e.key !== " ") return;
      e.preventDefault();
      show();
    });
  }
}
const row = el("div", { class: "row", role: "group", "aria-label": "What is shown" }, ...choices);
const parts = Object.values(given.parts),
  hint = "A click on a neuron, or Enter, shows its operations; Escape goes back.",
  keys = el("p", { class: "keys" }, parts.some(([, picture]) => picture) ? hint : parts[0]?.[0]);
appear(el("div", { class: "main" }, choices.length > 1 ? row : "", frame, said, parts.length ? keys : ""));
// A number presses the button in its place.
const pressing = choices.map((_, k) => [k + 1, () => show(k)]);
listen(given.sentences[0], { ...Object.fromEntries(pressing), Escape: () => show(at), ...looking });
show(0);
