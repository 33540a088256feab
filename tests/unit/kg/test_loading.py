"""The load as a whole: bounds, contradictions, taking up again, and memory that does not grow."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg_ingest.embedded_store import open_store
from kg_ingest.pipeline import Bounds, LoadError, Options, Plain, load, stored
from kg_ingest.schema import Edge, EdgeKind, Group, Item, Node, Reject, Skip
from kg_ingest.store import GraphStoreError


def node(identifier: str, *names: str) -> Node:
    return Node(identifier, identifier, Group.FINDING, "test", "1", names or (identifier,))


def is_a(child: str, parent: str) -> Edge:
    return Edge(child, EdgeKind.IS_A, parent, "test", "1")


def test_what_is_not_sound_is_refused_and_counted() -> None:
    items: list[Item] = [
        node("a"),
        Node("b", "b", Group.FINDING, "test", "1"),
        Node(" ", "c", Group.FINDING, "test", "1", ("c",)),
        node("d", "x" * 1001),
        is_a("a", "z"),
        Reject("file", 7, "because"),
        Skip("filter", 3),
        Skip("filter", 2),
    ]
    store, summary = load([Plain(items)], None)
    assert summary.manifest.concepts == 1
    assert summary.rejected == 4
    assert summary.dangling_edges == 1
    assert summary.skipped == {"filter": 5}
    assert ("file", 7, "because") in list(store.rejects())
    assert ("an edge to a concept that is not loaded", "a", "z") in list(store.conflicts())


def test_an_identifier_said_twice_is_one_concept_with_all_names() -> None:
    store, summary = load([Plain([node("a", "one"), node("b"), node("a", "two", "one")])], None)
    assert summary.manifest.concepts == 2
    assert store.facts(["a"]).nodes["a"].names == ("one", "two")


def test_circles_are_counted_and_questions_still_end() -> None:
    items = [
        node("a"),
        node("b"),
        node("c"),
        node("top"),
        is_a("a", "b"),
        is_a("b", "a"),
        is_a("c", "a"),
        is_a("b", "top"),
    ]
    store, summary = load([Plain(items)], None)
    assert summary.cyclic_concepts == 3  # two on the circle, one below it
    assert store.facts(["a"]).ancestors == {"a": frozenset({"b", "top"})}
    assert store.kinds_of("a") == {"a", "b", "c"}


def test_bounds_fail_the_load_and_leave_no_file(tmp_path: Path) -> None:
    target = tmp_path / "graph.db"
    with pytest.raises(LoadError, match="1 concepts loaded, expected 2 to 9"):
        load([Plain([node("a")])], target, Options(Bounds(nodes=(2, 9))))
    assert list(tmp_path.iterdir()) == []


class Killed(BaseException):
    """Stands for a process that is no more."""


def dying(items: list[Item], after: int) -> Iterator[Item]:
    yield from items[:after]
    raise Killed


def files(tmp_path: Path) -> tuple[Path, Path]:
    one, other = tmp_path / "one", tmp_path / "other"
    for path in (one, other):
        path.write_text("a source")
    return one, other


def test_a_load_that_was_killed_goes_on_with_the_next_source(tmp_path: Path) -> None:
    one, other = files(tmp_path)
    first: list[Item] = [node(f"a{n}") for n in range(7000)]
    second: list[Item] = [node(f"b{n}") for n in range(7000)] + [is_a("b1", "a1")]
    stage, target = tmp_path / "stage.db", tmp_path / "graph.db"
    with pytest.raises(Killed):
        load(
            [Plain(first, "one", files=(one,)), Plain(dying(second, 6000), "two", files=(other,))],
            target,
            None,
            stage,
        )
    assert not target.exists()
    refusing = Plain(dying([], 0), "one", files=(one,))  # must not be read again
    store, summary = load([refusing, Plain(second, "two", files=(other,))], target, None, stage)
    whole, _ = load([Plain(first), Plain(second)], None)
    assert summary.manifest.checksum == whole.manifest().checksum
    assert not stage.exists()
    store.close()
    assert stored([refusing, Plain(second, "two", files=(other,))], target) is not None
    other.write_text("a source, changed")
    assert stored([refusing, Plain(second, "two", files=(other,))], target) is None


def test_a_workspace_of_another_load_is_begun_anew(tmp_path: Path) -> None:
    one, other = files(tmp_path)
    stage = tmp_path / "stage.db"
    with pytest.raises(Killed):
        load(
            [Plain([node("a")], "one", files=(one,)), Plain(dying([], 0), "two")],
            tmp_path / "g.db",
            None,
            stage,
        )
    store, _ = load([Plain([node("b")], "three", files=(other,))], tmp_path / "g.db", None, stage)
    assert [row.concept for row in store.names([Group.FINDING])] == ["b"]


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "missing" / "graph.db"
    with pytest.raises(FileNotFoundError):
        load([Plain([node("a")])], target)
    assert not target.parent.exists()


def test_a_damaged_file_does_not_verify(tmp_path: Path) -> None:
    target = tmp_path / "graph.db"
    store, _ = load([Plain([node("a"), node("b"), is_a("a", "b")])], target)
    store.close()
    with sqlite3.connect(target) as connection:
        connection.execute("UPDATE edge SET count = 2")
    again = open_store(target)
    assert again.checksum() != again.manifest().checksum
    again.close()
    target.write_bytes(target.read_bytes()[:5000])
    with pytest.raises(GraphStoreError):
        open_store(target).checksum()
