"""The ablation of arXiv 2406.15045: a language model alone, asked in several ways, beside the detectors alone.

What a model proposes is every error whose words stand in the report. What a site that trusts its model would
show of it is less: what the model is sure of when asked again, and holds against a second passage.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean
from time import perf_counter

from app.evaluation.items import Item, Origin
from app.evaluation.metrics import Rate, rate
from app.evaluation.paper import Wording, wording
from app.evaluation.score import Outcome, score
from app.evaluation.splits import share
from app.evaluation.summary import Summary, summarize, wrong
from app.proofreading.check import check_report
from app.proofreading.correct import apply_edits, propose
from app.proofreading.report import CheckedReport, Tier
from app.proofreading.review.types import ModeName
from app.services import Services, open_reviewer
from app.settings import Settings

DETECTORS = "detectors"


@dataclass(frozen=True, slots=True)
class Flagging:
    """How well one way of flagging does.

    ``precision``: of the flagged reports, those with an error. ``unintended``: of all reports, those whose
    corrected text differs from the submitted one outside the altered and the cited sentences; of a clean
    one, anywhere. Both with Wilson's interval. ``corrected``: likeness to the originals, over reports with
    an error.
    """

    summary: Summary
    precision: Rate
    unintended: Rate
    corrected: Wording


@dataclass(frozen=True, slots=True)
class Asked:
    """One way of asking. ``seconds``, ``tokens``: means a report; ``failures``: reviews that failed, by code."""

    name: str
    proposed: Flagging
    shown: Flagging
    seconds: float
    tokens: float
    failures: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Answer:
    proposed: Outcome
    shown: Outcome
    seconds: float
    tokens: int
    failure: str | None


def sampled(items: Iterable[Item], most: int | None, seed: int) -> tuple[Item, ...]:
    """At most ``most`` clean items and items with an error, half of each, by a seeded hash; None for all."""
    every = [item for item in dict.fromkeys(items) if item.origin is not Origin.HARMLESS]
    if most is None:
        return tuple(every)
    drawn = sorted(every, key=lambda item: share(f"{seed}:most:{item.report.report_id}"))
    broken = [item for item in drawn if item.origin is Origin.INJECTED][: most // 2]
    clean = [item for item in drawn if item.origin is Origin.CLEAN][: most - len(broken)]
    return (*clean, *broken)


def unchanged(items: Sequence[Item]) -> Wording:
    """The likeness of the reports with an error to their originals, as they are."""
    return wording([(i.report.text, i.original) for i in items if i.origin is Origin.INJECTED])


def detectors_alone(items: Sequence[Item], services: Services) -> Asked:
    """The detectors, without a language model."""
    answers = [_answer(item, replace(services, reviewer=None)) for item in items]
    asked = _asked(DETECTORS, answers)
    return replace(asked, proposed=asked.shown)  # remarks of detectors are no proposals of theirs


def model_alone(
    items: Sequence[Item], modes: Sequence[ModeName], services: Services, settings: Settings, at_once: int
) -> Iterator[Asked]:
    """The model of the settings, without any detector, asked in each mode; ``at_once`` reports in flight.

    Raises:
        ConfigurationError: when the settings name no model.
    """
    for mode in modes:
        chosen = {"llm_mode": mode, "llm_use": "always", "llm_trusted": True, "redis_url": None}
        reviewer = open_reviewer(settings.model_copy(update=chosen))
        alone = replace(services, detectors=(), reviewer=reviewer)
        try:
            with ThreadPoolExecutor(at_once) as pool:
                yield _asked(mode, list(pool.map(partial(_answer, services=alone), items)))
        finally:
            if reviewer is not None:
                reviewer.close()


def _answer(item: Item, services: Services) -> _Answer:
    begun = perf_counter()
    checked = check_report(item.report, services)
    seconds = perf_counter() - begun
    review, llm = checked.review, checked.coverage.llm
    return _Answer(
        score(item, _raised(checked)),
        score(item, checked),
        seconds,
        0 if review is None else review.prompt_tokens + review.completion_tokens,
        llm.removeprefix("failed: ") if llm.startswith("failed") else None,
    )


def _raised(checked: CheckedReport) -> CheckedReport:
    """The same with every error shown."""
    errors = tuple(replace(error, tier=Tier.MEDIUM) for error in checked.errors)
    text = apply_edits(checked.report.text, propose(errors))
    return replace(checked, errors=errors, corrected_text=text)


def _asked(name: str, answers: Sequence[_Answer]) -> Asked:
    return Asked(
        name,
        _flagging([answer.proposed for answer in answers]),
        _flagging([answer.shown for answer in answers]),
        fmean(answer.seconds for answer in answers),
        fmean(answer.tokens for answer in answers),
        dict(Counter(answer.failure for answer in answers if answer.failure is not None)),
    )


def _flagging(outcomes: Sequence[Outcome]) -> Flagging:
    pairs = [(o.corrected or o.item.report.text, o.item.original) for o in outcomes if wrong(o)]
    return Flagging(
        summarize(outcomes),
        rate(wrong(outcome) for outcome in outcomes if outcome.flagged),
        rate(o.strayed if wrong(o) else o.corrected is not None for o in outcomes),
        wording(pairs),
    )
