"""Open ontologies as OBO (fastobo), and as RDF/XML, OWL, Turtle or N-Triples (rdflib).

What both give: the preferred name, exact synonyms, cross references, is-a and part-of. Triples go from
rdflib's parser into a temporary database, not into memory.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastobo
from rdflib import BNode, Graph, Literal
from rdflib.store import Store

from kg_ingest.identifiers import curie, namespace
from kg_ingest.pipeline import SourceError
from kg_ingest.schema import Edge, EdgeKind, Group, Item, Link, Node
from kg_ingest.soundness import storable
from kg_ingest.sources import rdf_files
from kg_ingest.sources.rows import skips, temporary_database

_GROUPS = {
    "HP": Group.FINDING,
    "DOID": Group.DISEASE,
    "MONDO": Group.DISEASE,
    "UBERON": Group.ANATOMY,
    "FMA": Group.ANATOMY,
}
# "body proper" and the like aside, these subtrees of RadLex hold what reports name
RADLEX_ROOTS = {
    "RADLEX:RID3": Group.ANATOMY,
    "RADLEX:RID5": Group.FINDING,
    "RADLEX:RID34785": Group.FINDING,
    "RADLEX:RID34861": Group.DEVICE,
    "RADLEX:RID1559": Group.PROCEDURE,
}
_PART_OF = {"part_of", "BFO:0000050", "RADLEX:Part_Of", "Part_Of", "Anatomical_Site"}
_SITE = {"has_location", "located_in", "RO:0001025", "RO:0004026"}
_NAME = ("skos/core#prefLabel", "rdf-schema#label", "Preferred_name")
_SYNONYM = ("#hasExactSynonym", "skos/core#altLabel", "Synonym")
_XREF = ("#hasDbXref", "skos/core#exactMatch", "owl#equivalentClass")
_OTHERS_NAMES = {"IAO_0000589"}  # an "OBO foundry unique label" carries the bridge's own mark


@dataclass(frozen=True, slots=True)
class Obo:
    """One OBO 1.4 file."""

    path: Path
    name: str
    version: str
    kind: str = "obo"
    licence: str = "unknown"

    @property
    def files(self) -> Sequence[Path]:
        """See Reader."""
        return (self.path,)

    def read(self) -> Iterator[Item]:
        """Terms that are not obsolete and their relations; a syntax error ends the source."""
        left_out: Counter[str] = Counter()
        try:
            for frame in fastobo.iter(str(self.path), ordered=True):
                if isinstance(frame, fastobo.term.TermFrame):
                    yield from self._term(frame, left_out)
        except SyntaxError as error:
            raise SourceError(f"{self.path.name} line {error.lineno}: not OBO") from error
        except OSError as error:
            if error.errno is not None:
                raise OSError(error.errno, error.strerror, str(self.path)) from error
            raise SourceError(f"{self.path.name} is not OBO in UTF-8") from error  # as fastobo says it
        yield from skips(left_out)

    def _term(self, frame: Any, left_out: Counter[str]) -> Iterator[Item]:
        identifier = curie(str(frame.id))
        names: list[str] = []
        xrefs: list[str] = []
        edges: list[tuple[EdgeKind, str]] = []
        for clause in frame:
            tag = clause.raw_tag()
            if tag == "is_obsolete" and clause.obsolete:
                left_out["obsolete term"] += 1
                return
            if tag == "name":
                names.insert(0, clause.name)
            elif tag == "synonym" and clause.synonym.scope == "EXACT":
                names.append(str(clause.synonym.desc))
            elif tag == "xref":
                xrefs.append(curie(str(clause.xref.id)))
            elif tag == "is_a":
                edges.append((EdgeKind.IS_A, curie(str(clause.term))))
            elif tag == "relationship":
                edges += _relation(str(clause.typedef), str(clause.term), left_out)
        if not names:
            left_out["term without a name"] += 1
            return
        group = _GROUPS.get(namespace(identifier), Group.OTHER)
        every = tuple(dict.fromkeys(names))
        xref = tuple(dict.fromkeys(xrefs))
        yield Node(identifier, names[0], group, self.name, self.version, every, xref)
        for kind, target in edges:
            yield Edge(identifier, kind, target, self.name, self.version)


def _relation(typedef: str, term: str, left_out: Counter[str]) -> Iterator[tuple[EdgeKind, str]]:
    if typedef in _PART_OF:
        yield EdgeKind.PART_OF, curie(term)
    elif typedef in _SITE:
        yield EdgeKind.HAS_FINDING_SITE, curie(term)
    else:
        left_out["relation that is not used"] += 1


@dataclass(frozen=True, slots=True)
class Rdf:
    """One RDF file, its format known by its ending. ``bridge``: a class below another is the same one.

    Bridges such as Uberon's to SNOMED CT say "is below" for want of a licence to say "is".
    """

    path: Path
    name: str
    version: str
    bridge: bool = False
    kind: str = "rdf"
    licence: str = "unknown"

    @property
    def files(self) -> Sequence[Path]:
        """See Reader."""
        return (self.path,)

    def read(self) -> Iterator[Item]:
        """Named classes and SKOS concepts, and what ties them."""
        with temporary_database() as database:
            _spool(self.path, database)
            yield from self._links(database) if self.bridge else self._concepts(database)

    def _links(self, database: sqlite3.Connection) -> Iterator[Item]:
        for subject, _, value, kind in _about(database, "%rdf-schema#subClassOf"):
            if kind == "iri":
                yield Link(curie(subject), curie(value), self.name, self.version)

    def _concepts(self, database: sqlite3.Connection) -> Iterator[Item]:
        groups = _subtrees(database)
        current = ""
        stated: list[tuple[str, str, str]] = []
        for subject, predicate, value, kind in database.execute("SELECT * FROM triple ORDER BY s, p, o"):
            if subject != current:
                yield from self._concept(current, stated, groups, database)
                current, stated = subject, []
            stated.append((predicate, value, kind))
        yield from self._concept(current, stated, groups, database)

    def _concept(
        self,
        iri: str,
        stated: list[tuple[str, str, str]],
        groups: dict[str, Group],
        database: sqlite3.Connection,
    ) -> Iterator[Item]:
        if not iri or iri.startswith("_:"):
            return
        identifier = curie(iri)
        named = [value for end in _NAME for p, value, kind in stated if kind == "text" and p.endswith(end)]
        names = named + [v for end in _SYNONYM for p, v, kind in stated if kind == "text" and p.endswith(end)]
        if not named or any(p.endswith("owl#deprecated") and value == "true" for p, value, _ in stated):
            return
        xrefs = (curie(value) for p, value, _ in stated if p.endswith(_XREF))
        group = groups.get(identifier) or _GROUPS.get(namespace(identifier), Group.OTHER)
        yield Node(
            identifier,
            named[0],
            group,
            self.name,
            self.version,
            tuple(dict.fromkeys(names)),
            tuple(dict.fromkeys(xrefs)),
        )
        for predicate, value, kind in stated:
            if predicate.endswith(("rdf-schema#subClassOf", "skos/core#broader")):
                yield from self._parent(identifier, value, kind, database)
            elif kind == "iri" and predicate.rpartition("/")[2].rpartition("#")[2] in _PART_OF:
                yield Edge(identifier, EdgeKind.PART_OF, curie(value), self.name, self.version)

    def _parent(self, identifier: str, value: str, kind: str, database: sqlite3.Connection) -> Iterator[Item]:
        """A named parent is is-a; "part of some X" is an owl:Restriction on an anonymous node."""
        if kind == "iri":
            yield Edge(identifier, EdgeKind.IS_A, curie(value), self.name, self.version)
            return
        rows = {
            p.rpartition("#")[2]: o
            for _, p, o, _ in database.execute("SELECT * FROM triple WHERE s = ?", (value,))
        }
        if "onProperty" in rows and "someValuesFrom" in rows and not rows["someValuesFrom"].startswith("_:"):
            for relation, target in _relation(curie(rows["onProperty"]), rows["someValuesFrom"], Counter()):
                yield Edge(identifier, relation, target, self.name, self.version)


class _Spool(Store):  # type: ignore[misc]
    """An rdflib store that only writes: triples go to a table."""

    def __init__(self, database: sqlite3.Connection) -> None:
        super().__init__()
        self._database = database
        self._rows: list[tuple[str, str, str, str]] = []

    def add(self, triple: Any, context: Any, quoted: bool = False) -> None:
        subject, predicate, value = triple
        if not all(map(storable, triple)):
            raise ValueError("a surrogate or NUL in RDF")
        kind = "text" if isinstance(value, Literal) else "blank" if isinstance(value, BNode) else "iri"
        if kind == "text" and value.language not in (None, "en"):
            return
        self._rows.append((_key(subject), str(predicate), _key(value), kind))
        if len(self._rows) >= 10_000:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        self._database.executemany("INSERT INTO triple VALUES (?, ?, ?, ?)", self._rows)
        self._rows.clear()


def _key(term: Any) -> str:
    return f"_:{term}" if isinstance(term, BNode) else str(term)


def _spool(path: Path, database: sqlite3.Connection) -> None:
    database.execute("CREATE TABLE triple(s TEXT, p TEXT, o TEXT, kind TEXT)")
    store = _Spool(database)
    rdf_files.parse(Graph(store=store), path)
    store.flush()
    database.execute("CREATE INDEX triple_s ON triple(s, p, o)")
    database.execute("CREATE INDEX triple_p ON triple(p, o)")


def _about(database: sqlite3.Connection, predicate: str) -> Iterator[tuple[str, str, str, str]]:
    return iter(database.execute("SELECT * FROM triple WHERE p LIKE ? ORDER BY s, o", (predicate,)))


def _subtrees(database: sqlite3.Connection) -> dict[str, Group]:
    """The group of every RadLex class below one of the roots that hold what reports name."""
    children: dict[str, list[str]] = {}
    for child, _, parent, kind in _about(database, "%rdf-schema#subClassOf"):
        if kind == "iri":
            children.setdefault(curie(parent), []).append(curie(child))
    return below(RADLEX_ROOTS, children)


def below(roots: dict[str, Group], children: dict[str, list[str]]) -> dict[str, Group]:
    """Every identifier under a root, with the group of the first root that reaches it."""
    reached: dict[str, Group] = {}
    for root, group in roots.items():
        waiting = [root]
        while waiting:
            current = waiting.pop()
            if current not in reached:
                reached[current] = group
                waiting += children.get(current, [])
    return reached
