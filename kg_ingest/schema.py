"""Labels and relations of the knowledge graph: the words that loader and service share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

SCHEMA_VERSION = "2"


class Group(StrEnum):
    """Semantic group of a concept."""

    ANATOMY = "anatomy"
    FINDING = "finding"
    DISEASE = "disease"
    DEVICE = "device"
    PROCEDURE = "procedure"
    OTHER = "other"


class EdgeKind(StrEnum):
    """Relations of the T-box, and OBSERVED for counted A-box triples."""

    IS_A = "IS_A"
    PART_OF = "PART_OF"
    HAS_FINDING_SITE = "HAS_FINDING_SITE"
    LATERAL_TWIN = "LATERAL_TWIN"
    UNSIDED = "UNSIDED"  # sided structure -> the structure without its side
    EXCLUDES = "EXCLUDES"  # the two cannot be said of one place at one time
    SUGGESTS = "SUGGESTS"  # finding -> disease it may indicate
    CAUSES = "CAUSES"
    TREATS = "TREATS"  # drug, device or procedure -> what it is for
    HAS_MORPHOLOGY = "HAS_MORPHOLOGY"  # disease -> abnormal structure
    RELATED_TO = "RELATED_TO"  # any other relation that a source states
    OBSERVED = "OBSERVED"  # finding -> site, with a count over reference reports


class Sidedness(StrEnum):
    """On which side of the body a structure exists."""

    LEFT = "left"  # this concept is the left one, or exists on the left only (lingula)
    RIGHT = "right"
    PAIRED = "paired"  # unsided name of a structure that exists on both sides
    MIDLINE = "midline"


@dataclass(frozen=True, slots=True)
class Node:
    """One concept. ``names`` include the preferred one; ``xrefs`` are CURIEs such as RID:1326.

    ``region``: body region in lower case (chest, abdomen, head, neck, spine, pelvis, limb...).
    ``plausible_mm``: lowest and highest plausible greatest dimension of this finding or structure in mm.
    ``severities``: severity words used of this finding. ``acuity``: acute | chronic | either.
    ``sex``: male | female when the structure or disease exists in one sex only.
    ``members``: the sources' own records of a concept that several of them have, each as it was
    stated; empty when there is one record only. ``kg_ingest.merging.split`` takes them apart again.
    """

    id: str
    name: str
    group: Group
    source: str
    source_version: str
    names: tuple[str, ...] = ()
    xrefs: tuple[str, ...] = ()
    region: str | None = None
    sidedness: Sidedness | None = None
    acuity: str | None = None
    sex: str | None = None
    plausible_mm: tuple[float, float] | None = None
    severities: tuple[str, ...] = ()
    members: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """One directed, typed edge with its provenance; ``count`` only for OBSERVED."""

    source_id: str
    kind: EdgeKind
    target_id: str
    source: str
    source_version: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Link:
    """A source's statement that two identifiers mean the same concept (SSSOM skos:exactMatch)."""

    a: str
    b: str
    source: str
    source_version: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A report of the archive mentions a concept: A-box, without the report's text."""

    report_id: str
    concept_id: str
    label: str
    source: str
    source_version: str


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that a source could not take. ``line`` counts from 1; ``reason`` never quotes the row."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Skip:
    """Sound rows that were left out on purpose: by a filter, or of a relation that is not used."""

    reason: str
    count: int


Item = Node | Edge | Link | Mention | Reject | Skip


@dataclass(frozen=True, slots=True)
class Source:
    """One loaded source, as the manifest lists it; ``licence`` names the terms it came under."""

    name: str
    version: str
    licence: str
    nodes: int = 0
    edges: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a graph holds.

    ``checksum``: over its content in any order (``kg_ingest.checksum``). ``joined``: records that
    became part of another's concept. ``conflicts``: joins that were refused and other contradictions.
    ``licences``: the terms that the loader's user acknowledged.
    """

    schema_version: str
    sources: tuple[Source, ...]
    concepts: int
    names: int
    edges: int
    checksum: str
    mentions: int = 0
    joined: int = 0
    conflicts: int = 0
    licences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    """All that one question about a set of concepts brings back.

    ``nodes``: the asked concepts, and every concept that an edge of theirs reaches.
    ``edges``: their outgoing edges of every kind but OBSERVED.
    ``ancestors``: asked id -> ids above it by IS_A, any depth, itself not included.
    ``wholes``: asked id -> ids above it by PART_OF, UNSIDED and IS_A among anatomy, any depth.
    ``observed``: (finding id, site id), both asked -> how often corpora say the one of the other.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: tuple[Edge, ...] = ()
    ancestors: dict[str, frozenset[str]] = field(default_factory=dict)
    wholes: dict[str, frozenset[str]] = field(default_factory=dict)
    observed: dict[tuple[str, str], int] = field(default_factory=dict)

    @cached_property
    def leaving(self) -> Mapping[tuple[str, EdgeKind], tuple[str, ...]]:
        """(id, kind) -> ids that its edges of this kind lead to."""
        ends: dict[tuple[str, EdgeKind], list[str]] = {}
        for edge in self.edges:
            ends.setdefault((edge.source_id, edge.kind), []).append(edge.target_id)
        return {key: tuple(dict.fromkeys(targets)) for key, targets in ends.items()}
