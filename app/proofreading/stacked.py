"""Adjectives that say something of a structure beside or without a named finding.

"Tortuous calcified aorta": one name of the lexicon holds the structure, and the word before it says more of it.
"The heart is rather big": a word of size that is said of a structure is a finding, where it elsewhere is a degree.
"""

import re
from dataclasses import replace
from operator import attrgetter

from app.proofreading.findings import Finding, Status, attached, compositions
from app.proofreading.sided import SIDES
from kg_ingest.schema import EdgeKind, Facts
from models.types import Entity, EntityKind, Report, ReportGraph

_FEW = 4  # entities that may stand between the adjective and the name
_BETWEEN = re.compile(r"\s*(?:,|and|or|and/or|/|&|,\s*and)?\s*", re.IGNORECASE)
_ADJECTIVES = (EntityKind.DESCRIPTOR, EntityKind.OBSERVATION)
_DEGREES = (EntityKind.SEVERITY, EntityKind.DESCRIPTOR, EntityKind.ZONE)
_DESCRIBING = frozenset((*_ADJECTIVES, *_DEGREES))


_BIG = re.compile(
    r"(?:too |very |quite |rather )?(?:big|large|huge|massive|enormous|gigantic|immense|bulky)", re.IGNORECASE
)
_MASSIVE = re.compile(r"huge|massive|enormous|gigantic|immense", re.IGNORECASE)
_SAID_OF = re.compile(
    r"\s+(?:is|are|looks?|appears?|remains?|seems?)(?:\s+(?:an?|to be|little|bit|touch|rather|quite|very|too|still|now|"
    r"somewhat|so|fairly|again|\w+ly))*\s+",
    re.IGNORECASE,
)
_ENDS = re.compile(r"\s*(?:[.,;:)\n]|and\b|but\b|with\b|for\b|although\b|though\b|$)", re.IGNORECASE)
_TOUCHING = re.compile(r"\s+")
_ENLARGED, _DENSE = "enlarged", "dense"


def sized(
    report: Report, graph: ReportGraph, findings: tuple[Finding, ...], facts: Facts
) -> tuple[Finding, ...]:
    """The findings, and structures that are called large by a predicate."""
    large = [
        index
        for index, word in enumerate(graph.entities)
        if (word.kind is EntityKind.SEVERITY and _BIG.fullmatch(word.quote)) or _is_dense(word)
    ]
    if not large:
        return findings
    sizes = _Sizes(report, graph, facts)
    named = [finding for index in large if (finding := sizes.named(index)) is not None]
    return tuple(sorted((*findings, *named), key=attrgetter("index")))


class _Sizes:
    """The structures of a report that words of size are said of."""

    def __init__(self, report: Report, graph: ReportGraph, facts: Facts) -> None:
        self._report, self._graph, self._facts = report, graph, facts
        self._modifiers = attached(graph)[0]

    def named(self, index: int) -> Finding | None:
        """The finding that the word at ``index`` names with the structure that it is said of."""
        word = self._graph.entities[index]
        at = self._object(index)
        at = self._subject(index) if at is None else at
        if at is None:
            return None
        said_of = word.value if _is_dense(word) else _ENLARGED
        site = self._graph.entities[at]
        plain = self._facts.leaving.get((site.concept or "", EdgeKind.UNSIDED), ())
        table = compositions()
        concepts = [c for name in (site.concept or "", *plain) if (c := table.get((said_of or "", name)))]
        said = [self._graph.entities[modifier] for modifier in self._modifiers[at]]
        told = (SIDES.get(one.value or "", frozenset()) for one in said if one.kind is EntityKind.SIDE)
        grades = [one for one in said if one.kind is EntityKind.SEVERITY]
        return (
            None
            if not concepts
            else Finding(
                entity=replace(word, kind=EntityKind.OBSERVATION, value=said_of),
                index=index,
                status=_status(word),
                section=self._report.section_of(word.sentence),
                sentence=word.sentence,
                concept=concepts[0],
                sides=self._own_side(site).union(*told),
                sites=(site,),
                severities=tuple(one for one in grades if one != word or _MASSIVE.search(word.quote)),
                changes=tuple(one for one in said if one.kind is EntityKind.CHANGE),
            )
        )

    def _own_side(self, site: Entity) -> frozenset[str]:
        node = self._facts.nodes.get(site.concept or "")
        return SIDES.get(str(node.sidedness), frozenset()) if node is not None else frozenset()

    def _object(self, index: int) -> int | None:
        """The structure that the word stands before: "dense left hilum"; where no finding's name follows."""
        entities, text = self._graph.entities, self._report.text
        for at in range(index + 1, min(len(entities), index + 1 + _FEW)):
            before, here = entities[at - 1], entities[at]
            if here.sentence != before.sentence or not _TOUCHING.fullmatch(
                text, before.span.end, here.span.start
            ):
                return None
            if here.kind is EntityKind.ANATOMY:
                return at if _ENDS.match(text, here.span.end) else None
            if here.kind is not EntityKind.SIDE:
                return None
        return None

    def _subject(self, index: int) -> int | None:
        word, text = self._graph.entities[index], self._report.text
        for at in range(index - 1, max(-1, index - 1 - _FEW), -1) if _ENDS.match(text, word.span.end) else ():
            before = self._graph.entities[at]
            if before.sentence != word.sentence:
                return None
            if before.kind is EntityKind.ANATOMY:
                return at if _SAID_OF.fullmatch(text, before.span.end, word.span.start) else None
            if before.kind is not EntityKind.SEVERITY:
                return None
        return None


def _is_dense(word: Entity) -> bool:
    return word.kind is EntityKind.DESCRIPTOR and word.value == _DENSE


def _status(word: Entity) -> Status:
    """As the rules that cover the word say: a modifier of a structure has that structure's label."""
    if any(rule.startswith("negated") for rule in word.rules):
        return Status.ABSENT
    doubted = any(rule.startswith("uncertain") for rule in word.rules)
    return Status.UNCERTAIN if doubted else Status.PRESENT


def stacked(
    report: Report, graph: ReportGraph, findings: tuple[Finding, ...], facts: Facts
) -> tuple[Finding, ...]:
    """The findings, and those that an adjective before one names with its structure.

    One name of the lexicon takes "calcified aorta" as a whole; the word before it would only describe that.
    """
    found = {finding.index: finding for finding in findings}
    for finding in findings:
        before = graph.entities[finding.index - 1] if finding.index else None
        described = before is not None and before.sentence == finding.sentence and before.kind in _DESCRIBING
        sites = _sites_named(finding, facts) if described else ()
        last = finding.entity
        for index in range(finding.index - 1, max(-1, finding.index - 1 - _FEW), -1) if sites else ():
            word = graph.entities[index]
            beside = _BETWEEN.fullmatch(report.text, word.span.end, last.span.start)
            if word.sentence != finding.sentence or beside is None:
                break
            concept = _named_with(word, sites, found.get(index))
            if concept is not None and concept != finding.concept:
                found[index] = _said_with(finding, word, index, concept)
            elif word.kind not in _DEGREES:
                break
            last = word
    return tuple(found[index] for index in sorted(found))


def _sites_named(finding: Finding, facts: Facts) -> tuple[str, ...]:
    """The finding's home where its last words name it: "calcified aorta", no "aortic calcification"."""
    homes = facts.leaving.get((finding.concept or "", EdgeKind.HAS_FINDING_SITE), ())
    said = " " + finding.entity.quote.lower()
    return tuple(
        home
        for home in homes
        if (node := facts.nodes.get(home)) is not None
        and any(said.endswith(f" {name.lower()}") for name in node.names)
    )


def _named_with(word: Entity, sites: tuple[str, ...], taken: Finding | None) -> str | None:
    if word.kind not in _ADJECTIVES or word.concept is not None or (taken is not None and taken.concept):
        return None
    return next((named for site in sites if (named := compositions().get((word.value or "", site)))), None)


def _said_with(finding: Finding, word: Entity, index: int, concept: str) -> Finding:
    entity = replace(word, kind=EntityKind.OBSERVATION)
    return replace(finding, entity=entity, index=index, concept=concept, descriptors=(), changes=())
