"""``python -m kg_ingest`` as people use it: what it writes, says, asks, and how it ends."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from synthetic_release import write_rf2, write_rrf

from kg_ingest import bulk
from kg_ingest.__main__ import main


def said(capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, object], str]:
    out, err = capsys.readouterr()
    return (json.loads(out) if out.startswith("{") else {}), err


def test_load_verify_status_and_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = str(tmp_path / "core.db")
    assert main(["load", "--to", target]) == 0
    document, notices = said(capsys)
    assert document["rejected"] == 0
    assert "RadProof core graph" in notices
    assert main(["verify", "--store", target]) == 0
    assert said(capsys)[0]["checksum"] == document["checksum"]
    assert main(["status", "--store", target]) == 0
    assert (
        main(["export", "--store", target, "--turtle", str(tmp_path / "g.ttl"), "--kgx", str(tmp_path / "g")])
        == 0
    )
    again = str(tmp_path / "again.db")
    capsys.readouterr()
    assert main(["load", "--source", f"turtle={tmp_path / 'g.ttl'}", "--to", again]) == 0
    turtle, _ = said(capsys)
    assert (turtle["concepts"], turtle["edges"]) == (document["concepts"], document["edges"])
    kgx = f"kgx:x={tmp_path / 'g_nodes.jsonl'}@1"
    assert main(["load", "--source", kgx, "--to", str(tmp_path / "k.db")]) == 0


def test_licensed_sources_need_a_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rrf, target = write_rrf(tmp_path / "META", 200, 400), tmp_path / "umls.db"
    command = ["load", "--source", "core", "--source", f"umls={rrf}@2026AA", "--to", str(target)]
    assert main(command) == 2
    _, err = said(capsys)
    assert '--accept-licence "UMLS"' in err
    assert "Some material in the UMLS Metathesaurus is from copyrighted sources" in err
    assert not target.exists()
    assert main([*command, "--accept-licence", "UMLS"]) == 0
    document, _ = said(capsys)
    assert document["licences"] == ["UMLS"]
    sources = {source["name"]: source for source in document["sources"]}  # type: ignore[attr-defined]
    assert sources["UMLS"]["version"] == "2026AA"
    assert sources["UMLS"]["licence"] == "UMLS Metathesaurus License"
    rf2 = write_rf2(tmp_path / "rf2", 50)
    assert main(["load", "--source", f"snomed={rf2}", "--accept-licence", "SNOMED CT", "--dry-run"]) == 0


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    assert main(["load", "--dry-run", "--to", str(tmp_path / "dry.db")]) == 0
    assert list(tmp_path.iterdir()) == []


def test_refused_rows_and_conflicts_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "r.csv").write_text("lung,RID1301,RID3\nbroken\n")
    command = [
        "load",
        "--source",
        "core",
        "--source",
        f"radlex={tmp_path / 'r.csv'}@2017",
        "--to",
        str(tmp_path / "g.db"),
    ]
    lists = ["--rejects", str(tmp_path / "rejects.tsv"), "--conflicts", str(tmp_path / "conflicts.tsv")]
    assert main([*command, *lists]) == 1
    document, err = said(capsys)
    assert document["rejected"] == 1
    assert "refused r.csv line 2: 1 columns where 3 are expected" in err
    assert (tmp_path / "rejects.tsv").read_text().splitlines()[
        1
    ] == "r.csv\t2\t1 columns where 3 are expected"
    assert len((tmp_path / "conflicts.tsv").read_text().splitlines()) > 2
    assert main([*command, "--max-rejects", "1"]) == 0


def test_bounds_fail_a_load(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["load", "--to", str(tmp_path / "g.db"), "--nodes", "20000-90000"]) == 1
    assert "concepts loaded, expected 20000 to 90000" in said(capsys)[1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["load"], "say where to"),
        (["load", "--to", "x.db", "--source", "umsl=x"], "no source is called umsl"),
        (["load", "--to", "x.db", "--source", "radlex=absent.csv"], "no such file"),
        (["load", "--to", "x.db", "--source", "=x"], "--source is KIND"),
        (["load", "--to", "absent/x.db"], "x.db.part: No such file"),
        (["load", "--to", "x.db", "--workers", "0"], "--workers is 1 to 16"),
        (["export"], "say what to write"),
        (["verify", "--store", "absent.db"], "no graph file"),
        (["status", "--store", "bolt://127.0.0.1:9", "--password-file", "absent"], "absent"),
    ],
)
def test_mistakes_are_named(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) in (1, 2)
    out, err = capsys.readouterr()
    assert words in err
    assert "Traceback" not in err + out
    assert list(tmp_path.iterdir()) == []


def test_a_load_replaces_graphs_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    letter, other = tmp_path / "letter.txt", tmp_path / "other.db"
    letter.write_text("dear")
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE patients(id)")
    held = other.read_bytes()
    for target in (letter, other, tmp_path):
        assert main(["load", "--to", str(target)]) == 2
        assert "a load replaces graph files only" in said(capsys)[1]
    assert (letter.read_text(), other.read_bytes()) == ("dear", held)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["letter.txt", "other.db"]
    (graph := tmp_path / "graph.db").touch()
    assert main(["load", "--to", str(graph)]) == 0
    link = tmp_path / "link.db"
    link.symlink_to(graph)
    assert main(["load", "--to", str(link)]) == 0
    assert link.is_symlink()


def test_a_source_that_states_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (empty := tmp_path / "empty.obo").touch()
    assert main(["load", "--source", "core", "--source", f"obo:X={empty}", "--to", str(tmp_path / "g")]) == 2
    assert "obo: nothing that it should hold" in said(capsys)[1]
    assert not (tmp_path / "g").exists()


def test_no_rights_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "folder.db").mkdir()
    assert main(["load", "--to", str(tmp_path / "folder.db")]) != 0
    assert "Traceback" not in said(capsys)[1]


def test_import_files_come_with_a_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["load", "--bulk", str(tmp_path / "import"), "--workspace", str(tmp_path / "work")]) == 0
    script = (tmp_path / "import" / "import.sh").read_text()
    assert "neo4j-admin database import full" in script
    header = (tmp_path / "import" / "edges-header.csv").read_text().strip()
    first = (tmp_path / "import" / "edges.csv").read_text().splitlines()[0]
    assert first.count(",") == header.count(",")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bulk, "_csv", full)
    again = ["load", "--bulk", str(tmp_path / "import"), "--workspace", str(tmp_path / "work")]
    assert main(again) == 2
    assert not (tmp_path / "import" / "import.sh").exists()  # without it nothing is whole
