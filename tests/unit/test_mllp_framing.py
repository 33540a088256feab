"""Frames come out whole however the bytes are cut."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from app.integrations.mllp.framing import Decoder, Frame, framed

_MOST = 40
_HEAD = 8_192
messages = st.binary(max_size=3 * _MOST).map(lambda raw: raw.replace(b"\x1c\r", b"\x1c\x1c"))
junk = st.binary(max_size=10).map(lambda raw: raw.replace(b"\x0b", b"."))


def decoded(parts: list[bytes], most: int = _MOST) -> list[Frame]:
    decoder = Decoder(most)
    return [frame for part in parts for frame in decoder.feed(part)]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@given(st.lists(st.tuples(junk, messages)), st.lists(st.integers(0, 10_000), max_size=30))
def test_any_split_gives_the_same_messages(sent: list[tuple[bytes, bytes]], places: list[int]) -> None:
    data = b"".join(before + framed(message) for before, message in sent)
    expected = [(message if len(message) <= _MOST else None) for _, message in sent]
    for parts in (cut(data, places), [data], [data[at : at + 1] for at in range(len(data))]):
        frames = decoded(parts)
        assert [None if frame.too_long else frame.message for frame in frames] == expected


@given(st.lists(messages, min_size=1), st.lists(st.integers(0, 10_000), max_size=30))
def test_memory_is_bounded(sent: list[bytes], places: list[int]) -> None:
    decoder = Decoder(_MOST)
    for part in cut(b"".join(map(framed, sent)), places):
        decoder.feed(part)
        assert decoder.held <= _MOST + 1
    assert not decoder.inside


def test_of_a_long_message_the_head_is_kept() -> None:
    message = b"MSH" + b"x" * 100_000
    for size in (1_000, 200_000):
        data = framed(message)
        (frame,) = decoded([data[at : at + size] for at in range(0, len(data), size)], 50_000)
        assert frame == Frame(message[:_HEAD], too_long=True)


def test_junk_is_counted_and_passed_over() -> None:
    decoder = Decoder()
    assert decoder.feed(b"GET / HTTP/1.1\r\n") == []
    assert decoder.feed(b"\x1c\r\x0bMSH\x1c\rrest") == [Frame(b"MSH")]
    assert decoder.junk == 16 + 2 + 4


def test_a_begin_within_a_message_is_part_of_it() -> None:
    assert decoded([b"\x0ba\x0bb\x1c\r"]) == [Frame(b"a\x0bb")]
