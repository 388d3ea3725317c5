"""The composition root: settings in, the whole bridge out."""

from .application import application
from .declared import database_url, mapping
from .ledger import check_ledger, create_ledger, declared_ledger, ledger_database, register
from .parts import Parts, assemble, source_database, sql_settings
from .passwords import password_limits, password_schemes
from .pseudonyms import pseudonyms
from .trail import trail_chain, trail_file

__all__ = [
    "Parts",
    "application",
    "assemble",
    "check_ledger",
    "create_ledger",
    "database_url",
    "declared_ledger",
    "ledger_database",
    "mapping",
    "password_limits",
    "password_schemes",
    "pseudonyms",
    "register",
    "source_database",
    "sql_settings",
    "trail_chain",
    "trail_file",
]
