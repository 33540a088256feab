"""A group of messages is kept as the same messages one after the other, on SQLite and on PostgreSQL alike."""

import datetime as dt
from dataclasses import replace

from empty_store import empty
from hl7_support import Invented
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from app.batch.feed import Feed
from app.batch.tally import Tally
from app.integrations.hl7.inbound import Hl7Inbound, message_of
from app.storage.arriving import SealedMessage
from app.storage.exchange import rejection
from app.storage.rejections import MOST_SOURCES, OTHERS
from app.storage.store import Store
from app.storage.tables import audit, job, message, version
from app.storage.types import FeedMessage, today

_DAY = today()


def told(sent: Invented) -> FeedMessage:
    return message_of(sent.encode(), None, 262_144)


def sealed(store: Store, *sent: Invented) -> list[SealedMessage]:
    return [store.messages.sealed(told(each)) for each in sent]


def rows(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """All that was kept, but for times and random names."""
    chosen = {
        "messages": select(message.c.id, message.c.batch_id, message.c.control_id).order_by(message.c.id),
        "versions": select(
            version.c.message_id, version.c.report_id, version.c.number, version.c.current, version.c.status
        ).order_by(version.c.id),
        "jobs": select(job.c.report_id, job.c.custom_id, job.c.state, job.c.problem).order_by(
            job.c.report_id
        ),
        "audit": select(audit.c.action).order_by(audit.c.action),
    }
    with store.engine.connect() as connection:
        return {name: [tuple(row) for row in connection.execute(one)] for name, one in chosen.items()}


_SENT = st.builds(
    lambda name, filler, minute, status, application: Invented(
        f"C{name}",
        filler,
        "" if status == "X" else f"FINDINGS: A nodule of {minute + 4} mm.",
        status,
        f"202601051200{minute:02}",
        application=application,
    ),
    st.integers(0, 5),
    st.sampled_from(["A1", "A2", ""]),
    st.integers(0, 5),
    st.sampled_from(["F", "C", "X"]),
    st.sampled_from(["RIS", "PACS"]),
)


@given(st.lists(_SENT, min_size=1, max_size=12))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_group_is_kept_as_one_by_one(kept: Store, sent: list[Invented]) -> None:
    empty(kept.engine)
    alone = [kept.messages.receive_all(sealed(kept, each), _DAY)[0] for each in sent]
    expected = rows(kept)
    empty(kept.engine)
    together = kept.messages.receive_all(sealed(kept, *sent), _DAY)
    assert rows(kept) == expected
    assert [each is None for each in together] == [each is None for each in alone]
    assert kept.audit_broken_at() is None


def test_a_message_that_the_database_does_not_take_costs_only_itself(kept: Store) -> None:
    store = kept
    feed = Feed(store, 1_000)
    good = [told(Invented(f"C{number}", f"A{number}")) for number in range(6)]
    bad = replace(good[2], key="\ud800" * 3)  # no database takes half a character
    group = [store.messages.sealed(each) for each in (*good[:2], bad, *good[3:])]
    outcomes = feed._write(group)
    assert [isinstance(each, list) for each in outcomes] == [True, True, False, True, True, True]
    assert [row[2] for row in rows(store)["messages"]] == ["C0", "C1", "C3", "C4", "C5"]


def test_a_database_that_is_gone_costs_the_group(kept: Store) -> None:
    store = kept
    feed = Feed(store, 1_000)
    with store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE version RENAME TO elsewhere"))
    group = sealed(store, Invented(), Invented("C2", "A2"))
    codes = [getattr(each, "code", None) for each in feed._write(group)]
    with store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO version"))
    assert codes == ["store_unavailable"] * 2
    assert rows(store)["messages"] == []


def counts(store: Store, day: dt.date = _DAY) -> dict[tuple[str, str], int]:
    chosen = select(rejection.c.source, rejection.c.code, rejection.c["count"]).where(rejection.c.day == day)
    with store.engine.connect() as connection:
        return {(source, code): count for source, code, count in connection.execute(chosen)}


def test_rejections_are_counted_by_source_and_code(kept: Store) -> None:
    store = kept
    tally = Tally(store)
    inbound = Hl7Inbound(Feed(store, 1_000).keep_all, tally.count, 262_144)
    for sent in (Invented(version="1"), Invented(version="1"), Invented(text=""), Invented()):
        inbound.take(sent.encode())
    inbound.take(Invented(facility="Effusion on the left side was seen.", version="1").encode())
    inbound.take(b"no message")
    tally.stop()
    assert counts(store) == {
        ("RIS|NORTH", "version"): 2,
        ("RIS|NORTH", "no_text"): 1,
        (OTHERS, "version"): 1,
        (OTHERS, "not_hl7"): 1,
    }


def test_rejections_of_many_sources_fill_no_table(kept: Store) -> None:
    store = kept
    day = dt.date(2026, 1, 5)
    for first in range(0, 1_500, 300):
        store.rejections.add(day, {(f"S{number}", "version"): 1 for number in range(first, first + 300)})
    store.rejections.add(day, {("S3", "version"): 5, ("S1400", "no_text"): 1})
    found = counts(store, day)
    assert len({source for source, _ in found}) == MOST_SOURCES + 1
    assert (found["S3", "version"], found[OTHERS, "version"], found[OTHERS, "no_text"]) == (6, 500, 1)
