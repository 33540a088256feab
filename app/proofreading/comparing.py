"""When two findings of one report speak of the same thing, and where each is said."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from enum import IntEnum
from operator import attrgetter

from app.proofreading.case import Case
from app.proofreading.findings import Finding, Status
from app.proofreading.gone import is_gone
from app.proofreading.lung_levels import levels as levels
from app.proofreading.lung_levels import levels_named as levels_named
from app.proofreading.report import Evidence, EvidenceKind
from kg_ingest.schema import EdgeKind, Facts
from models.types import Entity, EntityKind, SectionName, Span

FINDINGS = frozenset({SectionName.FINDINGS, SectionName.UNTITLED, SectionName.OTHER})
IMPRESSION = frozenset({SectionName.IMPRESSION})
REPORTED = FINDINGS | IMPRESSION

_CHEST = re.compile(r"chest|thora|lung|cxr|pulmon|rib", re.IGNORECASE)
_MOSTLY = 0.6  # share of what is told that lies in the chest
_CARDIOPULMONARY = re.compile(r"cardio|pulmon", re.IGNORECASE)
_ELSEWHERE = frozenset({"RP:osseous-finding", "RP:abdominal-finding", "RP:soft-tissue-finding"})


_INTERSTITIAL = frozenset({"RP:interstitial-markings", "RP:interstitial-lung-disease", "RP:honeycombing"})
_AIRSPACE = frozenset({"RP:airspace-opacity", "RP:consolidation", "RP:infiltrate"})


class Likeness(IntEnum):
    """How closely two concepts are tied."""

    NONE = 0
    SUGGESTED = 1  # one is a finding that may indicate the other
    SAME = 2  # equal, or one subsumes the other


def asserted(case: Case, sections: frozenset[SectionName]) -> list[Finding]:
    """Findings said to be (or perhaps be) there now, in the patient, in these sections."""
    return _sorted_out(case, sections)[0]


def denied(case: Case, sections: frozenset[SectionName]) -> list[Finding]:
    """Findings said not to be there, in these sections."""
    return _sorted_out(case, sections)[1]


def _sorted_out(case: Case, sections: frozenset[SectionName]) -> tuple[list[Finding], list[Finding]]:
    """(asserted, denied) of these sections."""
    if sections not in case.memo:
        specific = [f for f in current(case, sections) if not f.normal and is_specific(f)]
        there = [finding for finding in specific if finding.status is not Status.ABSENT]
        gone = [f for f in case.findings if f.section in sections and is_specific(f) and is_gone(f)]
        absent = [finding for finding in specific if finding.status is Status.ABSENT]
        case.memo[sections] = there, sorted((*absent, *gone), key=attrgetter("index"))
    found: tuple[list[Finding], list[Finding]] = case.memo[sections]
    return found


def current(case: Case, sections: frozenset[SectionName]) -> Iterator[Finding]:
    """Findings of these sections that are neither past, nor asked about, nor of a relative or another exam."""
    for finding in case.findings:
        entity = finding.entity
        unsaid = entity.historical or entity.hypothetical or entity.other or finding.aside
        if finding.section in sections and not unsaid:
            yield finding


GENERIC = "RP:abnormality"


def is_specific(finding: Finding) -> bool:
    """False for words that name no particular finding: "process", "abnormality"."""
    return finding.concept is not None and not is_generic(finding)


def is_generic(finding: Finding) -> bool:
    """True for "abnormality", "disease", "process" and the like."""
    return finding.concept in GENERICS


GENERICS = frozenset({GENERIC})
ANYWHERE = frozenset(
    f"RP:{name}" for name in "benign-residual nodule mass nonspecific-lesion neoplasm metastasis cyst".split()
)  # findings of any organ, although the core graph has them at the lung


def likeness(first: str | None, second: str | None, facts: Facts) -> Likeness:
    """How two finding concepts are tied by the knowledge graph."""
    if first is None or second is None:
        return Likeness.NONE
    if first == second or subsumes(first, second, facts) or subsumes(second, first, facts):
        return Likeness.SAME
    return Likeness.SUGGESTED if suggests(first, second, facts) else Likeness.NONE


def subsumes(general: str, special: str, facts: Facts) -> bool:
    """True when every ``special`` is a ``general``."""
    return general == special or general in facts.ancestors.get(special, frozenset())


def one_sign(first: str | None, second: str | None) -> bool:
    """True for two names of what is seen of one disease: reticulation and interstitial lung disease."""
    return first == second or any(first in names and second in names for names in (_INTERSTITIAL, _AIRSPACE))


def suggests(first: str, second: str, facts: Facts) -> bool:
    """True when a SUGGESTS edge joins the two, in either direction."""
    leaving = facts.leaving
    return second in leaving.get((first, EdgeKind.SUGGESTS), ()) or first in leaving.get(
        (second, EdgeKind.SUGGESTS), ()
    )


def told_name(finding: Finding) -> str:
    """The words that name it, with those that it shares: "pleural" of "pleural or pericardial effusion"."""
    shared = finding.entity.value if finding.entity.concept is not None else None
    return shared or finding.entity.quote


def phrase(finding: Finding, case: Case) -> Span:
    """From the first to the last word of what is said of the finding, within its sentence."""
    parts: list[Entity] = [finding.entity, *_modifiers(finding), *finding.sites]
    inside = [part.span for part in parts if part.sentence == finding.sentence]
    return Span(min(span.start for span in inside), max(span.end for span in inside))


def _modifiers(finding: Finding) -> Iterable[Entity]:
    return (
        *finding.side_entities,
        *finding.zones,
        *finding.severities,
        *finding.sizes,
        *finding.changes,
        *finding.acuities,
        *finding.counts,
        *finding.descriptors,
    )


def in_reach(denial: Finding, finding: Finding, case: Case) -> bool:
    """True when a blanket denial covers the finding; one of cardiopulmonary disease leaves bones out."""
    words = phrase(denial, case).of(case.report.text)
    if not _CARDIOPULMONARY.search(words):
        return True
    above = case.facts.ancestors.get(finding.concept or "", frozenset())
    return not above & _ELSEWHERE


def sentences(case: Case, *findings: Finding) -> tuple[Evidence, ...]:
    """The sentences of these findings as evidence, each once, in text order."""
    indexes = sorted({finding.sentence for finding in findings})
    return tuple(Evidence(EvidenceKind.TEXT, span=case.report.sentences[index].span) for index in indexes)


def edge_path(first: str | None, second: str | None, facts: Facts) -> tuple[Evidence, ...]:
    """The knowledge-graph edge or subsumption that ties two concepts, as evidence; empty for equals."""
    if first is None or second is None or first == second:
        return ()
    for edge in facts.edges:
        if edge.kind in (EdgeKind.SUGGESTS, EdgeKind.IS_A, EdgeKind.EXCLUDES) and {
            edge.source_id,
            edge.target_id,
        } == {first, second}:
            path = (name(edge.source_id, facts), edge.kind.value, name(edge.target_id, facts))
            return (Evidence(EvidenceKind.GRAPH_PATH, path=path, source=edge.source),)
    special, general = (first, second) if subsumes(second, first, facts) else (second, first)
    path = (name(special, facts), EdgeKind.IS_A.value, name(general, facts))
    return (Evidence(EvidenceKind.GRAPH_PATH, path=path, source="RadProof core"),)


def name(concept: str | None, facts: Facts) -> str:
    """The preferred name of a concept, or its id."""
    node = facts.nodes.get(concept or "")
    return node.name if node is not None else str(concept)


def spoken_for(
    described: Finding, besides: Finding, case: Case, apart: Callable[[Finding], Collection[str]]
) -> bool:
    """True when the impression already says the same of it as another conclusion, at a place that agrees.

    ``apart`` gives the places of a finding, such as its sides.
    """
    here = set(apart(described))
    return any(
        other is not besides
        and likeness(described.concept, other.concept, case.facts) is Likeness.SAME
        and here & set(apart(other))
        for other in (asserted(case, IMPRESSION) if here else ())
    )


def fading(finding: Finding, case: Case) -> bool:
    """True when its sentence tells of something that goes or is gone: "resolving edema and effusion"."""
    key = "fading", finding.index
    if key not in case.memo:
        case.memo[key] = _is_fading(finding, case)
    return bool(case.memo[key])


def _is_fading(finding: Finding, case: Case) -> bool:
    if _STILL.search(case.report.quote(case.report.sentences[finding.sentence].span)):
        return False
    told = case.told_in.get(finding.sentence, ())
    of_devices = [change for other in told if is_device(other) for change in other.changes]
    return any(
        entity.kind is EntityKind.CHANGE
        and entity.value in ("resolved", "decreased")
        and (entity not in of_devices or entity in finding.changes)
        for entity in case.by_sentence.get(finding.sentence, ())
    )


_STILL = re.compile(
    r"\b(?:but|although|though|yet|however|still)\b[^.;]{0,40}\b(?:persists?|remains?|present|visible|evident|seen|there|"
    r"(?:has|have|is|are) not (?:yet |completely |fully |entirely )?(?:cleared|gone|resolved|disappeared))\b"
    r"|\b(?:not (?:yet |completely |fully |entirely )(?:cleared|gone|resolved|disappeared))\b|\bleaving\b",
    re.IGNORECASE,
)


def is_chest(case: Case) -> bool:
    """True for a study of the chest: by order or title, else by where most structures and findings lie."""
    if "chest" not in case.memo:
        case.memo["chest"] = _tells_of_chest(case)
    return bool(case.memo["chest"])


_ANY_DEVICE = frozenset({"RP:catheter"})


def _tells_of_chest(case: Case) -> bool:
    titles = [s.body.of(case.report.text) for s in case.report.sections if s.name is SectionName.EXAM]
    told = [case.context.body_part, case.context.procedure, *titles]
    if any(words and words.strip() for words in told):
        return any(words and _CHEST.search(words) for words in told)
    named = [e.concept for e in case.graph.entities if e.concept not in ANYWHERE | _ANY_DEVICE]
    homes = {e.source_id: e.target_id for e in case.facts.edges if e.kind is EdgeKind.HAS_FINDING_SITE}
    nodes = [case.facts.nodes.get(homes.get(concept, concept)) for concept in named if concept is not None]
    regions = [node.region for node in nodes if node is not None and node.region is not None]
    return regions.count("chest") >= max(1, len(regions) * _MOSTLY)


def is_device(finding: Finding) -> bool:
    """True for tubes, lines and other devices."""
    return finding.entity.kind is EntityKind.DEVICE


def same_part(case: Case, first: Finding, second: Finding) -> bool:
    """True unless each is told of another part of the structure."""
    one, other = ({site.concept or "" for site in finding.sites} for finding in (first, second))
    wholes = case.facts.wholes
    inside = any(a == b or a in wholes.get(b, ()) or b in wholes.get(a, ()) for a in one for b in other)
    return not one or not other or inside
