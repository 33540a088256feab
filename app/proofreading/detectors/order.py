"""What was ordered against what is reported: side, modality, body part."""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import FINDINGS, IMPRESSION
from app.proofreading.detectors.laterality import swap_side
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from models.types import EntityKind, RelationKind, SectionName, Span

_SIDE = re.compile(r"\b(left|right|bilateral|lt|rt)\b", re.IGNORECASE)
_SIDES = {"lt": "left", "rt": "right"}
_MODALITIES = (
    ("CT", re.compile(r"\b(CT|CTA|computed tomography)\b")),
    ("MR", re.compile(r"\b(MR|MRI|magnetic resonance)\b")),
    ("US", re.compile(r"\b(US|ultrasound|sonogra\w+)\b", re.IGNORECASE)),
    ("XR", re.compile(r"\b(XR|CR|DX|x-?ray|radiograph\w*)\b", re.IGNORECASE)),
)
_ORDERED = {"CR": "XR", "DX": "XR", "RF": "XR", "MRI": "MR", "CTA": "CT", "XRAY": "XR"}


class Order:
    """Compares the order, or the EXAM section where none is given, with the report's body."""

    types = frozenset({ErrorType.ORDER_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates on the side, then on the modality."""
        yield from _sides(case)
        yield from _modality(case)


def _ordered_side(case: Case) -> tuple[str, Evidence] | None:
    """The one side that the order, its procedure or the EXAM section names."""
    for field in ("laterality", "procedure"):
        words = getattr(case.context, field)
        if words is not None:
            return _one_side(words, Evidence(EvidenceKind.ORDER, source=field))
    for sentence in case.report.sentences:
        if case.report.sections[sentence.section].name is SectionName.EXAM:
            return _one_side(
                sentence.span.of(case.report.text), Evidence(EvidenceKind.TEXT, span=sentence.span)
            )
    return None


def _one_side(words: str, evidence: Evidence) -> tuple[str, Evidence] | None:
    sides = {_SIDES.get(word.lower(), word.lower()) for word in _SIDE.findall(words)}
    return (sides.pop(), evidence) if len(sides) == 1 and sides <= {"left", "right"} else None


def _sides(case: Case) -> Iterator[Candidate]:
    """Sides in the exam title and, when no finding is on the ordered side, in the body.

    A chest study shows both sides, so only sided studies are compared.
    """
    found = _ordered_side(case)
    if found is None or (case.context.body_part or "").lower() == "chest":
        return
    ordered, evidence = found
    other = "right" if ordered == "left" else "left"
    said = [
        case.graph.entities[relation.source]
        for relation in case.graph.relations
        if relation.kind is RelationKind.MODIFY
        and case.graph.entities[relation.source].kind is EntityKind.SIDE
    ]
    title = [side for side in said if case.report.section_of(side.sentence) is SectionName.EXAM]
    body = [side for side in said if case.report.section_of(side.sentence) in FINDINGS | IMPRESSION]
    if any(side.value in (ordered, "bilateral") for side in body):
        body = []
    for side in title + body:
        if side.value == other:
            yield _candidate(case, side.span, f"the order is for the {ordered} side", evidence)


def _modality(case: Case) -> Iterator[Candidate]:
    ordered = (case.context.modality or "").upper().replace("-", "")
    ordered = _ORDERED.get(ordered, ordered)
    if ordered not in dict(_MODALITIES):
        return
    for sentence in case.report.sentences:
        if case.report.sections[sentence.section].name not in (SectionName.EXAM, SectionName.TECHNIQUE):
            continue
        text = sentence.span.of(case.report.text)
        named = [(modality, match) for modality, p in _MODALITIES if (match := p.search(text)) is not None]
        if named and all(modality != ordered for modality, _ in named):
            match = named[0][1]
            span = Span(sentence.span.start + match.start(), sentence.span.start + match.end())
            evidence = Evidence(EvidenceKind.ORDER, source="modality")
            yield _candidate(case, span, f"the order is for {ordered}", evidence)
            return


def _candidate(case: Case, span: Span, against: str, evidence: Evidence) -> Candidate:
    quote = case.report.quote(span)
    turned = swap_side(quote)
    around = next(sentence.span for sentence in case.report.sentences if sentence.span.contains(span))
    return Candidate(
        type=ErrorType.ORDER_MISMATCH,
        span=span,
        message=f'The report says "{quote}"; {against}.',
        rule="order.side" if turned is not None else "order.modality",
        confidence=0.87,
        evidence=(Evidence(EvidenceKind.TEXT, span=around), evidence),
        correction=None if turned is None else Correction(span, turned),
    )
