// Boxes that open and close, for whoever has groups, views, the view that is shown, and toggleBox.

// The picture that differs least from this one and has the box open, or closed.
function viewWith(g, isOpen) {
  const far = (v) => groups.filter((_, j) => v.open.includes(j) !== view.open.includes(j)).length;
  const fitting = views.filter((v) => v.open.includes(g) === isOpen);
  return fitting.sort((a, b) => far(a) - far(b))[0];
}
function toggle(g) {
  const isOpen = view.open.includes(g);
  return button((isOpen ? "− " : "+ ") + groups[g].name + groups[g].made, () => toggleBox(g), {
    title: (isOpen ? "Close the box " : "Open the box ") + groups[g].text,
    "aria-expanded": isOpen,
  });
}
const toggles = el("div", { class: "row", role: "group", "aria-label": "Boxes" });
function showToggles() {
  const shown = groups.flatMap(({ id }, g) => (view.open.includes(g) || boxes[id] ? [g] : []));
  toggles.replaceChildren(...shown.filter((g) => viewWith(g, !view.open.includes(g))).slice(0, 12).map(toggle));
}
