"""Denials that name a kind by their own words: "no cavitary nodule", "no axillary adenopathy"."""

import csv
import re
from functools import cache
from importlib.resources import files

from app.proofreading.case import Case
from app.proofreading.comparing import ANYWHERE, is_device, subsumes, told_name
from app.proofreading.detectors.denials import is_old_by_kind, words_of_its_place
from app.proofreading.detectors.device_kinds import is_only_one
from app.proofreading.detectors.kinds import is_told_bare, kinds_of_any
from app.proofreading.findings import Finding, compositions
from models.lexical import load_modifiers
from models.tokens import fold
from models.types import EntityKind

_STEM = 4
# words before a finding that only say where it always is
GENERAL = frozenset(
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
_TWO = 2  # words of a predicate: "widening of"
_HERNIA = "RP:hiatal-hernia"
_BREAK = "RP:fracture"
BONE, _BONE_METASTASIS = "RP:osseous-lesion", "RP:bone-metastasis"
EATING = re.compile(
    r"\b(?:destr\w+|lytic|\w*lucen\w+|\w*lysis|osteoly\w+|erod\w+|erosions?|permeat\w+|moth-?\s?eaten|aggressive|punched|expansile|"
    r"expand\w+|myelom\w+|plasmacytom\w+|malignan\w+|tumou?rs?|neoplas\w+|patholog\w+|cyst\w*|bubbly|soap-?bubble)\b",
    re.IGNORECASE,
)
DENSE = re.compile(r"\b(?:\w*sclero\w+|\w*blastic|dense|bone islands?|enostos[ie]s)\b", re.IGNORECASE)
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
PARTIAL = frozenset(  # kinds and places that a bare word holds all of
    "basal basilar bibasal bibasilar apical biapical lobar segmental subsegmental linear discoid plate like platelike "
    "band bandlike compressive dependent relaxation streaky plate-like band-like confluent passive strandy "
    "cardiogenic noncardiogenic hydrostatic perihilar bat wing batwing butterfly florid superimposed flash "
    "obstructive rounded round postobstructive".split()
)
_OLD_WORDS = frozenset("residual old prior previous remote healed chronic calcified".split())


@cache
def _words_of_no_kind() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Concept -> (words before it that name no kind of it, words of kind that hold for every one)."""
    with files("app").joinpath("proofreading/detectors/no_kinds.tsv").open(encoding="utf-8") as lines:
        rows = list(csv.reader(lines, delimiter="\t"))[1:]
    return {concept: (frozenset(same.split()), frozenset(usual.split())) for concept, same, usual in rows}


def usual_kinds(concept: str | None) -> frozenset[str]:
    """Words of kind that hold for every one of these: a mass is focal."""
    return _words_of_no_kind().get(concept or "", (frozenset[str](), frozenset[str]()))[1]


def names_a_kind(denial: Finding, described: Finding, case: Case) -> bool:
    """True when the denial names a kind that is not described: "cavitary nodule", "axillary adenopathy"."""
    if not denial.entity.rules or is_device(
        denial
    ):  # words that deny by themselves; kinds of devices: a table
        return False
    if subsumes(BONE, described.concept or "", case.facts):
        return _of_other_bones(denial, described, case)
    denied, told = (
        fold(told_name(finding)).replace("hiatus", "hiatal").split() for finding in (denial, described)
    )
    told = [*(word for one in described.descriptors for word in fold(one.quote).split()), *told]
    if _is_form(denied[-1], told[-1]):
        usual = _OLD_WORDS if is_old_by_kind(described, case) else frozenset[str]()
        usual |= of_same_kind(described, case) | kinds_of_any(described, case)
        usual |= _naming(denial.concept) if denial.concept == described.concept else frozenset()
        usual |= PARTIAL if is_told_bare(denial, described, case) else frozenset()
        if subsumes(_BREAK, denial.concept or "", case.facts):  # "no rib or clavicle fracture", of ribs
            usual |= words_of_its_place(denial, case)
        kind = bool(set(denied[:-1]) - set(told) - GENERAL - usual - words_of_its_place(described, case))
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
    eats, dense = bool(EATING.search(told)), bool(DENSE.search(told))
    if EATING.search(denied) and not DENSE.search(denied):
        return not eats and (dense or not either)
    return bool(DENSE.search(denied)) and not dense and not EATING.search(denied)


def of_same_kind(described: Finding, case: Case) -> frozenset[str]:
    """Words that name no kind of what is described: every hernia of the stomach behind the heart is a hiatal one."""
    if described.concept == _FOREIGN:
        return _OPAQUE if _IS_OPAQUE.search(described.entity.quote) else frozenset({"retained"})
    words = _words_of_no_kind().get(described.concept or "", (frozenset[str](), frozenset[str]()))[0]
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
