"""From the workspace to one embedded graph: concepts joined, edges mapped, checksum and manifest."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from kg_ingest.checksum import KINDS, Checksum, columns, kind_number, text_hash
from kg_ingest.coding import decode, encode
from kg_ingest.merging import join, merged, split
from kg_ingest.schema import SCHEMA_VERSION, EdgeKind, Manifest, Source
from kg_ingest.staging import Progress, silent
from models.tokens import fold

TABLES = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE origin(n INTEGER PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL, licence TEXT NOT NULL);
CREATE TABLE node(n INTEGER PRIMARY KEY, id TEXT NOT NULL, grp TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE name(folded TEXT NOT NULL, text TEXT NOT NULL, node INTEGER NOT NULL, place INTEGER NOT NULL,
                  origin INTEGER NOT NULL);
CREATE TABLE edge(source INTEGER NOT NULL, kind INTEGER NOT NULL, target INTEGER NOT NULL,
                  origin INTEGER NOT NULL, count INTEGER NOT NULL,
                  PRIMARY KEY(source, kind, target, origin)) WITHOUT ROWID;
CREATE TABLE mention(node INTEGER NOT NULL, report TEXT NOT NULL, label TEXT NOT NULL, origin INTEGER NOT NULL,
                     PRIMARY KEY(node, report, label)) WITHOUT ROWID;
"""
_INDEXES = """
CREATE UNIQUE INDEX node_id ON node(id);
CREATE INDEX node_group ON node(grp);
CREATE INDEX name_folded ON name(folded, node);
CREATE INDEX name_node ON name(node, place);
CREATE INDEX edge_target ON edge(target, kind);
CREATE INDEX mention_report ON mention(report);
"""
_MAPPED = """
CREATE TEMP TABLE mapped AS
SELECT coalesce(sa.root, s.n) AS source, kind, coalesce(ta.root, t.n) AS target, origin, count
FROM raw_edge JOIN term AS s ON s.id = raw_edge.source JOIN term AS t ON t.id = raw_edge.target
LEFT JOIN alias AS sa ON sa.n = s.n LEFT JOIN alias AS ta ON ta.n = t.n
WHERE s.n <= (SELECT n FROM loaded) AND t.n <= (SELECT n FROM loaded);
INSERT INTO edge SELECT source, kind, target, origin, CASE kind WHEN {observed} THEN sum(count) ELSE 1 END
FROM mapped WHERE source <> target GROUP BY source, kind, target, origin ORDER BY source, kind, target, origin;
"""
_DANGLING = """
INSERT INTO conflict SELECT 'an edge to a concept that is not loaded', source, target FROM raw_edge
WHERE NOT EXISTS (SELECT 1 FROM term WHERE id = source AND n <= (SELECT n FROM loaded))
   OR NOT EXISTS (SELECT 1 FROM term WHERE id = target AND n <= (SELECT n FROM loaded))
LIMIT {most}
"""
_MENTIONS = """
INSERT OR IGNORE INTO mention SELECT coalesce(alias.root, term.n), report, label, origin FROM raw_mention
JOIN term ON term.id = raw_mention.concept LEFT JOIN alias ON alias.n = term.n
WHERE term.n <= (SELECT n FROM loaded) ORDER BY 1, 2, 3
"""
_LISTED = 1_000  # dangling edges that are listed one by one; all are counted
_CHUNK = 50_000


def build(
    connection: sqlite3.Connection, licences: tuple[str, ...] = (), progress: Progress = silent
) -> Manifest:
    """Fill the tables of an empty graph from the workspace attached to it, and close the books.

    Raises:
        sqlite3.Error: when the disk is full or the file cannot be written.
    """
    connection.executescript(TABLES)
    with connection:
        progress("join", 0, None)
        joined = join(connection)
        connection.execute("INSERT INTO origin SELECT n, name, version, licence FROM raw_origin")
        _nodes(connection, progress)
        lost = _edges(connection, progress)
        connection.execute(_MENTIONS)
        progress("index", 0, None)
    connection.executescript(_INDEXES)
    with connection:
        cycles = _cycles(connection)
        conflicts = _count(connection, "conflict") - min(lost, _LISTED)
        manifest = Manifest(
            SCHEMA_VERSION,
            _sources(connection),
            _count(connection, "node"),
            _count(connection, "name"),
            _count(connection, "edge"),
            checksum(connection, progress),
            mentions=_count(connection, "mention"),
            joined=joined,
            conflicts=conflicts,
            licences=licences,
        )
        extra = {"manifest": asdict(manifest), "dangling_edges": lost, "cyclic_concepts": cycles}
        connection.executemany(
            "INSERT INTO meta VALUES (?, ?)", [(key, json.dumps(value)) for key, value in extra.items()]
        )
    return manifest


def checksum(connection: sqlite3.Connection, progress: Progress = silent) -> str:
    """Over all nodes, edges and mentions of an embedded graph."""
    total = Checksum()
    hashes = np.zeros(connection.execute("SELECT coalesce(max(n), 0) FROM node").fetchone()[0] + 1, np.uint64)
    for rows in chunks(connection.execute("SELECT n, id, body FROM node")):
        total.add_texts(body for _, _, body in rows)
        hashes[[number for number, _, _ in rows]] = [text_hash(identifier) for _, identifier, _ in rows]
    origins = np.array([text_hash(key) for key in _origins(connection)] or [0], np.uint64)
    done = 0
    for rows in chunks(connection.execute("SELECT source, kind, target, origin, count FROM edge")):
        source, kind, target, origin, count = columns(rows, 5)
        total.add_edges((hashes[source], hashes[target]), kind, origins[origin], count)
        progress("checksum", done := done + len(rows), None)
    for rows in chunks(connection.execute("SELECT id, report, label FROM mention JOIN node ON n = node")):
        total.add_texts("\t".join(row) for row in rows)
    return total.hexdigest()


def chunks(rows: sqlite3.Cursor) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a query, some tens of thousands at a time."""
    while found := rows.fetchmany(_CHUNK):
        yield found


def _origins(connection: sqlite3.Connection) -> list[str]:
    return [
        f"{name}\t{version}"
        for name, version in connection.execute("SELECT name, version FROM origin ORDER BY n")
    ]


def _nodes(connection: sqlite3.Connection, progress: Progress) -> None:
    total = _count(connection, "raw_node")
    rows = connection.execute(
        "SELECT coalesce(alias.root, term.n) AS root, term.n, raw_node.body FROM raw_node "
        "JOIN term ON term.id = raw_node.id LEFT JOIN alias ON alias.n = term.n ORDER BY root, raw_node.rowid"
    )
    origins = {
        (name, version): n for n, name, version in connection.execute("SELECT n, name, version FROM origin")
    }
    nodes: list[tuple[Any, ...]] = []
    names: list[tuple[Any, ...]] = []
    done = 0

    def flush() -> None:
        connection.executemany("INSERT INTO node VALUES (?, ?, ?, ?)", nodes)
        connection.executemany("INSERT INTO name VALUES (?, ?, ?, ?, ?)", names)
        nodes.clear()
        names.clear()
        progress("write concepts", done, total)

    for root, records in groupby(rows, key=itemgetter(0)):
        stated = [(number, body) for _, number, body in records]
        done += len(stated)
        node = decode(stated[0][1])
        body = stated[0][1]
        if len(stated) > 1:
            lead = next((decode(text).id for number, text in stated if number == root), node.id)
            node = merged([decode(text) for _, text in stated], lead)
            body = encode(node)
        nodes.append((root, node.id, node.group.value, body))
        first = {name: record for record in reversed(split(node)) for name in record.names}
        names += [
            (folded, name, root, place, origins[first[name].source, first[name].source_version])
            for place, name in enumerate(node.names)
            if (folded := fold(name))  # a name of marks only cannot be looked up
        ]
        if len(nodes) >= _CHUNK // 10:
            flush()
    flush()


def _edges(connection: sqlite3.Connection, progress: Progress) -> int:
    """Write the edges between loaded concepts; the number of those that lead elsewhere."""
    progress("write edges", 0, None)
    connection.execute("DROP TABLE IF EXISTS temp.mapped")
    for statement in _MAPPED.format(observed=kind_number(EdgeKind.OBSERVED)).strip().split(";")[:-1]:
        connection.execute(statement)
    lost = _count(connection, "raw_edge") - _count(connection, "mapped")
    connection.execute(
        "INSERT INTO conflict SELECT 'joining made an edge lead from a concept to itself', node.id, raw_origin.name "
        "FROM mapped JOIN node ON node.n = mapped.source JOIN raw_origin ON raw_origin.n = mapped.origin "
        "WHERE source = target"
    )
    if lost:
        connection.execute(_DANGLING.format(most=_LISTED))
    connection.execute("DROP TABLE temp.mapped")
    return lost


def _cycles(connection: sqlite3.Connection) -> int:
    """How many concepts lie on a circle of IS_A or below one; up to 100 are listed as conflicts.

    Peels off concepts without a parent, level by level (Kahn, CACM 1962).
    """
    rows = connection.execute("SELECT source, target FROM edge WHERE kind = ?", (kind_number(EdgeKind.IS_A),))
    parts = [np.array(chunk, dtype=np.int32) for chunk in chunks(rows)]
    if not parts:
        return 0
    edges = np.concatenate(parts)
    del parts
    has_parent = np.zeros(int(edges.max()) + 1, dtype=bool)
    while len(edges):
        has_parent[:] = False
        has_parent[edges[:, 0]] = True
        below = has_parent[edges[:, 1]]
        if below.all():
            break
        edges = edges[below]
    circle = np.unique(edges[:, 0])
    connection.executemany(
        "INSERT INTO conflict SELECT 'it is a kind of itself', id, id FROM node WHERE n = ?",
        [(int(number),) for number in circle[:100]],
    )
    return len(circle)


def _sources(connection: sqlite3.Connection) -> tuple[Source, ...]:
    nodes = dict(connection.execute("SELECT origin, count(*) FROM raw_node GROUP BY origin"))
    edges = dict(connection.execute("SELECT origin, count(*) FROM edge GROUP BY origin"))
    return tuple(
        Source(name, version, licence, nodes.get(number, 0), edges.get(number, 0))
        for number, name, version, licence in connection.execute(
            "SELECT n, name, version, licence FROM origin ORDER BY name, version"
        )
    )


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def edge_kind(number: int) -> EdgeKind:
    """The kind that a store keeps as this number."""
    return KINDS[number]
