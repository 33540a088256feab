"""A RadProof server as a command sees it."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2
from pydantic import ValidationError

from app.batch.intake import Form, form_of
from app.batch.results import ResultLine

_MEDIA_TYPES = {
    Form.NDJSON: "application/x-ndjson",
    Form.CSV: "text/csv",
    Form.ZIP: "application/zip",
}
_SECONDS = 30.0
_TRIES = 10  # in a row, with the server away or busy


class RemoteError(Exception):
    """The server cannot be used or refuses; the message says why and holds no word of a report."""


class Server:
    """One server; use as a context manager. What it misses it is asked again, so that it may restart."""

    def __init__(self, address: str) -> None:
        """Take the server's address, ``http://host:8000``."""
        timeout = httpx2.Timeout(_SECONDS, read=300.0)
        self._client = httpx2.Client(base_url=address, timeout=timeout, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._client.close()

    def send(self, path: Path, key: str) -> str:
        """The id of the batch of a file; the same file is the same batch.

        Raises:
            RemoteError: when the server refuses it or stays away.
        """
        form = form_of(None, path.name)
        if form is None:
            raise RemoteError("not .ndjson, .jsonl, .csv or .zip")
        headers = {"Idempotency-Key": key, "Content-Type": _MEDIA_TYPES[form]}
        if path.suffix == ".gz":
            headers["Content-Encoding"] = "gzip"
        for wait in _waits():
            try:
                with path.open("rb") as file:
                    answer = self._client.post("/v1/batches", content=file, headers=headers)
            except httpx2.TransportError:
                time.sleep(wait)
                continue
            if answer.status_code in (409, 429, 503):
                time.sleep(wait)
                continue
            return str(_accepted(answer).json()["id"])
        raise RemoteError("the server does not answer, or is busy")

    def follow(self, batch: str) -> Iterator[tuple[int, int]]:
        """How many reports there are and how many are finished, until all are.

        Raises:
            RemoteError: when the server does not know the batch or stays away.
        """
        failed = 0
        while failed < _TRIES:
            try:
                answer = self._client.get(f"/v1/batches/{batch}")
            except httpx2.TransportError:
                answer = None
            if answer is None or answer.status_code == 503:
                failed += 1
                time.sleep(min(2.0**failed, 30.0))
                continue
            failed = 0
            now = _accepted(answer).json()
            counts = now["counts"]
            yield counts["accepted"], counts["accepted"] - counts["waiting"]
            if now["state"] != "checking":
                return
            time.sleep(1.0)
        raise RemoteError("the server went away; the same command goes on from here")

    def results(self, batch: str) -> Iterator[ResultLine]:
        """Every line of the batch's results.

        Raises:
            RemoteError: when they cannot be had, or are not those of a server of this release.
        """
        headers = {"Accept": "application/x-ndjson"}
        try:
            with self._client.stream("GET", f"/v1/batches/{batch}/results", headers=headers) as answer:
                if answer.status_code != 200:
                    answer.read()
                _accepted(answer)
                for line in answer.iter_lines():
                    yield ResultLine.model_validate_json(line)
        except httpx2.TransportError as error:
            raise RemoteError("the server went away; the same command goes on from here") from error
        except ValidationError as error:
            raise RemoteError("the server is of another release") from error


def _waits() -> Iterator[float]:
    return (min(2.0**attempt, 30.0) for attempt in range(_TRIES))


def _accepted(answer: httpx2.Response) -> httpx2.Response:
    if answer.is_success:
        return answer
    try:
        code = str(answer.json()["code"])[:64]
    except (ValueError, KeyError, TypeError):
        code = "no RadProof server"
    raise RemoteError(f"the server answers {answer.status_code}: {code}")
