"""What may send here by HTTP, or is asked from here, and how each proves who it is: the file of sources.

A file of TOML that is read once, at start::

    [sources.epic]
    kind = "fhir"                                   # fhir | hl7 | report | dicom
    auth = { type = "header", values_file = "/run/secrets/epic" }
    fhir = { base = "https://fhir.example/r4", token_file = "/run/secrets/token", poll_seconds = 60 }
    silent_minutes = 120                            # alarm when nothing came for so long
    working_hours = "mon-fri 07:00-19:00"           # only then

Every secret stands there itself (``values``, ``secrets``, ``token``, ``password``) or in a file of its own, one a line
(the same name and ``_file``; relative to this file).
"""

import base64
import binascii
import codecs
import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from app.integrations.config_file import ConfigFileError, read_text, read_toml, wrong_keys

SourceKind = Literal["fhir", "hl7", "report", "dicom"]
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}", re.ASCII)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"(?:([a-z]{3})-([a-z]{3}) )?(\d\d:\d\d)-(\d\d:\d\d)", re.ASCII)
_LISTS = frozenset({"secrets", "values"})
_SECRETS = _LISTS | {"token", "password"}
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_STRICT = ConfigDict(extra="forbid", hide_input_in_errors=True)


def _not(code: str) -> PydanticCustomError:
    return PydanticCustomError(code, "not allowed")


def _key(value: object) -> bytes:
    """The bytes of a Standard Webhooks secret: ``whsec_`` and base64 of 24 to 64 bytes."""
    if isinstance(value, bytes):
        return value
    text = value.removeprefix("whsec_").strip() if isinstance(value, str) else ""
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _not("not_a_secret") from error
    if not 24 <= len(key) <= 64:
        raise _not("not_24_to_64_bytes")
    return key


def _address(value: str) -> str:
    """An http(s) address without user, query and fragment; a slash at the end is left out."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise _not("not_an_address") from error
    plain = parts.username is None and parts.password is None and not parts.query and not parts.fragment
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain or port == 0:
        raise _not("not_an_address")
    return value.rstrip("/")


def _identity(value: str) -> str:
    """A certificate by its SHA-256 in hexadecimal, or by its subject."""
    bare = value.lower().removeprefix("sha256:").replace(":", "")
    return bare if _SHA256.fullmatch(bare) else value


def _charset(value: str) -> str:
    try:
        codecs.lookup(value)
    except LookupError as error:
        raise _not("not_a_character_set") from error
    return value


def _hours(value: object) -> object:
    if not isinstance(value, str):
        return value
    match = _HOURS.fullmatch(value.strip().lower())
    if match is None or not {match[1] or "mon", match[2] or "sun"} <= set(_DAYS):
        raise _not("not_days_and_hours")
    first, last = (_DAYS.index(match[1]), _DAYS.index(match[2])) if match[1] else (0, 6)
    days = frozenset((first + more) % 7 for more in range((last - first) % 7 + 1))
    try:
        return Hours(days, dt.time.fromisoformat(match[3]), dt.time.fromisoformat(match[4]))
    except ValueError as error:
        raise _not("not_days_and_hours") from error


_Words = Annotated[str, Field(min_length=1, max_length=1_000)]
_Secret = Annotated[str, Field(min_length=16, max_length=10_000)]
_Header = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
_Address = Annotated[_Words, AfterValidator(_address)]
_Key = Annotated[bytes, BeforeValidator(_key)]
_Seconds = Annotated[int, Field(ge=5, le=86_400)]


@dataclass(frozen=True, slots=True)
class Hours:
    """When a source is expected to send: days of the week (0 is Monday), from ``begins`` to before ``ends``.

    Where ``ends`` is not after ``begins``, they reach into the next day.
    """

    days: frozenset[int] = frozenset(range(7))
    begins: dt.time = dt.time.min
    ends: dt.time = dt.time.min

    def covers(self, moment: dt.datetime) -> bool:
        """True within working hours; ``moment`` by the clock of the people that they are for."""
        time, day = moment.time(), moment.weekday()
        if self.begins < self.ends:
            return day in self.days and self.begins <= time < self.ends
        return (day in self.days and time >= self.begins) or ((day - 1) % 7 in self.days and time < self.ends)


@dataclass(frozen=True, slots=True)
class SignatureAuth:
    """A signature of Standard Webhooks 1.0.0 by one of these keys; several while they are changed."""

    __pydantic_config__ = _STRICT
    type: Literal["signature"]
    secrets: Annotated[tuple[_Key, ...], Field(min_length=1, max_length=8)] = field(repr=False)


@dataclass(frozen=True, slots=True)
class HeaderAuth:
    """A header that holds one of these values, whole: ``Bearer …`` of Authorization, or any of its own."""

    __pydantic_config__ = _STRICT
    type: Literal["header"]
    values: Annotated[tuple[_Secret, ...], Field(min_length=1, max_length=8)] = field(repr=False)
    name: _Header = "Authorization"


@dataclass(frozen=True, slots=True)
class CertificateAuth:
    """Mutual TLS: a certificate with one of these SHA-256 fingerprints or subjects (RFC 4514).

    The TLS of the service itself says which it was, or ``header`` of a proxy that stands in ``proxies``.
    """

    __pydantic_config__ = _STRICT
    type: Literal["certificate"]
    allowed: Annotated[tuple[Annotated[_Words, AfterValidator(_identity)], ...], Field(min_length=1)]
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    header: _Header = "Client-Cert"


Auth = SignatureAuth | HeaderAuth | CertificateAuth


@dataclass(frozen=True, slots=True)
class FhirServer:
    """Where the resources of a source are: nothing outside ``base`` is ever asked.

    ``criteria``: what is searched there, as in its Subscription. ``poll_seconds``: None asks only on notice.
    ``token`` is sent as Bearer. ``ca_file``: who signs its certificate, PEM.
    """

    __pydantic_config__ = _STRICT
    base: _Address
    token: _Secret | None = field(default=None, repr=False)
    poll_seconds: _Seconds | None = None
    criteria: Annotated[str, Field(pattern=r"^DiagnosticReport(\?[!-~]+)?$", max_length=1_000)] = (
        "DiagnosticReport"
    )
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class OrthancServer:
    """An Orthanc whose changes are read every ``poll_seconds`` by ``radproof orthanc``."""

    __pydantic_config__ = _STRICT
    url: _Address
    user: _Words | None = None
    password: Annotated[str, Field(min_length=1)] | None = field(default=None, repr=False)
    poll_seconds: _Seconds = 10
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One source. Without ``auth`` nothing can be sent in its name; it can be asked only.

    ``test``: all of it is sent for trial (HL7 v2 says so itself). ``silent_minutes``: after how long without a message
    to alarm, within ``working_hours``. ``charset``: of HL7 v2 that says none. ``feed``: what its batches are called,
    in HL7 v2 its ``MSH-3|MSH-4``; else its name.
    """

    __pydantic_config__ = _STRICT
    name: str
    kind: SourceKind
    auth: Annotated[Auth, Field(discriminator="type")] | None = None
    test: bool = False
    silent_minutes: Annotated[int, Field(ge=1)] | None = None
    working_hours: Annotated[Hours, BeforeValidator(_hours)] = Hours()
    charset: Annotated[_Words, AfterValidator(_charset)] | None = None
    feed: _Words | None = None
    fhir: FhirServer | None = None
    orthanc: OrthancServer | None = None


_SOURCE: TypeAdapter[Source] = TypeAdapter(Source)
NO_SOURCES: Mapping[str, Source] = MappingProxyType({})


def read_sources(path: Path | None) -> Mapping[str, Source]:
    """The sources of a file by name; none without one.

    Raises:
        ConfigFileError: when it, or a file that it names, cannot be read or holds what is not allowed.
    """
    if path is None:
        return NO_SOURCES
    raw = read_toml(path)
    tables = raw.pop("sources", None)
    if raw or not isinstance(tables, dict):
        raise ConfigFileError("only [sources.<name>] is known")
    return MappingProxyType({name: _source(name, table, path.parent) for name, table in tables.items()})


def _source(name: str, table: object, folder: Path) -> Source:
    if not _NAME.fullmatch(name) or not isinstance(table, dict):
        raise ConfigFileError("sources: a name is lower-case letters, digits, '_', '.', '-', at most 63")
    if "name" in table:
        raise ConfigFileError(f"sources.{name}.name: extra forbidden")
    try:
        found = _SOURCE.validate_python({**_filled(table, folder, f"sources.{name}"), "name": name})
    except ValidationError as error:
        raise wrong_keys(error, f"sources.{name}") from error
    for key, kind in (("fhir", "fhir"), ("orthanc", "dicom"), ("charset", "hl7"), ("feed", "hl7")):
        if getattr(found, key) is not None and found.kind != kind:
            raise ConfigFileError(f"sources.{name}.{key}: only for kind {kind}")
    if found.test and found.kind == "hl7":
        raise ConfigFileError(f"sources.{name}.test: in HL7 v2, MSH-11 says so")
    return found


def _filled(table: Mapping[str, Any], folder: Path, place: str) -> dict[str, Any]:
    """The table with secrets in the place of the files that hold them, and paths from its folder on."""
    filled: dict[str, Any] = {}
    for key, value in table.items():
        secret = key.removesuffix("_file")
        if isinstance(value, dict):
            filled[key] = _filled(value, folder, f"{place}.{key}")
        elif key == "ca_file" and isinstance(value, str):
            filled[key] = folder / value
            read_text(filled[key], f"{place}.{key}")
        elif secret != key and secret in _SECRETS and isinstance(value, str):
            if secret in table:
                raise ConfigFileError(f"{place}.{key}: beside {secret}")
            lines = [line.strip() for line in read_text(folder / value, f"{place}.{key}").splitlines()]
            held = [line for line in lines if line]
            if not held or (secret not in _LISTS and len(held) > 1):
                raise ConfigFileError(f"{place}.{key}: the file holds none, or too many")
            filled[secret] = held if secret in _LISTS else held[0]
        else:
            filled[key] = value
    return filled
