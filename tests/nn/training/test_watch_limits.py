"""What watching may take: bytes of a film, frames a second, and in a terminal a line of text."""

import os
import subprocess
import sys

import numpy as np
import pytest

import nn
import nn.training.watch as watching
from tests.each import IN_CI
from tests.test_manual import ROOT

MOST = 2_000_000


def wild(model, rng):
    """Weights that are all others than before, so that nothing of a picture stays as it was."""
    for p in model.parameters():
        p.data = rng.standard_normal(p.shape)


@pytest.mark.slow
@pytest.mark.skipif(not IN_CI, reason="takes seconds: test_watch.py has a film of 250 kB")
def test_the_film_of_a_long_and_wild_training_is_a_page_of_less_than_2_mb(tmp_path):
    rng, model = np.random.default_rng(0), nn.MLP(2, [16, 16], 3, "tanh")
    w = nn.watch(model, nn.datasets.spirals())
    for k in range(5000):
        if (k + 1) % w._every == 0:  # what will not be kept may stay as it is
            wild(model, rng)
        w.frame(float(rng.exponential()))
    w.save(tmp_path / "film.html")
    assert 1_500_000 < (tmp_path / "film.html").stat().st_size < MOST
    assert w.caption.startswith("step 5,000 ·")


def test_a_frame_that_is_not_shown_draws_nothing(monkeypatch):
    w, drawn = nn.watch(nn.MLP(2, [4], 1), nn.datasets.moons(20)), []
    now = [100.0]
    monkeypatch.setattr(watching.time, "perf_counter", lambda: now[0])
    w.screen = lambda watch, end=False: drawn.append(watch.caption)
    for _ in range(1000):
        now[0] += 0.001
        w.frame(0.5)
    assert len(drawn) == 10  # of a second


PROGRAM = """\
import sys
import nn, optim

model, data = nn.MLP(2, [4], 2, "tanh"), nn.datasets.moons(40)
loss, optimizer = nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.02)
w = nn.watch(model, data)
for _ in range(30):
    total = loss(model(data.x), data.y)
    optimizer.zero_grad()
    total.backward()
    optimizer.step()
    w.frame(total)
w.ended()
assert "IPython" not in sys.modules
assert "matplotlib" not in sys.modules
"""


@pytest.mark.skipif(os.name != "posix", reason="opens a terminal as POSIX has it")
def test_in_a_real_terminal_without_ipython_it_is_one_line_that_is_written_anew():
    import pty

    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROGRAM],
            stdout=theirs, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        _, complained = process.communicate(timeout=120)
        said = os.read(ours, 100_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert (process.returncode, complained) == (0, b"")
    first, *between, last = said.removesuffix("\r\n").split("\r")[1:]
    assert first.startswith("step 1 · loss 0.")
    assert last.startswith("step 30 · loss 0.")
    assert len(between) < 29
    assert "\n" not in first + "".join(between) + last


def test_where_the_output_is_a_file_nothing_is_written_into_it():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True,
        timeout=120,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("", "")
