"""Online load of an embedded graph into Neo4j: batched, concurrent, resumable, idempotent.

Each batch is one transaction that also notes the batch as done, so a load that was killed goes on
behind the last one. Every element carries the load's stamp (the graph's checksum): the same load again
changes nothing, another load's left-overs are swept at the end, and the manifest is written last.

Batches of concepts run side by side: they share no node. Relationships have one writer, because Neo4j
locks the neighbouring records of both ends' chains, and two writers deadlock even on disjoint nodes; the
next batch is read while the server writes.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar

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
class _Phase:
    """Batches of one query, in a fixed order; ``writers`` of them may be under way at one time."""

    key: str
    query: str
    batches: Iterator[list[_Row]]
    total: int
    writers: int = 1


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
            for phase in self._phases():
                await self._run(phase)
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

    async def _run(self, phase: _Phase) -> None:
        """Read the next batches while the server writes; the first failure stops all."""
        waiting: asyncio.Queue[tuple[int, list[_Row]] | None] = asyncio.Queue(maxsize=phase.writers)
        done = 0

        async def read() -> None:
            number = 0
            while rows := await asyncio.to_thread(next, phase.batches, None):
                await waiting.put((number, rows))
                number += 1
            for _ in range(phase.writers):
                await waiting.put(None)

        async def write() -> None:
            nonlocal done
            while (batch := await waiting.get()) is not None:
                await self._batch(phase.query, f"{phase.key}/{batch[0]}", batch[1])
                done += len(batch[1])
                self._progress(f"write {phase.key}", done, phase.total)

        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(read())
                for _ in range(phase.writers):
                    group.create_task(write())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    def _phases(self) -> Iterator[_Phase]:
        concepts = self._select(_CONCEPTS, (), self._concept)
        yield _Phase("concepts", queries.WRITE_CONCEPTS, concepts, self._count("node"), self._workers)
        yield self._named("names", queries.WRITE_NAMES, _NAMES, self._count("name"))
        counted = "SELECT kind, count(*) FROM edge GROUP BY kind ORDER BY kind"
        for kind, total in self._rows.execute(counted).fetchall():
            query = queries.WRITE_EDGES[KINDS[kind]]
            yield self._named(KINDS[kind].value, query, _EDGES, total, kind)
        yield self._named("mentions", queries.WRITE_MENTIONS, _MENTIONS, self._count("mention"))

    def _named(self, key: str, query: str, select: str, total: int, *values: int) -> _Phase:
        """A phase whose rows are the columns of a SELECT by their names."""

        def form(row: tuple[Any, ...]) -> _Row:
            return dict(zip(_COLUMNS[select], row, strict=True))

        return _Phase(key, query, self._select(select, values, form), total)

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

    def _select(
        self, query: str, values: tuple[int, ...], form: Callable[[tuple[Any, ...]], _Row]
    ) -> Iterator[list[_Row]]:
        cursor = self._rows.execute(query, values)
        while rows := cursor.fetchmany(BATCH):
            yield [form(row) for row in rows]

    def _count(self, table: str) -> int:
        return int(self._rows.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


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


_CONCEPTS = "SELECT n, body FROM node ORDER BY n"
_NAMES = """
SELECT node.id, name.folded, name.text, name.place, origin.name, origin.version FROM name
JOIN node ON node.n = name.node JOIN origin ON origin.n = name.origin ORDER BY name.node, name.place
"""
_EDGES = """
SELECT a.id, b.id, origin.name, origin.version, edge.count FROM edge
JOIN node AS a ON a.n = edge.source JOIN node AS b ON b.n = edge.target JOIN origin ON origin.n = edge.origin
WHERE edge.kind = ? ORDER BY edge.source, edge.target, edge.origin
"""
_MENTIONS = """
SELECT node.id, mention.report, mention.label, origin.name, origin.version FROM mention
JOIN node ON node.n = mention.node JOIN origin ON origin.n = mention.origin ORDER BY mention.node, report, label
"""
_COLUMNS = {
    _NAMES: ("concept", "folded", "text", "place", "source", "source_version"),
    _EDGES: ("source_id", "target_id", "source", "source_version", "count"),
    _MENTIONS: ("concept", "report", "label", "source", "source_version"),
}
