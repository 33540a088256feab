"""What a site decides for itself: from which confidence on an error is shown, and which words are right.

A folder holds ``profile.toml``, ``words.txt`` and ``verifier.toml`` (see ``verifier.py``), all optional::

    [tiers.default]          # the standing ones, where nothing nearer is said
    medium = 0.6
    high = 0.85
    [tiers.terminology]      # of an error type
    medium = 0.8
    [tiers."terminology.spelling"]   # of one rule
    medium = 1.01            # never shown as a flag
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.proofreading.report import Candidate, ErrorType, Tier
from app.proofreading.verifier import Verifier, VerifierError, read_verifier
from models.tokens import fold

HIGH = 0.85
MEDIUM = 0.6
_PROFILE, _WORDS = "profile.toml", "words.txt"
_NEVER = 2.0


class ProfileError(ValueError):
    """A profile that cannot be read; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Least confidences of the tiers medium and high, 0 to 1; above 1 for never."""

    medium: float = MEDIUM
    high: float = HIGH


@dataclass(frozen=True, slots=True)
class Profile:
    """A site's thresholds, by rule, error type or ``default``, its own words, folded, and its verifier."""

    tiers: Mapping[str, Thresholds] = field(default_factory=dict)
    words: frozenset[str] = frozenset()
    verifier: Verifier = field(default_factory=Verifier)

    def tier(self, candidate: Candidate) -> Tier:
        """The tier of a candidate: by its rule's thresholds, else its type's, else the default ones."""
        keys = (candidate.rule, candidate.type.value, "default")
        chosen = next((self.tiers[key] for key in keys if key in self.tiers), Thresholds())
        if candidate.confidence >= chosen.high:
            return Tier.HIGH
        return Tier.MEDIUM if candidate.confidence >= chosen.medium else Tier.LOW


def read_profile(folder: Path) -> Profile:
    """The profile in a folder; the standing one where a file is absent.

    Raises:
        ProfileError: when a file cannot be understood.
    """
    path = folder / _PROFILE
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path}: {error}") from error
    unknown = raw.keys() - {"tiers"}
    if unknown or not isinstance(raw.get("tiers", {}), dict):
        raise ProfileError(f"{path}: only [tiers.…] is known, not {', '.join(sorted(unknown)) or 'tiers'}")
    try:
        verifier = read_verifier(folder)
    except VerifierError as error:
        raise ProfileError(str(error)) from error
    return Profile(_tiers(path, raw.get("tiers", {})), frozenset(read_words(folder)), verifier)


def _tiers(path: Path, raw: Mapping[str, Any]) -> dict[str, Thresholds]:
    default = _thresholds(path, "default", raw.get("default", {}), Thresholds())
    return {key: _thresholds(path, key, value, default) for key, value in raw.items()}


def _thresholds(path: Path, key: str, raw: object, standing: Thresholds) -> Thresholds:
    family = key.partition(".")[0]
    if family != "default" and key not in set(ErrorType) and "." not in key:
        raise ProfileError(f"{path}: tiers.{key}: no error type or rule is called so")
    if not isinstance(raw, dict) or raw.keys() - {"medium", "high"}:
        raise ProfileError(f"{path}: tiers.{key}: give medium and high")
    medium, high = raw.get("medium", standing.medium), raw.get("high", standing.high)
    for value in (medium, high):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _NEVER:
            raise ProfileError(f"{path}: tiers.{key}: a threshold is a number from 0 to 2")
    return Thresholds(float(medium), max(float(high), float(medium)))


def read_words(folder: Path) -> list[str]:
    """The site's own words, folded, in alphabetical order."""
    path = folder / _WORDS
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return sorted({word for line in lines if not line.startswith("#") for word in fold(line).split()})


def write_words(folder: Path, words: set[str]) -> None:
    """Keep the words, one a line."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{_WORDS}.part"
    part.write_text("".join(f"{word}\n" for word in sorted(words)), encoding="utf-8")
    part.replace(folder / _WORDS)
