"""Keeping a group reads rows by their indexes, however many the day has."""

import datetime as dt
import re
from typing import Any

from hl7_support import Invented
from sqlalchemy import Connection, event, text

from app.integrations.hl7.inbound import message_of
from app.storage.arriving import SealedMessage
from app.storage.store import Store

_YESTERDAY, _TODAY = dt.date(2026, 1, 5), dt.date(2026, 1, 6)
_TABLES = ("report", "job", "message", "version")


def sealed(store: Store, letter: str, first: int, last: int) -> list[SealedMessage]:
    sent = (Invented(f"{letter}{number}", f"{letter}{number}") for number in range(first, last))
    return [store.messages.sealed(message_of(each.encode(), None, 262_144)) for each in sent]


def plans(store: Store, group: list[SealedMessage]) -> dict[str, str]:
    """Of each question that keeping a group asks, how the database answers it."""
    asked: dict[str, Any] = {}
    explain = "EXPLAIN QUERY PLAN " if store.engine.dialect.name == "sqlite" else "EXPLAIN ANALYZE "

    def note(_connection: Connection, _cursor: object, said: str, given: Any, *_: object) -> None:
        if said.startswith("SELECT") and "advisory" not in said:
            asked[said] = given

    event.listen(store.engine, "before_cursor_execute", note)
    store.messages.receive_all(group, _TODAY)
    event.remove(store.engine, "before_cursor_execute", note)
    with store.engine.begin() as connection:
        return {
            said: "\n".join(str(row) for row in connection.exec_driver_sql(explain + said, given))
            for said, given in asked.items()
        }


def test_keeping_a_group_reads_no_whole_day(kept: Store) -> None:
    if kept.engine.dialect.name == "postgresql":  # its statistics are of yesterday, as they are every morning
        kept.messages.receive_all(sealed(kept, "Y", 0, 2_000), _YESTERDAY)
        with kept.engine.begin() as connection:
            connection.execute(text("ANALYZE"))
            for table in _TABLES:
                connection.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = off)"))
    for first in range(0, 6_000, 500):
        kept.messages.receive_all(sealed(kept, "M", first, first + 500), _TODAY)
    found = plans(kept, sealed(kept, "M", 6_000, 6_010))
    assert any("job" in said for said in found)
    for said, plan in found.items():
        removed = [int(count) for count in re.findall(r"Rows Removed by (?:Filter|Join Filter): (\d+)", plan)]
        assert sum(removed) < 100, f"{said}\n{plan}"
        assert not re.search(r"SCAN (?:report|job|message|version)\b", plan), f"{said}\n{plan}"
