"""``radproof orthanc``: read the changes of the Orthanc servers of the sources, and have their reports checked."""

import argparse
import signal
import threading
from contextlib import closing
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.batch.loops import Loops
from app.batch.starting import open_feed, start_worker
from app.commands import CommandError
from app.commands.parts import opened, settings
from app.integrations.hl7.answer import NotTakenError
from app.integrations.incoming import IncomingError
from app.integrations.orthanc.client import OrthancError
from app.integrations.orthanc.poller import Poller
from app.logging import configure
from app.services import open_configured_queue, open_configured_store, open_orthancs, open_sources

_FAULTS = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)
_log = structlog.get_logger()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("--once", action="store_true", help="read what there is, and end")


def run(args: argparse.Namespace) -> int:
    """Read until SIGINT or SIGTERM; with ``--once`` 2 where a server could not be read."""
    chosen = settings()
    sources = {name: source for name, source in opened(open_sources, chosen).items() if source.orthanc}
    if not sources:
        raise CommandError("RADPROOF_SOURCES: no source of kind dicom with an orthanc")
    servers = opened(partial(open_orthancs, sources=sources), chosen)
    configure(chosen.log_level)
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    with (
        closing(opened(open_configured_store, chosen)) as store,
        closing(opened(open_configured_queue, chosen)) as queue,
    ):
        worker = opened(lambda chosen: start_worker(store, queue, chosen, serving=True), chosen)
        try:
            with open_feed(store, queue, chosen) as feed:
                pollers = [
                    Poller(
                        source, servers[name], store.errands, feed.keep, feed.reject, chosen.max_text_bytes
                    )
                    for name, source in sources.items()
                ]
                if args.once:
                    failed = [poller for poller in pollers if not _polled(poller)]
                    return 2 if failed else 0
                loops = Loops({f"poller {poller.source.name}": partial(_step, poller) for poller in pollers})
                _log.info("listening", sources=list(sources))
                stopped.wait()
                loops.stop(chosen.shutdown_seconds)
        finally:
            worker.stop()
    return 0


def _step(poller: Poller) -> float:
    _polled(poller)
    return poller.source.orthanc.poll_seconds if poller.source.orthanc else 0.0


def _polled(poller: Poller) -> bool:
    """Read once; False where the server or the store cannot be used now: the position stays where it is."""
    try:
        taken = poller.poll()
    except SQLAlchemyError as error:
        _log.warning("store_unavailable", exc_info=error)
        return False
    except (OrthancError, NotTakenError, IncomingError) as error:
        status = error.status if isinstance(error, OrthancError) else None
        _log.warning("orthanc_not_read", source=poller.source.name, code=str(error), status=status)
        return False
    except _FAULTS as error:  # a fault of ours may not end the thread that reads on
        _log.error("orthanc_fault", source=poller.source.name, exc_info=error)
        return False
    if taken:
        _log.info("orthanc_read", source=poller.source.name, reports=taken)
    return True
