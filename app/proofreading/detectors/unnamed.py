"""A general word ("the abnormality", "the abnormal lung") placed where the report describes nothing."""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED, asserted, is_device, is_generic, levels, name, sentences
from app.proofreading.detectors.laterality import side_span, swap_side
from app.proofreading.detectors.referring import tells_of_more
from app.proofreading.findings import Finding, Status
from app.proofreading.leaving_out import without_either
from app.proofreading.report import Candidate, Correction, ErrorType
from kg_ingest.schema import EdgeKind

_ABNORMAL = re.compile(r"abnormal\w*|affected|diseased|involved", re.IGNORECASE)
_LUNG = frozenset({"RP:lung", "RP:pleura", "RP:pleural-space"})
_RIB = frozenset({"RP:rib"})
_ENDS = frozenset({"upper", "lower"})
_CONFIDENCE = 0.78


class Unnamed:
    """Compares the place of what a sentence does not name with the places of all findings of that organ."""

    types = frozenset({ErrorType.LATERALITY_MISMATCH, ErrorType.LOCATION_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in text order."""
        for unnamed in case.findings:
            if _is_unnamed(unnamed) and _is_alone(case, unnamed):
                yield from _apart(case, unnamed)


def _is_unnamed(finding: Finding) -> bool:
    entity = finding.entity
    if finding.section not in REPORTED or finding.status is not Status.PRESENT or finding.aside:
        return False
    if entity.historical or entity.hypothetical or entity.other or finding.normal or is_device(finding):
        return False
    return is_generic(finding) or (finding.concept is None and _ABNORMAL.fullmatch(entity.quote) is not None)


def _is_alone(case: Case, finding: Finding) -> bool:
    return len(case.told_in.get(finding.sentence, ())) == 1 and not tells_of_more(case, finding)


def _apart(case: Case, unnamed: Finding) -> Iterator[Candidate]:
    organ = _organ(unnamed, case)
    others = [one for one in asserted(case, REPORTED) if not is_device(one) and _organ(one, case) == organ]
    if not organ or any(not one.sides and not levels(one) for one in others):
        return
    sided = [one for one in others if one.sides]
    opposite = all(len(one.sides) == 1 and one.sides != unnamed.sides for one in sided)
    if len(unnamed.sides) == 1 and sided and opposite:
        yield _candidate(case, unnamed, sided[0], sided=True)
        return
    beside = [one for one in others if not (one.sides and unnamed.sides) or one.sides & unnamed.sides]
    here = levels(unnamed)
    if len(here) == 1 and beside and all(levels(one) == _ENDS - here for one in beside):
        yield _candidate(case, unnamed, beside[0])


def _organ(finding: Finding, case: Case) -> frozenset[str]:
    """The lungs with the pleura, or the ribs; empty for all else."""
    places = {site.concept or "" for site in finding.sites}
    places |= {whole for place in places for whole in case.facts.wholes.get(place, ())}
    places |= set(case.facts.leaving.get((finding.concept or "", EdgeKind.HAS_FINDING_SITE), ()))
    if places & _RIB:
        return _RIB
    return _LUNG if places & _LUNG or levels(finding) else frozenset()


def _candidate(case: Case, unnamed: Finding, other: Finding, *, sided: bool = False) -> Candidate:
    """Its side or, where that is no contradiction, its level beside that of all else."""
    place = side_span(unnamed, case) if sided else (*unnamed.sites, unnamed.entity)[0].span
    turned = swap_side(case.report.quote(place)) if sided else None
    fixes = [*([] if turned is None else [Correction(place, turned)]), *without_either(case, unnamed)]
    (here,), (there,) = (one.sides if sided else levels(one) for one in (unnamed, other))
    return Candidate(
        type=ErrorType.LATERALITY_MISMATCH if sided else ErrorType.LOCATION_MISMATCH,
        span=place,
        message=(
            f"What this does not name is {here}; {name(other.concept, case.facts)} and all else "
            f"that the report places in this organ is {there}."
        ),
        rule="laterality.unnamed" if sided else "location.unnamed",
        confidence=_CONFIDENCE,
        evidence=sentences(case, other, unnamed),
        correction=fixes[0] if fixes else None,
        alternatives=tuple(fixes[1:]),
    )
