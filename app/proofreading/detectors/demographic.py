"""Sex: organs, pronouns and words for the patient that do not fit together or the order."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.proofreading.case import Case
from app.proofreading.correct import cased
from app.proofreading.leaving_out import leave_out
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from kg_ingest.schema import EdgeKind
from models.types import Entity, SectionName, Span

_PATIENT = re.compile(
    r"\b(?:(?P<male>(?<![\w-])(?:male|man|gentleman|boy)|he|his|him)"
    r"|(?P<female>female|woman|lady|girl|she|her|hers))\b",
    re.IGNORECASE,
)
_LETTER = re.compile(
    r"\b\d{1,3}\s?(?:(?:y|yr|yo|y/o|year[- ]old)\s?)?(?P<letter>[MF])\b(?!\.)|\b(?P<title>Mr|Mrs|Ms|Miss)\b"
)  # "54 M", "67F", "Mrs J"
_OTHERS = re.compile(
    r"\b(mother|father|sister|brother|wife|husband|son|daughter|aunt|uncle|grand\w+|family|partner|physician|"
    r"referring|nurse|clinician|doctor|dr)\b",
    re.IGNORECASE,
)
_CONDITIONS = re.compile(
    r"\b(?:(?P<male>prostat\w+|testic\w+|testis|scrot\w+|penile|seminal vesicle\w*|vasectomy|orchi\w+|bph|epididym\w+)"
    r"|(?P<female>uter(?:us|ine)|ovar(?:y|ies|ian)|hysterectom\w+|pregnan\w+|gravid|gestation\w*|fibroids?|endometri\w+|"
    r"vagina\w*|menopaus\w+|menstrua\w+|lactati\w+|postpartum|oophorectom\w+|salping\w+|intrauterine|cesarean|"
    r"caesarean|tubal ligation))\b",
    re.IGNORECASE,
)
_TURN = {
    "male": "female", "female": "male", "man": "woman", "woman": "man", "gentleman": "woman", "lady": "man",
    "boy": "girl", "girl": "boy", "he": "she", "she": "he", "his": "her", "him": "her",
}  # fmt: skip
_PRONOUNS = frozenset({"he", "him", "his", "she", "her", "hers"})
_OPENING = frozenset({SectionName.EXAM, SectionName.INDICATION, SectionName.UNTITLED})
_BODY = frozenset(
    {SectionName.FINDINGS, SectionName.IMPRESSION, SectionName.RECOMMENDATION, SectionName.OTHER}
)
_ORGAN_AND_FINDING = 2  # concepts in a sentence that tells of one organ


@dataclass(frozen=True, slots=True)
class _Sexed:
    """Words that tell the patient's sex, with what says so."""

    sex: str
    span: Span
    evidence: tuple[Evidence, ...]
    word: bool  # a word for the patient, not an organ
    section: SectionName


class Demographic:
    """Compares every sign of sex with the order, or with the first sign in the text."""

    types = frozenset({ErrorType.DEMOGRAPHIC_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in text order."""
        signs = sorted([*_words(case), *_organs(case), *_conditions(case)], key=lambda sign: sign.span)
        ordered = case.context.patient_sex if case.context.patient_sex in ("male", "female") else None
        if ordered is not None:
            source = Evidence(EvidenceKind.ORDER, source="patient_sex")
            for sign in signs:
                if sign.sex != ordered:
                    yield _candidate(case, sign, f"the order says {ordered}", source, 0.92)
        else:
            yield from _within(case, signs)


def _within(case: Case, signs: list[_Sexed]) -> Iterator[Candidate]:
    """Signs in the report's body against the noun by which its opening names the patient."""
    first = next(
        (sign for sign in signs if sign.word and sign.section in _OPENING and _is_noun(sign, case)), None
    )
    if first is not None:
        for sign in signs:
            mixed = sign.section is SectionName.UNTITLED  # no headings at all
            if sign.sex != first.sex and (sign.section in _BODY or mixed):
                yield _candidate(case, sign, f"the text says {first.sex}", first.evidence[0], 0.86)


def _is_noun(sign: _Sexed, case: Case) -> bool:
    return case.report.quote(sign.span).lower() not in _PRONOUNS


def _words(case: Case) -> Iterator[_Sexed]:
    for sentence in case.report.sentences:
        text = sentence.span.of(case.report.text)
        section = case.report.sections[sentence.section].name
        if _OTHERS.search(text):
            continue
        for match in _PATIENT.finditer(text):
            if match.group().isupper() and not text.isupper():
                continue  # "HE" for hip extension
            span = Span(sentence.span.start + match.start(), sentence.span.start + match.end())
            sex = "male" if match["male"] else "female"
            yield _Sexed(sex, span, (Evidence(EvidenceKind.TEXT, span=sentence.span),), True, section)
        for match in _LETTER.finditer(text) if section in _OPENING else ():
            span = Span(sentence.span.start + match.start(), sentence.span.start + match.end())
            sex = "male" if match.group() == "Mr" or match["letter"] == "M" else "female"
            yield _Sexed(sex, span, (Evidence(EvidenceKind.TEXT, span=sentence.span),), True, section)


def _conditions(case: Case) -> Iterator[_Sexed]:
    """Conditions and operations of one sex, beside the organs that the graph knows."""
    for sentence in case.report.sentences:
        text = sentence.span.of(case.report.text)
        section = case.report.sections[sentence.section].name
        if _OTHERS.search(text) or section in (SectionName.COMPARISON, SectionName.TECHNIQUE):
            continue
        for match in _CONDITIONS.finditer(text):
            span = Span(sentence.span.start + match.start(), sentence.span.start + match.end())
            sex = "male" if match["male"] else "female"
            yield _Sexed(sex, span, (Evidence(EvidenceKind.TEXT, span=sentence.span),), False, section)


def _organs(case: Case) -> Iterator[_Sexed]:
    for entity in case.graph.entities:
        section = case.report.section_of(entity.sentence)
        if entity.other or section in (SectionName.COMPARISON, SectionName.TECHNIQUE):
            continue
        found = _sex_of(entity, case)
        if found is not None:
            sentence = Evidence(EvidenceKind.TEXT, span=case.report.sentences[entity.sentence].span)
            sex, path = found
            graph = Evidence(EvidenceKind.GRAPH_PATH, path=path, source="RadProof core")
            yield _Sexed(sex, entity.span, (sentence, graph), False, section)


def _sex_of(entity: Entity, case: Case) -> tuple[str, tuple[str, ...]] | None:
    """The sex that the entity, or the site of its finding, exists in only."""
    node = case.facts.nodes.get(entity.concept or "")
    if node is None:
        return None
    if node.sex is not None:
        return node.sex, (node.name, "EXISTS_IN", node.sex)
    for edge in case.facts.edges:
        if edge.source_id == node.id and edge.kind is EdgeKind.HAS_FINDING_SITE:
            site = case.facts.nodes.get(edge.target_id)
            if site is not None and site.sex is not None:
                return site.sex, (
                    node.name,
                    edge.kind.value,
                    site.name,
                    "EXISTS_IN",
                    site.sex,
                )
    return None


def _candidate(case: Case, sign: _Sexed, against: str, source: Evidence, confidence: float) -> Candidate:
    quote = case.report.quote(sign.span)
    turned = _TURN.get(quote.lower()) if sign.word else None
    if turned is not None:
        fix: Correction | None = Correction(sign.span, cased(turned, quote))
    else:
        fix = _without(case, sign)
    return Candidate(
        type=ErrorType.DEMOGRAPHIC_MISMATCH,
        span=sign.span,
        message=f'"{quote}" says {sign.sex}; {against}.',
        rule="demographic.sex",
        confidence=confidence,
        evidence=(*sign.evidence, source),
        correction=fix,
    )


def _without(case: Case, sign: _Sexed) -> Correction | None:
    """The report without the sentence that tells of an organ only, and the space before it."""
    number = next(n for n, s in enumerate(case.report.sentences) if s.span.contains(sign.span))
    told = {entity.concept for entity in case.graph.entities if entity.sentence == number and entity.concept}
    if len(told) > _ORGAN_AND_FINDING:
        return None
    return leave_out(case, number)
