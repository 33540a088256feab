"""Sources in, one sound graph out: staged, joined, counted, and refused where it is not sound."""

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from kg_ingest.embedded_build import build
from kg_ingest.embedded_store import EmbeddedStore, open_store
from kg_ingest.schema import Item, Manifest, Reject, Skip
from kg_ingest.soundness import words_of
from kg_ingest.staging import Progress, Staging, silent
from kg_ingest.store import GraphStoreError


class Reader(Protocol):
    """One source: reads its files and yields what they state, in constant memory."""

    @property
    def kind(self) -> str:
        """One word, as in ``--source KIND=PATH``."""

    @property
    def licence(self) -> str:
        """Key of ``licences.TERMS`` for what it yields."""

    @property
    def files(self) -> Sequence[Path]:
        """Every file that is read, for the stamp that tells whether it was staged before."""

    def read(self) -> Iterator[Item]:
        """Nodes, edges, links and mentions; rows that cannot be taken as Reject, left out ones as Skip.

        Raises:
            SourceError: when the whole source cannot be what it is said to be.
        """


class SourceError(ValueError):
    """A source as a whole cannot be read: the wrong folder, a cut-off file, another format."""


class TargetError(ValueError):
    """What a load is to write over is no graph file."""


class LoadError(Exception):
    """The load as a whole failed: too few, or too many, concepts or edges."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many concepts and edges a sound load has, both ends included."""

    nodes: tuple[int, int] = (1, 100_000_000)
    edges: tuple[int, int] = (0, 1_000_000_000)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a load took, left out and refused."""

    manifest: Manifest
    rejected: int
    skipped: dict[str, int]
    dangling_edges: int
    cyclic_concepts: int


@dataclass(frozen=True, slots=True)
class Plain:
    """Items at hand as a source: of the bundled graph, of a test."""

    items: Iterable[Item] = field(repr=False)
    kind: str = "items"
    licence: str = "unknown"
    files: Sequence[Path] = ()

    def read(self) -> Iterator[Item]:
        """See Reader."""
        return iter(self.items)


@dataclass(frozen=True, slots=True)
class Options:
    """How to load: bounds, the licences that the user acknowledged, who watches.

    ``inspect`` sees the graph before it appears under its name; when it raises, the load has failed.
    """

    bounds: Bounds = Bounds()
    licences: tuple[str, ...] = ()
    progress: Progress = silent
    inspect: Callable[[EmbeddedStore], None] = field(default=lambda _: None)


def stamp(reader: Reader) -> str:
    """Tells two states of a source apart: its kind, and the names, sizes and dates of its files."""
    digest = hashlib.sha256(repr(reader).encode() if reader.files else b"")
    for path in reader.files:
        state = path.stat()
        digest.update(f"{path.resolve()}\t{state.st_size}\t{state.st_mtime_ns}\n".encode())
    return f"{reader.kind} {digest.hexdigest()[:16]}"


def load(
    readers: Sequence[Reader],
    target: Path | None,
    options: Options | None = None,
    workspace: Path | None = None,
) -> tuple[EmbeddedStore, Summary]:
    """Load all readers into a new graph at ``target``, or in memory when that is None.

    The graph appears under its name when it is whole. A load that was killed goes on from its
    ``workspace`` with the first source that was not finished; that file is removed at the end.

    Raises:
        TargetError: before anything is read, when ``target`` holds something other than a graph.
        LoadError: when the counts fall outside the bounds, so that a cut-off source never passes;
            when the graph or the workspace cannot be written, or holds no sound database.
        SourceError: see Reader.
        OSError: when a file cannot be read or written.
    """
    how = options or Options()
    if target is not None:
        target = _replaceable(target)
    part = None if target is None else target.with_name(target.name + ".part")
    if part is not None:
        part.unlink(missing_ok=True)
        part.touch()
    connection = sqlite3.connect(":memory:" if part is None else part, check_same_thread=False)
    try:
        store, summary = _built(connection, readers, how, workspace)
    except BaseException as error:
        connection.close()
        if part is not None:
            part.unlink(missing_ok=True)
        if isinstance(error, sqlite3.Error):
            raise _unwritten(error, target, workspace) from error
        raise
    if part is not None and target is not None:
        part.replace(target)
    if workspace is not None:
        workspace.unlink(missing_ok=True)
    return store, summary


def _built(
    connection: sqlite3.Connection, readers: Sequence[Reader], how: Options, workspace: Path | None
) -> tuple[EmbeddedStore, Summary]:
    connection.executescript(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;"
    )
    staging = Staging(connection, workspace)
    _stage(readers, staging, how.progress)
    manifest = build(connection, how.licences, how.progress)
    store = EmbeddedStore(connection)
    summary = Summary(
        manifest,
        staging.reject_count(),
        staging.skips(),
        store.meta("dangling_edges"),
        store.meta("cyclic_concepts"),
    )
    _check(manifest, how.bounds)
    connection.execute("CREATE TABLE main.reject AS SELECT file, line, reason FROM stage.reject")
    state = {"rejected": summary.rejected, "skipped": summary.skipped, "stamps": _stamps(readers)}
    connection.execute("INSERT INTO meta VALUES ('load', ?)", (json.dumps(state),))
    connection.commit()
    staging.detach()
    how.inspect(store)
    return store, summary


def _unwritten(error: sqlite3.Error, target: Path | None, workspace: Path | None) -> LoadError:
    """What a failing database means; a damaged workspace goes, so that the next load begins anew."""
    name = getattr(error, "sqlite_errorname", "SQLITE_CORRUPT")  # without a name: text that is none
    if name in ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR") and workspace is not None:
        workspace.unlink(missing_ok=True)
    files = " or ".join(str(path) for path in (target, workspace) if path is not None)
    return LoadError(
        f"{files or 'the graph in memory'} cannot be written: {words_of(error)}; run the load again"
    )


def _replaceable(target: Path) -> Path:
    """The file that a name stands for, if it is free, empty or a graph of any schema version."""
    target = target.resolve()
    if not target.exists():
        return target
    if target.is_file() and (target.stat().st_size == 0 or _is_graph(target)):
        return target
    raise TargetError(f"{target.name} is there and is no graph file: a load replaces graph files only")


def _is_graph(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            query = "SELECT 1 FROM meta WHERE key = 'manifest'"
            return connection.execute(query).fetchone() is not None
    except sqlite3.DatabaseError:
        return False


def stored(readers: Sequence[Reader], target: Path) -> tuple[EmbeddedStore, Summary] | None:
    """The graph that an earlier load of the very same sources left at ``target``, if there is one."""
    if not target.is_file():
        return None
    try:
        store = open_store(target)
        state = store.meta("load")
        if state is not None and state["stamps"] == _stamps(readers):
            facts = (store.meta("dangling_edges"), store.meta("cyclic_concepts"))
            return store, Summary(store.manifest(), state["rejected"], state["skipped"], *facts)
        store.close()
    except GraphStoreError:
        return None
    return None


def _stamps(readers: Sequence[Reader]) -> list[str]:
    return [f"{stamp(reader)} {place}" for place, reader in enumerate(readers)]


def _stage(readers: Sequence[Reader], staging: Staging, progress: Progress) -> None:
    stamps = _stamps(readers)
    staging.keep_only(stamps)
    for reader, mark in zip(readers, stamps, strict=True):
        if not staging.is_done(mark):
            staging.add(_something(reader), mark, reader.licence, progress)


def _something(reader: Reader) -> Iterator[Item]:
    """What a source states; one that states nothing is the wrong file, and why is said."""
    nothing = True
    skipped: Counter[str] = Counter()
    refused: Reject | None = None
    for item in reader.read():
        if isinstance(item, Skip):
            skipped[item.reason] += item.count
        elif isinstance(item, Reject):
            refused = refused or item
        else:
            nothing = False
        yield item
    if not nothing:
        return
    why = "nothing that it should hold was found in it"
    if refused is not None:
        why = f"no row of it can be taken; {refused.file} line {refused.line}: {refused.reason}"
    elif skipped:
        why = "all of it was left out: " + ", ".join(f"{count} {reason}" for reason, count in skipped.items())
    raise SourceError(f"{reader.kind}: {why}")


def _check(manifest: Manifest, bounds: Bounds) -> None:
    for what, count, (low, high) in (
        ("concepts", manifest.concepts, bounds.nodes),
        ("edges", manifest.edges, bounds.edges),
    ):
        if not low <= count <= high:
            raise LoadError(f"{count} {what} loaded, expected {low} to {high}")
