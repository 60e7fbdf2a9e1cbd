// A drawing by itself: the picture of the fallback, to be looked at, and its boxes.

const groups = given.groups || [],
  views = given.views || [];
let view = views[0],
  boxes,
  look;
const frame = el("div");
function show(svg) {
  svg.setAttribute("aria-label", svg.querySelector("title").textContent);
  look = viewer(svg, "The picture: + and − zoom, f fits it");
  for (const e of [svg, ...svg.querySelectorAll("[data-edge]")]) e.querySelector("title").remove();
  boxes = {};
  for (const g of svg.querySelectorAll("[data-node^=g]")) {
    const at = groups.findIndex(({ id }) => id === g.dataset.node);
    boxes[g.dataset.node] = g;
    if (at >= 0 && viewWith(at, true)) g.addEventListener("click", () => toggleBox(at));
  }
  frame.replaceChildren(look.picture, look.bar);
  // A high picture begins at half its height: its corner may be empty.
  const { picture } = look;
  new ResizeObserver((_, observer) => {
    if (!picture.clientWidth) return;
    observer.disconnect();
    picture.scrollTop = (picture.scrollHeight - picture.clientHeight) / 2;
  }).observe(picture);
  showToggles();
}
function toggleBox(g) {
  const next = viewWith(g, !view.open.includes(g));
  const k = views.indexOf(next);
  show(k ? parsed(given.pictures[k - 1]) : drawing());
  view = next;
  showToggles();
}
show(drawing());
appear(el("div", { class: "main" }, frame, toggles));
listen("A drawing", looking);
