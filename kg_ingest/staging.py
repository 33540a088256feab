"""The workspace of a load: what every source states, on disk, before it is joined into one graph.

Nothing here grows with the input but the file: memory stays constant. A source is staged in one
transaction and then marked as done, so a load that was killed goes on with the next source.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from kg_ingest.checksum import kind_number
from kg_ingest.coding import encode
from kg_ingest.identifiers import JOINING, namespace
from kg_ingest.licences import terms_of
from kg_ingest.schema import SCHEMA_VERSION, Edge, Item, Link, Mention, Node, Reject
from kg_ingest.soundness import fault

_TABLES = """
CREATE TABLE IF NOT EXISTS stage.done(stamp TEXT PRIMARY KEY, position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS stage.raw_origin(n INTEGER PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL,
                                            licence TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS stage.raw_node(id TEXT NOT NULL, origin INTEGER NOT NULL, grp TEXT NOT NULL,
                                          body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS stage.raw_edge(source TEXT NOT NULL, kind INTEGER NOT NULL, target TEXT NOT NULL,
                                          origin INTEGER NOT NULL, count INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS stage.raw_link(a TEXT NOT NULL, b TEXT NOT NULL, origin INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS stage.raw_mention(report TEXT NOT NULL, concept TEXT NOT NULL, label TEXT NOT NULL,
                                             origin INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS stage.reject(file TEXT NOT NULL, line INTEGER NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS stage.skip(reason TEXT NOT NULL, count INTEGER NOT NULL);
"""
_BATCH = 5_000
_INSERT = {
    "raw_node": "INSERT INTO raw_node VALUES (?, ?, ?, ?)",
    "raw_edge": "INSERT INTO raw_edge VALUES (?, ?, ?, ?, ?)",
    "raw_link": "INSERT INTO raw_link VALUES (?, ?, ?)",
    "raw_mention": "INSERT INTO raw_mention VALUES (?, ?, ?, ?)",
    "reject": "INSERT INTO reject VALUES (?, ?, ?)",
    "skip": "INSERT INTO skip VALUES (?, ?)",
}
_Rows = dict[str, list[tuple[object, ...]]]


class Progress(Protocol):
    """Told how far a phase has come; ``total`` is None where it cannot be known."""

    def __call__(self, phase: str, done: int, total: int | None) -> None:
        """``done`` and ``total`` count rows."""


def silent(phase: str, done: int, total: int | None) -> None:
    """Progress that nobody watches."""


class Staging:
    """A workspace file, or memory for small graphs, attached to the database of the graph to be.

    Used by one process at a time.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path | None = None) -> None:
        """Open or create the workspace; one of another schema version is begun anew."""
        self.connection = connection
        _attach(connection, path)
        self._origins: dict[tuple[str, str], int] = {
            (name, version): number
            for number, name, version in self.connection.execute("SELECT n, name, version FROM raw_origin")
        }

    def is_done(self, stamp: str) -> bool:
        """True when the source with this stamp (kind, files, sizes, dates) was staged whole."""
        return self.connection.execute("SELECT 1 FROM done WHERE stamp = ?", (stamp,)).fetchone() is not None

    def keep_only(self, stamps: Sequence[str]) -> None:
        """Begin anew unless what is staged is the beginning of this list of sources.

        Raises nothing: a workspace of another load is not an error, it is of no use.
        """
        staged = [stamp for (stamp,) in self.connection.execute("SELECT stamp FROM done ORDER BY position")]
        if staged != list(stamps[: len(staged)]):
            with self.connection:
                for table in ("done", "raw_origin", *_INSERT):
                    self.connection.execute(f"DELETE FROM stage.{table}")
            self._origins.clear()

    def add(self, items: Iterable[Item], stamp: str, licence: str, progress: Progress = silent) -> None:
        """Stage one source whole, or, when it fails, nothing of it."""
        with self.connection:
            rows: _Rows = {table: [] for table in _INSERT}
            done = 0
            for done, item in enumerate(items, start=1):
                self._put(item, rows, licence)
                if done % _BATCH == 0:
                    self._flush(rows)
                    progress(f"read {stamp.split(' ')[0]}", done, None)
            self._flush(rows)
            progress(f"read {stamp.split(' ')[0]}", done, done)
            self.connection.execute("INSERT INTO done VALUES (?, (SELECT count(*) FROM done))", (stamp,))

    def rejects(self) -> Iterator[tuple[str, int, str]]:
        """(file, line, reason) of every refused row, in the order of reading."""
        return iter(self.connection.execute("SELECT file, line, reason FROM reject ORDER BY rowid"))

    def reject_count(self) -> int:
        """How many rows were refused."""
        return int(self.connection.execute("SELECT count(*) FROM reject").fetchone()[0])

    def skips(self) -> dict[str, int]:
        """How many rows were left out, by reason."""
        rows = self.connection.execute("SELECT reason, sum(count) FROM skip GROUP BY reason ORDER BY reason")
        return Counter(dict(rows))

    def detach(self) -> None:
        """Let go of the workspace; its file stays."""
        self.connection.execute("DETACH stage")

    def _put(self, item: Item, rows: _Rows, licence: str) -> None:
        if (reason := fault(item)) is not None:
            rows["reject"].append((getattr(item, "source", ""), 0, reason))
        elif isinstance(item, Edge):
            origin = self._origin(item.source, item.source_version, licence)
            rows["raw_edge"].append(
                (item.source_id, kind_number(item.kind), item.target_id, origin, item.count)
            )
        elif isinstance(item, Node):
            origin = self._origin(item.source, item.source_version, licence)
            rows["raw_node"].append((item.id, origin, item.group.value, encode(item)))
            rows["raw_link"] += [(item.id, xref, origin) for xref in item.xrefs if namespace(xref) in JOINING]
        elif isinstance(item, Link):
            origin = self._origin(item.source, item.source_version, licence)
            rows["raw_link"].append((item.a, item.b, origin))
        elif isinstance(item, Mention):
            origin = self._origin(item.source, item.source_version, licence)
            rows["raw_mention"].append((item.report_id, item.concept_id, item.label, origin))
        elif isinstance(item, Reject):
            rows["reject"].append((item.file, item.line, item.reason))
        else:
            rows["skip"].append((item.reason, item.count))

    def _origin(self, name: str, version: str, licence: str) -> int:
        number = self._origins.get((name, version))
        if number is None:
            number = len(self._origins)
            row = (number, name, version, terms_of(name, licence).title)
            self.connection.execute("INSERT INTO raw_origin VALUES (?, ?, ?, ?)", row)
            self._origins[name, version] = number
        return number

    def _flush(self, rows: _Rows) -> None:
        for table, values in rows.items():
            if values:
                self.connection.executemany(_INSERT[table], values)
                values.clear()


def _attach(connection: sqlite3.Connection, path: Path | None) -> None:
    connection.execute("ATTACH ? AS stage", (":memory:" if path is None else str(path),))
    version = connection.execute("PRAGMA stage.user_version").fetchone()[0]
    if version not in (0, int(SCHEMA_VERSION)) and path is not None:
        connection.execute("DETACH stage")
        path.unlink()
        connection.execute("ATTACH ? AS stage", (str(path),))
    # against a kill the file is safe without waiting for the disk; a power cut begins the load anew
    connection.executescript(
        "PRAGMA stage.journal_mode = TRUNCATE; PRAGMA stage.synchronous = OFF; PRAGMA stage.cache_size = -65536;"
        f"PRAGMA temp_store = FILE; PRAGMA stage.user_version = {int(SCHEMA_VERSION)}; {_TABLES}"
    )
