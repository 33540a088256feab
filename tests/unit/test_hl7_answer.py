"""Answers to messages, held against hl7apy's strict profiles of each version."""

import pytest
from hl7_support import Invented
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.core import Segment
from hl7apy.parser import parse_message, parse_segments
from hypothesis import given
from hypothesis import strategies as st

from app.integrations.hl7.answer import Fault, NotTakenError, answer
from app.integrations.hl7.header import NO_HEADER, header_of
from app.integrations.hl7.inbound import message_of

_VERSIONS = ("2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8")
_FAULTS = (
    None,
    Fault("no_text", "101", ("OBX", 1, 5)),
    Fault("not_hl7", "100", ("MSH", 1, 0)),
    Fault("store_unavailable", "207", transient=True),
    Fault("message_type", "200", ("MSH", 1, 9)),
)


def answered(raw: bytes, fault: Fault | None = None) -> bytes:
    made = answer(header_of(raw), fault)
    assert made is not None
    return made


def parsed(made: bytes, version: str) -> dict[str, Segment]:
    """The segments, validated by the profile of the version; of 2.3, which names no structure, one by one."""
    text = made.decode("latin-1")
    if version == "2.3":
        segments = parse_segments(text, version, validation_level=VALIDATION_LEVEL.STRICT)
        assert all(segment.validate() for segment in segments)
    else:
        whole = parse_message(text, validation_level=VALIDATION_LEVEL.STRICT, force_validation=True)
        assert whole.version == version
        segments = whole.children
    return {segment.name: segment for segment in segments}


@pytest.mark.parametrize("version", _VERSIONS)
@pytest.mark.parametrize("fault", _FAULTS, ids=lambda fault: fault.code if fault else "taken")
@pytest.mark.parametrize("accept", ["", "AL"])
def test_answer_is_a_sound_message_of_the_version(version: str, fault: Fault | None, accept: str) -> None:
    made = parsed(answered(Invented(version=version, charset="", accept=accept).encode(), fault), version)
    letter = ("C" if accept else "A") + ("A" if fault is None else "E" if fault.transient else "R")
    header, acknowledged = made["MSH"], made["MSA"]
    assert (acknowledged.msa_1.value, acknowledged.msa_2.value) == (letter, "C1")
    assert [header.msh_3.value, header.msh_4.value, header.msh_5.value, header.msh_6.value] == [
        "RADPROOF",
        "QA",
        "RIS",
        "NORTH",
    ]
    assert ("ERR" in made) == (fault is not None)
    if fault is not None:
        assert fault.condition in made["ERR"].to_er7()


def test_place_and_condition_stand_where_the_version_has_them() -> None:
    fault = Fault("no_text", "101", ("OBX", 1, 5))
    old = answered(Invented(version="2.4").encode(), fault).split(b"\r")[2]
    new = answered(Invented(version="2.5.1").encode(), fault).split(b"\r")[2]
    assert old == b"ERR|OBX^1^5^101&Required field missing&HL70357"
    assert new == b"ERR||OBX^1^5|101^Required field missing^HL70357|E|no_text^^L"


def test_what_is_repeated_is_repeated_byte_by_byte() -> None:
    raw = Invented("Größe-1", application="R\\T\\S", charset="8859/1").encode("latin-1")
    header, acknowledged = answered(raw).split(b"\r")[:2]
    assert acknowledged == b"MSA|AA|" + "Größe-1".encode("latin-1")
    assert header.split(b"|")[4] == b"R\\T\\S"
    assert header.endswith(b"|8859/1")


def test_delimiters_are_those_of_the_message() -> None:
    raw = Invented().encode().replace(b"|", b"#").replace(b"^", b"$")
    header, acknowledged = answered(raw).split(b"\r")[:2]
    assert header.startswith(rb"MSH#$~\&#RADPROOF#QA#RIS#NORTH#")
    assert b"#ACK$R01$ACK#" in header
    assert acknowledged == b"MSA#AA#C1"


@pytest.mark.parametrize(
    ("accept", "application", "taken", "not_taken"),
    [
        ("", "", "AA", "AR"),
        ("AL", "", "CA", "CR"),
        ("AL", "AL", "CA", "CR"),
        ("SU", "NE", "CA", None),
        ("ER", "NE", None, "CR"),
        ("NE", "NE", None, None),
        ("NE", "AL", "AA", "AR"),
        ("", "ER", None, "AR"),
    ],
)
def test_modes(accept: str, application: str, taken: str | None, not_taken: str | None) -> None:
    header = header_of(Invented(accept=accept, application_mode=application).encode())
    for fault, expected in ((None, taken), (Fault("no_text", "101"), not_taken)):
        made = answer(header, fault)
        assert (made.split(b"\r")[1].split(b"|")[1].decode() if made else None) == expected


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: rb"MSH|^~\&|" + tail))
def test_any_bytes_get_an_answer_that_can_be_read(raw: bytes) -> None:
    header = header_of(raw)
    with pytest.raises(NotTakenError) as error:
        message_of(raw, None, 1_000)
    made = answer(header, error.value.fault)
    if made is not None:
        assert header_of(made) != NO_HEADER
        assert b"\x1c\r" not in made or b"\x1c" in raw
        assert made.split(b"\r")[1].startswith(b"MSA")


@given(st.text(max_size=40))
def test_any_control_id_comes_back(name: str) -> None:
    kept = "".join(sign for sign in name if sign.isprintable() and sign not in "|^~\\&\r\n").strip()
    raw = Invented(kept or "C").encode(errors="ignore")
    assert answered(raw).split(b"\r")[1].removeprefix(b"MSA|AA|") == (kept or "C").encode(errors="ignore")


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 12), st.binary(max_size=12)), max_size=6))
def test_a_damaged_message_is_taken_or_refused_and_nothing_else(
    damages: list[tuple[int, int, bytes]],
) -> None:
    raw = Invented(told="20260105115900", accept="AL", status="C").encode()
    for place, length, put in damages:
        raw = raw[:place] + put + raw[place + length :]
    try:
        message = message_of(raw, None, 10_000)
    except NotTakenError as error:
        made = answer(header_of(raw), error.fault)
        assert made is None or made.startswith(b"MSH")
        return
    assert message.control_id.isprintable()
    assert answered(raw).split(b"\r")[1].split(header_of(raw).marks[0].encode("latin-1"))[1] in (b"AA", b"CA")
