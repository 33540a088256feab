"""The store keeps its promises on SQLite and on PostgreSQL alike."""

import datetime as dt
import threading
from pathlib import Path

import pytest
from sqlalchemy import text, update

from app.batch.items import Accepted, Refused
from app.proofreading.report import Context, SubmittedReport
from app.storage import jobs as jobs_module
from app.storage.batches import KeyInUseError, KeyReusedError
from app.storage.content import to_json
from app.storage.database import StoreError, open_database
from app.storage.schema import metadata, now
from app.storage.sealing import SealError, new_key
from app.storage.store import Store, open_store
from app.storage.tables import batch as batch_table
from app.storage.tables import job as job_table
from app.storage.types import Claim, Decision, Finished, FoundError, Result

_WORDS = "FINDINGS: Invented words of one report."
_DAY = dt.date(2026, 1, 31)


def report(number: int, site: str | None = "north") -> Accepted:
    context = Context(modality="CT", patient_age=61.0)
    return Accepted(f"c{number}", SubmittedReport(_WORDS, f"r{number}", context), _DAY, site, number)


def filled(store: Store, count: int, key: str | None = None, *, urgent: bool = False) -> str:
    public_id, new = store.batches.begin("f" * 64, key, urgent=urgent)
    assert new
    store.batches.add(public_id, [report(number) for number in range(count)])
    store.batches.open(public_id, "tester")
    return public_id


def result(store: Store, words: str = "words", errors: int = 1) -> Result:
    found = tuple(FoundError(f"e{number + 1}", "measurement", "high", 0.9) for number in range(errors))
    sealed = store.seal.seal({"quote": words})
    return Result(errors > 0, True, {"rules": "done"}, {"radproof": "1", "llm": None}, found, sealed)


def checked(store: Store, public_id: str, words: str = "words") -> list[Claim]:
    claims = store.jobs.claim(store.jobs.waiting(public_id), "worker")
    store.jobs.finish([Finished(claim, result(store, words)) for claim in claims], "worker")
    return claims


def silent(store: Store) -> None:
    """Every worker has been silent for longer than a claim lasts."""
    with store.engine.begin() as connection:
        connection.execute(update(job_table).values(claimed_until=now() - 1))


def test_batch_is_seen_when_it_is_whole(kept: Store) -> None:
    public_id, _ = kept.batches.begin("f" * 64)
    kept.batches.add(public_id, [report(1), Refused("not_json", "/text", None, 2)])
    assert kept.batches.get(public_id) is None
    kept.batches.open(public_id, "tester")
    found = kept.batches.get(public_id)
    assert found is not None
    assert (found.total, found.open, found.refused, found.finished_at) == (1, 1, 1, None)
    assert kept.batches.refusals(public_id, 0, 10)[0][1] == Refused("not_json", "/text", None, 2)


def test_report_comes_back_as_it_came(kept: Store) -> None:
    public_id = filled(kept, 1)
    (line,) = kept.reports.lines(public_id, 0, 10)
    assert kept.reports.get(line.report, "reader") == report(0).report
    assert (line.custom_id, line.study_date, line.modality, line.site) == ("c0", _DAY, "CT", "north")


def test_no_word_is_stored_open(kept: Store) -> None:
    public_id = filled(kept, 1)
    checked(kept, public_id, words="quoted words")
    with kept.engine.begin() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(table.select()):
                assert "words" not in repr(tuple(row))


def test_other_key_opens_nothing(kept: Store, address: str) -> None:
    public_id = filled(kept, 1)
    (line,) = kept.reports.lines(public_id, 0, 1)
    other = open_store(address, [new_key()])
    with pytest.raises(SealError):
        other.reports.get(line.report, "reader")
    other.close()


def test_key_makes_one_batch(kept: Store) -> None:
    public_id = filled(kept, 2, key="k")
    assert kept.batches.begin("f" * 64, "k") == (public_id, False)
    with pytest.raises(KeyReusedError):
        kept.batches.begin("0" * 64, "k")


def test_key_is_in_use_while_its_batch_is_received(kept: Store) -> None:
    public_id, _ = kept.batches.begin("f" * 64, "k")
    with pytest.raises(KeyInUseError):
        kept.batches.begin("f" * 64, "k")
    with kept.engine.begin() as connection:  # whoever received it has died
        connection.execute(update(batch_table).values(receiving_until=now() - 1))
    again, new = kept.batches.begin("f" * 64, "k")
    assert new
    assert again != public_id


def test_parallel_keys_make_one_batch(kept: Store) -> None:
    made: list[str] = []

    def send() -> None:
        try:
            public_id, new = kept.batches.begin("f" * 64, "k")
        except KeyInUseError:
            return
        if new:
            kept.batches.add(public_id, [report(1)])
            kept.batches.open(public_id, "tester")
        made.append(public_id)

    threads = [threading.Thread(target=send) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    assert len(kept.batches.page(None, 10)) == 1


def test_what_is_dropped_leaves_nothing(kept: Store) -> None:
    public_id, _ = kept.batches.begin("f" * 64)
    kept.batches.add(public_id, [report(1), Refused("not_json")])
    kept.batches.drop(public_id)
    with kept.engine.begin() as connection:
        for name in ("batch", "report", "job", "refusal"):
            assert connection.execute(metadata.tables[name].select()).all() == []


def test_job_is_claimed_once(kept: Store) -> None:
    jobs = kept.jobs.waiting(filled(kept, 3))
    assert [claim.job for claim in kept.jobs.claim(jobs, "one")] == jobs
    assert kept.jobs.claim(jobs, "two") == []


def test_parallel_claims_share_out(kept: Store) -> None:
    jobs = kept.jobs.waiting(filled(kept, 40))
    taken: list[int] = []

    def take(name: str) -> None:
        taken.extend(claim.job for claim in kept.jobs.claim(jobs, name))

    threads = [threading.Thread(target=take, args=(f"w{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == jobs


def test_silent_worker_loses_its_claim_and_finishes_nothing(kept: Store) -> None:
    public_id = filled(kept, 1)
    jobs = kept.jobs.waiting(public_id)
    (late,) = kept.jobs.claim(jobs, "late")
    silent(kept)
    (taken,) = kept.jobs.claim(jobs, "other")
    assert kept.jobs.finish([Finished(late, result(kept, "late"))], "late") == 0
    assert kept.jobs.finish([Finished(taken, result(kept, "other"))], "other") == 1
    (line,) = kept.reports.lines(public_id, 0, 1)
    assert line.result == '{"quote": "other"}'
    assert len(kept.reports.checks(line.report)) == 1


def test_renewed_claim_is_kept(kept: Store) -> None:
    jobs = kept.jobs.waiting(filled(kept, 1))
    kept.jobs.claim(jobs, "one")
    silent(kept)
    kept.jobs.renew(["one"])
    assert kept.jobs.claim(jobs, "two") == []


def test_finished_twice_is_one_check(kept: Store) -> None:
    public_id = filled(kept, 2)
    claims = checked(kept, public_id)
    assert kept.jobs.finish([Finished(claim, result(kept)) for claim in claims], "worker") == 0
    for line in kept.reports.lines(public_id, 0, 10):
        assert [check.current for check in kept.reports.checks(line.report)] == [True]


def test_overdue_jobs_are_freed_once(kept: Store) -> None:
    jobs = kept.jobs.waiting(filled(kept, 3, urgent=True))
    kept.jobs.claim(jobs[:2], "dead")
    assert kept.jobs.overdue(10, all_waiting=False) == []
    silent(kept)
    assert kept.jobs.overdue(10, all_waiting=False) == [(True, job) for job in jobs[:2]]
    assert kept.jobs.overdue(10, all_waiting=False) == []
    assert kept.jobs.overdue(10, all_waiting=True) == [(True, job) for job in jobs]


def test_job_begun_too_often_is_given_up_and_can_be_replayed(
    kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "_MOST_ATTEMPTS", 2)
    public_id = filled(kept, 1)
    jobs = kept.jobs.waiting(public_id)
    for _ in range(2):
        assert len(kept.jobs.claim(jobs, "w")) == 1
        silent(kept)
    assert kept.jobs.claim(jobs, "w") == []
    (line,) = kept.reports.lines(public_id, 0, 1)
    assert (line.state, line.problem) == ("failed", "given_up")
    assert kept.jobs.replay(public_id, "tester") == jobs
    assert len(kept.jobs.claim(jobs, "w")) == 1


def test_cancel_ends_what_is_open(kept: Store) -> None:
    public_id = filled(kept, 3)
    jobs = kept.jobs.waiting(public_id)
    first, second = kept.jobs.claim(jobs[:2], "w")
    kept.jobs.finish([Finished(first, result(kept))], "w")
    assert kept.batches.cancel(public_id, "tester")
    assert kept.jobs.finish([Finished(second, result(kept))], "w") == 0
    found = kept.batches.get(public_id)
    assert found is not None
    assert dict(found.counts) == {"checked": 1, "cancelled": 2}
    assert kept.jobs.claim(jobs, "w") == []
    assert not kept.batches.cancel("none", "tester")


def test_second_check_becomes_current(kept: Store) -> None:
    checked(kept, filled(kept, 2), "first")
    again, _ = kept.batches.begin("a" * 64)
    assert kept.batches.add_stored(again, _DAY, "north") == 2
    assert kept.batches.add_stored(again, _DAY, "south") == 0
    kept.batches.open(again, "tester")
    checked(kept, again, "second")
    for line in kept.reports.lines(again, 0, 10):
        history = kept.reports.checks(line.report)
        assert [(check.current, check.result) for check in history] == [
            (True, '{"quote": "second"}'),
            (False, '{"quote": "first"}'),
        ]


def test_two_checks_of_one_report_may_end_together(kept: Store) -> None:
    first = filled(kept, 2)
    second, _ = kept.batches.begin("a" * 64)
    kept.batches.add_stored(second, _DAY, None)
    kept.batches.open(second, "tester")
    claims = kept.jobs.claim(kept.jobs.waiting(first) + kept.jobs.waiting(second), "worker")
    done = [Finished(claim, result(kept, f"job {claim.job}")) for claim in claims]
    assert kept.jobs.finish(done, "worker") == 4
    for line in kept.reports.lines(second, 0, 10):
        assert [check.current for check in kept.reports.checks(line.report)] == [True, False]
        assert line.result == f'{{"quote": "job {line.job}"}}'


def test_what_is_still_being_received_is_not_checked_again(kept: Store) -> None:
    receiving, _ = kept.batches.begin("f" * 64)
    kept.batches.add(receiving, [report(1)])
    again, _ = kept.batches.begin("a" * 64)
    assert kept.batches.add_stored(again, _DAY, None) == 0


def test_urgent_jobs_are_put_in_first(kept: Store) -> None:
    filled(kept, 3)
    (urgent,) = kept.jobs.waiting(filled(kept, 1, urgent=True))
    assert kept.jobs.overdue(1, all_waiting=True) == [(True, urgent)]


def test_words_of_the_order_may_be_as_long_as_they_are_accepted(kept: Store) -> None:
    long = Accepted("c", SubmittedReport(_WORDS, "r", Context(modality="M" * 1_000)), None, "s" * 200)
    public_id, _ = kept.batches.begin("f" * 64)
    assert kept.batches.add(public_id, [long]) == 1


def test_decisions_stay_with_their_check(kept: Store) -> None:
    public_id = filled(kept, 1)
    checked(kept, public_id)
    (line,) = kept.reports.lines(public_id, 0, 1)
    at = dt.datetime(2026, 2, 1, 8, 30, tzinfo=dt.UTC)
    first = Decision("e1", "overridden", at, "duplicate", None, "said above", "anna")
    second = Decision("e1", "accepted", at, None, "right lung", None, "anna")
    assert kept.reports.decide(line.report, first)
    assert kept.reports.decide(line.report, second)
    assert not kept.reports.decide(line.report, Decision("e9", "accepted", at))
    assert kept.reports.lines(public_id, 0, 1)[0].decisions == (first, second)


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_decision_at_the_edge_of_time_can_be_read(kept: Store, at: str) -> None:
    (claim,) = checked(kept, filled(kept, 1))
    assert kept.reports.decide(claim.report, Decision("e1", "accepted", dt.datetime.fromisoformat(at)))
    (check,) = kept.reports.checks(claim.report)
    assert check.decisions[0].at.isoformat()[:10] == at[:10]


def test_purge_removes_words_and_keeps_what_was_found(kept: Store) -> None:
    public_id = filled(kept, 2)
    first, second = kept.jobs.waiting(public_id)
    (claim,) = kept.jobs.claim([first], "w")
    kept.jobs.finish([Finished(claim, result(kept))], "w")
    assert kept.reports.purge(1, "tester") == 0
    assert kept.reports.purge(-1, "tester") == 1  # the other one waits
    (check,) = kept.reports.checks(claim.report)
    assert (check.result, check.has_errors, check.coverage) == (None, True, {"rules": "done"})
    assert kept.reports.get(claim.report, "reader") is None
    assert len(kept.jobs.claim([second], "w")) == 1


def test_purge_removes_words_of_decisions_made_after_an_earlier_one(kept: Store) -> None:
    (claim,) = checked(kept, filled(kept, 1))
    assert kept.reports.purge(-1, "tester") == 1
    made = Decision(
        "e1", "accepted", dt.datetime(2026, 2, 1, tzinfo=dt.UTC), None, "right lung", None, "anna"
    )
    assert kept.reports.decide(claim.report, made)
    assert kept.reports.purge(-1, "tester") == 0
    (check,) = kept.reports.checks(claim.report)
    (decision,) = check.decisions
    assert (decision.outcome, decision.replacement, decision.actor) == ("accepted", None, None)


def test_purge_deletes_what_nobody_finished_sending(kept: Store) -> None:
    left, _ = kept.batches.begin("f" * 64)
    kept.batches.add(left, [report(1)])
    with kept.engine.begin() as connection:
        connection.execute(update(batch_table).values(receiving_until=now() - 1))
    kept.reports.purge(1, "tester")
    with kept.engine.begin() as connection:
        assert connection.execute(metadata.tables["report"].select()).all() == []


@pytest.mark.parametrize("removed", ["purged", "deleted"])
def test_removed_words_are_not_left_in_the_log(tmp_path: Path, removed: str) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    (claim,) = checked(store, filled(store, 1))
    content, found = store.seal.seal(to_json(report(0).report)), store.seal.seal({"quote": "words"})
    written = [tmp_path / "store.db", tmp_path / "store.db-wal"]
    assert any(content in path.read_bytes() for path in written)
    if removed == "purged":
        store.reports.purge(-1, "tester")
    else:
        store.reports.delete(claim.report, "tester")
    for path in written:
        assert content not in path.read_bytes()
        assert found not in path.read_bytes()
    store.close()


def test_deleted_report_is_gone_and_its_end_is_recorded(kept: Store) -> None:
    public_id = filled(kept, 1)
    checked(kept, public_id)
    (line,) = kept.reports.lines(public_id, 0, 1)
    assert kept.reports.delete(line.report, "tester")
    assert not kept.reports.delete(line.report, "tester")
    assert kept.reports.lines(public_id, 0, 1) == []
    assert kept.audit_broken_at() is None


def test_changed_audit_trail_is_seen(kept: Store) -> None:
    for _ in range(3):
        filled(kept, 1)
    assert kept.audit_broken_at() is None
    with kept.engine.begin() as connection:
        connection.execute(text("UPDATE audit SET actor = 'somebody else' WHERE id = 2"))
    assert kept.audit_broken_at() == 2


def test_reopened_store_has_everything(kept: Store, address: str) -> None:
    public_id = filled(kept, 2)
    again = open_store(address)
    found = again.batches.get(public_id)
    assert found is not None
    assert found.open == 2
    again.close()


def test_later_release_is_refused(kept: Store, address: str) -> None:
    with kept.engine.begin() as connection:
        release = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(StoreError, match="later release"):
            open_database(address)
    finally:
        with kept.engine.begin() as connection:
            connection.execute(
                text("UPDATE alembic_version SET version_num = :release"), {"release": release}
            )


def test_pages_go_from_the_latest_back(kept: Store) -> None:
    ids = [filled(kept, 1) for _ in range(5)]
    first = kept.batches.page(None, 2)
    then = kept.batches.page(first[-1].public_id, 10)
    assert [found.public_id for found in (*first, *then)] == ids[::-1]
