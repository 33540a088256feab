"""Result lines to a summary: one pass, with memory bounded by what the summary holds."""

import datetime as dt
import hashlib
import heapq
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

from app.api.schemas import CheckedReportOut, ErrorOut
from app.batch.results import DecisionOut, ResultLine
from app.batch.summary.entries import entry, named
from app.batch.summary.excerpt import clipped
from app.batch.summary.harm import expected_harm
from app.batch.summary.types import (
    Checked,
    Decided,
    Feedback,
    Flags,
    ModalityRow,
    Named,
    Sample,
    Summary,
    TypeRow,
    Versions,
    Worklist,
)
from app.proofreading.report import ErrorType, Tier

ENTRIES = 100  # of the worklist
SAMPLED = 30  # reports for audit
_KINDS = 1_000  # different keys of one table: of senders' words there may be any number
_NAME = 60  # code points of such a word
_OTHER = "other"
_MISSING = "no_result"  # a line of state checked without an answer
_DONE = "done"

_Key = TypeVar("_Key", bound=Hashable)


def summarise(lines: Iterable[ResultLine], batch: str = "") -> Summary:
    """The summary of ``lines``, which are read once. ``batch`` names them and seeds the audit sample."""
    gathered = _Gathered(batch)
    for line in lines:
        gathered.add(line)
    return gathered.summary()


class _Gathered:
    """The counts so far."""

    def __init__(self, batch: str) -> None:
        self._batch = batch
        self._reports = self._whole = self._part = 0
        self._unchecked: Counter[tuple[str, str | None]] = Counter()
        self._stages: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._versions: Counter[Versions] = Counter()
        self._all = _Flagged()
        self._modalities: Counter[str] = Counter()
        self._by_modality: defaultdict[str, _Flagged] = defaultdict(_Flagged)
        self._by_day: defaultdict[dt.date | None, _Flagged] = defaultdict(_Flagged)
        self._by_type: defaultdict[ErrorType, _Flagged] = defaultdict(_Flagged)
        self._tiers: Counter[tuple[ErrorType, Tier]] = Counter()
        self._feedback = _Decisions()
        self._worklist = _Harmful()
        self._sample = _Sampled(batch)

    def add(self, line: ResultLine) -> None:
        """Count one report."""
        if not line.counted:
            return
        self._reports += 1
        modality = _kept(_word((line.modality or "").strip().upper()), self._modalities, _OTHER)
        self._modalities[modality] += 1
        checked = line.checked if line.state == "checked" else None
        if checked is None:
            code = line.problem.code if line.problem else _MISSING if line.state == "checked" else None
            self._refuse(line.state, code)
            return
        self._cover(checked)
        if checked.coverage.rules == _DONE:
            self._count(line, checked, modality)
            self._weigh(line, checked)

    def _refuse(self, state: str, code: str | None) -> None:
        key = _kept((state, code and _word(code)), self._unchecked, (state, _OTHER))
        self._unchecked[key] += 1

    def _cover(self, checked: CheckedReportOut) -> None:
        for stage, said in checked.coverage:
            states = self._stages[stage]
            states[_kept(_word(said), states, _OTHER)] += 1
        versions = tuple((name, value and _word(value)) for name, value in checked.versions)
        self._versions[_kept(versions, self._versions, (("radproof", _OTHER),))] += 1
        rules = checked.coverage.rules
        if rules != _DONE:
            self._refuse("checked", rules.removeprefix("failed: "))
        elif checked.complete:
            self._whole += 1
        else:
            self._part += 1

    def _count(self, line: ResultLine, checked: CheckedReportOut, modality: str) -> None:
        flags = Counter(error.type for error in checked.errors if error.tier is not Tier.LOW)
        total = flags.total()
        self._tiers.update((error.type, error.tier) for error in checked.errors)
        for table in (self._all, self._by_modality[modality], self._by_day[line.study_date]):
            table.add(total)
        for kind, number in flags.items():
            self._by_type[kind].add(number)
        if not total:
            self._sample.add(line)

    def _weigh(self, line: ResultLine, checked: CheckedReportOut) -> None:
        decisions = _latest(line.decisions)
        self._feedback.add(decisions, checked)
        for error in checked.errors:
            if error.tier is not Tier.LOW:
                self._worklist.add(line, error, decided=error.id in decisions)

    def summary(self) -> Summary:
        """What was counted, for good."""
        reports = self._all.reports
        undated = self._by_day.pop(None, _Flagged()).reports
        return Summary(
            batch=clipped(self._batch),
            reports=self._reports,
            checked=Checked(self._whole, self._part, _ranked(self._unchecked), self._stages_said()),
            flags=self._all.frozen(reports),
            by_modality={
                name: ModalityRow(count, self._by_modality[name].frozen())
                for name, count in _ranked(self._modalities).items()
            },
            by_type={
                kind: TypeRow(
                    {tier: self._tiers[kind, tier] for tier in Tier}, self._by_type[kind].frozen(reports)
                )
                for kind in ErrorType
                if any(self._tiers[kind, tier] for tier in Tier)
            },
            by_day={day: table.frozen() for day, table in sorted(self._by_day.items()) if day is not None},
            undated=undated,
            worklist=self._worklist.worklist(),
            sample=self._sample.sample(),
            feedback=self._feedback.feedback(),
            versions=_ranked(self._versions),
        )

    def _stages_said(self) -> dict[str, dict[str, int]]:
        return {stage: _ranked(states) for stage, states in self._stages.items()}


class _Flagged:
    """Flags while they are counted."""

    def __init__(self) -> None:
        self.reports = self._flagged = self._flags = self._squares = 0

    def add(self, flags: int) -> None:
        """Count one report."""
        self.reports += 1
        self._flagged += flags > 0
        self._flags += flags
        self._squares += flags**2

    def frozen(self, reports: int | None = None) -> Flags:
        """The counts; of ``reports``, where those without a flag were not added."""
        of = self.reports if reports is None else reports
        return Flags(of, self._flagged, self._flags, self._squares)


class _Harmful:
    """The flags of most expected harm so far; of equals the first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, ResultLine, ErrorOut]] = []
        self._open = self._decided = 0

    def add(self, line: ResultLine, error: ErrorOut, *, decided: bool) -> None:
        """Take one flag."""
        self._decided += decided
        if decided:
            return
        self._open += 1
        item = (expected_harm(error), -self._open, line, error)
        if len(self._heap) < ENTRIES:
            heapq.heappush(self._heap, item)
        else:
            heapq.heappushpop(self._heap, item)

    def worklist(self) -> Worklist:
        """The list, most harm first."""
        ordered = sorted(self._heap, key=lambda item: (-item[0], -item[1]))
        entries = tuple(entry(line, error) for _, _, line, error in ordered)
        return Worklist(entries, self._open - len(entries), self._decided)


class _Sampled:
    """The reports of the smallest hashes: each set of reports is as likely, and the order does not matter."""

    def __init__(self, batch: str) -> None:
        self._batch = batch
        self._heap: list[tuple[int, int, Named]] = []
        self._seen = 0

    def add(self, line: ResultLine) -> None:
        """Take one report."""
        self._seen += 1
        name = "\n".join((self._batch, line.custom_id, line.report_id or ""))
        digest = hashlib.sha256(name.encode(errors="surrogatepass")).digest()
        item = (-int.from_bytes(digest), -self._seen, named(line))
        if len(self._heap) < SAMPLED:
            heapq.heappush(self._heap, item)
        else:
            heapq.heappushpop(self._heap, item)

    def sample(self) -> Sample:
        """The sample, in its random order."""
        return Sample(tuple(report for _, _, report in sorted(self._heap, reverse=True)), self._seen)


class _Decisions:
    """Decisions while they are counted."""

    def __init__(self) -> None:
        self._accepted: Counter[ErrorType] = Counter()
        self._reworded: Counter[ErrorType] = Counter()
        self._overridden: Counter[ErrorType] = Counter()
        self._reasons: Counter[str] = Counter()
        self._remarks = self._unmatched = 0

    def add(self, decisions: Mapping[str, DecisionOut], checked: CheckedReportOut) -> None:
        """Count the decisions of one report."""
        errors = {error.id: error for error in checked.errors}
        for decision in decisions.values():
            error = errors.get(decision.error_id)
            if error is None:
                self._unmatched += 1
            elif error.tier is Tier.LOW:
                self._remarks += 1
            elif decision.outcome == "accepted":
                self._accepted[error.type] += 1
                self._reworded[error.type] += decision.replacement is not None
            else:
                self._overridden[error.type] += 1
                self._reasons[_kept(_word(decision.reason or ""), self._reasons, _OTHER)] += 1

    def feedback(self) -> Feedback:
        """What was counted, for good."""
        return Feedback(
            by_type={
                kind: Decided(self._accepted[kind], self._reworded[kind], self._overridden[kind])
                for kind in ErrorType
                if self._accepted[kind] or self._overridden[kind]
            },
            reasons=_ranked(self._reasons),
            remarks=self._remarks,
            unmatched=self._unmatched,
        )


def _latest(decisions: Iterable[DecisionOut]) -> dict[str, DecisionOut]:
    """The last decision on each error; a time without a zone counts as UTC."""
    ordered = sorted(decisions, key=lambda one: one.at if one.at.tzinfo else one.at.replace(tzinfo=dt.UTC))
    return {decision.error_id: decision for decision in ordered}


def _word(given: str) -> str:
    return clipped(given, _NAME)


def _kept(key: _Key, table: Mapping[_Key, int], other: _Key) -> _Key:
    """``key``, or ``other`` where the table is full."""
    return key if key in table or len(table) < _KINDS else other


def _ranked(counts: Counter[_Key]) -> dict[_Key, int]:
    return dict(counts.most_common())
