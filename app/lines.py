"""Lines and CSV rows of a stream of bytes: one at a time, and none longer than it may be."""

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

_CHUNK = 65_536
_LARGEST_CELL = 2**31 - 1  # the module's own limit is one for all threads; ours is that of the row
_MOST_AGAIN = 200  # lines of one report: more are not read twice, or a hostile file would take hours


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its end. ``number`` counts from 1.

    ``problem``: line_too_long (then without text), invalid_utf_8 (wrong bytes are lone surrogates in the
    text), utf_16 (said once of a whole stream, which is then not read on).
    """

    number: int
    text: str = ""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Cells:
    """One row of CSV. ``line`` is its first; ``problem``: of Line, or invalid_csv, or row_too_long."""

    line: int
    values: tuple[str, ...] = ()
    problem: str | None = None


def is_wide(head: bytes) -> bool:
    """True when a file that begins so is in UTF-16 or UTF-32, by its mark or by every second byte."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)):
        return True
    even, odd = head[0:16:2], head[1:16:2]
    return len(head) >= 4 and ((any(even) and not any(odd)) or (any(odd) and not any(even)))


def read_lines(stream: IO[bytes], most: int) -> Iterator[Line]:
    """The lines of a stream in UTF-8, without a byte order mark; ``most`` is the bytes of one."""
    number = 0
    while raw := stream.readline(most + 1):
        number += 1
        if number == 1:
            if is_wide(raw):
                yield Line(number, problem="utf_16")
                return
            raw = raw.removeprefix(codecs.BOM_UTF8)
        if len(raw) > most and not raw.endswith(b"\n"):
            while (rest := stream.readline(_CHUNK)) and not rest.endswith(b"\n"):
                pass
            yield Line(number, problem="line_too_long")
            continue
        try:
            yield Line(number, raw.decode())
        except UnicodeDecodeError:
            yield Line(number, raw.decode(errors="surrogateescape"), "invalid_utf_8")


def read_cells(stream: IO[bytes], most: int) -> Iterator[Cells]:
    """The rows of a CSV stream (RFC 4180); ``most`` is the bytes of a line and the characters of a row.

    After a broken row the next line is read as the first of a row, so that an open quote costs that row only.
    """
    csv.field_size_limit(_LARGEST_CELL)
    block = _Block(read_lines(stream, most), most)
    reader = csv.reader(block, strict=True)
    while True:
        block.begin()
        problem, values = None, list[str]()
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error:
            problem = "invalid_csv"
        except _RowError as error:
            problem = error.code
        if problem:
            block.give_back()
        else:
            problem = next((line.problem for line in block.taken if line.problem), None)
        if problem or values:
            yield Cells(block.taken[0].number, tuple(values), problem)


class _RowError(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Block:
    """The lines of a row as the reader of CSV draws them; those of a broken row can be given back."""

    def __init__(self, fresh: Iterator[Line], most: int) -> None:
        self._fresh = fresh
        self._most = most
        self._again: deque[Line] = deque()
        self._size = 0
        self.taken: list[Line] = []

    def __iter__(self) -> "_Block":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._fresh)
        self.taken.append(line)
        self._size += len(line.text)
        if line.problem and line.problem != "invalid_utf_8":
            raise _RowError(line.problem)
        if self._size > self._most:
            raise _RowError("row_too_long")
        return line.text

    def begin(self) -> None:
        self.taken = []
        self._size = 0

    def give_back(self) -> None:
        """Have all lines but the first read again, each as the first of a row."""
        if len(self.taken) <= _MOST_AGAIN:
            self._again.extendleft(reversed(self.taken[1:]))
