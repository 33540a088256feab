"""The files of a zip archive (PKWARE APPNOTE 6.3): read in place, one at a time; nothing is written to disk."""

import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import IO

from app.batch.intake.admission import Admission, some
from app.batch.intake.documents import fhir_items, hl7_items, text_items, whole_items
from app.batch.intake.lines import csv_items, ndjson_items
from app.batch.intake.unpack import Budget, Counted, UnpackError
from app.batch.items import Accepted, Refused
from app.integrations import files

_READERS: dict[str, Callable[[IO[bytes], Admission, str], Iterator[Accepted | Refused]]] = {
    ".txt": text_items,
    ".hl7": hl7_items,
    ".json": fhir_items,
    ".ndjson": ndjson_items,
    ".jsonl": ndjson_items,
    ".csv": csv_items,
    **{ending: partial(whole_items, ending=ending) for ending in files.READERS},
}
_ARCHIVES = frozenset({".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar", ".zst", ".jar"})
_LONGEST_NAME = 1_024
_LISTED = 512  # bytes of one entry in the list of entries, on average, at most
_ENCRYPTED = 0x1
_BROKEN = (zipfile.BadZipFile, struct.error, EOFError, ValueError, NotImplementedError, OverflowError)


def zip_items(stream: IO[bytes], admission: Admission) -> Iterator[Accepted | Refused]:
    """The reports of an archive's files. ``source`` is the place of an entry in the archive, counted from 1.

    Codes of the archive: wrong_form, too_many_entries, unpacked_too_large, no_report. Of an entry: unsafe_name,
    nested_archive, not_a_file, encrypted_entry, unsupported_compression, unsupported_file, broken_entry,
    compression_ratio, no_report, and those of its reader.
    """
    limits = admission.limits
    counted = Counted(stream, max(1_048_576, limits.max_entries * _LISTED))
    try:
        archive = zipfile.ZipFile(counted)
    except UnpackError as error:
        yield Refused(error.code)
        return
    except _BROKEN:
        yield Refused("wrong_form")
        return
    with archive:
        entries = archive.infolist()
        if len(entries) > limits.max_entries:
            yield Refused("too_many_entries")
            return
        budget = Budget(limits, counted)
        for place, entry in enumerate(entries, 1):
            if _ignored(entry):
                continue
            source = f"entry {place}"
            try:
                yield from _entry_items(archive, entry, source, (budget, admission))
            except UnpackError as error:
                if error.code == "unpacked_too_large":
                    yield Refused(error.code)
                    return
                yield Refused("broken_entry" if error.code == "broken" else error.code, source=source)


def _entry_items(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, source: str, means: tuple[Budget, Admission]
) -> Iterator[Accepted | Refused]:
    budget, admission = means
    problem = _problem(entry)
    if problem:
        yield Refused(problem, source=source)
        return
    try:
        opened = archive.open(entry)
    except (*_BROKEN, RuntimeError) as error:
        raise UnpackError("broken") from error
    with opened:
        stream = budget.reader(opened.read)
        yield from some(_READERS[_ending(entry)](stream, admission, source), source)


def _ignored(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.endswith("/") or entry.filename.startswith("__MACOSX/")


def _problem(entry: zipfile.ZipInfo) -> str | None:
    """Why an entry is not opened."""
    checks = (
        ("unsafe_name", _unsafe(entry)),
        ("not_a_file", _special(entry)),
        ("encrypted_entry", bool(entry.flag_bits & _ENCRYPTED)),
        ("nested_archive", _ending(entry) in _ARCHIVES),
        ("unsupported_file", _ending(entry) not in _READERS),
        ("unsupported_compression", entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)),
    )
    return next((code for code, wrong in checks if wrong), None)


def _unsafe(entry: zipfile.ZipInfo) -> bool:
    """True for a name that would leave the folder that it was unpacked to, or is absurd."""
    name = entry.orig_filename.replace("\\", "/")
    leaves = name.startswith("/") or name[1:2] == ":" or ".." in name.split("/")
    return leaves or len(name) > _LONGEST_NAME or not name.strip() or "\0" in name


def _special(entry: zipfile.ZipInfo) -> bool:
    """True for a symbolic link or a device, as Unix notes them."""
    mode = entry.external_attr >> 16
    return stat.S_IFMT(mode) not in (0, stat.S_IFREG)


def _ending(entry: zipfile.ZipInfo) -> str:
    return PurePosixPath(entry.filename).suffix.lower()
