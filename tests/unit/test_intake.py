"""The file of a batch as NDJSON and CSV, plain or packed: every code, and that nothing else happens."""

import datetime as dt
import gzip
import io
import json
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake_support import CODES, LIMITS, Items, hold

from app.batch.intake import Form, IntakeLimits, form_of, read_batch
from app.batch.items import Accepted, Refused
from app.batch.limits import intake_limits
from app.proofreading.report import Context, SubmittedReport
from app.settings import Settings

APP = Path(__file__).parents[2] / "app"
TEXT = "FINDINGS: Clear lungs.\nIMPRESSION: Normal chest."


def read(data: bytes | str, form: Form = Form.NDJSON, limits: IntakeLimits = LIMITS) -> Items:
    return list(read_batch(io.BytesIO(data if isinstance(data, bytes) else data.encode()), form, limits))


def line(**fields: Any) -> str:
    return json.dumps({"custom_id": "a", "text": TEXT, **fields}) + "\n"


def codes(items: Items) -> list[tuple[int | None, str | None]]:
    hold(items)
    return [(item.line, item.code if isinstance(item, Refused) else None) for item in items]


def test_own_line() -> None:
    context = {"patient_sex": "female", "patient_age": 61, "indication": " "}
    (item,) = read(line(report_id="r", context=context, study_date="2026-01-05", site="North"))
    report = SubmittedReport(TEXT, "r", Context(patient_sex="female", patient_age=61))
    assert item == Accepted("a", report, dt.date(2026, 1, 5), "North", line=1)


def test_line_as_openai_has_it() -> None:
    body = {"text": TEXT, "context": {"laterality": "left"}}
    (item,) = read(json.dumps({"custom_id": "a", "method": "POST", "url": "/v1/reports/check", "body": body}))
    assert item == Accepted("a", SubmittedReport(TEXT, "a", Context(laterality="left")), line=1)


def test_line_of_section_columns() -> None:
    row = {
        "uid": 7,
        "findings": "Clear.",
        "impression": "Normal.",
        "patient_sex": "F",
        "study_date": "2026-01-05",
    }
    (item,) = read(json.dumps(row))
    report = SubmittedReport("FINDINGS: Clear.\nIMPRESSION: Normal.", "7", Context(patient_sex="female"))
    assert item == Accepted("7", report, dt.date(2026, 1, 5), line=1)


def test_name_is_the_first_that_is_given() -> None:
    rows = [
        {"custom_id": "a", "id": "b"},
        {"id": "c"},
        {"report_id": "d"},
        {"custom_id": "", "report_id": None},
        {},
    ]
    items = read("".join(json.dumps({"text": TEXT, **row}) + "\n" for row in rows))
    assert [item.custom_id for item in items] == ["a", "c", "d", "line 4", "line 5"]


@pytest.mark.parametrize(
    ("sent", "code", "pointer"),
    [
        ("{not json}", "invalid_json", None),
        ('{"text": "a", "text": "b"}', "duplicate_key", None),
        ('{"text": "a", "context": {"patient_age": NaN}}', "non_finite_number", None),
        ('["text"]', "not_an_object", None),
        ("[" * 10_000 + "]" * 10_000, "too_deep", None),
        ('{"text":' * 10_000, "too_deep", None),
        ("9" * 5_000, "invalid_json", None),
        (b'{"text": "a\xff"}', "invalid_utf_8", None),
        (b'{"text": "Gr\xf6\xdfe"}', "invalid_utf_8", None),
        ('{"text": "' + "a" * 1_048_576 + '"}', "line_too_long", None),
        (line(text="a\x00b"), "control_characters", "/text"),
        (line(text="a\x1b[2J"), "control_characters", "/text"),
        (line(text="\ud800"), "invalid_unicode", "/text"),
        (line(text=""), "blank_text", "/text"),
        (line(text=" \n\u200b"), "blank_text", "/text"),
        (line(text="a" * 262_145), "text_too_large", "/text"),
        (line(text="Clear. " * 1_001), "too_many_sentences", "/text"),
        (line(text=5), "wrong_type", "/text"),
        (line(text=None), "wrong_type", "/text"),
        ('{"custom_id": "a"}', "missing_text", "/text"),
        ('{"custom_id": "a", "context": {}}', "missing_text", "/text"),
        (line(hidden="x"), "unknown_field", ""),
        (line(context={"secret": "x"}), "unknown_field", "/context"),
        (line(context=["x"]), "wrong_type", "/context"),
        (line(context={"patient_age": "61"}), "wrong_type", "/context/patient_age"),
        (line(context={"patient_age": 151}), "value_not_allowed", "/context/patient_age"),
        (line(context={"patient_sex": "F"}), "value_not_allowed", "/context/patient_sex"),
        (line(context={"laterality": "up"}), "value_not_allowed", "/context/laterality"),
        (line(context={"modality": 5}), "wrong_type", "/context/modality"),
        (line(context={"modality": "a" * 1_001}), "too_long", "/context/modality"),
        (line(context={"prior_report": "a" * 262_145}), "text_too_large", "/context/prior_report"),
        (line(study_date="05/01/2026"), "invalid_study_date", "/study_date"),
        (line(study_date="2026-02-30"), "invalid_study_date", "/study_date"),
        (line(study_date=20260105), "wrong_type", "/study_date"),
        (line(site="a" * 201), "too_long", "/site"),
        (line(site="a\x07"), "control_characters", "/site"),
        (line(report_id="a" * 201), "too_long", "/report_id"),
        (line(custom_id="a" * 201), "custom_id_too_long", "/custom_id"),
        (line(custom_id="a\nb"), "control_characters", "/custom_id"),
        (line(custom_id=5), "wrong_type", "/custom_id"),
        (json.dumps({"body": {"text": TEXT, "x": 1}}), "unknown_field", "/body"),
        (json.dumps({"body": {"text": " "}}), "blank_text", "/body/text"),
        (json.dumps({"body": {"messages": []}}), "missing_text", "/body/text"),
        (json.dumps({"method": "GET", "body": {"text": TEXT}}), "value_not_allowed", "/method"),
        (json.dumps({"url": "/v1/chat/completions", "body": {"text": TEXT}}), "value_not_allowed", "/url"),
        (json.dumps({"url": "/v1/reports/check"}), "missing_field", "/body"),
        (json.dumps({"findings": "Clear.", "secret": 1}), "unknown_field", ""),
        (json.dumps({"findings": "Clear.", "context": {"secret": 1}}), "unknown_field", "/context"),
        (json.dumps({"findings": ["Clear."]}), "wrong_type", "/findings"),
        (json.dumps({"findings": "Clear.", "patient_age": "old"}), "wrong_type", "/patient_age"),
        (json.dumps({"findings": "Clear.", "patient_age": 10**400}), "wrong_type", "/patient_age"),
        (json.dumps({"findings": "Clear.", "patient_age": True}), "wrong_type", "/patient_age"),
        (json.dumps({"findings": "Clear.", "patient_sex": "secret"}), "value_not_allowed", "/patient_sex"),
        (json.dumps({"findings": "Clear.", "site": 5}), "wrong_type", "/site"),
        (json.dumps({"findings": "Clear.", "id": {}}), "wrong_type", "/id"),
        (json.dumps({"findings": "", "impression": None}), "blank_text", "/text"),
    ],
)
def test_broken_line_is_refused_and_the_rest_proceeds(
    sent: str | bytes, code: str, pointer: str | None
) -> None:
    raw = (sent if isinstance(sent, bytes) else sent.encode(errors="surrogatepass")).strip(b"\n")
    items = read(line(custom_id="first").encode() + raw + b"\n" + line(custom_id="last").encode())
    assert codes(items) == [(1, None), (2, code), (3, None)]
    assert isinstance(items[1], Refused)
    assert (items[1].pointer or "") == (pointer or "")
    assert "secret" not in repr(items[1])


def test_second_use_of_a_name_is_refused() -> None:
    items = read(line() + line(text=" ", custom_id="b") + line(custom_id="b") + line())
    assert codes(items) == [(1, None), (2, "blank_text"), (3, None), (4, "duplicate_custom_id")]
    assert items[3].custom_id == "a"
    assert items[1].custom_id == "b"


def test_refusal_says_the_name_that_its_line_has() -> None:
    items = read(line(text=5) + '{"uid": "b", "findings": 5}\n{"custom_id": "\\u0007", "text": 5}')
    assert [item.custom_id for item in items] == ["a", "b", None]


def test_csv_rows_with_names_days_and_sites() -> None:
    rows = (
        "\ufeffCustom_ID,Study_Date,Site,findings,impression,laterality,radiologist\r\n"
        'a,2026-01-05,North,"Clear,\r\nboth lungs.",Normal.,R,nobody\r\n\r\nb,,,Big heart.,,,\r\n'
    )
    first, second = read(rows, Form.CSV)
    text = "FINDINGS: Clear,\r\nboth lungs.\nIMPRESSION: Normal."
    assert first == Accepted(
        "a", SubmittedReport(text, "a", Context(laterality="right")), dt.date(2026, 1, 5), "North", line=2
    )
    assert (second.custom_id, second.line) == ("b", 5)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("a,b,c", "ragged_row"),
        ("a", "ragged_row"),
        ('"a"b,c', "invalid_csv"),
        ("x," + "a" * 262_145, "text_too_large"),
        ("x," + "a" * 1_048_576, "line_too_long"),
        ("x,", "blank_text"),
        ("x,\x00", "control_characters"),
        (b"x,\xff", "invalid_utf_8"),
        (b'x,"a\n\xff\n"', "invalid_utf_8"),
        ("\x07,a", "control_characters"),
        ("first,a", "duplicate_custom_id"),
    ],
)
def test_broken_row_is_refused_and_the_rest_proceeds(row: str | bytes, code: str) -> None:
    raw = row if isinstance(row, bytes) else row.encode()
    items = read(b"custom_id,text\nfirst,Clear.\n" + raw + b"\nlast,Clear.\n", Form.CSV)
    assert [found for _, found in codes(items)] == [None, code, None]
    assert (items[1].line, items[2].custom_id) == (3, "last")


def test_open_quote_costs_its_row_only() -> None:
    rows = 'custom_id,text\na,"open\nb,"Clear\nlungs."\nc,Clear.\n'
    assert codes(read(rows, Form.CSV)) == [(2, "invalid_csv"), (3, None), (5, None)]
    assert codes(read('custom_id,text\na,Clear.\nb,"open\nc,Clear.\n', Form.CSV)) == [
        (2, None), (3, "invalid_csv"), (4, None),
    ]  # fmt: skip


def test_row_of_many_lines_is_bounded() -> None:
    rows = 'custom_id,text\na,"' + "Clear.\n" * 200_000 + '"\nb,Clear.\n'
    items = read(rows, Form.CSV)
    assert (items[0].line, codes(items)[0][1]) == (2, "row_too_long")
    assert items[-1].custom_id == "b"


def test_quotes_that_open_again_on_each_line_are_not_read_again_from_each() -> None:
    rows = "custom_id,text\n" + 'x","\n' * 400_000
    assert {code for _, code in codes(read(rows, Form.CSV))} == {"row_too_long", "invalid_csv"}


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ("a,b\n1,2\n", "no_text_column"),
        ("text;id\na;b\n", "no_text_column"),
        ("text,Text \na,b\n", "duplicate_column"),
        ("text," + ",".join(map(str, range(1000))) + "\n", "too_many_columns"),
        ('"text\n', "invalid_csv"),
        ("text," + "a" * 1_048_576 + "\n", "line_too_long"),
    ],
)
def test_unusable_header_is_one_refusal(head: str, code: str) -> None:
    assert codes(read(head, Form.CSV)) == [(1, code)]


@pytest.mark.parametrize("form", [Form.NDJSON, Form.CSV])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_file_in_utf_16_is_refused_once(form: Form, encoding: str) -> None:
    raw = ("text,id\nClear.,a\n" * 20).encode(encoding)
    assert codes(read(raw, form)) == [(1, "utf_16")]


@pytest.mark.parametrize(
    ("data", "form", "code"),
    [
        (b"", Form.NDJSON, "no_report"),
        (b"\n \n", Form.NDJSON, "no_report"),
        (b"", Form.CSV, "no_report"),
        (b"text,id\n", Form.CSV, "no_report"),
        (b"PK\x03\x04", Form.NDJSON, "wrong_form"),
        (b"PK\x05\x06", Form.CSV, "wrong_form"),
        (b"{}", Form.ZIP, "wrong_form"),
        (b"", Form.ZIP, "wrong_form"),
        (gzip.compress(b""), Form.NDJSON, "no_report"),
    ],
)
def test_file_without_reports_is_one_refusal(data: bytes, form: Form, code: str) -> None:
    assert read(data, form) == [Refused(code)]


def test_mark_and_ends_of_lines_are_no_part() -> None:
    raw = "\ufeff" + line().strip() + "\r\n\r\n" + line(custom_id="b").strip()
    assert codes(read(raw)) == [(1, None), (3, None)]


def test_reports_are_bounded_in_number() -> None:
    rows = "".join(line(custom_id=str(number)) for number in range(5))
    items = read(rows, limits=IntakeLimits(max_reports=3))
    assert codes(items) == [(1, None), (2, None), (3, None), (4, "too_many_reports")]


def test_packed_lines_are_unpacked() -> None:
    plain = "".join(line(custom_id=str(number)) for number in range(3_000)).encode()
    members = gzip.compress(plain[:100_000]) + gzip.compress(plain[100_000:]) + b"\0" * 20
    assert read(members) == read(plain)
    assert len(read(gzip.compress(b"text\nClear.\n"), Form.CSV)) == 1


def test_broken_packing_ends_the_batch() -> None:
    packed = bytearray(
        gzip.compress("".join(line(custom_id=str(n), text=f"{n}.") for n in range(50)).encode())
    )
    for broken in (
        packed[:-9],
        packed[:-4] + b"1234",
        packed[:30] + b"\xff" * 30 + packed[60:],
        packed + b"x",
    ):
        items = read(bytes(broken))
        assert isinstance(items[-1], Refused)
        assert items[-1].code == "broken_gzip"


def test_bombs_are_refused() -> None:
    bomb = gzip.compress(b"\n" * 50_000_000)
    assert read(bomb) == [Refused("compression_ratio")]
    many = gzip.compress("".join(line(custom_id=str(n)) for n in range(2_000)).encode())
    items = read(many, limits=IntakeLimits(max_unpacked_bytes=100_000))
    assert items[-1] == Refused("unpacked_too_large")
    assert len(items) > 100


@pytest.mark.parametrize("form", [Form.NDJSON, Form.CSV])
def test_line_of_any_length_is_never_held(tmp_path: Path, form: Form) -> None:
    path = tmp_path / "long"
    with path.open("wb") as file:
        file.write(b"a" * 64)
        file.seek(2**28)  # a hole in the file, read as zeros
        file.write(b"\n" + line().encode())
    tracemalloc.start()
    with path.open("rb") as stream:
        items = list(read_batch(stream, form, LIMITS))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 2**20
    expected = [(1, "line_too_long"), (2, None)] if form is Form.NDJSON else [(1, "line_too_long")]
    assert codes(items) == expected


@pytest.mark.parametrize(
    ("media", "name", "form"),
    [
        ("application/x-ndjson", None, Form.NDJSON),
        ("application/jsonl; charset=utf-8", "a.csv", Form.NDJSON),
        ("text/csv", None, Form.CSV),
        ("application/zip", None, Form.ZIP),
        ("application/octet-stream", "day.CSV", Form.CSV),
        ("application/gzip", "day.2026.jsonl.gz", Form.NDJSON),
        (None, "a/day.csv.gz", Form.CSV),
        (None, "day.zip", Form.ZIP),
        (None, "day.zip.gz", None),
        (None, ".gz", None),
        (None, "day", None),
        ("text/plain", "day.pdf", None),
        (None, None, None),
    ],
)
def test_form_is_told_by_type_then_by_name(media: str | None, name: str | None, form: Form | None) -> None:
    assert form_of(media, name) is form


_KEYS = st.sampled_from(
    "custom_id text report_id context study_date site body method url findings id patient_age \ud800".split()
)
_VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=8), st.just("\ud800\x00")
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=8,
)


@given(st.lists(st.one_of(st.dictionaries(_KEYS, _VALUES, max_size=6), _VALUES), max_size=4))
def test_any_json_becomes_items(rows: list[Any]) -> None:
    hold(read("\n".join(json.dumps(row) for row in rows)))


@given(
    st.lists(
        st.sampled_from(
            [b'"', b",", b"\n", b"\r", b"a", b"\xff", b"\0", b'""', b"custom_id", b"\xef\xbb\xbf", b"{}"]
        ),
        max_size=30,
    ).map(b"".join),
    st.sampled_from(Form),
    st.sampled_from([b"", b"text,custom_id\n", b"\x1f\x8b\x08\0", b"PK\x03\x04"]),
)
def test_any_bytes_become_items(raw: bytes, form: Form, head: bytes) -> None:
    hold(read(head + raw, form))


@given(st.binary(max_size=200), st.sampled_from(Form))
def test_any_packed_bytes_become_items(raw: bytes, form: Form) -> None:
    hold(read(gzip.compress(raw), form))
    hold(read(gzip.compress(raw)[:-5], form))


def test_every_documented_code_is_one_that_is_given() -> None:
    paths = (*APP.glob("*.py"), *APP.glob("batch/intake/*.py"), *APP.glob("integrations/**/*.py"))
    given = {word for path in paths for word in re.findall(r'"([a-z0-9_]+)"', path.read_text("utf-8"))}
    assert CODES - given == set()
    assert len(CODES) > 50


def test_a_site_that_admits_longer_texts_admits_their_lines() -> None:
    limits = intake_limits(Settings(max_text_bytes=2_000_000))
    long = "The lungs are clear " * 60_000
    (item,) = read(line(text=long), limits=limits)
    assert isinstance(item, Accepted)
