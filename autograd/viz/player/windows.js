// The numbers of convolutions, pooling and kernels to choose from: each shows its window, or where a
// weight of a kernel met what, and what arrived there.

function choiceOf({ asks, rows: numbers, texts: told, more: others }) {
  const field = matrix(numbers),
    said = el("pre", { class: "line wide", role: "region", "aria-live": "polite", tabindex: "0", "aria-label": asks });
  let on;
  field.querySelectorAll("td").forEach((td, k) => {
    const text = td.textContent;
    const pressed = () => {
      on?.setAttribute("aria-pressed", false);
      on = one;
      on.setAttribute("aria-pressed", true);
      said.textContent = told[k];
    };
    const one = button(text, pressed, { "aria-pressed": "false", "aria-label": text + ", " + told[k].split(" = ")[0] });
    td.setAttribute("class", "of");
    td.replaceChildren(one);
  });
  return [p(asks), el("div", { class: "strip" }, field, said), others ? p(others) : ""];
}
const plainly = aboutNode;
aboutNode = (i) => [...plainly(i), ...(trace.windows[i] ? choiceOf(trace.windows[i]) : [])];
