"""Where messages of MLLP are read, kept and answered, off the event loop.

Short ones in one thread, those that wait together in one go: threads of Python take the interpreter from each
other at every statement of the database, so that twenty of them are slower than one. Long messages and those with
documents have threads of their own, so that nobody waits for them.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from app.integrations.hl7.inbound import Hl7Inbound, Read
from app.integrations.mllp.framing import Frame

_SHORT = 65_536  # bytes
_SLOW_THREADS = 24
_Answered = bytes | BaseException | None


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """A message on its way; ``answered`` belongs to the event loop."""

    read: Future[Read]
    answered: asyncio.Future[bytes | None]


class InboundThreads:
    """Answers frames of one event loop until it is closed."""

    def __init__(self, inbound: Hl7Inbound, most: int = 100) -> None:
        """``most``: messages that are kept in one go."""
        self._inbound = inbound
        self._most = most
        self._one = ThreadPoolExecutor(1, "hl7")
        self._slow = ThreadPoolExecutor(_SLOW_THREADS, "hl7-slow")
        self._waiting: deque[_Place] = deque()
        self._gathering = False

    async def answer(self, frame: Frame) -> bytes | None:
        """Keep the message of a frame and give its answer, None where its sender wants none."""
        loop = asyncio.get_running_loop()
        if _is_slow(frame.message):
            return await loop.run_in_executor(self._slow, self._inbound.answer, frame)
        place = _Place(self._one.submit(self._inbound.read, frame), loop.create_future())
        self._waiting.append(place)
        self._ask()
        return await place.answered

    def close(self) -> None:
        """Returns when nothing is being read or kept."""
        self._one.shutdown()
        self._slow.shutdown()

    def _gather(self) -> None:
        """Take those that were read; where others are still to be, behind them."""
        # the last one, since they are read in turn; not all of them: the event loop adds to them meanwhile
        read = not self._waiting or self._waiting[-1].read.done()
        if not read and len(self._waiting) < self._most:
            self._one.submit(self._gather)
            return
        self._gathering = False  # who comes from here on asks for it
        group: list[_Place] = []
        while self._waiting and len(group) < self._most and self._waiting[0].read.done():
            group.append(self._waiting.popleft())
        if group:
            self._one.submit(self._keep, group).add_done_callback(partial(_tell, group))
        if self._waiting:  # who came while this was still gathering
            self._ask()

    def _ask(self) -> None:
        if not self._gathering:
            self._gathering = True
            self._one.submit(self._gather)

    def _keep(self, group: Sequence[_Place]) -> list[_Answered]:
        """Of each its answer, or what went wrong when it was read."""
        read = [place.read.result() for place in group if place.read.exception() is None]
        answers = iter(self._inbound.answers(read))
        return [place.read.exception() or next(answers) for place in group]


def _tell(group: Sequence[_Place], kept: Future[list[_Answered]]) -> None:
    error = kept.exception()
    answered = kept.result() if error is None else [error] * len(group)
    group[0].answered.get_loop().call_soon_threadsafe(_wake, group, answered)


def _wake(group: Sequence[_Place], answered: Sequence[_Answered]) -> None:
    for place, each in zip(group, answered, strict=True):
        if place.answered.done():  # its connection is gone
            continue
        if isinstance(each, BaseException):
            place.answered.set_exception(each)
        else:
            place.answered.set_result(each)


def _is_slow(message: bytes) -> bool:
    mark = message[3:4]
    return len(message) > _SHORT or mark + b"ED" + mark in message
