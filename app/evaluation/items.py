"""What is measured on: reports with one known error, and reports with none."""

from dataclasses import dataclass
from enum import StrEnum

from app.proofreading.report import Context, ErrorType, SubmittedReport
from models.types import Span


class Origin(StrEnum):
    """How an item came to be."""

    CLEAN = "clean"  # a real report as it is
    HARMLESS = "harmless"  # edited without changing what it says
    INJECTED = "injected"  # one error put in


@dataclass(frozen=True, slots=True)
class Injection:
    """One edit of a report: ``span`` of the original text becomes ``replacement``."""

    span: Span
    replacement: str

    def apply(self, text: str) -> str:
        """The edited text."""
        return text[: self.span.start] + self.replacement + text[self.span.end :]

    @property
    def altered(self) -> Span:
        """Where the replacement stands in the edited text."""
        return Span(self.span.start, self.span.start + len(self.replacement))


Placed = tuple[str, Injection, Context]
"""(the injector's way, the edit, what is known beside the text)."""


@dataclass(frozen=True, slots=True)
class Item:
    """One report to check, with what is known of it.

    ``type``, ``altered`` (in the item's text) and ``original`` (the whole text before the edit) are
    set for injected items only; ``variant`` names the injector's way.
    """

    report: SubmittedReport
    origin: Origin
    original: str
    type: ErrorType | None = None
    variant: str = ""
    altered: Span | None = None
