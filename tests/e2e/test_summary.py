"""``radproof summary`` as a process of its own, on the answers of ``radproof check``."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

ROOT = Path(__file__).parents[2]
RADPROOF = [sys.executable, "-m", "app.cli"]
LIMIT = 120  # seconds; nothing here should take more than a few
WORD = "Zebulon"  # of a report: no message repeats it


def ran(*arguments: str | Path, given: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RADPROOF, *map(str, arguments)],
        input=given,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        env=os.environ | {"RADPROOF_REFERENCES_K": "0"},
    )


@pytest.fixture(scope="module")
def answers() -> list[dict[str, Any]]:
    samples = [ROOT / "samples" / name for name in ("demo.txt", "clean.txt", "ct.txt")]
    return [json.loads(line) for line in ran("check", "--json", *samples).stdout.splitlines()]


def written(path: Path, answers: list[dict[str, Any]], day: str) -> Path:
    rows: list[dict[str, Any]] = [
        {"custom_id": one["report_id"], "state": "checked", "study_date": day, "checked": one}
        for one in answers
    ]
    rows.append({"custom_id": "late", "state": "waiting"})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_results_of_two_days_become_a_page_and_a_pdf(answers: list[dict[str, Any]], tmp_path: Path) -> None:
    monday = written(tmp_path / "monday.ndjson", answers, "2026-11-02")
    tuesday = written(tmp_path / "tuesday.ndjson", answers[:2], "2026-11-03")
    ended = ran("summary", monday, tuesday, "--out", tmp_path / "new" / "out", "--paper", "us-letter")
    both = [*answers, *answers[:2]]
    flags = sum(error["tier"] != "low" for one in both for error in one["errors"])
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"7 reports: 5 checked, 2 not checked; {flags} flags in ")
    page = (tmp_path / "new" / "out" / "summary.html").read_text("utf-8")
    assert "monday, tuesday · studies of 2026-11-02 to 2026-11-03" in page
    pdf = PdfReader(tmp_path / "new" / "out" / "summary.pdf")
    text = " ".join(page.extract_text() for page in pdf.pages)
    for error in answers[0]["errors"]:
        assert error["tier"] == "low" or "".join(error["message"].split()) in "".join(text.split())


def test_results_from_standard_input(answers: list[dict[str, Any]], tmp_path: Path) -> None:
    lines = written(tmp_path / "lines", answers, "2026-11-02").read_text("utf-8")
    ended = ran("summary", "-", "--out", tmp_path, given="\n" + lines)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "standard input" in (tmp_path / "summary.html").read_text("utf-8")


def test_no_line_at_all_is_a_day_without_reports(tmp_path: Path) -> None:
    ended = ran("summary", "-", "--out", tmp_path, given="")
    assert (ended.returncode, ended.stdout.splitlines()[0]) == (
        0,
        "0 reports: 0 checked, 0 not checked; 0 flags in 0 reports",
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (f'{{"custom_id": "a", "state": "{WORD}"}}', "-: line 2: not a result of a batch (state)"),
        (f'{{"custom_id": {{"{WORD}": 1}}, "state": "waiting"}}', "(custom_id)"),
        (f'{{"custom_id": "a", "state": "checked", "checked": {{"{WORD}": 1}}}}', "(checked/report_id)"),
        (WORD, "line 2: not a result of a batch"),
    ],
)
def test_what_is_no_result_is_named_by_its_line_and_not_repeated(
    given: str, said: str, tmp_path: Path
) -> None:
    ended = ran(
        "summary", "-", "--out", tmp_path / "out", given=f'{{"custom_id": "a", "state": "waiting"}}\n{given}'
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert WORD not in ended.stderr
    assert not (tmp_path / "out").exists()


def test_files_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b'{"custom_id": "\xe9"}\n')
    (tmp_path / "file").write_text("")
    for arguments, said in (
        ((tmp_path / "none", "--out", tmp_path), "No such file"),
        ((tmp_path / "latin", "--out", tmp_path), "not UTF-8 text"),
        ((tmp_path / "file", "--out", tmp_path / "file"), "cannot read or write"),
    ):
        ended = ran("summary", *arguments)
        assert ended.returncode == 2
        assert said in ended.stderr
        assert "Traceback" not in ended.stderr
