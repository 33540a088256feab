"""A comparison of two reports for the eyes: errors by category with both passages, matches, GREEN."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from app.printable import printable
from app.proofreading.comparison.types import ComparedReports, GreenCategory, Passages

NAMES = {
    GreenCategory.FALSE_FINDING: "false report of a finding",
    GreenCategory.MISSING_FINDING: "missing finding",
    GreenCategory.LOCATION: "wrong location",
    GreenCategory.SEVERITY: "wrong severity",
    GreenCategory.FALSE_COMPARISON: "comparison that is not in the reference",
    GreenCategory.OMITTED_COMPARISON: "omitted comparison",
}
_INDENT = (0, 0, 0, 4)


def show(compared: ComparedReports) -> RenderableType:
    """One comparison."""
    blocks: list[RenderableType] = []
    for number, found in enumerate(compared.discrepancies, 1):
        style = "bold red" if found.significant else "bold blue"
        weight = "significant" if found.significant else f"not significant: {found.grounds}"
        blocks.append(Text(f"{number}. ({found.category}) {NAMES[found.category]}, {weight}", style))
        blocks += _lines(found.message, found.passages, compared)
    if compared.matches:
        blocks.append(Text("matched findings: ", "bold").append(_clean_list(compared), "default"))
    if compared.explanation is not None:
        blocks.append(Text("the language model says", "bold"))
        for point in compared.explanation.points:
            blocks += _lines(f"({point.category}) {point.reason}", point.passages, compared)
    blocks.append(_score(compared))
    blocks.append(_coverage(compared))
    return Group(*blocks)


def _clean_list(compared: ComparedReports) -> str:
    return printable("; ".join(match.finding for match in compared.matches))


def _lines(message: str, passages: Passages, compared: ComparedReports) -> Iterator[RenderableType]:
    yield Padding(Text(printable(message)), _INDENT, expand=False)
    pair = compared.pair
    for side, span, text in (
        ("candidate", passages.candidate, pair.candidate.text),
        ("reference", passages.reference, pair.reference.text),
    ):
        if span is not None:
            place = (f"{side}, characters {span.start}-{span.end}: ", "dim")
            yield Padding(Text.assemble(place, printable(span.of(text))), _INDENT, expand=False)


def _score(compared: ComparedReports) -> Text:
    if compared.green is None:
        return Text("Not compared", "bold yellow")
    errors = sum(compared.counts(significant=True).values())
    slight = len(compared.discrepancies) - errors
    told = f"{len(compared.matches)} matched, {errors} significant errors, {slight} not significant"
    return Text(f"GREEN {compared.green:.3f}: {told}", "bold red" if errors else "bold green")


def _coverage(compared: ComparedReports) -> Text:
    coverage = compared.coverage
    stages = {
        "candidate": coverage.candidate,
        "reference": coverage.reference,
        "knowledge": coverage.knowledge,
        "language model": coverage.llm,
    }
    return Text(", ".join(f"{name}: {state.replace('_', ' ')}" for name, state in stages.items()), "dim")
