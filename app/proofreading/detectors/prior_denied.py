"""A sentence that says there is no earlier study, where the report names one or compares with one."""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED
from app.proofreading.detectors.no_prior import compared_in, says_none
from app.proofreading.leaving_out import leave_out
from app.proofreading.parts import sentences_aside
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import SectionName, Span

_EARLIER = r"(?:prior|previous|earlier|old|older|former|preceding|comparison)"
_STUDY = r"(?:stud(?:y|ies)|exams?|examinations?|films?|radiographs?|x-?rays?|cxrs?|images|imaging|priors)"
_MISSING = (
    r"(?:unavailable|missing|not (?:\w+ )?(?:available|on (?:file|record)|at hand|found|provided|located))"
)
_NO_EARLIER = re.compile(
    rf"\b(?:no|without(?: any)?|absence of(?: any| an?)?|lack of(?: any)?) (?:{_EARLIER} )+(?:\w+ ){{0,2}}?{_STUDY}\b"
    rf"|\bno (?:priors|comparisons?|comparative {_STUDY})(?= (?:is |are |was |were )?(?:available|on|to|for|at|in)\b|\W*\Z)"
    rf"|\b{_EARLIER} (?:\w+ )?{_STUDY} (?:is|are|was|were|could) {_MISSING}\b"
    rf"|\b{_EARLIER} {_STUDY} could not be (?:located|found|retrieved|obtained)\b"
    rf"|\bcomparison (?:{_STUDY} )?(?:is|was|are|were) (?:unavailable|impossible|not (?:possible|available))\b"
    r"|\bnothing to compare (?:with|to|it with|this with)\b|\bno \w+ (?:with|to) which to compare\b"
    r"|\b(?:never|has not) (?:been )?(?:previously )?(?:imaged|examined|radiographed)"
    r"(?: (?:before|previously|here))?(?=\W*\Z)"
    r"|\bfirst(?:-?ever| ever)? (?:chest )?(?:radiograph|film|x-?ray|examination|imaging study)"
    r"(?= (?:of this patient|on record|on file|ever)\b)"
    r"|\bpatient's first (?:ever )?(?:chest )?(?:radiograph|film|x-?ray|examination)\b",
    re.IGNORECASE,
)
_QUALIFIED = re.compile(
    r"\b(?:recent|other than|besides|except|apart|aside|if|should|would|could (?!not)|recommend\w*|recently|more|other|"
    r"additional|immediate|lateral|outside|dedicated|report|change|evidence|surgery|history|immediately|direct)\b",
    re.IGNORECASE,
)
_KINDS = (
    re.compile(r"\b(?:ct|computed tomograph\w*|tomogra\w+)\b", re.IGNORECASE),
    re.compile(r"\b(?:mri?|magnetic)\b", re.IGNORECASE),
    re.compile(r"\b(?:pet|ultrasound|sonogra\w+|mammogra\w+|echo\w*)\b", re.IGNORECASE),
    re.compile(r"\b(?:radiograph\w*|films?|x-?rays?|cxrs?|plain)\b", re.IGNORECASE),
)
_NAMES = re.compile(
    r"\b(?:19|20)\d\d\b|\b\d{1,2}[/.-]\d{1,2}\b|\b(?:yesterday|prior|previous|earlier|dated|chest|ago|last)\b",
    re.IGNORECASE,
)
_OF_PARTS = re.compile(  # headings of several exams, of which each has earlier studies of its own
    r"\b(?:shoulder|clavicle|spine|ribs?|abdomen|pelvis|hip|knee|hand|wrist|elbow|foot|ankle|neck|sternum|kub)s?\s*:",
    re.IGNORECASE,
)
_BY_SECTION, _BY_SENTENCE = 0.82, 0.75


class PriorDenied:
    """Looks for "no prior studies" beside an earlier study that the report names."""

    types = frozenset({ErrorType.INTERVAL_CHANGE_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate."""
        denied = next(_denials(case), None)
        if denied is None or _OF_PARTS.search(case.report.text):
            return
        number, _ = denied
        named = next(_named(case, case.report.quote(case.report.sentences[number].span)), None)
        if named is not None:
            yield _candidate(case, denied, named, _BY_SECTION)
            return
        compared = next((i for i in compared_in(case) if i != number), None)
        if compared is not None:
            yield _candidate(case, denied, case.report.sentences[compared].span, _BY_SENTENCE)


def _denials(case: Case) -> Iterator[tuple[int, Span]]:
    """(sentence, words) that say there is no earlier study of any kind."""
    aside = sentences_aside(case.report)
    for index, sentence in enumerate(case.report.sentences):
        text = sentence.span.of(case.report.text)
        if case.report.section_of(index) in REPORTED and index not in aside and not _QUALIFIED.search(text):
            match = _NO_EARLIER.search(text)
            if match is not None:
                start = sentence.span.start
                yield index, Span(start + match.start(), start + match.end())


def _named(case: Case, denial: str) -> Iterator[Span]:
    """The sentences of COMPARISON that name a study; none of another kind than the denied one."""
    denied = {number for number, kind in enumerate(_KINDS) if kind.search(denial)}
    for index, sentence in enumerate(case.report.sentences):
        text = sentence.span.of(case.report.text)
        if case.report.section_of(index) is not SectionName.COMPARISON or says_none(text):
            continue
        kinds = {number for number, kind in enumerate(_KINDS) if kind.search(text)}
        if _NAMES.search(text) and (not denied or not kinds or denied & kinds):
            yield sentence.span


def _candidate(case: Case, denied: tuple[int, Span], named: Span, confidence: float) -> Candidate:
    number, words = denied
    return Candidate(
        type=ErrorType.INTERVAL_CHANGE_MISMATCH,
        span=words,
        message="The sentence says that there is no earlier study; the report names or uses one.",
        rule="interval_change.prior_denied",
        confidence=confidence,
        evidence=(
            Evidence(EvidenceKind.TEXT, span=named),
            Evidence(EvidenceKind.TEXT, span=case.report.sentences[number].span),
        ),
        correction=leave_out(case, number),
    )
