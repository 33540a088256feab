"""An evaluation as Markdown."""

import math
from collections.abc import Iterable

from app.evaluation.calibration import Calibration
from app.evaluation.cells import NONE, estimate_cell, number_cell, rate_cell, table
from app.evaluation.curves import Curve
from app.evaluation.operating import Point
from app.evaluation.paper import (
    PUBLISHED_ALWAYS_YES,
    PUBLISHED_DETECTION_BEST,
    PUBLISHED_DETECTION_MEAN,
    PUBLISHED_LOCALIZATION_MEAN,
    PaperScore,
)
from app.evaluation.results import Checker, Family, Results
from app.evaluation.summary import HEADLINE, Measure, Summary, TypeRow
from app.proofreading.profile import MEDIUM
from app.proofreading.report import ErrorType

_BOTH = ("RadProof", "plain rules")
_LABELS = {
    Measure.SENSITIVITY: "sensitivity (error found at its place)",
    Measure.DETECTION: "detection (report flagged anywhere)",
    Measure.SPECIFICITY: "specificity, clean and harmless",
    Measure.SPECIFICITY_CLEAN: "specificity, clean",
    Measure.SPECIFICITY_HARMLESS: "specificity, harmless edits",
    Measure.ACCURACY: "detection accuracy",
    Measure.ALWAYS_YES: "... of always saying yes",
    Measure.SPAN: "span overlaps the altered words",
    Measure.LOCALIZATION: "localization: found, of those detected",
    Measure.TYPE: "type right, of those found",
    Measure.EXACT_FIX: "exact fix, of those found",
    Measure.OFFERED_FIX: "... among the fixes offered",
    Measure.UNINTENDED: "unintended edit, of those found: a fix outside the altered sentence",
    Measure.STRAYED: "... outside the altered and the cited sentences",
}
_NOT_PLAIN = frozenset(
    {Measure.TYPE, Measure.EXACT_FIX, Measure.OFFERED_FIX, Measure.UNINTENDED, Measure.STRAYED}
)


def markdown(title: str, results: Results, *, profile: bool = False) -> str:
    """Every table of every family; with ``profile`` also what each threshold would bring."""
    parts = [f"# {title}"]
    for name, family in results.families.items():
        parts += [f"## Family {name}", *_family(family)]
    if profile:
        parts += ["## Operating points", _profile(results)]
    return "\n\n".join(parts) + "\n"


def ablation(title: str, rows: Iterable[tuple[str, Summary]]) -> str:
    """One row for each setting of an ablation, over all families together."""
    head = ("setting", "sensitivity", "specificity, clean", "flags per 100 clean", f"PPV at {HEADLINE:.0%}")
    cells = (
        (
            name,
            rate_cell(one.rates[Measure.SENSITIVITY]),
            rate_cell(one.rates[Measure.SPECIFICITY_CLEAN]),
            estimate_cell(one.flags_per_100_clean, 2),
            estimate_cell(one.ppv[HEADLINE]),
        )
        for name, one in rows
    )
    return f"# {title}\n\n{table(head, cells)}\n"


def _family(family: Family) -> list[str]:
    ours, plain = family.radproof, family.plain_rules
    parts = [
        _rates(ours.summary, plain.summary),
        _types(ours.summary.by_type, plain.summary.by_type),
        "### Detectors",
        _detectors(ours, plain),
        "### Calibration",
        _brier(ours.calibration, plain.calibration),
        _reliability(ours.calibration),
        "### Precision and recall",
        _curves(ours, plain),
    ]
    if ours.paper is not None and plain.paper is not None:
        parts += ["### Beside the paper", _paper(ours.paper, plain.paper)]
    return parts


def _rates(ours: Summary, plain: Summary) -> str:
    rows = [
        (label, rate_cell(ours.rates[one]), NONE if one in _NOT_PLAIN else rate_cell(plain.rates[one]))
        for one, label in _LABELS.items()
    ]
    rows.append(("Matthews correlation", f"{ours.mcc:.3f}", f"{plain.mcc:.3f}"))
    first, second = (estimate_cell(one.flags_per_100_clean, 2) for one in (ours, plain))
    rows.append(("flags per 100 clean reports", first, second))
    for share in ours.ppv:
        rows.append(
            (
                f"PPV at {share:.0%} prevalence",
                estimate_cell(ours.ppv[share]),
                estimate_cell(plain.ppv[share]),
            )
        )
    return table(("measure", *_BOTH), rows)


def _types(ours: dict[ErrorType, TypeRow], plain: dict[ErrorType, TypeRow]) -> str:
    head = ("error type", "n", "sensitivity", "plain rules", "flags per 100 clean")
    return table(
        head,
        (
            (
                str(kind),
                str(row.found.total),
                rate_cell(row.found),
                rate_cell(plain[kind].found) if kind in plain else NONE,
                f"{row.flags_per_100_clean:.2f}",
            )
            for kind, row in ours.items()
        ),
    )


def _detectors(ours: Checker, plain: Checker) -> str:
    head = (
        "rule",
        "on clean",
        "on harmless",
        "elsewhere in injected",
        "hits",
        f"precision at {HEADLINE:.0%}",
    )
    return table(
        head,
        (
            (
                row.rule,
                *map(str, (row.clean, row.harmless, row.elsewhere, row.hits)),
                number_cell(row.precision),
            )
            for checker in (ours, plain)
            for row in checker.detectors
        ),
    )


def _brier(ours: Calibration, plain: Calibration) -> str:
    rows = [
        ("errors returned, low tier too", str(ours.count), str(plain.count)),
        ("... that hit", str(ours.right), str(plain.right)),
        ("Brier score", number_cell(ours.brier), number_cell(plain.brier)),
        ("... of a constant", number_cell(ours.constant), number_cell(plain.constant)),
        (
            f"Brier score at {HEADLINE:.0%} prevalence",
            number_cell(ours.brier_at_prevalence),
            number_cell(plain.brier_at_prevalence),
        ),
        (
            "... of a constant",
            number_cell(ours.constant_at_prevalence),
            number_cell(plain.constant_at_prevalence),
        ),
    ]
    return table(("measure", "RadProof", "plain rules, taken as sure"), rows)


def _reliability(found: Calibration) -> str:
    head = ("confidence", "n", "mean confidence", "share that hits", f"at {HEADLINE:.0%} prevalence")
    return table(
        head,
        (
            (
                f"{one.low:.1f}-{one.low + 0.1:.1f}",
                str(one.count),
                number_cell(one.confidence),
                number_cell(one.right),
                number_cell(one.right_at_prevalence),
            )
            for one in found.bins
        ),
    )


def _curves(ours: Checker, plain: Checker) -> str:
    head = ("rules", "n", "average precision", "recall now", f"precision now, at {HEADLINE:.0%}")
    named = [("all, by report", ours.report_curve), ("plain rules, by report", plain.report_curve)]
    named += [(curve.rules, curve) for curve in ours.curves]
    return table(head, ((name, *_curve(curve)) for name, curve in named))


def _curve(curve: Curve) -> tuple[str, ...]:
    shown = [point for point in curve.points if point[0] >= MEDIUM]
    precision, recall = shown[-1][1:] if shown else (math.nan, 0.0)
    values = (curve.average_precision, recall, precision)
    return str(curve.errors), *(number_cell(value) for value in values)


def _paper(ours: PaperScore, plain: PaperScore) -> str:
    rows = [
        (
            "detection accuracy",
            rate_cell(ours.detection),
            rate_cell(plain.detection),
            f"mean {PUBLISHED_DETECTION_MEAN / 100:.4f}, best {PUBLISHED_DETECTION_BEST / 100:.4f}",
        ),
        (
            "... of always saying yes",
            rate_cell(ours.always_yes),
            rate_cell(plain.always_yes),
            f"{PUBLISHED_ALWAYS_YES / 100:.3f}",
        ),
    ]
    published = f"mean {PUBLISHED_LOCALIZATION_MEAN / 100:.4f} (of which reports it does not say)"
    rows += [
        (f"localization, {of}", rate_cell(first), rate_cell(second), published)
        for of, first, second in (
            ("of reports with an error", ours.localized_wrong, plain.localized_wrong),
            ("of those flagged", ours.localized_flagged, plain.localized_flagged),
            ("of all, clean unflagged", ours.localized_all, plain.localized_all),
        )
    ]
    for part, corrected, copied in (
        ("ROUGE-1 F", ours.corrected.rouge_1, ours.unchanged.rouge_1),
        ("BLEU-4", ours.corrected.bleu, ours.unchanged.bleu),
        ("mean of the two", ours.corrected.mean, ours.unchanged.mean),
    ):
        rows.append((f"correction, {part}", number_cell(corrected, 4), NONE, NONE))
        rows.append(("... of the input unchanged", number_cell(copied, 4), number_cell(copied, 4), NONE))
    rows.append(("correction, BERTScore", "not computed", "not computed", NONE))
    title = f"{ours.clean} clean reports, {ours.wrong} with one error."
    return title + "\n\n" + table(("measure", *_BOTH, "published"), rows)


def _profile(results: Results) -> str:
    families = list(results.families)
    shares = [f"PPV {share:.0%}" for share in next(iter(results.operating_points)).ppv]
    head = ("errors", "from", "now", "flags per 100", *(f"found, {name}" for name in families), *shares)
    rows = [_point(point, f"{point.threshold:.2f}") for point in results.operating_points]
    plain = [point for point in results.plain_points if point.threshold == 1.0]
    rows += [("plain rules", *_point(point, NONE)[1:]) for point in plain]
    return table(head, rows)


def _point(point: Point, threshold: str) -> tuple[str, ...]:
    found = (NONE if not one.total else f"{one.value:.3f}" for one in point.found.values())
    kind = "all" if point.type is None else str(point.type)
    ppv = (f">{one.low:.3f}" if one.value == 1 else number_cell(one.value) for one in point.ppv.values())
    return kind, threshold, point.mark, f"{point.flags_per_100_clean:.2f}", *found, *ppv
