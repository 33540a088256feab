"""What works beside a service, by the settings: what checks and tells of results, and where messages go."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from app.batch.bell import Bell
from app.batch.checking import CheckProcesses
from app.batch.delivering import Deliverer
from app.batch.feed import Feed
from app.batch.queue import TaskQueue
from app.batch.tally import Tally
from app.batch.worker import BatchWorker
from app.services import open_senders
from app.settings import Settings
from app.storage.store import Store


def start_worker(store: Store, queue: TaskQueue, settings: Settings, *, serving: bool) -> BatchWorker:
    """A worker of as many processes as are configured.

    Where it is not said: one a core, but none in a service (``serving``) whose queue is on a Redis
    server, since ``radproof worker`` checks there. A service has built what checks already; elsewhere it is
    built here, before a report is taken. What the outbox holds is sent beside it.

    Raises:
        ConfigurationError: when it cannot be built.
    """
    count = settings.batch_processes
    if count is None:
        count = 0 if serving and settings.redis_url is not None else os.cpu_count() or 1
    senders = open_senders(settings)
    processes = CheckProcesses(settings, count) if count else None
    if processes is not None and not serving:
        processes.start()
    return BatchWorker(store, queue, processes, settings.retention_days, Deliverer(store, senders))


@contextmanager
def open_feed(store: Store, queue: TaskQueue, settings: Settings) -> Iterator[Feed]:
    """Where messages go until the end of the block; what is to be queued and counted by then is."""
    bell, tally = Bell(queue), Tally(store)
    try:
        yield Feed(store, settings.max_waiting, bell.ring, tally.count)
    finally:
        bell.stop()
        tally.stop()
