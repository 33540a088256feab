"""Helpers that several tests share."""

from app.proofreading.report import CheckedReport


def errors_of(checked: CheckedReport) -> list[tuple[str, str, str, str]]:
    """(type, tier, quote, message) of each error, for messages of failed tests."""
    return [(e.candidate.type.value, e.tier.value, e.quote, e.candidate.message) for e in checked.errors]
