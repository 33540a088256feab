"""Jobs: claimed by a worker for a while, finished once.

A task of the queue names jobs. Whoever holds the claim of a job may finish it; a worker that was
thought dead and comes back finishes nothing, so a job has one result however often it is delivered.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, and_, bindparam, func, insert, or_, select, true, update

from app.storage import audit
from app.storage.announcing import announce
from app.storage.schema import now
from app.storage.tables import batch, check, error, job, report
from app.storage.types import Claim, Finished, Result

CLAIM_SECONDS = 20
_FREE = {"state": "waiting", "claimed_by": None, "claimed_until": None}
_MOST_ATTEMPTS = 50  # a job that was begun this often and never ended takes its worker down with it


class Jobs:
    """The jobs of one database. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(reads=True)

    def claim(self, jobs: Sequence[int], worker: str) -> list[Claim]:
        """Those of the jobs that nobody holds and that still need a check, held by ``worker`` from now on.

        One begun too often fails with ``given_up``, one without text (purged) with ``no_text``.
        """
        free = or_(job.c.state == "waiting", and_(job.c.state == "claimed", job.c.claimed_until < now()))
        with self._engine.begin() as connection:
            _fail(connection, and_(job.c.id.in_(jobs), free, job.c.attempts >= _MOST_ATTEMPTS), "given_up")
            purged = select(report.c.id).where(report.c.content.is_(None))
            _fail(connection, and_(job.c.id.in_(jobs), free, job.c.report_id.in_(purged)), "no_text")
            taken = update(job).where(job.c.id.in_(jobs), free)
            held = {"state": "claimed", "claimed_by": worker, "claimed_until": now() + CLAIM_SECONDS}
            ids = connection.execute(
                taken.values(**held, attempts=job.c.attempts + 1).returning(job.c.id)
            ).scalars()
            chosen = select(job.c.id, job.c.report_id, report.c.content).join(report)
            rows = connection.execute(chosen.where(job.c.id.in_(list(ids))).order_by(job.c.id)).all()
        return [Claim(*row) for row in rows]

    def renew(self, workers: Sequence[str]) -> None:
        """Hold what these hold for longer: they live."""
        if not workers:
            return
        held = (job.c.state == "claimed") & job.c.claimed_by.in_(workers)
        with self._engine.begin() as connection:
            connection.execute(update(job).where(held).values(claimed_until=now() + CLAIM_SECONDS))

    def release(self, worker: str) -> bool:
        """Give back what ``worker`` holds, for somebody else to take at once; whether it was urgent."""
        held = (job.c.state == "claimed") & (job.c.claimed_by == worker)
        with self._engine.begin() as connection:
            urgent = select(batch.c.urgent).join(job, job.c.batch_id == batch.c.id).where(held).limit(1)
            was = bool(connection.execute(urgent).scalar())
            connection.execute(update(job).where(held).values(**_FREE))
        return was

    def finish(self, finished: Sequence[Finished], worker: str) -> int:
        """Keep what became of claims that ``worker`` still holds; how many.

        A check becomes the current one of its report; checks before it stay as history.
        """
        with self._engine.begin() as connection:
            mine = _still_held(connection, [item.claim.job for item in finished], worker)
            kept = [item for item in finished if item.claim.job in mine]
            for item in kept:
                if item.problem is not None:
                    _fail(connection, job.c.id == item.claim.job, item.problem)
            done = [(item.claim, item.result) for item in kept if item.result is not None]
            if done:
                _keep(connection, done)
        return len(kept)

    def overdue(self, limit: int, *, all_waiting: bool) -> list[tuple[bool, int]]:
        """Jobs that have to be put into the queue: each with the urgency of its batch, the urgent first.

        Those whose worker is silent for too long are freed by this call, so that of several callers
        one gets them. With ``all_waiting`` also those that nobody has begun.
        """
        silent = and_(job.c.state == "claimed", job.c.claimed_until < now())
        with self._engine.begin() as connection:
            some = select(job.c.id).where(silent).order_by(job.c.id).limit(limit)
            freed = update(job).where(job.c.id.in_(some), silent).values(**_FREE).returning(job.c.id)
            ids = list(connection.execute(freed).scalars())
            wanted = and_(job.c.state == "waiting", true() if all_waiting else job.c.id.in_(ids))
            chosen = select(batch.c.urgent, job.c.id).join(batch).where(wanted, batch.c.state == "open")
            rows = connection.execute(chosen.order_by(batch.c.urgent.desc(), job.c.id).limit(limit)).all()
        return [(row.urgent, row.id) for row in rows]

    def waiting(self, public_id: str) -> list[int]:
        """The jobs of a batch that nobody has begun."""
        chosen = select(job.c.id).join(batch).where(batch.c.public_id == public_id, job.c.state == "waiting")
        with self._reading.begin() as connection:
            return list(connection.execute(chosen.order_by(job.c.id)).scalars())

    def count_open(self, most: int) -> int:
        """How many jobs still need a check, counted up to ``most``."""
        still = select(job.c.id).where(job.c.state.in_(("waiting", "claimed"))).limit(most)
        with self._reading.begin() as connection:
            return int(connection.execute(select(func.count()).select_from(still.subquery())).scalar_one())

    def replay(self, public_id: str, actor: str) -> list[int]:
        """Failed jobs of a batch wait again, with a clean count of attempts; which."""
        with self._engine.begin() as connection:
            mine = select(batch.c.id).where(batch.c.public_id == public_id, batch.c.state == "open")
            failed = and_(job.c.batch_id.in_(mine), job.c.state == "failed")
            again = (
                update(job).where(failed).values(state="waiting", attempts=0, problem=None, finished_at=None)
            )
            ids = list(connection.execute(again.returning(job.c.id)).scalars())
            if ids:
                audit.record(connection, actor, "batch.replayed", f"batch/{public_id}", {"jobs": len(ids)})
        return ids


def _fail(connection: Connection, which: Any, problem: str) -> None:
    ended = {"state": "failed", "problem": problem, "finished_at": now(), "claimed_until": None}
    failed = connection.execute(update(job).where(which).values(**ended).returning(job.c.report_id)).scalars()
    announce(connection, "report.check.failed", [(number, None) for number in failed])


def _still_held(connection: Connection, jobs: Sequence[int], worker: str) -> set[int]:
    held = select(job.c.id).where(job.c.id.in_(jobs), job.c.state == "claimed", job.c.claimed_by == worker)
    return set(connection.execute(held.order_by(job.c.id).with_for_update()).scalars())


def _keep(connection: Connection, done: Sequence[tuple[Claim, Result]]) -> None:
    reports = sorted(claim.report for claim, _ in done)
    rows = select(report.c.id).where(report.c.id.in_(reports)).order_by(report.c.id)
    connection.execute(rows.with_for_update())  # two checks of one report end one after the other
    connection.execute(
        update(check).where(check.c.report_id.in_(reports), check.c.current).values(current=False)
    )
    latest = {claim.report: claim.job for claim, _ in done}  # two batches of one report may meet in a task
    added = connection.execute(
        insert(check).returning(check.c.id, sort_by_parameter_order=True),
        [_check(claim, result, current=latest[claim.report] == claim.job) for claim, result in done],
    )
    ids = list(added.scalars())
    errors = [
        {
            "check_id": key,
            "error_id": found.error_id,
            "type": found.type,
            "tier": found.tier,
            "confidence": found.confidence,
        }
        for key, (_, result) in zip(ids, done, strict=True)
        for found in result.errors
    ]
    if errors:
        connection.execute(insert(error), errors)
    ended = update(job).where(job.c.id == bindparam("job"))
    ended = ended.values(state="checked", finished_at=now(), check_id=bindparam("check"), claimed_until=None)
    connection.execute(
        ended, [{"job": claim.job, "check": key} for key, (claim, _) in zip(ids, done, strict=True)]
    )
    made = zip(ids, (claim for claim, _ in done), strict=True)
    current = [(claim.report, key) for key, claim in made if latest[claim.report] == claim.job]
    announce(connection, "report.check.completed", current)


def _check(claim: Claim, result: Result, *, current: bool) -> dict[str, Any]:
    return {
        "report_id": claim.report,
        "current": current,
        "has_errors": result.has_errors,
        "complete": result.complete,
        "coverage": dict(result.coverage),
        "versions": dict(result.versions),
        "result": result.sealed,
    }
