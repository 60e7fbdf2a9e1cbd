"""What runs inside Pyodide: tests of engine and compiler, and two notebooks of the course.

The library is the site's wheel, not the checkout, which only brings the tests.
"""

import builtins
import glob
import json
import os
import struct
import sys
import types

import numpy as np

TESTS = [
    "tests/autograd/test_value.py",
    "tests/autograd/test_tensor.py",
    "tests/autograd/compiler/test_acceptance.py",  # random programs
    "tests/autograd/compiler/test_compiled_numpy.py",
    "tests/nn/datasets/test_datasets.py",
]
NOTEBOOKS = ["04-backpropagation", "15-own-autograd"]  # they draw nothing with matplotlib


def run_tests():
    """pytest's answer, 0 where all pass."""
    sys.path += [*glob.glob("/wheels/*.whl"), "/checkout"]
    os.chdir("/checkout")
    import pytest

    options = ["-o", "addopts=", "-o", "pythonpath=", "-p", "no:cacheprovider", "--capture=sys"]
    return pytest.main([*options, "--import-mode=importlib", "-q", "--tb=short", *TESTS])


def run_notebook(name):
    """Run its cells in order, as they are handed out."""
    space = {"__name__": "__main__"}
    with open(f"/checkout/notebooks/{name}.ipynb", encoding="utf-8") as file:
        cells = json.load(file)["cells"]
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and not source.startswith("%pip"):
            exec(compile(source, name, "exec"), space)
    print("ran to its last cell:", name)


def without_matplotlib():
    """A stand-in that takes a style and draws nothing: npm's Pyodide has no matplotlib."""
    pyplot = types.ModuleType("matplotlib.pyplot")
    pyplot.style = types.SimpleNamespace(use=str)
    sys.modules["matplotlib"] = types.ModuleType("matplotlib")
    sys.modules["matplotlib.pyplot"] = sys.modules["matplotlib"].pyplot = pyplot


import autograd  # noqa: E402

assert autograd.__file__.startswith("/lib/"), autograd.__file__
assert struct.calcsize("P") == 4
assert np.dtype(np.intp).itemsize == 4
failed = int(run_tests())
without_matplotlib()
builtins.display = repr
for notebook in NOTEBOOKS:
    run_notebook(notebook)
assert not failed, "what pytest says above"
