"""How the OpenAPI document describes problem documents."""

from typing import Any

from app.errors import MEDIA_TYPE, TITLES

REFERENCE = "#/components/schemas/ProblemDocument"


def described(*refusals: tuple[int, str]) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route from (status, code) pairs; the first code of a status is its example."""
    result: dict[int | str, dict[str, Any]] = {}
    for status, code in (*refusals, (500, "internal")):
        entry = result.setdefault(status, {"description": "", "content": {}})
        entry["description"] = ", ".join(filter(None, (entry["description"], code)))
        entry["content"].setdefault(
            MEDIA_TYPE, {"schema": {"$ref": REFERENCE}, "example": _example(status, code)}
        )
    return result


def _example(status: int, code: str) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": TITLES[status],
        "status": status,
        "code": code,
        "detail": "What is wrong, in words.",
        "instance": "3f1c6f0e-6a43-4f0c-9a51-0d6f6f3f7f61",
    }
