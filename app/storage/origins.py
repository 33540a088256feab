"""Where a stored report came from: the message that brought it, and what its sender called it."""

from dataclasses import dataclass

from sqlalchemy import Engine, select

from app.storage.sealing import Seal
from app.storage.tables import feed, job, message, report, version


@dataclass(frozen=True, slots=True)
class Origin:
    """``kind`` and ``message`` are None for a report that came in no feed; the latter also after a purge."""

    custom_id: str
    source: str | None = None
    test: bool = False
    kind: str | None = None
    message: bytes | None = None


class Origins:
    """The origins of the reports of one database. Thread-safe."""

    def __init__(self, engine: Engine, seal: Seal) -> None:
        self._reading = engine.execution_options(reads=True)
        self._seal = seal

    def of(self, number: int) -> Origin | None:
        """The origin of a report; None when there is no such report."""
        chosen = (
            select(job.c.custom_id, feed.c.source, feed.c.test, message.c.kind, message.c.content)
            .select_from(report)
            .join(job, (job.c.report_id == report.c.id) & (job.c.batch_id == report.c.batch_id))
            .outerjoin(feed, feed.c.batch_id == report.c.batch_id)
            .outerjoin(version, version.c.report_id == report.c.id)
            .outerjoin(message, message.c.id == version.c.message_id)
            .where(report.c.id == number)
        )
        with self._reading.begin() as connection:
            row = connection.execute(chosen).first()
        if row is None:
            return None
        raw = None if row.content is None else self._seal.unseal_text(row.content).encode("latin-1")
        return Origin(row.custom_id, row.source, bool(row.test), row.kind, raw)

    def number(self, key: str) -> int | None:
        """The first report that the message with this key brought; None when there is none."""
        chosen = select(version.c.report_id).join(message).where(message.c.key == key)
        with self._reading.begin() as connection:
            found = connection.execute(chosen.where(version.c.report_id.is_not(None))).scalar()
        return None if found is None else int(found)
