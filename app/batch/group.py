"""Group commit: what several threads bring at one time is written in one go."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")
Kept = TypeVar("Kept")


@dataclass(eq=False, slots=True)
class _Place(Generic[Item, Kept]):
    item: Item
    kept: list[Kept]  # one when it was written


class GroupCommit(Generic[Item, Kept]):
    """Whoever comes first writes at once; those who come meanwhile are the next group. Thread-safe.

    ``write`` takes a group in the order in which they came and gives one outcome each. ``most``: items of a group.
    """

    def __init__(self, write: Callable[[Sequence[Item]], Sequence[Kept]], most: int = 100) -> None:
        self._write = write
        self._most = most
        self._one = threading.Lock()  # writes
        self._coming = threading.Lock()
        self._waiting: list[_Place[Item, Kept]] = []

    def put(self, item: Item) -> Kept:
        """Returns when the item is written: its outcome.

        Raises:
            RuntimeError: another thread wrote the group, and failed. Who writes it has what ``write`` raises.
        """
        mine = _Place[Item, Kept](item, [])
        with self._coming:
            self._waiting.append(mine)
        with self._one:
            while not mine.kept and self._holds(mine):
                self._write_next()
        if not mine.kept:
            raise RuntimeError("the group was not written")
        return mine.kept[0]

    def _holds(self, mine: _Place[Item, Kept]) -> bool:
        with self._coming:
            return mine in self._waiting

    def _write_next(self) -> None:
        with self._coming:
            group, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        for place, kept in zip(group, self._write([place.item for place in group]), strict=True):
            place.kept.append(kept)
