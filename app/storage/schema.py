"""What all tables share: their metadata, kinds of columns, and the database's clock."""

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only what it calls INTEGER


class now(FunctionElement[int]):  # noqa: N801  # reads as SQL's own functions do
    """Whole seconds since 1970 by the database's clock, so that machines need not agree."""

    type = BigInteger()
    inherit_cache = True


@compiles(now, "sqlite")
def _sqlite_now(_element: now, _compiler: Any, **_options: Any) -> str:
    return "CAST(strftime('%s', 'now') AS INTEGER)"  # unixepoch() is of SQLite 3.38


@compiles(now, "postgresql")
def _postgresql_now(_element: now, _compiler: Any, **_options: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) AS bigint)"


def key() -> Column[int]:
    """The number of a row."""
    return Column("id", Id, primary_key=True, autoincrement=True)


def of(table: str) -> Column[int]:
    """The row of another table that it belongs to, and ends with."""
    return Column(f"{table}_id", Id, ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=False)
