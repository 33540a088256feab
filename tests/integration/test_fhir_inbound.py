"""FHIR end to end: a real server with a subscription, the real service, what is kept and fetched."""

import base64
import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from fhir_server import SUBSCRIPTION, TOKEN, FhirServer, running

from app.integrations.fhir.client import FhirClient, FhirError
from app.integrations.sources import FhirServer as Registered
from app.main import create_app
from app.services import Services, open_guard
from app.settings import Settings
from app.storage.content import from_json
from app.storage.sealing import Seal
from app.storage.store import Store, open_store

BEARER = {"authorization": "Bearer a-long-enough-token", "content-type": "application/fhir+json"}
TEXT = "FINDINGS: No pleural effusion.\nIMPRESSION: Small bilateral pleural effusions."
_WAIT_SECONDS = 30


@pytest.fixture
def server() -> Iterator[FhirServer]:
    with running() as opened:
        yield opened


def settings_for(server: FhirServer, folder: Path, more: str = "", **given: Any) -> Settings:
    path = folder / "sources.toml"
    path.write_text(
        f"""
[sources.ehr]
kind = "fhir"
auth = {{ type = "header", values = ["{BEARER["authorization"]}"] }}
fhir = {{ base = "{server.base}", token = "{TOKEN}", criteria = "DiagnosticReport?category=RAD"{more} }}
[sources.deaf]
kind = "fhir"
auth = {{ type = "header", values = ["{BEARER["authorization"]}"] }}
"""
    )
    allowed = {"callback_networks": "127.0.0.1/32", "callback_http": True, "callback_ports": str(server.port)}
    return Settings(sources=path, **{**allowed, **given})


@dataclass
class Site:
    """The service beside the server."""

    server: FhirServer
    client: TestClient
    store: Store

    def send(self, body: Any = None, path: str = "", method: str = "POST", source: str = "ehr") -> Any:
        raw = b"" if body is None else json.dumps(body).encode()
        where = f"/v1/webhooks/{source}{path}"
        return self.client.request(method, where, content=raw, headers=BEARER)

    def lines(self) -> list[dict[str, Any]]:
        found = []
        for batch in self.client.get("/v1/batches").json()["batches"]:
            text = self.client.get(f"/v1/batches/{batch['id']}/results").text
            found += [{**json.loads(line), "batch": batch} for line in text.splitlines()]
        return found

    def ids(self) -> list[str]:
        return sorted(line["custom_id"] for line in self.lines())

    def until(self, reached: Callable[[], bool]) -> None:
        """Wait for what another thread does; it fails when that never comes."""
        end = time.monotonic() + _WAIT_SECONDS
        while not reached():
            assert time.monotonic() < end, (self.lines(), self.server.asked)
            time.sleep(0.05)

    def settled(self) -> bool:
        return self.store.errands.waiting("ehr") == 0

    def stored(self, line: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.get(f"/v1/reports/{line['report_id']}").json()
        return answer


@pytest.fixture
def site(server: FhirServer, services: Services, tmp_path: Path) -> Iterator[Site]:
    app = create_app(settings_for(server, tmp_path), services)
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Site(server, client, store)
    store.close()


def report(name: str = "r1", **fields: Any) -> dict[str, Any]:
    text = {"contentType": "text/plain", "data": base64.b64encode(TEXT.encode()).decode()}
    return {
        "resourceType": "DiagnosticReport",
        "id": name,
        "status": "final",
        "presentedForm": [text],
        **fields,
    }


def patient(server: FhirServer) -> dict[str, str]:
    server.put(
        {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1960-02-01"}, event=False
    )
    return {"reference": "Patient/p1"}


@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("PUT", "/DiagnosticReport/r1"), ("PUT", "")])
def test_whole_resource_is_kept_with_its_context(site: Site, method: str, path: str) -> None:
    site.server.put(
        {
            "resourceType": "ServiceRequest",
            "id": "s1",
            "code": {"text": "XR hand"},
            "bodySite": [{"text": "Left hand"}],
            "reasonCode": [{"text": "Fall"}],
        },
        event=False,
    )
    sent = report(
        subject=patient(site.server),
        basedOn=[{"reference": f"{site.server.base}/ServiceRequest/s1"}],
        effectiveDateTime="2026-01-05T10:00:00Z",
    )
    answer = site.send(sent, path, method)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/fhir+json")
    assert answer.json()["resourceType"] == "OperationOutcome"
    (line,) = site.lines()
    assert (line["custom_id"], line["state"], line["batch"]["source"]) == ("r1", "waiting", "ehr")
    kept = site.stored(line)
    assert (kept["text"], kept["context"]["patient_sex"], kept["context"]["patient_age"]) == (
        TEXT,
        "female",
        65,
    )
    assert (kept["context"]["procedure"], kept["context"]["laterality"]) == ("XR hand", "left")
    assert kept["context"]["indication"] == "Fall"
    site.send(sent, path, method)
    assert len(site.lines()) == 1


def test_report_goes_on_without_what_the_server_does_not_give(site: Site) -> None:
    site.server.down = True
    assert site.send(report(subject={"reference": "Patient/p1"})).status_code == 200
    assert site.stored(site.lines()[0])["context"]["patient_sex"] is None
    asked = len(site.server.asked)
    elsewhere = {"reference": "http://192.0.2.1/fhir/Patient/p1"}
    site.send(report("r2", subject=elsewhere, imagingStudy=[{"reference": "../../etc/passwd"}]))
    assert len(site.server.asked) == asked


def test_resend_asks_nobody(site: Site) -> None:
    sent = report(subject=patient(site.server))
    site.send(sent)
    asked = len(site.server.asked)
    assert site.send(sent).status_code == 200
    assert len(site.server.asked) == asked == 1


def test_focus_that_cannot_be_read_is_searched_for(site: Site) -> None:
    site.server.put(report("r1"))
    site.server.put(report("r2"))
    notice = site.server.notification(1, 2, content="full-resource")
    del notice["entry"][2]
    notice["entry"][0]["resource"]["parameter"][-1]["part"][1]["valueReference"]["reference"] = "urn:uuid:2"
    assert site.send(notice).status_code == 200
    site.until(lambda: site.ids() == ["r1", "r2"] and site.settled())


def test_form_elsewhere_is_never_fetched(site: Site) -> None:
    form = {"contentType": "text/plain", "url": f"{site.server.base}/Binary/1"}
    refused = site.send(report(presentedForm=[form]))
    assert (refused.status_code, refused.json()["issue"][0]["diagnostics"]) == (422, "no_text")
    assert site.server.asked == []


def test_results_are_the_text_where_there_is_no_form(site: Site) -> None:
    for name, code, words in [
        ("o1", "59776-5", "Small left effusion."),
        ("o2", "19005-8", "Right effusion."),
    ]:
        concept = {"coding": [{"code": code}]}
        site.server.put(
            {
                "resourceType": "Observation",
                "id": name,
                "status": "final",
                "code": concept,
                "valueString": words,
            },
            event=False,
        )
    results = [{"reference": "Observation/o1"}, {"reference": "Observation/o2"}]
    assert site.send(report(presentedForm=[], result=results)).status_code == 200
    wanted = "FINDINGS:\nSmall left effusion.\n\nIMPRESSION:\nRight effusion."
    assert site.stored(site.lines()[0])["text"] == wanted


@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("PUT", "/DiagnosticReport/r1")])
def test_empty_body_has_it_fetched(site: Site, method: str, path: str) -> None:
    site.server.put(report("r1"))
    assert site.send(None, path, method).status_code == 200
    site.until(lambda: site.ids() == ["r1"] and site.settled())


def test_handshake_and_heartbeat_are_accepted(site: Site) -> None:
    for kind in ("handshake", "heartbeat"):
        answer = site.send(site.server.bundle(kind, 0, [], []))
        assert answer.status_code == 200
        assert len(answer.json()["issue"]) == 1
    assert site.store.errands.position(f"fhir ehr {SUBSCRIPTION}") == "0"


@pytest.mark.parametrize("content", ["empty", "id-only", "full-resource"])
def test_skipped_event_is_noticed_and_fetched(site: Site, content: str) -> None:
    site.send(site.server.bundle("handshake", 0, [], []))
    for name in ("r1", "r2", "r3"):
        site.server.put(report(name))
    site.send(site.server.notification(1, content=content))
    answer = site.send(site.server.notification(3, content=content))
    assert "events_missed" in answer.text
    site.until(lambda: site.ids() == ["r1", "r2", "r3"] and site.settled())
    assert any("$events?eventsSinceNumber=2&eventsUntilNumber=2" in path for path in site.server.asked)
    assert site.store.errands.position(f"fhir ehr {SUBSCRIPTION}") == "3"


def test_gap_is_searched_where_events_cannot_be_asked_for(site: Site) -> None:
    site.server.knows_events = False
    site.server.knows_includes = False
    site.server.page_size = 1
    for name in ("r1", "r2", "r3"):
        site.server.put(report(name))
    site.send(site.server.notification(3, content="full-resource"))
    site.until(lambda: site.ids() == ["r1", "r2", "r3"] and site.settled())


def test_heartbeat_shows_a_gap(site: Site) -> None:
    site.send(site.server.bundle("handshake", 0, [], []))
    site.server.put(report("r1"))
    assert "events_missed" in site.send(site.server.bundle("heartbeat", 1, [], [])).text
    site.until(lambda: site.ids() == ["r1"] and site.settled())


def test_late_and_repeated_events_change_nothing(site: Site) -> None:
    for name in ("r1", "r2"):
        site.server.put(report(name))
    site.send(site.server.notification(2, content="full-resource", total=2))
    site.send(site.server.notification(1, content="full-resource", total=1))
    site.send(site.server.notification(2, content="full-resource", total=2))
    site.until(site.settled)
    assert site.ids() == ["r1", "r2"]
    assert site.store.errands.position(f"fhir ehr {SUBSCRIPTION}") == "2"


def test_what_was_announced_outlives_a_server_that_is_down(
    server: FhirServer, services: Services, tmp_path: Path
) -> None:
    settings = settings_for(server, tmp_path)
    server.put(report("r1"))
    server.down = True
    with TestClient(create_app(settings, services)) as client:
        first = Site(server, client, open_store(f"sqlite:///{tmp_path / 'store.db'}"))
        assert first.send(server.notification(1)).status_code == 200
        first.until(lambda: any("DiagnosticReport/r1" in path for path in server.asked))
        first.store.close()
    server.down = False
    with TestClient(create_app(settings, services)) as client:
        second = Site(server, client, open_store(f"sqlite:///{tmp_path / 'store.db'}"))
        second.until(lambda: second.ids() == ["r1"] and second.settled())
        second.store.close()


def test_poll_finds_what_nobody_told_of(server: FhirServer, services: Services, tmp_path: Path) -> None:
    server.page_size = 1
    begun = dt.datetime.now(dt.UTC)
    server.put(report("r1"))
    server.put(report("r2"))
    settings = settings_for(server, tmp_path, ", poll_seconds = 5")
    with TestClient(create_app(settings, services)) as client:
        site = Site(server, client, open_store(f"sqlite:///{tmp_path / 'store.db'}"))
        site.until(lambda: site.ids() == ["r1", "r2"])
        server.put(report("r3"))
        site.until(lambda: site.ids() == ["r1", "r2", "r3"])
        site.until(
            lambda: dt.datetime.fromisoformat(site.store.errands.position("fhir ehr search") or "") > begun
        )
        assert all("category=RAD" in path for path in server.asked if "_sort" in path)
        site.store.close()


def test_page_outside_the_base_is_not_asked_for(server: FhirServer, tmp_path: Path) -> None:
    server.page_size = 1
    server.put(report("r1"))
    server.put(report("r2"))
    client = FhirClient(Registered(server.base, TOKEN), open_guard(settings_for(server, tmp_path)))
    for base in ("http://192.0.2.1/fhir", f"{server.base}.example", f"{server.base}/../admin"):
        server.next_base = base
        with pytest.raises(FhirError) as caught:
            list(client.changed("2026-01-01T00:00:00.000+00:00"))
        assert caught.value.code == "forbidden_address"
    client.close()


def test_address_that_no_network_allows_is_not_connected_to(server: FhirServer, tmp_path: Path) -> None:
    guard = open_guard(settings_for(server, tmp_path, callback_networks="10.0.0.0/8"))
    client = FhirClient(Registered(server.base, TOKEN), guard)
    with pytest.raises(FhirError) as caught:
        client.read("DiagnosticReport/r1")
    assert caught.value.code == "forbidden_address"
    assert server.asked == []
    client.close()


def test_versions_replace_and_withdraw(site: Site) -> None:
    def send(number: int, status: str, **fields: Any) -> None:
        meta = {"versionId": str(number), "lastUpdated": f"2026-01-05T12:00:0{number}Z"}
        identifier = [{"value": "ACC-1"}]
        answer = site.send(report(status=status, meta=meta, identifier=identifier, **fields))
        assert answer.status_code == 200

    send(1, "preliminary", conclusion="First.")
    send(3, "amended", conclusion="Third.")
    send(2, "final", conclusion="Late.")
    states = [(line["state"], site.stored(line)["version"]["state"]) for line in site.lines()]
    assert states == [("cancelled", "replaced"), ("waiting", "current"), ("cancelled", "replaced")]
    send(4, "entered-in-error", presentedForm=[])
    assert {site.stored(line)["version"]["state"] for line in site.lines()} == {"withdrawn"}
    send(5, "corrected")
    assert [line["state"] for line in site.lines()].count("waiting") == 1


@pytest.mark.parametrize("way", ["request", "bundle", "gone"])
def test_deleted_resource_withdraws_its_report(site: Site, way: str) -> None:
    site.server.put(report("r1", identifier=[{"value": "ACC-1"}]))
    site.send(site.server.notification(1, content="full-resource"))
    assert site.lines()[0]["state"] == "waiting"
    site.server.events.append("DiagnosticReport/r1")
    site.server.gone.add("DiagnosticReport/r1")
    del site.server.resources["DiagnosticReport/r1"]
    if way == "request":
        assert site.send(None, "/DiagnosticReport/r1", "DELETE").status_code == 200
    elif way == "bundle":
        notice = site.server.notification(2)
        notice["entry"][1]["request"] = {"method": "DELETE", "url": "DiagnosticReport/r1"}
        assert site.send(notice).status_code == 200
    else:
        site.send(site.server.notification(2))
    site.until(lambda: site.lines()[0]["state"] == "cancelled" and site.settled())
    assert site.stored(site.lines()[0])["version"]["state"] == "withdrawn"
    assert site.send(None, "/DiagnosticReport/r1", "DELETE").status_code == 200
    assert site.send(None, "/DiagnosticReport/unknown", "DELETE").status_code == 200


def test_deletion_of_an_old_resource_leaves_the_report_that_took_its_place(site: Site) -> None:
    same = [{"value": "ACC-1"}]
    site.send(report("r1", identifier=same, meta={"lastUpdated": "2026-01-05T12:00:00Z"}))
    site.send(report("r2", identifier=same, meta={"lastUpdated": "2026-01-05T13:00:00Z"}))
    assert site.send(None, "/DiagnosticReport/r1", "DELETE").status_code == 200
    assert {line["custom_id"]: line["state"] for line in site.lines()} == {"r1": "cancelled", "r2": "waiting"}


def test_test_health_data_is_counted_apart(site: Site) -> None:
    site.send(report(meta={"security": [{"code": "HTEST"}]}))
    assert site.lines()[0]["batch"]["test"] is True


def test_report_without_text_yet_is_no_failure(site: Site) -> None:
    early = site.send(report(status="registered", presentedForm=[]))
    assert (early.status_code, early.json()["issue"][1]["diagnostics"]) == (200, "no_text_yet")
    assert site.send(report(presentedForm=[])).status_code == 422
    assert site.lines() == []


def test_one_bad_report_of_a_bundle_costs_no_other(site: Site) -> None:
    site.server.put(report("r1", presentedForm=[]))
    site.server.put(report("r2"))
    answer = site.send(site.server.notification(1, 2, content="full-resource"))
    assert (answer.status_code, "no_text" in answer.text) == (200, True)
    assert site.ids() == ["r2"]


def test_bundle_of_a_report_and_its_patient_is_taken(site: Site) -> None:
    entries = [
        {"resource": report(subject={"reference": "urn:uuid:1"})},
        {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "gender": "male"}},
    ]
    assert site.send({"resourceType": "Bundle", "type": "collection", "entry": entries}).status_code == 200
    assert site.stored(site.lines()[0])["context"]["patient_sex"] == "male"
    assert site.server.asked == []


def test_server_of_two_addresses_is_asked_at_the_registered_one(site: Site) -> None:
    site.server.put(report("r1"))
    notice = json.loads(
        json.dumps(site.server.notification(1)).replace(site.server.base, "https://outside.example/Fhir")
    )
    assert site.send(notice).status_code == 200
    site.until(lambda: site.ids() == ["r1"] and site.settled())


def test_pages_that_are_too_large_are_asked_for_in_parts(server: FhirServer, tmp_path: Path) -> None:
    for name in ("r1", "r2", "r3"):
        server.put(report(name, conclusion="a" * 6_000_000))
    client = FhirClient(Registered(server.base, TOKEN), open_guard(settings_for(server, tmp_path)))
    pages = list(client.changed("2026-01-01T00:00:00.000+00:00"))
    assert [len(page["entry"]) for page in pages][-3:] == [1, 1, 1]
    client.close()


def test_report_that_is_too_large_holds_no_other(
    server: FhirServer, services: Services, tmp_path: Path
) -> None:
    server.page_size = 2
    for name in ("r1", "large", "r2", "r3"):
        server.put(report(name, conclusion="a" * (17 * 1_048_576 if name == "large" else 1)))
    settings = settings_for(server, tmp_path, ", poll_seconds = 600")
    with TestClient(create_app(settings, services)) as client:
        site = Site(server, client, open_store(f"sqlite:///{tmp_path / 'store.db'}"))
        site.until(lambda: site.ids() == ["r1", "r2", "r3"])
        site.until(lambda: site.store.errands.waiting("ehr") == 1)  # the next poll
        site.until(lambda: rejected(client) == [("ehr", "document_too_large", 1)])
        site.store.close()


def rejected(client: TestClient) -> list[tuple[str, str, int]]:
    found = client.get("/v1/integrations/status").json()["rejections"]
    return [(one["source"], one["code"], one["count"]) for one in found]


def test_without_a_server_only_what_is_sent_whole_is_taken(site: Site) -> None:
    site.server.put(report("r1"))
    site.server.put(report("r2"))
    answer = site.send(site.server.notification(2, content="full-resource"), source="deaf")
    assert (answer.status_code, "no_fhir_server" in answer.text) == (200, True)
    assert site.send(None, source="deaf").status_code == 422
    announced = site.send(site.server.notification(1), source="deaf")
    assert (announced.status_code, "no_fhir_server" in announced.text) == (422, True)
    assert site.ids() == ["r2"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 10_000, 400),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400),
        (b'{"resourceType": "DiagnosticReport", "x": ' + b"[" * 500 + b"]" * 500 + b"}", 400),
        (b'{"resourceType": "DiagnosticReport", "x": [' + b"[]," * 1_000_000 + b"1]}", 400),
        (b'{"resourceType": "Patient"}', 422),
        (b'{"resourceType": "Bundle", "type": "history"}', 422),
        (b'{"resourceType": "Bundle", "type": "collection", "entry": [{}]}', 422),
        (b'{"resourceType": "DiagnosticReport", "conclusion": "Clear."}', 422),
        (b"<DiagnosticReport/>", 400),
    ],
)
def test_what_cannot_be_taken_has_an_outcome(site: Site, body: bytes, status: int) -> None:
    answer = site.client.post("/v1/webhooks/ehr", content=body, headers=BEARER)
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")


def test_notification_ends_as_a_result(server: FhirServer, services: Services, tmp_path: Path) -> None:
    """The whole way: told of, a gap found, fetched, checked, and the error in the API."""
    settings = settings_for(server, tmp_path, batch_processes=1, references_k=0)
    for name in ("r1", "r2"):
        server.put(report(name, subject=patient(server)))
    with TestClient(create_app(settings, services)) as client:
        site = Site(server, client, open_store(f"sqlite:///{tmp_path / 'store.db'}"))
        site.send(server.bundle("handshake", 0, [], []))
        site.send(server.notification(2))
        site.until(lambda: [line["state"] for line in site.lines()] == ["checked", "checked"])
        for line in site.lines():
            assert line["checked"]["errors"][0]["type"] == "negation_contradiction"
        site.store.close()


def test_key_of_the_store_opens_what_was_fetched(site: Site) -> None:
    """What is fetched is sealed like all else: no words stand in the errands."""
    site.server.put(report("r1"))
    site.send(site.server.notification(1))
    site.until(lambda: site.ids() == ["r1"])
    claims = site.store.jobs.claim([1], "worker")
    assert from_json(Seal(()).unseal(claims[0].content)).text == TEXT


@pytest.mark.parametrize(
    "body", [report("r9", presentedForm=[], status=[]), {"resourceType": "Bundle", "type": [], "entry": [{}]}]
)
def test_fields_of_another_type_are_no_fault(site: Site, body: dict[str, Any]) -> None:
    assert site.send(body).status_code == 422


def test_one_bad_resource_does_not_end_fetching(site: Site) -> None:
    site.server.put(report("bad", presentedForm=[], status=[]))
    site.server.put(report("good"))
    assert site.send(None, "/DiagnosticReport/bad").status_code == 200
    site.until(site.settled)
    assert site.send(None, "/DiagnosticReport/good").status_code == 200
    site.until(lambda: site.ids() == ["good"])


def test_fault_of_ours_does_not_end_fetching(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.server.put(report("good"))

    def broken(*_given: object, **_more: object) -> None:
        monkeypatch.undo()
        raise KeyError

    monkeypatch.setattr(FhirClient, "read", broken)
    assert site.send(None, "/DiagnosticReport/good").status_code == 200
    site.until(lambda: site.ids() == ["good"])


def test_clock_that_is_ahead_hides_nothing(server: FhirServer, services: Services, tmp_path: Path) -> None:
    server.put(report("future"))
    settings = settings_for(server, tmp_path, ", poll_seconds = 5")
    with TestClient(create_app(settings, services)) as client:
        site = Site(server, client, open_store(f"sqlite:///{tmp_path / 'store.db'}"))
        site.until(lambda: site.ids() == ["future"])
        kept = server.put(report("later"))
        kept["meta"]["lastUpdated"] = dt.datetime.now(dt.UTC).isoformat()
        site.until(lambda: site.ids() == ["future", "later"])
        site.store.close()


def test_document_that_cannot_be_read_now_is_asked_for_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = {"contentType": "application/pdf", "data": base64.b64encode(b"%PDF-1.4").decode()}
    monkeypatch.setattr("app.integrations.confined.sys.executable", "/nowhere/python")
    answer = site.send(report("r1", presentedForm=[form]))
    assert answer.status_code == 503
    assert answer.json()["issue"][0]["diagnostics"] == "reader_unavailable"


def bundle(*reports: dict[str, Any]) -> dict[str, Any]:
    entries = [{"resource": each} for each in reports]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def test_reports_of_a_bundle_wait_for_their_patients_together(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each could else hold one of the few places of all sources for two seconds."""
    passed = iter(range(1_000))
    monkeypatch.setattr("app.integrations.fhir.inbound.monotonic", lambda: 1.5 * next(passed))
    sent = [report(f"r{number}", subject={"reference": f"Patient/p{number}"}) for number in range(5)]
    assert site.send(bundle(*sent)).status_code == 200
    assert len(site.ids()) == 5
    assert len([path for path in site.server.asked if "Patient" in path]) == 1


def test_one_patient_of_a_bundle_is_read_once(site: Site) -> None:
    subject = patient(site.server)
    assert site.send(bundle(*(report(f"r{n}", subject=subject) for n in range(3)))).status_code == 200
    assert len([path for path in site.server.asked if "Patient" in path]) == 1


def test_bundle_of_too_many_reports_is_refused(site: Site) -> None:
    answer = site.send(bundle(*({"resourceType": "DiagnosticReport", "id": f"r{n}"} for n in range(1_001))))
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["diagnostics"] == "too_many_reports"
