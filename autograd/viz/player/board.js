// The page in which an expression is typed: fields, sliders, and the player of what was typed. What
// it shows stands in the address behind the #, so that a link leads to it.

const EXAMPLES = ["tanh(w*x + b)", "x*x", "x*y + x", "(sigmoid(w*x + b) - y)**2", "ln(1 + exp(-y*(w*x + b)))"];
const typed = document.getElementById("expression"),
  told = document.getElementById("told"),
  leaves = document.getElementById("leaves"),
  stage = document.getElementById("stage"),
  link = document.getElementById("link");
let given = new Map(),
  shown = "",
  host = null;

function namesIn(expression) {
  return [...expression.names.keys()].filter(
    (name) => (given.has(name) || !Object.hasOwn(CONSTANTS, name)) && !Object.hasOwn(grammar.functions, name),
  );
}
// New leaves begin with different numbers, so that what is seen is no accident.
const FIRST = [0.5, 2, 0.25, 1, -0.5, 3, -2, 1.5];
function show() {
  const before = host?.player?.at() || 0;
  let record;
  try {
    const expression = readExpression(typed.value),
      names = namesIn(expression);
    given = new Map(names.map((name, i) => [name, given.has(name) ? given.get(name) : FIRST[i % FIRST.length]]));
    record = recordOf(typed.value, given);
    if (record.nodes.length > grammar.drawn)
      throw new ExpressionError(
        "this page draws at most " + grammar.drawn + " nodes, but these are " + counted(record.nodes.length) +
          "; glassgrad play on the command line folds what is larger.",
      );
  } catch (e) {
    if (!(e instanceof ExpressionError)) throw e;
    tell(e);
    typed.setAttribute("aria-invalid", "true");
    stage.inert = leaves.inert = true;
    return;
  }
  told.textContent = "";
  typed.removeAttribute("aria-invalid");
  stage.inert = leaves.inert = false;
  const same = shown === typed.value;
  shown = typed.value;
  start(record, same ? before : 0);
  fields();
  remember();
}
// Words are broken into lines; the expression and the caret below it are not, but scrolled to it.
function tell({ message, whole, place, allowed }) {
  told.textContent = message;
  if (place === undefined) return;
  const sign = whole.slice(place).match(/^.?/su)[0],
    mark = el("span", { class: "at" }, printable(sign) || " "),
    [before, after] = [whole.slice(0, place), whole.slice(place + sign.length)].map(printable),
    line = el("span", { class: "place" }, before, mark, after);
  told.append(line, allowed ? grammar.allowed : "");
  line.scrollLeft = mark.offsetLeft - line.clientWidth / 2;
}
function start(record, position) {
  const svg = new XMLSerializer().serializeToString(arrange(record));
  const bytes = new TextEncoder().encode(svg);
  const src = "data:image/svg+xml;base64," + btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  host = el("div", { class: "glassgrad" }, el("img", { alt: "", src }));
  stage.replaceChildren(host);
  host.addEventListener("leaf", ({ detail: [code, x] }) => {
    given.set(code, x);
    fields();
    remember();
  });
  host.addEventListener("step", remember);
  player(host, css, { ...record, functions: grammar.functions }, rules);
  host.player.go(position);
}
function fields() {
  const wanted = [...given.keys()].join(" ");
  if (leaves.dataset.names !== wanted) {
    leaves.dataset.names = wanted;
    leaves.replaceChildren(...[...given.keys()].map(fieldOf));
  }
  for (const row of leaves.children) row.show(given.get(row.title));
}
function fieldOf(name) {
  const [text, slider, wrong] = numberField(name, nameOf(name).name, 0, [-5, 5], (x) => {
    if (x !== null) host.player.set(name, x);
  });
  const row = el("div", { class: "leaf", title: name }, el("span", { class: "name" }, nameOf(name).name + " ="), text, slider, wrong);
  row.show = (x) => {
    if (!Object.is(typedNumber(text.value), x)) text.value = written(x);
    slider.value = x;
  };
  return row;
}

// --- the address ---

const written = (x) => (Object.is(x, -0) ? "-0" : String(x).replace("Infinity", "inf").toLowerCase());
function remember() {
  const state = new URLSearchParams([["f", shown], ...[...given].map(([name, x]) => ["." + name, written(x)])]);
  if (host.player.at()) state.set("step", host.player.at());
  link.href = "#" + state;
  try {
    history.replaceState(null, "", "#" + state);
  } catch {} // a frame without an address
}
function recall() {
  const state = new URLSearchParams(location.hash.slice(1));
  typed.value = (state.get("f") ?? EXAMPLES[0]).slice(0, 2 * grammar.longest);
  given = new Map();
  for (const [key, text] of state) {
    const x = typedNumber(text);
    if (key[0] === "." && x !== null) given.set(key.slice(1), x);
  }
  show();
  const step = Number(state.get("step"));
  if (Number.isInteger(step) && step > 0 && host) host.player.go(step);
}
typed.addEventListener("input", show);
addEventListener("hashchange", recall);
const examples = document.getElementById("examples");
examples.append(
  ...EXAMPLES.map((text) =>
    el("button", { type: "button", onclick: () => ((typed.value = text), (given = new Map()), show()) }, text),
  ),
);
recall();
