"""The results of a batch, line by line: NDJSON, CSV, and a FHIR Bundle."""

import csv
import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

from app.api.schemas import CheckedReportOut
from app.batch.items import Refused
from app.batch.results import DecisionOut, LineProblem, ResultLine, State
from app.storage.store import Store
from app.storage.types import Decision, Line

_PAGE = 200  # lines read from the database at one time
_STATES: dict[str, State] = {"waiting": "waiting", "claimed": "waiting", "checked": "checked"}
_STATES |= {"failed": "failed", "cancelled": "cancelled"}
_PURGED = LineProblem(code="purged")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run these
CSV_COLUMNS = (
    "custom_id",
    "report_id",
    "state",
    "study_date",
    "modality",
    "site",
    "complete",
    "error_id",
    "type",
    "rule",
    "tier",
    "confidence",
    "section",
    "start",
    "end",
    "quote",
    "message",
    "replacement",
    "decision",
    "problem",
)


def result_lines(store: Store, public_id: str) -> Iterator[ResultLine]:
    """Every line of a batch: its reports in the order of sending, then what was refused."""
    last = 0
    while page := store.reports.lines(public_id, last, _PAGE):
        yield from map(_line, page)
        last = page[-1].job
    last = 0
    while refused := store.batches.refusals(public_id, last, _PAGE):
        for _, item in refused:
            problem = LineProblem(code=item.code, pointer=item.pointer, line=item.line, source=item.source)
            yield ResultLine(custom_id=item.custom_id or _place(item), state="refused", problem=problem)
        last = refused[-1][0]


def _place(item: Refused) -> str:
    line = None if item.line is None else f"line {item.line}"
    return " ".join(part for part in (item.source, line) if part is not None) or "file"


def _line(line: Line) -> ResultLine:
    result = line.result if line.state == "checked" else None  # of a replaced version it is history
    checked = None if result is None else CheckedReportOut.model_validate_json(result)
    problem = LineProblem(code=line.problem) if line.problem is not None else None
    if line.state == "checked" and checked is None:
        problem = _PURGED
    return ResultLine(
        custom_id=line.custom_id,
        report_id=str(line.report),
        state=_STATES[line.state],
        study_date=line.study_date,
        modality=line.modality,
        site=line.site,
        checked=checked,
        problem=problem,
        decisions=tuple(map(decision_out, line.decisions)),
        test=line.test,
    )


def decision_out(made: Decision) -> DecisionOut:
    """The wire form of a decision."""
    return DecisionOut(
        error_id=made.error_id,
        outcome=made.outcome,
        reason=made.reason,
        replacement=made.replacement,
        at=made.at,
    )


def ndjson(lines: Iterator[ResultLine]) -> Iterator[str]:
    """One JSON object a line."""
    return (line.model_dump_json() + "\n" for line in lines)


def comma_separated(lines: Iterator[ResultLine]) -> Iterator[str]:
    """A header, then one row an error, or one for a report without any; no cell is a formula."""
    yield _row(CSV_COLUMNS)
    for line in lines:
        for cells in _rows(line):
            yield _row([_inert(cells.get(name)) for name in CSV_COLUMNS])


def _rows(line: ResultLine) -> Iterator[dict[str, object]]:
    own: dict[str, object] = {
        "custom_id": line.custom_id,
        "report_id": line.report_id,
        "state": line.state,
        "study_date": line.study_date,
        "modality": line.modality,
        "site": line.site,
        "complete": line.checked.complete if line.checked else None,
        "problem": line.problem.code if line.problem else None,
    }
    if line.checked is None or not line.checked.errors:
        yield own
        return
    outcomes = {made.error_id: made.outcome for made in line.decisions}
    for error in line.checked.errors:
        yield own | {
            "error_id": error.id,
            "type": error.type.value,
            "rule": error.rule,
            "tier": error.tier.value,
            "confidence": error.confidence,
            "section": error.section.value,
            "start": error.start,
            "end": error.end,
            "quote": error.quote,
            "message": error.message,
            "replacement": error.correction.replacement if error.correction else None,
            "decision": outcomes.get(error.id),
        }


def _inert(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _row(cells: object) -> str:
    out = StringIO()
    csv.writer(out).writerow(cells)  # type: ignore[arg-type]  # any sequence
    return out.getvalue()


def fhir_bundle(lines: Iterator[ResultLine]) -> Iterator[str]:
    """The pieces of one Bundle (FHIR R4, type collection): of each checked report what a transaction says of it."""
    yield '{"resourceType":"Bundle","type":"collection"'
    before, after = ',"entry":[', "}"  # FHIR knows no empty arrays
    seen: set[str] = set()  # the Device is that of all
    for line in lines:
        for url, resource in _resources(line):
            if url in seen:
                continue
            if resource["resourceType"] == "Device":
                seen.add(url)
            yield before + json.dumps({"fullUrl": url, "resource": resource}, ensure_ascii=False)
            before, after = ",", "]}"
    yield after


def _resources(line: ResultLine) -> Iterator[tuple[str, dict[str, Any]]]:
    # not above: reading and writing FHIR needs what most exports do not
    from app.integrations.fhir.outbound import Told, full_url, original_of, resources

    if line.checked is None or line.report_id is None:
        return
    told = Told(
        int(line.report_id), line.checked, None, original_of(line.custom_id), line.decisions, test=line.test
    )
    for resource in resources(told):
        yield full_url(resource), resource
