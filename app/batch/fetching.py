"""Does the errands of FHIR sources, a thread for each: asks, takes what is given, tries again."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from app.batch.loops import Loops
from app.integrations.fhir.client import FhirClient, FhirError
from app.integrations.fhir.inbound import FIRST_LOOK, REPORT, SEARCH, FhirInbound, Taken
from app.integrations.fhir.notice import Notice, notice_of
from app.integrations.fhir.read import instant
from app.integrations.fhir.resources import as_list, as_object
from app.integrations.hl7.answer import NotTakenError
from app.storage.errands import Errand, Errands

_OVERLAP = dt.timedelta(seconds=60)  # what was written before, and seen only after
_LONGEST_REST = 300  # seconds between two attempts
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
            self._errands.again(errand, _rest(errand.attempts), "internal")
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
        kind, *rest = errand.what.split(" ")
        try:
            if kind == SEARCH:
                self._search(client)
            elif kind == "events" and len(rest) == 3:
                self._events(client, rest)
            elif rest:
                self._read(client, rest[0])
        except FhirError as error:
            self._failed(errand, error)
            return
        except NotTakenError as error:
            if error.fault.transient:
                errands.again(errand, _rest(errand.attempts), error.fault.code)
                return
            _log.warning("message_not_taken", source=self.inbound.source.name, code=error.fault.code)
        poll = client.server.poll_seconds
        if kind == SEARCH and poll is not None:
            errands.again(errand, poll)
        else:
            errands.done(errand)

    def _failed(self, errand: Errand, error: FhirError) -> None:
        """Try again later; where that cannot help, search what changed instead."""
        errands = self.inbound.store.errands
        _log.warning(
            "not_fetched", source=self.inbound.source.name, code=error.code, attempts=errand.attempts
        )
        lasting = not error.again and (errand.what.startswith("events ") or errand.attempts >= _MOST_ATTEMPTS)
        if lasting and errand.what != SEARCH:
            errands.wish(self.inbound.source.name, [SEARCH])
            errands.done(errand)
        else:
            errands.again(errand, _rest(errand.attempts), error.code)

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
        """Everything that changed since the last search; then that is how far was read."""
        errands = self.inbound.store.errands
        last = errands.position(self.inbound.searched)
        since = dt.datetime.fromisoformat(last) if last else dt.datetime.now(dt.UTC) - FIRST_LOOK
        latest: str = ""
        for page in client.changed((since - _OVERLAP).isoformat(timespec="milliseconds")):
            if self.stopped():
                raise FhirError("stopped", again=True)
            self.inbound.reports(page, Taken(), waited_for=False)
            for entry in as_list(page.get("entry")):
                resource = as_object(as_object(entry).get("resource"))
                if resource.get("resourceType") == REPORT:
                    latest = max(latest, instant(as_object(resource.get("meta")).get("lastUpdated")))
        reached = min(dt.datetime.fromisoformat(latest), dt.datetime.now(dt.UTC)) if latest else since
        if reached > since:  # never the future, which one resource may claim: what comes would not be found
            errands.move(self.inbound.searched, reached.isoformat())


def _rest(attempts: int) -> int:
    """Seconds until the next attempt: 2, 4, 8 … up to five minutes."""
    return int(min(2 ** min(attempts, 9), _LONGEST_REST))
