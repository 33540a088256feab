"""FHIR of one source, whichever way it comes: pushed, announced, or found by asking.

What is announced without being sent becomes errands: kept before the answer, done by ``Fetcher`` in a thread of its own,
again and again until the server gives it. An errand is ``search`` (what changed since the last time), ``read Type/id``,
or ``events Subscription/id FIRST LAST``.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from time import monotonic

import structlog

from app.integrations.fhir.client import FhirClient, FhirError, tail_of
from app.integrations.fhir.messages import Sent, deletion_of, key_of, message_of
from app.integrations.fhir.notice import Notice, notice_of
from app.integrations.fhir.resources import Resource, as_list, as_object, one_line, parsed, resources_by_name
from app.integrations.hl7.answer import Fault, NotTakenError
from app.integrations.incoming import digest
from app.integrations.sources import Source
from app.storage.store import Store
from app.storage.types import FeedMessage

MOST_BYTES = 16 * 1_048_576
SEARCH = "search"
REPORT = "DiagnosticReport"
_EARLY = frozenset({"registered", "partial", "preliminary"})  # may have no text yet
_RELATED = re.compile(r"(?:Patient|ServiceRequest|Observation|ImagingStudy)/.+", re.ASCII)
_MOST_RELATED = 20
_RELATED_SECONDS = 2.0  # for all of them, while somebody waits
FIRST_LOOK = dt.timedelta(minutes=10)
_MOST_AT_ONCE = 1_000  # events or reads; of more than that only what changed is searched
_NO_SERVER = Fault("no_fhir_server", "207")
_log = structlog.get_logger()


@dataclass(slots=True)
class Taken:
    """What became of a request: how many reports were kept, how much is to be fetched, and codes of what was not taken."""

    kept: int = 0
    errands: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FhirInbound:
    """One source of FHIR. Thread-safe.

    ``keep`` and ``reject`` are those of ``Feed``. Without ``client`` nothing can be asked: only what is sent whole is
    taken.
    """

    source: Source
    store: Store
    keep: Callable[[FeedMessage], list[int] | None]
    reject: Callable[[str, str], None]
    max_text_bytes: int
    client: FhirClient | None = None

    def begin(self) -> None:
        """From now on what changes is found, also what no one tells of."""
        if self.client is None:
            return
        errands = self.store.errands
        if errands.position(self.searched) is None:
            errands.move(self.searched, (dt.datetime.now(dt.UTC) - FIRST_LOOK).isoformat())
        if self.client.server.poll_seconds is not None:
            errands.wish(self.source.name, [SEARCH], if_new=True)

    @property
    def searched(self) -> str:
        """The name of the position of searches."""
        return f"fhir {self.source.name} {SEARCH}"

    def take(self, raw: bytes, path: str | None = None) -> Taken:
        """Take what a request brings; ``path`` is the ``Type/id`` behind its address, where there is one.

        When this returns, reports and errands are durable.

        Raises:
            IncomingError: it is no JSON that can be read (codes of ``parsed``).
            NotTakenError: it is nothing for us, or cannot be taken now.
            SQLAlchemyError: the database is lost.
        """
        if not raw.strip():
            what = SEARCH if path is None else f"read {path}"
            if path is not None and not path.startswith(f"{REPORT}/"):
                raise NotTakenError(Fault("not_a_report", "200"))
            return self._wish(Taken(), [what])
        resource = parsed(raw, MOST_BYTES)
        kind = resource.get("resourceType")
        taken = Taken()
        if kind == REPORT:
            self._report(Sent(resource, raw, {}), taken, monotonic() + _RELATED_SECONDS)
            return taken
        if kind != "Bundle":
            raise NotTakenError(Fault("not_a_report", "200"))
        notice = notice_of(resource)
        if notice is not None:
            self._notified(notice, resource, taken)
            return taken
        here = self.reports(resource, taken, waited_for=True)
        if not taken.kept and (taken.notes or not here):
            raise NotTakenError(Fault(next(iter(taken.notes), "no_report"), "200"))
        return taken

    def deleted(self, name: str) -> Taken:
        """The DiagnosticReport of this id is no more at its source: its report is withdrawn, if there is one."""
        taken = Taken()
        named = self.store.messages.current_of(self.source.name, name)
        if named is not None:
            self._keep(deletion_of(self.source, name, named), taken)
        return taken

    def _report(self, sent: Sent, taken: Taken, until: float | None) -> None:
        """Take a report; what it refers to is asked for ``until`` then, where somebody waits."""
        if self.store.messages.knows(key_of(sent.resource, self.source)):  # a resend asks nobody for anything
            taken.kept += 1
            _log.info("message_taken", source=self.source.name, again=True)
            return
        full = replace(sent, named=self._related(sent.resource, sent.named, until))
        try:
            message = message_of(full, self.source, self.max_text_bytes)
        except NotTakenError as error:
            if error.fault.code != "no_text" or one_line(sent.resource.get("status")) not in _EARLY:
                raise
            taken.notes.append("no_text_yet")
            return
        self._keep(message, taken)

    def _keep(self, message: FeedMessage, taken: Taken) -> None:
        jobs = self.keep(message)
        taken.kept += 1
        _log.info("message_taken", source=self.source.name, again=jobs is None, bytes=len(message.raw))

    def reports(self, bundle: Resource, taken: Taken, *, waited_for: bool) -> set[str]:
        """Take the reports of a Bundle, one by one; names of those that it holds or says are deleted.

        Where somebody waits (``waited_for``) there are two seconds for what all of them refer to, and at most
        ``_MOST_AT_ONCE`` reports.
        """
        entries = [as_object(entry) for entry in as_list(bundle.get("entry"))]
        if waited_for and len(entries) > _MOST_AT_ONCE and _many_reports(entries):
            raise NotTakenError(Fault("too_many_reports", "207"))
        until = monotonic() + _RELATED_SECONDS if waited_for else None
        named = resources_by_name(entries)
        here: set[str] = set()
        for entry in entries:
            resource = as_object(entry.get("resource"))
            gone = _deleted(entry)
            if gone is not None:
                here.add(f"{REPORT}/{gone}")
                taken.kept += self.deleted(gone).kept
            if resource.get("resourceType") != REPORT:
                continue
            here.add(f"{REPORT}/{resource.get('id')}")
            raw = json.dumps(resource, ensure_ascii=False).encode("utf-8", "surrogatepass")
            try:
                self._report(Sent(resource, raw, named), taken, until)
            except NotTakenError as error:
                if error.fault.transient:
                    raise
                taken.notes.append(error.fault.code)
                _log.warning("message_not_taken", source=self.source.name, code=error.fault.code)
        return here

    def _notified(self, notice: Notice, bundle: Resource, taken: Taken) -> None:
        here = self.reports(bundle, taken, waited_for=True)
        anew = notice.kind == "handshake"
        if notice.kind not in ("handshake", "heartbeat", "event-notification"):
            return  # an answer to a question that nobody asked by this way
        seen = {event.number for event in notice.events if event.number is not None}
        total = max([notice.total or 0, *seen])
        subscription = self._subscription(notice.subscription)
        name = f"fhir {self.source.name} {subscription or digest(notice.subscription)}"
        missed = self.store.errands.missed(name, total, seen, anew=anew)
        whats = list(self.unseen(notice, here, told=bool(here)))
        if notice.failed:
            taken.notes.append("subscription_off")
            whats.append(SEARCH)
        if missed:
            _log.warning("events_missed", source=self.source.name, events=sum(b - a + 1 for a, b in missed))
            taken.notes.append("events_missed")
            known = (
                subscription is not None and sum(last - first + 1 for first, last in missed) <= _MOST_AT_ONCE
            )
            whats += (
                [f"events {subscription} {first} {last}" for first, last in missed] if known else [SEARCH]
            )
        if self.client is None and whats:
            if not taken.kept:  # else it would be acknowledged and never be had
                raise NotTakenError(_NO_SERVER)
            taken.notes.append(_NO_SERVER.code)
            whats = []
        if len(whats) > _MOST_AT_ONCE:
            whats = [SEARCH]
        self.store.errands.settle(self.source.name, whats, name, total, anew=anew)
        taken.errands += len(whats)

    @staticmethod
    def _subscription(reference: str) -> str | None:
        named = tail_of(reference)
        return named if named is not None and named.startswith("Subscription/") else None

    @staticmethod
    def unseen(notice: Notice, here: set[str], *, told: bool) -> Iterator[str]:
        """Errands for what a notice tells of and does not bring."""
        if notice.kind != "event-notification":
            return
        for event in notice.events:
            named = tail_of(event.focus) if event.focus else None
            if named is None and (event.focus is not None or not told):
                yield SEARCH
            elif named is not None and named.startswith(f"{REPORT}/") and named not in here:
                yield f"read {named}"
        if not notice.events and not told:
            yield SEARCH

    def _wish(self, taken: Taken, whats: Iterable[str]) -> Taken:
        if self.client is None:
            raise NotTakenError(_NO_SERVER)
        wanted = list(whats)
        self.store.errands.wish(self.source.name, wanted)
        taken.errands += len(wanted)
        return taken

    def _related(
        self, report: Resource, found: dict[str, Resource], until: float | None
    ) -> dict[str, Resource]:
        """``found`` with what the report refers to and is not there, as far as the server gives it now."""
        if self.client is None:
            return found
        asked = 0
        for reference in _references(report):
            local = self.client.local(reference)
            if reference in found or local is None or not _RELATED.fullmatch(local):
                continue
            if local in found:
                found[reference] = found[local]
                continue
            if asked >= _MOST_RELATED or (until is not None and monotonic() > until):
                _log.info("context_missing", source=self.source.name, code="too_many")
                break
            asked += 1
            try:
                found[reference] = self.client.read(local, waited_for=until is not None)
            except FhirError as error:
                _log.info("context_missing", source=self.source.name, code=error.code)
                if error.status is None:
                    break
        return found


def _many_reports(entries: Iterable[Resource]) -> bool:
    kinds = [as_object(entry.get("resource")).get("resourceType") for entry in entries]
    return kinds.count(REPORT) > _MOST_AT_ONCE


def _deleted(entry: Resource) -> str | None:
    """The id of a DiagnosticReport that an entry says is deleted."""
    request = as_object(entry.get("request"))
    url = request.get("url")
    if request.get("method") != "DELETE" or not isinstance(url, str):
        return None
    match = re.search(r"(?:^|/)DiagnosticReport/([A-Za-z0-9\-.]{1,64})$", url)
    return match.group(1) if match else None


def _references(report: Resource) -> Iterator[str]:
    """References to patient, orders, studies and results, in this order."""
    held = [report.get("subject")]
    for name in ("basedOn", "imagingStudy", "result"):
        held += as_list(report.get(name))
    for reference in held:
        called = as_object(reference).get("reference")
        if isinstance(called, str) and not called.startswith("#"):
            yield called
