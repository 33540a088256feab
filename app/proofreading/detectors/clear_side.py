"""A lung that is called clear, where all that is told of lungs lies on that side."""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED, asserted, current, is_chest, is_device, name, sentences
from app.proofreading.detectors.laterality import side_span, swap_side
from app.proofreading.detectors.referring import told
from app.proofreading.findings import Finding
from app.proofreading.report import Candidate, Correction, ErrorType
from kg_ingest.schema import EdgeKind

_REST = re.compile(
    r"\b(?:otherwise|remainder|remaining|rest|apart|except\w*|aside|besides|but|almost|nearly|largely|mostly|essentially|"
    r"relatively|grossly|aerated|expanded|inflated|now|became|has cleared)\b",
    re.IGNORECASE,
)
_LUNGS = frozenset({"RP:left-lung", "RP:right-lung", "RP:left-hemithorax", "RP:right-hemithorax"})
_LUNG = "RP:lung"
_GONE = frozenset({"resolved", "decreased"})
_WEAK = frozenset({"trace", "mild"})


class ClearSide:
    """Compares "the right lung is clear" with what is told of the right lung, when nothing is of the left."""

    types = frozenset({ErrorType.LATERALITY_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate."""
        if not is_chest(case):
            return
        clears = [one for one in current(case, REPORTED) if _is_clear_lung(one, case)]
        if len({side for clear in clears for side in clear.sides}) > 1:
            return  # both lungs are called clear: the finding is slight
        there = [one for one in asserted(case, REPORTED) if not is_device(one)]
        for clear in clears:
            if any(one.sides - clear.sides for one in there):
                continue
            inside = [one for one in there if one.sides == clear.sides and _in_lung(one, case)]
            apart = [one for one in inside if one.sentence != clear.sentence]
            if apart:
                yield _candidate(case, clear, apart[0])
                return


def _is_clear_lung(finding: Finding, case: Case) -> bool:
    at = {site.concept for site in finding.sites}
    whole = bool(at) and at <= _LUNGS and len(finding.sides) == 1 and not finding.zones
    return finding.normal and whole and not _REST.search(told(case, finding))


def _in_lung(finding: Finding, case: Case) -> bool:
    """True for a finding of the lung that is there, not slight and not old."""
    homes = case.facts.leaving.get((finding.concept or "", EdgeKind.HAS_FINDING_SITE), ())
    node = case.facts.nodes.get(finding.concept or "")
    old = node is not None and node.acuity == "chronic"
    slight = old or any(grade.value in _WEAK for grade in finding.severities)
    gone = any(entity.value in _GONE for entity in finding.changes)
    return _LUNG in homes and not (slight or gone)


def _candidate(case: Case, clear: Finding, one: Finding) -> Candidate:
    fixes = [
        Correction(span, turned)
        for span in (side_span(clear, case), side_span(one, case))
        if (turned := swap_side(case.report.quote(span))) is not None
    ]
    (side,) = clear.sides
    return Candidate(
        type=ErrorType.LATERALITY_MISMATCH,
        span=side_span(clear, case),
        message=f"The {side} lung is called clear; {name(one.concept, case.facts)} is told of it, and nothing of the other.",
        rule="laterality.clear",
        confidence=0.66,
        evidence=sentences(case, clear, one),
        correction=fixes[0] if fixes else None,
        alternatives=tuple(fixes[1:]),
    )
