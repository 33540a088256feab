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
    audit      who did what, each row bound to the one before by a hash

Times are whole seconds since 1970 (UTC) by the database's clock.
"""

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
    String,
    Table,
    UniqueConstraint,
    text,
)

from app.storage.schema import Id, key, metadata, now, of

batch = Table(
    "batch",
    metadata,
    key(),
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
    key(),
    of("batch"),  # that it came in with
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
    key(),
    of("batch"),
    of("report"),
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
    key(),
    of("report"),
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
    key(),
    of("check"),
    Column("error_id", String(64), nullable=False),
    Column("type", String(40), nullable=False),
    Column("tier", String(6), nullable=False),
    Column("confidence", Float, nullable=False),
    UniqueConstraint("check_id", "error_id"),
)

decision = Table(
    "decision",
    metadata,
    key(),
    of("check"),
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
    key(),
    of("batch"),
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
    key(),
    of("batch"),
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
    key(),
    of("message"),
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

audit = Table(
    "audit",
    metadata,
    key(),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("detail", JSON, nullable=False),
    Column("hash", String(64), nullable=False),  # SHA-256 over this row and the hash before
)
