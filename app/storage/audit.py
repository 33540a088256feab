"""Who did what: rows that are only ever added, each bound to the one before by a hash.

Changing or removing a row breaks the chain from there on. Reports are named by number, never by words.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, text

from app.storage.schema import now
from app.storage.tables import audit

_LOCK = 0x4155444954  # "AUDIT": on PostgreSQL one transaction at a time adds to the chain
_FIRST = "0" * 64
_LAST = select(audit.c.hash).order_by(audit.c.id.desc()).limit(1)
_NOW = select(now())
_ADD = insert(audit)


@dataclass(frozen=True, slots=True)
class Entry:
    """One action: ``subject`` is ``batch/<id>`` or ``report/<id>``; ``at`` in seconds since 1970."""

    at: int
    actor: str
    action: str
    subject: str
    detail: Mapping[str, str | int]

    def chained(self, before: str) -> str:
        """The hash of this row after the row with the hash ``before``."""
        row = [before, self.at, self.actor, self.action, self.subject, dict(self.detail)]
        return hashlib.sha256(json.dumps(row, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def record(
    connection: Connection,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, str | int] | None = None,
) -> None:
    """Add one action, in the transaction that does it."""
    record_all(connection, actor, [(action, subject)], detail)


def record_all(
    connection: Connection,
    actor: str,
    done: Sequence[tuple[str, str]],
    detail: Mapping[str, str | int] | None = None,
) -> None:
    """Add actions, each with its subject, in their order; as many statements for a hundred as for one."""
    if not done:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    before = connection.execute(_LAST).scalar() or _FIRST
    at = connection.execute(_NOW).scalar_one()
    rows = []
    for action, subject in done:
        entry = Entry(at, actor, action, subject, detail or {})
        before = entry.chained(before)
        row = {"at": at, "actor": actor, "action": action, "subject": subject, "detail": dict(entry.detail)}
        rows.append({**row, "hash": before})
    connection.execute(_ADD, rows)


def broken_at(connection: Connection) -> int | None:
    """The number of the first row that does not follow from the one before; None where the chain holds.

    Rows cut off at the end are not seen: keep the last hash elsewhere to see that too.
    """
    before = _FIRST
    for row in connection.execute(select(audit).order_by(audit.c.id)).yield_per(1000):
        entry = Entry(row.at, row.actor, row.action, row.subject, row.detail)
        if row.hash != entry.chained(before):
            return int(row.id)
        before = row.hash
    return None
