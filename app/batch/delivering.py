"""The deliverer: sends what the outbox holds, each endpoint's deliveries in order.

It waits, on a thread of its own, for attempts that run on threads of theirs, and alone talks to the database. If a
process is killed between sending and saying so, the delivery is sent again under the same id: at least once.
"""

import random
import threading
import uuid
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.batch.loops import Loops
from app.integrations.outgoing import Outcome, Outgoing, Sender
from app.storage.outbox import Attempted, Origin, Turn
from app.storage.sealing import SealError
from app.storage.store import Store
from app.storage.types import Check, EndpointKind

SCHEDULE = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds between attempts (Standard Webhooks 1.0.0, "Deliverability and reliability"); the first is at once."""

_MOST_REFUSALS = 3  # attempts of what an endpoint does not take, so that it does not hold the others for days
_JITTER = 0.1
_LONGEST_REST = 86_400  # of Retry-After
_THROTTLED = frozenset({429, 502, 503, 504})
_AT_ONCE = 8  # endpoints that are sent to at one time
_IN_A_ROW = 50  # deliveries of one while others may wait for their turn
_LOOK_SECONDS = 1.0
_STOP_SECONDS = 2.0  # for attempts that are under way; what does not end then is sent again
_FAULTS = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)
_log = structlog.get_logger()


class Deliverer:
    """Sends until it is stopped. Of several, in several processes, one sends to an endpoint at a time."""

    def __init__(self, store: Store, senders: Mapping[EndpointKind, Sender]) -> None:
        """Begin; ``senders`` by the kind of endpoint that each tells."""
        self._store = store
        self._senders = senders
        self._process = str(uuid.uuid4())
        self._running: dict[Future[Outcome], Turn] = {}
        self._in_a_row: Counter[int] = Counter()
        self._loop = Loops({"deliverer": self._step})

    def stop(self) -> None:
        """Begin nothing more, wait a moment for what is under way, let the endpoints go."""
        self._loop.stop()
        wait(self._running, _STOP_SECONDS)
        with suppress(SQLAlchemyError, SealError):  # then other processes wait for a minute
            self._keep(more=False)
            self._store.outbox.let_go(self._process)

    def _step(self) -> float:
        self._keep(more=True)
        room = _AT_ONCE - len(self._running)
        turns = self._store.outbox.take(self._process, room) if room else []
        for turn in turns:
            self._begin(turn)
        if self._running:
            wait(self._running, _LOOK_SECONDS, return_when=FIRST_COMPLETED)
            return 0.0
        return _LOOK_SECONDS

    def _keep(self, *, more: bool) -> None:
        for done, turn in [each for each in self._running.items() if each[0].done()]:
            following = self._record(turn, done.result(), more=more)
            del self._running[done]
            if following is not None:
                self._begin(following)

    def _record(self, turn: Turn, outcome: Outcome, *, more: bool) -> Turn | None:
        made = attempted(outcome, turn.delivery.attempts + 1)
        self._in_a_row[turn.endpoint_number] += 1
        stays = self._in_a_row[turn.endpoint_number] < _IN_A_ROW or len(self._running) < _AT_ONCE
        following = self._store.outbox.record(turn, made, self._process, more=more and stays)
        if following is None:
            del self._in_a_row[turn.endpoint_number]
        told = {"delivery": turn.delivery.public_id, "endpoint": turn.endpoint.public_id}
        if made.delivered:
            _log.info("delivered", **told, attempt=turn.delivery.attempts + 1)
        elif made.wait is None:
            event = "endpoint_disabled" if made.disabled else "delivery_dead"
            _log.warning(event, **told, problem=made.problem, status=made.status)
        else:
            _log.info("delivery_failed", **told, problem=made.problem, status=made.status, again=made.wait)
        return following

    def _begin(self, turn: Turn) -> None:
        what = self._said(turn)
        done: Future[Outcome] = Future()
        self._running[done] = turn
        if isinstance(what, Outcome):
            done.set_result(what)
            return
        threading.Thread(target=self._attempt, args=(turn, what, done), name="delivery", daemon=True).start()

    def _said(self, turn: Turn) -> Outgoing | Outcome:
        """What a delivery says; why it cannot be said now, so that one alone waits for that and not every endpoint."""
        told = {"delivery": turn.delivery.public_id, "endpoint": turn.endpoint.public_id}
        try:
            return outgoing(self._store, turn)
        except SealError as error:
            _log.error("delivery_sealed", **told, exc_info=error)
            return Outcome("again", "sealed")
        except _FAULTS as error:
            _log.error("delivery_fault", **told, exc_info=error)
            return Outcome("again", "internal")

    def _attempt(self, turn: Turn, what: Outgoing, done: Future[Outcome]) -> None:
        outcome = Outcome("again", "internal")
        try:
            sender = self._senders.get(turn.endpoint.kind)
            outcome = Outcome("again", "no_sender") if sender is None else sender.send(turn.endpoint, what)
        except _FAULTS as error:  # a fault of ours may not end the thread that tells everybody
            _log.error("delivery_fault", delivery=turn.delivery.public_id, exc_info=error)
        finally:
            done.set_result(outcome)


def attempted(outcome: Outcome, attempts: int) -> Attempted:
    """What is kept of the ``attempts``-th attempt, with the time until the next."""
    if outcome.state == "delivered":
        return Attempted(True, status=outcome.status)
    code = (outcome.code or outcome.state)[:64]
    if outcome.state == "gone":
        return Attempted(False, code, outcome.status, disabled=True)
    last = attempts >= (_MOST_REFUSALS if outcome.state == "refused" else len(SCHEDULE) + 1)
    if last:
        return Attempted(False, code, outcome.status)
    usual = SCHEDULE[attempts - 1] * (1 + random.random() * _JITTER)  # noqa: S311  # spreads, hides nothing
    asked = min(outcome.retry_after or 0.0, _LONGEST_REST)
    rest = outcome.status in _THROTTLED or outcome.retry_after is not None
    return Attempted(False, code, outcome.status, wait=round(max(usual, asked)), rest=rest)


def outgoing(store: Store, turn: Turn) -> Outgoing:
    """What a delivery says, as it stands now."""
    said = turn.delivery
    if said.report is None:
        return Outgoing(said.public_id, said.event, said.created_at)
    origin: Origin = store.outbox.origin(said.report)
    checks = _checks(store, said.report, said.check)
    return Outgoing(
        id=said.public_id,
        event=said.event,
        at=said.created_at,
        report=said.report,
        custom_id=origin.custom_id,
        source=origin.source,
        test=origin.test,
        submitted=origin.submitted,
        check=checks[0] if checks else None,
        earlier=tuple(checks[1:]),
        version=store.messages.version(said.report),
        message=origin.message,
        message_kind=origin.message_kind,
    )


def _checks(store: Store, report: int, check: int | None) -> list[Check]:
    """The check that is told of and those before it; all where none is named: a report that is taken back takes back."""
    return [each for each in store.reports.checks(report) if check is None or each.id <= check]
