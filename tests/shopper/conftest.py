"""An API to ask, in a thread of the tests."""

from __future__ import annotations

import json
import queue
import socket
import sqlite3
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from sso_bridge import cli
from sso_bridge.harness.api import Api
from sso_bridge.shopper import Credentials, Pace
from tests.running import demo_in

KEY, SECRET = "test-key", "test-secret"
CREDENTIALS = Credentials(SecretStr(KEY), SecretStr(SECRET))
HASTE = Pace(100_000.0)


@dataclass(frozen=True, slots=True)
class Running:
    """An API that answers at `url`; `data` is its SQLite file."""

    url: str
    data: Path

    def rows(self, query: str, *values: object) -> list[Any]:
        """What is in its file."""
        with closing(sqlite3.connect(self.data)) as connection, connection:
            return connection.execute(query, values).fetchall()

    def state(self) -> dict[str, int]:
        """What it counted."""
        with urllib.request.urlopen(f"{self.url}/harness/state", timeout=30.0) as answer:
            state: dict[str, int] = json.load(answer)
        return state

    def expire_tokens(self) -> None:
        """No token that was given out is good any more."""
        self.rows("UPDATE token SET ends = 0")


@contextmanager
def running(data: Path, **settings: Any) -> Iterator[Running]:
    """An API on a free port, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    api = Api(data, {KEY: SECRET}, **settings)
    ready: queue.SimpleQueue[None] = queue.SimpleQueue()
    thread = threading.Thread(target=api.serve, args=(listener, lambda: ready.put(None)))
    thread.start()
    try:
        ready.get(timeout=30.0)
        yield Running(f"http://127.0.0.1:{listener.getsockname()[1]}", data)
    finally:
        api.stop()
        thread.join(30.0)


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts an API with settings of its own."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(running(tmp_path / "api.db", **settings))


@pytest.fixture
def api(start: Start) -> Running:
    """An API where nothing goes wrong."""
    return start()


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def config(tmp_path: Path, api: Running, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo, which knows where the API is."""
    monkeypatch.setenv("TEST_API_KEY", KEY)
    monkeypatch.setenv("TEST_API_SECRET", SECRET)
    path = demo_in(tmp_path)
    with path.open("a", encoding="utf-8") as file:
        file.write(
            f'\n[shopper]\nbase_url = "{api.url}"\napi_key_env = "TEST_API_KEY"\n'
            'api_secret_env = "TEST_API_SECRET"\ncalls_per_second = 1000.0\n'
        )
    return path


@pytest.fixture
def run(config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command as it would be typed."""

    def command(*words: str, config: Path = config) -> Done:
        monkeypatch.setattr(sys, "argv", ["sso-bridge", *words, "--config", str(config)])
        capsys.readouterr()
        status: object = 0
        try:
            cli.main()
        except SystemExit as stop:
            status = stop.code
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        assert SECRET not in printed.out + printed.err
        return Done(status if isinstance(status, int) else 0, printed.out, printed.err)

    return command
