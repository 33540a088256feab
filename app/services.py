"""The parts that a check needs, and the only place that picks their implementations."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from app import __version__
from app.knowledge import lexicon
from app.proofreading.case import Detector
from app.proofreading.detectors.impossible_anatomy import ImpossibleAnatomy
from app.proofreading.detectors.interval_change import IntervalChange
from app.proofreading.detectors.laterality import Laterality
from app.proofreading.detectors.location import Location
from app.proofreading.detectors.negation import Negation
from app.proofreading.detectors.normal_statement import NormalStatement
from app.proofreading.detectors.omitted import Omitted
from app.proofreading.detectors.severity import Severity
from app.proofreading.detectors.unsupported import Unsupported
from app.proofreading.report import ReferenceHit
from app.settings import Settings
from kg_ingest.embedded_store import open_bundled, open_store
from kg_ingest.schema import SCHEMA_VERSION
from kg_ingest.store import GraphStore, GraphStoreError
from models.extractor import GraphExtractor
from models.lexical import LexicalExtractor

_DEFAULT_INDEX = Path("var/index")


class ConfigurationError(Exception):
    """A configured part cannot be opened; the message says which and what to do."""


class References(Protocol):
    """Similar correct reports. Thread-safe."""

    def search(self, text: str, k: int) -> tuple[ReferenceHit, ...]:
        """The ``k`` nearest reports, best first."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that ``check_report`` uses; ``versions`` says what it is."""

    extractor: GraphExtractor
    knowledge: GraphStore
    references: References | None
    detectors: tuple[Detector, ...]
    versions: dict[str, str] = field(default_factory=dict)


def build_services(settings: Settings) -> Services:
    """Open every configured part.

    Raises:
        ConfigurationError: when one cannot be opened. Nothing configured is left out in silence.
    """
    if settings.llm_base_url is not None:
        raise ConfigurationError("RADPROOF_LLM_BASE_URL: the language-model review is not built yet")
    knowledge = _open_graph(settings.graph_uri)
    references, index_version = _open_references(settings)
    graph = knowledge.manifest()
    versions = {"radproof": __version__, "knowledge_graph": f"{SCHEMA_VERSION}+{graph.checksum[:12]}"}
    if index_version is not None:
        versions["reference_index"] = index_version
    return Services(
        extractor=LexicalExtractor(lexicon(knowledge)),
        knowledge=knowledge,
        references=references,
        detectors=_detectors(),
        versions=versions,
    )


def _open_graph(uri: str | None) -> GraphStore:
    if uri is not None and "://" in uri:
        raise ConfigurationError("RADPROOF_GRAPH_URI: graph servers are not supported yet; name a file")
    try:
        return open_bundled() if uri is None else open_store(Path(uri))
    except GraphStoreError as error:
        raise ConfigurationError(f"RADPROOF_GRAPH_URI: {error}") from error


def _open_references(settings: Settings) -> tuple[References | None, str | None]:
    """The reference index and its version; (None, None) where none is configured."""
    return None, None


def _detectors() -> tuple[Detector, ...]:
    return (
        Laterality(),
        Negation(),
        NormalStatement(),
        Unsupported(),
        Omitted(),
        Location(),
        ImpossibleAnatomy(),
        Severity(),
        IntervalChange(),
    )
