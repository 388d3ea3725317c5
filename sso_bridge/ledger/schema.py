"""The ledger's tables. Names and ERIDs are compared byte by byte on every engine."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql

__all__ = ["BINDING", "CLAIM", "METADATA", "VERSION", "VERSIONS"]

VERSION = 1
METADATA = MetaData()


def _text(length: int) -> String:
    binary = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")
    return String(length).with_variant(binary, "mysql", "mariadb")


BINDING = Table(
    "sso_bridge_binding",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("company", _text(100), nullable=False, default=""),
    Column("source", _text(100), nullable=False),
    Column("subject", _text(255), nullable=False),
    Column("erid", _text(255), nullable=False),
    Column("erid_canonical", _text(255), nullable=False),
    Column("created_here", Boolean, nullable=False),
    Column("bound_at", Float(53), nullable=False, comment="seconds since 1970, UTC"),
    UniqueConstraint("source", "subject", name="sso_bridge_binding_subject"),
    UniqueConstraint("erid_canonical", name="sso_bridge_binding_erid"),
)
"""One row a person, never changed but for `created_here`, never deleted."""

CLAIM = Table(
    "sso_bridge_claim",
    METADATA,
    Column("login_digest", _text(64), primary_key=True),
    Column("owner", _text(32), nullable=False),
    Column("lease_ends", Float(53), nullable=False, comment="seconds since 1970, UTC"),
)
"""One row for each creation under way, or cut short. The login is kept as a digest only."""

VERSIONS = Table(
    "sso_bridge_version",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
)
