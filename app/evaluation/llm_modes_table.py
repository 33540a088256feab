"""An ablation as Markdown and as JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from app.evaluation.cells import NONE, estimate_cell, number_cell, rate_cell, table
from app.evaluation.llm_modes import DETECTORS, Asked, Flagging
from app.evaluation.paper import Wording
from app.evaluation.results import finite
from app.evaluation.summary import HEADLINE, Measure

_NAMES = {"end-to-end": "one prompt (end-to-end)", DETECTORS: "detectors alone"}
_NOTE = (
    "AggNLG is the mean of ROUGE-1 F and BLEU-4 of the corrected text, over reports with an error. BERTScore "
    "and BLEURT, which the publications have too, need weights that are not here: not computed."
)
_RATES = {
    Measure.ACCURACY: "detection accuracy",
    Measure.ALWAYS_YES: "... of always saying yes",
    Measure.DETECTION: "recall: flagged, of reports with an error",
    Measure.SENSITIVITY: "... at the error's place",
    Measure.SPECIFICITY_CLEAN: "specificity",
    Measure.LOCALIZATION: "localization: at its place, of those flagged",
    Measure.EXACT_FIX: "exact fix, of those at its place",
}


def markdown(title: str, asked: Sequence[Asked], copied: Wording) -> str:
    """Both tables: what the model proposes, and what a site that trusts it would show.

    ``copied``: the likeness of the reports with an error as they are.
    """
    parts = [
        f"# {title}",
        "## What the model proposes",
        table(_head(asked), [*_flags(asked, copied, lambda one: one.proposed), *_costs(asked)]),
        "## What a site that trusts it would show",
        table(_head(asked), _flags(asked, copied, lambda one: one.shown)),
        _NOTE,
    ]
    return "\n\n".join(parts) + "\n"


def document(settings: Mapping[str, Any], asked: Sequence[Asked], copied: Wording) -> dict[str, Any]:
    """All numbers as JSON values; NaN becomes null."""
    numbers: dict[str, Any] = finite(
        {
            "settings": dict(settings),
            "unchanged": asdict(copied),
            "modes": {one.name: asdict(one) for one in asked},
        }
    )
    return numbers


def _head(asked: Sequence[Asked]) -> list[str]:
    return ["measure", *(_NAMES.get(one.name, one.name) for one in asked)]


def _flags(asked: Sequence[Asked], copied: Wording, of: Callable[[Asked], Flagging]) -> list[list[str]]:
    told = [of(one) for one in asked]
    rows = [[label, *(rate_cell(one.summary.rates[name]) for one in told)] for name, label in _RATES.items()]
    rows[2:2] = [["precision: with an error, of those flagged", *(rate_cell(one.precision) for one in told)]]
    rows += [
        ["unintended edit, of all reports", *(rate_cell(one.unintended) for one in told)],
        ["Matthews correlation", *(number_cell(one.summary.mcc) for one in told)],
        ["AggNLG", *(number_cell(one.corrected.mean, 4) for one in told)],
        ["... ROUGE-1 F", *(number_cell(one.corrected.rouge_1, 4) for one in told)],
        ["... BLEU-4", *(number_cell(one.corrected.bleu, 4) for one in told)],
        ["... AggNLG of the input unchanged", *(number_cell(copied.mean, 4) for _ in told)],
        ["flags per 100 clean reports", *(estimate_cell(one.summary.flags_per_100_clean, 1) for one in told)],
        [f"PPV at {HEADLINE:.0%} prevalence", *(estimate_cell(one.summary.ppv[HEADLINE]) for one in told)],
    ]
    return rows


def _costs(asked: Sequence[Asked]) -> list[list[str]]:
    failed = (", ".join(f"{n} {code}" for code, n in sorted(one.failures.items())) for one in asked)
    return [
        ["seconds a report", *(number_cell(one.seconds, 2) for one in asked)],
        ["tokens a report, read and written", *(f"{one.tokens:.0f}" for one in asked)],
        ["reviews that failed", *(told or NONE for told in failed)],
    ]
