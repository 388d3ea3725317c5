from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_bridge import demo
from tests.running import RunningServer, running_server


@pytest.fixture(scope="session")
def demo_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, which `make run` serves, in a directory of its own."""
    return demo.prepare(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def server(demo_config: Path) -> Iterator[RunningServer]:
    """The demo, served."""
    with running_server(demo_config) as running:
        yield running
