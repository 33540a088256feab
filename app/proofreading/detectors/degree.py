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
_EFFUSION, _SCOLIOSIS = "RP:pleural-effusion", "RP:scoliosis"
# upper limit of a share -> its rank
_SHARES = {
    _BROKEN_BODY: ((25, 2.0), (40, 3.0), (100, 4.0)),
    _PNEUMOTHORAX: ((15, 2.0), (35, 3.0), (100, 4.0)),
}
_SLIVER, _WIDE = 10.0, 40.0  # mm of a pneumothorax that nobody calls large, or small
_FILLING = re.compile(
    r"\b(?:most|nearly all|almost all|two[- ]thirds|three[- ]quarters|all|the whole|half) (?:of )?(?:the )?"
    r"(?:\w+ )?hemi-?thorax"
    r"|\b(?:entire|whole) (?:\w+ )?hemi-?thorax"
    r"|\b(?:fills|filling|occupies|occupying|opacifies|opacifying) (?:the )?(?:left |right )?hemi-?thorax"
    r"|\b(?:fills|occupies|occupying) (?:most|the majority|the bulk) of"
    r"|\b(?:near[- ]complete|near[- ]total|complete|total) (?:opacification|white-?\s?out) of (?:the )?(?:\w+ )?hemi-?thorax"
    r"|\bhemi-?thorax is (?:almost |nearly )?(?:completely|totally|entirely) (?:opacified|white)"
    r"|\bhemi-?thorax (?:(?:is|was|being|now|almost|nearly|mostly|largely|completely|entirely|totally|virtually) )*"
    r"(?:filled|occupied|opacified|taken up|replaced|whited[- ]out)\b"
    r"|\b(?:white-?\s?outs? of|whit(?:es|ing) out|majority of|bulk of) (?:the )?(?:\w+ )?hemi-?thorax"
    r"|\b(?:nearly |almost |completely )?(?:fills|filling) (?:the )?(?:\w+ )?chest\b",
    re.IGNORECASE,
)
_ANGLE = re.compile(r"(?<![\d.])(?P<angle>\d{1,3})[\s-]?(?:degrees?\b|°)", re.IGNORECASE)
_ANGLES = ((20, 2.0), (40, 3.0), (180, 4.0))  # upper limit of a Cobb angle -> its rank
_VOLUME = re.compile(
    r"(?<![\d.])(?P<volume>\d{1,4}(?:\.\d)?)\s?(?:(?P<small>ml|cc)|(?-i:L)|litres?|liters?)\b", re.IGNORECASE
)
_DRAINED = re.compile(r"\b(?:drain|remov|aspirat|thoracentes|evacuat|previous|prior|yield)", re.IGNORECASE)
_VOLUMES = ((0.1, 1.0), (0.3, 2.0), (0.9, 3.0), (20.0, 4.0))  # litres of an effusion
_LOST = (
    r"(?:\w+ ){0,2}(?:collaps(?:e|ed)|height loss|loss of (?:\w+ ){0,2}height|wedg(?:ing|ed)|"
    r"compress(?:ion|ed)|flattening)\b"
)
_BULKY = re.compile(r"\bbulky\b", re.IGNORECASE)
_BEGINNING = re.compile(r"\b(?:early|incipient|borderline|beginning)\b", re.IGNORECASE)
_BY_WORD = (
    (_PNEUMOTHORAX, re.compile(r"\btension\b", re.IGNORECASE), 4.0),
    (_BROKEN_BODY, re.compile(r"\bplana\b", re.IGNORECASE), 4.0),
    ("RP:lymphadenopathy", _BULKY, 4.0),
    ("RP:consolidation", re.compile(r"\bdense(?:ly)?\b", re.IGNORECASE), 3.0),
    ("RP:pleural-thickening", re.compile(r"\bthick\b", re.IGNORECASE), 3.5),
    (_FRACTURE, re.compile(r"\b(?:non-?\s?displaced|undisplaced|hairline)\b", re.IGNORECASE), 1.0),
    (_FRACTURE, re.compile(r"\b(?:comminut\w+|shattered|severely displaced)\b", re.IGNORECASE), 3.5),
    (
        _PNEUMOTHORAX,
        re.compile(
            r"\b(?:near[- ]|nearly |almost )?(?:complete|total)(?:ly)? (?:\w+ )?(?:collaps(?:e|ed|ing)|deflated)\b",
            re.IGNORECASE,
        ),
        4.0,
    ),
    ("RP:pleural-thickening", _BULKY, 3.5),
    (_PNEUMOTHORAX, _FILLING, 4.0),
    (_EFFUSION, _FILLING, 4.0),
    (
        _BROKEN_BODY,
        re.compile(
            rf"\b(?:severe|marked|complete|advanced|profound|near[- ](?:complete|total))(?:ly)? {_LOST}",
            re.IGNORECASE,
        ),
        4.0,
    ),
    (
        _BROKEN_BODY,
        re.compile(rf"\b(?:minimal|slight|mild|subtle|minor|trace)(?:ly)? {_LOST}", re.IGNORECASE),
        2.0,
    ),
    (
        "RP:atelectasis",
        re.compile(
            r"\b(?:sub-?\s?segmental|discoid|plate-?\s?like|plate|band-?\s?like|linear|streaky|micro-?atelectasis)\b",
            re.IGNORECASE,
        ),
        2.0,
    ),
    (
        "RP:atelectasis",
        re.compile(
            r"\b(?:complete|total|entire|whole|near[- ](?:complete|total))(?:ly)? "
            r"(?:(?:left|right|lung|lobe|lower|upper|is|has) )*(?:collapse[ds]?|atelecta\w+|airless)\b|\blung is airless\b",
            re.IGNORECASE,
        ),
        4.0,
    ),
    ("RP:airspace-opacity", re.compile(r"\bwidespread\b|\bwhole[- ]lung\b", re.IGNORECASE), 4.0),
    ("RP:pulmonary-edema", _BEGINNING, 2.0),
    ("RP:vascular-congestion", _BEGINNING, 2.0),
    (
        "RP:opacity",
        re.compile(r"\bwhite-?\s?(?:d\s)?outs?\b|\b(?:no|little) normal lung\b", re.IGNORECASE),
        4.0,
    ),
)
_ALSO_GRADED = 7  # of these rows; the rest where no word of degree stands by the finding itself
_BELOW = re.compile(
    r"(?:\b(?:less than|under|below|up to|at most|no more than)|[<\u2264])\s*\Z", re.IGNORECASE
)
_ABOVE = re.compile(r"(?:\b(?:more than|greater than|over|above|at least)|[>\u2265])\s*\Z", re.IGNORECASE)
_LITTLE, _MUCH = 2.0, 4.0
_NOT = re.compile(r"\b(?:no|not|without|nor|never|if)\b", re.IGNORECASE)
_OPACITY, _DENSE = "RP:opacity", "dense"
_DENSE_BY_KIND = frozenset({"RP:consolidation", "RP:nodule", "RP:granuloma", "RP:mass", "RP:atelectasis"})


_NEAR = 1.0  # between ranks of words for one degree: "tiny and mild"


@dataclass(frozen=True, slots=True)
class Degree:
    """A degree with the words that say it; ``worded`` for a plain word, which another may take the place of."""

    span: Span
    rank: float
    worded: bool = True


def degree(finding: Finding, case: Case) -> Degree | None:
    """The one degree of a finding, also where two words say nearly the same: "severe, advanced", "small, thin"."""
    graded = [entity for entity in finding.severities if entity.value in RANKS]
    ranks = [RANKS[entity.value or ""] for entity in graded]
    if ranks and max(ranks) - min(ranks) > _NEAR:
        return None
    bone = subsumes(_FRACTURE, finding.concept or "", case.facts)
    if graded and not bone:
        return Degree(graded[0].span, RANKS[graded[0].value or ""])
    implied = _implied(finding, case)
    if implied is not None or not graded:
        return implied
    return Degree(graded[0].span, RANKS[graded[0].value or ""])


def _implied(finding: Finding, case: Case) -> Degree | None:
    """The degree by what else the sentence says; what of it is denied says none."""
    sentence = case.report.sentences[finding.sentence].span
    text = sentence.of(case.report.text)
    if _NOT.search(text):
        return _dense(finding, case)
    said = _by_word(finding, case, sentence) or _dense(finding, case)
    return said or _by_number(finding, case, sentence) or _by_size(finding)


def _dense(finding: Finding, case: Case) -> Degree | None:
    """Of a shadow that is called dense; for what is calcified or solid the word says no degree."""
    concept = finding.concept or ""
    dense = next((word for word in finding.descriptors if word.value == _DENSE), None)
    if dense is None or concept in _DENSE_BY_KIND or not subsumes(_OPACITY, concept, case.facts):
        return None
    return Degree(dense.span, 3.0, worded=False)


def _by_word(finding: Finding, case: Case, sentence: Span) -> Degree | None:
    concept, text = finding.concept or "", sentence.of(case.report.text)
    for kind, words, rank in _BY_WORD if not finding.severities else _BY_WORD[:_ALSO_GRADED]:
        if subsumes(kind, concept, case.facts) and (match := words.search(text)):
            return Degree(_at(sentence, match), rank, worded=False)
    return None


def _by_number(finding: Finding, case: Case, sentence: Span) -> Degree | None:
    """By a share, an angle or a volume."""
    concept, text = finding.concept or "", sentence.of(case.report.text)
    if concept in _SHARES and (match := _SHARE.search(text)):
        if concept != _PNEUMOTHORAX and not _HEIGHT.search(text):
            return None
        rank = _rank(_SHARES[concept], float(match["share"]))
        below, above = (words.search(text[: match.start()]) for words in (_BELOW, _ABOVE))
        bound = (below and rank > _LITTLE) or (above and rank < _MUCH)
        return None if bound else Degree(_at(sentence, match), rank, worded=False)
    if subsumes(_SCOLIOSIS, concept, case.facts) and (match := _ANGLE.search(text)):
        return Degree(_at(sentence, match), _rank(_ANGLES, float(match["angle"])), worded=False)
    if concept == _EFFUSION and (match := _VOLUME.search(text)) and not _DRAINED.search(text):
        litres = float(match["volume"]) / (1000 if match["small"] else 1)
        return Degree(_at(sentence, match), _rank(_VOLUMES, litres), worded=False)
    return None


def _by_size(finding: Finding) -> Degree | None:
    if finding.concept == _PNEUMOTHORAX and len(finding.measurements) == 1:
        size = finding.measurements[0]
        if size.mm <= _SLIVER or size.mm >= _WIDE:
            return Degree(size.span, 1.5 if size.mm <= _SLIVER else 4.0, worded=False)
    return None


def _rank(limits: tuple[tuple[float, float], ...], value: float) -> float:
    return next((rank for most, rank in limits if value <= most), _MUCH)


def _at(sentence: Span, match: re.Match[str]) -> Span:
    return Span(sentence.start + match.start(), sentence.start + match.end())
