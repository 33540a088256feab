"""What a check found, as a message of our own: ORU^R01 beside the report, never instead of it (HL7 v2.5.1, 7.3.1).

Its order is ours (``REPORTQA``), its status P; the order of the report is its parent. Patient, visit and order numbers
are those of the message that the report came in with; without one they are left out.
"""

import base64
import datetime as dt
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.api.schemas import CheckedReportOut, CorrectionOut, CoverageOut, ErrorOut, EvidenceOut
from app.integrations.hl7.read import MOST_BYTES, order_groups
from app.integrations.hl7.segments import Segment, segments_of
from app.integrations.hl7.text import report_text
from app.integrations.hl7.write import UNICODE, USUAL, Writer, encoded
from app.integrations.incoming import IncomingError
from app.integrations.outgoing import Outgoing
from app.proofreading.report import Tier

_SERVICE = ("REPORTQA", "Report quality check", "L")
_VERSION = re.compile(r"2\.[3-8](\.\d)?", re.ASCII)
_USUAL_VERSION = "2.5.1"
_MOST_WORDS = 20_000  # characters of one value: receivers hold 64 KiB
_SAID_BACK = {"report.replaced": "W", "report.withdrawn": "D"}  # OBX-11: posted wrongly, deleted
_NOTICE = "AI generated, for review"
_FLAGS = (Tier.HIGH, Tier.MEDIUM)


@dataclass(frozen=True, slots=True)
class Names:
    """Who sends and who receives: MSH-3 to MSH-6."""

    application: str = "RADPROOF"
    facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""


@dataclass(frozen=True, slots=True)
class _Origin:
    """Of the message that the report came in with: what the new one repeats."""

    version: str = _USUAL_VERSION
    charset: str = UNICODE
    header: Segment | None = None
    patient: tuple[Segment, ...] = ()  # PID, PV1
    order: Segment | None = None  # ORC
    study: Segment | None = None  # OBR
    document: Segment | None = None  # TXA
    result: Segment | None = None  # the first OBX of the report


@dataclass(frozen=True, slots=True)
class _Result:
    """One OBX and its notes. ``code``: what it is about, ``status``: OBX-11."""

    code: tuple[str, str, str]
    number: int
    words: str
    flag: str
    status: str
    notes: tuple[str, ...] = ()


def control_id(delivery: str) -> str:
    """MSH-10 of a delivery, the same over all its attempts: 20 characters, as versions before 2.7 allow."""
    return base64.b32encode(hashlib.sha256(delivery.encode()).digest()).decode()[:20]


def quality_message(what: Outgoing, names: Names, charset: str | None = None) -> bytes | None:
    """The message about an event; None for one that is not told this way (decisions).

    ``charset``: Python's name of the encoding of incoming messages whose MSH-18 says none.
    """
    if what.event == "report.decision.recorded":
        return None
    origin = _origin(what, charset)
    writer = Writer(origin.header.delimiters if origin.header else USUAL)
    results = _results(what)
    checked = _checked(what)
    rest = [writer.kept(segment) for segment in (*origin.patient, *filter(None, [origin.order]))]
    rest.append(_obr(writer, origin, what))
    notes = [_coverage(checked.coverage, complete=checked.complete)] if checked else []
    rest += _notes(writer, [*notes, f"{_NOTICE}. RadProof changed nothing in the report."])
    for place, result in enumerate(results, 1):
        rest.append(_obx(writer, place, result, what.at))
        rest += _notes(writer, result.notes)
    return encoded(lambda name: _msh(writer, origin, what, names, name), rest, origin.charset)


def _origin(what: Outgoing, charset: str | None) -> _Origin:
    if what.message is None or what.message_kind not in ("ORU^R01", "MDM^T02"):
        return _Origin()
    try:
        segments = segments_of(what.message, charset)
    except IncomingError:  # the character set of its time is another now
        return _Origin()
    group = _group(segments, what)
    version = segments[0].part(12)
    return _Origin(
        version if _VERSION.fullmatch(version) else _USUAL_VERSION,
        segments[0].repetitions(18)[0].strip(),
        segments[0],
        tuple(found for name in ("PID", "PV1") if (found := _first(segments, name))),
        _before(segments, group),
        group[0] if group and group[0].name == "OBR" else None,
        _first(segments, "TXA"),
        _first(group, "OBX"),
    )


def _group(segments: Sequence[Segment], what: Outgoing) -> Sequence[Segment]:
    """The order that the report is of: the one whose text it begins with."""
    groups = order_groups(segments)
    if len(groups) > 1 and what.submitted is not None:
        for group in groups:
            try:
                text = report_text(group, MOST_BYTES)
            except IncomingError:
                continue
            if text and what.submitted.text.startswith(text):
                return group
    return groups[0] if groups else ()


def _before(segments: Sequence[Segment], group: Sequence[Segment]) -> Segment | None:
    """The ORC of an order: the last one before it."""
    found = None
    for segment in segments:
        if group and segment is group[0]:
            break
        if segment.name == "ORC":
            found = segment
    return found


def _first(segments: Sequence[Segment], name: str) -> Segment | None:
    return next((segment for segment in segments if segment.name == name), None)


def _msh(writer: Writer, origin: _Origin, what: Outgoing, names: Names, charset: str) -> str:
    marks = writer.marks
    kind = ["ORU", "R01", "ORU_R01"] if origin.version != "2.3" else ["ORU", "R01"]
    trial = what.test or what.event == "endpoint.trial"
    fields = {
        2: writer.words(names.application),
        3: writer.words(names.facility),
        4: writer.words(names.receiving_application),
        5: writer.words(names.receiving_facility),
        6: _stamp(what.at),
        8: writer.parts(*kind),
        9: control_id(what.id),
        10: "T" if trial else "P",
        11: origin.version,
        17: charset,
    }
    signs = marks.component + marks.repetition + marks.escape + marks.subcomponent
    return writer.segment("MSH", {1: signs, **fields})


def _obr(writer: Writer, origin: _Origin, what: Outgoing) -> str:
    placer, filler, parent = _numbers(writer, origin, what)
    study = origin.study
    fields = {
        1: "1",
        2: placer,
        3: filler,
        4: writer.parts(*_SERVICE),
        22: _stamp(what.at),
        25: "P",
        29: parent,
    }
    if study is not None:
        fields |= {number: writer.field(study, number) for number in (7, 24)}
    if origin.result is not None:
        code, part = writer.field(origin.result, 3), writer.field(origin.result, 4)
        fields[26] = (writer.within(code) + writer.marks.component + part).rstrip(writer.marks.component)
    if origin.version == "2.3":  # requires it
        fields[27] = (writer.field(study, 27) if study else "") or writer.parts("", "", "", "", "", "R")
    return writer.segment("OBR", fields)


def _numbers(writer: Writer, origin: _Origin, what: Outgoing) -> tuple[str, str, str]:
    """Placer's and filler's number of the report's order, and both as the parent of ours."""
    placer = filler = ""
    for segment, places in ((origin.study, (2, 3)), (origin.order, (2, 3)), (origin.document, (14, 15))):
        if segment is not None:
            placer = placer or writer.field(segment, places[0])
            filler = filler or writer.field(segment, places[1])
    if not placer and not filler and what.custom_id:
        filler = writer.words(what.custom_id[:_MOST_WORDS])
    parent = writer.within(placer) + writer.marks.component + writer.within(filler)
    return placer, filler, parent.rstrip(writer.marks.component)


def _obx(writer: Writer, place: int, result: _Result, at: dt.datetime) -> str:
    several = "\n" in result.words or "\r" in result.words
    fields = {
        1: str(place),
        2: "FT" if several else "TX",
        3: writer.parts(*result.code),
        4: str(result.number),
        5: writer.words(result.words[:_MOST_WORDS]),
        8: result.flag,
        11: result.status,
        14: _stamp(at),
    }
    return writer.segment("OBX", fields)


def _notes(writer: Writer, notes: Sequence[str]) -> list[str]:
    return [
        writer.segment("NTE", {1: str(place), 2: "L", 3: writer.words(note[:_MOST_WORDS])})
        for place, note in enumerate(notes, 1)
    ]


def _stamp(at: dt.datetime) -> str:
    return at.strftime("%Y%m%d%H%M%S%z")


def _checked(what: Outgoing) -> CheckedReportOut | None:
    if what.check is None or what.check.result is None:
        return None
    return CheckedReportOut.model_validate_json(what.check.result)


def _results(what: Outgoing) -> list[_Result]:
    """What is said, at least one thing."""
    checked = _checked(what)
    status = _SAID_BACK.get(what.event, "P")
    text = what.submitted.text if what.submitted else None
    flags = [error for error in checked.errors if error.tier in _FLAGS] if checked else []
    if flags:
        return [_flag(number, error, status, text) for number, error in enumerate(flags, 1)]
    if what.event == "endpoint.trial":
        said, flag = "A trial: nothing was checked, and no report is meant.", ""
    elif status != "P":
        said, flag = "What was said of this report no longer holds.", ""
    elif what.event == "report.check.failed" or checked is None:
        said, flag, status = "This report was not checked.", "", "X"
    elif not checked.coverage.rules.startswith(("done", "partial")):
        said, flag, status = f"This report was not checked ({checked.coverage.rules}).", "", "X"
    elif checked.complete:
        said, flag = "No errors found by what was checked.", "N"
    else:
        said, flag = "No errors found by what was checked, and not all was checked.", "N"
    return [_Result(_SERVICE, 1, said, flag, status)]


def _flag(number: int, error: ErrorOut, status: str, text: str | None) -> _Result:
    code = (error.type.value, error.type.value.replace("_", " ").capitalize(), "L")
    notes = [f"Why: {error.message}"]
    notes += [f"Evidence: {said}" for item in error.evidence if (said := _evidence(item))]
    notes += list(_fixes(error, text))
    notes.append(f"{_NOTICE}. Tier {error.tier.value}, confidence {error.confidence:.2f}.")
    return _Result(code, number, error.quote, "A", status, tuple(notes))


def _evidence(item: EvidenceOut) -> str:
    if item.quote is not None:
        return f'"{item.quote}"'
    if item.path:
        return " ".join(item.path) + (f" ({item.source})" if item.source else "")
    if item.reference_id is not None:
        return f"similar report {item.reference_id}"
    if item.kind == "order":
        return f"the order ({item.source})"
    return "a language model" if item.kind == "llm" else ""


def _fixes(error: ErrorOut, text: str | None) -> Iterator[str]:
    fixes = [error.correction, *error.alternatives] if error.correction else list(error.alternatives)
    for place, fix in enumerate(fixes):
        yield ("Proposed fix: " if place == 0 else "Or: ") + _fix(fix, text)
    if not fixes:
        yield "Proposed fix: none; a person decides"


def _fix(fix: CorrectionOut, text: str | None) -> str:
    old = f' "{text[fix.start : fix.end]}"' if text is not None and fix.end > fix.start else ""
    if not fix.replacement:
        return f"delete{old}"
    if not old:
        return f'put "{fix.replacement}"'
    return f'replace{old} with "{fix.replacement}"'


def _coverage(coverage: CoverageOut, *, complete: bool) -> str:
    done = ", ".join(name for name, state in coverage if state.startswith(("done", "partial")))
    missing = ", ".join(f"{name} ({state.replace('_', ' ')})" for name, state in coverage if state != "done")
    rest = f" Not or not wholly by: {missing}." if missing else ""
    whole = "All that is configured ran" if complete else "Not all that is configured ran"
    return f"Checked by: {done or 'nothing'}.{rest} {whole}."
