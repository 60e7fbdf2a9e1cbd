"""How `pytest` runs here: the whole suite on several cores, a selection in this process."""

import gc
import os

import hypothesis
import pytest

from tests.each import IN_CI

# A test that is slow on a loaded machine is not wrong: no example has a deadline.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

# Browsers, pages in them, and hosts of notebooks.
pytest_plugins = ["tests.autograd.viz.player.players", "tests.autograd.viz.player.hosts"]

MOST = 4  # each process finds all tests for itself, which takes some seconds


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """What `-n auto` means, which pyproject.toml asks for; `-n 0` is one process in any case.

    pytest rewrites every `assert` to say what it compared, which takes a tenth of the whole run: of
    what fails there only the local variables are shown, and the rest where that test is run alone.
    """
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return 0
    if not IN_CI:
        os.environ["PYTEST_ADDOPTS"] = (
            f"--assert=plain --showlocals {os.environ.get('PYTEST_ADDOPTS', '')}"
        )
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return 0 if cores == 1 else min(cores, MOST)


def pytest_collection_finish():
    """The garbage collector need not look through half a million things in every test."""
    gc.freeze()


class Forgetting:
    """The terminal keeps three reports of each test: 250 MB, if what nobody reads again stays."""

    def __init__(self, stats):
        self.stats = stats

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        """Of what passed, forget how it was set up, and the words that a test was chosen by."""
        if not report.passed:
            return
        report.keywords = {}
        others = self.stats.get("")
        if others and others[-1] is report and not report.sections:
            others.pop()


def pytest_sessionstart(session):
    """Where results are shown, which is not in the processes that xdist starts."""
    plugins = session.config.pluginmanager
    if (terminal := plugins.getplugin("terminalreporter")) is not None:
        plugins.register(Forgetting(terminal.stats))
