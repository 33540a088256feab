"""An impression that names an acute finding which the findings exclude or never mention."""

import re
from collections.abc import Iterator

from app.proofreading.breaks import is_fresh
from app.proofreading.case import Case
from app.proofreading.comparing import (
    FINDINGS,
    IMPRESSION,
    Likeness,
    asserted,
    current,
    denied,
    in_reach,
    is_chest,
    is_device,
    is_generic,
    likeness,
    name,
    phrase,
    sentences,
    subsumes,
)
from app.proofreading.detectors.reading import is_sign_of, is_suspect
from app.proofreading.findings import Finding, Status
from app.proofreading.leaving_out import denied_alone, without_sentence
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from kg_ingest.schema import EdgeKind
from models.types import SectionName

_BONE = re.compile(r"bon[ey]|osseous|skelet", re.IGNORECASE)
_PULMONARY = re.compile(r"lung|pulmon|parenchym|airspace", re.IGNORECASE)
_LUNG = "RP:lung"
_STEM = 6
_NO_STEMS = frozenset(
    {
        "pleura",
        "pulmon",
        "medias",
        "tensio",
        "pneumo",
        "hydrop",
        "subcut",
        "airspa",
        "inters",
        "bronch",
        "consol",
        "vascul",
        "cardia",
        "cardio",
    }
)
_SHORT = 3  # a findings section of fewer sentences leaves things out
_LESIONS = frozenset({"RP:nodule", "RP:mass"})
# not acute, yet told of wherever they are seen
_GRAVE = tuple(
    f"RP:{name}"
    for name in "nodule mass lung-cancer metastasis lymphoma tuberculosis cavity bronchiectasis "
    "interstitial-lung-disease widened-mediastinum hilar-lymphadenopathy".split()
)
_TUMOURS = ("RP:lung-cancer", "RP:metastasis", "RP:lymphoma", "RP:neoplasm", "RP:pleural-mass")
# known from elsewhere, or one of several readings
_TOLD_BEFORE = re.compile(
    r"\b(?:known|progressi(?:ve|on)|history of|hx|treated|status post|s/p|differential|alternatives?|versus|vs)\b",
    re.IGNORECASE,
)
_ATELECTASIS = "RP:atelectasis"
_PRESSING = ("RP:pneumothorax", "RP:pleural-effusion")  # what takes the room of a lung
_COLLAPSE = re.compile(r"lobar|collapse\b", re.IGNORECASE)
_NEVER_LEFT_OUT = frozenset({"RP:pneumothorax", "RP:free-air"})  # also where findings have no heading
_SHADOWS = ("RP:opacity", "RP:interstitial-markings", "RP:vascular-congestion", "RP:atelectasis", "RP:cavity")
_FAILURE, _LARGE_HEART = "RP:heart-failure", "RP:cardiomegaly"
_HEMOTHORAX = "RP:hemothorax"
_BLOOD = re.compile(
    r"(?<!no )\bblood\b(?! (?:flow|vessel|pressure|supply|volume|pool))|\b(?:bleed|ha?emorrhag|ha?ematoma)",
    re.IGNORECASE,
)
_OLD, _GONE = frozenset({"stable", "resolved", "decreased"}), frozenset({"resolved"})


class Unsupported:
    """Looks for what the impression concludes without ground in the findings."""

    types = frozenset({ErrorType.UNSUPPORTED_FINDING})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in the order of the impression."""
        described = [*asserted(case, FINDINGS), *_aside(case)]
        reported = [i for i, s in enumerate(case.report.sentences) if _in_findings(case, i)]
        untitled = any(case.report.section_of(i) is SectionName.UNTITLED for i in reported)
        if not reported or (untitled and len(reported) < _SHORT):
            return
        for concluded in asserted(case, IMPRESSION):
            if untitled and concluded.concept not in _NEVER_LEFT_OUT:
                continue
            if (
                not _weighty(concluded, case)
                or _grounded(concluded, described, case)
                or _known(concluded, case)
            ):
                continue
            against = _against(concluded, case)
            if against:
                likely = 0.62 if is_sign_of(concluded, case) else 0.55
                yield _candidate(
                    case, concluded, against, 0.85 if concluded.status is Status.PRESENT else likely
                )
            elif len(reported) >= _SHORT and is_sign_of(concluded, case) and is_chest(case):
                yield _candidate(case, concluded, (), 0.7 if _looked_at(concluded, case) else 0.62)


def _aside(case: Case) -> list[Finding]:
    """What the findings tell of another exam: no contradiction, but ground enough for a conclusion."""
    return [f for f in case.findings if f.aside and f.section in FINDINGS and f.status is not Status.ABSENT]


def _in_findings(case: Case, sentence: int) -> bool:
    return case.report.section_of(sentence) in FINDINGS


def _acute(finding: Finding, case: Case) -> bool:
    node = case.facts.nodes.get(finding.concept or "")
    return node is not None and node.acuity == "acute"


def _weighty(finding: Finding, case: Case) -> bool:
    """A finding that no careful findings section leaves out: acute, or grave; and not an old one."""
    if _TOLD_BEFORE.search(case.report.sentences[finding.sentence].span.of(case.report.text)):
        return False
    grave = any(subsumes(kind, finding.concept or "", case.facts) for kind in _GRAVE)
    grave = grave or is_fresh(finding, case) or is_suspect(finding, case)
    if is_device(finding) or not (_acute(finding, case) or grave or _collapsed(finding)):
        return False
    if any(acuity.value in ("old", "chronic") for acuity in finding.acuities):
        return False
    past = _GONE if finding.concept in _NEVER_LEFT_OUT else _OLD
    return not any(change.value in past for change in finding.changes)


def _known(finding: Finding, case: Case) -> bool:
    """True for a tumour that the indication tells of: what the patient is known to have."""
    return any(subsumes(tumour, finding.concept or "", case.facts) for tumour in _TUMOURS) and any(
        other.section is SectionName.INDICATION
        and other.concept == finding.concept
        and other.status is Status.PRESENT
        and not other.entity.hypothetical
        for other in case.findings
    )


def _collapsed(finding: Finding) -> bool:
    """True for a lobe or lung that is said to be wholly without air."""
    gross = any(grade.value == "severe" for grade in finding.severities)
    return finding.concept == _ATELECTASIS and (gross or bool(_COLLAPSE.search(finding.entity.quote)))


def _grounded(concluded: Finding, described: list[Finding], case: Case) -> bool:
    """True when something tied to it is described, or for lungs any shadow in them."""
    if _stem_told(concluded, case) or _bled(concluded, case):
        return True
    if concluded.concept == _FAILURE and any(_clear_lungs(other) for other in current(case, FINDINGS)):
        described = [
            other for other in described if other.concept != _LARGE_HEART
        ]  # which alone is no failure
    in_lung = "RP:lung" in _homes(concluded, case)
    pressed = concluded.concept == _ATELECTASIS
    return any(
        (pressed and any(subsumes(filled, other.concept or "", case.facts) for filled in _PRESSING))
        or {concluded.concept, other.concept} == _LESIONS
        or likeness(concluded.concept, other.concept, case.facts) is not Likeness.NONE
        or (in_lung and any(subsumes(shadow, other.concept or "", case.facts) for shadow in _SHADOWS))
        or (other.concept == _SHADOWS[0] and _lies_in(other, concluded, case))
        for other in described
        if not is_device(other)
    )


def _clear_lungs(finding: Finding) -> bool:
    return finding.normal and any(site.concept == _LUNG for site in finding.sites)


def _lies_in(shadow: Finding, concluded: Finding, case: Case) -> bool:
    """True for a shadow of the structure that a finding is at home in: "an opacity in the anterior mediastinum"."""
    at = {site.concept for site in shadow.sites if site.concept is not None}
    within = at.union(*(case.facts.wholes.get(site, ()) for site in at))
    return bool(within & _homes(concluded, case))


def _stem_told(concluded: Finding, case: Case) -> bool:
    """True when the findings use the word in another form, that of no finding: "cavitated", "cavitation"."""
    stem = concluded.entity.quote.lower()[:_STEM]
    if len(stem) < _STEM or not stem.isalpha() or stem in _NO_STEMS:
        return False
    return any(
        _in_findings(case, number) and stem in sentence.span.of(case.report.text).lower()
        for number, sentence in enumerate(case.report.sentences)
        if not any(concluded.concept == told.concept for told in case.told_in.get(number, ()))
    )


def _bled(concluded: Finding, case: Case) -> bool:
    """True for blood in the chest, where the findings read a shadow as blood: "haziness, probably blood"."""
    return concluded.concept == _HEMOTHORAX and any(
        _in_findings(case, number) and _BLOOD.search(sentence.span.of(case.report.text))
        for number, sentence in enumerate(case.report.sentences)
        if case.told_in.get(number)
    )


def _homes(finding: Finding, case: Case) -> frozenset[str]:
    return frozenset(case.facts.leaving.get((finding.concept or "", EdgeKind.HAS_FINDING_SITE), ()))


def _looked_at(concluded: Finding, case: Case) -> bool:
    """True when the findings speak of the same structure, only not of this."""
    homes = _homes(concluded, case)
    return any(
        homes & (_homes(other, case) | {site.concept for site in other.sites})
        for other in current(case, FINDINGS)
        if not is_device(other)
    )


def _against(concluded: Finding, case: Case) -> tuple[Finding, ...]:
    """What speaks against it: denials of it or of its signs, its home called normal, a blanket denial beside it."""
    homes = _homes(concluded, case)
    denials = [
        other
        for other in denied(case, FINDINGS)
        if likeness(concluded.concept, other.concept, case.facts) is Likeness.SUGGESTED
    ]
    normals = [
        other
        for other in current(case, FINDINGS)
        if other.normal and any(site.concept in homes for site in other.sites)
    ]
    blanket = [
        other
        for other in current(case, IMPRESSION)
        if _is_blanket(other) and _acute(concluded, case) and in_reach(other, concluded, case)
    ]
    bones = [
        other
        for other in current(case, FINDINGS)
        if is_generic(other) and other.status is Status.ABSENT and _of_bones(other, concluded, case)
    ]
    lungs = [other for other in current(case, FINDINGS) if _of_lungs(other, concluded, case)]
    return tuple((denials + normals + bones + lungs + blanket)[:2])


def _of_bones(denial: Finding, concluded: Finding, case: Case) -> bool:
    """True for "no acute bony abnormality" against a fracture."""
    words = (denial.entity.quote, *(site.quote for site in denial.sites))
    osseous = "RP:osseous-finding" in case.facts.ancestors.get(concluded.concept or "", frozenset())
    return osseous and any(_BONE.search(word) for word in words)


def _of_lungs(denial: Finding, concluded: Finding, case: Case) -> bool:
    """True for "the lungs show no active disease" against what is acute in them."""
    if not _is_blanket(denial) or not _acute(concluded, case) or _LUNG not in _homes(concluded, case):
        return False
    words = (denial.entity.quote, *(site.quote for site in denial.sites))
    return not denial.zones and any(_PULMONARY.search(word) for word in words)


def _is_blanket(other: Finding) -> bool:
    limited = other.sides or any(change.value == "new" for change in other.changes)
    return is_generic(other) and other.status is Status.ABSENT and not limited


def _candidate(case: Case, concluded: Finding, against: tuple[Finding, ...], confidence: float) -> Candidate:
    sentence = case.report.sentences[concluded.sentence].span
    what = name(concluded.concept, case.facts)
    message = f"The findings do not mention {what}, or anything that would suggest it."
    if against:
        message = f"The findings speak against {what}."
    return Candidate(
        type=ErrorType.UNSUPPORTED_FINDING,
        span=phrase(concluded, case),
        message=message,
        rule="unsupported.excluded" if against else "unsupported.unmentioned",
        confidence=confidence,
        evidence=sentences(case, *against, concluded) or (Evidence(EvidenceKind.TEXT, span=sentence),),
        correction=without_sentence(case, concluded) or denied_alone(case, concluded),
    )
