"""Files made to cost memory and time: each is refused, in a process that may take little of both.

What is read in the process of the service itself is measured here; what is not, is bounded by ``confined``.
"""

import base64
import io
import json
import sys
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from dicom_support import Invented, container, text
from document_support import cda, objects, one_page, section, stream
from pydicom.uid import DeflatedExplicitVRLittleEndian

from app.integrations.dicom.read import MOST_BYTES, dicom_report
from app.integrations.documents.cda import cda_text
from app.integrations.documents.pdf import pdf_text
from app.integrations.fhir.read import read_document
from app.integrations.hl7.read import report_of, reports_of
from app.integrations.incoming import IncomingError

_MIB = 1_048_576
_DEEP = 10_000
_ENTITY = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
_OUTSIDE = b'<!DOCTYPE a SYSTEM "http://192.0.2.1/a.dtd"><a/>'
_LAUGHS = (
    b"<!DOCTYPE a [<!ENTITY x0 'ha'>"
    + b"".join(b"<!ENTITY x%d '%b'>" % (n, b"&x%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]><a>&x9;</a>"
)
_QUADRATIC = b"<!DOCTYPE a [<!ENTITY x '" + b"a" * 100_000 + b"'>]><a>" + b"&x;" * 10_000 + b"</a>"
_NARROW = section("59776-5", "<content>" * 90 + "a" + "</content>" * 90)


def _pages_in_a_ring() -> bytes:
    return objects(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 /Parent 3 0 R >>",
        b"<< /Type /Pages /Kids [2 0 R] /Count 1 /Parent 2 0 R >>",
    )


def _forms_in_a_ring() -> bytes:
    names = b"/Type /XObject /Subtype /Form /Resources << /XObject << /A 4 0 R >> >>"
    return objects(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /Contents 5 0 R /Resources << /XObject << /A 4 0 R >> >> >>",
        stream(b"/A Do /A Do", names),
        stream(b"/A Do"),
    )


def _many_pages() -> bytes:
    return objects(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%b] /Count 50000 >>" % (b"3 0 R " * 50_000),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
    )


def _packed(data: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        data = zlib.compress(data, 9)
    return one_page(stream(data, b"/Filter [" + b"/FlateDecode " * times + b"]"))


PDFS: dict[str, Callable[[], bytes]] = {
    "deep array": lambda: one_page(b"[" * 100_000 + b"]" * 100_000),
    "deep dictionary": lambda: one_page(b"<</A " * 100_000 + b">>" * 100_000),
    "pages in a ring": _pages_in_a_ring,
    "forms in a ring": _forms_in_a_ring,
    "50,000 pages": _many_pages,
    "500 MiB packed": lambda: _packed(bytes(500 * _MIB)),
    "packed twice": lambda: _packed(bytes(200 * _MIB), 2),
    "text without an end": lambda: _packed(b"BT " + b"(a) Tj " * 9_000_000),
    "object of itself": lambda: objects(b"<< /Type /Catalog /Pages 2 0 R >>", b"2 0 R"),
    "length of itself": lambda: one_page(b"<< /Length 4 0 R >>\nstream\na\nendstream"),
}
XMLS: dict[str, tuple[bytes, str]] = {
    "entity from outside": (_ENTITY, "unsafe_xml"),
    "document type from outside": (_OUTSIDE, "unsafe_xml"),
    "billion laughs": (_LAUGHS, "unsafe_xml"),
    "quadratic": (_QUADRATIC, "unsafe_xml"),
    "deep": (b"<a>" * _DEEP + b"</a>" * _DEEP, "too_deep"),
    "many elements": (b"<a>" + b"<b/>" * 1_000_000 + b"</a>", "document_too_costly"),
    "many attributes": (
        b"<a " + b" ".join(b"a%d=''" % n for n in range(300_000)) + b"/>",
        "document_too_costly",
    ),
    "many namespaces": (b"<a " + b" ".join(b"xmlns:a%d='b'" % n for n in range(200_000)) + b"/>", "not_cda"),
    "long": (b"<a>" + b" " * (4 * _MIB) + b"</a>", "document_too_large"),
}


def code_of(read: Callable[[bytes], object], raw: bytes) -> str:
    with pytest.raises(IncomingError) as caught:
        read(raw)
    return caught.value.code


@pytest.mark.parametrize("name", PDFS)
def test_pdf_bombs(name: str) -> None:
    assert code_of(pdf_text, PDFS[name]()) in {
        "broken_document",
        "document_too_costly",
        "document_too_large",
        "no_text",
        "too_many_pages",
    }


@pytest.mark.parametrize("name", XMLS)
def test_xml_bombs(name: str) -> None:
    raw, code = XMLS[name]
    tracemalloc.start()
    try:
        assert code_of(cda_text, raw) == code
        assert tracemalloc.get_traced_memory()[1] < 200 * _MIB
    finally:
        tracemalloc.stop()


def test_a_deep_but_honest_narrative_is_read() -> None:
    assert cda_text(cda(_NARROW)).endswith("a")


def test_captions_within_captions_are_read_once() -> None:
    """Each level that is read twice would double the work: 40 levels would never end."""
    nested = "<paragraph><caption>" * 40 + "a" + "</caption>b</paragraph>" * 40
    steps = 0

    def counted(*_event: object) -> None:
        nonlocal steps
        steps += 1
        if steps > 1_000_000:
            raise TimeoutError

    sys.setprofile(counted)
    try:
        assert "a" in cda_text(cda(section("59776-5", nested)))
    finally:
        sys.setprofile(None)


def _order(number: int) -> str:
    return f"OBR|{number}||ACC-{number}|1^XR CHEST^L\rOBX|1|TX|1^Report^L||Clear lungs.||||||F\r"


def _embedded(number: int) -> str:
    return f"OBX|{number}|ED|1^Report^L||^application^pdf^Base64^QUJD||||||F\r"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("".join(map(_order, range(101))), "too_many_reports"),
        ("OBR|1||A|1^X^L\r" + "".join(map(_embedded, range(21))), "document_too_costly"),
    ],
)
def test_messages_of_many_parts(body: str, code: str) -> None:
    raw = f"MSH|^~\\&|RIS|NORTH|||20260105||ORU^R01|C1|P|2.5.1\r{body}".encode()
    assert code_of(reports_of, raw) == code


def test_many_forms_of_one_report() -> None:
    broken = {"contentType": "application/pdf", "data": base64.b64encode(b"%PDF").decode()}
    last = {"contentType": "text/plain", "data": base64.b64encode(b"Clear.").decode()}
    report = {"resourceType": "DiagnosticReport", "id": "1", "presentedForm": [broken] * 20 + [last]}
    (read,) = read_document(json.dumps(report).encode())
    assert isinstance(read, IncomingError)


def _deep_report() -> bytes:
    """A tree of 10,000 containers, by hand: writing it nested is as deep as reading it."""
    inner = b"\x40\x00\x30\xa7SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    close = b"\xfe\xff\x0d\xe0\x00\x00\x00\x00\xfe\xff\xdd\xe0\x00\x00\x00\x00"
    return Invented([]).encode() + inner * _DEEP + close * _DEEP


def _deflated(size: int) -> bytes:
    made = Invented([text("Clear.")]).dataset()
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    made.add_new(0x00420011, "OB", bytes(size))
    written = io.BytesIO()
    made.save_as(written, enforce_file_format=True)
    return written.getvalue()


def _many_items() -> bytes:
    one = b"\xfe\xff\x00\xe0\x00\x00\x00\x00"
    count = 1_500_000
    return (
        Invented([]).encode()
        + b"\x40\x00\x30\xa7SQ\x00\x00"
        + (8 * count).to_bytes(4, "little")
        + one * count
    )


def _many_elements() -> bytes:
    elements = b"".join(
        (0x41 + 2 * (n >> 16)).to_bytes(2, "little") + (n & 0xFFFF).to_bytes(2, "little") + b"LO\x00\x00"
        for n in range(1_500_000)
    )
    return Invented([]).encode() + elements


DICOMS: dict[str, Callable[[], bytes]] = {
    "deep": _deep_report,
    "many items": _many_items,
    "many elements": _many_elements,
    "deflated": lambda: _deflated(500 * _MIB),
    "long": lambda: bytes(MOST_BYTES + 1),
}


@pytest.mark.parametrize("name", DICOMS)
def test_dicom_bombs(name: str) -> None:
    assert code_of(dicom_report, DICOMS[name]()) in {
        "broken_document",
        "document_too_costly",
        "document_too_large",
        "no_text",
    }


def test_a_tree_of_some_depth_is_read() -> None:
    tree = text("Clear lungs.")
    for _ in range(30):
        tree = container(None, [tree])
    assert dicom_report(Invented([tree]).encode()).report.text == "FINDINGS:\nClear lungs."


def test_deep_json_is_refused() -> None:
    for raw in (b"[" * _DEEP, b'{"a":' * _DEEP + b"1" + b"}" * _DEEP):
        assert code_of(lambda given: list(read_document(given)), raw) in {"too_deep", "invalid_json"}
    assert sys.getrecursionlimit() < _DEEP


@pytest.mark.parametrize(
    "data", ["QUFB " * 700_000, "A" * 4_100_000, "=" * 1_000_000, "QQ" * 2_000_000 + "\x00"]
)
def test_base64_bombs(data: str) -> None:
    segments = (
        "MSH|^~\\&|R|N|||2026||ORU^R01|1|P|2.5",
        "OBR|1",
        f"OBX|1|ED|||^text^plain^Base64^{data}||||||F",
    )
    tracemalloc.start()
    try:
        outcome: object
        try:
            outcome = len(report_of("\r".join(segments).encode()).text)
        except IncomingError as error:
            outcome = error.code
        assert outcome in {"invalid_base64", "message_too_large", "document_too_large"} or isinstance(
            outcome, int
        )
        assert tracemalloc.get_traced_memory()[1] < 200 * _MIB
    finally:
        tracemalloc.stop()


def test_a_pdf_in_base64_in_a_resource_is_no_way_round() -> None:
    packed = base64.b64encode(_packed(bytes(200 * _MIB))).decode()
    form = {"contentType": "application/pdf", "data": packed}
    resource = {"resourceType": "DiagnosticReport", "presentedForm": [form]}
    (read,) = read_document(json.dumps(resource).encode())
    assert isinstance(read, IncomingError)
