// Names and formulas as autograd.viz.notation and autograd.viz.symbols write them.
//
// A formula is a number, {name}, or {op, of: operands}. How an operation is written, and the
// formulas of its derivatives, come from the rulebook in `grammar.ops`.

const superscript = (n) => [...String(n)].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]).join("");
const writtenNames = new Map();
function nameOf(code) {
  if (!writtenNames.has(code)) writtenNames.set(code, takenApart(code));
  return writtenNames.get(code);
}
function takenApart(code) {
  const found =
    /^([\p{L}\p{Nl}\p{No}][\p{L}\p{N}_]*?)(?:_(hat|bar|tilde|dot))?(_?\p{Nd}+|(?:_\p{Nd}+){2,})?$/u.exec(code);
  if (!found) return asWritten(printable(code), "", [], false);
  let [, letter, accent = "", index = ""] = found;
  if (Object.hasOwn(grammar.greek, letter)) letter = grammar.greek[letter];
  const apart = [...letter.normalize("NFD")];
  if (apart.length === 2 && !accent) {
    accent = Object.keys(grammar.marks).find((a) => grammar.marks[a] === apart[1]) || "";
    if (accent) letter = apart[0];
  }
  if ([...letter].length > 1 && (accent || index)) return asWritten(code, "", [], true);
  return asWritten(letter, accent, index.match(/\p{Nd}+/gu) || [], true);
}
function asWritten(base, accent, index, plain) {
  const joined = index.join(index.length > 2 || index.some((x) => [...x].length > 1) ? "," : "");
  const text =
    (base + (grammar.marks[accent] || "")).normalize("NFC") + [...joined].map((c) => "₀₁₂₃₄₅₆₇₈₉"[c] || c).join("");
  let tree = ["mi", base];
  if (!plain) tree = ["mtext", base];
  else if (accent) tree = ["mover", tree, ["mo", grammar.accents[accent]]];
  if (plain && index.length) tree = ["msub", tree, ["mn", joined]];
  return { name: text, tree, latex: latexOf(tree) };
}
function textLatex(text) {
  const signs = { __proto__: null, "\\": "\\backslash", "^": "\\wedge", "~": "\\sim" };
  const parts = text.split(/([\\^~])/).filter((part) => part);
  return parts.map((part) => signs[part] || "\\text{" + part.replace(/[{}$&#%_]/g, "\\$&") + "}").join("") || "\\text{}";
}

// --- light simplification, as in autograd.viz.symbols ---

// As autograd.viz.text.constant.
function constant(x) {
  const text = digits(x),
    longer = String(+x.toPrecision(7));
  if (+text === x || !(Math.abs(x) >= 1e-4 && Math.abs(x) < 1e7)) return text;
  if (+longer === x) return longer;
  return Number.isInteger(+text) && Math.abs(x - text) >= 1e-12 * Math.abs(x) ? String(x) : text;
}
const isNumber = (x) => typeof x === "number";
const same = (x, y) =>
  isNumber(x) || isNumber(y) ? x === y
    : x.name !== y.name || x.op !== y.op ? false : !x.op || x.of.every((part, i) => same(part, y.of[i]));
const minusOf = (x) => (isNumber(x) ? (x < 0 ? -x : null) : x.op === "negative" ? x.of[0] : null);
const make = (op, ...of) => {
  if (["add", "subtract", "multiply", "negative"].includes(op) && of.every(isNumber)) return rules[op][0](...of);
  for (const [[name, ...patterns], other] of grammar.simpler) {
    const bound = {};
    if (name === op && patterns.every((pattern, i) => fits(pattern, of[i], bound))) return filledIn(other, bound);
  }
  return { op, of };
};
function fits(pattern, x, bound) {
  if (isNumber(pattern)) return x === pattern;
  if (!Array.isArray(pattern)) return same((bound[pattern] ??= x), x);
  if (pattern[0] !== "negative")
    return x.op === pattern[0] && pattern.slice(1).every((part, i) => fits(part, x.of[i], bound));
  const positive = minusOf(x);
  return positive !== null && fits(pattern[1], positive, bound);
}
// The formula of a derivative, ["multiply", "x", 2], with the operands and the result filled in.
function filledIn(formula, leaves) {
  if (isNumber(formula)) return formula;
  if (typeof formula === "string") return Object.hasOwn(leaves, formula) ? leaves[formula] : +formula;
  const of = formula.slice(1).map((part) => filledIn(part, leaves));
  return formula[0] === "square" && isNumber(of[0]) ? of[0] * of[0] : make(formula[0], ...of);
}

// --- written as text, as LaTeX and as MathML ---

const NEGATIVE = 0,
  FACTOR = 2,
  RAISED = 3,
  ATOM = 4; // how firmly a formula holds together
const bracketed = ([written, firmness], needed, brackets) => (firmness >= needed ? written : brackets(written));
const round = (text) => "(" + text + ")";
const roundTree = (tree) => ["mrow", ["mo", "("], tree, ["mo", ")"]];
const known = (x) => grammar.known.find(([number]) => number === x);
function textOf(x) {
  if (isNumber(x)) {
    const text = known(x)?.[1] || constant(x);
    return [text, x < 0 ? NEGATIVE : /\de/.test(text) ? RAISED : ATOM]; // not 1e-12²
  }
  if (x.name !== undefined) return [nameOf(x.name).name, ATOM];
  const [template, firmness, needs] = templateOf(x);
  const operands = x.of.map((y, i) => bracketed(textOf(y), needs[i], round));
  return [withParts(template, operands), firmness];
}
// As autograd.viz.symbols.text_template.
function templateOf({ op, of }) {
  const exponent = grammar.ops[op].operator === "pow" && textOf(of[1])[0];
  return /^\d$/.test(exponent) ? ["{0}" + superscript(exponent), RAISED, [ATOM, NEGATIVE]] : grammar.ops[op].text;
}
const factorOf = (x) => bracketed(textOf(x), FACTOR, round);
// As autograd.viz.tree.latex.
function latexOf([kind, ...parts]) {
  if (kind === "mi") return wordLatex(parts[0]);
  if (kind === "mn") return parts[0] === "nan" ? "\\text{nan}" : parts[0];
  if (kind === "mo") return Object.hasOwn(grammar.commands, parts[0]) ? grammar.commands[parts[0]] : parts[0];
  if (kind === "mtext") return textLatex(parts[0]);
  const [one, other] = parts.map(latexOf);
  if (kind === "mover") return "\\" + Object.keys(grammar.accents).find((a) => grammar.accents[a] === other) + "{" + one + "}";
  if (kind in grammar.composed) return withParts(grammar.composed[kind], [one, other]);
  if (kind === "msup")
    return (parts[0][0] === "msup" ? "{" + one + "}" : one) + "^" + (other.length === 1 ? other : "{" + other + "}");
  return rowLatex(parts);
}
function wordLatex(word) {
  if (Object.hasOwn(grammar.commands, word)) return grammar.commands[word];
  if (grammar.words.includes(word)) return "\\" + word;
  return [...word].length === 1 ? word : "\\mathrm{" + word.replaceAll("_", "\\_") + "}";
}
function rowLatex(parts) {
  if (parts.length === 3 && parts[0][1] === "(" && parts[1][0] === "mn") return "(" + parts[1][1] + ")";
  let written = "", last = "", bars = 0, opens = false;
  for (const part of parts) {
    let one = latexOf(part);
    const afterOpening = opens;
    opens = false;
    if (part[0] === "mo" && "()[]|‖".includes(part[1])) {
      bars += "|‖".includes(part[1]);
      opens = "([".includes(part[1]) || ("|‖".includes(part[1]) && bars % 2 === 1);
      one = (opens ? "\\left" : "\\right") + one;
    }
    const tight = last === "" || written === "-" || afterOpening || one === "," ||
      (/^\\(left|right)/.test(one) && !grammar.binary.includes(last));
    written += (tight ? "" : " ") + one;
    last = one;
  }
  return written;
}
function treeOf(x, needed = NEGATIVE) {
  return bracketed(treeAndFirmness(x), needed, roundTree);
}
function treeAndFirmness(x) {
  if (isNumber(x)) {
    const [text, firmness] = textOf(x);
    return [known(x) ? ["mrow", ["mi", "ln"], ["mn", text.slice(4, -1)]] : numberTree(text), firmness];
  }
  if (x.name !== undefined) return [nameOf(x.name).tree, ATOM];
  const { places, tree } = grammar.ops[x.op];
  if (!places) {
    const commas = x.of.flatMap((y) => [["mo", ","], treeOf(y)]).slice(1);
    return [["mrow", tree, ["mo", "("], ...commas, ["mo", ")"]], ATOM];
  }
  const [firmness, needs] = places;
  const operands = x.of.map((y, i) => treeOf(y, needs[i]));
  const replaced = (t) =>
    typeof t === "string" ? t : t[0] === "slot" ? operands[t[1]] : [t[0], ...t.slice(1).map(replaced)];
  return [replaced(tree), firmness];
}
function numberTree(text) {
  if (text.startsWith("-")) return ["mrow", ["mo", "−"], numberTree(text.slice(1))];
  const [mantissa, exponent] = text.split("e");
  if (exponent && mantissa)
    return ["mrow", ["mn", mantissa], ["mo", "×"], ["msup", ["mn", "10"], numberTree(exponent)]];
  return text === "inf" ? ["mi", "∞"] : ["mn", text];
}
