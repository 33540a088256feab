"""Invented PDF and CDA documents, sound and hostile."""

import zlib
from collections.abc import Sequence
from xml.sax.saxutils import escape

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:ps3-20="urn:dicom-org:ps3-20">'
    '<id root="1.2.3" extension="D-1"/><title>XR Chest</title><effectiveTime value="20260106"/>'
    '<recordTarget><patientRole><patient><administrativeGenderCode code="F"/><birthTime value="19640310"/></patient>'
    "</patientRole></recordTarget>"
    '<inFulfillmentOf><order><ps3-20:accessionNumber extension="ACC-7"/></order></inFulfillmentOf>'
    '<documentationOf><serviceEvent><code code="1" displayName="Chest"><translation code="DX" '
    'codeSystem="1.2.840.10008.2.16.4"/></code><effectiveTime><low value="20260105"/></effectiveTime></serviceEvent>'
    "</documentationOf><component>"
)
_TAIL = "</component></ClinicalDocument>"


def section(code: str, text: str, title: str = "", inner: str = "") -> str:
    return (
        f'<component><section><code code="{code}" codeSystem="2.16.840.1.113883.6.1"/><title>{title}</title>'
        f"<text>{text}</text>{inner}</section></component>"
    )


def cda(*sections: str) -> bytes:
    return f"{_HEAD}<structuredBody>{''.join(sections)}</structuredBody>{_TAIL}".encode()


def foreign(text: str, media: str = "text/plain", form: str = "TXT") -> bytes:
    body = f'<nonXMLBody><text mediaType="{media}" representation="{form}">{escape(text)}</text></nonXMLBody>'
    return f"{_HEAD}{body}{_TAIL}".encode()


def objects(*bodies: bytes, trailer: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalog."""
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R %b >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(bodies) + 1,
        trailer,
        start,
    )
    return bytes(out)


def stream(data: bytes, keys: bytes = b"") -> bytes:
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(data), keys, data)


def _shown(lines: Sequence[str]) -> bytes:
    said = b"".join(
        b"(%b) Tj 0 -14 Td "
        % line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode("cp1252")
        for line in lines
    )
    return stream(zlib.compress(b"BT /F1 10 Tf 50 800 Td " + said + b"ET"), b"/Filter /FlateDecode")


def pdf(*pages: Sequence[str]) -> bytes:
    """A PDF with these lines on its pages."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * n) for n in range(len(pages)))
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, len(pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, lines in enumerate(pages):
        fonts = b"/MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>"
        page = b"<< /Type /Page /Parent 2 0 R %b /Contents %d 0 R >>" % (fonts, 5 + 2 * number)
        bodies += [page, _shown(lines)]
    return objects(*bodies)


def one_page(contents: bytes) -> bytes:
    """A PDF of one page whose contents are this object."""
    return objects(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
        contents,
    )
