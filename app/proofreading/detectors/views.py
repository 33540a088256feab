"""Views, positions and parts that were ordered, or that the title names, against those that the report tells of.

"One frontal projection" where two views were ordered; a supine film instead of an erect one; another level of the spine.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from app.proofreading.case import Case
from app.proofreading.detectors.foreign import title_of
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import SectionName, Span


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_COUNT = {"one": 1, "single": 1, "two": 2, "three": 3, "four": 4, "five": 5, "dual": 2}
_VIEWS = _words(
    r"\b(one|single|two|three|four|five|dual|[1-5])[ -]?(?:(?:\w+[ -]){0,3}?(?:views?|projections?|radiographs?|films?|"
    r"exposures?)\b|(?:v|vw|vws)\b)"
)
_LATERAL = _words(r"\blat(?:eral)?\b(?! (?:decubitus|clavicle|ribs?))")
_FRONTAL = _words(r"\b(?:pa|ap|frontal|portable|mobile)\b")
_AP = _words(r"\b(?:ap|a\.p\.|antero-?posterior|portable|mobile)\b")
_PA = _words(r"\b(?:pa|p\.a\.|postero-?anterior)\b")
_SUPINE = _words(r"\b(?:supine|recumbent)\b")
_ERECT = _words(r"\b(?:erect|upright|standing)\b")
_SIDED = _words(r"\b(left|right|lt|rt)\b")
_BOTH = _words(r"\b(?:bilateral|both|bilat)\b")
_NOT_MADE = _words(
    r"\b(?:no|not|without|unable|refus\w+|declin\w+|omitted|limited|attempt\w*|only|repeat\w*|additional\w*|initial\w*|"
    r"previous\w*|prior|compar\w+|earlier|later|then|subsequent\w*|second|also|converted|changed|instead|lieu|available)\b"
)
_MIN = _words(r"\b(?:min(?:imum)?|at least|or more|complete|series|plus)\b|\+")
_TWO_PARTS = _words(r"\bribs?\b.*\bchest\b|\bchest\b.*\bribs?\b")
_SUMMED = _words(
    r"^\W*(?:\d\.\s*)?(?:(?:normal|negative|unremarkable|stable|limited|clear|suboptimal)\s+)+"
    r"(?:(?:one|two|single|1|2)[ -]?(?:view\b|portable\b|frontal\b|ap\b)|(?:portable|mobile)\b|(?:pa|ap|frontal) and "
    r"lateral\b)[^.;]*"
)
_FILM = _words(
    r"\b(?:x-?rays?|xr|cxr|radiograph\w*|views?|\d ?v|vw|pa|ap|portable|chest|ribs?|spine|sternum)\b"
)
_OTHER = _words(
    r"\b(?:ct|cta|mri?|us|ultrasound|doppler|pet|fluoro\w*|barium|mammo\w*|decub\w*|kub|abd\w*)\b"
)
_SPINE = {
    "cervical": _words(r"\bcervical sp|\bc-?spine|\bodontoid|\bopen[- ]mouth"),
    "thoracic": _words(r"\b(?:thoracic|dorsal) sp|\b[td]-?spine"),
    "lumbar": _words(r"\b(?:lumbar|lumbosacral) sp|\bl-?s?-?spine|\bsacrum|\bcoccyx"),
}
_BONES = {
    "sternum": _words(r"\bstern(?:um|al)\b"),
    "clavicle": _words(r"\bclavic\w+"),
    "ribs": _words(r"\bribs?\b"),
    "shoulder": _words(r"\bshoulders?\b"),
    "scapula": _words(r"\bscapular?\b"),
    "chest": _words(r"\bchest|\bcxr\b|\bthorax\b"),
}
_CHEST_ONLY = _words(r"\bchest|\bcxr\b")
_ABDOMEN = _words(
    r"\b(?<!upper )abdomen\b(?! (?:is|are|was|partly|included))|\babdominal (?:series|films?|radiographs?|views?)\b"
)
_WHOLE = _words(r"\b(?:whole|total|scoliosis|entire|complete|survey)\b")
_CONFIDENCE = 0.8


class _Told(NamedTuple):
    """A sentence that tells of how the study was made."""

    text: str
    span: Span
    title: bool


class Views:
    """Compares how a film was ordered, or titled, with how the report says that it was made."""

    types = frozenset({ErrorType.ORDER_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate."""
        ordered = case.context.procedure or title_of(case)
        if not ordered or not _FILM.search(ordered) or _OTHER.search(ordered):
            return
        told = list(_told(case, case.context.procedure is not None))
        whole = " ".join(one.text for one in told if not one.title)
        for one in told:
            if one.title and _OTHER.search(one.text):
                continue  # a study of another kind altogether
            found = next((what for rule in _RULES if (what := rule(ordered, one, whole)) is not None), None)
            if found is not None:
                yield _candidate(case, one, found)
                return


def _told(case: Case, by_order: bool) -> Iterator[_Told]:
    """Sentences of TECHNIQUE, of EXAM where an order stands beside it, and what an impression calls its study."""
    for number, sentence in enumerate(case.report.sentences):
        section = case.report.section_of(number)
        text = sentence.span.of(case.report.text)
        if section is SectionName.TECHNIQUE or (section is SectionName.EXAM and by_order):
            if not _NOT_MADE.search(text):
                yield _Told(text, sentence.span, section is SectionName.EXAM)
        elif section is SectionName.IMPRESSION and (match := _SUMMED.search(text)) is not None:
            start = sentence.span.start
            yield _Told(match.group(), Span(start + match.start(), start + match.end()), title=False)


def _number(text: str) -> int | None:
    """How many views these words name; a frontal and a lateral one are two."""
    counts = [_COUNT.get(word.lower()) or int(word) for word in _VIEWS.findall(text)]
    if counts:
        return max(counts) if len(counts) == 1 or not _LATERAL.search(text) else sum(counts)
    if _LATERAL.search(text):
        return 2 if _FRONTAL.search(text) else None
    return 1 if _FRONTAL.search(text) else None


def _count(ordered: str, told: _Told, whole: str) -> str | None:
    """One view instead of several, or the other way round."""
    wanted, made = _number(ordered), _number(told.text)
    if (
        made is None
        or wanted is None
        or made == wanted
        or _MIN.search(ordered)
        or _TWO_PARTS.search(ordered)
        or _number(whole or told.text) != made
    ):
        return None
    if 1 not in (wanted, made) or (made == 1 and not _alone(told.text)):
        return None
    return f"{wanted} view{'s' if wanted > 1 else ''}"


def _alone(text: str) -> bool:
    """True where the words themselves say that there is one view, or a portable one."""
    return bool(re.search(r"\b(?:one|single|1|portable|mobile)\b|\b1v", text, re.IGNORECASE))


def _stance(ordered: str, told: _Told, whole: str) -> str | None:
    """The other projection or position than ordered."""
    for one, other in ((_PA, _AP), (_AP, _PA), (_ERECT, _SUPINE), (_SUPINE, _ERECT)):
        asked = one.search(ordered) and not other.search(ordered)
        if asked and other.search(told.text) and not one.search(f"{told.text} {whole}"):
            return f'an examination "{ordered.strip()}"'
    return None


def _part(ordered: str, told: _Told, whole: str) -> str | None:
    """Another level of the spine; of titles, another bone."""
    if _CHEST_ONLY.search(ordered) and not _ABDOMEN.search(ordered) and _ABDOMEN.search(told.text):
        return "the chest"
    for table, titles in ((_SPINE, False), (_BONES, True)):
        wanted = {name for name, pattern in table.items() if pattern.search(ordered)}
        made = {name for name, pattern in table.items() if pattern.search(told.text)}
        if (
            wanted
            and made
            and not wanted & made
            and (told.title or not titles)
            and not _WHOLE.search(ordered)
        ):
            return f"the {' and '.join(sorted(wanted))}"
    return None


def _side(ordered: str, told: _Told, whole: str) -> str | None:
    """One side where both were ordered."""
    sides = {side[0].lower() for side in _SIDED.findall(f"{told.text} {whole}")}
    one = told.title and len(sides) == 1 and not _BOTH.search(told.text)
    return "both sides" if one and _BOTH.search(ordered) else None


_RULES: tuple[Callable[[str, _Told, str], str | None], ...] = (_count, _stance, _part, _side)


def _candidate(case: Case, told: _Told, what: str) -> Candidate:
    return Candidate(
        type=ErrorType.ORDER_MISMATCH,
        span=told.span,
        message=f'"{told.span.of(case.report.text)}" does not fit the order or title, which is for {what}.',
        rule="order.views",
        confidence=_CONFIDENCE,
        evidence=(Evidence(EvidenceKind.TEXT, span=told.span),),
        correction=None,
    )
