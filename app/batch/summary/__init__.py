"""The day's summary: results of a batch as a page and as a PDF, with plots.

``summarise`` counts result lines, ``render_html`` and ``render_pdf`` lay out what it counted.
"""

from app.batch.summary.render import render_html, render_pdf
from app.batch.summary.summarise import summarise
from app.batch.summary.types import Summary

__all__ = ["Summary", "render_html", "render_pdf", "summarise"]
