"""The narrative block of a section (HL7 CDA R2, 4.3.5) as lines."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from app.integrations.sections import section_of

_BLOCKS = frozenset({"paragraph", "list", "item", "table", "thead", "tbody", "tfoot", "tr", "footnote", "br"})
_CELLS = frozenset({"td", "th"})
_UNREAD = frozenset({"linkHtml", "renderMultiMedia", "footnoteRef", "col", "colgroup"})
_BREAK = "\n"


def lines_of(text: Element, heading: str | None) -> Iterator[str]:
    """Its lines: paragraphs, items (numbered where the list is ordered), rows of tables, captions before a colon.

    What was deleted (``revised``), pictures and links are left out; so are captions that only say the heading again.
    """
    for line in "".join(_pieces(text, heading, "")).split(_BREAK):
        shown = " ".join(line.split())
        if shown:
            yield shown


def _pieces(element: Element, heading: str | None, mark: str) -> Iterator[str]:
    name = _name(element)
    if name in _UNREAD or element.get("revised") == "delete":
        return
    is_block = name in _BLOCKS
    if is_block:
        yield _BREAK + mark
    if name == "tr":
        yield _row(element, heading)
    elif name == "caption":
        yield _caption("".join(_inner(element, heading)), heading)
    elif name == "paragraph":
        yield _paragraph(element, heading)
    else:
        yield from _inner(element, heading)
    if is_block:
        yield _BREAK


def _inner(element: Element, heading: str | None) -> Iterator[str]:
    ordered = _name(element) == "list" and element.get("listType") == "ordered"
    number = 0
    yield _flowing(element.text)
    for child in element:
        number += _name(child) == "item"
        yield from _pieces(child, heading, f"{number}. " if ordered and _name(child) == "item" else "")
        yield _flowing(child.tail)


def _paragraph(paragraph: Element, heading: str | None) -> str:
    """Its words; none where only its caption is left. Nothing in it is read twice: that would double with each level."""
    caption: str | None = None
    words = [_flowing(paragraph.text)]
    for child in paragraph:
        own = "".join(_pieces(child, heading, ""))
        if caption is None and _name(child) == "caption":
            caption = own
        words += [own, _flowing(child.tail)]
    said = "".join(words).strip()
    return "" if caption is not None and said == caption.strip() else said


def _row(row: Element, heading: str | None) -> str:
    """The cells of a row: two as a name and what is said of it, more one after the other."""
    cells = [" ".join("".join(_inner(cell, heading)).split()) for cell in row if _name(cell) in _CELLS]
    shown = [cell for cell in cells if cell]
    if len(shown) == 2 and not shown[0].endswith((":", ".")):
        return f"{shown[0]}: {shown[1]}"
    return " ".join(shown)


def _caption(said: str, heading: str | None) -> str:
    plain = " ".join(said.split()).rstrip(":")
    if not plain or (heading and section_of(plain) is section_of(heading)):
        return ""
    return f"{plain}: "


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _flowing(text: str | None) -> str:
    return (text or "").replace("\r", " ").replace("\n", " ")
