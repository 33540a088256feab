"""Online load of an embedded graph into Neo4j: batched, concurrent, resumable, idempotent.

Each batch is one transaction that also notes the batch as done, so a load that was killed goes on
behind the last one. Every element carries the load's stamp (the graph's checksum): the same load again
changes nothing, another load's left-overs are swept at the end, and the manifest is written last.

Batches that run side by side never touch one node: elements are dealt into cells by their two ends,
and a cell holds the locks of both its buckets. So the server has no deadlock to break.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from itertools import combinations_with_replacement, product
from typing import Any, TypeVar
from zlib import crc32

import numpy as np
from neo4j import AsyncDriver, AsyncGraphDatabase, AsyncManagedTransaction, AsyncResult
from neo4j.exceptions import AuthError, ClientError, DriverError, Neo4jError

from kg_ingest import queries
from kg_ingest.checksum import KINDS, Checksum, columns, kind_number, text_hash
from kg_ingest.coding import decode
from kg_ingest.embedded_store import EmbeddedStore
from kg_ingest.staging import Progress, silent
from kg_ingest.store import GraphStoreError

_T = TypeVar("_T")
_Row = dict[str, Any]
BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Server:
    """Where a Neo4j is and who we are there. ``repr`` shows no password."""

    uri: str
    user: str
    password: str
    database: str = "neo4j"

    def __repr__(self) -> str:
        return f"Server({self.uri!r}, database={self.database!r})"


@dataclass(frozen=True, slots=True)
class Written:
    """What a load changed in the server: counters of its transactions."""

    nodes_created: int = 0
    relationships_created: int = 0
    properties_set: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class _Cell:
    """Rows that one worker writes in order; ``buckets`` are locked meanwhile."""

    key: str
    query: str
    buckets: tuple[str, ...]
    rows: Callable[[], Iterator[list[_Row]]]
    total: int


def push(store: EmbeddedStore, server: Server, workers: int = 2, progress: Progress = silent) -> Written:
    """Make the server's graph equal to the embedded one.

    Raises:
        GraphStoreError: when the server cannot be reached, refuses us, or is lost on the way; what is
            written stays, and the next push goes on from there.
    """
    return _guarded(_Push(store, server, workers, progress).run())


def checksum(server: Server, progress: Progress = silent) -> tuple[str, int]:
    """(checksum, number of names) over all that the server holds now.

    Raises:
        GraphStoreError: see push.
    """
    return _guarded(_checksum(server, progress))


def _guarded(work: Coroutine[Any, Any, _T]) -> _T:
    """Run to the end; whatever the driver raises becomes a message without a password in it."""
    try:
        return asyncio.run(work)
    except AuthError as error:
        raise GraphStoreError("Neo4j does not take this user and password") from error
    except ClientError as error:
        raise GraphStoreError(f"Neo4j refuses: {error.code}") from error
    except (DriverError, Neo4jError, OSError, ValueError) as error:
        raise GraphStoreError(f"Neo4j cannot be reached, or was lost: {type(error).__name__}") from error


def _driver(server: Server) -> AsyncDriver:
    return AsyncGraphDatabase.driver(
        server.uri,
        auth=(server.user, server.password),
        max_transaction_retry_time=30,
        connection_timeout=10,
        notifications_min_severity="OFF",
    )


class _Push:
    """One load under way."""

    def __init__(self, store: EmbeddedStore, server: Server, workers: int, progress: Progress) -> None:
        self._store = store
        self._rows = store.connection
        self._server = server
        self._workers = workers
        self._progress = progress
        self._load = store.manifest().checksum
        self._done: set[str] = set()
        self._written = Written()

    async def run(self) -> Written:
        """Schema, concepts, names, edges, mentions, sweep, manifest: in this order."""
        async with _driver(self._server) as driver:
            await driver.verify_connectivity()
            self._driver = driver
            for statement in (*queries.CONSTRAINTS, queries.INDEXES_ONLINE):
                await self._execute(statement)
            await self._execute(queries.REMOVE_MANIFEST, load=self._load)
            found = await self._execute(queries.BATCHES_DONE, load=self._load)
            self._done = {record["key"] for record in found}
            for phase, cells in (
                ("concepts", self._concepts()),
                ("names", self._names()),
                ("edges", self._edges()),
                ("mentions", self._mentions()),
            ):
                await _Phase(phase, cells, self._workers, self._batch, self._progress).run()
            await self._finish()
        return self._written

    async def _finish(self) -> None:
        self._progress("sweep and index", 0, None)
        await self._execute_alone(queries.FORGET_BATCHES)
        for statement in queries.SWEEP:
            gone = await self._execute_alone(statement)
            self._written = replace(self._written, deleted=self._written.deleted + gone)
        for statement in (queries.FULLTEXT, queries.INDEXES_ONLINE):
            await self._execute(statement)
        manifest = self._store.manifest()
        text = json.dumps(asdict(manifest), sort_keys=True)
        await self._execute(
            queries.WRITE_MANIFEST, json=text, schema_version=manifest.schema_version, load=self._load
        )

    async def _execute_alone(self, statement: str) -> int:
        """A statement that commits in between, and so runs outside of any transaction; what it deleted."""
        async with self._driver.session(database=self._server.database) as session:
            counters = (await (await session.run(statement, load=self._load)).consume()).counters
        return counters.nodes_deleted + counters.relationships_deleted

    async def _execute(self, statement: str, **values: object) -> list[Any]:
        result = await self._driver.execute_query(statement, values, database_=self._server.database)
        return list(result.records)

    async def _batch(self, query: str, key: str, rows: list[_Row]) -> None:
        """Write one batch and note it, both or neither."""
        if key in self._done:
            return
        async with self._driver.session(database=self._server.database) as session:
            created, related, changed = await session.execute_write(_write, query, key, rows, self._load)
        self._written = replace(
            self._written,
            nodes_created=self._written.nodes_created + created,
            relationships_created=self._written.relationships_created + related,
            properties_set=self._written.properties_set + changed,
        )

    def _concepts(self) -> Iterator[_Cell]:
        for part in range(self._workers):
            yield _Cell(
                f"concepts/{self._workers}/{part}",
                queries.WRITE_CONCEPTS,
                (f"c{part}",),
                partial(self._select, _CONCEPTS, (self._workers, part), self._concept),
                self._count("node"),
            )

    def _concept(self, row: tuple[Any, ...]) -> _Row:
        number, body = row
        node = decode(body)
        plain: _Row = {"id": node.id, "n": number, "name": node.name, "group": node.group.value, "body": body}
        plain |= {"source": node.source, "source_version": node.source_version, "load": self._load}
        if node.sidedness is not None:
            plain["sidedness"] = node.sidedness.value
        if node.region is not None:
            plain["region"] = node.region
        if node.xrefs:
            plain["xrefs"] = list(node.xrefs)
        return plain

    def _names(self) -> Iterator[_Cell]:
        parts = self._workers
        self._rows.create_function("bucket", 1, lambda text: crc32(text.encode()) % parts, deterministic=True)
        keys = ("concept", "folded", "text", "place", "source", "source_version")
        for one, other in product(range(parts), repeat=2):
            yield _Cell(
                f"names/{parts}/{one}/{other}",
                queries.WRITE_NAMES,
                (f"c{one}", f"n{other}"),
                partial(
                    self._select, _NAMES, (parts, one, other), lambda row: dict(zip(keys, row, strict=True))
                ),
                self._count("name"),
            )

    def _edges(self) -> Iterator[_Cell]:
        buckets = 1 if self._workers == 1 else 2 * self._workers
        self._rows.executescript(_DEALT.format(buckets=buckets))
        keys = ("source_id", "target_id", "source", "source_version", "count")
        total = self._count("edge")
        kinds = [kind for (kind,) in self._rows.execute("SELECT DISTINCT kind FROM dealt ORDER BY kind")]
        for kind, (one, other) in product(kinds, combinations_with_replacement(range(buckets), 2)):
            yield _Cell(
                f"{KINDS[kind].value}/{buckets}/{one}/{other}",
                queries.WRITE_EDGES[KINDS[kind]],
                (f"c{one}", f"c{other}"),
                partial(
                    self._select, _EDGES, (kind, one, other), lambda row: dict(zip(keys, row, strict=True))
                ),
                total,
            )

    def _mentions(self) -> Iterator[_Cell]:
        keys = ("concept", "report", "label", "source", "source_version")
        row_of = partial(self._select, _MENTIONS, (), lambda row: dict(zip(keys, row, strict=True)))
        yield _Cell("mentions", queries.WRITE_MENTIONS, ("all",), row_of, self._count("mention"))

    def _select(
        self, query: str, values: tuple[int, ...], form: Callable[[tuple[Any, ...]], _Row]
    ) -> Iterator[list[_Row]]:
        cursor = self._rows.execute(query, values)
        while rows := cursor.fetchmany(BATCH):
            yield [form(row) for row in rows]

    def _count(self, table: str) -> int:
        return int(self._rows.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


class _Phase:
    """Cells of one phase, as many side by side as there are workers and free buckets."""

    def __init__(
        self,
        name: str,
        cells: Iterator[_Cell],
        workers: int,
        write: Callable[[str, str, list[_Row]], Awaitable[None]],
        progress: Progress,
    ) -> None:
        self._name = f"write {name}"
        self._waiting = list(cells)
        self._workers = workers
        self._write = write
        self._progress = progress
        self._held: set[str] = set()
        self._free = asyncio.Condition()
        self._rows = 0

    async def run(self) -> None:
        """Return when every cell is written; the first failure stops all."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._workers):
                    group.create_task(self._work())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _work(self) -> None:
        while (cell := await self._take()) is not None:
            for number, rows in enumerate(cell.rows()):
                await self._write(cell.query, f"{cell.key}/{number}", rows)
                self._rows += len(rows)
                self._progress(self._name, self._rows, cell.total)
            async with self._free:
                self._held -= set(cell.buckets)
                self._free.notify_all()

    async def _take(self) -> _Cell | None:
        """The next cell whose buckets nobody holds; None when there are no cells left."""
        async with self._free:
            while self._waiting:
                for number, cell in enumerate(self._waiting):
                    if self._held.isdisjoint(cell.buckets):
                        self._held |= set(cell.buckets)
                        return self._waiting.pop(number)
                await self._free.wait()
            return None


async def _write(
    transaction: AsyncManagedTransaction, query: str, key: str, rows: list[_Row], load: str
) -> tuple[int, int, int]:
    result = await transaction.run(query, rows=rows, load=load)
    counters = (await result.consume()).counters
    await transaction.run(queries.MARK_BATCH, key=key, load=load)
    return counters.nodes_created, counters.relationships_created, counters.properties_set


async def _checksum(server: Server, progress: Progress) -> tuple[str, int]:
    total = Checksum()
    hashes = np.zeros(1, np.uint64)
    async with (
        _driver(server) as driver,
        driver.session(database=server.database, fetch_size=BATCH) as session,
    ):
        async for rows in _chunks(await session.run(queries.ALL_CONCEPTS)):
            total.add_texts(body for _, _, body in rows)
            top = max(number for number, _, _ in rows)
            if top >= len(hashes):
                hashes = np.concatenate([hashes, np.zeros(top + 1, np.uint64)])
            hashes[[number for number, _, _ in rows]] = [text_hash(identifier) for _, identifier, _ in rows]
        done = 0
        async for rows in _chunks(await session.run(queries.ALL_EDGES)):
            numbers = [(a, kind_number(kind), b, count) for a, kind, b, _, _, count in rows]
            a, kind, b, count = columns(numbers, 4)
            origins = np.array([_origin(source, version) for *_, source, version, _ in rows], np.uint64)
            total.add_edges((hashes[a], hashes[b]), kind, origins, count)
            progress("read edges", done := done + len(rows), None)
        async for rows in _chunks(await session.run(queries.ALL_MENTIONS)):
            total.add_texts("\t".join(row) for row in rows)
        names = await (await session.run(queries.COUNT_NAMES)).single(strict=True)
    return total.hexdigest(), int(names["count"])


@lru_cache(maxsize=1024)
def _origin(source: str, version: str) -> int:
    return text_hash(f"{source}\t{version}")


async def _chunks(result: AsyncResult) -> AsyncIterator[list[Any]]:
    while rows := await result.fetch(BATCH):
        yield [row.values() for row in rows]


_CONCEPTS = "SELECT n, body FROM node WHERE n % ? = ? ORDER BY n"
_NAMES = """
SELECT node.id, name.folded, name.text, name.place, origin.name, origin.version
FROM (SELECT ?1 AS parts) JOIN name JOIN node ON node.n = name.node JOIN origin ON origin.n = name.origin
WHERE name.node % parts = ?2 AND bucket(name.folded) = ?3 ORDER BY name.node, name.place
"""
_DEALT = """
DROP TABLE IF EXISTS temp.dealt;
CREATE TEMP TABLE dealt(kind INTEGER, one INTEGER, other INTEGER, source INTEGER, target INTEGER,
                        origin INTEGER, count INTEGER, PRIMARY KEY(kind, one, other, source, target, origin)) WITHOUT ROWID;
INSERT INTO temp.dealt SELECT kind, min(source % {buckets}, target % {buckets}), max(source % {buckets}, target % {buckets}),
                              source, target, origin, count FROM edge ORDER BY 1, 2, 3, 4, 5, 6;
"""
_EDGES = """
SELECT a.id, b.id, origin.name, origin.version, dealt.count FROM dealt
JOIN node AS a ON a.n = dealt.source JOIN node AS b ON b.n = dealt.target JOIN origin ON origin.n = dealt.origin
WHERE dealt.kind = ? AND dealt.one = ? AND dealt.other = ? ORDER BY dealt.source, dealt.target, dealt.origin
"""
_MENTIONS = """
SELECT node.id, mention.report, mention.label, origin.name, origin.version FROM mention
JOIN node ON node.n = mention.node JOIN origin ON origin.n = mention.origin ORDER BY mention.node, report, label
"""
