"""Examples of the OpenAPI document. The report is invented; a test checks it and compares the answer."""

from typing import Any

REQUEST: dict[str, Any] = {
    "report_id": "invented-1",
    "text": "FINDINGS: Small left pleural effusion. The heart is normal in size.\n"
    "IMPRESSION: Small right pleural effusion.",
    "context": {"modality": "XR", "body_part": "chest"},
}
ANSWER: dict[str, Any] = {}
