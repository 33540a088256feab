"""Sections that a system says by codes, as the headings of a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from models.sections import parse
from models.types import SectionName

_OPENING = 500  # characters in which a heading that opens a text stands; parsing takes seconds a megabyte
# LOINC codes of sections (DICOM PS3.16 CID 7001, PS3.20), suffixes of HL7 v2.5.1 7.8.3, letters of the VA
HEADINGS = {
    "59776-5": "FINDINGS",
    "18782-3": "FINDINGS",
    "GDT": "FINDINGS",
    "19005-8": "IMPRESSION",
    "IMP": "IMPRESSION",
    "I": "IMPRESSION",
    "18834-2": "COMPARISON",
    "11329-0": "HISTORY",
    "HST": "HISTORY",
    "55752-0": "CLINICAL INFORMATION",
    "18785-6": "REASON FOR STUDY",
    "59768-2": "INDICATION",
    "55115-0": "INDICATION",
    "55111-9": "TECHNIQUE",
    "18783-1": "RECOMMENDATION",
    "REC": "RECOMMENDATION",
    "55107-7": "ADDENDUM",
    "ADT": "ADDENDUM",
    "55114-3": "COMPARISON",
    "55110-1": "CONCLUSION",
    # DCM: sections of CID 7001 (older editions of PS3.16), and what stands in them (CID 7002)
    "121060": "HISTORY",
    "121062": "INDICATION",
    "121064": "TECHNIQUE",
    "121065": "TECHNIQUE",
    "121066": "COMPARISON",
    "121068": "COMPARISON",
    "121069": "COMPARISON",
    "121070": "FINDINGS",
    "121071": "FINDINGS",
    "121072": "IMPRESSION",
    "121073": "IMPRESSION",
    "121074": "RECOMMENDATION",
    "121075": "RECOMMENDATION",
    "121076": "CONCLUSION",
    "121077": "CONCLUSION",
    "121078": "ADDENDUM",
    "121109": "INDICATION",
    "121110": "HISTORY",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text, and the heading of the section that it stands in; None where none is said."""

    heading: str | None
    text: str


def block(heading: str | None, text: str) -> str:
    """A section as text: its heading on a line of its own, unless the text opens with one or is blank."""
    if not heading or not text.strip() or _opens_with_heading(text):
        return text
    return f"{heading}:\n{text.lstrip()}"


def joined(pieces: Sequence[Piece]) -> str:
    """Pieces in their order; those of one section stay together, under one heading."""
    runs = groupby(pieces, key=lambda piece: piece.heading)
    blocks = (block(heading, "\n".join(piece.text for piece in run)) for heading, run in runs)
    return "\n".join(blocks).strip("\n")


@lru_cache(maxsize=256)
def section_of(heading: str) -> SectionName:
    """The section that a heading opens."""
    return parse(f"{heading}: a").sections[0].name


def _opens_with_heading(text: str) -> bool:
    return parse(text.lstrip()[:_OPENING]).sections[0].name is not SectionName.UNTITLED
