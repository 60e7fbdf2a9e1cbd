"""A plugin of pytest: which branches of the package autograd tests take, in all their processes.

`pytest -p tests.mutation.branches` writes a file for each process to the folder that
`BRANCHES_OF_TESTS` names;
`.ci/coverage` adds them up.
"""

import os

import coverage
import pytest

measured = coverage.Coverage(
    data_file=os.path.join(os.environ["BRANCHES_OF_TESTS"], "all"),
    data_suffix=True,
)
measured.start()  # before the package is imported


@pytest.hookimpl(trylast=True)
def pytest_unconfigure():
    """Write it down."""
    measured.stop()
    measured.save()
