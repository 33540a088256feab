"""Sections that name reports: the worklist and the audit sample."""

from app.batch.summary.blocks import (
    NONE,
    Block,
    Card,
    Paragraph,
    Section,
    Table,
    number,
    reports,
    spaced,
)
from app.batch.summary.harm import TIERS, WEIGHTS
from app.batch.summary.types import Entry, Named, Sample, Worklist
from app.proofreading.report import Tier


def worklist(given: Worklist) -> Section:
    """Flags that nobody has decided, most expected harm first."""
    total = len(given.entries) + given.left_out
    blocks: list[Block] = []
    if given.entries:
        words = (
            f"{number(total)} flags nobody has decided yet" if total > 1 else "One flag is not decided yet"
        )
        words += f", the first {number(len(given.entries))} here." if given.left_out else "."
        blocks.append(Paragraph(words))
        blocks += [_card(place, entry) for place, entry in enumerate(given.entries, 1)]
    else:
        blocks.append(Paragraph("No flag is waiting for a decision."))
    if given.left_out:
        blocks.append(Paragraph(f"Flags of no more expected harm, left out: {number(given.left_out)}."))
    if given.decided:
        blocks.append(Paragraph(f"Decided flags, left out: {number(given.decided)}.", quiet=True))
    return Section("worklist", "Worklist", (*blocks, Paragraph(_rule(), quiet=True)))


def _rule() -> str:
    weights: dict[int, list[str]] = {}
    for kind, weight in WEIGHTS.items():
        weights.setdefault(weight, []).append(spaced(kind))
    listed = "; ".join(f"{weight}: {', '.join(kinds)}" for weight, kinds in weights.items())
    return (
        "Order: expected harm = weight of the type × confidence × factor of the tier "
        f"(high {TIERS[Tier.HIGH]:g}, medium {TIERS[Tier.MEDIUM]:g}). Weights, our judgement and measured nowhere: "
        f"{listed}. “…” stands for words that the results do not hold, or that are too many."
    )


def _card(place: int, entry: Entry) -> Card:
    report = entry.report
    start, end = entry.span
    where = f"characters {number(start)}–{number(end)}"
    known = (report.modality, report.study_date and str(report.study_date), report.site, entry.section, where)
    return Card(
        title=f"{place}. {spaced(entry.type).capitalize()}",
        tier=entry.tier.value,
        strength=f"{entry.tier.value}, {entry.confidence:.0%}, expected harm {entry.harm:.1f}",
        report=report.custom_id,
        report_id=report.report_id or "",
        facts=" · ".join(word for word in known if word),
        said=entry.said,
        message=entry.message,
        reasons=tuple((reason.label, reason.said) for reason in entry.reasons),
        fixes=tuple((fix.old, fix.new) for fix in entry.fixes),
        more=f"More reasons or fixes, left out: {entry.more}." if entry.more else "",
    )


def audit(sample: Sample) -> Section:
    """A random sample of reports without a flag."""
    if not sample.reports:
        return Section("audit", "Unflagged reports to audit", (Paragraph("No unflagged report."),))
    size = len(sample.reports)
    words = (
        f"A random sample of {number(size)} of {reports(sample.unflagged)} without a flag: what flags miss, only "
        "reading can tell. "
    )
    if size < sample.unflagged:
        words += (
            f"If none of these {number(size)} holds an error, at most {sample.bound:.0%} of all unflagged reports "
            "do (95% confidence)."
        )
    head = ("report", "id", "modality", "day", "site")
    table = Table(
        "Reports to audit",
        head,
        tuple(_named(report) for report in sample.reports),
        names=len(head),
        links=tuple(report.report_id or "" for report in sample.reports),
    )
    return Section("audit", "Unflagged reports to audit", (Paragraph(words), table))


def _named(report: Named) -> tuple[str, ...]:
    day = str(report.study_date) if report.study_date else NONE
    return report.custom_id, report.report_id or NONE, report.modality or NONE, day, report.site or NONE
