"""A batch's file, whatever its form, as accepted and refused reports."""

from collections.abc import Iterator
from typing import IO

from app.batch.intake.admission import Admission, some
from app.batch.intake.archive import zip_items
from app.batch.intake.forms import Form, IntakeLimits
from app.batch.intake.lines import csv_items, ndjson_items
from app.batch.intake.unpack import CHUNK, Budget, Counted, Gunzip, UnpackError
from app.batch.items import Accepted, Refused

_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


def read_batch(stream: IO[bytes], form: Form, limits: IntakeLimits) -> Iterator[Accepted | Refused]:
    """The reports of a seekable file, and in their places the lines and files that are none. At least one item.

    Memory holds one line, message or document at a time, 16 bytes of each name, and the list of an archive's
    entries. Whatever the bytes, they become items.

    Raises:
        OSError: when the file cannot be read.
    """
    items = some(_items(stream, form, Admission(limits)), None)
    for count, item in enumerate(items, 1):
        if count > limits.max_reports:
            yield Refused("too_many_reports", line=item.line, source=item.source)
            return
        yield item


def _items(stream: IO[bytes], form: Form, admission: Admission) -> Iterator[Accepted | Refused]:
    stream.seek(0)
    head = stream.read(4)
    stream.seek(0)
    if form is Form.ZIP:
        yield from zip_items(stream, admission)
        return
    if head.startswith(_ZIP):
        yield Refused("wrong_form")
        return
    lines = ndjson_items if form is Form.NDJSON else csv_items
    if not head.startswith(_GZIP):
        yield from lines(stream, admission)
        return
    counted = Counted(stream, CHUNK)
    unpacked = Budget(admission.limits, counted).reader(Gunzip(counted).read)
    try:
        yield from lines(unpacked, admission)
    except UnpackError as error:
        yield Refused("broken_gzip" if error.code == "broken" else error.code)
