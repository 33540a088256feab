"""One set of real services over the bundled graph, without references, for every test here."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests_support import KeptOpen, Run

from app.cli import main
from app.main import create_app
from app.services import Services, build_services
from app.settings import Settings


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"RADPROOF_{name.upper()}", raising=False)
    monkeypatch.setenv("RADPROOF_STORE_URL", f"sqlite:///{tmp_path / 'store.db'}")
    monkeypatch.setenv("RADPROOF_BATCH_PROCESSES", "0")


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    built = build_services(Settings(references_k=0))
    yield built
    built.knowledge.close()


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(), services), raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def run(services: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command; gives exit code, standard output and standard error."""
    shared = replace(services, knowledge=KeptOpen(services.knowledge))
    monkeypatch.setattr("app.commands.parts.build_services", lambda _: shared)
    monkeypatch.setenv("COLUMNS", "100")

    def command(*arguments: str, stdin: str | bytes = "") -> tuple[int, str, str]:
        raw = stdin if isinstance(stdin, bytes) else stdin.encode()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))
        code = main(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return command
