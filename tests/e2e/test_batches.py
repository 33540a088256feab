"""A day's reports through an installation, as its users send and read them."""

import csv
import gzip
import http.client
import io
import json
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from batch_cluster import Cluster

from app.api.schemas import CheckedReportOut
from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport
from app.services import Services

_WRONG = "FINDINGS: No pleural effusion.\nIMPRESSION: Small bilateral pleural effusions."
_RIGHT = "FINDINGS: The lungs are clear. No pleural effusion.\nIMPRESSION: Normal chest."
_CANARY = "Zephyrqueline"


def lines(count: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"custom_id": f"c{number}", "text": _WRONG if number % 3 == 0 else _RIGHT, **more}
        for number in range(count)
    ]


def done(cluster: Cluster, reports: list[dict[str, Any]]) -> str:
    status, batch = cluster.send(reports, str(uuid.uuid4()))
    assert status == 202
    cluster.wait_until_done(batch)
    return batch


def problem(answer: tuple[int, bytes]) -> tuple[int, str]:
    return answer[0], json.loads(answer[1])["code"]


def test_results_are_those_of_single_checks(cluster: Cluster, all_services: Services) -> None:
    batch = done(cluster, lines(40, study_date="2026-01-31", site="north"))
    results = cluster.results(batch)
    assert [line["custom_id"] for line in results] == [f"c{number}" for number in range(40)]
    for line in results:
        text = _WRONG if line["checked"]["has_errors"] else _RIGHT
        plain = CheckedReportOut.of(check_report(SubmittedReport(text, line["custom_id"]), all_services))
        assert line["checked"] == json.loads(plain.model_dump_json())
        assert (line["study_date"], line["site"]) == ("2026-01-31", "north")
    assert sum(line["checked"]["has_errors"] for line in results) == 14


def test_broken_lines_are_named_and_the_rest_proceeds(cluster: Cluster) -> None:
    body = b"\n".join(
        [
            json.dumps(lines(1)[0]).encode(),
            b"{not json",
            json.dumps({"custom_id": "c0", "text": _RIGHT}).encode(),
            json.dumps({"custom_id": "blank", "text": " "}).encode(),
            b'{"custom_id": "latin", "text": "\xe9"}',
            json.dumps({"custom_id": "last", "text": _RIGHT}).encode(),
        ]
    )
    status, answer = cluster.call(
        "POST",
        "/v1/batches",
        body,
        Idempotency_Key=str(uuid.uuid4()),
        Content_Type="application/x-ndjson",
    )
    assert status == 202
    found = cluster.wait_until_done(json.loads(answer)["id"])
    assert (found["counts"]["accepted"], found["counts"]["refused"]) == (2, 4)
    results = cluster.results(found["id"])
    assert [line["custom_id"] for line in results if line["state"] == "checked"] == ["c0", "last"]
    refused = {
        line["problem"]["line"]: line["problem"]["code"] for line in results if line["state"] == "refused"
    }
    assert sorted(refused) == [2, 3, 4, 5]
    assert refused[3] == "duplicate_custom_id"
    assert refused[4] == "blank_text"


def test_one_key_is_one_batch_for_fifty_at_a_time(cluster: Cluster) -> None:
    key = str(uuid.uuid4())
    reports = lines(5)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: cluster.send(reports, key), range(50)))
    statuses = {status for status, _ in answers}
    assert 202 in statuses
    assert statuses <= {202, 409}
    (batch,) = {batch for status, batch in answers if status == 202}
    assert cluster.wait_until_done(batch)["counts"]["accepted"] == 5
    assert cluster.send(reports, key) == (202, batch)
    assert cluster.send(lines(6), key)[0] == 422


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ({"Content_Type": "application/x-ndjson"}, (400, "idempotency_key_missing")),
        (
            {"Content_Type": "application/x-ndjson", "Idempotency_Key": "a b"},
            (400, "idempotency_key_missing"),
        ),
        ({"Content_Type": "image/png", "Idempotency_Key": "k"}, (415, "unsupported_media_type")),
        (
            {"Content_Type": "text/csv", "Content_Encoding": "br", "Idempotency_Key": "k"},
            (415, "unsupported_media_type"),
        ),
        ({"Content_Type": "application/json", "Idempotency_Key": "q1"}, (400, "malformed_json")),
    ],
)
def test_what_is_no_batch_is_refused(
    cluster: Cluster, headers: dict[str, str], refusal: tuple[int, str]
) -> None:
    assert problem(cluster.call("POST", "/v1/batches", b"x", **headers)) == refusal


def test_empty_body_is_a_batch_of_nothing(cluster: Cluster) -> None:
    status, answer = cluster.call(
        "POST", "/v1/batches", b"", Content_Type="text/csv", Idempotency_Key="empty"
    )
    assert status == 202
    (line,) = cluster.results(json.loads(answer)["id"])
    assert (line["state"], line["problem"]["code"]) == ("refused", "no_report")


def test_unknown_batches_and_reports_are_not_found(cluster: Cluster) -> None:
    for path in ("/v1/batches/none", "/v1/batches/none/results", "/v1/batches/none/summary"):
        assert problem(cluster.call("GET", path)) == (404, "batch_not_found")
    for method in ("GET", "DELETE"):
        assert problem(cluster.call(method, "/v1/reports/999999999")) == (404, "report_not_found")
    assert problem(cluster.call("DELETE", "/v1/batches/none")) == (404, "batch_not_found")


@pytest.mark.parametrize(
    "path",
    ["/v1/batches/%00", "/v1/batches/a%00/results", "/v1/batches/%00/summary", "/v1/batches?cursor=%00"],
)
def test_what_no_database_takes_is_refused(cluster: Cluster, path: str) -> None:
    assert problem(cluster.call("GET", path)) == (422, "control_characters")


def test_number_of_thousands_of_digits_is_not_found(cluster: Cluster) -> None:
    assert problem(cluster.call("GET", "/v1/reports/" + "1" * 5_000)) == (404, "not_found")


def test_csv_gzip_and_archives_are_batches_too(cluster: Cluster) -> None:
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(["custom_id", "findings", "impression"])
    rows.writerow(["row", "No pleural effusion.", "Small bilateral pleural effusions."])
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a report.txt", _WRONG)
    for body, headers in (
        (table.getvalue().encode(), {"Content_Type": "text/csv"}),
        (gzip.compress(table.getvalue().encode()), {"Content_Type": "text/csv", "Content_Encoding": "gzip"}),
        (archive.getvalue(), {"Content_Type": "application/zip"}),
    ):
        status, answer = cluster.call(
            "POST", "/v1/batches", body, Idempotency_Key=str(uuid.uuid4()), **headers
        )
        assert status == 202
        batch = json.loads(answer)["id"]
        cluster.wait_until_done(batch)
        (line,) = cluster.results(batch)
        assert line["checked"]["has_errors"]


def events(cluster: Cluster, batch: str, last: str | None = None) -> Iterator[dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", cluster.port, timeout=120)
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
    connection.request("GET", f"/v1/batches/{batch}", headers=headers)
    answer = connection.getresponse()
    assert answer.getheader("Content-Type", "").startswith("text/event-stream")
    event: dict[str, str] = {}
    for raw in answer:
        line = raw.decode().rstrip("\n")
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
        elif event:
            yield event
            event = {}
    connection.close()


def test_progress_is_told_until_the_end(cluster: Cluster) -> None:
    _, batch = cluster.send(lines(60), str(uuid.uuid4()))
    told = list(events(cluster, batch))
    finished = [int(event["id"]) for event in told]
    assert finished == sorted(finished)
    assert [event["event"] for event in told][-1] == "done"
    assert {event["event"] for event in told[:-1]} <= {"progress"}
    last = json.loads(told[-1]["data"])
    assert (last["state"], last["counts"]["checked"], finished[-1]) == ("done", 60, 60)
    (again,) = events(cluster, batch, last=told[-1]["id"])
    assert again["event"] == "done"


def test_progress_headers_are_those_of_the_asynchronous_pattern(cluster: Cluster) -> None:
    _, batch = cluster.send(lines(60), str(uuid.uuid4()))
    connection = http.client.HTTPConnection("127.0.0.1", cluster.port, timeout=60)
    connection.request("GET", f"/v1/batches/{batch}")
    answer = connection.getresponse()
    told = json.loads(answer.read())
    if told["state"] == "checking":
        assert answer.getheader("X-Progress", "").endswith("of 60 reports")
        assert int(answer.getheader("Retry-After", "")) >= 1
    cluster.wait_until_done(batch)
    connection.request("GET", f"/v1/batches/{batch}")
    answer = connection.getresponse()
    assert json.loads(answer.read())["state"] == "done"
    assert answer.getheader("Retry-After") is None


def test_results_as_csv_and_as_fhir(cluster: Cluster) -> None:
    batch = done(cluster, [{"custom_id": "=cmd", "text": _WRONG}, {"custom_id": "fine", "text": _RIGHT}])
    path = f"/v1/batches/{batch}/results"
    _, table = cluster.call("GET", path, Accept="text/csv")
    wrong, fine = csv.DictReader(io.StringIO(table.decode()))
    assert (wrong["custom_id"], wrong["type"], wrong["complete"]) == (
        "'=cmd",
        "negation_contradiction",
        "True",
    )
    assert _WRONG[int(wrong["start"]) : int(wrong["end"])] == wrong["quote"]
    assert (fine["custom_id"], fine["error_id"]) == ("fine", "")
    _, answer = cluster.call("GET", path, Accept="application/fhir+json")
    told = [entry["resource"] for entry in json.loads(answer)["entry"]]
    kinds = [resource["resourceType"] for resource in told]
    assert kinds == ["Device", "Observation", "DetectedIssue", "Task", "Observation"]
    issue = told[2]
    assert (issue["resourceType"], issue["status"], issue["severity"]) == (
        "DetectedIssue",
        "preliminary",
        "high",
    )
    assert problem(cluster.call("GET", path, Accept="image/png")) == (406, "not_acceptable")


def test_decision_is_kept_and_told(cluster: Cluster) -> None:
    batch = done(cluster, lines(1))
    (line,) = cluster.results(batch)
    number, error = line["report_id"], line["checked"]["errors"][0]["id"]
    path = f"/v1/reports/{number}/errors/{error}/decision"

    def decide(body: dict[str, Any]) -> tuple[int, bytes]:
        return cluster.call(
            "POST", path, json.dumps(body).encode(), Content_Type="application/json", X_Actor="anna"
        )

    assert decide({"outcome": "overridden"})[0] == 422
    assert decide({"outcome": "accepted", "overrideReason": {"reason": {"code": "other"}}})[0] == 422
    reason = {"reason": {"code": "template_text"}, "userComment": "our macro"}
    assert decide({"outcome": "overridden", "overrideReason": reason})[0] == 200
    assert decide({"outcome": "accepted", "replacement": "No large effusion"})[0] == 200
    (line,) = cluster.results(batch)
    assert [made["outcome"] for made in line["decisions"]] == ["overridden", "accepted"]
    assert line["decisions"][1]["replacement"] == "No large effusion"
    unknown = cluster.call(
        "POST", path.replace(error, "e99"), b'{"outcome":"accepted"}', Content_Type="application/json"
    )
    assert problem(unknown) == (404, "error_not_found")


def test_stored_report_is_read_checked_again_and_deleted(cluster: Cluster) -> None:
    day = {"custom_id": "only", "text": _WRONG, "study_date": "2026-02-14", "site": "south"}
    (line,) = cluster.results(done(cluster, [day]))
    number = line["report_id"]
    query = json.dumps({"study_date": "2026-02-14", "site": "south"}).encode()
    status, answer = cluster.call(
        "POST", "/v1/batches", query, Content_Type="application/json", Idempotency_Key=str(uuid.uuid4())
    )
    assert status == 202
    again = json.loads(answer)["id"]
    cluster.wait_until_done(again)
    assert [line["report_id"] for line in cluster.results(again)] == [number]
    _, answer = cluster.call("GET", f"/v1/reports/{number}/checks")
    assert [check["current"] for check in json.loads(answer)["checks"]] == [True, False]
    _, answer = cluster.call("GET", f"/v1/reports/{number}", X_Actor="anna")
    assert json.loads(answer)["text"] == _WRONG
    assert cluster.call("DELETE", f"/v1/reports/{number}")[0] == 204
    assert cluster.call("GET", f"/v1/reports/{number}")[0] == 404
    assert cluster.results(again) == []


def test_cancelled_batch_ends_and_keeps_what_is_done(cluster: Cluster) -> None:
    _, batch = cluster.send(lines(400), str(uuid.uuid4()))
    assert cluster.call("DELETE", f"/v1/batches/{batch}")[0] == 204
    found = cluster.wait_until_done(batch)
    assert found["state"] == "cancelled"
    assert found["counts"]["cancelled"] > 0
    assert found["counts"]["cancelled"] + found["counts"]["checked"] == 400
    assert cluster.call("DELETE", f"/v1/batches/{batch}")[0] == 204
    assert cluster.call("POST", f"/v1/batches/{batch}/replay", b"")[0] == 202


def test_batches_are_listed_by_pages(cluster: Cluster) -> None:
    sent = [done(cluster, lines(1)) for _ in range(3)]
    _, answer = cluster.call("GET", "/v1/batches?limit=2")
    first = json.loads(answer)
    assert [batch["id"] for batch in first["batches"]] == [sent[2], sent[1]]
    _, answer = cluster.call("GET", f"/v1/batches?limit=2&cursor={first['next_cursor']}")
    assert json.loads(answer)["batches"][0]["id"] == sent[0]


def test_summary_is_a_page_and_a_pdf(cluster: Cluster) -> None:
    batch = done(cluster, lines(30, study_date="2026-01-31"))
    _, page = cluster.call("GET", f"/v1/batches/{batch}/summary", Accept="text/html")
    assert b"<script" not in page
    assert b"Small bilateral pleural effusions" in page
    _, document = cluster.call("GET", f"/v1/batches/{batch}/summary", Accept="application/pdf")
    assert document.startswith(b"%PDF")


def test_command_gives_the_same_here_and_by_a_server(cluster: Cluster, tmp_path: Path) -> None:
    source = tmp_path / "day.ndjson"
    source.write_text("".join(json.dumps(line) + "\n" for line in lines(9)), encoding="utf-8")
    here, there = tmp_path / "here", tmp_path / "there"
    command = [sys.executable, "-m", "app.cli", "batch", str(source), "--processes", "1", "--out"]
    environment = cluster.environment | {"RADPROOF_REDIS_URL": ""}
    assert subprocess.run([*command, str(here)], env=environment).returncode == 1
    server = ["--server", f"http://127.0.0.1:{cluster.port}"]
    assert subprocess.run([*command, str(there), *server], env=environment).returncode == 1
    own = [json.loads(line) for line in (here / "results.ndjson").read_text().splitlines()]
    theirs = [json.loads(line) for line in (there / "results.ndjson").read_text().splitlines()]
    for line in (*own, *theirs):
        line.pop("report_id")
    assert own == theirs
    assert len(own) == 9
    for folder in (here, there):
        assert (folder / "summary.pdf").read_bytes().startswith(b"%PDF")
        assert "pleural" in (folder / "summary.html").read_text(encoding="utf-8")


def test_no_word_of_a_report_is_logged(cluster: Cluster) -> None:
    text = f"FINDINGS: {_CANARY} No pleural effusion.\nIMPRESSION: Small bilateral pleural effusions."
    done(cluster, [{"custom_id": "canary", "text": text}])
    for program in (cluster.api, *cluster.workers):
        assert _CANARY not in program.log.read_text(encoding="utf-8")
