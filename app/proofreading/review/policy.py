"""What a review may do to the errors that the detectors found.

It adds; it never takes away. An addition at a place that a detector already names is only one more piece of
evidence there. Unless the site trusts its model, additions stay of tier low and no tier moves. A trusted
model may show as medium what it adds with a second passage as grounds and is sure of, raise low to medium,
and lower by one step what it is sure is no error, but never an error of tier high that rests on knowledge.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.proofreading.case import Case
from app.proofreading.merge import resolve
from app.proofreading.profile import Profile
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind, ReportError, Tier
from app.proofreading.review.types import Addition, Review, Verdict
from models.types import Span

RULE = "llm.review"
_SURE, SURE_NOT = 0.9, 0.1
_SHOWN, _UNSURE = 0.7, 0.3  # confidences of additions
_KNOWLEDGE = frozenset({EvidenceKind.GRAPH_PATH, EvidenceKind.ORDER})
_STEPS = {Tier.HIGH: Tier.MEDIUM, Tier.MEDIUM: Tier.LOW, Tier.LOW: Tier.LOW}


def apply_review(
    errors: Sequence[ReportError], review: Review, case: Case, profile: Profile, *, trusted: bool
) -> tuple[ReportError, ...]:
    """The errors with what the model adds to them, within the bounds above."""
    verdicts = {(verdict.type, verdict.span): verdict for verdict in review.verdicts}
    kept = [_judged(error, review, verdicts, case, trusted=trusted) for error in errors]
    new = [_candidate(item, case) for item in review.additions if not _known(item, errors, case)]
    added = [
        replace(error, tier=_tier(error.candidate, trusted=trusted))
        for error in resolve(new, case.report, profile)
    ]
    ordered = sorted((*kept, *added), key=lambda error: (error.candidate.span, error.candidate.type))
    return tuple(replace(error, id=f"e{number}") for number, error in enumerate(ordered, start=1))


def _judged(
    error: ReportError,
    review: Review,
    verdicts: dict[tuple[ErrorType, Span], Verdict],
    case: Case,
    *,
    trusted: bool,
) -> ReportError:
    verdict = verdicts.get((error.candidate.type, error.candidate.span))
    return replace(_seen(error, review, verdict, case), tier=_moved(error, verdict, trusted=trusted))


def _moved(error: ReportError, verdict: Verdict | None, *, trusted: bool) -> Tier:
    tier = error.tier
    if verdict is None or not trusted:
        return tier
    if verdict.probability >= _SURE and tier is Tier.LOW:
        return Tier.MEDIUM
    bound = tier is Tier.HIGH and any(item.kind in _KNOWLEDGE for item in error.candidate.evidence)
    return _STEPS[tier] if verdict.probability <= SURE_NOT and not bound else tier


def _tier(candidate: Candidate, *, trusted: bool) -> Tier:
    return Tier.MEDIUM if trusted and candidate.confidence >= _SHOWN else Tier.LOW


def _seen(error: ReportError, review: Review, verdict: Verdict | None, case: Case) -> ReportError:
    """The error with the model's opinion of it as evidence."""
    candidate = error.candidate
    chances = [verdict.probability] if verdict is not None else []
    chances += [
        item.probability
        for item in review.additions
        if item.probability is not None and _same(item, error, case)
    ]
    if not chances:
        return error
    opinion = Evidence(EvidenceKind.LLM, score=round(max(chances), 4), source=RULE)
    return replace(error, candidate=replace(candidate, evidence=(*candidate.evidence, opinion)))


def _known(item: Addition, errors: Sequence[ReportError], case: Case) -> bool:
    return any(_same(item, error, case) for error in errors)


def _same(item: Addition, error: ReportError, case: Case) -> bool:
    """Overlapping words, or one type where the error's own sentence or one that it cites is the item's."""
    span = error.candidate.span
    if item.span.overlaps(span):
        return True
    cited = (one.span for one in error.candidate.evidence if one.kind is EvidenceKind.TEXT)
    places = {_sentence(place, case) for place in (span, *cited) if place is not None}
    return item.type is error.candidate.type and _sentence(item.span, case) in places


def _candidate(item: Addition, case: Case) -> Candidate:
    chance = item.probability if item.probability is not None else 0.0
    grounded = item.other is not None and not item.other.overlaps(item.span) and chance >= _SURE
    return Candidate(
        type=item.type,
        span=item.span,
        message=_message(item),
        rule=RULE,
        confidence=_SHOWN if grounded else _UNSURE,
        evidence=tuple(_evidence(item, chance, case)),
        correction=item.fix,
    )


def _message(item: Addition) -> str:
    """Words of ours: what a model writes could repeat a hostile text."""
    kind = item.type.value.replace("_", " ")
    grounds = "; it is held against another passage" if item.other is not None else ""
    return f"The language model suspects: {kind}{grounds}."


def _evidence(item: Addition, chance: float, case: Case) -> Iterator[Evidence]:
    for span in (item.other, item.span):
        if span is not None:
            yield Evidence(EvidenceKind.TEXT, span=_sentence(span, case) or span)
    yield Evidence(EvidenceKind.LLM, score=round(chance, 4), source=RULE)


def _sentence(span: Span, case: Case) -> Span | None:
    return next((s.span for s in case.report.sentences if s.span.overlaps(span)), None)
