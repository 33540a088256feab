"""What Alembic runs: the migrations of this folder over the connection that it is given."""

from alembic import context

from app.storage import exchange, tables  # noqa: F401  # they fill the metadata
from app.storage.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
