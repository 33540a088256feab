"""What is asked of an Orthanc by its REST API (1.9 and later)."""

import math
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import quote

import httpx2

from app.integrations.dicom.read import MOST_BYTES
from app.integrations.guard import ForbiddenAddressError, Guard, ReplyTooLargeError

_SECONDS = 20.0
_MOST_ANSWER = MOST_BYTES + 65_536
_NOTHING_THERE = 404


class OrthancError(Exception):
    """An Orthanc does not do what it is asked. ``code`` is stable; ``status`` is that of HTTP, None without an answer."""

    def __init__(self, code: str, status: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class Change:
    """One change: what kind, of which resource; ``number`` counts up."""

    number: int
    kind: str
    resource: str
    at: str


@dataclass(frozen=True, slots=True)
class Changes:
    """Some changes in their order; ``last`` is how far they reach, ``done`` says that there are no more."""

    changes: tuple[Change, ...]
    last: int
    done: bool


@dataclass(frozen=True, slots=True)
class Orthanc:
    """One server.

    ``until``: when all that is asked has to be over (``monotonic``). Every method raises OrthancError: unreachable,
    timeout, refused, reply_too_large, unexpected_answer, or a code of the guard.
    """

    url: str
    guard: Guard
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    until: float = math.inf

    def last(self) -> int:
        """The number of the newest change."""
        return self._changes("last").last

    def changes(self, since: int, limit: int) -> Changes:
        """At most ``limit`` changes after number ``since``."""
        return self._changes(f"since={since}&limit={limit}")

    def _changes(self, query: str) -> Changes:
        answer = self._json("GET", f"/changes?{query}")
        try:
            found = tuple(
                Change(int(item["Seq"]), str(item["ChangeType"]), str(item["ID"]), str(item["Date"]))
                for item in answer["Changes"]
            )
            return Changes(found, int(answer["Last"]), bool(answer["Done"]))
        except (KeyError, TypeError, ValueError) as error:
            raise OrthancError("unexpected_answer") from error

    def sop_class(self, instance: str) -> str | None:
        """The class of a stored object; None where there is none any more."""
        found = self._optional(f"/instances/{quote(instance)}/metadata/SopClassUid")
        return None if found is None else found.decode("ascii", "replace").strip()

    def file(self, instance: str) -> bytes | None:
        """A stored object as a file; None where there is none any more."""
        return self._optional(f"/instances/{quote(instance)}/file")

    def lookup(self, uid: str, level: str) -> list[str]:
        """What the server calls the things of a level (``Instance``, ``Series``) with this UID."""
        found = self._json("POST", "/tools/lookup", uid.encode())
        return [str(item["ID"]) for item in found if isinstance(item, dict) and item.get("Type") == level]

    def instances_of(self, series: str) -> list[str]:
        """The objects of a series."""
        found = self._json("GET", f"/series/{quote(series)}")
        return [str(item) for item in found.get("Instances", [])] if isinstance(found, dict) else []

    def put(self, place: str, content: bytes) -> None:
        """Write an attachment or metadata, in place of what is there."""
        self._call("PUT", place, content, self._tag(place))

    def remove(self, place: str) -> None:
        """Remove an attachment, metadata or object; nothing where it is not there."""
        self._call("DELETE", place, headers=self._tag(place), missing=True)

    def store(self, file: bytes) -> None:
        """Store an object; one that is there already stays."""
        self._call("POST", "/instances", file)

    def _tag(self, place: str) -> dict[str, str]:
        """The revision to overwrite, which servers with CheckRevisions ask for."""
        if "/metadata/" not in place and "/attachments/" not in place:
            return {}
        where = place if "/metadata/" in place else f"{place}/info"
        answer = self._call("GET", where, missing=True)
        tag = answer.headers.get("etag")
        return {"If-Match": tag} if answer.status_code != _NOTHING_THERE and tag else {}

    def _optional(self, path: str) -> bytes | None:
        answer = self._call("GET", path, missing=True)
        return None if answer.status_code == _NOTHING_THERE else answer.content

    def _json(self, method: str, path: str, content: bytes | None = None) -> Any:
        try:
            return self._call(method, path, content).json()
        except (ValueError, RecursionError) as error:
            raise OrthancError("unexpected_answer") from error

    def _call(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        missing: bool = False,
    ) -> httpx2.Response:
        auth = (self.user, self.password or "") if self.user else None
        seconds = min(_SECONDS, self.until - monotonic())
        if seconds <= 0:
            raise OrthancError("timeout")
        try:
            with self.guard.client(seconds, most_bytes=_MOST_ANSWER) as client:
                answer = client.request(
                    method, f"{self.url.rstrip('/')}{path}", content=content, headers=headers, auth=auth
                )
        except ForbiddenAddressError as error:
            raise OrthancError(error.code) from error
        except ReplyTooLargeError as error:
            raise OrthancError("reply_too_large") from error
        except httpx2.HTTPError as error:
            raise OrthancError("unreachable") from error
        if not answer.is_success and not (missing and answer.status_code == _NOTHING_THERE):
            raise OrthancError("refused", answer.status_code)
        return answer
