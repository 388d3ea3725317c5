"""FastAPI-Users: `user` of its SQLAlchemy adapter, with hashes of its own PasswordHelper.

The table is our own DDL, compared column by column with what `SQLAlchemyBaseUserTableUUID` of
fastapi-users-db-sqlalchemy 7.0 creates; the adapter itself is not installed with the tests, since
its requirements rule out SQLAlchemy 2.1."""

from __future__ import annotations

import uuid
from typing import Final

from tests.known.people import Known, engine_of, execute, insert

__all__ = ["ENGINES", "PEOPLE", "make"]

ENGINES: Final = ("sqlite", "postgresql", "mariadb")
PEOPLE: Final = (
    Known(
        login="Anna.Novak@example.com",
        password="correct horse",
        profile={"email": "Anna.Novak@example.com"},
        other_logins=("anna.novak@example.com", "ANNA.NOVAK@EXAMPLE.COM"),
        strangers=("anna.nowak@example.com",),
    ),
    Known(login="gone@example.com", password="once I could", active=False),
    Known(
        login="žofie@müller.example",
        password="příliš žluťoučký kůň",
        profile={"email": "žofie@müller.example"},
        strangers=("zofie@muller.example",),
    ),
    Known(
        login="before.13@example.com",
        password="kept as bcrypt",
        profile={"email": "before.13@example.com"},
    ),
)
BCRYPT: Final = frozenset({"before.13@example.com"})
"""Whose hash is as versions before 13 made it; newer ones verify it."""


def make(url: str) -> None:
    """Make the table and the users."""
    from fastapi_users.password import PasswordHelper
    from pwdlib.hashers.bcrypt import BcryptHasher

    key = "UUID" if engine_of(url) == "postgresql" else "CHAR(36)"
    table = "`user`" if engine_of(url) == "mariadb" else '"user"'
    execute(
        url,
        [
            f"CREATE TABLE {table} ("
            f"id {key} NOT NULL, "
            "email VARCHAR(320) NOT NULL, "
            "hashed_password VARCHAR(1024) NOT NULL, "
            "is_active BOOLEAN NOT NULL, "
            "is_superuser BOOLEAN NOT NULL, "
            "is_verified BOOLEAN NOT NULL, "
            "PRIMARY KEY (id))",
            f"CREATE UNIQUE INDEX ix_user_email ON {table} (email)",
        ],
    )
    helper, old = PasswordHelper(), BcryptHasher(rounds=10)
    rows = []
    for person in PEOPLE:
        assert person.password is not None
        stored = (old if person.login in BCRYPT else helper).hash(person.password)
        good, _ = helper.verify_and_update(person.password, stored)
        assert good, "FastAPI-Users itself does not accept it"
        rows.append(
            {
                "id": str(uuid.uuid4()),
                "email": person.login,
                "hashed_password": stored,
                "is_active": person.active,
                "is_superuser": False,
                "is_verified": True,
            }
        )
    insert(url, "user", rows)
