"""What a denial does not cover: another age, another vertebra; and what it covers by other words: no tubes."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from app.proofreading.breaks import is_fresh
from app.proofreading.case import Case
from app.proofreading.comparing import is_chest, is_device, subsumes
from app.proofreading.findings import Finding
from kg_ingest.schema import EdgeKind
from models.types import EntityKind

ANY_TUBE = "RP:catheter"
_TUBES = tuple(
    f"RP:{name}"
    for name in "endotracheal-tube tracheostomy enteric-tube chest-tube central-line iabp ecmo-cannula".split()
)
_NO_TUBES = re.compile(
    r"\W*(?:(?:there (?:is|are)\s+)?no\s+(?:(?:indwelling|life|support|visible|monitoring|or|and)\W+)*"
    r"(?:lines?|tubes?|catheters?|drains?|(?:support |monitoring )?(?:devices?|apparatus|hardware))"
    r"(?:,? (?:or|and|nor) (?:lines?|tubes?|catheters?|drains?|devices?)|,\s*(?:lines?|tubes?|catheters?))*"
    r"(?:,? (?:are|is) (?:seen|present|identified|in place|noted|visible))?|"
    r"(?:support )?(?:lines|tubes|devices|catheters|drains)"
    r"(?:(?: and | or |/|, ?)(?:lines|tubes|devices|drains))*(?::| -) ?none)\W*$",
    re.IGNORECASE,
)
_ALL_GONE = re.compile(
    r"\W*all (?:of )?(?:the )?(?:(?:support|indwelling|monitoring|life support|previous|prior|invasive)\W+)*"
    r"(?:lines?|tubes?|catheters?|drains?|devices?)(?:,? (?:and|or) (?:lines?|tubes?|catheters?|drains?|devices?))*"
    r" (?:(?:have|has) (?:now |since )?been |were |are now |are )?(?:removed|taken out|pulled|withdrawn|gone|out)\b"
    r"(?![^.]*\b(?:except|apart|other|but|save|bar|aside)\b)",
    re.IGNORECASE,
)
_WITHOUT = re.compile(r"[^,;:.]*\b(?:no|not|without|free of)\b[^,;:.]*", re.IGNORECASE)
_OF = re.compile(r"[^,;:.]*\b(?:of|in|to|along)\b[^,;:.]*", re.IGNORECASE)
_ONLY = (  # "Lines: none.", "No drains."
    (re.compile(r"\W*lines(?::| -)", re.IGNORECASE), ("RP:central-line",)),
    (re.compile(r"\W*(?:(?:there are )?no )?drains\b", re.IGNORECASE), ("RP:chest-tube",)),
)
_HARDWARE = "RP:spinal-hardware"
_PIECES = frozenset({"RP:sternotomy-wires", "RP:arthroplasty"})
_PLAIN_HARDWARE = re.compile(r"(?:surgical |metallic |orthopa?edic )?(?:hardware|metal ?work)", re.IGNORECASE)
_ENDS = re.compile(
    r"\s*(?:[.,;]|\Z|(?:is|are|present|seen|identified|noted|or|and|nor|visible)\b)", re.IGNORECASE
)
_REINTUBATED = re.compile(r"\bre-?\s?intubat", re.IGNORECASE)
_PAST = frozenset({"old", "chronic"})  # what adds nothing to a granuloma, or a scar
_LEVEL = re.compile(r"\b[CTLS]\d{1,2}(?:[-/][CTLS]?\d{1,2})?\b")
_ALL_BONES, _GIRDLE, _FRACTURE = "RP:bony-thorax", "RP:shoulder-girdle", "RP:fracture"
_OF_GIRDLE = frozenset({"RP:clavicle", "RP:scapula", "RP:humerus"})
_MOST_JOINED = 5
_OR = re.compile(r"\s*(?:,\s*)?(?:or|and|nor|/|,|&)\s*", re.IGNORECASE)
_OTHER_SPINES = frozenset({"RP:lumbar-spine", "RP:cervical-spine", "RP:sacrum"})
_FLUID, _THICKENED = "fluid", "RP:thickened-fissure"
_OSSEOUS, _FREE_AIR, _HERNIA = "RP:osseous-finding", "RP:free-air", "RP:hiatal-hernia"


def is_no_device(denial: Finding, described: Finding, case: Case) -> bool:
    """True for "no lines or tubes", "no support devices" against any of them; not for one that was removed."""
    if denial.concept == _HARDWARE:
        whole = _ENDS.match(case.report.text, denial.entity.span.end)  # "no hardware failure"
        plain = whole and _PLAIN_HARDWARE.fullmatch(denial.entity.quote) and not denial.sites
        return bool(plain) and described.concept in _PIECES
    if denial.concept != ANY_TUBE:
        return False
    told = case.report.sentences[denial.sentence].span.of(case.report.text)
    kinds = next((kinds for words, kinds in _ONLY if words.match(told)), _TUBES)
    tubes = any(subsumes(kind, described.concept or "", case.facts) for kind in kinds)
    return tubes and bool(_NO_TUBES.match(told) or _ALL_GONE.match(told))


def is_reintubated(denial: Finding, case: Case) -> bool:
    """True for an extubation that another intubation followed."""
    return denial.concept == _TUBES[0] and bool(_REINTUBATED.search(case.report.text))


def of_another_age(denied: frozenset[str], described: Finding, case: Case) -> bool:
    """True when what is denied is acute or old, and what is described is not told so."""
    if {"acute", "old"} <= denied or {"acute", "chronic"} <= denied:  # "no acute or old fracture": none
        return False
    unsaid = denied - {a.value for a in described.acuities}
    if is_old_by_kind(described, case):
        unsaid -= _PAST
    return bool(unsaid) and not (unsaid == {"acute"} and is_fresh(described, case))


def is_old_by_kind(finding: Finding, case: Case) -> bool:
    """True for what never is fresh, such as a granuloma."""
    node = case.facts.nodes.get(finding.concept or "")
    return node is not None and node.acuity == "chronic"


def words_of_its_place(described: Finding, case: Case) -> frozenset[str]:
    """The words for the structure in which a finding lies, or always does: "aortic" for a calcification of the arch."""
    at = {site.concept for site in described.sites if site.concept is not None}
    at |= set(case.facts.leaving.get((described.concept or "", EdgeKind.HAS_FINDING_SITE), ()))
    nodes = (
        case.facts.nodes.get(concept) for concept in at.union(*(case.facts.wholes.get(c, ()) for c in at))
    )
    return frozenset(word for node in nodes if node is not None for word in node.names)


def _vertebral(finding: Finding, case: Case) -> frozenset[str]:
    """The vertebral levels named in the finding's sentence: "C5-6: no disc protrusion" speaks of one only."""
    key = "vertebrae of a sentence", finding.sentence
    if key not in case.memo:
        words = case.report.sentences[finding.sentence].span.of(case.report.text)
        case.memo[key] = frozenset(_LEVEL.findall(words))
    found: frozenset[str] = case.memo[key]
    return found


def of_another_vertebra(denial: Finding, described: Finding, case: Case) -> bool:
    """True when only some vertebrae are spoken of; a break at one is denied by a denial of any, in the chest."""
    named, told = _vertebral(denial, case), _vertebral(described, case)
    if not named and is_device(described):  # whose tip lies at that level
        return False
    at_one = subsumes(_OSSEOUS, described.concept or "", case.facts) and is_chest(case)
    return named != told if named or not at_one else False


def of_another_organ(denial: Finding, described: Finding, case: Case) -> bool:
    """True when something is denied of a device, a fissure or an organ outside the chest, and not described of that one."""
    if _of_a_device(denial, case) and not is_device(described):
        return True
    of_fluid = [_FLUID in finding.entity.quote.lower() for finding in (denial, described)]
    if denial.concept == _THICKENED and of_fluid == [True, False]:
        return True  # no fluid in a fissure that is thickened
    named = denial.sites or [
        e for e in case.graph.entities if e.sentence == denial.sentence and e.kind is EntityKind.ANATOMY
    ]
    regions = _regions(case, (site.concept for site in named))
    if is_device(denial) and not described.sites:
        return False
    homes = case.facts.leaving.get((described.concept or "", EdgeKind.HAS_FINDING_SITE), ())
    if not regions or "chest" in regions or regions & _regions(case, homes):
        return False
    at = {site.concept for site in described.sites if site.concept is not None}
    within = at.union(*(case.facts.wholes.get(site, ()) for site in at))
    if within & {site.concept for site in named}:
        return False
    if denial.concept == described.concept == _HERNIA:  # of organs that belong in the abdomen
        return False
    return described.concept != _FREE_AIR or not regions <= {"abdomen"}


def _of_a_device(denial: Finding, case: Case) -> bool:
    """True for the fracture of a lead or a wire that is denied: "leads in place without fracture"."""
    if denial.concept != _FRACTURE or denial.sites:
        return False
    text, span = case.report.text, denial.entity.span
    for other in case.told_in.get(denial.sentence, ()):
        if is_device(other):
            before = _WITHOUT.fullmatch(text, other.entity.span.end, span.start)
            if before or _OF.fullmatch(text, span.end, other.entity.span.start):
                return True
    return False


def _regions(case: Case, concepts: Iterable[str | None]) -> frozenset[str | None]:
    return frozenset(node.region for concept in concepts if (node := case.facts.nodes.get(concept or "")))


def is_one_of(listed: Finding, other: Finding, case: Case) -> bool:
    """True for a finding told of several structures, which is one of each: "ribs and clavicles without fracture"."""
    plain, kind = listed.entity.concept or "", other.concept or ""
    at = {site.concept or "" for site in listed.sites}
    if subsumes(_FRACTURE, plain, case.facts) and plain != _FRACTURE:  # "no rib or clavicle fracture"
        plain, at = _FRACTURE, set(_joined(listed, case))
    elif len(at) == 1 or plain == listed.concept:
        return False
    homes = set(case.facts.leaving.get((kind, EdgeKind.HAS_FINDING_SITE), ()))
    at = at.union(*(case.facts.leaving.get((one, EdgeKind.UNSIDED), ()) for one in at))
    return subsumes(plain, kind, case.facts) and bool(homes & at)


def _joined(listed: Finding, case: Case) -> Iterator[str]:
    """The structures that are joined to the name of a fracture before it; not more than a few."""
    here, start = case.by_sentence.get(listed.sentence, ()), listed.entity.span.start
    first = bisect_left(here, start, key=lambda entity: entity.span.start)
    for entity in reversed(here[max(0, first - _MOST_JOINED) : first]):
        joined = _OR.fullmatch(case.report.text, entity.span.end, max(start, entity.span.end))
        if entity.kind is not EntityKind.ANATOMY or joined is None:
            return
        yield entity.concept or ""
        start = entity.span.start


def at_home_elsewhere(denial: Finding, described: Finding, case: Case) -> bool:
    """True when a kind is described that has its own place, and denied in general of another place.

    "Rib fractures. Thoracic spine without fracture."
    """
    if denial.concept == described.concept or described.concept is None:
        return False
    homes = set(case.facts.leaving.get((described.concept, EdgeKind.HAS_FINDING_SITE), ()))
    named = {site.concept for site in denial.sites if site.concept is not None}
    if _ALL_BONES in named and subsumes(_OSSEOUS, described.concept, case.facts):
        return False
    if _GIRDLE in named and homes & _OF_GIRDLE:
        return False
    if homes & set(case.facts.leaving.get((denial.concept or "", EdgeKind.HAS_FINDING_SITE), ())):
        return bool(named & _OTHER_SPINES) and not described.sites
    within = named.union(*(case.facts.wholes.get(site, frozenset()) for site in named))
    at = homes.union(site.concept for site in described.sites if site.concept is not None)
    inside = any(named & case.facts.wholes.get(place, frozenset()) for place in at)
    return bool(homes and named) and not homes & within and not inside
