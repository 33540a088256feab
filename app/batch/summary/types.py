"""What a summary holds: counts, rates, the worklist, the audit sample, feedback."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass

from app.evaluation.metrics import Z95, Estimate, Rate, wilson
from app.proofreading.report import ErrorType, Tier

Versions = tuple[tuple[str, str | None], ...]  # name and version of each part, as in VersionsOut


@dataclass(frozen=True, slots=True)
class Flags:
    """Flags of checked reports: how many reports have how many.

    ``squares``: the sum over reports of the square of their number of flags.
    """

    reports: int = 0
    flagged: int = 0
    flags: int = 0
    squares: int = 0

    @property
    def per_100(self) -> Estimate:
        """Flags per 100 reports with a 95 % interval; NaN without a report.

        The score interval of a Poisson rate (Brown, Cai, DasGupta 2003), widened by the dispersion where
        flags heap up in few reports (quasi-Poisson: McCullagh and Nelder 1989, section 6.2).
        """
        if not self.reports:
            return Estimate(math.nan, math.nan, math.nan)
        spread = max(1.0, self._dispersion())
        events = self.flags / spread
        centre, half = events + Z95**2 / 2, Z95 * math.sqrt(events + Z95**2 / 4)
        scale = 100 * spread / self.reports
        return Estimate(
            100 * self.flags / self.reports, max(0.0, scale * (centre - half)), scale * (centre + half)
        )

    def __add__(self, other: "Flags") -> "Flags":
        """The flags of both sets of reports."""
        return Flags(
            self.reports + other.reports,
            self.flagged + other.flagged,
            self.flags + other.flags,
            self.squares + other.squares,
        )

    def _dispersion(self) -> float:
        """Variance of the number of flags of a report over its mean."""
        if self.reports < 2 or not self.flags:
            return 1.0
        mean = self.flags / self.reports
        return (self.squares - self.reports * mean**2) / (self.reports - 1) / mean


@dataclass(frozen=True, slots=True)
class Checked:
    """Reports by what became of them.

    ``whole``: every configured stage ran; ``part``: the rules ran, another stage did not, or not wholly;
    ``unchecked``: (state, code) -> reports of which nothing is known. State "checked" stands there for
    reports that the rules could not read. ``stages``: stage -> what coverage says of it -> reports.
    """

    whole: int
    part: int
    unchecked: Mapping[tuple[str, str | None], int]
    stages: Mapping[str, Mapping[str, int]]

    @property
    def reports(self) -> int:
        """Reports that the rules read."""
        return self.whole + self.part


@dataclass(frozen=True, slots=True)
class ModalityRow:
    """One modality: its reports, and the flags of those that were checked."""

    reports: int
    flags: Flags


@dataclass(frozen=True, slots=True)
class TypeRow:
    """One error type: errors by tier, and its flags (tiers high and medium)."""

    tiers: Mapping[Tier, int]
    flags: Flags


@dataclass(frozen=True, slots=True)
class Decided:
    """Decisions on flags: ``accepted`` with the fix, of these ``reworded`` with a person's own words."""

    accepted: int = 0
    reworded: int = 0
    overridden: int = 0

    @property
    def ppv(self) -> Rate:
        """Positive predictive value: accepted of those decided, with Wilson's interval."""
        return wilson(self.accepted, self.accepted + self.overridden)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What people decided so far, the last word on each error.

    ``reasons``: code of a reason to override -> how often ("" for none given). ``remarks``: decisions on
    errors of tier low; ``unmatched``: on errors that the result does not hold. Neither counts elsewhere.
    """

    by_type: Mapping[ErrorType, Decided]
    reasons: Mapping[str, int]
    remarks: int
    unmatched: int

    @property
    def all(self) -> Decided:
        """Decisions on flags of every type."""
        rows = self.by_type.values()
        return Decided(
            sum(row.accepted for row in rows),
            sum(row.reworded for row in rows),
            sum(row.overridden for row in rows),
        )


@dataclass(frozen=True, slots=True)
class Said:
    """Words of a report within their sentence."""

    before: str
    words: str
    after: str

    @property
    def whole(self) -> str:
        """The sentence."""
        return f"{self.before}{self.words}{self.after}".strip()


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence: what it is, and the words or the path."""

    label: str
    said: Said


@dataclass(frozen=True, slots=True)
class Fix:
    """A proposed correction: the sentence as it is, and as it would be."""

    old: Said
    new: Said


@dataclass(frozen=True, slots=True)
class Named:
    """A report by its ids, and what is known of it."""

    custom_id: str
    report_id: str | None
    modality: str | None
    study_date: dt.date | None
    site: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One flag of the worklist. ``more``: evidence and fixes that are left out here."""

    report: Named
    harm: float
    type: ErrorType
    tier: Tier
    confidence: float
    section: str | None
    span: tuple[int, int]
    said: Said
    message: str
    reasons: tuple[Reason, ...]
    fixes: tuple[Fix, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Worklist:
    """Flags that nobody has decided yet, by expected harm; ``left_out`` are more than the list holds."""

    entries: tuple[Entry, ...]
    left_out: int
    decided: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A random sample of the ``unflagged`` reports that the rules read, for audit."""

    reports: tuple[Named, ...]
    unflagged: int

    @property
    def bound(self) -> float:
        """If no report of the sample holds an error: the largest share of all that may (95 %, one-sided).

        The exact binomial bound (Clopper and Pearson 1934); 1 without a report.
        """
        return 1 - 0.05 ** (1 / len(self.reports)) if self.reports else 1.0


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary of one batch or of several days' results. ``undated``: checked reports without a date."""

    batch: str
    reports: int
    checked: Checked
    flags: Flags
    by_modality: Mapping[str, ModalityRow]
    by_type: Mapping[ErrorType, TypeRow]
    by_day: Mapping[dt.date, Flags]
    undated: int
    worklist: Worklist
    sample: Sample
    feedback: Feedback
    versions: Mapping[Versions, int]
