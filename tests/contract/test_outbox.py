"""The outbox keeps its promises on SQLite and on PostgreSQL alike."""

import datetime as dt
import threading
from dataclasses import replace
from typing import Any

import pytest
from hl7_support import Invented
from sqlalchemy import delete, event, func, select, text, update

from app.batch.delivering import SCHEDULE, attempted, outgoing
from app.batch.items import Accepted
from app.integrations.hl7.inbound import message_of
from app.integrations.outgoing import Outcome
from app.proofreading.report import SubmittedReport
from app.storage.endpoints import NameTakenError
from app.storage.exchange import delivery as delivery_table
from app.storage.exchange import endpoint as endpoint_table
from app.storage.outbox import Attempted, Turn
from app.storage.schema import now
from app.storage.sealing import Seal, new_key
from app.storage.store import Store
from app.storage.tables import message as message_table
from app.storage.tables import report as report_table
from app.storage.types import Decision, Endpoint, Finished, FoundError, Result, today

_SENT = Attempted(True, status=200)
_WORD = "Zebulon"


def hook(store: Store, name: str = "hook", **said: Any) -> Endpoint:
    settings = {"url": "https://ris.example/", "secrets": [{"key": _WORD, "until": None}]}
    made = Endpoint("", said.pop("kind", "webhook"), name, settings, **said)
    return store.endpoints.create(made, "tester")


def take_in(store: Store, sent: Invented) -> list[int]:
    return store.messages.receive(message_of(sent.encode(), None, 262_144), today()) or []


def check(store: Store, jobs: list[int], problem: str | None = None) -> None:
    found = (FoundError("e1", "measurement", "high", 0.9),)
    result = Result(True, True, {"rules": "done"}, {"radproof": "1"}, found, store.seal.seal({"errors": []}))
    claims = store.jobs.claim(jobs, "worker")
    ended = [Finished(claim, None if problem else result, problem) for claim in claims]
    store.jobs.finish(ended, "worker")


def batch(store: Store, count: int) -> list[int]:
    public_id, _ = store.batches.begin("f" * 64)
    store.batches.add(
        public_id, [Accepted(f"c{n}", SubmittedReport("x", f"r{n}"), None, None, n) for n in range(count)]
    )
    store.batches.open(public_id, "tester")
    return store.jobs.waiting(public_id)


def told(store: Store, endpoint: Endpoint | None = None) -> list[tuple[str, int | None]]:
    """(event, report) in the order of sending."""
    found = store.outbox.page(None, 1_000, endpoint.public_id if endpoint else None)
    return [(each.event, each.report) for each in reversed(found)]


def rows(store: Store, table: Any) -> int:
    with store.engine.begin() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def later(store: Store, seconds: int = 100_000) -> None:
    """So much time goes by."""
    with store.engine.begin() as connection:
        connection.execute(update(delivery_table).values(due_at=delivery_table.c.due_at - seconds))
        connection.execute(
            update(endpoint_table).values(
                rests_until=endpoint_table.c.rests_until - seconds,
                held_until=endpoint_table.c.held_until - seconds,
            )
        )


def head(store: Store, process: str = "p1") -> Turn:
    (turn,) = store.outbox.take(process, 10)
    return turn


def test_an_endpoint_is_kept_sealed_changed_and_deleted(kept: Store) -> None:
    made = hook(kept, events=("report.replaced",), source="RIS|NORTH", test=True)
    assert kept.endpoints.get(made.public_id) == made
    assert made.settings["secrets"] == [{"key": _WORD, "until": None}]
    with kept.engine.begin() as connection:
        row = connection.execute(select(endpoint_table)).one()
        assert _WORD not in str(row)
    with pytest.raises(NameTakenError):
        hook(kept)
    other = hook(kept, "other")
    with pytest.raises(NameTakenError):
        kept.endpoints.change(replace(other, name="hook"), "tester")
    assert kept.endpoints.change(replace(other, name="third", enabled=False), "tester")
    assert [each.name for each in kept.endpoints.all()[0]] == ["hook", "third"]
    assert kept.endpoints.delete(other.public_id, "tester")
    assert not kept.endpoints.delete(other.public_id, "tester")
    assert not kept.endpoints.change(other, "tester")
    assert kept.endpoints.try_out(other.public_id, "tester") is None
    assert kept.endpoints.all() == ([made], [])
    assert kept.audit_broken_at() is None


def test_what_happens_to_a_report_is_told_in_order(kept: Store) -> None:
    hook(kept)
    first = take_in(kept, Invented("C1", "ACC-1"))
    check(kept, first)
    assert kept.reports.decide(1, Decision("e1", "accepted", dt.datetime.now(dt.UTC), actor="me"))
    second = take_in(kept, Invented("C2", "ACC-1"))
    check(kept, second)
    take_in(kept, replace(Invented("C3", "ACC-1"), status="X"))
    third = take_in(kept, Invented("C4", "ACC-2"))
    check(kept, third, "time_over")
    assert told(kept) == [
        ("report.check.completed", 1),
        ("report.decision.recorded", 1),
        ("report.replaced", 1),
        ("report.check.completed", 2),
        ("report.withdrawn", 2),
        ("report.check.failed", 3),
    ]


def test_a_job_that_is_given_up_when_it_is_claimed_is_told_of(kept: Store) -> None:
    hook(kept)
    jobs = batch(kept, 1)
    with kept.engine.begin() as connection:
        connection.execute(update(report_table).values(content=None))
    kept.jobs.claim(jobs, "worker")
    assert told(kept) == [("report.check.failed", 1)]


def test_who_is_told_of_what(kept: Store) -> None:
    every = hook(kept, "every")
    some = hook(kept, "some", events=("report.replaced",))
    north = hook(kept, "north", source="RIS|NORTH")
    south = hook(kept, "south", source="RIS|SOUTH")
    trial = hook(kept, "trial", test=True)
    off = hook(kept, "off", enabled=False)
    mllp = hook(kept, "mllp", kind="mllp")
    check(kept, take_in(kept, Invented("C1", "ACC-1")))
    check(kept, batch(kept, 1))
    check(kept, take_in(kept, replace(Invented("C2", "ACC-2"), processing="T")))
    done = "report.check.completed"
    assert told(kept, every) == [(done, 1), (done, 2)]
    assert told(kept, north) == told(kept, mllp) == [(done, 1)]
    assert told(kept, trial) == [(done, 3)]
    assert told(kept, some) == told(kept, south) == told(kept, off) == []


def test_a_rollback_tells_nothing(kept: Store) -> None:
    hook(kept)
    jobs = batch(kept, 1)

    def broken(*_given: Any) -> None:
        raise RuntimeError("killed")

    event.listen(kept.engine, "commit", broken)
    with pytest.raises(RuntimeError):
        check(kept, jobs)
    event.remove(kept.engine, "commit", broken)
    assert told(kept) == []


def test_without_an_endpoint_a_transaction_asks_once_more(kept: Store) -> None:
    jobs = batch(kept, 50)
    claims = kept.jobs.claim(jobs, "worker")
    asked: list[str] = []

    def count(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(kept.engine, "before_cursor_execute", count)
    result = Result(False, True, {"rules": "done"}, {"radproof": "1"}, (), kept.seal.seal({"errors": []}))
    kept.jobs.finish([Finished(claim, result) for claim in claims], "worker")
    event.remove(kept.engine, "before_cursor_execute", count)
    assert sum("endpoint" in statement for statement in asked) == 1
    assert sum("delivery" in statement for statement in asked) == 0


def test_one_process_sends_to_an_endpoint_in_order(kept: Store) -> None:
    hook(kept)
    check(kept, batch(kept, 3))
    turn: Turn | None = head(kept)
    assert kept.outbox.take("p2", 10) == []
    sent = []
    while turn is not None:
        sent.append(turn.delivery.report)
        turn = kept.outbox.record(turn, _SENT, "p1")
    assert sent == [1, 2, 3]
    assert kept.outbox.take("p2", 10) == []
    assert {each.state for each in kept.outbox.page(None, 10)} == {"delivered"}


def test_several_processes_share_the_endpoints(kept: Store) -> None:
    for number in range(6):
        hook(kept, f"hook {number}")
    check(kept, batch(kept, 1))
    taken: list[list[Turn]] = []
    ready = threading.Barrier(4)

    def process(number: int) -> None:
        ready.wait()
        taken.append(kept.outbox.take(f"p{number}", 10))

    threads = [threading.Thread(target=process, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [turn.delivery.public_id for turns in taken for turn in turns]
    assert len(ids) == len(set(ids)) == 6


def test_another_process_goes_on_under_the_same_id(kept: Store) -> None:
    hook(kept)
    check(kept, batch(kept, 2))
    before = head(kept)
    later(kept, 61)
    again = head(kept, "p2")
    assert again.delivery.public_id == before.delivery.public_id
    following = kept.outbox.record(again, _SENT, "p2")
    assert kept.outbox.record(before, Attempted(False, "timeout", wait=5), "p1") is None
    assert kept.outbox.page(None, 10)[1].state == "delivered"
    assert following is not None
    assert kept.outbox.record(following, _SENT, "p2") is None


def test_the_head_holds_those_behind_it(kept: Store) -> None:
    hook(kept)
    check(kept, batch(kept, 2))
    turn = head(kept)
    assert kept.outbox.record(turn, Attempted(False, "timeout", wait=300), "p1") is None
    assert kept.outbox.take("p1", 10) == []
    later(kept, 301)
    again = head(kept)
    assert (again.delivery.report, again.delivery.attempts) == (1, 1)
    following = kept.outbox.record(again, _SENT, "p1")
    assert following is not None
    assert following.delivery.report == 2


def test_what_is_refused_is_dead_after_three_attempts_and_the_next_goes_on(kept: Store) -> None:
    hook(kept)
    check(kept, batch(kept, 2))
    states = []
    for _ in range(3):
        turn = head(kept)
        following = kept.outbox.record(
            turn, attempted(Outcome("refused", "status_422", 422), turn.delivery.attempts + 1), "p1"
        )
        states.append(kept.outbox.get(turn.delivery.public_id).state)  # type: ignore[union-attr]
        later(kept)
    assert states == ["waiting", "waiting", "dead"]
    assert following is not None
    assert following.delivery.report == 2
    assert "delivery.dead" in actions(kept)


def actions(store: Store) -> list[str]:
    with store.engine.begin() as connection:
        return list(connection.execute(text("SELECT action FROM audit ORDER BY id")).scalars())


def test_the_schedule_of_the_specification(kept: Store) -> None:
    made = hook(kept)
    check(kept, batch(kept, 1))
    waits = []
    for _ in range(10):
        turn = head(kept)
        step = attempted(Outcome("again", "timeout"), turn.delivery.attempts + 1)
        waits.append(step.wait)
        assert kept.outbox.record(turn, step, "p1") is None
        if step.wait is not None:
            assert kept.outbox.take("p1", 10) == []
            later(kept, step.wait + 1)
    assert waits[-1] is None
    assert all(usual <= wait <= usual * 1.1 + 1 for usual, wait in zip(SCHEDULE, waits, strict=False) if wait)
    (dead,) = kept.outbox.page(None, 10, made.public_id, "dead")
    assert (dead.attempts, dead.problem) == (10, "timeout")
    assert actions(kept).count("delivery.dead") == 1
    assert kept.endpoints.get(made.public_id).problem == "timeout"  # type: ignore[union-attr]


def test_throttled_endpoints_rest(kept: Store) -> None:
    made = hook(kept)
    check(kept, batch(kept, 1))
    turn = head(kept)
    step = attempted(Outcome("again", "status_429", 429, retry_after=600.0), 1)
    assert step.wait is not None
    assert step.wait >= 600
    kept.outbox.record(turn, step, "p1")
    assert kept.outbox.replay(turn.delivery.public_id, "tester")
    assert kept.outbox.take("p1", 10) == []
    later(kept, 601)
    kept.outbox.record(head(kept), _SENT, "p1")
    assert kept.endpoints.get(made.public_id).problem is None  # type: ignore[union-attr]


def test_an_endpoint_that_wants_nothing_more_is_disabled_and_goes_on_later(kept: Store) -> None:
    made = hook(kept)
    check(kept, batch(kept, 2))
    turn = head(kept)
    assert kept.outbox.record(turn, attempted(Outcome("gone", "gone", 410), 1), "p1") is None
    off = kept.endpoints.get(made.public_id)
    assert off is not None
    assert (off.enabled, off.problem) == (False, "gone")
    assert kept.outbox.take("p1", 10) == []
    assert [each.state for each in kept.outbox.page(None, 10)] == ["waiting", "waiting"]
    kept.endpoints.change(replace(off, enabled=True), "tester")
    again = head(kept)
    assert (again.delivery.public_id, again.delivery.attempts) == (turn.delivery.public_id, 0)
    assert again.endpoint.problem is None


def test_a_changed_endpoint_is_tried_at_once(kept: Store) -> None:
    made = hook(kept)
    check(kept, batch(kept, 1))
    kept.outbox.record(head(kept), attempted(Outcome("again", "status_503", 503), 5), "p1")
    assert kept.outbox.take("p1", 10) == []
    kept.endpoints.change(replace(made, settings={"url": "https://new.example/"}), "tester")
    assert head(kept).endpoint.settings["url"] == "https://new.example/"


def test_replay_of_one_of_a_range_and_of_the_dead(kept: Store) -> None:
    made = hook(kept)
    check(kept, batch(kept, 3))
    turn: Turn | None = head(kept)
    ends = iter([_SENT, Attempted(False, "status_400", 400), _SENT])
    while turn is not None:
        turn = kept.outbox.record(turn, next(ends), "p1")
    first = kept.outbox.page(None, 10)[-1].public_id
    assert kept.outbox.replay(first, "tester")
    assert kept.outbox.replay(first, "tester")
    assert not kept.outbox.replay("msg_none", "tester")
    again = kept.outbox.get(first)
    assert again is not None
    assert (again.state, again.attempts, again.finished_at) == ("waiting", 0, None)
    assert kept.outbox.replay_dead(made.public_id, "tester") == 1
    assert kept.outbox.replay_dead(made.public_id, "tester") == 0
    now_ = dt.datetime.now(dt.UTC)
    hour = dt.timedelta(hours=1)
    assert kept.outbox.replay_range(made.public_id, now_ - 2 * hour, now_ - hour, "tester") == 0
    assert kept.outbox.replay_range(made.public_id, now_ - hour, now_ + hour, "tester") == 1
    assert actions(kept).count("delivery.replayed") == 1
    assert actions(kept).count("endpoint.replayed") == 2
    assert kept.outbox.replay_range("none", now_ - hour, now_ + hour, "tester") == 0


def test_pages_of_deliveries(kept: Store) -> None:
    made = hook(kept)
    hook(kept, "other")
    check(kept, batch(kept, 3))
    assert len(kept.outbox.page(None, 10)) == 6
    mine = kept.outbox.page(None, 2, made.public_id)
    assert [each.report for each in mine] == [3, 2]
    assert [each.report for each in kept.outbox.page(mine[-1].public_id, 2, made.public_id)] == [1]
    assert kept.outbox.page(None, 10, made.public_id, "dead") == []
    assert kept.outbox.page("msg_none", 10) == []


def test_deleting_a_report_deletes_what_is_told_of_it_also_while_it_is_sent(kept: Store) -> None:
    hook(kept)
    check(kept, batch(kept, 2))
    turn = head(kept)
    assert kept.reports.delete(1, "tester")
    assert outgoing(kept, turn).submitted is None
    following = kept.outbox.record(turn, _SENT, "p1")
    assert following is not None
    assert following.delivery.report == 2


def test_deleting_an_endpoint_deletes_its_deliveries_also_while_one_is_sent(kept: Store) -> None:
    made = hook(kept)
    check(kept, batch(kept, 2))
    turn = head(kept)
    assert kept.endpoints.delete(made.public_id, "tester")
    assert kept.outbox.record(turn, _SENT, "p1") is None
    assert rows(kept, delivery_table) == 0


def test_a_purge_removes_what_was_told_long_ago_and_keeps_what_waits(kept: Store) -> None:
    hook(kept)
    check(kept, batch(kept, 3))
    kept.outbox.record(head(kept), _SENT, "p1", more=False)
    with kept.engine.begin() as connection:
        connection.execute(update(report_table).values(created_at=now() - 10 * 86_400))
        done = delivery_table.c.state == "delivered"
        connection.execute(update(delivery_table).where(done).values(finished_at=now() - 10 * 86_400))
    assert kept.reports.purge(5, "tester") == 3
    assert [each.state for each in kept.outbox.page(None, 10)] == ["waiting", "waiting"]
    what = outgoing(kept, head(kept))
    assert what.check is not None
    assert (what.submitted, what.check.result, what.check.has_errors) == (None, None, True)


def test_what_is_told_of_a_report_of_a_feed(kept: Store) -> None:
    hook(kept)
    sent = Invented("C1", "ACC-1")
    check(kept, take_in(kept, sent))
    what = outgoing(kept, head(kept))
    assert (what.event, what.report, what.custom_id, what.source, what.test) == (
        "report.check.completed",
        1,
        "C1",
        "RIS|NORTH",
        False,
    )
    assert what.message == sent.encode()
    assert (what.message_kind or "").startswith("ORU")
    assert what.submitted is not None
    assert what.version is not None
    assert what.check is not None
    assert (what.version.state, what.check.current) == ("current", True)
    take_in(kept, replace(sent, control_id="C2", status="X"))
    kept.outbox.let_go("p1")
    turn = kept.outbox.record(head(kept), _SENT, "p1")
    assert turn is not None
    last = outgoing(kept, turn)
    assert last.event == "report.withdrawn"
    assert last.version is not None
    assert last.check is not None
    assert (last.version.state, last.check.current) == ("withdrawn", False)


def test_a_trial_says_nothing_of_a_report(kept: Store) -> None:
    made = hook(kept)
    public_id = kept.endpoints.try_out(made.public_id, "tester")
    turn = head(kept)
    assert turn.delivery.public_id == public_id
    what = outgoing(kept, turn)
    assert (what.event, what.report, what.check) == ("endpoint.trial", None, None)
    with kept.engine.begin() as connection:
        connection.execute(delete(endpoint_table))


def test_one_endpoint_that_no_key_opens_holds_no_other(kept: Store) -> None:
    sealed, good = hook(kept, "sealed"), hook(kept, "good")
    with kept.engine.begin() as connection:
        other = Seal([new_key()]).seal({"url": "https://ris.example/"})
        mine = endpoint_table.c.public_id == sealed.public_id
        connection.execute(update(endpoint_table).where(mine).values(settings=other))
    check(kept, batch(kept, 1))
    assert [turn.endpoint.public_id for turn in kept.outbox.take("p1", 10)] == [good.public_id]
    with kept.engine.begin() as connection:
        (row,) = connection.execute(select(endpoint_table).where(mine)).all()
    assert (row.problem, row.held_by) == ("sealed", None)


def test_a_name_is_told_as_it_was_sent(kept: Store) -> None:
    """Of two versions on one day the second job has another name, so that jobs have one each."""
    hook(kept)
    take_in(kept, Invented(control_id="R-1", text="First words."))
    check(kept, take_in(kept, Invented(control_id="R-1", text="Second words.")))
    numbers = [number for event, number in told(kept) if event == "report.check.completed"]
    assert [kept.outbox.origin(number or 0).custom_id for number in numbers] == ["R-1"]


def test_deleting_a_report_takes_the_words_of_its_withdrawal(kept: Store) -> None:
    (job,) = take_in(kept, Invented(control_id="C1"))
    check(kept, [job])
    take_in(kept, Invented(control_id="C2", status="X", sent="20260106120000"))
    with kept.engine.begin() as connection:
        (number,) = connection.execute(select(report_table.c.id)).scalars()
    assert kept.reports.delete(int(number), "tester")
    with kept.engine.begin() as connection:
        assert list(connection.execute(select(message_table.c.content)).scalars()) == [None, None]
