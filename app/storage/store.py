"""The store: one database with what it is asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from app.storage import audit
from app.storage.batches import Batches
from app.storage.database import open_database
from app.storage.jobs import Jobs
from app.storage.messages import Messages
from app.storage.rejections import Rejections
from app.storage.reports import Reports
from app.storage.sealing import Seal


@dataclass(frozen=True, slots=True)
class Store:
    """Batches, jobs, reports and messages of one database, and the seal of their words."""

    engine: Engine
    seal: Seal
    batches: Batches
    jobs: Jobs
    reports: Reports
    messages: Messages
    rejections: Rejections

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
    batches, reports = Batches(engine, seal), Reports(engine, seal)
    messages, rejections = Messages(engine, seal), Rejections(engine)
    return Store(engine, seal, batches, Jobs(engine), reports, messages, rejections)
