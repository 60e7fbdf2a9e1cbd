"""The page on more than one machine: its commands start a cluster, and its examples run on it."""

import contextlib
import doctest
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import nn
from autograd import Tensor, grad
from tests.test_manual import ROOT, SEVERAL_MACHINES

if os.name != "posix":
    pytest.skip("ends groups of processes as POSIX does", allow_module_level=True)
if os.environ.get("GLASSGRAD_CI") != "1":
    pytest.skip("a cluster takes 600 MB: only with GLASSGRAD_CI=1", allow_module_level=True)

import dask.array as da
import joblib
from distributed import Client, wait
from sklearn.model_selection import GridSearchCV

from nn.estimators import MLPClassifier

pytestmark = pytest.mark.slow

SECONDS = 120  # how long any of it may take on a busy machine


def commands():
    """The scheduler and the two workers, as the page says."""
    blocks = re.findall(r"```bash\n(.*?)\n```", SEVERAL_MACHINES.read_text("utf-8"), re.S)
    (block,) = (block for block in blocks if block.startswith("dask scheduler"))
    return [shlex.split(line) for line in block.splitlines()]


@contextlib.contextmanager
def running(commands, folder):
    """Processes that are ended afterwards, whatever happens, and those that they have started."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    environment["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    environment["DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED"] = "False"
    processes = []
    try:
        for command in commands:
            log = open(folder / f"{len(processes)}.log", "wb")  # noqa: SIM115 – closed with the stack
            processes.append((log, start(command, folder, environment, log)))
            if not processes[1:]:
                wait_for(folder / "cluster.json", processes[0][1], folder)
        yield [process for _, process in processes]
    finally:
        for log, process in reversed(processes):
            end(process)
            log.close()


def start(command, folder, environment, log):
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # a group of its own, which is ended together
    )


def wait_for(file, process, folder):
    for _ in range(20 * SECONDS):
        if file.exists():
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    pytest.fail("no scheduler: " + (folder / "0.log").read_text("utf-8", errors="replace"))


def end(process):
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
    with contextlib.suppress(ProcessLookupError):  # what it may have started and left behind
        os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """The folder in which a scheduler and two workers run."""
    folder = tmp_path_factory.mktemp("cluster")
    with running(commands(), folder):
        yield folder


@pytest.fixture
def client(cluster):
    with Client(scheduler_file=str(cluster / "cluster.json"), timeout=SECONDS) as client:
        client.wait_for_workers(2, timeout=SECONDS)
        yield client


def test_the_page_starts_a_scheduler_and_two_workers_by_command(client):
    assert [command[:2] for command in commands()] == [["dask", "scheduler"]] + [
        ["dask", "worker"]
    ] * 2
    assert client.scheduler.address.startswith("tcp://127.0.0.1:")
    pids = client.run(os.getpid)
    assert len({*pids.values(), os.getpid()}) == 3


def test_the_examples_of_the_page_run_on_them(cluster, monkeypatch):
    monkeypatch.chdir(cluster)
    failed, tried = doctest.testfile(
        str(SEVERAL_MACHINES),
        module_relative=False,
        encoding="utf-8",
        optionflags=doctest.ELLIPSIS,
    )
    assert tried > 20
    assert failed == 0


def test_a_grid_search_runs_in_both_workers_and_gives_the_scores_of_one_machine(client, cluster):
    x, y = nn.datasets.iris()
    grid = {"hidden_layer_sizes": [(), (8,)], "alpha": [0.0, 1.0], "solver": ["adam", "sgd"]}

    def search(folder):
        def score(model, x, y):
            pathlib.Path(folder, str(os.getpid())).touch()  # who has scored
            return model.score(x, y)

        return GridSearchCV(
            MLPClassifier(max_iter=5, random_state=0), grid, cv=4, scoring=score, refit=False
        )

    (cluster / "there").mkdir()
    (cluster / "here").mkdir()
    with joblib.parallel_config(backend="dask"):
        there = search(cluster / "there").fit(x, y).cv_results_
    here = search(cluster / "here").fit(x, y).cv_results_
    for name in (name for name in here if name.endswith("_test_score")):
        assert_array_equal(there[name], here[name])
    assert len(np.unique(here["mean_test_score"])) > 2
    pids = {str(pid) for pid in client.run(os.getpid).values()}
    assert {path.name for path in (cluster / "there").iterdir()} == pids
    assert {path.name for path in (cluster / "here").iterdir()} == {str(os.getpid())}


def test_a_trained_estimator_comes_back_from_the_cluster(client):
    x, y = nn.datasets.iris()
    model = MLPClassifier(max_iter=3, random_state=0)
    back = client.submit(model.fit, x, y).result(timeout=SECONDS)
    assert_array_equal(back.predict_proba(x), model.fit(x, y).predict_proba(x))


def test_a_tensor_over_a_dask_array_is_differentiated_by_the_workers(client):
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(40, 3)), rng.normal(size=(3,)), rng.normal(size=())

    def loss(w, b, x):
        return (np.tanh(x @ w + b) ** 2).mean()

    parts = da.from_array(x, chunks=(5, 3))
    tensors = [Tensor(da.from_array(array, chunks=-1), requires_grad=True) for array in (w, b)]
    loss(*tensors, parts).backward()
    there = [t.grad.persist() for t in tensors]
    wait(there, timeout=SECONDS)
    addresses = {worker for keys in client.who_has(there).values() for worker in keys}
    assert addresses <= {*client.scheduler_info()["workers"]}
    assert addresses
    # d/dw mean tanh²(z) = mean 2 tanh(z) (1 - tanh²(z)) x, in plain NumPy
    y = np.tanh(x @ w + b)
    slope = 2 * y * (1 - y * y) / len(x)
    for computed, expected in zip(there, (slope @ x, slope.sum())):
        assert_allclose(computed.compute(), expected, rtol=1e-12)
    by_workers = client.submit(grad(loss, argnums=(0, 1)), w, b, x).result(timeout=SECONDS)
    assert_allclose(by_workers[0], slope @ x, rtol=1e-12)


def test_the_processes_are_gone_afterwards(tmp_path):
    with running(commands(), tmp_path) as processes:
        pass
    for process in processes:
        assert process.poll() is not None
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)
