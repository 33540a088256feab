"""What became of one attempt over HTTP, the same for every kind of endpoint: what is said of it in docs/webhooks.md."""

import datetime as dt
from collections.abc import Callable, Set
from email.utils import parsedate_to_datetime

import httpx2

from app.integrations.guard import ForbiddenAddressError
from app.integrations.outgoing import Outcome

_LATER = frozenset({408, 425, 429})


def attempt(call: Callable[[], httpx2.Response], later: Set[int] = frozenset()) -> Outcome:
    """The outcome of a call by a client of the guard, answered or not.

    2xx is delivered, 410 gone; 408, 425, 429, ``later``, 3xx and 5xx are tried again; every other 4xx is refused.
    """
    try:
        answer = call()
    except ForbiddenAddressError as error:
        return Outcome("again", error.code)
    except httpx2.TimeoutException:
        return Outcome("again", "timeout")
    except httpx2.ConnectError:
        return Outcome("again", "cannot_connect")
    except (httpx2.HTTPError, httpx2.InvalidURL):
        return Outcome("again", "invalid_reply")
    status = answer.status_code
    if 200 <= status < 300:
        return Outcome("delivered", status=status)
    if status == 410:
        return Outcome("gone", "gone", status)
    if 400 <= status < 500 and status not in _LATER | later:
        return Outcome("refused", f"status_{status}", status)
    return Outcome("again", f"status_{status}", status, _retry_after(answer.headers.get("retry-after")))


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
