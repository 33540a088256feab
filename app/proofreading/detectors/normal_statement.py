"""A structure called normal in one sentence and abnormal in another."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files

from app.proofreading.case import Case
from app.proofreading.comparing import (
    IMPRESSION,
    REPORTED,
    asserted,
    current,
    is_generic,
    levels,
    name,
    phrase,
    sentences,
    subsumes,
    without_sentence,
)
from app.proofreading.detectors.denying import gone_then_new
from app.proofreading.detectors.reading import is_firm
from app.proofreading.findings import Finding, Status
from app.proofreading.report import Candidate, ErrorType
from kg_ingest.schema import EdgeKind
from models.types import Entity, EntityKind

_REST = re.compile(r"\b(otherwise|remainder|remaining|rest of)\b", re.IGNORECASE)
# "pulmonary XXXX are normal": an adjective whose noun was masked names no structure
_ADJECTIVES = frozenset(
    "pulmonary pleural cardiac aortic hilar mediastinal bony osseous skeletal costal".split()
)
_GONE = frozenset({"resolved", "decreased"})
# what a normal structure rules out only when it is severe or complete: "lungs clear" goes with mild atelectasis
_GROSS = {"RP:lung": ("RP:atelectasis", "RP:opacity"), "RP:heart": ("RP:cardiac-finding",)}
_ORGANS = frozenset({"RP:lung"})  # of which other organs' findings say nothing
_VOLUME = re.compile(
    r"(?:inflated|expanded|expansion(?: of)?|inflation)$", re.IGNORECASE
)  # says nothing of shadows
_STRUCTURES = {
    "hilar": "RP:hilum",
    "mediastinal": "RP:mediastinum",
    "pleural": "RP:pleura",
    "cardiac": "RP:heart",
}
_OF_STRUCTURE = re.compile(r"\b(?:hilar|mediastinal|pleural|cardiac)\b(?! (?:or|and|,))", re.IGNORECASE)
_WIDTH, _SHIFT = re.compile(r"wid|broad", re.IGNORECASE), "RP:mediastinal-shift"
_FRONTAL = re.compile(r"\bfrontal\b", re.IGNORECASE)
_ONE_VIEW = re.compile(
    r"\b(?:posterior|lateral (?:view|projection|film|image)|on the lateral|decubitus|subpulmon|infrapulmon)",
    re.IGNORECASE,
)
_WHOLLY = re.compile(r"\b(?:re-?\s?expan|(?:fully|completely) (?:expanded|inflated))", re.IGNORECASE)
_EXPANDED = ("RP:atelectasis", "RP:pneumothorax")  # what a lung or lobe that has filled again does not have
_VOLUMES = frozenset({"RP:low-lung-volumes", "RP:hyperinflation", "RP:pneumothorax"})
_OPACITY = "RP:opacity"  # of itself, not of its kinds
_WEAK = frozenset({"trace", "mild"})
_LUNG = "RP:lung"
_TRACES = frozenset(
    {"RP:pleural-effusion", "RP:pneumothorax"}
)  # of which little may be seen on one view only
_PLAIN_KINDS = frozenset(
    "focal patchy dense confluent consolidative airspace alveolar ill-defined lobar segmental infectious ground-glass "
    "diffuse".split()
)
_WIDE = frozenset(
    {"RP:lung", "RP:thorax", "RP:chest-study", "RP:hemithorax"}
)  # normal but for something slight


@cache
def ruled_out() -> Mapping[str, tuple[str, ...]]:
    """Which findings a normal structure rules out (``normal_statements.tsv``)."""
    findings: defaultdict[str, list[str]] = defaultdict(list)
    table = files("app").joinpath("proofreading/detectors/normal_statements.tsv")
    with table.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            findings[row["structure"]].append(row["finding"])
    return {structure: tuple(told) for structure, told in findings.items()}


class NormalStatement:
    """Compares "heart size normal", "lungs are clear" with what is described of heart and lungs."""

    types = frozenset({ErrorType.NEGATION_CONTRADICTION})

    def __init__(self) -> None:
        """Read the table of what a normal structure rules out."""
        self._ruled_out = ruled_out()

    def detect(self, case: Case) -> Iterator[Candidate]:
        """One candidate for each described finding, against the first normal statement it contradicts."""
        normals = [
            one for finding in current(case, REPORTED) if (one := _as_normal(finding, case)) is not None
        ]
        for described in asserted(case, REPORTED):
            if not is_firm(described, case) or _old(described):
                continue
            for normal in normals:
                if self._contradicts(normal, described, case):
                    yield _candidate(case, normal, described)
                    break

    def _contradicts(self, normal: Finding, described: Finding, case: Case) -> bool:
        if normal.sentence == described.sentence or described.concept is None:
            return False
        if normal.sides and described.sides and not normal.sides & described.sides:
            return False
        if len(normal.sides) == 1 and not described.sides:
            return False
        if _WHOLLY.search(normal.entity.quote) and described.concept in _EXPANDED:
            return _filled(normal, described) and not gone_then_new(normal, described, case)
        if _WIDTH.search(normal.entity.quote) and described.concept == _SHIFT:
            return False
        if _VOLUME.search(normal.entity.quote) and described.concept not in _VOLUMES:
            return False
        if _lies_elsewhere(normal, described, case) or _behind(normal, described, case):
            return False
        if normal.zones or normal.entity.value == "borderline" or _REST.search(_before(normal, case)):
            return False
        volumes = ("RP:hyperinflation", "RP:low-lung-volumes") if _VOLUME.search(normal.entity.quote) else ()
        gross = any(grade.value == "severe" for grade in described.severities)
        if {site.concept for site in normal.sites} & _ORGANS and _plain_opacity(normal, described, case):
            return True
        return any(
            subsumes(finding, described.concept, case.facts)
            for site in _named(normal)
            for structure in _structures(site.concept, normal, described, case)
            for finding in (
                *self._ruled_out.get(structure, ()),
                *(_GROSS.get(structure, ()) if gross else ()),
                *(volumes if structure in _ORGANS else ()),
            )
        )


def _as_normal(finding: Finding, case: Case) -> Finding | None:
    """A normal structure; "no hilar abnormality" says of the hila that they are normal."""
    if finding.normal:
        return finding
    if not is_generic(finding) or finding.status is not Status.ABSENT:
        return None
    if finding.acuities or finding.descriptors or finding.changes or finding.severities:
        return None
    named = _OF_STRUCTURE.search(case.report.quote(phrase(finding, case)))
    if named is None or "acute" in finding.entity.quote.lower():
        return None
    structure = replace(
        finding.entity,
        kind=EntityKind.ANATOMY,
        concept=_STRUCTURES[named.group().lower()],
        quote=named.group(),
    )
    return replace(finding, normal=True, sites=(structure,))


def _behind(normal: Finding, described: Finding, case: Case) -> bool:
    """True for fluid that one view shows and another does not: the frontal angles are sharp."""
    if not any("costophrenic" in (site.concept or "") for site in normal.sites):
        return False
    said, told = (case.report.quote(case.report.sentences[one.sentence].span) for one in (normal, described))
    return bool(_ONE_VIEW.search(told) or _FRONTAL.search(said))


def _named(normal: Finding) -> Iterator[Entity]:
    """The structures that are named; an adjective names one with the noun after it: "hilar and mediastinal contours"."""
    sites = normal.sites
    for site, following in zip(sites, (*sites[1:], None), strict=False):
        adjective = site.quote.lower() in _ADJECTIVES and normal.concept is None
        if not adjective or (following is not None and following.quote.lower() not in _ADJECTIVES):
            yield site


def _filled(normal: Finding, described: Finding) -> bool:
    """True for "the left lung has re-expanded" against a collapse or pneumothorax there."""
    said, told = levels(normal), levels(described)
    several = any(site.quote.lower().endswith("s") for site in normal.sites)
    if not normal.sites or (described.sides and not normal.sides and not several):
        return False
    if described.concept == _EXPANDED[1]:
        return not said
    return "re" in normal.entity.quote.lower() and not (said and told and not said & told)


def _structures(site: str | None, normal: Finding, described: Finding, case: Case) -> tuple[str, ...]:
    """The structure that is called normal; for a part of a lung the lung too, where something lies in that part."""
    here = _unsided(site, case)
    mixed = any(not one.normal and one.status is Status.PRESENT for one in case.told_in[normal.sentence])
    within = levels(normal) and levels(normal) <= levels(described) and not mixed
    return (*here, _LUNG) if within and _LUNG in case.facts.wholes.get(site or "", ()) else here


def _plain_opacity(normal: Finding, described: Finding, case: Case) -> bool:
    """True for a shadow of no kind in the impression, where the findings call the lungs clear and tell of none.

    Or the other way round.
    """
    across = (normal.section in IMPRESSION) != (described.section in IMPRESSION)
    kinds = {word.value for word in described.descriptors} - _PLAIN_KINDS
    weak = any(grade.value in _WEAK for grade in described.severities)
    if not across or described.concept != _OPACITY or kinds or weak:
        return False
    beside = (f for f in asserted(case, REPORTED) if f.section is normal.section)
    return not any(subsumes(_OPACITY, other.concept or "", case.facts) for other in beside)


def _lies_elsewhere(normal: Finding, described: Finding, case: Case) -> bool:
    """True for what lies outside the structure by its words or its kind: "clear lungs", "mediastinal mass"."""
    leaving = case.facts.leaving
    homes = leaving.get((described.concept or "", EdgeKind.HAS_FINDING_SITE), ())
    places = [site.concept for site in described.sites if site.concept] or list(homes)
    structures = {site.concept for site in normal.sites} & _ORGANS
    inside = [
        place
        for place in places
        if structures
        & {place, *leaving.get((place, EdgeKind.UNSIDED), ()), *case.facts.wholes.get(place, ())}
    ]
    return bool(structures and places) and not inside


def _before(normal: Finding, case: Case) -> str:
    sentence = case.report.sentences[normal.sentence].span
    return case.report.text[sentence.start : normal.entity.span.end]


def _unsided(concept: str | None, case: Case) -> tuple[str, ...]:
    if concept is None:
        return ()
    plain = case.facts.leaving.get((concept, EdgeKind.UNSIDED), ())
    return (concept, *plain)


def _old(described: Finding) -> bool:
    gone = any(change.value in _GONE for change in described.changes)
    return gone or any(acuity.value in ("old", "chronic") for acuity in described.acuities)


def _candidate(case: Case, normal: Finding, described: Finding) -> Candidate:
    structure = ", ".join(site.quote.lower() for site in normal.sites)
    across = (normal.section in IMPRESSION) != (described.section in IMPRESSION)
    slight = {grade.value for grade in described.severities} & _WEAK
    wide = any(_WIDE & {site.concept, *_unsided(site.concept, case)} for site in normal.sites)
    wide = wide and not _WHOLLY.search(normal.entity.quote)
    if "prominen" in described.entity.quote.lower():
        slight.add("mild")
    weak = bool(slight) and (wide or not across or ("trace" in slight and described.concept in _TRACES))
    what = name(described.concept, case.facts)
    removed = without_sentence(case, described)
    unsaid = without_sentence(case, normal)
    fixes = tuple(fix for fix in (removed, unsaid) if fix is not None)
    return Candidate(
        type=ErrorType.NEGATION_CONTRADICTION,
        span=phrase(normal, case),
        message=f'{structure}: "{normal.entity.quote.lower()}", yet {what} is described.',
        rule="negation.normal_statement",
        confidence=0.5
        if weak
        else 0.64
        if slight or described.status is not Status.PRESENT
        else 0.8
        if across
        else 0.7,
        evidence=sentences(case, normal, described),
        correction=fixes[0] if fixes else None,
        alternatives=fixes[1:],
    )
