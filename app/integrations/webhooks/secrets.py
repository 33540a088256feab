"""Secrets of webhooks: 32 random bytes an endpoint; for a while after a change the one before signs too."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

PREFIX = "whsec_"
_BYTES = 32  # the specification wants 24 to 64


def new_secret() -> str:
    """A fresh secret, as the specification writes it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def changed(known: Sequence[Mapping[str, Any]], until: int) -> tuple[str, list[dict[str, Any]]]:
    """A fresh secret, and what is kept of all: the current one signs until ``until`` (seconds since 1970) too."""
    fresh = new_secret()
    before = [{"key": secret["key"], "until": until} for secret in known if secret["until"] is None]
    return fresh, [{"key": fresh, "until": None}, *before]


def signing(known: Sequence[Mapping[str, Any]], at: float) -> list[str]:
    """The secrets that sign at a time, the newest first."""
    return [str(secret["key"]) for secret in known if secret["until"] is None or at < secret["until"]]
