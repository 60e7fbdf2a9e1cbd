"""What it costs to watch: the same training alone and with `nn.watch`, in turns."""

import json
import time

TITLE = (
    "A step of the 2-8-8-1 network on the 200 moons, alone and with nn.watch, which draws every\n"
    "picture that a notebook would be sent; in processor time. Watching may cost 15 %."
)
SECONDS = 3.0


def training():
    """A step of training, which gives its loss, with the model and the data."""
    import nn
    from autograd import Tensor
    from optim import Adam

    nn.manual_seed(0)
    data = nn.datasets.moons()
    model = nn.MLP(2, [8, 8], 1, "tanh")
    optimizer = Adam(model.parameters(), lr=0.01)
    x, y = Tensor(data.x), data.y.reshape(-1, 1).astype(float)
    loss = nn.BCEWithLogitsLoss()

    def step():
        total = loss(model(x), y)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        return total

    return step, model, data


def seconds_per_step(watched):
    """Of a few seconds of training; the film that comes after it is not training."""
    import nn

    step, model, data = training()
    w = nn.watch(model, data)
    # What a kernel does with a picture before another thread sends it.
    w.screen = lambda watch, end=False: json.dumps({"image/svg+xml": watch.picture()})
    step()
    count, start = 0, time.process_time()
    while time.process_time() - start < SECONDS:
        total = step()
        if watched:
            w.frame(total)
        count += 1
    return (time.process_time() - start) / count


def report(rounds):
    """Print the steps a second, and the cost."""
    alone, watched = [], []
    for _ in range(rounds):
        alone.append(seconds_per_step(False))
        watched.append(seconds_per_step(True))
    one, other = (sorted(times)[rounds // 2] for times in (alone, watched))
    print(f"\n{TITLE}\n  alone {one * 1e6:.0f} µs a step, watched {other * 1e6:.0f} µs: "
          f"{100 * (other / one - 1):+.1f} %")  # fmt: skip
