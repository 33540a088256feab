"""How far a site's radiologists believe each rule: shifts of confidence, fitted to what they decided."""

import hashlib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.proofreading.report import Candidate
from models.types import SectionName

FILE = "verifier.toml"
_LEAST, _MOST = 0.01, 0.99
_WIDEST = 20.0


class VerifierError(ValueError):
    """A verifier file that cannot be read; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """``shifts``: key -> what is added to the log odds of a candidate that has the key. ``version`` names the file."""

    shifts: Mapping[str, float] = field(default_factory=dict)
    version: str = ""

    def believed(self, candidate: Candidate, section: SectionName) -> Candidate:
        """The candidate with the confidence that it deserves at this site; as it is where nothing was learnt."""
        if not self.shifts:
            return candidate
        keys = keys_of(candidate.rule, candidate.type.value, section.value)
        return replace(candidate, confidence=self.moved(candidate.confidence, keys))

    def moved(self, confidence: float, keys: tuple[str, ...], times: int = 1) -> float:
        """The confidence with the shifts of the keys added; with ``times`` -1 taken away again."""
        return chance(log_odds(confidence) + times * sum(self.shifts.get(key, 0.0) for key in keys))


def keys_of(rule: str, kind: str, section: str) -> tuple[str, ...]:
    """What the shifts of an error go by: all errors, its type, its rule, its section."""
    return ("all", f"type:{kind}", f"rule:{rule}", f"section:{section}")


def log_odds(confidence: float) -> float:
    """ln(p / (1 - p)), p kept within 0.01 and 0.99."""
    held = min(max(confidence, _LEAST), _MOST)
    return math.log(held / (1 - held))


def chance(odds: float) -> float:
    """The probability of log odds, within 0.01 and 0.99."""
    return min(max(1 / (1 + math.exp(-odds)), _LEAST), _MOST)


def read_verifier(folder: Path) -> Verifier:
    """The site's verifier; one that changes nothing where it has none.

    Raises:
        VerifierError: when the file cannot be understood.
    """
    path = folder / FILE
    if not path.is_file():
        return Verifier()
    stored = path.read_bytes()
    try:
        raw = tomllib.loads(stored.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise VerifierError(f"{path}: {error}") from error
    shifts = raw.get("shift")
    if raw.keys() != {"shift"} or not isinstance(shifts, dict) or not all(map(_number, shifts.values())):
        raise VerifierError(f"{path}: only [shift] with numbers from -20 to 20 is known")
    return Verifier(
        {key: float(value) for key, value in shifts.items()}, hashlib.sha256(stored).hexdigest()[:12]
    )


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _WIDEST


def write_verifier(folder: Path, shifts: Mapping[str, float], remark: str) -> Path:
    """Keep the shifts, one a line, under a remark; the file's path."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        f"# {remark}\n",
        "[shift]\n",
        *(f'"{key}" = {shift:.3f}\n' for key, shift in sorted(shifts.items())),
    ]
    part = folder / f"{FILE}.part"
    part.write_text("".join(lines), encoding="utf-8")
    return part.replace(folder / FILE)
