"""Sizes that no such finding has, and sizes that differ between the sections."""

import math
import re
from collections.abc import Iterator
from dataclasses import replace

from app.proofreading.case import Case
from app.proofreading.comparing import (
    FINDINGS,
    IMPRESSION,
    asserted,
    current,
    is_chest,
    is_device,
    name,
    sentences,
)
from app.proofreading.detectors.foreign import title_of
from app.proofreading.detectors.studies import TOGETHER, parts_named
from app.proofreading.findings import Finding
from app.proofreading.findings import Measurement as Size
from app.proofreading.leaving_out import without_place
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from models.types import Entity, EntityKind, RelationKind

_UNIT = re.compile(r"(mm|cm|millimet(?:er|re)s?|centimet(?:er|re)s?|m)$", re.IGNORECASE)
_FACTORS = {"mm": 1.0, "cm": 10.0, "m": 1000.0}  # millimetres in one
_SLIPS = (10.0, 0.1)
_TOLERANCE = 0.15  # rounding and re-measuring
_REACH = 12  # code points before a size in which it is called a limit
_NARROWED = re.compile(  # "a mass that narrows the trachea to 5 mm": the size is not the mass's
    r"\b(?:narrow|compress|displac|deviat|effac|shift|push)\w*\b[^.;]*\Z", re.IGNORECASE
)
_SLACK = 1.5  # a size may leave the usual range by this factor before it is doubted
_OTHER_WORDS = re.compile(  # between a size and a structure: something else may have that size
    r"\b(?!(?:is|are|was|were|measur\w+|size|sized|span|spans|diameter|calib\w+|dimension\w*|width|wide|long|length|thick\w*|"
    r"in|of|at|up|to|the|a|about|approximately|roughly|now|with|and|maximum|maximal|transverse|craniocaudal|level|its|"
    r"an|for|up|by|on|which|there|this|normal|enlarged|dilated|again|has|have|having)\b)[a-z]{2,}",
    re.IGNORECASE,
)
_MOVE = re.compile(r"\b(?:advanc|withdraw|retract|pull|reposition|insert)\w*\W[^.;]{0,25}\Z", re.IGNORECASE)
_THRESHOLD = re.compile(
    r"(?:[<>\u2264\u2265]|\b(?:than|least|most|under|over|below|above|exceed\w*|within))\s*\Z", re.IGNORECASE
)
NO_SIZE = re.compile(  # after a length: it is a distance, or a setting
    r"\s?(?:[-\s]?(?:thick|thin)?\s?(?:slices?|sections?|intervals?|collimation|reconstruct\w*)|(?:above|below|from|beyond|"
    r"proximal|distal|caudal|cranial|medial|lateral|inferior|superior|anterior|posterior|deep|deeper|hg|h2o)\b)",
    re.IGNORECASE,
)
_IT = re.compile(r"\W*(?:(?:it|this|which)\b|measur(?:es|ing)\b|(?:its )?size\b)", re.IGNORECASE)
_LARGEST = 400.0  # mm: nothing in a chest is longer
_PRIOR = re.compile(r"previous|prior|formerly|was|from|compared|earlier|above|below|from the", re.IGNORECASE)


class Measurements:
    """Asks the knowledge graph for plausible sizes, and the other section for the same size."""

    types = frozenset({ErrorType.MEASUREMENT})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates of range in text order, then mismatches in the order of the impression."""
        if (
            is_chest(case) and not parts_named(title_of(case) or "") - TOGETHER
        ):  # the ranges are those of chest findings
            for finding in asserted(case, FINDINGS | IMPRESSION):
                yield from _out_of_range(case, finding)
            yield from _structures(case)
        yield from _slipped(case)
        described = [f for f in asserted(case, FINDINGS) if f.measurements and _one_size(f)]
        described += _told_next(case)
        for concluded in asserted(case, IMPRESSION):
            if len(concluded.measurements) == 1:
                yield from _mismatch(case, concluded, described)


def _told_next(case: Case) -> Iterator[Finding]:
    """Findings whose size the next sentence tells: "A nodule is seen. It measures 9 mm."."""
    for finding in asserted(case, FINDINGS):
        following = finding.sentence + 1
        alone = len(case.told_in[finding.sentence]) == 1 and following not in case.told_in
        if finding.measurements or not alone:
            continue
        sizes = [e for e in case.by_sentence.get(following, ()) if e.kind is EntityKind.MEASUREMENT]
        start = case.report.sentences[following].span.start if sizes else 0
        if len(sizes) == 1 and _IT.match(case.report.text, start):
            size = Size(float(sizes[0].value or 0), sizes[0].span)
            yield replace(finding, measurements=(size,))


def _out_of_range(case: Case, finding: Finding) -> Iterator[Candidate]:
    node = case.facts.nodes.get(finding.concept or "")
    known = node is not None and node.plausible_mm is not None and not is_device(finding)
    low, high = node.plausible_mm if known and node is not None and node.plausible_mm else (0.0, _LARGEST)
    slack = _SLACK if known or is_device(finding) else 1.0
    for size in finding.measurements:
        if low / slack <= size.mm <= high * slack or NO_SIZE.match(case.report.text, size.span.end):
            continue
        if _NARROWED.search(case.report.text, finding.entity.span.end, size.span.start):
            continue
        fixes = _units(case, size, (low, high))
        what = name(finding.concept, case.facts)
        yield Candidate(
            type=ErrorType.MEASUREMENT,
            span=size.span,
            message=f"{size.mm:g} mm is not a size of {what} (usual: {low:g} to {high:g} mm).",
            rule="measurement.range",
            confidence=0.87 if fixes else 0.7,
            evidence=(
                *sentences(case, finding),
                Evidence(
                    EvidenceKind.GRAPH_PATH,
                    path=(what, "PLAUSIBLE_MM", f"{low:g}-{high:g}"),
                    source="RadProof core",
                ),
            ),
            correction=fixes[0] if fixes else None,
            alternatives=fixes[1:],
        )


def _structures(case: Case) -> Iterator[Candidate]:
    """Sizes of the heart, the aorta and the like that none has."""
    entities = case.graph.entities
    for relation in case.graph.relations:
        size, structure = entities[relation.source], entities[relation.target]
        node = case.facts.nodes.get(structure.concept or "")
        measured = size.kind is EntityKind.MEASUREMENT and structure.kind is EntityKind.ANATOMY
        if (
            relation.kind is not RelationKind.MODIFY
            or not measured
            or node is None
            or node.plausible_mm is None
        ):
            continue
        if _OTHER_WORDS.search(_between(case, size, structure)):
            continue
        low, high = node.plausible_mm
        mm = float(size.value or 0)
        told = any(f.sentence == structure.sentence and not f.normal for f in case.findings)
        if told or low / _SLACK <= mm <= high * _SLACK:
            continue
        removed = without_place(case, size.span)
        fixes = (*_units(case, Size(mm, size.span), (low, high)), *([] if removed is None else [removed]))
        yield Candidate(
            type=ErrorType.MEASUREMENT,
            span=size.span,
            message=f"{mm:g} mm is not a size of the {node.name} (usual: {low:g} to {high:g} mm).",
            rule="measurement.structure",
            confidence=0.86,
            evidence=(
                Evidence(EvidenceKind.TEXT, span=case.report.sentences[structure.sentence].span),
                Evidence(
                    EvidenceKind.GRAPH_PATH,
                    path=(node.name, "PLAUSIBLE_MM", f"{low:g}-{high:g}"),
                    source=node.source,
                ),
            ),
            correction=fixes[0] if fixes else None,
            alternatives=fixes[1:],
        )


def _between(case: Case, size: Entity, structure: Entity) -> str:
    first, last = sorted((size.span, structure.span))
    return case.report.text[first.end : last.start]


def _units(case: Case, size: Size, usual: tuple[float, float]) -> tuple[Correction, ...]:
    """The same number in each other unit that gives a usual size."""
    quote = case.report.quote(size.span)
    written = _UNIT.search(quote)
    if written is None:
        return ()
    unit = {"m": "mm", "c": "cm"}[written.group()[0].lower()] if len(written.group()) > 1 else "m"
    number = size.mm / _FACTORS[unit]
    return tuple(
        Correction(size.span, quote[: written.start()] + other)
        for other in ("mm", "cm")
        if other != unit and usual[0] <= number * _FACTORS[other] <= usual[1]
    )


def _mismatch(case: Case, concluded: Finding, described: list[Finding]) -> Iterator[Candidate]:
    rivals = [other for other in described if _same(concluded, other)]
    said = concluded.measurements[0]
    everything = [size.mm for finding in current(case, FINDINGS) for size in finding.measurements]
    everything += [size.mm for finding in described for size in finding.measurements]
    if not rivals or any(_close(said.mm, mm) for mm in everything) or _about_a_prior(case, concluded):
        return
    before = case.report.text[max(0, said.span.start - _REACH) : said.span.start]
    if _THRESHOLD.search(before) or _MOVE.search(before):
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


def _slipped(case: Case) -> Iterator[Candidate]:
    """The one size of the impression, ten times or a tenth of the one size that the findings give."""
    told = [
        (e.span, float(e.value or 0), e.sentence)
        for e in case.graph.entities
        if e.kind is EntityKind.MEASUREMENT
    ]
    said = [size for size in told if case.report.section_of(size[2]) in IMPRESSION]
    seen = [size for size in told if case.report.section_of(size[2]) in FINDINGS]
    for span, mm, sentence in said:
        if any(_close(mm, other) for _, other, _ in seen):
            continue
        slips = [size for size in seen if any(math.isclose(mm, size[1] * factor) for factor in _SLIPS)]
        if len(slips) == 1:
            place, _, home = slips[0]
            quote, other = case.report.quote(span), case.report.quote(place)
            yield Candidate(
                type=ErrorType.MEASUREMENT,
                span=span,
                message=f"The impression gives {quote}; the findings give {other}: a slip of the unit or the point.",
                rule="measurement.slip",
                confidence=0.86,
                evidence=tuple(
                    Evidence(EvidenceKind.TEXT, span=case.report.sentences[number].span)
                    for number in sorted({sentence, home})
                ),
                correction=Correction(span, other),
                alternatives=(Correction(place, quote),),
            )


def _same(first: Finding, second: Finding) -> bool:
    if first.concept != second.concept:
        return False
    return not first.sides or not second.sides or bool(first.sides & second.sides)


def _close(first: float, second: float) -> bool:
    return abs(first - second) <= max(1.0, _TOLERANCE * max(first, second))


def _one_size(finding: Finding) -> bool:
    """True where all sizes that are told of it agree, as in "8 mm (previously 8 mm)"."""
    return all(_close(finding.measurements[0].mm, size.mm) for size in finding.measurements)


def _about_a_prior(case: Case, finding: Finding) -> bool:
    return bool(_PRIOR.search(case.report.sentences[finding.sentence].span.of(case.report.text)))
