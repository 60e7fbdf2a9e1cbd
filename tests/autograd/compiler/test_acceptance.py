"""Of random programs nearly all are compiled, and none to something else."""

import warnings

import numpy as np
import pytest

from tests.fuzz.acceptance import Accepted
from tests.fuzz.programs import draw

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def accepted():
    rng, found = np.random.default_rng(1), Accepted()
    patched = pytest.MonkeyPatch.context()
    with patched as patch, warnings.catch_warnings(), np.errstate(all="ignore"):
        patch.setattr("autograd.compiler.function.LEAST", 0.0)  # small ones are recorded, too
        warnings.simplefilter("ignore")
        for _ in range(120):
            found.add(draw(rng))
    return found


@pytest.mark.parametrize("way", ["arrays", "Tensors", "grad"])
def test_nine_of_ten_random_programs_are_compiled(way, accepted):
    assert accepted.share(way) >= 0.9


def test_no_random_program_computes_something_else_when_compiled(accepted):
    assert [text for text in accepted.said if " different" in text] == []
