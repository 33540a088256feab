"""What a denial leaves out: "no effusion other than a trace on the left", "none on the right and a trace on the left"."""

import re
from dataclasses import replace

from app.proofreading.findings import Finding, Status
from app.proofreading.sided import SIDES
from models.types import Entity, Report

_BOTH = frozenset({"left", "right"})
_FIRST = r"(?:(?:only|just|perhaps|possibly|there is|there are|for|an?|the|very|some)\s+)*"
_SOME = (
    r"(?:trace|tiny|small|minimal|mild|slight|moderate|large|big|little|minor|subtle|faint|shallow|thin|massive|severe|"
    r"some|one|a bit|blunting)\b"
)
_BUT = re.compile(
    r"\b(?:other than|except(?:ing)?|save|barring|apart from|aside from|besides|but for|with the exception of)\s"
    rf"|(?:,|\b(?:and|but|while|whereas|yet)\b)\s+{_FIRST}{_SOME}",
    re.IGNORECASE,
)


def excepted(finding: Finding, report: Report) -> Finding:
    """A denial without the sides and degrees of what is excepted from it, which is there.

    Of "no effusion other than on the left" the right side is left.
    """
    after = [*finding.side_entities, *finding.severities, *finding.sizes]
    if finding.status is not Status.ABSENT or not after:
        return finding
    start, end = finding.entity.span.end, report.sentences[finding.sentence].span.end
    but = _BUT.search(report.text, start, end)
    if but is None:
        return finding
    kept = tuple(side for side in finding.side_entities if side.span.start < but.start())
    dropped = _told(finding.side_entities) - _told(kept)
    if not dropped or (not kept and len(dropped) > 1):
        return finding

    def before(words: tuple[Entity, ...]) -> tuple[Entity, ...]:
        return tuple(word for word in words if word.span.start < but.start())

    return replace(
        finding,
        sides=(finding.sides - dropped) | _told(kept) or _BOTH - dropped,
        side_entities=kept,
        severities=before(finding.severities),
        sizes=before(finding.sizes),
        zones=before(finding.zones),
    )


def _told(sides: tuple[Entity, ...]) -> frozenset[str]:
    return frozenset[str]().union(*(SIDES.get(side.value or "", frozenset()) for side in sides))
