"""A recurrent network that reads a wave and says after each number what the next one will be.

Eight neurons see a number and what they themselves said before. Written in single numbers, beside
the same by hand in NumPy and with PyTorch's RNN. Mean squared error, SGD. And a recurrence over one
number, in which there is nothing to do at the same time.
"""

import itertools
import math

import numpy as np

import autograd
import optim
from autograd import Value

NEURONS, STEPS, RATE = 8, 120, 0.05
LONG = 1_000


def waves(count):
    """One wave for each step of training, each begun elsewhere."""
    begins = np.random.default_rng(0).uniform(0, 6, count)
    return [np.sin(0.4 * np.arange(STEPS) + begin) for begin in begins]


def weights():
    rng = np.random.default_rng(1)
    return rng.normal(0, 0.3, (NEURONS, NEURONS + 1)), rng.normal(0, 0.3, NEURONS)


def in_single_numbers(function=autograd.compile, whole=None):
    table, output = weights()
    table = [[Value(w) for w in row] for row in table.tolist()]
    output = [Value(w) for w in output.tolist()]

    def loss_of(wave):
        state, total = [0.0] * NEURONS, 0.0
        for number, coming in itertools.pairwise(wave):
            seen = [number, *state]
            state = [sum(w * s for w, s in zip(row, seen)).tanh() for row in table]
            guess = sum(w * s for w, s in zip(output, state))
            total = total + (guess - coming) ** 2
        return total / (STEPS - 1)

    loss_of = function(loss_of) if whole is None else loss_of
    optimizer = optim.SGD([w for row in table for w in row] + output, lr=RATE)

    def lines(wave):
        loss = loss_of(wave)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    lines = lines if whole is None else whole(lines)
    return lambda wave: lines(wave.tolist()).data


def as_written():
    return in_single_numbers(lambda f: f)


def by_hand():
    table, output = weights()
    seen, states = np.zeros((STEPS - 1, NEURONS + 1)), np.zeros((STEPS - 1, NEURONS))
    slopes = np.zeros((STEPS - 1, NEURONS))

    def step(wave):
        nonlocal table, output
        seen[:, 0] = wave[:-1]
        seen[0, 1:] = 0.0
        for t in range(STEPS - 1):
            np.tanh(table @ seen[t], out=states[t])
            if t + 1 < STEPS - 1:
                seen[t + 1, 1:] = states[t]
        wrong = states @ output - wave[1:]
        back = 2 * wrong / (STEPS - 1)
        local = 1 - states * states
        from_output = np.outer(back, output)
        inner = table[:, 1:].T.copy()
        later = np.zeros(NEURONS)
        for t in range(STEPS - 2, -1, -1):
            np.multiply(from_output[t] + later, local[t], out=slopes[t])
            later = inner @ slopes[t]
        table = table - RATE * (slopes.T @ seen)
        output = output - RATE * (back @ states)
        return float(wrong @ wrong) / (STEPS - 1)

    return step


def pytorch():
    import torch

    table, output = weights()
    rnn = torch.nn.RNN(1, NEURONS, bias=False, dtype=torch.float64)
    head = torch.nn.Linear(NEURONS, 1, bias=False, dtype=torch.float64)
    with torch.no_grad():
        rnn.weight_ih_l0[:] = torch.tensor(table[:, :1])
        rnn.weight_hh_l0[:] = torch.tensor(table[:, 1:])
        head.weight[:] = torch.tensor(output[None])
    optimizer = torch.optim.SGD([*rnn.parameters(), *head.parameters()], lr=RATE)

    def step(wave):
        numbers = torch.from_numpy(wave)[:, None]
        states, _ = rnn(numbers[:-1])
        loss = torch.nn.functional.mse_loss(head(states), numbers[1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def jax_scan():
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def loss(params, wave):
        table, output = params

        def one(state, pair):
            number, coming = pair
            state = jnp.tanh(table[:, 0] * number + table[:, 1:] @ state)
            return state, (output @ state - coming) ** 2

        _, wrong = jax.lax.scan(one, jnp.zeros(NEURONS), (wave[:-1], wave[1:]))
        return wrong.mean()

    @jax.jit
    def update(params, wave):
        total, grads = jax.value_and_grad(loss)(params, wave)
        return total, jax.tree.map(lambda p, g: p - RATE * g, params, grads)

    params = tuple(map(jnp.asarray, weights()))

    def step(wave):
        nonlocal params
        total, params = update(params, wave)
        return float(total)

    return step


def over_one_number(function=autograd.compile, whole=None):
    """x = sin(w x + b u) a thousand times, for numbers u; the loss is the last x squared."""
    weight, bias = Value(0.9), Value(0.1)

    def loss_of(inputs):
        state = 0.5
        for number in inputs:
            state = (state * weight + number * bias).sin()
        return state * state

    loss_of = function(loss_of) if whole is None else loss_of
    optimizer = optim.SGD([weight, bias], lr=0.01)

    def lines(inputs):
        loss = loss_of(inputs)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    lines = lines if whole is None else whole(lines)
    return lambda inputs: lines(inputs).data


def over_one_number_by_hand():
    """The same on Python's floats."""
    weight, bias = 0.9, 0.1

    def step(inputs):
        nonlocal weight, bias
        state, seen = 0.5, []
        for number in inputs:
            seen.append((state, number, inner := state * weight + number * bias))
            state = math.sin(inner)
        slope, weights, biases = 2 * state, 0.0, 0.0
        for before, number, inner in reversed(seen):
            slope *= math.cos(inner)
            weights += slope * before
            biases += slope * number
            slope *= weight
        weight, bias = weight - 0.01 * weights, bias - 0.01 * biases
        return state * state

    return step
