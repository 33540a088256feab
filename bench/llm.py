"""``make bench-llm``: the review against an OpenAI-compatible server, the one that RADPROOF_LLM_* name.

Prints Markdown and writes it, with the raw figures, to var/bench/: reports a second with so many in flight, and
what the order within a prompt is worth on a server that keeps what it has read (vLLM: prefix caching). Every
report is asked about once, so that nothing but what prompts share is kept. Times are of this server only.
"""

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio

from app.proofreading.check import check_report
from app.proofreading.report import CheckedReport, SubmittedReport
from app.proofreading.review.forms import Detection, Verification
from app.proofreading.review.prompts import Shown, prompt
from app.reading import read_reports
from app.services import Services, build_services, bundled_reports, open_reviewer
from app.settings import Settings
from models.llm import LanguageModel, LanguageModelError, ModelServer, Prompt

OUT = Path("var/bench")
_SUSPECTED = 'laterality_mismatch: "left"'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=Path, help="CSV or JSONL (default: the invented reports)")
    parser.add_argument("--in-flight", default="1,8,32,64", help="how many reports at one time, one run each")
    parser.add_argument("--per-level", type=int, default=128, help="reports of each run")
    parser.add_argument(
        "--orders", type=int, default=20, help="reports for each order of a prompt; 0 for none"
    )
    options = parser.parse_args()
    settings = Settings(llm_use="always", redis_url=None)
    if settings.llm_base_url is None or settings.llm_model is None:
        parser.error("set RADPROOF_LLM_BASE_URL and RADPROOF_LLM_MODEL")
    source = bundled_reports() if options.reports is None else read_reports(options.reports)
    reports = distinct([report for report in source if report.text.strip()])
    levels = [int(level) for level in options.in_flight.split(",")]
    services = build_services(settings.model_copy(update={"llm_base_url": None}))
    figures: dict[str, Any] = {
        "model": settings.llm_model,
        "mode": settings.llm_mode,
        "in_flight": [level_of(n, taken(reports, options.per_level), services, settings) for n in levels],
        "orders": anyio.run(orders, settings, [taken(reports, options.orders) for _ in ORDERS])
        if options.orders
        else [],
    }
    services.close()
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "llm.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    table = markdown(figures)
    (OUT / "llm.md").write_text(table, encoding="utf-8")
    sys.stdout.write(table)


def distinct(reports: Sequence[SubmittedReport]) -> Iterator[SubmittedReport]:
    """The reports again and again, each time with another number at the beginning."""
    number = 0
    while True:
        for report in reports:
            number += 1
            yield replace(report, text=f"EXAM: Study {number}.\n{report.text}", report_id=str(number))


def taken(reports: Iterator[SubmittedReport], count: int) -> list[SubmittedReport]:
    return [next(reports) for _ in range(count)]


def level_of(
    at_once: int, reports: Sequence[SubmittedReport], services: Services, settings: Settings
) -> dict[str, Any]:
    """Whole checks with reviews, ``at_once`` of them in flight."""
    reviewer = open_reviewer(settings.model_copy(update={"llm_concurrency": at_once}))
    reviewing = replace(services, reviewer=reviewer)
    seconds: list[float] = []

    def check(report: SubmittedReport) -> CheckedReport:
        begun = time.perf_counter()
        checked = check_report(report, reviewing)
        seconds.append(time.perf_counter() - begun)
        return checked

    begun = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        checked = list(pool.map(check, reports))
    took = time.perf_counter() - begun
    if reviewer is not None:
        reviewer.close()
    reviews = [one.review for one in checked if one.review is not None]
    return {
        "in_flight": at_once,
        "reports": len(reports),
        "reports_per_second": len(reports) / took,
        "median_seconds": statistics.median(seconds),
        "slowest_seconds": max(seconds),
        "read_tokens_per_second": sum(review.prompt_tokens for review in reviews) / took,
        "written_tokens_per_second": sum(review.completion_tokens for review in reviews) / took,
        "coverage": dict(Counter(one.coverage.llm for one in checked)),
    }


def as_it_is(question: Prompt) -> Prompt:
    return question


def report_first(question: Prompt) -> Prompt:
    """The same words, with what is the same for all reports at the end."""
    return Prompt("You answer in JSON.", f"{question.user}\n{question.system}")


ORDERS = {
    "instructions, report, question (as it is)": as_it_is,
    "report, question, instructions": report_first,
}


async def orders(settings: Settings, reports: Sequence[Sequence[SubmittedReport]]) -> list[dict[str, Any]]:
    """For each order of the parts: seconds of the first and of the second question about a report."""
    server = ModelServer(
        str(settings.llm_base_url),
        settings.llm_model or "",
        settings.llm_api_key.get_secret_value() if settings.llm_api_key else "none",
        call_seconds=settings.llm_call_seconds,
    )
    model = LanguageModel(server)
    told = []
    for (name, ordered), some in zip(ORDERS.items(), reports, strict=True):
        first, second = [], []
        await timed(model, ordered(prompt("detect", Shown("Warm-up."))), Detection)
        for report in some:
            view = Shown(report.text)
            first.append(await timed(model, ordered(prompt("detect", view)), Detection))
            question = prompt("verify", view, suspected=_SUSPECTED)
            second.append(await timed(model, ordered(question), Verification))
        told.append({"order": name, "first": statistics.median(first), "second": statistics.median(second)})
    await model.close()
    return told


async def timed(model: LanguageModel, question: Prompt, form: type[Detection] | type[Verification]) -> float:
    """Seconds of one question; also of one whose answer is of no use."""
    begun = time.perf_counter()
    try:
        await model.ask(question, form, max_tokens=120)
    except LanguageModelError as error:
        sys.stderr.write(f"{error.code}\n")
    return time.perf_counter() - begun


def markdown(figures: dict[str, Any]) -> str:
    lines = [
        f"{figures['model']}, {figures['mode']}",
        "",
        "| in flight | reports | reports a second | median s | slowest s | tokens read a second | written | coverage |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in figures["in_flight"]:
        coverage = ", ".join(f"{count} {name}" for name, count in sorted(one["coverage"].items()))
        lines.append(
            f"| {one['in_flight']} | {one['reports']} | {one['reports_per_second']:.3f} "
            f"| {one['median_seconds']:.2f} | {one['slowest_seconds']:.2f} "
            f"| {one['read_tokens_per_second']:.0f} | {one['written_tokens_per_second']:.0f} | {coverage} |"
        )
    if figures["orders"]:
        lines += [
            "",
            "| order of a prompt | first question, median s | second about the report |",
            "|---|---|---|",
        ]
        lines += [
            f"| {one['order']} | {one['first']:.2f} | {one['second']:.2f} |" for one in figures["orders"]
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
