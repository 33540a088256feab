"""``radproof worker``: check the batches of a queue on a Redis server, beside any number of others."""

import argparse
import signal
import threading
from contextlib import closing

import structlog

from app.batch.starting import start_worker
from app.commands import CommandError
from app.commands.parts import opened, settings
from app.logging import configure
from app.services import open_configured_queue, open_configured_store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("--processes", type=int, help="how many to check in (RADPROOF_BATCH_PROCESSES)")


def run(args: argparse.Namespace) -> int:
    """Work until SIGINT or SIGTERM; what is at work then is finished first."""
    chosen = settings()
    if args.processes is not None:
        chosen = chosen.model_copy(update={"batch_processes": args.processes})
    if chosen.redis_url is None:
        raise CommandError("RADPROOF_REDIS_URL is not set: without it radproof serve checks batches itself")
    configure(chosen.log_level)
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    log = structlog.get_logger()
    with (
        closing(opened(open_configured_store, chosen)) as store,
        closing(opened(open_configured_queue, chosen)) as queue,
    ):
        worker = opened(lambda chosen: start_worker(store, queue, chosen, serving=False), chosen)
        log.info("working")
        stopped.wait()
        worker.stop()
    log.info("stopped")
    return 0
