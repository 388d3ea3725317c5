"""An attempt to connect that nobody waits for any more leaves nothing behind."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.database import Database
from sso_bridge.database.opening import _Attempt
from sso_bridge.errors import DeadlineExceeded


@pytest.fixture
def late() -> Iterator[socket.socket]:
    """A connection that the test holds on to: nothing but `close` closes it."""
    one, other = socket.socketpair()
    with one, other:
        yield one


class OnlyOnce(Deadline):
    """Its time is up when it is asked for the second time."""

    def left(self) -> float:
        left = super().left()
        self._at = time.monotonic()
        return left


def test_a_connection_that_comes_too_late_is_closed(late: socket.socket) -> None:
    comes, ended = threading.Event(), threading.Event()

    def connect() -> socket.socket:
        comes.wait(5)
        return late

    attempt = _Attempt(connect, ended.set)
    attempt.start()
    with pytest.raises(TimeoutError):
        attempt.outcome(0.05)
    assert late.fileno() >= 0
    comes.set()
    attempt.join(5)
    assert late.fileno() == -1
    assert ended.is_set()
    with pytest.raises(TimeoutError):  # what is closed is given to nobody
        attempt.outcome(0)


def test_one_that_comes_in_time_is_kept(late: socket.socket) -> None:
    attempt = _Attempt(lambda: late, lambda: None)
    attempt.start()
    assert attempt.outcome(5) is late
    attempt.join(5)
    assert late.fileno() >= 0


def test_a_deadline_that_ends_as_the_attempt_begins_gives_it_up(
    late: socket.socket, tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{tmp_path}/shelf", what="shelf")
    comes, closed = threading.Event(), threading.Event()

    class Connection:
        def close(self) -> None:
            late.close()
            closed.set()

    def connect() -> Connection:
        comes.wait(5)
        return Connection()

    with pytest.raises(DeadlineExceeded, match="no connection could be made in time"):
        database._opening._attempt(connect, OnlyOnce(0.05))
    comes.set()
    assert closed.wait(5)
    database.close()
