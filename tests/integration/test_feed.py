"""What came in over a feed, as the API of batches and reports tells it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hl7_support import Invented
from mllp_running import take_in

from app.batch.checking import result_of
from app.batch.export import result_lines
from app.batch.summary import summarise
from app.proofreading.check import check_report
from app.services import Services
from app.storage.content import from_json
from app.storage.store import Store, open_store
from app.storage.types import Finished

_LATER = "20260105130000"


@dataclass
class Site:
    """A feed whose reports are checked at once, and the API over the same store."""

    store: Store
    services: Services
    client: TestClient

    def send(self, sent: Invented) -> None:
        claims = self.store.jobs.claim(take_in(self.store, sent.encode()), "worker")
        seal = self.store.seal
        done = [
            Finished(
                claim, result_of(check_report(from_json(seal.unseal(claim.content)), self.services), seal)
            )
            for claim in claims
        ]
        self.store.jobs.finish(done, "worker")

    def batches(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get("/v1/batches").json()["batches"]
        return found

    def results(self, batch: str) -> list[dict[str, Any]]:
        return [
            json.loads(line) for line in self.client.get(f"/v1/batches/{batch}/results").text.splitlines()
        ]


@pytest.fixture
def site(client: TestClient, services: Services, tmp_path: Path) -> Iterator[Site]:
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield Site(store, services, client)
    store.close()


def test_a_day_is_a_batch_that_stays_open(site: Site) -> None:
    site.send(Invented())
    (day,) = site.batches()
    assert (day["state"], day["source"], day["test"], day["finished_at"]) == (
        "receiving",
        "RIS|NORTH",
        False,
        None,
    )
    (line,) = site.results(day["id"])
    assert (line["state"], line["checked"]["errors"][0]["type"]) == ("checked", "laterality_mismatch")
    assert "laterality" in site.client.get(f"/v1/batches/{day['id']}/summary").text
    events = site.client.get(f"/v1/batches/{day['id']}")
    assert events.json()["counts"]["checked"] == 1


def test_corrected_report_takes_the_place_of_the_first(site: Site) -> None:
    site.send(Invented())
    right = "FINDINGS: Small left pleural effusion. IMPRESSION: Small left pleural effusion."
    site.send(Invented("C2", status="C", text=right, sent=_LATER))
    first, second = site.results(site.batches()[0]["id"])
    assert (first["state"], first["problem"]["code"], "checked" in first) == ("cancelled", "replaced", False)
    assert second["checked"]["has_errors"] is False
    earlier = site.client.get(f"/v1/reports/{first['report_id']}").json()
    assert earlier["version"] == {
        "number": 1,
        "status": "F",
        "state": "replaced",
        "replaced_by": int(second["report_id"]),
    }
    assert earlier["check"] is None
    history = site.client.get(f"/v1/reports/{first['report_id']}/checks").json()["checks"]
    assert [(check["current"], check["has_errors"]) for check in history] == [(False, True)]
    latest = site.client.get(f"/v1/reports/{second['report_id']}").json()
    assert (latest["version"]["number"], latest["version"]["state"]) == (2, "current")


def test_flags_of_a_withdrawn_report_can_no_longer_be_decided(site: Site) -> None:
    site.send(Invented())
    (line,) = site.results(site.batches()[0]["id"])
    where = f"/v1/reports/{line['report_id']}/errors/{line['checked']['errors'][0]['id']}/decision"
    assert site.client.post(where, json={"outcome": "accepted"}).status_code == 200
    site.send(Invented("C2", status="X", text="", sent=_LATER))
    assert site.client.post(where, json={"outcome": "accepted"}).status_code == 404
    (line,) = site.results(site.batches()[0]["id"])
    assert line["problem"]["code"] == "withdrawn"
    assert site.client.get(f"/v1/reports/{line['report_id']}").json()["version"]["state"] == "withdrawn"


def test_summaries_count_neither_tests_nor_what_was_replaced(site: Site) -> None:
    site.send(Invented())
    site.send(Invented("C2", sent=_LATER))
    site.send(Invented("C3", "ACC-3"))
    site.send(Invented("C4", "ACC-4", processing="T"))
    tried, real = site.store.batches.page(None, 9)
    assert summarise(result_lines(site.store, real.public_id)).reports == 2
    assert summarise(result_lines(site.store, tried.public_id)).reports == 0
    assert [line["test"] for line in site.results(tried.public_id)] == [True]


def test_order_of_the_message_feeds_the_detectors(site: Site) -> None:
    text = "FINDINGS: The right kidney is normal. IMPRESSION: Normal study of the right side. Prostate is enlarged."
    site.send(Invented(text=text))
    (line,) = site.results(site.batches()[0]["id"])
    assert "demographic_mismatch" in {error["type"] for error in line["checked"]["errors"]}
