"""Whether a report is in a language that the rules can read."""

import re

from app.proofreading.lexis import english

_WORD = re.compile(r"[^\W\d_]{2,}")
_NEUTRAL = re.compile(r"X{2,}|[A-Z]{2,4}s?")  # masks of de-identification and abbreviations
_SHARE = 0.65  # real English reports have 0.72 to 1 of their words in the list, French ones up to 0.6
_FEW = 5  # words that are too few to tell by their share


# Words without which a sentence is hardly made, and that the other side does not have
_ENGLISH = frozenset(
    "the of is are was were and or with without there this that which for to in at by from has have been not any "
    "seen noted may be on as it than no".split()
)
_OTHERS = frozenset(
    "pas de du le les sans avec dans une aux sont kein keine keinen und mit ohne nicht der das eine rechts beidseits "
    "sin el con del por izquierdo derecho izquierda derecha della sinistro destro sinistra destra sem nos esquerdo "
    "direito esquerda direita geen het een niet bij".split()
)  # without those that are abbreviations in English reports: ET (tube), LA (atrium), OS
_ENOUGH = 2  # of the others' words, and more of them than of our own


def is_english(text: str) -> bool:
    """True for English, and for texts too short to tell unless they are in another script.

    Medical words look alike in many languages, so the share of English words is asked only where the
    words between them do not tell.

    Masks of de-identification and abbreviations are of no language.
    """
    found = _WORD.findall(text)
    said = [word.lower() for word in found]
    words = [word.lower() for word in found if not _NEUTRAL.fullmatch(word)]
    if not words or not english():
        return True
    others = sum(word in _OTHERS for word in said)
    if others >= _ENOUGH and others > sum(word in _ENGLISH for word in said):
        return False
    share = sum(word in english() for word in words) / len(words)
    if len(words) < _FEW:
        return share > 0 or text.isascii()
    return share >= _SHARE
