"""Denials of a kind only: "no large effusion", "no new opacity", "no flow-limiting lesion"."""

import re
from functools import cache
from itertools import islice

from app.proofreading.case import Case
from app.proofreading.comparing import (
    REPORTED,
    asserted,
    is_device,
    phrase,
    subsumes,
)
from app.proofreading.detectors.clauses import of_its_clause, opened
from app.proofreading.detectors.denials import of_another_age
from app.proofreading.detectors.denying import is_worrying
from app.proofreading.detectors.kinds import is_of_part, is_told_bare, kinds_of_any, of_every_age
from app.proofreading.detectors.narrower import (
    BONE,
    DENSE,
    EATING,
    GENERAL,
    PARTIAL,
    names_a_kind,
    of_same_kind,
    usual_kinds,
)
from app.proofreading.findings import Finding, Status
from models.lexical import load_absences
from models.tokens import fold
from models.types import EntityKind

# a masked word between "no" and the finding may be "new" or "other"
_MASK_REACH = 30
_ACTIVE = re.compile(r"(?:active|acute|recurrent|residual)\b", re.IGNORECASE)
_NON = re.compile(r"\bnon[- ]\Z", re.IGNORECASE)
_NOW = re.compile(r"\s+(?:now|currently)\b", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]{3,}")
_DENIER = re.compile(r"\b(?:no|not|nor|nil|neither|without)\b", re.IGNORECASE)  # before it stands a place
_WORD_BEFORE = re.compile(r"(?<![A-Za-z-])([A-Za-z-]+)\s+\Z")
# words between "no" and the finding that leave its meaning whole
_PLAIN = frozenset(
    "no not nil of for or and nor any the a an is are was were without evidence sign signs negative definite there "
    "demonstrate demonstrates show shows reveal reveals see seen identify identified have has with to suggest "
    "suggesting indicate indicating absence free from visible obvious gross radiographic convincing either other "
    "clear be been exclude lacks lack neither denies pleural in both on abnormal complicating associated underlying "
    "accompanying resultant ensuing free as appear appears seem seems look looks does do did apparent "
    "questioned suspected reported described residual remaining persistent recurrent intrathoracic "
    "thoracic intrapulmonary discernible demonstrable identifiable detectable recognizable radiographically "
    "postprocedural post-procedural procedural "
    "iatrogenic post-procedure postprocedure longer features feature evident intraparenchymal radiological radiologic "
    "series radiograph radiographs view views film films detail stigmata nil neg zero area areas region regions focus x-ray "
    "appreciable perceptible noticeable recognisable excludes excluding refutes devoid absent everywhere nowhere all "
    "foci element component amount degree excess undue nothing stay stays remain remains now currently patient "
    "indwelling retained unexpected".split()
)
# what is denied with these may be there and slight
_NOTABLE = frozenset({"appreciable", "noticeable", "perceptible"})
_PARTLY = re.compile(r"\b(?:most|part|portion|majority|much|bulk|some|half)\b", re.IGNORECASE)
_REST = re.compile(
    r"\b(?:otherwise|o/w|remainder|remaining|rest of|elsewhere|superimposed|superadded)\b", re.IGNORECASE
)
_AT_ONE_PLACE = re.compile(
    r"\s+(?:at|in) (?:this|that|the marked|the indicated) (?:location|site|level|spot|position|place|area|region)\b",
    re.IGNORECASE,
)
_VIEW = re.compile(  # one of several views or images
    r"\b(?:on|in) the (?:ins|ex)piratory\b|\b(?:on|in) the (?:supine|erect|upright|lateral|frontal|decubitus|oblique|"
    r"first|initial|immediate|early|previous|prior|earlier)(?: \w+)? (?:view|film|image|radiograph|projection|study|"
    r"examination|exam)s?\b|\b(?:film|image|scan|radiograph)s? at \d",
    re.IGNORECASE,
)
_NO_VIEW = re.compile(r"(?!)")
_TELLING = {  # the view that shows it if any does: a denial on it is one of the finding
    "RP:free-air": re.compile(r"erect|upright|decubitus", re.IGNORECASE),
    "RP:pneumothorax": re.compile(r"\bexpiratory|erect|upright|decubitus", re.IGNORECASE),
    "RP:pleural-effusion": re.compile(r"erect|upright|decubitus", re.IGNORECASE),
}
_DISPLACED = re.compile(r"\bdisplaced\b", re.IGNORECASE)  # "no displaced fracture" beside a hairline
_IN_PLACE = re.compile(
    r"\b(?:minimally|barely|not)[- ]displaced|\b(?:hairline|incomplete|buckle|stress|occult|subtle)\b",
    re.IGNORECASE,
)
_MOST_TOLD = 8  # findings of one kind that are read, in a report that tells of many
_LONG = 5  # letters that a word and what "non" or "un" turns share: "no fibrosis", non-fibrotic disease
_CURVES = frozenset({"RP:scoliosis", "RP:kyphoscoliosis"})
_DENIES = re.compile(
    r"\b(?:no|not|nor|without|free of|free from|absence of|clear of|devoid of)\s", re.IGNORECASE
)
_MASKED = re.compile(r"\b(?:X{3,}|_{2,})\b")
# "no definite effusion" over a large one
_ANY = frozenset({"abnormal", "definite", "discrete", "visible", "visualized", "remaining"})
_OF_NOTE = frozenset({"significant", "obvious", "overt", "frank"})
_ACUTE = (
    "RP:airspace-opacity",
    "RP:pneumonia",
    "RP:pulmonary-edema",
    "RP:pleural-effusion",
    "RP:pneumothorax",
)
# kinds that together are all there is: "no focal or diffuse thickening"
_WHOLE = re.compile(
    r"\b(?:focal or diffuse|diffuse or focal|locali[sz]ed or (?:diffuse|generali[sz]ed)|unilateral or bilateral|"
    r"loculated or (?:free|layering|dependent)|(?:free|layering|subpulmonic) or (?:loculated|layering|subpulmonic)|"
    r"(?:small|simple|apical|left|acute|smooth|partial) or (?:large|tension|basal|right|chronic|nodular|complete)|"
    r"(?:large|tension|right|nodular) or (?:small|simple|left|smooth)|calcified or (?:non-?calcified|uncalcified))\s",
    re.IGNORECASE,
)
_UNBOUND = frozenset({"free"})  # "no free effusion" beside an interlobar one
_BOUND = re.compile(r"loculat|encyst|encapsul|interlobar|fissur", re.IGNORECASE)
_SIZEABLE = frozenset({"sizeable", "sizable", "substantial", "considerable", "measurable"})
_WORRY = frozenset(
    "suspicious concerning worrisome worrying dominant aggressive malignant sinister ominous malignant-looking "
    "malignant-appearing suspect neoplastic cancerous".split()
)
_LEFT = frozenset({"residual", "remaining", "persistent", "persisting"})
_SLIGHT, _GROSS = frozenset({"trace", "mild"}), frozenset({"moderate", "moderate-severe", "severe"})
_OLD = frozenset({"stable", "old", "chronic", "resolved", "decreased"})


def is_limited(denial: Finding, described: Finding, case: Case) -> bool:
    """True when only a kind is denied ("no large effusion", "no new opacity") that is not described."""
    if denial.entity.historical:  # what was there and is gone
        return bool(denial.severities or denial.measurements)
    ever = of_every_age(denial, case)
    if not ever and any(  # "no new effusion"; "no effusion has developed" is none at all
        change.value == "new" and change.span.start < denial.entity.span.start for change in denial.changes
    ):
        return not any(change.value == "new" for change in described.changes)
    out = is_device(denial) and not denial.entity.rules  # "chest tube pulled"
    of_kind = not out and _of_a_kind(denial, described, case)
    if denial.measurements or of_kind or is_of_part(denial, described, case):
        return True  # "no nodule of 5 mm or greater"
    denial = of_its_clause(denial, case)
    other_age = not ever and of_another_age(_acuities(denial) - _not_old(described, case), described, case)
    return other_age or (not out and _is_worded(denial, described, case))


def _is_worded(denial: Finding, described: Finding, case: Case) -> bool:
    """True where words of degree, kind, rest or view limit the denial to what is not described."""
    text, start = case.report.text, case.report.sentences[denial.sentence].span.start
    if _WHOLE.search(text, start, denial.entity.span.end):
        return False
    if denial.severities and {s.value for s in denial.severities} - {s.value for s in described.severities}:
        return True
    if (
        names_a_kind(denial, described, case)
        or _REST.search(text, start, denial.entity.span.start)
        or _AT_ONE_PLACE.match(text, denial.entity.span.end)
    ):
        return True
    view = _VIEW.search(case.report.quote(case.report.sentences[denial.sentence].span))
    if view and not _TELLING.get(denial.concept or "", _NO_VIEW).search(view.group()):
        return True
    if _of_the_other_kind(text[start : denial.entity.span.end], described, case):
        return True
    if not is_device(described) and fold(denial.entity.quote) in _absences():
        # words that deny by themselves take a subject of any words: "the heart occupies | less than half of the thorax"
        return bool(_PARTLY.search(text, start, denial.entity.span.start))
    if _kind_before(denial, described, case, start) or _unread_words(denial, case):
        return True
    return bool(_kinds_ahead(denial, described, case) - {word.value for word in described.descriptors})


def _kind_before(denial: Finding, described: Finding, case: Case, start: int) -> bool:
    """True for a masked or unread word before what is denied: "no flow-limiting lesion", "no XXXX opacity"."""
    begin = max(start, denial.entity.span.start - _MASK_REACH)
    if _MASKED.search(case.report.text, begin, denial.entity.span.start):
        return True
    before = _WORD_BEFORE.search(case.report.text, begin, phrase(denial, case).start)
    if before is None or not denial.entity.rules:  # words that deny by themselves
        return False
    grades = {grade.value for grade in described.severities}
    plain = _PLAIN | of_same_kind(described, case)
    plain |= _WORRY if is_worrying(described, case) else frozenset()
    plain |= _SIZEABLE if grades & _GROSS else frozenset()
    plain -= _UNBOUND if _BOUND.search(case.report.quote(phrase(described, case))) else frozenset()
    word = before.group(1).lower()
    if word in plain - (_NOTABLE if grades & _SLIGHT else frozenset()):
        return False
    return word not in PARTIAL or not is_told_bare(denial, described, case)


def _of_the_other_kind(denied: str, described: Finding, case: Case) -> bool:
    """True for "no displaced fracture" beside a nondisplaced one, "no opaque body" beside one that is not."""
    plain, in_place = _told_of(described, case)
    if in_place and _DISPLACED.search(denied):
        return True
    words = (word.lower()[:_LONG] for word in _WORD.findall(denied) if len(word) >= _LONG)
    return any(f"non{word}" in plain or f"un{word}" in plain for word in words)


def _told_of(described: Finding, case: Case) -> tuple[str, bool]:
    """(words without spaces, whether of a break in place) of its sentence and the first that tell of the same."""
    key = "told of", described.concept, described.sentence
    if key not in case.memo:
        same = (f.sentence for f in asserted(case, REPORTED) if f.concept == described.concept)
        numbers = dict.fromkeys((described.sentence, *islice(same, _MOST_TOLD)))
        told = " ".join(case.report.quote(case.report.sentences[number].span) for number in numbers)
        case.memo[key] = re.sub(r"[-\s]", "", told.lower()), bool(_IN_PLACE.search(told))
    found: tuple[str, bool] = case.memo[key]
    return found


def _kinds_ahead(denial: Finding, described: Finding, case: Case) -> set[str | None]:
    """Words of kind before what is denied, without those that deny what is described just as well."""
    ahead = {word.value for word in denial.descriptors if word.span.start < denial.entity.span.start}
    if described.concept in _CURVES:
        ahead.discard("abnormal")  # as every curve to a side is
    if len(described.sides) == 1 or described.sites or described.concept == BONE:
        ahead.discard("focal")  # what lies in one place is focal
    ahead -= kinds_of_any(described, case)
    if ahead & PARTIAL and is_told_bare(denial, described, case):
        ahead -= PARTIAL
    ahead -= usual_kinds(described.concept)
    if ahead & _WORRY and is_worrying(described, case):
        ahead -= _WORRY
    if described.concept == BONE:  # ``names_a_kind`` has asked
        ahead = {kind for kind in ahead if kind is None or not (EATING.search(kind) or DENSE.search(kind))}
    grades = {grade.value for grade in described.severities}
    if described.status is Status.PRESENT and not grades & _SLIGHT:
        ahead -= _ANY | (_OF_NOTE if grades & _GROSS else frozenset())
    return ahead


def _acuities(denial: Finding) -> frozenset[str]:
    """The ages that are denied; "residual" is none where nothing is left."""
    ages = frozenset(a.value or "" for a in denial.acuities if a.quote.lower() not in _LEFT)
    return frozenset() if {"acute", "chronic"} <= ages else ages  # "no acute or chronic process"


def _not_old(described: Finding, case: Case) -> frozenset[str]:
    """Acute, for what is so by its kind and not old by its words: no acute infiltrate is no infiltrate."""
    old = {entity.value for entity in (*described.changes, *described.acuities)} & _OLD
    kind = any(subsumes(one, described.concept or "", case.facts) for one in _ACUTE)
    return frozenset({"acute"}) if kind and not old else frozenset()


def _of_a_kind(denial: Finding, described: Finding, case: Case) -> bool:
    """True for "no lead fracture", "no active TB" over an old one, "non-calcified", "none now"."""
    text, span = case.report.text, denial.entity.span
    here = case.by_sentence.get(denial.sentence, ())
    owns = any(e.kind is EntityKind.OBSERVATION and e.span.start - span.end == 1 for e in here)
    active = _ACTIVE.match(denial.entity.quote)
    if active and (
        active.group().lower() in of_same_kind(described, case) or _ACTIVE.search(described.entity.quote)
    ):
        active = None
    start = case.report.sentences[denial.sentence].span.start
    non = _NON.search(text, start, phrase(denial, case).start)
    now = _NOW.match(text, span.end)
    return (is_device(denial) and owns) or bool(active or non or now)


def _unread_words(denial: Finding, case: Case) -> bool:
    """True for words before the finding that no rule knows: "no osseous Bankart lesion"."""
    start, end = phrase(denial, case).start, denial.entity.span.start
    start = max(start, opened(denial, case))
    start = max((denier.end() for denier in _DENIER.finditer(case.report.text, start, end)), default=start)
    read = [e.span for e in case.by_sentence.get(denial.sentence, ()) if e.span.start < end]
    denies = [match.end() for match in _DENIES.finditer(case.report.text, start, end)]
    between = _WORD.finditer(case.report.text, max(denies, default=start), end)
    return any(
        match.group().lower() not in _PLAIN | GENERAL
        for match in between
        if not any(span.start <= match.start() < span.end for span in read)
    )


@cache
def _absences() -> frozenset[str]:
    return frozenset(fold(words) for words, _ in load_absences())
