"""The report's graph read as findings: each observation with its status, sides, sites and modifiers."""

from dataclasses import dataclass
from enum import StrEnum

from models.types import Entity, SectionName, Span


class Status(StrEnum):
    """Whether the report says that the finding is there."""

    PRESENT = "present"
    ABSENT = "absent"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement attached to a finding; ``mm`` is its greatest dimension in millimetres."""

    mm: float
    span: Span


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation or device with what is said of it.

    ``sides`` holds "left" and/or "right"; empty when no side is said. ``sites`` are the located_at
    anatomy entities. ``normal`` marks statements such as "lungs are clear" (concept None).
    Modifier tuples hold the modifier entities, in text order.
    """

    entity: Entity
    index: int
    status: Status
    section: SectionName
    sentence: int
    concept: str | None
    normal: bool = False
    sides: frozenset[str] = frozenset()
    side_entities: tuple[Entity, ...] = ()
    sites: tuple[Entity, ...] = ()
    zones: tuple[Entity, ...] = ()
    severities: tuple[Entity, ...] = ()
    sizes: tuple[Entity, ...] = ()
    changes: tuple[Entity, ...] = ()
    acuities: tuple[Entity, ...] = ()
    counts: tuple[Entity, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    descriptors: tuple[Entity, ...] = ()
