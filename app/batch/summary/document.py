"""A summary in words and figures, in the order in which a person reads it."""

from app import DISCLAIMER
from app.batch.summary.blocks import (
    NONE,
    Block,
    Document,
    Paragraph,
    Picture,
    Section,
    Table,
    Tile,
    number,
    per_100,
    portion,
    reports,
    spaced,
    top,
)
from app.batch.summary.counted import feedback, modalities, over_days, types
from app.batch.summary.plots import Bar, bars
from app.batch.summary.types import Summary
from app.batch.summary.worklist import audit, worklist

_WHOLE, _PART, _NOT = "#1b5e8c", "#86b3d1", "#8b949e"
_STATES = {
    "checked": "not readable",
    "refused": "refused",
    "failed": "failed",
    "cancelled": "cancelled",
    "waiting": "waiting",
}
_STAGES = {"rules": "rules", "knowledge": "knowledge", "references": "references", "llm": "language model"}
_MOST = 20  # rows of a table of codes or versions; the others are counted together


def document(summary: Summary) -> Document:
    """The summary laid out in sections."""
    checked, flags = summary.checked, summary.flags
    rate, interval = per_100(flags.per_100)
    return Document(
        title="The day's summary",
        subtitle=_subtitle(summary),
        notice=DISCLAIMER,
        verdict=_verdict(summary),
        tiles=(
            Tile("Reports", number(summary.reports), "in these results"),
            Tile("Checked", number(checked.reports), f"{number(checked.part)} of them only in part"),
            Tile("Not checked", number(summary.reports - checked.reports), "nothing is known of them"),
            Tile("Flags", number(flags.flags), f"in {reports(flags.flagged)}"),
            Tile("Flags per 100 checked", rate, f"95% interval {interval}"),
        ),
        sections=(
            _checked(summary),
            modalities(summary),
            types(summary),
            over_days(summary),
            worklist(summary.worklist),
            audit(summary.sample),
            feedback(summary.feedback),
            _versions(summary),
        ),
    )


def _subtitle(summary: Summary) -> str:
    days = list(summary.by_day)
    when = "no study dates" if not days else str(days[0])
    if len(days) > 1:
        when = f"studies of {days[0]} to {days[-1]}"
    return f"{summary.batch} · {when}" if summary.batch else when


def _verdict(summary: Summary) -> str:
    checked, flags = summary.checked, summary.flags
    unknown = summary.reports - checked.reports
    sound = number(flags.reports - flags.flagged)
    part = f", {number(checked.part)} of them only in part" if checked.part else ""
    words = f"No errors found in {sound} of {reports(checked.reports)} checked{part}."
    if not checked.reports:
        words = "No report was checked: this summary says nothing about errors."
    elif unknown:
        words += f" {reports(unknown)} not checked: whether they hold errors is not known."
    return words


def _checked(summary: Summary) -> Section:
    checked = summary.checked
    rows = [("checked, every configured stage", NONE, checked.whole), ("checked in part", NONE, checked.part)]
    for (state, code), count in checked.unchecked.items():
        rows.append((f"not checked: {_STATES[state]}", spaced(code) if code else NONE, count))
    kept, rest = rows[:_MOST], rows[_MOST:]
    kept.append(("not checked: other reasons", NONE, sum(count for _, _, count in rest)))
    table = Table(
        "Reports by what became of them",
        ("outcome", "reason", "reports", "share"),
        tuple(
            (name, why, number(count), portion(count, summary.reports)) for name, why, count in kept if count
        ),
        names=2,
    )
    blocks: list[Block] = [
        Paragraph(
            "“No errors found” and “not checked” are different answers. Checked in part: the rules ran, another "
            "stage failed or read only some of the report. A stage that is not configured was never asked."
        )
    ]
    if summary.reports:
        blocks += [Picture(bars("outcomes", table.caption, _outcomes(summary))), table]
    if checked.stages:
        blocks.append(_stages(summary))
    return Section("checked", "What was checked, and what was not", tuple(blocks))


def _outcomes(summary: Summary) -> list[Bar]:
    checked = summary.checked
    found = [("checked", checked.whole, _WHOLE), ("checked in part", checked.part, _PART)]
    for state, name in _STATES.items():
        count = sum(some for (other, _), some in checked.unchecked.items() if other == state)
        found.append((name, count, _NOT))
    return [
        Bar(name, ((count, colour),), f"{number(count)} ({portion(count, summary.reports)})")
        for name, count, colour in found
        if count or colour == _WHOLE
    ]


def _stages(summary: Summary) -> Table:
    rows = []
    for stage, states in summary.checked.stages.items():
        listed, rest = top(states, _MOST)
        shown = [*listed, *([("others", rest)] if rest else [])]
        rows += [(_STAGES.get(stage, stage), spaced(said), number(count)) for said, count in shown]
    return Table(
        "Stages of the reports that were looked at", ("stage", "coverage", "reports"), tuple(rows), 2
    )


def _versions(summary: Summary) -> Section:
    listed, rest = top(summary.versions, _MOST)
    rows = [
        (", ".join(f"{spaced(name)} {value}" for name, value in versions if value), number(count))
        for versions, count in listed
    ]
    rows += [("others", number(rest))] if rest else []
    table = Table("Versions", ("made with", "reports"), tuple(rows))
    note = Paragraph("A part that is not named was not configured.", quiet=True)
    none = Paragraph("No report was looked at.")
    return Section("versions", "Made with", (table, note) if rows else (none,))
