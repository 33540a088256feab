"""GraphStore on SQLite: the bundled graph in memory, or a file that ``kg_ingest load`` wrote.

Why SQLite: ``decisions/0002-embedded-graph-store.md``.
"""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from kg_ingest import pipeline
from kg_ingest.schema import SCHEMA_VERSION, Edge, EdgeKind, Facts, Group, Manifest, Node, Sidedness, Source
from kg_ingest.sources import core
from kg_ingest.store import GraphStoreError
from models.tokens import fold

_SCHEMA = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE node(id TEXT PRIMARY KEY, grp TEXT NOT NULL, rank INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE name(folded TEXT NOT NULL, text TEXT NOT NULL, node TEXT NOT NULL, rank INTEGER NOT NULL);
CREATE TABLE edge(source TEXT NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL,
                  origin TEXT NOT NULL, version TEXT NOT NULL,
                  PRIMARY KEY(source, kind, target)) WITHOUT ROWID;
CREATE TABLE observed(finding TEXT NOT NULL, site TEXT NOT NULL, count INTEGER NOT NULL,
                      PRIMARY KEY(finding, site)) WITHOUT ROWID;
"""
# counts of the running service's own references: kept beside the store, also when that is read-only
_COUNTED = """
CREATE TEMP TABLE counted(finding TEXT NOT NULL, site TEXT NOT NULL, count INTEGER NOT NULL,
                          PRIMARY KEY(finding, site)) WITHOUT ROWID;
"""
_INDEXES = """
CREATE INDEX name_folded ON name(folded, rank);
CREATE INDEX edge_target ON edge(target);
"""
_ASKED = "WITH asked(id) AS (SELECT value FROM json_each(?))"
_CLOSURE = (
    "WITH RECURSIVE up(start, id) AS (SELECT value, value FROM json_each(?) UNION "
    "SELECT up.start, edge.target FROM up JOIN edge ON edge.source = up.id AND edge.kind IN ({kinds})) "
    "SELECT start, id FROM up WHERE start <> id"
)
_ABOVE = _CLOSURE.format(kinds="'IS_A'")
_WHOLES = _CLOSURE.format(kinds="'IS_A', 'PART_OF', 'UNSIDED'")
_NEIGHBOURS = (
    f"{_ASKED} SELECT source, kind, target, origin, version FROM edge JOIN asked ON source = asked.id "
    "UNION SELECT source, kind, target, origin, version FROM edge JOIN asked ON target = asked.id "
    "ORDER BY source, kind, target"
)


class EmbeddedStore:
    """A knowledge graph in one SQLite database. Safe to share between threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Wrap an open database that already has the tables."""
        self._connection = connection
        self._lock = threading.Lock()
        self._rank = 0
        try:
            connection.execute(_COUNTED)
        except sqlite3.Error as error:
            raise GraphStoreError("the file is not a graph store") from error

    def write_node(self, node: Node) -> None:
        """Store one concept and its names; earlier nodes rank before later ones."""
        self._rank += 1
        body = json.dumps(asdict(node), ensure_ascii=False, separators=(",", ":"))
        self._connection.execute(
            "INSERT INTO node VALUES (?, ?, ?, ?)", (node.id, node.group, self._rank, body)
        )
        self._connection.executemany(
            "INSERT INTO name VALUES (?, ?, ?, ?)",
            [(fold(name), name, node.id, self._rank) for name in node.names],
        )

    def write_edge(self, edge: Edge) -> None:
        """Store one relation; of two that differ in provenance only, the first stays."""
        row = (edge.source_id, edge.kind, edge.target_id, edge.source, edge.source_version)
        self._connection.execute("INSERT OR IGNORE INTO edge VALUES (?, ?, ?, ?, ?)", row)

    def add_observed(self, triples: Iterable[tuple[str, str, int]]) -> None:
        """Add counts of (finding id, site id) pairs seen in reference reports, for as long as it is open."""
        with self._lock, self._connection:
            self._connection.executemany(
                "INSERT INTO temp.counted VALUES (?, ?, ?) "
                "ON CONFLICT(finding, site) DO UPDATE SET count = count + excluded.count",
                list(triples),
            )

    def finish(self, sources: Iterable[Source]) -> None:
        """Index what was written and store the manifest."""
        self._connection.executescript(_INDEXES)
        counts = {
            table: self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("node", "name", "edge")
        }
        manifest = Manifest(
            SCHEMA_VERSION, tuple(sources), counts["node"], counts["name"], counts["edge"], self.checksum()
        )
        with self._connection:
            self._connection.execute(
                "INSERT INTO meta VALUES ('manifest', ?)", (json.dumps(asdict(manifest)),)
            )

    def checksum(self) -> str:
        """SHA-256 over all nodes and edges in the order of their ids."""
        digest = hashlib.sha256()
        for query in (
            "SELECT body FROM node ORDER BY id",
            "SELECT * FROM edge ORDER BY source, kind, target",
        ):
            for row in self._connection.execute(query):
                digest.update("\t".join(row).encode())
        return digest.hexdigest()

    def manifest(self) -> Manifest:
        """See GraphStore."""
        rows = self._all("SELECT value FROM meta WHERE key = 'manifest'")
        if not rows:
            raise GraphStoreError("the store has no manifest: its load did not finish")
        raw = json.loads(rows[0][0])
        return Manifest(**{**raw, "sources": tuple(Source(**source) for source in raw["sources"])})

    def names(self, groups: Collection[Group]) -> Iterator[tuple[str, str, Group]]:
        """See GraphStore."""
        rows = self._all(
            f"{_ASKED} SELECT name.text, name.node, node.grp FROM node JOIN asked ON node.grp = asked.id "
            "JOIN name ON name.node = node.id ORDER BY name.rank, name.rowid",
            json.dumps(sorted(groups)),
        )
        return ((text, node, Group(group)) for text, node, group in rows)

    def concepts_by_name(self, name: str) -> tuple[Node, ...]:
        """See GraphStore."""
        rows = self._all(
            "SELECT DISTINCT node.body FROM name JOIN node ON node.id = name.node "
            "WHERE name.folded = ? ORDER BY name.rank",
            fold(name),
        )
        return tuple(_node(body) for (body,) in rows)

    def facts(self, ids: Iterable[str]) -> Facts:
        """See GraphStore."""
        asked = json.dumps(sorted(set(ids)))
        above, wholes = _grouped(self._all(_ABOVE, asked)), _grouped(self._all(_WHOLES, asked))
        edges = tuple(
            _edge(row)
            for row in self._all(
                f"{_ASKED} SELECT source, kind, target, origin, version FROM edge "
                "JOIN asked ON source = asked.id ORDER BY source, kind, target",
                asked,
            )
        )
        wanted = {*json.loads(asked), *(edge.target_id for edge in edges)}
        bodies = self._all(
            f"{_ASKED} SELECT body FROM node JOIN asked ON node.id = asked.id", json.dumps(sorted(wanted))
        )
        nodes = {node.id: node for node in (_node(body) for (body,) in bodies)}
        return Facts(nodes, edges, above, wholes)

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

    def observed(self, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """See GraphStore."""
        rows = self._all(
            "SELECT finding, site, sum(count) FROM "
            "(SELECT * FROM observed UNION ALL SELECT * FROM temp.counted) JOIN json_each(?) AS pair "
            "ON finding = json_extract(pair.value, '$[0]') AND site = json_extract(pair.value, '$[1]') "
            "GROUP BY finding, site",
            json.dumps(sorted(pairs)),
        )
        counts = {(finding, site): int(count) for finding, site, count in rows}
        return {pair: counts.get(pair, 0) for pair in pairs}

    def close(self) -> None:
        """See GraphStore."""
        with self._lock:
            self._connection.close()

    def _all(self, query: str, *values: str) -> list[tuple[str, ...]]:
        try:
            with self._lock:
                return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise GraphStoreError(f"the embedded graph cannot answer: {type(error).__name__}") from error


def _node(body: str) -> Node:
    raw = json.loads(body)
    raw["group"] = Group(raw["group"])
    raw["sidedness"] = Sidedness(raw["sidedness"]) if raw["sidedness"] else None
    for key in ("names", "xrefs", "severities"):
        raw[key] = tuple(raw[key])
    raw["plausible_mm"] = tuple(raw["plausible_mm"]) if raw["plausible_mm"] else None
    return Node(**raw)


def _edge(row: tuple[str, ...]) -> Edge:
    source, kind, target, origin, version = row
    return Edge(source, EdgeKind(kind), target, origin, version)


def _grouped(rows: Iterable[tuple[str, ...]]) -> dict[str, frozenset[str]]:
    result: dict[str, set[str]] = {}
    for start, end in rows:
        result.setdefault(start, set()).add(end)
    return {start: frozenset(ends) for start, ends in result.items()}


def create(
    path: str, items: Iterable[Node | Edge], bounds: pipeline.Bounds | None = None
) -> tuple[EmbeddedStore, pipeline.Summary]:
    """Load ``items`` into a new database at ``path`` (":memory:" for none on disk)."""
    connection = sqlite3.connect(path, check_same_thread=False)
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)
    store = EmbeddedStore(connection)
    counted = _Counted(items)
    with connection:
        summary = pipeline.load(counted, store, bounds)
    store.finish(counted.sources())
    return store, summary


class _Counted:
    """Passes items through and counts them per source."""

    def __init__(self, items: Iterable[Node | Edge]) -> None:
        self._items = items
        self._counts: dict[tuple[str, str], list[int]] = {}

    def __iter__(self) -> Iterator[Node | Edge]:
        for item in self._items:
            counts = self._counts.setdefault((item.source, item.source_version), [0, 0])
            counts[int(isinstance(item, Edge))] += 1
            yield item

    def sources(self) -> list[Source]:
        """The sources in the order of their names."""
        return [
            Source(name, version, LICENCES.get(name, "see source"), nodes, edges)
            for (name, version), (nodes, edges) in sorted(self._counts.items())
        ]


LICENCES = {
    "RadProof core": "as RadProof",
    "OIDM anatomic locations": "MIT; RadLex License 2.0",
    "OIDM finding models": "MIT",
    "HPO": "HPO licence: free with citation and version",
    "RadLex": "RadLex License 2.0",
}


def open_bundled() -> EmbeddedStore:
    """The bundled core graph in memory."""
    return create(":memory:", core.read(), pipeline.Bounds(nodes=(3_000, 100_000), edges=(3_000, 1_000_000)))[
        0
    ]


def open_store(path: Path) -> EmbeddedStore:
    """A store that ``kg_ingest load`` wrote.

    Raises:
        GraphStoreError: when there is none, or it is of another schema version.
    """
    if not path.is_file():
        raise GraphStoreError("there is no graph file at the configured path")
    store = EmbeddedStore(
        sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
    )
    found = store.manifest().schema_version
    if found != SCHEMA_VERSION:
        raise GraphStoreError(f"the graph has schema version {found}, this service needs {SCHEMA_VERSION}")
    return store
