"""Which names of large vocabularies a matcher may trust when it meets them in prose."""

import re

from kg_ingest.schema import Group
from models.tokens import fold

MAX_NAME = 1_000  # characters; longer ones are definitions, and no index takes them

_MODIFIERS = frozenset(
    "left right bilateral unilateral no not without normal abnormal abnormality acute chronic with and or of "
    "increased decreased mild moderate severe small large multiple single new old recurrent positive "
    "negative due to secondary congenital neonatal fetal familial other unspecified".split()
)
# single words that everyday prose uses too: no name of a finding by themselves
_EVERYDAY = frozenset(
    "enlargement thickening displacement obstruction hypertension inflammation separation retraction "
    "prosthesis assessment transection perforation hypertrophy degeneration ossification progression attenuation "
    "abnormality appearance procedure examination distribution enhancement calcification".split()
)
_LETTERS = re.compile(r"[a-z]{3}")


def trusted(name: str, group: Group) -> bool:
    """False for names that hold modifiers, are short or long, or are one plain short word."""
    words = fold(name).split()
    anatomy = group is Group.ANATOMY
    if not words or len(" ".join(words)) < 5 or len(words) > 6 or not words[0].isascii():
        return False
    if len(words) == 1 and not anatomy and (len(words[0]) < 9 or words[0] in _EVERYDAY):
        return False
    sided = anatomy and words[0] in ("left", "right")
    return not _MODIFIERS & set(words[1:] if sided else words) and bool(_LETTERS.search(name.lower()))
