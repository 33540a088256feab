"""Loads into a real Neo4j server, and a service that reads from it, loses it and finds it again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from neo4j import GraphDatabase
from neo4j_server import Neo4jServer, UnavailableError
from synthetic_release import write_rrf

from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport
from app.services import build_services
from app.settings import Settings
from kg_ingest import bulk
from kg_ingest.__main__ import main
from kg_ingest.embedded_store import EmbeddedStore
from kg_ingest.neo4j_store import open_neo4j
from kg_ingest.neo4j_writer import Server, Written, checksum, push
from kg_ingest.pipeline import Plain, load
from kg_ingest.schema import Edge, EdgeKind, Group, Mention, Node
from kg_ingest.sources import core
from kg_ingest.sources.umls import Umls
from kg_ingest.store import GraphStoreError

REPORT = (
    "FINDINGS: Left lower lobe consolidation. No pleural effusion.\n"
    "IMPRESSION: Right lower lobe pneumonia. Small pleural effusions."
)


def node(identifier: str) -> Node:
    return Node(identifier, identifier, Group.FINDING, "test", "1", (identifier, "a name in common"))


def built(*items: Node | Edge | Mention) -> EmbeddedStore:
    return load([Plain(items)], None)[0]


@pytest.fixture(scope="module")
def umls(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedStore:
    """A few thousand invented concepts in UMLS's form."""
    return load([Umls(write_rrf(tmp_path_factory.mktemp("rrf"), 12_000, 60_000), "1")], None)[0]


def test_the_server_is_the_one_that_we_support(neo4j_server: Server) -> None:
    with GraphDatabase.driver(neo4j_server.uri, auth=(neo4j_server.user, neo4j_server.password)) as driver:
        (record,) = driver.execute_query("CALL dbms.components() YIELD versions, edition").records
    sys.stdout.write(f"Neo4j {record['versions'][0]} {record['edition']}\n")
    assert record["versions"][0].startswith("5.26.")


@pytest.mark.parametrize("workers", [1, 3])
def test_a_load_is_whole_and_a_second_one_changes_nothing(
    neo4j_server: Server, umls: EmbeddedStore, workers: int
) -> None:
    push(umls, neo4j_server, workers)
    manifest = umls.manifest()
    assert checksum(neo4j_server) == (manifest.checksum, manifest.names)
    assert push(umls, neo4j_server, workers) == Written()


def test_another_load_leaves_nothing_of_the_one_before(neo4j_server: Server) -> None:
    first = built(
        node("a"),
        node("b"),
        Edge("a", EdgeKind.IS_A, "b", "test", "1"),
        Mention("r", "a", "OBS-DP", "c", "1"),
    )
    second = built(node("b"), node("c"), Edge("c", EdgeKind.IS_A, "b", "test", "2"))
    push(first, neo4j_server)
    push(second, neo4j_server)
    assert checksum(neo4j_server) == (second.manifest().checksum, second.manifest().names)
    store = open_neo4j(neo4j_server)
    assert store.kinds_of("a") == frozenset()
    assert store.manifest() == second.manifest()
    store.close()


def test_a_load_that_was_killed_goes_on(neo4j_server: Server, tmp_path: Path) -> None:
    folder = write_rrf(tmp_path / "rrf", 30_000, 120_000, seed=2)
    secret = tmp_path / "password"
    secret.write_text(neo4j_server.password)
    source = ["--source", f"umls={folder}@1", "--accept-licence", "UMLS", "--umls-types", "all"]
    target = ["--to", neo4j_server.uri, "--password-file", str(secret), "--workspace", str(tmp_path / "work")]
    arguments = ["load", *source, *target]
    push(built(node("x")), neo4j_server)
    process = subprocess.Popen([sys.executable, "-m", "kg_ingest", *arguments], stdout=subprocess.DEVNULL)
    with GraphDatabase.driver(neo4j_server.uri, auth=(neo4j_server.user, neo4j_server.password)) as driver:
        deadline = time.monotonic() + 120
        done = 0
        while done < 4 and process.poll() is None and time.monotonic() < deadline:
            done = driver.execute_query("MATCH (b:Batch) RETURN count(b) AS done").records[0]["done"]
        assert process.poll() is None, "the load was over before it could be killed"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert driver.execute_query("MATCH (m:Manifest) RETURN m").records == []
    with pytest.raises(GraphStoreError, match="no load was finished"):
        open_neo4j(neo4j_server)
    assert main(arguments) == 0
    whole = load([Umls(folder, "1")], None)[0].manifest()
    assert checksum(neo4j_server) == (whole.checksum, whole.names)
    assert main(["verify", "--store", neo4j_server.uri, "--password-file", str(secret)]) == 0
    assert main(["status", "--store", neo4j_server.uri, "--password-file", str(secret)]) == 0


def test_import_files_make_the_same_graph(umls: EmbeddedStore, tmp_path: Path) -> None:
    try:
        process = Neo4jServer(heap="512m", pagecache="128m")
    except UnavailableError as error:
        pytest.skip(f"no Neo4j server: {error}")
    bulk.write(umls, tmp_path)
    process.admin(*bulk.arguments(tmp_path))
    with process:
        server = Server(process.uri, process.user, process.password)
        assert checksum(server) == (umls.manifest().checksum, umls.manifest().names)
        assert push(umls, server) == Written()


def test_wrong_passwords_and_lost_servers_are_named_without_the_password(neo4j_server: Server) -> None:
    wrong = replace(neo4j_server, password="not the password")  # noqa: S106
    with pytest.raises(GraphStoreError, match="does not take this user and password"):
        push(built(node("a")), wrong)
    with pytest.raises(GraphStoreError, match="does not take this user and password"):
        open_neo4j(wrong)
    nowhere = replace(neo4j_server, uri="bolt://127.0.0.1:9")
    with pytest.raises(GraphStoreError, match="cannot be reached"):
        push(built(node("a")), nowhere)
    with pytest.raises(GraphStoreError, match=r"cannot be asked|did not answer"):
        open_neo4j(nowhere)
    assert "not the password" not in repr(wrong)


@pytest.fixture
def settings(neo4j_server: Server) -> Iterator[Settings]:
    store = load([core.reader()], None)[0]
    push(store, neo4j_server)
    yield Settings(graph_uri=neo4j_server.uri, graph_password=neo4j_server.password, references_k=0)  # type: ignore[arg-type]
    store.close()


def test_the_service_says_the_same_on_neo4j_as_on_the_bundled_graph(settings: Settings) -> None:
    remote, local = build_services(settings), build_services(Settings(references_k=0))
    for text in (REPORT, Path("samples/demo.txt").read_text("utf-8")):
        one, other = (check_report(SubmittedReport(text, "r"), services) for services in (remote, local))
        assert one.errors == other.errors != ()
        assert one.corrected_text == other.corrected_text
    remote.knowledge.close()


def test_a_hanging_server_costs_coverage_and_comes_back(
    settings: Settings, neo4j_process: Neo4jServer
) -> None:
    services = build_services(settings)
    submitted = SubmittedReport(REPORT, "r")
    before = check_report(submitted, services)
    fresh = SubmittedReport(REPORT.replace("consolidation", "pneumothorax"), "r")  # not cached
    neo4j_process.pause()
    try:
        lost = check_report(fresh, services)
        assert lost.coverage.knowledge == "failed: graph_unavailable"
        assert lost.coverage.rules == "done"
    finally:
        neo4j_process.resume()
    deadline = time.monotonic() + 30
    while check_report(fresh, services).coverage.knowledge != "done" and time.monotonic() < deadline:
        time.sleep(0.2)
    assert check_report(fresh, services).coverage.knowledge == "done"
    assert check_report(submitted, services).errors == before.errors
    services.knowledge.close()
