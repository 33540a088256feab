"""``radproof orthanc``: read the changes of the Orthanc servers of the sources, and have their reports checked."""

import argparse
import signal
import ssl
import threading
from contextlib import closing
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.batch.bell import Bell
from app.batch.feed import Feed, NotTakenError
from app.batch.starting import start_worker
from app.commands import CommandError
from app.commands.parts import opened, settings
from app.integrations.incoming import IncomingError
from app.integrations.orthanc.client import Orthanc, OrthancError
from app.integrations.orthanc.poller import Poller
from app.integrations.sources import Source
from app.logging import configure
from app.services import (
    open_configured_queue,
    open_configured_store,
    open_guard,
    open_sources,
)
from app.settings import Settings
from app.storage.store import Store
from app.storage.types import FeedMessage

_SECONDS = 10
_log = structlog.get_logger()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("--once", action="store_true", help="read what there is, and end")


def run(args: argparse.Namespace) -> int:
    """Read until SIGINT or SIGTERM; with ``--once`` 2 where a server could not be read."""
    chosen = settings()
    sources = [source for source in opened(open_sources, chosen).values() if source.orthanc]
    if not sources:
        raise CommandError("RADPROOF_SOURCES: no source of kind dicom with an orthanc")
    configure(chosen.log_level)
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    with (
        closing(opened(open_configured_store, chosen)) as store,
        closing(opened(open_configured_queue, chosen)) as queue,
    ):
        worker = opened(lambda chosen: start_worker(store, queue, chosen, serving=True), chosen)
        bell = Bell(queue)
        feed = Feed(store, chosen.max_text_bytes, chosen.max_waiting)
        try:
            pollers = [_poller(source, chosen, store, partial(_keep, feed, bell)) for source in sources]
            if args.once:
                failed = [poller for poller in pollers if not _polled(poller)]
                return 2 if failed else 0
            threads = [
                threading.Thread(target=_watch, args=(poller, _seconds(source), stopped), daemon=True)
                for poller, source in zip(pollers, sources, strict=True)
            ]
            for thread in threads:
                thread.start()
            _log.info("listening", sources=[source.name for source in sources])
            stopped.wait()
            for thread in threads:
                thread.join(chosen.shutdown_seconds)
        finally:
            bell.stop()
            worker.stop()
    return 0


def _poller(source: Source, chosen: Settings, store: Store, keep: "partial[None]") -> Poller:
    server = source.orthanc
    if server is None:
        raise CommandError("no orthanc")
    guard = opened(open_guard, chosen)
    try:
        trust = ssl.create_default_context(cafile=server.ca_file) if server.ca_file else None
    except (OSError, ssl.SSLError) as error:
        raise CommandError(
            f"RADPROOF_SOURCES: sources.{source.name}.orthanc.ca_file: no certificates"
        ) from error
    orthanc = Orthanc(server.url, guard, server.user, server.password, trust)
    return Poller(source.name, orthanc, store.errands, keep, chosen.max_text_bytes, source.test)


def _keep(feed: Feed, bell: Bell, message: FeedMessage) -> None:
    bell.ring(feed.keep(message) or [])


def _seconds(source: Source) -> float:
    return (source.orthanc.poll_seconds if source.orthanc else None) or _SECONDS


def _watch(poller: Poller, seconds: float, stopped: threading.Event) -> None:
    while not stopped.is_set():
        _polled(poller)
        stopped.wait(seconds)


def _polled(poller: Poller) -> bool:
    """Read once; False where the server or the store cannot be used now: the position stays where it is."""
    try:
        taken = poller.poll()
    except SQLAlchemyError as error:
        _log.warning("store_unavailable", exc_info=error)
        return False
    except (OrthancError, NotTakenError, IncomingError) as error:
        status = error.status if isinstance(error, OrthancError) else None
        _log.warning("orthanc_not_read", source=poller.source, code=str(error), status=status)
        return False
    if taken:
        _log.info("orthanc_read", source=poller.source, reports=taken)
    return True
