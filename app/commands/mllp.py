"""``radproof mllp``: take in HL7 v2 messages over MLLP, keep them, have them checked."""

import argparse
import asyncio
import codecs
import signal
import ssl
from contextlib import closing
from ipaddress import ip_network

import structlog

from app.batch.starting import open_feed, start_worker
from app.commands import CommandError
from app.commands.parts import opened, settings
from app.integrations.hl7.inbound import Hl7Inbound
from app.integrations.hl7.threads import InboundThreads
from app.integrations.mllp.server import Listening, MllpServer
from app.logging import configure
from app.services import open_configured_queue, open_configured_store
from app.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("--host", help="address to listen on (RADPROOF_MLLP_HOST)")
    parser.add_argument("--port", type=int, help="port to listen on (RADPROOF_MLLP_PORT)")


def run(args: argparse.Namespace) -> int:
    """Take messages in until SIGINT or SIGTERM; what is being answered then gets its answer."""
    chosen = settings()
    given = {"mllp_host": args.host, "mllp_port": args.port}
    chosen = chosen.model_copy(update={name: value for name, value in given.items() if value is not None})
    listening = _listening(chosen)
    configure(chosen.log_level)
    with (
        closing(opened(open_configured_store, chosen)) as store,
        closing(opened(open_configured_queue, chosen)) as queue,
    ):
        worker = opened(lambda chosen: start_worker(store, queue, chosen, serving=True), chosen)
        try:
            with open_feed(store, queue, chosen) as feed:
                inbound = Hl7Inbound(feed.keep_all, feed.reject, chosen.max_text_bytes, chosen.mllp_charset)
                server = MllpServer(listening, InboundThreads(inbound))
                asyncio.run(_serve(server, listening, chosen.shutdown_seconds))
        except OSError as error:
            raise CommandError(f"cannot listen on {listening.host}:{listening.port}") from error
        finally:
            worker.stop()
    return 0


async def _serve(server: MllpServer, listening: Listening, seconds: float) -> None:
    log = structlog.get_logger()
    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    await server.start()
    log.info("listening", port=server.port, tls=listening.tls is not None)
    await stopped.wait()
    await server.close(seconds)
    log.info("stopped")


def _listening(chosen: Settings) -> Listening:
    try:
        peers = tuple(ip_network(part.strip()) for part in chosen.mllp_peers.split(",") if part.strip())
    except ValueError as error:
        raise CommandError("RADPROOF_MLLP_PEERS: networks such as 10.1.0.0/16, by commas") from error
    try:
        codecs.lookup(chosen.mllp_charset or "utf-8")
    except LookupError as error:
        raise CommandError(
            "RADPROOF_MLLP_CHARSET: not the name of a character set, such as cp1252"
        ) from error
    return Listening(
        chosen.mllp_host,
        chosen.mllp_port,
        tls_context(chosen),
        peers,
        chosen.mllp_connections,
        chosen.mllp_frame_seconds,
    )


def tls_context(chosen: Settings) -> ssl.SSLContext | None:
    """How TLS is spoken; None where no certificate is set.

    Raises:
        CommandError: when a certificate or key cannot be used.
    """
    certificate, key, client_ca = chosen.mllp_tls_cert, chosen.mllp_tls_key, chosen.mllp_client_ca
    if certificate is None:
        if key is not None or client_ca is not None:
            raise CommandError("RADPROOF_MLLP_TLS_CERT: needed beside the key or the CA of clients")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
        if client_ca is not None:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise CommandError("RADPROOF_MLLP_TLS_*: a certificate or key cannot be read") from error
    return context
