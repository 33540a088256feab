"""The sender of kind ``webhook``: one signed POST an attempt (Standard Webhooks 1.0.0)."""

import datetime as dt

import httpx2
from standardwebhooks import Webhook

from app import __version__
from app.integrations.attempt import attempt
from app.integrations.guard import Guard
from app.integrations.outgoing import Outcome, Outgoing
from app.integrations.webhooks.payload import body
from app.integrations.webhooks.secrets import signing
from app.storage.types import Endpoint

SECONDS = 20.0  # the specification wants 15 to 30


class WebhookSender:
    """Tells endpoints of kind ``webhook``. Thread-safe.

    Settings of an endpoint: ``url``, ``detail`` (thin or full), ``secrets`` (see ``webhooks.secrets``).
    """

    def __init__(self, guard: Guard, base: str = "", seconds: float = SECONDS) -> None:
        """``base`` is where people reach this service; an attempt takes ``seconds`` at most."""
        self._guard = guard
        self._base = base.rstrip("/")
        self._seconds = seconds

    def send(self, to: Endpoint, what: Outgoing) -> Outcome:
        """Make one attempt. Any 2xx is success as soon as its status is read; what follows is not waited for."""
        said = body(what, self._base, full=to.settings.get("detail") == "full")
        headers = _signed(to, what.id, said)

        def call() -> httpx2.Response:
            with (
                self._guard.client(self._seconds) as client,
                client.stream("POST", to.settings["url"], content=said.encode(), headers=headers) as answer,
            ):
                return answer

        return attempt(call)


def _signed(to: Endpoint, id_: str, said: str) -> dict[str, str]:
    at = dt.datetime.now(dt.UTC)
    keys = signing(to.settings["secrets"], at.timestamp())
    return {
        "Content-Type": "application/json",
        "User-Agent": f"RadProof/{__version__}",
        "Webhook-Id": id_,
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": " ".join(Webhook(key).sign(id_, at, said) for key in keys),
    }
