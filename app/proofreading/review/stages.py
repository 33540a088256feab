"""The stages of a review: detect, localize, correct, verify."""

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import anyio

from app.proofreading.case import Case
from app.proofreading.report import ErrorType, EvidenceKind, ReportError
from app.proofreading.review.forms import (
    Detection,
    Fixes,
    FoundAndFixed,
    Localization,
    Place,
    Proofread,
    Verification,
)
from app.proofreading.review.knowledge import facts, sentences, told
from app.proofreading.review.policy import SURE_NOT
from app.proofreading.review.prompts import Shown, prompt
from app.proofreading.review.quotes import minimal, place, shown
from app.proofreading.review.types import Addition, Mode, Review, Verdict
from models.completion import Usage
from models.llm import Form, LanguageModel, LanguageModelError, Prompt
from models.types import Span

_MOST_VERIFIED = 12  # of the detectors' errors
_DETECT, _LIST, _VERIFY = 120, 480, 40  # tokens of the longest answers
_CONTROL = (  # a plain error, put after a report to see whether the model still says so
    "FINDINGS: Small left pleural effusion.\nIMPRESSION: Right pleural effusion.",
    'laterality_mismatch: "Right pleural effusion" against "Small left pleural effusion"',
)
_EVEN = 0.5
_WITHOUT_ODDS = {"yes": 0.8, "no": 0.2}  # a bare answer is believed a little


@dataclass(slots=True)
class Reviewing:
    """One review in the making: what is shown and asked of one report.

    ``errors``: those of the detectors that the model is asked about; ``suspected`` are they in words.
    """

    model: LanguageModel
    staged: bool
    case: Case
    view: Shown
    left_out: tuple[str, ...]
    errors: tuple[ReportError, ...]
    suspected: tuple[str, ...]
    _usage: Usage = field(default_factory=Usage)
    _dropped: int = 0
    _seconds: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        model: LanguageModel,
        mode: Mode,
        case: Case,
        most_characters: int,
        errors: Sequence[ReportError],
    ) -> "Reviewing":
        """The review of a case in this mode."""
        text, left_out = shown(case.report, most_characters)
        view = Shown(
            report=text,
            order=told(case.context),
            own=sentences(case.graph) if mode.mkgd else (),
            facts=facts(case) if mode.mkgd else (),
            references=tuple(sentences(hit.graph) for hit in case.references) if mode.exkr else (),
        )
        asked = tuple(errors[:_MOST_VERIFIED])
        suspected = tuple(_suspicion(e.candidate.type, e.candidate.span, _other(e), case) for e in asked)
        return cls(model, mode.staged, case, view, left_out, asked, suspected)

    async def run(self) -> Review:
        """Every stage, and what each took.

        Raises:
            LanguageModelError: when one of them fails; what the others brought is not used.
        """
        additions = await (self._staged() if self.staged else self._end_to_end())
        with self._timed("verify"):
            additions, verdicts = await self._verified(additions)
            steered = await self._steered(verdicts)
        return Review(
            additions,
            () if steered else verdicts,
            self._dropped,
            self.left_out,
            self._seconds,
            self._usage.prompt_tokens,
            self._usage.completion_tokens,
            steered,
        )

    async def _staged(self) -> tuple[Addition, ...]:
        with self._timed("detect"):
            found = await self._ask(prompt("detect", self.view), Detection, _DETECT)
        if not found.has_error:
            return ()
        with self._timed("localize"):
            localized = await self._ask(prompt("localize", self.view), Localization, _LIST)
        placed = self._placed(localized.errors)
        if not placed:
            return ()
        with self._timed("correct"):
            quotes = tuple((item.type.value, item.span.of(self.case.report.text)) for item in placed)
            fixes = await self._ask(prompt("correct", self.view, quotes), Fixes, _LIST)
        by_number = {fix.number: fix.replacement for fix in fixes.corrections}
        return tuple(
            self._fixed(item, by_number[number]) if number in by_number else item
            for number, item in enumerate(placed, 1)
        )

    async def _end_to_end(self) -> tuple[Addition, ...]:
        with self._timed("proofread"):
            answer = await self._ask(prompt("proofread", self.view), Proofread, _LIST)
        return self._placed(answer.errors)

    def _placed(self, places: Sequence[Place]) -> tuple[Addition, ...]:
        """The proposals whose quote stands in the report; each place once."""
        text = self.case.report.text
        kept: dict[Span, Addition] = {}
        for item in places:
            span = place(item.quote, text)
            if span is None:
                self._dropped += 1
                continue
            addition = Addition(ErrorType(item.type), span, place(item.contradicts, text))
            if isinstance(item, FoundAndFixed):
                addition = self._fixed(addition, item.replacement)
            kept.setdefault(span, addition)
        return tuple(kept.values())

    def _fixed(self, item: Addition, replacement: str) -> Addition:
        return replace(item, fix=minimal(item.span, replacement, self.case.report.text))

    async def _verified(
        self, additions: tuple[Addition, ...]
    ) -> tuple[tuple[Addition, ...], tuple[Verdict, ...]]:
        """Each proposal, also the detectors', asked as a question of its own."""
        own = (_suspicion(a.type, a.span, a.other, self.case) for a in additions)
        asked = (*self.suspected, *own)
        odds = [0.0] * len(asked)

        async def one(index: int) -> None:
            odds[index] = await self._odds(prompt("verify", self.view, suspected=asked[index]))

        await _all(one, len(asked))
        verdicts = tuple(
            Verdict(error.candidate.type, error.candidate.span, chance)
            for error, chance in zip(self.errors, odds, strict=False)
        )
        chances = odds[len(self.errors) :]
        return tuple(replace(a, probability=p) for a, p in zip(additions, chances, strict=True)), verdicts

    async def _steered(self, verdicts: Sequence[Verdict]) -> bool:
        """Whether the model, which denies an error, denies a plain one beside this report too.

        A hostile text makes it say no to everything; so does a model that cannot tell.
        """
        if all(verdict.probability > SURE_NOT for verdict in verdicts):
            return False
        words, suspected = _CONTROL
        view = replace(self.view, report=f"{self.view.report}\n{words}")
        return await self._odds(prompt("verify", view, suspected=suspected)) < _EVEN

    async def _odds(self, question: Prompt) -> float:
        answer = await self.model.ask(question, Verification, max_tokens=_VERIFY, choices=("yes", "no"))
        self._usage += answer.usage
        return (answer.odds or {"yes": _WITHOUT_ODDS[answer.value.answer]})["yes"]

    async def _ask(self, question: Prompt, form: type[Form], most_tokens: int) -> Form:
        answer = await self.model.ask(question, form, max_tokens=most_tokens)
        self._usage += answer.usage
        return answer.value

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self._seconds[stage] = round(time.perf_counter() - begun, 4)


async def _all(one: Callable[[int], Awaitable[None]], count: int) -> None:
    """Run the steps together; the first failure ends the rest, and is raised as itself."""
    failures: list[LanguageModelError] = []

    async def guarded(index: int, scope: anyio.CancelScope) -> None:
        try:
            await one(index)
        except LanguageModelError as error:
            failures.append(error)
            scope.cancel()

    async with anyio.create_task_group() as group:
        for index in range(count):
            group.start_soon(guarded, index, group.cancel_scope)
    if failures:
        raise failures[0]


def _suspicion(kind: ErrorType, span: Span, other: Span | None, case: Case) -> str:
    against = f' against "{other.of(case.report.text)}"' if other is not None else ""
    return f'{kind}: "{span.of(case.report.text)}"{against}'


def _other(error: ReportError) -> Span | None:
    """The first passage that speaks against the flagged words."""
    told = (item.span for item in error.candidate.evidence if item.kind is EvidenceKind.TEXT)
    return next((span for span in told if span is not None and not span.overlaps(error.candidate.span)), None)
