"""What may be called, as the settings say it."""

import ssl
from collections.abc import Iterator
from ipaddress import ip_network
from urllib.parse import urlsplit

from app.integrations.guard import Guard
from app.settings import Settings


class AllowedError(ValueError):
    """What may be called cannot be told from the settings; the message names the one that is wrong."""


def guard_of(settings: Settings) -> Guard:
    """The guard of these settings; it never allows the parts of this service that they name.

    Raises:
        AllowedError: when a network, port or certificate is none.
    """
    try:
        networks = [ip_network(part) for part in _parts(settings.callback_networks)]
    except ValueError as error:
        raise AllowedError("RADPROOF_CALLBACK_NETWORKS: networks such as 10.1.0.0/16, by commas") from error
    ports = [int(part) if part.isdecimal() else 0 for part in _parts(settings.callback_ports)]
    if not all(0 < port < 65_536 for port in ports):
        raise AllowedError("RADPROOF_CALLBACK_PORTS: ports such as 443, by commas")
    guard = Guard(networks, frozenset(_own_addresses(settings)), frozenset(ports), settings.callback_http)
    try:
        return guard.trusting(settings.callback_ca)
    except (OSError, ssl.SSLError) as error:
        raise AllowedError("RADPROOF_CALLBACK_CA: no certificates in PEM") from error


def _parts(listed: str) -> list[str]:
    return [part.strip() for part in listed.split(",") if part.strip()]


def _own_addresses(settings: Settings) -> Iterator[tuple[str, int]]:
    """Host and port of every part of this service that the settings name."""
    yield settings.host, settings.port
    yield settings.mllp_host, settings.mllp_port
    redis = settings.redis_url.get_secret_value() if settings.redis_url else None
    store = settings.store_url.get_secret_value()
    llm = str(settings.llm_base_url) if settings.llm_base_url else None
    for address, usual in ((redis, 6379), (store, 5432), (settings.graph_uri, 7687), (llm, 80)):
        if not address or "://" not in address:
            continue
        try:
            parsed = urlsplit(address)
            host, port = parsed.hostname, parsed.port
        except ValueError:  # who opens it says what is wrong
            continue
        if host:
            yield host, port or (443 if parsed.scheme == "https" else usual)
