"""Every kind of source, damaged in many ways: rows are refused or the source is, and nothing else happens."""

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from synthetic_release import write_rf2, write_rrf

from kg_ingest import turtle
from kg_ingest.pipeline import Plain, SourceError, load
from kg_ingest.schema import Edge, EdgeKind, Group, Item, Node, Reject
from kg_ingest.sources import kgx
from kg_ingest.sources.catalogue import Choices, reader

OWL = """<?xml version="1.0"?>
<!DOCTYPE rdf:RDF [
  <!ENTITY owl "http://www.w3.org/2002/07/owl#" > <!ENTITY obo "http://purl.obolibrary.org/obo/" >
  <!ENTITY query "http://x/?a=1&amp;b=2" > ]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:owl="&owl;"
  xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#">
 <owl:Class rdf:about="&obo;HP_1"><rdfs:label>lung</rdfs:label></owl:Class>
 <owl:Class rdf:about="&obo;HP_2"><rdfs:label>left lung</rdfs:label>
   <rdfs:subClassOf rdf:resource="&obo;HP_1"/>
   <rdfs:subClassOf><owl:Restriction><owl:onProperty rdf:resource="&obo;BFO_0000050"/>
     <owl:someValuesFrom rdf:resource="&obo;HP_3"/></owl:Restriction></rdfs:subClassOf></owl:Class>
</rdf:RDF>
"""
OBO = """format-version: 1.4

[Term]
id: HP:0000001
name: lung
synonym: "pulmo" EXACT []
xref: UMLS:C0000001

[Term]
id: HP:0000002
name: left lung
is_a: HP:0000001 ! lung
relationship: part_of HP:0000001
"""
TTL = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix o: <http://purl.obolibrary.org/obo/> .
o:HP_1 skos:prefLabel "one"@en ; skos:altLabel "first" ; skos:broader o:HP_2 .
o:HP_2 skos:prefLabel "two"@en ; skos:exactMatch o:MONDO_2 .
"""
ENTITY = {"tokens": "consolidation", "label": "OBS-DP", "relations": [["located_at", "2"]]}
RADGRAPH = [
    {
        "radgraph_annotations": {
            "0": {"entities": {"1": ENTITY, "2": {"tokens": "lung", "label": "ANAT-DP", "relations": []}}}
        }
    },
    {"labeler_1": {"entities": {"1": ENTITY, "2": ENTITY}}},
]
PLACES = [
    {
        "_id": f"RID{number}",
        "description": f"place {number}",
        "synonyms": [f"{number}. place", ""],
        "region": "Thorax",
        "snomedId": "44029006",
        "codes": [{"system": "FMA", "code": f"{number}"}],
        "rightRef": {"id": "RID2"},
        "unsidedRef": {"id": "RID1"},
        "partOfRef": {"id": "RID1"},
    }
    for number in range(3)
]
MODEL = {
    "oifm_id": "OIFM_1",
    "name": "mass",
    "synonyms": ["lump"],
    "tags": ["chest"],
    "index_codes": [{"system": "SNOMED", "code": "1"}],
}
REPORTS = [
    {"report_id": f"r{number}", "text": "FINDINGS: Left lower lobe consolidation."} for number in range(3)
]
DOID = {
    "HumanDO.tsv": "id\tlabel\tsubClassOf\nDOID:1\tflu\tdisease\nDOID:4\tdisease\t\n",
    "allXREFinDO.tsv": "id\tlabel\txref\nDOID:1\tflu\tUMLS_CUI:C0021400\n",
}
SSSOM = "# x\nsubject_id\tpredicate_id\tobject_id\nHP:1\tskos:exactMatch\tUMLS:C1\nHP:2\tskos:closeMatch\tUMLS:C2\n"
FILES = {
    ("obo", "x.obo"): OBO,
    ("rdf", "x.owl"): OWL,
    ("bridge", "b.owl"): OWL,
    ("rdf", "x.ttl"): TTL,
    ("radlex", "radlex.csv"): 'anatomical entity,RID3,RID1\n"lung, left",RID2,RID3\nlung,RID4,RID3\n',
    ("sssom", "m.tsv"): SSSOM,
    ("radgraph", "g.json"): json.dumps(RADGRAPH),
    ("oidm", "places.json"): json.dumps(PLACES),
    ("oidm", "models.json"): json.dumps([MODEL, MODEL]),
    ("reports", "r.jsonl"): "\n".join(map(json.dumps, REPORTS)) + "\n",
    ("reports", "r.csv"): "report_id,text\n" + "".join(f"{r['report_id']},{r['text']}\n" for r in REPORTS),
}
NODES = [Node(f"HP:{n}", f"name {n}", Group.FINDING, "x", "1", (f"name {n}",), ("UMLS:C1",)) for n in (1, 2)]
EDGE = Edge("HP:1", EdgeKind.IS_A, "HP:2", "x", "1")


def sources(folder: Path) -> Iterator[tuple[str, Path, list[Path]]]:
    """(kind, path of the source, its files) of a small sound source of every kind."""
    for (kind, name), text in FILES.items():
        (folder / name).write_text(text)
        yield kind, folder / name, [folder / name]
    for name, text in DOID.items():
        (folder / name).write_text(text)
    yield "doid", folder, [folder / name for name in DOID]
    rrf = write_rrf(folder / "META", 30, 60)
    yield "umls", rrf, sorted(rrf.iterdir())
    rf2 = write_rf2(folder / "rf2", 20)
    yield "snomed", rf2, sorted(rf2.rglob("*.txt"))
    turtle.write([*NODES, EDGE], folder / "export.ttl")
    yield "turtle", folder / "export.ttl", [folder / "export.ttl"]
    kgx.write([*NODES, EDGE], folder / "g")
    yield "kgx", folder / "g_nodes.jsonl", [folder / "g_nodes.jsonl", folder / "g_edges.jsonl"]


KINDS = [f"{kind}:{name}" for kind, name in FILES] + ["doid", "umls", "snomed", "turtle", "kgx"]
CHOICES = Choices(mentions=True)
ODD: list[Any] = [None, "", " ", 5, -1, True, 1e300, [], {}, [None], [5], [""], [[]], {"id": 5}, "x" * 2000]
ODD += ["\0", "\ud800", "9" * 40, "²", "a\tb\nc", {"0": 5}, [{"system": 1, "code": None}]]


def damaged_value(value: Any, chance: random.Random) -> Any:
    """The JSON value with one part of it replaced, or left out."""
    if not isinstance(value, dict | list) or not value or chance.random() < 0.15:
        return chance.choice(ODD)
    copy = dict(value) if isinstance(value, dict) else dict(enumerate(value))
    key = chance.choice(list(copy))
    if chance.random() < 0.15:
        del copy[key]
    else:
        copy[key] = damaged_value(copy[key], chance)
    return copy if isinstance(value, dict) else list(copy.values())


def damaged_cells(line: str, chance: random.Random) -> str:
    """The row with a cell replaced, left out or said twice."""
    mark = max("\t|,", key=line.count)
    cells = line.split(mark)
    place = chance.randrange(len(cells))
    cells[place : place + 1] = chance.choice(
        [[], [cells[place]] * 2, [str(chance.choice(ODD)).encode(errors="replace").decode()]]
    )
    return mark.join(cells)


def damaged_bytes(raw: bytes, chance: random.Random) -> bytes:
    """Cut off, or with bytes put in that do not belong there."""
    place = chance.randrange(len(raw) + 1)
    put = chance.choice(
        [b"\0", b"\xff", b"\xed\xa0\x80", b"\n\n", b'"', b"\\ud800", b"\xef\xbb\xbf", b"<", b"&x;"]
    )
    return chance.choice(
        [raw[:place], raw[:place] + put + raw[place:], raw.decode().encode("utf-16"), b"", b" \n"]
    )


def damage(path: Path, chance: random.Random) -> None:
    raw = path.read_bytes()
    lines = raw.decode().splitlines()
    place = chance.randrange(len(lines))
    if chance.random() < 0.25:
        path.write_bytes(damaged_bytes(raw, chance))
    elif path.suffix == ".json":
        path.write_text(json.dumps(damaged_value(json.loads(raw), chance)))
    else:
        if path.suffix == ".jsonl" and chance.random() < 0.8:
            lines[place] = json.dumps(damaged_value(json.loads(lines[place]), chance))
        else:
            lines[place] = damaged_cells(lines[place], chance)
        path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("place", range(len(KINDS)), ids=KINDS)
def test_damage_is_refused_and_nothing_else_happens(place: int, tmp_path: Path) -> None:
    kind, path, files = list(sources(tmp_path))[place]
    sound = {file: file.read_bytes() for file in files}
    source = reader(kind, path, "1", "X", CHOICES)
    _, summary = load([Plain(NODES), source], None)
    assert summary.rejected == 0
    for seed in range(100):
        chance = random.Random(seed)
        damage(chance.choice(files), chance)
        with suppress(SourceError):
            store, summary = load([Plain(NODES), source], None)
            assert store.checksum() == summary.manifest.checksum
            assert all(file and "\n" not in file + reason for file, _, reason in store.rejects())
            store.close()
        for file, raw in sound.items():
            file.write_bytes(raw)


def rejected(kind: str, path: Path) -> list[tuple[str, int, str]]:
    items: list[Item] = list(reader(kind, path, "1", "X", CHOICES).read())
    return [(item.file, item.line, item.reason) for item in items if isinstance(item, Reject)]


@pytest.mark.parametrize(
    ("kind", "name", "text", "line", "reason"),
    [
        ("radgraph", "g.json", [RADGRAPH[0], {"radgraph_annotations": {"0": 5}}], 2, "not a JSON object"),
        ("oidm", "p.json", [MODEL, {**MODEL, "name": 5}], 2, "name is missing, or no text"),
        ("oidm", "p.json", [{**MODEL, "synonyms": "lump"}], 1, "synonyms is not a list"),
        ("oidm", "p.json", [{**MODEL, "name": "\ud800"}], 1, "a concept with a name that is no text"),
        ("reports", "r.jsonl", {"text": "lung \ud800"}, 1, "a report with a character that is no text"),
    ],
)
def test_rows_of_the_wrong_shape(
    kind: str, name: str, text: object, line: int, reason: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(json.dumps(text))
    assert rejected(kind, tmp_path / name) == [(name, line, reason)]


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_identifiers_are_bounded_and_terms_name_something(tmp_path: Path) -> None:
    rf2 = write_rf2(tmp_path, 20)
    (description,) = rf2.rglob("sct2_Description*")
    name = description.name
    rows = description.read_text().splitlines()
    long = rows[4].replace(rows[4].split("\t")[0], "9" * 30, 1)
    empty = rows[5].split("\t")
    empty[7] = ""
    description.write_text("\n".join([*rows[:4], long, "\t".join(empty), *rows[6:]]) + "\n")
    assert rejected("snomed", rf2) == [
        (name, 5, "id is not a number of at most 18 digits"),
        (name, 6, "a concept that has no name, or an empty one"),
    ]
    rrf = write_rrf(tmp_path / "META", 20, 10)
    for file in ("MRCONSO.RRF", "MRSTY.RRF"):
        replace(rrf / file, "C0000000", "C" + "9" * 30)
    not_one = "not a concept identifier (C and seven digits)"
    assert rejected("umls", rrf) == [("MRSTY.RRF", 1, not_one), ("MRCONSO.RRF", 1, not_one)]


def test_blank_lines_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text("\n" + json.dumps(REPORTS[0]) + "\n \n{\n")
    assert rejected("reports", tmp_path / "r.jsonl") == [("r.jsonl", 4, "not JSON")]


def test_reports_need_their_columns(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("report_id,text\nr1,A nodule.,too many\nr2\n")
    assert [line for _, line, _ in rejected("reports", path)] == [2, 3]
    path.write_text("id,words\n1,lung\n")
    with pytest.raises(SourceError, match=r"r\.csv has no column text, findings or impression"):
        rejected("reports", path)
    path.write_bytes("text\nA nödule.\n".encode("latin-1"))
    with pytest.raises(SourceError, match=r"r\.csv is not UTF-8"):
        rejected("reports", path)


BOMB = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))


@pytest.mark.parametrize(
    ("declared", "text", "words"),
    [
        ('<!ENTITY l0 "lol">' + BOMB, "&l8;", "an entity made of entities"),
        ('<!ENTITY a "x"><!ENTITY b "&#38;a;">', "&b;", "an entity made of entities"),
        (f'<!ENTITY a "{"a" * 1000}">', "&a;" * 1000, "a text of more than 256 KiB"),
    ],
)
def test_entities_that_multiply_are_refused(declared: str, text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "x.owl"
    path.write_text(OWL.replace("<!ENTITY owl", declared + "<!ENTITY owl").replace("left lung", text))
    with pytest.raises(SourceError, match=rf"x\.owl line \d+: {words}"):
        list(reader("rdf", path, "1", "X", CHOICES).read())


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "hp.obo").mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        reader("obo", tmp_path / "hp.obo", "1", "X", CHOICES)
    assert caught.value.filename == str(tmp_path / "hp.obo")


def test_what_a_release_lacks_is_named(tmp_path: Path) -> None:
    meta = write_rrf(tmp_path, 5, 5)
    (meta / "MRSTY.RRF").write_text("C0000001|T999|A1|invented|AT1|256|\n")
    with pytest.raises(SourceError, match=r"all of it was left out: .* concept of a semantic type outside"):
        load([reader("umls", meta, "1", "X", CHOICES)], None)
    (meta / "MRSTY.RRF").unlink()
    with pytest.raises(SourceError, match=r"no MRSTY\.RRF here, by which --umls-types chooses"):
        load([reader("umls", meta, "1", "X", CHOICES)], None)
    (meta / "MRCONSO.RRF").write_bytes(b"\xff\xfe\n")
    (meta / "MRSTY.RRF").write_text("C0000001|T047|A1|invented|AT1|256|\n")
    with pytest.raises(SourceError, match=r"no row of it can be taken; MRCONSO\.RRF line 1: not UTF-8"):
        load([reader("umls", meta, "1", "X", CHOICES)], None)
