"""Results of five hundred real checks, made once."""

from collections.abc import Callable

import pytest
from summary_lines import Line, parsed, realistic

from app.batch.summary import Summary, summarise
from app.proofreading.report import CheckedReport


@pytest.fixture(scope="session")
def given(check: Callable[..., CheckedReport]) -> tuple[list[Line], dict[str, str]]:
    return realistic(check, 500)


@pytest.fixture(scope="session")
def lines(given: tuple[list[Line], dict[str, str]]) -> list[Line]:
    return given[0]


@pytest.fixture(scope="session")
def summary(lines: list[Line]) -> Summary:
    return summarise(parsed(lines), "day")
