"""GREEN over pairs of reports, and how far the counts agree with a person's (arXiv 2405.03595)."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.evaluation.metrics import Estimate, Rate, interval, rate, resample
from app.limits import InadmissibleError, admit_pair
from app.proofreading.comparison.compare import compare_reports
from app.proofreading.comparison.types import ComparedReports, GreenCategory, ReportPair
from app.proofreading.report import SubmittedReport
from app.reading import ENCODING, ReadError
from app.strict_json import loads

if TYPE_CHECKING:
    from app.services import Services

Counts = dict[GreenCategory, int]


@dataclass(frozen=True, slots=True)
class Labels:
    """A person's counts for one pair; ``matched`` is None where not told."""

    significant: Counts
    insignificant: Counts
    matched: int | None


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """Two reports, with a person's counts where there are any."""

    pair: ReportPair
    labels: Labels | None


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """One category over all compared pairs, and the share of labelled pairs with the person's very count."""

    significant: int
    insignificant: int
    agreement: Rate


@dataclass(frozen=True, slots=True)
class GreenScore:
    """What ``radproof evaluate --green`` prints. ``not_compared``: refused, or not read.

    ``wholly``: labelled pairs in which every count is the person's; ``matched``: that of matched findings.
    """

    pairs: int
    not_compared: int
    labelled: int
    green: Estimate
    rows: dict[GreenCategory, CategoryRow]
    matched: Rate
    wholly: Rate

    def document(self) -> dict[str, Any]:
        """As JSON."""
        numbers: dict[str, Any] = _without_nan(asdict(self))
        return numbers

    def markdown(self) -> str:
        """As Markdown."""
        mean = f"{self.green.value:.3f} ({self.green.low:.3f}-{self.green.high:.3f})"
        lines = [
            f"{self.pairs} pairs, {self.labelled} labelled, {self.not_compared} not compared",
            "",
            f"mean GREEN: {mean}" if self.pairs else "mean GREEN: -",
            "",
            "| category | significant | not significant | pairs that agree with the labels |",
            "|---|---|---|---|",
        ]
        for category, row in self.rows.items():
            name = f"({category}) {category.name.lower().replace('_', ' ')}"
            lines.append(f"| {name} | {row.significant} | {row.insignificant} | {_shown(row.agreement)} |")
        lines += [
            "",
            f"matched findings agree: {_shown(self.matched)}",
            f"all agree: {_shown(self.wholly)}",
            "",
        ]
        return "\n".join(lines)


def read_pairs(path: Path) -> Iterator[LabelledPair]:
    """The pairs of a JSONL file: ``id``, ``candidate``, ``reference``, and ``labels`` where a person counted.

    ``labels``: ``significant`` and ``insignificant``, each a number by letter, 0 where left out, and ``matched``.

    Raises:
        ReadError: at the first line that is not such a row.
        OSError, UnicodeDecodeError: when the file cannot be read.
    """
    with path.open(encoding=ENCODING) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                yield _pair(loads(line))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise ReadError(number, "not a pair: id, candidate, reference, labels") from error


def _pair(row: Mapping[str, Any]) -> LabelledPair:
    texts = row["candidate"], row["reference"]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError
    pair = ReportPair(*(SubmittedReport(text, str(row["id"])) for text in texts))
    told = row.get("labels")
    if told is None:
        return LabelledPair(pair, None)
    counts = [_counts(told.get(key) or {}) for key in ("significant", "insignificant")]
    matched = told.get("matched")
    return LabelledPair(pair, Labels(counts[0], counts[1], None if matched is None else _count(matched)))


def _counts(told: Mapping[str, Any]) -> Counts:
    counts = dict.fromkeys(GreenCategory, 0)
    return counts | {GreenCategory(letter): _count(number) for letter, number in told.items()}


def _count(number: object) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ValueError
    return number


def score_pairs(pairs: Iterable[LabelledPair], services: "Services", max_text_bytes: int) -> GreenScore:
    """Compare every pair; the mean's interval is by resampled pairs, those of shares are Wilson's."""
    compared: list[tuple[ComparedReports, Labels | None]] = []
    not_compared = 0
    for item in pairs:
        try:
            admit_pair(item.pair, max_text_bytes)
        except InadmissibleError:
            not_compared += 1
            continue
        answer = compare_reports(item.pair, services)
        not_compared += not answer.coverage.compared
        if answer.coverage.compared:
            compared.append((answer, item.labels))
    return _score(compared, not_compared)


def _score(compared: list[tuple[ComparedReports, Labels | None]], not_compared: int) -> GreenScore:
    totals = {True: Counter[GreenCategory](), False: Counter[GreenCategory]()}
    for answer, _ in compared:
        for found in answer.discrepancies:
            totals[found.significant][found.category] += 1
    labelled = [(answer, labels) for answer, labels in compared if labels is not None]
    return GreenScore(
        pairs=len(compared),
        not_compared=not_compared,
        labelled=len(labelled),
        green=_mean([answer.green or 0.0 for answer, _ in compared]),
        rows={
            category: CategoryRow(
                totals[True][category],
                totals[False][category],
                rate(_agrees(answer, labels, category) for answer, labels in labelled),
            )
            for category in GreenCategory
        },
        matched=rate(len(a.matches) == told.matched for a, told in labelled if told.matched is not None),
        wholly=rate(_wholly(answer, labels) for answer, labels in labelled),
    )


def _agrees(answer: ComparedReports, labels: Labels, category: GreenCategory) -> bool:
    found = answer.counts(significant=True)[category], answer.counts(significant=False)[category]
    return found == (labels.significant[category], labels.insignificant[category])


def _wholly(answer: ComparedReports, labels: Labels) -> bool:
    counted = all(_agrees(answer, labels, category) for category in GreenCategory)
    return counted and labels.matched in (None, len(answer.matches))


def _mean(scores: list[float]) -> Estimate:
    if not scores:
        return Estimate(math.nan, math.nan, math.nan)
    draws = resample(np.array(scores)[:, np.newaxis])[:, 0] / len(scores)
    return Estimate(float(np.mean(scores)), *interval(draws))


def _shown(share: Rate) -> str:
    if not share.total:
        return "-"
    return f"{share.value:.3f} ({share.low:.3f}-{share.high:.3f}; {share.hits}/{share.total})"


def _without_nan(value: Any) -> Any:
    """The same with null for what cannot be told: JSON has no NaN."""
    if isinstance(value, dict):
        return {str(key): _without_nan(item) for key, item in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
