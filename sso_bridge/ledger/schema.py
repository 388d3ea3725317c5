"""The ledger's tables. What must be unique is a keyed hash, so that no collation, length or
letter case of a database engine has a say in it, and an erased row stays taken."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql

__all__ = [
    "CLAIM",
    "ENTRY",
    "FIRST_BINDING",
    "FIRST_VERSION",
    "LEDGER",
    "LOGIN",
    "METADATA",
    "REVISION",
    "REVISIONS",
    "SOURCE",
]

REVISION = "0002"
"""The newest step in `migrations`: the one that this program works with."""

METADATA = MetaData()


def text(length: int) -> String:
    """A text column that is compared byte by byte on every engine."""
    binary = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")
    return String(length).with_variant(binary, "mysql", "mariadb")


def digest() -> String:
    """A keyed hash, as hex."""
    ascii_only = mysql.CHAR(64, charset="ascii", collation="ascii_bin")
    return String(64).with_variant(ascii_only, "mysql", "mariadb")


LEDGER = Table(
    "sso_bridge_ledger",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("digest_key", text(64), comment="hex; NULL where the configuration has it"),
    Column("key_check", digest(), nullable=False),
    Column("uniqueness", text(20), nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("created_at", Float(53), nullable=False, comment="seconds since 1970, UTC"),
    mysql_engine="InnoDB",
    mariadb_engine="InnoDB",
)
"""One row. `generation` counts the operators' changes: nodes watch it."""

SOURCE = Table(
    "sso_bridge_source",
    METADATA,
    Column("key", text(100), primary_key=True, comment="for ever; entries name it"),
    Column("name", text(100), nullable=False, unique=True, comment="in the configuration"),
    Column("company", text(100), nullable=False),
    Column("secret_check", digest(), comment="of the secret that ERIDs are derived with"),
    Column("place", text(1000), comment="JSON; where its people are, by name"),
    Column("added_at", Float(53), nullable=False, comment="seconds since 1970, UTC"),
    mysql_engine="InnoDB",
    mariadb_engine="InnoDB",
)
"""The sources whose people are in the ledger. A name that is not here is nobody's yet; a source
that is renamed keeps its key, which is part of who its people are."""

ENTRY = Table(
    "sso_bridge_entry",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("action", text(20), nullable=False),
    Column("company", text(100), nullable=False),
    Column("source", text(100), nullable=False),
    Column("subject", text(255)),
    Column("subject_digest", digest()),
    Column("subject_turn", Integer),
    Column("erid", text(255)),
    Column("erid_digest", digest()),
    Column("erid_turn", Integer),
    Column("origin", text(20), nullable=False),
    Column("created_here", Integer, nullable=False),
    Column("seal", text(80)),
    Column("reason", text(255)),
    Column("at", Float(53), nullable=False, comment="seconds since 1970, UTC"),
    UniqueConstraint("subject_digest", "subject_turn", name="sso_bridge_entry_subject"),
    UniqueConstraint("erid_digest", "erid_turn", name="sso_bridge_entry_erid"),
    mysql_engine="InnoDB",
    mariadb_engine="InnoDB",
)
"""What happened, in order; rows are added and never changed, but for an erasure, which clears
`subject`, `erid` and `reason`.

A row is about a subject, an ERID or both. The newest of a subject (the highest
`subject_turn`) says which ERID it has, the newest of an ERID whose it is. Everybody's
first row has turn 1, so of two nodes that bind one person, or give away one ERID, at once,
the database refuses the second."""

LOGIN = Table(
    "sso_bridge_login",
    METADATA,
    Column("login_digest", digest(), primary_key=True),
    Column("subject_digest", digest(), nullable=False, index=True),
    mysql_engine="InnoDB",
    mariadb_engine="InnoDB",
)
"""Whose each login was when it was last seen, all as keyed hashes."""

CLAIM = Table(
    "sso_bridge_claim",
    METADATA,
    Column("login_digest", text(64), primary_key=True),
    Column("owner", text(32), nullable=False),
    Column("lease_ends", Float(53), nullable=False, comment="seconds since 1970, UTC"),
    mysql_engine="InnoDB",
    mariadb_engine="InnoDB",
)
"""One row for each creation under way, or cut short. The login is kept as a digest only."""

REVISIONS = "sso_bridge_revision"
"""Alembic's table, under a name of our own: the client may use Alembic in the same database."""

FIRST_BINDING = "sso_bridge_binding"
"""Where the first schema had its people."""

FIRST_VERSION = "sso_bridge_version"
"""The table by which a ledger of the first schema is known, from before Alembic."""
