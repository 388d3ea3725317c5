"""Commands beside a running server leave the ledger's file whole."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from pathlib import Path

import zeep

from tests.running import RunningServer, demo_in, running_server


def create(server: RunningServer, login: str) -> str:
    """The ERID of a new account."""
    client = zeep.Client(f"{server.url}?wsdl")
    info = {"userKey": {"loginID": login}, "email": login}
    answer = client.service.CreateUserProfile(userInfo=info, password="a password")
    assert answer.successful
    return str(answer.userKey.externalReferenceID)


def deleted_files(server: RunningServer) -> list[str]:
    """Database files that a worker has open though they are gone."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    links = [
        os.readlink(link)
        for child in children.read_text().split()
        for link in Path(f"/proc/{child}/fd").iterdir()
        if link.is_symlink()
    ]
    return [link for link in links if ".db" in link and "deleted" in link]


def test_a_check_beside_a_running_server_loses_nothing(tmp_path: Path) -> None:
    config = demo_in(tmp_path)
    check = [sys.executable, "-m", "sso_bridge", "check", "--config", str(config)]
    given = {}
    with running_server(config, "--workers", "2") as server:
        for _ in range(2):
            login = f"{uuid.uuid4().hex}@example.com"
            given[login] = create(server, login)
            time.sleep(1.2)  # the guard of slow connections looks at every descriptor meanwhile
            subprocess.run(check, check=True, capture_output=True)
            assert deleted_files(server) == []
        for login, erid in given.items():
            assert create(server, login) == erid
        assert server.stop() == 0
    kept = sqlite3.connect(tmp_path / "erids.db").execute("SELECT erid FROM sso_bridge_entry")
    assert {erid for (erid,) in kept} >= set(given.values())


def test_a_signal_to_the_whole_group_is_a_graceful_stop(tmp_path: Path) -> None:
    with running_server(demo_in(tmp_path), "--workers", "2") as server:
        os.killpg(server.process.pid, signal.SIGINT)
        assert server.process.wait(20) == 0
        assert "Unexpected" not in server.log_text()
