"""Names of cards: a UUID that says which error of which report it is, so that nothing need be kept to know it again.

Version 8 of RFC 9562 (5.8, custom): 48 bits of our number of the report, 12 bits of the error's, 62 bits of a
SHA-256 over what the card said. The same error of the same words has the same name; of other words, another one.
"""

import hashlib
import uuid

from app.api.schemas import CheckedReportOut, ErrorOut

_MOST_REPORTS, _MOST_ERRORS = 1 << 48, 1 << 12


def card_name(number: int, error: ErrorOut) -> uuid.UUID | None:
    """The name of an error's card; None where the numbers are too large for one."""
    place = _place(error.id)
    if not 0 < number < _MOST_REPORTS or place is None:
        return None
    said = hashlib.sha256(
        f"{number}\x00{error.id}\x00{error.type}\x00{error.start}\x00{error.quote}".encode()
    )
    rest = int.from_bytes(said.digest()[:8], "big") >> 2
    return uuid.UUID(int=(number << 80) | (8 << 76) | (place << 64) | (0b10 << 62) | rest)


def suggestion_name(card: uuid.UUID, place: int) -> str:
    """The name of a card's suggestion, by its place."""
    return str(uuid.uuid5(card, str(place)))


def report_of(card: uuid.UUID) -> int:
    """Our number of the report that a card was about, if it is one of ours."""
    return card.int >> 80


def error_of(card: uuid.UUID, number: int, checked: CheckedReportOut) -> ErrorOut | None:
    """The error that the card was about; None where this check did not say it."""
    return next((error for error in checked.errors if card_name(number, error) == card), None)


def _place(error_id: str) -> int | None:
    digits = error_id[1:]
    known = error_id[:1] == "e" and digits.isascii() and digits.isdecimal() and len(digits) < 5
    return int(digits) if known and int(digits) < _MOST_ERRORS else None
