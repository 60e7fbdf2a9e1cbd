"""Work counted in calls, which is the same on every machine; times belong in the benchmarks."""

import contextlib
import sys


@contextlib.contextmanager
def calls_at_most(limit):
    """Fail as soon as more functions than that have been called, Python's and C's.

    >>> with calls_at_most(100):
    ...     total = sum(abs(i) for i in range(40))
    >>> with calls_at_most(100):
    ...     total = sum(abs(i) for i in range(400))
    Traceback (most recent call last):
    AssertionError: more than 100 calls
    """
    made, before = 0, sys.getprofile()

    def count(frame, event, argument):
        nonlocal made
        if event in ("call", "c_call"):
            made += 1
            if made > limit:
                sys.setprofile(before)
                raise AssertionError(f"more than {limit:,} calls")

    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)
