"""Which person has which ERID, for ever: the bridge's own tables, unique both ways.

`SqlLedger` is what calls use, `Register` what operators use, `administration` makes and
upgrades a ledger."""

from .memory import Memory
from .opening import Declared, SourceDeclared
from .register import Register
from .sql import SqlLedger

__all__ = ["Declared", "Memory", "Register", "SourceDeclared", "SqlLedger"]
