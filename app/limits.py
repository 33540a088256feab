"""What may be checked: the limits that keep work and memory bounded, the same for HTTP and files."""

import re
from dataclasses import fields

from app.proofreading.comparison.types import ReportPair
from app.proofreading.report import Context, SubmittedReport
from app.proofreading.visible import visible
from models.sections import parse

MAX_SENTENCES = 1_000
LONGEST_ID = 200  # characters of custom_id, report_id, control id and site, as over HTTP
MAX_LINE_BYTES = 1_048_576  # of a line of JSON or a row of CSV
CONTROL_CHARACTERS = r"\u0000-\u0008\u000E-\u001F\u007F"  # all of ASCII's but \t \n \v \f \r

_CONTROL = re.compile(f"[{CONTROL_CHARACTERS}]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MESSAGES = {
    "blank_text": "holds nothing to check.",
    "control_characters": "holds control characters other than tab and line breaks.",
    "invalid_unicode": "holds lone surrogates, which are not characters.",
    "text_too_large": "is longer than the limit.",
    "too_many_sentences": f"has more than {MAX_SENTENCES} sentences.",
}


class InadmissibleError(Exception):
    """A report that will not be checked.

    ``field`` names where: "text", "report_id", or a field of the context as "context/<name>"; of a pair,
    after "candidate/" or "reference/". The message never holds words of the report.
    """

    def __init__(self, code: str, field: str = "text") -> None:
        super().__init__(f"The {field} {_MESSAGES[code]}")
        self.code = code
        self.field = field


def admit(report: SubmittedReport, max_text_bytes: int) -> None:
    """Accept a report for checking.

    Raises:
        InadmissibleError: blank_text, text_too_large (in UTF-8 bytes; 413 over HTTP), control_characters,
            invalid_unicode or too_many_sentences (more than MAX_SENTENCES).
    """
    texts = {f"context/{item.name}": getattr(report.context, item.name) for item in fields(Context)}
    for name, value in {"text": report.text, "report_id": report.report_id, **texts}.items():
        if isinstance(value, str):
            _admit_characters(value, name, max_text_bytes)
    seen = visible(report.text)
    text = seen.text if seen else report.text
    if not text.strip():
        raise InadmissibleError("blank_text")
    # A sentence takes two characters at least, so most reports need not be cut to know.
    if len(text) > 2 * MAX_SENTENCES and len(parse(text).sentences) > MAX_SENTENCES:
        raise InadmissibleError("too_many_sentences")


def admit_pair(pair: ReportPair, max_text_bytes: int) -> None:
    """Accept both reports, each within the limits of a report to check.

    Raises:
        InadmissibleError: with the field as "candidate/text" or "reference/text".
    """
    for side, report in (("candidate", pair.candidate), ("reference", pair.reference)):
        try:
            admit(report, max_text_bytes)
        except InadmissibleError as error:
            raise InadmissibleError(error.code, f"{side}/{error.field}") from error


def _admit_characters(text: str, field: str, max_text_bytes: int) -> None:
    if _SURROGATE.search(text):
        raise InadmissibleError("invalid_unicode", field)
    if field != "report_id" and len(text.encode()) > max_text_bytes:
        raise InadmissibleError("text_too_large", field)
    if _CONTROL.search(text):
        raise InadmissibleError("control_characters", field)
