"""Cards of one checked report: a few flags, the words escaped, and what was not checked.

An empty list says that all was checked and nothing was found; anything less is a card of its own. No card holds an
action: what a suggestion proposes, a person writes.
"""

import re
from collections.abc import Collection
from typing import Any

from app import DISCLAIMER
from app.api.schemas import CheckedReportOut, CorrectionOut, ErrorOut
from app.integrations.cds.names import card_name, suggestion_name
from app.integrations.fixes import all_fixes, cut, in_words, one_line

SYSTEM = "urn:radproof"
LONGEST_SUMMARY = 139  # of CDS Hooks 2.0: less than 140
_LONGEST_LABEL = 200
_MOST_FIXES = 3
_STAGES = ("rules", "knowledge", "references", "llm")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
REASONS = {
    "not_an_error": "The report is right",
    "already_known": "Known, and left as it is",
    "template_text": "Words of a template",
    "wrong_place": "An error, but elsewhere",
    "duplicate": "Flagged twice",
    "other": "Another reason",
}
_ORDER = {"high": 0, "medium": 1}

Json = dict[str, Any]


def cards(
    checked: CheckedReportOut, number: int | None, url: str, most: int, settled: Collection[str] = ()
) -> list[Json]:
    """The cards of an answer, the most believed first.

    ``number``: ours of the stored report; None where it could not be kept: then no card has a name, and nothing can be
    said back of it. ``url``: of this service. ``settled``: ids of errors that a person has overridden.
    """
    flags = [error for error in checked.errors if error.tier.value in _ORDER and error.id not in settled]
    flags.sort(key=lambda error: (_ORDER[error.tier.value], -error.confidence))
    shown = [_flag(error, number, url) for error in flags[:most]]
    if len(flags) > most:
        rest = len(flags) - most
        shown.append(_info(f"{rest} more {'flag is' if rest == 1 else 'flags are'} not shown here", ""))
    return shown + _not_checked(checked)


def _not_checked(checked: CheckedReportOut) -> list[Json]:
    states = {stage: str(getattr(checked.coverage, stage)) for stage in _STAGES}
    missing = [
        f"{stage}: {state}" for stage, state in states.items() if state.startswith(("failed", "partial"))
    ]
    if states["rules"] != "done":
        return [_info("This report was not checked", "; ".join(missing))]
    if missing or not checked.complete:
        return [_info("Not everything was checked: no flag does not mean no error", "; ".join(missing))]
    return []


def _info(summary: str, detail: str) -> Json:
    card: Json = {"summary": summary, "indicator": "info", "source": {"label": "RadProof"}}
    card["detail"] = "\n\n".join(filter(None, (escaped(detail), f"_{escaped(DISCLAIMER)}_")))
    return card


def _flag(error: ErrorOut, number: int | None, url: str) -> Json:
    kind = error.type.value.replace("_", " ")
    card: Json = {
        "summary": _summary(error.quote, kind),
        "indicator": "warning",
        "detail": _detail(error),
        "source": {
            "label": "RadProof",
            "topic": {"system": f"{SYSTEM}:error-type", "code": error.type.value, "display": kind},
        },
        "overrideReasons": [
            {"system": f"{SYSTEM}:override-reason", "code": code, "display": words}
            for code, words in REASONS.items()
        ],
    }
    name = None if number is None else card_name(number, error)
    if name is None:
        return card
    card["uuid"] = str(name)
    fixes = fixes_of(error)
    if fixes:
        card["selectionBehavior"] = "at-most-one"
        card["suggestions"] = [
            {"label": cut(in_words(error, fix), _LONGEST_LABEL), "uuid": suggestion_name(name, place)}
            for place, fix in enumerate(fixes)
        ]
    card["links"] = [
        {"label": "Stored report (JSON)", "url": f"{url}/v1/reports/{number}", "type": "absolute"}
    ]
    return card


def fixes_of(error: ErrorOut) -> list[CorrectionOut]:
    """The fixes that a card offers in words, the likeliest first."""
    return all_fixes(error)[:_MOST_FIXES]


def _summary(quote: str, kind: str) -> str:
    """The exact words on one line, and of what kind the error is."""
    room = LONGEST_SUMMARY - len(kind) - 4
    return f"“{cut(one_line(quote), room)}”: {kind}"


def _detail(error: ErrorOut) -> str:
    """GitHub Flavored Markdown in which every word of the report is only a word."""
    lines = [escaped(error.message)]
    quotes = dict.fromkeys(
        one_line(item.quote) for item in error.evidence if item.kind == "text" and item.quote is not None
    )
    lines += [f"> {escaped(cut(quote, 300))}" for quote in list(quotes)[:5]]
    lines += [f"- {escaped(in_words(error, fix))}" for fix in fixes_of(error)]
    lines += [f"- knowledge: {escaped(' → '.join(item.path))}" for item in error.evidence if item.path][:3]
    tier = f"{error.tier.value}, {error.confidence:.0%}, {error.section.value}, characters {error.start}-{error.end}"
    return "\n\n".join([*lines, escaped(tier), f"_{escaped(DISCLAIMER)}_"])


def escaped(words: str) -> str:
    """The words on one line of Markdown, where none of their characters means anything else (CommonMark 2.4)."""
    return _PUNCTUATION.sub(r"\\\1", one_line(words))
