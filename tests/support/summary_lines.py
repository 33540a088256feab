"""Lines of results as JSON values: of real checks of invented reports, and made by hand."""

import json
import random
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from app.api.schemas import CheckedReportOut
from app.batch.results import ResultLine
from app.proofreading.report import CheckedReport

ROOT = Path(__file__).parents[2]
Line = dict[str, Any]
DAYS = ("2026-11-02", "2026-11-03", "2026-11-05")
AT = "2026-11-06T09:00:00Z"
VERSIONS = {"radproof": "0.1.0", "knowledge_graph": "2+0123", "reference_index": None}
CODES = ("blank_text", "text_too_large", "invalid_line")


def invented_reports(count: int) -> list[tuple[str, str, str | None]]:
    """(id, text, modality) of invented reports, those with errors first."""
    rows: list[Line] = []
    for name in ("samples/written/us.jsonl", "app/synthesis/reports.jsonl"):
        with (ROOT / name).open(encoding="utf-8") as lines:
            rows += [json.loads(line) for line in lines]
    return [(row["id"], row["text"], row.get("modality")) for row in islice(rows, count)]


def realistic(check: Callable[..., CheckedReport], count: int) -> tuple[list[Line], dict[str, str]]:
    """A line a report as a batch leaves them, and each report's text by its custom_id."""
    chance = random.Random(20261109)
    lines, texts = [], {}
    for custom_id, text, modality in invented_reports(count):
        known = {"study_date": chance.choice(DAYS), "modality": modality or "XR", "site": "North"}
        line: Line = {"custom_id": custom_id, **known}
        fate = chance.random()
        if fate < 0.06:
            line = {"custom_id": custom_id, "state": "refused", "problem": {"code": chance.choice(CODES)}}
        elif fate < 0.12:
            line |= {"state": chance.choice(("waiting", "cancelled"))}
        elif fate < 0.15:
            line |= {"state": "failed", "problem": {"code": "internal_error"}}
        else:
            answer = CheckedReportOut.of(check(text)).model_dump(mode="json")
            line |= {"state": "checked", "report_id": f"r-{custom_id}", "checked": _faded(answer, chance)}
            line["decisions"] = _decisions(line["checked"], chance)
            texts[custom_id] = text
        lines.append(line)
    return lines, texts


def _faded(answer: Line, chance: random.Random) -> Line:
    """The answer, at times with a stage that failed."""
    fate = chance.random()
    if fate < 0.05:
        coverage = {**answer["coverage"], "knowledge": "failed: graph_unavailable"}
        return {**answer, "coverage": coverage, "complete": False}
    if fate < 0.1:
        coverage = {**answer["coverage"], "rules": "failed: out_of_time"}
        return {**answer, "coverage": coverage, "complete": False, "errors": [], "has_errors": False}
    return answer


def _decisions(answer: Line, chance: random.Random) -> list[Line]:
    made: list[Line] = []
    for error in answer["errors"]:
        fate = chance.random()
        if fate < 0.3:
            made.append({"error_id": error["id"], "outcome": "accepted", "at": AT})
        elif fate < 0.4:
            made.append({"error_id": error["id"], "outcome": "accepted", "at": AT, "replacement": "words"})
        elif fate < 0.5:
            reason = chance.choice(("not_an_error", "already_known"))
            made.append({"error_id": error["id"], "outcome": "overridden", "at": AT, "reason": reason})
    return made


def flag(quote: str = "left", start: int = 0, /, **changed: Any) -> Line:
    """One error of an answer."""
    return {
        "id": "e1", "type": "laterality_mismatch", "category": "TC", "tier": "high", "confidence": 0.9,
        "rule": "test.rule", "section": "IMPRESSION", "start": start, "end": start + len(quote), "quote": quote,
        "message": "The sides differ.", "correction": None, "alternatives": [], "evidence": [], **changed,
    }  # fmt: skip


def checked(custom_id: str, text: str, *errors: Line, **changed: Any) -> Line:
    """A checked line; ``text`` stands as the corrected text."""
    answer = {
        "report_id": custom_id,
        "has_errors": any(error["tier"] != "low" for error in errors),
        "coverage": {"rules": "done", "knowledge": "done", "references": "done", "llm": "not_configured"},
        "complete": True,
        "errors": errors,
        "corrected_text": text,
        "graph": {"entities": [], "relations": []},
        "references": [],
        "versions": VERSIONS,
    }
    return {"custom_id": custom_id, "report_id": custom_id, "state": "checked", "checked": answer, **changed}


def parsed(lines: list[Line]) -> list[ResultLine]:
    """The lines as the service reads them."""
    return [ResultLine.model_validate_json(json.dumps(line)) for line in lines]
