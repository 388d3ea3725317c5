"""Sockets are shut down when their time is up, and never after they were let go."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from sso_bridge.database.watchdog import Watchdog

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    one, other = socket.socketpair()
    with one, other:
        one.settimeout(5)
        yield one, other


def soon(seconds: float) -> float:
    return time.monotonic() + seconds


def test_who_waits_for_a_socket_is_woken_when_its_time_is_up(pair: Pair) -> None:
    began = time.monotonic()
    watch = Watchdog().watch(pair[0].fileno(), soon(0.2))
    assert pair[0].recv(1) == b""
    assert 0.15 < time.monotonic() - began < 1.5
    assert watch.was_cut


def test_a_sooner_end_is_not_slept_through(pair: Pair) -> None:
    watchdog = Watchdog()
    far, away = socket.socketpair()
    with far, away:
        watchdog.watch(far.fileno(), soon(60))
        time.sleep(0.05)
        began = time.monotonic()
        watchdog.watch(pair[0].fileno(), soon(0.1))
        assert pair[0].recv(1) == b""
        assert time.monotonic() - began < 1.5
        assert far.send(b"x") == 1


def test_one_that_was_let_go_or_moved_is_left_alone(pair: Pair) -> None:
    watchdog = Watchdog()
    watch = watchdog.watch(pair[0].fileno(), soon(0.1))
    assert watchdog.move(watch, soon(0.3))
    time.sleep(0.15)
    assert pair[0].send(b"x") == 1
    watchdog.let_go(watch)
    watchdog.let_go(watch)
    time.sleep(0.25)
    assert pair[0].send(b"x") == 1
    assert not watch.was_cut


def test_a_number_that_belongs_to_another_socket_by_now_is_not_taken_for_it(pair: Pair) -> None:
    watchdog = Watchdog()
    first, far = socket.socketpair()
    number = first.fileno()
    watchdog.watch(number, soon(0.1))
    first.close()
    os.dup2(pair[0].fileno(), number)
    try:
        assert far.recv(1) == b""
        assert pair[0].send(b"x") == 1
    finally:
        os.close(number)
        far.close()


def test_one_that_was_cut_cannot_be_moved(pair: Pair) -> None:
    watchdog = Watchdog()
    watch = watchdog.watch(pair[0].fileno(), soon(0))
    assert pair[0].recv(1) == b""
    assert not watchdog.move(watch, soon(60))


def test_a_fork_has_a_watchdog_of_its_own(pair: Pair) -> None:
    code = os.fork()
    if code == 0:  # pragma: no cover
        from sso_bridge.database.watchdog import WATCHDOG

        before = [thread for thread in threading.enumerate() if "watchdog" in thread.name]
        WATCHDOG.watch(pair[0].fileno(), soon(0.1))
        os._exit(0 if not before and pair[0].recv(1) == b"" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(code, 0)[1]) == 0


def test_a_thread_that_could_not_be_started_is_tried_again(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    watchdog = Watchdog()
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError) as caught:
            watchdog.watch(pair[0].fileno(), soon(0.1))
        # While the error, and all that its traceback holds, is still there.
        assert not before or len(os.listdir("/proc/self/fd")) == before
    assert "new thread" in str(caught.value)
    assert not watchdog._watches
    watchdog.watch(pair[0].fileno(), soon(0.1))
    assert pair[0].recv(1) == b""


def test_nothing_is_left_open(pair: Pair) -> None:
    watchdog = Watchdog()
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(50):
        watchdog.let_go(watchdog.watch(pair[0].fileno(), soon(60)))
    watchdog.watch(pair[0].fileno(), soon(0))
    assert pair[0].recv(1) == b""
    ends = time.monotonic() + 5
    while before and len(os.listdir("/proc/self/fd")) > before:  # it is closed once it was cut
        assert time.monotonic() < ends
        time.sleep(0.01)
