"""Log lines are JSON and hold the place of a fault, never its message."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from app.logging import configure


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _fail() -> None:
    raise ValueError("Zebulon has an effusion")


def test_exceptions_are_logged_by_place_only(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info")
    for logger in (structlog.get_logger(), logging.getLogger("uvicorn.error")):
        try:
            _fail()
        except ValueError as error:
            logger.warning("fault", exc_info=error)
            logger.exception("fault again")
    text = capsys.readouterr().err
    assert "Zebulon" not in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert len(lines) == 4
    for line in lines:
        assert line["exception"] == "ValueError"
        assert line["frames"][-1].endswith("_fail")
        assert line["level"] in ("warning", "error")
        assert line["timestamp"]


def test_level_holds(capsys: pytest.CaptureFixture[str]) -> None:
    configure("warning")
    structlog.get_logger().info("quiet")
    logging.getLogger("uvicorn").info("quiet")
    structlog.get_logger().warning("loud")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["loud"]
