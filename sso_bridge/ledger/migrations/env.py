"""Alembic runs the steps through this, on the connection it is given."""

from alembic import context

from sso_bridge.ledger.schema import METADATA, REVISIONS

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=REVISIONS,
)
with context.begin_transaction():
    context.run_migrations()
