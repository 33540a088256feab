"""Reviews that were made before, by what they depend on: in this process, or in Redis for several."""

from collections import OrderedDict
from threading import Lock
from typing import Protocol

import redis
from pydantic import TypeAdapter, ValidationError

from app.proofreading.review.types import Review

_REVIEW = TypeAdapter(Review)
_SPACE = "radproof:review:"


class ReviewCache(Protocol):
    """Keeps reviews by key. A cache that fails is empty: it never stops a check. Thread-safe."""

    def get(self, key: str) -> Review | None:
        """The kept review."""

    def put(self, key: str, review: Review) -> None:
        """Keep one."""

    def close(self) -> None:
        """Release what is held."""


class MemoryCache:
    """The latest ``most`` reviews."""

    def __init__(self, most: int = 1_000) -> None:
        self._most = most
        self._kept: OrderedDict[str, Review] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str) -> Review | None:
        """The kept review, from now on the latest used."""
        with self._lock:
            review = self._kept.get(key)
            if review is not None:
                self._kept.move_to_end(key)
            return review

    def put(self, key: str, review: Review) -> None:
        """Keep one, and forget the one that was not used for longest."""
        with self._lock:
            self._kept[key] = review
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def close(self) -> None:
        """Forget all."""
        self._kept.clear()


class RedisCache:
    """Reviews in Redis or Valkey, for ``seconds``. They hold places and proposed words, no other report text."""

    def __init__(self, url: str, seconds: int = 86_400) -> None:
        self._client = redis.Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0)
        self._seconds = seconds

    def get(self, key: str) -> Review | None:
        """The kept review; none where the server does not answer."""
        try:
            stored = self._client.get(_SPACE + key)
            return None if stored is None else _REVIEW.validate_json(stored)
        except (redis.RedisError, ValidationError):
            return None

    def put(self, key: str, review: Review) -> None:
        """Keep one, if the server answers."""
        try:
            self._client.set(_SPACE + key, _REVIEW.dump_json(review), ex=self._seconds)
        except redis.RedisError:
            return

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
