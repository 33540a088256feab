"""Words of reports at rest: compressed, and encrypted where a key is configured."""

import json
import zlib
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

_PLAIN, _SEALED = b"\x00", b"\x01"


class SealError(Exception):
    """What is stored cannot be read with the configured keys, or a key is not one."""


class Seal:
    """Turns JSON values into bytes to store and back.

    With keys the bytes are Fernet tokens (AES-128-CBC with HMAC-SHA-256): the first key encrypts, all
    decrypt, so that keys can be changed while both are configured. Without, they are only compressed.
    Values stored before the first key was configured stay readable.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        """Take keys of 32 bytes in URL-safe base 64, as ``radproof store key`` prints them.

        Raises:
            SealError: when one is not such a key.
        """
        try:
            self._keys = MultiFernet([Fernet(key) for key in keys]) if keys else None
        except ValueError as error:
            raise SealError("a key must be 32 bytes in URL-safe base 64") from error

    def seal(self, value: Any) -> bytes:
        """The bytes to store for a JSON value."""
        return self.seal_text(json.dumps(value, ensure_ascii=False))

    def seal_text(self, words: str) -> bytes:
        """The bytes to store for JSON that is already written."""
        packed = zlib.compress(words.encode(), 6)
        return _PLAIN + packed if self._keys is None else _SEALED + self._keys.encrypt(packed)

    def unseal(self, stored: bytes) -> Any:
        """The JSON value of stored bytes.

        Raises:
            SealError: when no configured key opens it, or it is damaged.
        """
        return json.loads(self.unseal_text(stored))

    def unseal_text(self, stored: bytes) -> str:
        """The JSON of stored bytes, unparsed. Raises SealError as ``unseal``."""
        kind, packed = stored[:1], stored[1:]
        try:
            if kind == _SEALED:
                if self._keys is None:
                    raise SealError("stored reports are encrypted, and no key is configured")
                packed = self._keys.decrypt(packed)
            return zlib.decompress(packed).decode()
        except (InvalidToken, zlib.error, UnicodeDecodeError) as error:
            raise SealError("stored reports cannot be read with the configured keys") from error


def new_key() -> str:
    """A fresh key for ``RADPROOF_STORE_KEYS``."""
    return Fernet.generate_key().decode()
