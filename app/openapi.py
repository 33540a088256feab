"""The OpenAPI document. ``python -m app.openapi`` writes it, ``--check`` compares it."""

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app import DISCLAIMER
from app.api.categories import TABLE
from app.errors import ProblemDocument

PATH = Path("openapi/openapi.yaml")
DESCRIPTION = f"""Finds, localizes and corrects errors in radiology reports, grounded in a knowledge graph.

{DISCLAIMER}

Offsets are Unicode code points of the submitted text, half-open: `text[start:end] == quote`.
Refusals and failures are problem documents (RFC 9457, `application/problem+json`) that never repeat
what was submitted. Every answer carries `X-Request-ID`: the sender's own where it is 1 to 64 letters,
digits, dots, dashes or underscores, else a new one.

The types of errors with their category (FP false positive, MF missed finding, TC terminology confusion)
and GREEN's letter:

{TABLE}
"""


def install(app: FastAPI) -> None:
    """Make ``app.openapi()`` the document with the problem schema in it."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes
            )
            problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas = schema["components"]["schemas"]
            schemas.update(problem.pop("$defs"))
            schemas[ProblemDocument.__name__] = problem
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # the framework's documented way


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block, as a person would."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent)


def to_yaml(app: FastAPI) -> str:
    """The document as YAML, the same bytes for the same routes."""
    return yaml.dump(app.openapi(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def main() -> int:
    """Write or check ``openapi/openapi.yaml`` under the current folder."""
    from app.main import create_app
    from app.settings import Settings

    parser = argparse.ArgumentParser(prog="python -m app.openapi")
    parser.add_argument("--check", action="store_true", help="exit 1 when the file is out of date")
    wanted = to_yaml(create_app(Settings()))
    if not parser.parse_args().check:
        PATH.write_text(wanted, encoding="utf-8")
        return 0
    current = PATH.read_text(encoding="utf-8") if PATH.is_file() else ""
    if current != wanted:
        sys.stderr.write(f"{PATH} is out of date: run .venv/bin/python -m app.openapi\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
