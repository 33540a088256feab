"""Sizes that a structure or finding cannot have, by the dimension that the sentence names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED
from app.proofreading.detectors.measurement import NO_SIZE
from app.proofreading.leaving_out import without_place
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.measurements import find_measurements
from models.types import Span

_ANY = "-"
_REACH = 60  # code points between a structure and its size
_TO_ANOTHER = re.compile(  # between the two: the size is a distance, or something else's
    r"[;:]|,\s*the (?:largest|biggest|larger|smaller|smallest)\s+(?:measur|is|are|of|one)|"
    r"\b(?:above|below|from|beyond|proximal|distal|caudal|cranial|inferior to|superior to|away|within|near|tip|"
    r"catheter|tube|line|lead|wire|device|prior|previous\w*|comparison|ago|and (?:a|an)|than|"
    r"intervals?|slices?|collimation|thin)\b",
    re.IGNORECASE,
)
_OF_ALL = re.compile(  # what may stand between a structure and a size of all of it: "the liver metastasis" is no liver
    r"(?:[\s,(]|\b(?:is|are|was|were|has|have|measures?|measuring|measured|sized?|in|at|with|an?|the|of|to|up|its|now|"
    r"again|approximately|about|around|roughly|nearly|only|max\w*|greatest|largest|transverse|longitudinal|axial|ap|"
    r"anteroposterior|cranio-?caudal|diameter|dimension|calib\w+|lumen|bore|wide\w*|width|across|length|long|span\w*|"
    r"height|tall|high|thick\w*|depth|deep|dilat\w+|ectatic|enlarged|normal|aneurysmal|mildly|moderately|markedly|"
    r"elevat\w+|rais\w+|displac\w+|separat\w+|distract\w+|overrid\w+|overlap\w*|shorten\w*|gap|shadow|silhouette|"
    r"and|by|level|measurement|lies|sits|stands)\b)*",
    re.IGNORECASE,
)
_REST = 40  # code points after a size in which its dimension may be named


@dataclass(frozen=True, slots=True)
class _Row:
    structure: re.Pattern[str]
    dimension: re.Pattern[str] | None
    least: float
    most: float


@cache
def _table() -> tuple[_Row, ...]:
    lines = files("app").joinpath("proofreading/detectors/dimensions.tsv").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return tuple(
        _Row(
            re.compile(rf"\b(?:{structure.strip()})(?!\w)", re.IGNORECASE),
            None if dimension == _ANY else re.compile(rf"\b(?:{dimension})\b", re.IGNORECASE),
            *(float(number) for number in limits.split("-")),
        )
        for structure, dimension, limits in rows
    )


class Dimension:
    """Reads each size with the structure that stands nearest before it."""

    types = frozenset({ErrorType.MEASUREMENT})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in text order."""
        for number, sentence in enumerate(case.report.sentences):
            if case.report.section_of(number) not in REPORTED:
                continue
            for span, mm in find_measurements(case.report.text, sentence.span.start, sentence.span.end):
                row = _row(case, sentence.span, span)
                if row is not None and not row.least <= mm <= row.most:
                    yield _candidate(case, span, (mm, row), sentence.span)


def _row(case: Case, sentence: Span, size: Span) -> _Row | None:
    """The row of the structure that ends last before the size, where the size is said of it."""
    text = case.report.text
    start = max(sentence.start, size.start - _REACH)
    before = text[start : size.start]
    ends = [
        (match.end(), match.end() - match.start(), row)
        for row in _table()
        for match in row.structure.finditer(before)
    ]
    if not ends or NO_SIZE.match(text, size.end):
        return None
    end, _, row = max(ends, key=lambda found: found[:2])
    between = before[end:]
    if _TO_ANOTHER.search(between) or (row.dimension is not None and not _OF_ALL.fullmatch(between)):
        return None
    around = before + text[size.end : min(sentence.end, size.end + _REST)]
    return row if row.dimension is None or row.dimension.search(around) else None


def _candidate(case: Case, span: Span, found: tuple[float, _Row], sentence: Span) -> Candidate:
    mm, row = found
    return Candidate(
        type=ErrorType.MEASUREMENT,
        span=span,
        message=f"{mm:g} mm cannot be: such a structure has {row.least:g} to {row.most:g} mm.",
        rule="measurement.dimension",
        confidence=0.86,
        evidence=(Evidence(EvidenceKind.TEXT, span=sentence),),
        correction=without_place(case, span),
    )
