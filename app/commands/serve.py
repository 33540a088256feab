"""``radproof serve``: the HTTP service."""

import argparse

import uvicorn

from app.commands.parts import settings
from app.logging import configure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("--host", help="address to listen on (RADPROOF_HOST)")
    parser.add_argument("--port", type=int, help="port to listen on (RADPROOF_PORT)")


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; running requests may end."""
    chosen = settings()
    configure(chosen.log_level)
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
    )
    return 0
