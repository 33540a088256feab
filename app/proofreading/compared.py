"""A change that a name tells where it is compared: "increased interstitial markings compared to the prior"."""

import re
from dataclasses import replace

from app.proofreading.findings import Finding
from models.types import EntityKind, Report, Span

_WAYS = (
    ("increased", re.compile(r"\b(?:increas\w+|enlarged|more \w+|worsened)\b", re.IGNORECASE)),
    ("decreased", re.compile(r"\b(?:decreas\w+|reduced|diminished|less \w+)\b", re.IGNORECASE)),
)
_THAN_BEFORE = re.compile(
    r"[,\s]\s*(?:(?:bilaterally|throughout|diffusely|when|as)\s+)*"
    r"(?:(?:compared|in comparison|relative) (?:to|with)|since|from|over)\s+(?:the |that |those )?"
    r"(?:prior|previous|last|earlier|comparison|preceding|baseline|yesterday|old)\b",
    re.IGNORECASE,
)


def compared(finding: Finding, report: Report) -> Finding:
    """The finding with the change of its own name, where the words after it compare it with an earlier study.

    By itself such a name tells of a look, and not of time.
    """
    entity = finding.entity
    if finding.changes or not any(way.search(entity.quote) for _, way in _WAYS):
        return finding
    if _THAN_BEFORE.match(report.text, entity.span.end, report.sentences[finding.sentence].span.end) is None:
        return finding
    for value, way in _WAYS:
        word = way.search(entity.quote)
        if word is not None:
            span = Span(entity.span.start + word.start(), entity.span.start + word.end())
            change = replace(
                entity, span=span, quote=word.group(), kind=EntityKind.CHANGE, concept=None, value=value
            )
            return replace(finding, changes=(change,))
    return finding
