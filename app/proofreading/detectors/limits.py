"""Denials of a kind only: "no large effusion", "no new opacity", "no flow-limiting lesion"."""

import re
from functools import cache
from itertools import islice

from app.proofreading.case import Case
from app.proofreading.comparing import (
    ANYWHERE,
    REPORTED,
    asserted,
    is_device,
    phrase,
    subsumes,
    told_name,
)
from app.proofreading.detectors.clauses import as_denied, opened
from app.proofreading.detectors.denials import is_old_by_kind, of_another_age, words_of_its_place
from app.proofreading.detectors.denying import is_worrying
from app.proofreading.detectors.device_kinds import is_only_one
from app.proofreading.detectors.kinds import is_of_part, is_told_bare, kinds_of_any, of_every_age
from app.proofreading.findings import Finding, Status, compositions
from models.lexical import load_absences, load_modifiers
from models.tokens import fold
from models.types import EntityKind

# a masked word between "no" and the finding may be "new" or "other"
_MASK_REACH = 30
_STEM = 4
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
# words before a finding that only say where it always is
_GENERAL = frozenset(
    "pleural pulmonary lung lungs parenchymal airspace air space alveolar focal lobar cardiac vascular heart congestive "
    "chamber size contour silhouette shadow "
    "acute central venous interstitial enlarged osseous bony displaced subsegmental rib the a of free or and".split()
)
_ALVEOLAR, _INTERSTITIAL = (re.compile(word, re.IGNORECASE) for word in ("alveolar|airspace", "interstitial"))
_REGION = re.compile(
    r"\b(axill|hil|mediast|paratrach|subcarin|aortopulm|ap window|supraclav|retroperit|pelvi|mesent|cervic|inguin)"
)
_IN_MEDIASTINUM = dict.fromkeys(("paratrach", "subcarin", "aortopulm", "ap window"), "mediast")
_NODES = re.compile(r"\bnod(?:e|al)|adenop|\blad\b", re.IGNORECASE)
_PARTLY = re.compile(r"\b(?:most|part|portion|majority|much|bulk|some|half)\b", re.IGNORECASE)
_REST = re.compile(
    r"\b(?:otherwise|o/w|remainder|remaining|rest of|elsewhere|superimposed|superadded)\b", re.IGNORECASE
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
_TWO = 2  # words of a predicate: "widening of"
_HERNIA = "RP:hiatal-hernia"
_CURVES = frozenset({"RP:scoliosis", "RP:kyphoscoliosis"})
_SAME_KIND = {  # words before a finding of these kinds that name no kind of it
    "RP:compression-fracture": frozenset(
        "compression wedge vertebral body biconcave crush spinal thoracic".split()
    ),
    "RP:degenerative-change": frozenset(
        "disease diseases change changes findings features degenerative spinal".split()
    ),
    "RP:scoliosis": frozenset("scoliotic lateral spinal".split()),
    "RP:vascular-congestion": frozenset("hilar perihilar central upper lobe zone venous".split()),
    "RP:heart-failure": frozenset("left sided ventricular biventricular heart decompensated".split()),
    _HERNIA: frozenset("hiatal retrocardiac diaphragmatic oesophageal esophageal gastric stomach".split()),
    "RP:peribronchial-thickening": frozenset(
        "bronchial peribronchial airway airways wall walls central perihilar bronchovascular peribronchovascular".split()
    ),
    "RP:bronchiectasis": frozenset(
        "dilated ectatic widened bronchial traction dilatation dilation ectasia".split()
    ),
    "RP:interstitial-lung-disease": frozenset("diffuse parenchymal fibrosing fibrotic chronic".split()),
    "RP:mass": frozenset("soft tissue".split()),
    "RP:scar": frozenset(
        "residual fibrotic fibrous cicatricial postinflammatory postinfectious post inflammatory".split()
    ),
    "RP:emphysema": frozenset("emphysematous".split()),
    "RP:cavity": frozenset("cavitary cavitating".split()),
    "RP:metastasis": frozenset("metastatic hematogenous haematogenous".split()),
    "RP:subcutaneous-emphysema": frozenset(
        "subcutaneous subcut surgical surg soft tissue chest wall".split()
    ),
    "RP:free-air": frozenset(
        "intra abdominal intraabdominal intraperitoneal peritoneal subdiaphragmatic sub diaphragmatic subphrenic "
        "infradiaphragmatic extraluminal abdominal".split()
    ),
    "RP:hemidiaphragm-elevation": frozenset(
        "elevation elevated raised high abnormal either unilateral asymmetric diaphragmatic hemidiaphragmatic "
        "diaphragm hemidiaphragm".split()
    ),
    "RP:pleural-thickening": frozenset("residual old chronic based pleural".split()),
    "RP:pleural-effusion": frozenset("parapneumonic reactive sympathetic layering dependent free".split()),
    "RP:pneumothorax": frozenset(
        "apical biapical spontaneous traumatic posttraumatic post-traumatic barotrauma-related biopsy-related "
        "procedure-related line-related iatrogenic occult".split()
    ),
}
_BREAK = "RP:fracture"
_BONE, _BONE_METASTASIS = "RP:osseous-lesion", "RP:bone-metastasis"
_EATING = re.compile(
    r"\b(?:destr\w+|lytic|\w*lucen\w+|\w*lysis|osteoly\w+|erod\w+|erosions?|permeat\w+|moth-?\s?eaten|aggressive|punched|expansile|"
    r"expand\w+|myelom\w+|plasmacytom\w+|malignan\w+|tumou?rs?|neoplas\w+|patholog\w+|cyst\w*|bubbly|soap-?bubble)\b",
    re.IGNORECASE,
)
_DENSE = re.compile(r"\b(?:\w*sclero\w+|\w*blastic|dense|bone islands?|enostos[ie]s)\b", re.IGNORECASE)
_HIATAL = re.compile(
    r"\b(?:para-?\s?o?esophageal|sliding|rolling|mixed|hiat\w+|stomach|gastric|retrocardiac|behind the heart)\b",
    re.IGNORECASE,
)
_OTHER_HERNIA = re.compile(
    r"\b(?:bochdalek|morgagni|diaphragmatic|\w+lateral|parasternal|traumatic|ventral|umbilical|incisional|inguinal|spigelian|"
    r"abdominal|internal|lumbar)\b",
    re.IGNORECASE,
)
_OPAQUE = frozenset("opaque radiopaque radiodense radio retained".split())
_IS_OPAQUE = re.compile(r"opaque|dense|metal", re.IGNORECASE)
_FOREIGN, _OBJECTS = "RP:foreign-body", frozenset("body bodies object objects material".split())
_PLACES = frozenset(
    "hilar perihilar suprahilar mediastinal paratracheal axillary osseous bony bone rib".split()
)
_PARTIAL = frozenset(  # kinds and places that a bare word holds all of
    "basal basilar bibasal bibasilar apical biapical lobar segmental subsegmental linear discoid plate like platelike "
    "band bandlike compressive dependent relaxation streaky plate-like band-like confluent passive strandy "
    "cardiogenic noncardiogenic hydrostatic perihilar bat wing batwing butterfly florid superimposed flash "
    "obstructive rounded round postobstructive".split()
)
_OLD_WORDS = frozenset("residual old prior previous remote healed chronic calcified".split())
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
_USUAL = {  # words of kind that hold for every one of these
    "RP:mass": frozenset("focal discrete rounded round lobulated solid".split()),
    "RP:interstitial-lung-disease": frozenset("diffuse generalized generalised interstitial".split()),
    "RP:nodule": frozenset("focal discrete rounded round nodular".split()),
}
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
    denial = as_denied(denial, case)
    other_age = not ever and of_another_age(_acuities(denial) - _not_old(described, case), described, case)
    return other_age or (not out and _is_worded(denial, described, case))


def _is_worded(denial: Finding, described: Finding, case: Case) -> bool:
    """True where words of degree, kind, rest or view limit the denial to what is not described."""
    text, start = case.report.text, case.report.sentences[denial.sentence].span.start
    if _WHOLE.search(text, start, denial.entity.span.end):
        return False
    if denial.severities and {s.value for s in denial.severities} - {s.value for s in described.severities}:
        return True
    if _narrower(denial, described, case) or _REST.search(text, start, denial.entity.span.start):
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
    plain = _PLAIN | _of_same_kind(described, case)
    plain |= _WORRY if is_worrying(described, case) else frozenset()
    plain |= _SIZEABLE if grades & _GROSS else frozenset()
    plain -= _UNBOUND if _BOUND.search(case.report.quote(phrase(described, case))) else frozenset()
    word = before.group(1).lower()
    if word in plain - (_NOTABLE if grades & _SLIGHT else frozenset()):
        return False
    return word not in _PARTIAL or not is_told_bare(denial, described, case)


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
    if len(described.sides) == 1 or described.sites or described.concept == _BONE:
        ahead.discard("focal")  # what lies in one place is focal
    ahead -= kinds_of_any(described, case)
    if ahead & _PARTIAL and is_told_bare(denial, described, case):
        ahead -= _PARTIAL
    ahead -= _USUAL.get(described.concept or "", frozenset())
    if ahead & _WORRY and is_worrying(described, case):
        ahead -= _WORRY
    if described.concept == _BONE:  # ``_of_other_bones`` has asked
        ahead = {kind for kind in ahead if kind is None or not (_EATING.search(kind) or _DENSE.search(kind))}
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
        active.group().lower() in _of_same_kind(described, case) or _ACTIVE.search(described.entity.quote)
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
        match.group().lower() not in _PLAIN | _GENERAL
        for match in between
        if not any(span.start <= match.start() < span.end for span in read)
    )


@cache
def _absences() -> frozenset[str]:
    return frozenset(fold(words) for words, _ in load_absences())


def _narrower(denial: Finding, described: Finding, case: Case) -> bool:
    """True when the denial names a kind that is not described: "cavitary nodule", "axillary adenopathy"."""
    if not denial.entity.rules or is_device(
        denial
    ):  # words that deny by themselves; kinds of devices: a table
        return False
    if subsumes(_BONE, described.concept or "", case.facts):
        return _of_other_bones(denial, described, case)
    denied, told = (
        fold(told_name(finding)).replace("hiatus", "hiatal").split() for finding in (denial, described)
    )
    told = [*(word for one in described.descriptors for word in fold(one.quote).split()), *told]
    if _is_form(denied[-1], told[-1]):
        usual = _OLD_WORDS if is_old_by_kind(described, case) else frozenset[str]()
        usual |= _of_same_kind(described, case) | kinds_of_any(described, case)
        usual |= _naming(denial.concept) if denial.concept == described.concept else frozenset()
        usual |= _PARTIAL if is_told_bare(denial, described, case) else frozenset()
        if subsumes(_BREAK, denial.concept or "", case.facts):  # "no rib or clavicle fracture", of ribs
            usual |= words_of_its_place(denial, case)
        kind = bool(set(denied[:-1]) - set(told) - _GENERAL - usual - words_of_its_place(described, case))
    elif {denial.concept, described.concept} & ANYWHERE:  # "no hilar mass", a tumour of the apex
        kind = any(word in _PLACES and word not in told for word in denied[:-1])
    else:
        kind = denial.concept == _FOREIGN and denied[-1] not in _OBJECTS  # no sponge; a bullet
        kind = kind and not (told[-1] in _OBJECTS and is_only_one(denial, described, case))
    only = _ALVEOLAR.search(told_name(denial)) and not _INTERSTITIAL.search(told_name(denial))
    alveolar = only and _INTERSTITIAL.search(told_name(described))
    return kind or bool(alveolar) or _of_other_nodes(denial, described, case)


@cache
def _naming(concept: str | None) -> frozenset[str]:
    """Words that name the finding with its structure: "no widening of the mediastinum" denies any widened one."""
    predicates = {predicate for (predicate, _), named in compositions().items() if named == concept}
    phrases = (
        phrase
        for phrase, kind, value in load_modifiers()
        if kind is EntityKind.OBSERVATION and value in predicates
    )
    words = (word for phrase in phrases if phrase.count(" ") < _TWO for word in phrase.split())
    return frozenset(("of", "the", *words)) if predicates else frozenset()


def _of_other_bones(denial: Finding, described: Finding, case: Case) -> bool:
    """True where bone is denied to be eaten away and is denser, or the other way round; a metastasis is either."""
    start = case.report.sentences[denial.sentence].span.start
    denied = case.report.text[start : denial.entity.span.end]
    told = case.report.quote(case.report.sentences[described.sentence].span)
    either = described.concept == _BONE_METASTASIS
    eats, dense = bool(_EATING.search(told)), bool(_DENSE.search(told))
    if _EATING.search(denied) and not _DENSE.search(denied):
        return not eats and (dense or not either)
    return bool(_DENSE.search(denied)) and not dense and not _EATING.search(denied)


def _of_same_kind(described: Finding, case: Case) -> frozenset[str]:
    """Words that name no kind of what is described: every hernia of the stomach behind the heart is a hiatal one."""
    if described.concept == _FOREIGN:
        return _OPAQUE if _IS_OPAQUE.search(described.entity.quote) else frozenset({"retained"})
    words = _SAME_KIND.get(described.concept or "", frozenset[str]())
    of_right = fold(described.entity.quote).startswith("right")  # of the heart that fails
    said = case.report.quote(case.report.sentences[described.sentence].span)
    known = described.concept != _HERNIA or (_HIATAL.search(said) and not _OTHER_HERNIA.search(said))
    return words if known and not of_right else frozenset()


def _is_form(word: str, other: str) -> bool:
    """True for singular and plural of one word."""
    length = max(_STEM, min(len(word), len(other)) - 2)
    return word[:length] == other[:length]


def _of_other_nodes(denial: Finding, described: Finding, case: Case) -> bool:
    """True when nodes of one region are denied and those of another described: "no axillary adenopathy"."""
    if not _NODES.search(told_name(denial)):
        return False
    start = case.report.sentences[denial.sentence].span.start
    denied = _regions(case.report.text[start : denial.entity.span.end])
    places = " ".join((told_name(described), *(site.quote for site in described.sites)))
    told = _regions(places)
    return bool(denied and told) and not denied & told


def _regions(words: str) -> set[str]:
    return {_IN_MEDIASTINUM.get(region, region) for region in _REGION.findall(words.lower())}
