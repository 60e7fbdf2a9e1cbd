"""The same training steps by hand in NumPy, in micrograd, PyTorch and JAX."""

import numpy as np

DECAY = 1e-4


# --- NumPy by hand ----------------------------------------------------------------------------


def numpy_moons(weights, rate=0.1):
    (w1, b1), (w2, b2), (w3, b3) = [(w.copy(), b.copy()) for w, b in weights]

    def step(xs, ys):
        z1 = xs @ w1.T + b1
        h1 = np.maximum(z1, 0)
        z2 = h1 @ w2.T + b2
        h2 = np.maximum(z2, 0)
        margins = np.maximum(1 - ys * (h2 @ w3.T + b3)[:, 0], 0)
        squares = sum((p * p).sum() for p in (w1, b1, w2, b2, w3, b3))
        total = margins.mean() + DECAY * squares
        ds = ((margins > 0) * -ys / len(ys))[:, None]
        dz2 = (ds @ w3) * (z2 > 0)
        dz1 = (dz2 @ w2) * (z1 > 0)
        grads = (
            (w1, dz1.T @ xs), (b1, dz1.sum(axis=0)), (w2, dz2.T @ h1), (b2, dz2.sum(axis=0)),
            (w3, ds.T @ h2), (b3, ds.sum(axis=0)),
        )  # fmt: skip
        for p, g in grads:
            np.subtract(p, rate * (g + 2 * DECAY * p), out=p)
        return total.item()

    return step


def numpy_classifier(weights, dtype, rate=1e-3):
    flat = [(w.astype(dtype), b.astype(dtype)) for w, b in weights]
    params = [p for pair in flat for p in pair]
    m, v, t = [np.zeros_like(p) for p in params], [np.zeros_like(p) for p in params], 0

    def step(x, y):
        nonlocal t
        rows, inputs, masks = np.arange(len(y)), [x], []
        for w, b in flat[:-1]:
            z = inputs[-1] @ w.T + b
            masks.append(z > 0)
            inputs.append(np.maximum(z, 0))
        w, b = flat[-1]
        scores = inputs[-1] @ w.T + b
        scores -= scores.max(axis=1, keepdims=True)
        e = np.exp(scores)
        sums = e.sum(axis=1, keepdims=True)
        total = (np.log(sums[:, 0]) - scores[rows, y]).mean()
        d = e / sums
        d[rows, y] -= 1
        d /= len(y)
        grads = []
        for (w, _), h, mask in zip(flat[::-1], inputs[::-1], [None, *masks[::-1]]):
            if mask is not None:
                d *= mask
            grads += [d.sum(axis=0), d.T @ h]
            if h is not x:
                d = d @ w
        t += 1
        for i, g in enumerate(grads[::-1]):
            m[i] *= 0.9
            m[i] += 0.1 * g
            v[i] *= 0.999
            v[i] += 0.001 * g * g
            params[i] -= rate / (1 - 0.9**t) * m[i] / (np.sqrt(v[i] / (1 - 0.999**t)) + 1e-8)
        return total.item()

    return step


# --- micrograd --------------------------------------------------------------------------------


def set_numbers(model, weights):
    """Give a network of single numbers, micrograd's or ours, its first numbers."""
    for layer, (w, b) in zip(model.layers, weights):
        for neuron, row, bias in zip(layer.neurons, w.tolist(), b.tolist()):
            neuron.b.data = bias
            for p, number in zip(neuron.w, row):
                p.data = number


def micrograd_moons(weights):
    from micrograd.engine import Value
    from micrograd.nn import MLP

    from benchmarks.scalars import train

    model = MLP(2, [16, 16, 1])
    set_numbers(model, weights)
    return lambda xs, ys: train(Value, model, xs.tolist(), ys.tolist())


# --- PyTorch ----------------------------------------------------------------------------------


def _torch_network(weights, dtype):
    import torch

    parts = []
    for w, b in weights:
        linear = torch.nn.Linear(w.shape[1], w.shape[0], dtype=dtype)
        linear.weight.data, linear.bias.data = (
            torch.tensor(w, dtype=dtype),
            torch.tensor(b, dtype=dtype),
        )
        parts += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*parts[:-1])


def _torch_step(loss, optimizer):
    import torch

    def step(*data):
        total = loss(*map(torch.from_numpy, data))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        return total.item()

    return step


def torch_moons(weights):
    import torch

    model = _torch_network(weights, torch.float64)
    params = list(model.parameters())

    def loss(xs, ys):
        return (1 - ys * model(xs)[:, 0]).relu().mean() + DECAY * sum((p * p).sum() for p in params)

    return _torch_step(loss, torch.optim.SGD(params, lr=0.1))


def torch_classifier(weights, dtype):
    import torch

    model = _torch_network(weights, torch.float32 if dtype == np.float32 else torch.float64)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    return _torch_step(lambda x, y: torch.nn.functional.cross_entropy(model(x), y), optimizer)


# --- JAX --------------------------------------------------------------------------------------


def _jax_network(params, x):
    import jax.numpy as jnp

    for w, b in params[:-1]:
        x = jnp.maximum(x @ w.T + b, 0)
    w, b = params[-1]
    return x @ w.T + b


def jax_moons(weights, rate=0.1):
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def loss(params, xs, ys):
        squares = sum((p * p).sum() for pair in params for p in pair)
        margins = jnp.maximum(1 - ys * _jax_network(params, xs)[:, 0], 0)
        return margins.mean() + DECAY * squares

    @jax.jit
    def update(params, xs, ys):
        total, grads = jax.value_and_grad(loss)(params, xs, ys)
        return total, jax.tree.map(lambda p, g: p - rate * g, params, grads)

    params = [(jnp.asarray(w), jnp.asarray(b)) for w, b in weights]

    def step(xs, ys):
        nonlocal params
        total, params = update(params, xs, ys)
        return float(total)

    return step


def jax_classifier(weights, rate=1e-3):
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def loss(params, x, y):
        logs = jax.nn.log_softmax(_jax_network(params, x))
        return -logs[jnp.arange(len(y)), y].mean()

    @jax.jit
    def update(params, m, v, t, x, y):
        total, grads = jax.value_and_grad(loss)(params, x, y)
        m = jax.tree.map(lambda a, g: 0.9 * a + 0.1 * g, m, grads)
        v = jax.tree.map(lambda a, g: 0.999 * a + 0.001 * g * g, v, grads)

        def moved(p, a, b):
            return p - rate / (1 - 0.9**t) * a / (jnp.sqrt(b / (1 - 0.999**t)) + 1e-8)

        return total, jax.tree.map(moved, params, m, v), m, v

    params = [(jnp.asarray(w), jnp.asarray(b)) for w, b in weights]
    m = v = jax.tree.map(jnp.zeros_like, params)
    t = 0

    def step(x, y):
        nonlocal params, m, v, t
        t += 1
        total, params, m, v = update(params, m, v, t, x, y)
        return float(total)

    return step
