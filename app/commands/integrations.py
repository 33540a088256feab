"""``radproof integrations``: how what comes in and goes out is doing, and a test of it."""

import argparse
import datetime as dt
import sys
import uuid
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from app.commands import CommandError
from app.commands.parts import opened, settings
from app.services import ConfigurationError, open_configured_store, open_sources

if TYPE_CHECKING:
    from app.integrations.status import SourceStatus, Status
    from app.storage.overview import EndpointCount

_WIDTH = 130  # of a file or pipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
    parts.add_parser("status", help="what came and went, what waits, which source is silent")
    test = parts.add_parser("selftest", help="send a conformance set and compare the answers")
    test.add_argument(
        "--mllp", metavar="HOST:PORT", type=_address, help="to this receiver, messages for trial only"
    )
    test.add_argument("--url", metavar="URL", help="to this service: what keeps nothing")


def run(args: argparse.Namespace) -> int:
    """0 when all is well, 1 when something needs attention or differs, 2 when it cannot be told."""
    return _status() if args.part == "status" else _selftest(args.mllp, args.url)


def _address(said: str) -> tuple[str, int]:
    host, _, port = said.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise argparse.ArgumentTypeError("say HOST:PORT")
    return host.strip("[]"), int(port)


def _status() -> int:
    # only here: the page's words for times
    from app.integrations.page.render import span
    from app.integrations.status import status_of
    from app.storage.types import today

    chosen = settings()
    with closing(opened(open_configured_store, chosen)) as store:
        try:
            counted = store.overview.count(today())
        except SQLAlchemyError as error:
            raise CommandError("the store cannot be used") from error
    now = dt.datetime.now().astimezone()
    status = status_of(counted, opened(open_sources, chosen), now, now)
    heard = ("source", "state", "last message", "today", "last hour")
    _print("Sources", heard, [_source(one, counted.at) for one in status.sources])
    told = ("endpoint", "state", "last delivered", "waiting", "not delivered", "last problem")
    _print("Endpoints", told, [_endpoint(one, status, counted.at) for one in counted.endpoints])
    rejected = [(one.source, one.day, one.code, one.count) for one in counted.rejections]
    if rejected:
        _print("Not taken, last 7 days", ("source", "day", "code", "messages"), rejected)
    oldest = (
        f", the oldest for {span((counted.at - counted.oldest_waiting).total_seconds())}"
        if counted.oldest_waiting
        else ""
    )
    waiting = "1 report waits" if counted.waiting == 1 else f"{counted.waiting} reports wait"
    sys.stdout.write(f"{waiting} for a check{oldest}\n")
    return 1 if status.degraded else 0


def _source(one: "SourceStatus", now: dt.datetime) -> tuple[object, ...]:
    from app.integrations.page.render import ago

    state = "SILENT" if one.alarm else "heard" if one.last_at else "not yet"
    name = f"{one.name}, for trial" if one.test else one.name
    return name, state, ago(one.last_at, now) if one.last_at else "never", one.today, one.last_hour


def _endpoint(one: "EndpointCount", status: "Status", now: dt.datetime) -> tuple[object, ...]:
    from app.integrations.page.render import ago, problem

    state = "off" if not one.enabled else "FAILING" if one in status.troubled else "on"
    last = ago(one.last_delivered, now) if one.last_delivered else "never"
    return one.name, state, last, one.waiting, one.dead, problem(one.problem) if one.problem else ""


def _selftest(mllp: tuple[str, int] | None, url: str | None) -> int:
    # only here: it brings the whole service
    from app.selftest import asking
    from app.selftest.running import SECRET, NotStartedError, installation

    name = f"S{uuid.uuid4().hex[:8]}".upper()
    asked: list[asking.Asked] = []
    try:
        if mllp is None and url is None:
            with installation() as own:
                site = asking.Site(own.url, SECRET)
                asked += asking.ask_http(site)
                asked += asking.ask_mllp(own.mllp, name, own=True)
                asked += asking.ask_webhooks(site, name)
                asked += asking.ask_results(site, name)
        if url is not None:
            asked += asking.ask_http(asking.Site(url.rstrip("/")))
        if mllp is not None:
            asked += asking.ask_mllp(mllp, name, own=False)
    except ConfigurationError as error:
        raise CommandError(str(error)) from error
    except NotStartedError as error:
        raise CommandError("the service does not start; radproof serve says why") from error
    except OSError as error:
        raise CommandError(f"nobody answers there: {error.strerror or 'no connection'}") from error
    rows = [(one.way, one.what, one.expected, one.came, "ok" if one.passed else "DIFFERS") for one in asked]
    _print("Conformance set", ("way", "sent", "expected", "came", ""), rows)
    wrong = sum(not one.passed for one in asked)
    sys.stdout.write(f"{len(asked) - wrong} of {len(asked)} as expected\n")
    return 1 if wrong else 0


def _print(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    table = Table(*head, title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*map(str, row))
    wide = None if sys.stdout.isatty() else _WIDTH
    Console(file=sys.stdout, width=wide, highlight=False, markup=False).print(table)
