"""The counts and rates of a summary, beside counts made apart from the same lines."""

import math
import random
import re
from collections import Counter, defaultdict
from datetime import date

import numpy as np
import pytest
from summary_lines import AT, ROOT, Line, checked, flag, parsed

from app.batch.summary import Summary, summarise
from app.batch.summary.harm import TIERS, WEIGHTS
from app.batch.summary.summarise import ENTRIES, SAMPLED
from app.batch.summary.types import Flags
from app.proofreading.report import ErrorType, Tier


def read(lines: list[Line]) -> list[Line]:
    return [line for line in lines if "checked" in line and line["checked"]["coverage"]["rules"] == "done"]


def flags_of(line: Line) -> list[Line]:
    return [error for error in line["checked"]["errors"] if error["tier"] != "low"]


def test_every_report_is_counted_once_by_what_became_of_it(lines: list[Line], summary: Summary) -> None:
    whole = [line for line in read(lines) if line["checked"]["complete"]]
    assert (summary.reports, summary.checked.whole) == (len(lines), len(whole))
    assert summary.checked.part == len(read(lines)) - len(whole) > 0
    unchecked = Counter(
        (line["state"], line["problem"]["code"] if "problem" in line else None)
        for line in lines
        if line["state"] != "checked"
    )
    unread = [line for line in lines if "checked" in line and line not in read(lines)]
    unchecked["checked", "out_of_time"] = len(unread)
    assert dict(summary.checked.unchecked) == unchecked
    assert {"refused", "failed", "waiting", "cancelled", "checked"} == {state for state, _ in unchecked}
    looked_at = [line["checked"]["coverage"] for line in lines if "checked" in line]
    assert summary.checked.stages["knowledge"] == Counter(one["knowledge"] for one in looked_at)


def test_flags_are_those_of_the_lines(lines: list[Line], summary: Summary) -> None:
    of = [len(flags_of(line)) for line in read(lines)]
    assert summary.flags == Flags(len(of), sum(n > 0 for n in of), sum(of), sum(n * n for n in of))
    tiers = Counter(
        (error["type"], error["tier"]) for line in read(lines) for error in line["checked"]["errors"]
    )
    assert sum(tiers.values()) > 50
    for kind in ErrorType:
        expected = {tier: tiers[kind, tier] for tier in Tier}
        found = summary.by_type[kind].tiers if kind in summary.by_type else dict.fromkeys(Tier, 0)
        assert found == expected
    for kind, row in summary.by_type.items():
        with_it = sum(any(error["type"] == kind for error in flags_of(line)) for line in read(lines))
        assert (row.flags.reports, row.flags.flagged) == (len(of), with_it)


def test_tables_by_modality_and_day_add_up(lines: list[Line], summary: Summary) -> None:
    named = Counter(line.get("modality", "").upper() for line in lines)
    assert {name: row.reports for name, row in summary.by_modality.items()} == named
    days: defaultdict[str, list[int]] = defaultdict(list)
    modalities: defaultdict[str, int] = defaultdict(int)
    for line in read(lines):
        days[line["study_date"]].append(len(flags_of(line)))
        modalities[line["modality"].upper()] += len(flags_of(line))
    assert {str(day): (f.reports, f.flags) for day, f in summary.by_day.items()} == {
        day: (len(counts), sum(counts)) for day, counts in days.items()
    }
    assert list(summary.by_day) == sorted(summary.by_day)
    assert {name: row.flags.flags for name, row in summary.by_modality.items() if row.flags.flags} == {
        name: count for name, count in modalities.items() if count
    }


def test_feedback_is_that_of_the_lines(lines: list[Line], summary: Summary) -> None:
    accepted: Counter[str] = Counter()
    overridden: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    remarks = 0
    for line in read(lines):
        errors = {error["id"]: error for error in line["checked"]["errors"]}
        for decision in line["decisions"]:
            error = errors[decision["error_id"]]
            if error["tier"] == "low":
                remarks += 1
            elif decision["outcome"] == "accepted":
                accepted[error["type"]] += 1
            else:
                overridden[error["type"]] += 1
                reasons[decision["reason"]] += 1
    assert {kind: row.accepted for kind, row in summary.feedback.by_type.items() if row.accepted} == accepted
    assert {
        kind: row.overridden for kind, row in summary.feedback.by_type.items() if row.overridden
    } == overridden
    assert (dict(summary.feedback.reasons), summary.feedback.remarks) == (dict(reasons), remarks)
    every = summary.feedback.all
    assert every.ppv.value == accepted.total() / (accepted.total() + overridden.total())
    assert summary.worklist.decided == accepted.total() + overridden.total()
    open_flags = summary.flags.flags - summary.worklist.decided
    assert len(summary.worklist.entries) + summary.worklist.left_out == open_flags


def test_the_last_word_on_an_error_counts_and_strangers_do_not() -> None:
    first = {
        "error_id": "e1",
        "outcome": "overridden",
        "reason": "template_text",
        "at": "2026-11-06T10:00:00",
    }
    last = {
        "error_id": "e1",
        "outcome": "accepted",
        "at": "2026-11-06T12:30:00+02:00",
        "replacement": "Right",
    }
    unknown = {"error_id": "e9", "outcome": "accepted", "at": AT}
    line = checked("a", "Left.", flag("Left"), decisions=[last, first, unknown])
    given = summarise(parsed([line])).feedback
    decided = given.by_type[ErrorType.LATERALITY_MISMATCH]
    assert (decided.accepted, decided.reworded, decided.overridden) == (1, 1, 0)
    assert (given.unmatched, dict(given.reasons)) == (1, {})


def test_worklist_is_by_expected_harm_and_says_how_many_it_leaves_out() -> None:
    chance = random.Random(7)
    kinds, tiers = list(ErrorType), [Tier.HIGH, Tier.MEDIUM, Tier.LOW]
    lines = []
    for number in range(ENTRIES + 60):
        error = flag(type=chance.choice(kinds), tier=chance.choice(tiers), confidence=chance.random())
        lines.append(checked(str(number), "left", error))
    given = summarise(parsed(lines)).worklist
    harms = sorted(
        (WEIGHTS[e["type"]] * e["confidence"] * TIERS[e["tier"]] for line in lines for e in flags_of(line)),
        reverse=True,
    )
    assert [entry.harm for entry in given.entries] == harms[:ENTRIES]
    assert given.left_out == max(0, len(harms) - ENTRIES)
    many = summarise(parsed(lines * 2)).worklist
    assert (len(many.entries), many.left_out) == (ENTRIES, 2 * len(harms) - ENTRIES)


def test_the_documented_weights_are_those_that_count() -> None:
    table = re.findall(
        r"^\| `(\w+)` \| (\d) \|$", (ROOT / "docs" / "batch.md").read_text("utf-8"), re.MULTILINE
    )
    assert {kind: int(weight) for kind, weight in table} == WEIGHTS
    assert set(WEIGHTS) == set(ErrorType)


def test_audit_sample_is_of_unflagged_reports_seeded_by_the_batch_and_not_by_order() -> None:
    lines = [checked(str(number), "Clear.") for number in range(300)]
    lines += [checked(f"flagged-{number}", "left", flag()) for number in range(50)]
    lines.append({"custom_id": "refused", "state": "refused", "problem": {"code": "blank_text"}})
    first = summarise(parsed(lines), "monday").sample
    again = summarise(parsed(lines[::-1]), "monday").sample
    other = summarise(parsed(lines), "tuesday").sample
    names = [[report.custom_id for report in sample.reports] for sample in (first, again, other)]
    assert names[0] == names[1]
    assert len(set(names[0]) & set(names[2])) < SAMPLED / 2
    assert len(set(names[0])) == SAMPLED
    assert all(name.isdigit() for name in names[0])
    assert first.unflagged == 300
    assert math.isclose((1 - first.bound) ** SAMPLED, 0.05)


@pytest.mark.parametrize(
    ("flags", "low", "high"),
    [
        (Flags(100, 10, 10, 10), 5.43, 18.41),  # the score interval of 10 events
        (Flags(100, 0, 0, 0), 0, 3.84),
        (Flags(1, 1, 1, 1), 17.65, 566.5),
    ],
)
def test_interval_of_a_rate(flags: Flags, low: float, high: float) -> None:
    estimate = flags.per_100
    assert (estimate.low, estimate.high) == (pytest.approx(low, abs=0.06), pytest.approx(high, abs=0.06))
    assert estimate.low <= estimate.value <= estimate.high


def test_interval_without_a_report_is_no_number() -> None:
    assert math.isnan(Flags().per_100.value)


@pytest.mark.parametrize("heaped", [False, True])
def test_interval_holds_the_true_rate_in_nineteen_of_twenty_draws(heaped: bool) -> None:
    """Also where few reports have many flags, which a plain Poisson interval is too narrow for."""
    random_ = np.random.default_rng(4)
    held = plain = 0
    for _ in range(600):
        rates = random_.gamma(0.25, 0.4, 400) if heaped else np.full(400, 0.1)
        counts = random_.poisson(rates)
        total = int(counts.sum())
        found = Flags(400, int((counts > 0).sum()), total, int((counts**2).sum())).per_100
        held += found.low <= 10 <= found.high
        narrow = Flags(400, total, total, total).per_100
        plain += narrow.low <= 10 <= narrow.high
    assert held / 600 > 0.925
    assert not heaped or plain < held


def test_tables_stay_small_whatever_the_senders_write() -> None:
    lines = [checked(str(n), "Clear.", modality=f"M{n}", study_date="2026-11-02") for n in range(1500)]
    lines += [
        {"custom_id": f"r{n}", "state": "refused", "problem": {"code": f"c{n}" * 50}} for n in range(1500)
    ]
    given = summarise(parsed(lines))
    assert len(given.by_modality) <= 1001
    assert len(given.checked.unchecked) <= 1001
    assert sum(row.reports for row in given.by_modality.values()) == 3000
    assert sum(given.checked.unchecked.values()) == 1500
    assert list(given.by_day) == [date(2026, 11, 2)]


def test_a_checked_line_without_an_answer_is_not_checked() -> None:
    given = summarise(parsed([{"custom_id": "a", "state": "checked"}])).checked
    assert (given.reports, dict(given.unchecked)) == (0, {("checked", "no_result"): 1})
