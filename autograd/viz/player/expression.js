// Reads an expression as autograd/expression.py does, with the same words under the same column.
//
// `grammar` is what that file and the rulebook say: functions, operations, words (grammar_js.py).
// A place is a count of characters, not of JavaScript's halves of them.

const SUM = 1,
  PRODUCT = 2,
  SIGN = 3,
  POWER = 4;
const OPERATORS = {
  "+": ["add", SUM],
  "-": ["subtract", SUM],
  "*": ["multiply", PRODUCT],
  "/": ["divide", PRODUCT],
  "**": ["power", POWER],
};
const SPACES = /[\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;
const NUMBER =
  /(?:[0-9](?:_?[0-9])*\.?(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*)(?:[eE][+-]?[0-9](?:_?[0-9])*)?/y;
const inRanges = (ranges, c) => {
  const code = c.codePointAt(0);
  return ranges.some(([from, to]) => from <= code && code <= to);
};
const columns = (text) =>
  [...text].reduce(
    (n, c) => n + (inRanges(grammar.combining, c) ? 0 : 1 + inRanges(grammar.wide, c)),
    0,
  );
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
function wrapped(text, width) {
  const lines = [];
  for (const word of text.split(" "))
    lines.length && (lines.at(-1) + " " + word).length <= width
      ? (lines[lines.length - 1] += " " + word)
      : lines.push(word);
  return lines;
}
class ExpressionError extends Error {
  constructor(message, place) {
    super(message);
    this.place = place;
  }
}

function readExpression(given) {
  const text = [
    ...given
      .split(SPACES)
      .filter((part) => part)
      .join(" ")
      .normalize("NFC"),
  ];
  const whole = text.join("");
  const program = [],
    names = new Map(),
    pending = [];
  let deep = 0,
    opened = 0;

  function refusal(problem, place, allowed) {
    const start = Math.max(0, place - Math.floor(grammar.width / 2));
    const shown = text.slice(start, start + grammar.width).join("");
    const before = start ? "… " : "",
      after = start + grammar.width < text.length ? " …" : "";
    const caret = " ".repeat(columns(before + text.slice(start, place).join(""))) + "^";
    const lines = ["expression: " + problem, "  " + before + shown + after, "  " + caret];
    if (allowed) lines.push(...wrapped(grammar.allowed, grammar.width));
    return new ExpressionError(printable(lines.join("\n")), place);
  }
  const misfit = (token) =>
    refusal("this does not fit what is before it; is an operator such as * missing?", token.place);

  function check() {
    if (!whole) throw new ExpressionError('expression: is empty; write for example "tanh(w*x + b)".', 0);
    const most = grammar.longest.toLocaleString("en");
    if (text.length > grammar.longest)
      throw new ExpressionError(
        "expression: needs at most " + most + " characters, but got " + text.length.toLocaleString("en") + ".",
        grammar.longest,
      );
    const word = "(?<![\\p{L}\\p{N}_])(?:" + grammar.keywords.join("|") + ")(?![\\p{L}\\p{N}_])";
    const refused = new RegExp(word + "|[^\\p{L}\\p{N}_ .,+\\-*/()]|[²³]|//", "gu");
    for (const found of whole.matchAll(refused)) {
      if (inRanges(grammar.combining, found[0])) continue;
      const hint = grammar.hints[found[0]];
      throw refusal(
        found[0] + " is not allowed" + (hint ? "; " + hint : "") + ".",
        [...whole.slice(0, found.index)].length,
        !hint,
      );
    }
  }
  const continues = (c) => c !== undefined && /[\p{XID_Continue}]/u.test(c);
  function wordEnd(at) {
    while (continues(text[at])) at++;
    return at;
  }
  function tokens() {
    const list = [];
    let at = 0;
    while (at < text.length) {
      const start = at;
      if (text[at] === " ") {
        at++;
        continue;
      }
      const rest = text.slice(at).join("");
      NUMBER.lastIndex = 0;
      const number = NUMBER.exec(rest);
      if (number) {
        const end = at + number[0].length;
        at = wordEnd(end);
        const more = text.slice(end, at).join("");
        if (more && !/^[jJ]$/.test(more))
          throw refusal("a number runs into a name; a product is written 2*x.", start);
        list.push({ kind: more ? "imaginary" : "number", text: number[0], place: start });
      } else if (/[\p{XID_Start}_]/u.test(text[at])) {
        at = wordEnd(at);
        list.push({ kind: "name", text: text.slice(start, at).join("").normalize("NFKC"), place: start });
      } else if ("+-*/(),.".includes(text[at])) {
        at += rest.startsWith("**") ? 2 : 1;
        const sign = text.slice(start, at).join("");
        list.push({ kind: sign, text: sign, place: start });
      } else throw refusal(text[at] + " is not allowed.", at, true);
    }
    list.push({ kind: "end", text: "", place: text.length });
    return list;
  }

  const nests = (item) => ["sign", "(", "call", "**"].includes(item.kind);
  function push(item) {
    pending.push(item);
    deep += nests(item);
    if (deep > grammar.deepest)
      throw refusal("is nested more than " + grammar.deepest + " deep.", item.place);
  }
  function pop() {
    const item = pending.pop();
    deep -= nests(item);
    return item;
  }
  function reduce(rank) {
    while (pending.length && pending.at(-1).rank >= Math.max(rank, 1)) {
      const done = pop();
      if (done.op) program.push([done.op, done.kind === "sign" ? 1 : 2]);
    }
  }
  function unfinished(end) {
    for (const item of pending.slice().reverse())
      if (item.kind === "(" || item.kind === "call")
        return refusal("this bracket is never closed.", text.indexOf("(", item.place + [...(item.name || "")].length));
    return refusal("something is missing at the end.", end.place);
  }
  function functionOf(token) {
    if (Object.hasOwn(grammar.functions, token.text)) return grammar.functions[token.text];
    const likely = closest(token.text),
      hint = likely ? " Did you mean " + (grammar.aliases[likely] || likely) + "?" : "";
    throw refusal(token.text + " is not a function." + hint, token.place, !hint);
  }
  function close(token, more) {
    reduce(0);
    if (!pending.length) throw refusal("this bracket has no partner.", token.place);
    const done = pop();
    opened = done.place;
    if (!done.op) return;
    const { arity: most, defaults } = grammar.ops[done.op],
      given = done.arguments + more,
      least = most - defaults.length;
    if (given < least || given > most) {
      const needed =
        least === most ? most + " argument" + (most > 1 ? "s" : "") : least + " to " + most + " arguments";
      throw refusal(done.name + " needs " + needed + ", but got " + given + ".", done.place);
    }
    program.push([done.op, given]);
  }
  function empty(token) {
    const last = pending.at(-1);
    if (last && last.kind === "(") throw refusal("a list is not allowed.", last.place, true);
    if (last && last.kind !== "call") throw misfit(token);
    close(token, 0);
  }
  function operand(token) {
    const last = pending.at(-1);
    if (token.kind === "name") {
      if (!names.has(token.text)) names.set(token.text, token.place);
      program.push(token.text);
    } else if (token.kind === "number") program.push(+token.text.replaceAll("_", ""));
    else if (token.kind === "imaginary")
      throw refusal("an imaginary number is not allowed.", token.place, true);
    else if (token.kind === "end") throw unfinished(token);
    else if (last && last.kind === "call" && token.kind === "*")
      throw refusal("a starred argument is not allowed.", token.place, true);
    else if (last && last.kind === "call" && token.kind === "**")
      throw refusal("** is not allowed here.", token.place, true);
    else throw misfit(token);
  }
  // Returns whether another operand must follow.
  function operator(token, start) {
    if (token.kind === "end") {
      reduce(0);
      if (pending.length) throw unfinished(token);
      return false;
    }
    if (Object.hasOwn(OPERATORS, token.kind)) {
      const [op, rank] = OPERATORS[token.kind];
      reduce(rank + (token.kind === "**"));
      push({ kind: token.kind, rank, place: token.place, op });
      return true;
    }
    if (token.kind === ")") {
      close(token, 1);
      return false;
    }
    if (token.kind === ",") {
      reduce(0);
      const last = pending.at(-1);
      if (!last || last.kind !== "call") throw refusal("a list is not allowed.", last ? last.place : 0, true);
      last.arguments++;
      return true;
    }
    if (token.kind === "(") throw refusal("this is not a function.", start, true);
    if (token.kind === ".") throw refusal(". is not allowed between names.", token.place, true);
    throw misfit(token);
  }

  check();
  let needsOperand = true,
    start = 0;
  const list = tokens();
  list.forEach((token, k) => {
    if (!needsOperand) {
      needsOperand = operator(token, start);
      if (token.kind === ")") start = opened;
      return;
    }
    start = token.place;
    const after = list[k + 1];
    if (token.kind === ")") {
      empty(token);
      start = opened;
      needsOperand = false;
    } else if (token.kind === "+" || token.kind === "-")
      push({ kind: "sign", rank: SIGN, place: token.place, op: token.kind === "-" ? "negative" : null });
    else if (token.kind === "(") push({ kind: "(", rank: 0, place: token.place });
    else if (token.kind === "name" && after.kind === "(") {
      push({ kind: "call", rank: 0, place: token.place, op: functionOf(token), arguments: 0, name: token.text });
      after.kind = "opened";
    } else if (token.kind !== "opened") {
      operand(token);
      needsOperand = false;
    }
  });
  return { program, names, refusal };
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
