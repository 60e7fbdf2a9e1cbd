// Predict: a number of a step is hidden until it is found, as a number or as a formula.

let quiz = false,
  covered = -1,
  coveredArrow = "",
  asks = 0,
  found = 0; // how many numbers were asked, and found at the first try
const solved = new Set();
const UPSTREAM = 0,
  LOCAL = 1,
  PRODUCT = 2,
  TOTAL = 3,
  NOTHING = 9;
// What a step offers that is worth asking: no formula that is a number, no product with 1.
function offers(k) {
  const trivial = [upstream[k], local[k]].some((x) => [0, 1, -1].includes(x)),
    rule = ruleOf(k);
  if (typeof product[k] !== "number" || !rule) return [];
  return [
    ...(into[target(k)][0] === k ? [] : [TOTAL]),
    ...(rule[2] & 1 ? [] : [LOCAL]),
    ...(trivial ? [] : [PRODUCT]),
    ...(trivial || steps[k][0] === root ? [] : [UPSTREAM]),
  ];
}
// Of what the step offers, what was asked least before.
function question() {
  const times = [0, 0, 0, 0];
  let asked = NOTHING;
  times[NOTHING] = Infinity;
  for (const e of quiz && !solved.has(position) ? events.slice(0, position) : []) {
    asked = (e.kind === "step" ? offers(e.step) : []).reduce((x, y) => (times[y] < times[x] ? y : x), NOTHING);
    times[asked]++;
  }
  return asked;
}
const alike = (guess, x) => Math.abs(guess - x) <= 0.01 * Math.abs(x) + 1e-9 || Object.is(guess, x);
// A formula as what it gives where the nodes have other numbers, in the grammar of the command line.
const WRITTEN = { "·": "*", "×": "*", "−": "-", "^": "**", "²": "**2", "³": "**3" };
function formulaIn(typed) {
  const known = Object.fromEntries(nodes.flatMap((n, i) => (n.name ? [[n.name.normalize("NFKC"), i], [codeOf(i), i]] : [])));
  const find = (table, word, what) => {
    if (Object.hasOwn(table, word)) return table[word];
    throw Error(word + " is no " + what + " here.");
  };
  const { program, names } = programOf(typed.replace(/[·×−^²³]/g, (c) => WRITTEN[c]).normalize("NFKC"), {
    refuse: () => Error("That is no number and no formula."),
    named: (word) => find(trace.functions, word, "function"),
    deepest: 100,
  });
  for (const [word] of names) find({ ...CONSTANTS, ...known }, word, "name");
  return (x) =>
    computed(
      program,
      (word) => x[known[word]] ?? CONSTANTS[word],
      (op, of) => rules[op][0](...of),
    );
}
// The numbers of a step as they are, and at other leaves: upstream, local, product, before, values.
function pointsOf(k, before) {
  const here = [upstream[k], local[k], product[k], before, value];
  if (!trace.live) return [here];
  const elsewhere = [1, 2, 3].map((r) => forward(value.map((x, i) => (nodes[i].leaf ? x * (1 + r / 9) + (r * (1 + (i % 5))) / 50 : x))));
  return [here, ...elsewhere.map((x) => [...passAt(x)[k], x])];
}
// For each kind of question: how the answer is found, the answer, and slips, each with its words.
function questionsOf(k, before) {
  const [from] = steps[k],
    to = target(k),
    [up, by, sum] = [upstream[k], local[k], product[k]].map((x) => minus(fmt(x)));
  const values = [from, to].map((i) => [(x) => x[4][i], "That is a value, not a derivative."]);
  const already = [(x) => x[2], "That is the product of upstream and local already."];
  return [
    [d(from) + ", which has come to " + name(from), (x) => x[0], [(x) => x[1], "That is the local derivative, not what has come to " + name(from) + "."], already],
    [ruleText(k) + " at " + givenTo(from), (x) => x[1], [(x) => x[0], "That is the upstream."], already],
    [
      "upstream × local = " + up + " · " + by,
      (x) => x[2],
      [(x) => x[0] + x[1], "That is the sum; upstream and local are multiplied."],
      [(x) => x[1], "The upstream " + d(from) + " is forgotten."],
      [(x) => x[0], "The local derivative " + partial(k) + " is forgotten."],
    ],
    [
      "before + contribution = " + fmt(before) + " + " + sum,
      (x) => x[3] + x[2],
      [(x) => x[2], "A path is forgotten: what had arrived before counts, too."],
      [(x) => x[3], "A path is forgotten: the one that arrives now."],
      [(x) => x[3] * x[2], "That is the product; paths are added."],
    ],
  ].map(([how, right, ...slips]) => [how, right, [...slips, ...values, [(x) => -right(x), "The sign is the other one."]]]);
}
// The field for what is asked of a step.
function asked(kind, k, before) {
  const [how, right, slips] = questionsOf(k, before)[kind],
    answer = el("span", { role: "status" });
  let tries = 0;
  const reveal = (word) => {
    const words = word + fmt(right(pointsOf(k, before)[0])) + ", " + how + ".";
    solved.add(position);
    asks++;
    render();
    predict.textContent = "Predict: " + found + " of " + asks;
    status.textContent = words;
    panel.append(p(words));
    host.focus();
  };
  function check(typed) {
    const number = typedNumber(typed),
      formula = number === null ? formulaIn(typed) : () => number;
    // A number is right where the leaves are as they are, a formula where they are others, too.
    const points = pointsOf(k, before).filter((x, j) => !j || (number === null && isFinite(right(x))));
    const is = (f, at = points) => at.every((x) => alike(formula(x[4]), f(x)));
    if (is(right)) {
      found += !tries;
      return reveal("Right: ");
    }
    tries++;
    const slip = slips.find(([f]) => is(f));
    answer.textContent =
      " Not yet. " + (slip ? slip[1] : is(right, points.slice(0, 1)) ? "It is right at these numbers, but not at others." : "It is " + how + ".");
  }
  const input = el("input", {
    type: "text",
    autocomplete: "off",
    "aria-label": "Your answer, a number or a formula",
    onkeydown: (e) => {
      if (e.key !== "Enter") return;
      try {
        check(input.value.trim());
      } catch (error) {
        answer.textContent = " " + error.message + " Write 0.5, 1/3, y or 1 - v1**2.";
      }
    },
  });
  return el("span", {}, input, " ", button("Show", () => reveal("It is ")), answer);
}
