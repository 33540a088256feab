"""Fixed splits by the hash of a report's id: the same report is always on the same side."""

import hashlib


def share(report_id: str) -> float:
    """A number in [0, 1) that depends on the id only."""
    return int.from_bytes(hashlib.sha256(report_id.encode()).digest()[:6], "big") / 2**48


def is_reference(report_id: str) -> bool:
    """True for the half that may go into the reference index; the other half is evaluated."""
    return share(f"half:{report_id}") < 0.5


def split_of(report_id: str) -> str:
    """Dev | test: two thirds of the evaluated half are for development."""
    return "dev" if share(f"split:{report_id}") < 2 / 3 else "test"
