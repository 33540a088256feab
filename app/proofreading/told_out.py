"""Devices that are told to be out by the word after their name: "NG tube out.", "after chest tube removal"."""

import re

from models.types import Span

_WHERE = r"(?:\s+(?:on|from) the (?:left|right)(?: side)?)?"
_BEEN = r"(?:is|are|was|were|now|has|have|been|come|came|since|already|also|all|both|intervally)\s+"
_ENDS = (
    r"(?=\s*(?:[.;,\n]|$)|\s+(?:since|in the inter(?:val|im)|today|yesterday|overnight|this morning|after|following|"
    r"from the (?:chest|patient|heart|neck)|together with)\b)"
)
_LIST = (  # "ETT and NG tube removed"
    r"(?:\s*(?:and|&|/|\+)\s*(?:(?:the|an?|left|right|both)\s+)*(?:[\w.-]+ ){0,2}?"
    r"(?:tubes?|catheters?|lines?|drains?|ngt?|ogt?|ett|cvc|picc|swan|port|sheath|iabp|leads?|wires?)\b){0,3}"
)
_OUT = re.compile(
    rf"{_LIST}{_WHERE}\s+(?:{_BEEN})*(?:out|gone|removed|discontinued|explanted|extracted|retrieved|taken out|fallen out|"
    rf"not in situ|d/?c['\u2019]?e?d){_ENDS}",
    re.IGNORECASE,
)
# drawn back a little, or out
_DRAWN = re.compile(
    rf"{_LIST}{_WHERE}\s+(?:{_BEEN})*(?:withdrawn|pulled){_ENDS}"
    r"(?![^.;]*\b(?:\d+|cm|mm|tip|ends?|now|terminat\w+|lies|projects?|position\w*)\b)",
    re.IGNORECASE,
)
_SINCE = re.compile(
    r"\s+(?:since|in the inter(?:val|im)|(?:has been|was|were) (?:performed|done))\b", re.IGNORECASE
)
_GOING = re.compile(r"\s+(?:removal|explantation|extraction|withdrawal|discontinuation)\b", re.IGNORECASE)
_DONE = re.compile(
    r"\b(?:interval|post|following|after|since|s/p|and|extubation,)\s+(?:[\w-]+\s+){0,4}\Z", re.IGNORECASE
)
_NOT_YET = re.compile(
    r"\b(?:prior to|before|pending|consider\w*|recommend\w*|planned|for|plan)\b", re.IGNORECASE
)
_FAULT = re.compile(  # "no lead or device complication": the device is there
    r"(?:\s+(?:or|and|/)\s+\w+){0,2}[\s-]+(?:related\s+)?"
    r"(?:complications?|fractures?|failures?|malpositions?|displacements?|migration|kinks?|kinking|malfunction|dysfunction|problems?)\b",
    re.IGNORECASE,
)
_BEFORE = 60  # code points that are looked at before the name


def is_told_out(text: str, device: Span, start: int) -> bool:
    """True when the words after a device say that it is out; ``start``: where its sentence begins."""
    if _OUT.match(text, device.end) or _DRAWN.match(text, device.end):
        return True
    going = _GOING.match(text, device.end)
    if going is None:
        return False
    before = text[max(start, device.start - _BEFORE) : device.start]
    done = _DONE.search(before) or _SINCE.match(text, going.end())
    return done is not None and not _NOT_YET.search(before)


def is_without_fault(text: str, span: Span) -> bool:
    """True where a fault of the device is denied, not the device: "no lead or device complication"."""
    return _FAULT.match(text, span.end) is not None
