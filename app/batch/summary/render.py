"""The page and the PDF of a summary: two layouts of one document."""

import base64
import hashlib
import json
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import Literal
from urllib.parse import quote

import typst
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from app.batch.summary.document import document
from app.batch.summary.types import Summary

Paper = Literal["a4", "us-letter"]
REPORT_ID = "{report_id}"


def render_html(summary: Summary, report_url: str | None = None) -> str:
    """One page that asks for nothing outside itself and runs no script; it forbids both itself.

    ``report_url``: where a report is shown, with ``{report_id}`` in the place of its id, percent-encoded;
    without, reports are named and not linked (``data-report-id`` holds the id).
    """

    def link(report_id: str) -> str | None:
        return report_url.replace(REPORT_ID, quote(report_id, safe="")) if report_url and report_id else None

    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = _page().render(document=document(summary), style=Markup(style), style_digest=digest, link=link)  # noqa: S704
    return page + "\n"


def render_pdf(summary: Summary, paper: Paper = "a4") -> bytes:
    """The same words, figures and plots as a tagged PDF; equal for equal summaries."""
    laid_out = json.dumps(asdict(document(summary)))
    pdf = typst.compile(
        files("app.batch.summary").joinpath("templates/paper.typ").read_bytes(),
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"document": laid_out, "paper": paper},
    )
    return bytes(pdf)


@cache
def _style() -> str:
    return files("app.batch.summary").joinpath("templates/style.css").read_text(encoding="utf-8")


@cache
def _page() -> Template:
    environment = Environment(
        loader=PackageLoader("app.batch.summary"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["svg"] = lambda figure: Markup(figure.svg)  # noqa: S704  # made by plots.py, escaped there
    return environment.get_template("page.html.jinja")
