"""The review as a check sees it: one call that never fails, with a time limit, and ends when nobody waits."""

from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from threading import Lock
from typing import Literal

import anyio
import structlog
from anyio import to_thread
from anyio.from_thread import start_blocking_portal
from pydantic_core import to_json

from app.proofreading.cancellation import Cancellation
from app.proofreading.case import Case
from app.proofreading.profile import Profile
from app.proofreading.report import ReportError, Tier
from app.proofreading.review.cache import MemoryCache, ReviewCache
from app.proofreading.review.policy import apply_review
from app.proofreading.review.prompts import version
from app.proofreading.review.stages import Reviewing
from app.proofreading.review.types import Mode, Review, Reviewed
from models.llm import Form, LanguageModel, LanguageModelError, ModelServer, Prompt

Use = Literal["always", "uncertain", "never"]
_KEEPING_SECONDS = 1.0  # longest wait for the cache to keep a review
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ReviewPlan:
    """When and how reports are reviewed.

    ``use``: every report, those with an error below tier high, or none. ``trusted``: see ``policy``.
    ``deadline_seconds``: for the whole review of one report. ``most_characters``: shown of a report.
    """

    use: Use = "uncertain"
    mode: Mode = field(default_factory=Mode)
    trusted: bool = False
    deadline_seconds: float = 30.0
    most_characters: int = 12_000


@dataclass(slots=True)
class _Flight:
    """One review in the making, and how many checks wait for it."""

    review: Future[Review]
    waiting: int = 0


class Reviewer:
    """Reviews reports with one language model. Thread-safe; call ``close`` at the end.

    Calls run on an event loop in a thread of its own, so that a limit of time ends them wherever they wait.
    Checks of the same report share one review; it is cancelled when the last of them no longer waits.
    """

    def __init__(self, server: ModelServer, plan: ReviewPlan, cache: ReviewCache | None = None) -> None:
        self.plan = plan
        self.model = LanguageModel(server)
        self._cache = cache or MemoryCache()
        self._stack = ExitStack()
        self._portal = self._stack.enter_context(start_blocking_portal())
        self._flights: dict[str, _Flight] = {}
        self._lock = Lock()

    @property
    def versions(self) -> dict[str, str]:
        """The model and the prompts, as an answer's versions name them."""
        return {"llm": self.model.server.model, "prompts": version()}

    def close(self) -> None:
        """Cancel what runs, and close every connection."""
        with self._lock:
            flights = tuple(self._flights.values())
        for flight in flights:
            flight.review.cancel()
        self._portal.call(self.model.close)
        self._stack.close()
        self._cache.close()

    def reviewed(
        self,
        case: Case,
        errors: tuple[ReportError, ...],
        profile: Profile,
        cancellation: Cancellation | None = None,
    ) -> Reviewed:
        """The errors after a review; as they were where none was needed or it failed.

        Raises:
            CancelledCheckError: when nobody waits for it any more.
        """
        if not self._needed(errors):
            return Reviewed(errors, "not_needed")
        try:
            review = self._review(case, errors, cancellation or Cancellation())
        except LanguageModelError as error:
            _log.warning("review_failed", code=error.code)
            return Reviewed(errors, f"failed: {error.code}")
        coverage = "partial: report_too_long" if review.left_out else "done"
        merged = apply_review(errors, review, case, profile, trusted=self.plan.trusted)
        return Reviewed(merged, coverage, review)

    def asked(self, question: Prompt, form: type[Form], most_tokens: int) -> Form:
        """One answer of the model within the time of a review.

        Raises:
            LanguageModelError: with the code that says why there is none.
        """
        try:
            return self._portal.call(self._asked, question, form, most_tokens)
        except CancelledError:  # the service stops
            raise LanguageModelError("llm_unavailable") from None

    async def _asked(self, question: Prompt, form: type[Form], most_tokens: int) -> Form:
        with anyio.move_on_after(self.plan.deadline_seconds):
            answer = await self.model.ask(question, form, max_tokens=most_tokens)
            return answer.value
        raise LanguageModelError("llm_timeout")

    def _needed(self, errors: Sequence[ReportError]) -> bool:
        uncertain = any(error.tier is not Tier.HIGH for error in errors)
        return self.plan.use == "always" or (self.plan.use == "uncertain" and uncertain)

    def _review(self, case: Case, errors: tuple[ReportError, ...], cancellation: Cancellation) -> Review:
        """A kept review, one that is being made for the same report, or a new one."""
        work = Reviewing.of(self.model, self.plan.mode, case, self.plan.most_characters, errors)
        key = self._key(work)
        flight = self._joined(key, work)
        try:
            cancellation.wait_for(flight.review)
            return flight.review.result()
        except CancelledError:  # the service stops
            raise LanguageModelError("llm_unavailable") from None
        finally:
            self._left(key, flight)

    def _joined(self, key: str, work: Reviewing) -> _Flight:
        with self._lock:
            flight = self._flights.get(key)
            if flight is None:
                flight = _Flight(self._portal.start_task_soon(self._made, key, work))
                self._flights[key] = flight
            flight.waiting += 1
            return flight

    def _left(self, key: str, flight: _Flight) -> None:
        with self._lock:
            flight.waiting -= 1
            if not flight.waiting:
                del self._flights[key]
                flight.review.cancel()  # of no effect on one that is done

    async def _made(self, key: str, work: Reviewing) -> Review:
        """The kept review, or a new one, which is then kept. A slow cache keeps no other review waiting."""
        review: Review | None = None
        with anyio.move_on_after(self.plan.deadline_seconds):
            kept = await to_thread.run_sync(self._cache.get, key, abandon_on_cancel=True)
            if kept is not None:
                return kept
            review = await work.run()
        if review is None:
            raise LanguageModelError("llm_timeout")
        with anyio.move_on_after(_KEEPING_SECONDS):
            await to_thread.run_sync(self._cache.put, key, review, abandon_on_cancel=True)
        return review

    def _key(self, work: Reviewing) -> str:
        """A checksum over all that the review depends on; the report cannot be read from it.

        What the model is shown stands in it, so that another graph, index or extractor makes another key.
        """
        parts = (
            self.model.server.base_url,
            self.versions,
            self.plan.mode.staged,
            work.case.report.text,
            asdict(work.view),
            work.left_out,
            work.suspected,
            [(error.candidate.type, error.candidate.span) for error in work.errors],
        )
        return sha256(to_json(parts)).hexdigest()
