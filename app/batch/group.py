"""Group commit: what several threads bring at one time is written in one go."""

import threading
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

Item = TypeVar("Item")
Kept = TypeVar("Kept")


class _Place(Generic[Item, Kept]):
    """What one thread brought; it sleeps until that is written, or until it is its turn to write."""

    __slots__ = ("_wake", "items", "kept")

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.kept: list[Kept] | None = None  # not written
        self._wake = threading.Lock()
        self._wake.acquire()

    def sleep(self) -> None:
        self._wake.acquire()

    def wake(self) -> None:
        self._wake.release()


class GroupCommit(Generic[Item, Kept]):
    """Whoever comes first writes at once; those who come meanwhile are the next group. Thread-safe.

    ``write`` takes a group in the order in which they came and gives one outcome each. ``most``: threads whose items
    are a group.
    """

    def __init__(self, write: Callable[[Sequence[Item]], Sequence[Kept]], most: int = 100) -> None:
        self._write = write
        self._most = most
        self._lock = threading.Lock()
        self._writing = False
        self._waiting: list[_Place[Item, Kept]] = []

    def put(self, items: Sequence[Item]) -> list[Kept]:
        """Returns when the items are written: the outcome of each.

        Raises:
            RuntimeError: another thread wrote the group, and failed. Who writes it has what ``write`` raises.
        """
        mine = _Place[Item, Kept](items)
        with self._lock:
            self._waiting.append(mine)
            first, self._writing = not self._writing, True
        if not first:
            mine.sleep()
        return self._write_group(mine) if mine.kept is None else mine.kept

    def _write_group(self, mine: _Place[Item, Kept]) -> list[Kept]:
        with self._lock:
            if mine not in self._waiting:
                raise RuntimeError("the group was not written")
            group, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            kept = iter(self._write([item for place in group for item in place.items]))
            for place in group:
                place.kept = list(islice(kept, len(place.items)))
        finally:
            with self._lock:
                self._writing = bool(self._waiting)
                following = self._waiting[:1]
            for place in (*following, *group):
                if place is not mine:
                    place.wake()
        return mine.kept or []
