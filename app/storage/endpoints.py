"""Endpoints: who is told what happens to reports. Their settings, secrets among them, are sealed."""

import datetime as dt
import uuid
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.storage import audit
from app.storage.announcing import new_delivery
from app.storage.exchange import delivery, endpoint
from app.storage.schema import now
from app.storage.sealing import Seal, SealError
from app.storage.types import Endpoint


class NameTakenError(Exception):
    """Another endpoint has this name."""


class Endpoints:
    """The endpoints of one database. Thread-safe."""

    def __init__(self, engine: Engine, seal: Seal) -> None:
        self._engine = engine
        self._reading = engine.execution_options(reads=True)
        self._seal = seal

    def create(self, made: Endpoint, actor: str) -> Endpoint:
        """Keep a new endpoint, under an id of its own.

        Raises:
            NameTakenError: when there is one of this name.
        """
        public_id = str(uuid.uuid4())
        row = {**self._row(made), "public_id": public_id, "kind": made.kind}
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(endpoint).values(row))
                audit.record(connection, actor, "endpoint.created", f"endpoint/{public_id}", _detail(made))
        except IntegrityError as error:
            raise NameTakenError from error
        return self.get(public_id) or replace(made, public_id=public_id)

    def all(self) -> tuple[list[Endpoint], list[str]]:
        """Every endpoint, the oldest first; and the ids of those that no configured key opens."""
        with self._reading.begin() as connection:
            rows = connection.execute(select(endpoint).order_by(endpoint.c.id)).all()
        opened: list[Endpoint] = []
        sealed: list[str] = []
        for row in rows:
            try:
                opened.append(self.opened(row))
            except SealError:
                sealed.append(row.public_id)
        return opened, sealed

    def get(self, public_id: str) -> Endpoint | None:
        """The endpoint of this id; None when there is none."""
        with self._reading.begin() as connection:
            row = connection.execute(select(endpoint).where(endpoint.c.public_id == public_id)).first()
        return None if row is None else self.opened(row)

    def change(self, changed: Endpoint, actor: str, action: str = "endpoint.changed") -> bool:
        """Keep what is said of an endpoint now, except its kind; False when there is none of its id.

        What waits for it is due at once: who changes an endpoint has mended it. Deliveries stay as they are.

        Raises:
            NameTakenError: when another has its name.
        """
        mine = endpoint.c.public_id == changed.public_id
        row = {**self._row(changed), "problem": None if changed.enabled else changed.problem}
        try:
            with self._engine.begin() as connection:
                number = _recorded(connection, changed.public_id, actor, (action, _detail(changed)))
                if number is None:
                    return False
                connection.execute(update(endpoint).where(mine).values(**row, rests_until=0))
                waiting = (delivery.c.endpoint_id == number) & (delivery.c.state == "waiting")
                later = waiting & (delivery.c.due_at > now())
                connection.execute(update(delivery).where(later).values(due_at=now()))
        except IntegrityError as error:
            raise NameTakenError from error
        return True

    def delete(self, public_id: str, actor: str) -> bool:
        """Delete an endpoint with its deliveries; False when there is none."""
        with self._engine.begin() as connection:
            number = _recorded(connection, public_id, actor, ("endpoint.deleted", {}))
            connection.execute(delete(endpoint).where(endpoint.c.id == number))
        return number is not None

    def try_out(self, public_id: str, actor: str) -> str | None:
        """Put a trial behind what waits for an endpoint; its id, None when there is no such endpoint."""
        with self._engine.begin() as connection:
            number = _recorded(connection, public_id, actor, ("endpoint.tried", {}))
            if number is None:
                return None
            row = new_delivery(number, "endpoint.trial")
            connection.execute(insert(delivery).values(row))
        return str(row["public_id"])

    def _row(self, said: Endpoint) -> dict[str, Any]:
        return {
            "name": said.name,
            "events": list(said.events),
            "source": said.source,
            "test": said.test,
            "enabled": said.enabled,
            "settings": self._seal.seal(dict(said.settings)),
        }

    def opened(self, row: Row[Any]) -> Endpoint:
        """The endpoint of a row, unsealed.

        Raises:
            SealError: when no configured key opens it.
        """
        return Endpoint(
            public_id=row.public_id,
            kind=row.kind,
            name=row.name,
            settings=self._seal.unseal(row.settings),
            events=tuple(row.events),
            source=row.source,
            test=row.test,
            enabled=row.enabled,
            problem=row.problem,
            created_at=dt.datetime.fromtimestamp(row.created_at, dt.UTC),
        )


def disable(connection: Connection, number: int, problem: str) -> None:
    """Tell an endpoint nothing more, because of what it said; what waits for it stays."""
    ended = update(endpoint).where(endpoint.c.id == number).values(enabled=False, problem=problem)
    public_id = connection.execute(ended.returning(endpoint.c.public_id)).scalar()
    audit.record(connection, "outbox", "endpoint.disabled", f"endpoint/{public_id}", {"problem": problem})


def _recorded(
    connection: Connection, public_id: str, actor: str, what: tuple[str, dict[str, str | int]]
) -> int | None:
    """The number of an endpoint, None where there is none, with what is done to it recorded.

    Before it is done: whoever announces holds the audit trail and waits for endpoints, never the other way round.
    """
    chosen = select(endpoint.c.id).where(endpoint.c.public_id == public_id)
    number = connection.execute(chosen).scalar()
    if number is not None:
        audit.record(connection, actor, what[0], f"endpoint/{public_id}", what[1])
    return None if number is None else int(number)


def _detail(said: Endpoint) -> dict[str, str | int]:
    detail = said.settings.get("detail")
    known: dict[str, str | int] = {"kind": said.kind, "enabled": int(said.enabled), "test": int(said.test)}
    return known if detail is None else {**known, "detail": str(detail)}
