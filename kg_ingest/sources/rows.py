"""Rows of text files: strict UTF-8, numbered lines, gzip, files that were split for transport."""

import csv
import gzip
import re
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import BinaryIO, NamedTuple

from kg_ingest.pipeline import SourceError
from kg_ingest.schema import Item, Reject, Skip
from kg_ingest.soundness import fault, words_of

_LONGEST = 1 << 20  # bytes of one line; more is not a table of terms
_PART = re.compile(r"\.([a-z]{2}|\d{2,3})(\.gz)?")


class RowError(ValueError):
    """Why one row cannot be taken; the words never quote it."""


class Row(NamedTuple):
    """The cells of one row of a table; ``number`` as in Line."""

    number: int
    cells: list[str]


class Line(NamedTuple):
    """One line without its end; ``number`` counts from 1 over all parts of a split file."""

    number: int
    text: str


def find(folder: Path, name: str) -> list[Path]:
    """A file of this name in a folder: plain, gzipped, or in parts (NAME.aa, NAME.ab.gz, …) in order.

    Raises:
        SourceError: when a part before the last one is missing.
    """
    for single in (folder / name, folder / f"{name}.gz"):
        if single.is_file():
            return [single]
    marks = ((_PART.fullmatch(path.name[len(name) :]), path) for path in folder.glob(f"{name}.*"))
    parts = sorted((_place(mark[1]), path) for mark, path in marks if mark is not None)
    places = [place for place, _ in parts]
    if places and (places[0] > 1 or places != list(range(places[0], places[0] + len(places)))):
        raise SourceError(f"{name}: a part of it is missing")
    return [path for _, path in parts]


def _place(mark: str) -> int:
    """Which part a mark of ``split`` stands for: aa is 0, ba is 26; digits count from 0, or 1."""
    return int(mark) if mark.isdigit() else (ord(mark[0]) - ord("a")) * 26 + ord(mark[1]) - ord("a")


def lines(files: Sequence[Path]) -> Iterator[Line | Reject]:
    """The lines of a file in parts, blank ones left out; one that is not UTF-8, or too long, is rejected.

    Raises:
        SourceError: when a gzipped file is cut off or damaged.
        OSError: when a file cannot be read.
    """
    number = 0
    rest = b""
    for path in files:
        with closing(_opened(path)) as stream:
            try:
                while raw := stream.readline(_LONGEST):
                    raw, rest = rest + raw, b""
                    if not raw.endswith(b"\n") and len(raw) < _LONGEST:
                        rest = raw  # goes on in the next part, or ends the file
                        continue
                    number += 1
                    if not raw.isspace():
                        yield _decoded(raw, number, path)
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise SourceError(f"{path.name} is cut off or damaged") from error
    if rest:
        yield _decoded(rest, number + 1, files[-1])


def table(
    files: Sequence[Path], separator: str, width: int, *, ended: bool = False
) -> Iterator[Row | Reject]:
    """Rows of exactly ``width`` cells; ``ended``: each row ends with the separator, as in RRF."""
    for line in lines(files):
        if isinstance(line, Reject):
            yield line
            continue
        cells = line.text.split(separator)
        if ended and cells[-1] == "" and len(cells) == width + 1:
            cells.pop()
        elif ended or len(cells) != width:
            found = len(cells) - ended
            yield Reject(files[0].name, line.number, f"{found} columns where {width} are expected")
            continue
        yield Row(line.number, cells)


def cells(line: Line, file: str, *, separator: str, quoted: bool) -> list[str] | Reject:
    """The cells of one row; one that the CSV reader does not take is rejected."""
    try:
        if quoted:
            return next(csv.reader([line.text], delimiter=separator), [])
        return next(csv.reader([line.text], delimiter=separator, quoting=csv.QUOTE_NONE), [])
    except csv.Error as error:
        return Reject(file, line.number, f"not a row: {error}")


def whole(items: Iterable[Item], file: str, line: int) -> Iterator[Item]:
    """What one row states: all of it, or a Reject when any of it cannot be taken."""
    try:
        stated = list(items)
        reason = next(filter(None, map(fault, stated)), None)
    except RowError as error:
        reason = str(error)
    if reason is None:
        yield from stated
    else:
        yield Reject(file, line, reason)


@contextmanager
def temporary_database() -> Iterator[sqlite3.Connection]:
    """A database that is gone at the end, in the system's folder for temporary files.

    Raises:
        OSError: when it cannot be written, with the folder's name.
    """
    with TemporaryDirectory(prefix="radproof-kg-") as folder:
        try:
            with closing(sqlite3.connect(Path(folder) / "rows.db")) as database:
                database.executescript(
                    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536"
                )
                yield database
        except sqlite3.Error as error:
            raise OSError(
                None, f"temporary files cannot be written: {words_of(error)}", gettempdir()
            ) from error


def skips(counts: Counter[str]) -> Iterator[Skip]:
    """What was left out, for the end of a source."""
    return (Skip(reason, count) for reason, count in sorted(counts.items()))


def _opened(path: Path) -> BinaryIO:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb", buffering=1 << 20)  # type: ignore[return-value]


def _decoded(raw: bytes, number: int, path: Path) -> Line | Reject:
    if len(raw) >= _LONGEST:
        return Reject(path.name, number, "a line of more than one mebibyte")
    try:
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError:
        return Reject(path.name, number, "not UTF-8")
    return Line(number, text.rstrip("\r\n"))
