"""Does the errands of FHIR sources, a thread for each: asks, takes what is given, tries again."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from app.batch.loops import Loops
from app.integrations.fhir.client import TOO_LARGE, FhirClient, FhirError, tail_of
from app.integrations.fhir.inbound import FIRST_LOOK, REPORT, SEARCH, FhirInbound, Taken
from app.integrations.fhir.notice import Notice, notice_of
from app.integrations.fhir.read import instant
from app.integrations.fhir.resources import Resource, as_list, as_object
from app.integrations.hl7.answer import NotTakenError
from app.storage.errands import Errand, Errands, rest

_OVERLAP = dt.timedelta(seconds=60)  # what was written before, and seen only after
_MOST_ATTEMPTS = 12  # to read what the server says is not there
_LOOK_SECONDS = 1.0
_FAULTS = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)
_log = structlog.get_logger()


class Fetcher:
    """Does what is due until it is stopped. Any number of processes may: an errand is one's at a time."""

    def __init__(self, inbound: Mapping[str, FhirInbound], errands: Errands) -> None:
        """Begin; ``inbound`` by name of source."""
        self._errands = errands
        self._begun: set[str] = set()
        asked = {name: one for name, one in inbound.items() if one.client is not None}
        self._loops = Loops({f"fetcher {name}": partial(self._step, one) for name, one in asked.items()})

    def stop(self) -> None:
        """Finish the errands in hand, then return."""
        self._loops.stop()

    def _step(self, one: FhirInbound) -> float:
        name = one.source.name
        if name not in self._begun:
            one.begin()
            self._begun.add(name)
        errand = self._errands.take(name)
        if errand is None:
            return _LOOK_SECONDS
        try:
            Fetching(one, self._loops.stopping).work(errand)
        except _FAULTS as error:  # a fault of ours may not end the thread that asks for everything else
            _log.error("fetcher_fault", source=name, exc_info=error)
            self._errands.again(errand, rest(errand.attempts), "internal")
        return 0.0


@dataclass(frozen=True, slots=True)
class Fetching:
    """The errands of one source. A search ends between two pages when ``stopped``: it begins again later."""

    inbound: FhirInbound
    stopped: Callable[[], bool] = bool

    def work(self, errand: Errand) -> None:
        """Do an errand of this source.

        Raises:
            SQLAlchemyError: the database is lost; the errand is due again when its time is over.
        """
        errands = self.inbound.store.errands
        client = self.inbound.client
        if client is None:  # of a server that is no longer configured
            errands.done(errand)
            return
        kind, *names = errand.what.split(" ")
        try:
            if kind == SEARCH:
                self._search(client)
            elif kind == "events" and len(names) == 3:
                self._events(client, names)
            elif names:
                self._read(client, names[0])
        except FhirError as error:
            self._failed(errand, error)
            return
        except NotTakenError as error:
            if error.fault.transient:
                errands.again(errand, rest(errand.attempts), error.fault.code)
                return
            self._rejected(error.fault.code)
        poll = client.server.poll_seconds
        if kind == SEARCH and poll is not None:
            errands.again(errand, poll)
        else:
            errands.done(errand)

    def _failed(self, errand: Errand, error: FhirError) -> None:
        """Try again later; where that cannot help, search what changed instead."""
        errands = self.inbound.store.errands
        if error.code == TOO_LARGE and errand.what.startswith("read "):
            self._rejected("document_too_large")
            errands.done(errand)
            return
        _log.warning(
            "not_fetched", source=self.inbound.source.name, code=error.code, attempts=errand.attempts
        )
        lasting = not error.again and (errand.what.startswith("events ") or errand.attempts >= _MOST_ATTEMPTS)
        if lasting and errand.what != SEARCH:
            errands.wish(self.inbound.source.name, [SEARCH])
            errands.done(errand)
        else:
            errands.again(errand, rest(errand.attempts), error.code)

    def _read_pages(self, pages: Iterator[Resource], take: Callable[[Resource], object]) -> str:
        """Take each page; the latest instant at which a report of them changed, empty where there is none."""
        latest = ""
        for page in pages:
            if self.stopped():
                raise FhirError("stopped", again=True)
            take(page)
            changes = (as_object(report.get("meta")).get("lastUpdated") for report in _reports(page))
            latest = max([latest, *map(instant, changes)])
        return latest

    def _take_page(self, page: Resource) -> None:
        taken = Taken()
        self.inbound.reports(page, taken, waited_for=False)
        for code in taken.notes:
            self.inbound.reject(self.inbound.source.name, code)

    def _wish_page(self, page: Resource) -> None:
        names = [tail_of(f"{REPORT}/{report.get('id')}") for report in _reports(page)]
        whats = [f"read {name}" for name in names if name is not None]
        self.inbound.store.errands.wish(self.inbound.source.name, whats, if_new=True)

    def _rejected(self, code: str) -> None:
        _log.warning("message_not_taken", source=self.inbound.source.name, code=code)
        self.inbound.reject(self.inbound.source.name, code)

    def _read(self, client: FhirClient, path: str) -> None:
        try:
            resource = client.read(path)
        except FhirError as error:
            if error.status != 410:
                raise
            self.inbound.deleted(path.rpartition("/")[2])
            return
        if resource.get("resourceType") != REPORT:
            raise FhirError("not_a_report", again=False)
        self.inbound.reports({"entry": [{"resource": resource}]}, Taken(), waited_for=False)

    def _events(self, client: FhirClient, asked: list[str]) -> None:
        subscription, first, last = asked[0], int(asked[1]), int(asked[2])
        bundle = client.events(subscription, first, last)
        notice = notice_of(bundle)
        if notice is None:
            raise FhirError("not_a_notification", again=False)
        here = self.inbound.reports(bundle, Taken(), waited_for=False)
        got = {event.number for event in notice.events}
        events = Notice("event-notification", notice.subscription, events=notice.events)
        whats = list(self.inbound.unseen(events, here, told=bool(here)))
        if any(number not in got for number in range(first, last + 1)):
            whats.append(SEARCH)
        self.inbound.store.errands.wish(self.inbound.source.name, whats)

    def _search(self, client: FhirClient) -> None:
        """Everything that changed since the last search; then that is how far was read.

        Where one of it is larger than what is read at all, each is read by itself, so that it holds no other.
        """
        errands = self.inbound.store.errands
        last = errands.position(self.inbound.searched)
        since = dt.datetime.fromisoformat(last) if last else dt.datetime.now(dt.UTC) - FIRST_LOOK
        begin = (since - _OVERLAP).isoformat(timespec="milliseconds")
        try:
            latest = self._read_pages(client.changed(begin), self._take_page)
        except FhirError as error:
            if error.code != TOO_LARGE:
                raise
            latest = self._read_pages(client.changed_names(begin), self._wish_page)
        reached = min(dt.datetime.fromisoformat(latest), dt.datetime.now(dt.UTC)) if latest else since
        if reached > since:  # never the future, which one resource may claim: what comes would not be found
            errands.move(self.inbound.searched, reached.isoformat())


def _reports(page: Resource) -> Iterator[Resource]:
    resources = (as_object(as_object(entry).get("resource")) for entry in as_list(page.get("entry")))
    return (resource for resource in resources if resource.get("resourceType") == REPORT)
