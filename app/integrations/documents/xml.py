"""XML of others as a tree: no document type, and bounded in depth and number of elements."""

from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from app.integrations.incoming import IncomingError

MOST_BYTES = 4 * 1_048_576
MOST_DEPTH = 100
MOST_PARTS = 50_000  # elements and attributes
_CHUNK = 65_536


def parsed(raw: bytes | str) -> Element:
    """The root of a document; a text is read as it stands, whatever its declaration says.

    Raises:
        IncomingError: document_too_large, unsafe_xml (a document type or an entity of its own, which are never
            read), too_deep, document_too_costly (more than MOST_PARTS), broken_document.
    """
    if len(raw) > MOST_BYTES:
        raise IncomingError("document_too_large")
    parser: Any = DefusedXMLParser(target=_Bounded(), forbid_dtd=True)
    try:
        for start in range(0, len(raw), _CHUNK):
            parser.feed(raw[start : start + _CHUNK])
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise IncomingError("unsafe_xml") from error
    except (ParseError, LookupError, ValueError) as error:
        if isinstance(error, IncomingError):
            raise
        raise IncomingError("broken_document") from error
    return root


class _Bounded:
    """A builder of trees that stops at its limits; comments and instructions are no part of them."""

    def __init__(self) -> None:
        self._builder = TreeBuilder()
        self._depth = 0
        self._parts = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._parts += 1 + len(attributes)
        if self._depth > MOST_DEPTH:
            raise IncomingError("too_deep")
        if self._parts > MOST_PARTS:
            raise IncomingError("document_too_costly")
        self._builder.start(tag, attributes)

    def end(self, tag: str) -> None:
        self._depth -= 1
        self._builder.end(tag)

    def data(self, text: str) -> None:
        self._builder.data(text)

    def close(self) -> Element:
        return self._builder.close()
