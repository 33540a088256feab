"""The file of a batch as a zip archive: entries of every kind, and every way to be refused."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake_support import LIMITS, Items, hold

from app.batch.intake import Form, IntakeLimits, read_batch
from app.batch.items import Accepted, Refused

GOLDEN = Path(__file__).parents[1] / "golden"
CANARY = "DOE^JANE"
Files = Mapping[str | zipfile.ZipInfo, bytes]


def archive(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as into:
        for name, data in files.items():
            into.writestr(name, data)
    return made.getvalue()


def read(data: bytes, limits: IntakeLimits = LIMITS) -> Items:
    return list(read_batch(io.BytesIO(data), Form.ZIP, limits))


def codes(items: Items) -> list[tuple[str | None, str | None]]:
    hold(items)
    return [(item.source, item.code if isinstance(item, Refused) else None) for item in items]


def named(name: str, **fields: int) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    for field, value in fields.items():
        setattr(made, field, value)
    return made


def test_entries_of_every_kind_are_read() -> None:
    message = (GOLDEN / "sections_by_code.hl7").read_bytes()
    files: Files = {
        f"{CANARY}.txt": "\ufeffClear lungs.\r\n".encode(),
        "b/day.hl7": message + b"\n" + (GOLDEN / "line_per_segment.hl7").read_bytes(),
        "c.json": (GOLDEN / "bundle.json").read_bytes(),
        "d.NDJSON": b'{"custom_id": "d", "text": "Clear."}\n{"text": "Clear."}\n',
        "e.csv": b"uid,findings,site\n7,Clear.,East\n",
    }
    items = read(archive(files))
    assert [(i.custom_id, i.source, i.line, getattr(i, "code", None)) for i in items] == [
        ("entry 1", "entry 1", None, None),
        ("CTRL-1", "entry 2", 1, None),
        ("CTRL-2", "entry 2", 2, None),
        ("chest-1", "entry 3", 1, None),
        ("knee-1", "entry 3", 2, "withdrawn"),
        (None, "entry 3", 3, "no_text"),
        ("d", "entry 4", 1, None),
        ("entry 4 line 2", "entry 4", 2, None),
        ("7", "entry 5", 2, None),
    ]
    assert CANARY not in repr(items)
    text, first, second = (item for item in items[:3] if isinstance(item, Accepted))
    assert text.report.text == "Clear lungs.\r\n"
    assert (first.site, str(first.study_date), first.report.report_id) == ("NORTH", "2026-01-05", "CTRL-1")
    assert first.report.context.procedure == "XR CHEST 2 VIEWS"
    assert second.report.context.laterality == "left"


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("../a.txt", b"Clear.", "unsafe_name"),
        ("b/../../a.txt", b"Clear.", "unsafe_name"),
        ("/etc/a.txt", b"Clear.", "unsafe_name"),
        ("C:\\a.txt", b"Clear.", "unsafe_name"),
        ("b\\..\\a.txt", b"Clear.", "unsafe_name"),
        ("a" * 1_100 + ".txt", b"Clear.", "unsafe_name"),
        ("a.zip", archive({"a.txt": b"Clear."}), "nested_archive"),
        ("a.ndjson.gz", b"\x1f\x8b", "nested_archive"),
        ("a.pdf", b"%PDF-1.4", "broken_document"),
        ("a.xml", b"<DiagnosticReport/>", "not_cda"),
        ("a.dcm", b"DICM", "not_dicom"),
        ("a.rtf", b"{}", "unsupported_file"),
        ("a", b"Clear.", "unsupported_file"),
        (named("a.txt", external_attr=0o120777 << 16), b"/etc/passwd", "not_a_file"),
        (named("a.txt", external_attr=0o020666 << 16), b"", "not_a_file"),
        (named("a.txt", compress_type=zipfile.ZIP_BZIP2), b"Clear.", "unsupported_compression"),
        (named("a.txt", compress_type=zipfile.ZIP_LZMA), b"Clear.", "unsupported_compression"),
        ("a.txt", b"", "blank_text"),
        ("a.txt", b"\xff", "invalid_utf_8"),
        ("a.txt", "Clear.".encode("utf-16"), "utf_16"),
        ("a.txt", b"a" * 262_200, "text_too_large"),
        ("a.txt", b"a" * 262_145, "text_too_large"),
        ("a.txt", b"a\x00b", "control_characters"),
        ("a.txt", b"PK\x03\x04" + b"\x00" * 9, "control_characters"),
        ("a.hl7", b"", "no_report"),
        ("a.hl7", b"Dear colleague", "not_hl7"),
        ("a.hl7", b"MSH|^~\\&|A|B|||2026||ADT^A01|1|P|2.5", "message_type"),
        ("a.hl7", b"MSH|^~\\&|A|B|||2026||ORU^R01|1|P|2.5\rOBX|1|TX|||a\\X00\\", "control_characters"),
        ("a.hl7", b"MSH|^~\\&|A|B|||2026||ORU^R01|1|P|2.5\rOBX|1|TX|||" + b"a" * 5_000_000, "message_too_large"),
        ("a.json", b'{"resourceType": "Patient"}', "not_fhir"),
        ("a.json", b"[" * 10_000, "too_deep"),
        ("a.json", b" " * 5_000_000, "document_too_large"),
        ("a.ndjson", b"\n", "no_report"),
        ("a.csv", b"a,b\n", "no_text_column"),
    ],
)  # fmt: skip
def test_entry_that_cannot_be_read_is_refused_and_the_rest_proceeds(
    name: str | zipfile.ZipInfo, data: bytes, code: str
) -> None:
    loose = replace(LIMITS, max_ratio=100_000)
    items = read(archive({name: data, "last.txt": b"Clear."}, zipfile.ZIP_STORED), loose)
    assert codes(items) == [("entry 1", code), ("entry 2", None)]


def test_entry_without_a_name_is_refused() -> None:
    made = archive({"\x01": b"Clear."}).replace(b"\x01PK", b"\x00PK")
    assert codes(read(made)) == [("entry 1", "unsafe_name")]


def test_folders_and_leftovers_of_a_mac_are_ignored() -> None:
    files: Files = {"day/": b"", "__MACOSX/day/._a.txt": b"\x00\x05", "day/a.txt": b"Clear."}
    assert codes(read(archive(files))) == [("entry 3", None)]
    assert read(archive({"day/": b""})) == [Refused("no_report")]


def test_names_are_unique_across_entries() -> None:
    line = b'{"custom_id": "a", "text": "Clear."}'
    assert codes(read(archive({"1.ndjson": line, "2.ndjson": line}))) == [
        ("entry 1", None),
        ("entry 2", "duplicate_custom_id"),
    ]


def test_encrypted_entry_is_refused() -> None:
    made = bytearray(archive({"a.txt": b"Clear.", "b.txt": b"Clear."}))
    for place, signature, offset in ((0, b"PK\x03\x04", 6), (made.find(b"PK\x01\x02"), b"PK\x01\x02", 8)):
        assert made[place : place + 4] == signature
        made[place + offset] |= 1
    assert codes(read(bytes(made))) == [("entry 1", "encrypted_entry"), ("entry 2", None)]


def test_wrong_sum_refuses_its_entry() -> None:
    made = archive({"a.txt": b"Clear lungs.", "b.txt": b"Clear."}, zipfile.ZIP_STORED)
    assert codes(read(made.replace(b"Clear lungs.", b"clear lungs."))) == [
        ("entry 1", "broken_entry"),
        ("entry 2", None),
    ]


def test_name_in_the_list_and_at_the_entry_have_to_agree() -> None:
    made = archive({"a.txt": b"Clear.", "b.txt": b"Clear."}).replace(b"a.txt", b"c.txt", 1)
    assert codes(read(made)) == [("entry 1", "broken_entry"), ("entry 2", None)]


def test_bomb_costs_its_entry_and_what_fits() -> None:
    made = archive({"a.ndjson": b"\n" * 30_000_000, "b.txt": b"Clear.", "c.txt": b"a" * 200_000})
    assert codes(read(made)) == [("entry 1", "compression_ratio"), ("entry 2", None), ("entry 3", None)]


def test_header_that_lies_about_sizes_is_not_believed() -> None:
    data = zlib.compress(b"\n" * 30_000_000, 9)[2:-4]
    made = bytearray(archive({"a.ndjson": data}, zipfile.ZIP_STORED))
    listed = made.find(b"PK\x01\x02")
    for place, method, size in ((0, 8, 22), (listed, 10, 24)):
        struct.pack_into("<H", made, place + method, zipfile.ZIP_DEFLATED)
        struct.pack_into("<I", made, place + size, 10)  # unpacked: ten bytes, it says
    (item,) = read(bytes(made))
    assert isinstance(item, Refused)
    assert item.code in ("broken_entry", "compression_ratio")


def test_archive_is_bounded_in_all() -> None:
    text = b"".join(f"Finding {number} is stable. ".encode() for number in range(900))
    files: Files = {f"{number}.txt": text for number in range(20)}
    items = read(archive(files), replace(LIMITS, max_unpacked_bytes=5 * len(text)))
    assert codes(items) == [(f"entry {n}", None) for n in range(1, 6)] + [(None, "unpacked_too_large")]


def test_entries_are_bounded_in_number() -> None:
    files: Files = {f"{number}.txt": b"Clear." for number in range(11)}
    assert read(archive(files), replace(LIMITS, max_entries=10)) == [Refused("too_many_entries")]
    listed = archive({"a" * 60_000 + f"{number}.txt": b"" for number in range(30)})
    assert read(listed, replace(LIMITS, max_entries=10)) == [Refused("too_many_entries")]


def test_one_entry_listed_often_is_bounded() -> None:
    """Entries that share their bytes: what comes out is counted, not what the archive holds."""
    made = archive({"a.csv": b"text\n" + b"Clear lungs and more.\n" * 3_000})
    start, end = made.find(b"PK\x01\x02"), made.find(b"PK\x05\x06")
    listed = made[start:end] * 500
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 500, 500, len(listed), start, 0)
    items = read(
        made[:start] + listed + tail, replace(LIMITS, max_unpacked_bytes=1_000_000, max_reports=10**9)
    )
    assert items[-1] == Refused("unpacked_too_large")
    assert sum(isinstance(item, Accepted) for item in items) < 50_000


_SOUND = archive(
    {
        "a.txt": b"Clear lungs.",
        "b.hl7": (GOLDEN / "document.hl7").read_bytes(),
        "c.json": json.dumps({"resourceType": "DiagnosticReport", "conclusion": "Clear."}).encode(),
        "d.csv": b"text\nClear.\n",
    }
)
_CHANGES = st.lists(st.tuples(st.integers(0, len(_SOUND) - 1), st.integers(0, 255)), max_size=6)


@given(_CHANGES, st.integers(0, len(_SOUND)), st.binary(max_size=20))
def test_any_damage_to_an_archive_becomes_items(
    changes: list[tuple[int, int]], cut: int, more: bytes
) -> None:
    made = bytearray(_SOUND)
    for place, value in changes:
        made[place] = value
    hold(read(bytes(made)))
    hold(read(bytes(made[:cut]) + more))


@given(st.binary(max_size=120), st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06"]))
def test_any_bytes_become_items(raw: bytes, head: bytes) -> None:
    hold(read(head + raw))


@given(st.binary(max_size=200), st.sampled_from(["a.txt", "a.hl7", "a.json", "a.csv", "a.ndjson"]))
def test_any_bytes_of_an_entry_become_items(raw: bytes, name: str) -> None:
    hold(read(archive({name: raw})))


def test_damage_to_a_file_on_disk_becomes_items_too(tmp_path: Path) -> None:
    path = tmp_path / "day.zip"
    for cut in (1, 10, 100, len(_SOUND) - 5, len(_SOUND) - 30):
        for sent in (_SOUND[:cut], _SOUND[cut:], _SOUND[cut:] + _SOUND[:cut]):
            path.write_bytes(sent)
            with path.open("rb") as stream:
                hold(list(read_batch(stream, Form.ZIP, LIMITS)))


def test_samples_of_others_are_read(shared: Callable[[str], Path]) -> None:
    folder = shared("formats_hl7v2")
    files: Files = {
        f"{n}.hl7": path.read_bytes() for n, path in enumerate(sorted((folder / "dcm4che").glob("*")))
    }
    found = [item.code if isinstance(item, Refused) else item.custom_id for item in read(archive(files))]
    assert found == ["message_type", "message_type", "1001127", "1001128", "1001129"]
