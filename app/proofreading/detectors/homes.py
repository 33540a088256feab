"""What belongs to few organs, told of another one: "callus around the midshaft of the oesophagus"."""

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from app.proofreading.case import Case
from app.proofreading.detectors.beginnings import by_letters, rows_for
from app.proofreading.detectors.cannot_be import Found, impossible
from app.proofreading.detectors.organ_findings import ASPECT, FOLLOWS, organ_classes, table_lines
from app.proofreading.report import Candidate, ErrorType

_NONE = "-"
_CONFIDENCE = 0.86
_BREAK = re.compile(
    r"[.;:,()]|\b(?:and|or|with|without|while|but|which|whereas|as|than|like|no|not|versus|vs|causing|from|due|"
    r"secondary|because|since|after|over|overl\w+|project\w+ over|behind|near|beside|adjacent|below|above|beneath|under|"
    r"beyond|mimic\w*|simulat\w+|abut\w*|compress\w*|displac\w+|against|towards?|between|to)\b",
    re.IGNORECASE,
)
_IN = (
    r"(?:\W+\w+){0,5}?\W+(?:(?:of|in|within|inside|into|through(?:out)?|along|around|surround\w+|bridg\w+|involv\w+|lin(?:es|ing)|"
    r"fill(?:s|ing)|affect\w+|at)\W+)"
)
_WAYS = {"in": _IN, "of": r"\W+of\W+"}
_SHOWS = r"\W+(?:shows?|demonstrates?|exhibits?|contains?|reveals?|has|have|(?:is|are) (?:\w+ )?with)\W+(?:\w+\W+){0,3}?"


_LINK = re.compile(  # a word that both ways need
    r"\b(?:of|in|within|inside|into|through|along|around|surround|bridg|involv|lin(?:es|ing)|fill|affect|at|show|demonstrat|"
    r"exhibit|contain|reveal|has|have|with)",
    re.IGNORECASE,
)


class _Row(NamedTuple):
    """A term, the words of its homes, and the two ways in which another organ is said to have it."""

    term: re.Pattern[str]
    home: re.Pattern[str]
    inside: re.Pattern[str]
    shown: re.Pattern[str]
    why: str


class Homes:
    """Reads clause by clause: the term, an organ that it is said to be in, and no word of a home of it."""

    types = frozenset({ErrorType.IMPOSSIBLE_ANATOMY})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates sentence by sentence."""
        yield from impossible(case, _found, "home", _CONFIDENCE)


@lru_cache(maxsize=10_000)  # reports say the same sentences again and again
def _found(text: str) -> tuple[Found, ...]:
    found = []
    for number in rows_for(text, _by_letters()) if _LINK.search(text) else ():
        row = _row(number)
        if row.home.search(row.term.sub(" ", text)):
            continue
        found += [(*span, row.why) for span in _spans(row, text)]
    return tuple(found)


def _spans(row: _Row, text: str) -> Iterator[tuple[int, int]]:
    for pattern in (row.inside, row.shown):
        for match in pattern.finditer(text):
            if not _BREAK.search(match["between"]):
                yield match.start(), match.end()


@cache
def _table() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(row) for row in table_lines("homes.tsv"))


@cache
def _by_letters() -> Mapping[str, frozenset[int]]:
    return by_letters(row[0].split("|") for row in _table())


@cache
def _row(number: int) -> _Row:
    _, way, term, homes, words, why = _table()[number]
    known = organ_classes()
    at_home = frozenset(homes.split()) - {_NONE}
    nouns = [known[name][0] for name in at_home]
    adjectives = [known[name][1] for name in at_home if known[name][1] != _NONE]
    home = "|".join([*nouns, *adjectives, *([] if words == _NONE else [words])])
    foreign = "|".join(nouns for name, (nouns, _) in known.items() if name not in at_home)
    return _Row(
        term=_compiled(rf"\b(?:{term})(?!\w)"),
        home=_compiled(rf"\b(?:{home})(?!\w)"),
        inside=_compiled(rf"\b(?:{term})(?!\w)(?P<between>{_WAYS[way]}){ASPECT}(?:{foreign}){FOLLOWS}"),
        shown=_compiled(rf"\b(?:{foreign})(?P<between>{_SHOWS})(?:{term})(?!\w)"),
        why=why,
    )


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
