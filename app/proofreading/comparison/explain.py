"""The language model's reasons for what differs. It explains; counts and score stay those of the rules."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.proofreading.comparison.types import Explanation, GreenCategory, Passages, Point
from app.proofreading.review.prompts import comparison_prompt
from app.proofreading.review.quotes import place, shown
from models.llm import LanguageModelError
from models.types import Report

if TYPE_CHECKING:
    from app.proofreading.review.reviewer import Reviewer

_MOST_POINTS = 8
_MOST_TOKENS = 900
_Words = Annotated[str, Field(max_length=160)]


class PointForm(BaseModel):
    """One difference: its letter, the words of each report, or "", and why it is one."""

    model_config = ConfigDict(extra="forbid")

    category: Literal["a", "b", "c", "d", "e", "f"]
    candidate_quote: _Words
    reference_quote: _Words
    reason: _Words


class ExplanationForm(BaseModel):
    """Every difference that the model sees."""

    model_config = ConfigDict(extra="forbid")

    points: Annotated[list[PointForm], Field(max_length=_MOST_POINTS)]


def explained(reports: tuple[Report, Report], reviewer: "Reviewer | None") -> tuple[Explanation | None, str]:
    """(the explanation, coverage of the model). ``reports``: candidate and reference, as they are seen."""
    if reviewer is None:
        return None, "not_configured"
    room = reviewer.plan.most_characters // 2
    (ours, cut), (theirs, cut_too) = (shown(report, room) for report in reports)
    try:
        form = reviewer.asked(comparison_prompt(ours, theirs), ExplanationForm, _MOST_TOKENS)
    except LanguageModelError as error:
        return None, f"failed: {error.code}"
    points = [point for item in form.points if (point := _point(item, reports)) is not None]
    explanation = Explanation(tuple(points), len(form.points) - len(points))
    return explanation, "partial: report_too_long" if cut or cut_too else "done"


def _point(item: PointForm, reports: tuple[Report, Report]) -> Point | None:
    """The point with its quotes found; None where one is not in its report, or there is none."""
    quotes = item.candidate_quote, item.reference_quote
    spans = [place(quote, report.text) for quote, report in zip(quotes, reports, strict=True)]
    lost = any(quote.strip() and span is None for quote, span in zip(quotes, spans, strict=True))
    reason = " ".join(item.reason.split())
    if lost or spans == [None, None] or not reason.isprintable() or not reason:
        return None
    return Point(GreenCategory(item.category), reason, Passages(spans[0], spans[1]))
