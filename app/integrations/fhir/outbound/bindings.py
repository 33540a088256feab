"""Required bindings of FHIR R4 (4.0.1), checked by ourselves: models of FHIR take any code.

Value sets as the specification lists them under each element; only those elements that we write.
"""

from collections.abc import Iterator
from typing import Any

_OBSERVATION = frozenset(
    "registered preliminary final amended corrected cancelled entered-in-error unknown".split()
)
_TASK = frozenset(
    "draft requested received accepted rejected ready cancelled in-progress on-hold failed completed "
    "entered-in-error".split()
)
_INTENT = frozenset(
    "unknown proposal plan order original-order reflex-order filler-order instance-order option".split()
)
_BUNDLE = frozenset(
    "document message transaction transaction-response batch batch-response history searchset collection".split()
)
_DEVICE_NAME = frozenset(
    "udi-label-name user-friendly-name patient-reported-name manufacturer-name model-name other".split()
)
BINDINGS: dict[str, frozenset[str]] = {
    "Bundle.type": _BUNDLE,
    "Bundle.entry.request.method": frozenset("GET HEAD POST PUT DELETE PATCH".split()),
    "DetectedIssue.status": _OBSERVATION,
    "DetectedIssue.severity": frozenset("high moderate low".split()),
    "Device.status": frozenset("active inactive entered-in-error unknown".split()),
    "Device.deviceName.type": _DEVICE_NAME,
    "Observation.status": _OBSERVATION,
    "Provenance.entity.role": frozenset("derivation revision quotation source removal".split()),
    "Task.status": _TASK,
    "Task.intent": _INTENT,
    "Task.priority": frozenset("routine urgent asap stat".split()),
}
_REQUIRED = frozenset(
    {"Bundle.type", "DetectedIssue.status", "Observation.status", "Task.status", "Task.intent"}
)
_NARRATIVE = frozenset("generated extensions additional empty".split())


class BindingError(ValueError):
    """A resource has a code that its element does not know, or lacks one. The message names elements only."""


def verified(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource as it is.

    Raises:
        BindingError: a code is not of its value set, or a required one is missing.
    """
    wrong = sorted(set(_wrong(resource)))
    if wrong:
        raise BindingError(", ".join(wrong))
    return resource


def _wrong(resource: dict[str, Any]) -> Iterator[str]:
    kind = str(resource.get("resourceType"))
    for path, allowed in BINDINGS.items():
        root, _, rest = path.partition(".")
        if root == kind:
            values = list(_values(resource, rest.split(".")))
            if any(value not in allowed for value in values) or (path in _REQUIRED and not values):
                yield path
    narrative = resource.get("text")
    if isinstance(narrative, dict) and narrative.get("status") not in _NARRATIVE:
        yield f"{kind}.text.status"
    for entry in resource.get("entry", []) if kind == "Bundle" else []:
        yield from _wrong(entry.get("resource", {}))


def _values(value: Any, path: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _values(item, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from _values(value[path[0]], path[1:])
