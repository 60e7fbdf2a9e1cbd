// How numbers are written; the only thing that is written in Python and here, for new numbers.

const real = (x) => (typeof x === "string" ? +x.replace("inf", "Infinity") : x);
// As autograd.viz.text.number: 4 digits, and of two that are as near, the even one.
function digits(x) {
  if (Math.abs(x) < 1e6 && Number.isInteger(x)) return String(x + 0 || 0);
  if (!Number.isFinite(x)) return String(x).toLowerCase().replace("inity", "");
  const all = x.toExponential(60);
  const tie = /^-?\d\.\d\d[02468]50*e/.test(all);
  const short = tie ? all.replace(/(\.\d{3})\d+/, "$1") : x.toExponential(3);
  const [mantissa, power] = short.split("e"),
    far = power < -4 || power > 3,
    text = String(far ? +mantissa : +short);
  const shown = text.replace(/^[-0.]+|\./g, "").length - 2 * !text.includes(".");
  const keep = shown < 2 && Math.abs(x - short) > 2e-7 * Math.abs(x);
  return (keep ? (far ? mantissa : (+short).toPrecision(4)) : text) + (far ? "e" + +power : "");
}
const counted = (n) => n.toLocaleString("en");
// What printed numbers come to: ≈ where, rounded as they are, they give other digits.
const outcome = (rounded, x, one = digits(rounded), other = digits(x)) =>
  (one === other || (one.includes(".") <= other.includes(".") && +one == other) ? " = " : " ≈ ") + other;
const productOf = (factors, x) => outcome(factors.reduce((product, factor) => product * real(factor), 1), x);
const minus = (text) => (text.startsWith("-") ? "(" + text + ")" : text);
const latexNumber = (text) =>
  text.replace(/e([-\d]+)/, " \\times 10^{$1}").replace("inf", "\\infty").replace("nan", "\\text{nan}").replace("≈", "\\approx");
// As number_typed of autograd/expression.py; null is none.
function typedNumber(typed) {
  const given = typed.replace(/−/g, "-").replace(/,/g, ".");
  const [over, under = "1", more] = given.split("/").map((part) => part.trim());
  const plain = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
  if (/^[+-]?(inf(inity)?|nan)$/i.test(given)) return real(given.toLowerCase().replace("inity", ""));
  return more == null && plain.test(over) && plain.test(under) && +under ? over / under : null;
}
