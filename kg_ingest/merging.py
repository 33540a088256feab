"""One concept per meaning: which records of different sources are the same concept.

Records with one identifier are one. Others join when a source says so with an identifier that stands
for one meaning (``identifiers.JOINING``) or in a mapping, and when that is unambiguous:

* a source that ties one record to several identifiers of a vocabulary, or several records to one
  identifier, joins none of these;
* two records of one source never become one concept; nor do an anatomic structure and a finding.

Every join that is refused is listed as a conflict. The outcome does not depend on the order of rows.
``split`` takes a joined concept apart again.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kg_ingest.identifiers import namespace
from kg_ingest.schema import Group, Node

_CLASS = {
    Group.ANATOMY: 1,
    Group.FINDING: 2,
    Group.DISEASE: 2,
    Group.DEVICE: 3,
    Group.PROCEDURE: 4,
    Group.OTHER: 0,
}
_NUMBERED = """
CREATE TABLE stage.term(n INTEGER PRIMARY KEY, id TEXT NOT NULL);
INSERT INTO term(id) SELECT id FROM raw_node GROUP BY id ORDER BY min(rowid);
CREATE UNIQUE INDEX stage.term_id ON term(id);
CREATE TABLE stage.loaded AS SELECT count(*) AS n FROM term;
INSERT OR IGNORE INTO term(id) SELECT a FROM (SELECT a FROM raw_link UNION SELECT b FROM raw_link) ORDER BY a;
CREATE TABLE stage.pair AS
  SELECT DISTINCT name AS source, ta.n AS a, tb.n AS b, space(ta.id) AS a_space, space(tb.id) AS b_space
  FROM raw_link JOIN raw_origin ON raw_origin.n = raw_link.origin
  JOIN term AS ta ON ta.id = raw_link.a JOIN term AS tb ON tb.id = raw_link.b WHERE ta.n <> tb.n;
CREATE TABLE stage.several AS SELECT source, a, b_space FROM pair GROUP BY 1, 2, 3 HAVING count(*) > 1;
CREATE TABLE stage.shared AS SELECT source, b, a_space FROM pair GROUP BY 1, 2, 3 HAVING count(*) > 1;
CREATE INDEX stage.several_key ON several(a, source, b_space);
CREATE INDEX stage.shared_key ON shared(b, source, a_space);
CREATE TABLE stage.alias(n INTEGER PRIMARY KEY, root INTEGER NOT NULL);
CREATE TABLE conflict(reason TEXT NOT NULL, a TEXT NOT NULL, b TEXT NOT NULL);
"""
_TABLES = ("term", "loaded", "pair", "several", "shared", "alias")
_SEVERAL = "EXISTS (SELECT 1 FROM several AS s WHERE (s.a, s.source, s.b_space) = (pair.a, pair.source, pair.b_space))"
_SHARED = "EXISTS (SELECT 1 FROM shared AS s WHERE (s.b, s.source, s.a_space) = (pair.b, pair.source, pair.a_space))"
_AMBIGUOUS = """
INSERT INTO conflict SELECT pair.source || '{reason}', ta.id, tb.id
FROM pair JOIN term AS ta ON ta.n = pair.a JOIN term AS tb ON tb.n = pair.b WHERE {test} ORDER BY 1, 2, 3
"""
_MOST_SOURCES = 63


class TooManySourcesError(ValueError):
    """More than 63 sources in one graph."""


def join(connection: sqlite3.Connection) -> int:
    """Number every identifier (table ``term``) and point joined ones to their concept (``alias``).

    A concept is named by the record that was staged first. Returns the number of joined records.
    """
    connection.create_function("space", 1, namespace, deterministic=True)
    for table in _TABLES:
        connection.execute(f"DROP TABLE IF EXISTS stage.{table}")
    connection.executescript(_NUMBERED)
    for test, reason in (
        (_SEVERAL, " ties it to several identifiers of one vocabulary"),
        (_SHARED, " ties several of its concepts to one identifier"),
    ):
        connection.execute(_AMBIGUOUS.format(test=test, reason=reason))
    roots = _clusters(connection)
    loaded = connection.execute("SELECT n FROM loaded").fetchone()[0]
    moved = np.flatnonzero(roots[: loaded + 1] != np.arange(loaded + 1))
    connection.executemany(
        "INSERT INTO alias VALUES (?, ?)", zip(moved.tolist(), roots[moved].tolist(), strict=True)
    )
    return len(moved)


def _clusters(connection: sqlite3.Connection) -> NDArray[np.int32]:
    """The number of the concept of every term: union-find, the lowest number leads."""
    size = connection.execute("SELECT count(*) FROM term").fetchone()[0] + 1
    parent = np.arange(size, dtype=np.int32)
    sources = np.zeros(size, dtype=np.uint64)
    kinds = np.zeros(size, dtype=np.int8)
    _describe(connection, sources, kinds)
    pairs = connection.execute(
        f"SELECT a, b FROM pair WHERE NOT {_SEVERAL} AND NOT {_SHARED} GROUP BY a, b ORDER BY a, b"
    )
    refused: list[tuple[str, int, int]] = []
    for a, b in pairs:
        one, other = sorted((_root(parent, a), _root(parent, b)))
        if one == other:
            continue
        if sources[one] & sources[other]:
            refused.append(("a mapping would make two concepts of one source the same", a, b))
        elif kinds[one] and kinds[other] and kinds[one] != kinds[other]:
            refused.append(("a mapping ties concepts of different kinds", a, b))
        else:
            parent[other] = one
            sources[one] |= sources[other]
            kinds[one] = kinds[one] or kinds[other]
    connection.executemany(
        "INSERT INTO conflict SELECT ?, ta.id, tb.id FROM term AS ta, term AS tb WHERE ta.n = ? AND tb.n = ?",
        refused,
    )
    return _flattened(parent)


def _describe(connection: sqlite3.Connection, sources: NDArray[np.uint64], kinds: NDArray[np.int8]) -> None:
    """Which sources have a record of each term, and what kind of thing they say it is."""
    names = [name for (name,) in connection.execute("SELECT DISTINCT name FROM raw_origin ORDER BY name")]
    if len(names) > _MOST_SOURCES:
        raise TooManySourcesError(f"a graph takes at most {_MOST_SOURCES} sources, not {len(names)}")
    bits = {name: np.uint64(1 << number) for number, name in enumerate(names)}
    classes = {group.value: number for group, number in _CLASS.items()}
    clashes = []
    rows = connection.execute(
        "SELECT term.n, raw_origin.name, raw_node.grp FROM raw_node JOIN term ON term.id = raw_node.id "
        "JOIN raw_origin ON raw_origin.n = raw_node.origin"
    )
    for number, name, group in rows:
        sources[number] |= bits[name]
        kind = classes[group]
        if kinds[number] and kind and kinds[number] != kind:
            clashes.append((number,))
        kinds[number] = kinds[number] or kind
    connection.executemany(
        "INSERT INTO conflict SELECT 'its records say different kinds of thing', id, id FROM term WHERE n = ?",
        clashes,
    )


def _root(parent: NDArray[np.int32], number: int) -> int:
    while (up := int(parent[number])) != number:
        parent[number] = parent[up]
        number = up
    return number


def _flattened(parent: NDArray[np.int32]) -> NDArray[np.int32]:
    while True:
        higher = parent[parent]
        if np.array_equal(higher, parent):
            return parent
        parent = higher


def merged(records: list[Node], identifier: str) -> Node:
    """One node of the records of a concept, the first one leading; it keeps them as members."""
    records = _united(records)
    lead = records[0]
    if len(records) == 1:
        return lead
    identifiers = [record.id for record in records]
    xrefs = [xref for record in records for xref in (record.id, *record.xrefs)]

    def first(name: str) -> object:
        return next((value for record in records if (value := getattr(record, name))), getattr(lead, name))

    known = {
        name: first(name) for name in ("region", "sidedness", "acuity", "sex", "plausible_mm", "severities")
    }
    group = next((record.group for record in records if record.group is not Group.OTHER), lead.group)
    return replace(
        lead,
        id=identifier,
        group=group,
        names=_distinct(name for record in records for name in record.names),
        xrefs=_distinct(xref for xref in xrefs if xref != identifier),
        members=tuple(records) if len(set(identifiers)) > 1 or _differ(records) else (),
        **known,  # type: ignore[arg-type]
    )


def split(node: Node) -> tuple[Node, ...]:
    """The sources' own records of a concept, each as it was stated."""
    return node.members or (node,)


def _united(records: list[Node]) -> list[Node]:
    """Parts of one record, as UMLS files give them in several places, put together."""
    parts: dict[tuple[str, str, str], Node] = {}
    for record in records:
        key = (record.id, record.source, record.source_version)
        known = parts.get(key)
        parts[key] = (
            record
            if known is None
            else replace(
                known,
                names=_distinct((*known.names, *record.names)),
                xrefs=_distinct((*known.xrefs, *record.xrefs)),
            )
        )
    return list(parts.values())


def _differ(records: list[Node]) -> bool:
    return len({(record.source, record.source_version) for record in records}) > 1


def _distinct(values: Iterator[str] | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
