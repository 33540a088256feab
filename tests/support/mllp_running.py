"""A server of MLLP in this process, over a store of its own."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from app.batch.feed import Feed
from app.integrations.mllp.framing import Frame
from app.integrations.mllp.server import Listening, MllpServer
from app.storage.store import Store


def answering(feed: Feed) -> Callable[[Frame], bytes | None]:
    return lambda frame: feed.answer(frame.message, too_long=frame.too_long)[0]


@contextmanager
def running(store: Store, *, most_waiting: int = 500_000, **listening: Any) -> Iterator[MllpServer]:
    """Listens on ``server.port`` until the end of the block."""
    feed = Feed(store, 262_144, most_waiting)
    server = MllpServer(Listening("127.0.0.1", 0, **listening), answering(feed))
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
