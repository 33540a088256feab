"""The status of integrations as one page for people: no script, nothing from outside."""

from app.integrations.page.render import render_status

__all__ = ["render_status"]
