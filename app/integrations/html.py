"""The text of an HTML page, in time linear to its length.

Not the standard library's html.parser: 128 KiB of "<a " take it minutes (decision 13).
"""

import re
from collections.abc import Iterator
from html import unescape

LONGEST_PAGE = 1_048_576  # characters; longer ones are refused by who reads them
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]*)|<[!?/]")
# quoted values may hold ">"; "<" stops the search, so that no place is looked at from every tag before it
_END = re.compile(r"""(?:[^<>"']|"[^"]*"|'[^']*')*+>""")
_UNREAD = frozenset({"script", "style", "title", "template", "noscript", "textarea", "iframe", "svg"})
_BREAKS = frozenset(
    "address article blockquote body br caption dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 header hr li "
    "main nav ol p pre section table tbody tfoot thead tr ul".split()
)
_SPACES = re.compile(r"[ \t\f\v\xa0]+")
_CELLS = frozenset({"td", "th"})


def text_of(page: str) -> str:
    """What a page shows, its blocks on lines of their own; never fails. Styles are not looked at."""
    shown = unescape("".join(_pieces(page)))
    lines = (_SPACES.sub(" ", line).strip() for line in shown.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _pieces(page: str) -> Iterator[str]:
    at = 0
    while (start := page.find("<", at)) >= 0:
        yield _flowing(page[at:start])
        tag = _TAG.match(page, start)
        if tag is None:
            yield "&lt;"
            at = start + 1
            continue
        at = _after(page, start, tag.end())
        name = (tag.group(1) or "").lower()
        if name in _UNREAD and page[start + 1] != "/":
            at = _closed(page, name, at)
        yield "\n" if name in _BREAKS else " " if name in _CELLS else ""
    yield _flowing(page[at:])


def _after(page: str, start: int, named: int) -> int:
    """The place after a tag, comment or declaration; the page's end where it is not closed."""
    if page.startswith("<!--", start):
        end = page.find("-->", start + 4)
        return end + 3 if end >= 0 else len(page)
    match = _END.match(page, named)
    if match:
        return match.end()
    end = page.find(">", named)
    return end + 1 if end >= 0 else len(page)


def _closed(page: str, name: str, at: int) -> int:
    """The place of the end tag of an element that is left out; the page's end where there is none."""
    end = re.compile(f"</{name}", re.IGNORECASE).search(page, at)
    return end.start() if end else len(page)


def _flowing(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ")
