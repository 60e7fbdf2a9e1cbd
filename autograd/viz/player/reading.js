// Reads an expression as autograd/expression.py does: into what is to be computed one after the
// other, numbers, names, and [operation, how many operands].
//
// What is wrong is told to `refuse(why, place, ...)`, which makes the error. `named` finds the
// operation of a function's name; `rules` tells how many operands it takes.

const CONSTANTS = { pi: Math.PI, e: Math.E };
const SUM = 1,
  SIGN = 3,
  POWER = 4;
const OPERATORS = { "+": ["add", SUM], "-": ["subtract", SUM], "*": ["multiply", 2], "/": ["divide", 2], "**": ["power", POWER] };
// A number and what it runs into, a name, or a sign.
const TOKEN =
  /((?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:e[+-]?\d(?:_?\d)*)?)(\p{XIDC}*)|([\p{XIDS}_]\p{XIDC}*)|\*\*|[^ ]/giu;

function programOf(text, { refuse, named, deepest }) {
  const program = [],
    names = new Map(),
    tokens = [...text.matchAll(TOKEN), { 0: "", index: text.length }];
  let at = 0,
    deep = 0,
    start = 0, // where the last operand begins
    opened = -1; // where the bracket begins that is around it
  const sign = () => tokens[at][0];
  const unfit = (why = "misfit", place = tokens[at].index) =>
    sign() ? refuse(why, place) : opened < 0 ? refuse("missing", place) : refuse("open", opened);
  function nested(place, read) {
    if (++deep > deepest) throw refuse("deep", place);
    read();
    deep--;
  }
  // What stands before `close`, a bracket or the end; of a call, how many operands.
  function operands(close, place, call) {
    const outer = opened;
    let given = 0;
    if (close) opened = tokens[at++].index;
    for (; ; at++) {
      if (call && sign() === ")") break;
      if (sign() === ")") throw close ? refuse("list", place) : unfit("partner");
      if (call && sign()[0] === "*") throw unfit(sign());
      climb(SUM);
      given++;
      if (sign() !== ",") break;
      if (!call) throw refuse("list", place);
    }
    if (sign() === "(") throw refuse("called", start);
    if (sign() !== close) throw unfit(sign() === "." ? "dot" : sign() === ")" ? "partner" : "misfit");
    at++;
    start = place;
    opened = outer;
    return given;
  }
  function operand() {
    const { 0: first, 1: number, 2: more, 3: word, index: place } = tokens[at],
      name = word?.normalize("NFKC");
    start = place;
    if (first === "(") nested(place, () => operands(")", place));
    else if (first === "+" || first === "-") {
      at++;
      nested(place, () => climb(SIGN));
      if (first === "-") program.push(["negative", 1]);
    } else if (name && tokens[at + 1][0] === "(") {
      const op = named(name, place),
        [{ length: least }, { length: most }] = rules[op];
      at++;
      nested(place, () => {
        const given = operands(")", place, true);
        if (given < least || given > most) throw refuse("arity", place, name, given, least, most);
        program.push([op, given]);
      });
    } else {
      if (more || (!name && !number)) throw unfit(more && "imaginary");
      if (name && !names.has(name)) names.set(name, place);
      program.push(name || +number.replaceAll("_", ""));
      at++;
    }
  }
  // An operand, and the operators that bind at least so firmly with what is on their right.
  function climb(least) {
    operand();
    for (let one; (one = OPERATORS[sign()])?.[1] >= least; ) {
      const [op, rank] = one,
        place = tokens[at++].index;
      if (rank < POWER) climb(rank + 1);
      else nested(place, () => climb(POWER)); // of several powers, the last comes first
      program.push([op, 2]);
    }
  }
  operands("", 0);
  return { program, names };
}
// What a program gives: `valueOf` finds what a name stands for, `apply` computes an operation.
function computed(program, valueOf, apply) {
  const stack = [];
  for (const item of program)
    stack.push(Array.isArray(item) ? apply(item[0], stack.splice(-item[1])) : typeof item === "string" ? valueOf(item) : item);
  return stack[0];
}
