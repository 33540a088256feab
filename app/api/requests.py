"""Request bodies read strictly: bounded while they stream, JSON only, no duplicate keys, no NaN."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from app.errors import Problem
from app.settings import Settings
from app.strict_json import StrictJsonError, loads

_CONTENT_TYPE = "application/json"


class StrictRequest(Request):
    """A request whose ``body`` and ``json`` raise Problem: 400, 413 or 415."""

    async def body(self) -> bytes:
        """The body, at most ``max_body_bytes`` of the settings, declared as JSON and not empty."""
        if not hasattr(self, "_body"):
            settings: Settings = self.app.state.settings
            self._refuse_other_types()
            chunks = bytearray()
            async for chunk in self.stream():
                chunks += chunk
                if len(chunks) > settings.max_body_bytes:
                    limit = settings.max_body_bytes
                    raise Problem(413, "body_too_large", f"The body is longer than {limit} bytes.")
            if not chunks:
                raise _malformed("The body is empty.")
            self._body = bytes(chunks)
        return self._body

    async def json(self) -> Any:
        """The parsed body."""
        return _parse(await self.body())

    def _refuse_other_types(self) -> None:
        kind, _, parameters = self.headers.get("content-type", "").lower().partition(";")
        charset = parameters.replace(" ", "").replace('"', "").removesuffix(";")
        if kind.strip() != _CONTENT_TYPE or charset not in ("", "charset=utf-8"):
            raise Problem(415, "unsupported_media_type", f"Send {_CONTENT_TYPE} in UTF-8.")
        if self.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise Problem(415, "unsupported_media_type", "Send the body uncompressed.")


class StrictRoute(APIRoute):
    """A route that reads its body as StrictRequest."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler over a StrictRequest."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strict


def _parse(body: bytes) -> Any:
    try:
        return loads(body.decode())
    except UnicodeDecodeError as error:
        raise _malformed("The body is not UTF-8.") from error
    except RecursionError as error:
        raise _malformed("The body is nested too deeply.") from error
    except StrictJsonError as error:
        raise _malformed(f"In the body, {error}.") from error
    except ValueError as error:  # JSONDecodeError, and integers of thousands of digits
        raise _malformed("The body is not JSON.") from error


def _malformed(detail: str) -> Problem:
    return Problem(400, "malformed_json", detail)
