"""A checked report for the eyes: quote underlined, why, evidence, and the fix in red and green."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from app.printable import printable
from app.proofreading.report import CheckedReport, Correction, Evidence, EvidenceKind, ReportError, Tier
from models.sections import parse
from models.types import Span

_STYLES = {Tier.HIGH: "bold red", Tier.MEDIUM: "bold yellow", Tier.LOW: "bold blue"}
_INDENT = (0, 0, 0, 4)


class Terminal(Console):
    """A console that leaves a reader's leaving to the caller; its own default is to exit with 1."""

    def on_broken_pipe(self) -> None:
        """Raise the error on."""
        raise BrokenPipeError


@dataclass(slots=True)
class Tally:
    """Counts over all reports of one run."""

    checked: int = 0
    with_errors: int = 0
    incomplete: int = 0
    unread: int = 0
    refused: int = 0
    tiers: dict[Tier, int] = field(default_factory=lambda: dict.fromkeys(Tier, 0))

    def leave_out(self) -> None:
        """Count one report that was not admitted."""
        self.refused += 1

    def add(self, checked: CheckedReport) -> None:
        """Count one answer."""
        self.checked += 1
        self.with_errors += checked.has_errors
        unread = checked.coverage.rules != "done"
        self.unread += unread
        self.incomplete += not checked.coverage.complete and not unread
        for error in checked.errors:
            self.tiers[error.tier] += 1


def show(checked: CheckedReport) -> RenderableType:
    """One report's answer."""
    view = _View(checked)
    blocks: list[RenderableType] = [Rule(Text(printable(checked.report.report_id)), align="left")]
    for number, error in enumerate(checked.errors, 1):
        blocks += [view.error(number, error), Text()]
    if not checked.errors:
        sound = "No errors found" if checked.coverage.complete else "No errors found in what was checked"
        if checked.coverage.rules != "done":
            sound = "Not checked"
        blocks.append(Text(sound, "bold green" if checked.coverage.complete else "bold yellow"))
    blocks.append(_coverage(checked))
    return Group(*blocks)


def summary(tally: Tally) -> Text:
    """The last line of a run."""
    tiers = ", ".join(f"{count} {tier}" for tier, count in tally.tiers.items() if count)
    line = Text(f"{tally.checked - tally.unread} checked", "bold")
    line.append(f": {tally.with_errors} with errors", "bold red" if tally.with_errors else "bold green")
    line.append(f" ({tiers})" if tiers else "", "default")
    if tally.incomplete:
        line.append(f", {tally.incomplete} only in part", "bold yellow")
    if tally.refused or tally.unread:
        line.append(f", {tally.refused + tally.unread} not checked", "bold yellow")
    return line


class _View:
    """Draws the errors of one report, each within its sentence."""

    def __init__(self, checked: CheckedReport) -> None:
        self._text = checked.report.text
        self._report = parse(self._text)

    def error(self, number: int, error: ReportError) -> RenderableType:
        candidate = error.candidate
        style = _STYLES[error.tier]
        title = Text.assemble(
            (f"{number}. {candidate.type}", style),
            (f"  {error.tier}, {candidate.confidence:.0%}", style),
            (f"  {error.section}, characters {candidate.span.start}-{candidate.span.end}", "dim"),
        )
        lines = [self._marked(candidate.span, f"{style} underline"), Text(printable(candidate.message))]
        lines += [self._reason(evidence) for evidence in candidate.evidence]
        for place, fix in enumerate(candidate.fixes):
            lines += [Text("or", "dim")] if place else []
            lines += self._fix(fix)
        return Group(title, *(Padding(line, _INDENT, expand=False) for line in lines))

    def _around(self, span: Span) -> Span:
        """The sentences that ``span`` touches, from the first to the last."""
        touched = [s.span for s in self._report.sentences if s.span.overlaps(span)] or [span]
        return Span(min(touched[0].start, span.start), max(touched[-1].end, span.end))

    def _marked(self, span: Span, style: str) -> Text:
        """The sentence around ``span`` with ``span`` in that style, if it is not the whole of it."""
        around = self._around(span)
        line = Text(printable(around.of(self._text)))
        if span != around:
            line.stylize(style, span.start - around.start, span.end - around.start)
        return line

    def _section(self, span: Span) -> str:
        sentences = enumerate(self._report.sentences)
        named = (self._report.section_of(index) for index, s in sentences if s.span.overlaps(span))
        return str(next(named, "text"))

    def _reason(self, evidence: Evidence) -> Text:
        if evidence.span is not None:
            line = Text.assemble((f"{self._section(evidence.span)}: ", "dim"))
            line.append_text(self._marked(evidence.span, "underline"))
        else:
            line = Text.assemble((f"{_LABELS[evidence.kind]}: ", "dim"))
        line.append(printable(" → ".join(evidence.path)))
        line.append(printable(evidence.reference_id or ""))
        if evidence.kind is EvidenceKind.LLM:
            line.append(f"an error with probability {evidence.score or 0:.0%}")
            return line
        line.append(f" (similarity {evidence.score:.2f})" if evidence.score is not None else "")
        if evidence.source:
            bare = evidence.kind is EvidenceKind.ORDER
            line.append(printable(evidence.source) if bare else f" [{printable(evidence.source)}]", "dim")
        return line

    def _fix(self, fix: Correction) -> Iterator[Text]:
        around = self._around(fix.span)
        before = Span(around.start, fix.span.start).of(self._text)
        after = Span(fix.span.end, around.end).of(self._text)
        for sign, words, style in (
            ("- ", fix.span.of(self._text), "red"),
            ("+ ", fix.replacement, "green"),
        ):
            changed = Text(printable(words), f"{style} bold")
            line = Text.assemble(printable(before), changed, printable(after), style=style)
            yield Text.assemble((sign, style), line if line.plain.strip() else ("(left out)", style))


_LABELS = {
    EvidenceKind.TEXT: "text",
    EvidenceKind.GRAPH_PATH: "knowledge",
    EvidenceKind.REFERENCE: "similar report",
    EvidenceKind.ORDER: "order",
    EvidenceKind.LLM: "language model",
}


def _coverage(checked: CheckedReport) -> Text:
    coverage = checked.coverage
    stages = {
        "rules": coverage.rules,
        "knowledge": coverage.knowledge,
        "references": coverage.references,
        "language model": coverage.llm,
    }
    done = ", ".join(name for name, state in stages.items() if state == "done")
    missing = ", ".join(
        f"{name} ({state.replace('_', ' ')})" for name, state in stages.items() if state != "done"
    )
    absent = f" Not checked by: {missing}." if missing else ""
    return Text(f"Checked by: {done or 'nothing'}.{absent}", "dim")
