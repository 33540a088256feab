"""The sources by the word that names them on the command line: ``--source KIND[=PATH[@VERSION]]``."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kg_ingest import turtle
from kg_ingest.naming import trusted
from kg_ingest.pipeline import Plain, Reader, SourceError
from kg_ingest.schema import Group
from kg_ingest.sources import core
from kg_ingest.sources.corpora import RadGraph, Reports
from kg_ingest.sources.kgx import Kgx
from kg_ingest.sources.ontology import Obo, Rdf
from kg_ingest.sources.snomed import Snomed
from kg_ingest.sources.tables import DoidTsv, Oidm, RadlexCsv, Sssom
from kg_ingest.sources.umls import RADIOLOGY, Filter, Umls
from models.extractor import GraphExtractor
from models.lexical import LexicalExtractor
from models.types import EntityKind, LexiconEntry

_KINDS = {Group.ANATOMY: EntityKind.ANATOMY, Group.DEVICE: EntityKind.DEVICE}
_NAMED = (Group.ANATOMY, Group.FINDING, Group.DISEASE, Group.DEVICE)
# which terms the file of an open ontology comes under, by its name
_LICENCES = {
    "HP": "HPO",
    "HPO": "HPO",
    "DOID": "DOID",
    "MONDO": "MONDO",
    "UBERON": "UBERON",
    "RADLEX": "RadLex",
}


@dataclass(frozen=True, slots=True)
class Choices:
    """What the command line says of all sources: filters for UMLS, form of SNOMED CT, A-box or not."""

    umls: Filter = RADIOLOGY
    snomed_form: str = "Snapshot"
    mentions: bool = False


def reader(kind: str, path: Path | None, version: str, name: str, choices: Choices) -> Reader:
    """The reader that a ``--source`` asks for; ``name`` is what the graph calls an ontology.

    Raises:
        SourceError: for an unknown kind, or a path that is missing.
        OSError: when a file of the source is a folder, or cannot be read.
    """
    if kind == "core":
        return core.reader()
    make = _MAKERS.get(kind)
    if make is None:
        raise SourceError(f"no source is called {kind}; there are core, {', '.join(sorted(_MAKERS))}")
    if path is None:
        raise SourceError(f"--source {kind}= needs the path of its files")
    if not path.exists():
        raise SourceError(f"--source {kind}=: there is no such file or folder")
    made = make(path, version, name, choices)
    for file in made.files:
        file.open("rb").close()
    return made


def _licence(name: str) -> str:
    return _LICENCES.get(name.upper(), "unknown")


@cache
def _extractor() -> GraphExtractor:
    """The lexical extractor over the bundled graph."""
    store = core.open_bundled()
    return LexicalExtractor(
        LexiconEntry(row.text, row.concept, _KINDS.get(row.group, EntityKind.OBSERVATION))
        for row in store.names(_NAMED)
        if row.source == core.NAME or trusted(row.text, row.group)
    )


def _linker() -> Callable[[str], str | None]:
    """Concepts of the bundled graph by the words of an entity."""
    store = core.open_bundled()

    @cache
    def link(words: str) -> str | None:
        nodes = store.concepts_by_name([words])[words]
        return nodes[0].id if nodes else None

    return link


_Maker = Callable[[Path, str, str, Choices], Reader]
_MAKERS: dict[str, _Maker] = {
    "umls": lambda path, version, _, choices: Umls(path, version, choices.umls),
    "snomed": lambda path, version, _, choices: Snomed(path, version, choices.snomed_form),
    "radgraph": lambda path, version, _, choices: RadGraph(path, version, _linker(), choices.mentions),
    "reports": lambda path, version, _, choices: Reports(path, version, _extractor(), choices.mentions),
    "obo": lambda path, version, name, _: Obo(path, name, version, licence=_licence(name)),
    "rdf": lambda path, version, name, _: Rdf(path, name, version, licence=_licence(name)),
    "bridge": lambda path, version, name, _: Rdf(path, name, version, bridge=True, licence=_licence(name)),
    "sssom": lambda path, version, name, _: Sssom(path, name, version, licence=_licence(name)),
    "kgx": lambda path, version, name, _: Kgx(path, name, version, licence=_licence(name)),
    "radlex": lambda path, version, *_: RadlexCsv(path, version),
    "oidm": lambda path, version, *_: Oidm(path, version),
    "doid": lambda path, version, *_: DoidTsv(path, version),
    "turtle": lambda path, *_: Plain(turtle.read(path), "turtle", files=(path,)),
}
