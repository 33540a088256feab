"""The sender of kind ``webhook``: one signed POST an attempt (Standard Webhooks 1.0.0)."""

import datetime as dt
from email.utils import parsedate_to_datetime

import httpx2
from standardwebhooks import Webhook

from app import __version__
from app.integrations.guard import ForbiddenAddressError, Guard
from app.integrations.outgoing import Outcome, Outgoing
from app.integrations.webhooks.payload import body
from app.integrations.webhooks.secrets import signing
from app.storage.types import Endpoint

SECONDS = 20.0  # the specification wants 15 to 30
_LATER = frozenset({408, 425, 429})


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
        try:
            with (
                self._guard.client(self._seconds) as client,
                client.stream("POST", to.settings["url"], content=said.encode(), headers=headers) as answer,
            ):
                return _outcome(answer)
        except ForbiddenAddressError as error:
            return Outcome("again", error.code)
        except httpx2.TimeoutException:
            return Outcome("again", "timeout")
        except httpx2.ConnectError:
            return Outcome("again", "cannot_connect")
        except (httpx2.HTTPError, httpx2.InvalidURL):
            return Outcome("again", "invalid_reply")


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


def _outcome(answer: httpx2.Response) -> Outcome:
    status = answer.status_code
    if 200 <= status < 300:
        return Outcome("delivered", status=status)
    code = f"status_{status}"
    if status == 410:
        return Outcome("gone", "gone", status)
    if 400 <= status < 500 and status not in _LATER:
        return Outcome("refused", code, status)
    return Outcome("again", code, status, _retry_after(answer.headers.get("retry-after")))


def _retry_after(said: str | None) -> float | None:
    """Seconds, also where a date is said (RFC 9110, section 10.2.3); None where neither is."""
    if said is None:
        return None
    words = said.strip()
    if words.isascii() and words.isdigit():
        return float(words[:9])
    try:
        at = parsedate_to_datetime(words)
    except (ValueError, OverflowError):
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=dt.UTC)
    return max(0.0, (at - dt.datetime.now(dt.UTC)).total_seconds())
