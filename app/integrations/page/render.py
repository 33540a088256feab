"""Lays the status out: every time as how long ago, every state as a word."""

import base64
import datetime as dt
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from app.integrations.status import Status

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
PROBLEMS = {  # those of docs/webhooks.md
    "forbidden_address": "may not be called (RADPROOF_CALLBACK_NETWORKS)",
    "port": "its port may not be called (RADPROOF_CALLBACK_PORTS)",
    "not_https": "its address is not https (RADPROOF_CALLBACK_HTTP)",
    "unresolved": "its name is not known",
    "unreachable": "cannot be reached",
    "cannot_connect": "nobody listens there, or its certificate is not trusted",
    "tls": "its certificate is not trusted, or it speaks no TLS",
    "timeout": "does not answer in time",
    "no_answer": "ended the connection without an answer",
    "redirect": "answered a redirect, which is not followed",
    "unexpected_answer": "answered something that no Orthanc does",
    "invalid_reply": "answered something that is no HTTP",
    "wrong_answer": "acknowledged another message, or nothing",
    "AE": "cannot take it now (AE)",
    "CE": "cannot take it now (CE)",
    "AR": "refuses the message (AR)",
    "CR": "refuses the message (CR)",
    "refused": "refuses: user, password or rights",
    "not_there": "holds the report no more",
    "not_from_dicom": "was told of a report that is no DICOM object: set its source",
    "gone": "said that it wants nothing more (410)",
    "internal": "a fault of RadProof: see the log",
    "no_sender": "nothing here can send to this kind",
}


def render_status(status: Status) -> tuple[str, str]:
    """The page, and the policy that it is to be sent with (Content-Security-Policy)."""
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    return _page().render(status=status, counted=status.counted, style=Markup(style)) + "\n", policy  # noqa: S704


def problem(code: str) -> str:
    """Why an attempt failed, in words where there are some; ``status_500`` and alike are what was answered."""
    return PROBLEMS.get(code) or (f"answered {code[7:]}" if code.startswith("status_") else code)


def ago(at: dt.datetime, moment: dt.datetime) -> str:
    """How long ago, in the largest unit that says enough."""
    return f"{span((moment - at).total_seconds())} ago"


def span(seconds: float) -> str:
    """A length of time: 40 s, 12 min, 3 h 5 min, 2 days."""
    whole = max(int(seconds), 0)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < 2 * _DAY:
        minutes = whole % _HOUR // _MINUTE
        return f"{whole // _HOUR} h {minutes} min" if minutes else f"{whole // _HOUR} h"
    return f"{whole // _DAY} days"


def clock(at: dt.datetime) -> str:
    """Day and time by this machine's time zone."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M")


@cache
def _style() -> str:
    return files("app.integrations.page").joinpath("templates/style.css").read_text(encoding="utf-8")


@cache
def _page() -> Template:
    environment = Environment(
        loader=PackageLoader("app.integrations.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"clock": clock, "span": span, "problem": problem}
    environment.globals |= {"ago": ago}
    return environment.get_template("status.html.jinja")
