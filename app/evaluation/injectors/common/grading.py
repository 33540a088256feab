"""Degree and course: one finding called mild here and severe there, or unchanged here and worse there."""

import random
import re
from functools import partial

from app.evaluation.injectors.common.claims import Claim, claims
from app.evaluation.injectors.common.negation import sound
from app.evaluation.injectors.common.page import BODY, Line, Page, swap
from app.evaluation.injectors.common.tables import fill, kinds, phrases, rows
from app.evaluation.injectors.common.ways import Way, anywhere, plain, shuffled
from app.evaluation.items import Injection, Placed
from models.types import SectionName, Span

_DEGREES = {
    "low": re.compile(r"\b(?:mild|minimal|slight|small|tiny|trace|minor|subtle)(?:ly)?\b", re.IGNORECASE),
    "middle": re.compile(r"\bmoderate(?:ly)?\b", re.IGNORECASE),
    "high": re.compile(r"\b(?:severe|marked|massive|extensive|large|gross|advanced)(?:ly)?\b", re.IGNORECASE),
}
_COURSES = {
    "stable": re.compile(
        r"\b(?:stable|unchanged|no (?:significant |interval )?change|not changed)\b", re.IGNORECASE
    ),
    "worse": re.compile(
        r"\b(?:increas\w+|worsen\w*|progress\w*|larger|enlarging|developing)\b", re.IGNORECASE
    ),
    "better": re.compile(
        r"\b(?:decreas\w+|improv\w*|smaller|resol\w+|clear(?:ed|ing)|reduc\w+)\b", re.IGNORECASE
    ),
    "new": re.compile(r"\b(?:new|newly|developed)\b", re.IGNORECASE),
}
_CONFLICTS = {
    "stable": ("worse", "better", "new"),
    "worse": ("stable", "better"),
    "better": ("worse", "stable"),
    "new": ("stable", "better"),
}
_NONE = re.compile(
    r"\A\W*(?:none|not|n/a|no(?: prior| previous)?(?: comparison)?(?: chest)?(?: stud(?:y|ies)| exams?"
    r"| examinations?| films?| radiographs?)?)(?: (?:are|is))?(?: available)?(?: for comparison)?\W*\Z",
    re.IGNORECASE,
)
_PRIOR = re.compile(
    r"\b(?:stable|unchanged|again|prior|previous\w*|interval|remains?|compar\w+|since|persist\w*|chang(?:e|ed)|improv\w+"
    r"|resol\w+|increas\w+|decreas\w+|worsen\w*|new|earlier|developed|continue[sd]?|still"
    r"|old (?:film|study)\w*|xxxx x-xxxx)\b"
)  # fmt: skip
_DEVICES = ("pacer", "line", "clips")
_SAME = r"(?:stable|unchanged)"
_SHAPE = r"(?:cardiomediastinal silhouette|mediastinal contours?|cardiac contours?)"
_PUMP = r"(?:heart|cardiac|cardiomegaly)"
_OUTLINE = re.compile(
    rf"\b{_SAME}\b[^.,;]{{0,30}}\b{_SHAPE}\b|\b{_SHAPE}\b[^.,;]{{0,30}}\b{_SAME}\b", re.IGNORECASE
)
_STEADY = re.compile(
    rf"\b{_SAME}\b[^.,;]{{0,30}}\b{_PUMP}\b|\b{_PUMP}\b[^.,;]{{0,30}}\b{_SAME}\b", re.IGNORECASE
)
_HEART = re.compile(
    r"\b(?:heart(?: size)?|cardiac (?:silhouette|size)|cardiomediastinal silhouette)\b", re.IGNORECASE
)
_NAMES = re.compile(
    r"cardiomegaly|(?:pleural )?effusions?|pneumothorax|pulmonary edema|nodules?|granulomas?|atelectasis|opacit(?:y|ies)"
    r"|infiltrates?|consolidations?|airspace disease|scoliosis|kyphosis|scarring|emphysema|hyperinflation|spondylosis"
    r"|osteophytes|interstitial markings|vascular congestion|hiatal hernia|fractures?|degenerative changes?|mass"
)  # fmt: skip


def _reading(line: Line, scale: dict[str, re.Pattern[str]]) -> tuple[str, re.Match[str]] | None:
    """The one degree or course that a sentence names, where it names exactly one."""
    hits = [(name, match) for name, pattern in scale.items() for match in pattern.finditer(line.text)]
    return hits[0] if len(hits) == 1 else None


def _name(claim: Claim) -> str | None:
    """The finding's own noun as it stands in the sentence."""
    match = _NAMES.match(claim.line.text.lower(), claim.start)
    return match.group() if match is not None else None


def _graded(page: Page) -> list[tuple[Claim, str, re.Match[str], list[Claim]]]:
    """Claims with one degree that stands near the name; with all claims of the finding."""
    found, graded = claims(page), []
    for claim in found:
        about = [other for other in found if other.finding == claim.finding]
        reading = _reading(claim.line, _DEGREES) if claim.finding in kinds("broad", "graded") else None
        if reading is None or not all(other.said for other in about):
            continue
        between = claim.line.text[reading[1].end() : claim.start]
        near = 0 <= claim.start - reading[1].end() <= 30 and not re.search(
            r"[,;.:]|\b(?:and|with|of|in|at)\b", between
        )
        inside = claim.start <= reading[1].start() < claim.end
        levels = {r[0] for r in (_reading(other.line, _DEGREES) for other in about) if r is not None}
        if (near or inside) and levels == {reading[0]}:
            graded.append((claim, reading[0], reading[1], about))
    return graded


def _swap_degree(family: str, page: Page, rng: random.Random) -> Placed | None:
    """Change the degree in one of two sentences that agree, or give one to the sentence without."""
    for claim, level, match, about in shuffled(_graded(page), rng):
        rest = [other for other in about if other.line.index != claim.line.index]
        for other in shuffled(rest, rng):
            if not sound(family, claim.line.text, [other.line]):
                continue
            if _reading(other.line, _DEGREES) is not None:
                word = _opposite_word(match.group().lower(), level, rng)
                return plain(f"degree:{claim.finding}", swap(claim.line, match, word))
            name = _name(other)
            if name is not None and not re.search(r"\w\s\Z", other.line.text[: other.start]):
                return plain(f"degree added:{claim.finding}", _prefix(other, _adjective(level, rng)))
    return None


def _opposite_word(word: str, level: str, rng: random.Random) -> str:
    adverb = "ly" if word.endswith("ly") else ""
    if word in ("small", "tiny", "trace", "large"):
        return "tiny" if word == "large" else "large"
    return (
        rng.choice(("severe", "marked")) if level == "low" else rng.choice(("minimal", "slight"))
    ) + adverb


def _adjective(level: str, rng: random.Random) -> str:
    return rng.choice(("severe", "marked")) if level == "low" else rng.choice(("minimal", "mild"))


def _prefix(claim: Claim, word: str) -> Injection:
    """Put an adjective before the name of a finding."""
    start = claim.line.span.start + claim.start
    name = claim.line.text[claim.start : claim.end]
    capital = name[:1].isupper() and not name.isupper()
    first = word[:1].upper() + word[1:] if capital else word
    return Injection(
        Span(start, start + len(name)), f"{first} {name[:1].lower() if capital else name[:1]}{name[1:]}"
    )


def _add_degree(family: str, page: Page, rng: random.Random) -> Placed | None:
    for claim, level, _, about in shuffled(_graded(page), rng):
        wanted = "high" if level == "low" else "low"
        sentence = _say(family, "graded", claim, {"level": wanted}, rng)
        if sentence is not None:
            return plain(f"degree stated:{claim.finding}", _elsewhere(page, about, sentence, rng))
    return None


def _say(family: str, table: str, claim: Claim, columns: dict[str, str], rng: random.Random) -> str | None:
    """A sentence of this table: with the finding's own noun for keyword, other words for broad."""
    if family == "keyword":
        name = _name(claim)
        options = phrases(family, table, finding=claim.finding, **columns)
        options = options or phrases(family, table, finding="any", **columns)
        return fill(rng.choice(options), name=name) if name is not None and options else None
    for sentence in shuffled(phrases(family, table, finding=claim.finding, **columns), rng):
        if sound(family, sentence, [claim.line]):
            return sentence
    return None


def _elsewhere(page: Page, about: list[Claim], sentence: str, rng: random.Random) -> Injection | None:
    """Add to the section that does not speak of the finding yet, else to either."""
    free: list[SectionName] = [s for s in BODY if s not in {claim.line.section for claim in about}]
    return (anywhere(page, free, sentence, rng) if free else None) or anywhere(page, BODY, sentence, rng)


def _coursed(page: Page) -> list[tuple[Claim, str, re.Match[str], list[Claim]]]:
    """Claims in a sentence with one course and one finding, where the report knows no other course of it."""
    found, coursed = claims(page), []
    for claim in found:
        about = [other for other in found if other.finding == claim.finding]
        reading = _reading(claim.line, _COURSES)
        if claim.finding in _DEVICES:
            continue
        alone = {other.finding for other in found if other.line.index == claim.line.index} == {claim.finding}
        if reading is None or not alone or not all(other.said for other in about):
            continue
        courses = {r[0] for r in (_reading(other.line, _COURSES) for other in about) if r is not None}
        if courses == {reading[0]}:
            coursed.append((claim, reading[0], reading[1], about))
    return coursed


def _swap_course(family: str, page: Page, rng: random.Random) -> Placed | None:
    """Change the course in one of two sentences that agree."""
    words = {"stable": "unchanged", "worse": "worsening", "better": "improving", "new": "new"}
    for claim, course, match, about in shuffled(_coursed(page), rng):
        rest = [
            other.line
            for other in about
            if other.line.index != claim.line.index and _reading(other.line, _COURSES)
        ]
        attributive = (
            re.match(r"(?i)\A(?:stable|unchanged|increased|decreased|new)\Z", match.group())
            and match.start() == 0
        )
        if attributive and rest and sound(family, claim.line.text, rest):
            word = words[rng.choice([c for c in _CONFLICTS[course] if c != "stable"] or ["stable"])]
            return plain(f"course:{claim.finding}", swap(claim.line, match, word))
    return None


def _add_course(family: str, page: Page, rng: random.Random) -> Placed | None:
    for claim, course, _, about in shuffled(_coursed(page), rng):
        for direction in shuffled(_CONFLICTS[course], rng):
            sentence = _say(family, "changed", claim, {"direction": direction}, rng)
            if sentence is not None:
                return plain(f"course stated:{claim.finding}", _elsewhere(page, about, sentence, rng))
    return None


def _outline(page: Page, rng: random.Random) -> Placed | None:
    """A heart or an outline called unchanged here and grown there."""
    for line in shuffled(page.body, rng):
        reading = _reading(line, _COURSES)
        if (
            reading is None
            or reading[0] != "stable"
            or re.search(r"\b(?:no|without|not)\b", line.text, re.IGNORECASE)
        ):
            continue
        subject = "outline" if _OUTLINE.search(line.text) else "heart" if _STEADY.search(line.text) else ""
        rest = "\n".join(
            other.text for other in page.body if other.index != line.index and _HEART.search(other.text)
        )
        if subject and not any(_COURSES[c].search(rest) for c in ("worse", "better", "new")):
            sentence = rng.choice(
                [row["text"] for row in rows("broad", "changed") if row["finding"] == subject]
            )
            sections = [s for s in BODY if s is not line.section]
            return plain(f"course stated:{subject}", anywhere(page, sections, sentence, rng))
    return None


def first_exam(page: Page) -> bool:
    """True when the report says that nothing is there to compare with, and compares with nothing."""
    comparison = "\n".join(line.text for line in page.of(SectionName.COMPARISON))
    rest = page.words(*BODY, SectionName.INDICATION, SectionName.EXAM)
    return bool(_NONE.match(comparison)) and not _PRIOR.search(rest)


def _no_prior(family: str, page: Page, rng: random.Random) -> Placed | None:
    """Compare with an examination that is not there."""
    if not first_exam(page) or rng.random() < 0.6:
        return None
    sentence = rng.choice(rows(family, "noprior"))["text"]
    return plain("no prior", anywhere(page, BODY, sentence, rng))


def _named_prior(page: Page, rng: random.Random) -> Placed | None:
    """Call a described finding stable or worse where nothing is there to compare with."""
    if not first_exam(page):
        return None
    for claim in shuffled([claim for claim in claims(page) if claim.said and claim.start == 0], rng):
        if _name(claim) is not None:
            return plain(
                f"no prior:{claim.finding}", _prefix(claim, rng.choice(("stable", "unchanged", "worsening")))
            )
    return None


def severity(family: str) -> list[Way]:
    """The ways of this family to give one finding two degrees."""
    return [partial(_swap_degree, family), partial(_add_degree, family)]


def change(family: str) -> list[Way]:
    """The ways of this family to give one finding two courses, or a course without a prior."""
    ways: list[Way] = [
        partial(_swap_course, family),
        partial(_add_course, family),
        partial(_no_prior, family),
    ]
    return [*ways, _named_prior] if family == "keyword" else [*ways, _outline, _named_prior]
