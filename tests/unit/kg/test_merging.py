"""One concept per meaning: what joins, what is refused, and taking it apart again."""

from hypothesis import given
from hypothesis import strategies as st

from kg_ingest.merging import split
from kg_ingest.pipeline import Plain, load
from kg_ingest.schema import Edge, EdgeKind, Group, Item, Link, Node


def node(identifier: str, source: str, *xrefs: str, group: Group = Group.FINDING) -> Node:
    return Node(identifier, f"name of {identifier}", group, source, "1", (f"name of {identifier}",), xrefs)


def loaded(items: list[Item]) -> tuple[dict[str, Node], list[tuple[str, str, str]]]:
    store, _ = load([Plain(items)], None)
    nodes = {item.id: item for item in store.items() if isinstance(item, Node)}
    return nodes, list(store.conflicts())


def test_an_identifier_of_another_source_joins() -> None:
    items: list[Item] = [node("RP:a", "core", "HP:1"), node("HP:1", "HPO"), node("HP:2", "HPO")]
    nodes, conflicts = loaded(items)
    assert set(nodes) == {"RP:a", "HP:2"}
    assert nodes["RP:a"].names == ("name of RP:a", "name of HP:1")
    assert nodes["RP:a"].xrefs == ("HP:1",)
    assert split(nodes["RP:a"]) == tuple(items[:2])
    assert conflicts == []


def test_a_common_identifier_that_is_not_loaded_joins() -> None:
    nodes, _ = loaded([node("HP:1", "HPO", "UMLS:C1"), node("DOID:1", "DOID", "UMLS:C1")])
    assert set(nodes) == {"HP:1"}


def test_a_mapping_joins_over_several_steps() -> None:
    mapping = [Link("MONDO:1", "UMLS:C1", "MONDO", "1"), Link("MONDO:1", "SCTID:1", "MONDO", "1")]
    nodes, _ = loaded([node("HP:1", "HPO", "UMLS:C1"), node("SCTID:1", "SNOMED CT"), *mapping])
    assert set(nodes) == {"HP:1"}


def test_what_is_ambiguous_stays_apart_and_is_listed() -> None:
    several = [node("HP:1", "HPO", "UMLS:C1", "UMLS:C2"), node("UMLS:C1", "UMLS"), node("UMLS:C2", "UMLS")]
    nodes, conflicts = loaded([*several])
    assert len(nodes) == 3
    assert {(a, b) for _, a, b in conflicts} == {("HP:1", "UMLS:C1"), ("HP:1", "UMLS:C2")}
    nodes, conflicts = loaded(
        [node("HP:1", "HPO", "UMLS:C1"), node("HP:2", "HPO", "UMLS:C1"), node("UMLS:C1", "UMLS")]
    )
    assert len(nodes) == 3
    assert len(conflicts) == 2


def test_two_concepts_of_one_source_never_become_one() -> None:
    chain = [
        node("HP:1", "HPO", "UMLS:C1"),
        node("HP:2", "HPO", "SCTID:1"),
        Link("UMLS:C1", "SCTID:1", "MONDO", "1"),
    ]
    nodes, conflicts = loaded([*chain])
    assert set(nodes) == {"HP:1", "HP:2"}
    assert [reason for reason, _, _ in conflicts] == [
        "a mapping would make two concepts of one source the same"
    ]


def test_a_structure_and_a_finding_stay_apart() -> None:
    nodes, conflicts = loaded([node("A:1", "one", "UMLS:C1"), node("UMLS:C1", "UMLS", group=Group.ANATOMY)])
    assert len(nodes) == 2
    assert "different kinds" in conflicts[0][0]


def test_edges_follow_their_concepts_with_every_source() -> None:
    items: list[Item] = [
        node("RP:a", "core", "HP:1"),
        node("RP:b", "core", "HP:2"),
        node("HP:1", "HPO"),
        node("HP:2", "HPO"),
        Edge("RP:a", EdgeKind.IS_A, "RP:b", "core", "1"),
        Edge("HP:1", EdgeKind.IS_A, "HP:2", "HPO", "1"),
        Edge("HP:1", EdgeKind.RELATED_TO, "RP:a", "HPO", "1"),
    ]
    store, summary = load([Plain(items)], None)
    edges = [item for item in store.items() if isinstance(item, Edge)]
    assert [(e.source_id, e.kind, e.target_id, e.source) for e in edges] == [
        ("RP:a", EdgeKind.IS_A, "RP:b", "core"),
        ("RP:a", EdgeKind.IS_A, "RP:b", "HPO"),
    ]
    assert summary.manifest.joined == 2
    assert [a for reason, a, _ in store.conflicts() if "to itself" in reason] == ["RP:a"]


IDS = ["HP:1", "HP:2", "UMLS:C1", "UMLS:C2", "SCTID:1", "DOID:1"]
SOURCE = {"HP": "HPO", "UMLS": "UMLS", "SCTID": "SNOMED CT", "DOID": "DOID"}


@st.composite
def graphs(draw: st.DrawFn) -> list[Item]:
    chosen = draw(st.lists(st.sampled_from(IDS), min_size=1, unique=True))
    nodes = [
        node(
            i,
            SOURCE[i.split(":")[0]],
            *draw(st.lists(st.sampled_from([x for x in IDS if x != i]), max_size=2, unique=True)),
        )
        for i in chosen
    ]
    pairs = draw(st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)), max_size=3))
    return [*nodes, *(Link(a, b, "MONDO", "1") for a, b in pairs)]


@given(graphs())
def test_every_record_is_there_once_and_comes_back_as_it_was(items: list[Item]) -> None:
    nodes, _ = loaded(items)
    back = [record for concept in nodes.values() for record in split(concept)]
    assert sorted(map(repr, back)) == sorted(repr(item) for item in items if isinstance(item, Node))
    for concept in nodes.values():
        sources = [record.source for record in split(concept)]
        assert len(sources) == len(set(sources))


@given(graphs(), st.randoms())
def test_what_joins_does_not_depend_on_the_order_of_mappings(items: list[Item], chance: object) -> None:
    links = [item for item in items if isinstance(item, Link)]
    records = [item for item in items if isinstance(item, Node)]
    chance.shuffle(links)  # type: ignore[attr-defined]
    assert loaded([*records, *links]) == loaded(items)
