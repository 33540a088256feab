"""The place that joined findings share: "left lower lobe infiltrate and atelectasis"."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, takewhile

from app.proofreading.findings import Finding, Status, compositions
from app.proofreading.lung_levels import levels
from kg_ingest.schema import EdgeKind, Facts
from models.types import Entity, EntityKind, Report, ReportGraph

_LUNG = "RP:lung"
_HOMES = frozenset(
    f"RP:{name}"
    for name in "lung pleura pleural-space costophrenic-angle pulmonary-vasculature hemidiaphragm".split()
)
_BONES = frozenset({"RP:rib", "RP:clavicle", "RP:scapula", "RP:bony-thorax"})
_EVERYWHERE = frozenset(  # of both lungs unless their own side is told
    f"RP:{name}" for name in "emphysema pulmonary-edema vascular-congestion fibrosis hyperinflation".split()
)
_AND = r",?\s*(?:and(?:/or)?|or|versus|vs\.?|with|plus|&|\+|/)\s*(?:an?\b|some\b)?\s*"
_OR = re.compile(r",?\s*(?:and/or|or|versus|vs\.?|/)\s*(?:an?\b)?\s*", re.IGNORECASE)
_JOINED = re.compile(_AND, re.IGNORECASE)
_BESIDE = re.compile(
    r"(?:(?:in|at|of|on|to|the)\s)*" + _AND + r"(?:adjacent|associated|accompanying|overlying|underlying|"
    r"subjacent|neighbou?ring|concomitant)",
    re.IGNORECASE,
)
_BECAUSE = (
    r"(?:because of|due to|owing to|on account of|secondary to|caused by|resulting from|related to|from)"
)
_FOR = re.compile(r"(?:(?:in|at|of|on|to|the)\s)*" + _BECAUSE + r"(?:\s(?:the|an?|some))?", re.IGNORECASE)
_BY = re.compile(
    r"(?:(?:which|that|is|are|lies|lying|seen|immediately|just|directly)\s)*"
    r"(?:adjacent to|next to|beside|alongside|underlying|overlying|beneath|under|above|accompanying|associated with|"
    rf"{_BECAUSE})"
    r"(?:\s(?:the|an?|some))?",
    re.IGNORECASE,
)
_CAUSE = re.compile(  # "collapse of the left lung from a large pneumothorax", "beneath an effusion"
    r"(?:(?:in|at|of|on|to|the|against|towards?)\s)*,?\s*(?:from|due to|secondary to|because of|caused by|beneath|"
    r"under|underneath|accompanying|overlying|compressed by|typical of|with|by)(?:\s+(?:an?|the|some))?\s*",
    re.IGNORECASE,
)
_OPPOSITE = re.compile(r"\b(?:contralateral|opposite)\b(?! side)", re.IGNORECASE)
_OPENING = re.compile(
    r"\W*(?:(?:on|in) the )?(left|right)(?: (?:lung|side|hemithorax|chest|pleura|pleural space))?\s*:",
    re.IGNORECASE,
)
_BOTH = re.compile(r"bi(?:basi|basa|api|late)", re.IGNORECASE)
_FAR = 30  # entities looked ahead, so that work stays linear in a run-on sentence
_PLACES = frozenset({EntityKind.SIDE, EntityKind.ZONE, EntityKind.ANATOMY})


def shared(
    report: Report, graph: ReportGraph, findings: tuple[Finding, ...], facts: Facts
) -> tuple[Finding, ...]:
    """Each finding of lung or pleura without a place takes that of the one it is joined to.

    The level is shared within the lung only: effusion and atelectasis of one side lie at levels of their own.
    """
    places = _Places(report, graph, facts)
    result = list(findings[:1])
    for _, second in pairwise(findings):
        result.append(places.joined(result[-1], second))
    leaning = [places.leaning(first, second) for first, second in pairwise(result)]
    return tuple(places.opened(_on_both(finding)) for finding in (*leaning, *result[-1:]))


def _on_both(finding: Finding) -> Finding:
    """A finding of both bases that is "more extensive on the left" is on the right, too."""
    both = len(finding.sides) == 1 and any(
        _BOTH.match(word.quote) for word in (finding.entity, *finding.zones)
    )
    return replace(finding, sides=frozenset({"left", "right"})) if both else finding


def _named_with_level(finding: Finding) -> tuple[Entity, ...]:
    """The finding's own name where it tells the level: "basilar scarring"."""
    return (finding.entity,) if levels(finding) and not finding.sites else ()


class _Places:
    """What stands between two findings, and where findings have their home."""

    def __init__(self, report: Report, graph: ReportGraph, facts: Facts) -> None:
        self._report, self._graph, self._facts = report, graph, facts

    def joined(self, first: Finding, second: Finding) -> Finding:
        """``second`` at the place of ``first``, and as much where the two are one shadow's two readings."""
        if first.sentence != second.sentence:
            return second
        second = self._caused(first, second) or self._placed(first, second)
        if first.severities and not second.severities and self._words_between(first, second, _OR):
            return replace(second, severities=first.severities)
        return second

    def leaning(self, first: Finding, second: Finding) -> Finding:
        """``first`` on the side of what it is told to lie beside or to come from: "adjacent to the right effusion"."""
        if first.sentence != second.sentence or len(second.sides) != 1:
            return first
        placed = first.sides or first.sites or first.zones or _BOTH.match(first.entity.quote)
        if placed or Status.ABSENT in (first.status, second.status) or second.shared:
            return first
        if not self._home(first) or not self._home(second) or not self._words_between(first, second, _BY):
            return first
        return replace(first, shared=True, sides=second.sides, side_entities=second.side_entities)

    def opened(self, finding: Finding) -> Finding:
        """``finding`` on the side that opens its sentence: "Left lung: consolidation in the mid zone"."""
        if finding.sides or finding.normal or not self._home(finding) or _BOTH.match(finding.entity.quote):
            return finding
        span = self._report.sentences[finding.sentence].span
        side = _OPENING.match(self._report.text, span.start, finding.entity.span.start)
        return finding if side is None else replace(finding, sides=frozenset({side[1].lower()}))

    def _caused(self, first: Finding, second: Finding) -> Finding | None:
        """What fills the place of the first: "blunting of the right angle by fluid" is an effusion there."""
        plain = second.concept is None and not second.normal and not (second.sites or second.sides)
        if not plain or first.status is not second.status or not self._words_between(first, second, _CAUSE):
            return None
        homes = [site.concept for site in first.sites if site.concept is not None]
        homes += self._facts.leaving.get((first.concept or "", EdgeKind.HAS_FINDING_SITE), ())
        places = (place for home in homes for place in (home, *sorted(self._facts.wholes.get(home, ()))))
        named = (compositions().get((second.entity.value or "", place)) for place in places)
        concept = next((name for name in named if name is not None), None)
        if concept is None:
            return None
        return replace(
            second, concept=concept, shared=True, sides=first.sides, side_entities=first.side_entities
        )

    def _placed(self, first: Finding, second: Finding) -> Finding:
        placeless = not (second.sides or second.sites or second.zones or _BOTH.match(second.entity.quote))
        if len(first.sides) != 1 or not placeless:
            return second
        between = self._report.text[first.entity.span.end : second.entity.span.start]
        if _OPPOSITE.search(between) and self._home(second):
            return replace(second, sides=frozenset({"left", "right"}) - first.sides)
        homes = self._home(first) or self._bone(first), self._home(second)
        if self._on_another(first, second):
            return second
        gone = Status.ABSENT in (first.status, second.status)
        if gone or not homes[0] or not homes[1] or not self._side_by_side(first, second):
            return second
        within = homes[0] == homes[1] == _LUNG
        return replace(
            second,
            shared=True,
            sides=first.sides,
            side_entities=first.side_entities,
            sites=first.sites if within else (),
            zones=(first.zones or _named_with_level(first)) if within else (),
        )

    def _on_another(self, first: Finding, second: Finding) -> bool:
        """True where the sentence goes on to the other side: "left nodules and cavitation of a right nodule"."""
        entities = self._graph.entities
        last = min(len(entities), second.index + 1 + _FAR)
        rest = (entities[index] for index in range(second.index + 1, last))
        here = takewhile(lambda entity: entity.sentence == second.sentence, rest)
        return any(entity.kind is EntityKind.SIDE and entity.value not in first.sides for entity in here)

    def _home(self, finding: Finding) -> str | None:
        if finding.concept is None or finding.concept in _EVERYWHERE:
            return None
        homes = self._facts.leaving.get((finding.concept, EdgeKind.HAS_FINDING_SITE), ())
        return next((home for home in homes if home in _HOMES), None)

    def _bone(self, finding: Finding) -> str | None:
        """The bones of the chest for their findings: "left rib fractures with an associated pneumothorax"."""
        homes = self._facts.leaving.get((finding.concept or "", EdgeKind.HAS_FINDING_SITE), ())
        return next((home for home in homes if home in _BONES), None)

    def _side_by_side(self, first: Finding, second: Finding) -> bool:
        """True when only joining words, and what describes the second, stand between the two."""
        placed = any(entity.kind in _PLACES for entity in self._between(first, second))
        if self._words_between(first, second, _FOR) or self._words_between(first, second, _BESIDE):
            return True
        if self._home(first) is None:
            return False
        one = not second.entity.quote.lower().endswith(
            "s"
        )  # "consolidation at the right base with effusions"
        return (one and self._words_between(first, second, _CAUSE)) or (
            not placed and self._words_between(first, second, _JOINED)
        )

    def _words_between(self, first: Finding, second: Finding, words_of: re.Pattern[str]) -> bool:
        between = self._between(first, second)
        words, at = "", first.entity.span.end
        for entity in between:
            words += self._report.text[at : entity.span.start]
            at = entity.span.end
        words += self._report.text[at : second.entity.span.start]
        return bool(words_of.fullmatch(" ".join(words.split())))

    def _between(self, first: Finding, second: Finding) -> Iterator[Entity]:
        inside = range(first.index + 1, second.index)
        return (self._graph.entities[index] for index in inside)
