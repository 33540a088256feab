"""Examples of the OpenAPI document for a comparison, invented; a test compares the answer with a real one."""

from typing import Any

REQUEST: dict[str, Any] = {
    "candidate": {"text": "Small left effusion. No pneumothorax.", "report_id": "invented-preliminary"},
    "reference": {"text": "Small right effusion. No pneumothorax.", "report_id": "invented-final"},
}

ANSWER: dict[str, Any] = {
    "candidate_id": "invented-preliminary",
    "reference_id": "invented-final",
    "green": 0.5,
    "counts": {
        "significant": {"a": 0, "b": 0, "c": 1, "d": 0, "e": 0, "f": 0},
        "insignificant": {"a": 0, "b": 0, "c": 0, "d": 0, "e": 0, "f": 0},
    },
    "errors": [
        {
            "candidate": {"start": 0, "end": 19, "quote": "Small left effusion"},
            "reference": {"start": 0, "end": 20, "quote": "Small right effusion"},
            "category": "c",
            "significant": True,
            "grounds": None,
            "finding": "pleural effusion",
            "message": "The two reports place pleural effusion differently.",
        }
    ],
    "matched_findings": [
        {
            "candidate": {"start": 24, "end": 36, "quote": "pneumothorax"},
            "reference": {"start": 25, "end": 37, "quote": "pneumothorax"},
            "finding": "pneumothorax",
        }
    ],
    "coverage": {"candidate": "done", "reference": "done", "knowledge": "done", "llm": "not_configured"},
    "complete": True,
    "graphs": {
        "candidate": {
            "entities": [
                {
                    "start": 0,
                    "end": 5,
                    "quote": "Small",
                    "label": "OBS-DP",
                    "kind": "severity",
                    "value": "mild",
                },
                {"start": 6, "end": 10, "quote": "left", "label": "OBS-DP", "kind": "side", "value": "left"},
                {
                    "start": 11,
                    "end": 19,
                    "quote": "effusion",
                    "label": "OBS-DP",
                    "kind": "observation",
                    "concept": "RP:pleural-effusion",
                },
                {
                    "start": 24,
                    "end": 36,
                    "quote": "pneumothorax",
                    "label": "OBS-DA",
                    "kind": "observation",
                    "concept": "RP:pneumothorax",
                },
            ],
            "relations": [
                {"kind": "modify", "source": 0, "target": 2},
                {"kind": "modify", "source": 1, "target": 2},
            ],
        },
        "reference": {
            "entities": [
                {
                    "start": 0,
                    "end": 5,
                    "quote": "Small",
                    "label": "OBS-DP",
                    "kind": "severity",
                    "value": "mild",
                },
                {
                    "start": 6,
                    "end": 11,
                    "quote": "right",
                    "label": "OBS-DP",
                    "kind": "side",
                    "value": "right",
                },
                {
                    "start": 12,
                    "end": 20,
                    "quote": "effusion",
                    "label": "OBS-DP",
                    "kind": "observation",
                    "concept": "RP:pleural-effusion",
                },
                {
                    "start": 25,
                    "end": 37,
                    "quote": "pneumothorax",
                    "label": "OBS-DA",
                    "kind": "observation",
                    "concept": "RP:pneumothorax",
                },
            ],
            "relations": [
                {"kind": "modify", "source": 0, "target": 2},
                {"kind": "modify", "source": 1, "target": 2},
            ],
        },
    },
    "versions": {
        "radproof": "0.1.0",
        "knowledge_graph": "1+0123456789ab",
        "reference_index": None,
        "llm": None,
        "prompts": None,
    },
}
