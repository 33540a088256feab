"""What compares with an earlier study, where the COMPARISON section says that there is none."""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED, current, phrase
from app.proofreading.leaving_out import leave_out
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from models.types import SectionName, Span

_ANOTHER = re.compile(
    r"\b(?:ct|mri?|pet|ultrasound|\d{1,2}/\d{1,2}/\d{2,4}|(?:19|20)\d\d|remote)\b", re.IGNORECASE
)
_NONE = re.compile(
    r"\W*(?:none\b|no (?:prior|previous|comparison|relevant|old|earlier|other|preceding)\b"
    r"|not available|unavailable|n/?a\b|nil\b"
    r"|there (?:is|are) no (?:prior|previous|comparison|relevant|old|earlier|other|preceding|available)\b|nothing\b"
    r"|without (?:a |any )?(?:prior|previous|comparison)|no (?:images|films|studies|imaging)\b"
    r"|(?:this is (?:the|a) )?(?:(?:first|initial)\s+(?:ever\s+)?(?:chest\s+)?"
    r"(?:study|exam\w*|film|radiograph|visit|presentation|imaging)"
    r"(?!\s*(?:at|from|on|dated|obtained|performed|today|\d|of (?!th)))"
    r"|(?<=is the )baseline (?:study|exam\w*|film|radiograph)|(?<=is a )baseline (?:study|exam\w*|film|radiograph))"
    r"|(?:prior|previous|old|earlier|outside) (?:studies|films|images|imaging|radiographs|exams|examinations) "
    r"(?:are |were |is )?(?:not|un|could not|cannot))",
    re.IGNORECASE,
)
_OF_TIME = re.compile(r"(?:new|stable|unchanged|persist|again|resolv|progress|interval)", re.IGNORECASE)
_SURE = re.compile(r"(?:new|persist|again|progress|interval)", re.IGNORECASE)  # "stable" may tell of a look
_CHANGED = (
    r"unchanged|stable|static|similar|same|changed?|increas\w+|decreas\w+|worse\w*|better|improv\w+|progress\w+|"
    r"regress\w+|resolv\w+|resolution|larger|smaller|bigger|new|clear(?:ed|ing)|develop\w+|enlarg\w+"
)
_EARLIER = (
    r"(?:since|from|than|as|to|with|on|compared (?:to|with)|in comparison (?:to|with)|relative to|versus)\s+"
    r"(?:the\s+|a\s+|an\s+|that\s+(?:on|of)\s+(?:the\s+)?)?"
    r"(?:immediate(?:ly)?\s+|most\s+)?(?:prior|previous|last|recent|earlier|preceding|older?|baseline)\s+"
    r"(?:chest\s+|portable\s+|outside\s+|ct\s+|frontal\s+)?"
    r"(?:stud(?:y|ies)|exam\w*|radiograph\w*|film\w*|x-?rays?|cxrs?|images?|imaging|ct|scan|chest|report|comparison)"
)
_COMPARED = re.compile(
    rf"\b(?:{_CHANGED})\b[^.;]{{0,60}}?\b{_EARLIER}\b|\b{_EARLIER}\b[^.;]{{0,60}}?\b(?:{_CHANGED})\b"
    rf"|\binterval\s+(?:{_CHANGED}|appearance|enlargement|change|progression|removal|placement)\b"
    rf"|\b(?:{_CHANGED})\b[^.;]{{0,40}}?\b(?:since|from|than|with|to) (?:yesterday|last (?:week|month|year|night))(?:'s)?\b"
    r"|\b(?:in|over|during|since) the (?:interval|interim)\b|\bsince (?:yesterday|last (?:week|month|year|night))\b"
    r"|\b(?:when|as) compared (?:to|with) (?:the )?(?:prior|previous|old|earlier)\b|\bredemonstrat\w+\b"
    r"|\b(?:unchanged|stable|larger|smaller|worse|better|improved|increased|decreased) (?:from|since|than) "
    r"(?:prior|before|previous(?:ly)?)\b"
    r"|\b(?:unchanged|stable|larger|smaller|worse|better|grown|increased|decreased) "
    r"(?:from|since|compared (?:to|with)|than (?:in|on)) (?:(?:early|late) )?(?:[a-z]{3,9} )?(?:19|20)\d\d\b",
    re.IGNORECASE,
)

_THEN = (  # an earlier time or an earlier study
    r"(?:(?:the |a |an )?(?:last|former|earlier|older?|previous|prior|preceding|first|recent|initial|baseline)\s+"
    r"(?:\w+\s+)?(?:stud(?:y|ies)|exam\w*|radiograph\w*|film\w*|x-?rays?|images?|imaging|scans?|visit|ct|occasion|time)"
    r"|yesterday\w*|the day before|last (?:week|month|year|night|time)|the (?:past|last|preceding) (?:\w+ )?"
    r"(?:days?|weeks?|months?|years?)|(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday))"
)
_REMEMBERED = re.compile(
    rf"\b(?:than|as|unlike|like) (?:before|previously|formerly|they were|it (?:was|did|had))\b"
    rf"|\b(?:since|than|with|to|on|unlike|over|against|beside|during|in) {_THEN}\b"
    r"|\b(?:serial|sequential) (?:films|studies|images)\b"
    r"|\bno longer (?:seen|visible|present|evident|identified|apparent|appreciated|demonstrated|there)\b"
    r"|\bpreviously[- ](?:seen|noted|described|identified|demonstrated|reported|visualized|present|mentioned)\b"
    r"|\b(?:not|never) (?:there|present|seen|visible) "
    r"(?:before|previously|earlier|last|on (?:the )?(?:last|prior|previous))\b"
    r"|\bover (?:several|multiple) (?:studies|films|examinations)\b"
    r"|\b(?:has|have)(?: \w+){0,2} (?:in|de)creased\b"
    r"|\b(?:has|have)(?: \w+){0,2} (?:worsened|improved|progressed|enlarged|widened|grown|shrunk|cleared|diminished|"
    r"regressed|resolved|changed)\b|\b(?:become|became) (?:\w+ )?(?:larger|smaller|bigger|worse|better|wider)\b"
    r"|\b(?:stable|unchanged) (?:\w+ )?(?:exam\w*|study|radiographs?|chest|appearance)\b"
    r"|\bno (?:(?:significant|interval|appreciable|substantial|definite|material|gross|real|relevant) ){0,2}change\b"
    r"|\bagain (?:noted|seen|demonstrated|identified|visuali[sz]ed|shown|present|evident)\b"
    r"|\bpersist(?:s|ent|ing)?\b(?! left(?:[- ]sided)? s)"
    r"|\b(?:worsen|improv|enlarg|resolv|clear|(?:in|de)creas)ing\b(?! (?:density|lucency))"
    r"|\bprogress(?:ed|ion|ing)\b|\b(?:previously|formerly) \d"
    r"|\b(?:is|are) (?:now )?(?:larger|smaller|bigger|worse|better) now\b|\bnot (?:\w+ )?changed\b"
    r"|\bremains? (?:enlarged|clear|prominent|elevated)\b",
    re.IGNORECASE,
)
_ASKED = re.compile(  # wished for, said of the patient, or of another image of this study
    r"\b(?:cough\w*|dyspn\w+|pain|fevers?|symptoms?|hypox\w+|shortness of breath|technique)\b|"
    r"\bon (?:the )?(?:lateral|repeat|upright|expiratory|second|subsequent|decubitus|final)\b|"
    r"\b(?:outside|by report|reportedly|inferiorly|caudally|sclerosis)\b|"
    r"\b(?:follow\w*|confirm\w*|repeat\w*|until|ensure|document|would|could|should|might|if|correlat\w+|recommend\w*|suggest\w*|advis\w+|request\w*|obtain\w*)\b",
    re.IGNORECASE,
)
_REMEMBERED_CONFIDENCE = 0.68
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|march|april|may|june|july|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|"
    r"dec(?:ember)?)"
)
_GROWN = r"(?:larger|smaller|bigger|worse|better|fewer|denser|thicker|wider|less extensive|more extensive)"
_RECALLED = re.compile(  # what tells of another time by its grammar or by a date
    rf"\b(?:since|than|of|to|on|with|from) (?:the |in )?(?:\d{{1,2}}(?:st|nd|rd|th)? )?{_MONTH}\b"
    r"|\b(?:since|than|as) (?:in )?(?:19|20)\d\d\b|\bcompar\w+ (?:to|with) (?:the |that )?(?:\w+ )?(?:of|from|in|dated) "
    r"|\b(?:was|were|measured|there|seen|present) (?:[\w.]+ ){0,4}in (?:19|20)\d\d\b"
    rf"|\b(?:is|are|has become|have become|now|appears?|looks?|slightly"
    rf"|somewhat|much|clearly|markedly|distinctly) {_GROWN}\b"
    r"(?! (?:than|on|over|at|in|and)\b)"
    r"|\b(?:previously|formerly|earlier) (?:small|large|noted|normal|clear|aerated|absent|moderate|seen|mild"
    r"|severe|described)\b"
    r"|\b(?:seen|noted|described|shown|present|visible) (?:previously|earlier|before|formerly"
    r"|last (?:week|month|year|time))\b"
    r"|\b(?:old|last|former|earlier|previous|prior) (?:study|film|radiograph|exam\w*) (?:show|demonstrat|had|was)\w*"
    r"|\b(?:interval|interim) (?:extubation|intubation|removal|placement|surgery|healing|change\w*)\b"
    r"|\b(?:has|have) (?:now |since |clearly |recently |markedly |slightly )?(?:been (?:removed|replaced|withdrawn|advanced|"
    r"repositioned|exchanged|extubated)|spread|migrated|doubled|tripled|halved|grown|shrunk|gone|appeared|disappeared|moved|"
    r"receded|subsided|abated|lessened|vanished|re-?accumulated|re-?expanded|changed|advanced|extended|deteriorated|thickened)\b"
    r"|\b(?:re-?accumulation|re-?expansion) of\b"
    r"|\bremains? (?:unchanged|stable|large|small|moderate|visible|present|in place)\b"
    r"|\bidentical to\b|\bno different\b|\bas before\b"
    r"|\b(?:improved|improving|better|worse|worsened|decreased|diminished) "
    r"(?:lung )?(?:aeration|inflation|expansion|aerated)\b"
    r"|\b(?:aeration|inflation) (?:has |is )?(?:improv|better|worse)\w*",
    re.IGNORECASE,
)
_OF_ANOTHER = re.compile(r"\b(?:ct|mri?|pet)\b", re.IGNORECASE)
_RECALLED_CONFIDENCE = 0.55


_REST = re.compile(r"\s+(?!(?:in|of|from|since|compared|and|or|with)\b)(\w)", re.IGNORECASE)


class NoPrior:
    """Looks for words that only an earlier study allows."""

    types = frozenset({ErrorType.INTERVAL_CHANGE_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate a sentence."""
        yield from _without_prior(case)


def says_none(words: str) -> bool:
    """True for what opens with "none", "no prior studies" and the like."""
    return _NONE.match(words) is not None


def compared_in(case: Case) -> Iterator[int]:
    """The sentences of findings and impression that compare with an earlier study."""
    for index, sentence in enumerate(case.report.sentences):
        text = sentence.span.of(case.report.text)
        if case.report.section_of(index) in REPORTED and _COMPARED.search(text) and not _ASKED.search(text):
            yield index


def _names_a_study(case: Case) -> bool:
    """True when COMPARISON names a study of another kind or day beside "no prior radiographs"."""
    compared = (
        sentence.span.of(case.report.text)
        for index, sentence in enumerate(case.report.sentences)
        if case.report.section_of(index) is SectionName.COMPARISON
    )
    return any(_ANOTHER.search(words) for words in compared)


def _without_prior(case: Case) -> Iterator[Candidate]:
    """Comparisons with an earlier study where the COMPARISON section says that there is none."""
    none = next(
        (
            sentence
            for index, sentence in enumerate(case.report.sentences)
            if case.report.section_of(index) is SectionName.COMPARISON
            and _NONE.match(sentence.span.of(case.report.text))
        ),
        None,
    )
    if none is None or case.context.prior_report is not None or _names_a_study(case):
        return
    for index, sentence in enumerate(case.report.sentences):
        if case.report.section_of(index) not in REPORTED:
            continue
        text = sentence.span.of(case.report.text)
        match = _COMPARED.search(text)
        recalled = None if _ASKED.search(text) else _REMEMBERED.search(text)
        aside = recalled is not None or _ASKED.search(text) or _OF_ANOTHER.search(text)
        by_date = None if aside else _RECALLED.search(text)
        changes = [c for f in current(case, REPORTED) if f.sentence == index for c in f.changes]
        if match is not None:
            span = Span(sentence.span.start + match.start(), sentence.span.start + match.end())
            yield _unfounded(case, index, span, none.span, 0.86)
        elif recalled is not None:
            span = Span(sentence.span.start + recalled.start(), sentence.span.start + recalled.end())
            yield _unfounded(case, index, span, none.span, _REMEMBERED_CONFIDENCE)
        elif by_date is not None:
            span = Span(sentence.span.start + by_date.start(), sentence.span.start + by_date.end())
            yield _unfounded(case, index, span, none.span, _RECALLED_CONFIDENCE)
        elif changes:
            words = next((c for c in changes if _OF_TIME.match(c.quote)), None)
            if words is not None:  # "increased", "similar" may tell of a look, "stable" of what looks old
                sure = _SURE.match(words.quote)
                yield _unfounded(case, index, words.span, none.span, 0.62 if sure else 0.5)


def _unfounded(case: Case, index: int, span: Span, none: Span, confidence: float) -> Candidate:
    sentence = case.report.sentences[index].span
    told = any(f.sentence == index for f in case.findings)
    return Candidate(
        type=ErrorType.INTERVAL_CHANGE_MISMATCH,
        span=span,
        message="The sentence compares with an earlier study; COMPARISON says that there is none.",
        rule="interval_change.no_prior",
        confidence=confidence,
        evidence=(Evidence(EvidenceKind.TEXT, span=none), Evidence(EvidenceKind.TEXT, span=sentence)),
        correction=_unsaid(case, index, span) if told else leave_out(case, index),
    )


def _unsaid(case: Case, index: int, span: Span) -> Correction | None:
    """Leave out a word of change that opens what is said of a finding: "Stable cardiomegaly"."""
    if not any(f.sentence == index and phrase(f, case).start == span.start for f in case.findings):
        return None
    text = case.report.text
    rest = _REST.match(text, span.end)
    if rest is None:
        return None
    opens = case.report.sentences[index].span.start == span.start
    first = rest.group(1)
    return Correction(Span(span.start, rest.end()), first.upper() if opens else first)
