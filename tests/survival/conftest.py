from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import bcrypt
import pytest

from tests.running import RunningServer, demo_in, edited, running_server

from .client import post
from .messages import LOGIN, PASSWORD, envelope, get_user

THREADS = 32
"""The default of server.threads."""
BODY_SECONDS = 3


class Secrets:
    """What the tests of one server used and no log may hold."""

    def __init__(self) -> None:
        self.used: set[str] = {LOGIN, PASSWORD}

    def keep(self, secret: str) -> str:
        """`secret`, remembered; it must be long enough not to be in a log by chance."""
        assert len(secret) > 8
        self.used.add(secret)
        return secret


@pytest.fixture(scope="session")
def secrets() -> Secrets:
    return Secrets()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, secrets: Secrets) -> Iterator[RunningServer]:
    """One server for all tests of this folder. When the last is done its log is searched."""
    with running_server(configuration(tmp_path_factory.mktemp("survival"))) as server:
        yield server
        assert server.process.poll() is None, server.log_text()
        server.stop()
        log = server.log_text()
    assert '"event":"call"' in log, "nothing was logged; the search below would prove nothing"
    assert '"level":"debug"' in log
    assert [secret[:40] for secret in secrets.used if secret in log] == []
    assert "Traceback" not in log
    assert "internal_error" not in log


def configuration(folder: Path, *, rounds: int = 4, call_seconds: int = 5) -> Path:
    """The demo's, with little patience and a talkative log. It has one user left, whose bcrypt
    hash, and so that of an unknown user, takes 2 to the power of `rounds`, and who may try as many
    passwords as they like."""
    config = demo_in(folder)
    with config.open("a", encoding="utf-8") as file:
        file.write("\n[throttle.logins]\nenabled = false\n")
    with closing(sqlite3.connect(folder / "users.db")) as users, users:
        stored = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(rounds)).decode()
        users.execute("DELETE FROM users WHERE email <> ?", (LOGIN,))
        users.execute("UPDATE users SET password_hash = ?", (stored,))
    return edited(
        config,
        ("port = 8080", f"body_seconds = {BODY_SECONDS}\ncall_seconds = {call_seconds}"),
        ('format = "console"', 'format = "json"\nlevel = "debug"'),
    )


@pytest.fixture(autouse=True)
def the_next_call_is_answered(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test that has used the server, it still serves."""
    yield
    if "server" in request.fixturenames:
        reply = post(request.getfixturevalue("server"), envelope(get_user()))
        assert (reply.status, reply.value("firstName")) == (200, "Bo")
