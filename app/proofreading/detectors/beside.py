"""A denial of what lies beside something: of the side that its sentence is about, and of no other."""

import re

from app.proofreading.case import Case
from app.proofreading.comparing import subsumes
from app.proofreading.detectors.referring import told
from app.proofreading.findings import Finding
from app.proofreading.sided import SIDES
from kg_ingest.schema import EdgeKind
from models.types import EntityKind

_OSSEOUS = "RP:osseous-finding"
_LONGEST = 300  # code points of a sentence that is read up to a denial

_BESIDE = re.compile(
    r"\b(?:associated|accompanying|complicating|underlying|resultant|ensuing|adjacent|ipsilateral|"
    r"(?:that|this|same) side)\b",
    re.IGNORECASE,
)
_SAME_SUBJECT = re.compile(
    r"\b(?:but|and|yet|which|that)\s+(?:contain|show|ha[sd]|demonstrat|reveal|lack|is|are|bear|harbou?r)\w*\s(?:no|without|free)\b",
    re.IGNORECASE,
)
_OF_SUBJECT = re.compile(
    r"\W*(?:the |old |known )*(?:left|right)(?:-sided)?(?: [\w-]+){1,4} (?:shows?|carr(?:y|ies)|bears?|ha[sd]|have|"
    r"contains?|demonstrates?|reveals?|harbou?rs?|exhibits?|displays?|is|are|was|were|represents?|reflects?|corresponds?)\b[^;.]*"
    r"\b(?:(?:but|yet|though|although|and|with) (?:no|without)|not (?:an?|any|the)|rather than(?: an?)?|"
    r"instead of(?: an?)?)\s[^,;.]*\Z",
    re.IGNORECASE,
)


def beside_another(denial: Finding, described: Finding, case: Case) -> bool:
    """True for "left rib fractures without associated pneumothorax" against one on the right.

    So for what the clause before is about: "the right lung is emphysematous but contains no lesion",
    "the right apex carries a scar but no cavity", "the right density is a scar, not a lesion".
    """
    if denial.sides:
        return False
    sides = _subject(denial, case)
    if sides is None:
        return False
    if not described.sides:
        return _of_other_bones(denial, described, case)
    return bool(sides) and not sides & described.sides


def _subject(denial: Finding, case: Case) -> frozenset[str] | None:
    """The sides of what its sentence is about; None where it may be about more. Asked once a denial."""
    key = "subject of a denial", denial.index
    if key not in case.memo:
        case.memo[key] = _sides_of_subject(denial, case)
    sides: frozenset[str] | None = case.memo[key]
    return sides


def _sides_of_subject(denial: Finding, case: Case) -> frozenset[str] | None:
    sentence = case.report.sentences[denial.sentence].span
    start = max(sentence.start, denial.entity.span.start - _LONGEST)
    ahead = case.report.text[start : denial.entity.span.start]
    of_subject = start == sentence.start and _OF_SUBJECT.match(ahead)
    if not (_BESIDE.search(told(case, denial)) or _SAME_SUBJECT.search(ahead) or of_subject):
        return None
    here = case.by_sentence.get(denial.sentence, ())
    said = [SIDES.get(e.value or "", frozenset()) for e in here if e.kind is EntityKind.SIDE]
    return frozenset[str]().union(*said, *(f.sides for f in case.told_in.get(denial.sentence, ())))


def _of_other_bones(denial: Finding, described: Finding, case: Case) -> bool:
    """True for bones that the denial is not about: "the right ribs are lytic yet show no fracture", "T5 is collapsed"."""
    if not subsumes(_OSSEOUS, denial.concept or "", case.facts):
        return False
    subject = {
        place
        for e in case.by_sentence.get(denial.sentence, ())
        if e.kind is EntityKind.ANATOMY and e.concept and e.span.start < denial.entity.span.start
        for place in (e.concept, *case.facts.leaving.get((e.concept, EdgeKind.UNSIDED), ()))
    }
    homes = case.facts.leaving.get((described.concept or "", EdgeKind.HAS_FINDING_SITE), ())
    places = [site.concept for site in described.sites if site.concept] or list(homes)
    told_at = {whole for place in places for whole in (place, *case.facts.wholes.get(place, ()))}
    return bool(subject and places) and not subject & told_at
