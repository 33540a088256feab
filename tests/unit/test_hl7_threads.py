"""Messages that wait together are kept together; none waits for a slow one, and none suffers for another's fault."""

import asyncio
import sys
import threading
from collections.abc import Sequence

import pytest
from hl7_support import Invented

from app.integrations.hl7.inbound import Hl7Inbound, Read
from app.integrations.hl7.threads import InboundThreads
from app.integrations.mllp.framing import Frame
from app.storage.types import FeedMessage

_SECONDS = 20.0


class Keeper:
    """Keeps messages in memory; the first group only when it is let through."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.begun = threading.Event()
        self.through = threading.Event()

    def keep_all(self, messages: Sequence[FeedMessage]) -> list[list[int] | None]:
        self.groups.append([message.control_id for message in messages])
        self.begun.set()
        self.through.wait(_SECONDS)
        if "BROKEN" in self.groups[-1]:
            raise OSError("broken")
        return [[1] for _ in messages]


class Stumbling(Hl7Inbound):
    """Cannot read one message, and reads another for a long time."""

    read_on = threading.Event()

    def read(self, frame: Frame) -> Read:
        if b"|STUMBLE|" in frame.message:
            raise ZeroDivisionError
        if b"|SLOW|" in frame.message:
            self.read_on.wait(_SECONDS)
        return super().read(frame)


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


def frame(name: str, **fields: str) -> Frame:
    return Frame(Invented(name, f"A-{name}", **fields).encode())


async def begun(keeper: Keeper) -> None:
    assert await asyncio.to_thread(keeper.begun.wait, _SECONDS)


def threads_of(keeper: Keeper, most: int = 100) -> InboundThreads:
    return InboundThreads(Stumbling(keeper.keep_all, lambda *_: None, 262_144), most)


def said(answer: bytes | None) -> str:
    assert answer is not None
    return answer.decode().split("\rMSA|")[1][:2]


def test_those_that_wait_together_are_kept_together_and_in_order(keeper: Keeper) -> None:
    async def several() -> None:
        threads = threads_of(keeper)
        first = asyncio.create_task(threads.answer(frame("M0")))
        await begun(keeper)
        others = [asyncio.create_task(threads.answer(frame(f"M{number}"))) for number in range(1, 6)]
        await asyncio.sleep(0)
        assert not first.done()
        keeper.through.set()
        assert [said(await each) for each in (first, *others)] == ["AA"] * 6
        threads.close()

    asyncio.run(several())
    assert keeper.groups == [["M0"], ["M1", "M2", "M3", "M4", "M5"]]


def test_a_group_has_a_size_and_what_is_no_message_is_in_none(keeper: Keeper) -> None:
    keeper.through.set()

    async def many() -> list[str]:
        threads = threads_of(keeper, most=3)
        names = [f"M{number}" for number in range(20)]
        sent = (frame(name, version="1" if name == "M7" else "2.5.1") for name in names)
        answers = await asyncio.gather(*(threads.answer(each) for each in sent))
        threads.close()
        return [said(answer) for answer in answers]

    assert asyncio.run(many()) == ["AR" if number == 7 else "AA" for number in range(20)]
    assert [name for group in keeper.groups for name in group] == [f"M{n}" for n in range(20) if n != 7]
    assert max(map(len, keeper.groups)) <= 3


def test_a_fault_of_ours_in_one_message_is_heard_by_its_sender_only(keeper: Keeper) -> None:
    keeper.through.set()

    async def three() -> list[bytes | BaseException | None]:
        threads = threads_of(keeper)
        sent = (frame("M1"), frame("STUMBLE"), frame("M2"))
        answers = await asyncio.gather(*map(threads.answer, sent), return_exceptions=True)
        threads.close()
        return answers

    first, stumbled, last = asyncio.run(three())
    assert isinstance(stumbled, ZeroDivisionError)
    assert [said(each) for each in (first, last) if not isinstance(each, BaseException)] == ["AA", "AA"]


def test_a_group_that_cannot_be_kept_fails_and_the_next_goes_on(keeper: Keeper) -> None:
    keeper.through.set()

    async def both() -> str:
        threads = threads_of(keeper)
        answers = await asyncio.gather(
            threads.answer(frame("BROKEN")), threads.answer(frame("M1")), return_exceptions=True
        )
        assert [type(each) for each in answers] == [OSError, OSError]
        after = said(await threads.answer(frame("M2")))
        threads.close()
        return after

    assert asyncio.run(both()) == "AA"


@pytest.mark.parametrize("slow", ["a document", "long"])
def test_nobody_waits_for_a_long_message_or_a_document(keeper: Keeper, slow: str) -> None:
    keeper.through.set()
    Stumbling.read_on.clear()
    raw = Invented("SLOW", "A-SLOW", text="clear " * (1 if slow == "a document" else 12_000)).encode()
    if slow == "a document":
        raw += b"OBX|2|ED|PDF^Report||^application^pdf^Base64^AAAA||||||F\r"

    async def beside() -> None:
        threads = threads_of(keeper)
        waiting = asyncio.create_task(threads.answer(Frame(raw)))
        assert said(await threads.answer(frame("M1"))) == "AA"
        assert not waiting.done()
        Stumbling.read_on.set()
        assert said(await waiting) == "AA"
        threads.close()

    asyncio.run(beside())


def test_a_peer_that_is_gone_keeps_nobody_from_an_answer(keeper: Keeper) -> None:
    async def gone() -> None:
        threads = threads_of(keeper)
        first = asyncio.create_task(threads.answer(frame("M0")))
        await begun(keeper)
        left, stays = (asyncio.create_task(threads.answer(frame(name))) for name in ("M1", "M2"))
        await asyncio.sleep(0)
        left.cancel()
        keeper.through.set()
        assert [said(await each) for each in (first, stays)] == ["AA", "AA"]
        threads.close()

    asyncio.run(gone())
    assert keeper.groups[-1] == ["M1", "M2"]


def test_who_comes_while_others_are_gathered_is_answered(keeper: Keeper) -> None:
    """The event loop adds messages at any moment of the thread's work; none may be forgotten, nor the thread stop."""
    keeper.through.set()
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    async def sender(threads: InboundThreads, first: int) -> list[str]:
        return [said(await threads.answer(frame(f"M{first}-{number}"))) for number in range(60)]

    async def many() -> None:
        threads = threads_of(keeper)
        answers = await asyncio.wait_for(
            asyncio.gather(*(sender(threads, first) for first in range(40))), _SECONDS * 3
        )
        assert answers == [["AA"] * 60] * 40
        threads.close()

    try:
        asyncio.run(many())
    finally:
        sys.setswitchinterval(before)
