"""Summaries as Markdown, JSON and a plot."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.evaluation.metrics import Rate
from app.evaluation.summary import HEADLINE, Summary


def markdown(title: str, ours: Summary, plain: Summary) -> str:
    """Both checkers side by side: a table of all numbers and one of each error type."""
    rows = [
        ("sensitivity (error found at its place)", ours.sensitivity, plain.sensitivity),
        ("detection (report flagged anywhere)", ours.detection, plain.detection),
        ("specificity, clean and harmless", ours.specificity, plain.specificity),
        ("specificity, clean", ours.specificity_clean, plain.specificity_clean),
        ("specificity, harmless edits", ours.specificity_harmless, plain.specificity_harmless),
        ("detection accuracy", ours.accuracy, plain.accuracy),
        ("... of always saying yes", ours.always_yes, plain.always_yes),
        ("span overlaps the altered words", ours.spans, plain.spans),
        ("type right, of those found", ours.types, None),
        ("exact fix, of those found", ours.exact_fixes, None),
        ("unintended edit, of those found", ours.unintended, None),
    ]
    lines = [f"## {title}", "", "| measure | RadProof | plain rules |", "|---|---|---|"]
    lines += [
        f"| {name} | {_rate(first)} | {_rate(second) if second else '-'} |" for name, first, second in rows
    ]
    lines.append(f"| Matthews correlation | {ours.mcc:.3f} | {plain.mcc:.3f} |")
    lines.append(
        f"| flags per 100 clean reports | {ours.flags_per_100_clean:.2f} | {plain.flags_per_100_clean:.2f} |"
    )
    for prevalence in ours.ppv:
        first, second = (_interval(*summary.ppv[prevalence]) for summary in (ours, plain))
        lines.append(f"| PPV at {prevalence:.0%} prevalence | {first} | {second} |")
    lines += ["", "| error type | n | sensitivity | plain rules |", "|---|---|---|---|"]
    for kind, found in ours.by_type.items():
        lines.append(f"| {kind} | {found.total} | {_rate(found)} | {_rate(plain.by_type[kind])} |")
    return "\n".join(lines) + "\n"


def document(ours: Summary, plain: Summary, settings: dict[str, Any]) -> dict[str, Any]:
    """All numbers as JSON values; NaN becomes null."""
    numbers: dict[str, Any] = _finite(
        {"settings": settings, "radproof": asdict(ours), "plain_rules": asdict(plain)}
    )
    return numbers


def plot(ours: Summary, plain: Summary, path: Path) -> None:
    """Sensitivity of each error type with its interval, beside the plain rules.

    Raises:
        ImportError: without the extra ``plot``.
    """
    from matplotlib.figure import Figure

    kinds = list(ours.by_type)
    figure = Figure(figsize=(8, 0.42 * len(kinds) + 1.6), layout="constrained")
    axes = figure.add_subplot()
    for offset, summary, colour, label in (
        (0.2, ours, "#1b6ca8", "RadProof"),
        (-0.2, plain, "#b8b8b8", "plain rules"),
    ):
        rates = [summary.by_type[kind] for kind in kinds]
        places = [len(kinds) - index + offset for index in range(len(kinds))]
        values = [found.value for found in rates]
        errors = [
            [v - r.low for v, r in zip(values, rates, strict=True)],
            [r.high - v for v, r in zip(values, rates, strict=True)],
        ]
        axes.barh(
            places, values, height=0.38, color=colour, label=label, xerr=errors, ecolor="#444444", capsize=2
        )
    axes.set_yticks(
        [len(kinds) - index for index in range(len(kinds))],
        [f"{kind} (n={ours.by_type[kind].total})" for kind in kinds],
    )
    axes.set_xlim(0, 1.02)
    axes.set_xlabel("sensitivity with 95 % interval")
    value, low, high = ours.ppv[HEADLINE]
    axes.set_title(
        f"specificity {ours.specificity.value:.3f}, PPV at {HEADLINE:.0%} prevalence {value:.2f} ({low:.2f}-{high:.2f})",
        fontsize=10,
    )
    figure.legend(loc="outside lower right", ncols=2, frameon=False)
    figure.savefig(path, dpi=130)


def _rate(found: Rate) -> str:
    if not found.total:
        return "-"
    return f"{found.value:.3f} ({found.low:.3f}-{found.high:.3f}; {found.hits}/{found.total})"


def _interval(value: float, low: float, high: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f} ({low:.3f}-{high:.3f})"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
