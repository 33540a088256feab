"""Sizes that no such finding has, and sizes that differ between the sections."""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import FINDINGS, IMPRESSION, asserted, current, name, sentences
from app.proofreading.findings import Finding
from app.proofreading.findings import Measurement as Size
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind

_UNIT = re.compile(r"(mm|cm|millimet(?:er|re)s?|centimet(?:er|re)s?)$", re.IGNORECASE)
_OTHER_UNIT = {"mm": "cm", "cm": "mm"}
_TOLERANCE = 0.15  # rounding and re-measuring
_SLACK = 1.5  # a size may leave the usual range by this factor before it is doubted
_LARGEST = 600.0  # mm: nothing in a chest is longer
_PRIOR = re.compile(r"previous|prior|formerly|was|from|compared|earlier|above|below|from the", re.IGNORECASE)


class Measurements:
    """Asks the knowledge graph for plausible sizes, and the other section for the same size."""

    types = frozenset({ErrorType.MEASUREMENT})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates of range in text order, then mismatches in the order of the impression."""
        for finding in asserted(case, FINDINGS | IMPRESSION):
            yield from _out_of_range(case, finding)
        described = [f for f in asserted(case, FINDINGS) if len(f.measurements) == 1]
        for concluded in asserted(case, IMPRESSION):
            if len(concluded.measurements) == 1:
                yield from _mismatch(case, concluded, described)


def _out_of_range(case: Case, finding: Finding) -> Iterator[Candidate]:
    node = case.facts.nodes.get(finding.concept or "")
    low, high = node.plausible_mm if node is not None and node.plausible_mm is not None else (0.0, _LARGEST)
    for size in finding.measurements:
        if low / _SLACK <= size.mm <= high * _SLACK:
            continue
        turned = _turned(case, size)
        fits = turned is not None and low <= _other_mm(case, size) <= high
        what = name(finding.concept, case.facts)
        yield Candidate(
            type=ErrorType.MEASUREMENT,
            span=size.span,
            message=f"{size.mm:g} mm is not a size of {what} (usual: {low:g} to {high:g} mm).",
            rule="measurement.range",
            confidence=0.87 if fits else 0.7,
            evidence=(
                *sentences(case, finding),
                Evidence(
                    EvidenceKind.GRAPH_PATH,
                    path=(what, "PLAUSIBLE_MM", f"{low:g}-{high:g}"),
                    source="RadProof core",
                ),
            ),
            correction=Correction(size.span, turned) if fits and turned is not None else None,
        )


def _turned(case: Case, size: Size) -> str | None:
    """The same number in the other unit."""
    quote = case.report.quote(size.span)
    unit = _UNIT.search(quote)
    if unit is None:
        return None
    return quote[: unit.start()] + _OTHER_UNIT["mm" if unit.group().lower().startswith("m") else "cm"]


def _other_mm(case: Case, size: Size) -> float:
    in_cm = not case.report.quote(size.span).lower().rstrip("s").endswith(("mm", "millimeter", "millimetre"))
    return size.mm / 10 if in_cm else size.mm * 10


def _mismatch(case: Case, concluded: Finding, described: list[Finding]) -> Iterator[Candidate]:
    rivals = [other for other in described if _same(concluded, other)]
    said = concluded.measurements[0]
    everything = [size.mm for finding in current(case, FINDINGS) for size in finding.measurements]
    if not rivals or any(_close(said.mm, mm) for mm in everything) or _about_a_prior(case, concluded):
        return
    seen = rivals[0].measurements[0]
    if len({size.measurements[0].mm for size in rivals}) != 1:
        return
    yield Candidate(
        type=ErrorType.MEASUREMENT,
        span=said.span,
        message=(
            f"The impression gives {case.report.quote(said.span)}; "
            f"the findings give {case.report.quote(seen.span)}."
        ),
        rule="measurement.sections",
        confidence=0.87,
        evidence=sentences(case, rivals[0], concluded),
        correction=Correction(said.span, case.report.quote(seen.span)),
        alternatives=(Correction(seen.span, case.report.quote(said.span)),),
    )


def _same(first: Finding, second: Finding) -> bool:
    if first.concept != second.concept:
        return False
    return not first.sides or not second.sides or bool(first.sides & second.sides)


def _close(first: float, second: float) -> bool:
    return abs(first - second) <= max(1.0, _TOLERANCE * max(first, second))


def _about_a_prior(case: Case, finding: Finding) -> bool:
    return bool(_PRIOR.search(case.report.sentences[finding.sentence].span.of(case.report.text)))
