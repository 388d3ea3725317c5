"""The tables of the first schema, as its release made them, with people in them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    MetaData,
    NullPool,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    insert,
)
from sqlalchemy.dialects import mysql

from sso_bridge.core import erid as erids

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
CLAIM = Table(
    "sso_bridge_claim",
    METADATA,
    Column("login_digest", _text(64), primary_key=True),
    Column("owner", _text(32), nullable=False),
    Column("lease_ends", Float(53), nullable=False, comment="seconds since 1970, UTC"),
)
VERSIONS = Table(
    "sso_bridge_version",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
)
Known = tuple[str, str, str, bool, float]


def make_first(url: str, count: int) -> list[Known]:
    """Make a ledger of the first schema with `count` people in two sources: the source, subject,
    ERID, whether made here, and when, of each."""
    odd = ["\U0001f600" * 255, "Zoë", "zoe\u0308 ", "a ", "'", "%s", "ß", "名前", " x", "0"]
    people = [
        (
            "shop" if number % 3 else "attic",
            odd[number] if number < len(odd) else str(number),
            f"É-{number} " if number % 2 else f"{number}\U0001f600",
            number % 5 == 0,
            1_600_000_000.25 + number,
        )
        for number in range(count)
    ]
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        METADATA.create_all(connection)
        connection.execute(insert(VERSIONS), [{"version": 1}])
        connection.execute(
            insert(CLAIM), [{"login_digest": "d" * 64, "owner": "", "lease_ends": 0.0}]
        )
        rows = [
            {
                "company": "acme" if source == "shop" else "",
                "source": source,
                "subject": subject,
                "erid": erid,
                "erid_canonical": erids.canonical(erid),
                "created_here": here,
                "bound_at": at,
            }
            for source, subject, erid, here, at in people
        ]
        for start in range(0, count, 500):
            connection.execute(insert(BINDING), rows[start : start + 500])
    return people
