"""Shared by all tests: settings of hypothesis, the bundled graph, and a check over it."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings as hypothesis_settings
from local_servers import PostgresServer, RedisServer
from local_servers import UnavailableError as ServerUnavailableError
from neo4j_server import Neo4jServer, UnavailableError

from app.knowledge import lexicon
from app.logging import place_of_exception
from app.proofreading.check import check_report
from app.proofreading.report import CheckedReport, Context, SubmittedReport
from app.services import Services, build_services
from app.settings import Settings
from kg_ingest.embedded_store import EmbeddedStore
from kg_ingest.neo4j_writer import Server
from kg_ingest.schema import Group
from kg_ingest.sources.core import open_bundled
from models.lexical import LexicalExtractor

hypothesis_settings.register_profile("ci", derandomize=True, deadline=None, max_examples=100)
hypothesis_settings.load_profile("ci")
_configure = structlog.configure
structlog.configure = lambda **given: _configure(**{**given, "cache_logger_on_first_use": False})
_configure(  # as it is by default, but for drawn tracebacks, half a second each
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        place_of_exception,
        structlog.dev.ConsoleRenderer(colors=False),
    ]
)


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """What a test makes of logging ends with it."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    _configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


Check = Callable[..., CheckedReport]


@pytest.fixture(scope="session")
def store() -> Iterator[EmbeddedStore]:
    opened = open_bundled()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def neo4j_process() -> Iterator[Neo4jServer]:
    """A real server, started by the project's script; without Java and Maven the test skips."""
    try:
        server = Neo4jServer(heap="512m", pagecache="128m")
    except UnavailableError as error:
        pytest.skip(f"no Neo4j server: {error}")
    with server:
        yield server


@pytest.fixture(scope="session")
def neo4j_server(neo4j_process: Neo4jServer) -> Server:
    return Server(neo4j_process.uri, neo4j_process.user, neo4j_process.password)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A real Redis or Valkey server on a free port."""
    with RedisServer() as server:
        yield server.url


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL server, started by the project's script; without one the test skips."""
    try:
        server = PostgresServer()
    except ServerUnavailableError as error:
        pytest.skip(str(error))
    with server:
        yield server.url


@pytest.fixture(scope="session")
def extractor(store: EmbeddedStore) -> LexicalExtractor:
    return LexicalExtractor(lexicon(store.names(tuple(Group))))


@pytest.fixture(scope="session")
def all_services() -> Iterator[Services]:
    built = build_services(Settings(references_k=0))
    yield built
    built.close()


@pytest.fixture(scope="session")
def check(all_services: Services) -> Check:
    def run(text: str, **context: object) -> CheckedReport:
        return check_report(SubmittedReport(text, "test", Context(**context)), all_services)  # type: ignore[arg-type]

    return run


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """A file of the shared data, which is no part of the project: the test skips without it."""

    def find(name: str) -> Path:
        path = Path(__file__).parents[2] / "shared" / "data" / name
        if not path.exists():
            pytest.skip(f"shared data {name} is not beside the checkout")
        return path

    return find
