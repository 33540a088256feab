"""What the report calls its own study, against words that such a study cannot have.

"Signal intensity" in a CT, "the lateral view" of a portable film, "opacified arteries" without contrast.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED
from app.proofreading.detectors.foreign import title_of
from app.proofreading.detectors.order import NAMED, NOT_THIS, PERFORMED
from app.proofreading.detectors.studies import (
    MODALITIES,
    NO_FILM,
    OWN_WORDS,
    TOGETHER,
    kinds_named,
    parts_named,
)
from app.proofreading.leaving_out import leave_out
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import SectionName, Span


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A study whose title matches ``of`` (and not ``unless``) has no sentence with these words."""

    of: re.Pattern[str]
    words: re.Pattern[str]
    unless: re.Pattern[str]
    what: str


_ENHANCED = _words(
    r"\bcontrast[- ]enhanced images\b|\bopacified (?:by|with) (?:the )?(?:iv |intravenous )?contrast\b"
    r"|\bopacified (?:pulmonary )?(?:arteries|vessels)\b|\b(?:arterial|portal venous|delayed) phase images\b"
    r"|\bfollowing (?:the )?(?:administration of )?(?:iv|intravenous) contrast\b"
    r"|\bbolus[- ](?:track\w*|tim\w*|triggered)\b|\b(?:ml|cc) (?:of )?(?:omnipaque|isovue|visipaque|ultravist|optiray|"
    r"iohexol|iopamidol|iodixanol|iopromide|ioversol)\b|\b(?:opacification|enhancement) of the (?:main )?pulmonary "
    r"(?:trunk|arter\w+)\b[^.;]{0,30}\b(?:excellent|good|adequate|satisfactory|diagnostic|\d{3} hu)\b"
)
_NOT_GIVEN = _words(
    r"\bno (?:iv|intravenous) contrast (?:\w+ ){0,3}?(?:administered|given|used|injected)\b|\bunenhanced (?:images|scan|"
    r"study|acquisition) only\b|\b(?:performed|obtained|acquired|scanned) without (?:the )?(?:use of )?"
    r"(?:iv|intravenous) contrast\b"
)
_WITH = _words(r"\bw(?:ith|/) (?:iv |intravenous )?contrast\b|\bcontrast[- ]enhanced\b|\bcta\b|\bct angio\w*")
_TWICE = _words(
    r"\bwith(?:out)? and with(?:out)?\b|\bpre and post\b|\bw(?:ith|/)? ?(?:and|&|/) ?w(?:ith|/)?o(?:ut)?\b"
)
_RANGE = _words(  # where a scan ends: "from the skull base to the vertex"
    r"\bfrom (?:the )?[\w ]{3,40}? (?:through|to) (?:the )?(?:level of the )?(?:(?P<head>vertex)|"
    r"(?P<abdomen>pubic symphysis|symphysis(?: pubis)?|iliac crests?|ischial tuberosit\w+|lesser trochanters?)|"
    r"(?P<leg>toes|mid-?calf|ankles?|plantar surface))\b"
)
_MANY = _words(r"\b(?:body|whole|abd\w*|pelvi\w+|cap|trauma|pan|runoff|aort\w+|pet\S*|tap|head|brain|neck)\b")
_UNENHANCED = _words(
    r"\bw(?:ithout|/o|o) (?:iv |intravenous )?contrast\b|\bunenhanced\b|\bnon-?\s?contrast\b|\bncct\b"
)
_BOTH = _words(
    r"\bwith and without\b|\bw(?:ith|/)? ?(?:and|&|/) ?w(?:ithout|/?o)\b|\bpre and post\b|\bwith contrast\b"
)
_ONE_VIEW = _words(
    r"\b(?:portable|mobile)\b|\b(?:single|one|1)(?: \w+){0,2} views?\b|\bap (?:chest|view|film)\b|\bchest ap\b"
)
_MORE_VIEWS = _words(r"\blateral\b|\btwo\b|\b2\b|\bviews\b|\bdecubitus\b")
_LATERAL = _words(r"\b(?:the|on|on the|this) lateral (?:view|projection|film|radiograph|image)\b")
_RULES = (
    _Rule(_UNENHANCED, _ENHANCED, _BOTH, "a study without contrast"),
    _Rule(_WITH, _NOT_GIVEN, _TWICE, "a study with contrast"),
    _Rule(_ONE_VIEW, _LATERAL, _MORE_VIEWS, "one frontal view"),
    _Rule(
        _words(r"\bsupine\b"),
        _words(r"\bthis (?:erect|upright)\b"),
        _words(r"\b(?:erect|upright)\b"),
        "a supine film",
    ),
    _Rule(
        _words(r"\b(?:erect|upright)\b"), _words(r"\bthis supine\b"), _words(r"\bsupine\b"), "an erect film"
    ),
    _Rule(
        _words(r"\b(?:portable|mobile|ap)\b"),
        _words(r"\bthis (?:(?:erect|upright|standard) )?pa (?:film|view|radiograph|projection)\b"),
        _words(r"\bpa\b"),
        "an AP film",
    ),
)
_RESULT = _words(  # how an impression names its own study: "Normal abdominal radiographs"
    r"\b(?:normal|negative|unremarkable|stable|limited|abnormal)(?: \w+){0,4}? (?:radiographs?|films?|x-?rays?|ct|mri|"
    r"ultrasound|sonogram|mammogram|scan|study|exam(?:ination)?)\b(?: of (?:the )?\w+)?"
)
_VIEWS = _words(  # and how it is told what was done: "Three views of the left ankle"
    r"^\W{0,9}(?:\w[\w-]* ){0,5}?(?:views?|radiographs?|films?|images?|projections?|scans?) of "
    r"(?:the |both )?(?:\w+ ){0,2}?\w+"
    r"(?=\s*(?:\.|$|was|were|is|are|in))"
)
_KIND = _words(  # an impression that begins with its study: "Normal CT of the chest"
    r"^\W*(?:\d[.)]\s*)?(?:(?:normal|negative|unremarkable)\s+)+(?:\w+\s+){0,2}?(?:ct|mri?|ultrasound|sonogram|mammogram|"
    r"pet|radiographs?|x-?rays?)\b(?=\s*(?:\.|$|of\b|without\b|with\b))"
)
_OPENS = _words(  # and a sentence: "Ankle radiographs without fracture"
    r"^\W*(?:\d[.)]\s*)?(?:\w+\s+){1,3}?(?:radiographs?|films?|x-?rays?|ct|mri|ultrasound)(?=\s+(?:without|with no|"
    r"shows?|demonstrates?|negative)\b)"
)
_THIS = {  # how a sentence names its own study
    "MR": _words(r"\bthis mri\b|\b(?:high|low|abnormal) signal within\b"),
    "US": _words(r"\bthis (?:ultrasound|sonogram)\b"),
    "CT": _words(r"\bthis ct\b"),
    "XR": _words(r"\bthis (?:film|radiograph|x-?ray)\b"),
    "MG": _words(r"\bthis mammogram\b"),
}
_SHARED = {"MR": frozenset({"CT"}), "NM": frozenset({"CT"}), "RF": frozenset({"XR"}), "MG": frozenset({"US"})}
_PLANES = _words(r"\b(?:axial|coronal|sagittal)\b")
_COMPARED = _words(r"\bcompar\w+|\blast (?:year|month|week)\b")
_ASKED = _words(  # for another study: "MRI of the spine urgently"
    r"\b(?:recommend\w*|suggest\w*|advis\w*|consider\w*|would|could|should|may|urgent\w*|refer(?:ral|red)?|if|for scoring|"
    r"to follow|pending|next|follow-?up|further|required|needed|warranted|indicated|correlat\w*|awaited)\b|\bnow\W*$"
)
_CONFIDENCE = 0.8


class Study:
    """Holds the sentences of a report against its own title, or its EXAM section, with an order or without."""

    types = frozenset({ErrorType.ORDER_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate."""
        title = title_of(case)
        if title is None:
            return
        technique = _technique(case)
        for number, sentence in enumerate(case.report.sentences):
            section = case.report.section_of(number)
            in_technique = section is SectionName.TECHNIQUE
            if not number or not (section in REPORTED or in_technique):
                continue
            text = sentence.span.of(case.report.text)
            found = _of_another_study(title, technique, text, technique=in_technique)
            if found is not None:
                yield _candidate(case, number, *found)
                return


@lru_cache(maxsize=10_000)  # reports of one kind say the same sentences again and again
def _of_another_study(
    title: str, told_technique: str, text: str, *, technique: bool
) -> tuple[re.Match[str], str] | None:
    """What a sentence says of another study than the title's, and what the title's is; ``technique``: it tells how."""
    if text.strip() in title or NOT_THIS.search(text) or _ASKED.search(text):
        return None
    kinds = kinds_named(title)
    return (
        _of_another(text, kinds, technique=technique)
        or _of_another_part(title, text)
        or _beyond(title, text)
        or _against(title + told_technique, text, kinds)
    )


def _technique(case: Case) -> str:
    bodies = (s.body.of(case.report.text) for s in case.report.sections if s.name is SectionName.TECHNIQUE)
    return " ".join(("", *bodies))


def _of_another(text: str, kinds: list[str], *, technique: bool) -> tuple[re.Match[str], str] | None:
    """Words of another kind of study than the one kind that the title names."""
    if len(kinds) != 1:
        return None
    for kind, pattern in (*OWN_WORDS.items(), *_THIS.items()):
        match = pattern.search(text)
        shared = (
            match is not None and kind in _SHARED.get(kinds[0], frozenset()) and _PLANES.search(match.group())
        )
        if match is not None and kind != kinds[0] and not shared:
            return match, f"a study of kind {kinds[0]}"
    section = NO_FILM.search(text) if kinds == ["XR"] else None
    if section is not None:
        return section, "a plain film"
    named = [(kind, match) for kind, pattern in MODALITIES if (match := pattern.search(text)) is not None]
    begun = _KIND.search(text)
    if begun is not None and len(other := kinds_named(begun.group())) == 1 and other != kinds:
        return begun, f"a study of kind {kinds[0]}"
    own = (technique and not _COMPARED.search(text)) or PERFORMED.search(text) or NAMED.search(text)
    if own and named and all(kind != kinds[0] for kind, _ in named):
        return named[0][1], f"a study of kind {kinds[0]}"
    return None


def _of_another_part(title: str, text: str) -> tuple[re.Match[str], str] | None:
    """An impression of another part of the body than the title's."""
    match = _RESULT.search(text) or _VIEWS.search(text) or _OPENS.search(text)
    titled, named = parts_named(title), parts_named(match.group()) if match is not None else frozenset()
    if match is None or not titled or not named or titled & named or (titled | named) <= TOGETHER:
        return None
    return match, f"a study of the {' and '.join(sorted(titled))}"


def _beyond(title: str, text: str) -> tuple[re.Match[str], str] | None:
    """A scan that is told to end in another part of the body than the title's."""
    match = _RANGE.search(text)
    titled = parts_named(title)
    if match is None or not titled or _MANY.search(title) or titled & {match.lastgroup}:
        return None
    return match, f"a study of the {' and '.join(sorted(titled))}"


@lru_cache(maxsize=1_000)  # asked of every sentence of a report
def _rules_of(title: str) -> tuple[_Rule, ...]:
    return tuple(rule for rule in _RULES if rule.of.search(title) and not rule.unless.search(title))


def _against(title: str, text: str, kinds: list[str]) -> tuple[re.Match[str], str] | None:
    for rule in _rules_of(title):
        match = rule.words.search(text)
        if match is not None:
            return match, rule.what
    film = kinds == ["XR"] and _ENHANCED.search(text)
    return (film, "a plain film") if film else None


def _candidate(case: Case, number: int, match: re.Match[str], what: str) -> Candidate:
    sentence = case.report.sentences[number].span
    span = Span(sentence.start + match.start(), sentence.start + match.end())
    return Candidate(
        type=ErrorType.ORDER_MISMATCH,
        span=span,
        message=f'"{match.group()}" is not said of {what}, which the report is of.',
        rule="order.title",
        confidence=_CONFIDENCE,
        evidence=(Evidence(EvidenceKind.TEXT, span=sentence),),
        correction=leave_out(case, number) if len(case.told_in.get(number, ())) < 2 else None,
    )
