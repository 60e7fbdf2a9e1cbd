// Elements. Whatever a person named or wrote enters a page as text or as an attribute, never as markup.

function el(tag, props, ...children) {
  const e = document.createElement(tag);
  for (const [key, x] of Object.entries(props || {}))
    key.startsWith("on") ? e.addEventListener(key.slice(2), x) : e.setAttribute(key, x);
  e.append(...children);
  return e;
}
const svgEl = (tag, props) => {
  const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, x] of Object.entries(props)) e.setAttribute(key, x);
  return e;
};
