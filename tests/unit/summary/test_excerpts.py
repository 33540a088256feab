"""Quotes within their sentences: never other words than those of the report."""

from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from summary_lines import Line, checked, flag, parsed

from app.batch.results import ResultLine
from app.batch.summary import Summary, summarise
from app.batch.summary.entries import entry
from app.batch.summary.excerpt import LONGEST, Excerpts
from app.batch.summary.original import UNKNOWN, original
from app.batch.summary.types import Entry


def only(line: Line) -> Entry:
    (given,) = summarise(parsed([line])).worklist.entries
    return given


def test_the_submitted_text_comes_back_as_far_as_the_answer_tells_it(
    given: tuple[list[Line], dict[str, str]],
) -> None:
    lines, texts = given
    whole = 0
    answers = [line.checked for line in parsed(lines)]
    for line, answer in zip(lines, answers, strict=True):
        if answer is None or line["checked"]["coverage"]["rules"] != "done":
            continue
        text, found = texts[line["custom_id"]], original(answer)
        assert found is not None
        assert len(found) == len(text)
        assert all(a in (b, UNKNOWN) for a, b in zip(found, text, strict=True))
        whole += found == text
    assert whole > 0.9 * len(texts) * 0.95


def test_excerpts_hold_only_words_of_the_report(
    given: tuple[list[Line], dict[str, str]], summary: Summary
) -> None:
    texts = {name: " ".join(text.split()) for name, text in given[1].items()}
    sentences = 0
    for one in summary.worklist.entries:
        text = texts[one.report.custom_id]
        for said in (
            one.said,
            *(r.said for r in one.reasons if r.label in ("text", "FINDINGS", "IMPRESSION")),
        ):
            sentences += bool(said.before or said.after)
            for part in said.whole.split("…"):
                assert " ".join(part.split()) in text
        assert " ".join(one.said.words.split()) in text
    assert sentences > 10


@drawn(st.text(max_size=60), st.text(min_size=1, max_size=20), st.text(max_size=60), st.text(max_size=10))
def test_any_text_comes_back_from_its_correction(before: str, quote: str, after: str, new: str) -> None:
    text = before + quote + after
    start, end = len(before), len(before) + len(quote)
    fix = {"start": start, "end": end, "replacement": new}
    line = checked("a", before + new + after, flag(quote, start, correction=fix))
    answer = ResultLine.model_validate(line).checked
    assert answer is not None
    assert original(answer) == text


@pytest.mark.parametrize(
    "changed",
    [
        {"quote": "other"},
        {"start": 9, "end": 3},
        {"correction": {"start": 9, "end": 3, "replacement": ""}},
        {"correction": {"start": 4000, "end": 4004, "replacement": "x"}},
    ],
)
def test_an_answer_that_contradicts_itself_is_quoted_and_not_completed(changed: dict[str, Any]) -> None:
    error = flag("left", 6, **changed)
    found = only(checked("a", "Small left effusion.", error))
    assert (found.said.before, found.said.words, found.said.after) == ("", error["quote"], "")


def test_what_a_fix_took_away_unquoted_is_an_ellipsis() -> None:
    fix = {"start": 7, "end": 29, "replacement": ""}  # "The uterus is normal. "
    line = checked("a", "Clear. Kidneys normal.", flag("uterus", 11, correction=fix))
    found = only(line)
    assert (found.said.before, found.said.words, found.said.after) == ("…", "uterus", "…Kidneys normal.")
    assert found.fixes[0].old.words == "…uterus…"


def test_the_sentence_of_a_quote_and_of_its_fix() -> None:
    fix, other = ({"start": at, "end": at + 4, "replacement": "right"} for at in (16, 50))
    evidence = [
        {"kind": "text", "start": 10, "end": 30, "quote": "Small left effusion."},
        {"kind": "graph_path", "path": ["a", "IS_A", "b"], "source": "core"},
        {"kind": "reference", "reference_id": "x-1", "score": 0.876},
        {"kind": "order", "source": "laterality"},
        {"kind": "llm", "score": 0.5, "source": "model"},
    ]
    text = "FINDINGS: Small left effusion.\nIMPRESSION: Unlike left effusion."
    line = checked("a", text, flag("left", 50, correction=other, alternatives=[fix], evidence=evidence))
    found = only(line)
    assert (found.said.before, found.said.words, found.said.after) == ("Unlike ", "left", " effusion.")
    assert [(r.label, r.said.whole) for r in found.reasons] == [
        ("FINDINGS", "Small left effusion."),
        ("knowledge", "a → IS_A → b [core]"),
        ("similar report", "x-1 (similarity 0.88)"),
        ("order", "laterality"),
        ("language model", "an error with probability 50%"),
    ]
    assert [(fix.old.whole, fix.new.whole) for fix in found.fixes] == [
        ("Unlike left effusion.", "Unlike right effusion."),
        ("Small left effusion.", "Small right effusion."),
    ]


def test_long_words_are_cut_and_active_characters_do_not_act() -> None:
    found = only(checked("a\u202eb", "x" * 5000, flag("x" * 5000, 0, message="m\x1b[31m" * 500)))
    assert len(found.said.words) == LONGEST + 1
    assert "\x1b" not in found.message
    assert found.report.custom_id == "a·b"


def test_reasons_beyond_the_bound_are_counted() -> None:
    evidence = [{"kind": "reference", "reference_id": f"x-{n}", "score": 0.5} for n in range(9)]
    assert only(checked("a", "left", flag(evidence=evidence))).more == 4


def test_only_a_checked_line_has_entries() -> None:
    (line,) = parsed([{"custom_id": "a", "state": "waiting"}])
    (other,) = parsed([checked("a", "left", flag())])
    assert other.checked is not None
    with pytest.raises(ValueError, match="not a checked line"):
        entry(line, other.checked.errors[0])
    assert Excerpts(other.checked).section(0, 4) is None
