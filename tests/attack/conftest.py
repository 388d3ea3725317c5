from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running import RunningServer, running_server
from tests.survival.conftest import configuration


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests of this folder. It has one user, and nothing went wrong inside."""
    with running_server(configuration(tmp_path_factory.mktemp("attack"))) as server:
        yield server
        assert server.process.poll() is None, server.log_text()
        server.stop()
        log = server.log_text()
    assert "Traceback" not in log
    assert "internal_error" not in log
