"""GraphStore on SQLite: the bundled graph in memory, or a file that ``kg_ingest load`` wrote.

Why SQLite: ``decisions/0002-embedded-graph-store.md``.
"""

import json
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kg_ingest import embedded_build
from kg_ingest.checksum import KINDS, kind_number
from kg_ingest.coding import decode
from kg_ingest.schema import SCHEMA_VERSION, Edge, EdgeKind, Facts, Group, Manifest, Node, Source
from kg_ingest.soundness import words_of
from kg_ingest.store import PRESENT, GraphStoreError, Inference, NameRow, Rule
from models.tokens import fold

_OBSERVED = kind_number(EdgeKind.OBSERVED)
_IS_A = kind_number(EdgeKind.IS_A)
_UPWARD = ", ".join(str(kind_number(kind)) for kind in (EdgeKind.IS_A, EdgeKind.PART_OF, EdgeKind.UNSIDED))
_ASKED = "WITH asked(n, id) AS (SELECT node.n, node.id FROM json_each(?) JOIN node ON node.id = value)"
_CLOSURE = (
    "WITH RECURSIVE up(start, n) AS (SELECT node.id, node.n FROM json_each(?) JOIN node ON node.id = value UNION "
    "SELECT up.start, edge.target FROM up JOIN edge ON edge.source = up.n AND edge.kind IN ({kinds})) "
    "SELECT up.start, node.id FROM up JOIN node ON node.n = up.n WHERE up.start <> node.id"
)
_ABOVE = _CLOSURE.format(kinds=_IS_A)
_WHOLES = _CLOSURE.format(kinds=_UPWARD)
_BELOW = (
    "WITH RECURSIVE down(n) AS (SELECT n FROM node WHERE id = ? UNION "
    f"SELECT edge.source FROM down JOIN edge ON edge.target = down.n AND edge.kind = {_IS_A}) "
)
_EDGE = (
    "SELECT s.id, edge.kind, t.id, origin.name, origin.version, edge.count FROM {edges} "
    "JOIN node AS s ON s.n = edge.source JOIN node AS t ON t.n = edge.target "
    f"JOIN origin ON origin.n = edge.origin WHERE edge.kind <> {_OBSERVED} "
    "ORDER BY edge.source, edge.kind, edge.target, edge.origin"
)
_EVERY_EDGE = (
    "SELECT s.id, edge.kind, t.id, origin.name, origin.version, edge.count FROM edge "
    "JOIN node AS s ON s.n = edge.source JOIN node AS t ON t.n = edge.target JOIN origin ON origin.n = edge.origin "
    "ORDER BY edge.source, edge.kind, edge.target, edge.origin"
)
_OUTGOING = _ASKED + _EDGE.format(edges="edge JOIN asked ON edge.source = asked.n")
_NEIGHBOURS = _ASKED + _EDGE.format(
    edges="(SELECT edge.* FROM edge JOIN asked ON source = asked.n "
    "UNION SELECT edge.* FROM edge JOIN asked ON target = asked.n) AS edge"
)
_CAUSES = (
    f"{_BELOW}, cause AS (SELECT edge.* FROM down JOIN edge ON edge.target = down.n "
    f"AND edge.kind = {kind_number(EdgeKind.CAUSES)} UNION SELECT edge.* FROM down "
    f"JOIN edge ON edge.source = down.n AND edge.kind = {kind_number(EdgeKind.SUGGESTS)}) "
    + _EDGE.format(edges="cause AS edge")
)
_RULES = {
    Rule.TREATED: "SELECT mention.report, c.id, x.id FROM mention JOIN node AS x ON x.n = mention.node "
    f"JOIN edge ON edge.source = x.n AND edge.kind = {kind_number(EdgeKind.TREATS)} "
    "JOIN node AS c ON c.n = edge.target WHERE mention.label = ?",
    Rule.SPECIFIC: "WITH RECURSIVE said(report, node) AS (SELECT report, node FROM mention WHERE label = ?), "
    "up(g, s, n) AS (SELECT edge.source, edge.target, edge.target FROM edge "
    f"WHERE edge.kind = {kind_number(EdgeKind.SUGGESTS)} AND edge.source IN (SELECT node FROM said) "
    f"UNION SELECT up.g, up.s, edge.target FROM up JOIN edge ON edge.source = up.n AND edge.kind = {_IS_A}) "
    "SELECT f.report, s.id, fn.id, gn.id FROM up JOIN said AS g ON g.node = up.g "
    "JOIN said AS f ON f.node = up.n AND f.report = g.report JOIN node AS s ON s.n = up.s "
    "JOIN node AS fn ON fn.n = f.node JOIN node AS gn ON gn.n = g.node WHERE up.n <> up.s AND f.node <> g.node",
}
_COUNTED = (
    f"{_ASKED} SELECT s.id, t.id, sum(edge.count) FROM asked AS s JOIN edge ON edge.source = s.n "
    f"JOIN asked AS t ON t.n = edge.target WHERE edge.kind = {_OBSERVED} GROUP BY 1, 2"
)
_NAMES = (
    "SELECT name.text, node.id, node.grp, origin.name FROM node JOIN name ON name.node = node.n "
    "JOIN origin ON origin.n = name.origin WHERE node.grp IN (SELECT value FROM json_each(?)) "
    "ORDER BY node.n, name.place"
)


class EmbeddedStore:
    """A knowledge graph in one SQLite database. Safe to share between threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Wrap an open database that ``embedded_build`` filled."""
        self.connection = connection
        self._lock = threading.Lock()

    def manifest(self) -> Manifest:
        """See GraphStore."""
        raw = self.meta("manifest")
        if raw is None:
            raise GraphStoreError("the store has no manifest: its load did not finish")
        with _read():
            found = raw["schema_version"]
            if found == SCHEMA_VERSION:
                sources = tuple(Source(**source) for source in raw["sources"])
                return Manifest(**{**raw, "sources": sources, "licences": tuple(raw["licences"])})
        raise GraphStoreError(f"the graph has schema version {found}, this service needs {SCHEMA_VERSION}")

    def meta(self, key: str) -> Any:
        """What the load noted under this key; None when it noted nothing."""
        rows = self._all("SELECT value FROM meta WHERE key = ?", key)
        with _read():
            return json.loads(rows[0][0]) if rows else None

    def names(self, groups: Collection[Group]) -> Iterator[NameRow]:
        """See GraphStore."""
        rows = self._all(_NAMES, json.dumps(sorted(groups)))
        return (NameRow(text, node, Group(group), source) for text, node, group, source in rows)

    def concepts_by_name(self, names: Collection[str]) -> dict[str, tuple[Node, ...]]:
        """See GraphStore."""
        folded = {name: fold(name) for name in names}
        rows = self._all(
            "SELECT DISTINCT name.folded, node.body FROM json_each(?) JOIN name ON name.folded = value "
            "JOIN node ON node.n = name.node ORDER BY name.folded, node.n",
            json.dumps(sorted(set(folded.values()))),
        )
        found: dict[str, list[Node]] = {}
        for key, body in rows:
            found.setdefault(key, []).append(decode(body))
        return {name: tuple(found.get(key, ())) for name, key in folded.items()}

    def search(self, words: str, limit: int = 10) -> tuple[Node, ...]:
        """See GraphStore. Reads all names: some tens of milliseconds per 100,000."""
        asked = fold(words).split()
        if not asked:
            return ()
        test = " AND ".join("instr(' ' || folded, ?) > 0" for _ in asked)
        rows = self._all(
            f"SELECT node.body FROM (SELECT node, min(length(folded)) AS size FROM name WHERE {test} "
            "GROUP BY node) AS hit JOIN node ON node.n = hit.node ORDER BY size, node.n LIMIT ?",
            *(f" {word}" for word in asked),
            limit,
        )
        return tuple(decode(body) for (body,) in rows)

    def facts(self, ids: Iterable[str]) -> Facts:
        """See GraphStore."""
        asked = json.dumps(sorted(set(ids)))
        above, wholes = _grouped(self._all(_ABOVE, asked)), _grouped(self._all(_WHOLES, asked))
        edges = tuple(_edge(row) for row in self._all(_OUTGOING, asked))
        wanted = {*json.loads(asked), *(edge.target_id for edge in edges)}
        bodies = self._all(
            "SELECT body FROM node JOIN json_each(?) ON node.id = value", json.dumps(sorted(wanted))
        )
        nodes = {node.id: node for node in (decode(body) for (body,) in bodies)}
        counted = {(finding, site): int(count) for finding, site, count in self._all(_COUNTED, asked)}
        return Facts(nodes, edges, above, wholes, counted)

    def path(self, source_id: str, target_id: str, max_hops: int = 4) -> tuple[Edge, ...] | None:
        """See GraphStore. Breadth first from the source, one query a hop."""
        reached: dict[str, tuple[Edge, ...]] = {source_id: ()}
        frontier = [source_id]
        for _ in range(max_hops):
            if target_id in reached:
                break
            following: list[str] = []
            here = set(frontier)
            for edge in map(_edge, self._all(_NEIGHBOURS, json.dumps(sorted(here)))):
                for start, end in ((edge.source_id, edge.target_id), (edge.target_id, edge.source_id)):
                    if start in here and end not in reached:
                        reached[end] = (*reached[start], edge)
                        following.append(end)
            frontier = following
        return reached.get(target_id)

    def kinds_of(self, concept_id: str) -> frozenset[str]:
        """See GraphStore."""
        rows = self._all(f"{_BELOW} SELECT node.id FROM down JOIN node ON node.n = down.n", concept_id)
        return frozenset(identifier for (identifier,) in rows)

    def reports_mentioning(self, concept_id: str) -> tuple[tuple[str, str, str], ...]:
        """See GraphStore."""
        rows = self._all(
            f"{_BELOW} SELECT mention.report, node.id, mention.label FROM down JOIN mention ON mention.node = down.n "
            "JOIN node ON node.n = down.n ORDER BY 1, 2, 3",
            concept_id,
        )
        return tuple((report, concept, label) for report, concept, label in rows)

    def possible_causes(self, concept_id: str) -> tuple[Edge, ...]:
        """See GraphStore."""
        edges = {_edge(row) for row in self._all(_CAUSES, concept_id)}
        return tuple(
            sorted(edges, key=lambda e: (e.kind, e.source_id, e.target_id, e.source, e.source_version))
        )

    def inferred(self, rule: Rule) -> tuple[Inference, ...]:
        """See GraphStore."""
        rows = self._all(_RULES[rule], PRESENT)
        found = sorted({(report, concept, tuple(because)) for report, concept, *because in rows})
        return tuple(Inference(rule, *row) for row in found)

    def conflicts(self) -> Iterator[tuple[str, str, str]]:
        """(reason, identifier, identifier) of every refused join and every contradiction."""
        return iter(self._all("SELECT reason, a, b FROM conflict ORDER BY reason, a, b"))

    def rejects(self) -> Iterator[tuple[str, int, str]]:
        """(file, line, reason) of every row that its load refused, in the order of reading."""
        return iter(self._all("SELECT file, line, reason FROM reject ORDER BY rowid"))

    def items(self) -> Iterator[Node | Edge]:
        """Every concept, then every edge, in a stable order."""
        with _read():
            for (body,) in self._all("SELECT body FROM node ORDER BY n"):
                yield decode(body)
            for row in self._all(_EVERY_EDGE):
                yield _edge(row)

    def checksum(self) -> str:
        """Over the content as it is now; equals the manifest's in a sound store."""
        with self._lock, _read():
            return embedded_build.checksum(self.connection)

    def close(self) -> None:
        """See GraphStore."""
        with self._lock:
            self.connection.close()

    def _all(self, query: str, *values: str | int) -> list[tuple[Any, ...]]:
        with self._lock, _read():
            return self.connection.execute(query, values).fetchall()


@contextmanager
def _read() -> Iterator[None]:
    """One error for whatever a damaged file has in the place of tables, numbers, texts and nodes."""
    try:
        yield
    except sqlite3.Error as error:
        raise GraphStoreError(f"the graph file cannot be read: {words_of(error)}") from error
    except (AttributeError, LookupError, OverflowError, RecursionError, TypeError, ValueError) as error:
        raise GraphStoreError("the graph file is damaged; load it again") from error


def _edge(row: tuple[Any, ...]) -> Edge:
    source, kind, target, origin, version, count = row
    return Edge(source, KINDS[kind], target, origin, version, count)


def _grouped(rows: Iterable[tuple[str, ...]]) -> dict[str, frozenset[str]]:
    result: dict[str, set[str]] = {}
    for start, end in rows:
        result.setdefault(start, set()).add(end)
    return {start: frozenset(ends) for start, ends in result.items()}


def open_store(path: Path) -> EmbeddedStore:
    """A store that ``kg_ingest load`` wrote.

    Raises:
        GraphStoreError: when there is none, or it is of another schema version.
    """
    if not path.is_file():
        raise GraphStoreError("there is no graph file at the configured path")
    uri = f"{path.resolve().as_uri()}?mode=ro"
    with _read():
        store = EmbeddedStore(sqlite3.connect(uri, uri=True, check_same_thread=False))
    store.manifest()
    return store
