"""HL7 v2 messages: text, context and every code of refusal, over invented messages."""

import base64
import datetime as dt
import io
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.integrations.hl7.read import MOST_BYTES, report_of, reports_of
from app.integrations.hl7.stream import messages
from app.integrations.incoming import IncomingError, IncomingReport, age_at, modality_in, side_in
from app.proofreading.report import Context

GOLDEN = Path(__file__).parents[1] / "golden"
HEADER = r"MSH|^~\&|RIS|NORTH|Q|N|20260101||ORU^R01|C1|P|2.5.1"
ORDER = "OBR|1|P1|A1|1^XR CHEST^L|||20260105"


def message(*segments: str, header: str = HEADER) -> bytes:
    return "\r".join((header, *segments)).encode()


def text_of(*segments: str) -> str:
    return report_of(message(ORDER, *segments)).text


@pytest.mark.parametrize("name", ["sections_by_code", "line_per_segment", "document"])
@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_golden_messages_give_their_text(name: str, end: bytes) -> None:
    raw = (GOLDEN / f"{name}.hl7").read_bytes().replace(b"\n", end)
    assert report_of(raw).text + "\n" == (GOLDEN / f"{name}.txt").read_text("utf-8")


def test_fields_of_the_order_and_patient() -> None:
    read = report_of((GOLDEN / "sections_by_code.hl7").read_bytes())
    assert read == IncomingReport(
        read.text,
        Context(
            modality="XR",
            procedure="XR CHEST 2 VIEWS",
            patient_sex="female",
            patient_age=61.0,
            indication="Cough for two weeks; Fever",
        ),
        control_id="CTRL-1",
        placer_id="PL-9",
        filler_id="ACC-9",
        application="RIS",
        facility="NORTH",
        status="F",
        processing_id="P",
        study_date=dt.date(2026, 1, 5),
        said_at=2 * "20260105120000000000",
    )


def test_site_and_its_modifier_give_the_side_and_the_coding_system_does_not() -> None:
    knee = report_of((GOLDEN / "line_per_segment.hl7").read_bytes())
    assert (knee.context.laterality, knee.context.modality, knee.context.patient_age) == ("left", "CR", 0.17)
    local = "OBR|1|||1^KNEE^L|||20260105||||||||^^^^L" + "|" * 29 + "X^Extra^L"
    assert report_of(message(local, "OBX|1|TX|||Clear.")).context.laterality is None
    coded = ORDER + "|" * 38 + "RT^Right^L"
    assert report_of(message(coded, "OBX|1|TX|||Clear.")).context.laterality == "right"


def test_document_without_an_order() -> None:
    read = report_of((GOLDEN / "document.hl7").read_bytes())
    assert (read.placer_id, read.filler_id, read.study_date) == ("PL-3", "ACC-3", dt.date(2026, 1, 7))
    assert read.processing_id == "T"
    assert read.context == Context(patient_sex="unknown")


def test_unreadable_fields_are_left_out() -> None:
    read = report_of(message("PID|1||||||20261399|Q", "OBR|1|||^^L|||2026", "OBX|1|TX|||Clear."))
    assert (read.context, read.study_date) == (Context(), None)


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (r"a \F\ b \S\ c \T\ d \R\ e \E\ f", "a | b ^ c & d ~ e \\ f"),
        (r"a\.br\b\.sp2\c", "a\nb\n\nc"),
        (r"a\.sk3\b\H\c\N\d\.in+4\e", "a   bcde"),
        (r"caf\XC3A9\ \X0D\end", "café \rend"),
        (r"C:\temp\new \.br\next", "C:\\temp\\new \nnext"),
        (r"a\.sp999999999\b\.sp9999\c", "a\\.sp999999999\\b" + "\n" * 20 + "c"),
        (r"not \~ split", "not \\\n split"),
        ("a ^ raw & b", "a ^ raw & b"),
    ],
)
def test_escapes_are_resolved_after_splitting(sent: str, meant: str) -> None:
    assert text_of(f"OBX|1|TX|||{sent}") == meant


def test_heading_is_not_said_twice() -> None:
    assert (
        text_of("OBX|1|TX|18782-3^X^LN||EXAM: Chest.", "OBX|2|TX|18782-3^X^LN||Clear.")
        == "EXAM: Chest.\nClear."
    )
    assert text_of("OBX|1|TX|19005-8||Impression: Clear.") == "Impression: Clear."


def test_each_order_group_with_text_is_a_report() -> None:
    both = message(ORDER, "OBX|1|TX|||Clear.", "OBR|2||A2|2^CT HEAD^L", "OBX|1|TX|||Normal.", "OBR|3||A3")
    assert [(r.filler_id, r.text) for r in reports_of(both)] == [("A1", "Clear."), ("A2", "Normal.")]
    with pytest.raises(IncomingError, match="several_reports"):
        report_of(both)


def document(kind: str, encoding: str, data: str) -> str:
    return f"OBX|1|ED|18748-4^Report^LN||^{kind}^{encoding}^{data}"


def test_embedded_text_is_read() -> None:
    plain = base64.b64encode("Größe normal.".encode()).decode()
    page = base64.b64encode(b"<p>Clear&nbsp;lungs.</p><p>No mass.</p>").decode()
    assert text_of(document("TEXT^PLAIN", "Base64", plain)) == "Größe normal."
    assert text_of(document("TEXT^HTML", "Base64", page)) == "Clear lungs.\n\nNo mass."
    assert text_of(document("text^plain", "A", r"Clear\.br\lungs.")) == "Clear\nlungs."
    assert text_of(document("text^plain", "Hex", b"Clear.".hex())) == "Clear."
    assert text_of(document("Application^PDF", "Base64", "JVBERi0="), "OBX|2|TX|||Clear.") == "Clear."


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "not_hl7"),
        (b"<ClinicalDocument/>", "not_hl7"),
        (rb"MSH|^~^&|RIS", "not_hl7"),
        (b"MSHA", "not_hl7"),
        (b"MSH\r|^~\\&|", "not_hl7"),
        (message("PID|1", header=r"MSH|^~\&|R|N|||2026||ADT^A01|C|P|2.5"), "message_type"),
        (message(ORDER), "no_text"),
        (message(ORDER, "OBX|1|NM|1^Dose^L||17"), "no_text"),
        (message(ORDER, "OBX|1|RP|||pointer"), "no_text"),
        (message("OBX|1|TX|||"), "no_text"),
        (message(ORDER, document("Application^PDF", "Base64", "JVBERi0=")), "broken_document"),
        (message(ORDER, document("text^plain", "Base64", "JVBERi0=")), "broken_document"),
        (message(ORDER, document("Text^text/xml", "A", "<a/>")), "not_cda"),
        (message(ORDER, document("Application^RTF", "A", "{}")), "embedded_document"),
        (message(ORDER, document("text^plain", "Base64", "!!!")), "invalid_base64"),
        (message(ORDER, document("text^plain", "Base64", "IAo=")), "no_text"),
        (message(ORDER, document("text^html", "A", "<p>" * 400_000)), "document_too_large"),
        (message(ORDER, "OBX|1|TX|||Wrong.||||||X", "NTE|1||Of it."), "no_text"),
        (message(ORDER, document("text^plain", "A", "Wrong.") + "||||||D"), "no_text"),
        (message(ORDER, document("text^plain", "Base64", "/////w==")), "wrong_charset"),
        (message(ORDER, r"OBX|1|TX|||\XFF\ "), "wrong_charset"),
        (message(ORDER).decode().encode("utf-16"), "utf_16"),
        (message(ORDER, "OBX|1|TX|||Gr\xf6\xdfe").decode().encode("latin-1"), "wrong_charset"),
        (message(ORDER, header=HEADER + "||||||KLINGON"), "unknown_charset"),
        (message(ORDER, "OBX|1|TX|||" + "a" * MOST_BYTES), "message_too_large"),
    ],
)
def test_what_cannot_be_read_has_a_code(raw: bytes, code: str) -> None:
    with pytest.raises(IncomingError) as caught:
        reports_of(raw)
    assert str(caught.value) == caught.value.code == code


def test_the_message_or_the_site_says_the_character_set() -> None:
    said = message(ORDER, "OBX|1|TX|||Größe \u201cnormal\u201d", header=HEADER + "||||||8859/1~UNICODE UTF-8")
    assert report_of(said.decode().encode("cp1252")).text == "Größe \u201cnormal\u201d"
    silent = message(ORDER, "OBX|1|TX|||Größe").decode().encode("iso-8859-15")
    assert report_of(silent, "iso-8859-15").text == "Größe"


def test_withdrawn_reports_say_so() -> None:
    gone = report_of(message(ORDER + "|" * 18 + "X", "OBX|1|TX|||Clear."))
    assert (gone.status, gone.withdrawn) == ("X", True)
    assert not report_of(message(ORDER + "|" * 18 + "F", "OBX|1|TX|||Clear.")).withdrawn


def test_file_of_messages_is_cut_whatever_is_around() -> None:
    one, two = message(ORDER, "OBX|1|TX|||One."), message(ORDER, "OBX|1|TX|||Two.")
    batch = b"\r".join([rb"FHS|^~\&|A", rb"BHS|^~\&|A", one, two, b"BTS|2", b"FTS|1"])
    framed = b"".join(b"\x0b" + each + b"\x1c\r" for each in (one, two))
    marked = b"\xef\xbb\xbf" + one + b"\r\n\r\n" + two
    for raw in (batch, framed, marked, one + b"\n" + two):
        assert [report_of(each or b"").text for each in messages(io.BytesIO(raw))] == ["One.", "Two."]


def test_message_that_is_too_long_costs_only_itself() -> None:
    long = message(ORDER, *["OBX|1|TX|||" + "a" * 1000] * 5000)
    line = message(ORDER, "OBX|1|TX|||" + "a" * MOST_BYTES * 2)
    short = message(ORDER, "OBX|1|TX|||Two.")
    found = list(messages(io.BytesIO(b"\r".join([long, short, line, short]))))
    assert [each is None for each in found] == [True, False, True, False]


def test_broken_escapes_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        assert (
            text_of(r"OBX|1|TX|||Canary \\ \Q\ \X1\ \.brx\ \C2842\ end")
            == "Canary \\\\ \\Q\\ \\X1\\ \\.brx\\  end"
        )
    assert caplog.text == ""


_PIECES = st.sampled_from(
    [b"MSH|^~\\&|", b"OBR|", b"OBX|1|TX|||", b"OBX|1|ED|||^TEXT^", b"|", b"^", b"~", b"\\", b"&", b"\r", b"\n",
     b"ORU^R01", b"\\X", b"\\.sp9\\", b"8859/1", b"\xff", b"\x00", b"PID|", b"Base64^", b"MSH"]
)  # fmt: skip


def outcome(raw: bytes) -> str | None:
    """The code of a message, None for one that has reports."""
    try:
        return None if all(report.text.strip() for report in reports_of(raw)) else "blank"
    except IncomingError as error:
        return error.code


@given(st.lists(st.one_of(_PIECES, st.binary(max_size=4)), max_size=30).map(b"".join), st.booleans())
def test_any_bytes_are_reports_or_a_code(raw: bytes, headed: bool) -> None:
    sent = message(ORDER) + b"\r" + raw if headed else raw
    known = {"wrong_charset", "unknown_charset", "utf_16", "embedded_document", "invalid_base64"}
    for each in messages(io.BytesIO(sent)):
        assert outcome(each or b"") in {None, "not_hl7", "message_type", "no_text", *known}


def test_words_of_a_procedure() -> None:
    assert [side_in(name) for name in ("XR KNEE LT", "LEFT AND RIGHT", "US BOTH LEGS", "CT", None)] == [
        "left", None, "bilateral", None, None,
    ]  # fmt: skip
    assert [modality_in(name) for name in ("CT CHEST W/O", "MRI BRAIN", "PET CT", "CHEST X-RAY", None)] == [
        "CT", "MR", None, "XR", None,
    ]  # fmt: skip


def test_age_on_the_day_of_the_study() -> None:
    born = dt.date(2000, 2, 29)
    assert [age_at(born, day) for day in (dt.date(2026, 2, 28), dt.date(2026, 3, 1), dt.date(1999, 1, 1), None)] == [
        25.0, 26.0, None, None,
    ]  # fmt: skip
    assert age_at(dt.date(1800, 1, 1), born) is None


def test_samples_of_others_are_read(shared: Callable[[str], Path]) -> None:
    folder = shared("formats_hl7v2")
    result = report_of((folder / "dcm4che" / "ORU^R01-SR.hl7").read_bytes())
    assert "small mass in the left lung" in result.text
    assert (result.context.patient_sex, result.context.patient_age) == ("female", 7.0)
    for name, words in (("PDF", "...continued from page 1."), ("CDA", "FINDINGS:\nThe cardiomediastinum is")):
        assert words in report_of((folder / "dcm4che" / f"ORU^R01-{name}.hl7").read_bytes()).text
    echo = report_of((folder / "linuxforhealth" / "ORU-multiline-short.hl7").read_bytes())
    assert echo.text.startswith("[PII] Emergency Department\nED Encounter")
    refused = {"not_hl7", "message_type", "no_text"}
    for path in sorted(folder.glob("*/*")):
        for each in messages(io.BytesIO(path.read_bytes())):
            assert outcome(each or b"") in {None, *refused}, path.name
