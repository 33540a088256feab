"""What was ordered against what is reported: side, modality, body part."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.proofreading.case import Case
from app.proofreading.comparing import FINDINGS, REPORTED
from app.proofreading.detectors.laterality import swap_side
from app.proofreading.detectors.studies import (
    MODALITIES,
    NO_FILM,
    OWN_WORDS,
    PARTS,
    SHORT,
    TOGETHER,
    kinds_named,
    parts_named,
)
from app.proofreading.leaving_out import sentence_at, without_place
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from models.types import SectionName, Span

_SIDE = re.compile(r"\b(left|right|bilateral|both|lt|rt)\b", re.IGNORECASE)
_TURN = re.compile(r"\b(?:decubitus|oblique|lateral|anterior|posterior)\b", re.IGNORECASE)
_TURNED = re.compile(  # how the patient or the beam is turned, or what is stuck on: no side of the study
    r"\b(?:left|right|lt|rt)(?:\W+(?:lateral|anterior|posterior|side|down|dependent|oblique|decub\w*|nipple|\w*markers?))+\b|"
    r"\bto(?:wards?)? the (?:left|right)\b",
    re.IGNORECASE,
)
_SIDES = {"lt": "left", "rt": "right", "both": "bilateral"}
PERFORMED = re.compile(
    r"\b(?:performed|obtained|acquired|carried out|submitted|imaged|scanned|undertaken|conducted)\b"
    r"|\b(?:was|were)\s+(?:then\s+)?(?:done|taken|made|captured|recorded|studied|examined)\b"
    r"|^(?:technique|procedure|exam(?:ination)?|study)\s*:",
    re.IGNORECASE,
)
NAMED = re.compile(
    r"\b(?:this|current|today'?s|submitted|provided)\s+(?:\w+\s+){0,2}?(?:ct|cta|mri?|mra|ultrasound|sonogram|"
    r"x-?ray|radiograph\w*|mammogram|pet|scan|study|examination|series|films?|views?)\b"
    r"|^\W*(?:\w+\s+){0,3}?(?:views?|images?|sections|slices|series|radiographs?|films?|scans?)\s+(?:of|through)\b"
    r"|^\W*(?:(?:non-?contrast|unenhanced|enhanced|low[- ]dose|helical|limited|digital|real-time)\s+)?(?:ct|"
    r"mri?|ultrasound|"
    r"sonogram|mammogra\w+|pet(?:/ct)?|dual-energy|imaging)\s+(?:of|with|without|from|technique|views?|images?|"
    r"absorptiometry)\b"
    r"(?!.*\b(?:is|are|was|were|would|has|have)\b)"
    r"|^\W*(?:the\s+)?(?:ct|mri?|ultrasound|sonogram|mammogram|pet)\b[^.]{0,40}?\b(?:shows?|demonstrates?|"
    r"reveals?|images?)\b",
    re.IGNORECASE,
)
_FILM = "XR"
_COMPARISON = re.compile(r"\bcompar(?:ison|ed)\b", re.IGNORECASE)
_EARLIER = re.compile(r"\b(?:comparison|prior|previous|earlier|last (?:year|month|week))\b", re.IGNORECASE)
NOT_THIS = re.compile(
    r"\b(?:prior|previous|recommend\w*|follow-?up|suggest\w*|advis\w+|correlat\w+|consider|could|may|should|if|also|"
    r"subsequent\w*|outside|comparison|compare|same day|not|yesterday|recent|earlier|residual|excreted)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Exam:
    """One sentence that names the study which the report is of."""

    span: Span
    text: str
    titled: bool  # by EXAM or TECHNIQUE, which may name several studies


class Order:
    """Compares the order, or the EXAM section where none is given, with the report's body."""

    types = frozenset({ErrorType.ORDER_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates on the side, then on the modality, then on the part."""
        exams = list(_exams(case))
        yield from _sides(case, exams)
        yield from _modality(case, exams)
        yield from _part(case, exams)


def _exams(case: Case) -> Iterator[_Exam]:
    """Sentences of EXAM and TECHNIQUE, and those elsewhere that tell what was performed."""
    for index, sentence in enumerate(case.report.sentences):
        text = sentence.span.of(case.report.text)
        section = case.report.section_of(index)
        named = section is SectionName.EXAM or (
            section is SectionName.TECHNIQUE and not _EARLIER.search(text)
        )
        told = section in REPORTED and not NOT_THIS.search(text)
        if named or (told and (PERFORMED.search(text) or NAMED.search(text))):
            compared = _COMPARISON.search(text)
            yield _Exam(sentence.span, text[: compared.start()] if compared else text, named)


def _ordered_side(case: Case) -> tuple[str, Evidence] | None:
    """The one side that the order, its procedure or the EXAM section names."""
    for field in ("laterality", "procedure"):
        words = getattr(case.context, field)
        if words is not None:
            return _one_side(words, Evidence(EvidenceKind.ORDER, source=field))
    for sentence in case.report.sentences:
        if case.report.sections[sentence.section].name is SectionName.EXAM:
            return _one_side(
                sentence.span.of(case.report.text), Evidence(EvidenceKind.TEXT, span=sentence.span)
            )
    return None


def _one_side(words: str, evidence: Evidence) -> tuple[str, Evidence] | None:
    sides = {_SIDES.get(word.lower(), word.lower()) for word in _SIDE.findall(words)}
    return (sides.pop(), evidence) if len(sides) == 1 and sides <= {"left", "right"} else None


def _order_words(case: Case, evidence: Evidence) -> str:
    """What the ordered side was read from."""
    if evidence.span is not None:
        return case.report.quote(evidence.span)
    return " ".join(filter(None, (case.context.laterality, case.context.procedure)))


def _of_study(words: str, order: str) -> str:
    """The words without sides to which the patient or the beam is turned, unless the order tells of such a turn."""
    asked = {word.lower() for word in _TURN.findall(order)}
    return _TURNED.sub(
        lambda turned: turned.group() if {w.lower() for w in _TURN.findall(turned.group())} & asked else "",
        words,
    )


def _sides(case: Case, exams: list[_Exam]) -> Iterator[Candidate]:
    """The other side in what names the study; else the ordered part on the other side in the body."""
    found = _ordered_side(case)
    if found is None:
        return
    ordered, evidence = found
    against = f"the order is for the {ordered} side"
    shown = [
        (exam, _one_side(_of_study(exam.text, _order_words(case, evidence)), evidence)) for exam in exams
    ]
    wrong = [exam for exam, side in shown if side is not None and side[0] != ordered]
    for exam in wrong:
        for match in _SIDE.finditer(exam.text):
            start = exam.span.start + match.start()
            yield _candidate(case, Span(start, start + len(match.group())), against, evidence)
    if not wrong:
        yield from _body_side(case, ordered, evidence)


def _body_side(case: Case, ordered: str, evidence: Evidence) -> Iterator[Candidate]:
    """The first place where the ordered part stands on the other side; none where it also stands on the ordered one."""
    part = _words_of_part(case)
    if part is None:
        return
    other = "right|rt" if ordered == "left" else "left|lt"
    own = "left|lt" if ordered == "left" else "right|rt"
    beside = r"\.?\s+(?:\w+\s+){0,2}?" + part
    for index, sentence in enumerate(case.report.sentences):
        if case.report.section_of(index) not in FINDINGS | REPORTED:
            continue
        text = sentence.span.of(case.report.text)
        match = re.search(rf"\b({other}){beside}", text, re.IGNORECASE)
        if match is None or re.search(
            rf"\b(?:{own}|bilateral|both){beside}", case.report.text, re.IGNORECASE
        ):
            continue
        start = sentence.span.start + match.start(1)
        span = Span(start, start + len(match.group(1)))
        yield _candidate(case, span, f"the order is for the {ordered} side", evidence)
        return


def _words_of_part(case: Case) -> str | None:
    """A pattern for the ordered part as the order words it; none for the chest."""
    words = f"{case.context.procedure or ''} {case.context.body_part or ''}"
    for name, pattern in PARTS.items():
        match = pattern.search(words)
        if match is not None and match.group().lower() not in (
            "chest",
            "thorax",
            "thoracic",
            "lung",
            "lungs",
        ):
            return rf"{re.escape(match.group().lower().removesuffix('s'))}s?\b" if name != "heart" else None
    return None


def _by_procedure(words: str) -> str:
    """The modality that an ordered procedure begins with: "US PELVIS COMPLETE"."""
    first = words.split()[0].upper() if words.split() else ""
    first = SHORT.get(first, first)
    kinds = kinds_named(words)
    return first if first in dict(MODALITIES) or len(kinds) != 1 else kinds[0]


def _modality(case: Case, exams: list[_Exam]) -> Iterator[Candidate]:
    ordered = (case.context.modality or "").upper().replace("-", "")
    ordered = SHORT.get(ordered, ordered) or _by_procedure(case.context.procedure or "")
    if ordered not in dict(MODALITIES):
        return
    titled = any(exam.titled and dict(MODALITIES)[ordered].search(exam.text) for exam in exams)
    yield from _own_words(case, ordered, REPORTED if titled else REPORTED | {SectionName.TECHNIQUE})
    for exam in exams:
        if exam.titled and titled:
            continue
        named = [
            (modality, match) for modality, p in MODALITIES if (match := p.search(exam.text)) is not None
        ]
        if named and all(modality != ordered for modality, _ in named):
            match = named[0][1]
            span = Span(exam.span.start + match.start(), exam.span.start + match.end())
            source = "modality" if case.context.modality else "procedure"
            evidence = Evidence(EvidenceKind.ORDER, source=source)
            yield _candidate(case, span, f"the order is for {ordered}", evidence)
            return


def _own_words(case: Case, ordered: str, sections: frozenset[SectionName]) -> Iterator[Candidate]:
    """Words of another kind of study in these sections: "T2 weighted", "hypoechoic"."""
    source = "modality" if case.context.modality else "procedure"
    for index, sentence in enumerate(case.report.sentences):
        text = sentence.span.of(case.report.text)
        if case.report.section_of(index) not in sections or NOT_THIS.search(text):
            continue
        film = {"no film": NO_FILM} if ordered == _FILM else {}
        for modality, pattern in {**OWN_WORDS, **film}.items():
            match = pattern.search(text)
            if match is not None and modality != ordered:
                span = Span(sentence.span.start + match.start(), sentence.span.start + match.end())
                evidence = Evidence(EvidenceKind.ORDER, source=source)
                yield _candidate(case, span, f"the order is for {ordered}", evidence)
                return


def _part(case: Case, exams: list[_Exam]) -> Iterator[Candidate]:
    field = "procedure" if case.context.procedure else "body_part"
    ordered = parts_named(getattr(case.context, field) or "")
    if not ordered:
        return
    titled = any(exam.titled and parts_named(exam.text) & ordered for exam in exams)
    for exam in exams:
        named = parts_named(exam.text)
        if not named or named & ordered or (named | ordered) <= TOGETHER or (exam.titled and titled):
            continue
        match = next(m for name, p in PARTS.items() if name in named and (m := p.search(exam.text)))
        span = Span(exam.span.start + match.start(), exam.span.start + match.end())
        what = " and ".join(sorted(ordered))
        evidence = Evidence(EvidenceKind.ORDER, source=field)
        yield _candidate(case, span, f"the order is for the {what}", evidence)
        return


def _told(case: Case, span: Span) -> Correction | None:
    """Without the sentence of findings or impression that tells of another study; a title as it was ordered."""
    number = sentence_at(case, span)
    if number is None:
        return None
    if case.report.section_of(number) in REPORTED:
        return without_place(case, span)
    sentence = case.report.sentences[number]
    alone = sum(other.section == sentence.section for other in case.report.sentences) == 1
    titled = case.report.section_of(number) is SectionName.EXAM and alone
    return Correction(sentence.span, case.context.procedure) if titled and case.context.procedure else None


def _candidate(case: Case, span: Span, against: str, evidence: Evidence) -> Candidate:
    quote = case.report.quote(span)
    turned = swap_side(quote)
    around = next(sentence.span for sentence in case.report.sentences if sentence.span.contains(span))
    return Candidate(
        type=ErrorType.ORDER_MISMATCH,
        span=span,
        message=f'The report says "{quote}"; {against}.',
        rule="order.side" if turned is not None else "order.study",
        confidence=0.87,
        evidence=(Evidence(EvidenceKind.TEXT, span=around), evidence),
        correction=_told(case, span) if turned is None else Correction(span, turned),
    )
