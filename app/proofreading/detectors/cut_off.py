"""A text that breaks off: "There is a new opacity in the", "The upper abdomen is unremar"."""

import re
from collections.abc import Iterator
from functools import cache

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED
from app.proofreading.dictionary import dictated, english
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import SectionName, Span

_TOLD = REPORTED | {SectionName.RECOMMENDATION, SectionName.TECHNIQUE, SectionName.COMPARISON}
_LEAST_WORDS = 3
_NEVER_LAST = re.compile(  # also before a full stop
    r"(?<!\btype )(?<!\bgroup )(?<!\bgrade )(?<!\bstage )(?<!\bhepatitis )(?<!\bvitamin )(?<!\binfluenza )(?<!\bstanford )"
    r"\b(?:the|and|or|of|with a|with the|into|than the)[.,]?$"
)
_OPEN = re.compile(  # only where no full stop follows
    r"\b(?:an?|in|to|for|at|by|with|from|is|are|was|were|has|have|than|that|which|no|without|its|this|may|might|could|should|"
    r"cannot|be|been|due|secondary|consistent|compatible|suggests?|suggesting|represents?|representing|demonstrates?|shows?|"
    r"measures|measuring|involving|overlying|projecting|within|between|along|over|near|greater|approximately|recommend|"
    r"evidence|pleural|pericardial|costophrenic|cardiophrenic|cardiomediastinal|cardiopulmonary|intrathoracic|thoracic|osseous|"
    r"airspace|an? (?:\w+ )?(?:small|mild|moderate|large|tiny|subtle|faint|new|focal|left|right|upper|lower|hazy|"
    r"patchy|linear|nodular|stable|minimal|dual|single|chamber|lead)|(?:upper|lower) (?:thoracic|lung)|"
    r"(?:follow-?up|repeat)\b.{0,40}\b(?:in|within|after) \d+|(?:measur\w+|approximately|at least|up to) \d+)$"
)
_PIECE = re.compile(r"(?<=\s)[a-z]{4,}$")
_LEAST_STOPPED = 5  # words of a sentence that ends with a full stop
_SHORTEST_REST = 2  # letters that a word lacks
_A_WORD = 200  # an English word this frequent is one
_CONFIDENCE = 0.75
_ABBREVIATED = frozenset(
    "abdo bilat calc calcs cardiomeg atelec atelect cath consol degen dist effus emphys exam infilt inter lymph "
    "mediast osteo pneumo prev prob prox resp retro subseg susp thor trach vasc vert approx".split()
)


@cache
def _begun(piece: str) -> bool:
    """True for the beginning of a long word that is no word by itself."""
    if piece in _ABBREVIATED or english().get(piece, 0) >= _A_WORD or piece in dictated():
        return False
    return any(word.startswith(piece) and len(word) >= len(piece) + _SHORTEST_REST for word in dictated())


def cut_off(case: Case) -> Iterator[Candidate]:
    """The last words of sentences that do not end."""
    text = case.report.text
    sentences = case.report.sentences
    for number, sentence in enumerate(sentences):
        if case.report.section_of(number) not in _TOLD:
            continue
        said = sentence.span.of(text).rstrip()
        if len(said.split()) < _LEAST_WORDS:
            continue
        last = number + 1 == len(sentences) or sentences[number + 1].section != sentence.section
        match = _NEVER_LAST.search(said)
        if match is not None and said[-1] in ".," and len(said.split()) < _LEAST_STOPPED:
            match = None
        if match is None and (last or text[sentence.span.start + len(said) :].startswith("\n")):
            match = _OPEN.search(said) or _unfinished(said)
        if match is not None:
            span = Span(sentence.span.start + match.start(), sentence.span.start + match.end())
            yield _candidate(span, sentence.span)


def _unfinished(said: str) -> re.Match[str] | None:
    piece = _PIECE.search(said)
    return piece if piece is not None and _begun(piece.group()) else None


def _candidate(span: Span, sentence: Span) -> Candidate:
    return Candidate(
        type=ErrorType.TEMPLATE_ARTIFACT,
        span=span,
        message="The sentence breaks off.",
        rule="template_artifact.cut_off",
        confidence=_CONFIDENCE,
        evidence=(Evidence(EvidenceKind.TEXT, span=sentence),),
        correction=None,
    )
