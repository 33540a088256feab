"""Messages of feeds keep their promises on SQLite and on PostgreSQL alike."""

import datetime as dt
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from hl7_support import Invented
from sqlalchemy import Connection, create_engine, func, inspect, select, text

from app.integrations.hl7.answer import NotTakenError
from app.integrations.hl7.inbound import message_of
from app.proofreading.report import SubmittedReport
from app.storage.schema import metadata
from app.storage.store import Store, open_store
from app.storage.tables import batch as batch_table
from app.storage.tables import feed
from app.storage.tables import message as message_table
from app.storage.tables import version as version_table
from app.storage.types import Batch, FeedMessage, Finished, FoundError, Result, Version, today

_DAY = today()


def take(store: Store, sent: Invented, day: dt.date = _DAY) -> list[int] | None:
    return store.messages.receive(message_of(sent.encode(), None, 262_144), day)


def checked(store: Store, jobs: list[int] | None) -> None:
    found = (FoundError("e1", "measurement", "high", 0.9),)
    sealed = store.seal.seal({"quote": "x"})
    result = Result(True, True, {"rules": "done"}, {"radproof": "1"}, found, sealed)
    claims = store.jobs.claim(jobs or [], "worker")
    store.jobs.finish([Finished(claim, result) for claim in claims], "worker")


def feeds(store: Store) -> list[Batch]:
    return store.batches.page(None, 10)


def states(store: Store, which: int = 0) -> list[tuple[str, str, str | None]]:
    lines = store.reports.lines(feeds(store)[which].public_id, 0, 100)
    return [(line.custom_id, line.state, line.problem) for line in lines]


def test_message_is_kept_with_its_job_and_its_day_stays_open(kept: Store) -> None:
    jobs = take(kept, Invented())
    (day,) = feeds(kept)
    assert (day.source, day.day, day.test, day.urgent, day.receiving) == (
        "RIS|NORTH",
        _DAY,
        False,
        True,
        True,
    )
    assert kept.jobs.waiting(day.public_id) == jobs
    checked(kept, jobs)
    assert take(kept, Invented("C2", "ACC-2")) is not None
    assert len(feeds(kept)) == 1
    assert states(kept) == [("C1", "checked", None), ("C2", "waiting", None)]


def test_order_context_goes_with_the_report(kept: Store) -> None:
    take(kept, Invented())
    (line,) = kept.reports.lines(feeds(kept)[0].public_id, 0, 9)
    submitted = kept.reports.get(line.report, "reader")
    assert submitted is not None
    assert submitted.context.procedure == "XR CHEST 2 VIEWS"
    assert (submitted.context.modality, submitted.context.patient_sex) == ("XR", "female")
    assert (line.study_date, line.site) == (dt.date(2026, 1, 5), "NORTH")


def test_resend_is_nothing_new_whenever_and_with_another_time(kept: Store) -> None:
    assert take(kept, Invented()) is not None
    assert take(kept, Invented()) is None
    assert take(kept, Invented(sent="20260106120000"), _DAY + dt.timedelta(1)) is None
    assert states(kept) == [("C1", "waiting", None)]


def test_other_words_under_the_same_control_id_are_not_lost(kept: Store) -> None:
    take(kept, Invented())
    take(kept, Invented(filler="ACC-2", text="FINDINGS: Normal chest."))
    assert [state for _, state, _ in states(kept)] == ["waiting", "waiting"]


@pytest.mark.parametrize("status", ["F", "C", "A"])
def test_newer_version_replaces_and_the_earlier_is_history(kept: Store, status: str) -> None:
    checked(kept, take(kept, Invented()))
    newer = Invented("C2", status=status, sent="20260105130000", text="FINDINGS: Corrected words.")
    checked(kept, take(kept, newer))
    assert states(kept) == [("C1", "cancelled", "replaced"), ("C2", "checked", None)]
    first, second = kept.reports.lines(feeds(kept)[0].public_id, 0, 9)
    assert [item.current for item in kept.reports.checks(first.report)] == [False]
    assert [item.current for item in kept.reports.checks(second.report)] == [True]
    with kept.engine.begin() as connection:
        rows = connection.execute(select(version_table).order_by(version_table.c.id)).all()
    assert [(row.number, row.current, row.status) for row in rows] == [(1, False, "F"), (2, True, status)]


def test_version_that_is_being_checked_finishes_nothing(kept: Store) -> None:
    (job,) = take(kept, Invented()) or []
    (claim,) = kept.jobs.claim([job], "worker")
    take(kept, Invented("C2", sent="20260105130000"))
    result = Result(False, True, {}, {}, (), kept.seal.seal({}))
    assert kept.jobs.finish([Finished(claim, result)], "worker") == 0
    assert kept.reports.checks(claim.report) == []


@pytest.mark.parametrize(
    "older",
    [
        Invented("C2", sent="20260105110000"),
        Invented("C2", sent="20260105130000", told="20260105100000"),
        Invented("C2", sent="20260105130000+0200"),
    ],
)
def test_older_version_that_comes_late_replaces_nothing(kept: Store, older: Invented) -> None:
    checked(kept, take(kept, Invented()))
    assert take(kept, older) == []
    assert states(kept) == [("C1", "checked", None), ("C2", "cancelled", "replaced")]


@pytest.mark.parametrize("withdrawal", [{"status": "X"}, {"status": "X", "text": ""}, {"line_status": "W"}])
def test_withdrawal_ends_what_was_said(kept: Store, withdrawal: dict[str, str]) -> None:
    checked(kept, take(kept, Invented()))
    gone = replace(Invented("C2", sent="20260105130000"), **withdrawal)
    assert take(kept, gone) == []
    assert states(kept) == [("C1", "cancelled", "withdrawn")]
    assert take(kept, Invented("C3", sent="20260105123000")) == []  # said before, come after
    assert take(kept, Invented("C4", sent="20260105140000"))
    assert states(kept)[-1] == ("C4", "waiting", None)


def test_same_filler_of_another_facility_is_another_report(kept: Store) -> None:
    take(kept, Invented())
    take(kept, Invented("C2", facility="SOUTH", sent="20260105130000"))
    assert states(kept, 0) == [("C2", "waiting", None)]
    assert states(kept, 1) == [("C1", "waiting", None)]


@pytest.mark.parametrize("processing", ["T", "D"])
def test_tests_are_kept_apart(kept: Store, processing: str) -> None:
    take(kept, Invented())
    take(kept, Invented("C2", processing=processing, sent="20260105130000"))
    tried, real = feeds(kept)
    assert (tried.test, real.test) == (True, False)
    assert states(kept, 1) == [("C1", "waiting", None)]
    assert [line.test for line in kept.reports.lines(tried.public_id, 0, 9)] == [True]
    again, _ = kept.batches.begin("f" * 64)
    assert kept.batches.add_stored(again, dt.date(2026, 1, 5), None) == 1


def test_only_current_versions_are_checked_again(kept: Store) -> None:
    take(kept, Invented())
    take(kept, Invented("C2", sent="20260105130000"))
    take(kept, Invented("C3", "ACC-3", status="X"))
    again, _ = kept.batches.begin("f" * 64)
    assert kept.batches.add_stored(again, dt.date(2026, 1, 5), None) == 1


def test_cancelled_day_goes_on(kept: Store) -> None:
    take(kept, Invented())
    assert kept.batches.cancel(feeds(kept)[0].public_id, "tester")
    jobs = take(kept, Invented("C2", "ACC-2"))
    assert [job for _, job in kept.jobs.overdue(10, all_waiting=True)] == jobs


def test_message_comes_back_as_it_came_until_it_is_purged(kept: Store) -> None:
    raw = Invented(text="FINDINGS: Größe 3 mm.", charset="8859/1").encode("latin-1")
    sent = message_of(raw, None, 262_144)
    kept.messages.receive(sent, _DAY)
    assert kept.messages.raw(sent.key) == raw
    with kept.engine.begin() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(table.select()):
                assert "ACC-1" not in repr(tuple(row))
    kept.reports.purge(-1, "tester")
    assert kept.messages.raw(sent.key) is None


def test_deleted_report_takes_its_message_along(kept: Store) -> None:
    sent = message_of(Invented().encode(), None, 262_144)
    kept.messages.receive(sent, _DAY)
    (line,) = kept.reports.lines(feeds(kept)[0].public_id, 0, 9)
    kept.reports.delete(line.report, "tester")
    assert kept.messages.raw(sent.key) is None
    assert take(kept, Invented()) is None  # a resend does not bring it back


def test_parallel_resends_are_one_message(kept: Store) -> None:
    def send(number: int) -> None:
        for place in range(5):
            take(kept, Invented(f"C{place}", f"ACC-{place % 2}", sent=f"2026010512000{place}"))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with kept.engine.begin() as connection:
        counted = [
            connection.execute(select(func.count()).select_from(table)).scalar()
            for table in (message_table, feed, batch_table)
        ]
    assert counted == [5, 1, 1]
    assert sum(state == "waiting" for _, state, _ in states(kept)) == 2


def test_orders_of_one_report_are_one_text(kept: Store) -> None:
    raw = Invented().encode() + b"OBR|2|PL-2|ACC-1|2^CT^L\rOBX|1|TX|1||More words.||||||F\r"
    raw += b"OBR|3|PL-3|ACC-3|2^CT^L\rOBX|1|TX|1||Other report.||||||F\r"
    assert len(kept.messages.receive(message_of(raw, None, 262_144), _DAY) or []) == 2
    lines = kept.reports.lines(feeds(kept)[0].public_id, 0, 9)
    assert [line.custom_id for line in lines] == ["C1", "C1 report 2"]
    submitted = kept.reports.get(lines[0].report, "reader")
    assert submitted is not None
    assert submitted.text.endswith("\n\nMore words.")


def test_two_messages_in_one_frame_are_not_mixed() -> None:
    raw = Invented().encode() + Invented("C2", "ACC-2").encode()
    with pytest.raises(NotTakenError) as error:
        message_of(raw, None, 262_144)
    assert error.value.fault.code == "several_messages"


def test_tables_of_the_first_release_take_those_of_feeds(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'store.db'}"
    engine = create_engine(address)
    with engine.begin() as connection:
        migrate(connection, "0001")
        row = "INSERT INTO batch (public_id, created_at, state, urgent, fingerprint) VALUES ('b', 1, 'open', 0, 'f')"
        connection.execute(text(row))
    engine.dispose()
    opened = open_store(address)
    (old,) = opened.batches.page(None, 9)
    assert (old.public_id, old.source, old.test, old.receiving) == ("b", None, False, False)
    assert take(opened, Invented())
    opened.close()
    engine = create_engine(address)
    with engine.begin() as connection:
        migrate(connection, "0001", down=True)
        assert "feed" not in inspect(connection).get_table_names()
        assert len(connection.execute(text("SELECT id FROM batch")).all()) == 2
    engine.dispose()


def test_migrated_tables_are_those_of_the_code(kept: Store) -> None:
    with kept.engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


def migrate(connection: Connection, revision: str, *, down: bool = False) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "app/storage/migrations")
    (command.downgrade if down else command.upgrade)(config, revision)


def object_of(instance: str, predecessor: str | None = None, hour: int = 12) -> FeedMessage:
    report = SubmittedReport("FINDINGS: Clear.", instance)
    named = predecessor or instance
    replaces = (predecessor,) if predecessor else ()
    said = Version(report, named, f"20260105{hour:02}" + "0" * 10, replaces=replaces)
    return FeedMessage("pacs", instance, f"key {instance}", "DICOM", b"", (said,))


def test_a_chain_of_predecessors_is_one_report(kept: Store) -> None:
    chain = [object_of("1.1"), object_of("1.2", "1.1", 13), object_of("1.3", "1.2", 14), object_of("1.9")]
    for sent in chain:
        kept.messages.receive(sent, _DAY)
    assert states(kept) == [
        ("1.1", "cancelled", "replaced"),
        ("1.2", "cancelled", "replaced"),
        ("1.3", "waiting", None),
        ("1.9", "waiting", None),
    ]
    other = replace(object_of("2.2", "1.3", 15), source="another")
    kept.messages.receive(other, _DAY)
    assert ("1.3", "waiting", None) in {line for which in (0, 1) for line in states(kept, which)}


def test_a_predecessor_that_comes_late_is_replaced_at_once(kept: Store) -> None:
    kept.messages.receive(object_of("1.2", "1.1", 13), _DAY)
    kept.messages.receive(object_of("1.1"), _DAY)
    assert states(kept) == [("1.2", "waiting", None), ("1.1", "cancelled", "replaced")]
