"""Alembic's environment: one stream, on the connection it is given."""

from alembic import context

from core.db.base import Base

attributes = context.config.attributes

context.configure(
    connection=attributes["connection"],
    target_metadata=Base.metadata,
    version_table=attributes["version_table"],
    include_object=attributes["include_object"],
    compare_type=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
