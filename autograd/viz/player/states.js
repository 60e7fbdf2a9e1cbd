// Pictures of one thing that take turns.

const frame = el("div"),
  said = el("p", { role: "status" });
const choices = given.names.map((name, k) => button(name, () => show(k), { "aria-pressed": "false" }));
function show(k) {
  const svg = parsed(given.pictures[k]),
    look = viewer(svg, given.names[k] + ": + and − zoom, f fits it");
  svg.querySelector(":scope > title").remove();
  svg.setAttribute("aria-label", given.sentences[k]);
  look.picture.addEventListener("keydown", (e) => {
    const action = { "+": look.larger, "-": look.smaller, f: look.fit }[e.key];
    if (action && !(e.ctrlKey || e.metaKey || e.altKey)) action();
  });
  frame.replaceChildren(look.picture, look.bar);
  said.textContent = given.sentences[k];
  choices.forEach((choice, j) => choice.setAttribute("aria-pressed", j === k));
}
// No key reaches the notebook; a number presses the button in its place.
host.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.key.length > 1) return;
  e.stopPropagation();
  if (!choices[e.key - 1]) return;
  e.preventDefault();
  show(e.key - 1);
});
const row = el("div", { class: "row", role: "group", "aria-label": "What is shown" }, ...choices);
appear(el("div", { class: "main" }, choices.length > 1 ? row : "", frame, said));
host.tabIndex = 0;
host.setAttribute("role", "group");
host.setAttribute("aria-label", given.sentences[0]);
show(0);
