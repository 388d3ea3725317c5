"""Foreign SOAP stacks make every call, in both versions of SOAP.

Their clients are those of docs/clients.md; see stacks.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.interop.checks import CHECKS
from tests.interop.servers import Load, two_workers
from tests.interop.stacks import VERSIONS, Program, Stack
from tests.running import RunningServer

pytestmark = pytest.mark.xdist_group("interop")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Two workers that want to know who calls."""
    with two_workers(tmp_path_factory.mktemp("two-workers")) as server:
        yield server


def test_the_client_of_the_page_does_what_the_page_says(stack: Stack, caller: Program) -> None:
    assert caller.shown == stack.shows


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_server_of_make_run_is_understood(
    caller: Program, check: Callable[[Program], None]
) -> None:
    check(caller)


def test_two_workers_under_load_are_understood(stack: Stack, busy: RunningServer) -> None:
    def converse(version: str) -> None:
        with stack.start(busy.url, version) as caller:
            assert caller.shown == stack.shows
            for check in CHECKS:
                check(caller)

    with Load(busy.url) as load, ThreadPoolExecutor() as both:
        list(both.map(converse, VERSIONS))
    assert load.wrong == []
    assert load.answered > 100
