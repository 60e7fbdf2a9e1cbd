// How numbers are written; the only thing that is written in Python and here, for new numbers.

const real = (x) => (typeof x === "string" ? +x.replace("inf", "Infinity") : x);
// As autograd.viz.text.number: 4 digits, and of two that are as near, the even one.
function digits(x) {
  if (Math.abs(x) < 1e6 && Number.isInteger(x)) return String(x + 0 || 0);
  if (!Number.isFinite(x)) return x > 0 ? "inf" : x < 0 ? "-inf" : "nan";
  const all = x.toExponential(60);
  const tie = /^-?\d\.\d\d[02468]50*e/.test(all);
  const short = tie ? all.replace(/(\.\d{3})\d+/, "$1") : x.toExponential(3);
  const [mantissa, power] = short.split("e");
  return power < -4 || power > 3 ? +mantissa + "e" + +power : String(+short);
}
// As autograd.viz.text.constant.
function constant(x) {
  const text = digits(x),
    longer = String(+x.toPrecision(7));
  if (+text === x || !(Math.abs(x) >= 1e-4 && Math.abs(x) < 1e7)) return text;
  if (+longer === x) return longer;
  return Number.isInteger(+text) && Math.abs(x - text) >= 1e-12 * Math.abs(x) ? String(x) : text;
}
const minus = (text) => (text.startsWith("-") ? "(" + text + ")" : text);
const latexNumber = (text) =>
  text.replace(/e([-\d]+)/, " \\times 10^{$1}").replace("inf", "\\infty").replace("nan", "\\text{nan}");
// What the command line takes for a number, and fractions; null is none.
function typedNumber(typed) {
  const given = typed.replace(/−/g, "-").replace(",", ".");
  const parts = given.split("/").map((part) => part.trim());
  const plain = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
  if (/^[+-]?inf(inity)?$/i.test(given)) return given[0] === "-" ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(given)) return NaN;
  if (parts.length > 2 || !parts.every((part) => plain.test(part))) return null;
  return parts.length === 2 ? parts[0] / parts[1] : +parts[0];
}
