"""The first schema: one row a person, and the claims of creations under way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None


def _text(length: int) -> sa.String:
    binary = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")
    return sa.String(length).with_variant(binary, "mysql", "mariadb")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "sso_bridge_binding",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("company", _text(100), nullable=False),
        sa.Column("source", _text(100), nullable=False),
        sa.Column("subject", _text(255), nullable=False),
        sa.Column("erid", _text(255), nullable=False),
        sa.Column("erid_canonical", _text(255), nullable=False),
        sa.Column("created_here", sa.Boolean, nullable=False),
        sa.Column("bound_at", sa.Float(53), nullable=False),
        sa.UniqueConstraint("source", "subject", name="sso_bridge_binding_subject"),
        sa.UniqueConstraint("erid_canonical", name="sso_bridge_binding_erid"),
        mysql_engine="InnoDB",
        mariadb_engine="InnoDB",
        if_not_exists=True,
    )
    op.create_table(
        "sso_bridge_claim",
        sa.Column("login_digest", _text(64), primary_key=True),
        sa.Column("owner", _text(32), nullable=False),
        sa.Column("lease_ends", sa.Float(53), nullable=False, comment="seconds since 1970, UTC"),
        mysql_engine="InnoDB",
        mariadb_engine="InnoDB",
        if_not_exists=True,
    )
