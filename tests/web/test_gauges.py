"""How things stand is told of every worker that lives, and of none that is gone."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from sso_bridge import demo, wiring
from sso_bridge.config import load
from sso_bridge.core.deadline import Deadline
from sso_bridge.database import Database
from sso_bridge.errors import Busy, DeadlineExceeded
from sso_bridge.passwords import HashPool
from sso_bridge.web.gauges import STATES
from sso_bridge.web.observation import METRICS
from tests.database.certificates import write_certificates
from tests.running import RunningServer, edited, running_server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gauges")
    demo.prepare(folder)
    return folder


def shown(server: RunningServer) -> str:
    with urllib.request.urlopen(f"{server.origin}/metrics", timeout=30) as answer:
        text: str = answer.read().decode()
    return text


def workers(server: RunningServer) -> list[int]:
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(server.process.pid)],
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(number) for number in found.stdout.split()]


def until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30.0
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.1)


def test_all_workers_are_counted_and_one_that_was_killed_is_forgotten(folder: Path) -> None:
    with running_server(folder / "demo.toml", "--workers", "2") as server:
        until(lambda: "sso_bridge_workers 2.0" in shown(server))
        text = shown(server)
        pids = set(re.findall(r'sso_bridge_worker_resident_bytes{pid="(\d+)"}', text))
        assert pids == {str(pid) for pid in workers(server)}
        assert 'sso_bridge_database_limit{database="ledger"} 16.0' in text
        told = {name for name in STATES if re.search(rf"^{name}[ {{]", text, re.M)}
        assert {"sso_bridge_hash_jobs", "sso_bridge_worker_open_files"} < told
        gone = int(min(pids))
        os.kill(gone, signal.SIGKILL)
        until(lambda: gone not in workers(server) and len(workers(server)) == 2)
        until(lambda: "sso_bridge_workers 2.0" in shown(server))
        assert f'pid="{gone}"' not in shown(server)


def test_connections_are_told_apart_by_what_they_do(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "some.db").close()
    database = Database(f"sqlite:///{tmp_path}/some.db", what="some", pool_size=1)
    assert database.state() == (0, 0, 0)
    seen: list[tuple[int, int, int]] = []

    def wait() -> None:
        with pytest.raises(DeadlineExceeded), database.connection(Deadline(0.5)):
            pass

    with database.connection(Deadline(60.0)):
        assert database.state() == (1, 0, 0)
        waiter = threading.Thread(target=wait)
        waiter.start()
        until(lambda: database.state() == (1, 0, 1) or not waiter.is_alive())
        seen.append(database.state())
        waiter.join()
    assert seen == [(1, 0, 1)]
    assert database.state() == (0, 1, 0)
    database.close()


def test_hashes_that_run_wait_and_were_refused_are_told_apart() -> None:
    pool, gate, begun = HashPool(1, 1), threading.Event(), threading.Event()

    def work(password: bytes) -> None:
        begun.set()
        gate.wait(60.0)

    callers = [
        threading.Thread(target=pool.run, args=(work, b"", Deadline(60.0))) for _ in range(2)
    ]
    callers[0].start()
    begun.wait(60.0)
    callers[1].start()
    until(lambda: pool.state() == (1, 1, 0))
    with pytest.raises(Busy):
        pool.check_room(Deadline(60.0))
    assert pool.state() == (1, 1, 1)
    gate.set()
    for caller in callers:
        caller.join()
    assert pool.state() == (0, 0, 1)
    pool.close()


def test_when_the_certificate_expires_is_told(folder: Path, tmp_path: Path) -> None:
    write_certificates(tmp_path)
    tls = f'tls_certificate = "{tmp_path}/server.pem"\ntls_key = "{tmp_path}/server-key.pem"'
    config = edited(folder / "demo.toml", ("[server]", f"[server]\n{tls}"), name="tls.toml")
    settings, _ = load(config)
    application = wiring.application(settings, folder, url="https://localhost/")
    text = application._observation.exposition().decode()
    found = re.search(r"^sso_bridge_certificate_expires_seconds (\S+)$", text, re.M)
    assert found is not None
    assert float(found[1]) > time.time()


def test_every_state_has_a_help_text() -> None:
    assert all(METRICS[name] == state.help for name, state in STATES.items())
