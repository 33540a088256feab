"""UMLS RRF: columns, filters, and the direction of MRREL, on rows of invented and genuine shape."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from kg_ingest.pipeline import SourceError
from kg_ingest.schema import Edge, EdgeKind, Group, Node, Reject, Skip
from kg_ingest.sources.umls import RADIOLOGY, Filter, Umls


def name(cui: str, text: str, **columns: str) -> str:
    row = {
        "LAT": "ENG",
        "TS": "P",
        "STT": "PF",
        "ISPREF": "Y",
        "SCUI": "",
        "SAB": "X",
        "TTY": "PT",
        "SUPPRESS": "N",
    }
    row |= columns
    return (
        f"{cui}|{row['LAT']}|{row['TS']}|L1|{row['STT']}|S1|{row['ISPREF']}|A1||{row['SCUI']}||{row['SAB']}|"
        f"{row['TTY']}|1|{text}|0|{row['SUPPRESS']}||"
    )


def relation(first: str, rela: str, second: str) -> str:
    return f"{first}|A1|SCUI|RO|{second}|A2|SCUI|{rela}|R1||X|X||Y|N||"


def release(folder: Path, **files: list[str]) -> Path:
    for stem, rows in files.items():
        (folder / f"{stem}.RRF").write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return folder


TYPES = ["C0000001|T047|A|Disease|AT1|1|", "C0000002|T023|A|Body Part|AT2|1|", "C0000003|T121|A|Drug|AT3|1|"]


def test_the_relation_is_what_cui2_is_to_cui1(tmp_path: Path) -> None:
    names = [name("C0000001", "pneumonia"), name("C0000002", "lung"), name("C0000003", "drug")]
    rows = [
        relation("C0000001", "isa", "C0000003"),
        relation("C0000001", "inverse_isa", "C0000003"),
        relation("C0000002", "has_finding_site", "C0000001"),
        relation("C0000001", "finding_site_of", "C0000002"),
        relation("C0000001", "may_treat", "C0000003"),
        relation("C0000001", "due_to", "C0000003"),
    ]
    folder = release(tmp_path, MRCONSO=names, MRSTY=TYPES, MRREL=rows)
    edges = [item for item in Umls(folder, "1").read() if isinstance(item, Edge)]
    assert [(edge.source_id[-1], edge.kind, edge.target_id[-1]) for edge in edges] == [
        ("3", EdgeKind.IS_A, "1"),
        ("1", EdgeKind.IS_A, "3"),
        ("1", EdgeKind.HAS_FINDING_SITE, "2"),
        ("1", EdgeKind.HAS_FINDING_SITE, "2"),
        ("3", EdgeKind.TREATS, "1"),
        ("1", EdgeKind.CAUSES, "3"),  # 3 is due to 1
    ]


def test_names_types_and_cross_references_make_a_concept(tmp_path: Path) -> None:
    rows = [
        name("C0000001", "Lung inflammation", TS="S"),
        name("C0000001", "Pneumonia", SAB="SNOMEDCT_US", SCUI="233604007"),
        name("C0000001", "Pneumonie", LAT="FRE"),
        name("C0000001", "Old name", SUPPRESS="O"),
    ]
    (node,) = [
        i for i in Umls(release(tmp_path, MRCONSO=rows, MRSTY=TYPES), "2").read() if isinstance(i, Node)
    ]
    assert (node.id, node.name, node.group) == ("UMLS:C0000001", "Pneumonia", Group.DISEASE)
    assert node.names == ("Pneumonia", "Lung inflammation")
    assert node.xrefs == ("SCTID:233604007",)


def test_mrrank_decides_the_preferred_name(tmp_path: Path) -> None:
    rows = [name("C0000001", "first", SAB="A"), name("C0000001", "second", SAB="B", TS="S")]
    ranks = ["0100|A|PT|N|", "0200|B|PT|N|"]
    folder = release(tmp_path, MRCONSO=rows, MRSTY=TYPES, MRRANK=ranks)
    assert next(item.name for item in Umls(folder, "1").read() if isinstance(item, Node)) == "second"


def test_filters_leave_out_and_count(tmp_path: Path) -> None:
    rows = [name("C0000001", "one"), name("C0000003", "drug"), name("C0000002", "deux", LAT="FRE")]
    folder = release(tmp_path, MRCONSO=rows, MRSTY=TYPES, MRREL=[relation("C0000001", "isa", "C0000003")])
    items = list(Umls(folder, "1", RADIOLOGY).read())
    assert [item.id for item in items if isinstance(item, Node)] == ["UMLS:C0000001"]
    assert {item.reason: item.count for item in items if isinstance(item, Skip)} == {
        "concept of a semantic type outside the filter": 1,
        "name in another language": 1,
        "relation of a concept outside the filter": 1,
    }
    only = Umls(folder, "1", Filter(sources=frozenset({"OTHER"})))
    assert not [item for item in only.read() if isinstance(item, Node)]


def test_bad_rows_are_refused_with_line_and_reason(tmp_path: Path) -> None:
    rows = [name("C0000001", "one"), "C0000002|ENG|P", name("X1", "what"), name("C0000003", "three")[:-9]]
    folder = release(tmp_path, MRCONSO=rows, MRSTY=[*TYPES, "C1|T047"])
    with (folder / "MRCONSO.RRF").open("ab") as stream:
        stream.write(b"C0000002|ENG|\xff\xfe|\n")
    rejects = [item for item in Umls(folder, "1").read() if isinstance(item, Reject)]
    assert {(reject.file, reject.line) for reject in rejects} >= {
        ("MRCONSO.RRF", 2),
        ("MRCONSO.RRF", 4),
        ("MRCONSO.RRF", 5),
    }
    assert {reject.reason for reject in rejects} >= {"2 columns where 18 are expected", "not UTF-8"}
    assert not any("three" in reject.reason for reject in rejects)


def test_gzipped_and_split_files_are_one(tmp_path: Path) -> None:
    rows = [name(f"C000000{n}", f"name {n}") for n in range(1, 4)]
    text = "".join(f"{row}\n" for row in rows).encode()
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    (whole / "MRCONSO.RRF.gz").write_bytes(gzip.compress(text))
    (parts / "MRCONSO.RRF.aa.gz").write_bytes(gzip.compress(text[:100]))  # cut within a row
    (parts / "MRCONSO.RRF.ab.gz").write_bytes(gzip.compress(text[100:]))
    assert list(Umls(whole, "1").read()) == list(Umls(parts, "1").read())
    assert len(list(Umls(whole, "1").read())) == 3
    (parts / "MRCONSO.RRF.ad.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(SourceError, match="a part of it is missing"):
        list(Umls(parts, "1").read())
    (whole / "MRCONSO.RRF.gz").write_bytes(gzip.compress(text)[:-12])
    with pytest.raises(SourceError, match="cut off"):
        list(Umls(whole, "1").read())


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no MRCONSO\.RRF"):
        list(Umls(tmp_path, "1").read())


def test_genuine_rows_load(shared: Callable[[str], Path]) -> None:
    items = list(Umls(shared("formats_umls_rrf/quoted_rows"), "1").read())
    assert not [item for item in items if isinstance(item, Reject)]
    nodes = {item.id: item for item in items if isinstance(item, Node)}
    assert nodes["UMLS:C0001175"].group is Group.DISEASE
    assert "SCTID:62479008" in nodes["UMLS:C0001175"].xrefs
    other = list(Umls(shared("formats_umls_rrf/scispacy"), "1").read())
    assert [item.id for item in other if isinstance(item, Node)] == ["UMLS:C0000005", "UMLS:C0000039"]
    assert [item.line for item in other if isinstance(item, Reject)] == []


def test_the_direction_of_genuine_relations(shared: Callable[[str], Path], tmp_path: Path) -> None:
    """Quoted MRREL rows with names for their concepts: on the CHD/isa row, CUI2 is the child."""
    rows = shared("formats_umls_rrf/quoted_rows/MRREL.RRF").read_text("utf-8").splitlines()
    cuis = sorted({cell for row in rows for cell in (row.split("|")[0], row.split("|")[4])})
    folder = release(tmp_path, MRCONSO=[name(cui, f"concept {cui}") for cui in cuis], MRREL=rows)
    edges = {(e.source_id, e.kind, e.target_id) for e in Umls(folder, "1").read() if isinstance(e, Edge)}
    assert ("UMLS:C0417035", EdgeKind.IS_A, "UMLS:C0000921") in edges  # CHD, isa
    assert ("UMLS:C0000097", EdgeKind.IS_A, "UMLS:C0576798") in edges  # PAR, inverse_isa
