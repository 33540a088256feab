"""The side that a sentence opens with, for all that it tells: "Left lung: emphysema, no consolidation"."""

import re
from dataclasses import replace

from app.proofreading.compared import compared
from app.proofreading.excepted import excepted
from app.proofreading.findings import Finding
from app.proofreading.neutral import called_normal
from models.types import Report

_FRAME = re.compile(
    r"(?:[-*\u2022]\s*|\d+[.)]\s*)?(?:(?:in|on|at) )?(?:the )?(?P<side>left|right)(?:\s?:|,? (?:side|lung|hemithorax|"
    r"hemi-thorax|chest|thorax|pleural space|pleura)\b(?=\s?:|,?\s(?:shows?|demonstrates?|reveals?|has|contains?)\b|,)|,)",
    re.IGNORECASE,
)
_OF_SIDES = re.compile(r"lung|pleura|thorax|chest|lobe", re.IGNORECASE)
_OTHER = {"left": re.compile(r"\bright\b|\bR\b"), "right": re.compile(r"\bleft\b|\bL\b")}


def framed(report: Report, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Each finding without a side takes the one that its sentence opens with, where no other is named in it.

    What every lung has and the sentence calls normal is absent; a name that is compared tells of a change.
    """
    findings = tuple(
        compared(called_normal(excepted(finding, report), report), report) for finding in findings
    )
    sides: dict[int, str] = {}
    for number in {finding.sentence for finding in findings}:
        words = report.sentences[number].span.of(report.text)
        match = _FRAME.match(words)
        if match is not None and not _OTHER[match["side"].lower()].search(words, match.end()):
            sides[number] = match["side"].lower()
    return tuple(
        _on(finding, sides[finding.sentence]) if finding.sentence in sides else finding
        for finding in findings
    )


def _on(finding: Finding, side: str) -> Finding:
    if finding.sides or any(not _OF_SIDES.search(site.quote) for site in finding.sites):
        return finding
    return replace(finding, sides=frozenset({side}))
