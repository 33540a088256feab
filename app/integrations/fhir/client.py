"""Asks the FHIR server of a source: reads, searches and ``$events``, never outside its registered base."""

import re
from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from urllib.parse import urlencode

import httpx2

from app.integrations.fhir.resources import Resource, as_list, as_object, parsed
from app.integrations.guard import ForbiddenAddressError, Guard, ReplyTooLargeError
from app.integrations.incoming import IncomingError
from app.integrations.sources import FhirServer

TOO_LARGE = "reply_too_large"
MOST_BYTES = 16 * 1_048_576
_MOST_PAGES = 10_000
_PAGE_SIZES = (50, 5, 1)  # fewer where a page is too large
_INCLUDED = [("_include", f"DiagnosticReport:{name}") for name in ("subject", "based-on", "result")]
_SECONDS = 20.0  # of one answer
_SHORT_SECONDS = 2.0  # of one while somebody waits
_REST_SECONDS = 30.0  # that nobody waits for a server which did not answer
_NAME = r"([A-Z][A-Za-z]{1,63}/[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?\Z"
_LOCAL = re.compile(_NAME, re.ASCII)
_TAIL = re.compile(rf"(?:\A|/){_NAME}", re.ASCII)
_ASK = {"Accept": "application/fhir+json"}
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


def tail_of(reference: str) -> str | None:
    """``Type/id`` at the end of a reference, to be read under the base: of a server that is known by two addresses.

    Only for what the server itself tells of; elsewhere another server's patient would be taken for one of its own.
    """
    match = _TAIL.search(reference)
    return match.group(1) if match else None


class FhirError(Exception):
    """The server did not give what was asked for.

    ``code`` is stable. ``again``: it may the next time. ``status``: of HTTP, where it answered.
    """

    def __init__(self, code: str, *, again: bool, status: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.again = again
        self.status = status


class FhirClient:
    """One server. Thread-safe."""

    def __init__(self, server: FhirServer, guard: Guard) -> None:
        """Raises ssl.SSLError or OSError where the file of its CA holds no certificates."""
        self.server = server
        guard = guard.trusting(server.ca_file)
        self._long = guard.client(_SECONDS, most_bytes=MOST_BYTES)
        self._short = guard.client(_SHORT_SECONDS, most_bytes=MOST_BYTES)
        self._headers = {**_ASK, **({"Authorization": f"Bearer {server.token}"} if server.token else {})}
        self._rests_until = 0.0

    def close(self) -> None:
        """Let go of connections."""
        self._long.close()
        self._short.close()

    def local(self, reference: str) -> str | None:
        """A reference as ``Type/id``; None for one that leads outside the base, or is none."""
        plain = reference.removeprefix(f"{self.server.base}/")
        match = _LOCAL.match(plain)
        return match.group(1) if match else None

    def read(self, path: str, *, waited_for: bool = False) -> Resource:
        """The resource at ``Type/id``.

        Raises:
            FhirError: there is none, or it cannot be got now. ``waited_for`` gives up after two seconds.
        """
        return self._get(f"{self.server.base}/{path}", waited_for)

    def events(self, subscription: str, since: int, until: int) -> Resource:
        """The notification with the events of a subscription (``Subscription/id``), both ends included; as ``read``."""
        asked = urlencode(
            {"eventsSinceNumber": since, "eventsUntilNumber": until, "content": "full-resource"}
        )
        return self._get(f"{self.server.base}/{subscription}/$events?{asked}", waited_for=False)

    def changed_names(self, since: str) -> Iterator[Resource]:
        """As ``changed``, of each only its id and when it changed: for a page that is too large at any size."""
        yield from self._pages([*_since(since, _PAGE_SIZES[0]), ("_elements", "id,meta")])

    def changed(self, since: str) -> Iterator[Resource]:
        """The pages (Bundles) of what meets the criteria and changed at or after an instant, oldest first.

        Patients, orders and results come with it, where the server includes them.

        Raises:
            FhirError: as ``read``; a next page outside the base is ``forbidden_address``.
        """
        for count in _PAGE_SIZES:
            try:
                yield from self._pages(_since(since, count), _INCLUDED)
            except FhirError as error:
                if error.code != TOO_LARGE or count == _PAGE_SIZES[-1]:
                    raise
            else:
                return

    def _pages(
        self, plain: Sequence[tuple[str, str]], more: Sequence[tuple[str, str]] = ()
    ) -> Iterator[Resource]:
        """Where a server takes not all of it, only the first part of ``plain`` is asked for."""
        criteria = self.server.criteria
        asked = f"{self.server.base}/{criteria}{'&' if '?' in criteria else '?'}"
        try:
            page = self._get(asked + urlencode([*plain, *more]), waited_for=False)
        except FhirError as error:
            if error.status is None or error.again:
                raise
            page = self._get(asked + urlencode(plain[:1]), waited_for=False)
        seen: set[str] = set()
        while True:
            yield page
            following = _next(page)
            if following is None:
                return
            if following in seen or len(seen) >= _MOST_PAGES:
                raise FhirError("endless_pages", again=False)
            seen.add(following)
            page = self._get(self._page(following), waited_for=False)

    def _page(self, url: str) -> str:
        base = self.server.base
        if url.startswith((f"{base}?", f"{base}/")) and ".." not in url:
            return url
        if url.startswith("?"):
            return base + url
        raise FhirError("forbidden_address", again=False)

    def _get(self, url: str, waited_for: bool) -> Resource:
        if waited_for and monotonic() < self._rests_until:
            raise FhirError("server_rests", again=True)
        try:
            answer = (self._short if waited_for else self._long).get(url, headers=self._headers)
        except ForbiddenAddressError as error:
            raise FhirError(error.code, again=True) from error
        except ReplyTooLargeError as error:
            raise FhirError(TOO_LARGE, again=True) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            self._rests_until = monotonic() + _REST_SECONDS
            raise FhirError("no_answer", again=True) from error
        self._rests_until = 0.0
        status = answer.status_code
        if status != 200:
            raise FhirError(f"status_{status}", again=status in _AGAIN, status=status)
        try:
            return parsed(answer.content, MOST_BYTES)
        except IncomingError as error:
            raise FhirError(error.code, again=True, status=status) from error


def _since(instant: str, count: int) -> list[tuple[str, str]]:
    return [("_lastUpdated", f"ge{instant}"), ("_sort", "_lastUpdated"), ("_count", str(count))]


def _next(page: Mapping[str, object]) -> str | None:
    links = (as_object(link) for link in as_list(page.get("link")))
    urls = (link.get("url") for link in links if link.get("relation") == "next")
    return next((url for url in urls if isinstance(url, str) and len(url) <= 10_000), None)
