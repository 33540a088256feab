import io
import json
import tracemalloc
from pathlib import Path

import pytest

from app.proofreading.report import Context
from app.reading import ReadError, read_each, read_reports
from app.rows import Unreadable


def test_csv_sections_become_one_text(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(
        'uid,image,findings,impression\n7,PA chest,"Clear, both lungs.",Normal.\n8,,Big heart.,\n', "utf-8"
    )
    first, second = read_reports(path)
    assert (first.report_id, first.text) == (
        "7",
        "EXAM: PA chest\nFINDINGS: Clear, both lungs.\nIMPRESSION: Normal.",
    )
    assert second.text == "FINDINGS: Big heart."


def test_text_keeps_every_character(tmp_path: Path) -> None:
    path = tmp_path / "r.txt"
    path.write_bytes("FINDINGS: é\r\n\tClear.\u2028".encode())
    (report,) = read_reports(path)
    assert report.text == "FINDINGS: é\r\n\tClear.\u2028"
    assert report.report_id == "r"


def test_jsonl_carries_context() -> None:
    row = {"text": "Clear.", "report_id": "a", "context": {"patient_sex": "male", "patient_age": 61}}
    (report,) = read_reports(io.BytesIO(b"\n" + json.dumps(row).encode() + b"\n"), "jsonl")
    assert report.context == Context(patient_sex="male", patient_age=61.0)


def test_codes_of_sex_and_side_are_words_of_the_contract() -> None:
    rows = "text,patient_sex,laterality\na,F,R\nb,Female,LEFT\nc,,\n"
    found = [
        (r.context.patient_sex, r.context.laterality) for r in read_reports(io.BytesIO(rows.encode()), "csv")
    ]
    assert found == [("female", "right"), ("female", "left"), (None, None)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("r.csv", '"text","report_id"\n"a","7"\n'),
        ("r.jsonl", '{"text": "a", "report_id": 7, "context": null}\n'),
    ],
)
def test_mark_before_a_file_is_no_part_of_it(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8-sig")
    assert [(report.text, report.report_id) for report in read_reports(path)] == [("a", "7")]


def test_row_without_words_is_an_empty_report() -> None:
    rows = "report_id,findings,impression\na,,\nb,Clear.,\n"
    assert [r.text for r in read_reports(io.BytesIO(rows.encode()), "csv")] == ["", "FINDINGS: Clear."]


@pytest.mark.parametrize(
    ("form", "content", "line"),
    [
        ("jsonl", '{"text": "a"}\n[1]\n', 2),
        ("jsonl", "{not json}\n", 1),
        ("jsonl", '{"text": 5}\n', 1),
        ("jsonl", '{"findings": ["opened"]}\n', 1),
        ("jsonl", '{"text": "a", "context": ["opened"]}\n', 1),
        ("jsonl", '{"text": "a", "patient_age": "old"}\n', 1),
        ("csv", "text,patient_sex\na,F\nb,opened\n", 3),
        ("jsonl", '{"text": "a", "laterality": "opened"}\n', 1),
        ("jsonl", "[" * 100_000 + "\n", 1),
        ("csv", "text\n\na,b\n", 3),
        ("csv", "a,b\n1,2\n", 1),
        ("csv", 'text\n"open\n', 2),
    ],
)
def test_a_bad_line_is_named_and_never_echoed(form: str, content: str, line: int) -> None:
    with pytest.raises(ReadError) as caught:
        list(read_reports(io.BytesIO(content.encode()), form))
    assert caught.value.line == line
    assert "open" not in str(caught.value)


def test_a_bad_row_does_not_hide_the_others() -> None:
    rows = 'text,id,patient_sex\na,1,F\nb,2,opened\nc,3\n"d"x,4,\ne,5,M\n'
    read = list(read_each(io.BytesIO(rows.encode()), "csv"))
    assert [r.code if isinstance(r, Unreadable) else r.report_id for r in read] == [
        "1", "value_not_allowed", "ragged_row", "invalid_csv", "5",
    ]  # fmt: skip
    lines = b'{"text": "a"}\n{\n\xff\n{"text": 5}\n[]\n{"text": "b"}\n'
    read = list(read_each(io.BytesIO(lines), "jsonl"))
    assert [r.code if isinstance(r, Unreadable) else r.report_id for r in read] == [
        "1", "invalid_json", "invalid_utf_8", "wrong_type", "not_an_object", "6",
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["jsonl", "csv", "text"])
def test_line_of_any_length_is_never_held(tmp_path: Path, form: str) -> None:
    path = tmp_path / "long"
    with path.open("wb") as file:
        file.write(b"a" * 64)
        file.truncate(2**28)  # a hole in the file, read as zeros
    tracemalloc.start()
    (read,) = read_each(path, form)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(read, Unreadable)
    assert peak < 16 * 2**20


def test_indication_beside_a_text_is_what_was_asked() -> None:
    (whole,) = read_reports(io.BytesIO(b"text,indication\nClear.,Cough\n"), "csv")
    assert (whole.text, whole.context) == ("Clear.", Context(indication="Cough"))
    (parts,) = read_reports(io.BytesIO(b"findings,indication\nClear.,Cough\n"), "csv")
    assert (parts.text, parts.context) == ("INDICATION: Cough\nFINDINGS: Clear.", Context())


def test_context_cannot_change_the_text() -> None:
    row = b'{"text": "Clear.", "context": {"text": "Other.", "modality": "CT"}}'
    (report,) = read_reports(io.BytesIO(row), "jsonl")
    assert (report.text, report.context) == ("Clear.", Context(modality="CT"))
