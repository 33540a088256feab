"""What reads one PDF within ``confined``: the library is loaded there only."""

import io
import sys

from app.integrations import confined
from app.integrations.documents.layout import text_of_pages
from app.integrations.incoming import IncomingError

MOST_PAGES = 100
MOST_CHARACTERS = 1_048_576


def read(raw: bytes) -> bytes:
    """The text of a PDF in UTF-8."""
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(raw))
    if reader.is_encrypted and not reader.decrypt(""):
        raise IncomingError("encrypted_document")
    if len(reader.pages) > MOST_PAGES:
        raise IncomingError("too_many_pages")
    pages: list[str] = []
    length = 0
    for page in reader.pages:
        pages.append(page.extract_text())
        length += len(pages[-1])
        if length > MOST_CHARACTERS:
            raise IncomingError("document_too_large")
    return text_of_pages(pages).encode("utf-8", "replace")


if __name__ == "__main__":
    sys.exit(confined.serve(read))
