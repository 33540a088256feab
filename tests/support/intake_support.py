"""What holds for the items of any batch, whatever was sent."""

import re
from pathlib import Path

from app.batch.intake import IntakeLimits
from app.batch.items import Accepted, Refused
from app.limits import admit

Items = list[Accepted | Refused]
LIMITS = IntakeLimits()
_DOCS = Path(__file__).parents[2] / "docs" / "batch.md"
CODES = frozenset(
    re.findall(
        r"^\| `([a-z0-9_]+)` \|",
        _DOCS.read_text("utf-8").split("### Codes")[1].split("\n## ")[0],
        re.MULTILINE,
    )
)


def hold(items: Items) -> None:
    """Every accepted report may be checked, every name is one report's, every code is documented."""
    assert items
    names = [item.custom_id for item in items if isinstance(item, Accepted)]
    assert len(set(names)) == len(names)
    for item in items:
        if isinstance(item, Accepted):
            admit(item.report, LIMITS.max_text_bytes)
        else:
            assert item.code in CODES
