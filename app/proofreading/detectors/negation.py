"""A finding denied in one sentence and described in another."""

import re
from collections.abc import Iterator

from app.proofreading.breaks import is_bare_break
from app.proofreading.case import Case
from app.proofreading.comparing import (
    IMPRESSION,
    REPORTED,
    asserted,
    denied,
    edge_path,
    fading,
    is_chest,
    is_device,
    levels,
    name,
    sentences,
    subsumes,
    told_name,
)
from app.proofreading.detectors.beside import beside_another
from app.proofreading.detectors.denial_fixes import unsaid
from app.proofreading.detectors.denials import (
    ANY_TUBE,
    at_home_elsewhere,
    is_no_device,
    is_one_of,
    is_reintubated,
    of_another_organ,
    of_another_vertebra,
)
from app.proofreading.detectors.denying import (
    by_another_name,
    denied_with_it,
    excluded,
    gone_then_new,
    of_lungs_only,
)
from app.proofreading.detectors.device_kinds import (
    ALL,
    is_kind_of,
    is_only_one,
    is_out,
    of_another_device,
    says,
)
from app.proofreading.detectors.elsewhere import sides_of
from app.proofreading.detectors.kinds import is_told_bare
from app.proofreading.detectors.limits import is_limited
from app.proofreading.detectors.referring import told
from app.proofreading.findings import Finding, Status
from app.proofreading.gone import tells_gone
from app.proofreading.report import Candidate, ErrorType
from app.proofreading.sided import SIDES
from kg_ingest.schema import EdgeKind
from models.tokens import fold

_WITHDRAWN = re.compile(
    r"\b(?:withdrawn|taken out|pulled(?! back)|explanted|discontinued|retriev\w+|remov\w+|exchang\w+|extubat\w+)\b",
    re.IGNORECASE,
)
_LEFT = re.compile(
    r"\b(?:persist\w*|still (?:visible|seen|present|there|evident)|remain(?:s|ing)? (?:visible|seen|present|evident)|"
    r"(?:now|currently) (?:measur\w+ )?(?:about |approximately )?\d)",
    re.IGNORECASE,
)


class Negation:
    """Compares each denied finding with each described one, within and across sections."""

    types = frozenset({ErrorType.NEGATION_CONTRADICTION})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """One candidate for each described finding, against the first denial that it contradicts."""
        denials = denied(case, REPORTED)
        for described in asserted(case, REPORTED):
            for denial in denials:
                if _contradicts(denial, described, case):
                    yield _candidate(case, denial, described)
                    break
        for first, second in excluded(case):
            yield _candidate(case, first, second)


def _contradicts(denial: Finding, described: Finding, case: Case) -> bool:
    if denial.sentence == described.sentence or denial.concept is None or described.concept is None:
        return False
    same = subsumes(denial.concept, described.concept, case.facts) or _kind_at(denial, described, case)
    same = same or is_kind_of(denial, described, case)
    same = same or is_one_of(denial, described, case) or is_one_of(described, denial, case)
    no_device = is_no_device(denial, described, case)
    if not (same or no_device) and not by_another_name(denial, described, case):
        return False
    if (
        (fading(described, case) and not _left(described, case))
        or _explained(described, case)
        or _taken_out(denial, described, case)
    ):
        return False
    if gone_then_new(denial, described, case) or beside_another(denial, described, case):
        return False
    if denied_with_it(described, case):
        return False
    if of_lungs_only(denial, described, case):
        return False
    if of_another_organ(denial, described, case) or of_another_vertebra(denial, described, case):
        return False
    if at_home_elsewhere(denial, described, case) or is_reintubated(denial, case):
        return False
    if _elsewhere(denial, described, case):
        return False
    return no_device or not is_limited(denial, described, case) or is_bare_break(denial, described, case)


def _kind_at(denial: Finding, described: Finding, case: Case) -> bool:
    """True when a kind named by its place is denied, and described at that place: "fracture of the sixth rib"."""
    if not subsumes(described.concept or "", denial.concept or "", case.facts):
        return False
    homes = set(case.facts.leaving.get((denial.concept or "", EdgeKind.HAS_FINDING_SITE), ()))
    sites = {site.concept for site in described.sites if site.concept is not None}
    sites |= {plain for site in sites for plain in case.facts.leaving.get((site, EdgeKind.UNSIDED), ())}
    return bool(homes & sites) and _last_word(denial) == _last_word(described)


def _last_word(finding: Finding) -> str:
    return fold(told_name(finding)).split()[-1].removesuffix("s")


def _taken_out(denial: Finding, described: Finding, case: Case) -> bool:
    """True when a device is told to be removed where it was told of before, or another one is in place."""
    if not is_device(denial):
        return False
    if says(_WITHDRAWN, described, case):
        return True
    several = _is_one_of_two(described, case) or (
        _is_one_of_two(denial, case) and not ALL.search(told(case, denial))
    )
    out = is_out(denial)
    if out and (denial.section is described.section or (several and not _still(described))):
        return True
    return denial.concept != ANY_TUBE and of_another_device(denial, described, case)


def _is_one_of_two(finding: Finding, case: Case) -> bool:
    key = "one of two", finding.index
    if key not in case.memo:
        case.memo[key] = _ONE_OF_TWO.search(told(case, finding)) is not None
    return bool(case.memo[key])


def _left(described: Finding, case: Case) -> bool:
    """True for what has become less and is still there: "smaller but persists", "decreased, now 7 mm"."""
    less = all(change.value != "resolved" for change in described.changes)
    return (
        less and _LEFT.search(case.report.quote(case.report.sentences[described.sentence].span)) is not None
    )


def _still(described: Finding) -> bool:
    """True for what is told to be there as before."""
    return bool(described.changes) and all(change.value == "stable" for change in described.changes)


def _explained(described: Finding, case: Case) -> bool:
    """True when its own sentence reads it as an old, harmless thing: "nodules consistent with granulomas"."""
    key = "explained", described.index
    if key not in case.memo:
        case.memo[key] = _is_explained(described, case)
    return bool(case.memo[key])


def _is_explained(described: Finding, case: Case) -> bool:
    readings = {r.target for r in case.graph.relations if r.source == described.index}
    return any(
        _RESIDUAL in case.facts.ancestors.get(other.concept or "", frozenset())
        for other in case.findings
        if other.index in readings
    ) or (described.concept == _NODULE and any(f.concept in _OUTSIDE for f in asserted(case, REPORTED)))


def _elsewhere(denial: Finding, described: Finding, case: Case) -> bool:
    """True when the denial speaks of another place: another side, level or structure."""
    if is_told_bare(denial, described, case):
        return False
    if denial.sides and described.sides and not denial.sides & described.sides:
        return True
    gone = described.sides and not denial.sides and tells_gone(denial)
    if gone and described.sides.isdisjoint(_named_sides(denial, case)):
        return True  # "consolidation and blunting in the left lower lobe have cleared", an infiltrate on the right
    if denial.sides and not described.sides and len(denial.sides) == 1:
        if is_device(denial) and is_only_one(denial, described, case):
            return False
        return not _all_of_one_side(denial, described, case)
    if (
        denial.concept == _PNEUMOTHORAX
        and not (levels(described) or described.sides)
        and len(denial.sides) != 1
    ):
        return False  # denied of the apices, where it is looked for
    same_side = bool(denial.sides) and denial.sides == described.sides
    if denial.concept == _PNEUMOTHORAX and same_side and not levels(described) and _still(described):
        return False  # at the apex, where it is looked for
    if levels(denial) and not levels(denial) & levels(described):
        return True
    if denial.concept == _FREE_AIR:
        return False  # it goes anywhere
    if denial.concept == _FOREIGN and denial.sites and not described.sites:
        return True  # none in the airway, pellets in the chest wall
    denied_at = {site.concept for site in denial.sites}
    described_at = {site.concept for site in described.sites}
    within = described_at.union(*(case.facts.wholes.get(site or "", ()) for site in described_at))
    return bool(denied_at and described_at and not denied_at & within and not levels(denial))


def _named_sides(denial: Finding, case: Case) -> frozenset[str]:
    """The sides that its sentence names; both where it names none."""
    here = case.by_sentence.get(denial.sentence, ())
    return frozenset[str]().union(*(sides_of(case, entity) for entity in here)) or SIDES["bilateral"]


def _all_of_one_side(denial: Finding, described: Finding, case: Case) -> bool:
    """True where one section says that it is gone on a side, the other that it is there, and nothing lies elsewhere."""
    across = (denial.section in IMPRESSION) != (described.section in IMPRESSION)
    placed = bool(described.sites or levels(described))
    told_of = case.report.quote(case.report.sentences[described.sentence].span)
    several = described.entity.quote.lower().endswith("s")
    firm = described.status is Status.PRESENT and not is_device(denial)
    if not firm or several or not across or placed or _KNOWN_FROM.search(told_of):
        return False
    key = "sides told", ""
    if key not in case.memo:
        case.memo[key] = frozenset(side for one in asserted(case, REPORTED) for side in one.sides)
    told: frozenset[str] = case.memo[key]
    return not told - denial.sides


def _candidate(case: Case, denial: Finding, described: Finding) -> Candidate:
    certain = described.status is Status.PRESENT
    detailed = bool(
        described.sides
        or described.severities
        or described.measurements
        or described.sites
        or described.zones
    )
    wrong = denial if detailed else described
    other = described if detailed else denial
    across = (denial.section in IMPRESSION) != (described.section in IMPRESSION)
    fixes = (*unsaid(case, wrong, other), *unsaid(case, other, wrong))
    return Candidate(
        type=ErrorType.NEGATION_CONTRADICTION,
        span=wrong.entity.span,
        message=_message(case, denial, described),
        rule="negation.sections" if across else "negation.sentences",
        confidence=_confidence(certain=certain, across=across, detailed=detailed)
        - (0.0 if is_chest(case) else _BEYOND[across])
        - (_MUCH_TOLD if not across and len(case.report.sentences) > _LONG else 0.0),
        evidence=(
            *sentences(case, denial, described),
            *edge_path(described.concept, denial.concept, case.facts),
        ),
        correction=fixes[0] if fixes else None,
        alternatives=fixes[1:],
    )


def _message(case: Case, denial: Finding, described: Finding) -> str:
    what = name(described.concept, case.facts)
    if denial.status is Status.PRESENT:
        return f"{what} and {name(denial.concept, case.facts)} exclude each other."
    return f"{what} is described in one sentence and denied in another."


def _confidence(*, certain: bool, across: bool, detailed: bool) -> float:
    if not certain:
        return 0.62 if across else 0.55
    return 0.9 if across or not detailed else 0.85


_LONG, _MUCH_TOLD = 16, 0.3  # the more sentences, the likelier two of a section tell of two things
# across sections, and within: less sure outside the chest, where one report tells of many levels and joints
_BEYOND = {True: 0.25, False: 0.35}
_NODULE, _OUTSIDE = "RP:nodule", {"RP:nipple-shadow", "RP:skin-lesion"}  # what a nodule often turns out to be
_ONE_OF_TWO = re.compile(
    r"\b(?:one|two|both|upper|lower|first|second|another|other|additional|remaining|apical|basal|basilar|anterior|posterior|new)\b",
    re.IGNORECASE,
)
_KNOWN_FROM = re.compile(
    r"\b(?:follow(?:ing|ed|-?\s?up)?|post|after|status|history|hx|known|recurrent|previous\w*|prior|for|of the|this|"
    r"these)\b",
    re.IGNORECASE,
)
_FOREIGN, _FREE_AIR, _PNEUMOTHORAX = "RP:foreign-body", "RP:free-air", "RP:pneumothorax"
_RESIDUAL = "RP:benign-residual"
