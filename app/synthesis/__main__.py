"""``python -m app.synthesis``: print invented reports as JSON lines."""

import argparse
import json
import sys

from app.synthesis.generator import generate
from models.graph_json import graph_to_json


def main() -> None:
    """Write ``--count`` reports of ``--seed`` to standard output."""
    parser = argparse.ArgumentParser(prog="python -m app.synthesis", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=600)
    options = parser.parse_args()
    for report in generate(options.seed, options.count):
        row = {"id": report.id, "modality": report.modality, "text": report.text, "invented": True}
        sys.stdout.write(
            json.dumps({**row, "graph": graph_to_json(report.graph)}, separators=(",", ":")) + "\n"
        )


if __name__ == "__main__":
    main()
