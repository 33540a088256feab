"""Comparison of two reports over HTTP, with a model's reasons, from the command line, in evaluations."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from llm_stub import answers, serving
from tests_support import WORD, Run, opened

from app.api.compare_examples import ANSWER, REQUEST
from app.proofreading.review.reviewer import Reviewer, ReviewPlan
from app.services import Services
from models.llm import ModelServer

COMPARE = "/v1/reports/compare"
CANDIDATE = "FINDINGS: Small left effusion 😀. No pneumothorax. Right PICC."
REFERENCE = "FINDINGS: Small right effusion. No pneumothorax."


def body(candidate: str, reference: str) -> dict[str, Any]:
    return {"candidate": {"text": candidate}, "reference": {"text": reference}}


def test_differences_are_counted_placed_and_scored(client: TestClient) -> None:
    answer = client.post(COMPARE, json=body(CANDIDATE, REFERENCE)).json()
    assert [(e["category"], e["significant"], e["grounds"]) for e in answer["errors"]] == [
        ("c", True, None),
        ("a", True, None),
    ]
    assert answer["counts"]["significant"] == {"a": 1, "b": 0, "c": 1, "d": 0, "e": 0, "f": 0}
    assert sum(answer["counts"]["insignificant"].values()) == 0
    assert [match["finding"] for match in answer["matched_findings"]] == ["pneumothorax"]
    assert answer["green"] == pytest.approx(1 / 3)
    assert answer["coverage"]["llm"] == "not_configured"
    assert answer["complete"] is True
    assert "explanation" not in answer
    for item in (*answer["errors"], *answer["matched_findings"]):
        for side, text in (("candidate", CANDIDATE), ("reference", REFERENCE)):
            passage = item[side]
            assert passage is None or text[passage["start"] : passage["end"]] == passage["quote"]
    assert answer["errors"][1]["reference"] is None


def test_example_of_the_document_is_true(client: TestClient) -> None:
    answer = client.post(COMPARE, json=REQUEST).json()
    assert {**answer, "versions": ANSWER["versions"]} == ANSWER


@pytest.mark.parametrize(
    ("sent", "status", "code", "pointer"),
    [
        (body(" \n", "Clear."), 422, "blank_text", "/candidate/text"),
        (body("Clear.", f"{WORD} \u0000"), 422, "control_characters", "/reference/text"),
        (body("Clear.", f"{WORD} " * 60_000), 413, "text_too_large", "/reference/text"),
        (body(f"{WORD}. " * 1_001, "Clear."), 422, "too_many_sentences", "/candidate/text"),
        ({"candidate": {"text": "Clear."}}, 422, "missing", "/reference"),
        ({**body("Clear.", "Clear."), WORD: 1}, 422, "unknown_field", ""),
        ({"candidate": {"text": 1}, "reference": {"text": "Clear."}}, 422, "wrong_type", "/candidate/text"),
    ],
)
def test_refusals_say_which_report_and_echo_nothing(
    client: TestClient, sent: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    response = client.post(COMPARE, json=sent)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json()["errors"] == [{"pointer": pointer, "code": code}]
    assert WORD not in response.text


def test_lone_surrogate_is_refused(client: TestClient) -> None:
    sent = b'{"candidate": {"text": "\\ud800"}, "reference": {"text": "Clear."}}'
    response = client.post(COMPARE, content=sent, headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_unicode")


def test_report_in_another_language_gets_no_score(client: TestClient) -> None:
    sent = body("Kein Nachweis eines Pneumothorax, kein Erguss.", REFERENCE)
    answer = client.post(COMPARE, json=sent).json()
    assert answer["green"] is None
    assert answer["coverage"] == {
        "candidate": "failed: unsupported_language",
        "reference": "done",
        "knowledge": "not_needed",
        "llm": "not_needed",
    }
    assert (answer["complete"], answer["errors"]) == (False, [])


MANY = {
    "commas": "effusion, " * 26_000,
    "sentences": "Left effusion, small mass, new nodule, opacity, edema, fracture, atelectasis, scar, PICC, clips. "
    * 999,
}


@pytest.mark.parametrize("kind", MANY)
def test_ten_thousand_findings_are_answered_within_the_time(services: Services, kind: str) -> None:
    """Either compared, or said to be out of time: the same service then answers the next pair."""
    with opened(replace(services, seconds=3.0)) as client:
        answer = client.post(COMPARE, json=body(MANY[kind], MANY[kind])).json()
        assert answer["coverage"]["candidate"] in ("done", "failed: out_of_time")
        assert (answer["green"] is None) == (answer["coverage"]["candidate"] != "done")
        assert client.post(COMPARE, json=body("Effusion.", "Effusion.")).json()["green"] == 1.0


REASONS = {
    "points": [
        {
            "category": "c",
            "candidate_quote": "Small left effusion",
            "reference_quote": "Small right effusion",
            "reason": "The side of the effusion differs.",
        },
        {"category": "a", "candidate_quote": "Cardiomegaly", "reference_quote": "", "reason": "Invented."},
        {"category": "b", "candidate_quote": "", "reference_quote": "", "reason": "Nothing."},
    ]
}


def explained(services: Services, fault: str = "") -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The answer of a service with a model that gives these reasons, and what the model was asked."""
    with serving(answers(compare=REASONS)) as stub:
        stub.fault = fault
        server = ModelServer(stub.base_url, "stub", call_seconds=0.5, retries=0)
        reviewer = Reviewer(server, ReviewPlan(deadline_seconds=1.0))
        try:
            with opened(replace(services, reviewer=reviewer)) as client:
                answer = client.post(COMPARE, json=body(CANDIDATE, REFERENCE)).json()
        finally:
            reviewer.close()
    return answer, stub.requests


def test_reasons_of_the_model_have_quotes_that_stand_in_the_reports(services: Services) -> None:
    answer, asked = explained(services)
    assert answer["coverage"]["llm"] == "done"
    [point] = answer["explanation"]["points"]
    assert (point["category"], point["reason"]) == ("c", "The side of the effusion differs.")
    for side, text in (("candidate", CANDIDATE), ("reference", REFERENCE)):
        assert text[point[side]["start"] : point[side]["end"]] == point[side]["quote"]
    assert answer["explanation"]["dropped"] == 2
    user = asked[-1]["messages"][-1]["content"]
    assert CANDIDATE in user
    assert REFERENCE in user


def test_model_changes_neither_counts_nor_score(client: TestClient, services: Services) -> None:
    answer, _ = explained(services)
    plain = client.post(COMPARE, json=body(CANDIDATE, REFERENCE)).json()
    for part in ("counts", "errors", "matched_findings", "green"):
        assert answer[part] == plain[part]


@pytest.mark.parametrize(
    ("fault", "code"),
    [("silence", "llm_timeout"), ("broken", "llm_unavailable"), ("prose", "llm_invalid_answer")],
)
def test_model_that_fails_leaves_the_comparison(fault: str, code: str, services: Services) -> None:
    answer, _ = explained(services, fault)
    assert answer["coverage"]["llm"] == f"failed: {code}"
    assert answer["green"] == pytest.approx(1 / 3)
    assert (answer["complete"], "explanation" in answer) == (False, False)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "candidate.txt").write_text(CANDIDATE, "utf-8")
    (tmp_path / "reference.txt").write_text(REFERENCE, "utf-8")
    return str(tmp_path / "candidate.txt"), str(tmp_path / "reference.txt")


def test_command_shows_both_passages_and_the_score(run: Run, files: tuple[str, str]) -> None:
    code, out, _ = run("compare", *files)
    assert code == 1
    assert "(c) wrong location, significant" in out
    assert "candidate, characters 10-29: Small left effusion" in out
    assert "reference, characters 10-30: Small right effusion" in out
    assert "GREEN 0.333: 1 matched, 2 significant errors, 0 not significant" in out
    assert "language model: not configured" in out


def test_command_prints_the_wire_object(run: Run, files: tuple[str, str]) -> None:
    _, out, _ = run("compare", *files, "--json")
    answer = json.loads(out)
    assert (answer["candidate_id"], answer["reference_id"]) == ("candidate", "reference")
    assert answer.keys() == ANSWER.keys()
    assert answer["green"] == pytest.approx(1 / 3)


def test_command_exits_0_for_equal_reports_and_2_for_unread_ones(run: Run, files: tuple[str, str]) -> None:
    assert run("compare", files[1], "-", stdin=REFERENCE)[0] == 0
    code, out, _ = run("compare", files[1], "-", stdin="Kein Nachweis eines Pneumothorax, kein Erguss.")
    assert code == 2
    assert "Not compared" in out


def test_command_names_bad_input(run: Run, files: tuple[str, str], tmp_path: Path) -> None:
    for arguments, said in (
        (("-", "-"), "holds one report"),
        ((files[0], str(tmp_path / "none.txt")), "No such file"),
        ((files[0], "samples/compared/pairs.jsonl"), "no report text"),
    ):
        code, _, err = run("compare", *arguments)
        assert code == 2
        assert said in err
    code, _, err = run("compare", files[0], "-", stdin=" ")
    assert (code, "reference/text holds nothing" in err) == (2, True)


def pairs(tmp_path: Path, *rows: Any) -> str:
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), "utf-8")
    return str(path)


def test_pairs_are_measured_against_their_labels(run: Run, tmp_path: Path) -> None:
    right = {"significant": {"c": 1, "a": 1}, "insignificant": {}, "matched": 1}
    wrong = {"significant": {"b": 1}, "matched": 1}
    two = {"candidate": CANDIDATE, "reference": REFERENCE}
    path = pairs(
        tmp_path,
        {"id": 1, **two, "labels": right},
        {"id": 2, **two, "labels": wrong},
        {"id": 3, "candidate": "Small left effusion.", "reference": "Small left effusion."},
        {"id": 4, "candidate": " ", "reference": REFERENCE},
        {"id": 5, "candidate": "Kein Nachweis eines Pneumothorax, kein Erguss.", "reference": REFERENCE},
    )
    code, out, _ = run("evaluate", "--green", path)
    assert code == 0
    assert "3 pairs, 2 labelled, 2 not compared" in out
    assert "mean GREEN: 0.556 (" in out
    assert "| (a) false finding | 2 | 0 | 0.500 (" in out
    assert "| (d) severity | 0 | 0 | 1.000 (" in out
    assert "matched findings agree: 1.000 (" in out
    assert "all agree: 0.500 (" in out
    told = json.loads(run("evaluate", "--green", path, "--json")[1])
    assert told["rows"]["c"]["significant"] == 2
    assert told["wholly"]["hits"] == 1


@pytest.mark.parametrize(
    "row",
    [
        "{",
        "[]",
        {"id": 1, "candidate": "Clear."},
        {"id": 1, "candidate": 1, "reference": "Clear."},
        {"id": 1, "candidate": "Clear.", "reference": "Clear.", "labels": {"significant": {"g": 1}}},
        {"id": 1, "candidate": "Clear.", "reference": "Clear.", "labels": {"matched": -1}},
        {"id": 1, "candidate": "Clear.", "reference": "Clear.", "labels": {"matched": True}},
    ],
)
def test_line_that_is_no_pair_is_named(run: Run, tmp_path: Path, row: Any) -> None:
    first = {"id": 0, "candidate": "Clear.", "reference": "Clear."}
    code, _, err = run("evaluate", "--green", pairs(tmp_path, first, row))
    assert (code, "line 2: not a pair" in err) == (2, True)
