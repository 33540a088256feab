"""Invented releases of any size in the forms of UMLS (RRF) and SNOMED CT (RF2), for tests and benchmarks.

Codes and words are made up; the shape is that of the real ones: several names per concept, a long tail
of relations on few concepts, odd characters, inactive and suppressed rows. One seed, one release.
"""

import random
from collections.abc import Iterator
from pathlib import Path

_SYLLABLES = "ba ce di fo gu la me ni ro tu va xe yi zo pra ste kli".split()
_ODD = ("µ-", "α ", "naïve ", "5′ ", "(NOS) ", "“", "\u200b")
_TYPES = ("T047", "T023", "T033", "T191", "T074", "T060", "T121")
_RELATIONS = ("isa", "inverse_isa", "has_finding_site", "finding_site_of", "part_of", "cause_of", "")
_KINDS = 8  # a concept has about so many kinds, so that a hierarchy of n concepts is log8(n) deep


def write_rrf(folder: Path, concepts: int, relations: int, seed: int = 1) -> Path:
    """MRCONSO, MRSTY and MRREL of about so many concepts and rows of relations."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)
    _write(folder / "MRCONSO.RRF", (row for number in range(concepts) for row in _names(chance, number)))
    _write(folder / "MRSTY.RRF", (_type(chance, number) for number in range(concepts)))
    _write(folder / "MRREL.RRF", (_relation(chance, concepts) for _ in range(relations)))
    return folder


def _write(path: Path, rows: Iterator[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(rows)


def _words(chance: random.Random) -> str:
    words = ("".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4))) for _ in range(chance.randint(1, 4)))
    odd = chance.choice(_ODD) if chance.random() < 0.01 else ""
    return odd + " ".join(words)


def _names(chance: random.Random, number: int) -> Iterator[str]:
    cui = f"C{number:07d}"
    for place in range(min(20, 1 + int(chance.expovariate(0.7)))):
        language = "FRE" if chance.random() < 0.05 else "ENG"
        suppress = "O" if chance.random() < 0.03 else "N"
        status = "P" if place == 0 else "S"
        atom = f"{number}{place:02d}"
        code = f"{number:06d}"
        yield (
            f"{cui}|{language}|{status}|L{atom}|PF|S{atom}|Y|A{atom}||{code}||INVENTED|PT|{code}|{_words(chance)}|0|{suppress}||\n"
        )


def _type(chance: random.Random, number: int) -> str:
    return f"C{number:07d}|{chance.choice(_TYPES)}|A1|invented type|AT{number}|256|\n"


def _relation(chance: random.Random, concepts: int) -> str:
    """A hierarchy of several parents without circles, and a long tail: few concepts end very many relations."""
    rela = chance.choice(_RELATIONS)
    far = chance.randrange(1, concepts)
    near = int(concepts * chance.random() ** 4)
    if rela in ("isa", "inverse_isa", "part_of"):
        near = max(0, far // _KINDS - chance.randrange(3))
    if rela == "inverse_isa":
        near, far = far, near
    return f"C{near:07d}|A1|SCUI|RO|C{far:07d}|A2|SCUI|{rela}|R{near}{far}||INVENTED|INVENTED||Y|N||\n"


def write_rf2(folder: Path, concepts: int, form: str = "Snapshot", seed: int = 1) -> Path:
    """Concept, description, relationship and language files; of Full, with earlier rows as well."""
    chance = random.Random(seed)
    terminology = folder / form / "Terminology"
    terminology.mkdir(parents=True, exist_ok=True)
    language = folder / form / "Refset" / "Language"
    language.mkdir(parents=True, exist_ok=True)
    days = ("20200131", "20240131") if form == "Full" else ("20240131",)
    head = "id\teffectiveTime\tactive\tmoduleId\t"
    tables: dict[str, list[str]] = {
        f"Concept_{form}": [f"{head}definitionStatusId\n"],
        f"Description_{form}-en": [f"{head}conceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\n"],
        f"Relationship_{form}": [
            f"{head}sourceId\tdestinationId\trelationshipGroup\ttypeId\tcharacteristicTypeId\tmodifierId\n"
        ],
    }
    members = [f"{head}refsetId\treferencedComponentId\tacceptabilityId\n"]
    for number in range(concepts):
        code = 900_000 + number
        word = _words(chance)
        active = int(chance.random() > 0.05)
        for day in days:
            state = active if day == days[-1] else 1 - active
            tables[f"Concept_{form}"].append(f"{code}\t{day}\t{state}\t1\t2\n")
        for place, (kind, term) in enumerate(
            (
                (900000000000003001, f"{word} (disorder)"),
                (900000000000013009, word),
                (900000000000013009, f"{word} x"),
            )
        ):
            identifier = code * 10 + place
            tables[f"Description_{form}-en"].append(
                f"{identifier}\t{days[0]}\t1\t1\t{code}\ten\t{kind}\t{term}\t3\n"
            )
            accept = 900000000000548007 if place == 1 else 900000000000549004
            members.append(f"u{identifier}\t{days[0]}\t1\t1\t900000000000509007\t{identifier}\t{accept}\n")
        if number:
            parent = 900_000 + chance.randrange(number)
            tables[f"Relationship_{form}"].append(
                f"{number}\t{days[0]}\t1\t1\t{code}\t{parent}\t0\t116680003\t4\t5\n"
            )
    for name, rows in tables.items():
        (terminology / f"sct2_{name}_INT_20240131.txt").write_text("".join(rows), encoding="utf-8")
    (language / f"der2_cRefset_Language{form}-en_INT_20240131.txt").write_text(
        "".join(members), encoding="utf-8"
    )
    return folder
