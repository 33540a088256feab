"""Who the patient is and what was ordered: the text says one thing, the order another."""

import random
import re
from collections.abc import Mapping
from functools import partial

from app.evaluation.injectors.common.page import BODY, Page, add, swap
from app.evaluation.injectors.common.tables import rows
from app.evaluation.injectors.common.ways import Way, anywhere, shuffled
from app.evaluation.items import Injection, Placed
from app.proofreading.report import Context
from models.types import SectionName, Span

_SEX = re.compile(r"\b(male|man|gentleman|boy|female|woman|lady|girl)\b", re.IGNORECASE)
_SWAPS = {
    "male": "female", "man": "woman", "gentleman": "lady", "boy": "girl",
    "female": "male", "woman": "man", "lady": "gentleman", "girl": "boy",
}  # fmt: skip
_FEMALE = re.compile(
    r"\b(?:breast|mastect|mammo|hyster|pregnan|uter|ovar|postpart|her\b|she\b)", re.IGNORECASE
)
_MALE = re.compile(r"\b(?:prostat|testi[sc]|testes|semino|penile|his\b|he\b)", re.IGNORECASE)
_SHORT = re.compile(
    r"\b\d{1,3} ?(?:-?y(?:rs?)?[/.]?o?|years?)\b|\byo[fm]\b|\d+ ?(?:yo)?[fm]\b|\b\d{2}XXXX", re.IGNORECASE
)
_AGE = re.compile(r"\b(?:XXXX|\d{1,3})(?=[- ]years?[- ]old\b)")
_YOUNG = re.compile(
    r"\b(?:child|infant|newborn|pediatric|boy|girl|month|thym|old age|elderly|geriat|senile)", re.IGNORECASE
)


def sex_of(page: Page) -> str | None:
    """The sex that the text names; "" where it names none, None where it names both or an age in figures."""
    if _SHORT.search(page.words(SectionName.INDICATION)):
        return None
    words = {match.group().lower() for match in _SEX.finditer(page.text)}
    sexes = {"male" if word in ("male", "man", "gentleman", "boy") else "female" for word in words}
    if len(sexes) > 1:
        return None
    return sexes.pop() if sexes else ""


def _swap_sex(page: Page, rng: random.Random) -> Placed | None:
    """The other sex in the text than the order gives."""
    sex = sex_of(page)
    hits = [(line, match) for line in page.lines for match in _SEX.finditer(line.text)]
    if not sex or len(hits) != 1:
        return None
    line, match = hits[0]
    context = Context(patient_sex=sex, patient_age=float(rng.randrange(25, 80)))
    return "sex", swap(line, match, _SWAPS[match.group().lower()]), context


def _said_of_sex(family: str, page: Page, rng: random.Random) -> Placed | None:
    """Anatomy, surgery or a pronoun of the other sex."""
    sex = sex_of(page)
    marked = {"female": _FEMALE.search(page.text), "male": _MALE.search(page.text)}
    options = [row for row in rows(family, "patients") if row["kind"] in ("male", "female")]
    for row in shuffled(options, rng):
        given = "male" if row["kind"] == "female" else "female"
        if sex not in ("", given) or marked[row["kind"]]:
            continue
        section = SectionName[row["section"]]
        edit = add(page, section, row["text"], rng)
        if edit is not None:
            return "said of sex", edit, Context(patient_sex=given, patient_age=float(rng.randrange(25, 80)))
    return None


def _swap_age(page: Page, rng: random.Random) -> Placed | None:
    """Another age in the text than the order gives."""
    hits = [(line, match) for line in page.lines for match in _AGE.finditer(line.text)]
    if len(hits) != 1 or _YOUNG.search(page.text) or sex_of(page) is None:
        return None
    age = rng.randrange(25, 50)
    stated = age + rng.randrange(18, 40) if rng.random() < 0.6 else rng.randrange(2, age - 20)
    return (
        "age",
        swap(*hits[0], str(stated)),
        Context(patient_age=float(age), patient_sex=sex_of(page) or None),
    )


def _said_of_age(family: str, page: Page, rng: random.Random) -> Placed | None:
    """What fits another time of life only."""
    if _YOUNG.search(page.text) or sex_of(page) is None:
        return None
    for row in shuffled([row for row in rows(family, "patients") if row["kind"] in ("child", "old")], rng):
        age = rng.randrange(48, 80) if row["kind"] == "child" else rng.randrange(20, 32)
        if row["kind"] == "old" and re.search(
            r"degenerat|tortuo|osteop|athero|spondyl", page.text, re.IGNORECASE
        ):
            continue
        edit = add(page, SectionName[row["section"]], row["text"], rng)
        if edit is not None:
            return "said of age", edit, Context(patient_age=float(age), patient_sex=sex_of(page) or None)
    return None


def _context(row: Mapping[str, str]) -> Context:
    return Context(
        modality=row["modality"] or None,
        body_part=row["body_part"] or None,
        procedure=row["procedure"] or None,
        laterality=row["laterality"] or None,
    )


def _other_exam(family: str, page: Page, rng: random.Random) -> Placed | None:
    """A title that names another examination than the order."""
    lines = page.of(SectionName.EXAM)
    if not lines or not re.search(r"\b(?:chest|cxr)\b", page.words(SectionName.EXAM)):
        return None
    row = rng.choice([row for row in rows(family, "orders") if row["where"] == "EXAM"])
    span = Span(lines[0].span.start, lines[-1].span.end)
    return "exam", Injection(span, row["text"]), _context(row)


def _other_technique(family: str, page: Page, rng: random.Random) -> Placed | None:
    """A sentence that belongs to another examination than the order."""
    options = [row for row in rows(family, "orders") if row["where"] == "BODY"]
    if not options or not re.search(r"\b(?:chest|cxr)\b", page.words(SectionName.EXAM)):
        return None
    row = rng.choice(options)
    edit = anywhere(page, (SectionName.FINDINGS,), row["text"], rng) or anywhere(page, BODY, row["text"], rng)
    return None if edit is None else ("technique", edit, _context(row))


def demographic(family: str) -> list[Way]:
    """The ways of this family to speak of another patient."""
    said: list[Way] = [partial(_said_of_sex, family), partial(_said_of_age, family)]
    return [_swap_sex, _swap_age, *said] if family == "keyword" else [*said, *said, _swap_sex, _swap_age]


def order(family: str) -> list[Way]:
    """The ways of this family to report another examination."""
    return [partial(_other_exam, family), partial(_other_technique, family)]
