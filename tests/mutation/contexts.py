"""A plugin of pytest: which test runs which line, and which tests pass.

`COVERAGE_OF_TESTS` names the folder that it is written to.
"""

import os
import pathlib

import coverage
import pytest

FOLDER = pathlib.Path(os.environ["COVERAGE_OF_TESTS"])
PACKAGES = ("autograd", "nn", "optim")


class Contexts:
    """What is noted while the tests run."""

    def __init__(self):
        self.measured = coverage.Coverage(
            data_file=FOLDER / "lines", source=list(PACKAGES), config_file=False
        )
        self.measured.start()
        self.passed = []

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
        """Everything that runs from here to the next one runs for this test."""
        self.measured.switch_context(item.nodeid)
        yield
        self.measured.switch_context("")

    def pytest_runtest_logreport(self, report):
        """Only of tests that pass without a fault it means something that they fail with one."""
        if report.when == "call" and report.passed:
            self.passed.append(report.nodeid)

    def pytest_sessionfinish(self):
        """Write it down."""
        self.measured.stop()
        self.measured.save()
        (FOLDER / "passed").write_text("\n".join(self.passed))


def pytest_configure(config):
    """Begin before the packages are imported."""
    config.pluginmanager.register(Contexts())
