"""Tokens that were used: each once, by all processes of an installation."""

import hashlib

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.exc import IntegrityError

from app.storage.exchange import used_token
from app.storage.schema import now


class Tokens:
    """The used tokens of one database. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def use(self, name: str, until: int) -> bool:
        """Keep that a token was used, until that second since 1970; False when it was used before."""
        key = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(used_token).where(used_token.c.until < now()))
                if connection.execute(select(used_token.c.key).where(used_token.c.key == key)).first():
                    return False
                connection.execute(insert(used_token).values(key=key, until=until))
        except IntegrityError:  # two at the same time
            return False
        return True
