"""Group commit: what several threads bring at one time is written in one go."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Kept = TypeVar("Kept")


class _Place(Generic[Item, Kept]):
    """One item on its way; its thread sleeps until it is written, or until it is its turn to write."""

    __slots__ = ("_wake", "item", "kept")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.kept: list[Kept] = []  # one when it was written
        self._wake = threading.Lock()
        self._wake.acquire()

    def sleep(self) -> None:
        self._wake.acquire()

    def wake(self) -> None:
        self._wake.release()


class GroupCommit(Generic[Item, Kept]):
    """Whoever comes first writes at once; those who come meanwhile are the next group. Thread-safe.

    ``write`` takes a group in the order in which they came and gives one outcome each. ``most``: items of a group.
    """

    def __init__(self, write: Callable[[Sequence[Item]], Sequence[Kept]], most: int = 100) -> None:
        self._write = write
        self._most = most
        self._lock = threading.Lock()
        self._writing = False
        self._waiting: list[_Place[Item, Kept]] = []

    def put(self, item: Item) -> Kept:
        """Returns when the item is written: its outcome.

        Raises:
            RuntimeError: another thread wrote the group, and failed. Who writes it has what ``write`` raises.
        """
        mine = _Place[Item, Kept](item)
        with self._lock:
            self._waiting.append(mine)
            first, self._writing = not self._writing, True
        if not first:
            mine.sleep()
        if not mine.kept:
            self._write_group(mine)
        return mine.kept[0]

    def _write_group(self, mine: _Place[Item, Kept]) -> None:
        with self._lock:
            if mine not in self._waiting:
                raise RuntimeError("the group was not written")
            group, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            for place, kept in zip(group, self._write([place.item for place in group]), strict=True):
                place.kept.append(kept)
        finally:
            with self._lock:
                self._writing = bool(self._waiting)
                following = self._waiting[:1]
            for place in (*following, *group):
                if place is not mine:
                    place.wake()
