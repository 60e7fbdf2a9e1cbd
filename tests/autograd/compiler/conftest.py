"""Functions in these tests are small, and recorded all the same."""

import pytest


@pytest.fixture(autouse=True)
def every_function_is_worth_recording(monkeypatch):
    monkeypatch.setattr("autograd.compiler.function.LEAST", 0.0)
