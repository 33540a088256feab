"""Empty stores on SQLite and on PostgreSQL, for what has to hold on both alike."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app.storage.database import open_database
from app.storage.schema import metadata
from app.storage.sealing import new_key
from app.storage.store import Store, open_store


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Gives the address of an empty database; what it gave before may be empty then too."""
    given: list[str] = []

    def address() -> str:
        given.append(f"sqlite:///{tmp_path / f'store-{len(given)}.db'}")
        if request.param == "sqlite":
            return given[-1]
        url: str = request.getfixturevalue("postgres_url")
        engine = open_database(url)
        with engine.begin() as connection:
            names = ", ".join(f'"{name}"' for name in metadata.tables)
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
        engine.dispose()
        return url

    return address


@pytest.fixture
def address(fresh: Callable[[], str]) -> str:
    return fresh()


@pytest.fixture
def kept(address: str) -> Iterator[Store]:
    opened = open_store(address, [new_key()])
    yield opened
    opened.close()
