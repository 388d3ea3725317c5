"""Two servers, each with two workers, count wrong passwords together in one Redis."""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Iterator

import pytest

from sso_bridge import demo
from tests.running import RunningServer, running_server
from tests.services import Redis

pytestmark = pytest.mark.xdist_group("one_redis")
RUM = "http://integration.digitalriver.com/RemoteUserManagement/1.0"
FREE = 6


@pytest.fixture(scope="module")
def redis_server() -> Iterator[Redis]:
    with Redis(private=True) as server:
        yield server


@pytest.fixture(scope="module")
def nodes(
    tmp_path_factory: pytest.TempPathFactory, redis_server: Redis
) -> Iterator[list[RunningServer]]:
    config = demo.prepare(tmp_path_factory.mktemp("redis"))
    text = config.read_text().replace('format = "console"', 'format = "json"')
    config.write_text(
        text.replace("[server]", "[server]\nworkers = 2")
        + f"""
[throttle]
storage = "redis"
url = "{redis_server.new_database()}"
key = "0123456789abcdef0123456789abcdef"
patience = 10.0

[throttle.logins]
free = {FREE}
first_wait = 600.0
longest_wait = 600.0
"""
    )
    with running_server(config) as one, running_server(config) as other:
        yield [one, other]


def login(server: RunningServer, name: str, password: str) -> str:
    """What the call came to, by its answer."""
    body = (
        f'<r:LoginRequest xmlns:r="{RUM}"><userKey><loginID>{name}</loginID></userKey>'
        f"<password>{password}</password></r:LoginRequest>"
    )
    request = urllib.request.Request(server.url, body.encode(), {"Content-Type": "text/xml"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        said: bytes = answer.read()
    return "accepted" if b"<successful>true" in said else "refused"


def count(server: RunningServer, decision: str, storage: str) -> float:
    with urllib.request.urlopen(f"{server.origin}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    labels = f'decision="{decision}",kind="login",storage="{storage}"'
    found = re.findall(rf"^sso_bridge_throttle_total{{{labels}}} (.+)$", text, re.M)
    return float(found[0]) if found else 0.0


def test_logins_are_let_in_so_often_by_all_workers_together_and_metrics_tell(
    nodes: list[RunningServer],
) -> None:
    for number in range(3 * FREE):
        assert login(nodes[number % 2], "demo@example.com", "wrong") == "refused"
    allowed, refused = (
        sum(count(node, decision, "redis") for node in nodes) for decision in ("allowed", "refused")
    )
    assert (allowed, refused) == (FREE, 2 * FREE)
    assert [login(node, "demo@example.com", "123123") for node in nodes] == ["refused"] * 2


def test_without_it_logins_go_on_and_each_worker_alarms_once(
    nodes: list[RunningServer], redis_server: Redis
) -> None:
    redis_server.kill()
    try:
        for _ in range(12):
            for node in nodes:
                assert login(node, "inactive@example.com", "wrong") == "refused"
                assert login(node, "demo@example.com", "123123") in ("accepted", "refused")
        alarms = [node.log_text().count('"kind":"throttle_storage_down"') for node in nodes]
        assert all(1 <= alarm <= 2 for alarm in alarms)
        assert sum(count(node, "allowed", "memory") for node in nodes) >= FREE
    finally:
        redis_server.start()
    ends = time.monotonic() + 30
    while [node.log_text().count("throttle_storage_back") for node in nodes] != alarms:
        assert time.monotonic() < ends
        time.sleep(0.1)
