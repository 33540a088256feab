"""How far something else was read: a subscription's last event, the last change of an Orthanc."""

from sqlalchemy import Engine, insert, select, update

from app.storage.tables import now, position


class Positions:
    """The positions of one database. Thread-safe; one reader a name."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(reads=True)

    def get(self, name: str) -> str | None:
        """The position of this name; None before the first."""
        with self._reading.begin() as connection:
            found = connection.execute(select(position.c.value).where(position.c.name == name)).scalar()
        return None if found is None else str(found)

    def set(self, name: str, value: str) -> None:
        """Keep a position (at most 1,000 characters)."""
        with self._engine.begin() as connection:
            kept = update(position).where(position.c.name == name).values(value=value, at=now())
            if connection.execute(kept).rowcount == 0:
                connection.execute(insert(position).values(name=name, value=value))
