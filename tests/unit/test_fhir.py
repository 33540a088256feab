"""FHIR R4 documents: text, context and every code of refusal, over invented resources; pages as text."""

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typst
from hypothesis import given
from hypothesis import strategies as st

from app.integrations.fhir.read import MOST_BYTES, read_document, report_of
from app.integrations.fhir.resources import resources_by_name
from app.integrations.html import text_of
from app.integrations.incoming import IncomingError, IncomingReport
from app.proofreading.report import Context

GOLDEN = Path(__file__).parents[1] / "golden"


def form(kind: str, text: str | bytes) -> dict[str, str]:
    data = text if isinstance(text, bytes) else text.encode()
    return {"contentType": kind, "data": base64.b64encode(data).decode()}


def report(**fields: Any) -> dict[str, Any]:
    return {"resourceType": "DiagnosticReport", "id": "r1", "status": "final", **fields}


def test_bundle_is_read_with_what_its_references_say() -> None:
    chest, knee, far = read_document((GOLDEN / "bundle.json").read_bytes())
    assert chest == IncomingReport(
        "FINDINGS: Small right pleural effusion.\nIMPRESSION: Small left pleural effusion.\n",
        Context(
            modality="DX",
            procedure="XR Chest 2 Views",
            patient_sex="female",
            patient_age=61.0,
            indication="Cough for two weeks; Fever",
        ),
        control_id="chest-1",
        filler_id="ACC-9",
        status="final",
        study_date=dt.date(2026, 1, 5),
    )
    assert isinstance(knee, IncomingReport)
    assert (knee.withdrawn, knee.text, knee.study_date) == (True, "No fracture.", dt.date(2026, 1, 6))
    assert knee.context == Context(
        modality="XR", procedure="XR left knee", laterality="left", patient_sex="male"
    )
    assert isinstance(far, IncomingError)
    assert far.code == "no_text"


def test_plain_text_before_pages_before_the_conclusion() -> None:
    page = form(
        "application/xhtml+xml",
        "<html><head><title>No</title></head><body>FINDINGS:<br/>Clear.</body></html>",
    )
    assert report_of(report(presentedForm=[page], conclusion="No.")).text == "FINDINGS:\nClear."
    assert report_of(report(presentedForm=[page, form("text/plain", "Plain.")])).text == "Plain."
    assert report_of(report(presentedForm=[form("text/plain", " "), page])).text == "FINDINGS:\nClear."
    assert (
        report_of(report(presentedForm=[form("application/pdf", "%PDF")], conclusion="Yes.")).text == "Yes."
    )
    broken = {"contentType": "text/plain", "data": "!"}
    assert report_of(report(presentedForm=[broken], conclusion="Yes.")).text == "Yes."


@pytest.mark.parametrize(
    ("forms", "code"),
    [
        ([], "no_text"),
        ([{"contentType": "text/plain", "url": "http://192.0.2.1/a"}], "no_text"),
        ([form("text/plain", " \n")], "no_text"),
        ([form("application/pdf", "%PDF-1.4")], "broken_document"),
        ([{"contentType": "text/plain", "data": "A"}], "invalid_base64"),
        ([{"contentType": "text/plain", "data": "é"}], "invalid_base64"),
        ([form("text/plain", b"\xff")], "wrong_charset"),
        ([form("text/plain; charset=klingon", "a")], "unknown_charset"),
        ([form("text/html", "a" * 1_048_577)], "document_too_large"),
    ],
)
def test_report_without_text_has_a_code(forms: list[Any], code: str) -> None:
    with pytest.raises(IncomingError) as caught:
        report_of(report(presentedForm=forms))
    assert caught.value.code == code


def test_declared_character_set_is_used() -> None:
    sent = form('text/plain; charset="ISO-8859-1"', "Größe \u201cnormal\u201d".encode("cp1252"))
    assert report_of(report(presentedForm=[sent])).text == "Größe \u201cnormal\u201d"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", "invalid_json"),
        (b"<DiagnosticReport/>", "invalid_json"),
        (b"[]", "not_fhir"),
        (b'{"resourceType": "Patient"}', "not_fhir"),
        (b'{"resourceType": "Bundle"}', "no_report"),
        (b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Bundle"}}, 1]}', "no_report"),
        (b'{"a": 1, "a": 2}', "duplicate_key"),
        (b'{"a": NaN}', "non_finite_number"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a": "\xff"}', "invalid_utf_8"),
        ('{"a": 1}'.encode("utf-16"), "utf_16"),
        ('{"a": 1}'.encode("utf-16-be"), "utf_16"),
        (b" " * (MOST_BYTES + 1), "document_too_large"),
    ],
)
def test_document_that_holds_none_has_a_code(document: bytes, code: str) -> None:
    with pytest.raises(IncomingError) as caught:
        list(read_document(document))
    assert caught.value.code == code


def test_fields_of_any_type_are_left_out() -> None:
    odd: Any = [1, "x", None, {}]
    names = (
        "identifier",
        "basedOn",
        "code",
        "subject",
        "effectiveDateTime",
        "imagingStudy",
        "contained",
        "status",
    )
    read = report_of(report(**dict.fromkeys(names, odd), conclusion="Clear."))
    assert (read.context, read.study_date, read.filler_id, read.status) == (Context(), None, None, None)


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                "resource contained subject reference presentedForm data contentType id code".split()
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from("presentedForm contained subject code basedOn conclusion".split()), _JSON)
)
def test_any_resource_is_a_report_or_a_code(fields: dict[str, Any]) -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": report(**fields)}]}
    (read,) = read_document(json.dumps(bundle).encode())
    assert isinstance(read, IncomingError) or read.text.strip()


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("<p>A &lt; B &amp; C&nbsp;D</p>", "A < B & C D"),
        ("a\n  b<br>c<BR/>d", "a b\nc\nd"),
        ("<script>x<p>y</script><style>z</style>a<!-- <p>b --><title>t</title>c", "ac"),
        ("<table><tr><td>Size</td><td>3 cm</td></tr></table>", "Size 3 cm"),
        ('<p title="a>b">x</p>', "x"),
        ("3 < 5 and <5 mm", "3 < 5 and <5 mm"),
        ("a<!-- never closed", "a"),
        ("a<p never closed", "a"),
        ("<![CDATA[a]]>b<?php c ?>d", "bd"),
        ("<p>a</p><p></p><p></p><p>b</p>", "a\n\nb"),
        ("<script>a", ""),
    ],
)
def test_pages_are_read_as_they_are_shown(page: str, shown: str) -> None:
    assert text_of(page) == shown


@given(st.text(alphabet="<>/!-?ap&; \"'=\n", max_size=60))
def test_any_page_has_a_text(page: str) -> None:
    assert "\r" not in text_of(page)


def test_samples_of_others_are_read(shared: Callable[[str], Path]) -> None:
    folder = shared("formats_fhir_r4/us_core")
    (chest,) = read_document((folder / "DiagnosticReport-chest-xray-report.json").read_bytes())
    assert isinstance(chest, IncomingReport)
    assert "FINDINGS:" in chest.text
    assert "No pneumothorax." in chest.text.splitlines()
    assert chest.context == Context(modality="XR", procedure="Portable XR Chest Views")


SAMPLES = {  # SHA-256 of the text; the words are not ours
    "chest-xray": ("cbc6b8643176fc7db30b3c0f1ce7e4f202d9c9dc82a2e2112acb754736c4b4cd", "XR"),
    "bone-density": ("2386d5ca55016d4a73c6f3421a31fa2d68e925c27489e07f14be60921e85fea4", None),
    "cardiology": ("no_text", None),
}
_PROCEDURES = {
    "chest-xray": "Portable XR Chest Views",
    "bone-density": "DXA Bone density quantitative measurement panel",
}


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_samples_have_their_text_and_context(shared: Callable[[str], Path], name: str) -> None:
    """XHTML, a PDF, and a form that is only an address."""
    wanted, modality = SAMPLES[name]
    folder = shared("formats_fhir_r4/us_core")
    (read,) = read_document((folder / f"DiagnosticReport-{name}-report.json").read_bytes())
    if isinstance(read, IncomingError):
        assert read.code == wanted
        return
    assert hashlib.sha256(read.text.encode()).hexdigest() == wanted
    assert read.context == Context(modality=modality, procedure=_PROCEDURES[name])
    assert (read.control_id, read.status) == (f"{name}-report", "final")


def test_sample_of_results_and_order_is_read_together(shared: Callable[[str], Path]) -> None:
    folder = shared("formats_fhir_r4/us_core")
    found = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
    named = resources_by_name([{"resource": resource} for resource in found])
    chest = named["DiagnosticReport/chest-xray-report"]
    order = [{"reference": "ServiceRequest/chest-xray"}]
    read = report_of({**chest, "presentedForm": [], "basedOn": order}, named)
    assert read.text.startswith("FINDINGS:\n")
    assert "\n\nIMPRESSION:\n" in read.text
    assert (read.context.indication, read.said_at) == (
        "Bicycle accident",
        "2019-02-04T19:43:30.000000Z 000000000000",
    )


def test_pdf_is_read_before_the_conclusion() -> None:
    pdf = typst.compile(b"FINDINGS: Small left effusion.")
    assert report_of(report(presentedForm=[form("application/pdf", pdf)], conclusion="No.")).text == (
        "FINDINGS: Small left effusion."
    )


def test_quantities_and_concepts_of_results_are_words() -> None:
    def result(name: str, **value: Any) -> dict[str, Any]:
        return {"resourceType": "Observation", "id": name, "code": {"text": name}, **value}

    contained = [
        result("Nodule", valueQuantity={"value": 6, "unit": "mm"}),
        result("Side", valueCodeableConcept={"text": "left"}),
        result("Wrong", valueString="Taken back.", status="entered-in-error"),
        result("Odd", valueQuantity={"value": True}),
    ]
    results = [{"reference": f"#{inner['id']}"} for inner in contained]
    read = report_of(report(contained=contained, result=results, conclusion="Stable nodule."))
    assert read.text == "FINDINGS:\nNodule: 6 mm\nSide: left\n\nIMPRESSION:\nStable nodule."


@pytest.mark.parametrize(
    ("meta", "issued", "said"),
    [
        (
            {"lastUpdated": "2026-01-05T12:00:00+02:00", "versionId": "7"},
            None,
            "2026-01-05T10:00:00.000000Z 000000000007",
        ),
        ({"versionId": "x"}, "2026-01-05T10:00:00.5Z", "2026-01-05T10:00:00.500000Z 000000000000"),
        ({"lastUpdated": "2026-01-05T12:00:00"}, None, ""),
        ({"lastUpdated": "0001-01-01T00:00:00+14:00"}, None, ""),
        ({"lastUpdated": 7, "versionId": []}, {}, ""),
    ],
)
def test_versions_are_sorted_by_the_servers_clock(meta: Any, issued: Any, said: str) -> None:
    read = report_of(report(meta=meta, issued=issued, conclusion="Clear."))
    assert read.said_at == said
    assert len(said) <= 40


@pytest.mark.parametrize(
    "piece", ["<!--", "<a ", "</", "<![", "<a '>'", "'<a'", "<a \"'>", "<script></", "<a '>'<"]
)
def test_hostile_page_is_read_once(piece: str) -> None:
    """A megabyte of what costs html.parser hours: the test ends, and shows no tag."""
    assert "<a" not in text_of(piece * (1_048_576 // len(piece)))
