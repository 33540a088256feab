"""MEDEC-style files (Ben Abacha et al. 2024, MEDIQA-CORR): clinical notes with one error or none."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.evaluation.items import Injection, Item, Origin
from app.evaluation.metrics import Rate, rate
from app.evaluation.run import Check
from app.evaluation.score import score
from app.evaluation.summary import wrong
from app.proofreading.report import SubmittedReport
from app.reading import ReadError
from models.types import Span


@dataclass(frozen=True, slots=True)
class MedecScore:
    """Accuracy of the error flag, and of the sentence among all notes, as the shared task counts."""

    flag: Rate
    sentence: Rate
    flagged: Rate


def read_medec(path: Path) -> Iterator[Item]:
    """The notes of a MEDEC CSV file; of a wrong one the erroneous sentence is the altered place.

    Raises:
        ReadError: when a column is missing, or the erroneous sentence is not in the note.
    """
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines)
        for row in rows:
            try:
                yield _item(row)
            except KeyError as error:
                raise ReadError(rows.line_num, f"no column {error.args[0]}") from error
            except ValueError as error:
                raise ReadError(rows.line_num, "the error sentence is not in the text") from error


def _item(row: Mapping[str, str]) -> Item:
    report = SubmittedReport(row["Text"], row["Text ID"])
    if row["Error Flag"].strip() != "1":
        return Item(report, Origin.CLEAN, report.text)
    start = report.text.index(row["Error Sentence"])
    span = Span(start, start + len(row["Error Sentence"]))
    original = Injection(span, row["Corrected Sentence"]).apply(report.text)
    return Item(report, Origin.INJECTED, original, variant=row["Error Type"], altered=span)


def score_medec(notes: Iterable[Item], check: Check) -> MedecScore:
    """Check every note and compare with its label."""
    outcomes = [score(note, check(note.report)) for note in notes]
    return MedecScore(
        rate(one.flagged == wrong(one) for one in outcomes),
        rate(one.found if wrong(one) else not one.flagged for one in outcomes),
        rate(one.flagged for one in outcomes),
    )
