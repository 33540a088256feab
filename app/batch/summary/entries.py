"""One flag as an entry of the worklist: its words, its reasons, its fixes."""

from app.api.schemas import ErrorOut, EvidenceOut
from app.batch.results import ResultLine
from app.batch.summary.excerpt import Excerpts, clipped, titled
from app.batch.summary.harm import expected_harm
from app.batch.summary.types import Entry, Named, Reason, Said

_REASONS, _FIXES = 5, 3  # at most, of one entry
_LABELS = {
    "text": "text",
    "graph_path": "knowledge",
    "reference": "similar report",
    "order": "order",
    "llm": "language model",
}


def named(line: ResultLine) -> Named:
    """The report of a line by its ids."""
    return Named(
        custom_id=clipped(line.custom_id),
        report_id=line.report_id and clipped(line.report_id),
        modality=line.modality and clipped(line.modality.strip().upper(), 60),
        study_date=line.study_date,
        site=line.site and clipped(line.site, 60),
    )


def entry(line: ResultLine, error: ErrorOut) -> Entry:
    """The entry of one error of a checked line.

    Raises:
        ValueError: when the line holds no answer.
    """
    if line.checked is None:
        raise ValueError("not a checked line")
    excerpts = Excerpts(line.checked)
    fixes = (error.correction, *error.alternatives) if error.correction else ()
    said = excerpts.said(error.start, error.end, error.quote)
    reasons = [
        reason
        for reason in (_reason(one, excerpts) for one in error.evidence)
        if reason.said.whole != said.whole
    ]
    kept, offered = reasons[:_REASONS], fixes[:_FIXES]
    return Entry(
        report=named(line),
        harm=expected_harm(error),
        type=error.type,
        tier=error.tier,
        confidence=error.confidence,
        section=titled(error.section),
        span=(error.start, error.end),
        said=said,
        message=clipped(error.message),
        reasons=tuple(kept),
        fixes=tuple(excerpts.fix(fix) for fix in offered),
        more=len(reasons) - len(kept) + len(fixes) - len(offered),
    )


def _reason(evidence: EvidenceOut, excerpts: Excerpts) -> Reason:
    label = _LABELS[evidence.kind]
    if evidence.quote is not None and evidence.start is not None and evidence.end is not None:
        section = excerpts.section(evidence.start, evidence.end)
        return Reason(section or label, excerpts.said(evidence.start, evidence.end, evidence.quote))
    return Reason(label, Said("", clipped(_words(evidence)), ""))


def _words(evidence: EvidenceOut) -> str:
    """A path, a similar report, a field of the order, or a probability, in words."""
    score = evidence.score
    if evidence.kind == "llm":
        return f"an error with probability {score or 0:.0%}"
    words = " → ".join(evidence.path or ()) or evidence.reference_id or ""
    if score is not None:
        words += f" (similarity {score:.2f})"
    if evidence.source:
        words += evidence.source if evidence.kind == "order" else f" [{evidence.source}]"
    return words
