"""OBO, RDF, RadLex, OIDM, DOID, SSSOM, KGX, RadGraph and own reports: what each makes of its files."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kg_ingest.pipeline import Plain, SourceError, load
from kg_ingest.schema import Edge, EdgeKind, Group, Item, Link, Node, Reject, Sidedness, Skip
from kg_ingest.sources import core, kgx
from kg_ingest.sources.catalogue import Choices, reader
from kg_ingest.sources.ontology import Obo, Rdf
from kg_ingest.sources.tables import DoidTsv, Oidm, RadlexCsv, Sssom


def nodes(items: list[Item]) -> dict[str, Node]:
    return {item.id: item for item in items if isinstance(item, Node)}


def edges(items: list[Item]) -> set[tuple[str, EdgeKind, str]]:
    return {(item.source_id, item.kind, item.target_id) for item in items if isinstance(item, Edge)}


OBO = """format-version: 1.4

[Term]
id: HP:0000001
name: Left lung finding
synonym: "Finding of left lung" EXACT []
synonym: "Lung thing" BROAD []
xref: SNOMEDCT_US:123
xref: UMLS:C0000001
is_a: HP:0000002 ! parent
relationship: part_of UBERON:0000003 ! lung
relationship: odd_relation UBERON:0000004

[Term]
id: HP:0000009
name: gone
is_obsolete: true
"""


def test_obo(tmp_path: Path) -> None:
    path = tmp_path / "x.obo"
    path.write_text(OBO)
    items = list(Obo(path, "HPO", "1").read())
    (node,) = nodes(items).values()
    assert (node.id, node.group) == ("HP:0000001", Group.FINDING)
    assert node.names == ("Left lung finding", "Finding of left lung")
    assert node.xrefs == ("SCTID:123", "UMLS:C0000001")
    assert edges(items) == {
        ("HP:0000001", EdgeKind.IS_A, "HP:0000002"),
        ("HP:0000001", EdgeKind.PART_OF, "UBERON:0000003"),
    }
    assert Skip("obsolete term", 1) in items
    path.write_text(OBO.replace("xref: SNOMEDCT_US:123", "xref no colon"))
    with pytest.raises(SourceError, match=r"x\\.obo line \\d+: not OBO".replace("\\\\", "\\")):
        list(Obo(path, "HPO", "1").read())


OWL = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:owl="http://www.w3.org/2002/07/owl#"
  xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#" xmlns:r="http://www.radlex.org/RID/"
  xmlns:oio="http://www.geneontology.org/formats/oboInOwl#">
 <owl:Class rdf:about="http://www.radlex.org/RID/RID3">
   <rdfs:label xml:lang="en">anatomical entity</rdfs:label></owl:Class>
 <owl:Class rdf:about="http://www.radlex.org/RID/RID1301">
   <r:Preferred_name xml:lang="en">lung</r:Preferred_name>
   <r:Preferred_name xml:lang="de">Lunge</r:Preferred_name>
   <oio:hasExactSynonym>pulmo</oio:hasExactSynonym>
   <oio:hasDbXref>FMA:7195</oio:hasDbXref>
   <rdfs:subClassOf rdf:resource="http://www.radlex.org/RID/RID3"/>
   <rdfs:subClassOf><owl:Restriction>
     <owl:onProperty rdf:resource="http://purl.obolibrary.org/obo/BFO_0000050"/>
     <owl:someValuesFrom rdf:resource="http://www.radlex.org/RID/RID1243"/>
   </owl:Restriction></rdfs:subClassOf>
 </owl:Class>
 <owl:Class rdf:about="http://www.radlex.org/RID/RID9"><rdfs:label>old</rdfs:label>
   <owl:deprecated>true</owl:deprecated></owl:Class>
</rdf:RDF>
"""


def test_owl_in_the_shape_of_radlex(tmp_path: Path) -> None:
    path = tmp_path / "radlex.owl"
    path.write_text(OWL)
    items = list(Rdf(path, "RadLex", "4").read())
    found = nodes(items)
    assert set(found) == {"RADLEX:RID3", "RADLEX:RID1301"}
    lung = found["RADLEX:RID1301"]
    assert (lung.group, lung.names, lung.xrefs) == (Group.ANATOMY, ("lung", "pulmo"), ("FMA:7195",))
    assert edges(items) == {
        ("RADLEX:RID1301", EdgeKind.IS_A, "RADLEX:RID3"),
        ("RADLEX:RID1301", EdgeKind.PART_OF, "RADLEX:RID1243"),
    }


def test_turtle_and_damaged_rdf(tmp_path: Path) -> None:
    path = tmp_path / "x.ttl"
    path.write_text(
        "@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix o: <http://purl.obolibrary.org/obo/> .\n"
        'o:HP_1 skos:prefLabel "one"@en ; skos:altLabel "first" ; skos:exactMatch o:MONDO_1 .\n'
    )
    (node,) = nodes(list(Rdf(path, "x", "1").read())).values()
    assert (node.id, node.names, node.xrefs) == ("HP:1", ("one", "first"), ("MONDO:1",))
    for damage in (
        "this is not Turtle",
        '@prefix a: <http://x/> .\na:b a:c "uncl',
        "[ <http://x/p> " * 5_000,
    ):
        path.write_text(damage)
        with pytest.raises(SourceError, match="not RDF"):
            list(Rdf(path, "x", "1").read())
    page = tmp_path / "x.html"
    page.write_text("<html>")
    with pytest.raises(SourceError, match=r"files that end with \.owl"):
        list(Rdf(page, "x", "1").read())
    damaged = tmp_path / "x.owl"
    damaged.write_text(OWL[:900])
    with pytest.raises(SourceError, match="not RDF"):
        list(Rdf(damaged, "x", "1").read())


def test_a_bridge_says_that_classes_are_the_same(shared: Callable[[str], Path]) -> None:
    path = shared("ontologies_open/uberon/uberon-bridge-to-sctid.owl")
    items = list(Rdf(path, "UBERON", "1", bridge=True).read())
    assert Link("SCTID:10664000", "UBERON:0015872", "UBERON", "1") in items
    assert {type(item) for item in items} == {Link}


def test_radlex_rows(tmp_path: Path) -> None:
    path = tmp_path / "radlex.csv"
    path.write_text(
        'anatomical entity,RID3,RID1\n"lung, left",RID2,RID3\nlung,RID2,RID3\nbroken\n,RID7,RID3\n"a\rb"c\rd,RID8,RID3\n',
        newline="",
    )
    items = list(RadlexCsv(path, "1").read())
    assert nodes(items)["RADLEX:RID2"].name == "lung, left"
    assert nodes(items)["RADLEX:RID2"].group is Group.ANATOMY
    rejects = [(item.line, item.reason) for item in items if isinstance(item, Reject)]
    assert rejects == [
        (3, "this RID was there before"),
        (4, "1 columns where 3 are expected"),
        (5, "no name, or no RID in the second column"),
        (
            6,
            "not a row: new-line character seen in unquoted field - do you need to open the file in universal-newline mode?",
        ),
    ]


def test_oidm_locations_and_findings(tmp_path: Path) -> None:
    place = {
        "_id": "RID2",
        "description": "left lung",
        "synonyms": ["L lung"],
        "region": "Thorax",
        "snomedId": "44029006",
        "unsidedRef": {"id": "RID1"},
        "rightRef": {"id": "RID3"},
        "partOfRef": {"id": "RID9"},
    }
    path = tmp_path / "places.json"
    path.write_text(json.dumps([place, {"_id": "RID4"}]))
    items = list(Oidm(path, "1").read())
    node = nodes(items)["RADLEX:RID2"]
    assert (node.sidedness, node.region, node.xrefs) == (Sidedness.LEFT, "chest", ("SCTID:44029006",))
    assert edges(items) == {
        ("RADLEX:RID2", EdgeKind.PART_OF, "RADLEX:RID9"),
        ("RADLEX:RID2", EdgeKind.UNSIDED, "RADLEX:RID1"),
        ("RADLEX:RID2", EdgeKind.LATERAL_TWIN, "RADLEX:RID3"),
    }
    assert [item.line for item in items if isinstance(item, Reject)] == [2]
    finding = {"oifm_id": "OIFM_1", "name": "mass", "synonyms": ["lump"], "tags": ["chest", "diagnosis"]}
    (tmp_path / "mass.fm.json").write_text(json.dumps(finding))
    (node,) = nodes(list(Oidm(tmp_path, "1").read())).values()
    assert (node.id, node.names, node.group) == ("OIFM:OIFM_1", ("mass", "lump"), Group.DISEASE)


def test_doid_tables(tmp_path: Path) -> None:
    terms = 'id\tlabel\tsubClassOf\n"DOID:1"\t"flu"\t"disease"\n"DOID:4"\t"disease"\t""\n"DOID:1"\t"flu"\t"other"\n'
    (tmp_path / "HumanDO.tsv").write_text(terms)
    (tmp_path / "allXREFinDO.tsv").write_text('id\tlabel\txref\n"DOID:1"\t"flu"\t"UMLS_CUI:C0021400"\n')
    items = list(DoidTsv(tmp_path, "1").read())
    assert nodes(items)["DOID:1"].xrefs == ("UMLS:C0021400",)
    assert edges(items) == {("DOID:1", EdgeKind.IS_A, "DOID:4")}


def test_tables_name_the_column_that_they_lack(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text("subject_id,predicate_id,object_id\n")
    with pytest.raises(SourceError, match="no column object_id, predicate_id, subject_id"):
        list(Sssom(path, "x", "1").read())


def test_obo_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.obo"
    path.write_bytes("format-version: 1.2\n\n[Term]\nid: X:1\nname: café\n".encode("cp1252"))
    with pytest.raises(SourceError, match=r"x\.obo is not OBO in UTF-8"):
        list(Obo(path, "x", "1").read())


def test_sssom_takes_exact_matches_only(tmp_path: Path) -> None:
    path = tmp_path / "m.sssom.tsv"
    rows = ["# licence: x", "subject_id\tpredicate_id\tobject_id", "MONDO:1\tskos:exactMatch\tUMLS_CUI:C1"]
    path.write_text("\n".join([*rows, "MONDO:2\tskos:broadMatch\tUMLS:C2", "short"]) + "\n")
    items = list(Sssom(path, "MONDO", "1").read())
    assert items == [
        Link("MONDO:1", "UMLS:C1", "MONDO", "1"),
        Reject("m.sssom.tsv", 5, "1 columns where 3 are expected"),
        Skip("mapping that is not exact", 1),
    ]


def test_kgx_goes_out_and_comes_back(tmp_path: Path) -> None:
    one = Node("HP:1", "one", Group.FINDING, "x", "1", ("one", "first"), ("UMLS:C1",))
    two = Node("HP:2", "two", Group.ANATOMY, "x", "1", ("two",))
    kgx.write([one, two, Edge("HP:1", EdgeKind.HAS_FINDING_SITE, "HP:2", "x", "1")], tmp_path / "g")
    items = list(kgx.Kgx(tmp_path / "g_nodes.jsonl", "x", "1").read())
    assert items == [one, two, Edge("HP:1", EdgeKind.HAS_FINDING_SITE, "HP:2", "x", "1")]


def test_kgx_tables_and_bad_rows(tmp_path: Path) -> None:
    (tmp_path / "g_nodes.tsv").write_text(
        "id\tname\tcategory\tsynonym\nX:1\tone\tbiolink:Disease\ta|b\nX:2\t\t\t\nX:3\n"
    )
    said = (
        ("predicate", "object"),
        ("biolink:has_phenotype", "X:2"),
        ("biolink:eats", "X:2"),
        ("biolink:same_as", "HP:1"),
    )
    rows = [
        f"{'X:1' if place else 'subject'}\t{predicate}\t{end}\n"
        for place, (predicate, end) in enumerate(said)
    ]
    (tmp_path / "g_edges.tsv").write_text("".join(rows))
    items = list(kgx.Kgx(tmp_path / "g_nodes.tsv", "x", "1").read())
    assert nodes(items)["X:1"].names == ("one", "a", "b")
    assert edges(items) == {("X:2", EdgeKind.SUGGESTS, "X:1")}
    assert [item.line for item in items if isinstance(item, Reject)] == [3, 4]
    assert Link("X:1", "HP:1", "x", "1") in items
    with pytest.raises(SourceError, match="pair of files"):
        list(kgx.Kgx(tmp_path / "g_edges.tsv", "x", "1").read())


def test_every_open_source_joins_into_one_graph(shared: Callable[[str], Path]) -> None:
    choices = Choices()
    listed = [
        ("oidm", "oidm_anatomic_locations/anatomic_locations_noembed.json", "", "75afd39"),
        ("oidm", "oidm_findingmodels/defs", "", "4475ac1"),
        ("radlex", "radlex/Radlex_tekram2017.csv", "", "2017"),
        ("obo", "ontologies_open/hpo/hp.obo", "HPO", "2025-01-16"),
        ("doid", "ontologies_open/doid", "", "9fbefd6"),
        ("obo", "ontologies_open/uberon/mondo_uberon_import.obo", "UBERON", "2021"),
        ("bridge", "ontologies_open/uberon/uberon-bridge-to-sctid.owl", "UBERON", "2026-04-01"),
        ("sssom", "ontologies_open/mondo/mondo_exactmatch_umls.sssom.tsv", "MONDO", "fad2512"),
        ("sssom", "ontologies_open/mondo/mondo_exactmatch_sctid.sssom.tsv", "MONDO", "fad2512"),
    ]
    readers = [reader(kind, shared(path), version, name, choices) for kind, path, name, version in listed]
    store, summary = load([core.reader(), *readers], None)
    assert summary.rejected == 0
    assert summary.cyclic_concepts == 0
    assert summary.manifest.concepts > 80_000
    assert summary.manifest.joined > 900
    joined = {
        member.source for member in store.facts(["RP:pleural-effusion"]).nodes["RP:pleural-effusion"].members
    }
    assert joined == {"RadProof core", "HPO", "RadLex", "OIDM finding models"}
    assert store.checksum() == summary.manifest.checksum
    store.close()


def test_unknown_kinds_and_paths_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no source is called umsl"):
        reader("umsl", tmp_path, "1", "", Choices())
    with pytest.raises(SourceError, match="no such file"):
        reader("umls", tmp_path / "absent", "1", "", Choices())
    with pytest.raises(SourceError, match="needs the path"):
        reader("umls", None, "1", "", Choices())


def test_plain_items_are_a_source() -> None:
    assert load([Plain([Node("a", "a", Group.OTHER, "x", "1", ("a",))])], None)[1].manifest.concepts == 1
