"""The text of a PDF."""

from app.integrations import confined
from app.integrations.documents import pdf_process
from app.integrations.incoming import IncomingError

MOST_BYTES = 16 * 1_048_576


def pdf_text(raw: bytes) -> str:
    """The text of a PDF, page after page, as lines; read in a process of its own.

    Words cut at the end of a line are joined; lines that every page repeats at its edge come once, page
    numbers not at all. At most ``pdf_process.MOST_PAGES`` pages.

    Raises:
        IncomingError: document_too_large, encrypted_document, too_many_pages, no_text (images only), or a code of
            ``confined.run``.
    """
    if len(raw) > MOST_BYTES:
        raise IncomingError("document_too_large")
    text = confined.run(pdf_process.__name__, raw).decode("utf-8")
    if not text.strip():
        raise IncomingError("no_text")
    return text
