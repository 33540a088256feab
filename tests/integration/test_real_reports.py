"""Every real report beside the checkout: no crash, exact offsets, corrected text as edited."""

import csv
from collections.abc import Callable
from pathlib import Path

from app.proofreading.check import check_report
from app.proofreading.correct import apply_edits
from app.proofreading.report import EvidenceKind, SubmittedReport, Tier
from app.reading import read_reports
from app.services import Services


def test_all_open_i_reports(shared: Callable[[str], Path], services: Services) -> None:
    flagged = total = 0
    for report in read_reports(shared("openi_indiana/reports.csv")):
        checked = check_report(report, services)
        total += 1
        flagged += checked.has_errors
        for entity in checked.graph.entities:
            assert entity.span.of(report.text) == entity.quote
        edits = []
        for error in checked.errors:
            candidate = error.candidate
            assert candidate.span.of(report.text) == error.quote
            assert candidate.message
            assert candidate.evidence
            for evidence in candidate.evidence:
                if evidence.kind is EvidenceKind.TEXT:
                    assert evidence.span is not None
                    assert evidence.span.of(report.text).strip()
            for fix in candidate.fixes:
                assert apply_edits(report.text, (fix,)) != report.text
            if candidate.correction and not candidate.alternatives and error.tier is not Tier.LOW:
                edits.append(candidate.correction)
        assert checked.corrected_text == apply_edits(report.text, edits)
    assert total == 2_299
    assert flagged / total < 0.03


def test_reports_of_other_kinds(shared: Callable[[str], Path], services: Services) -> None:
    with shared("mtsamples_radiology/mtsamples_radiology.csv").open(encoding="utf-8", newline="") as lines:
        pages = [row["transcription"] for row in csv.DictReader(lines)]
    texts = [
        page.split("Keywords:")[0].split("(adsby")[0] for page in pages
    ]  # what follows is the web page's
    flagged = 0
    for number, text in enumerate(texts):
        checked = check_report(SubmittedReport(text, str(number)), services)
        flagged += checked.has_errors
        assert all(error.candidate.span.of(text) == error.quote for error in checked.errors)
    assert len(texts) > 200
    assert flagged / len(texts) < 0.20
