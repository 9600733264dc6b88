"""How much memory there is, and the budget that work is admitted against."""

import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photochrom.errors import MemoryBudgetError, StoppedError
from photochrom.runtime import memory
from photochrom.runtime.memory import Budget, usable_bytes

MACHINE = usable_bytes()


def limits(folder, files):
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{text}\n")


@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        ("0::/\n", {"memory.max": 70_000_000}, 70_000_000),
        ("0::/\n", {"memory.max": "max"}, None),
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": 60_000_000}, 60_000_000),
        ("0::/a/b\n", {"a/b/memory.max": 50_000_000, "a/memory.max": 60_000_000}, 50_000_000),
        ("0::/a\n", {"other/memory.max": 1}, None),
        (
            "5:memory:/docker/x\n3:cpu:/docker/x\n",
            {"memory/docker/x/memory.limit_in_bytes": 40_000_000},
            40_000_000,
        ),
        ("5:memory:/\n", {"memory/memory.limit_in_bytes": 9223372036854771712}, None),
    ],
)
def test_control_groups_count(tmp_path, monkeypatch, own, files, expected):
    limits(tmp_path / "groups", files)
    (tmp_path / "own").write_text(own)
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(memory, "_OWN_CGROUPS", tmp_path / "own")
    without = min([*memory._of_the_machine(), *memory._of_ulimit()])
    assert usable_bytes() == (without if expected is None else expected)


def test_where_nothing_is_known_a_guess_is_made(monkeypatch):
    for name in ("_of_the_machine", "_of_control_groups", "_of_ulimit"):
        monkeypatch.setattr(memory, name, lambda: iter(()))
    assert usable_bytes() == 4_000_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="limits of the address space hold there")
def test_ulimit_counts():
    """As far as nothing is taken of it yet."""
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_DATA, (700_000_000, 700_000_000))\n"
        "from photochrom.runtime.memory import usable_bytes; print(usable_bytes())\n"
        "taken = bytearray(100_000_000); print(usable_bytes())"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second = map(int, ran.stdout.split())
    if MACHINE > 700_000_000:
        assert 300_000_000 < first < 550_000_000
        assert second <= first - 100_000_000


def test_a_budget_bounds_the_workers():
    assert Budget(1000).workers(8, 300) == 3
    assert Budget(1000).workers(2, 300) == 2
    assert Budget(100).workers(2, 300) == 1


# The budget


def test_what_fits_is_granted_and_the_rest_waits():
    budget = Budget(100)
    first, second, third = (budget.ask(count, subject="x") for count in (60, 50, 40))
    assert [one.done() for one in (first, second, third)] == [True, False, True]
    assert (budget.taken, budget.waiting) == (100, 1)
    budget.give(60)
    assert second.done()
    assert (budget.taken, budget.waiting) == (90, 0)


def test_what_never_fits_is_refused():
    with pytest.raises(MemoryBudgetError, match=r"a\.webp: this takes about 2\.4 GB.*500 MB"):
        Budget(500_000_000).ask(2_400_000_000, subject="a.webp")


def test_who_has_waited_long_is_not_overtaken(monkeypatch):
    budget = Budget(100)
    budget.ask(60, subject="x")
    large = budget.ask(90, subject="x")
    assert budget.ask(30, subject="x").done()
    monkeypatch.setattr(memory, "PATIENCE_S", 0.0)
    small = budget.ask(10, subject="x")
    assert not small.done()
    budget.give(60)
    assert not large.done()
    budget.give(30)
    assert large.done()
    assert small.done()


def test_who_goes_away_takes_nothing():
    budget = Budget(100)
    budget.ask(100, subject="x")
    gone, waits = (budget.ask(100, subject="x") for _ in range(2))
    assert gone.cancel()
    budget.give(100)
    assert waits.done()
    assert (budget.taken, budget.waiting) == (100, 0)


@given(st.lists(st.integers(1, 100), min_size=1, max_size=30))
def test_all_are_served_in_the_end_and_never_more_than_the_budget(counts):
    budget, most = Budget(100), 0
    granted = [budget.ask(count, subject="x") for count in counts]
    left = set(range(len(counts)))
    while left:
        served = [number for number in left if granted[number].done()]
        assert served
        most = max(most, budget.taken)
        assert budget.taken == sum(counts[number] for number in served)
        budget.give(counts[served[0]])
        left.remove(served[0])
    assert most <= 100
    assert budget.taken == 0


def test_threads_wait_for_their_turn():
    budget, most = Budget(100), []

    def work():
        for _ in range(20):
            with budget.taking(40, subject="x"):
                most.append(budget.taken)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 120
    assert max(most) <= 100
    assert budget.taken == 0


def test_who_is_stopped_while_waiting_leaves_the_queue():
    budget = Budget(100)
    with budget.taking(80, subject="x"):
        with pytest.raises(StoppedError), budget.taking(40, subject="y", stopped=lambda: True):
            pytest.fail("it was not to be had")
        with budget.taking(20, subject="z", stopped=lambda: True):
            assert budget.taken == 100
    assert budget.taken == budget.waiting == 0
