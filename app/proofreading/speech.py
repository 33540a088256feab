"""How correct reports speak: which words they use, and which stand side by side."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from models.tokens import fold

SPEECH_FILE = "speech.tsv"
_LEAST = 2  # what was said once only is not kept beside an index: a slip, or a person's name


@dataclass(frozen=True, slots=True)
class Speech:
    """Counts of folded words and of neighbouring pairs of words. Holds no sentence of any report."""

    words: Mapping[str, int] = field(default_factory=dict)
    pairs: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Speech":
        """Counted over texts."""
        words: Counter[str] = Counter()
        pairs: Counter[tuple[str, str]] = Counter()
        for text in texts:
            said = fold(text).split()
            words.update(said)
            pairs.update(pairwise(said))
        return cls(words, pairs)

    def joined(self, other: "Speech") -> "Speech":
        """Both together."""
        return Speech(Counter(self.words) + Counter(other.words), Counter(self.pairs) + Counter(other.pairs))


def write_speech(folder: Path, speech: Speech) -> None:
    """Keep the counts beside an index, so that a service need not read every report again."""
    words = (f"{word}\t\t{count}\n" for word, count in sorted(speech.words.items()) if count >= _LEAST)
    pairs = (f"{a}\t{b}\t{count}\n" for (a, b), count in sorted(speech.pairs.items()) if count >= _LEAST)
    with (folder / SPEECH_FILE).open("w", encoding="utf-8") as stream:
        stream.writelines(words)
        stream.writelines(pairs)


def read_speech(folder: Path) -> Speech:
    """What ``write_speech`` kept; nothing where it kept nothing."""
    path = folder / SPEECH_FILE
    if not path.is_file():
        return Speech()
    words: dict[str, int] = {}
    pairs: dict[tuple[str, str], int] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        first, second, count = line.split("\t")
        if second:
            pairs[first, second] = int(count)
        else:
            words[first] = int(count)
    return Speech(words, pairs)
