// Tells what is wrong with an expression as autograd/expression.py does, with the same words at the
// same character.
//
// `grammar` is what that file and the rulebook say: functions, operations, words (typed.py).

const SPACES = /[\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;
function printable(text) {
  const turning = /[\u202a-\u202e\u2066-\u2069\p{Cc}\p{Cs}]/u;
  return [...text]
    .map((c) => {
      const code = c.codePointAt(0);
      if (c === "\n" || (code >= 32 && code < 127)) return c;
      if (code < 32) return String.fromCodePoint(0x2400 + code);
      if (code === 127) return "␡";
      return turning.test(c) || (code & 0xfffe) === 0xfffe ? "\ufffd" : c;
    })
    .join("");
}
// As autograd.viz.symbols.filled: what stands in a template for its parts, and doubled braces.
const withParts = (template, parts) => template.replace(/\{(\d)\}|([{}])\2?/g, (_, k, brace) => brace || parts[k]);
// What is wrong, perhaps at a place of what was read; where no hint is given, what is allowed follows.
class ExpressionError extends Error {
  constructor(problem, whole, place, allowed) {
    super(printable(problem));
    Object.assign(this, { whole, place, allowed });
  }
}
function readExpression(given) {
  const whole = given
    .split(SPACES)
    .filter((part) => part)
    .join(" ")
    .normalize("NFC");
  const refuse = (why, place, ...details) => {
    const [, , least, most] = details;
    if (why === "arity") why = least < most ? "some" : most > 1 ? "many" : "one";
    return new ExpressionError(withParts(grammar.refusals[why], details), whole, place, grammar.helpless.includes(why));
  };
  function check() {
    if (!whole) throw refuse("empty");
    const { length } = [...whole];
    if (length > grammar.longest) throw refuse("long", undefined, counted(length));
    const word = "(?<![\\p{L}\\p{N}_])(?:" + grammar.keywords.join("|") + ")(?![\\p{L}\\p{N}_])";
    const refused = new RegExp(word + "|[^\\p{L}\\p{N}\\p{M}_ .,+\\-*/()]|[²³]|//", "gu");
    for (const found of whole.matchAll(refused)) {
      const hint = grammar.hints[found[0]];
      throw refuse(hint ? "hinted" : "sign", found.index, found[0], hint);
    }
    for (const { 0: sign, 1: number, 2: more, 3: name, index } of whole.matchAll(TOKEN)) {
      if (more && !"jJ".includes(more)) throw refuse("runs", index);
      if (!number && !name && !/[-+*/(),.]/.test(sign)) throw refuse("sign", index, sign);
    }
  }
  function named(name, place) {
    if (Object.hasOwn(grammar.functions, name)) return grammar.functions[name];
    const likely = closest(name);
    throw refuse(likely ? "meant" : "unknown", place, name, grammar.aliases[likely] || likely);
  }
  check();
  return { ...programOf(whole, { refuse, named, deepest: grammar.deepest }), refuse };
}
function closest(word) {
  const letters = [...word],
    most = Math.min(Math.max(1, Math.floor(letters.length / 3)), letters.length - 1);
  let best = "",
    least = most + 1;
  for (const name of Object.keys(grammar.functions)) {
    const slips = Math.abs([...name].length - letters.length) <= most ? slipsBetween(letters, [...name]) : least;
    if (slips < least) [best, least] = [name, slips];
  }
  return best;
}
function slipsBetween(word, other) {
  let before = [],
    row = [...Array(other.length + 1).keys()];
  word.forEach((x, i) => {
    const now = [i + 1];
    other.forEach((y, j) => {
      let n = Math.min(now[j] + 1, row[j + 1] + 1, row[j] + (x !== y));
      if (i && j && x === other[j - 1] && word[i - 1] === y) n = Math.min(n, before[j - 1] + 1);
      now.push(n);
    });
    [before, row] = [row, now];
  });
  return row.at(-1);
}
