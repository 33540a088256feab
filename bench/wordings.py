"""How many wordings of independent writers are found, and how many correct reports are flagged (samples/wordings).

Statements of one finding are set against each other: told and denied, left and right, mild and severe, told and left out
of the impression, concluded and told nowhere; those of the fourth and fifth set against one plain opposite each, in both
orders. Half of the lines of a set, by checksum, is learnt from; the other half is held. Of the third and fifth set no
line is read.
"""

import csv
import json
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path
from typing import NamedTuple

from app.proofreading.check import check_report
from app.proofreading.report import Context, SubmittedReport, Tier
from app.services import Services, build_services
from app.settings import Settings

FOLDER = Path(__file__).resolve().parents[1] / "samples" / "wordings"
SETS = tuple(FOLDER / name for name in ("first", "second", "third", "fourth", "fifth"))
REPORT = (
    "EXAM: Chest PA and lateral.\nCOMPARISON: Chest radiograph of last year.\nFINDINGS: {}\nIMPRESSION: {}"
)
AS_ABOVE = "As above."
ALL_CLEAR = "No acute cardiopulmonary abnormality."
ACUTE = frozenset(
    "airspace edema effusion pneumothorax rib_fracture vertebral_fracture clavicle_fracture free_air nodule mass".split()
)
MILD, SEVERE = frozenset({"mild", "trivial"}), frozenset({"severe"})
_OTHER_SIDE = {"left": "right", "right": "left"}
_OTHER_DEGREE = {"mild": "severe", "severe": "mild"}
_OTHER_COURSE = {"increased": "better", "decreased": "worse", "unchanged": "worse", "new": "same"}
UNSIDED = frozenset({"tube_tip", "foreign_body"})
OF_CHEST = "The trachea is midline."
ELSEWHERE = "Lungs are clear. No pleural fluid. The trachea is midline."
BESIDE = "The heart is normal in size. The trachea is midline. The bones are intact."
OF_HEART_OR_BONE = frozenset({"cardiomegaly", "rib_fracture", "clavicle_fracture", "vertebral_fracture"})


class Item(NamedTuple):
    """A report; ``wrong`` are the words of which one is to be flagged, empty where nothing is."""

    kind: str
    text: str
    wrong: tuple[str, ...] = ()
    context: Context = Context()


def main() -> None:
    services = build_services(Settings(references_k=0))
    for folder in SETS:
        show(folder, services)
    for path in sorted(FOLDER.glob("correct_*.jsonl")):
        reports = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        flagged = sum(found(Item(path.stem, report["text"]), services) for report in reports)
        print(f"\n{path.stem}: {flagged} of {len(reports)} correct reports flagged")


def show(folder: Path, services: Services) -> None:
    """Print the table of one set."""
    print(f"\n{folder.name} set\n")
    print(
        "| kind | found, learnt | found, held | flagged though right, learnt | held |\n|---|---|---|---|---|"
    )
    counted: Counter[tuple[str, bool, bool, bool]] = Counter()
    for held in (False, True):
        for item in items(folder, held=held):
            counted[item.kind, held, bool(item.wrong), found(item, services)] += 1
    for kind in dict.fromkeys(key[0] for key in counted):
        cells = []
        for wrong, held in product((True, False), (False, True)):
            hit, missed = counted[kind, held, wrong, True], counted[kind, held, wrong, False]
            cells.append(f"{hit}/{hit + missed}" if hit + missed else "")
        print(f"| {kind} | {' | '.join(cells)} |")


def found(item: Item, services: Services) -> bool:
    """True when a flag (medium or high) lies on the wrong words; of a correct report, any flag."""
    checked = check_report(SubmittedReport(item.text, "wording", item.context), services)
    flags = [error.candidate.span for error in checked.errors if error.tier is not Tier.LOW]
    if not item.wrong:
        return bool(flags)
    spans = [(at, at + len(words)) for words in item.wrong if (at := item.text.rfind(words)) >= 0]
    return any(flag.start < end and start < flag.end for flag in flags for start, end in spans)


def items(folder: Path, *, held: bool) -> Iterator[Item]:
    """All reports of one half of a set; a table that the set lacks gives none."""
    statements = [*_rows(folder, "statements_lung", held), *_rows(folder, "statements_other", held)]
    for finding in dict.fromkeys(row["finding"] for row in statements):
        here = [row for row in statements if row["finding"] == finding]
        told = [row for row in here if row["polarity"] == "present"]
        yield from _of_finding(finding, told, [row["text"] for row in here if row["polarity"] == "absent"])
    yield from _pairs(_rows(folder, "pairs", held))
    for row in _rows(folder, "impossible", held):
        for column in ("wrong", "right"):
            parts = [part.strip() for part in row[column].split("||")]
            if len(parts) == 2 or row["kind"] != "pair":
                text = REPORT.format(*(parts if len(parts) == 2 else (parts[0], AS_ABOVE)))
                yield Item(f"impossible {row['kind']}", text, tuple(parts) if column == "wrong" else ())
    yield from _orders(_rows(folder, "order", held))
    for row in _rows(folder, "template", held):
        kind = f"template {row['kind']}"
        yield Item(kind, REPORT.format(f"{OF_CHEST} {row['wrong']}", AS_ABOVE), (row["wrong"],))
        yield Item(kind, REPORT.format(f"{OF_CHEST} {row['right']}", AS_ABOVE))
    for row in _rows(folder, "heard", held):
        yield Item("heard", REPORT.format(row["text"], AS_ABOVE), (row["wrong"],))
        yield Item("heard", REPORT.format(row["text"].replace(row["wrong"], row["right"]), AS_ABOVE))

    yield from _against_plain(folder, held)
    for row in _rows(folder, "contradictions", held):
        yield Item(f"pair {row['kind']}", REPORT.format(row["one"], row["other"]), (row["one"], row["other"]))
        yield Item(f"pair {row['kind']}", REPORT.format(row["one"], row["mended"]))
    for row in _rows(folder, "slips", held):
        yield Item("impossible slip", REPORT.format(row["wrong"], AS_ABOVE), (row["wrong"],))
        yield Item("impossible slip", REPORT.format(row["right"], AS_ABOVE))


def _against_plain(folder: Path, held: bool) -> Iterator[Item]:
    plain = {row["finding"]: row for row in _rows(folder, "plain", None)}
    for row in _rows(folder, "statements", held):
        if row["polarity"] == "neither":
            for sentence in filter(None, (plain[row["finding"]]["present"], plain[row["finding"]]["absent"])):
                yield Item("plain neither", REPORT.format(row["text"], sentence))
            continue
        for kind, opposite in _opposites(row, plain[row["finding"]]):
            yield _contradiction(f"plain {kind}", row["text"], opposite)
            yield _contradiction(f"plain {kind}", opposite, row["text"])


def _opposites(row: dict[str, str], plain: dict[str, str]) -> Iterator[tuple[str, str]]:
    """(kind, plain sentence) of all that contradicts a statement."""
    told = row["polarity"] == "present"
    against = []
    if row["degree"] == row["course"] == "-":
        against.append((f"negation, {'told' if told else 'denied'}", "absent" if told else "present"))
    if told and row["side"] in _OTHER_SIDE:
        against.append(("laterality", _OTHER_SIDE[row["side"]]))
    if row["degree"] in _OTHER_DEGREE:
        against.append(("severity", _OTHER_DEGREE[row["degree"]]))
    if row["course"] in _OTHER_COURSE:
        against.append(("course", _OTHER_COURSE[row["course"]]))
    yield from ((kind, plain[column]) for kind, column in against if plain[column])


def _rows(folder: Path, name: str, held: bool | None) -> Iterator[dict[str, str]]:
    """One half of a table; all of it for None."""
    path = folder / f"{name}.tsv"
    lines = path.read_text("utf-8").splitlines() if path.exists() else [""]
    half = (line for line in lines[1:] if held is None or (zlib.crc32(line.encode()) % 2 == 1) == held)
    kept = [lines[0], *half]
    yield from csv.DictReader(kept, delimiter="\t", quoting=csv.QUOTE_NONE)


def _of_finding(finding: str, told: list[dict[str, str]], denials: list[str]) -> Iterator[Item]:
    for row, denial in product(told, denials):
        yield _contradiction("negation", row["text"], denial)
    for one, other in combinations(told, 2):
        texts = one["text"], other["text"]
        near = one["place"] == other["place"] or "-" in (one["place"], other["place"])
        if {one["side"], other["side"]} == {"left", "right"} and near and finding not in UNSIDED:
            yield _contradiction("laterality", *texts)
        degrees = {one["degree"], other["degree"]}
        if degrees & MILD and degrees & SEVERE and one["side"] == other["side"]:
            yield _contradiction("severity", *texts)
    for row in told:
        if finding in ACUTE:
            yield _contradiction("omitted", row["text"], ALL_CLEAR)
        rest = ELSEWHERE if finding in OF_HEART_OR_BONE else BESIDE
        yield Item("unsupported", REPORT.format(rest, row["text"]), (row["text"],))


def _contradiction(kind: str, one: str, other: str) -> Item:
    return Item(kind, REPORT.format(one, other), (one, other))


def _pairs(rows: Iterator[dict[str, str]]) -> Iterator[Item]:
    for row in rows:
        kind = f"pair {row['kind'].removesuffix('_ok')}"
        if row["kind"].endswith("_ok"):
            yield Item(kind, _pair(row, row["other"]))
        else:
            yield Item(kind, _pair(row, row["other"]), (row["one"], row["other"]))
            yield Item(kind, _pair(row, row["mended"]))


def _pair(row: dict[str, str], other: str) -> str:
    if row["one"].startswith("COMPARISON"):
        return f"EXAM: Chest PA and lateral.\n{row['one']}\nFINDINGS: No pneumothorax.\nIMPRESSION: {other}"
    sections = row["place"] == "sections"
    return REPORT.format(row["one"], other) if sections else REPORT.format(f"{row['one']} {other}", AS_ABOVE)


def _orders(rows: Iterator[dict[str, str]]) -> Iterator[Item]:
    for row in rows:
        title = f"EXAM: {row['text'] if row['header'] == 'EXAM' else row['ordered']}"
        parts = {"TECHNIQUE": "", "COMPARISON": "None.", "FINDINGS": OF_CHEST, "IMPRESSION": AS_ABOVE}
        if row["header"] in ("TECHNIQUE", "COMPARISON"):
            parts[row["header"]] = row["text"]
        elif row["header"] in parts:
            parts[row["header"]] = f"{row['text']} {parts[row['header']]}"
        text = "\n".join([title, *(f"{name}: {words}" for name, words in parts.items() if words)])
        wrong = () if row["fits"] == "yes" else (title if row["header"] == "EXAM" else row["text"],)
        yield Item(f"order in {row['header']}", text, wrong, Context(procedure=row["ordered"]))


if __name__ == "__main__":
    main()
