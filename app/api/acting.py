"""Who acts: the name that the site's proxy puts into a header after it has authenticated a person."""

from typing import Annotated

from fastapi import Depends, Header

_PLAIN = r"^[\x21-\x7e]([\x20-\x7e]{0,198}[\x21-\x7e])?$"


def _actor(
    name: Annotated[
        str,
        Header(
            alias="X-Actor",
            pattern=_PLAIN,
            description="Who acts, as your proxy authenticated: kept in the audit trail, not verified here",
        ),
    ] = "unnamed",
) -> str:
    return name


Actor = Annotated[str, Depends(_actor)]
