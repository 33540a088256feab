"""Opening the database: SQLite file or PostgreSQL, with the tables of this release."""

import threading
from contextlib import suppress
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

_BUSY_MS = 30_000
_MIGRATION_LOCK = 0x52414450524F4F46  # "RADPROOF": one process at a time changes tables


class StoreError(Exception):
    """The database cannot be opened or used; the message says what to do and holds no address or password."""


def open_database(address: str) -> Engine:
    """The database of an address: ``sqlite:///file`` or ``postgresql://user:password@host/name``.

    Tables are made or brought to this release; a database of a later release is refused.

    Raises:
        StoreError: when it is not such an address, cannot be reached or is of a later release.
    """
    engine = create_engine(_url(address), pool_pre_ping=True, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        _take_turns(engine)
    try:
        with engine.begin() as connection:
            _migrate(connection)
    except CommandError as error:
        raise StoreError("the database is of a later release of RadProof") from error
    except (SQLAlchemyError, OSError) as error:
        engine.dispose()
        raise StoreError("the database cannot be opened") from error
    return engine


def empty_log(engine: Engine) -> None:
    """On SQLite: write the log into the file and cut it off, since it holds what was removed from the file.

    Where readers stand in the way for too long, the next call does it.
    """
    if engine.dialect.name != "sqlite":
        return
    with engine.execution_options(outside=True).connect() as connection, suppress(OperationalError):
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").close()


def _url(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise StoreError("not an address of a database") from error
    kind = url.get_backend_name()
    if kind == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if kind != "sqlite" or not url.database:
        raise StoreError("need sqlite:///file or postgresql://user:password@host/name")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    return url


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where SQLAlchemy says so
    for pragma in (
        "journal_mode = WAL",
        "cache_size = -32768",  # KiB: keys are random, so that every index page is as likely as the next
        "synchronous = FULL",  # what was answered as accepted survives a loss of power
        f"busy_timeout = {_BUSY_MS}",
        "foreign_keys = ON",
        "secure_delete = ON",  # what is purged is overwritten
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _take_turns(engine: Engine) -> None:
    """Writers of this process wait for each other here: SQLite only looks again, up to 100 ms apart, whether it is free."""
    turn = threading.Lock()

    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("outside", False):  # of any transaction
            return
        if options.get("reads", False):
            connection.exec_driver_sql("BEGIN")
            return
        connection.info["turn"] = turn.acquire(timeout=_BUSY_MS / 1000)
        # writers of other processes queue up at the start; who would only find out later could not wait
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def given_back(_connection: object, record: ConnectionPoolEntry) -> None:
        if record.info.pop("turn", False):
            turn.release()

    event.listen(engine, "begin", begin)
    event.listen(engine, "checkin", given_back)


def _migrate(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
    with as_file(files("app.storage").joinpath("migrations")) as folder:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(folder))
        command.upgrade(config, "head")
