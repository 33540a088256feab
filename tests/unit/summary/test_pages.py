"""The page and the PDF: the same figures as the lines, nothing that acts, and bounded size."""

import io
import re
import xml.etree.ElementTree as ElementTree
from datetime import date, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given as given_
from hypothesis import strategies as st
from pypdf import PdfReader
from summary_lines import Line, checked, flag, parsed

from app import DISCLAIMER
from app.batch.summary import Summary, render_html, render_pdf, summarise
from app.batch.summary.plots import trend
from app.batch.summary.types import Flags

WICKED = "</p><script>alert(1)</script> =cmd|' /C calc'!A0 #panic() \" ' & <img src=x onerror=alert(2)>"
VOID = {"meta", "br", "img", "link", "rect", "line", "circle"}


class Page(HTMLParser):
    """Tables by caption, visible words, tags and attributes; fails on tags that do not match."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self._caption = ""
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "caption":
            self._caption = ""
        if tag == "tr":
            self.tables.setdefault(self._caption, []).append([])
        if tag in ("td", "th"):
            self.tables[self._caption][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self.words.append(data)
        if "caption" in self._open:
            self._caption += data
        elif self._open and {"td", "th"} & set(self._open):
            self.tables[self._caption][-1][-1] += data

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


def pdf_text(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


@pytest.fixture(scope="module")
def page(summary: Summary) -> Page:
    return Page(render_html(summary))


@pytest.fixture(scope="module")
def paper(summary: Summary) -> str:
    return pdf_text(render_pdf(summary))


def test_page_shows_the_figures_of_the_lines(page: Page, lines: list[Line]) -> None:
    read = [line for line in lines if "checked" in line and line["checked"]["coverage"]["rules"] == "done"]
    flags = [e for line in read for e in line["checked"]["errors"] if e["tier"] != "low"]
    flagged = sum(line["checked"]["has_errors"] for line in read)
    part = sum(not line["checked"]["complete"] for line in read)
    sound = f"No errors found in {len(read) - flagged} of {len(read)} reports checked"
    assert f"{sound}, {part} of them only in part." in page.text
    assert f"{len(lines) - len(read)} reports not checked" in page.text
    types = {row[0]: row for row in page.tables["Flags by type and tier"]}
    assert types["all types"][3] == str(len(flags))
    for kind in {error["type"] for error in flags}:
        own = [error["tier"] for error in flags if error["type"] == kind]
        expected = [
            str(own.count("high")),
            str(own.count("medium")),
            str(len(own)),
            f"{100 * len(own) / len(read):.1f}",
        ]
        assert types[kind.replace("_", " ")][1:5] == expected
    days = {row[0]: row[1:4] for row in page.tables["Flags per 100 checked reports, by day of study"][1:]}
    for day, row in days.items():
        own_lines = [line for line in read if line["study_date"] == day]
        counts = [sum(e["tier"] != "low" for e in line["checked"]["errors"]) for line in own_lines]
        assert row == [str(len(counts)), str(sum(n > 0 for n in counts)), str(sum(counts))]
    outcomes = page.tables["Reports by what became of them"][1:]
    assert sum(int(row[2]) for row in outcomes) == len(lines)
    refused = {row[1] for row in outcomes if row[0] == "not checked: refused"}
    assert refused == {"blank text", "text too large", "invalid line"}


def test_paper_shows_every_row_of_the_page(page: Page, paper: str) -> None:
    assert len(page.tables) == 9
    for caption, rows in page.tables.items():
        assert caption in paper
        for row in rows:
            assert " ".join(" ".join(row).split()) in paper, (caption, row)
    assert DISCLAIMER in paper
    assert DISCLAIMER in page.text


def test_paper_shows_every_flag_of_the_page(summary: Summary, page: Page, paper: str) -> None:
    squeezed = paper.replace(" ", "")
    assert len(summary.worklist.entries) > 10
    for entry in summary.worklist.entries:
        for words in (entry.said.whole, entry.message, *(reason.said.whole for reason in entry.reasons)):
            assert " ".join(words.split()) in page.text
            assert "".join(words.split()) in squeezed
    for report in summary.sample.reports:
        assert report.custom_id in paper


def test_page_asks_for_nothing_and_runs_nothing(page: Page, summary: Summary) -> None:
    names = {name for name, _ in page.tags}
    assert names.isdisjoint({"script", "img", "link", "iframe", "object", "form", "base", "image", "use"})
    for name, attributes in page.tags:
        assert not [key for key in attributes if key.startswith("on") or key in ("style", "src", "srcset")]
        assert name != "a" or (attributes["href"] or "").startswith("#")
    text = render_html(summary)
    assert text.count("<style>") == 1
    assert re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", text) is None
    (policy,) = [a["content"] for n, a in page.tags if n == "meta" and a.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_pictures_have_words(page: Page, summary: Summary) -> None:
    pictures = [attributes for name, attributes in page.tags if name == "svg"]
    assert len(pictures) == 4
    identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    for picture in pictures:
        assert picture["role"] == "img"
        assert set((picture["aria-labelledby"] or "").split()) <= set(identifiers)
    for svg in re.findall(r"<svg.*?</svg>", render_html(summary), re.DOTALL):
        assert_within(svg)


@given_(
    st.dictionaries(
        st.dates(date(2020, 1, 1), date(2030, 1, 1)),
        st.tuples(st.integers(1, 999), st.integers(0, 99)),
        min_size=2,
    )
)
def test_any_days_are_drawn_within_their_picture(days: dict[date, tuple[int, int]]) -> None:
    rows = {day: Flags(n, min(n, flags), flags, flags) for day, (n, flags) in sorted(days.items())}
    every = Flags(
        *(
            sum(column)
            for column in zip(
                *((f.reports, f.flagged, f.flags, f.squares) for f in rows.values()), strict=True
            )
        )
    )
    assert_within(trend("days", "Days", rows, every).svg)


def assert_within(svg: str) -> None:
    drawn = ElementTree.fromstring(svg)  # noqa: S314  # our own
    box = [float(number) for number in drawn.attrib["viewBox"].split()]
    for shape in drawn:
        for across, down in (("x", "y"), ("x1", "y1"), ("x2", "y2"), ("cx", "cy")):
            assert 0 <= float(shape.get(across, 0)) <= box[2]
            assert 0 <= float(shape.get(down, 0)) <= box[3]


def test_rows_beyond_a_table_are_counted_together() -> None:
    lines = [checked(f"{n}-{m}", "left", flag(), modality=f"M{n}") for n in range(30) for m in range(40 - n)]
    lines += [{"custom_id": f"r{n}", "state": "refused", "problem": {"code": f"c{n}"}} for n in range(30)]
    page = Page(render_html(summarise(parsed(lines))))
    *_, others = page.tables["Reports and flags by modality"]
    *_, reasons = page.tables["Reports by what became of them"]
    # the thirty refused have no modality, which stands among the first twenty
    rest = sum(40 - n for n in range(19, 30))
    assert others[:5] == ["others", *[str(rest)] * 4]
    assert reasons[:3] == ["not checked: other reasons", "–", "12"]


def test_of_many_days_the_latest_are_shown() -> None:
    lines = [
        checked(str(n), "Clear.", study_date=str(date(2026, 1, 1) + timedelta(days=n))) for n in range(100)
    ]
    page = Page(render_html(summarise(parsed([*lines, checked("undated", "Clear.")]))))
    assert "The latest 62 of 100 days. 1 report without a study date left out here." in page.text
    days = page.tables["Flags per 100 checked reports, by day of study"][1:]
    assert (len(days), days[-1][0]) == (62, "2026-04-10")


def test_words_of_a_report_stay_words() -> None:
    evidence = [
        {"kind": "text", "start": 0, "end": len(WICKED), "quote": WICKED},
        {"kind": "graph_path", "path": [WICKED], "source": WICKED},
        {"kind": "reference", "reference_id": WICKED, "score": 0.5},
    ]
    fix = {"start": 0, "end": 4, "replacement": WICKED}
    error = flag(WICKED, 0, message=WICKED, evidence=evidence, correction=fix, alternatives=[fix])
    decision = {"error_id": "e2", "outcome": "overridden", "reason": WICKED, "at": "2026-11-06T09:00:00Z"}
    second = flag("x", len(WICKED) + 1, id="e2")
    known = {"modality": WICKED, "site": WICKED, "report_id": WICKED, "decisions": [decision]}
    lines = [
        checked(WICKED, f"{WICKED} x", error, second, **known),
        checked(f"2{WICKED}", "Clear.", modality=WICKED, report_id=WICKED),
        {"custom_id": "c", "state": "refused", "problem": {"code": WICKED}},
    ]
    summary = summarise(parsed(lines), WICKED)
    for text in (render_html(summary), render_html(summary, "https://host.example/{report_id}")):
        page = Page(text)
        assert {name for name, _ in page.tags}.isdisjoint({"script", "img"})
        assert page.text.count("<script>alert(1)</script>") > 10
        assert "=cmd|' /C calc'!A0" in page.text
    paper = pdf_text(render_pdf(summary)).replace(" ", "")
    assert paper.count("<script>alert(1)</script>") > 8
    assert "#panic()" in paper


def test_links_name_the_report_by_its_encoded_id() -> None:
    lines = [checked("a", "left", flag(), report_id="r/1?x"), checked("b", "Clear.", report_id='r"2')]
    page = Page(render_html(summarise(parsed(lines)), "/reports/{report_id}"))
    links = [a["href"] for name, a in page.tags if name == "a" and not (a["href"] or "").startswith("#")]
    assert links == ["/reports/r%2F1%3Fx", "/reports/r%222"]
    named = {attributes["data-report-id"] for _, attributes in page.tags if "data-report-id" in attributes}
    assert named == {"r/1?x", 'r"2'}


REFUSED: list[Line] = [
    {"custom_id": str(n), "state": "refused", "problem": {"code": "blank_text"}} for n in range(40)
]


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        ([], "No report was checked: this summary says nothing about errors."),
        (REFUSED, "No report was checked: this summary says nothing about errors."),
        ([checked("a", "Clear.")], "No errors found in 1 of 1 report checked."),
        ([checked("a", "left", flag()), *REFUSED[:1]], "1 report not checked: whether"),
        ([checked("a", "left", flag(tier="low"))], "No errors found in 1 of 1 report checked."),
    ],
)
def test_small_days(lines: list[Line], verdict: str) -> None:
    summary = summarise(parsed(lines))
    page, paper = Page(render_html(summary)), pdf_text(render_pdf(summary, "us-letter"))
    for text in (page.text, paper):
        assert verdict in text
        assert "nan" not in text.lower().replace("language", "")
        assert DISCLAIMER in text


def test_a_large_day_stays_a_small_page() -> None:
    """20,000 reports with the longest words that are shown, all of characters that HTML spells out."""
    long = '"' * 400
    evidence = [{"kind": "reference", "reference_id": long, "score": 0.5}] * 9
    line = checked(long, long, flag(long, 0, message=long, evidence=evidence), report_id=long, site=long)
    (parsed_line,) = parsed([line])
    summary = summarise(parsed_line for _ in range(20_000))
    assert summary.flags.flags == 20_000
    text = render_html(summary)
    assert len(text.encode()) < 2_000_000
    assert "Flags of no more expected harm, left out: 19,900." in Page(text).text


def test_the_pdf_is_tagged_titled_and_the_same_each_time(summary: Summary) -> None:
    pdf = render_pdf(summary)
    assert pdf == render_pdf(summary)
    reader = PdfReader(io.BytesIO(pdf))
    assert reader.metadata is not None
    assert (reader.metadata.title or "").startswith("The day's summary: day")
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert [round(float(side)) for side in reader.pages[0].mediabox[2:]] == [595, 842]
    letter = PdfReader(io.BytesIO(render_pdf(summary, "us-letter")))
    assert [round(float(side)) for side in letter.pages[0].mediabox[2:]] == [612, 792]
