"""Workers that die are replaced, however often."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.running import RunningServer, running_server
from tests.services import children

from .client import post
from .conftest import configuration
from .messages import envelope, get_user

pytestmark = pytest.mark.xdist_group("survival")


@contextmanager
def few_files() -> Iterator[None]:
    """Processes that are started now may open few files, unless they ask for more."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def only_worker(server: RunningServer, *, besides: int = 0) -> int:
    """The worker that serves, which is another than that of `besides`."""
    ends = time.monotonic() + 20
    while True:
        assert server.process.poll() is None, server.log_text()
        assert time.monotonic() < ends, server.log_text()
        workers = set(children(server.process.pid)) - {besides}
        try:
            if post(server, envelope(get_user())).status == 200 and len(workers) == 1:
                return workers.pop()
        except OSError:
            pass
        time.sleep(0.02)


def test_a_worker_that_dies_again_and_again_is_replaced_and_may_open_many_files(
    tmp_path: Path,
) -> None:
    with few_files(), running_server(configuration(tmp_path)) as server:
        worker = only_worker(server)
        for _ in range(3):
            os.kill(worker, signal.SIGKILL)
            worker = only_worker(server, besides=worker)
        soft, hard = resource.prlimit(worker, resource.RLIMIT_NOFILE)
        assert soft == hard > 200
