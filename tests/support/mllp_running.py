"""A server of MLLP in this process, over a store of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from app.batch.feed import Feed
from app.integrations.hl7.inbound import Hl7Inbound
from app.integrations.hl7.threads import InboundThreads
from app.integrations.mllp.server import Listening, MllpServer
from app.storage.store import Store


def inbound(feed: Feed) -> Hl7Inbound:
    return Hl7Inbound(feed.keep_all, feed.reject, 262_144)


def take_in(store: Store, raw: bytes) -> list[int]:
    """Keep a message; the jobs that wait because of it."""
    jobs: list[int] = []
    assert inbound(Feed(store, 1_000, jobs.extend)).take(raw) is None
    return jobs


@contextmanager
def running(store: Store, *, most_waiting: int = 500_000, **listening: Any) -> Iterator[MllpServer]:
    """Listens on ``server.port`` until the end of the block."""
    feed = Feed(store, most_waiting)
    server = MllpServer(Listening("127.0.0.1", 0, **listening), InboundThreads(inbound(feed)))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.close(5), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
