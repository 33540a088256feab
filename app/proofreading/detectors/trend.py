"""A word of change that the two sizes beside it deny: "reduced from 11 mm to 19 mm"."""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import FINDINGS, IMPRESSION, REPORTED
from app.proofreading.correct import cased
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from models.types import Span

_GROWN = re.compile(
    r"\b(?:increas\w+|enlarg(?:ed|ing)|grown|growing|larger|bigger|wider|longer|thicker)\b", re.IGNORECASE
)
_SHRUNK = re.compile(
    r"\b(?:decreas\w+|reduc\w+|shrunk\w*|shrink\w*|smaller|regress\w+|diminish\w+|narrower|thinner)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:no|not|without|neither|nor)\b", re.IGNORECASE)
_WORSE = re.compile(
    r"\b(?:progress(?:ion|ive|ed|ing)|increas\w+|enlarg\w+|growth|growing|grown|worsen\w*|larger)\b",
    re.IGNORECASE,
)
_BETTER = re.compile(
    r"\b(?:regress\w*|respon\w+|decreas\w+|reduc\w+|shrink\w*|smaller|improv\w+|remission)\b", re.IGNORECASE
)
_WAYS = (("grown", _GROWN), ("shrunk", _SHRUNK))
_FROM_TO = re.compile(
    r"\bfrom\s+(?:about\s+|approximately\s+)?(?P<before>\d{1,4}(?:\.\d{1,2})?)\s?(?P<other>mm|cm)?[^,;.\d]{0,30}?"
    r"\bto\s+(?:about\s+|approximately\s+)?(?P<now>\d{1,4}(?:\.\d{1,2})?)\s?(?P<unit>mm|cm)\b",
    re.IGNORECASE,
)
_PAIR = re.compile(
    r"(?<![\d.])(?P<now>\d{1,4}(?:\.\d{1,2})?)(?:\s?x\s?\d{1,4}(?:\.\d{1,2})?)?\s?(?P<unit>mm|cm)\b[^.;\d]{0,30}?[.;]?[^.;\d]{0,8}?"
    r"\b(?:previously|formerly|earlier|was|were|having been|compared (?:to|with)|against|versus)\s"
    r"(?!(?:day|week|month|year|film|study|series|image|date)s?\b)(?:\w+\s)?"
    r"(?P<before>\d{1,4}(?:\.\d{1,2})?)(?:\s?x\s?\d{1,4}(?:\.\d{1,2})?)?\s?(?P<other>mm|cm)?",
    re.IGNORECASE,
)
_DISTANCE = re.compile(
    r"\s+(?:below|above|from|beyond|proximal|distal|short|deep)\b", re.IGNORECASE
)  # tells where a device is
_BEFORE_NOW = re.compile(
    r"\b(?:previously|formerly|earlier|was|were)\s(?:\w+\s)?(?P<before>\d{1,4}(?:\.\d{1,2})?)\s?(?P<other>mm|cm)?,?\s(?:and\s)?(?:is\s|are\s)?"
    r"(?:now|currently|today)\s(?:measur\w+\s|is\s)?(?P<now>\d{1,4}(?:\.\d{1,2})?)\s?(?P<unit>mm|cm)\b",
    re.IGNORECASE,
)
_GROWN_FROM = re.compile(
    r"(?<![\d.])(?P<now>\d{1,4}(?:\.\d{1,2})?)\s?(?P<unit>mm|cm),?\s\(?(?:which has |having |has )?"
    r"(?:grown|increased|enlarged|decreased|reduced|shrunk|up|down)\s"
    r"from\s(?P<before>\d{1,4}(?:\.\d{1,2})?)\s?(?P<other>mm|cm)?(?!\d|[^.;]{0,12}\bto\b)",
    re.IGNORECASE,
)
_STABLE = re.compile(
    r"\b(?:stable|unchanged|no (?:significant )?(?:interval )?change|static)\b", re.IGNORECASE
)
_PLAINLY = 1.5  # by which factor two sizes differ where nobody calls them stable
_LEAST_MM = 3.0
_CHANGED = 1.2  # by which factor a size differs from the one before when it has changed
_PAIRS = 1
_ROUNDING = 1.15  # sizes nearer to each other than by this factor say nothing
_WORDS = {"increased": "decreased", "decreased": "increased", "larger": "smaller", "smaller": "larger"}


class Trend:
    """Reads pairs of sizes, one now and one before, with one word of change in their clause."""

    types = frozenset({ErrorType.INTERVAL_CHANGE_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate a sentence."""
        for index, sentence in enumerate(case.report.sentences):
            if case.report.section_of(index) in REPORTED:
                found = _contradiction(case.report.text, sentence.span)
                if found is not None:
                    yield _candidate(case, sentence.span, *found)
        yield from _overall(case)


def _contradiction(text: str, sentence: Span) -> tuple[Span, str, str] | None:
    """(the word of change, what it says, what the sizes say) where they differ."""
    words = sentence.of(text)
    pairs = [
        *_FROM_TO.finditer(words),
        *_PAIR.finditer(words),
        *_BEFORE_NOW.finditer(words),
        *_GROWN_FROM.finditer(words),
    ]
    said = [(match, way) for way, pattern in _WAYS for match in pattern.finditer(words)]
    called = _STABLE.search(words)
    if called is not None and len(pairs) == 1 and not said and not _apart(words, called, pairs[0]):
        return _called_stable(pairs[0], Span(sentence.start + called.start(), sentence.start + called.end()))
    if len(pairs) != 1 or len(said) != 1 or _DENIED.search(words):
        return None
    match, way = said[0]
    shown = _shown(pairs[0], _ROUNDING)
    if shown is None or shown == way:
        return None
    return Span(sentence.start + match.start(), sentence.start + match.end()), way, shown


def _apart(words: str, called: re.Match[str], pair: re.Match[str]) -> bool:
    """True when a clause ends between the word and the sizes."""
    first, last = sorted((called.span(), pair.span()))
    return (
        re.search(
            r"[;:()]|, (?!previous|compared|measur|at )|\b(?:and|but|while|other)\b",
            words[first[1] : last[0]],
        )
        is not None
    )


def _called_stable(pair: re.Match[str], word: Span) -> tuple[Span, str, str] | None:
    """What is called stable although its two sizes plainly differ."""
    shown = _shown(pair, _PLAINLY)
    apart = abs(float(pair["now"]) - float(pair["before"])) * (1.0 if pair["unit"].lower() == "mm" else 10.0)
    return (word, "not changed", shown) if shown is not None and apart >= _LEAST_MM else None


def _shown(pair: re.Match[str], least: float) -> str | None:
    """What two sizes, one now and one before, say; None when they are nearly the same."""
    now, before = float(pair["now"]), float(pair["before"])
    unit = (pair["unit"] or "").lower()
    other = (pair["other"] or unit).lower()
    before *= {("cm", "mm"): 10.0, ("mm", "cm"): 0.1}.get((other, unit), 1.0)
    if not before or 1 / least < now / before < least:
        return None
    return "grown" if now > before else "shrunk"


def _overall(case: Case) -> Iterator[Candidate]:
    """One direction in the impression, the other in every pair of sizes of the findings."""
    ways: list[tuple[str, Span]] = []
    for index, sentence in enumerate(case.report.sentences):
        if case.report.section_of(index) in FINDINGS:
            words = sentence.span.of(case.report.text)
            for match in _PAIR.finditer(words):
                if _DISTANCE.match(words, match.end("unit")):
                    continue
                if (shown := _shown(match, _CHANGED)) is not None:
                    ways.append((shown, sentence.span))
    if len(ways) < _PAIRS or len({way for way, _ in ways}) != 1:
        return
    shown = ways[0][0]
    told = [
        (way, Span(s.span.start + m.start(), s.span.start + m.end()))
        for index, s in enumerate(case.report.sentences)
        if case.report.section_of(index) in IMPRESSION and not _DENIED.search(s.span.of(case.report.text))
        for way, pattern in (("grown", _WORSE), ("shrunk", _BETTER))
        for m in pattern.finditer(s.span.of(case.report.text))
    ]
    if told and all(way != shown for way, _ in told):
        place = told[0][1]
        said = next(s.span for s in case.report.sentences if s.span.contains(place))
        yield Candidate(
            type=ErrorType.INTERVAL_CHANGE_MISMATCH,
            span=place,
            message=f"By every size of the findings, before and now, it has {shown}.",
            rule="interval_change.sizes",
            confidence=0.86,
            evidence=tuple(
                Evidence(EvidenceKind.TEXT, span=span)
                for span in dict.fromkeys([*(s for _, s in ways), said])
            ),
        )


def _candidate(case: Case, sentence: Span, place: Span, said: str, shown: str) -> Candidate:
    quote = case.report.quote(place)
    other = _WORDS.get(quote.lower())
    return Candidate(
        type=ErrorType.INTERVAL_CHANGE_MISMATCH,
        span=place,
        message=f'"{quote}" says that it has {said}; by the sizes it has {shown}.',
        rule="interval_change.sizes",
        confidence=0.88,
        evidence=(Evidence(EvidenceKind.TEXT, span=sentence),),
        correction=Correction(place, cased(other, quote)) if other else None,
    )
