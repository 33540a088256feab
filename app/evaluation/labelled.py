"""Reports that a person labelled: each correct as it is, or with one error that is marked."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from app.evaluation.items import Injection, Item, Origin
from app.proofreading.report import ErrorType, SubmittedReport
from app.reading import ENCODING, ReadError
from models.types import Span


def read_labelled(path: Path) -> Iterator[Item]:
    """The items of a JSONL file: ``id``, ``text``, and ``error``: null, or ``type``, ``start``, ``end``, ``right``.

    ``start`` and ``end`` are code points of ``text``; ``right`` is what should stand there. A ``quote`` is
    compared with the words there; other keys are free.

    Raises:
        ReadError: at the first line that is not such a row.
        OSError, UnicodeDecodeError: when the file cannot be read.
    """
    with path.open(encoding=ENCODING) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                yield _item(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ReadError(number, "not a labelled report: id, text, error") from error


def _item(row: Mapping[str, Any]) -> Item:
    text, error = row["text"], row["error"]
    if not isinstance(text, str) or not text.strip():
        raise ValueError
    report = SubmittedReport(text, str(row["id"]))
    if error is None:
        return Item(report, Origin.CLEAN, text)
    span = Span(error["start"], error["end"])
    if span.end > len(text) or error.get("quote", span.of(text)) != span.of(text):
        raise ValueError
    original = Injection(span, error["right"]).apply(text)
    return Item(report, Origin.INJECTED, original, ErrorType(error["type"]), "", span)
