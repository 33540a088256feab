"""The queue of jobs: tasks of a few jobs each, delivered at least once, to any number of workers.

The broker is dramatiq's: Redis, where one is configured, for workers of several processes and
machines; else one in this process's memory. A task only names jobs; what they are and whether they
are done, the store knows. So a task may be lost or come twice: the keeper puts lost ones in again
(``worker.py``), and the claim of a job keeps it from being checked twice.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import redis
from dramatiq import Actor, Broker, Message, Middleware, Worker
from dramatiq.brokers.redis import MAINTENANCE_SCALE, RedisBroker
from dramatiq.brokers.stub import StubBroker
from dramatiq.common import dq_name
from dramatiq.errors import BrokerConnectionError
from dramatiq.middleware import Retries

JOBS_PER_TASK = 16
_URGENT, _BATCH = "radproof-urgent", "radproof-batch"
_PRIORITIES = {_URGENT: 0, _BATCH: 10}  # the lower, the sooner
_HEARTBEAT_MS = 15_000  # a worker that is silent for longer is taken for dead, and its tasks go to others
_RETRY_MS = (1_000, 60_000)
_MOST_RETRIES = 10  # then the keeper's turn

Handler = Callable[[Sequence[int], int], None]


class QueueError(Exception):
    """The broker cannot be reached; tasks can be put in later."""


class TaskQueue:
    """Tasks in, over one broker. Thread-safe."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        for name in _PRIORITIES:
            broker.declare_queue(name)

    def put(self, jobs: Iterable[int], *, urgent: bool) -> None:
        """Tasks for these jobs, in order.

        Raises:
            QueueError: when the broker cannot be reached; some tasks may be in.
        """
        source = iter(jobs)
        while part := list(islice(source, JOBS_PER_TASK)):
            self._send(part, urgent=urgent)

    def put_alone(self, job: int, crashes: int, *, urgent: bool) -> None:
        """A task for one job that is to be checked by itself, a little later, after ``crashes`` crashes of it."""
        self._send([job], urgent=urgent, crashes=crashes, delay=1_000 * 4**crashes)

    def _send(self, jobs: list[int], *, urgent: bool, crashes: int = 0, delay: int | None = None) -> None:
        name = _URGENT if urgent else _BATCH
        message = Message[None](queue_name=name, actor_name=name, args=(jobs, crashes), kwargs={}, options={})
        try:
            self._broker.enqueue(message, delay=delay)
        except (redis.RedisError, BrokerConnectionError) as error:
            raise QueueError from error

    def outstanding(self) -> int:
        """Tasks that are waiting, delayed or at work.

        Raises:
            QueueError: when the broker cannot be reached.
        """
        broker = self._broker
        if isinstance(broker, StubBroker):
            return sum(
                broker.queues[part].unfinished_tasks for name in _PRIORITIES for part in (name, dq_name(name))
            )
        try:
            sizes: list[int] = [broker.do_qsize(name) for name in _PRIORITIES]  # type: ignore[attr-defined]
        except redis.RedisError as error:
            raise QueueError from error
        return sum(sizes)

    def work(self, handle: Handler, threads: int) -> Worker:
        """A started worker that hands every task to ``handle``: urgent tasks first, ``threads`` at a time.

        ``stop`` of the worker lets running tasks end. A task whose handler raises is tried again later.
        """
        for name, priority in _PRIORITIES.items():
            Actor(
                handle, actor_name=name, queue_name=name, priority=priority, broker=self._broker, options={}
            )
        worker = Worker(self._broker, worker_threads=threads)
        worker.start()
        return worker

    def close(self) -> None:
        """Give the connections back."""
        self._broker.close()


def open_queue(redis_url: str | None) -> TaskQueue:
    """The queue on a Redis server, or in memory.

    Raises:
        ValueError: when it is not the address of a Redis server.
    """
    shortest, longest = _RETRY_MS
    again: list[Middleware] = [Retries(max_retries=_MOST_RETRIES, min_backoff=shortest, max_backoff=longest)]
    if redis_url is None:
        return TaskQueue(StubBroker(middleware=again))
    return TaskQueue(
        RedisBroker(  # type: ignore[no-untyped-call]
            url=redis_url,
            middleware=again,
            namespace="radproof",
            heartbeat_timeout=_HEARTBEAT_MS,
            maintenance_chance=MAINTENANCE_SCALE // 20,
        )
    )
