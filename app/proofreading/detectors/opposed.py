"""Sides and levels of one sentence that exclude each other: "a right effusion in the left costophrenic sulcus"."""

import re
from collections.abc import Iterator
from functools import lru_cache

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED, asserted, without_place
from app.proofreading.detectors.impossible_anatomy import MIRRORED
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import Span

_CONFIDENCE = 0.86
_SIDE = r"(?P<one>left|right)(?:[- ]sided)?"
_LINK = (
    r"[^.;]{0,40}?\b(?:consistent with|compatible with|suggest\w*|indicat\w+|due to|from|secondary to|in keeping with|"
    r"because of|caused by|represent\w*|reflect\w*|related to|c/w|diagnostic of|typical of|relating to)\b[^.;,]{0,40}?"
)
_KIND = (
    r"(?:pleural |parapneumonic |subpulmonic )?effusions?|(?:hydro|haemo|hemo)?pneumothorax|ha?emothorax|empyema|consolidation|"
    r"atelectasis|pneumonia|opacit(?:y|ies)|infiltrates?|nodules?|mass|granuloma|bulla|cavity|collapse|(?:rib|clavic\w+) fractures?"
)
_VERBS = r"(?:\s(?:is|are|was|were|seen|noted|located|present|lying|layering|identified|centered|centred|again|now))*"
_PLACE = (
    r"(?:(?:posterior|lateral|upper|lower|mid|middle|anterior|medial|inferior|superior)\s)*(?:costophrenic|lung|lobe|bas(?:e|al|ilar)|"
    r"apex|apical|hemithorax|hilum|pleural|cardiophrenic|perihilar|zone|field|chest|axilla|shoulder|clavicle|ribs?)\b"
)
_OPPOSED = (
    (
        rf"\b(?P<one>left|right|[lr]ul|[lr]ll|rml)(?:[- ]sided)? (?:(?!and\b|or\b|than\b)\w+ ){{0,3}}?(?:{_KIND}) (?:\w+ ){{0,2}}?"
        r"(?:silhouett\w+|obscur\w+|blunt\w+|effac\w+) the (?P<other>left|right) (?:heart|cardiac|hemidiaphragm|costophrenic|diaphragm|cp angle)",
        "the sign and its cause are on one side",
        ("silhouett", "obscur", "blunt", "effac"),
    ),
    (
        rf"\b(?P<one>[lr]ul|[lr]ll|rml) (?:\w+ ){{0,2}}?(?:{_KIND}){_VERBS} (?:in|at|within|involving|of) (?:the )?(?P<other>left|right) {_PLACE}",
        "a lobe is on one side",
        ("ul ", "ll ", "rml "),
    ),
    (
        r"\b(?P<one>left|right)(?:-sided)? tension (?:hydro)?pneumothorax\b[^.;]{0,40}\b(?:shift\w*|deviat\w+|displac\w+)\b[^.;]{0,40}\b(?:to|toward|towards) the "
        r"(?P<same>(?P=one))\b",
        "what is under tension pushes to the other side",
        ("tension",),
    ),
    (  # the finding's side, and the side where it lies
        rf"(?<!than )\b{_SIDE} (?:(?!and\b|or\b|than\b)\w+ ){{0,3}}?(?:{_KIND}){_VERBS} (?:in|at|within|involving|overlying|of)"
        rf"\W+(?:the )?(?P<other>left|right) {_PLACE}",
        "one finding is on one side",
        ("left", "right"),
    ),
    (
        rf"\b{_SIDE} (?:(?:pigtail|apical|basal|basilar|large[- ]bore|small[- ]bore|surgical|pleural|chest|thoracostomy) )*(?:drain|tube|"
        r"pleurx catheter|chest catheter)\b[^.;]{0,40}?\b(?:tip|side ?(?:port|hole)s?|terminat\w+|ends|ending|directed|located|lies|coiled|"
        rf"positioned|seen)\b[^.;,]{{0,30}}?\b(?:in|at|within|over|overlying|toward)\W+(?:the )?(?P<other>left|right) {_PLACE}",
        "a chest tube stays on its side",
        ("chest", "pleural", "pigtail", "thoracostomy"),
    ),
    (
        r"\b(?:silhouett\w+|obscur\w+|loss|lost|effac\w+|indistinct\w*|blunt\w+|elevat\w+|ill-defined)\b[^.;]{0,40}?\b(?P<one>left|right) "
        r"(?:heart|cardiac|hemidiaphragm|hemi-diaphragm|diaphragm|lateral costophrenic|costophrenic|cp angle)\b"
        rf"{_LINK}\b(?:(?P<other>left|right)(?= (?:\w+ )?(?:lobe|lung|basal|basilar|base|pleural|effusion|pneumonia|atelectasis))"
        r"|(?P<lingula>lingula\w*|lul|lll)|(?P<middle>middle lobe|rml|rll|rul))",
        "the sign and its cause are on one side",
        ("left", "right"),
    ),
    (
        r"\b(?P<one>left|right) (?:heart border|cardiac border|hemidiaphragm|costophrenic (?:angle|sulcus))\b[^.;]{0,25}"
        r"\b(?:silhouett\w+|obscur\w+|lost|effaced|indistinct|blunted|elevated|ill-defined)\b"
        rf"{_LINK}\b(?:(?P<other>left|right)(?= (?:\w+ )?(?:lobe|lung|basal|basilar|base|pleural|effusion|pneumonia|atelectasis))"
        r"|(?P<lingula>lingula\w*|lul|lll)|(?P<middle>middle lobe|rml|rll|rul))",
        "the sign and its cause are on one side",
        ("left", "right"),
    ),
    (
        r"\b(?:shift\w*|deviat\w+|displac\w+)\b[^.;]{0,30}?\b(?:to|toward|towards) the (?P<one>left|right)\b[^.;]{0,30}?\b(?:due to|from|"
        r"secondary to|because of|caused by|with|by)\b[^.;,]{0,20}?\b(?P<same>(?P=one))(?:-sided)? tension",
        "what is under tension pushes to the other side",
        ("tension",),
    ),
    (
        r"\b(?P<one>left|right)ward (?:mediastinal |tracheal )?(?:shift|deviation|displacement)\b[^.;]{0,40}?\b(?:due to|from|secondary to|"
        r"because of|caused by|with|by)\b[^.;,]{0,20}?\b(?P<same>(?P=one))(?:-sided)? tension",
        "what is under tension pushes to the other side",
        ("tension",),
    ),
    (
        r"\b(?:shift\w*|deviat\w+|displac\w+)\b[^.;]{0,30}?\b(?:to|toward|towards) the (?P<one>left|right)\b[^.;]{0,30}?\b(?:due to|from|"
        r"secondary to|because of|caused by)\b[^.;,]{0,10}?\b(?P<other>left|right)(?:-sided)? (?:(?:upper|lower|middle|lung|complete|"
        r"total|lobe|lobar) )*(?:collapse|volume loss|atelectasis|pneumonectomy)",
        "what loses volume pulls to its own side",
        ("shift", "deviat", "displac"),
    ),
    (
        r"\bfissure between (?:the )?(?P<one>left|right) (?:upper|middle|lower)(?: lobes?)? and (?:the )?(?P<other>left|right) ",
        "a fissure is within one lung",
        ("fissure",),
    ),
    (
        rf"\b(?:minor|horizontal) fissure\b[^.;]{{0,50}}?{_LINK}\b(?P<same>left (?:upper|lower|lung)|lul|lll|lingula\w*)",
        "it is of the right lung only",
        ("minor", "horizontal"),
    ),
    (
        r"\b(?:collapse|atelectasis|volume loss|consolidation|pneumonia) of the left (?:upper|lower) lobe[^.;,]{0,40}\b(?P<same>(?:minor|horizontal) fissure)",
        "it is of the right lung only",
        ("minor", "horizontal"),
    ),
    (
        r"\b(?P<same>(?:bi-?)?apical|biapical|upper (?:lobe|zone|lung)) (?:(?:pleural|parenchymal|\w+y|linear|nodular|small|calcified) )?(?:thickening|"
        r"capping|caps?|scar(?:ring)?|opacit\w+|nodul\w+|pneumothorax|consolidation|atelectasis|infiltrate|pneumonia|mass|bull\w+|fibrosis|changes)"
        rf"{_VERBS} (?:at|in|of|within) (?:the |both )*(?:left |right )?(?:lung |costophrenic )?(?:bases?|costophrenic|angles?|sulc\w+|hemidiaphragms?)\b(?! to)",
        "apex and base are two ends of a lung",
        ("apical", "upper"),
    ),
    (
        r"\b(?P<same>(?:bi-?)?bas(?:al|ilar)|lower (?:lobe|zone|lung)) (?:(?:pleural|parenchymal|\w+y|linear|nodular|small|calcified) )?(?:thickening|"
        r"scar(?:ring)?|opacit\w+|nodul\w+|pneumothorax|consolidation|atelectasis|infiltrate|pneumonia|mass|bull\w+|fibrosis|changes|effusions?)"
        rf"{_VERBS} (?:at|in|of|within) (?:the |both )*(?:left |right )?(?:lung )?(?:ap(?:ex|ices)|upper (?:lobes?|zones?))\b",
        "apex and base are two ends of a lung",
        ("basal", "basilar", "lower"),
    ),
)
_PATTERNS = tuple((re.compile(words, re.IGNORECASE), why, stems) for words, why, stems in _OPPOSED)
_RIGHT, _LEFT = "right", "left"
_PNEUMONECTOMY = re.compile(
    r"\b(?P<one>left|right)(?:-sided)? pneumonectomy\b|\bpneumonectomy on the (?P<two>left|right)\b",
    re.IGNORECASE,
)
_PLANNED = re.compile(
    r"\b(?:no|not|consider\w*|plan\w*|candidate|for|before|pre|partial|if)\b", re.IGNORECASE
)
_OF_LUNG = r"\b(?:(?:{side} (?:(?:upper|lower|middle) lobe|lung base|lingula))|{short})\b[^.;]{{0,30}}?\b(?:pneumonia|atelectasis|consolidation|infiltrate|opacit\w+|nodules?|clear|aerat\w+|emphysema)\b|\b{side} lung is (?:clear|well[- ](?:aerated|expanded))\b"
_LOBECTOMY = re.compile(r"\b(?P<side>left|right) (?P<level>upper|middle|lower) lobectomy\b", re.IGNORECASE)
_SHORT = {_LEFT: "(?:lll|lul)", _RIGHT: "(?:rll|rul|rml)"}


class Opposed:
    """Reads sides and levels that one sentence gives one thing, and lobes of a lung that was taken out."""

    types = frozenset({ErrorType.IMPOSSIBLE_ANATOMY})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates sentence by sentence; none in a mirrored body."""
        if any(finding.concept in MIRRORED for finding in asserted(case, REPORTED)):
            return
        gone = _removed_lung(case)
        for number, sentence in enumerate(case.report.sentences):
            if case.report.section_of(number) not in REPORTED:
                continue
            text = sentence.span.of(case.report.text)
            for start, end, why in (*_opposed(text), *_of_removed(text, gone)):
                span = Span(sentence.span.start + start, sentence.span.start + end)
                yield _candidate(case, span, sentence.span, why)


@lru_cache(maxsize=10_000)  # reports say the same sentences again and again
def _opposed(text: str) -> tuple[tuple[int, int, str], ...]:
    words = text.lower()
    return tuple(
        (match.start(), match.end(), why)
        for pattern, why, stems in _PATTERNS
        if any(stem in words for stem in stems)
        for match in pattern.finditer(text)
        if _differ(match)
    )


def _differ(match: re.Match[str]) -> bool:
    """True when the two sides that were read exclude each other; a pattern with ``same`` needs no second side."""
    found = match.groupdict()
    if found.get("same"):
        return True
    other = found.get("other") or (_LEFT if found.get("lingula") else _RIGHT if found.get("middle") else None)
    return other is not None and other[0].lower() != (found["one"] or "")[:1].lower()


def _removed_lung(case: Case) -> str | None:
    """The side of a lung that the report tells was taken out."""
    if "pneumonectomy" not in case.report.text.lower():
        return None
    for sentence in case.report.sentences:
        text = sentence.span.of(case.report.text)
        match = _PNEUMONECTOMY.search(text)
        if match is not None and not _PLANNED.search(text[: match.start()]):
            return (match["one"] or match["two"]).lower()
    return None


def _of_removed(text: str, side: str | None) -> Iterator[tuple[int, int, str]]:
    if side is None:
        return
    for match in re.finditer(_OF_LUNG.format(side=side, short=_SHORT[side]), text, re.IGNORECASE):
        yield match.start(), match.end(), "the report tells that this lung was taken out"


def _candidate(case: Case, span: Span, sentence: Span, why: str) -> Candidate:
    return Candidate(
        type=ErrorType.IMPOSSIBLE_ANATOMY,
        span=span,
        message=f'"{case.report.quote(span)}" cannot be: {why}.',
        rule="impossible_anatomy.opposed",
        confidence=_CONFIDENCE,
        evidence=(Evidence(EvidenceKind.TEXT, span=sentence),),
        correction=without_place(case, span),
    )
