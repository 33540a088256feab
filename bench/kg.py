"""``make bench-kg``: rates of loading and asking, beside a loader of single rows and BioCypher, in one run.

Everything is loaded from an invented UMLS release (tests/support/synthetic_release.py). Prints Markdown.
``--scale 1`` is the full size: 1 M nodes and 3 M relations online, 2 M and 10 M by import files.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "tests" / "support"), str(HERE.parent / "tools" / "neo4j")]

from neo4j import GraphDatabase  # noqa: E402
from neo4j_server import Neo4jServer  # noqa: E402
from synthetic_release import write_rrf  # noqa: E402

from kg_ingest import bulk  # noqa: E402
from kg_ingest.embedded_store import EmbeddedStore, open_store  # noqa: E402
from kg_ingest.neo4j_store import Neo4jStore  # noqa: E402
from kg_ingest.neo4j_writer import Server, checksum, push  # noqa: E402
from kg_ingest.pipeline import Options, load  # noqa: E402
from kg_ingest.sources.umls import Umls  # noqa: E402
from kg_ingest.store import GraphStore  # noqa: E402

ONLINE = (417_000, 3_450_000)  # concepts and rows of relations: 1 M nodes, 3 M relations with their names
IMPORT = (830_000, 13_000_000)
PEER_PINS = ("biocypher==0.17.0", "pyarrow>=22")
SINGLE_ROWS = 2_000
PEER_ROWS = 300_000
REPORTS = 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--build", nargs=2, metavar=("RELEASE", "GRAPH"), help="load one release, print JSON")
    options = parser.parse_args()
    if options.build:
        sys.stdout.write(json.dumps(build(Path(options.build[0]), Path(options.build[1]))))
        return
    with tempfile.TemporaryDirectory(prefix="radproof-bench-") as folder:
        home = Path(folder)
        sizes = [tuple(int(part * options.scale) for part in size) for size in (ONLINE, IMPORT)]
        say("| load from RRF into a graph file | concepts | names | edges | s | edges/s | peak MB |")
        say("|---|---|---|---|---|---|---|")
        say_built(built(home / "small", sizes[0][0] // 10, sizes[0][1] // 10))
        say_built(built(home / "large", *sizes[0]))
        say_built(built(home / "import", *sizes[1]))
        with closing(open_store(home / "large" / "graph.db")) as store:
            online(store)
        with closing(open_store(home / "import" / "graph.db")) as store:
            imported(store, home / "files")
        say(f"\npeak of this process, both ways into Neo4j: {peak_mb():.0f} MB")


def say_built(row: dict[str, float]) -> None:
    rate = row["edges"] / row["seconds"]
    say(
        f"| UMLS | {row['concepts']} | {row['names']} | {row['edges']} | {row['seconds']:.0f} | {rate:.0f} "
        f"| {row['mb']:.0f} |"
    )


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def built(folder: Path, concepts: int, relations: int) -> dict[str, float]:
    """Generate a release, then load it in a process of its own, so that its memory can be told."""
    release = write_rrf(folder / "META", concepts, relations)
    command = [sys.executable, __file__, "--build", str(release), str(folder / "graph.db")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def build(release: Path, graph: Path) -> dict[str, float]:
    start = time.perf_counter()
    store, summary = load([Umls(release, "1")], graph, Options(), graph.with_name("stage.db"))
    store.close()
    manifest = summary.manifest
    counts = {"concepts": manifest.concepts, "names": manifest.names, "edges": manifest.edges}
    return {**counts, "seconds": time.perf_counter() - start, "mb": peak_mb()}


def online(store: EmbeddedStore) -> None:
    phases: dict[str, list[float]] = {}
    start = time.perf_counter()

    def watch(phase: str, done: int, total: int | None) -> None:
        begun = max((last for _, _, last in phases.values()), default=start)
        times = phases.setdefault(phase, [begun, 0, begun])
        times[1:] = [done, time.perf_counter()]

    with Neo4jServer(heap="2g", pagecache="1g") as process:
        server = Server(process.uri, process.user, process.password)
        start = time.perf_counter()
        written = push(store, server, progress=watch)
        whole = time.perf_counter() - start
        say("\n| into Neo4j online | rows | rows/s |\n|---|---|---|")
        for name, (first, done, last) in phases.items():
            if done:
                say_rate(name, int(done), done / max(last - first, 1e-9))
        total = written.nodes_created + written.relationships_created
        say_rate("all nodes and relations, sweep and index", total, total / whole)
        for row in single_rows(store, server):
            say_rate(*row)
        say(f"\nNeo4j holds what the graph file holds: {checksum(server)[0] == store.manifest().checksum}")
        say("\n| facts of one report's 12 concepts, large graph | p50 ms | p99 ms |\n|---|---|---|")
        remote = Neo4jStore(server, deadline=30)
        for name, asked in (("Neo4j", remote), ("graph file", store)):
            p50, p99 = latency(asked, store)
            say(f"| {name} | {p50:.1f} | {p99:.1f} |")
        remote.close()


def say_rate(name: str, rows: int, rate: float) -> None:
    say(f"| {name} | {rows} | {rate:.0f} |")


def single_rows(store: EmbeddedStore, server: Server) -> Iterator[tuple[str, int, float]]:
    """The plain way: one MERGE in one transaction for each concept and each edge, with an index."""
    concepts = store.connection.execute("SELECT id, body FROM node LIMIT ?", (SINGLE_ROWS,)).fetchall()
    with GraphDatabase.driver(server.uri, auth=(server.user, server.password)) as driver:
        driver.execute_query("CREATE CONSTRAINT plain IF NOT EXISTS FOR (c:Plain) REQUIRE c.id IS UNIQUE")
        for name, statement, rows in (
            ("single rows: concepts", "MERGE (c:Plain {id: $a}) SET c.body = $b", concepts),
            (
                "single rows: relations",
                "MATCH (a:Plain {id: $a}), (b:Plain {id: $b}) MERGE (a)-[:R]->(b)",
                [(random.choice(concepts)[0], random.choice(concepts)[0]) for _ in range(SINGLE_ROWS)],
            ),
        ):
            start = time.perf_counter()
            for one, other in rows:
                driver.execute_query(statement, a=one, b=other)
            yield name, len(rows), len(rows) / (time.perf_counter() - start)


def latency(asked: GraphStore, source: EmbeddedStore) -> tuple[float, float]:
    """p50 and p99 in milliseconds of the facts of 12 concepts, other ones each time."""
    chance = random.Random(1)
    ids = [row[0] for row in source.connection.execute("SELECT id FROM node ORDER BY n LIMIT 200000")]
    for _ in range(20):
        asked.facts(chance.sample(ids, 12))
    times = []
    for _ in range(REPORTS):
        sample = chance.sample(ids, 12)
        start = time.perf_counter()
        asked.facts(sample)
        times.append((time.perf_counter() - start) * 1000)
    quantiles = statistics.quantiles(times, n=100)
    return statistics.median(times), quantiles[98]


def imported(store: EmbeddedStore, folder: Path) -> None:
    say("\n| files for neo4j-admin | rows | rows/s |\n|---|---|---|")
    manifest = store.manifest()
    rows = manifest.concepts + 2 * manifest.names + manifest.edges
    say_rate("written by RadProof", rows, rate(rows, lambda: bulk.write(store, folder)))
    server = Neo4jServer(heap="2g")
    relations = manifest.names + manifest.edges
    arguments = [*bulk.arguments(folder), "--high-parallel-io=on"]
    say_rate(
        "imported: relations, of all that is imported",
        relations,
        rate(relations, lambda: server.admin(*arguments)),
    )
    with server:
        same = checksum(Server(server.uri, server.user, server.password))[0] == manifest.checksum
        say(f"| the import holds what the graph file holds: {same} | | |")
    for row in biocypher(store, folder):
        say_rate(*row)


def rate(rows: int, work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return rows / (time.perf_counter() - start)


def biocypher(store: EmbeddedStore, folder: Path) -> Iterator[tuple[str, int, float]]:
    """The peer in its own environment, on the first rows of the same graph."""
    python = Path("var/bench-kg-venv/bin/python")
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", "var/bench-kg-venv"], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PEER_PINS], check=True)
    command = [str(python), str(HERE / "peer_biocypher.py"), str(folder / "peer"), str(PEER_ROWS)]
    graph = store.connection.execute("PRAGMA database_list").fetchone()[2]
    done = subprocess.run([*command, graph], capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    yield "written by BioCypher 0.17: concepts", figures["nodes"], figures["nodes"] / figures["node_seconds"]
    yield "written by BioCypher 0.17: edges", figures["edges"], figures["edges"] / figures["edge_seconds"]


if __name__ == "__main__":
    main()
