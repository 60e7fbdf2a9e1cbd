// A drawing by itself: the picture of the fallback, to be looked at.

const svg = drawing();
svg.setAttribute("aria-label", svg.querySelector("title").textContent);
const look = viewer(svg, "The picture: + and − zoom, f fits it");
for (const title of [svg, ...svg.querySelectorAll("[data-edge]")].map((e) => e.querySelector("title"))) title.remove();
look.picture.addEventListener("keydown", (e) => {
  const action = { "+": look.larger, "-": look.smaller, f: look.fit }[e.key];
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.key.length === 1) e.stopPropagation();
  if (action) action();
});
appear(el("div", { class: "main" }, look.picture, look.bar));
