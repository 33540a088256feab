"""Who asks: a JSON Web Token of a client that is on the list (CDS Hooks 2.0, Trusting CDS Clients).

Signed with ES384 or RS384, by a key of the site's own file (a ``jku`` is never fetched); for this address, of at most five
minutes, and used once.
"""

from collections.abc import Callable, Collection, Mapping

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from app.integrations.cds.config import CdsConfig, Client, PublicKey

_LONGEST = 8_192  # characters of a token
_LIFE = 300  # seconds
_LEEWAY = 30  # of clocks that differ
_REQUIRED = ["iss", "aud", "exp", "iat", "jti"]
Once = Callable[[str, int], bool]
"""Takes a token's name and when it may be forgotten (seconds since 1970); False when it was there before."""


class TokenError(Exception):
    """A request whose sender is not known. ``code`` is for our log only: who asks is told no more than 401."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def client_of(header: str | None, config: CdsConfig, audiences: Collection[str], once: Once) -> Client:
    """The client that sent a request with this Authorization header.

    Raises:
        TokenError: missing, malformed, algorithm, issuer, key, claims, tenant, life, replayed.
    """
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > _LONGEST:
        raise TokenError("missing")
    client, key = _signer(token.strip(), config)
    algorithm = "RS384" if isinstance(key, RSAPublicKey) else "ES384"
    try:
        claims = jwt.decode(
            token.strip(),
            key,
            algorithms=[algorithm],
            audience=list(audiences),
            issuer=client.issuer,
            leeway=_LEEWAY,
            options={"require": _REQUIRED},
        )
    except jwt.InvalidAlgorithmError as error:
        raise TokenError("algorithm") from error
    except jwt.PyJWTError as error:
        raise TokenError("claims") from error
    _check(claims, client, once)
    return client


def _signer(token: str, config: CdsConfig) -> tuple[Client, PublicKey]:
    """Whose token it says it is, and with which key; nothing of it is believed before it is verified."""
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise TokenError("malformed") from error
    issuer, kid = claims.get("iss"), header.get("kid")
    client = config.clients.get(issuer) if isinstance(issuer, str) else None
    if client is None:
        raise TokenError("issuer")
    key = client.keys.get(kid) if isinstance(kid, str) else None
    if key is None:
        raise TokenError("key")
    if str(header.get("typ", "")).upper() != "JWT":
        raise TokenError("malformed")
    return client, key


def _check(claims: Mapping[str, object], client: Client, once: Once) -> None:
    expires, issued, name = claims["exp"], claims["iat"], claims["jti"]
    if not isinstance(expires, int | float) or not isinstance(issued, int | float):
        raise TokenError("claims")
    if not 0 < expires - issued <= _LIFE:
        raise TokenError("life")
    if client.tenant is not None and claims.get("tenant") != client.tenant:
        raise TokenError("tenant")
    if not isinstance(name, str) or not 0 < len(name) <= 1_000:
        raise TokenError("claims")
    if not once(f"{client.issuer}\x00{name}", int(expires) + 2 * _LEEWAY):
        raise TokenError("replayed")
