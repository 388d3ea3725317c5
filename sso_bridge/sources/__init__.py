"""The client's user database, whatever it looks like, through a declared mapping."""

from .mapping import (
    ActiveRule,
    AddressTable,
    Column,
    Computed,
    Constant,
    ExtendedAttribute,
    Filter,
    Generated,
    Join,
    LoginColumn,
    Mapping,
    Pairs,
    Select,
)
from .sql import SqlSource

__all__ = [
    "ActiveRule",
    "AddressTable",
    "Column",
    "Computed",
    "Constant",
    "ExtendedAttribute",
    "Filter",
    "Generated",
    "Join",
    "LoginColumn",
    "Mapping",
    "Pairs",
    "Select",
    "SqlSource",
]
