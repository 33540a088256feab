"""The ``radproof`` command, run in this process over the bundled graph."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests_support import Run

from app import __version__
from app.cli import main
from app.proofreading.report import Coverage
from app.services import Services, build_services
from app.settings import Settings

WRONG = "FINDINGS: Small left pleural effusion.\r\nIMPRESSION: Small right pleural effusion.\r\n"
CLEAN = "FINDINGS: Small left pleural effusion.\nIMPRESSION: Small left pleural effusion.\n"


def test_errors_are_shown_with_evidence_and_fix(run: Run) -> None:
    code, out, err = run("check", "-", stdin=WRONG)
    assert code == 1
    lines = [line.strip() for line in out.splitlines()]
    assert lines[1].startswith("1. laterality_mismatch  high")
    assert "FINDINGS: Small left pleural effusion." in lines
    assert "- Small right pleural effusion." in lines
    assert "+ Small left pleural effusion." in lines
    assert "Not checked by: references (not configured)" in " ".join(lines)
    assert lines[-1] == "1 checked: 1 with errors (1 high)"
    assert err == ""


def test_quote_is_underlined_and_the_fix_green_in_colour(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    _, out, _ = run("check", "-", stdin=WRONG)
    assert "\x1b[1;4;31mright\x1b[0m" in out
    assert "\x1b[1;32mleft\x1b[0m" in out


def test_clean_report_is_said_to_be_clean(run: Run) -> None:
    code, out, _ = run("check", "-", stdin=CLEAN)
    assert code == 0
    assert "No errors found\n" in out


def test_unchecked_is_not_called_clean(run: Run, monkeypatch: pytest.MonkeyPatch, services: Services) -> None:
    from app.proofreading.check import check_report

    failed = Coverage(knowledge="failed: graph_unavailable")
    monkeypatch.setattr(
        "app.commands.check.check_report",
        lambda report, services: replace(check_report(report, services), errors=(), coverage=failed),
    )
    _, out, _ = run("check", "-", stdin=CLEAN)
    assert "No errors found in what was checked" in out
    assert "knowledge (failed: graph unavailable)" in " ".join(out.split())
    assert "1 only in part" in out


def test_report_cannot_act_on_the_terminal(run: Run) -> None:
    _, out, _ = run("check", "-", stdin=WRONG.replace("Small right", "[bold]Small\x9b2J \u202eright"))
    assert "[bold]Small·2J ·right" in out


def test_json_is_one_wire_object_a_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "reports.jsonl"
    rows = [{"report_id": "a", "text": WRONG}, {"report_id": "b", "text": CLEAN}]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, out, _ = run("check", str(file), "--json")
    answers = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert [(answer["report_id"], answer["has_errors"]) for answer in answers] == [("a", True), ("b", False)]
    (error,) = answers[0]["errors"]
    assert WRONG[error["start"] : error["end"]] == error["quote"] == "right"


def test_csv_is_read_by_its_columns(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "reports.csv"
    file.write_text("uid,findings,impression\n7,Small left pleural effusion.,Small right pleural effusion.\n")
    code, out, _ = run("check", str(file), "--json")
    assert (code, json.loads(out)["report_id"]) == (1, "7")


def test_format_of_standard_input_may_be_named(run: Run) -> None:
    line = json.dumps({"report_id": "z", "text": CLEAN})
    code, out, _ = run("check", "-", "--format", "jsonl", "--json", stdin=line)
    assert (code, json.loads(out)["report_id"]) == (0, "z")


def test_carriage_returns_of_standard_input_stay(run: Run) -> None:
    _, out, _ = run("check", "-", "--json", stdin=WRONG)
    answer = json.loads(out)
    assert answer["corrected_text"] == WRONG
    (error,) = answer["errors"]
    assert WRONG[error["start"] : error["end"]] == error["quote"] == "right"


def test_context_fills_what_the_report_does_not_say(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.proofreading.check import check_report

    seen = []

    def spy(report: Any, services: Any) -> Any:
        seen.append(report.context)
        return check_report(report, services)

    monkeypatch.setattr("app.commands.check.check_report", spy)
    line = json.dumps({"text": CLEAN, "context": {"laterality": "right"}})
    given = '{"laterality": "left", "patient_age": 4}'
    run("check", "-", "--format", "jsonl", "--context-json", given, stdin=line)
    assert (seen[0].laterality, seen[0].patient_age) == ("right", 4.0)


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (["check", "no-such-file"], "", "no-such-file"),
        (["check", "-"], "", "nothing to check"),
        (["check", "-"], b"\xff\xfa", "not UTF-8"),
        (["check", "-"], "Clear.".encode("utf-16"), "UTF-16"),
        (["check", "-", "--format", "csv"], "a,b\n1,2\n", "line 1: no report text"),
        (["check", "-"], " \n", "nothing to check"),
        (["check", "-"], "a\x00b", "control characters"),
        (["check", "-"], "Clear. " * 10_000, "more than 1000 sentences"),
        (["check", "-"], "a" * 10_000_000, "longer than the limit"),
        (["check", "-", "--format", "jsonl"], "{", "line 1: not JSON"),
        (["check", "-", "--format", "csv"], "text,report_id\n", "no report"),
        (["check", "-", "--format", "csv"], "text,Text \na,b\n", "two columns have the same name"),
        (["check", "-", "--format", "jsonl"], '{"text": "a", "text": "b"}', "the same key twice"),
        (
            ["check", "-", "--format", "jsonl"],
            '{"text": "a", "patient_age": -72}',
            "patient_age is not within",
        ),
        (["check", "-", "--format", "csv"], "text,patient_age\na,nan\n", "patient_age is not within"),
        (["check", "-", "--format", "csv"], "text,report_id\na,\x1b[2J\n", "report \\x1b[2J was not checked"),
        (["check", "-", "--context-json", '{"laterality": "up"}'], "a", "--context-json: wrong: laterality"),
        (["check", "-", "--context-json", "{"], "a", "--context-json: not JSON"),
    ],
)
def test_bad_input_is_named_and_exits_2(run: Run, arguments: list[str], stdin: Any, said: str) -> None:
    code, _, err = run(*arguments, stdin=stdin)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def test_one_bad_report_does_not_hide_the_others(run: Run) -> None:
    rows = [{"report_id": "a", "text": ""}, {"report_id": "b", "text": CLEAN}]
    code, out, err = run("check", "-", "--format", "jsonl", stdin="\n".join(map(json.dumps, rows)))
    assert code == 2
    assert "report a was not checked" in err
    assert "1 checked: 0 with errors, 1 not checked" in out


@pytest.mark.parametrize(
    ("form", "before", "broken", "line"),
    [
        ("jsonl", "", "{", 2),
        ("jsonl", "", '{"text": "a", "patient_sex": "secret"}', 2),
        ("jsonl", "", '{"text": "' + "a" * 2_000_000 + '"}', 2),
        ("csv", "report_id,text\n", "b", 3),
        ("csv", "report_id,text\n", 'b,"secret', 3),
        ("csv", "report_id,text\n", "b,\udcff", 3),
    ],
)
def test_one_bad_row_does_not_hide_the_others(
    run: Run, form: str, before: str, broken: str, line: int
) -> None:
    text = "FINDINGS: Clear lungs."
    first, last = (
        f"{name},{text}" if form == "csv" else json.dumps({"id": name, "text": text}) for name in "ac"
    )
    sent = (before + "\n".join((first, broken, last)) + "\n").encode(errors="surrogateescape")
    code, out, err = run("check", "-", "--format", form, "--json", stdin=sent)
    assert [json.loads(answer)["report_id"] for answer in out.splitlines()] == ["a", "c"]
    assert code == 2
    assert err.startswith(f"radproof: -: line {line}: ")
    assert "secret" not in err


def test_report_that_is_not_read_is_not_found_clean(run: Run) -> None:
    for text in ("Pas de pneumothorax, pas de fracture.", "FINDINGS:\nIMPRESSION:\n", "1. 2. 3."):
        code, out, _ = run("check", "-", stdin=text)
        assert code == 2
        assert "0 checked: 0 with errors, 1 not checked" in out


def test_terminal_of_few_characters_shows_what_it_can(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("FINDINGS: Small left effusion \u2192 5 mm.\nIMPRESSION: Right effusion.", "utf-8")
    for extra in ([], ["--json"]):
        ended = subprocess.run(
            [sys.executable, "-m", "app.cli", "check", str(path), *extra],
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": "ascii", "RADPROOF_REFERENCES_K": "0"},
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (1, b"")
    assert "\u2192" in json.loads(ended.stdout)["corrected_text"]


def test_several_files_are_one_run(run: Run, tmp_path: Path) -> None:
    names = [tmp_path / "a.txt", tmp_path / "b.txt"]
    names[0].write_text(CLEAN)
    names[1].write_text(WRONG)
    code, out, _ = run("check", *map(str, names))
    assert code == 1
    assert "2 checked: 1 with errors" in out


def test_wrong_settings_are_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RADPROOF_REFERENCES_K", "many")
    code, _, err = run("check", "-", stdin=CLEAN)
    assert code == 2
    assert "RADPROOF_REFERENCES_K" in err


def test_names_that_are_no_settings_are_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RADPROOF_CALLBACK_NETWORK", "10.0.0.0/8")
    monkeypatch.setenv("RADPROOF_ZZZZZZZZZZZZZZZZZZZZZZZZ", "1")
    code, _, err = run("check", "-", stdin=CLEAN)
    assert code == 0
    assert err.splitlines() == [
        "radproof: RADPROOF_CALLBACK_NETWORK is no setting; RADPROOF_CALLBACK_NETWORKS?",
        "radproof: RADPROOF_ZZZZZZZZZZZZZZZZZZZZZZZZ is no setting",
    ]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("GRAPH_URI", "neo4j://localhost", "RADPROOF_GRAPH_PASSWORD"),
        ("GRAPH_URI", "no-such.db", "RADPROOF_GRAPH_URI"),
        ("GRAPH_URI", "http://localhost", "RADPROOF_GRAPH_URI"),
        ("INDEX_DIR", "no-such-folder", "RADPROOF_INDEX_DIR"),
        ("LLM_BASE_URL", "http://localhost:1", "RADPROOF_LLM_BASE_URL"),
    ],
)
def test_configured_part_that_cannot_open_stops_the_start(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    said: str,
) -> None:
    monkeypatch.setenv(f"RADPROOF_{variable}", value)
    assert main(["check", "-"]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "variable", "value"),
    [
        ("serve", "RADPROOF_SOURCES", "no-such.toml"),
        ("serve", "RADPROOF_CDS", "no-such.toml"),
        ("serve", "RADPROOF_CALLBACK_NETWORKS", "10.1.2.3/16"),
        ("serve", "RADPROOF_STORE_KEYS", "short"),
        ("mllp", "RADPROOF_CALLBACK_PORTS", "https"),
    ],
)
def test_wrong_configuration_of_a_service_is_one_line(
    command: str, variable: str, value: str, tmp_path: Path
) -> None:
    environment = os.environ | {"RADPROOF_STORE_URL": f"sqlite:///{tmp_path / 'kept.db'}", variable: value}
    ended = subprocess.run(
        [sys.executable, "-m", "app.cli", command, "--port", "0"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"radproof: {variable}: ")


@pytest.mark.parametrize("arguments", [[], ["polish"], ["check"], ["check", "-", "--format", "pdf"]])
def test_wrong_use_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: radproof" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"radproof {__version__}\n"


class OneHot:
    """An embedder by rote: the vector says only whether the text holds "right"."""

    model_id = "one-hot@1"
    dimension = 2

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[1, 0] if "right" in text else [0, 1] for text in texts], dtype=np.float32)


@pytest.fixture
def _own_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.commands.index.open_embedder", lambda _: OneHot())
    monkeypatch.setattr("app.services.open_embedder", lambda _: OneHot())


@pytest.mark.usefixtures("_own_embedder")
def test_index_is_built_described_and_searched(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "archive.jsonl"
    rows = [
        {"id": "l", "text": CLEAN},
        {"id": "r", "text": CLEAN.replace("left", "right")},
        {"id": "x", "text": "\x00"},
    ]
    archive.write_text("\n".join(map(json.dumps, rows)))
    folder = tmp_path / "index"
    code, out, err = run("index", "build", "--from", str(archive), "--out", str(folder))
    assert code == 0
    assert "count: 2\n" in out
    assert "report x was not checked" in err
    assert run("index", "info", str(folder))[:2] == (0, out)
    found = build_services(Settings(index_dir=folder, references_k=1))
    assert found.references is not None
    assert [hit.id for hit in found.references.search("on the right", 1)] == ["r"]
    assert "reference_index" in found.versions
    found.knowledge.close()


@pytest.mark.usefixtures("_own_embedder")
@pytest.mark.parametrize("text", ["", "{"])
def test_archive_without_reports_builds_no_index(run: Run, tmp_path: Path, text: str) -> None:
    archive = tmp_path / "archive.jsonl"
    archive.write_text(text)
    folder = tmp_path / "index"
    assert run("index", "build", "--from", str(archive), "--out", str(folder))[0] == 2
    assert not folder.exists()


def test_missing_index_is_bad_input(run: Run, tmp_path: Path) -> None:
    code, _, err = run("index", "info", str(tmp_path))
    assert (code, "no reference index" in err) == (2, True)
