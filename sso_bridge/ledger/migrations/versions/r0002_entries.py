"""The history: entries with turns, keyed hashes, sources and logins.

What the first schema knew of becomes everybody's first entry. Its claims are dropped: servers
are stopped meanwhile, and a creation that was cut short is repeated from its start."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"

_BATCH = 1000


def _text(length: int) -> sa.String:
    binary = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")
    return sa.String(length).with_variant(binary, "mysql", "mariadb")


def _digest() -> sa.String:
    ascii_only = mysql.CHAR(64, charset="ascii", collation="ascii_bin")
    return sa.String(64).with_variant(ascii_only, "mysql", "mariadb")


def upgrade() -> None:
    """Make the tables, move everybody over, drop the old ones.

    It may be repeated from the start where an engine cannot undo it as a whole. There, to drop
    the first of the old tables is to commit what was written: all of it or, while that
    table is there, nothing."""
    op.create_table(
        "sso_bridge_ledger",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest_key", _text(64), comment="hex; NULL where the configuration has it"),
        sa.Column("key_check", _digest(), nullable=False),
        sa.Column("uniqueness", _text(20), nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False, comment="seconds since 1970, UTC"),
        mysql_engine="InnoDB",
        mariadb_engine="InnoDB",
        if_not_exists=True,
    )
    op.create_table(
        "sso_bridge_source",
        sa.Column("key", _text(100), primary_key=True, comment="for ever; entries name it"),
        sa.Column("name", _text(100), nullable=False, unique=True, comment="in the configuration"),
        sa.Column("company", _text(100), nullable=False),
        sa.Column("secret_check", _digest(), comment="of the secret that ERIDs are derived with"),
        sa.Column("place", _text(1000), comment="JSON; where its people are, by name"),
        sa.Column("added_at", sa.Float(53), nullable=False, comment="seconds since 1970, UTC"),
        mysql_engine="InnoDB",
        mariadb_engine="InnoDB",
        if_not_exists=True,
    )
    op.create_table(
        "sso_bridge_login",
        sa.Column("login_digest", _digest(), primary_key=True),
        sa.Column("subject_digest", _digest(), nullable=False),
        mysql_engine="InnoDB",
        mariadb_engine="InnoDB",
        if_not_exists=True,
    )
    index = "ix_sso_bridge_login_subject_digest"
    if index not in {i["name"] for i in sa.inspect(op.get_bind()).get_indexes("sso_bridge_login")}:
        op.create_index(index, "sso_bridge_login", ["subject_digest"])
    entry = op.create_table(
        "sso_bridge_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("action", _text(20), nullable=False),
        sa.Column("company", _text(100), nullable=False),
        sa.Column("source", _text(100), nullable=False),
        sa.Column("subject", _text(255)),
        sa.Column("subject_digest", _digest()),
        sa.Column("subject_turn", sa.Integer),
        sa.Column("erid", _text(255)),
        sa.Column("erid_digest", _digest()),
        sa.Column("erid_turn", sa.Integer),
        sa.Column("origin", _text(20), nullable=False),
        sa.Column("created_here", sa.Integer, nullable=False),
        sa.Column("seal", _text(80)),
        sa.Column("reason", _text(255)),
        sa.Column("at", sa.Float(53), nullable=False, comment="seconds since 1970, UTC"),
        sa.UniqueConstraint("subject_digest", "subject_turn", name="sso_bridge_entry_subject"),
        sa.UniqueConstraint("erid_digest", "erid_turn", name="sso_bridge_entry_erid"),
        mysql_engine="InnoDB",
        mariadb_engine="InnoDB",
        if_not_exists=True,
    )
    connection = op.get_bind()
    if sa.inspect(connection).has_table("sso_bridge_binding"):
        _move(connection, entry, context.config.attributes["first_entry"])
        context.config.attributes["introduce"](connection)
        op.drop_table("sso_bridge_binding")
    op.execute("DELETE FROM sso_bridge_claim")
    op.execute("DROP TABLE IF EXISTS sso_bridge_version")


def _move(connection: sa.Connection, entry: sa.Table, first_entry: Any) -> None:
    """Copy every binding, anew if an earlier attempt was cut short."""
    columns = ("id", "company", "source", "subject", "erid", "created_here", "bound_at")
    old = sa.table("sso_bridge_binding", *(sa.column(name) for name in columns))
    connection.execute(sa.delete(entry))
    last = 0
    while True:
        query = sa.select(old).where(old.c.id > last).order_by(old.c.id).limit(_BATCH)
        rows = connection.execute(query).all()
        if not rows:
            return
        connection.execute(sa.insert(entry), [first_entry(row) for row in rows])
        last = rows[-1].id
