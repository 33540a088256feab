"""The review as a check sees it: one call that never fails, with a time limit."""

from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from threading import Lock
from typing import Literal

import anyio
import structlog
from anyio.from_thread import start_blocking_portal
from pydantic_core import to_json

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


class Reviewer:
    """Reviews reports with one language model. Thread-safe; call ``close`` at the end.

    Calls run on an event loop in a thread of its own, so that a limit of time ends them wherever they wait.
    """

    def __init__(self, server: ModelServer, plan: ReviewPlan, cache: ReviewCache | None = None) -> None:
        self.plan = plan
        self.model = LanguageModel(server)
        self._cache = cache or MemoryCache()
        self._stack = ExitStack()
        self._portal = self._stack.enter_context(start_blocking_portal())
        self._flights: dict[str, Future[Review]] = {}
        self._lock = Lock()

    @property
    def versions(self) -> dict[str, str]:
        """The model and the prompts, as an answer's versions name them."""
        return {"llm": self.model.server.model, "prompts": version()}

    def close(self) -> None:
        """End what runs, and close every connection."""
        self._portal.call(self.model.close)
        self._stack.close()
        self._cache.close()

    def reviewed(self, case: Case, errors: tuple[ReportError, ...], profile: Profile) -> Reviewed:
        """The errors after a review; as they were where none was needed or it failed."""
        if not self._needed(errors):
            return Reviewed(errors, "not_needed")
        try:
            review = self._review(case, errors)
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

    def _review(self, case: Case, errors: tuple[ReportError, ...]) -> Review:
        """A kept review, one that is being made for the same report, or a new one."""
        key = self._key(case, errors)
        kept = self._cache.get(key)
        if kept is not None:
            return kept
        with self._lock:
            flight = self._flights.get(key)
            if flight is None:
                flight = self._portal.start_task_soon(self._made, case, errors)
                self._flights[key] = flight
                flight.add_done_callback(lambda done: self._landed(key, done))
        try:
            return flight.result()
        except CancelledError:  # the service stops
            raise LanguageModelError("llm_unavailable") from None

    def _landed(self, key: str, flight: Future[Review]) -> None:
        if not flight.cancelled() and flight.exception() is None:
            self._cache.put(key, flight.result())
        self._flights.pop(key, None)

    async def _made(self, case: Case, errors: tuple[ReportError, ...]) -> Review:
        work = Reviewing(self.model, self.plan.mode, case, self.plan.most_characters)
        with anyio.move_on_after(self.plan.deadline_seconds):
            return await work.run(errors)
        raise LanguageModelError("llm_timeout")

    def _key(self, case: Case, errors: tuple[ReportError, ...]) -> str:
        """A checksum over all that the review depends on; the report cannot be read from it."""
        parts = (
            self.model.server.base_url,
            self.versions,
            asdict(self.plan.mode),
            self.plan.most_characters,
            case.report.text,
            asdict(case.context),
            [(hit.id, hit.text) for hit in case.references],
            case.facts.edges if self.plan.mode.mkgd else (),
            [(error.candidate.type, error.candidate.span) for error in errors],
        )
        return sha256(to_json(parts)).hexdigest()
