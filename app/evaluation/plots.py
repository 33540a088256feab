"""An evaluation as one picture; needs the extra ``plot``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.evaluation.calibration import Calibration
from app.evaluation.curves import Curve
from app.evaluation.results import Results
from app.evaluation.summary import HEADLINE, Measure, Summary
from app.proofreading.profile import MEDIUM
from app.proofreading.report import ErrorType

_COLOURS = ("#1b6ca8", "#d1720e", "#3c8d40", "#8a4fa3", "#b8332a")
_GREY = "#777777"
_SMALL = 7  # small panels in a row


def plot(results: Results, path: Path) -> None:
    """Sensitivity by type, reliability, and precision against recall, of all families.

    Raises:
        ImportError: without the extra ``plot``.
    """
    from matplotlib.figure import Figure

    ours = {name: family.radproof for name, family in results.families.items()}
    plain = {name: family.plain_rules for name, family in results.families.items()}
    names = sorted({curve.rules for checker in ours.values() for curve in checker.curves})
    rows = -(-len(names) // _SMALL)
    figure = Figure(figsize=(16, 8.4 + 2.5 * rows), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=(8.4, max(2.5 * rows, 0.1)))
    axes = parts[0].subplot_mosaic(
        [["types", "raw", "weighted"], ["types", "reports", "reports"]], width_ratios=(1.4, 1, 1)
    )
    first = {name: checker.summary for name, checker in ours.items()}
    _types(axes["types"], first, next(iter(plain.values())).summary)
    calibrations = {name: checker.calibration for name, checker in ours.items()}
    _reliability(axes["raw"], calibrations, weighted=False)
    _reliability(axes["weighted"], calibrations, weighted=True)
    _reports(axes["reports"], ours, plain)
    curves = {name: {curve.rules: curve for curve in checker.curves} for name, checker in ours.items()}
    _rules(parts[1], names, curves)
    figure.savefig(path, dpi=110)


def _types(axes: Any, ours: Mapping[str, Summary], plain: Summary) -> None:
    kinds = [kind for kind in ErrorType if any(kind in summary.by_type for summary in ours.values())]
    step = 0.7 / len(ours)
    for index, (name, summary) in enumerate(ours.items()):
        rates = {kind: row.found for kind, row in summary.by_type.items() if row.found.total}
        places = [-kinds.index(kind) + 0.35 - step * (index + 0.5) for kind in rates]
        values = [found.value for found in rates.values()]
        errors = [
            [max(0.0, found.value - found.low) for found in rates.values()],
            [max(0.0, found.high - found.value) for found in rates.values()],
        ]
        axes.errorbar(values, places, xerr=errors, fmt="o", color=_colour(index), label=name, capsize=2)
    simple = {kind: row.found for kind, row in plain.by_type.items() if row.found.total}
    axes.plot(
        [found.value for found in simple.values()],
        [-kinds.index(kind) for kind in simple],
        "x", color=_GREY, label=f"plain rules on {next(iter(ours))}",
    )  # fmt: skip
    axes.set_yticks([-index for index in range(len(kinds))], list(kinds))
    axes.set_ylim(0.6 - len(kinds), 0.6)
    axes.set_xlim(-0.02, 1.02)
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel("sensitivity with 95 % interval")
    quiet = next(iter(ours.values())).rates[Measure.SPECIFICITY_CLEAN].value
    axes.set_title(f"Errors found by type (specificity on clean reports {quiet:.3f})")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.06), ncols=3, frameon=False)


def _reliability(axes: Any, found: Mapping[str, Calibration], *, weighted: bool) -> None:
    axes.plot((0, 1), (0, 1), color=_GREY, linewidth=1, linestyle=":")
    for index, (name, calibration) in enumerate(found.items()):
        share = [one.right_at_prevalence if weighted else one.right for one in calibration.bins]
        sure = [one.confidence for one in calibration.bins]
        brier = calibration.brier_at_prevalence if weighted else calibration.brier
        axes.plot(sure, share, "-", color=_colour(index), label=f"{name}, Brier {brier:.3f}")
        sizes = [12 + 2 * one.count**0.5 for one in calibration.bins]
        axes.scatter(sure, share, s=sizes, color=_colour(index))
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("confidence")
    axes.set_ylabel("share that hits an error")
    where = f"at {HEADLINE:.0%} prevalence" if weighted else "on these items"
    axes.set_title(f"Reliability {where}")
    axes.legend(loc="upper left", fontsize=8)


def _reports(axes: Any, ours: Mapping[str, Any], plain: Mapping[str, Any]) -> None:
    for index, name in enumerate(ours):
        _line(axes, ours[name].report_curve, _colour(index), name)
        simple = plain[name].report_curve.points
        label = "plain rules, same colours" if index == 0 else None
        axes.plot([p[2] for p in simple], [p[1] for p in simple], "x", color=_colour(index), label=label)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(0, 1.02)
    axes.grid(alpha=0.3)
    axes.set_xlabel("sensitivity")
    axes.set_ylabel(f"PPV at {HEADLINE:.0%} prevalence")
    axes.set_title(f"Reports: PPV against sensitivity by confidence (square: shown now, {MEDIUM:.2f} and up)")
    axes.legend(loc="best", fontsize=8)


def _rules(figure: Any, names: Sequence[str], curves: Mapping[str, Mapping[str, Curve]]) -> None:
    if not names:
        return
    figure.suptitle(f"Rules: precision at {HEADLINE:.0%} prevalence against recall of the types they name")
    grid = figure.subplots(-(-len(names) // _SMALL), _SMALL, squeeze=False, sharex=True, sharey=True)
    for place, axes in enumerate(grid.flat):
        if place >= len(names):
            axes.set_visible(False)
            continue
        for index, family in enumerate(curves.values()):
            if names[place] in family:
                _line(axes, family[names[place]], _colour(index), None)
        axes.set_xlim(-0.05, 1.05)
        axes.set_xticks((0, 0.5, 1))
        axes.set_ylim(-0.05, 1.05)
        axes.grid(alpha=0.3)
        axes.set_title(names[place], fontsize=9)


def _line(axes: Any, curve: Curve, colour: str, label: str | None) -> None:
    axes.plot([p[2] for p in curve.points], [p[1] for p in curve.points], ".-", color=colour, label=label)
    shown = [point for point in curve.points if point[0] >= MEDIUM]
    if shown:
        axes.plot(shown[-1][2], shown[-1][1], "s", color=colour, markersize=7)


def _colour(index: int) -> str:
    return _COLOURS[index % len(_COLOURS)]
