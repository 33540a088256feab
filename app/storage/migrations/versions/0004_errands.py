"""The table of what is still to be fetched; room for the status of a FHIR report."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table; SQLite does not look at the length of words."""
    op.create_table(
        "errand",
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("what", sa.String(length=300), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("source", "what", name=op.f("pk_errand")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("version", "status", type_=sa.String(length=20))


def downgrade() -> None:
    """Remove the table; longer words stay."""
    op.drop_table("errand")
