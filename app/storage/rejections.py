"""How often a source's messages were not taken, by day and code; never with words."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from app.storage.exchange import rejection
from app.storage.schema import now

MOST_SOURCES = 1_000  # of a day: a name costs nothing, so who sends many must not fill the table
OTHERS = "others"
_INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_SOURCES = select(rejection.c.source).distinct().where(rejection.c.day == bindparam("of"))


class Rejections:
    """The counts of one database. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, day: dt.date, counts: Mapping[tuple[str, str], int]) -> None:
        """Add counts by source and code. Beyond MOST_SOURCES a day they are those of ``OTHERS``.

        Raises:
            SQLAlchemyError: the database cannot be used; nothing was added.
        """
        with self._engine.begin() as connection:
            sources = set(connection.execute(_SOURCES, {"of": day}).scalars()) | {OTHERS}
            total: dict[tuple[str, str], int] = {}
            for (source, code), count in counts.items():
                if source not in sources and len(sources) <= MOST_SOURCES:
                    sources.add(source)
                name = source if source in sources else OTHERS
                total[name, code] = total.get((name, code), 0) + count
            insert: Any = _INSERT[connection.dialect.name](rejection)
            more = {"count": rejection.c.count + insert.excluded.count, "last_at": now()}
            added = insert.values(last_at=now()).on_conflict_do_update(
                index_elements=["source", "day", "code"], set_=more
            )
            rows = [
                {"source": source, "day": day, "code": code, "count": count}
                for (source, code), count in sorted(
                    total.items()
                )  # one order: two writers never wait crosswise
            ]
            connection.execute(added, rows)
