"""DICOM reports: text, context and every code of refusal, over invented objects; samples of others against golden files."""

import datetime as dt
import subprocess
from collections.abc import Callable
from pathlib import Path
from shutil import which

import pytest
from dicom_support import (
    FINDING,
    FINDINGS,
    IMPRESSION,
    Invented,
    coded,
    container,
    encapsulated,
    item,
    number,
    referenced,
    text,
)
from document_support import cda, pdf, section
from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO

from app.integrations.dicom.classes import series_uid
from app.integrations.dicom.message import dicom_message_of
from app.integrations.dicom.read import dicom_report, report_of
from app.integrations.dicom.write import result_document
from app.integrations.incoming import IncomingError
from app.proofreading.report import Context

GOLDEN = Path(__file__).parents[1] / "golden" / "dicom"
AT = dt.datetime(2026, 1, 6, 8, 30, tzinfo=dt.UTC)
_FLAG = {
    "id": "e1",
    "type": "laterality_mismatch",
    "category": "TC",
    "rule": "laterality.sections",
    "tier": "high",
    "confidence": 0.86,
    "section": "IMPRESSION",
    "start": 41,
    "end": 68,
    "quote": "Right lower lobe pneumonia.",
    "message": "The impression places pneumonia on the right.",
    "correction": {"start": 41, "end": 46, "replacement": "Left"},
    "alternatives": [{"start": 9, "end": 13, "replacement": "right"}],
    "evidence": [
        {"kind": "text", "start": 0, "end": 39, "quote": "There is left lower lobe consolidation."},
        {"kind": "graph_path", "path": ["consolidation", "SUGGESTS", "pneumonia"]},
    ],
}
RESULT = {"complete": True, "errors": [_FLAG, {**_FLAG, "id": "e2", "tier": "low", "confidence": 0.2}]}


def text_of(*content: Dataset, charset: str | list[str] = "ISO_IR 192") -> str:
    return report_of(Invented(content, charset=charset).encode()).text


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.txt")), ids=lambda path: path.stem)
def test_samples_of_others_are_read(path: Path, shared: Callable[[str], Path]) -> None:
    raw = (shared("formats_dicom_sr") / f"{path.stem}.dcm").read_bytes()
    assert report_of(raw).text + "\n" == path.read_text("utf-8")


def test_sections_and_values_in_their_order() -> None:
    by_reference = Dataset()
    by_reference.RelationshipType, by_reference.ReferencedContentItemIdentifier = "INFERRED FROM", [1, 1]
    mass = text("Mass.", FINDING)
    mass.ContentSequence = [number(("1", "Diameter"), "3.2", "cm", "INFERRED FROM"), by_reference]
    aside = [
        text("Somebody", ("121008", "Person Observer Name"), "HAS OBS CONTEXT"),
        item("CODE", ("121049", "Language"), "HAS CONCEPT MOD", ConceptCodeSequence=[coded("en", "English")]),
    ]
    lungs = container(("99", "Lungs"), [text("Clear.\r\nBoth.", ("98", "Right lung"))])
    words = [
        item("PNAME", ("97", "Called"), PersonName="Doe^Jane^^Dr"),
        item("DATETIME", ("96", "Told"), DateTime="20260105101500"),
        item("DATE", ("95", "Compared with"), Date="20250101"),
        item("TIME", ("94", "At"), Time="0930"),
        item("UIDREF", ("93", "Key"), UID="1.2.3"),
        item("CODE", ("92", "Grade"), ConceptCodeSequence=[coded("2", "Moderate")]),
    ]
    assert text_of(*aside, container(FINDINGS, [mass, lungs]), container(IMPRESSION, words)) == (
        "FINDINGS:\nMass.\nDiameter: 3.2 cm\nRight lung: Clear.\nBoth.\n"
        "IMPRESSION:\nCalled: Dr Jane Doe\nTold: 2026-01-05 10:15\nCompared with: 2025-01-01\nAt: 09:30\nGrade: Moderate"
    )


def test_sections_by_elements_by_names_and_by_loinc() -> None:
    assert text_of(text("Cough.", ("121060", "History")), text("Clear.", ("59776-5", "x"))) == (
        "HISTORY:\nCough.\nFINDINGS:\nClear."
    )
    assert text_of(text("None.", ("L1", "Impression")), text("As said.", ("L2", "Report text"))) == (
        "IMPRESSION:\nNone.\nAs said."
    )
    assert text_of(container(IMPRESSION, [text("None.", FINDING)])) == "IMPRESSION:\nNone."
    assert text_of(text("FINDINGS: Clear. IMPRESSION: None.")) == "FINDINGS: Clear. IMPRESSION: None."


def test_site_and_side_of_a_coded_finding_are_told() -> None:
    side = item(
        "CODE", ("272741003", "Laterality"), "HAS CONCEPT MOD", ConceptCodeSequence=[coded("7771000", "Left")]
    )
    effusion = item("CODE", FINDING, ConceptCodeSequence=[coded("60046008", "Pleural effusion")])
    effusion.ContentSequence = [side]
    group = container(("125007", "Measurement Group"), [side, number(("1", "Diameter"), "3", "mm")])
    assert text_of(container(FINDINGS, [effusion, group])) == (
        "FINDINGS:\nPleural effusion (Left)\nLaterality: Left\nDiameter: 3 mm"
    )


def test_running_text_has_no_names() -> None:
    flow = [text("A mass of"), number(("1", "Diameter"), "3", "cm"), text("was detected.")]
    assert text_of(container(FINDINGS, flow, "CONTINUOUS")) == "FINDINGS:\nA mass of 3 cm was detected."


@pytest.mark.parametrize(
    ("charset", "words"),
    [
        ("ISO_IR 100", "Verschattung größer."),
        (["", "ISO 2022 IR 87"], "所見なし"),
        (["", "ISO 2022 IR 149"], "소견 없음"),
        ("ISO_IR 144", "Без изменений"),
        ("GB18030", "未见异常"),
        ("ISO_IR 192", "Ωμέγα"),
    ],
)
def test_character_sets(charset: str | list[str], words: str) -> None:
    assert text_of(text(words), charset=charset) == f"FINDINGS:\n{words}"


def test_bytes_of_another_character_set_are_refused() -> None:
    raw = Invented([text("gr\xf6\xdfer.")], charset="ISO_IR 100").encode()
    with pytest.raises(IncomingError, match="wrong_charset"):
        report_of(raw.replace(b"ISO_IR 100", b"ISO_IR 192"))


def test_what_the_header_says() -> None:
    read = report_of(
        Invented(instance="1.2.3", values={"Laterality": "L", "InstitutionName": "North"}).encode()
    )
    assert (read.control_id, read.filler_id, read.facility, read.status) == (
        "1.2.3",
        "ACC-1",
        "North",
        "final",
    )
    assert (read.study_date, read.said_at) == (dt.date(2026, 1, 5), "20260105120000000000")
    assert read.context == Context("XR", None, "XR CHEST 2 VIEWS", "left", "female", 61.0)
    request, evidence = Dataset(), Invented().dataset()
    request.RequestedProcedureDescription, request.ReasonForTheRequestedProcedure = "CT right knee", "Pain"
    evidence.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    values = {
        "ReferencedRequestSequence": [request],
        "CurrentRequestedProcedureEvidenceSequence": [referenced(evidence, "1.2.9")],
        "PatientBirthDate": "",
        "PatientAge": "018M",
        "PatientSex": "O",
        "TimezoneOffsetFromUTC": "+0200",
    }
    read = report_of(Invented(values=values).encode())
    assert read.context == Context("CT", None, "CT right knee", "right", "other", 1.5, "Pain")
    assert read.said_at == "20260105100000000000"


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"CompletionFlag": "PARTIAL"}, "partial"),
        ({"VerificationFlag": "UNVERIFIED"}, "preliminary"),
        ({"PreliminaryFlag": "PRELIMINARY"}, "preliminary"),
        ({}, "final"),
    ],
)
def test_flags_are_the_status(values: dict[str, object], status: str) -> None:
    assert report_of(Invented(values=values).encode()).status == status


def test_documents_within() -> None:
    assert report_of(encapsulated(pdf(["FINDINGS: Clear."]), "104.1")).text == "FINDINGS: Clear."
    read = report_of(encapsulated(cda(section("59776-5", "Clear.")), "104.2"))
    assert (read.text, read.context.modality) == ("FINDINGS:\nClear.", "XR")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "not_dicom"),
        (b"FINDINGS: Clear.", "not_dicom"),
        (Invented(sop_class="1.2.840.10008.5.1.4.1.1.2").encode(), "not_a_report"),
        (Invented([]).encode(), "no_text"),
        (Invented([], values={"Manufacturer": "RadProof"}).encode(), "own_document"),
        (encapsulated(b"junk", "104.1"), "broken_document"),
        (encapsulated(b"<a/>", "104.2"), "not_cda"),
    ],
)
def test_what_is_no_report_has_a_code(raw: bytes, code: str) -> None:
    with pytest.raises(IncomingError) as caught:
        report_of(raw)
    assert caught.value.code == code


def test_a_message_is_known_again_and_names_its_report() -> None:
    raw = Invented(instance="1.2.3", predecessor="1.2.2").encode()
    message = dicom_message_of(raw, "pacs")
    (version,) = message.versions
    assert (message.kind, message.control_id, message.raw, message.source) == ("DICOM", "1.2.3", raw, "pacs")
    assert message.key == dicom_message_of(raw, "pacs").key != dicom_message_of(raw, "other").key
    assert version.replaces == ("1.2.2",)
    (before,) = dicom_message_of(Invented(instance="1.2.2").encode(), "pacs").versions
    assert version.filler_key == before.filler_key
    with pytest.raises(IncomingError, match="text_too_large"):
        dicom_message_of(raw, "pacs", 10)


def test_our_document_says_what_it_is_and_is_never_checked() -> None:
    original = Invented(instance="1.2.3", charset="ISO_IR 100", values={"PatientName": "Größe^A"}).encode()
    instance, raw = result_document(original, RESULT, AT)
    assert (instance, raw) == result_document(original, RESULT, AT)
    assert result_document(original, {**RESULT, "errors": RESULT["errors"][1:]}, AT)[0] != instance  # type: ignore[index]
    made = dcmread(DicomBytesIO(raw))
    assert (made.SOPInstanceUID, made.SeriesInstanceUID) == (instance, series_uid("1.2.3"))
    assert (made.PatientName, made.AccessionNumber) == ("Größe^A", "ACC-1")
    assert made.StudyInstanceUID == dcmread(DicomBytesIO(original)).StudyInstanceUID
    assert (made.VerificationFlag, made.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    assert "PredecessorDocumentsSequence" not in made
    flags = [child for child in made.ContentSequence if child.ConceptNameCodeSequence[0].CodeValue == "FLAG"]
    said = [child.TextValue for flag in flags for child in flag.ContentSequence]
    assert said[2:] == [
        "high, 86%",
        "Right lower lobe pneumonia.",
        "The impression places pneumonia on the right.",
        "There is left lower lobe consolidation.",
        "consolidation - SUGGESTS - pneumonia",
        'Replace "Right" with "Left"',
        'Replace "left" with "right" in "There is left lower lobe consolidation."',
    ]
    with pytest.raises(IncomingError, match="own_document"):
        dicom_report(raw)


@pytest.mark.skipif(which("dsrdump") is None, reason="no dcmtk")
def test_another_reader_takes_our_document(tmp_path: Path) -> None:
    path = tmp_path / "ours.dcm"
    path.write_bytes(result_document(Invented().encode(), RESULT, AT)[1])
    done = subprocess.run(["dsrdump", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = [
        line for line in done.stderr.splitlines() if "not support this Specific Character Set" not in line
    ]
    assert said == []
    assert 'Words of the report")="Right lower lobe pneumonia."' in done.stdout
    assert "UNVERIFIED" in done.stdout


@pytest.mark.skipif(which("dsrdump") is None, reason="no dcmtk")
def test_another_reader_reads_the_same_words(tmp_path: Path) -> None:
    path = tmp_path / "report.dcm"
    path.write_bytes(Invented().encode())
    shown = subprocess.run(["dsrdump", "+Pl", str(path)], capture_output=True, text=True).stdout
    for line in report_of(path.read_bytes()).text.splitlines():
        if not line.endswith(":"):
            assert line in shown
