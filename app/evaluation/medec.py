"""MEDEC-style files (Ben Abacha et al. 2024, MEDIQA-CORR): clinical notes with one error or none."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.evaluation.metrics import Rate, rate
from app.evaluation.run import Check
from app.proofreading.report import SubmittedReport, Tier
from app.reading import ReadError


@dataclass(frozen=True, slots=True)
class Note:
    """One note; ``wrong`` is the text of the erroneous sentence, None for a correct note."""

    report: SubmittedReport
    wrong: str | None


@dataclass(frozen=True, slots=True)
class MedecScore:
    """Accuracy of the error flag, and of the sentence among all notes, as the shared task counts."""

    flag: Rate
    sentence: Rate
    flagged: Rate


def read_medec(path: Path) -> Iterator[Note]:
    """The notes of a MEDEC CSV file.

    Raises:
        ReadError: when a column is missing.
    """
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines)
        for row in rows:
            try:
                wrong = row["Error Sentence"] if row["Error Flag"].strip() == "1" else None
                yield Note(SubmittedReport(row["Text"], row["Text ID"]), wrong)
            except KeyError as error:
                raise ReadError(rows.line_num, f"no column {error.args[0]}") from error


def score_medec(notes: Iterable[Note], check: Check) -> MedecScore:
    """Check every note and compare with its label."""
    flags, places, flagged = [], [], []
    for note in notes:
        errors = [error for error in check(note.report).errors if error.tier is not Tier.LOW]
        flagged.append(bool(errors))
        flags.append(bool(errors) == (note.wrong is not None))
        if note.wrong is None:
            places.append(not errors)
        else:
            start = note.report.text.find(note.wrong)
            end = start + len(note.wrong)
            places.append(any(start <= error.candidate.span.start < end for error in errors))
    return MedecScore(rate(flags), rate(places), rate(flagged))
