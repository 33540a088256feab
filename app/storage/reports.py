"""Stored reports: read, decided on, exported, purged and deleted."""

import datetime as dt
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, delete, insert, select, update

from app.proofreading.report import SubmittedReport
from app.storage import audit
from app.storage.announcing import announce
from app.storage.batches import left_unfinished
from app.storage.content import from_json
from app.storage.database import empty_log
from app.storage.exchange import delivery
from app.storage.schema import now
from app.storage.sealing import Seal
from app.storage.tables import batch, check, decision, error, feed, job, message, report, version
from app.storage.types import Check, Decision, Line

_DAY = 86_400
_AT_ONCE = 500  # reports purged in one transaction
_FIRST, _LAST = -62_135_596_800, 253_402_300_799  # years 1 and 9999: no other time can be read back


class Reports:
    """The reports of one database, with their checks and decisions. Thread-safe."""

    def __init__(self, engine: Engine, seal: Seal) -> None:
        self._engine = engine
        self._reading = engine.execution_options(reads=True)
        self._seal = seal

    def lines(self, public_id: str, after: int, limit: int) -> list[Line]:
        """Jobs of a batch with their results, in order, from after the job ``after``."""
        chosen = (
            select(job, report.c.study_date, report.c.modality, report.c.site, check.c.result, feed.c.test)
            .join(batch, job.c.batch_id == batch.c.id)
            .join(report, job.c.report_id == report.c.id)
            .outerjoin(check, job.c.check_id == check.c.id)
            .outerjoin(feed, feed.c.batch_id == report.c.batch_id)
            .where(batch.c.public_id == public_id, job.c.id > after)
        )
        with self._reading.begin() as connection:
            rows = connection.execute(chosen.order_by(job.c.id).limit(limit)).all()
            decided = self._decisions(connection, [row.check_id for row in rows if row.check_id is not None])
        return [self._line(row, decided) for row in rows]

    def _line(self, row: Row[Any], decided: dict[int, tuple[Decision, ...]]) -> Line:
        return Line(
            job=row.id,
            report=row.report_id,
            custom_id=row.custom_id,
            state=row.state,
            study_date=row.study_date,
            modality=row.modality,
            site=row.site,
            problem=row.problem,
            result=self._opened(row.result),
            decisions=decided.get(row.check_id, ()),
            test=bool(row.test),
        )

    def _opened(self, sealed: bytes | None) -> str | None:
        return None if sealed is None else self._seal.unseal_text(sealed)

    def _decisions(self, connection: Connection, checks: list[int]) -> dict[int, tuple[Decision, ...]]:
        chosen: Select[Any] = select(decision).where(decision.c.check_id.in_(checks)).order_by(decision.c.id)
        found: dict[int, tuple[Decision, ...]] = {}
        for row in connection.execute(chosen):
            words = self._seal.unseal(row.words) if row.words is not None else {}
            at = dt.datetime.fromtimestamp(row.at, dt.UTC)
            made = Decision(row.error_id, row.outcome, at, row.reason, **words)
            found[row.check_id] = (*found.get(row.check_id, ()), made)
        return found

    def get(self, number: int, actor: str) -> SubmittedReport | None:
        """The report as it came in; None when there is none or its text is purged. Who reads is recorded."""
        with self._engine.begin() as connection:
            sealed = connection.execute(select(report.c.content).where(report.c.id == number)).scalar()
            if sealed is None:
                return None
            audit.record(connection, actor, "report.read", f"report/{number}")
        return from_json(self._seal.unseal(sealed))

    def checks(self, number: int) -> list[Check]:
        """Every check of a report, the latest first; none when there is no such report."""
        chosen = select(check).where(check.c.report_id == number).order_by(check.c.id.desc())
        with self._reading.begin() as connection:
            rows = connection.execute(chosen).all()
            decided = self._decisions(connection, [row.id for row in rows])
        return [
            Check(
                id=row.id,
                created_at=dt.datetime.fromtimestamp(row.created_at, dt.UTC),
                current=row.current,
                has_errors=row.has_errors,
                complete=row.complete,
                coverage=row.coverage,
                versions=row.versions,
                result=self._opened(row.result),
                decisions=decided.get(row.id, ()),
            )
            for row in rows
        ]

    def current(self, number: int) -> Check | None:
        """The check of a report that counts now; None where there is none."""
        return next((each for each in self.checks(number) if each.current), None)

    def exists(self, number: int) -> bool:
        """Whether there is a report with this number, purged or not."""
        with self._reading.begin() as connection:
            return connection.execute(select(report.c.id).where(report.c.id == number)).first() is not None

    def decide(self, number: int, made: Decision) -> bool:
        """Keep a decision on an error of the report's current check; False when there is no such error."""
        words = {"replacement": made.replacement, "comment": made.comment, "actor": made.actor}
        with self._engine.begin() as connection:
            current = (
                select(check.c.id)
                .join(error)
                .where(check.c.report_id == number, check.c.current, error.c.error_id == made.error_id)
            )
            key = connection.execute(current).scalar()
            if key is None:
                return False
            row = {"check_id": key, "error_id": made.error_id, "outcome": made.outcome, "reason": made.reason}
            at = min(max(int(made.at.timestamp()), _FIRST), _LAST)
            connection.execute(insert(decision).values(**row, at=at, words=self._seal.seal(words)))
            detail = {"error": made.error_id, "outcome": made.outcome}
            audit.record(connection, made.actor or "unknown", "error.decided", f"report/{number}", detail)
            announce(connection, "report.decision.recorded", [(number, key)])
        return True

    def delete(self, number: int, actor: str) -> bool:
        """Delete a report with everything that was made of it; False when there is none.

        Of a message that brought it the words go too.
        """
        with self._engine.begin() as connection:
            mine = version.c.report_id == number
            key = select(version.c.filler_key).where(mine).scalar_subquery()
            # a message that takes the report back may say all its words again, and has no report of its own to delete
            back = (version.c.filler_key == key) & version.c.report_id.is_(None)
            told = select(version.c.message_id).where(mine | back)
            connection.execute(update(message).where(message.c.id.in_(told)).values(content=None))
            gone = connection.execute(delete(report).where(report.c.id == number)).rowcount > 0
            if gone:
                audit.record(connection, actor, "report.deleted", f"report/{number}")
        if gone:
            empty_log(self._engine)
        return gone

    def purge(self, days: int, actor: str) -> int:
        """Remove the words of reports that came in more than ``days`` days ago; of how many.

        What was found stays without its words: types, tiers, coverage, versions, decisions. Reports
        that wait for a check keep theirs. What nobody finished sending is deleted, and what was told long ago.
        """
        waiting = select(job.c.report_id).where(job.c.state.in_(("waiting", "claimed")))
        old = (report.c.created_at < now() - days * _DAY) & report.c.content.is_not(None)
        some = select(report.c.id).where(old, report.c.id.not_in(waiting)).limit(_AT_ONCE)
        self._purge_messages(days)
        purged = 0
        while part := self._purge_some(some):
            purged += part
        # also what was written since an earlier purge of the report: words of a decision, a check that ended late
        empty = select(report.c.id).where(report.c.content.is_(None))
        checks = select(check.c.id).where(check.c.report_id.in_(empty))
        decided = decision.c.words.is_not(None) & decision.c.check_id.in_(checks)
        found = check.c.result.is_not(None) & check.c.report_id.in_(empty)
        with self._engine.begin() as connection:
            connection.execute(delete(batch).where(left_unfinished()))
            told = (delivery.c.state == "delivered") & (delivery.c.finished_at < now() - days * _DAY)
            connection.execute(delete(delivery).where(told))
            connection.execute(update(decision).where(decided).values(words=None))
            connection.execute(update(check).where(found).values(result=None))
            if purged:
                audit.record(connection, actor, "reports.purged", "reports", {"reports": purged})
        if purged:
            empty_log(self._engine)
        return purged

    def _purge_messages(self, days: int) -> None:
        """Words of old messages; what they brought is in the reports."""
        old = (message.c.received_at < now() - days * _DAY) & message.c.content.is_not(None)
        some = select(message.c.id).where(old).limit(_AT_ONCE)
        emptied = update(message).where(message.c.id.in_(some)).values(content=None)
        gone = _AT_ONCE
        while gone == _AT_ONCE:
            with self._engine.begin() as connection:
                gone = connection.execute(emptied).rowcount

    def _purge_some(self, some: Select[Any]) -> int:
        """Of a few reports, so that nobody waits long for the database."""
        with self._engine.begin() as connection:
            emptied = update(report).where(report.c.id.in_(some)).values(content=None)
            ids = list(connection.execute(emptied.returning(report.c.id)).scalars())
            checks = select(check.c.id).where(check.c.report_id.in_(ids))
            connection.execute(update(decision).where(decision.c.check_id.in_(checks)).values(words=None))
            connection.execute(update(check).where(check.c.report_id.in_(ids)).values(result=None))
        return len(ids)
