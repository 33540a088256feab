"""What templates and macros leave behind: unfilled fields, pick lists, repeated words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.proofreading.case import Case
from app.proofreading.comparing import is_chest
from app.proofreading.parts import sentences_aside
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from models.types import Span

_PICK = (
    "left|right|bilateral|no|mild|moderate|severe|small|large|trace|minimal|present|absent|normal|abnormal|"
    "stable|new|increased|decreased|unchanged|upper|middle|lower|single|multiple|yes|none|male|female"
)


_GRADES = (
    r"good|moderate|poor|fair|adequate|mild|severe|normal|abnormal|none|present|absent|stable|improved|worse|increased|"
    r"decreased|unchanged|small|large|left|right|bilateral"
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A pattern of leftovers; masks of de-identification ([**...**], ___, XXXX) match none."""

    id: str
    pattern: re.Pattern[str]
    message: str
    confidence: float
    keep: str = ""  # what the fix leaves, as a replacement template


_RULES = (
    _Rule(
        "field",
        re.compile(r"\[(?!\*\*)\s*[xX]?\s*\]|\{\s*\}|<\s*>|\(\s*\)|«[^»\n]{0,40}»"),
        "An empty field was not filled in.",
        0.9,
    ),
    _Rule(
        "named_field",
        re.compile(
            r"\[(?!\*\*)[*_ ]?(?:side|laterality|size|severity|location|date|findings?|impression|comparison|"
            r"name|level|value|insert[^\]]{0,30}|fill[^\]]{0,30}|free text|field \d+|\w+ here)[*_ ]?\]"
            r"|\{[A-Za-z_ ]{2,30}\}|<(?!(?:br|p|b|i|u|div|span)>)[A-Za-z_ ]{2,30}>"
            r"|@[A-Z][A-Z0-9_]+@|\{[A-Za-z_ /]{2,30}:\d+\}|\$\{?[A-Za-z_]{3,}\}?"
            r"|\[(?!\*\*|sic\b)[A-Za-z][A-Za-z ,/.-]{0,40}\]",
            re.IGNORECASE,
        ),
        "A template field was not filled in.",
        0.9,
    ),
    _Rule(
        "pick_list",
        re.compile(
            rf"[\[({{](?:{_PICK})(?:\s?[/|]\s?(?:{_PICK}))+[\])}}]|\b(?:left/right|right/left|and/or no)\b"
            r"|\b(?:yes/no|present/absent|normal/abnormal|abnormal/normal|normal/enlarged|enlarged/normal|"
            r"positive/negative|"
            r"clear/opaque|stable/changed|he/she|his/her|him/her)\b|\b(?:"
            + _GRADES
            + r")(?:/(?:"
            + _GRADES
            + r")){2,}\b",
            re.IGNORECASE,
        ),
        "A choice was left open.",
        0.88,
    ),
    _Rule(
        "markup",
        re.compile(
            r"<<[^<>\n]{1,40}>>|\{\{[^{}\n]{1,40}\}\}|%[A-Za-z][A-Za-z_ ]{1,30}%|(?<!\w)#[A-Za-z][A-Za-z_ ]{1,30}#"
            r"|\|[A-Za-z][A-Za-z_ ]{1,30}\||\^[A-Za-z][A-Za-z_ ]{1,30}\^|~[A-Za-z][A-Za-z_ ]{1,30}~|\$[A-Z_]{3,}\$"
            r"|&#x?\w{1,5};|\\par\b|\{\\rtf1|#(?:VALUE!|REF!|N/A\b|NAME\?)"
            r"|(?<!\S)\.(?:nl\w{2,}|normal\w+|macro\w*|cxr\w+|ctchest\w*|attest|dictated|sig)\b"
            r"|</?(?:br|p|b|i|u|div|span|font|td|tr)\s?/?>|&nbsp;|\\[nrt]\b|\bnull\b|\bundefined\b|\bNaN\b"
        ),
        "A mark of the template or the interface was left in the report.",
        0.88,
    ),
    _Rule(
        "instruction",
        re.compile(
            r"\b(?:insert|enter|fill in|type|add|dictate|describe|specify|select|choose)\s+(?:\w+\s+){0,4}?"
            r"(?:here|below|one|text|option)\b"
            r"|\b(?:please|pls)\s+(?:insert|enter|fill|select|choose|complete|specify|delete)\b"
            r"|\bdelete\s+(?:as|if|where|when)\s+(?:appropriate|applicable|not)\b|\bpress\s+F\d\b|\bfree text\b"
            r"|\bmacro\s+(?:\w+\s+)?(?:here|end|start|name)\b|\bsample text\b|\bnormal template\b"
            r"|\bmacro:|\b(?:no macro|macro not) found\b|\b(?:field required|field not found|(?:mandatory|"
            r"required) field)\b"
            r"|\b(?:dummy|default) text\b|\bthis is a test\b|\b(?:test|sample) report\b|\bleave blank\b|\(blank\)"
            r"|\bnote to transcription\w*|\btranscriptionist:|\beditor note\b|\bplease verify\b|\(verify\)"
            r"|\binaudible\b|[\[(]sp\??[\])]|\b(?:begin|end of) template\b|\bcut and paste\b"
            r"|\binsert (?:macro|template|normal|comparison|autotext)\b|\bautotext\b|\bto be (?:dictated|filled in)\b"
            r"|\bdelete (?:this|the) (?:line|sentence|text|section|paragraph)\b|\bFIELD ?\d+\b"
            r"|\b(?:see|use|as in) (?:the )?(?:above |standard |normal )?(?:template|macro)\b"
            r"|\bcop(?:y|ied) from (?:the )?(?:prior|previous|last|old) report\b"
            r"|\b(?:choose|select) (?:an item|from (?:the |a )?(?:drop-?down )?list)\b|\bpick one\b|"
            r"\bclick (?:here|to add)\b"
            r"|\b(?:impression|findings|comparison|text|history) goes here\b|\b(?:edit|"
            r"change) as (?:appropriate|needed)\b"
            r"|\bremove (?:this|the) (?:line|sentence|section|text) if\b|\b(?:do not|don't) release\b|\blorem ipsum\b"
            r"|\bpaste (?:prior|previous|old|last) (?:impression|findings|report)\b|\bauto-?(?:populated|"
            r"generated|filled) text\b"
            r"|\bfield (?:left )?(?:blank|empty)\b|\bdefault value\b|\boption \d\s?[/|]\s?option \d\b|\bplaceholder\b"
            r"|\b(?:indicate|specify|list|state|give) (?:the )?(?:side|lobe|level|size|location|laterality|"
            r"findings|date|"
            r"segment|number|severity)(?= here\b|\s?[.;]|\s?$)|\btemplate:|\bmacro [A-Z]{4,}\b",
            re.IGNORECASE,
        ),
        "An instruction of the template was left in the report.",
        0.86,
    ),
    _Rule(
        "voice_command",
        re.compile(
            r"(?i:\b(?:new|next)\s+(?:paragraph|line|field|bullet)\b|\bfull stop\b|\bscratch that\b|"
            r"\bend (?:of )?dictation\b"
            r"|\b(?:open|close)\s+(?:paren(?:thesis)?|bracket|quote)\b|\bcap(?:s)? (?:on|off)\b|\bperiod period\b"
            r"|\b(?:strike|delete|undo|erase) (?:that|(?:the )?(?:last|previous) (?:sentence|line|word))\b|"
            r"\bstop (?:recording|dictation|dictating)\b"
            r"|\b(?:sign|send|save|finalize) (?:the )?report\b|\b(?:exclamation|question) (?:mark|point)\b|"
            r"\bforward slash\b"
            r"|\bgo to (?:impression|findings|end)\b|\bmove to end\b|\bselect (?:all|that)\b|\bcorrect that\b|"
            r"\btab key\b"
            r"|\b(?:start|begin) dictation\b|\bdictation (?:ends|continues)\b|\bprevious field\b|\bquote unquote\b"
            r"|\bcapital letter\b|\bsave (?:as )?draft\b|\bmark as preliminary\b|\bsend to transcription\b"
            r"|\b(?:number|numeral) next\b|\bnext (?:number|item|point|section)\b|\ball caps\b)"
            r"|\b(?:u+h+|u+m+|erm|end (?:of )?report)\b"
            r"|(?i:\bpress (?:enter|tab|return)\b|\bstart (?:impression|findings)\b|\bparagraph break\b|\bcap that\b)"
            r"|(?:^|(?<=[.:;] ))(?i:comma|colon|period|hyphen|semicolon)(?= (?i:the|there|no|new|heart|"
            r"lungs?)\b|\.(?:\s|$))"
            r"|(?<=[a-z] )comma(?= [a-z])|(?<=[a-z] )comma(?=[.,])"
            r"|(?<=[a-z] )(?<!week )(?<!month )(?<!year )(?<!day )(?<!hour )(?<!time )"
            r"(?<!operative )(?<!interval )period(?=[.,])",
        ),
        "A spoken command was written out.",
        0.8,
    ),
    _Rule(
        "placeholder",
        re.compile(
            r"\?\?\?+|~~+|(?<![:/])///+|(?<!\*)\*\*\*(?!\*)|\b(?:TBD|TODO|lorem ipsum)\b|\bxx+ ?(?:mm|"
            r"cm)\b|(?<!_)_{2,}+ ?(?:mm|cm)\b"
        ),
        "A placeholder was left in the report.",
        0.88,
    ),
    _Rule(
        "unfilled",
        re.compile(
            r"(?<![\w#])#{1,4}(?:\.#{1,4})? ?(?:mm|cm)\b|(?<![\w#])#\.#|\bx\.x ?(?:mm|cm)\b"
            r"|\b(?:measur\w+|of) x ?(?:mm|cm)\b"
            r"|(?<!\w)_ ?(?:mm|cm)\b|\[(?:_+|\.{2,}|\*|#+|-+)\]|<\.{2,}>|\{\d+\}|\b(?:the|a|of|in) \.{4,}"
            r"|(?<!\S)(?:\$\$|%%|@@)+(?=\s|$)|(?<!\S)%(?:[sd]|\d)(?=\s|$)"
            r"|\((?:side|size|insert|location|laterality|l/r|r/l|left/right|(?:circle|choose) one|select\b[^)\n]{0,40})\)"
            r"|\b(?:l/r|r/l) (?=lower|upper|middle|lobe|lung|sided|effusion|base)|\b(?:left / right|right / left)\b"
            r"|\{\w+(?:[|,/] ?\w+)+\}|<\w+(?:[|,/] ?\w+)+>|\b(?:mild\|moderate|left\|right|right\|left|small\|large)\b"
            r"|\b(?:size|level|side|laterality|location|severity|lobe|segment)\s?:\s?[?.](?=\s|$)"
            r"|\b(?:begin|end|start of|normal chest) macro\b|\bas per template\b|\bclick to edit\b|\bdrop-?down\b"
            r"|\b(?:text|section) to be (?:completed|entered|inserted|added)\b|\binserted by (?:macro|template)\b"
            r"|\bsignature block\b|\btemplate version\b|\bversion \d[\d.]* template\b|\bautofill\b|\bdefault normal\b"
            r"|\bloading\.\.\.|#error\b|\berr_\w+|\bt\.b\.d\.|\btbd\b",
            re.IGNORECASE,
        ),
        "A field was left unfilled.",
        0.86,
    ),
    _Rule(
        "repeated_word",
        re.compile(
            r"\b(?!(?:x+|very|that|had|far|many|much|moya|beri|log|cri|walla|c|t|l|s|[ivx]+)\b)"
            r"([A-Za-z]+)[ \t]+\1\b(?![-/])",
            re.IGNORECASE,
        ),
        "A word is repeated.",
        0.75,
        r"\1",
    ),
)
_LEAST_WORDS = 4
_CHOICES = re.compile(r"[A-Za-z]+")


class TemplateArtifact:
    """Searches the text for each kind of leftover, then sections for repeated sentences."""

    types = frozenset({ErrorType.TEMPLATE_ARTIFACT})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates rule by rule, each in text order."""
        for rule in _RULES:
            for match in rule.pattern.finditer(case.report.text):
                yield _candidate(case, rule, match)
        yield from _repeated_sentences(case)


def _candidate(case: Case, rule: _Rule, match: re.Match[str]) -> Candidate:
    span = Span(match.start(), match.end())
    around = next((s.span for s in case.report.sentences if s.span.contains(span)), span)
    fixes = _fixes(case, rule, match)
    return Candidate(
        type=ErrorType.TEMPLATE_ARTIFACT,
        span=span,
        message=rule.message,
        rule=f"template_artifact.{rule.id}",
        confidence=rule.confidence,
        evidence=(Evidence(EvidenceKind.TEXT, span=around),),
        correction=fixes[0],
        alternatives=fixes[1:],
    )


def _fixes(case: Case, rule: _Rule, match: re.Match[str]) -> tuple[Correction, ...]:
    """Without the leftover and the space before it; of a list to pick from, also each choice."""
    span = Span(match.start(), match.end())
    if rule.keep:
        return (Correction(span, match.expand(rule.keep)),)
    text = case.report.text
    start = span.start - 1 if text[max(0, span.start - 1) : span.start] == " " else span.start
    removed = Correction(Span(start, span.end), "")
    choices = _CHOICES.findall(match.group()) if rule.id == "pick_list" else []
    return (removed, *(Correction(span, choice) for choice in choices))


def _repeated_sentences(case: Case) -> Iterator[Candidate]:
    """A sentence of four words or more that stands twice, word for word, in one section of one exam."""
    if sentences_aside(case.report):
        return
    first: dict[tuple[int, str], Span] = {}
    for sentence in case.report.sentences:
        words = sentence.span.of(case.report.text).lower().split()
        if len(words) < _LEAST_WORDS:
            continue
        earlier = first.setdefault((sentence.section, " ".join(words)), sentence.span)
        if earlier != sentence.span:
            yield Candidate(
                type=ErrorType.TEMPLATE_ARTIFACT,
                span=sentence.span,
                message="The sentence stands twice in this section.",
                rule="template_artifact.repeated_sentence",
                confidence=0.62 if len(words) > _LEAST_WORDS and is_chest(case) else 0.55,
                evidence=(
                    Evidence(EvidenceKind.TEXT, span=earlier),
                    Evidence(EvidenceKind.TEXT, span=sentence.span),
                ),
                correction=Correction(sentence.span, ""),
            )
