"""Which of a patient's devices a sentence speaks of: one may be out where another is in."""

import csv
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from app.proofreading.case import Case
from app.proofreading.comparing import IMPRESSION, REPORTED, asserted, denied, is_device, phrase, subsumes
from app.proofreading.findings import Finding
from app.proofreading.gone import gone_rules
from models.types import SectionName

_ANY, _LINE = "RP:catheter", "RP:central-line"
_LEAD = "lead"
_REPLACED = re.compile(
    r"\b(?:exchang|replac|revis|upgrad|swap|chang\w+ (?:for|to|out)|re-?insert|re-?posit|re-?sit|upsiz|downsiz|"
    r"converted)",
    re.IGNORECASE,
)
_NEXT = re.compile(
    r"\b(?:new|newly|another|again|now|different|other|additional|second|remaining|placed|placement|insert\w+|re-?place\w*)\b",
    re.IGNORECASE,
)
ALL = re.compile(r"\b(?:all|both|any|every)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of a device, the words that name it, and whether it goes while the device itself stays."""

    device: str
    name: str
    words: re.Pattern[str]
    apart: bool


@cache
def _kinds() -> tuple[_Kind, ...]:
    table = files("app").joinpath("proofreading/detectors/device_kinds.tsv")
    with table.open(encoding="utf-8") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return tuple(
            _Kind(r["device"], r["kind"], re.compile(r["words"], re.IGNORECASE), bool(r["apart"]))
            for r in rows
        )


def is_out(denial: Finding) -> bool:
    """True for a device that was there and is gone, not for one that is only said not to be there."""
    resolved = any(change.value == "resolved" for change in denial.changes)
    return resolved or not denial.entity.rules or not gone_rules().isdisjoint(denial.entity.rules)


def of_another_device(denial: Finding, described: Finding, case: Case) -> bool:
    """True when the denied device may be another than the described one.

    "No nasogastric tube" beside a feeding tube; "the line is out" beside a port. What is described in general
    ("enteric tube in place") is the one that the other section denies by its kind, where that tells of no other.
    """
    if not is_device(denial):
        return False
    out = is_out(denial)
    if out and (says(_REPLACED, denial, case) or says(_NEXT, described, case)):
        return True
    gone, there = _kinds_of(denial, case, out=out), _kinds_of(described, case, out=out)
    if gone and there:
        return not {kind.name for kind in gone} & {kind.name for kind in there}
    if gone:
        return (out and any(kind.apart for kind in gone)) or not is_only_one(denial, described, case)
    return bool(there) and out and not says(ALL, denial, case)


def is_kind_of(denial: Finding, described: Finding, case: Case) -> bool:
    """True for a denied kind of the described device: no PICC in the findings, a central line concluded."""
    if described.section not in IMPRESSION:
        return False
    general = described.concept == _LINE and is_device(denial) and denial.concept != described.concept
    return general and subsumes(_LINE, denial.concept or "", case.facts)


def is_only_one(denial: Finding, described: Finding, case: Case) -> bool:
    """True across the sections where the denial's tells of none of the kind, and the other denies none."""
    across = (denial.section in IMPRESSION) != (described.section in IMPRESSION)
    if not across or described.concept == _ANY:
        return False
    there, not_there = _counted(case)
    concept = described.concept or ""
    others = (c for section, c in there if section is denial.section)
    denials = (c for section, c in not_there if section is described.section)
    return not any(c == _ANY or subsumes(concept, c, case.facts) for c in others) and not any(
        subsumes(concept, c, case.facts) for c in denials
    )


def _counted(case: Case) -> tuple[Counter[tuple[SectionName, str]], Counter[tuple[SectionName, str]]]:
    """What each section has, and what it denies, by concept: few, however long the report."""
    key = "told in sections"
    if key not in case.memo:
        case.memo[key] = tuple(
            Counter((one.section, one.concept or "") for one in found)
            for found in (asserted(case, REPORTED), denied(case, REPORTED))
        )
    counted: tuple[Counter[tuple[SectionName, str]], Counter[tuple[SectionName, str]]] = case.memo[key]
    return counted


def _named(finding: Finding, case: Case, *, out: bool) -> tuple[_Kind, ...]:
    """The kinds that a device is named as, by its words; a special line by its concept.

    Its leads name the whole, unless they went: "no pacing leads".
    """
    concept = finding.concept or ""
    if concept != _LINE and subsumes(_LINE, concept, case.facts):
        return (_Kind(_LINE, concept, re.compile(""), apart=False),)
    words = case.report.quote(phrase(finding, case))
    return tuple(
        kind
        for kind in _kinds()
        if kind.device == concept and kind.words.search(words) and (out or kind.name != _LEAD)
    )


def _kinds_of(finding: Finding, case: Case, *, out: bool) -> tuple[_Kind, ...]:
    """Asked once a finding, however many others it is compared with."""
    key = "device kinds", finding.index, out
    if key not in case.memo:
        case.memo[key] = _named(finding, case, out=out)
    kinds: tuple[_Kind, ...] = case.memo[key]
    return kinds


def says(words: re.Pattern[str], finding: Finding, case: Case) -> bool:
    """True where the sentence of the finding has the words; asked once a sentence."""
    key = words.pattern, finding.sentence
    if key not in case.memo:
        text = case.report.quote(case.report.sentences[finding.sentence].span)
        case.memo[key] = words.search(text) is not None
    return bool(case.memo[key])
