"""The parts that a check needs, and the only place that picks their implementations."""

import ssl
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from app import __version__
from app.garbage import kept_for_good
from app.integrations.config_file import ConfigFileError
from app.integrations.sources import Source, read_sources
from app.knowledge import Counts, lexicon
from app.proofreading.case import Detector
from app.proofreading.detectors.every import every
from app.proofreading.lexis import Lexis
from app.proofreading.profile import Profile, ProfileError, read_profile
from app.proofreading.report import SubmittedReport
from app.proofreading.review.types import Mode
from app.proofreading.speech import Speech, read_speech
from app.reading import read_reports
from app.references import IndexedReferences, read_observed
from app.settings import Settings
from kg_ingest.embedded_store import open_store
from kg_ingest.neo4j_store import open_neo4j
from kg_ingest.neo4j_writer import Server
from kg_ingest.schema import SCHEMA_VERSION, Group
from kg_ingest.sources.core import open_bundled
from kg_ingest.store import GraphStore, GraphStoreError
from models.embedder import Embedder, EmbedderError
from models.extractor import GraphExtractor
from models.lexical import LexicalExtractor
from models.onnx_embedder import OnnxEmbedder, bundled_model
from models.reference_index import ReferenceIndex, ReferenceIndexError, read_manifest

if TYPE_CHECKING:
    from app.batch.queue import TaskQueue
    from app.integrations.cds.config import CdsConfig
    from app.integrations.fhir.client import FhirClient
    from app.integrations.guard import Guard
    from app.integrations.orthanc.client import Orthanc
    from app.integrations.outgoing import Sender
    from app.proofreading.review.reviewer import Reviewer
    from app.storage.store import Store
    from app.storage.types import EndpointKind

_SERVERS = ("neo4j://", "neo4j+s://", "neo4j+ssc://", "bolt://", "bolt+s://", "bolt+ssc://")
_DEFAULT_INDEX = Path("var/index")
DEFAULT_SITE = Path("var/site")
_NO_REDIS = "not the address of a Redis server"
_NO_CERTIFICATES = "a ca_file holds no certificates in PEM"


class ConfigurationError(Exception):
    """A configured part cannot be opened; the message says which and what to do."""


@contextmanager
def _of(variable: str, *errors: type[Exception], says: str = "") -> Iterator[None]:
    """These errors are a ConfigurationError that names the variable, and says what they say or ``says``."""
    try:
        yield
    except errors as error:
        raise ConfigurationError(f"{variable}: {says or error}") from error


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that ``check_report`` uses; ``versions`` says what it is, ``seconds`` is a report's time."""

    extractor: GraphExtractor
    knowledge: GraphStore
    references: IndexedReferences | None
    detectors: tuple[Detector, ...]
    references_k: int = 4
    seconds: float = 30.0
    profile: Profile = field(default_factory=Profile)
    counted: Counts = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    reviewer: "Reviewer | None" = None

    def close(self) -> None:
        """Release what the parts hold."""
        self.knowledge.close()
        if self.reviewer is not None:
            self.reviewer.close()


@kept_for_good()
def build_services(settings: Settings) -> Services:
    """Open every configured part.

    Raises:
        ConfigurationError: when one cannot be opened. Nothing configured is left out in silence.
    """
    profile = _open_profile(settings)
    knowledge = _open_graph(settings)
    versions = {
        "radproof": __version__,
        "knowledge_graph": f"{SCHEMA_VERSION}+{knowledge.manifest().checksum[:12]}",
    }
    if profile.verifier.version:
        versions["verifier"] = profile.verifier.version
    names = tuple(knowledge.names(tuple(Group)))
    references, index_version = _open_references(settings)
    folder = settings.index_dir or _DEFAULT_INDEX
    if index_version is not None:
        versions["reference_index"] = index_version
    reviewer = open_reviewer(settings)
    if reviewer is not None:
        versions |= reviewer.versions
    return Services(
        extractor=LexicalExtractor(lexicon(names)),
        knowledge=knowledge,
        references=references,
        detectors=detectors((row.text for row in names), read_speech(folder), profile.words),
        references_k=settings.references_k,
        seconds=settings.check_seconds,
        profile=profile,
        counted=read_observed(folder),
        versions=versions,
        reviewer=reviewer,
    )


def open_reviewer(settings: Settings) -> "Reviewer | None":
    """The review by a language model; none where no server is named. The server itself may come up later.

    Raises:
        ConfigurationError: when the model is not named, or the key or the cache's address is none.
    """
    if settings.llm_base_url is None or settings.llm_use == "never":
        return None
    if settings.llm_model is None:
        raise ConfigurationError("RADPROOF_LLM_MODEL: say which model of RADPROOF_LLM_BASE_URL to ask")
    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else "none"
    if not (key.isascii() and key.isprintable() and key.strip()):
        raise ConfigurationError("RADPROOF_LLM_API_KEY: a key is of visible ASCII characters")
    # only where a model is asked: its client takes half a second to import
    from app.proofreading.review.cache import MemoryCache, RedisCache
    from app.proofreading.review.reviewer import Reviewer, ReviewPlan
    from models.llm import ModelServer

    server = ModelServer(
        base_url=str(settings.llm_base_url),
        model=settings.llm_model,
        api_key=key,
        call_seconds=settings.llm_call_seconds,
        concurrency=settings.llm_concurrency,
    )
    plan = ReviewPlan(
        use=settings.llm_use,
        mode=Mode.named(settings.llm_mode),
        trusted=settings.llm_trusted,
        deadline_seconds=settings.llm_deadline_seconds,
        most_characters=settings.llm_max_chars,
    )
    with _of("RADPROOF_REDIS_URL", ValueError, says=_NO_REDIS):
        cache = RedisCache(settings.redis_url.get_secret_value()) if settings.redis_url else MemoryCache()
    return Reviewer(server, plan, cache)


def _open_profile(settings: Settings) -> Profile:
    folder = settings.site_dir or DEFAULT_SITE
    if settings.site_dir is not None and not folder.is_dir():
        raise ConfigurationError(f"RADPROOF_SITE_DIR={folder}: no such folder")
    with _of("RADPROOF_SITE_DIR", ProfileError, OSError):
        return read_profile(folder)


def _open_graph(settings: Settings) -> GraphStore:
    uri = settings.graph_uri
    with _of("RADPROOF_GRAPH_URI", GraphStoreError):
        if uri is None:
            return open_bundled()
        if "://" not in uri:
            return open_store(Path(uri))
        if not uri.startswith(_SERVERS):
            raise ConfigurationError("RADPROOF_GRAPH_URI: a graph file, or neo4j:// or bolt:// of a server")
        if settings.graph_password is None:
            raise ConfigurationError("RADPROOF_GRAPH_PASSWORD: a graph server needs one")
        password = settings.graph_password.get_secret_value()
        return open_neo4j(Server(uri, settings.graph_user, password, settings.graph_database))


def open_embedder(settings: Settings) -> Embedder:
    """The configured embedding model, or the one that the installation brings.

    Raises:
        ConfigurationError: when there is none or it cannot be opened.
    """
    try:
        return OnnxEmbedder(settings.embedder_dir or bundled_model(), settings.embedder_threads)
    except EmbedderError as error:
        raise ConfigurationError(str(error)) from error


def _open_references(settings: Settings) -> tuple[IndexedReferences | None, str | None]:
    """The configured index and its version; none when off, or when only the usual folder is absent."""
    folder = settings.index_dir or _DEFAULT_INDEX
    if settings.references_k == 0 or (settings.index_dir is None and not folder.is_dir()):
        return None, None
    try:
        index = ReferenceIndex.open(folder, open_embedder(settings))
        manifest = read_manifest(folder)
    except ReferenceIndexError as error:
        raise ConfigurationError(f"RADPROOF_INDEX_DIR={folder}: {error}; run radproof index build") from error
    return IndexedReferences(index), f"{manifest.schema_version}+{manifest.vectors_sha256[:12]}"


def open_configured_store(settings: Settings) -> "Store":
    """The configured database of reports, with its tables.

    Raises:
        ConfigurationError: when it cannot be opened.
    """
    # only where reports are kept: SQLAlchemy takes a third of a second to import
    from app.storage.database import StoreError
    from app.storage.sealing import SealError
    from app.storage.store import open_store as open_stored

    with _of("RADPROOF_STORE_URL", StoreError), _of("RADPROOF_STORE_KEYS", SealError):
        return open_stored(settings.store_url.get_secret_value(), settings.seal_keys)


def open_configured_queue(settings: Settings) -> "TaskQueue":
    """The queue of batches: on the configured Redis server, else in this process.

    Raises:
        ConfigurationError: when the address is not one.
    """
    from app.batch.queue import open_queue

    with _of("RADPROOF_REDIS_URL", ValueError, says=_NO_REDIS):
        return open_queue(settings.redis_url.get_secret_value() if settings.redis_url else None)


def open_sources(settings: Settings) -> Mapping[str, Source]:
    """The configured sources by name; raises ConfigurationError when their file cannot be used."""
    with _of("RADPROOF_SOURCES", ConfigFileError):
        return read_sources(settings.sources)


def open_cds(settings: Settings) -> "CdsConfig | None":
    """The CDS Hooks service as it is configured, None where it is not; raises as ``open_sources``."""
    if settings.cds is None:
        return None
    from app.integrations.cds.config import read_config

    with _of("RADPROOF_CDS", ConfigFileError):
        return read_config(settings.cds)


def open_fhir_clients(settings: Settings, sources: Mapping[str, Source]) -> "dict[str, FhirClient]":
    """What asks the FHIR servers of these sources, by name of source; raises as ``open_guard``."""
    from app.integrations.fhir.client import FhirClient

    guard = open_guard(settings)
    with _of("RADPROOF_SOURCES", OSError, ssl.SSLError, says=_NO_CERTIFICATES):
        return {name: FhirClient(one.fhir, guard) for name, one in sources.items() if one.fhir is not None}


def open_orthancs(settings: Settings, sources: Mapping[str, Source]) -> "dict[str, Orthanc]":
    """The Orthancs of these sources, by name of source; raises as ``open_guard``."""
    from app.integrations.orthanc.client import Orthanc

    guard = open_guard(settings)
    with _of("RADPROOF_SOURCES", OSError, ssl.SSLError, says=_NO_CERTIFICATES):
        return {
            name: Orthanc(at.url, guard.trusting(at.ca_file), at.user, at.password)
            for name, at in ((name, one.orthanc) for name, one in sources.items())
            if at is not None
        }


def open_guard(settings: Settings) -> "Guard":
    """What may be called; raises ConfigurationError when a network, port or certificate is none."""
    # only where something is called: the HTTP client takes a fifth of a second to import
    from app.integrations.allowed import AllowedError, guard_of

    try:
        return guard_of(settings)
    except AllowedError as error:
        raise ConfigurationError(str(error)) from error


def open_senders(settings: Settings) -> "dict[EndpointKind, Sender]":
    """Who tells which kind of endpoint; raises ConfigurationError as ``open_guard``."""
    from app.integrations.fhir.outbound.sender import FhirSender
    from app.integrations.mllp.client import MllpSender
    from app.integrations.orthanc.sender import OrthancSender
    from app.integrations.webhooks.sender import WebhookSender

    guard = open_guard(settings)
    base = str(settings.public_url) if settings.public_url else ""
    bases = {name: source.fhir.base for name, source in open_sources(settings).items() if source.fhir}
    return {
        "webhook": WebhookSender(guard, base),
        "orthanc": OrthancSender(guard),
        "fhir": FhirSender(guard, bases=bases),
        "mllp": MllpSender(guard, charset=settings.mllp_charset),
    }


def bundled_reports() -> Iterator[SubmittedReport]:
    """The invented correct reports that RadProof brings."""
    stored = files("app").joinpath("synthesis/reports.jsonl").read_bytes()
    return read_reports(BytesIO(stored), "jsonl")


def detectors(names: Iterable[str], archive: Speech, words: Set[str]) -> tuple[Detector, ...]:
    """Every detector; ``archive`` is how a site's own correct reports speak, ``words`` are right there."""
    speech = Speech.of(report.text for report in bundled_reports()).joined(archive)
    return every(Lexis(names, speech, words, of_archive=bool(archive.words)))
