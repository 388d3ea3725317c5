from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.interop.servers import made_run
from tests.interop.stacks import STACKS, VERSIONS, Program, Stack


@pytest.fixture(scope="session")
def demo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of a server that `make run` would start."""
    with made_run(tmp_path_factory.mktemp("make-run")) as url:
        yield url


@pytest.fixture(scope="session", params=STACKS)
def stack(
    request: pytest.FixtureRequest, demo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Stack:
    """Each stack, its clients made once from the WSDL that the demo shows."""
    name: str = request.param
    return STACKS[name](demo_url, tmp_path_factory.mktemp(name))


@pytest.fixture(scope="session", params=VERSIONS, ids=lambda version: f"soap{version}")
def version(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture(scope="session")
def caller(stack: Stack, version: str, demo_url: str) -> Iterator[Program]:
    """Each stack's client of each version of SOAP, connected to the demo."""
    with stack.start(demo_url, version) as program:
        yield program
