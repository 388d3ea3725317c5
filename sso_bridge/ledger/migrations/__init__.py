"""The steps from one schema of the ledger to the next, in Alembic's order."""
