// Elements. Whatever a person named or wrote enters a page as text or as an attribute, never as markup.

function built(e, props, children) {
  for (const [key, x] of Object.entries(props || {}))
    key.startsWith("on") ? e.addEventListener(key.slice(2), x) : e.setAttribute(key, x);
  e.append(...children);
  return e;
}
const el = (tag, props, ...children) => built(document.createElement(tag), props, children),
  svgEl = (tag, props, ...children) => built(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);
