"""The queue keeps its promises in memory and on a Redis server alike."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import dramatiq
import pytest
import redis

from app.batch import queue as queue_module
from app.batch.queue import JOBS_PER_TASK, TaskQueue, open_queue

_PATIENCE_SECONDS = 60


@pytest.fixture(params=["memory", "redis"])
def address(request: pytest.FixtureRequest) -> str | None:
    if request.param == "memory":
        return None
    url: str = request.getfixturevalue("redis_url")
    redis.Redis.from_url(url).flushall()
    return url


@pytest.fixture
def queue(address: str | None, monkeypatch: pytest.MonkeyPatch) -> Iterator[TaskQueue]:
    monkeypatch.setattr(queue_module, "_RETRY_MS", (10, 20))
    opened = open_queue(address)
    yield opened
    opened.close()


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Handled:
    def __init__(self) -> None:
        self.jobs: list[int] = []
        self.tasks: list[int] = []
        self._lock = threading.Lock()

    def __call__(self, jobs: Sequence[int], _crashes: int) -> None:
        with self._lock:
            self.jobs += jobs
            self.tasks.append(len(jobs))


def stop(worker: dramatiq.Worker) -> None:
    worker.stop()


def test_every_job_is_handled_in_tasks_of_bounded_size(queue: TaskQueue) -> None:
    handled = Handled()
    queue.put(range(100), urgent=False)
    assert queue.outstanding() == -(-100 // JOBS_PER_TASK)
    worker = queue.work(handled, threads=3)
    until(lambda: queue.outstanding() == 0)
    stop(worker)
    assert sorted(handled.jobs) == list(range(100))
    assert max(handled.tasks) <= JOBS_PER_TASK


def test_urgent_tasks_come_first(queue: TaskQueue) -> None:
    order: list[int] = []
    started = threading.Event()

    def handle(jobs: Sequence[int], _crashes: int) -> None:
        started.wait()
        order.extend(jobs)

    queue.put(range(JOBS_PER_TASK * 20), urgent=False)
    worker = queue.work(handle, threads=1)
    queue.put([-1], urgent=True)
    time.sleep(0.5)  # both queues are read from
    started.set()
    until(lambda: queue.outstanding() == 0)
    stop(worker)
    assert order.index(-1) <= JOBS_PER_TASK * 3, "after what was in hand, before the rest"


def test_failed_task_comes_again(queue: TaskQueue) -> None:
    calls: list[int] = []

    def handle(jobs: Sequence[int], _crashes: int) -> None:
        calls.extend(jobs)
        if len(calls) == 1:
            raise ConnectionError

    queue.put([7], urgent=False)
    worker = queue.work(handle, threads=1)
    until(lambda: len(calls) == 2 and queue.outstanding() == 0)
    stop(worker)
    assert calls == [7, 7]


def test_lone_task_says_how_often_it_crashed(queue: TaskQueue) -> None:
    told: list[tuple[list[int], int]] = []
    queue.put_alone(5, 0, urgent=True)
    assert queue.outstanding() == 1
    worker = queue.work(lambda jobs, crashes: told.append((list(jobs), crashes)), threads=1)
    until(lambda: queue.outstanding() == 0)
    stop(worker)
    assert told == [([5], 0)]


def test_stop_lets_running_tasks_end(queue: TaskQueue) -> None:
    ended: list[int] = []
    begun = threading.Event()

    def handle(jobs: Sequence[int], _crashes: int) -> None:
        begun.set()
        time.sleep(0.5)
        ended.extend(jobs)

    queue.put([1], urgent=False)
    worker = queue.work(handle, threads=1)
    begun.wait()
    stop(worker)
    assert ended == [1]


def test_lost_broker_is_named() -> None:
    with pytest.raises(ValueError):
        open_queue("not an address")
    away = open_queue("redis://127.0.0.1:1/0")
    with pytest.raises(queue_module.QueueError):
        away.put([1], urgent=False)
    with pytest.raises(queue_module.QueueError):
        away.outstanding()
    with suppress(redis.RedisError):
        away.close()
