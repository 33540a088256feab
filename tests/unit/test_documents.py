"""PDF and CDA documents as the text of a report, over invented ones."""

import base64
import datetime as dt

import pytest
from document_support import cda, foreign, objects, one_page, pdf, section, stream
from hypothesis import given, settings
from hypothesis import strategies as st

from app.integrations.documents.cda import cda_report, cda_text
from app.integrations.documents.layout import text_of_pages
from app.integrations.documents.pdf import pdf_text
from app.integrations.incoming import IncomingError
from app.proofreading.report import Context


def code_of(read: object, raw: bytes) -> str:
    with pytest.raises(IncomingError) as caught:
        read(raw)  # type: ignore[operator]
    return caught.value.code


def test_pages_become_one_text() -> None:
    one = [
        "North Hospital",
        "FINDINGS:",
        "Small left pleural effu-",
        "sion (new). Well-",
        "defined nodule.",
        "Page 1 of 2",
    ]
    two = ["North Hospital", "IMPRESSION:", "Left effusion.", "Page 2 of 2"]
    assert pdf_text(pdf(one, two)) == (
        "North Hospital\nFINDINGS:\nSmall left pleural effusion (new). Well-defined nodule.\nIMPRESSION:\nLeft effusion."
    )


def test_a_heading_or_a_finding_that_pages_share_stays() -> None:
    pages = ["FINDINGS:\nClear lungs.", "FINDINGS:\nClear lungs."]
    assert text_of_pages(pages) == "FINDINGS:\nClear lungs.\nFINDINGS:\nClear lungs."
    pages = ["A. 5 mm nodule\nNorth", "B. 6 mm nodule\nNorth"]
    assert text_of_pages(pages) == "A. 5 mm nodule\nB. 6 mm nodule\nNorth"


@given(st.lists(st.text("ab 1\n-", max_size=40), max_size=4))
def test_each_line_of_any_pages_is_somewhere(pages: list[str]) -> None:
    text = text_of_pages(pages).replace("-", "").replace("\n", "")
    for page in pages:
        for line in page.splitlines():
            plain = " ".join(line.split()).replace("-", "")
            if plain and not any(mark in line for mark in "-1"):
                assert plain in text.replace("  ", " ")


def test_a_pdf_of_pictures_has_no_text() -> None:
    assert code_of(pdf_text, one_page(stream(b"q 100 0 0 100 0 0 cm Q"))) == "no_text"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "broken_document"),
        (b"%PDF-1.4", "broken_document"),
        (pdf(["Clear."])[:200], "broken_document"),
        (pdf(*[["Clear."]] * 101), "too_many_pages"),
        (objects(b"<< /Type /Catalog >>"), "broken_document"),
        (b"%PDF-" + bytes(16 * 1_048_576), "document_too_large"),
    ],
)
def test_what_is_no_pdf_has_a_code(raw: bytes, code: str) -> None:
    assert code_of(pdf_text, raw) == code


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_damage_to_a_pdf_is_text_or_a_code(data: st.DataObject) -> None:
    raw = bytearray(pdf(["FINDINGS: Clear lungs."], ["IMPRESSION: None."]))
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert pdf_text(bytes(raw)).strip()
    except IncomingError as error:
        assert error.code in {"broken_document", "no_text", "document_too_costly", "encrypted_document"}  # noqa: PT017


def test_sections_lists_and_tables_of_a_document() -> None:
    rows = "<tbody><tr><td>L4</td><td>Normal.</td></tr></tbody>"
    table = f"<table><thead><tr><th>Level</th><th>Disc</th></tr></thead>{rows}</table>"
    second = '<item>No <content revised="delete">large </content>mass.</item>'
    items = f'<list listType="ordered"><item>Left\n effusion.</item>{second}</list>'
    paragraph = "<paragraph><caption>Finding</caption>Clear<br/>lungs.</paragraph>"
    link = '<paragraph><caption>Source</caption><linkHtml href="x">Image</linkHtml></paragraph>'
    read = cda_text(
        cda(
            section("1234", "", "Clinical", section("11329-0", "Cough.")),
            section("59776-5", paragraph + link + table, "Findings"),
            section("19005-8", items),
            section("9999-9", "Call Dr. A &amp; B.", "Communication"),
        )
    )
    assert read == (
        "HISTORY:\nCough.\n\nFINDINGS:\nClear\nlungs.\nLevel: Disc\nL4: Normal.\n\n"
        "IMPRESSION:\n1. Left effusion.\n2. No mass.\n\nCOMMUNICATION:\nCall Dr. A & B."
    )


def test_what_the_header_says_is_the_order() -> None:
    read = cda_report(cda(section("59776-5", "Clear.")))
    assert (read.control_id, read.filler_id, read.study_date) == ("1.2.3^D-1", "ACC-7", dt.date(2026, 1, 5))
    assert read.context == Context("DX", None, "XR Chest", None, "female", 61.0)


def test_a_body_of_another_kind() -> None:
    assert cda_text(foreign("FINDINGS: Clear.")) == "FINDINGS: Clear."
    packed = base64.b64encode(pdf(["FINDINGS: Clear."])).decode()
    assert cda_text(foreign(packed, "application/pdf", "B64")) == "FINDINGS: Clear."
    assert cda_text(foreign("<p>Clear.</p>", "text/html")) == "Clear."
    assert code_of(cda_text, foreign("x", "image/png", "B64")) == "invalid_base64"
    assert code_of(cda_text, foreign("eHh4", "image/png", "B64")) == "embedded_document"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "broken_document"),
        (b"<a>", "broken_document"),
        (b"<a/>", "not_cda"),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', "broken_document"),
        (cda(), "no_text"),
        (cda(section("59776-5", " <paragraph/> ")), "no_text"),
    ],
)
def test_what_is_no_document_has_a_code(raw: bytes, code: str) -> None:
    assert code_of(cda_text, raw) == code
