"""How much of a batch's file is read, by the settings."""

from app.batch.intake import IntakeLimits
from app.settings import Settings


def intake_limits(settings: Settings) -> IntakeLimits:
    """The limits of the intake."""
    return IntakeLimits(
        max_text_bytes=settings.max_text_bytes,
        max_line_bytes=settings.max_body_bytes,  # as one request, so that every text fits
        max_reports=settings.max_batch_reports,
        max_unpacked_bytes=settings.max_batch_bytes,
    )
