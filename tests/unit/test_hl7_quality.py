"""What we send of our own, held against hl7apy's strict profiles of each version, and read back."""

import dataclasses
import datetime as dt
import re
from typing import Any

import pytest
from hl7_support import Invented
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.core import Segment as Oracle
from hl7apy.parser import parse_message, parse_segments
from hypothesis import given, settings
from hypothesis import strategies as st

from app.api.schemas import CheckedReportOut
from app.integrations.hl7.quality import Names, control_id, quality_message
from app.integrations.hl7.segments import Segment, segments_of
from app.integrations.outgoing import Outgoing
from app.proofreading.report import SubmittedReport
from app.storage.types import Check

_VERSIONS = ("2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8")
_AT = dt.datetime(2026, 1, 5, 12, 30, tzinfo=dt.UTC)
_TEXT = "FINDINGS: Small left pleural effusion. IMPRESSION: Small right pleural effusion."
_NAMES = Names("RADPROOF", "QA", "RIS", "NORTH")
_DONE = {"rules": "done", "knowledge": "done", "references": "not_configured", "llm": "not_configured"}


def flag(quote: str = "right", message: str = "Left in the findings.", **more: Any) -> dict[str, Any]:
    return {
        "id": "e1",
        "type": "laterality_mismatch",
        "category": "TC",
        "rule": "laterality",
        "tier": "high",
        "confidence": 0.93,
        "section": "IMPRESSION",
        "start": 57,
        "end": 62,
        "quote": quote,
        "message": message,
        "correction": {"start": 57, "end": 62, "replacement": "left"},
        "alternatives": [],
        "evidence": [{"kind": "text", "start": 16, "end": 20, "quote": "left"}],
        **more,
    }


def checked(errors: list[dict[str, Any]], **coverage: str) -> Check:
    states = _DONE | coverage
    complete = not any(state.startswith(("failed", "partial")) for state in states.values())
    result = {
        "report_id": "C1",
        "has_errors": bool(errors),
        "coverage": states,
        "complete": complete,
        "errors": errors,
        "corrected_text": _TEXT,
        "graph": {"entities": [], "relations": []},
        "references": [],
        "versions": {"radproof": "1"},
    }
    words = CheckedReportOut.model_validate(result).model_dump_json()
    return Check(1, _AT, True, bool(errors), complete, states, {"radproof": "1"}, words)


def event(sent: Invented | None = None, check: Check | None = None, **more: Any) -> Outgoing:
    raw = (sent or Invented()).encode()
    what = Outgoing(
        "d1", "report.check.completed", _AT, 7, "C1", "RIS|NORTH", message=raw, message_kind="ORU^R01"
    )
    what = dataclasses.replace(what, submitted=SubmittedReport(_TEXT, "C1"), check=check or checked([flag()]))
    return dataclasses.replace(what, **more)


def written(what: Outgoing, charset: str | None = None) -> bytes:
    made = quality_message(what, _NAMES, charset)
    assert made is not None
    return made


def sound(made: bytes, version: str) -> None:
    """The profile of the version takes it, segment by segment and, but for 2.3 which names no structure, as a whole.

    Of 2.8 the whole up to OBX: that version allows OBX with ORC too, and the oracle's parser puts ours there.
    """
    text = made.decode()
    segments: list[Oracle] = parse_segments(text, version, validation_level=VALIDATION_LEVEL.STRICT)
    assert all(segment.validate() for segment in segments)
    assert [segment.name for segment in segments][:4] == ["MSH", "PID", "PV1", "ORC"]
    if version == "2.3":
        return
    if version == "2.8":
        text = text.partition("\rOBX")[0] + "\r"
    whole = parse_message(text, validation_level=VALIDATION_LEVEL.STRICT, force_validation=True)
    assert (whole.version, whole.name) == (version, "ORU_R01")


def original(version: str, **more: Any) -> bytes:
    """A message with all that is repeated; its PV1 and ORC as the version requires them."""
    header, patient, order, *lines = Invented(version=version, charset="", **more).segments
    visit = "PV1|1|I|WARD^1^2"
    common = "ORC|RE|PL-1|ACC-1" + ("||||^^^20260105^^R" if version < "2.7" else "")
    return "\r".join(
        [header, patient.replace("MRN-1", "MRN-1^^^HOSP^MR"), visit, common, order, *lines, ""]
    ).encode()


def of(made: bytes, name: str) -> list[Segment]:
    return [segment for segment in segments_of(made) if segment.name == name]


_WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.sampled_from("|^~\\&\n\t"),
    min_size=1,
    max_size=60,
)
_ERRORS = st.lists(
    st.builds(
        lambda quote, message, fix, path: flag(
            quote,
            message,
            correction={"start": 57, "end": 62, "replacement": fix} if fix else None,
            alternatives=[{"start": 57, "end": 62, "replacement": ""}],
            evidence=[{"kind": "graph_path", "path": [path, "PART_OF", path], "source": path}],
        ),
        _WORDS,
        _WORDS,
        _WORDS | st.none(),
        _WORDS,
    ),
    max_size=4,
)


@pytest.mark.parametrize("version", _VERSIONS)
@given(errors=_ERRORS)
@settings(max_examples=25)
def test_every_message_is_sound_and_says_the_words_exactly(
    version: str, errors: list[dict[str, Any]]
) -> None:
    made = written(event(message=original(version), check=checked(errors)))
    sound(made, version)
    said = of(made, "OBX")
    assert len(said) == max(len(errors), 1)
    for number, (error, line) in enumerate(zip(errors, said, strict=False), 1):
        assert (line.raw(4), line.raw(8), line.raw(11)) == (str(number), "A", "P")
        assert line.delimiters.unescape(line.raw(5)) == error["quote"]
    notes = [line.delimiters.unescape(line.raw(3)) for line in of(made, "NTE")]
    assert {f"Why: {error['message']}" for error in errors} <= set(notes)
    assert sum("AI generated, for review" in note for note in notes) == len(errors) + 1


def test_order_of_ours_has_the_reports_order_as_its_parent() -> None:
    made = written(event(message=original("2.5.1")))
    header, patient, visit, common, order, *_ = segments_of(made)
    assert [header.raw(number) for number in (3, 4, 5, 6, 9, 11, 12)] == [
        *("RADPROOF", "QA", "RIS", "NORTH"),
        *("ORU^R01^ORU_R01", "P", "2.5.1"),
    ]
    assert header.raw(10) == control_id("d1")
    assert (patient.raw(3), visit.raw(3), common.raw(2)) == ("MRN-1^^^HOSP^MR", "WARD^1^2", "PL-1")
    assert (order.raw(2), order.raw(3), order.raw(4)) == ("PL-1", "ACC-1", "REPORTQA^Report quality check^L")
    assert (order.raw(25), order.raw(26), order.raw(29)) == ("P", "1&Report&L", "PL-1^ACC-1")


def test_a_resend_is_the_same_message() -> None:
    assert written(event()) == written(event())
    assert written(event(id="d2")) != written(event())


def test_notes_say_why_by_what_and_what_to_do() -> None:
    notes = [line.raw(3) for line in of(written(event()), "NTE")]
    assert notes[0].startswith(
        "Checked by: rules, knowledge. Not or not wholly by: references (not configured), llm"
    )
    assert notes[2:] == [
        "Why: Left in the findings.",
        'Evidence: "left"',
        'Proposed fix: replace "right" with "left"',
        "AI generated, for review. Tier high, confidence 0.93.",
    ]


@pytest.mark.parametrize(
    ("coverage", "event_name", "said", "flagged", "status"),
    [
        ({}, "report.check.completed", "No errors found by what was checked.", "N", "P"),
        (
            {"knowledge": "failed: graph_unavailable"},
            "report.check.completed",
            "not all was checked",
            "N",
            "P",
        ),
        ({"rules": "failed: unsupported_language"}, "report.check.completed", "was not checked", "", "X"),
        ({}, "report.check.failed", "was not checked", "", "X"),
        ({}, "report.withdrawn", "no longer holds", "", "D"),
        ({}, "report.replaced", "no longer holds", "", "W"),
    ],
)
def test_without_flags_one_line_says_what_was_checked(
    coverage: dict[str, str], event_name: str, said: str, flagged: str, status: str
) -> None:
    (line,) = of(written(event(check=checked([], **coverage), event=event_name)), "OBX")
    assert said in line.raw(5)
    assert (line.raw(3), line.raw(8), line.raw(11)) == ("REPORTQA^Report quality check^L", flagged, status)


@pytest.mark.parametrize(("event_name", "status"), [("report.withdrawn", "D"), ("report.replaced", "W")])
def test_what_was_said_is_taken_back_flag_by_flag(event_name: str, status: str) -> None:
    (line,) = of(written(event(event=event_name)), "OBX")
    assert (line.raw(5), line.raw(11)) == ("right", status)


def test_remarks_are_not_sent_and_decisions_are_not_told() -> None:
    (line,) = of(written(event(check=checked([flag(tier="low")]))), "OBX")
    assert line.raw(8) == "N"
    assert quality_message(event(event="report.decision.recorded"), _NAMES) is None


@pytest.mark.parametrize(
    ("charset", "encoding", "quote", "kept"),
    [
        ("8859/1", "latin-1", "Größe", "8859/1"),
        ("8859/1", "latin-1", "5 µm ≥ 3", "UNICODE UTF-8"),
        ("8859/2", "iso8859_2", "płuco", "8859/2"),
        ("UNICODE UTF-8", "utf-8", "肺", "UNICODE UTF-8"),
        ("ASCII", "ascii", "Größe", "UNICODE UTF-8"),
        ("", "ascii", "plain", ""),
        ("GB 18030-2000", "gb18030", "肺", "GB 18030-2000"),
    ],
)
def test_character_set_is_the_originals_where_it_holds_the_words(
    charset: str, encoding: str, quote: str, kept: str
) -> None:
    raw = Invented(charset=charset).encode(encoding)
    made = written(event(message=raw, check=checked([flag(quote)])))
    assert segments_of(made)[0].raw(18) == kept
    assert of(made, "OBX")[0].part(5) == quote


def test_delimiters_are_the_originals_and_its_bytes_by_number_stay_characters() -> None:
    raw = original("2.5.1").decode().replace("EXAMPLE^INVENTED", r"M\XFC\LLER^A\E\|x").replace("|x", "")
    raw = raw.replace("|", "#").replace("^", "$").replace("||", "##")
    sent = raw.replace("2.5.1", "2.5.1######8859/1").encode()
    made = written(event(message=sent, check=checked([flag("a#b|c$d ≥")])))
    header, patient, *_ = segments_of(made)
    assert made.startswith(rb"MSH#$~\&#RADPROOF#QA#")
    assert header.raw(18) == "UNICODE UTF-8"
    assert (patient.part(5), patient.part(5, 2)) == ("MüLLER", "A\\")
    assert of(made, "OBX")[0].part(5) == "a#b|c$d ≥"


def test_one_of_several_orders_is_found_by_its_text() -> None:
    first, second = Invented(filler="A1", text="FINDINGS: One."), Invented(filler="A2", text="FINDINGS: Two.")
    raw = "\r".join([*first.segments, "ORC|RE||A2", *second.segments[2:], ""]).encode()
    order = of(written(event(message=raw, submitted=SubmittedReport("FINDINGS: Two.", "C1"))), "OBR")[0]
    assert order.raw(3) == "A2"


@pytest.mark.parametrize("kind", ["FHIR", "DICOM", None])
@pytest.mark.parametrize("words", ["kept", "purged"])
def test_reports_that_came_another_way_need_no_original(kind: str | None, words: str) -> None:
    what = event(message=b"{}" if kind else None, message_kind=kind, custom_id="ACC|1")
    if words == "purged":
        what = dataclasses.replace(what, submitted=None, check=None)
    made = written(what)
    assert parse_message(made.decode(), validation_level=VALIDATION_LEVEL.STRICT, force_validation=True)
    order = of(made, "OBR")[0]
    assert (order.part(3), of(made, "PID")) == ("ACC|1", [])


def test_a_trial_is_none_of_a_report() -> None:
    made = written(Outgoing("d1", "endpoint.trial", _AT))
    assert parse_message(made.decode(), validation_level=VALIDATION_LEVEL.STRICT, force_validation=True)
    assert segments_of(made)[0].raw(11) == "T"
    assert "trial" in of(made, "OBX")[0].raw(5)


def test_tests_stay_tests() -> None:
    assert segments_of(written(event(test=True)))[0].raw(11) == "T"


@given(st.binary(max_size=200))
def test_any_original_gives_a_message_whose_frame_is_whole(tail: bytes) -> None:
    raw = Invented().encode().replace(b"EXAMPLE", b"EXAMPLE" + tail)
    made = written(event(message=raw))
    assert not re.search(rb"[\x0b\x1c]", made)
    assert made.startswith(b"MSH")
