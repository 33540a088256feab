"""The forms that a batch's file may have, how they are told, and how much of them is read."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from app.limits import MAX_LINE_BYTES

_MIB = 1_048_576


class Form(StrEnum):
    """What a file holds; the first two may be packed with gzip."""

    NDJSON = "ndjson"
    CSV = "csv"
    ZIP = "zip"


_MEDIA = {
    "application/x-ndjson": Form.NDJSON,
    "application/ndjson": Form.NDJSON,
    "application/jsonl": Form.NDJSON,
    "application/x-jsonlines": Form.NDJSON,
    "text/csv": Form.CSV,
    "application/csv": Form.CSV,
    "application/zip": Form.ZIP,
    "application/x-zip-compressed": Form.ZIP,
}
_ENDINGS = {".ndjson": Form.NDJSON, ".jsonl": Form.NDJSON, ".csv": Form.CSV, ".zip": Form.ZIP}


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """How much of a batch is read.

    ``max_reports``: reports and refusals together. ``max_line_bytes``: a line of JSON, a row of CSV.
    ``max_unpacked_bytes``, ``max_ratio``: what compressed data may become, in all and to one byte of it.
    ``max_entries``: files and folders in an archive.
    """

    max_text_bytes: int = 262_144
    max_line_bytes: int = MAX_LINE_BYTES
    max_reports: int = 100_000
    max_entries: int = 10_000
    max_unpacked_bytes: int = 512 * _MIB
    max_ratio: int = 100


def form_of(media_type: str | None, name: str | None) -> Form | None:
    """The form that a media type says, else the ending of a file's name (with or without .gz); None where neither does."""
    media = (media_type or "").split(";")[0].strip().lower()
    if media in _MEDIA:
        return _MEDIA[media]
    endings = [ending.lower() for ending in PurePosixPath(name or "").suffixes]
    packed = endings[-1:] == [".gz"]
    form = _ENDINGS.get(endings[-2 if packed else -1]) if len(endings) > packed else None
    return None if packed and form is Form.ZIP else form
