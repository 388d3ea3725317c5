"""The demo's user database, a few people, each to show one answer; and its empty ledger."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import OctKey

from .config import load
from .passwords import MAKERS
from .wiring import create_ledger

__all__ = ["PEOPLE", "DemoUser", "prepare"]


@dataclass(frozen=True, slots=True)
class DemoUser:
    """One row, its password in clear so that it can be tried."""

    email: str
    password: str
    first_name: str
    last_name: str
    scheme: str = "argon2id"
    status: str = "active"
    shows: str = "an ordinary user"


PEOPLE = (
    DemoUser("demo@example.com", "123123", "Dana", "Demo"),
    DemoUser("bo@example.com", "correct horse", "Bo", "Brandt", "bcrypt", shows="a bcrypt hash"),
    DemoUser(
        "søren@example.com", "blåbærgrød", "Søren", "Ødegård", "django-pbkdf2-sha256",
        shows="another script, a Django hash",
    ),
    DemoUser(
        "gone@example.com", "123123", "Gus", "Gone", status="closed", shows="an inactive user"
    ),
)  # fmt: skip

_TABLES = """
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    status TEXT NOT NULL,
    first_name TEXT, last_name TEXT, phone TEXT,
    locale TEXT DEFAULT 'en_US',
    accepted_terms TEXT DEFAULT 'yes',
    created_at TEXT NOT NULL
);
CREATE INDEX users_lower_email ON users (lower(email));
CREATE TABLE addresses (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,
    first_name TEXT, last_name TEXT, street TEXT,
    postal_code TEXT, city TEXT, state TEXT, country TEXT
);
CREATE INDEX addresses_user ON addresses (user_id);
CREATE TABLE sessions (
    token_sha256 TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    expires_at INTEGER NOT NULL,
    revoked INTEGER NOT NULL DEFAULT 0
);
"""


def prepare(directory: Path) -> Path:
    """Make whatever the demo lacks in `directory`; returns the path of its configuration.

    Files that are there are left as they are."""
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / "demo.toml"
    if not config.exists():
        preset = resources.files("sso_bridge.presets").joinpath("demo.toml")
        config.write_bytes(preset.read_bytes())
    key = directory / "session.key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(secrets.token_urlsafe(48) + "\n")
    users = directory / "users.db"
    if not users.exists():
        unfinished = directory / "users.db.new"
        unfinished.unlink(missing_ok=True)
        _fill(unfinished)
        shutil.move(unfinished, users)
    harness = directory / "harness.toml"
    if not harness.exists():
        harness.write_text(_cast(key.read_text().strip()), encoding="utf-8")
    if not (directory / "erids.db").exists():
        create_ledger(load(config)[0], directory.absolute())
    return config


def _cast(key: str) -> str:
    """The demo's people for `sso-bridge harness check`, with a session that has expired."""
    lines = [
        "# Test users for `sso-bridge harness check`; docs/test-before-go-live.md explains it.",
        'site = "demo"',
    ]
    for number, person in enumerate(PEOPLE, 1):
        lines += [
            "",
            "[[users]]",
            f'login = "{person.email}"',
            f'password = "{person.password}"',
        ]
        if person.status != "active":
            lines.append("active = false")
            continue
        lines.append(
            f'profile = {{ firstName = "{person.first_name}", lastName = "{person.last_name}" }}'
        )
        lines.append(f'expired_session = "{_expired_session(number, key)}"')
    return "\n".join(lines) + "\n"


def _expired_session(subject: int, key: str) -> str:
    """A token of [sessions.link] that was good on one day in 2020."""
    claims = {
        "iss": "demo", "aud": "digital-river", "sub": str(subject), "site": "demo",
        "iat": 1_577_836_800, "exp": 1_577_923_200,
    }  # fmt: skip
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(key))


def _fill(path: Path) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.executescript(_TABLES)
        for person in PEOPLE:
            _insert(connection, person)
    connection.close()


def _insert(connection: sqlite3.Connection, person: DemoUser) -> None:
    cursor = connection.execute(
        "INSERT INTO users (email, password_hash, status, first_name, last_name, phone, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, datetime('now'))",
        (
            person.email,
            MAKERS[person.scheme]().make(person.password.encode()),
            person.status,
            person.first_name,
            person.last_name,
            "+1 555 0100",
        ),
    )
    for kind, street in (("shipping", "1 Market Square"), ("billing", "2 Bank Street")):
        connection.execute(
            "INSERT INTO addresses (user_id, kind, first_name, last_name, street, postal_code,"
            " city, state, country) VALUES (?, ?, ?, ?, ?, '55401', 'Minneapolis', 'MN', 'US')",
            (cursor.lastrowid, kind, person.first_name, person.last_name, street),
        )
