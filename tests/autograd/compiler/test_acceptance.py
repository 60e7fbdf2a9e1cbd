"""Of random programs nearly all are compiled, and none to something else."""

import warnings

import numpy as np
import pytest

from tests.each import in_ci
from tests.fuzz.compiled import Fuzzer

pytestmark = pytest.mark.slow
COUNT = in_ci(300, 60)


@pytest.fixture(scope="module")
def fuzzer():
    fuzzer = Fuzzer(np.random.default_rng(1))
    with (
        pytest.MonkeyPatch.context() as patch,
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        patch.setattr("autograd.compiler.function.LEAST", 0.0)  # small ones are recorded, too
        warnings.simplefilter("ignore")
        for _ in range(COUNT):
            fuzzer.one()
    return fuzzer


def test_nine_of_ten_random_programs_are_compiled(fuzzer):
    assert fuzzer.share() >= 0.9
    assert fuzzer.counts["all", "accepted"] > 0.7 * COUNT


def test_no_random_program_computes_something_else_when_compiled(fuzzer):
    assert [text for text in fuzzer.said if text.startswith("--- different")] == []
