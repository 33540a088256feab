"""Nodes as JSON text and back: the form in which every store keeps them."""

import json
from dataclasses import fields
from typing import Any

from kg_ingest.schema import Group, Node, Sidedness

_DEFAULTS: dict[str, Any] = {
    "names": (),
    "xrefs": (),
    "region": None,
    "sidedness": None,
    "acuity": None,
    "sex": None,
    "plausible_mm": None,
    "severities": (),
    "members": (),
}
_NAMES = tuple(field.name for field in fields(Node))
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encode(node: Node) -> str:
    """Compact JSON, keys in the order of the fields, defaults left out."""
    return _encode(_plain(node))


def decode(body: str) -> Node:
    """The node that ``encode`` wrote."""
    return _node(json.loads(body))


def _plain(node: Node) -> dict[str, Any]:
    values = {name: getattr(node, name) for name in _NAMES}
    plain = {name: value for name, value in values.items() if value != _DEFAULTS.get(name, ...)}
    if node.members:
        plain["members"] = [_plain(member) for member in node.members]
    return plain


def _node(raw: dict[str, Any]) -> Node:
    raw["group"] = Group(raw["group"])
    if "sidedness" in raw:
        raw["sidedness"] = Sidedness(raw["sidedness"])
    for key in ("names", "xrefs", "severities", "plausible_mm"):
        if key in raw:
            raw[key] = tuple(raw[key])
    if "members" in raw:
        raw["members"] = tuple(_node(member) for member in raw["members"])
    return Node(**raw)
