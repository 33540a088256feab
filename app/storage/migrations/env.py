"""What Alembic runs: the migrations of this folder over the connection that it is given."""

from alembic import context

from app.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
