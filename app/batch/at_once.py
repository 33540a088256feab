"""A report that is kept and checked while its sender waits, as any other report of a feed."""

import uuid
from dataclasses import dataclass

import structlog

from app.api.schemas import CheckedReportOut
from app.batch.checking import result_of
from app.batch.feed import Feed
from app.integrations.hl7.answer import NotTakenError
from app.proofreading.cancellation import Cancellation, CancelledCheckError
from app.proofreading.check import check_report
from app.services import Services
from app.storage.types import FeedMessage, Finished

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer; ``number`` is ours of the report, None where it could not be kept. ``settled``: overridden errors."""

    answer: CheckedReportOut
    number: int | None = None
    settled: frozenset[str] = frozenset()


def check_at_once(
    message: FeedMessage, feed: Feed, services: Services, cancellation: Cancellation
) -> Checked:
    """Keep a message of one report, check it here, and keep the result. Never waits for the queue.

    A report that was kept and wholly checked before is not checked again. One that cannot be kept is
    checked all the same.

    Raises:
        CancelledCheckError: nobody waits any more.
    """
    (version,) = message.versions
    if version.report is None:
        raise ValueError("a message without a report")
    number: int | None = None
    jobs: list[int] | None = []
    try:
        jobs = feed.hold(message)
        number = feed.store.messages.report_of(message.key)
    except NotTakenError as error:
        _log.warning("report_not_kept", code=error.fault.code)
    current = feed.store.reports.current(number) if jobs is None and number is not None else None
    if current is not None and current.complete and current.result is not None:
        overridden = {made.error_id: made.outcome == "overridden" for made in current.decisions}
        settled = frozenset(error_id for error_id, over in overridden.items() if over)
        return Checked(CheckedReportOut.model_validate_json(current.result), number, settled)
    worker = str(uuid.uuid4())
    claims = feed.store.jobs.claim(jobs, worker) if jobs else []  # none: a worker has it, and finds the same
    try:
        checked = check_report(version.report, services, cancellation)
    except CancelledCheckError:
        feed.store.jobs.release(worker)  # a worker checks it: what was kept is not lost
        raise
    feed.store.jobs.finish([Finished(claim, result_of(checked, feed.store.seal)) for claim in claims], worker)
    return Checked(CheckedReportOut.of(checked), number)
