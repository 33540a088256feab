"""Who acts: the name that the site's proxy puts into a header after it has authenticated a person."""

import re
from typing import Annotated

from fastapi import Depends, Header

from app.errors import FieldProblem, Problem

_PLAIN = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?")


def _actor(
    name: Annotated[
        str | None,
        Header(
            alias="X-Actor",
            description="Who acts, as your proxy authenticated: kept in the audit trail, not verified here",
        ),
    ] = None,
) -> str:
    if name is None:
        return "unnamed"
    if not _PLAIN.fullmatch(name):
        place = FieldProblem(parameter="X-Actor", code="invalid")
        raise Problem(422, "invalid_request", "X-Actor is up to 200 plain characters.", [place])
    return name


Actor = Annotated[str, Depends(_actor)]
