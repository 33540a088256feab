"""Examples of the OpenAPI document. The report is invented; a test compares the answer with a real one."""

from typing import Any

REQUEST: dict[str, Any] = {
    "report_id": "invented-1",
    "text": "FINDINGS: Small left effusion.\nIMPRESSION: Right pleural effusion.",
    "context": {"modality": "XR", "body_part": "chest"},
}

ANSWER: dict[str, Any] = {
    "report_id": "invented-1",
    "has_errors": True,
    "coverage": {
        "rules": "done",
        "knowledge": "done",
        "references": "not_configured",
        "llm": "not_configured",
    },
    "complete": True,
    "errors": [
        {
            "id": "e1",
            "type": "laterality_mismatch",
            "category": "TC",
            "rule": "laterality.sections",
            "tier": "high",
            "confidence": 0.92,
            "section": "IMPRESSION",
            "start": 43,
            "end": 48,
            "quote": "Right",
            "message": "The impression places pleural effusion on the right; "
            "the findings describe pleural effusion on the left.",
            "correction": {"start": 43, "end": 48, "replacement": "Left"},
            "alternatives": [{"start": 16, "end": 20, "replacement": "right"}],
            "evidence": [
                {"kind": "text", "start": 10, "end": 30, "quote": "Small left effusion."},
                {"kind": "text", "start": 43, "end": 66, "quote": "Right pleural effusion."},
            ],
        }
    ],
    "corrected_text": "FINDINGS: Small left effusion.\nIMPRESSION: Right pleural effusion.",
    "graph": {
        "entities": [
            {
                "start": 10,
                "end": 15,
                "quote": "Small",
                "label": "OBS-DP",
                "kind": "severity",
                "value": "mild",
            },
            {"start": 16, "end": 20, "quote": "left", "label": "OBS-DP", "kind": "side", "value": "left"},
            {
                "start": 21,
                "end": 29,
                "quote": "effusion",
                "label": "OBS-DP",
                "kind": "observation",
                "concept": "RP:pleural-effusion",
            },
            {"start": 43, "end": 48, "quote": "Right", "label": "OBS-DP", "kind": "side", "value": "right"},
            {
                "start": 49,
                "end": 65,
                "quote": "pleural effusion",
                "label": "OBS-DP",
                "kind": "observation",
                "concept": "RP:pleural-effusion",
            },
        ],
        "relations": [
            {"kind": "modify", "source": 0, "target": 2},
            {"kind": "modify", "source": 1, "target": 2},
            {"kind": "modify", "source": 3, "target": 4},
        ],
    },
    "references": [],
    "versions": {
        "radproof": "0.1.0",
        "knowledge_graph": "1+0123456789ab",
        "reference_index": None,
        "llm": None,
        "prompts": None,
    },
}
