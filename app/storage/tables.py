"""The tables. Words of reports and people stand only in sealed columns (``LargeBinary``).

    batch      what was sent in at one time
    report     one report as it came in
    job        one report's turn in a batch: waiting -> claimed -> checked | failed | cancelled
    check      the result of one check, immutable; of each report one is ``current``
    error      what a check found, without words: for counts
    decision   what a person decided of an error
    refusal    a line of a batch that is no report
    feed       makes a batch the day of a source, which stays open
    message    one message of a feed as it came in
    version    what one message said of one report; of each report one is ``current``
    endpoint   who is told what happens to reports, and how
    delivery   one event on its way to one endpoint: waiting -> delivered | dead
    position   how far something was read: a subscription's last event, a server's last change
    errand     what is still to be fetched from a source
    rejection  how often a source's messages were not taken on a day, by code
    used_token a token that proved who asks, so that it does so once
    audit      who did what, each row bound to the one before by a hash

Times are whole seconds since 1970 (UTC) by the database's clock.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)
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


def _key() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _of(table: str) -> Column[int]:
    return Column(f"{table}_id", Id, ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=False)


batch = Table(
    "batch",
    metadata,
    _key(),
    Column("public_id", String(36), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False, default=now()),
    Column("state", String(12), nullable=False),  # receiving -> open -> cancelled
    Column("receiving_until", BigInteger),  # a batch that is still receiving then was left unfinished
    Column("urgent", Boolean, nullable=False),
    Column("idempotency_key", String(255), unique=True),
    Column("fingerprint", String(64), nullable=False),  # SHA-256 of what was sent
)

report = Table(
    "report",
    metadata,
    _key(),
    _of("batch"),  # that it came in with
    Column("created_at", BigInteger, nullable=False, default=now()),
    Column("study_date", Date),
    Column("modality", String(1_000)),
    Column("site", String(200)),
    Column("content", LargeBinary),  # sealed: text, report_id, context; none after a purge
    Index("ix_report_batch", "batch_id"),
    Index("ix_report_study_date_site", "study_date", "site"),
)

job = Table(
    "job",
    metadata,
    _key(),
    _of("batch"),
    _of("report"),
    Column("custom_id", String(200), nullable=False),
    Column("state", String(12), nullable=False, default="waiting"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("claimed_by", String(36)),
    Column("claimed_until", BigInteger),
    Column("finished_at", BigInteger),
    Column("problem", String(64)),
    Column("check_id", Id, ForeignKey("check.id", ondelete="SET NULL")),
    UniqueConstraint("batch_id", "custom_id"),
    Index("ix_job_batch_state", "batch_id", "state"),
    Index("ix_job_report", "report_id"),
    Index(
        "ix_job_open",
        "id",
        sqlite_where=text("state IN ('waiting', 'claimed')"),
        postgresql_where=text("state IN ('waiting', 'claimed')"),
    ),
)

check = Table(
    "check",
    metadata,
    _key(),
    _of("report"),
    Column("created_at", BigInteger, nullable=False, default=now()),
    Column("current", Boolean, nullable=False),
    Column("has_errors", Boolean, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("coverage", JSON, nullable=False),
    Column("versions", JSON, nullable=False),
    Column("result", LargeBinary),  # sealed: the answer as sent; none after a purge
    Index("ix_check_report", "report_id"),
    Index(
        "uq_check_current",
        "report_id",
        unique=True,
        sqlite_where=text("current"),
        postgresql_where=text("current"),
    ),
)

error = Table(
    "error",
    metadata,
    _key(),
    _of("check"),
    Column("error_id", String(64), nullable=False),
    Column("type", String(40), nullable=False),
    Column("tier", String(6), nullable=False),
    Column("confidence", Float, nullable=False),
    UniqueConstraint("check_id", "error_id"),
)

decision = Table(
    "decision",
    metadata,
    _key(),
    _of("check"),
    Column("error_id", String(64), nullable=False),
    Column("outcome", String(12), nullable=False),  # accepted | overridden
    Column("reason", String(64)),
    Column("at", BigInteger, nullable=False),
    Column("words", LargeBinary),  # sealed: replacement, comment, who decided
    Index("ix_decision_check", "check_id"),
)

refusal = Table(
    "refusal",
    metadata,
    _key(),
    _of("batch"),
    Column("custom_id", String(200)),
    Column("code", String(64), nullable=False),
    Column("pointer", String(200)),
    Column("line", BigInteger),
    Column("source", String(64)),
    Index("ix_refusal_batch", "batch_id"),
)

feed = Table(
    "feed",
    metadata,
    Column("batch_id", Id, ForeignKey("batch.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("source", String(200), nullable=False),  # MSH-3 and MSH-4
    Column("day", Date, nullable=False),
    Column("test", Boolean, nullable=False),  # MSH-11: T, D
    UniqueConstraint("source", "day", "test"),
)

message = Table(
    "message",
    metadata,
    _key(),
    _of("batch"),
    Column("received_at", BigInteger, nullable=False, default=now()),
    Column("key", String(64), nullable=False, unique=True),  # SHA-256: a resend has the same
    Column("control_id", String(200), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("content", LargeBinary),  # sealed: the bytes as they came; none after a purge
    Index("ix_message_batch", "batch_id"),
    Index("ix_message_control_id", "control_id"),
)

version = Table(
    "version",
    metadata,
    _key(),
    _of("message"),
    # none where the message takes the report back
    Column("report_id", Id, ForeignKey("report.id", ondelete="CASCADE"), unique=True),
    Column("filler_key", String(64)),  # SHA-256 of what names the report at its source; none: never replaced
    Column("number", Integer, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("status", String(20)),
    Column("said_at", String(40), nullable=False),  # by the source's clock, for the order; empty: not said
    Index("ix_version_message", "message_id"),
    Index("ix_version_filler_key", "filler_key"),
    Index(
        "uq_version_current",
        "filler_key",
        unique=True,
        sqlite_where=text("current"),
        postgresql_where=text("current"),
    ),
)

endpoint = Table(
    "endpoint",
    metadata,
    _key(),
    Column("public_id", String(36), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False, default=now()),
    Column("kind", String(8), nullable=False),  # webhook | mllp | fhir | orthanc
    Column("name", String(200), nullable=False, unique=True),
    Column("events", JSON, nullable=False),  # names of events; empty for all
    Column("source", String(200)),  # only of this feed; none for all
    Column("test", Boolean, nullable=False),  # is told of test messages, and of nothing else
    Column("enabled", Boolean, nullable=False),
    Column("problem", String(64)),  # why it is not enabled, or why it failed last
    Column("rests_until", BigInteger, nullable=False, default=0),  # nothing is sent before
    Column("held_by", String(36)),  # the process that sends to it now: one at a time, so that order holds
    Column("held_until", BigInteger),
    Column("settings", LargeBinary, nullable=False),  # sealed: address, secrets
)

delivery = Table(
    "delivery",
    metadata,
    _key(),
    _of("endpoint"),
    Column("public_id", String(40), nullable=False, unique=True),  # the same over all attempts
    Column("event", String(40), nullable=False),
    Column("created_at", BigInteger, nullable=False, default=now()),
    Column("report_id", Id, ForeignKey("report.id", ondelete="CASCADE")),  # none for a trial
    Column("check_id", Id, ForeignKey("check.id", ondelete="SET NULL")),
    Column("state", String(10), nullable=False, default="waiting"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due_at", BigInteger, nullable=False, default=now()),
    Column("finished_at", BigInteger),
    Column("problem", String(64)),  # of the last attempt
    Column("status", Integer),  # HTTP status of the last attempt
    Index("ix_delivery_report_id", "report_id"),
    Index("ix_delivery_check_id", "check_id"),
    Index("ix_delivery_endpoint_id_state", "endpoint_id", "state"),
    Index(
        "ix_delivery_waiting",
        "endpoint_id",
        "id",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
)

position = Table(
    "position",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("value", String(1_000), nullable=False),
    Column("at", BigInteger, nullable=False, default=now(), onupdate=now()),
)

errand = Table(
    "errand",
    metadata,
    Column("source", String(200), primary_key=True),
    Column("what", String(300), primary_key=True),
    Column("created_at", BigInteger, nullable=False, default=now()),
    Column(
        "due_at", BigInteger, nullable=False, default=now()
    ),  # of one at work: when it is given to another
    Column("attempts", Integer, nullable=False, default=0),
    Column("problem", String(64)),  # of the last attempt
)

rejection = Table(
    "rejection",
    metadata,
    Column("source", String(200), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("code", String(64), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last_at", BigInteger, nullable=False),
)

used_token = Table(
    "used_token",
    metadata,
    Column("key", String(64), primary_key=True),  # SHA-256 of its issuer and name
    Column("until", BigInteger, nullable=False),  # after that it is refused for its age
    Index("ix_used_token_until", "until"),
)

audit = Table(
    "audit",
    metadata,
    _key(),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("detail", JSON, nullable=False),
    Column("hash", String(64), nullable=False),  # SHA-256 over this row and the hash before
)
