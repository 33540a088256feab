"""Files of RDF through rdflib's parsers: whatever is wrong with one becomes one clear error."""

import re
from pathlib import Path
from xml.parsers import expat
from xml.sax import SAXException

from rdflib import Graph
from rdflib.exceptions import ParserError
from rdflib.plugins.parsers.notation3 import BadSyntax
from rdflib.plugins.parsers.ntriples import ParseError

from kg_ingest.pipeline import SourceError

FORMATS = {".owl": "xml", ".rdf": "xml", ".xml": "xml", ".ttl": "turtle", ".n3": "n3", ".nt": "nt"}
# what rdflib's parsers raise at a damaged text: they assert, look up what is not there, run off its end,
# and go deep by calling themselves
_NOT_RDF = (
    SAXException,
    ParserError,
    BadSyntax,
    ParseError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
_LONGEST = 1 << 18  # characters of one text, entities expanded; more is no name and no definition
# entities that stand for one character are no names of others
_REFERENCE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)")


def parse(graph: Graph, path: Path) -> None:
    """Read the triples of a file into ``graph``; the file's ending says which form of RDF it has.

    Raises:
        SourceError: when the file is not of that form, or would grow without bound as it is read.
        OSError: when it cannot be read.
    """
    form = FORMATS.get(path.suffix)
    if form is None:
        raise SourceError(f"{path.name}: RDF is read from files that end with {' '.join(FORMATS)}")
    if form == "xml":
        _refuse_bombs(path)
    try:
        graph.parse(path, format=form)
    except _NOT_RDF as error:
        raise SourceError(f"{path.name} is not RDF of the kind that its name ends with") from error


def _refuse_bombs(path: Path) -> None:
    """Entities may shorten addresses, as Protégé writes them, but not build on each other.

    rdflib copies a text once for every entity and every 8 KiB of it, so the length of one is bounded too.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    length = 0

    def declared(name: str, _: bool, value: str | None, *__: object) -> None:
        if value is not None and _REFERENCE.search(value):
            raise SourceError(f"{path.name} line {parser.CurrentLineNumber}: an entity made of entities")

    def text(part: str) -> None:
        nonlocal length
        length += len(part)
        if length > _LONGEST:
            raise SourceError(f"{path.name} line {parser.CurrentLineNumber}: a text of more than 256 KiB")

    def begun(*_: object) -> None:
        nonlocal length
        length = 0

    parser.EntityDeclHandler = declared
    parser.CharacterDataHandler = text
    parser.StartElementHandler = begun
    parser.EndElementHandler = begun
    try:
        with path.open("rb") as stream:
            parser.ParseFile(stream)
    except expat.ExpatError as error:
        raise SourceError(f"{path.name} line {error.lineno}: not RDF in XML") from error
