"""SIGTERM: what is under way is answered, then the server ends."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.running import RunningServer, running_server

from .client import Connection, post, request
from .conftest import BODY_SECONDS, configuration
from .messages import envelope, get_user, login

pytestmark = pytest.mark.xdist_group("survival")

LOGINS = 6


@pytest.fixture
def slow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Two workers and a user whose password takes about half a second to verify."""
    config = configuration(tmp_path_factory.mktemp("stopping"), rounds=13, call_seconds=30)
    with running_server(config, "--workers", "2") as server:
        assert post(server, envelope(get_user())).status == 200
        yield server


def wait_for(server: RunningServer, event: str, count: int) -> None:
    """Until the log has `event` so many times."""
    give_up = time.monotonic() + 10
    while server.log_text().count(event) < count:
        assert time.monotonic() < give_up, server.log_text()
        time.sleep(0.02)


def test_logins_under_way_are_answered(slow_server: RunningServer) -> None:
    with ExitStack() as stack:
        before = slow_server.log_text().count("looked up by login")
        clients = [stack.enter_context(Connection(slow_server)) for _ in range(LOGINS)]
        for client in clients:
            client.send(request(envelope(login())))
        wait_for(slow_server, "looked up by login", before + LOGINS)
        slow_server.process.send_signal(signal.SIGTERM)
        replies = [client.reply() for client in clients]
    assert [(reply.status, reply.value("successful")) for reply in replies] == [
        (200, "true")
    ] * LOGINS
    assert slow_server.process.wait(10) == 0
    assert "Traceback" not in slow_server.log_text()
    with pytest.raises(ConnectionError):
        Connection(slow_server)


def test_a_slow_client_cannot_keep_the_server_from_stopping(tmp_path: Path) -> None:
    config = configuration(tmp_path, call_seconds=1)
    with (
        running_server(config) as server,
        Connection(server) as slow,
        Connection(server) as idle,
    ):
        slow.send(request(envelope(login()))[:-20])
        idle.send(request(envelope(get_user())))
        assert idle.reply().status == 200
        assert server.stop(BODY_SECONDS + 5) == 0
