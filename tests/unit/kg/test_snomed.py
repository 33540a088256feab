"""SNOMED CT RF2: the latest active row counts, names of one language, direction of relations."""

from collections.abc import Callable
from pathlib import Path

import pytest
from synthetic_release import write_rf2

from kg_ingest.pipeline import Plain, SourceError, load
from kg_ingest.schema import Edge, EdgeKind, Group, Node, Reject, Sidedness, Skip
from kg_ingest.sources.snomed import Snomed

HEAD = "id\teffectiveTime\tactive\tmoduleId\t"
FSN, SYNONYM, PREFERRED, US = 900000000000003001, 900000000000013009, 900000000000548007, 900000000000509007


def release(folder: Path, form: str = "Snapshot", **tables: list[str]) -> Path:
    heads = {
        "Concept": "definitionStatusId",
        "Description": "conceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId",
        "Relationship": "sourceId\tdestinationId\trelationshipGroup\ttypeId\tcharacteristicTypeId\tmodifierId",
    }
    for table, head in heads.items():
        rows = [f"{HEAD}{head}", *tables.get(table, [])]
        (folder / f"sct2_{table}_{form}_INT_20240101.txt").write_text(
            "\n".join(rows) + "\n", encoding="utf-8"
        )
    members = [f"{HEAD}refsetId\treferencedComponentId\tacceptabilityId", *tables.get("Language", [])]
    path = folder / f"der2_cRefset_Language{form}-en_INT_20240101.txt"
    path.write_text("\n".join(members) + "\n", encoding="utf-8")
    return folder


def concept(code: int, day: int = 20240101, active: int = 1) -> str:
    return f"{code}\t{day}\t{active}\t1\t2"


def term(identifier: int, code: int, text: str, kind: int = SYNONYM, language: str = "en") -> str:
    return f"{identifier}\t20240101\t1\t1\t{code}\t{language}\t{kind}\t{text}\t3"


def related(identifier: int, source: int, kind: int, target: int) -> str:
    return f"{identifier}\t20240101\t1\t1\t{source}\t{target}\t0\t{kind}\t4\t5"


def test_names_groups_sides_and_directions(tmp_path: Path) -> None:
    folder = release(
        tmp_path,
        Concept=[concept(1), concept(2), concept(3)],
        Description=[
            term(11, 1, "Pneumonia (disorder)", FSN),
            term(12, 1, "Lung inflammation"),
            term(13, 1, "Pneumonia"),
            term(14, 1, "Lungenentzündung", language="de"),
            term(21, 2, "Structure of left lung (body structure)", FSN),
            term(31, 3, "Germ (organism)", FSN),
        ],
        Relationship=[
            related(41, 1, 363698007, 2),
            related(42, 1, 246075003, 3),
            related(43, 2, 272741003, 7771000),
            related(44, 1, 999, 2),
        ],
        Language=[f"m1\t20240101\t1\t1\t{US}\t13\t{PREFERRED}"],
    )
    items = list(Snomed(folder, "1").read())
    nodes = {item.id: item for item in items if isinstance(item, Node)}
    assert nodes["SCTID:1"].names == ("Pneumonia", "Lung inflammation")
    assert (nodes["SCTID:1"].name, nodes["SCTID:1"].group) == ("Pneumonia", Group.DISEASE)
    assert (nodes["SCTID:2"].group, nodes["SCTID:2"].sidedness) == (Group.ANATOMY, Sidedness.LEFT)
    assert {(e.source_id, e.kind, e.target_id) for e in items if isinstance(e, Edge)} == {
        ("SCTID:1", EdgeKind.HAS_FINDING_SITE, "SCTID:2"),
        ("SCTID:3", EdgeKind.CAUSES, "SCTID:1"),
    }
    assert Skip("relation that is not used", 2) in items


def test_the_latest_row_counts_and_extensions_join(tmp_path: Path) -> None:
    release(
        tmp_path,
        Concept=[concept(1), concept(2, active=0)],
        Description=[term(11, 1, "one"), term(21, 2, "two")],
    )
    extension = tmp_path / "extension"
    extension.mkdir()
    release(
        extension, Concept=[concept(1, 20200101, 0), concept(2, 20250101)], Description=[term(31, 3, "alone")]
    )
    nodes = [item.id for item in Snomed(tmp_path, "1").read() if isinstance(item, Node)]
    assert nodes == ["SCTID:1", "SCTID:2"]


def test_full_and_snapshot_say_the_same(tmp_path: Path) -> None:
    snapshot, full = write_rf2(tmp_path / "s", 60), write_rf2(tmp_path / "f", 60, "Full")
    one = [item for item in Snomed(snapshot, "1").read() if isinstance(item, Node)]
    other = [item for item in Snomed(full, "1", "Full").read() if isinstance(item, Node)]
    assert one == other
    assert 40 < len(one) < 60  # some are inactive


def test_bad_releases_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no sct2_Concept"):
        list(Snomed(tmp_path, "1").read())
    rows = ["1\tyesterday\t1\t1\t2", "2\t20240101", "x\t20240101\t1\t1\t2", "3\t20240101\t7\t1\t2"]
    folder = release(tmp_path, Concept=rows)
    rejects = [item for item in Snomed(folder, "1").read() if isinstance(item, Reject)]
    assert [(reject.line, reject.reason) for reject in rejects] == [
        (2, "effectiveTime is not a date (YYYYMMDD)"),
        (3, "2 columns where 5 are expected"),
        (4, "id is not a number of at most 18 digits"),
        (5, "active is neither 0 nor 1"),
    ]
    path = folder / "sct2_Concept_Snapshot_INT_20240101.txt"
    path.write_text("1\t20240101\t1\t1\t2\n", encoding="utf-8")
    with pytest.raises(SourceError, match="no header row"):
        list(Snomed(folder, "1").read())


@pytest.mark.parametrize(
    ("folder", "form", "concepts"),
    [
        ("snowstorm/src/main/resources/dummy-snomed-content/RF2Release", "Snapshot", 100),
        ("snowstorm/src/main/resources/dummy-snomed-content/RF2Release", "Full", 100),
        ("snomed-boot/src/test/resources/SnomedCT_MiniRF2_Base_snapshot", "Snapshot", None),
        ("snomed-boot/src/test/resources/SnomedCT_MiniRF2_Base_full", "Full", None),
    ],
)
def test_genuine_files_load(
    shared: Callable[[str], Path], folder: str, form: str, concepts: int | None
) -> None:
    source = Snomed(shared(f"formats_snomed_rf2/{folder}"), "1", form)
    items = list(source.read())
    nodes = [item for item in items if isinstance(item, Node)]
    assert not [item for item in items if isinstance(item, Reject)]
    assert len(nodes) == (concepts or len(nodes)) > 5
    root = "SCTID:138875005"
    assert any(isinstance(e, Edge) and e.kind is EdgeKind.IS_A and e.target_id == root for e in items)
    assert not any(isinstance(e, Edge) and e.kind is EdgeKind.IS_A and e.source_id == root for e in items)
    if concepts:  # 101 are active in the snapshot, and one has no active description there
        assert Skip("inactive concept", 2) in items
        assert (Skip("concept without a name in this language", 1) in items) is (form == "Snapshot")
    _, summary = load([Plain(items)], None)
    assert summary.cyclic_concepts == 0


@pytest.mark.parametrize(
    "folder", ["SnomedCT_MiniRF2_Base_invalid_rf2", "SnomedCT_MiniRF2_Base_invalid_description_rf2"]
)
def test_genuine_invalid_files_are_explained(shared: Callable[[str], Path], folder: str) -> None:
    source = Snomed(shared(f"formats_snomed_rf2/snomed-boot/src/test/resources/{folder}"), "1")
    try:
        rejects = [item for item in source.read() if isinstance(item, Reject)]
    except SourceError as error:
        assert "header row" in str(error)  # noqa: PT017 - either way is an explanation
    else:
        assert rejects
        assert all(reject.reason for reject in rejects)
