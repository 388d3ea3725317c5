"""Which person has which ERID, for ever: the bridge's own table, unique both ways."""

from .sql import SqlLedger

__all__ = ["SqlLedger"]
