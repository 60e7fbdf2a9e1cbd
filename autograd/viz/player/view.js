// The theme, and a picture that is looked at as a whole or in part.
//
// These files are the body of a function that gets the element with the fallback, the style, and
// what is shown in it (embed.py).

// What had the focus may be gone afterwards; then the player gets it, not the notebook.
function keepingFocus(action) {
  const before = host.shadowRoot.activeElement;
  action();
  if (before && (!before.isConnected || before.closest("[hidden]"))) host.focus();
}
const button = (text, action, props) =>
  el("button", { type: "button", ...props, onclick: () => keepingFocus(action) }, text);
// A button that says what it does next: play, and then pause.
function sayPlaying(on, word = "Play") {
  playing.textContent = on ? "❚❚ pause" : "▶ " + word.toLowerCase();
  playing.setAttribute("aria-label", on ? "Pause" : word);
}
// The picture of the fallback, as elements.
function drawing() {
  const bytes = Uint8Array.from(atob(host.querySelector("img").src.split(",")[1]), (c) => c.charCodeAt(0));
  return parsed(new TextDecoder().decode(bytes));
}
const parsed = (svg) =>
  document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true);

// The theme is that of what is around: the colour of its text tells. VS Code and JupyterLab change
// theirs by an attribute of the body, Colab by one of the html element.
function theme() {
  const of = document.body.dataset;
  const [r, g, b] = (getComputedStyle(host.parentElement).color.match(/[\d.]+/g) || [0, 0, 0]).map(Number);
  const dark =
    document.body.matches(".vscode-dark,.vscode-high-contrast:not(.vscode-high-contrast-light)") ||
    document.documentElement.matches("[theme=dark]") ||
    of.jpThemeLight === "false" ||
    (!of.jpThemeLight && 0.3 * r + 0.6 * g + 0.1 * b > 128);
  host.dataset.theme = dark ? "dark" : "light";
}
function appear(main) {
  host.attachShadow({ mode: "open" }).append(el("style", {}, css), main);
  const watcher = new MutationObserver(() => (host.isConnected ? theme() : watcher.disconnect()));
  for (const e of [document.documentElement, document.body]) watcher.observe(e, { attributes: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", theme);
  theme();
  if (host.closest("main.alone")) document.addEventListener("keydown", firstKey);
}
// On a page of its own the first key reaches it before anybody has clicked on it.
function firstKey(e) {
  if (!host.isConnected || e.target !== document.body || host.dispatchEvent(new KeyboardEvent("keydown", e))) return;
  e.preventDefault();
  host.focus({ preventScroll: true });
}

// Keys for what has a name. None reaches the notebook, where single letters delete cells. A field,
// list or slider but its own has them for itself, until Escape leaves it.
function listen(label, actions, slider) {
  host.tabIndex = 0;
  host.setAttribute("role", "group");
  host.setAttribute("aria-label", label);
  for (const type of ["keydown", "keyup", "keypress"])
    host.addEventListener(type, (e) => e.key !== "Tab" && e.stopPropagation());
  host.addEventListener("keydown", (e) => {
    const on = e.composedPath()[0],
      elsewhere = on !== slider && on.matches("input,select"),
      pressing = /^[ ]$|^Enter$/.test(e.key) && on.matches("button,summary");
    if (e.ctrlKey || e.metaKey || e.altKey || pressing || (elsewhere && e.key !== "Escape")) return;
    if (!Object.hasOwn(actions, e.key)) return;
    e.preventDefault();
    if (elsewhere) host.focus();
    else keepingFocus(actions[e.key]);
  });
}

// --- looking ---

// The keys of whoever has a `look`, a viewer.
const looking = { f: () => look.fit(), "+": () => look.larger(), "-": () => look.smaller() };

// A picture fits into the page, unless its type would become too small to read; then a part is
// shown, and a small map says which. A margin of less than a tenth is not cut off. It stands in `frame`.
const presented = () => host.hasAttribute("data-present"),
  smallest = () => Math.max(host.clientWidth < 500 ? 0.9 : 0.7, presented() && host.clientWidth / 1700);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
function viewer(svg, label, frame) {
  const [left, top, width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const picture = el("div", { class: "pic", tabindex: "0", role: "group", "aria-label": label }, svg);
  let zoom = 0, // 0: as it fits
    place; // what is seen of the picture
  const room = () => [picture.clientWidth / width, (parseFloat(getComputedStyle(picture).maxHeight) || height) / height],
    fitting = () => Math.min(presented() ? 3 : 1, ...room()),
    // A part that is presented is large, for the last row reads it, too; it may fill its room one way.
    large = () => (presented() ? Math.min(host.clientWidth / 960, Math.max(host.clientWidth / 1280, ...room())) : 0),
    scale = () => zoom || (fitting() > 0.9 * smallest() ? fitting() : Math.max(smallest(), large()));
  function zoomTo(x) {
    const before = place;
    zoom = x && Math.min(4, Math.max(0.1, x));
    resize();
    centre(before);
  }
  const fit = () => zoomTo(fitting()),
    larger = () => zoomTo(scale() * 1.25),
    smaller = () => zoomTo(scale() / 1.25);
  const cut = () =>
    picture.scrollWidth > picture.clientWidth + 1 || picture.scrollHeight > picture.clientHeight + 1;
  const centre = (r, behavior) =>
    picture.scrollTo({
      left: (r.x + r.width / 2 - left) * scale() - picture.clientWidth / 2,
      top: (r.y + r.height / 2 - top) * scale() - picture.clientHeight / 2,
      behavior,
    });
  function reveal(box) {
    if (!box || !cut()) return;
    centre(box.querySelector("rect").getBBox(), calm.matches ? "auto" : "smooth");
  }
  const seen = svgEl("rect", { class: "seen" }),
    outlines = [...svg.querySelectorAll("[data-node] > rect:first-of-type")].map((r) => r.cloneNode()),
    sized = { viewBox: svg.getAttribute("viewBox"), width: Math.min(150, (40 * width) / height) },
    map = svgEl("svg", { class: "map", ...sized, "aria-hidden": "true" }, ...outlines, seen);
  map.addEventListener("pointerdown", (e) => {
    const r = map.getBoundingClientRect(),
      k = width / r.width;
    centre({ x: left + (e.clientX - r.x) * k, y: top + (e.clientY - r.y) * k, width: 0, height: 0 });
  });
  const overview = el("div", { class: "row overview" }, map, "A part of the picture: drag it or fit it (f).");
  const bar = el(
    "div",
    { class: "row view" },
    button("−", smaller, { "aria-label": "Make the picture smaller" }),
    button("+", larger, { "aria-label": "Make the picture larger" }),
    button("Fit", fit, { title: "All of it (f)" }),
    overview,
  );
  function drawMap() {
    overview.hidden = !cut();
    const k = scale();
    place = {
      x: left + picture.scrollLeft / k,
      y: top + picture.scrollTop / k,
      width: Math.min(width, picture.clientWidth / k),
      height: Math.min(height, picture.clientHeight / k),
    };
    for (const key in place) seen.setAttribute(key, place[key]);
  }
  function resize() {
    svg.setAttribute("style", "width:" + width * scale() + "px;height:auto");
    drawMap();
  }
  picture.addEventListener("scroll", drawMap);
  picture.addEventListener("pointermove", (e) => {
    if (e.buttons === 1 && e.pointerType !== "touch") picture.scrollBy(-e.movementX, -e.movementY); // a finger scrolls by itself
  });
  picture.addEventListener(
    "wheel",
    (e) => {
      if (!e.ctrlKey) return;
      e.preventDefault();
      zoomTo(scale() * (e.deltaY < 0 ? 1.15 : 1 / 1.15));
    },
    { passive: false },
  );
  new ResizeObserver(resize).observe(picture);
  frame.replaceChildren(picture, bar);
  return { fit, larger, smaller, reveal, anew: () => zoomTo(0) };
}
