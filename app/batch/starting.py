"""How many processes check batches here, by the settings, and who tells of results."""

import os

from app.batch.checking import CheckProcesses
from app.batch.delivering import Deliverer
from app.batch.queue import TaskQueue
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
