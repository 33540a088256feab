"""Correct reports to compare with: a FAISS index and the reports behind it, in one folder.

The folder holds ``vectors.faiss`` (inner product over unit vectors), ``reports.db`` (key, id, text
and graph of each report) and ``manifest.json`` (model, counts, checksums). Retrieval finds
neighbours; it cannot tell left from right or present from absent: each hit therefore carries its
graph, and graphs decide. Exact search: right up to about 100,000 reports.
"""

import hashlib
import json
import shutil
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import faiss
import numpy as np

from models.embedder import Embedder
from models.graph_json import graph_from_json, graph_to_json
from models.sections import parse
from models.types import ReportGraph, SectionName

SCHEMA_VERSION = "2"
_VECTORS, _REPORTS, _MANIFEST = "vectors.faiss", "reports.db", "manifest.json"
_CHUNK = 256
_EMBEDDED = frozenset({SectionName.FINDINGS, SectionName.IMPRESSION})
_SCHEMA = """
CREATE TABLE report(key INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, text TEXT NOT NULL, graph TEXT NOT NULL)
"""
_INSERT = "INSERT INTO report(id, text, graph) VALUES (?, ?, ?) RETURNING key"


class ReferenceIndexError(Exception):
    """The index cannot be used.

    ``code``: missing | corrupt | schema_mismatch | model_mismatch | duplicate.
    """

    def __init__(self, code: str, message: str) -> None:
        """Keep the code beside the message."""
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class ReferenceRecord:
    """A correct report with its graph."""

    id: str
    text: str
    graph: ReportGraph


@dataclass(frozen=True, slots=True)
class Hit:
    """A record and its cosine similarity to the query."""

    record: ReferenceRecord
    score: float


@dataclass(frozen=True, slots=True)
class IndexManifest:
    """What an index holds."""

    schema_version: str
    model_id: str
    dimension: int
    count: int
    source: str
    vectors_sha256: str
    reports_sha256: str


class ReferenceIndex:
    """An open index. Searches may run side by side; changes are kept by ``save``."""

    def __init__(
        self, embedder: Embedder, vectors: faiss.Index, reports: sqlite3.Connection, source: str
    ) -> None:
        """Wrap open parts; use ``build`` or ``open``."""
        self._embedder = embedder
        self._vectors = vectors
        self._reports = reports
        self._lock = threading.Lock()
        self.source = source

    @classmethod
    def build(cls, records: Iterable[ReferenceRecord], embedder: Embedder, source: str) -> "ReferenceIndex":
        """A new index in memory; ``source`` says where the reports come from.

        Raises:
            ReferenceIndexError: duplicate, when two records share an id.
            EmbedderError: when the model cannot run.
        """
        reports = sqlite3.connect(":memory:", check_same_thread=False)
        reports.execute(_SCHEMA)
        vectors = faiss.IndexIDMap2(faiss.IndexFlatIP(embedder.dimension))
        index = cls(embedder, vectors, reports, source)
        index.add(records)
        return index

    @classmethod
    def open(cls, folder: Path, embedder: Embedder) -> "ReferenceIndex":
        """The index that ``save`` wrote.

        Raises:
            ReferenceIndexError: when it is missing, changed since, or made by another model or schema.
        """
        manifest = read_manifest(folder)
        if manifest.model_id != embedder.model_id:
            raise ReferenceIndexError(
                "model_mismatch",
                f"the index was built with {manifest.model_id}, this service embeds with {embedder.model_id}",
            )
        files = ((_VECTORS, manifest.vectors_sha256), (_REPORTS, manifest.reports_sha256))
        if any(_sha256(folder / name) != expected for name, expected in files):
            raise ReferenceIndexError("corrupt", "the index files do not match their checksums")
        reports = sqlite3.connect(":memory:", check_same_thread=False)
        with sqlite3.connect(f"{(folder / _REPORTS).resolve().as_uri()}?mode=ro", uri=True) as stored:
            stored.backup(reports)
        return cls(embedder, faiss.read_index(str(folder / _VECTORS)), reports, manifest.source)

    def save(self, folder: Path) -> IndexManifest:
        """Write the index to ``folder``, which is replaced as a whole."""
        part = folder.with_name(folder.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        with self._lock:
            faiss.write_index(self._vectors, str(part / _VECTORS))
            stored = sqlite3.connect(part / _REPORTS)
            self._reports.backup(stored)
            stored.close()
        manifest = IndexManifest(
            SCHEMA_VERSION,
            self._embedder.model_id,
            self._embedder.dimension,
            len(self),
            self.source,
            _sha256(part / _VECTORS),
            _sha256(part / _REPORTS),
        )
        (part / _MANIFEST).write_text(json.dumps(asdict(manifest), indent=2) + "\n", encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
        return manifest

    def __len__(self) -> int:
        """How many reports it holds."""
        return int(self._vectors.ntotal)

    def add(self, records: Iterable[ReferenceRecord]) -> int:
        """Add reports and return how many; all of a chunk of 256 or none of it.

        Raises:
            ReferenceIndexError: duplicate, when an id is already there.
            EmbedderError: when the model cannot run.
        """
        added = 0
        for chunk in _chunks(iter(records)):
            vectors = self._embedder.embed([essence(record.text) for record in chunk])
            with self._lock:
                keys = np.array(self._store(chunk), dtype=np.int64)
                self._vectors.add_with_ids(vectors, keys)
            added += len(chunk)
        return added

    def _store(self, chunk: list[ReferenceRecord]) -> list[int]:
        try:
            with self._reports:
                return [self._insert(record) for record in chunk]
        except sqlite3.IntegrityError as error:
            raise ReferenceIndexError("duplicate", "a report with this id is already in the index") from error

    def _insert(self, record: ReferenceRecord) -> int:
        graph = json.dumps(graph_to_json(record.graph), ensure_ascii=False)
        (key,) = self._reports.execute(_INSERT, (record.id, record.text, graph)).fetchone()
        return int(key)

    def delete(self, ids: Iterable[str]) -> int:
        """Remove reports by id and return how many were there."""
        removed = 0
        with self._lock, self._reports:
            for identifier in ids:
                row = self._reports.execute("SELECT key FROM report WHERE id = ?", (identifier,)).fetchone()
                if row is not None:
                    self._reports.execute("DELETE FROM report WHERE key = ?", row)
                    selector = faiss.IDSelectorBatch(np.array(row, dtype=np.int64))
                    removed += int(self._vectors.remove_ids(selector))
        return removed

    def search(self, text: str, k: int) -> tuple[Hit, ...]:
        """The ``k`` most similar reports, best first; fewer when the index holds fewer.

        Raises:
            EmbedderError: when the model cannot run.
        """
        query = self._embedder.embed([essence(text)])
        with self._lock:
            scores, keys = self._vectors.search(query, min(k, max(len(self), 1)))
            return tuple(
                Hit(self._record(int(key)), float(score))
                for score, key in zip(scores[0], keys[0], strict=True)
                if key >= 0
            )

    def records(self) -> Iterator[ReferenceRecord]:
        """Every report, in the order of adding."""
        with self._lock:
            keys = [key for (key,) in self._reports.execute("SELECT key FROM report ORDER BY key")]
            found = [self._record(key) for key in keys]
        return iter(found)

    def _record(self, key: int) -> ReferenceRecord:
        row = self._reports.execute("SELECT id, text, graph FROM report WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise ReferenceIndexError("corrupt", "a vector has no report")
        identifier, text, graph = row
        return ReferenceRecord(identifier, text, graph_from_json(json.loads(graph)))


def essence(text: str) -> str:
    """What of a report is embedded: findings and impression, or all of a report without them.

    Title, history and technique would make reports neighbours that say nothing alike.
    """
    parts = [section.body.of(text).strip() for section in parse(text).sections if section.name in _EMBEDDED]
    return "\n".join(part for part in parts if part) or text


def read_manifest(folder: Path) -> IndexManifest:
    """The manifest of an index folder.

    Raises:
        ReferenceIndexError: missing, corrupt or schema_mismatch.
    """
    try:
        raw = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        manifest = IndexManifest(**raw)
    except FileNotFoundError as error:
        raise ReferenceIndexError("missing", "there is no reference index in the folder") from error
    except (OSError, ValueError, TypeError) as error:
        raise ReferenceIndexError("corrupt", "the manifest of the index cannot be read") from error
    if manifest.schema_version != SCHEMA_VERSION:
        raise ReferenceIndexError(
            "schema_mismatch",
            f"the index has schema {manifest.schema_version}, this service needs {SCHEMA_VERSION}",
        )
    return manifest


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ReferenceIndexError("corrupt", "a file of the index cannot be read") from error


def _chunks(records: Iterator[ReferenceRecord]) -> Iterator[list[ReferenceRecord]]:
    while chunk := list(islice(records, _CHUNK)):
        yield chunk
