"""The protocol of arXiv 2406.15045 rebuilt: 512 clean reports and 1,110 with one error each.

An error is a negation flip or a substitution among twelve key chest findings. As in the paper it
need not show from the text alone.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

from app.evaluation.injectors.common.claims import State, state_of
from app.evaluation.injectors.common.page import Line, Page, read, swap
from app.evaluation.injectors.common.tables import rows
from app.evaluation.items import Injection, Item, Origin
from app.evaluation.splits import share
from app.proofreading.report import ErrorType, SubmittedReport
from models.types import Span

CLEAN, WRONG = 512, 1110
"""The paper's numbers of reports without and with an error."""

_MOST = 3
_DENIED = re.compile(
    r"(?P<lead>\A|\b(?:is|are|shows?|with) )(?P<no>no|No) (?:(?:definite|visible|evidence of|XXXX of) )*"
    r"(?P<np>(?:(?!or |and )[a-z]+[ -]){0,2}?)\Z"
)
_WITHOUT = re.compile(
    r"\bwithout (?:(?:evidence of|visible|definite|any|new) )*(?P<np>(?:(?!or |and )[a-z]+ ){0,2}?)\Z"
)
_STATED = re.compile(
    r"\A(?P<lead>There (?:is|are) )?(?:(?:a|an) )?"
    r"(?P<np>(?:(?!no\b|not\b|without\b|with\b|is\b|are\b|the\b)[A-Za-z]+[ -]){0,4}?)\Z",
    re.IGNORECASE,
)
_NEXT = re.compile(r"\A(?:, or|,| or| and) (?=[a-z])")


@cache
def _findings() -> tuple[tuple[str, re.Pattern[str], str, str], ...]:
    return tuple(
        (row["finding"], re.compile(rf"\b(?:{row['names']})\b", re.IGNORECASE), row["one"], row["many"])
        for row in rows("common", "twelve")
    )


def paper_items(reports: Sequence[SubmittedReport], seed: int) -> Iterator[Item]:
    """Clean and wrong items in the paper's ratio, fewer of both where there are fewer reports.

    A report serves once at most as clean, and up to three times with different errors.
    """
    ordered = sorted(reports, key=lambda report: share(f"{seed}:{report.report_id}:paper"))
    clean = min(CLEAN, len(ordered))
    wrong = _wrong(ordered, seed, round(clean * WRONG / CLEAN))
    clean = min(clean, round(len(wrong) * CLEAN / WRONG))
    for report in ordered[:clean]:
        yield Item(report, Origin.CLEAN, report.text)
    yield from wrong


def _wrong(reports: Sequence[SubmittedReport], seed: int, wanted: int) -> list[Item]:
    """Up to ``wanted`` items with one error; every report serves once before one serves twice."""
    made: list[Item] = []
    seen: set[tuple[str, str]] = set()
    for turn in range(_MOST):
        for position, report in enumerate(reports):
            if len(made) == wanted:
                return made
            rng = random.Random(f"{seed}:{report.report_id}:paper:{turn}")
            item = _item(report, (position + turn) % 2 == 0, turn, rng)
            if item is not None and (report.report_id, item.report.text) not in seen:
                seen.add((report.report_id, item.report.text))
                made.append(item)
    return made


def _item(report: SubmittedReport, flip_first: bool, turn: int, rng: random.Random) -> Item | None:
    page = read(report.text)
    ways = [("negation_flip", _flip), ("substitution", _substitute)]
    for variant, way in ways if flip_first else reversed(ways):
        edit = way(page, rng)
        if edit is not None:
            kind = ErrorType.NEGATION_CONTRADICTION if variant == "negation_flip" else ErrorType.TERMINOLOGY
            text = edit.apply(report.text)
            edited = replace(report, text=text, report_id=f"{report.report_id}#paper-{turn + 1}")
            return Item(edited, Origin.INJECTED, report.text, kind, variant, edit.altered)
    return None


def _mentions(page: Page, rng: random.Random) -> list[tuple[str, Line, re.Match[str]]]:
    """Every mention of the twelve findings in findings and impression, in random order."""
    found = [
        (finding, line, match)
        for line in page.body
        for finding, pattern, _, _ in _findings()
        for match in pattern.finditer(line.text)
    ]
    return rng.sample(found, len(found))


def _flip(page: Page, rng: random.Random) -> Injection | None:
    """Take a negation away, or put one before a finding that is there."""
    for _, line, match in _mentions(page, rng):
        there = state_of(line.text, match.start(), match.end()) is State.YES
        edit = _deny(line, match) if there else _affirm(line, match)
        if edit is not None:
            return edit
    return None


def _deny(line: Line, match: re.Match[str]) -> Injection | None:
    opening = _STATED.search(line.text[: match.start()])
    if opening is None:
        return None
    name = opening["np"] + match.group()
    if not name.isupper():
        name = name[:1].lower() + name[1:]
    return _edit(line, 0, match.end(), f"{opening['lead'] or ''}{'no' if opening['lead'] else 'No'} {name}")


def _affirm(line: Line, match: re.Match[str]) -> Injection | None:
    before, after = line.text[: match.start()], line.text[match.end() :]
    following = _NEXT.search(after)
    end = match.end() + (following.end() if following else 0)
    opening = _DENIED.search(before)
    if opening is not None:
        name = opening["np"] + match.group()
        if opening["no"] == "No":
            name = name[:1].upper() + name[1:]
        return _edit(line, opening.start("no"), end, name + (" but no " if following else ""))
    opening = _WITHOUT.search(before)
    if opening is None:
        return None
    return _edit(
        line, opening.start(), end, f"with {opening['np']}{match.group()}" + (" but no " if following else "")
    )


def _edit(line: Line, start: int, end: int, words: str) -> Injection:
    return Injection(Span(line.span.start + start, line.span.start + end), words)


def _substitute(page: Page, rng: random.Random) -> Injection | None:
    """Put another of the twelve findings in the place of one."""
    for finding, line, match in _mentions(page, rng):
        others = [
            (one, many)
            for other, pattern, one, many in _findings()
            if other != finding and not pattern.search(line.text)
        ]
        if others:
            plural = re.search(r"(?:s|ces)\Z", match.group().lower()) and not match.group().lower().endswith(
                "is"
            )
            return swap(line, match, rng.choice(others)[1 if plural else 0])
    return None
