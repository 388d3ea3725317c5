"""What a crash leaves behind."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_bridge import demo
from tests.running import running_server
from tests.services import children


@pytest.fixture
def core_dumps() -> Iterator[None]:
    """Processes that the test starts may leave their memory behind."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    if before[1] == 0:
        pytest.skip("this machine allows no core dumps")
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


def test_no_process_of_a_server_leaves_its_memory_on_a_disk(
    core_dumps: None, tmp_path: Path
) -> None:
    with running_server(demo.prepare(tmp_path)) as server:
        processes = [server.process.pid, *children(server.process.pid)]
        assert len(processes) > 1
        for process in processes:
            assert resource.prlimit(process, resource.RLIMIT_CORE)[0] == 0
