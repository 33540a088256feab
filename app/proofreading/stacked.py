"""Adjectives before a finding whose name ends in its structure say more of that structure: "tortuous calcified aorta"."""

import re
from dataclasses import replace

from app.proofreading.findings import Finding, compositions
from kg_ingest.schema import EdgeKind, Facts
from models.types import Entity, EntityKind, Report, ReportGraph

_FEW = 4  # entities that may stand between the adjective and the name
_BETWEEN = re.compile(r"\s*(?:,|and|or|and/or|/|&|,\s*and)?\s*", re.IGNORECASE)
_ADJECTIVES = (EntityKind.DESCRIPTOR, EntityKind.OBSERVATION)
_DEGREES = (EntityKind.SEVERITY, EntityKind.DESCRIPTOR, EntityKind.ZONE)


def stacked(
    report: Report, graph: ReportGraph, findings: tuple[Finding, ...], facts: Facts
) -> tuple[Finding, ...]:
    """The findings, and those that an adjective before one names with its structure.

    One name of the lexicon takes "calcified aorta" as a whole; the word before it would only describe that.
    """
    found = {finding.index: finding for finding in findings}
    for finding in findings:
        sites = _sites_named(finding, facts)
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
