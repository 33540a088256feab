"""Messages of live feeds: each kept once, with its reports and their jobs; those that wait together in one transaction.

Every day of a source is a batch that stays open. A newer message of the same report replaces the
version before it, whose jobs end as cancelled (``replaced``, ``withdrawn``) and whose check is history.
"""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Engine, bindparam, select, text

from app.storage.arriving import CURRENT, SealedMessage, keep
from app.storage.content import to_json
from app.storage.sealing import Seal
from app.storage.tables import feed, message, version
from app.storage.types import FeedMessage, KeptVersion

_LOCK = 0x46454544  # "FEED": on PostgreSQL one group at a time, so that versions have an order
_KNOWN = select(message.c.key).where(message.c.key.in_(bindparam("keys", expanding=True)))


class Messages:
    """The messages of one database. Thread-safe."""

    def __init__(self, engine: Engine, seal: Seal) -> None:
        self._engine = engine
        self._reading = engine.execution_options(reads=True)
        self._seal = seal

    def sealed(self, sent: FeedMessage) -> SealedMessage:
        """The message as it is stored; asks the database nothing."""
        content = self._seal.seal_text(sent.raw.decode("latin-1"))  # any bytes, and back
        reports = (self._seal.seal(to_json(said.report)) if said.report else None for said in sent.versions)
        return SealedMessage(sent, content, tuple(reports))

    def receive(self, sent: FeedMessage, day: dt.date) -> list[int] | None:
        """Keep one message; as ``receive_all``."""
        (jobs,) = self.receive_all([self.sealed(sent)], day)
        return jobs

    def receive_all(self, group: Sequence[SealedMessage], day: dt.date) -> list[list[int] | None]:
        """Keep messages in their order, all or none; of each the jobs that wait because of it, None: kept before.

        When this returns, all of it is durable. ``day`` is the day of receipt, where the source is.

        Raises:
            SQLAlchemyError: the database cannot be used, or does not take one of them; then nothing was kept.
        """
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            known = set(connection.execute(_KNOWN, {"keys": [item.sent.key for item in group]}).scalars())
            new: dict[str, SealedMessage] = {}
            for item in group:
                if item.sent.key not in known:
                    new.setdefault(item.sent.key, item)
            jobs = keep(connection, list(new.values()), day) if new else []
        waiting = dict(zip(new, jobs, strict=True))
        return [waiting.pop(item.sent.key, None) for item in group]  # the same once more is a resend

    def version(self, number: int) -> KeptVersion | None:
        """Which version a stored report is; None for one that came in no feed."""
        with self._reading.begin() as connection:
            mine = connection.execute(select(version).where(version.c.report_id == number)).first()
            if mine is None:
                return None
            latest = connection.execute(CURRENT, {"fillers": [mine.filler_key]}).first()
        if mine.current:
            return KeptVersion(mine.number, mine.status, "current")
        if latest is not None and latest.report_id is None:
            return KeptVersion(mine.number, mine.status, "withdrawn")
        return KeptVersion(mine.number, mine.status, "replaced", latest.report_id if latest else None)

    def current_of(self, source: str, control_id: str) -> tuple[str | None, int] | None:
        """Key and number of the current version that a source's message of this name brought; None where none is."""
        brought = (
            select(version.c.filler_key, version.c.number)
            .join(message, message.c.id == version.c.message_id)
            .join(feed, feed.c.batch_id == message.c.batch_id)
            .where(feed.c.source == source, message.c.control_id == control_id)
            .where(version.c.current, version.c.report_id.is_not(None))
            .order_by(version.c.id.desc())
        )
        with self._reading.begin() as connection:
            found = connection.execute(brought.limit(1)).first()
        return None if found is None else (found.filler_key, int(found.number))

    def knows(self, key: str) -> bool:
        """True for a message that was kept."""
        with self._reading.begin() as connection:
            return connection.execute(select(message.c.id).where(message.c.key == key)).first() is not None

    def report_of(self, key: str) -> int | None:
        """The first report that the message with this key brought; None when there is none."""
        brought = select(version.c.report_id).join(message).where(message.c.key == key)
        with self._reading.begin() as connection:
            chosen = brought.where(version.c.report_id.is_not(None)).order_by(version.c.id)
            found = connection.execute(chosen.limit(1)).scalar()
        return None if found is None else int(found)

    def raw(self, key: str) -> bytes | None:
        """A message as it came in; None when there is none, or its words were purged."""
        with self._reading.begin() as connection:
            content = connection.execute(select(message.c.content).where(message.c.key == key)).scalar()
        return None if content is None else self._seal.unseal_text(content).encode("latin-1")
