"""How much there is of a finding, on one scale: by a word of degree, a share, a size, or what else its sentence says."""

import re
from dataclasses import dataclass

from app.proofreading.case import Case
from app.proofreading.comparing import subsumes
from app.proofreading.findings import Finding
from models.types import Span

RANKS = {"trace": 1, "mild": 2, "mild-moderate": 2.5, "moderate": 3, "moderate-severe": 3.5, "severe": 4}
_SHARE = re.compile(
    r"(?<![\d.])(?:(?P<least>\d{1,3})\s?(?:-|–|to)\s?)?(?P<share>\d{1,3})\s?(?:%|percent|per cent)",
    re.IGNORECASE,
)
_HEIGHT = re.compile(r"height|compress|wedg|collaps|loss", re.IGNORECASE)
_PNEUMOTHORAX, _BROKEN_BODY, _FRACTURE = "RP:pneumothorax", "RP:compression-fracture", "RP:fracture"
_EFFUSION = "RP:pleural-effusion"
# upper limit of a share -> its rank
_SHARES = {
    _BROKEN_BODY: ((25, 2.0), (40, 3.0), (100, 4.0)),
    _PNEUMOTHORAX: ((15, 2.0), (35, 3.0), (100, 4.0)),
}
_SLIVER, _WIDE = 10.0, 40.0  # mm of a pneumothorax that nobody calls large, or small
_FILLING = re.compile(
    r"\b(?:most|nearly all|almost all|two thirds|three quarters|all|the whole) of (?:the )?(?:\w+ )?hemi-?thorax"
    r"|\b(?:entire|whole) (?:\w+ )?hemi-?thorax",
    re.IGNORECASE,
)
_BY_WORD = (
    (_PNEUMOTHORAX, re.compile(r"\btension\b", re.IGNORECASE), 4.0),
    (_BROKEN_BODY, re.compile(r"\bplana\b", re.IGNORECASE), 4.0),
    ("RP:lymphadenopathy", re.compile(r"\bbulky\b", re.IGNORECASE), 4.0),
    ("RP:consolidation", re.compile(r"\bdense\b", re.IGNORECASE), 3.0),
    ("RP:pleural-thickening", re.compile(r"\bthick\b", re.IGNORECASE), 3.5),
    (_FRACTURE, re.compile(r"\b(?:non-?\s?displaced|undisplaced|hairline)\b", re.IGNORECASE), 1.0),
    (_FRACTURE, re.compile(r"\b(?:comminut\w+|shattered|severely displaced)\b", re.IGNORECASE), 3.5),
)
_NOT = re.compile(r"\b(?:no|not|without|nor|never|less than|under|if)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Degree:
    """A degree with the words that say it; ``worded`` for a plain word, which another may take the place of."""

    span: Span
    rank: float
    worded: bool = True


def degree(finding: Finding, case: Case) -> Degree | None:
    """The one degree of a finding, also where two words say it: "severe, advanced"."""
    graded = [entity for entity in finding.severities if entity.value in RANKS]
    values = {entity.value for entity in graded}
    if len(values) > 1:
        return None
    bone = subsumes(_FRACTURE, finding.concept or "", case.facts)
    if graded and not bone:
        return Degree(graded[0].span, RANKS[graded[0].value or ""])
    implied = _implied(finding, case)
    if implied is not None or not graded:
        return implied
    return Degree(graded[0].span, RANKS[graded[0].value or ""])


def _implied(finding: Finding, case: Case) -> Degree | None:
    concept = finding.concept or ""
    sentence = case.report.sentences[finding.sentence].span
    text = sentence.of(case.report.text)
    if _NOT.search(text):
        return None
    for kind, words, rank in _BY_WORD:
        if subsumes(kind, concept, case.facts) and (match := words.search(text)):
            return Degree(_at(sentence, match), rank, worded=False)
    if concept == _EFFUSION and (match := _FILLING.search(text)):
        return Degree(_at(sentence, match), 4.0, worded=False)
    if concept in _SHARES and (match := _SHARE.search(text)):
        share = int(match["share"])
        if concept == _PNEUMOTHORAX or _HEIGHT.search(text):
            rank = next((rank for most, rank in _SHARES[concept] if share <= most), 4.0)
            return Degree(_at(sentence, match), rank, worded=False)
    if concept == _PNEUMOTHORAX and len(finding.measurements) == 1:
        size = finding.measurements[0]
        if size.mm <= _SLIVER or size.mm >= _WIDE:
            return Degree(size.span, 1.5 if size.mm <= _SLIVER else 4.0, worded=False)
    return None


def _at(sentence: Span, match: re.Match[str]) -> Span:
    return Span(sentence.start + match.start(), sentence.start + match.end())
