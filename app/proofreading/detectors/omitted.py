"""An impression that denies acute disease over a finding of acute disease."""

import re
from collections.abc import Iterator

from app.proofreading.breaks import is_fresh
from app.proofreading.case import Case
from app.proofreading.comparing import (
    FINDINGS,
    IMPRESSION,
    Likeness,
    asserted,
    current,
    in_reach,
    is_generic,
    likeness,
    name,
    phrase,
    subsumes,
)
from app.proofreading.detectors.reading import is_firm, needs_follow_up
from app.proofreading.findings import Finding, Status
from app.proofreading.leaving_out import without_either
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from models.types import Entity, EntityKind, Span

_OLD = frozenset({"stable", "resolved", "decreased", "chronic", "old"})
_GONE = _OLD - {"stable"}
_PRESSING = frozenset(f"RP:{name}" for name in "pneumothorax hydropneumothorax empyema free-air".split())
_CONGESTION, _SLIGHT = "RP:vascular-congestion", frozenset({"trace", "mild", "mild-moderate"})

_OF_VESSELS = re.compile(r"aort|vascular|vessel|coronar", re.IGNORECASE)
_OF_ABDOMEN = re.compile(r"abdom|pelvi|visceral", re.IGNORECASE)
_OF_CHEST = re.compile(r"chest|thora|pulmon|cardi|lung", re.IGNORECASE)
_LESIONS = frozenset({"RP:nodule", "RP:opacity", "RP:cavity"})
_MASSES = ("RP:mass", "RP:lung-cancer", "RP:pleural-mass")
_HARMLESS = re.compile(
    r"calcif|granulom|hamartom|nipple|lipom|known|treated|radiation|chronic|scar\b|thyroid|goit",
    re.IGNORECASE,
)
_NO_SHADOW = re.compile(  # what a shadow may be that is none of the lung, or of an operation
    r"summation|superimpos|overl[ay]|project|correspond|artefact|artifact|skin|breast|\bfat|vessel|vascul|\bribs?\b|"
    r"costochond|osteophyt|\bonly\b|surg|ectomy|post-?op|resect|scar|atelecta|\bmay\b|likely|probabl|possib|presum",
    re.IGNORECASE,
)
_LARGE_MM = 10
_OF_TIME = frozenset({EntityKind.CHANGE, EntityKind.ACUITY})
_OPACITY, _SHIFT = "RP:opacity", "RP:mediastinal-shift"
_OF_SHAPE = re.compile(  # of the chest, or its position, by which the heart is shifted
    r"straight[- ]back|pectus|scolio|kypho|rotat|funnel chest|flat chest|narrow ap|ectomy|volume loss|chronic",
    re.IGNORECASE,
)
_WEAK = frozenset({"trace", "mild"})
_FOCAL = frozenset({"focal", "patchy", "dense", "confluent"})
_BANDS = frozenset(
    {"linear", "streaky", "platelike", "bandlike", "strandy", "stranding", "reticular", "curvilinear"}
)
_LOW_VOLUMES = "RP:low-lung-volumes"
_FREE_AIR, _HERNIA = "RP:free-air", "RP:hiatal-hernia"
_WHOLLY = r"(?:(?:essentially|entirely|completely|perfectly|grossly|basically)\s+)?"
_GOOD = r"(?:normal|unremarkable|negative|clear|within (?:the )?normal (?:limits|range)|wnl|satisfactory)"
_VIEWED = r"(?:(?:two|2|single|one|1|pa|ap|and|lateral|views?|frontal|portable|cxr|of|the)[\s-]+)*"
_STUDIED = (
    r"(?:chest|study|exam\w*|radiographs?|x-?rays?|films?|investigation|appearances?|cxr|scan)"
    r"(?:\s+(?:radiograph\w*|x-?ray|film|study|exam\w*))?"
)
_CLEAR = re.compile(
    rf"\W*(?:\d+\W*)?(?P<words>{_WHOLLY}{_GOOD}(?:\s+(?:cardiopulmonary |radiographic )?{_VIEWED}{_STUDIED})?"
    rf"|(?:the |this )?{_VIEWED}{_STUDIED}\s+(?:(?:is|are|appears?|remains?)\s+)?{_WHOLLY}{_GOOD}"
    r"|nothing (?:acute|active|focal|significant|of (?:note|concern|significance))|all clear|nad)\W*",
    re.IGNORECASE,
)
_CLEAR_LUNGS = re.compile(  # that alone is concluded
    rf"\W*(?:\d+\W*)?(?P<words>(?:the )?(?:heart and )?lungs (?:(?:are|remain) )?{_GOOD}|(?:clear|normal) "
    r"(?:heart and )?lungs)\W*",
    re.IGNORECASE,
)


class Omitted:
    """Looks for described acute findings that a "no acute disease" impression leaves out."""

    types = frozenset({ErrorType.OMITTED_FINDING})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate a report: the strongest omitted finding."""
        denial = _blanket_denial(case)
        place = _all_clear(case) if denial is None else (phrase(denial, case), denial.sentence)
        if place is None:
            return
        concluded = asserted(case, IMPRESSION)
        for described in asserted(case, FINDINGS):
            acute = _acute(described, case) or is_fresh(described, case)
            if not (acute or _lesion(described, case)) or _mentioned(described, concluded, case):
                continue
            if denial is not None and not (in_reach(denial, described, case) or _critical(described, case)):
                continue
            if not _benign_reading(described, case) and not _beyond(place, described, case):
                yield _candidate(case, place, described)
                return


def _lesion(finding: Finding, case: Case) -> bool:
    """A mass, or a nodule of a centimetre or that needs follow-up, neither old nor calcified: never left out."""
    told_old = {e.value for e in case.by_sentence[finding.sentence] if e.kind in _OF_TIME} & _OLD
    here = case.report.quote(case.report.sentences[finding.sentence].span)
    if finding.status is not Status.PRESENT or told_old or _HARMLESS.search(here):
        return False
    large = any(measured.mm >= _LARGE_MM for measured in finding.measurements)
    if any(subsumes(kind, finding.concept or "", case.facts) for kind in _MASSES):
        return True
    return finding.concept in _LESIONS and (large or needs_follow_up(finding, case))


def _beyond(place: tuple[Span, int], described: Finding, case: Case) -> bool:
    """True when disease of one region is denied: of the abdomen, or of the chest and another's is described."""
    words = case.report.quote(place[0])
    if _OF_ABDOMEN.search(words):
        return True
    if (organ := _OF_VESSELS.search(words)) is not None:
        return organ.group().lower() not in name(described.concept, case.facts)
    if _critical(described, case) or not _OF_CHEST.search(words):
        return False
    here = case.by_sentence.get(described.sentence, ())
    nodes = (case.facts.nodes.get(e.concept or "") for e in here if e.kind is EntityKind.ANATOMY)
    regions = {node.region for node in nodes if node is not None and node.region is not None}
    return bool(regions) and "chest" not in regions


def _blanket_denial(case: Case) -> Finding | None:
    for finding in current(case, IMPRESSION):
        blanket = is_generic(finding) and finding.status is Status.ABSENT and not finding.sides
        if blanket and not any(change.value == "new" for change in finding.changes):
            return finding
    return None


def _critical(described: Finding, case: Case) -> bool:
    """Free air, or a fracture told as fresh: no impression leaves it out, whatever else it denies."""
    return described.concept == _FREE_AIR or is_fresh(described, case)


def _all_clear(case: Case) -> tuple[Span, int] | None:
    """(words, sentence) of an impression such as "Normal chest." or "Unremarkable study."."""
    sentences = case.report.sentences
    concluded = [number for number in range(len(sentences)) if case.report.section_of(number) in IMPRESSION]
    for number in concluded:
        span = sentences[number].span
        words = span.of(case.report.text)
        match = _CLEAR.fullmatch(words) or (_CLEAR_LUNGS.fullmatch(words) if len(concluded) == 1 else None)
        if match is not None:
            start, end = match.span("words")
            return Span(span.start + start, span.start + end), number
    return None


def _acute(finding: Finding, case: Case) -> bool:
    node = case.facts.nodes.get(finding.concept or "")
    if node is None:
        return False
    if not (node.acuity == "acute" or _told_acute(finding, node.acuity) or _unexplained(finding, case)):
        return False
    if not (is_firm(finding, case) or needs_follow_up(finding, case) or _of_a_shadow(finding, case)):
        return False
    here = [entity for entity in case.graph.entities if entity.sentence == finding.sentence]
    if any(entity.kind is EntityKind.ACUITY and entity.value in _OLD for entity in here):
        return False
    if finding.concept == _SHIFT and (
        _OF_SHAPE.search(case.report.quote(case.report.sentences[finding.sentence].span))
        or any(grade.value in _WEAK for grade in finding.severities)
    ):
        return False
    if any(subsumes(_HERNIA, entity.concept or "", case.facts) for entity in here):
        return False  # whose stomach holds air and fluid
    past = _GONE if finding.concept in _PRESSING else _OLD
    return not any(change.value in past for change in (*finding.changes, *_leading(finding, case)))


def _told_acute(finding: Finding, usual: str | None) -> bool:
    """True for what is acute or old by its kind and acute or new by its words: "a wedge-shaped opacity has developed"."""
    acute = any(acuity.value == "acute" for acuity in finding.acuities)
    fresh = finding.concept == _OPACITY and any(change.value == "new" for change in finding.changes)
    weak = any(grade.value in _SLIGHT for grade in finding.severities)
    marked = finding.concept == _CONGESTION and finding.status is Status.PRESENT and not weak
    return (usual == "either" and acute) or fresh or marked


def _unexplained(finding: Finding, case: Case) -> bool:
    """True for a shadow of one side that is told as focal, as no band, and is given no harmless ground."""
    words = {word.value for word in finding.descriptors}
    if finding.concept != _OPACITY or not words & _FOCAL or words & _BANDS or len(finding.sides) != 1:
        return False
    slight = any(grade.value in _SLIGHT for grade in finding.severities)
    here = case.report.quote(case.report.sentences[finding.sentence].span)
    low = any(other.concept == _LOW_VOLUMES for other in case.findings)
    grounded = _HARMLESS.search(here) or _NO_SHADOW.search(here)
    return finding.status is Status.PRESENT and not (slight or low or grounded)


def _of_a_shadow(finding: Finding, case: Case) -> bool:
    """True for all that a shadow of one side, which is there, may be: "right basal opacity, may represent pneumonia"."""
    others = [other for other in case.told_in[finding.sentence] if other.index != finding.index]
    shadows = [other for other in others if other.concept == _OPACITY and other.status is Status.PRESENT]
    alone = len(others) == len(shadows) and all(len(shadow.sides) == 1 for shadow in shadows)
    return finding.status is Status.UNCERTAIN and bool(shadows) and alone


def _leading(finding: Finding, case: Case) -> Iterator[Entity]:
    """Words of change before the finding, behind the finding before it: "stable appearance of T9 fractures"."""
    heads = [
        f.entity.span.end for f in case.findings if f.sentence == finding.sentence and f.index < finding.index
    ]
    start = max(heads, default=0)
    for entity in case.graph.entities:
        here = entity.sentence == finding.sentence and entity.kind is EntityKind.CHANGE
        if here and start <= entity.span.start < finding.entity.span.start:
            yield entity


def _benign_reading(described: Finding, case: Case) -> bool:
    """True when the same sentence offers a reading that is not acute: "opacity, likely atelectasis"."""
    for other in case.findings:
        node = case.facts.nodes.get(other.concept or "")
        reading = other.status is Status.UNCERTAIN and other.sentence == described.sentence
        benign = node is not None and node.acuity != "acute" and reading
        if benign and likeness(described.concept, other.concept, case.facts) is Likeness.SUGGESTED:
            return True
    return False


def _mentioned(finding: Finding, concluded: list[Finding], case: Case) -> bool:
    return any(
        likeness(finding.concept, other.concept, case.facts) is not Likeness.NONE for other in concluded
    )


def _candidate(case: Case, place: tuple[Span, int], described: Finding) -> Candidate:
    sentence = case.report.sentences[place[1]].span
    told = case.report.sentences[described.sentence].span
    words = phrase(described, case).of(case.report.text)
    end = sentence.end - 1 if case.report.text[sentence.end - 1] == "." else sentence.end
    return Candidate(
        type=ErrorType.OMITTED_FINDING,
        span=place[0],
        message=(
            f"The impression denies acute disease, but the findings describe "
            f"{name(described.concept, case.facts)}."
        ),
        rule="omitted.blanket_denial",
        confidence=0.8,
        evidence=tuple(Evidence(EvidenceKind.TEXT, span=span) for span in sorted((told, sentence))),
        correction=Correction(Span(sentence.start, end), words[0].upper() + words[1:]),
        alternatives=without_either(case, described),
    )
