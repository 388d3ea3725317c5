"""SIGTERM: what is under way is answered, then the server ends."""

from __future__ import annotations

import signal
import time
from collections import Counter
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


def taken(server: RunningServer) -> int:
    """Wait until each login was taken, or refused because the machine is busy; how many were
    taken. One call about a user came before."""
    give_up = time.monotonic() + 20
    while True:
        log = server.log_text()
        found, busy = log.count("looked up by login") - 1, log.count('"error":"Busy"')
        if found + busy >= LOGINS:
            return found
        assert time.monotonic() < give_up, log
        time.sleep(0.02)


def test_logins_under_way_are_answered(slow_server: RunningServer) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(Connection(slow_server)) for _ in range(LOGINS)]
        for client in clients:
            client.send(request(envelope(login())))
        under_way = taken(slow_server)
        slow_server.process.send_signal(signal.SIGTERM)
        replies = [client.reply() for client in clients]
    answers = Counter(reply.status for reply in replies)
    assert answers == Counter({200: under_way, 500: LOGINS - under_way}) and under_way > 0
    assert all(reply.value("successful") == "true" for reply in replies if reply.status == 200)
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
