// A picture that fits itself in, down to where its type would become too small to read; then it scrolls.
function panelOf(picture) {
  const [, , width] = picture.getAttribute("viewBox").split(" ");
  picture.setAttribute("style", "width:100%;height:auto;min-width:" + width * 0.58 + "px");
  const style = "flex:" + width + " 1 " + width * 0.8 + "px;max-width:min(100%," + width + "px)";
  const panel = el("div", { class: "panel", style }, picture);
  new ResizeObserver(() => {
    panel.tabIndex = panel.scrollWidth > panel.clientWidth + 1 ? 0 : -1;
  }).observe(panel);
  return panel;
}
