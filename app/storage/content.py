"""A submitted report as the JSON that is sealed, and back."""

from dataclasses import asdict
from typing import Any

from app.proofreading.report import Context, SubmittedReport


def to_json(report: SubmittedReport) -> dict[str, Any]:
    """The report as a JSON object; what its context does not say is left out."""
    context = {name: value for name, value in asdict(report.context).items() if value is not None}
    return {"text": report.text, "report_id": report.report_id, "context": context}


def from_json(value: dict[str, Any]) -> SubmittedReport:
    """The report of such an object."""
    return SubmittedReport(value["text"], value["report_id"], Context(**value["context"]))
