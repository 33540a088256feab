"""The fixes of a flag in words that a person can follow without counting characters."""

import re

from app.api.schemas import CorrectionOut, ErrorOut

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
_LONGEST = 80  # characters of the words on either side


def all_fixes(error: ErrorOut) -> list[CorrectionOut]:
    """The proposed fixes of a flag, the likeliest first."""
    return [fix for fix in (error.correction, *error.alternatives) if fix is not None]


def in_words(error: ErrorOut, fix: CorrectionOut) -> str:
    """What to write in the place of what, on one line; places are said where no quote of the flag holds the words."""
    new, (old, where) = cut(one_line(fix.replacement), _LONGEST), _replaced(error, fix)
    if not old:
        words = f'Write "{new}"' if new else "Leave words out"
        return f"{words} (characters {fix.start}-{fix.end})"
    within = f' in "{where}"' if where.rstrip(".") not in ("", old.rstrip(".")) else ""
    return f'Replace "{old}" with "{new}"{within}' if new else f'Leave out "{old}"{within}'


def _replaced(error: ErrorOut, fix: CorrectionOut) -> tuple[str, str]:
    """The words of the report that a fix replaces, and the sentence of the evidence that they stand in.

    The sentence is empty where they are the flag's own words; both are where no quote holds them.
    """
    around = 0 if fix.replacement.strip() else 1  # who leaves a sentence out leaves out the space beside it
    quoted = [(error.start, error.quote, "")]
    quoted += [
        (item.start, item.quote, item.quote)
        for item in error.evidence
        if item.start is not None and item.quote
    ]
    for start, quote, where in quoted:
        if start - around <= fix.start and fix.end <= start + len(quote) + around:
            words = quote[max(fix.start - start, 0) : fix.end - start]
            return cut(one_line(words), _LONGEST), cut(one_line(where), _LONGEST)
    return "", ""


def one_line(words: str) -> str:
    """The words on one line, without characters that show nothing or turn the line around."""
    return " ".join(_UNPRINTABLE.sub(" ", words).split())


def cut(words: str, most: int) -> str:
    """At most so many characters, the last of them … where something is missing."""
    return words if len(words) <= most else f"{words[: most - 1]}…"
