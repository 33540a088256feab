"""Sections of counts: modalities, error types, days, feedback."""

from app.batch.summary.blocks import (
    Block,
    Paragraph,
    Picture,
    Section,
    Table,
    number,
    per_100,
    portion,
    reports,
    share,
    spaced,
    top,
)
from app.batch.summary.plots import Bar, bars, shares, trend
from app.batch.summary.types import Decided, Feedback, Flags, Summary
from app.proofreading.report import Tier

_HIGH, _MEDIUM = "#93312f", "#e0a04a"
_MOST = 20  # rows of a table of senders' words; the others are counted together
_DAYS = 62  # days in picture and table
_INTERVAL = (
    "Intervals: 95%, the score interval of a Poisson rate, widened where flags heap up in few reports."
)


def modalities(summary: Summary) -> Section:
    """Reports and flags of each modality."""
    listed = list(summary.by_modality.items())
    rows = [(name or "not given", number(row.reports), *_flags(row.flags)) for name, row in listed[:_MOST]]
    rest = [row for _, row in listed[_MOST:]]
    if rest:
        flags = sum((row.flags for row in rest), Flags())
        rows.append(("others", number(sum(row.reports for row in rest)), *_flags(flags)))
    head = ("modality", "reports", "checked", "with flags", "flags", "per 100 checked", "95% interval")
    table = Table("Reports and flags by modality", head, tuple(rows))
    none = Paragraph("No report.")
    return Section("modalities", "Reports by modality", (table,) if rows else (none,))


def types(summary: Summary) -> Section:
    """Flags of each error type, by tier."""
    title = "Flags by type and tier"
    rows, drawn = [], []
    for kind, row in sorted(summary.by_type.items(), key=lambda item: -item[1].flags.flags):
        high, medium, low = (row.tiers[tier] for tier in Tier)
        rows.append((spaced(kind), *map(number, (high, medium, high + medium)), *per_100(row.flags.per_100)))
        rows[-1] += (number(low),)
        if high + medium:
            words = f"{number(high + medium)}: {number(high)} high, {number(medium)} medium"
            drawn.append(Bar(spaced(kind), ((high, _HIGH), (medium, _MEDIUM)), words))
    high, medium, low = (sum(row.tiers[tier] for row in summary.by_type.values()) for tier in Tier)
    every = ("all types", *map(number, (high, medium, high + medium)), *per_100(summary.flags.per_100))
    head = ("error type", "high", "medium", "flags", "per 100 checked", "95% interval", "remarks")
    table = Table(title, head, (*rows, (*every, number(low))))
    blocks: list[Block] = [Picture(bars("types", title, drawn))] if drawn else [Paragraph("No flags.")]
    if rows:
        blocks.append(table)
    blocks.append(
        Paragraph(f"Dark: tier high, light: medium. Remarks (tier low) are no flags. {_INTERVAL}", quiet=True)
    )
    return Section("types", title, tuple(blocks))


def over_days(summary: Summary) -> Section:
    """Flags per 100 reports of each day of study."""
    title = "Flags per 100 checked reports, by day of study"
    days = dict(list(summary.by_day.items())[-_DAYS:])
    blocks: list[Block] = []
    if len(days) > 1:
        blocks.append(Picture(trend("days", title, days, summary.flags)))
    if days:
        head = ("day", "checked", "with flags", "flags", "per 100 checked", "95% interval")
        blocks.append(Table(title, head, tuple((str(day), *_flags(flags)) for day, flags in days.items())))
    words = ["No checked report has a study date."] if not days else []
    words += ["One day only: no trend to see."] if len(days) == 1 else []
    if len(days) > 1:
        words.append("A day whose interval holds the rate of all days (dashed) is no sign of a change.")
    if len(summary.by_day) > len(days):
        words.append(f"The latest {len(days)} of {number(len(summary.by_day))} days.")
    if summary.undated and days:
        words.append(f"{reports(summary.undated)} without a study date left out here.")
    return Section("days", "Trend", (*blocks, Paragraph(" ".join(words), quiet=bool(days))))


def feedback(given: Feedback) -> Section:
    """What people decided so far."""
    title = "Positive predictive value of flags, by type"
    every = given.all
    blocks: list[Block] = []
    if every.ppv.total:
        drawn = {spaced(kind): decided.ppv for kind, decided in given.by_type.items()}
        rows = [(spaced(kind), *_decided(decided)) for kind, decided in given.by_type.items()]
        head = ("error type", "accepted", "reworded", "overridden", "PPV", "95% interval")
        blocks += [
            Picture(shares("ppv", title, {**drawn, "all types": every.ppv})),
            Table(title, head, (*rows, ("all types", *_decided(every)))),
        ]
    else:
        blocks.append(Paragraph("Nobody has decided on a flag yet."))
    if given.reasons:
        blocks.append(_reasons(given, every))
    words = (
        "PPV: accepted flags of those decided, with Wilson's 95% interval; flags that nobody has decided are "
        "not in it. Reworded: accepted, with a person's own words in place of the fix."
    )
    if given.remarks:
        words += f" Decisions on remarks, not counted here: {number(given.remarks)}."
    if given.unmatched:
        words += f" Decisions on errors that these results do not hold: {number(given.unmatched)}."
    return Section("feedback", "Feedback so far", (*blocks, Paragraph(words, quiet=True)))


def _reasons(given: Feedback, every: Decided) -> Table:
    listed, rest = top(given.reasons, _MOST)
    rows = [(spaced(code) or "none given", count) for code, count in listed]
    rows += [("others", rest)] if rest else []
    shown = tuple((name, number(count), portion(count, every.overridden)) for name, count in rows)
    return Table("Reasons to override", ("reason", "flags", "share"), shown)


def _flags(flags: Flags) -> tuple[str, ...]:
    return (*map(number, (flags.reports, flags.flagged, flags.flags)), *per_100(flags.per_100))


def _decided(decided: Decided) -> tuple[str, ...]:
    return (*map(number, (decided.accepted, decided.reworded, decided.overridden)), *share(decided.ppv))
