"""Structures on a side where they do not exist, and chest findings placed outside the chest."""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import ANYWHERE, REPORTED, asserted, is_chest, name, sentences
from app.proofreading.correct import cased
from app.proofreading.findings import Finding
from app.proofreading.leaving_out import without_place
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from kg_ingest.schema import EdgeKind, Node, Sidedness
from models.types import Entity, EntityKind, RelationKind, Span

_SIDED = ("RP:left-", "RP:right-")
_VARIANT = "RP:aorta"
_OF_ANY_ORGAN = frozenset("carcinoma adenocarcinoma cancer malignancy edema oedema".split())
MIRRORED = frozenset({"RP:dextrocardia", "HP:0001651", "HP:0001696"})  # situs inversus: sides prove nothing
_ON_SIDE = re.compile(
    r"\W*(?:(?:is|are|was|were|seen|noted|located|lies|lying|projects|identified|present|enlarged|normal|visualized|again)\W+){0,4}"
    r"(?:in|on|at|of|within|beneath|under|over)\W+the\W+(?P<side>left|right)\b",
    re.IGNORECASE,
)
_GAP = re.compile(r"[\s-]+")
_OPPOSITE = {"left": Sidedness.RIGHT, "right": Sidedness.LEFT}
_INNER = frozenset({"RP:lung", "RP:pleura", "RP:pleural-space", "RP:heart", "RP:pulmonary-vasculature"})
_FAR = frozenset({"limb", "lower limb", "upper limb", "leg", "arm", "head", "brain", "pelvis"})


class ImpossibleAnatomy:
    """Asks the knowledge graph on which side, and in which region, each structure exists."""

    types = frozenset({ErrorType.IMPOSSIBLE_ANATOMY})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Wrong sides in text order, then wrong regions."""
        if not any(finding.concept in MIRRORED for finding in asserted(case, REPORTED)):
            yield from _wrong_sides(case)
            yield from _told_on_a_side(case)
        if is_chest(case):
            for finding in asserted(case, REPORTED):
                yield from _wrong_region(case, finding)


def _wrong_sides(case: Case) -> Iterator[Candidate]:
    """A side just before a structure of the other one: "left middle lobe"."""
    for relation in case.graph.relations:
        if relation.kind is RelationKind.MODIFY:
            side = case.graph.entities[relation.source]
            site = case.graph.entities[relation.target]
            if side.kind is EntityKind.SIDE and site.kind is EntityKind.ANATOMY:
                yield from _wrong_side(case, side, site)


def _told_on_a_side(case: Case) -> Iterator[Candidate]:
    """A structure of one side that is said to be on the other: "the liver is on the left"."""
    for site in case.graph.entities:
        node = case.facts.nodes.get(site.concept or "") if site.kind is EntityKind.ANATOMY else None
        wrong = (
            {Sidedness.LEFT: "right", Sidedness.RIGHT: "left"}.get(node.sidedness)
            if node and node.sidedness
            else None
        )
        if node is None or wrong is None or not node.id.startswith("RP:") or node.id.startswith(_SIDED):
            continue
        if _VARIANT in {node.id, *case.facts.wholes.get(node.id, ())}:
            continue  # a right aortic arch is a known variant
        end = case.report.sentences[site.sentence].span.end
        match = _ON_SIDE.match(case.report.text, site.span.end, end)
        if match is None or match["side"].lower() != wrong:
            continue
        side = Span(match.start("side"), match.end("side"))
        yield Candidate(
            type=ErrorType.IMPOSSIBLE_ANATOMY,
            span=Span(site.span.start, side.end),
            message=f"The {node.name} is on the {node.sidedness}, not on the {wrong}.",
            rule="impossible_anatomy.side",
            confidence=0.9,
            evidence=_exists_on(case, site, node),
            correction=Correction(side, cased(str(node.sidedness), case.report.quote(side))),
        )


def _exists_on(case: Case, site: Entity, node: Node) -> tuple[Evidence, ...]:
    """The sentence, and the side on which the knowledge graph knows the structure."""
    path = (node.name, "EXISTS_ON", str(node.sidedness))
    return (
        Evidence(EvidenceKind.TEXT, span=case.report.sentences[site.sentence].span),
        Evidence(EvidenceKind.GRAPH_PATH, path=path, source=node.source),
    )


def _wrong_side(case: Case, side: Entity, site: Entity) -> Iterator[Candidate]:
    node = case.facts.nodes.get(site.concept or "")
    between = case.report.text[side.span.end : site.span.start] if side.span.end <= site.span.start else "?"
    opposite = _OPPOSITE.get(side.value or "")
    if node is None or opposite is None or node.sidedness is not opposite or not _GAP.fullmatch(between):
        return
    place = Span(side.span.start, site.span.end)
    fixes = _on_a_side_of_its_own(case, side, site, str(node.sidedness))
    yield Candidate(
        type=ErrorType.IMPOSSIBLE_ANATOMY,
        span=place,
        message=f"There is no {side.value} {site.quote.lower()}: the {node.name} is on the {node.sidedness}.",
        rule="impossible_anatomy.side",
        confidence=0.95,
        evidence=_exists_on(case, site, node),
        correction=fixes[0],
        alternatives=fixes[1:],
    )


def _on_a_side_of_its_own(case: Case, side: Entity, site: Entity, right: str) -> tuple[Correction, ...]:
    """The other side; no side, which the structure needs none; or another lobe of the side that was said."""
    middle = _MIDDLE.search(site.quote)
    at = site.span.start + (middle.start() if middle else 0)
    lobes = [Correction(Span(at, at + len("middle")), lobe) for lobe in ("lower", "upper") if middle]
    unsided = Correction(Span(side.span.start, site.span.start), "")
    removed = without_place(case, site.span)
    gone = [] if removed is None else [removed]
    return (Correction(side.span, cased(right, side.quote)), *lobes, unsided, *gone)


def _wrong_region(case: Case, finding: Finding) -> Iterator[Candidate]:
    """A finding of lung, pleura or heart only, located at a limb, the head or the pelvis."""
    homes = [
        case.facts.nodes[edge.target_id]
        for edge in case.facts.edges
        if edge.source_id == finding.concept
        and edge.kind is EdgeKind.HAS_FINDING_SITE
        and edge.target_id in case.facts.nodes
    ]
    if not homes or any(home.id not in _INNER for home in homes):
        return
    for site in finding.sites:
        if finding.entity.quote.lower() in _OF_ANY_ORGAN:
            continue
        if finding.concept in ANYWHERE and not _LIMB.fullmatch(site.quote):
            continue  # a mass of the parotid; but a nodule of the lower leg was a lobe's
        node = case.facts.nodes.get(site.concept or "")
        if node is not None and node.region in _FAR:
            twin = _twin(case, finding)
            fixes = _to_chest(site, None if twin is None else twin[1])
            yield Candidate(
                type=ErrorType.IMPOSSIBLE_ANATOMY,
                span=site.span,
                message=f"{name(finding.concept, case.facts)} does not occur in the {node.name}.",
                rule="impossible_anatomy.region",
                confidence=0.93,
                evidence=(
                    *sentences(case, finding, *([] if twin is None else [twin[0]])),
                    Evidence(
                        EvidenceKind.GRAPH_PATH,
                        path=(name(finding.concept, case.facts), "HAS_FINDING_SITE", homes[0].name),
                        source=homes[0].source,
                    ),
                    *_observed(case, finding, site),
                ),
                correction=fixes[0] if fixes else None,
                alternatives=fixes[1:],
            )


def _observed(case: Case, finding: Finding, site: Entity) -> Iterator[Evidence]:
    """How often reference reports say this finding of this place, where they were counted."""
    count = case.observed.get((finding.concept or "", site.concept or ""))
    if count is not None and case.references:
        words = (name(finding.concept, case.facts), f"OBSERVED {count} times at", site.quote.lower())
        yield Evidence(EvidenceKind.GRAPH_PATH, path=words, source="reference reports")


def _twin(case: Case, finding: Finding) -> tuple[Finding, Entity] | None:
    """The same finding told elsewhere, on no other side, with its place in the chest."""
    for other in asserted(case, REPORTED):
        apart = other.sides and finding.sides and not other.sides & finding.sides
        if other.sentence == finding.sentence or other.concept != finding.concept or apart:
            continue
        for site in other.sites:
            node = case.facts.nodes.get(site.concept or "")
            if node is not None and node.region == "chest":
                return other, site
    return None


_LIMB = re.compile(r"(lower|upper)\s+(?:leg|limb|arm|extremity)", re.IGNORECASE)
_MIDDLE = re.compile(r"\bmiddle(?= lobe)", re.IGNORECASE)


def _to_chest(site: Entity, told: Entity | None) -> tuple[Correction, ...]:
    """Lobe or lung of that level, as which a limb was most likely dictated; then the place told elsewhere."""
    match = _LIMB.fullmatch(site.quote)
    level = match.group(1).lower() if match is not None else ""
    fixes = [Correction(site.span, f"{level} {part}") for part in ("lobe", "lung") if level]
    if told is not None:
        fixes.append(Correction(site.span, told.quote.lower()))
    return tuple(fixes)
