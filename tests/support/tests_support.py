"""Helpers that several tests share."""

from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient

from app.main import create_app
from app.proofreading.report import CheckedReport
from app.services import Services
from app.settings import Settings

Run = Callable[..., tuple[int, str, str]]
"""Runs the command; gives exit code, standard output and standard error."""

CHECK = "/v1/reports/check"
CONTRADICTORY = (
    "INDICATION: Cough.\r\nFINDINGS: Small left pleural effusion – unchanged 😀. The heart is normal.\r\n"
    "IMPRESSION:\r\n1. Small right pleural effusion.\r\n"
)
WORD = "Zebulon"  # of a report: no log and no refusal repeats it


def opened(services: Services, **changed: Any) -> TestClient:
    """A client of the service with these services and settings."""
    return TestClient(create_app(Settings(**changed), services), raise_server_exceptions=False)


def errors_of(checked: CheckedReport) -> list[tuple[str, str, str, str]]:
    """(type, tier, quote, message) of each error, for messages of failed tests."""
    return [(e.candidate.type.value, e.tier.value, e.quote, e.candidate.message) for e in checked.errors]


class KeptOpen:
    """The shared graph, which commands may not close."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def close(self) -> None:
        pass
