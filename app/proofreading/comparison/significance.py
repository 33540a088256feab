"""Whether an error matters: one stated rule, from what the report says and what the knowledge graph knows.

``docs/comparison.md`` explains it. What is not named here as of little weight is significant: acute
findings, findings of lung, pleura and heart, masses, fractures, lines and tubes.
"""

from collections.abc import Collection

from app.proofreading.comparing import subsumes
from app.proofreading.comparison.statement import Statement
from app.proofreading.comparison.types import Grounds
from kg_ingest.schema import Facts

_VARIANTS = (
    "RP:normal-variant", "RP:artifact-finding", "RP:low-lung-volumes", "RP:bronchovascular-crowding",
)  # fmt: skip
_LEFT_IN = (
    "RP:sternotomy-wires", "RP:surgical-clips", "RP:spinal-hardware", "RP:arthroplasty", "RP:breast-implant",
    "RP:vertebroplasty", "RP:gastric-band", "RP:stent", "RP:postoperative-finding",
)  # fmt: skip
# chronic, and told all the same: what lasts in lung and heart changes how the patient is treated
_TREATED = (
    "RP:lung-finding", "RP:lung-disease", "RP:cardiac-finding", "RP:cardiac-disease", "RP:scar",
    "RP:asbestosis", "RP:silicosis",
)  # fmt: skip
_TRACE = 1.0


def of_finding(said: Statement, facts: Facts) -> Grounds | None:
    """Why a finding is of little weight; None where it matters. The weightiest of its readings decides."""
    grounds = [_of_concept(concept, said, facts) for concept in said.concepts]
    return None if None in grounds or not grounds else grounds[0]


def _of_concept(concept: str, said: Statement, facts: Facts) -> Grounds | None:
    node = facts.nodes.get(concept)
    acuity = node.acuity if node is not None else None
    if _is_any(concept, _VARIANTS, facts):
        return Grounds.VARIANT
    if _is_any(concept, _LEFT_IN, facts):
        return Grounds.LEFT_IN
    if "old" in said.ages and "acute" not in said.ages:
        return Grounds.HEALED
    if acuity == "chronic" and not _is_any(concept, _TREATED, facts):
        return Grounds.LASTING
    if said.grades == {_TRACE} and acuity != "acute":
        return Grounds.TRACE
    return None


def _is_any(concept: str, kinds: Collection[str], facts: Facts) -> bool:
    return any(subsumes(kind, concept, facts) for kind in kinds)
