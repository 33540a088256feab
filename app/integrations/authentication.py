"""Whether a request is a source's: each way is tried in constant time, and what was wrong is not told.

A signature is that of Standard Webhooks 1.0.0 over the bytes as they came. Its library reads bodies as UTF-8 text only
and holds them whole; DICOM is neither.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import BinaryIO
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from app.integrations.sources import Auth, CertificateAuth, HeaderAuth, SignatureAuth

TOLERANCE_SECONDS = 300  # either way
_MOST_SIGNATURES = 16
_CHUNK = 1_048_576
_UNKNOWN = HeaderAuth("header", (secrets.token_urlsafe(32),))
"""Stands for a source that there is not, so that it takes as long."""


@dataclass(frozen=True, slots=True)
class Presented:
    """What a request shows of who sends it.

    ``headers`` by lower-case name. ``address`` is the other end of the connection, ``certificate`` (DER) that of its
    TLS, where the service itself speaks it.
    """

    headers: Mapping[str, str]
    address: str | None = None
    certificate: bytes | None = None


def permitted(auth: Auth | None, presented: Presented) -> bool:
    """True when the head of a request allows to read its body; a signature is then still to be verified."""
    if isinstance(auth, SignatureAuth):
        return _signed(presented.headers) is not None
    if isinstance(auth, CertificateAuth):
        return _certified(auth, presented)
    known = auth if auth is not None else _UNKNOWN
    sent = presented.headers.get(known.name.lower(), "").encode("latin-1", "replace")
    return _equal([sent], [value.encode() for value in known.values]) and auth is not None


def verified(auth: Auth | None, presented: Presented, body: BinaryIO) -> bool:
    """True when a permitted request is the source's; ``body`` is read to its end where that needs it."""
    if not isinstance(auth, SignatureAuth):
        return auth is not None
    signed = _signed(presented.headers)
    if signed is None:
        return False
    name, stamp, signatures = signed
    digests = [hmac.new(key, f"{name}.{stamp}.".encode(), hashlib.sha256) for key in auth.secrets]
    while chunk := body.read(_CHUNK):
        for digest in digests:
            digest.update(chunk)
    expected = [digest.digest() for digest in digests]
    return _equal(signatures, expected)


def _equal(shown: Iterable[bytes], known: Sequence[bytes]) -> bool:
    """True when one of both is the same; all are compared, each in constant time."""
    return sum(hmac.compare_digest(one, other) for one in shown for other in known) > 0


def _signed(headers: Mapping[str, str]) -> tuple[str, str, list[bytes]] | None:
    """Id, time and v1 signatures; None where one is missing, malformed, or the time is not about now."""
    name, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not name or not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        return None
    if abs(time.time() - int(stamp)) > TOLERANCE_SECONDS:
        return None
    signatures = []
    for signature in headers.get("webhook-signature", "").split(" ", _MOST_SIGNATURES)[:_MOST_SIGNATURES]:
        version, _, words = signature.partition(",")
        if version == "v1":
            try:
                sent = base64.b64decode(words, validate=True)
            except (binascii.Error, ValueError):
                continue
            if base64.b64encode(sent).decode() == words:  # bits that nothing reads must be none
                signatures.append(sent)
    return (name, stamp, signatures) if signatures else None


def _certified(auth: CertificateAuth, presented: Presented) -> bool:
    shown: set[str] = set()
    if presented.certificate is not None:
        shown |= _identities(presented.certificate)
    if presented.address is not None and _within(presented.address, auth.proxies):
        shown |= _said(presented.headers.get(auth.header.lower(), ""))
    return _equal((one.encode() for one in shown), [allowed.encode() for allowed in auth.allowed])


def _within(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in networks)


def _said(value: str) -> set[str]:
    """What a proxy's header says: ``:base64 of DER:`` (RFC 9440), a PEM with %XX, a SHA-256, or a subject."""
    plain = value.strip()
    if plain.startswith(":") and plain.endswith(":"):
        try:
            return _identities(base64.b64decode(plain[1:-1], validate=True))
        except (binascii.Error, ValueError):
            return set()
    if plain.startswith("-----BEGIN"):
        try:
            certificate = x509.load_pem_x509_certificate(unquote_to_bytes(plain))
        except ValueError:
            return set()
        return _of(certificate)
    bare = plain.lower().removeprefix("sha256:").replace(":", "")
    return {plain, bare} - {""}


def _identities(der: bytes) -> set[str]:
    try:
        return _of(x509.load_der_x509_certificate(der))
    except ValueError:
        return set()


def _of(certificate: x509.Certificate) -> set[str]:
    return {certificate.fingerprint(SHA256()).hex(), certificate.subject.rfc4514_string()}
