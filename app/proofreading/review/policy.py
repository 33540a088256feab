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
_SURE, _SURE_NOT = 0.9, 0.1
_SHOWN, _UNSURE = 0.7, 0.3  # confidences of additions
_KNOWLEDGE = frozenset({EvidenceKind.GRAPH_PATH, EvidenceKind.ORDER})
_STEPS = {Tier.HIGH: Tier.MEDIUM, Tier.MEDIUM: Tier.LOW, Tier.LOW: Tier.LOW}


def apply_review(
    errors: Sequence[ReportError], review: Review, case: Case, profile: Profile, *, trusted: bool
) -> tuple[ReportError, ...]:
    """The errors with what the model adds to them, within the bounds above."""
    verdicts = {(verdict.type, verdict.span): verdict for verdict in review.verdicts}
    kept = [_seen(error, review, verdicts, case) for error in errors]
    added = [_candidate(item, case) for item in review.additions if not _known(item, errors, case)]
    before = {(error.candidate.type, error.candidate.span): error.tier for error in errors}
    resolved = resolve([*(error.candidate for error in kept), *added], case.report, profile)
    return tuple(
        replace(
            error,
            tier=_moved(error, before[key], verdicts.get(key), trusted=trusted)
            if (key := (error.candidate.type, error.candidate.span)) in before
            else _tier(error.candidate, trusted=trusted),
        )
        for error in resolved
    )


def _moved(error: ReportError, tier: Tier, verdict: Verdict | None, *, trusted: bool) -> Tier:
    if verdict is None or not trusted:
        return tier
    if verdict.probability >= _SURE and tier is Tier.LOW:
        return Tier.MEDIUM
    bound = tier is Tier.HIGH and any(item.kind in _KNOWLEDGE for item in error.candidate.evidence)
    return _STEPS[tier] if verdict.probability <= _SURE_NOT and not bound else tier


def _tier(candidate: Candidate, *, trusted: bool) -> Tier:
    return Tier.MEDIUM if trusted and candidate.confidence >= _SHOWN else Tier.LOW


def _seen(
    error: ReportError, review: Review, verdicts: dict[tuple[ErrorType, Span], Verdict], case: Case
) -> ReportError:
    """The error with the model's opinion of it as evidence."""
    candidate = error.candidate
    verdict = verdicts.get((candidate.type, candidate.span))
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
    """Overlapping words, or one type in one sentence."""
    span = error.candidate.span
    if item.span.overlaps(span):
        return True
    return item.type is error.candidate.type and _sentence(item.span, case) == _sentence(span, case)


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
