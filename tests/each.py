"""Many cases in one test: pytest spends more on every test than most cases take."""

import functools
import inspect
import os

import pytest

IN_CI = os.environ.get("GLASSGRAD_CI") == "1"


def in_ci(many, few):
    """So many in CI, which may take half an hour; so few where somebody waits for the tests."""
    return many if IN_CI else few


def each(names, cases, ids=None):
    """What pytest.mark.parametrize does, in one test, which tries all cases and says which fail.

    pytest needs 5 ms for every test, most cases need less. With EACH=1 every case is a test of its
    own, to run one of them or to see the error of each. Not for tests that take a fixture which
    must be fresh, such as monkeypatch.
    """
    cases = list(cases)
    if not cases:
        raise TypeError("each: needs cases, but got none")
    if any(isinstance(case, type(pytest.param())) for case in cases):
        raise TypeError("each: needs plain cases, but got pytest.param. Names belong in ids")
    if os.environ.get("EACH"):
        return pytest.mark.parametrize(names, cases, ids=ids)
    names = (names,) if isinstance(names, str) else names
    ids = [called(case, ids) for case in cases] if ids is None or callable(ids) else list(ids)

    def decorated(test):
        signature = inspect.signature(test)

        @functools.wraps(test)
        def every_case(**others):
            __tracebackhide__ = True
            failed, skipped = [], []
            for name, case in zip(ids, cases, strict=True):
                given = zip(names, (case,) if len(names) == 1 else case, strict=True)
                try:
                    test(**dict(given), **others)
                except pytest.skip.Exception as skip:
                    skipped.append(skip)
                except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001
                    failed.append((name, error))
            if failed:
                which = "; ".join(str(name) for name, _ in failed)
                first = failed[0][1]
                first.add_note(f"{len(failed)} of {len(cases)} cases fail: {which}")
                raise first
            if skipped and len(skipped) == len(cases):
                raise skipped[0]

        rest = [each for name, each in signature.parameters.items() if name not in names]
        every_case.__signature__ = signature.replace(parameters=rest)
        return every_case

    return decorated


def called(case, ids):
    """What a case is called: by `ids`, or as Python writes it."""
    name = ids(case) if ids else getattr(case, "__name__", case)
    return " ".join(str(name).split())[:100]
