"""What a report says of the findings in the table, by plain patterns and on the safe side."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from app.evaluation.injectors.common.page import Line, Page
from app.evaluation.injectors.common.tables import rows

_CUT = re.compile(
    r";|\b(?:but|however|although|though|except|other than|aside from|apart from|with(?!out)|which|otherwise)\b"
    r"|\bthere (?:is|are)\b(?! no\b)|, there\b",
    re.IGNORECASE,
)
_DENIAL = re.compile(
    r"\b(?:no|without|negative for|free of|clear of|absence of|nor|neither|not (?:see|identify|show|demonstrate))\b",
    re.IGNORECASE,
)
_QUALIFIED = re.compile(
    r"\b(?:large|significant|definite|gross|suspicious|new|overt|sizable|measurable|convincing|typical|frank"
    r"|developing|interval|other|further|additional|obvious|XXXX|change|worrisome|dominant|convincingly|definitely"
    r"|dense|confluent|discrete|specific|increase[ds]?|residual|persistent|displaced|cavitary)\b",
    re.IGNORECASE,
)
_AFTER = re.compile(r"\A[^.;,]{0,50}\b(?:not|absent|excluded|negative)\b", re.IGNORECASE)
_PAST = re.compile(
    r"\b(?:history|histories|resol\w+|previously|prior (?:\w+ )?(?:surgery|resection)|evaluat\w*|rule out|r/o|if"
    r"|clear(?:ed|ing)|recommend\w*|removed|no longer|formerly|absence|rather than)\b",
    re.IGNORECASE,
)
_MAYBE = re.compile(
    r"\b(?:may|might|possibl[ey]|probabl[ey]|suspect\w*|suspicious|question\w*|cannot|can be|could|would|suggest\w*"
    r"|concern\w*|versus|vs|or|likely|equivocal|borderline|upper limits?|XXXX representing|XXXX represents?|if|correlat\w*"
    r"|consider|perhaps|appearing|uncertain|difficult|limit\w*|mimic\w*|not)\b",
    re.IGNORECASE,
)
_BOTH = re.compile(
    r"\b(?:bilateral\w*|both|bi(?:basilar|basal|apical)\w*|bases|apices|lungs|hila)\b", re.IGNORECASE
)
_MASKED = re.compile(r"\bXXXX (?:\w+ )?\Z")
"""A mask before the name may hide a doubt."""
_CHRONIC = re.compile(r"interstitial|crowding|prominen", re.IGNORECASE)
"""Signs that may be edema or something old."""
_UNSURE = re.compile(r"\b(?:not|borderline|upper limits?|near|otherwise|abnormal)\b")
_SPINE = re.compile(r"\b(?:\w-)?spin(?:e|al)\b|\bvertebr|\bdisc\b|spondyl", re.IGNORECASE)
_SIDE = re.compile(r"\b(left|right)\b", re.IGNORECASE)
_LEVELS = {
    "upper": re.compile(r"\b(?:upper (?:lobes?|lung|zones?)|apex|apical|apices)\b", re.IGNORECASE),
    "middle": re.compile(r"\b(?:middle lobes?|lingula\w*)\b", re.IGNORECASE),
    "lower": re.compile(
        r"\b(?:lower (?:lobes?|lung|zones?)|bases?|basilar|basal|bibasilar)\b", re.IGNORECASE
    ),
}


class State(StrEnum):
    """What is said of a finding."""

    YES = "yes"
    MAYBE = "maybe"
    NO = "no"
    VOID = "void"  # of the past, asked, or denied in part only


@dataclass(frozen=True, slots=True)
class Claim:
    """One mention of a finding in findings or impression.

    ``side``: left | right | both | "". ``level``: upper | middle | lower | mixed | "".
    """

    finding: str
    state: State
    line: Line
    start: int
    end: int
    side: str
    level: str

    @property
    def name(self) -> str:
        """The words that name the finding, in lower case."""
        return self.line.text[self.start : self.end].lower()

    @property
    def said(self) -> bool:
        """True when the finding is there, surely or perhaps."""
        return self.state in (State.YES, State.MAYBE)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str] | None], ...]:
    return tuple(
        (
            row["finding"],
            re.compile(rf"\b(?:{row['names']})\b", re.IGNORECASE),
            re.compile(row["normal"], re.IGNORECASE) if row["normal"] != "-" else None,
        )
        for row in rows("common", "findings")
    )


def claims(page: Page) -> list[Claim]:
    """Every mention of a finding in findings and impression."""
    return [claim for line in page.body for claim in _of_line(line)]


def of(found: list[Claim], finding: str) -> list[Claim]:
    """The claims about one finding."""
    return [claim for claim in found if claim.finding == finding]


def _of_line(line: Line) -> Iterator[Claim]:
    side, level = side_of(line.text), level_of(line.text)
    for finding, names, normal in _patterns():
        if finding == "degenerative" and not _SPINE.search(line.text):
            continue
        for match in names.finditer(line.text):
            state = state_of(line.text, match.start(), match.end())
            if finding == "edema" and state is not State.NO and _CHRONIC.search(match.group()):
                state = State.VOID
            yield Claim(finding, state, line, match.start(), match.end(), side, level)
        ordinary = normal.search(line.text) if normal is not None else None
        if ordinary is not None:
            unsure = _UNSURE.search(ordinary.group().lower().replace("not enlarged", ""))
            state = State.VOID if unsure else State.NO
            yield Claim(finding, state, line, ordinary.start(), ordinary.end(), side, level)


def state_of(text: str, start: int, end: int) -> State:
    """What a sentence says of the words from ``start`` to ``end``."""
    before = text[:start]
    cuts = list(_CUT.finditer(before))
    if cuts:
        before = before[cuts[-1].end() :]
    denials = list(_DENIAL.finditer(before))
    if denials:
        between = before[denials[-1].end() :]
        if "except" in text.lower() or "change" in between.lower():
            return State.VOID
        return State.VOID if _QUALIFIED.search(between) else State.NO
    if _AFTER.search(text[end:]):
        return State.NO if not _QUALIFIED.search(before) else State.VOID
    if _PAST.search(text):
        return State.VOID
    return State.MAYBE if _MAYBE.search(text) or _MASKED.search(before) else State.YES


def side_of(text: str) -> str:
    """The side that a sentence names: left | right | both | ""."""
    sides = {match.group(1).lower() for match in _SIDE.finditer(text)}
    if len(sides) > 1 or _BOTH.search(text):
        return "both"
    return sides.pop() if sides else ""


def level_of(text: str) -> str:
    """The level that a sentence names: upper | middle | lower | mixed | ""."""
    levels = [level for level, pattern in _LEVELS.items() if pattern.search(text)]
    return "" if not levels else levels[0] if len(levels) == 1 else "mixed"
