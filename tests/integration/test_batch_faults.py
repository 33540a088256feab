"""What breaks under a batch: processes that die, reports that kill them, a database that is full or gone."""

import datetime as dt
import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, update
from sqlalchemy.exc import SQLAlchemyError

from app.batch.checking import CheckProcesses, CrashedError, result_of
from app.batch.export import fhir_bundle, result_lines
from app.batch.items import Accepted, Refused
from app.batch.queue import QueueError, TaskQueue, open_queue
from app.batch.receiving import Receiver, Sender
from app.batch.worker import BatchWorker
from app.cli import main
from app.commands.batch import _sha256
from app.main import create_app
from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport
from app.services import ConfigurationError, Services
from app.settings import Settings
from app.storage.schema import now
from app.storage.sealing import new_key
from app.storage.store import Store, open_store
from app.storage.tables import batch as batch_table
from app.storage.types import Claim, Finished

_TEXT = "FINDINGS: No pleural effusion.\nIMPRESSION: Small bilateral pleural effusions."
_PATIENCE_SECONDS = 120


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    opened.close()


@pytest.fixture
def queue() -> Iterator[TaskQueue]:
    opened = open_queue(None)
    yield opened
    opened.close()


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def sent(store: Store, count: int) -> str:
    public_id, _ = store.batches.begin("f" * 64)
    reports = [SubmittedReport(_TEXT, f"r{number}") for number in range(count)]
    store.batches.add(public_id, [Accepted(report.report_id, report) for report in reports])
    store.batches.open(public_id, "tester")
    return public_id


def finished(store: Store, batch: str) -> bool:
    found = store.batches.get(batch)
    return found is not None and not found.open


class Fragile(CheckProcesses):
    """Checks in this process; whoever checks the report ``deadly`` crashes."""

    def __init__(self, services: Services, store: Store, deadly: int) -> None:
        super().__init__(Settings(references_k=0), 1)
        self._services, self._kept, self._deadly = services, store, deadly

    def check(self, claims: Sequence[Claim], *, alone: bool = False) -> list[Finished]:
        if any(claim.report == self._deadly for claim in claims):
            raise CrashedError
        report = SubmittedReport(_TEXT, "r")
        return [
            Finished(claim, result_of(check_report(report, self._services), self._kept.seal))
            for claim in claims
        ]


def test_one_deadly_report_is_given_up_and_the_others_are_checked(
    kept: Store, queue: TaskQueue, services: Services
) -> None:
    batch = sent(kept, 20)
    deadly = kept.reports.lines(batch, 6, 1)[0].report
    queue.put(kept.jobs.waiting(batch), urgent=False)
    worker = BatchWorker(kept, queue, Fragile(services, kept, deadly))
    until(lambda: finished(kept, batch))
    worker.stop()
    found = kept.batches.get(batch)
    assert found is not None
    assert dict(found.counts) == {"checked": 19, "failed": 1}
    (line,) = [line for line in kept.reports.lines(batch, 0, 50) if line.state == "failed"]
    assert (line.report, line.problem) == (deadly, "crashed")


def test_killed_check_process_costs_nothing(kept: Store, queue: TaskQueue) -> None:
    batch = sent(kept, 60)
    processes = CheckProcesses(Settings(references_k=0), 1)
    worker = BatchWorker(kept, queue, processes)
    queue.put(kept.jobs.waiting(batch), urgent=False)
    until(lambda: bool(_children()))
    for child in _children():
        os.kill(child, signal.SIGKILL)
    until(lambda: finished(kept, batch))
    worker.stop()
    found = kept.batches.get(batch)
    assert found is not None
    assert dict(found.counts) == {"checked": 60}


def test_check_process_killed_without_work_is_replaced(kept: Store) -> None:
    processes = CheckProcesses(Settings(references_k=0), 1)
    first, second = kept.jobs.claim(kept.jobs.waiting(sent(kept, 2)), "w")
    assert processes.check([first])[0].result is not None
    for child in _children():
        os.kill(child, signal.SIGKILL)
    (pool,) = processes._pools.values()
    until(lambda: bool(pool._broken))
    assert processes.check([second])[0].result is not None
    processes.close()


def test_check_that_takes_too_long_is_a_crash(kept: Store) -> None:
    claims = kept.jobs.claim(kept.jobs.waiting(sent(kept, 1)), "w")
    for seconds, hung in ((0.0001, True), (60.0, False)):
        processes = CheckProcesses(Settings(references_k=0, batch_check_seconds=seconds), 1)
        with pytest.raises(CrashedError) if hung else nullcontext():
            assert processes.check(claims)[0].result is not None
        processes.close()


def test_processes_that_cannot_be_built_blame_no_report(kept: Store, tmp_path: Path) -> None:
    processes = CheckProcesses(Settings(index_dir=tmp_path / "none"), 1)
    with pytest.raises(ConfigurationError, match="RADPROOF_INDEX_DIR"):
        processes.start()
    with pytest.raises(ConfigurationError):
        processes.check(kept.jobs.claim(kept.jobs.waiting(sent(kept, 1)), "w"))
    processes.close()


def test_report_beside_a_deadly_one_is_not_blamed(kept: Store) -> None:
    processes = CheckProcesses(Settings(references_k=0), 1)
    first, second = kept.jobs.claim(kept.jobs.waiting(sent(kept, 2)), "w")
    assert processes.check([first])[0].result is not None
    beside = set(_children())
    with ThreadPoolExecutor(1) as other:
        lonely = other.submit(processes.check, [second], alone=True)
        until(lambda: bool(set(_children()) - beside))
        for child in beside:
            os.kill(child, signal.SIGKILL)
        assert lonely.result()[0].result is not None
    processes.close()


def _children() -> list[int]:
    """Processes that multiprocessing spawned from here."""
    found = []
    for path in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        for child in path.read_text().split():
            if "spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes().decode():
                found.append(int(child))
    return found


def test_keeper_puts_in_what_the_queue_has_lost(kept: Store, queue: TaskQueue, services: Services) -> None:
    batch = sent(kept, 10)  # nothing is put into the queue
    worker = BatchWorker(kept, queue, Fragile(services, kept, deadly=0))
    until(lambda: finished(kept, batch))
    worker.stop()


def test_keeper_puts_in_what_the_queue_only_believes_to_be_at_work(
    kept: Store, queue: TaskQueue, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(queue), "outstanding", lambda _queue: 1)
    monkeypatch.setattr("app.batch.worker._KEEP_SECONDS", 0.05)
    batch = sent(kept, 3)
    worker = BatchWorker(kept, queue, Fragile(services, kept, deadly=0))
    until(lambda: finished(kept, batch))
    worker.stop()


def test_keeper_outlives_a_lost_database(
    kept: Store, queue: TaskQueue, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[int] = []
    overdue = type(kept.jobs).overdue

    def away(jobs: object, limit: int, *, all_waiting: bool) -> list[tuple[bool, int]]:
        if len(failed) < 2:
            failed.append(1)
            raise SQLAlchemyError if len(failed) == 1 else QueueError
        return overdue(jobs, limit, all_waiting=all_waiting)  # type: ignore[arg-type]

    monkeypatch.setattr(type(kept.jobs), "overdue", away)
    monkeypatch.setattr("app.batch.worker._KEEP_SECONDS", 0.05)
    batch = sent(kept, 3)
    worker = BatchWorker(kept, queue, Fragile(services, kept, deadly=0))
    until(lambda: finished(kept, batch))
    worker.stop()
    assert len(failed) == 2


@pytest.fixture
def app(services: Services, tmp_path: Path) -> Iterator[TestClient]:
    settings = Settings(store_url=f"sqlite:///{tmp_path / 'app.db'}", batch_processes=0)  # type: ignore[arg-type]
    with TestClient(create_app(settings, services), raise_server_exceptions=False) as opened:
        yield opened


def post(app: TestClient, body: bytes, key: str = "k") -> tuple[int, dict[str, object]]:
    headers = {"Idempotency-Key": key, "Content-Type": "application/x-ndjson"}
    answer = app.post("/v1/batches", content=body, headers=headers)
    return answer.status_code, answer.json()


def test_full_disk_is_named_and_nothing_is_taken(
    app: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = b'{"custom_id": "a", "text": "FINDINGS: Clear."}\n'
    app.get("/v1/batches")
    full = sqlite3.connect(tmp_path / "app.db")
    pages = full.execute("PRAGMA page_count").fetchone()[0]
    full.close()
    store: Store = app.app_state["store"]
    limit = [pages]

    def fill(connection: Any, *_: object) -> None:  # whichever connection the pool gives
        connection.execute(f"PRAGMA max_page_count = {limit[0]}").close()

    event.listen(store.engine, "checkout", fill)
    body = b"".join(
        b'{"custom_id": "%d", "text": "FINDINGS: %s."}\n' % (number, os.urandom(2000).hex().encode())
        for number in range(50)
    )
    status, told = post(app, body)
    assert (status, told["code"]) == (503, "store_unavailable")
    limit[0] = 100_000
    assert app.get("/v1/batches").json()["batches"] == []
    assert post(app, line, key="other")[0] == 202


def test_too_many_waiting_are_put_off(services: Services, tmp_path: Path) -> None:
    settings = Settings(
        store_url=f"sqlite:///{tmp_path / 'app.db'}",  # type: ignore[arg-type]
        batch_processes=0,
        max_waiting=2,
        max_batch_reports=3,
    )
    line = b'{"text": "FINDINGS: Clear."}\n'
    with TestClient(create_app(settings, services)) as app:
        assert post(app, line * 4, "a")[1]["code"] == "too_many_reports"
        assert post(app, line * 3, "b")[0] == 202
        status, told = post(app, line, "c")
        assert (status, told["code"]) == (429, "too_many_waiting")
        assert (
            post(app, line * 3, "b")[0] == 202
        )  # sent again, since the answer was lost: it is taken in already


def test_what_nobody_finished_sending_does_not_keep_others_out(kept: Store, queue: TaskQueue) -> None:
    left, _ = kept.batches.begin("f" * 64, "left")
    kept.batches.add(left, [Accepted(f"r{number}", SubmittedReport(_TEXT, "r")) for number in range(3)])
    with kept.engine.begin() as connection:  # whoever received it has died
        connection.execute(update(batch_table).values(receiving_until=now() - 1))
    receiver = Receiver(kept, queue, most_waiting=3)
    assert receiver.receive([Accepted("a", SubmittedReport(_TEXT, "a"))], Sender("tester", "a" * 64, "next"))


def test_command_waits_for_what_was_cut_off_while_it_was_received(tmp_path: Path) -> None:
    path = tmp_path / "day.ndjson"
    path.write_text('{"text": "FINDINGS: Clear."}\n', encoding="utf-8")
    store = open_store(f"sqlite:///{tmp_path / 'out' / 'batch.db'}")
    store.batches.begin(_sha256([path]), _sha256([path]))
    with store.engine.begin() as connection:  # killed a minute ago, nearly
        connection.execute(update(batch_table).values(receiving_until=now() + 2))
    store.close()
    assert main(["batch", str(path), "--out", str(tmp_path / "out"), "--processes", "1"]) == 0


def test_results_that_no_key_opens_are_refused(services: Services, tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'app.db'}"
    store = open_store(address, [new_key()])
    batch = sent(store, 1)
    (claim,) = store.jobs.claim(store.jobs.waiting(batch), "w")
    result = result_of(check_report(SubmittedReport(_TEXT, "r"), services), store.seal)
    store.jobs.finish([Finished(claim, result)], "w")
    store.close()
    settings = Settings(store_url=address, store_keys=new_key(), batch_processes=0)  # type: ignore[arg-type]
    with TestClient(create_app(settings, services)) as app:
        for kind in ("application/x-ndjson", "text/csv", "application/fhir+json"):
            answer = app.get(f"/v1/batches/{batch}/results", headers={"Accept": kind})
            assert (answer.status_code, answer.json()["code"]) == (503, "store_sealed")


def test_what_is_refused_without_a_name_is_named_by_its_place(kept: Store) -> None:
    batch, _ = kept.batches.begin("f" * 64)
    refused = [
        Refused("no_report"),
        Refused("no_text", line=2, source="entry 3"),
        Refused("invalid_json", line=1),
    ]
    kept.batches.add(batch, refused)
    kept.batches.open(batch, "tester")
    assert [line.custom_id for line in result_lines(kept, batch)] == ["file", "entry 3 line 2", "line 1"]


def test_key_is_free_after_an_interrupt(kept: Store, queue: TaskQueue) -> None:
    def interrupted() -> Iterator[Accepted]:
        yield Accepted("a", SubmittedReport(_TEXT, "a"))
        raise KeyboardInterrupt

    receiver, sender = Receiver(kept, queue, most_waiting=9), Sender("tester", "a" * 64, "key")
    with pytest.raises(KeyboardInterrupt):
        receiver.receive(interrupted(), sender)
    batch = receiver.receive([Accepted("a", SubmittedReport(_TEXT, "a"))], sender)
    found = kept.batches.get(batch)
    assert found is not None
    assert found.total == 1


def test_too_long_query_is_not_read_in_part(services: Services, tmp_path: Path) -> None:
    settings = Settings(store_url=f"sqlite:///{tmp_path / 'app.db'}", batch_processes=0)  # type: ignore[arg-type]
    query = b'{"study_date": "2026-01-05"}'.ljust(4096) + b"rest"
    with TestClient(create_app(settings, services)) as app:
        headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
        answer = app.post("/v1/batches", content=query, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_bundle_without_an_error_has_no_empty_array(kept: Store) -> None:
    batch, _ = kept.batches.begin("f" * 64)
    kept.batches.open(batch, "tester")
    told = json.loads("".join(fhir_bundle(result_lines(kept, batch))))
    assert told == {"resourceType": "Bundle", "type": "collection"}


def test_too_long_batch_is_refused_before_it_is_read(services: Services, tmp_path: Path) -> None:
    settings = Settings(
        store_url=f"sqlite:///{tmp_path / 'app.db'}",  # type: ignore[arg-type]
        batch_processes=0,
        max_batch_bytes=100,
    )
    with TestClient(create_app(settings, services)) as app:
        assert post(app, b"x" * 101)[1]["code"] == "body_too_large"


def test_results_say_how_long_they_are_kept(services: Services, tmp_path: Path) -> None:
    settings = Settings(
        store_url=f"sqlite:///{tmp_path / 'app.db'}",  # type: ignore[arg-type]
        batch_processes=0,
        retention_days=30,
    )
    with TestClient(create_app(settings, services)) as app:
        _, told = post(app, b"no report")
        answer = app.get(f"/v1/batches/{told['id']}")
    assert answer.json()["state"] == "done"
    kept = parsedate_to_datetime(answer.headers["Expires"]) - dt.datetime.fromisoformat(
        str(told["created_at"])
    )
    assert kept == dt.timedelta(days=30)
