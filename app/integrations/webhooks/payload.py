"""The body of a webhook: thin (numbers and counts, nothing of a person) or, where a site chose so, full."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from app.api.schemas import CheckedReportOut
from app.batch.export import decision_out
from app.integrations.outgoing import Outgoing
from app.storage.types import Check

MOST_BYTES = 20_000  # Standard Webhooks 1.0.0, "Payload structure": below 20 kB


def body(what: Outgoing, base: str, *, full: bool) -> str:
    """The JSON of an event; ``base`` stands before the paths of this service. Full only where that is short enough."""
    if full and what.report is not None:
        whole = _written(what, {**_thin(what, base), "detail": "full", **_words(what)})
        if len(whole.encode()) < MOST_BYTES:
            return whole
    return _written(what, _thin(what, base))


def _written(what: Outgoing, data: Mapping[str, Any]) -> str:
    said = {"type": what.event, "timestamp": what.at.isoformat().replace("+00:00", "Z"), "data": data}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _thin(what: Outgoing, base: str) -> dict[str, Any]:
    if what.report is None:
        return {"detail": "thin"}
    known = what.custom_id
    version = what.version
    return {
        "detail": "thin",
        "report_id": what.report,
        "custom_id_sha256": None if known is None else hashlib.sha256(known.encode()).hexdigest(),
        "source": what.source,
        "test": what.test,
        "version": None
        if version is None
        else {"number": version.number, "state": version.state, "replaced_by": version.replaced_by},
        "check": None if what.check is None else _counts(what.check),
        "urls": {
            "report": f"{base}/v1/reports/{what.report}",
            "checks": f"{base}/v1/reports/{what.report}/checks",
        },
    }


def _counts(check: Check) -> dict[str, Any]:
    """What a check found, in numbers; without them where its words were purged."""
    said: dict[str, Any] = {
        "id": check.id,
        "created_at": check.created_at.isoformat().replace("+00:00", "Z"),
        "has_errors": check.has_errors,
        "complete": check.complete,
        "decisions": len(check.decisions),
    }
    if check.result is None:
        return said
    errors = json.loads(check.result)["errors"]
    tiers = Counter(str(error["tier"]) for error in errors)
    types = Counter(str(error["type"]) for error in errors)
    return said | {
        "tiers": {tier: tiers[tier] for tier in ("high", "medium", "low")},
        "types": dict(sorted(types.items())),
    }


def _words(what: Outgoing) -> dict[str, Any]:
    check = what.check
    result = None
    if check is not None and check.result is not None:
        result = CheckedReportOut.model_validate_json(check.result).model_dump(mode="json")
    decisions = () if check is None else map(decision_out, check.decisions)
    return {
        "custom_id": what.custom_id,
        "result": result,
        "decisions": [made.model_dump(mode="json") for made in decisions],
    }
