"""The service's settings. The only reader of the environment."""

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le
from pydantic import HttpUrl, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.proofreading.review.types import ModeName

_BODY_PER_TEXT = 4  # JSON escapes and a prior report: a body may hold this many times the text limit
_BODY_REST = 16_384  # bytes for the other fields
_PREFIX = "RADPROOF_"


class Settings(BaseSettings):
    """What an operator may set, each as RADPROOF_<NAME>; checked once, at start.

    Raises:
        pydantic.ValidationError: when a value is of the wrong type or out of range.
    """

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, env_ignore_empty=True)

    graph_uri: str | None = None
    """Knowledge graph: None for the bundled one, the path of a graph file, or neo4j:// or bolt:// of a server."""

    graph_user: str = "neo4j"
    graph_password: SecretStr | None = None
    graph_database: str = "neo4j"
    """Whose name and which database to use on a graph server."""

    index_dir: Path | None = None
    """Folder of the reference index. None: ``var/index`` where that exists, else no references."""

    references_k: Annotated[int, Ge(0), Le(50)] = 4
    """How many similar reports a report is compared with (arXiv 2406.15045: k = 4); 0 leaves them out."""

    site_dir: Path | None = None
    """Folder of what a site decides for itself (``profile.toml``, ``words.txt``, ``verifier.toml``). None: ``var/site``."""

    embedder_dir: Path | None = None
    """Folder of the embedding model; None for the one that the installation brings."""

    llm_base_url: HttpUrl | None = None
    """OpenAI-compatible server for the review stage (``http://host:8000/v1``); None leaves that stage out."""

    llm_model: str | None = None
    """Name of the model as that server knows it."""

    llm_api_key: SecretStr | None = None
    llm_use: Literal["always", "uncertain", "never"] = "uncertain"
    """Which reports are reviewed: all, those with an error below tier high, none."""

    llm_mode: ModeName = "staged+mkgd+exkr"
    llm_trusted: bool = False
    """True lets the model move tiers and show its own errors as medium: measure it at the site first."""

    llm_deadline_seconds: Annotated[float, Gt(0), Le(600)] = 30.0
    llm_call_seconds: Annotated[float, Gt(0), Le(600)] = 20.0
    """Longest review of one report, and longest single call."""

    llm_concurrency: Annotated[int, Ge(1), Le(256)] = 8
    """Calls at one time in one process."""

    llm_max_chars: Annotated[int, Ge(500)] = 12_000
    """Characters of a report that the model is shown; sections beyond are left out, and the answer says so."""

    redis_url: SecretStr | None = None
    """``redis://…`` of the queue of batches, and where reviews are kept for all processes; None keeps both in
    each process."""

    max_text_bytes: Annotated[int, Gt(0)] = 262_144
    """Longest accepted report text, in bytes of UTF-8."""

    check_seconds: Annotated[float, Gt(0)] = 30.0
    """How long the check of one report may take; what is not found by then is answered as not checked."""

    threads: Annotated[int, Ge(1), Le(64)] = 4
    """Reports checked at one time in one process; further requests wait."""

    embedder_threads: Annotated[int, Ge(1), Le(64)] = 2
    """Threads of the embedding model in one process."""

    store_url: SecretStr = SecretStr("sqlite:///var/radproof.db")
    """Where reports, results and decisions are kept: ``sqlite:///file`` or ``postgresql://user:password@host/name``."""

    store_keys: SecretStr | None = None
    """Keys that encrypt stored words, by commas: the first encrypts, all decrypt. None only compresses them."""

    retention_days: Annotated[int, Ge(1)] | None = None
    """After how many days the words of stored reports are removed; None keeps them."""

    batch_processes: Annotated[int, Ge(0), Le(256)] | None = None
    """Processes that check the reports of batches. None: one a core, but none in ``radproof serve`` where a
    Redis server is configured: there ``radproof worker`` checks."""

    batch_check_seconds: Annotated[float, Gt(0)] = 120.0
    """A process that checks one report of a batch for longer, beyond what a review may take, is ended as hung."""

    max_batch_bytes: Annotated[int, Gt(0)] = 512 * 1024**2
    """Longest accepted batch, in bytes as sent and unpacked."""

    max_batch_reports: Annotated[int, Gt(0)] = 100_000
    """Most reports of one batch."""

    max_waiting: Annotated[int, Gt(0)] = 500_000
    """Above so many reports that wait, new batches are refused for a while."""

    mllp_host: str = "127.0.0.1"
    mllp_port: Annotated[int, Ge(0), Le(65_535)] = 2575
    """Where ``radproof mllp`` listens for HL7 v2 messages."""

    mllp_tls_cert: Path | None = None
    mllp_tls_key: Path | None = None
    """Certificate (with its chain) and key in PEM: then only TLS is spoken there."""

    mllp_client_ca: Path | None = None
    """Certificates in PEM of who may sign a peer's certificate; then a peer without one is refused."""

    mllp_peers: str = ""
    """Networks that may connect, by commas (``10.1.0.0/16, 192.0.2.7``); empty for all."""

    mllp_connections: Annotated[int, Ge(1), Le(10_000)] = 512
    mllp_frame_seconds: Annotated[float, Gt(0)] = 30.0
    """Connections at one time, and how long one message may take to come in."""

    mllp_charset: str | None = None
    """Python's name of the character set of messages that say none (MSH-18); None for UTF-8."""

    sources: Path | None = None
    """File of what may send here by HTTP or is asked from here (see ``app.integrations.sources``); None for nothing."""

    callback_networks: str = ""
    """Networks that may be called to tell of results, by commas (``10.1.0.0/16, 192.0.2.7``); empty: nothing is called.
    Loopback only where it is named itself."""

    callback_ports: str = "443, 8443"
    """Ports that may be called there, by commas."""

    callback_http: bool = False
    """True allows HTTP without TLS there: reports can be read and changed on the way."""

    callback_ca: Path | None = None
    """Certificates in PEM that alone are trusted in what is called; None for those of the installation."""

    cds: Path | None = None
    """File of the CDS Hooks service (see ``app.integrations.cds.config``); None: there is none."""

    public_url: HttpUrl | None = None
    """Where people reach this service, for links in what is told to others; None: only paths are said."""

    host: str = "127.0.0.1"
    port: Annotated[int, Ge(0), Le(65_535)] = 8000
    workers: Annotated[int, Ge(1), Le(64)] = 1
    tls_cert: Path | None = None
    tls_key: Path | None = None
    """Certificate (with its chain) and key in PEM: then the service speaks only TLS."""

    client_ca: Path | None = None
    """Certificates in PEM of who may sign a client's certificate, which a source may prove itself by."""

    shutdown_seconds: Annotated[int, Ge(0)] = 10
    """How long running requests may take to end after the signal to stop."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def seal_keys(self) -> tuple[str, ...]:
        """The keys of the store, one by one."""
        keys = self.store_keys.get_secret_value() if self.store_keys else ""
        return tuple(key.strip() for key in keys.split(",") if key.strip())

    @property
    def max_body_bytes(self) -> int:
        """Longest accepted request body, in bytes."""
        return _BODY_PER_TEXT * self.max_text_bytes + _BODY_REST


def unknown_settings() -> dict[str, str | None]:
    """Variables of the environment that look like settings and are none, each with the setting that it may mean."""
    known = [_PREFIX + name.upper() for name in Settings.model_fields]
    given = {name.upper() for name in os.environ if name.upper().startswith(_PREFIX)}
    return {
        name: next(iter(get_close_matches(name, known, 1)), None) for name in sorted(given.difference(known))
    }
