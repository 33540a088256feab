"""``radproof serve``: the HTTP service."""

import argparse
import ssl

import uvicorn

from app.commands import CommandError
from app.commands.parts import opened, settings
from app.logging import configure
from app.services import open_cds, open_configured_store, open_guard, open_sources
from app.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("--host", help="address to listen on (RADPROOF_HOST)")
    parser.add_argument("--port", type=int, help="port to listen on (RADPROOF_PORT)")


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; running requests may end."""
    chosen = settings()
    configure(chosen.log_level)
    if chosen.tls_cert is None and (chosen.tls_key is not None or chosen.client_ca is not None):
        raise CommandError("RADPROOF_TLS_CERT: needed beside the key or the CA of clients")
    for path in (chosen.tls_cert, chosen.tls_key, chosen.client_ca):
        if path is not None and not path.is_file():
            raise CommandError("RADPROOF_TLS_*, RADPROOF_CLIENT_CA: a certificate or key cannot be read")
    _expect(chosen)
    uvicorn.run(
        "app.main:serve",
        factory=True,
        host=chosen.host if args.host is None else args.host,
        port=chosen.port if args.port is None else args.port,
        workers=chosen.workers,
        timeout_graceful_shutdown=chosen.shutdown_seconds,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # what a proxy says counts only where a source names that proxy
        http="auto" if chosen.tls_cert is None else "app.tls:CertificateProtocol",
        ssl_certfile=chosen.tls_cert,
        ssl_keyfile=chosen.tls_key,
        ssl_ca_certs=str(chosen.client_ca) if chosen.client_ca else None,
        ssl_cert_reqs=ssl.CERT_OPTIONAL if chosen.client_ca else ssl.CERT_NONE,
    )
    return 0


def _expect(chosen: Settings) -> None:
    """Say what is wrong with files and addresses in a line, before the server would say it in a traceback."""
    for open_part in (open_sources, open_cds, open_guard):
        opened(open_part, chosen)
    opened(open_configured_store, chosen).close()
