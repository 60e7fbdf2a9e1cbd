"""The page on training: its program, stopped and started again, learns the same."""

import contextlib
import io
import os
import pickle
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.test_manual import DOCS, ROOT

pytestmark = pytest.mark.slow

SECONDS = 120  # how long any of it may take on a busy machine


def program():
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "training.md").read_text("utf-8"), re.S)
    (block,) = (block for block in blocks if block.startswith("# train.py\n"))
    return block


def start(folder, epochs):
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(program(), encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, "-W", "error", "train.py", str(epochs)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def train(folder, epochs):
    """What it says, in a process of its own."""
    process = start(folder, epochs)
    try:
        said, complained = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    assert process.returncode == 0, complained
    return said


def train_here(folder, epochs, monkeypatch):
    """What it says, in this process, which need not import anything."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["train.py", str(epochs)])
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(program(), {})
    return said.getvalue()


def checkpoint(folder):
    assert {*os.listdir(folder)} <= {"checkpoint.pickle", "train.py"}
    return pickle.loads((folder / "checkpoint.pickle").read_bytes())


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    assert train(folder, 12) == ""
    return checkpoint(folder)


def test_the_page_starts_it_twice():
    commands = re.findall(r"```bash\n(.*?)\n```", (DOCS / "training.md").read_text("utf-8"), re.S)
    assert commands == ["python train.py 10\npython train.py 50"]


def test_it_goes_on_bit_for_bit_in_new_processes(tmp_path, uninterrupted, monkeypatch):
    assert train(tmp_path, 5) == ""
    assert checkpoint(tmp_path)["done"] == 5
    assert train(tmp_path, 12) == "going on after epoch 5\n"
    np.testing.assert_equal(checkpoint(tmp_path), uninterrupted)
    assert train_here(tmp_path, 12, monkeypatch) == "going on after epoch 12\n"  # nothing to do
    np.testing.assert_equal(checkpoint(tmp_path), uninterrupted)


def test_what_is_left_out_of_the_checkpoint_would_be_missed(tmp_path, uninterrupted, monkeypatch):
    """That the comparison tells: without any one of its parts the training goes another way."""
    train_here(tmp_path, 5, monkeypatch)
    saved = checkpoint(tmp_path)
    (tmp_path / "checkpoint.pickle").unlink()
    train_here(tmp_path, 1, monkeypatch)
    fresh = checkpoint(tmp_path)  # as good as what a program begins with
    for part in ("optimizer", "batches", "scheduler", "chance"):
        mixed = {**saved, part: fresh[part]}
        (tmp_path / "checkpoint.pickle").write_bytes(pickle.dumps(mixed))
        train_here(tmp_path, 12, monkeypatch)
        weights = checkpoint(tmp_path)["model"]["4.weight"]
        assert (weights != uninterrupted["model"]["4.weight"]).any(), part


@pytest.mark.skipif(os.name != "posix", reason="sends signals as POSIX does")
@pytest.mark.parametrize("sign", ["SIGKILL", "SIGINT"])
def test_it_may_be_stopped_at_any_time(sign, tmp_path, uninterrupted, monkeypatch):
    process = start(tmp_path, 12)
    try:
        for _ in range(100 * SECONDS):
            if (tmp_path / "checkpoint.pickle").exists() or process.poll() is not None:
                break
            time.sleep(0.01)
        process.send_signal(getattr(signal, sign))
        process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    (tmp_path / "checkpoint.unfinished").unlink(missing_ok=True)  # all that may be left
    assert train_here(tmp_path, 12, monkeypatch).startswith("going on after epoch ")
    np.testing.assert_equal(checkpoint(tmp_path), uninterrupted)
