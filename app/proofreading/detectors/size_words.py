"""Words beside a size, a share or an angle that deny it: "a giant bulla of 9 mm", "doubled from 6 to 7 mm"."""

import re
from collections.abc import Callable, Iterator

Found = tuple[int, int, str]
NUM = r"(?<![\d.])\d{1,4}(?:\.\d{1,3})?"
ANGLE = r"(?:degrees?\b|°)"
LENGTH = r"(?:mm|cm|millimet(?:er|re)s?|centimet(?:er|re)s?)\b"
SIZE = rf"(?P<size>{NUM})(?:\s?(?:x|×|by|to|-)\s?(?P<more>\d{{1,4}}(?:\.\d+)?))?[\s-]?(?P<unit>{LENGTH})"
_NEXT = r"(?:[\s,(]+(?!(?:and|with|within|in|near|adjacent|beside|besides|plus|next|from|apart|other|another|largest|dominant)\b)[a-z-]+){0,4}?[\s,(]+"


def _word(words: str, least: float, most: float) -> tuple[re.Pattern[str], float, float]:
    both = rf"\b(?:{words})\b{_NEXT}{SIZE}(?! (?:of|from|above|below|deep|long|midline|mediastinal|tracheal|shift|thick|deviation))"
    return re.compile(both, re.IGNORECASE), least, most


_WORDS = (  # words of size, and the millimetres that they allow
    _word(r"sub-?centimet(?:er|re)", 0, 10.5),
    _word(r"sub-?millimet(?:er|re)", 0, 1.5),
    _word(r"miliary|micro-?nodul\w+", 0, 10),
    _word(r"tiny|punctate|minute|pinpoint", 0, 25),
    _word(r"giant|huge|massive|enormous|gigantic", 10, 2000),
    _word(r"(?:minimally|slightly|mildly) displaced", 0, 25),
    _word(r"large (?:mass|bulla|effusion|pneumothorax|cavity|hernia|aneurysm|consolidation)", 6, 2000),
)
_LIMIT = re.compile(
    rf"\b(?P<word>exceed\w*|greater than|more than|larger than|at least|less than|under|smaller than|no more than)\s(?P<limit>{NUM})\s?(?P<lunit>{LENGTH})"
    rf"\W{{0,3}}(?:(?:it |which |now |currently |actually )?(?:measur\w+|is|at)\s)(?:about |approximately )?{SIZE}",
    re.IGNORECASE,
)
_NORMAL = re.compile(
    rf"\b(?P<word>wid\w+|enlarg\w+|dilat\w+|increased|thicken\w+|normal|abnormal\w*)\b[^.;\d]{{0,50}}?{SIZE}[\s,(]+(?:upper limits?(?: of normal)?|normal(?: is)?|uln|normal "
    rf"upper limit)(?: (?:up to|less than|below|under|of|is))*\W{{0,3}}(?P<limit>{NUM})\s?(?P<lunit>{LENGTH})",
    re.IGNORECASE,
)
_GROWTH = re.compile(
    rf"\b(?:grown|increased|decreased|shrunk|enlarged|reduced|fallen|risen|larger|smaller)\b[^.;\d]{{0,15}}\bby (?P<by>{NUM})\s?(?P<bunit>{LENGTH})?,?[^.;\d]{{0,15}}"
    rf"\bfrom (?P<was>{NUM})\s?(?P<wunit>{LENGTH})?\s?to (?P<size>{NUM})\s?(?P<unit>{LENGTH})",
    re.IGNORECASE,
)


def _mm(number: str, unit: str) -> float:
    return float(number) * (1.0 if unit.lower().startswith("m") else 10.0)


def size(match: re.Match[str]) -> float:
    return max(_mm(number, match["unit"]) for number in (match["size"], match["more"]) if number)


def _denied(text: str) -> Iterator[Found]:
    """A word of size beside a size that it excludes."""
    for pattern, least, most in (*_WORDS, *_MORE_WORDS):
        for match in pattern.finditer(text):
            if not least <= size(match) <= most:
                yield match.start(), match.end(), "the word and the size exclude each other"
    for match in _LIMIT.finditer(text):
        above = re.match("exceed|greater|more|larger|at least", match["word"], re.IGNORECASE) is not None
        found, limit = size(match), _mm(match["limit"], match["lunit"])
        if (found < limit) if above else (found > limit):
            yield match.start(), match.end(), "the limit and the size exclude each other"
    for match in _NORMAL.finditer(text):
        normal = match["word"].lower() == "normal"
        found, limit = size(match), _mm(match["limit"], match["lunit"])
        if (found > limit) if normal else (found < limit):
            yield match.start(), match.end(), "the limit that is told says otherwise"


def _grown(text: str) -> Iterator[Found]:
    """A difference that the two sizes do not have."""
    for match in _GROWTH.finditer(text):
        unit = match["unit"]
        was, now = (_mm(match[name], match[of] or unit) for name, of in (("was", "wunit"), ("size", "unit")))
        by = _mm(match["by"], match["bunit"] or unit)
        if abs(abs(now - was) - by) > max(1.0, 0.15 * by):
            yield match.start(), match.end(), "the sizes differ by another amount"


def _share(words: str, number: str, least: float, most: float) -> tuple[re.Pattern[str], float, float]:
    text = (
        words.replace("NUM", rf"(?P<value>{NUM})")
        .replace("%%", r"\s?(?:%|percent\b|per cent\b)")
        .replace("DEG", rf"[\s-]?{ANGLE}")
    )
    return re.compile(text + number, re.IGNORECASE), least, most


_SMALL = r"\b(?:small|tiny|trace|minimal|minute|slight|mild|minor|trivial)\b"
_LARGE = r"\b(?:large|massive|huge|severe|marked|extensive|near[- ]complete|complete|subtotal|advanced|pronounced|gross)\b"
_VALUES = (  # words of degree, and the values that they allow
    _share(_SMALL + r"(?: (?!and\b|or\b)\w+){0,3} (?:pneumothorax|effusion)\b[^.;\d]{0,35}NUM%%", "", 0, 55),
    _share(
        _LARGE + r"(?: (?!and\b|or\b)\w+){0,3} (?:pneumothorax|effusion)\b[^.;\d]{0,35}NUM%%", "", 10.5, 1000
    ),
    _share(
        _SMALL
        + r"(?: (?!and\b|or\b)\w+){0,2} (?:effusion|pneumothorax|h(?:a)?emothorax)\b[^.;\d]{0,20}NUM\s?(?:(?-i:L)|litres?|liters?)\b",
        "",
        0,
        0.9,
    ),
    _share(
        _SMALL
        + r"(?: (?!and\b|or\b)\w+){0,3} (?:compression|collapse|wedging|height loss|loss of (?:\w+ ){0,2}height|compression (?:deformity|fracture))\b[^.;\d]{0,35}NUM%%",
        "",
        0,
        55,
    ),
    _share(
        _LARGE
        + r"(?: (?!and\b|or\b)\w+){0,3} (?:compression|collapse|wedging|height loss|loss of (?:\w+ ){0,2}height|compression (?:deformity|fracture))\b[^.;\d]{0,35}NUM%%",
        "",
        15,
        1000,
    ),
    _share(
        _SMALL
        + r"(?: (?!and\b|or\b)\w+){0,3} (?:scoliosis|dextroscoliosis|levoscoliosis|curvature|kyphosis)\b[^.;\d]{0,35}NUMDEG",
        "",
        0,
        55,
    ),
    _share(
        _LARGE
        + r"(?: (?!and\b|or\b)\w+){0,3} (?:scoliosis|dextroscoliosis|levoscoliosis|curvature)\b[^.;\d]{0,35}NUMDEG",
        "",
        20,
        1000,
    ),
    _share(r"\b(?:widen\w*|splay\w*|increased)\b[^.;\d]{0,20}\bcarin\w+\b[^.;\d]{0,25}NUMDEG", "", 65, 1000),
    _share(r"\bcarin\w+\b[^.;\d]{0,25}NUMDEG[^.;\d]{0,20}\b(?:widen\w*|splay\w*)", "", 65, 1000),
    _share(r"\bnormal\b[^.;\d]{0,15}\bcarin\w+\b[^.;\d]{0,25}NUMDEG", "", 30, 105),
    _share(_SMALL + r"(?: (?!and\b|or\b)\w+){0,2} stenosis\b[^.;\d]{0,20}NUM%%", "", 0, 75),
    _share(_SMALL + r"(?: (?!and\b|or\b)\w+){0,2} cardiomegaly\b[^.;\d]{0,30}NUM%%", "", 45, 72),
)
_MORE_WORDS = (
    _word(r"(?:small|trace|tiny|minimal) (?:\w+ )?(?:pleural )?(?:effusion|pneumothorax)", 0, 90),
    _word(r"widened (?:superior )?mediastinum|mediastinal widening", 55, 2000),
    _word(r"(?:height loss|loss of (?:vertebral |body )*height)", 0, 45),
    _word(
        r"normal(?:[- ]size\w*)? (?:caliber |calibre |size )?(?:trachea|main pulmonary artery|azygos vein|paratracheal stripe)",
        0,
        45,
    ),
    _word(
        r"normal(?:[- ]size\w*)? (?:caliber |calibre |size )?(?:(?:thoracic |ascending |descending )?aorta|aortic (?:knob|arch))",
        5,
        60,
    ),
)
_RANGE = re.compile(
    rf"\brang\w+(?: in size)? (?:from )?(?P<a>{NUM})\s?(?:mm|cm)?\s?(?:to|-)\s?(?P<b>{NUM})\s?(?P<unit>{LENGTH})[^.;\d]{{0,25}}\b(?:largest|biggest)\b[^.;\d]{{0,25}}"
    rf"(?P<c>{NUM})\s?(?P<cunit>{LENGTH})",
    re.IGNORECASE,
)
_TWO = re.compile(
    rf"\b(?P<one>smaller|larger|smallest|largest|bigger|biggest)\b(?: (?:one|nodule|lesion|mass|node|of (?:the|these|which) (?:\w+ )?))?(?: ?(?:is|being|measures|measuring|at|of))* (?P<a>{NUM})\s?(?P<unit>{LENGTH}),?"
    rf"[^.;\d]{{0,25}}\b(?P<other>smaller|larger|smallest|largest|bigger|biggest|others?|rest|remaining)\b[^.;\d]{{0,25}}?(?P<b>{NUM})\s?(?P<bunit>{LENGTH})",
    re.IGNORECASE,
)
_TIMES = {"doubl": (1.5, 2.8), "tripl": (2.3, 4.0), "quadrupl": (3.0, 5.5), "halv": (0.35, 0.68)}
_MULTIPLE = re.compile(
    rf"\b(?P<word>doubl|tripl|quadrupl|halv)\w*\b[^.;\d]{{0,25}}\bfrom (?P<a>{NUM})\s?(?:mm|cm)?\s?to (?P<b>{NUM})\s?{LENGTH}",
    re.IGNORECASE,
)
_NEW = re.compile(
    rf"\bnew (?:\w+ ){{0,3}}(?:nodule|mass|lesion|opacity|granuloma|cavity)\b[^.;\d]{{0,25}}{NUM}\s?{LENGTH},? \(?(?:previously|formerly|was|compared (?:to|with)) {NUM}",
    re.IGNORECASE,
)
_LISTED = re.compile(
    rf"\b(?P<count>two|both|three|four)\b(?: (?!and\b|with\b)\w+){{0,4}} (?:nodules|lesions|masses|granulomas|nodes|opacities)\b(?:,? (?:measuring|measure|are|of|sized))*:?"
    rf" (?P<list>\d+(?:\.\d+)?(?: ?(?:mm|cm))?(?:(?:, (?:and )?| and )\d+(?:\.\d+)?(?: ?(?:mm|cm))?)+)(?= ?(?:mm|cm|[.,;]|$| in\b))",
    re.IGNORECASE,
)
_COUNTS = {"two": 2, "both": 2, "three": 3, "four": 4}


def _values(text: str) -> Iterator[Found]:
    """A word of degree beside a share, an angle or a volume that it excludes."""
    for pattern, least, most in _VALUES:
        for match in pattern.finditer(text):
            if not least <= float(match["value"]) <= most:
                yield match.start(), match.end(), "the word and the number exclude each other"


def _series(text: str) -> Iterator[Found]:
    """Several sizes that their own order, count or multiple denies."""
    for match in _RANGE.finditer(text):
        top, largest = (_mm(match[name], match[unit]) for name, unit in (("b", "unit"), ("c", "cunit")))
        if abs(top - largest) > max(1.0, 0.15 * top):
            yield match.start(), match.end(), "the largest is not the end of the range"
    for match in _TWO.finditer(text):
        small = match["one"].lower().startswith("small")
        one, other = _mm(match["a"], match["unit"]), _mm(match["b"], match["bunit"])
        same = small == match["other"].lower().startswith("small")
        if not same and ((one > other) if small else (one < other)):
            yield match.start(), match.end(), "the smaller one is larger"
    for match in _MULTIPLE.finditer(text):
        least, most = _TIMES[match["word"].lower()]
        if not least <= float(match["b"]) / max(float(match["a"]), 0.01) <= most:
            yield match.start(), match.end(), "the two sizes say otherwise"
    for match in _NEW.finditer(text):
        yield match.start(), match.end(), "what is new had no size before"
    for match in _LISTED.finditer(text):
        if len(re.findall(r"\d+(?:\.\d+)?", match["list"])) != _COUNTS[match["count"].lower()]:
            yield match.start(), match.end(), "as many sizes as lesions are told"


SEARCHES: tuple[Callable[[str], Iterator[Found]], ...] = (_denied, _grown, _values, _series)
