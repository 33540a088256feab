"""The table of tokens that were used."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "used_token",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_used_token")),
    )
    op.create_index(op.f("ix_used_token_until"), "used_token", ["until"])


def downgrade() -> None:
    """Take it away."""
    op.drop_table("used_token")
