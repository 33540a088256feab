"""GraphStore on Neo4j 5 through the official driver: one query per report, a deadline on each.

The driver runs on an event loop in a thread of its own, because only a cancelled task can leave a
server that no longer answers: a blocked socket cannot be left. After a failure the store refuses for a
moment at once, so that reports do not queue up behind a lost server, and then tries again.
"""

import asyncio
import contextlib
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Collection, Coroutine, Iterable, Iterator
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from time import monotonic
from typing import Any

from neo4j import AsyncDriver, AsyncGraphDatabase, RoutingControl
from neo4j.exceptions import AuthError, DriverError, Neo4jError

from kg_ingest import queries
from kg_ingest.coding import decode
from kg_ingest.neo4j_writer import Server
from kg_ingest.schema import SCHEMA_VERSION, Edge, EdgeKind, Facts, Group, Manifest, Node, Source
from kg_ingest.store import PRESENT, GraphStoreError, Inference, NameRow, Rule
from models.tokens import fold

_DEADLINE = 2.0  # seconds for one question of a report
_PATIENCE = 600.0  # seconds for reading all names, at start
_PAUSE = 1.0  # seconds without a try after a failure
_CACHED = 20_000  # concepts
_RULES = {Rule.TREATED: queries.RULE_TREATED, Rule.SPECIFIC: queries.RULE_SPECIFIC}
_LUCENE = re.compile(r'([+\-!(){}\[\]^"~*?:\\/]|&&|\|\|)')


@dataclass(frozen=True, slots=True)
class _Known:
    """What the server says of one concept."""

    node: Node
    edges: tuple[Edge, ...]
    neighbours: tuple[Node, ...]
    above: frozenset[str]
    wholes: frozenset[str]


class Neo4jStore:
    """A knowledge graph in a Neo4j server. Safe to share between threads."""

    def __init__(self, server: Server, deadline: float = _DEADLINE) -> None:
        """Connect lazily; nothing is asked before the first question."""
        self._server = server
        self._deadline = deadline
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="neo4j", daemon=True)
        self._thread.start()
        try:
            self._driver: AsyncDriver = self._await(_driver(server, deadline), deadline)
        except BaseException:
            self._stop()
            raise
        self._retry_at = 0.0
        self._cache: OrderedDict[str, _Known] = OrderedDict()
        self._lock = threading.Lock()

    def manifest(self) -> Manifest:
        """See GraphStore."""
        rows = self._ask(queries.MANIFEST)
        if not rows:
            raise GraphStoreError("the graph has no manifest: no load was finished")
        raw = json.loads(rows[0]["json"])
        sources = tuple(Source(**source) for source in raw["sources"])
        return Manifest(**{**raw, "sources": sources, "licences": tuple(raw["licences"])})

    def names(self, groups: Collection[Group]) -> Iterator[NameRow]:
        """See GraphStore."""
        rows = self._ask(queries.NAMES, _PATIENCE, groups=sorted(groups))
        return (NameRow(row["text"], row["concept"], Group(row["grp"]), row["source"]) for row in rows)

    def concepts_by_name(self, names: Collection[str]) -> dict[str, tuple[Node, ...]]:
        """See GraphStore."""
        folded = {name: fold(name) for name in names}
        found: dict[str, list[Node]] = {}
        for row in self._ask(queries.CONCEPTS_BY_NAME, names=sorted(set(folded.values()))):
            found.setdefault(row["folded"], []).append(decode(row["body"]))
        return {name: tuple(found.get(key, ())) for name, key in folded.items()}

    def search(self, words: str, limit: int = 10) -> tuple[Node, ...]:
        """See GraphStore. Full-text index; Lucene's syntax in the words means nothing."""
        asked = [_LUCENE.sub(r"\\\1", word) for word in fold(words).split()]
        if not asked:
            return ()
        text = " AND ".join(f"{word}*" for word in asked)
        return tuple(decode(row["body"]) for row in self._ask(queries.SEARCH, words=text, limit=limit))

    def facts(self, ids: Iterable[str]) -> Facts:
        """See GraphStore."""
        asked = set(ids)
        known = self._cached(asked)
        missing = sorted(asked - known.keys())
        if missing:
            fresh = {row["id"]: _known(row) for row in self._ask(queries.FACTS, ids=missing)}
            known |= fresh
            self._remember(fresh)
        facts = Facts()
        edges: list[Edge] = []
        for concept, entry in sorted(known.items()):
            facts.nodes[concept] = entry.node
            if entry.above:
                facts.ancestors[concept] = entry.above
            if entry.wholes:
                facts.wholes[concept] = entry.wholes
            for edge, node in zip(entry.edges, entry.neighbours, strict=True):
                if edge.kind is not EdgeKind.OBSERVED:
                    edges.append(edge)
                    facts.nodes.setdefault(node.id, node)
                elif edge.target_id in asked:
                    pair = (edge.source_id, edge.target_id)
                    facts.observed[pair] = facts.observed.get(pair, 0) + edge.count
        return Facts(facts.nodes, tuple(edges), facts.ancestors, facts.wholes, facts.observed)

    def path(self, source_id: str, target_id: str, max_hops: int = 4) -> tuple[Edge, ...] | None:
        """See GraphStore. At most ``queries.LONGEST_PATH`` hops."""
        if source_id == target_id:
            return ()
        hops = min(max_hops, queries.LONGEST_PATH)
        rows = self._ask(queries.PATH[hops], source=source_id, target=target_id)
        return tuple(_edge(row) for row in rows) or None

    def kinds_of(self, concept_id: str) -> frozenset[str]:
        """See GraphStore."""
        rows = self._ask(queries.KINDS_OF, id=concept_id)
        return frozenset([rows[0]["id"], *rows[0]["below"]]) if rows else frozenset()

    def reports_mentioning(self, concept_id: str) -> tuple[tuple[str, str, str], ...]:
        """See GraphStore."""
        rows = self._ask(queries.REPORTS_MENTIONING, id=concept_id)
        return tuple(dict.fromkeys((row["report"], row["concept"], row["label"]) for row in rows))

    def possible_causes(self, concept_id: str) -> tuple[Edge, ...]:
        """See GraphStore."""
        return tuple(_edge(row) for row in self._ask(queries.POSSIBLE_CAUSES, id=concept_id))

    def inferred(self, rule: Rule) -> tuple[Inference, ...]:
        """See GraphStore."""
        rows = self._ask(_RULES[rule], _PATIENCE, present=PRESENT)
        return tuple(Inference(rule, row["report"], row["concept"], tuple(row["because"])) for row in rows)

    def close(self) -> None:
        """See GraphStore."""
        if self._loop.is_closed():
            return
        with contextlib.suppress(GraphStoreError):  # a server that is lost need not be told
            self._await(self._driver.close(), self._deadline)
        self._stop()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        if not self._thread.is_alive():
            self._loop.close()

    def _ask(self, query: str, deadline: float | None = None, **values: object) -> list[Any]:
        if monotonic() < self._retry_at:
            raise GraphStoreError("Neo4j was lost a moment ago")
        limit = deadline or self._deadline
        work = self._driver.execute_query(
            query, values, database_=self._server.database, routing_=RoutingControl.READ
        )
        try:
            return list(self._await(work, limit).records)
        except GraphStoreError:
            self._retry_at = monotonic() + _PAUSE
            raise

    def _await(self, work: Coroutine[Any, Any, Any], limit: float) -> Any:
        """The outcome of a task on the driver's loop; cancelled when it is late."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout=limit)
        except FutureTimeoutError as error:
            future.cancel()
            raise GraphStoreError(f"Neo4j did not answer within {limit:g} s") from error
        except AuthError as error:
            raise GraphStoreError("Neo4j does not take this user and password") from error
        except (DriverError, Neo4jError, OSError, ValueError) as error:
            raise GraphStoreError(f"Neo4j cannot be asked: {type(error).__name__}") from error

    def _cached(self, asked: set[str]) -> dict[str, _Known]:
        with self._lock:
            found = {concept: self._cache[concept] for concept in asked if concept in self._cache}
            for concept in found:
                self._cache.move_to_end(concept)
        return found

    def _remember(self, fresh: dict[str, _Known]) -> None:
        with self._lock:
            self._cache.update(fresh)
            while len(self._cache) > _CACHED:
                self._cache.popitem(last=False)


async def _driver(server: Server, deadline: float) -> AsyncDriver:
    return AsyncGraphDatabase.driver(
        server.uri,
        auth=(server.user, server.password),
        connection_timeout=deadline,
        connection_acquisition_timeout=deadline,
        max_transaction_retry_time=deadline / 2,
        notifications_min_severity="OFF",
    )


def open_neo4j(server: Server) -> Neo4jStore:
    """The graph of a server.

    Raises:
        GraphStoreError: when it cannot be reached, or no load of this schema version was finished.
    """
    with contextlib.closing(Neo4jStore(server, deadline=10.0)) as store:
        found = store.manifest().schema_version
    if found != SCHEMA_VERSION:
        raise GraphStoreError(f"the graph has schema version {found}, this service needs {SCHEMA_VERSION}")
    return Neo4jStore(server)


def _known(row: Any) -> _Known:
    edges = []
    neighbours = []
    for kind, target, source, version, count, body in row["edges"]:
        if kind is not None:
            edges.append(Edge(row["id"], EdgeKind(kind), target, source, version, count))
            neighbours.append(decode(body))
    return _Known(
        decode(row["body"]),
        tuple(edges),
        tuple(neighbours),
        frozenset(row["above"]) - {row["id"]},
        frozenset(row["wholes"]) - {row["id"]},
    )


def _edge(row: Any) -> Edge:
    return Edge(row["source_id"], EdgeKind(row["kind"]), row["target_id"], row["source"], row["version"])
