"""An index of messages by control id, so that a report finds the one that it says it takes the place of."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_message_control_id", "message", ["control_id"], unique=False)


def downgrade() -> None:
    """Remove the index."""
    op.drop_index("ix_message_control_id", table_name="message")
