"""Epochs of training on handwritten digits, beside PyTorch, scikit-learn and MyGrad."""

import json
import sys
import time
import warnings

import numpy as np

from benchmarks.sides import OURS, TORCH, peer_name, print_markdown, take_turns

TITLE = f"""\
Training epoch on the 1,797 handwritten digits: MLP 64-64-10 with ReLU, softmax cross-entropy,
shuffled batches of 64, Adam; the mean of 30 epochs with all they need. {OURS} is `nn.fit` in
float64; PyTorch is eager, in its float32, with 1 or 2 threads, whichever is faster; scikit-learn
is `MLPClassifier.fit`, in float64; MyGrad, in float64, has no Adam: here is one in NumPy."""
SKLEARN, MYGRAD = "scikit-learn", "mygrad"
BATCH, RATE, EPOCHS = 64, 1e-3, 30


def report(rounds):
    sides = [OURS, TORCH, SKLEARN, MYGRAD]
    found = take_turns("digits", rounds, sides)
    ours = found[0]["seconds"]
    rows = [["", "time per epoch", "times ours", "last loss"]]
    for side, figures in zip(sides, found):
        name = side if side == OURS else peer_name(side)
        if "missing" in figures:
            rows.append([name, "", "", ""])
            continue
        seconds, loss = figures["seconds"], figures["loss"]
        rows.append([name, f"{1e3 * seconds:.2f} ms", f"{seconds / ours:.1f}×", f"{loss:.3f}"])
    print_markdown(TITLE, rows)


def scaled_digits():
    from nn.datasets import digits

    x, y = digits()
    return x / 16, y


def time_epochs(epoch):
    """The mean time of an epoch, after two that warm up; and the loss it returned last."""
    for _ in range(2):
        epoch()
    start = time.perf_counter()
    for _ in range(EPOCHS):
        loss = epoch()
    return {"seconds": (time.perf_counter() - start) / EPOCHS, "loss": loss}


def training_of_ours():
    """A function that trains for as many epochs as it is told."""
    import nn
    from nn.data import Batches
    from optim import Adam

    model = nn.MLP(64, [64], 10)
    optimizer = Adam(model.parameters(), lr=RATE)
    batches = Batches(scaled_digits(), BATCH)

    def train(epochs):
        return nn.fit(
            model, nn.CrossEntropyLoss(), batches, optimizer, epochs=epochs, progress=False
        )

    return train


def of_ours():
    train = training_of_ours()
    train(2)
    start = time.perf_counter()
    history = train(EPOCHS)
    return {"seconds": (time.perf_counter() - start) / EPOCHS, "loss": history.loss[-1]}


def of_torch():
    import torch

    x, y = map(torch.tensor, scaled_digits())
    x = x.float()
    best = {}
    for threads in (1, 2):
        torch.set_num_threads(threads)
        layers = [torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10)]
        model = torch.nn.Sequential(*layers)
        optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
        loss_of = torch.nn.CrossEntropyLoss()

        def epoch(model=model, optimizer=optimizer, loss_of=loss_of):
            total = 0.0
            for rows in torch.randperm(len(y)).split(BATCH):
                loss = loss_of(model(x[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item() * len(rows)
            return total / len(y)

        figures = time_epochs(epoch)
        if not best or figures["seconds"] < best["seconds"]:
            best = figures
    return best


def of_sklearn():
    from sklearn.neural_network import MLPClassifier

    x, y = scaled_digits()
    settings = {"batch_size": BATCH, "learning_rate_init": RATE, "alpha": 0.0}
    never = {"tol": 0.0, "n_iter_no_change": EPOCHS + 1}
    warnings.simplefilter("ignore")  # that it did not converge in so few epochs
    MLPClassifier((64,), max_iter=2, **settings, **never).fit(x, y)
    model = MLPClassifier((64,), max_iter=EPOCHS, **settings, **never)
    start = time.perf_counter()
    model.fit(x, y)
    return {"seconds": (time.perf_counter() - start) / EPOCHS, "loss": model.loss_}


def of_mygrad():
    import mygrad
    from mygrad.nnet.activations import relu
    from mygrad.nnet.losses import softmax_crossentropy

    x, y = scaled_digits()
    rng = np.random.default_rng(0)
    shapes = [(64, 64), (64,), (64, 10), (10,)]
    params = [mygrad.tensor(rng.uniform(-1 / 8, 1 / 8, shape)) for shape in shapes]
    step = numpy_adam(params)
    w1, b1, w2, b2 = params

    def epoch():
        total = 0.0
        order = rng.permutation(len(y))
        for start in range(0, len(y), BATCH):
            rows = order[start : start + BATCH]
            loss = softmax_crossentropy(relu(x[rows] @ w1 + b1) @ w2 + b2, y[rows])
            loss.backward()
            step()
            total += loss.item() * len(rows)
        return total / len(y)

    return time_epochs(epoch)


def numpy_adam(params, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adam (Kingma and Ba, 2015) for MyGrad's tensors, array by array."""
    means = [np.zeros(p.shape) for p in params]
    squares = [np.zeros(p.shape) for p in params]
    t = 0

    def step():
        nonlocal t
        t += 1
        rate = RATE * (1 - beta2**t) ** 0.5 / (1 - beta1**t)
        for p, m, v in zip(params, means, squares):
            m[:] += (1 - beta1) * (p.grad - m)
            v[:] += (1 - beta2) * (p.grad**2 - v)
            p.data -= rate * m / (np.sqrt(v) + eps)

    return step


WORK = {OURS: of_ours, TORCH: of_torch, SKLEARN: of_sklearn, MYGRAD: of_mygrad}

if __name__ == "__main__":
    print(json.dumps(WORK[sys.argv[1]]()))
