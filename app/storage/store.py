"""The store: one database with what it is asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from app.storage import audit
from app.storage.batches import Batches
from app.storage.database import open_database
from app.storage.endpoints import Endpoints
from app.storage.errands import Errands
from app.storage.jobs import Jobs
from app.storage.messages import Messages
from app.storage.outbox import Outbox
from app.storage.overview import Overview
from app.storage.rejections import Rejections
from app.storage.reports import Reports
from app.storage.sealing import Seal
from app.storage.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Store:
    """Batches, jobs, reports, messages and what is told of them, of one database, and the seal of their words."""

    engine: Engine
    seal: Seal
    batches: Batches
    jobs: Jobs
    reports: Reports
    messages: Messages
    errands: Errands
    rejections: Rejections
    endpoints: Endpoints
    outbox: Outbox
    tokens: Tokens
    overview: Overview

    def audit_broken_at(self) -> int | None:
        """The first row of the audit trail that was changed, or that follows one removed; None if none."""
        with self.engine.execution_options(reads=True).begin() as connection:
            return audit.broken_at(connection)

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def open_store(address: str, keys: Sequence[str] = ()) -> Store:
    """The store at an address (see ``open_database``), sealed with ``keys`` (see ``Seal``).

    Raises:
        StoreError: when the database cannot be opened.
        SealError: when a key is not one.
    """
    seal = Seal(keys)
    engine = open_database(address)
    endpoints = Endpoints(engine, seal)
    return Store(
        engine=engine,
        seal=seal,
        batches=Batches(engine, seal),
        jobs=Jobs(engine),
        reports=Reports(engine, seal),
        messages=Messages(engine, seal),
        errands=Errands(engine),
        rejections=Rejections(engine),
        endpoints=endpoints,
        outbox=Outbox(engine, seal, endpoints),
        overview=Overview(engine),
        tokens=Tokens(engine),
    )
