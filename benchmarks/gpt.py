"""A small language model, every number on its own: one layer, four heads, 4,192 parameters.

The text of the model serves both sides: `compiled`, and `PlainValue`, a scalar autograd as short
programs of its own kind bring along. PyTorch has the same model written with tensors.
"""

import math

import numpy as np

WIDTH, HEADS, LONGEST, LETTERS = 16, 4, 16, 27
SHAPES = {
    "letters": (LETTERS, WIDTH), "places": (LONGEST, WIDTH),
    "query": (WIDTH, WIDTH), "key": (WIDTH, WIDTH), "value": (WIDTH, WIDTH), "out": (WIDTH, WIDTH),
    "wide": (4 * WIDTH, WIDTH), "narrow": (WIDTH, 4 * WIDTH), "head": (LETTERS, WIDTH),
}  # fmt: skip


def first_numbers(seed=0):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(0, 0.1, size=shape) for name, shape in SHAPES.items()}


def words(count, seed=1):
    """Made-up words of three to eight letters; 26 is where a word begins and ends."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(3, 9, size=count)
    return [np.array([26, *rng.integers(0, 26, size=n), 26]) for n in lengths]


# --- the model, number by number --------------------------------------------------------------


def linear(x, matrix):
    return [sum(w * xi for w, xi in zip(row, x)) for row in matrix]


def softmax(scores):
    powers = [score.exp() for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def normalised(x):
    scale = (sum(xi * xi for xi in x) * (1 / len(x)) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def added(x, y):
    return [xi + yi for xi, yi in zip(x, y)]


def attended(q, keys, values):
    """For each head, the values weighted by how well their keys fit the query."""
    size, out = WIDTH // HEADS, []
    for start in range(0, WIDTH, size):
        here = range(start, start + size)
        weights = softmax([sum(q[i] * k[i] for i in here) * size**-0.5 for k in keys])
        out += [sum(a * v[i] for a, v in zip(weights, values)) for i in here]
    return out


def loss(w, word, take):
    """The mean surprise at each next letter."""
    keys, values, surprises = [], [], []
    for t in range(len(word) - 1):
        x = normalised(added(take(w["letters"], word[t]), w["places"][t]))
        y = normalised(x)
        keys.append(linear(y, w["key"]))
        values.append(linear(y, w["value"]))
        x = added(x, linear(attended(linear(y, w["query"]), keys, values), w["out"]))
        y = [h.relu() for h in linear(normalised(x), w["wide"])]
        x = added(x, linear(y, w["narrow"]))
        chances = softmax(linear(x, w["head"]))
        surprises.append(-(take(chances, word[t + 1]).log()))
    return sum(surprises) * (1 / len(surprises))


# --- the sides --------------------------------------------------------------------------------


class PlainValue:
    """A scalar autograd of the shortest kind."""

    __slots__ = ("children", "data", "grad", "local")

    def __init__(self, data, children=(), local=()):
        self.data, self.grad, self.children, self.local = data, 0.0, children, local

    def __add__(self, other):
        other = other if isinstance(other, PlainValue) else PlainValue(other)
        return PlainValue(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, PlainValue) else PlainValue(other)
        return PlainValue(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n):
        return PlainValue(self.data**n, (self,), (n * self.data ** (n - 1),))

    def log(self):
        return PlainValue(math.log(self.data), (self,), (1 / self.data,))

    def exp(self):
        return PlainValue(math.exp(self.data), (self,), (math.exp(self.data),))

    def relu(self):
        return PlainValue(max(0.0, self.data), (self,), (float(self.data > 0),))

    def __neg__(self):
        return self * -1

    def __truediv__(self, other):
        return self * other**-1

    __radd__, __rmul__ = __add__, __mul__

    def backward(self):
        order, seen = [], set()

        def visit(v):
            if v not in seen:
                seen.add(v)
                for child in v.children:
                    visit(child)
                order.append(v)

        visit(self)
        self.grad = 1.0
        for v in reversed(order):
            for child, local in zip(v.children, v.local):
                child.grad += local * v.grad


def plain():
    w = {
        name: [[PlainValue(x) for x in row] for row in array.tolist()]
        for name, array in first_numbers().items()
    }
    params = [p for matrix in w.values() for row in matrix for p in row]
    m, v, t = [0.0] * len(params), [0.0] * len(params), 0

    def step(word):
        nonlocal t
        total = loss(w, word.tolist(), lambda table, i: table[i])
        total.backward()
        t += 1
        for i, p in enumerate(params):
            m[i] = 0.9 * m[i] + 0.1 * p.grad
            v[i] = 0.999 * v[i] + 0.001 * p.grad**2
            p.data -= 0.01 * (m[i] / (1 - 0.9**t)) / ((v[i] / (1 - 0.999**t)) ** 0.5 + 1e-8)
            p.grad = 0.0
        return total.data

    return step


def compiled(whole=False, single=False, **backend):
    """`backend=` goes to compile only where it is given: the first revisions did not know it."""
    import autograd
    from autograd import Value
    from nn import Parameter
    from optim import Adam

    if single:  # as one writes it: a Value for each number
        w = {
            name: [[Value(x) for x in row] for row in array.tolist()]
            for name, array in first_numbers().items()
        }
        parameters = [p for matrix in w.values() for row in matrix for p in row]
    else:
        parameters = [Parameter(array, label=name) for name, array in first_numbers().items()]
        w = {p.label: p.scalars(p.label).tolist() for p in parameters}
    optimizer = Adam(parameters, lr=0.01)

    def loss_of(word):
        return loss(w, word, autograd.take)

    g = loss_of if whole else autograd.compile(loss_of, **backend)

    def lines(word):
        total = g(word)
        if single:  # a letter that is not in the word has a gradient of 0, as in a matrix
            for p in parameters:
                p.grad = 0.0
        else:
            optimizer.zero_grad()
        total.backward()
        optimizer.step()
        return total

    lines = autograd.compile(lines, **backend) if whole else lines

    def step(word):
        return lines(word).data

    step.compiled = lines if whole else g
    return step


def pytorch():
    import torch
    import torch.nn.functional as F

    w = {name: torch.tensor(array, requires_grad=True) for name, array in first_numbers().items()}
    optimizer = torch.optim.Adam(list(w.values()), lr=0.01)

    def norm(x):
        return x * ((x * x).mean(-1, keepdim=True) + 1e-5) ** -0.5

    def heads(x):
        return x.view(len(x), HEADS, WIDTH // HEADS).transpose(0, 1)

    def step(word):
        word = torch.as_tensor(word)
        n = len(word) - 1
        x = norm(w["letters"][word[:-1]] + w["places"][:n])
        y = norm(x)
        q, k, v = (heads(y @ w[name].T) for name in ("query", "key", "value"))
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + a.transpose(0, 1).reshape(n, WIDTH) @ w["out"].T
        x = x + (norm(x) @ w["wide"].T).relu() @ w["narrow"].T
        total = F.cross_entropy(x @ w["head"].T, word[1:])
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        return total.item()

    return step
