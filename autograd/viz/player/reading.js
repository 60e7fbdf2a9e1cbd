// Reads an expression as autograd/expression.py does: into what is to be computed one after the
// other, numbers, names, and [operation, how many operands].
//
// What is wrong is told to `refuse(why, place, ...)`, which makes the error. `named` finds the
// operation of a function's name, `arity` how many operands it takes, at least and at most.

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
const NUMBER =
  /(?:[0-9](?:_?[0-9])*\.?(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*)(?:[eE][+-]?[0-9](?:_?[0-9])*)?/y;

function tokensOf(text, refuse) {
  const list = [];
  let at = 0;
  const wordEnd = (from) => {
    while (from < text.length && /\p{XID_Continue}/u.test(text[from])) from++;
    return from;
  };
  while (at < text.length) {
    const place = at,
      rest = text.slice(at).join("");
    NUMBER.lastIndex = 0;
    const number = NUMBER.exec(rest);
    if (number) {
      const end = at + number[0].length;
      at = wordEnd(end);
      const more = text.slice(end, at).join("");
      if (more && !/^[jJ]$/.test(more)) throw refuse("runs", place);
      list.push({ kind: more ? "imaginary" : "number", text: number[0], place });
    } else if (/[\p{XID_Start}_]/u.test(text[at])) {
      at = wordEnd(at);
      list.push({ kind: "name", text: text.slice(place, at).join("").normalize("NFKC"), place });
    } else if ("+-*/(),.".includes(text[at])) {
      at += rest.startsWith("**") ? 2 : 1;
      list.push({ kind: text.slice(place, at).join(""), place });
    } else if (text[at] === " ") at++;
    else throw refuse("sign", at, text[at]);
  }
  return [...list, { kind: "end", place: text.length }];
}
function programOf(text, { refuse, named, arity, deepest }) {
  const program = [],
    names = new Map(),
    pending = [],
    list = tokensOf(text, refuse);
  let deep = 0,
    start = 0,
    needsOperand = true;
  const nests = ({ kind }) => ["sign", "(", "call", "**"].includes(kind);
  function push(item) {
    pending.push(item);
    deep += nests(item);
    if (deep > deepest) throw refuse("deep", item.place);
  }
  function pop() {
    const item = pending.pop();
    deep -= nests(item);
    return item;
  }
  function reduce(rank) {
    while (pending.length && pending.at(-1).rank >= Math.max(rank, 1)) {
      const { op, kind } = pop();
      if (op) program.push([op, kind === "sign" ? 1 : 2]);
    }
  }
  function unfinished(end) {
    const open = pending.findLast(({ kind }) => kind === "(" || kind === "call");
    return open ? refuse("open", text.indexOf("(", open.place + [...(open.name || "")].length)) : refuse("missing", end.place);
  }
  function close(token, more) {
    reduce(0);
    if (!pending.length) throw refuse("partner", token.place);
    const { op, place, name, count } = pop();
    start = place;
    if (!op) return;
    const given = count + more,
      [least, most] = arity(op);
    if (given < least || given > most) throw refuse("arity", place, name, given, least, most);
    program.push([op, given]);
  }
  function operand(token, after) {
    const { kind, place } = token,
      last = pending.at(-1);
    start = place;
    if (kind === "+" || kind === "-") return push({ kind: "sign", rank: SIGN, place, op: kind === "-" ? "negative" : null });
    if (kind === "(") return push({ kind, rank: 0, place });
    if (kind === "name" && after.kind === "(") {
      push({ kind: "call", rank: 0, place, op: named(token), count: 0, name: token.text });
      after.kind = "opened";
      return;
    }
    if (kind === "opened") return;
    needsOperand = false;
    if (kind === "name") {
      if (!names.has(token.text)) names.set(token.text, place);
      program.push(token.text);
    } else if (kind === "number") program.push(+token.text.replaceAll("_", ""));
    else if (kind === "imaginary") throw refuse("imaginary", place);
    else if (kind === "end") throw unfinished(token);
    else if (kind === ")" && last?.kind === "(") throw refuse("list", last.place);
    else if (kind === ")" && (!last || last.kind === "call")) close(token, 0);
    else if (last?.kind === "call" && kind[0] === "*") throw refuse(kind, place);
    else throw refuse("misfit", place);
  }
  function operator(token) {
    const { kind, place } = token;
    if (Object.hasOwn(OPERATORS, kind)) {
      const [op, rank] = OPERATORS[kind];
      reduce(rank + (kind === "**"));
      push({ kind, rank, place, op });
      needsOperand = true;
    } else if (kind === ")") close(token, 1);
    else if (kind === "end") {
      reduce(0);
      if (pending.length) throw unfinished(token);
    } else if (kind === ",") {
      reduce(0);
      const last = pending.at(-1);
      if (last?.kind !== "call") throw refuse("list", last ? last.place : 0);
      last.count++;
      needsOperand = true;
    } else throw refuse(kind === "(" ? "called" : kind === "." ? "dot" : "misfit", kind === "(" ? start : place);
  }
  list.forEach((token, k) => (needsOperand ? operand(token, list[k + 1]) : operator(token)));
  return { program, names };
}
