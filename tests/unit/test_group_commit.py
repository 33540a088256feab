"""Who comes while others are written is written with the next group, in order, and hears of its own item only."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from app.batch.group import GroupCommit


class Gate:
    """Writes groups, each when it is let through."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.begun = threading.Semaphore(0)
        self.through = threading.Semaphore(0)

    def write(self, group: Sequence[int]) -> list[int]:
        self.groups.append(list(group))
        self.begun.release()
        self.through.acquire()
        if -1 in group:
            raise OSError("broken")
        return [item * 10 for item in group]


def brought(gate: Gate, commit: GroupCommit[int, int], items: Sequence[int]) -> list[Future[list[int]]]:
    """The first alone, the others while it is written, in their order."""
    pool = ThreadPoolExecutor(len(items))
    asked = [pool.submit(commit.put, items[:1])]
    gate.begun.acquire()
    for count, item in enumerate(items[1:], 1):
        asked.append(pool.submit(commit.put, [item]))
        while len(commit._waiting) < count:
            threading.Event().wait(0.001)
    pool.shutdown(wait=False)
    return asked


def test_first_is_written_alone_and_the_rest_together() -> None:
    gate = Gate()
    asked = brought(gate, GroupCommit(gate.write), [1, 2, 3, 4])
    assert not any(each.done() for each in asked)
    gate.through.release(2)
    assert [each.result(10) for each in asked] == [[10], [20], [30], [40]]
    assert gate.groups == [[1], [2, 3, 4]]


def test_a_group_has_a_size() -> None:
    gate = Gate()
    asked = brought(gate, GroupCommit(gate.write, most=2), [1, 2, 3, 4])
    gate.through.release(3)
    assert [each.result(10) for each in asked] == [[10], [20], [30], [40]]
    assert gate.groups == [[1], [2, 3], [4]]


def test_a_group_that_fails_is_told_to_all_of_it_and_the_next_goes_on() -> None:
    gate = Gate()
    commit = GroupCommit(gate.write, most=2)
    asked = brought(gate, commit, [1, -1, 2, 3])
    gate.through.release(3)
    assert asked[0].result(10) == [10]
    for each, kind in zip(asked[1:3], (OSError, RuntimeError), strict=True):
        with pytest.raises(kind):
            each.result(10)
    assert asked[3].result(10) == [30]


def test_many_threads_at_once_lose_nothing() -> None:
    sizes: list[int] = []

    def write(group: Sequence[int]) -> Sequence[int]:
        sizes.append(len(group))
        return group

    commit = GroupCommit(write, most=7)
    with ThreadPoolExecutor(16) as pool:
        brought = [[number, -number] for number in range(3_000)]
        assert list(pool.map(commit.put, brought)) == brought
    assert sum(sizes) == 6_000
    assert max(sizes) <= 14
