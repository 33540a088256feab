"""The tables of what is exchanged with other systems; as ``app.storage.tables``.

endpoint   who is told what happens to reports, and how
delivery   one event on its way to one endpoint: waiting -> delivered | dead
position   how far something was read: a subscription's last event, a server's last change
errand     what is still to be fetched from a source
rejection  how often a source's messages were not taken on a day, by code
used_token a token that proved who asks, so that it does so once
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    text,
)

from app.storage.schema import Id, key, metadata, now, of

endpoint = Table(
    "endpoint",
    metadata,
    key(),
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
    key(),
    of("endpoint"),
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
