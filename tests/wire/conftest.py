from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import bcrypt
import pytest
from werkzeug.test import Client

from sso_bridge import demo, wiring
from sso_bridge.config import load


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's, its passwords hashed so that a test does not take long."""
    folder = tmp_path_factory.mktemp("wire")
    demo.prepare(folder)
    with closing(sqlite3.connect(folder / "users.db")) as users, users:
        for person in demo.PEOPLE:
            stored = bcrypt.hashpw(person.password.encode(), bcrypt.gensalt(4)).decode()
            users.execute(
                "UPDATE users SET password_hash = ? WHERE email = ?", (stored, person.email)
            )
    return folder


@pytest.fixture(scope="session")
def http(folder: Path) -> Client:
    """The whole application without a server around it."""
    settings, _ = load(folder / "demo.toml")
    return Client(
        wiring.application(settings, folder, url="http://localhost:8080/RemoteUserManagement")
    )
