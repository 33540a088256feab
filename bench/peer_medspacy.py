"""The peer: medspaCy's sentence, target and ConText pipeline. Runs in a virtual environment of its own.

Reads one JSON document on the first line ({"texts": [...], "targets": [...]}), then answers every
further line "round" with the seconds that all texts took.
"""

import json
import sys
import time

import spacy
from loguru import logger

logger.remove()  # PyRuSH logs every token of a text at its default level

import medspacy  # noqa: E402, F401  registers the pipes
from medspacy.ner import TargetRule  # noqa: E402


def main() -> None:
    given = json.loads(sys.stdin.readline())
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    matcher = nlp.add_pipe("medspacy_target_matcher")
    nlp.add_pipe("medspacy_context")
    matcher.add([TargetRule(target, "FINDING") for target in given["targets"]])
    nlp(given["texts"][0])
    for _ in sys.stdin:
        start = time.perf_counter()
        entities = sum(len(nlp(text).ents) for text in given["texts"])
        sys.stdout.write(json.dumps({"seconds": time.perf_counter() - start, "entities": entities}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
