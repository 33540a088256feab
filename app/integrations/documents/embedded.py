"""Documents within messages: what their bytes say by their kind."""

import binascii
from typing import Literal

from app.integrations.documents.pdf import pdf_text
from app.integrations.html import LONGEST_PAGE, text_of
from app.integrations.incoming import IncomingError

Kind = Literal["plain", "html", "pdf", "xml", "other"]
_SPACE = b" \t\r\n\v\f"
_PLAIN = frozenset({"", "text", "text txt", "tx", "txt"})


def kind_of(said: str) -> Kind:
    """The kind that a media type, or type and subtype of HL7 v2 (ED.2, ED.3), stand for."""
    name = said.strip().lower()
    if "pdf" in name:
        return "pdf"
    if "html" in name:
        return "html"
    if "xml" in name or "cda" in name:
        return "xml"
    return "plain" if "plain" in name or name in _PLAIN else "other"


def base64_bytes(data: str) -> bytes:
    """The bytes of base64, white space in it left out.

    Raises:
        IncomingError: invalid_base64.
    """
    try:
        return binascii.a2b_base64(data.encode("ascii").translate(None, _SPACE), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise IncomingError("invalid_base64") from error


def plain_text(raw: bytes, kind: Kind, charset: str) -> str:
    """The text of a document that is no XML; a PDF is one whatever it is said to be.

    Raises:
        IncomingError: embedded_document (of a kind that is not read), wrong_charset, document_too_large, no_text,
            or a code of ``pdf_text``.
    """
    if kind == "pdf" or raw.startswith(b"%PDF"):
        return pdf_text(raw)
    if kind not in ("plain", "html"):
        raise IncomingError("embedded_document")
    try:
        text = raw.decode(charset).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise IncomingError("wrong_charset") from error
    if kind == "html" and len(text) > LONGEST_PAGE:
        raise IncomingError("document_too_large")
    shown = text_of(text) if kind == "html" else text
    if not shown.strip():
        raise IncomingError("no_text")
    return shown
