"""The prompts: first what is the same for every report and question, then the report, at the end the question.

So a server that keeps what it has read reads a report once for all questions about it. Text of reports is
data: it stands between tags, and nothing in it can close a tag or open a turn of the conversation.
"""

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Literal

from jinja2 import DictLoader, Environment, StrictUndefined, Template

from models.llm import Prompt

Stage = Literal["detect", "localize", "correct", "verify", "proofread"]

_VERSION = "2"
_NAMES = ("system.jinja", "user.jinja", "compare_system.jinja", "compare_user.jinja")
# of markup, and of the chat templates of Llama, Qwen, Gemma, DeepSeek (a wide bar) and Mistral (brackets)
_TAG = re.compile(r"<(?=\s*[/|!\uff5c]|[a-zA-Z_])|\[(?=/?(?:INST|SYSTEM_|AVAILABLE_|TOOL_))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the model is shown of one report beside the question."""

    report: str
    order: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    references: tuple[tuple[str, ...], ...] = ()


def prompt(
    stage: Stage, shown: Shown, quotes: tuple[tuple[str, str], ...] = (), suspected: str = ""
) -> Prompt:
    """The prompt of one stage."""
    user = _template("user.jinja").render(
        stage=stage,
        report=inert(shown.report),
        order=[inert(line) for line in shown.order],
        own=[inert(line) for line in shown.own],
        facts=[inert(line) for line in shown.facts],
        references=[[inert(line) for line in lines] for lines in shown.references],
        quotes=[(kind, inert(quote)) for kind, quote in quotes],
        suspected=inert(suspected),
    )
    return Prompt(_template("system.jinja").render(), user)


def comparison_prompt(candidate: str, reference: str) -> Prompt:
    """The prompt that asks what differs between two reports."""
    user = _template("compare_user.jinja").render(candidate=inert(candidate), reference=inert(reference))
    return Prompt(_template("compare_system.jinja").render(), user)


def inert(text: str) -> str:
    """The text with nothing in it that reads as a tag or as a token of a chat template; of the same length."""
    return _TAG.sub(lambda match: "‹" if match.group() == "<" else "(", text)


@cache
def version() -> str:
    """The version of the prompts and a checksum over their bytes."""
    return f"{_VERSION}+{sha256(''.join(_sources().values()).encode()).hexdigest()[:12]}"


@cache
def _sources() -> dict[str, str]:
    folder = files("app").joinpath("proofreading/review/templates")
    return {name: folder.joinpath(name).read_text("utf-8") for name in _NAMES}


@cache
def _template(name: str) -> Template:
    environment = Environment(  # noqa: S701  # prompts are no HTML; see inert
        loader=DictLoader(_sources()), undefined=StrictUndefined, trim_blocks=False
    )
    return environment.get_template(name)
