"""What a report has to keep to be part of a batch, whatever form it came in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

from app.batch.intake.forms import IntakeLimits
from app.batch.items import Accepted, Refused
from app.integrations.incoming import LONGEST_WORDS
from app.limits import CONTROL_CHARACTERS, LONGEST_ID, InadmissibleError, admit

_UNFIT = re.compile(f"[{CONTROL_CHARACTERS}\\ud800-\\udfff\\n\\r]")


@dataclass(slots=True)
class Admission:
    """Accepts the reports of one batch; knows which names were given, by 16 bytes each."""

    limits: IntakeLimits
    _seen: set[bytes] = field(default_factory=set)

    def admit(self, read: Accepted, base: str = "") -> Accepted | Refused:
        """The report, or its refusal; ``base`` is the pointer of the object that holds its text.

        Codes: custom_id_too_long, duplicate_custom_id, too_long, and those of ``app.limits.admit``.
        """
        name = read.custom_id
        problem = _of_names(read) or self._of_report(read, base)
        digest = blake2b(name.encode(errors="surrogatepass"), digest_size=16).digest()
        if problem is None and digest in self._seen:
            problem = ("duplicate_custom_id", "/custom_id")
        if problem is None:
            self._seen.add(digest)
            return read
        return Refused(*problem, custom_id=shown(name), line=read.line, source=read.source)

    def _of_report(self, read: Accepted, base: str) -> tuple[str, str] | None:
        report = read.report
        if len(report.report_id) > LONGEST_ID:
            return "too_long", f"{base}/report_id"
        context = report.context
        for name in ("modality", "body_part", "procedure", "indication"):
            if len(getattr(context, name) or "") > LONGEST_WORDS:
                return "too_long", f"{base}/context/{name}"
        try:
            admit(report, self.limits.max_text_bytes)
        except InadmissibleError as error:
            return error.code, f"{base}/{error.field}"
        return None


def _of_names(read: Accepted) -> tuple[str, str] | None:
    if len(read.custom_id) > LONGEST_ID:
        return "custom_id_too_long", "/custom_id"
    if len(read.site or "") > LONGEST_ID:
        return "too_long", "/site"
    for name, value in (("custom_id", read.custom_id), ("site", read.site or "")):
        if _UNFIT.search(value):
            return "control_characters", f"/{name}"
    return None


def shown(custom_id: object) -> str | None:
    """A name that may be repeated in an answer; None for one that is none."""
    if not isinstance(custom_id, str) or not custom_id.strip() or len(custom_id) > LONGEST_ID:
        return None
    return None if _UNFIT.search(custom_id) else custom_id


def some(items: Iterator[Accepted | Refused], source: str | None) -> Iterator[Accepted | Refused]:
    """The same, or the refusal no_report where there are none."""
    empty = True
    for item in items:
        empty = False
        yield item
    if empty:
        yield Refused("no_report", source=source)
