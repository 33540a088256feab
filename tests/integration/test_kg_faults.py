"""``python -m kg_ingest`` when files, disks and settings are at fault: one line, and a rerun mends it."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from kg_ingest.__main__ import main
from kg_ingest.pipeline import Plain, load
from kg_ingest.schema import Edge, EdgeKind, Group, Mention, Node

NODES = [Node(f"T:{n}", f"c {n}", Group.FINDING, "t", "1", (f"c {n}",), (f"UMLS:C{n}",)) for n in range(60)]
EDGES = [Edge(f"T:{n}", EdgeKind.IS_A, f"T:{n // 2}", "t", "1") for n in range(1, 60)]


def small_graph(path: Path) -> Path:
    load([Plain([*NODES, *EDGES, Mention("r1", "T:3", "OBS-DP", "t", "1")])], path)[0].close()
    return path


def complaint(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a failure says, beside the notices of licences."""
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    (line,) = (line for line in err.splitlines() if line.startswith("kg_ingest: "))
    return line


def limited(blocks: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command where no file grows beyond so many blocks, as on a disk that is full."""
    script = f'ulimit -f {blocks}; exec "$0" -m kg_ingest "$@"'
    command = ["bash", "-c", script, sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_list_that_cannot_be_written_fails_before_the_load(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for option in ("--rejects", "--conflicts"):
        arguments = ["load", "--to", str(tmp_path / "g.db"), option, str(tmp_path / "absent" / "list.tsv")]
        assert main(arguments) == 2
        assert "absent/list.tsv: No such file or directory" in complaint(capsys)
        assert list(tmp_path.iterdir()) == []


def test_a_list_that_does_not_fit_leaves_the_graph_as_it_was(tmp_path: Path) -> None:
    small = tmp_path / "r.csv"
    small.write_text("lung,RID1301,RID3\n" + "broken\n" * 30_000)
    held = small_graph(tmp_path / "g.db").read_bytes()
    lists = ["--rejects", str(tmp_path / "rejects.tsv"), "--max-rejects", "30000"]
    command = ["load", "--source", f"radlex={small}", "--to", str(tmp_path / "g.db"), *lists]
    done = limited(1000, *command, "--workspace", str(tmp_path / "work"))
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert (tmp_path / "g.db").read_bytes() == held
    assert not list(tmp_path.glob("*.part"))
    assert main([*command, "--workspace", str(tmp_path / "work")]) == 0
    assert len((tmp_path / "rejects.tsv").read_text().splitlines()) == 30_001


def test_a_full_disk_is_named_and_a_rerun_mends(tmp_path: Path) -> None:
    target = tmp_path / "g.db"
    command = ["load", "--to", str(target), "--workspace", str(tmp_path / "work")]
    done = limited(1000, *command)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"kg_ingest: {target} or ")
    assert not target.exists()
    assert main(command) == 0
    assert main(["verify", "--store", str(target)]) == 0


def test_an_export_that_does_not_fit_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    graph = small_graph(tmp_path / "g.db")
    for option, made in (("--turtle", "x"), ("--kgx", "x_nodes.jsonl")):
        done = limited(4, "export", "--store", str(graph), option, str(tmp_path / "x"))
        assert done.returncode == 2
        assert done.stderr == f"kg_ingest: {tmp_path / made}: File too large\n"
        assert list(tmp_path.iterdir()) == [graph]


def test_a_damaged_workspace_is_begun_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "stage.db").write_text("no database " * 1000)
    command = ["load", "--to", str(tmp_path / "g.db"), "--workspace", str(tmp_path)]
    assert main(command) == 1
    assert "stage.db cannot be written: file is not a database; run the load again" in complaint(capsys)
    assert main(command) == 0


@pytest.mark.parametrize("command", ["verify", "status", "export"])
def test_a_damaged_graph_file_is_named(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = small_graph(tmp_path / "g.db").read_bytes()
    written = ["--turtle", str(tmp_path / "g.ttl")] if command == "export" else []
    for seed in range(80):
        chance = random.Random(seed)
        damaged = bytearray(raw)
        for _ in range(20):
            damaged[chance.randrange(len(raw))] = chance.randrange(256)
        (tmp_path / "g.db").write_bytes(damaged)
        if main([command, "--store", str(tmp_path / "g.db"), *written]) != 0:
            assert len(complaint(capsys)) < 300
        capsys.readouterr()


def test_a_load_of_another_kind_of_literal_quotes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "x.ttl"
    path.write_text(
        "@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix x: <http://www.w3.org/2001/XMLSchema#> .\n"
        '<http://x/a b> skos:prefLabel "one" ; skos:note "licensed words"^^x:integer .\n'
    )
    assert main(["load", "--source", f"rdf={path}", "--to", str(tmp_path / "g.db")]) == 0
    assert "licensed words" not in caplog.text + capsys.readouterr().err


def test_the_graph_of_the_service_is_the_one_that_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RADPROOF_GRAPH_URI", str(small_graph(tmp_path / "g.db")))
    assert main(["status"]) == 0
    assert json.loads(capsys.readouterr().out)["concepts"] == 60
    assert main(["verify"]) == 0
    capsys.readouterr()
    assert main(["export", "--turtle", str(tmp_path / "g.ttl")]) == 0
    assert "urn:radproof:concept:T%3A59" in (tmp_path / "g.ttl").read_text()
    monkeypatch.setenv("RADPROOF_GRAPH_URI", "bolt://127.0.0.1:9")
    monkeypatch.setenv("RADPROOF_GRAPH_PASSWORD", "secret")
    assert main(["status"]) == 1
    assert "secret" not in complaint(capsys)
    with pytest.raises(SystemExit):
        main(["status", "--help"])
    assert "RADPROOF_GRAPH_URI" in capsys.readouterr().out
