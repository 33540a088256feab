"""How integrations are doing: counts, silence, the page with its button, and the conformance set."""

import datetime as dt
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hl7_support import Invented
from mllp_running import running
from sqlalchemy import insert, text, update
from tests_support import Run, opened

from app.batch.listening import Listener
from app.integrations.hl7.inbound import message_of
from app.integrations.page.render import PROBLEMS, problem, span
from app.integrations.sources import Hours, Source
from app.integrations.status import is_silent
from app.selftest.asking import ask_mllp
from app.services import Services
from app.storage.exchange import delivery, endpoint, rejection
from app.storage.store import Store, open_store
from app.storage.tables import message
from app.storage.types import Endpoint, today

_SOURCES = """
[sources.ris]
kind = "hl7"
feed = "RIS|NORTH"
silent_minutes = 60
[sources.kiosk]
kind = "hl7"
feed = "KIOSK|<script>"
silent_minutes = 60
"""


@pytest.fixture
def page(services: Services, tmp_path: Path) -> Iterator[TestClient]:
    path = tmp_path / "sources.toml"
    path.write_text(_SOURCES)
    with opened(services, sources=path) as client:
        yield client


def store_of(client: TestClient) -> Store:
    store: Store = client.app_state["store"]
    return store


def sent(store: Store, control: str, **changed: Any) -> None:
    came = message_of(replace(Invented(control, control), **changed).encode(), None, 262_144)
    assert store.messages.receive(came, today()) is not None


def older(store: Store, seconds: int) -> None:
    with store.engine.begin() as connection:
        connection.execute(update(message).values(received_at=message.c.received_at - seconds))


def failing(store: Store, states: str = "dddw") -> Endpoint:
    """An endpoint with deliveries in these states: d(ead), w(aiting), and some that came through."""
    made = store.endpoints.create(
        Endpoint("", "webhook", "<b>Worklist</b>", {"url": "https://e.example"}), "anna"
    )
    names = {"d": "dead", "w": "waiting"}
    far = int(time.time()) + 9_999
    with store.engine.begin() as connection:
        number = connection.execute(text("SELECT max(id) FROM endpoint")).scalar_one()
        for place, state in enumerate(states):
            row = {"endpoint_id": number, "public_id": f"msg_{place}", "event": "report.check.completed"}
            connection.execute(
                insert(delivery).values(**row, state=names[state], due_at=far, problem="timeout")
            )
    return made


def test_counts_of_sources(page: TestClient) -> None:
    store = store_of(page)
    for control in ("C1", "C2"):
        sent(store, control)
    older(store, 4_000)
    sent(store, "C3")
    sent(store, "T1", processing="T")
    found = page.get("/v1/integrations/status").json()
    counts = [(one["name"], one["test"], one["today"], one["last_hour"]) for one in found["sources"]]
    assert counts == [("ris", False, 3, 1), ("kiosk", False, 0, 0), ("RIS|NORTH", True, 1, 1)]
    assert found["waiting"]["reports"] == 4
    assert found["waiting"]["oldest_at"] is not None
    assert (found["status"], found["silent"]) == ("ok", [])


def test_silence_is_said_everywhere_and_logged_once(
    page: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    store = store_of(page)
    sent(store, "C1")
    listener: Listener = page.app_state["listener"]
    listener.look()
    assert page.get("/ready").json()["integrations"] == "done"
    older(store, 3_700)
    capsys.readouterr()
    for _ in range(3):
        listener.look()
    assert capsys.readouterr().out.count("source_silent") == 1
    assert page.get("/ready").json()["integrations"] == "degraded: source_silent"
    assert page.get("/v1/integrations/status").json()["silent"] == ["ris"]
    assert "is silent: nothing came for 1 h 1 min" in page.get("/integrations").text
    sent(store, "C2")
    listener.look()
    assert capsys.readouterr().out.count("source_heard") == 1
    assert page.get("/ready").json()["integrations"] == "done"


def at(hour: int, minute: int = 0, day: int = 5) -> dt.datetime:
    """A moment of January 2026, whose fifth is a Monday."""
    return dt.datetime(2026, 1, day, hour, minute, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("last", "now", "silent"),
    [
        (at(9), at(9, 59), False),
        (at(9), at(10), True),
        (at(16, 30, day=2), at(7, 29), False),  # Friday evening and Monday morning: 30 + 29 minutes
        (at(16, 30, day=2), at(7, 30), True),
        (at(9), at(18), False),  # nobody works
        (at(9, day=2), at(12, day=4), False),  # Sunday
    ],
)
def test_only_working_hours_count(last: dt.datetime, now: dt.datetime, silent: bool) -> None:
    hours = Hours(frozenset(range(5)), dt.time(7), dt.time(17))
    source = Source("ris", "hl7", silent_minutes=60, working_hours=hours)
    assert is_silent(source, last, now) is silent
    assert not is_silent(replace(source, silent_minutes=None), last, now)
    assert not is_silent(replace(source, test=True), last, now)


def test_page_is_inert_and_says_no_names(page: TestClient) -> None:
    store = store_of(page)
    sent(store, "C1", application="KIOSK", facility="<script>")
    failing(store)
    with store.engine.begin() as connection:
        row = {
            "source": "<img src=x>",
            "day": today(),
            "code": "no_text",
            "count": 2,
            "last_at": int(time.time()),
        }
        connection.execute(insert(rejection).values(row))
    answer = page.get("/integrations")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<script|<img|<b>Worklist|style=|\bon\w+=|https?:", answer.text) == []
    assert "&lt;b&gt;Worklist" in answer.text
    for word in ("ACC", "MRN", "EXAMPLE", "effusion", "e.example", "C1"):
        assert word not in answer.text + page.get("/v1/integrations/status").text


def test_button_sends_again_from_this_page_only(page: TestClient) -> None:
    store = store_of(page)
    failed = failing(store)
    assert "Send 3 again" in page.get("/integrations").text
    form = {"endpoint": failed.public_id}

    def press(**headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return page.post("/integrations/replay", data=form, headers=named, follow_redirects=False).status_code

    foreign: tuple[dict[str, str], ...] = (
        {},
        {"Origin": "null"},
        {"Origin": "https://other.example"},
        {"Sec_Fetch_Site": "cross-site", "Origin": "http://testserver"},
        {"Sec_Fetch_Site": "same-site"},
    )
    assert [press(**headers) for headers in foreign] == [403] * len(foreign)
    assert store.overview.count(today()).endpoints[0].dead == 3
    assert press(Origin="http://testserver") == 303
    assert press(Sec_Fetch_Site="same-origin") == 303
    (count,) = store.overview.count(today()).endpoints
    assert (count.dead, count.waiting) == (0, 4)
    form["endpoint"] = "unknown"
    assert press(Sec_Fetch_Site="same-origin") == 404
    form["endpoint"] = "x" * 3_000
    assert press(Sec_Fetch_Site="same-origin") == 413


def test_endpoint_that_failed_needs_attention(page: TestClient) -> None:
    store = store_of(page)
    failing(store, "w")
    assert page.get("/v1/integrations/status").json()["status"] == "ok"
    with store.engine.begin() as connection:
        connection.execute(update(delivery).values(state="dead"))
    found = page.get("/v1/integrations/status").json()
    assert (found["status"], found["endpoints"][0]["dead"]) == ("degraded", 1)
    assert "could not be told of 1 event." in page.get("/integrations").text


def test_endpoint_that_takes_nothing_for_long_needs_attention(page: TestClient) -> None:
    store = store_of(page)
    made = failing(store, "w")

    def told(**values: Any) -> str:
        with store.engine.begin() as connection:
            connection.execute(update(endpoint).values(problem="cannot_connect", **values))
        return str(page.get("/v1/integrations/status").json()["status"])

    assert told() == "ok"  # a short outage
    assert "◷ tried again" in page.get("/integrations").text
    with store.engine.begin() as connection:
        connection.execute(update(delivery).values(created_at=delivery.c.created_at - 1_000))
    assert told() == "degraded"
    assert "takes nothing for 16 min: nobody listens there" in page.get("/integrations").text
    assert told(enabled=False) == "ok"  # a person has switched it off
    assert "▲" not in page.get("/integrations").text
    store.endpoints.delete(made.public_id, "anna")


def test_endpoint_that_wants_nothing_more_needs_attention(page: TestClient) -> None:
    store = store_of(page)
    failing(store, "w")
    with store.engine.begin() as connection:
        connection.execute(update(endpoint).values(enabled=False, problem="gone"))
    assert page.get("/v1/integrations/status").json()["status"] == "degraded"
    assert "is switched off: said that it wants nothing more (410)." in page.get("/integrations").text


def test_problems_of_the_page_are_those_of_the_docs() -> None:
    said = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text("utf-8")
    assert [code for code in PROBLEMS if f"`{code}`" not in said] == []
    assert problem("status_503") == "answered 503"


def test_spans_of_time_are_short() -> None:
    said = [span(seconds) for seconds in (-1, 59, 60, 3_600, 3_725, 172_799, 172_800)]
    assert said == ["0 s", "59 s", "1 min", "1 h", "1 h 2 min", "47 h 59 min", "2 days"]


def test_selftest_of_an_installation_of_its_own(run: Run) -> None:
    code, out, err = run("integrations", "selftest")
    assert (code, err) == (0, ""), out
    assert "DIFFERS" not in out
    assert re.search(r"(\d+) of \1 as expected", out)


def test_selftest_of_somebody_else_sends_for_trial_only(tmp_path: Path, run: Run) -> None:
    kept = open_store(f"sqlite:///{tmp_path / 'other.db'}")
    with running(kept) as server:
        assert all(one.passed for one in ask_mllp(("127.0.0.1", server.port), "RUN1", own=False))
        code, out, _ = run("integrations", "selftest", "--mllp", f"127.0.0.1:{server.port}")
    assert code == 0, out
    assert {batch.test for batch in kept.batches.page(None, 100)} == {True}
    kept.close()
    code, _, err = run("integrations", "selftest", "--mllp", "127.0.0.1:1")
    assert (code, "nobody answers" in err) == (2, True)
    code, _, err = run("integrations", "selftest", "--url", "http://127.0.0.1:1")
    assert (code, "nobody answers" in err) == (2, True)


def test_selftest_sees_a_difference(tmp_path: Path, run: Run) -> None:
    kept = open_store(f"sqlite:///{tmp_path / 'other.db'}")
    with kept.engine.begin() as connection:
        connection.execute(text("ALTER TABLE message RENAME TO elsewhere"))
    with running(kept) as server:
        code, out, _ = run("integrations", "selftest", "--mllp", f"127.0.0.1:{server.port}")
    kept.close()
    assert code == 1
    assert "DIFFERS" in out


def test_status_in_the_terminal(page: TestClient, run: Run) -> None:
    sent(store_of(page), "C1")
    failing(store_of(page))
    code, out, _ = run("integrations", "status")
    assert code == 1
    assert "RIS|NORTH" in out
    assert "FAILING" in out
    assert "1 report waits for a check" in out
