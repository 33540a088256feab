"""The words every room shares: spans, sections, sentences, entities, relations, graphs.

All offsets are code points into the report's text exactly as submitted, half-open, so that
``text[start:end] == quote`` always holds. Standard library only.
"""

from dataclasses import dataclass
from enum import StrEnum


class SectionName(StrEnum):
    """Canonical names of report sections; UNTITLED is text that no heading precedes."""

    EXAM = "EXAM"
    INDICATION = "INDICATION"
    TECHNIQUE = "TECHNIQUE"
    COMPARISON = "COMPARISON"
    FINDINGS = "FINDINGS"
    IMPRESSION = "IMPRESSION"
    RECOMMENDATION = "RECOMMENDATION"
    ADDENDUM = "ADDENDUM"
    OTHER = "OTHER"
    UNTITLED = "UNTITLED"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of code points.

    Raises:
        ValueError: if the range is negative or reversed.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: [{self.start}, {self.end})")

    def of(self, text: str) -> str:
        """The characters of ``text`` under this span."""
        return text[self.start : self.end]

    def overlaps(self, other: "Span") -> bool:
        """True when the two ranges share at least one code point."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: "Span") -> bool:
        """True when ``other`` lies wholly inside this range."""
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, slots=True)
class Section:
    """One section: ``heading`` spans the title words (None for UNTITLED), ``body`` what follows."""

    name: SectionName
    heading: Span | None
    body: Span


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence without surrounding white space; ``section`` indexes ``Report.sections``."""

    span: Span
    section: int


@dataclass(frozen=True, slots=True)
class Report:
    """A parsed report: the submitted text and where its sections and sentences lie, in order."""

    text: str
    sections: tuple[Section, ...]
    sentences: tuple[Sentence, ...]

    def section_of(self, sentence: int) -> SectionName:
        """The canonical section name of the sentence with this index."""
        return self.sections[self.sentences[sentence].section].name

    def quote(self, span: Span) -> str:
        """The submitted words under ``span``."""
        return span.of(self.text)


class EntityLabel(StrEnum):
    """RadGraph entity labels (Jain et al. 2021, arXiv 2106.14463, section 3)."""

    ANATOMY = "ANAT-DP"
    PRESENT = "OBS-DP"
    ABSENT = "OBS-DA"
    UNCERTAIN = "OBS-U"


class RelationKind(StrEnum):
    """RadGraph relations (arXiv 2106.14463, section 3)."""

    MODIFY = "modify"
    LOCATED_AT = "located_at"
    SUGGESTIVE_OF = "suggestive_of"


class EntityKind(StrEnum):
    """What an entity is about. All but OBSERVATION, DEVICE, NORMAL and ANATOMY are modifiers."""

    ANATOMY = "anatomy"
    OBSERVATION = "observation"
    DEVICE = "device"
    NORMAL = "normal"  # "clear", "within normal limits", "unremarkable"
    SIDE = "side"  # value: left | right | bilateral
    ZONE = "zone"  # value: upper | middle | lower | apical | basal | ...
    SEVERITY = "severity"  # value: trace | mild | moderate | severe (words for size of an effusion too)
    SIZE = "size"  # value: tiny | small | moderate | large
    CHANGE = "change"  # value: new | increased | decreased | stable | resolved
    ACUITY = "acuity"  # value: acute | chronic | old
    COUNT = "count"  # value: single | multiple | a number
    MEASUREMENT = "measurement"  # value: "<mm>" as decimal text, e.g. "12.0"; "a x b" keeps the largest
    DESCRIPTOR = "descriptor"  # any other modifier: patchy, focal, calcified


@dataclass(frozen=True, slots=True)
class Entity:
    """One node of the report's graph.

    ``concept`` is the knowledge-graph id when the words name one; ``value`` the canonical value
    of a modifier. ``rules`` are the ids of the assertion rules that set label and flags.
    ``historical``: said of the past; ``hypothetical``: said of what may come or is asked
    ("evaluate for"); ``other``: said of someone else (family history).
    """

    span: Span
    quote: str
    label: EntityLabel
    kind: EntityKind
    sentence: int
    concept: str | None = None
    value: str | None = None
    historical: bool = False
    hypothetical: bool = False
    other: bool = False
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """A directed edge between entities, by their index in ``ReportGraph.entities``."""

    kind: RelationKind
    source: int
    target: int


@dataclass(frozen=True, slots=True)
class ReportGraph:
    """The RadGraph-schema graph of one report; entities in text order."""

    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()


@dataclass(frozen=True, slots=True)
class LexiconEntry:
    """One name the extractor may meet: lower-case words, the concept they name, and its kind."""

    name: str
    concept: str
    kind: EntityKind
