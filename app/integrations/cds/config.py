"""Who may ask for cards, and on which hook: the file of the CDS service.

A file of TOML that is read once, at start::

    hook = "org.example.report-sign"             # as agreed with the client; CDS Hooks 2.0 has none for reports
    url = "https://radproof.example"             # how clients reach this service: their tokens name it (aud)
    source = "cds"                               # the feed that reports are kept in
    origins = ["https://ehr.example"]            # web pages that may ask (CORS)

    [clients.ehr]
    issuer = "https://ehr.example"               # iss of its tokens
    keys_file = "ehr.jwks.json"                  # its public keys, a JWK Set; relative to this file
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from app.integrations.config_file import ConfigFileError, read_text, read_toml, wrong_keys

_STRICT = ConfigDict(extra="forbid", hide_input_in_errors=True)
_LEAST_RSA_BITS = 2_048
_Address = Annotated[str, Field(pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$", max_length=1_000)]
_Origin = Annotated[str, Field(pattern=r"^https?://[^/?#@\s*]+$", max_length=1_000)]
_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")]

PublicKey = EllipticCurvePublicKey | RSAPublicKey


@dataclass(frozen=True, slots=True)
class Client:
    """One client: ``keys`` by their kid. ``tenant``: what its tokens must name, where it says one."""

    name: str
    issuer: str
    keys: Mapping[str, PublicKey]
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class CdsConfig:
    """The service as it is agreed with its clients; ``clients`` by the issuer of their tokens."""

    hook: str
    url: str
    source: str
    origins: tuple[str, ...]
    most_cards: int
    test: bool
    clients: Mapping[str, Client]


@dataclass(frozen=True, slots=True)
class _ClientIn:
    __pydantic_config__ = _STRICT
    issuer: Annotated[str, Field(min_length=1, max_length=1_000)]
    keys_file: Path
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class _File:
    __pydantic_config__ = _STRICT
    hook: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,99}$")]
    url: _Address
    clients: Annotated[dict[_Name, _ClientIn], Field(min_length=1)]
    source: _Name = "cds"
    origins: tuple[_Origin, ...] = ()
    most_cards: Annotated[int, Field(ge=1, le=20)] = 5
    test: bool = field(default=False)


_FILE: TypeAdapter[_File] = TypeAdapter(_File)


def read_config(path: Path) -> CdsConfig:
    """The configuration of a file.

    Raises:
        ConfigFileError: when it or a file of keys cannot be read or holds what is not allowed.
    """
    try:
        found = _FILE.validate_python(read_toml(path))
    except ValidationError as error:
        raise wrong_keys(error) from error
    clients = [
        Client(name, each.issuer, _keys(path.parent / each.keys_file, f"clients.{name}"), each.tenant)
        for name, each in found.clients.items()
    ]
    by_issuer = {client.issuer: client for client in clients}
    if len(by_issuer) < len(clients):
        raise ConfigFileError("clients: two have the same issuer")
    url = found.url.rstrip("/")
    return CdsConfig(found.hook, url, found.source, found.origins, found.most_cards, found.test, by_issuer)


def _keys(path: Path, place: str) -> Mapping[str, PublicKey]:
    """The keys of a JWK Set that can verify ES384 or RS384, by kid."""
    # only where tokens are verified
    from jwt import PyJWK
    from jwt.exceptions import PyJWTError

    text = read_text(path, f"{place}.keys_file")
    try:
        held = json.loads(text)["keys"]
        read = {str(each["kid"]): (each, PyJWK(each, algorithm=_algorithm(each)).key) for each in held}
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError, PyJWTError, ValueError) as error:
        raise ConfigFileError(f"{place}.keys_file: not a JWK Set whose keys have a kid") from error
    if not read or len(read) < len(held):
        raise ConfigFileError(f"{place}.keys_file: no key, or two with the same kid")
    if any("d" in each for each, _ in read.values()):
        raise ConfigFileError(f"{place}.keys_file: holds a private key; it belongs to the client alone")
    if not all(_strong(key) for _, key in read.values()):
        raise ConfigFileError(f"{place}.keys_file: keys are of P-384 or RSA of 2048 bits and more")
    return {kid: key for kid, (_, key) in read.items()}


def _algorithm(key: Mapping[str, Any]) -> str:
    return "RS384" if key.get("kty") == "RSA" else "ES384"


def _strong(key: object) -> bool:
    if isinstance(key, RSAPublicKey):
        return key.key_size >= _LEAST_RSA_BITS
    return isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP384R1)
