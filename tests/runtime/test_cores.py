"""`photochrom.runtime.cores`: the cores that may be used are shared, and used once."""

import os

import pytest

from photochrom.runtime import cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux")
def test_cores_that_may_not_be_used_are_not_counted():
    allowed = os.sched_getaffinity(0)
    assert cores.usable_cores() == len(allowed)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert cores.usable_cores() == cores.usual_workers() == cores.threads_each(1) == 1
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize(
    ("count", "workers", "usual", "each"), [(1, 1, 1, 1), (2, 1, 3, 2), (8, 2, 9, 4), (8, 3, 9, 2)]
)
def test_the_cores_are_used_once(monkeypatch, count, workers, usual, each):
    monkeypatch.setattr(cores, "usable_cores", lambda: count)
    assert cores.usual_workers() == usual
    assert cores.threads_each(workers) == each
    assert cores.threads_each(usual) == 1
