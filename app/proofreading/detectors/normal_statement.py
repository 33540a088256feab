"""A structure called normal in one sentence and abnormal in another."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from app.proofreading.case import Case
from app.proofreading.comparing import (
    IMPRESSION,
    REPORTED,
    asserted,
    current,
    levels,
    name,
    phrase,
    sentences,
    subsumes,
)
from app.proofreading.detectors.bone_level import ribs
from app.proofreading.detectors.denying import gone_then_new
from app.proofreading.detectors.impossible_anatomy import MIRRORED
from app.proofreading.detectors.kinds import is_told_bare
from app.proofreading.detectors.normal_structures import (
    EXPANDED,
    as_normal,
    beside,
    facets,
    filled,
    is_refilled,
    is_wholly_filled,
    named,
    structures,
    unsided,
)
from app.proofreading.detectors.reading import is_firm, is_suspect, is_variant
from app.proofreading.findings import Finding, Status
from app.proofreading.leaving_out import denied_alone, without_sentence
from app.proofreading.report import Candidate, ErrorType
from kg_ingest.schema import EdgeKind

_REST = re.compile(
    r"\b(?:otherwise|o/w|remainder|remaining|rest of|other|elsewhere|contralateral|opposite|apart from|except\w*|aside from|"
    r"save(?: for)?|but for|barring|besides|beyond)\b",
    re.IGNORECASE,
)
_GONE = frozenset({"resolved", "decreased"})
# what a normal structure rules out only when it is severe or complete: "lungs clear" goes with mild atelectasis
_HEART = tuple(f"RP:{name}" for name in "cardiomegaly atrial-enlargement pericardial-effusion".split())
_GROSS = {"RP:lung": ("RP:atelectasis", "RP:opacity"), "RP:heart": _HEART}
_ORGANS = frozenset({"RP:lung"})  # of which other organs' findings say nothing
_VOLUME = re.compile(
    r"(?:inflated|expanded|expansion(?: of)?|inflation|volume)$", re.IGNORECASE
)  # says nothing of shadows
_WIDTH, _SHIFT = re.compile(r"wid|broad", re.IGNORECASE), "RP:mediastinal-shift"
_TRACES = frozenset(
    {"RP:pleural-effusion", "RP:pneumothorax"}
)  # of which little may be seen on one view only
_ALL_LEVELS = 3  # upper, middle and lower zones are the lung
_PLAIN_KINDS = frozenset(
    "focal patchy dense confluent consolidative airspace alveolar ill-defined lobar segmental infectious ground-glass "
    "diffuse hazy fluffy homogeneous inhomogeneous heterogeneous".split()
)
_WIDE = frozenset(
    {"RP:lung", "RP:thorax", "RP:chest-study", "RP:hemithorax"}
)  # normal but for something slight
_VOLUMES = frozenset({"RP:low-lung-volumes", "RP:hyperinflation", "RP:pneumothorax"})
_OPACITY = "RP:opacity"  # of itself, not of its kinds
_WEAK = frozenset({"trace", "mild"})
# of these a mild or likely finding is told, or none
_SEEN_OR_NOT = frozenset(
    f"RP:{name}"
    for name in "hemidiaphragm left-hemidiaphragm right-hemidiaphragm diaphragm rib left-rib right-rib clavicle "
    "left-clavicle right-clavicle vertebra spine thoracic-spine lumbar-spine thoracolumbar-spine aorta "
    "aortic-arch descending-aorta bony-thorax subdiaphragmatic pleura shoulder-girdle".split()
)
_BOTH = (frozenset({"upper", "lower"}), frozenset({"anterior", "posterior"}))
_PARTS = frozenset({"RP:cervical-spine", "RP:thoracic-spine", "RP:lumbar-spine"})
_OF_DEVICE = re.compile(
    r"\s+(?:hardware|fixation|plates?|screws?|wires?|prosthes[ie]s|implants?|leads?|grafts?|stents?)\b",
    re.IGNORECASE,
)
_BROKEN = "RP:fracture"
_LEVEL = re.compile(r"\b[CTL]\d{1,2}\b")
_RIBS, _STRIPE = "RP:rib", "RP:paratracheal-stripe"


@cache
def ruled_out() -> Mapping[str, tuple[str, ...]]:
    """Which findings a normal structure rules out."""
    return {structure: tuple(finding for finding, _ in rows) for structure, rows in _rules().items()}


@cache
def _rules() -> Mapping[str, tuple[tuple[str, frozenset[str]], ...]]:
    """Which findings a normal structure rules out, and by which facets (``normal_statements.tsv``).

    Without facets, whatever of the structure is normal; "general" stands for a statement that names none.
    """
    findings: defaultdict[str, list[tuple[str, frozenset[str]]]] = defaultdict(list)
    table = files("app").joinpath("proofreading/detectors/normal_statements.tsv")
    with table.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            facets = frozenset((row["facets"] or "").split("|")) - {""}
            findings[row["structure"]].append((row["finding"], facets))
    return {structure: tuple(told) for structure, told in findings.items()}


class NormalStatement:
    """Compares "heart size normal", "lungs are clear" with what is described of heart and lungs."""

    types = frozenset({ErrorType.NEGATION_CONTRADICTION})

    def __init__(self) -> None:
        """Read the table of what a normal structure rules out."""
        self._rules = _rules()

    def detect(self, case: Case) -> Iterator[Candidate]:
        """One candidate for each described finding, against the first normal statement it contradicts."""
        if any(finding.concept in MIRRORED for finding in asserted(case, REPORTED)):
            return  # the side of a lobe proves nothing there
        normals = [
            one for finding in current(case, REPORTED) if (one := as_normal(finding, case)) is not None
        ]
        for described in asserted(case, REPORTED):
            if _old(described, case) or is_variant(described, case):
                continue
            for normal in normals:
                if self._contradicts(normal, described, case):
                    yield _candidate(case, normal, described)
                    break

    def _contradicts(self, normal: Finding, described: Finding, case: Case) -> bool:
        if normal.sentence == described.sentence or described.concept is None:
            return False
        if not (is_firm(described, case) or _plain(normal, described) or is_suspect(described, case)):
            return False
        if normal.sides and described.sides and not normal.sides & described.sides:
            return False
        bare = is_told_bare(normal, described, case)
        placed = described.sides or (bare and is_refilled(normal)) or _of_one_side(normal)
        if len(normal.sides) == 1 and not placed:
            return False
        if is_wholly_filled(normal) and described.concept in EXPANDED:
            return (bare or filled(normal, described)) and not gone_then_new(normal, described, case)
        if _WIDTH.search(normal.entity.quote) and described.concept == _SHIFT:
            return False
        if _VOLUME.search(normal.entity.quote) and described.concept not in _VOLUMES:
            return False
        if _of_another(normal, described, case) or beside(normal, described, case):
            return False
        gross = any(grade.value == "severe" for grade in described.severities)
        if _of_a_part(normal, described) or (_is_borderline(normal) and not gross):
            return False
        if _REST.search(_sentence(normal, case)):
            return False
        volumes = ("RP:hyperinflation", "RP:low-lung-volumes") if _VOLUME.search(normal.entity.quote) else ()
        outside = _lies_elsewhere(
            normal, described, case
        )  # of the lungs: "heart, lungs and bones are normal"
        sites = [site for site in named(normal) if not (outside and site.concept in _ORGANS)]
        lungs = not outside and {site.concept for site in normal.sites} & _ORGANS
        if lungs and (_plain_opacity(normal, described, case) or is_suspect(described, case)):
            return True
        return any(
            subsumes(finding, described.concept, case.facts)
            for site in sites
            for structure in structures(site.concept, normal, described, case)
            for finding in (
                *self._excluded(structure, normal, case),
                *(_GROSS.get(structure, ()) if gross or bare else ()),
                *(volumes if structure in _ORGANS else ()),
            )
        )

    def _excluded(self, structure: str, normal: Finding, case: Case) -> list[str]:
        rows = self._rules.get(structure, ())
        said = facets(normal, case) if any(facets for _, facets in rows) else frozenset[str]()
        return [finding for finding, facets in rows if not facets or said & facets]


def _of_one_side(normal: Finding) -> bool:
    """True for a structure whose side is no part of it: the paratracheal stripe is the right one."""
    return all(site.concept == _STRIPE for site in normal.sites)


def _is_borderline(normal: Finding) -> bool:
    """True for "at the upper limits of normal", which goes with a slight finding, and with no gross one."""
    return normal.entity.value == "borderline"


def _of_a_part(normal: Finding, described: Finding) -> bool:
    """True when another part of the structure is called normal than the one that is described."""
    told, zones = levels(normal), {zone.value for zone in normal.zones}
    bones = any(site.concept in _SEEN_OR_NOT for site in normal.sites)
    if bones and any(both <= zones for both in _BOTH):  # "superior and inferior endplates"
        return False
    all_told = len(told) == _ALL_LEVELS or (told and levels(described) and levels(described) <= told)
    return bool(zones) and not all_told


def _of_another(normal: Finding, described: Finding, case: Case) -> bool:
    """True when another place, vertebra, part of the spine or a device is called normal."""
    if _other_levels(normal, described, case):
        return True
    of_device = _OF_DEVICE.match(case.report.text, phrase(normal, case).end)
    return of_device is not None or _other_part(normal, described)


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


def _plain(normal: Finding, described: Finding) -> bool:
    """True across the sections for a structure whose findings are seen or not: no lung, no heart."""
    across = (normal.section in IMPRESSION) != (described.section in IMPRESSION)
    return across and any(site.concept in _SEEN_OR_NOT for site in normal.sites)


def _other_part(normal: Finding, described: Finding) -> bool:
    """True for parts of the spine: a straight lumbar spine beside a thoracic curve."""
    named, told = ({site.concept for site in finding.sites} for finding in (normal, described))
    told |= {f"RP:{word}-spine" for word in described.entity.quote.lower().split()}
    return bool(named & _PARTS and told & _PARTS) and not named & told & _PARTS


def _other_levels(normal: Finding, described: Finding, case: Case) -> bool:
    """True when single bones are called normal: "L2 is intact" beside a fracture of L3, "the 7th rib is"."""
    said = frozenset(_LEVEL.findall(phrase(normal, case).of(case.report.text)))
    if not said:
        at_ribs = any(_RIBS in unsided(site.concept, case) for site in normal.sites)
        return at_ribs and bool(ribs(case, normal.sentence).numbers)
    broken = subsumes(_BROKEN, described.concept or "", case.facts)
    return not broken or not said & frozenset(_LEVEL.findall(_sentence(described, case)))


def _sentence(finding: Finding, case: Case) -> str:
    return case.report.sentences[finding.sentence].span.of(case.report.text)


def _old(described: Finding, case: Case) -> bool:
    """True for what is gone, or old where it need not be: a chronic curve of the spine is as any other."""
    gone = any(change.value in _GONE for change in described.changes)
    node = case.facts.nodes.get(described.concept or "")
    usual = node is not None and node.acuity == "chronic"
    told = {acuity.value for acuity in described.acuities}
    return gone or "old" in told or ("chronic" in told and not usual)


def _candidate(case: Case, normal: Finding, described: Finding) -> Candidate:
    structure = ", ".join(site.quote.lower() for site in normal.sites)
    across = (normal.section in IMPRESSION) != (described.section in IMPRESSION)
    what = name(described.concept, case.facts)
    removed = without_sentence(case, described) or denied_alone(case, described)
    unsaid = without_sentence(case, normal)
    fixes = tuple(fix for fix in (removed, unsaid) if fix is not None)
    return Candidate(
        type=ErrorType.NEGATION_CONTRADICTION,
        span=phrase(normal, case),
        message=f'{structure}: "{normal.entity.quote.lower()}", yet {what} is described.',
        rule="negation.normal_statement",
        confidence=_confidence(normal, described, case, across=across),
        evidence=sentences(case, normal, described),
        correction=fixes[0] if fixes else None,
        alternatives=fixes[1:],
    )


def _confidence(normal: Finding, described: Finding, case: Case, *, across: bool) -> float:
    """Of what is slight a normal lung or chest says little."""
    slight = {grade.value for grade in described.severities} & _WEAK
    if "prominen" in described.entity.quote.lower():
        slight.add("mild")
    wide = any(_WIDE & {site.concept, *unsided(site.concept, case)} for site in normal.sites)
    wide = wide and not is_wholly_filled(normal)
    if slight and (wide or not across or ("trace" in slight and described.concept in _TRACES)):
        return 0.5
    if slight or described.status is not Status.PRESENT:
        return 0.63
    return 0.8 if across else 0.7
