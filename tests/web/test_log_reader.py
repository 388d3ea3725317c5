"""Whoever reads the log may hang: no call waits for that."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable

import pytest

from sso_bridge.logs import Log

Ends = tuple[int, int]
LINES = 3000


def sockets() -> Ends:
    reader, writer = socket.socketpair()
    return reader.detach(), writer.detach()


@pytest.mark.parametrize("ends", [os.pipe, sockets], ids=["pipe", "socket"])
def test_lines_that_nobody_reads_are_lost_and_later_ones_are_not(
    ends: Callable[[], Ends], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = ends()
    with os.fdopen(writer, "w") as stderr, os.fdopen(reader, "rb", buffering=0) as reading:
        monkeypatch.setattr(sys, "stderr", stderr)
        log = Log()

        def talk() -> None:
            for number in range(LINES):
                log.info("call", number=number, what="x" * 100)

        talking = threading.Thread(target=talk, daemon=True)
        talking.start()
        talking.join(30)
        assert not talking.is_alive(), "it waits for whoever reads"
        early = reading.read(10_000_000).splitlines()
        assert 100 < len(early) < LINES
        assert all(line.endswith(b"}") for line in early)
        log.info("call", number="last")
        assert b"last" in reading.read(10_000_000)
