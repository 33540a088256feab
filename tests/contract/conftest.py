"""Empty stores on SQLite and on PostgreSQL, for what has to hold on both alike."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from empty_store import empty

from app.storage.database import open_database
from app.storage.sealing import new_key
from app.storage.store import Store, open_store


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    url: str = request.getfixturevalue("postgres_url")
    engine = open_database(url)
    empty(engine)
    engine.dispose()
    return url


@pytest.fixture
def kept(address: str) -> Iterator[Store]:
    opened = open_store(address, [new_key()])
    yield opened
    opened.close()
