"""The client's user database, whatever it looks like, through a declared mapping."""

from .mapping import (
    ActiveRule,
    AddressTable,
    Column,
    Constant,
    ExtendedAttribute,
    Generated,
    Mapping,
)
from .sql import SqlSource

__all__ = [
    "ActiveRule",
    "AddressTable",
    "Column",
    "Constant",
    "ExtendedAttribute",
    "Generated",
    "Mapping",
    "SqlSource",
]
