"""`sso-bridge ledger` and a server that starts, or does not, with the ledger that there is."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.running import demo_in, edited, running_server
from tests.services import PostgreSQL


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return demo_in(tmp_path)


def run(*args: str, config: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sso_bridge", *args, "--config", str(config)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def refused(config: Path, *words: str) -> None:
    """`serve` ends with status 2 and says the remedy."""
    done = run("serve", "--port", "0", config=config)
    assert done.returncode == 2, done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    assert "Traceback" not in done.stderr


def test_a_ledger_is_made_once_and_looked_at(config: Path) -> None:
    (config.parent / "erids.db").unlink(missing_ok=True)
    missing = run("ledger", "status", config=config)
    assert (missing.returncode, "ledger create" in missing.stderr) == (1, True)
    assert run("ledger", "create", config=config).returncode == 0
    again = run("ledger", "create", config=config)
    assert (again.returncode, "already" in again.stderr) == (1, True)
    status = run("ledger", "status", "--json", config=config)
    assert status.returncode == 0, status.stderr
    told = json.loads(status.stdout)
    assert (told["revision"], told["entries"], told["own_key"]) == ("0002", 0, True)
    assert told["sources"] == [{"name": "shop", "company": ""}]
    upgrade = run("ledger", "upgrade", config=config)
    assert (upgrade.returncode, upgrade.stdout) == (0, "the schema was 0002 and is 0002\n")


def test_a_server_makes_no_ledger(config: Path) -> None:
    ledger = config.parent / "erids.db"
    for left in config.parent.glob("erids.db*"):
        left.unlink()
    refused(config, "ledger create", "put it back")
    assert not ledger.exists()
    ledger.touch()
    refused(config, "ledger create", "put it back")
    with sqlite3.connect(ledger) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_a_server_refuses_a_ledger_of_another_schema_or_configuration(config: Path) -> None:
    ledger = config.parent / "erids.db"
    refused(edited(config, ("[ledger]", '[ledger]\nuniqueness = "exact"')), "ledger.uniqueness")
    refused(edited(config, ("[ledger]", f'[ledger]\nkey = "{"k" * 32}"')), "remove ledger.key")
    renamed = edited(
        config, ("[sources.shop]\n", '[sources.shop]\ncompany = "acme"\n'), name="company.toml"
    )
    refused(renamed, "sources.shop.company", "ledger adopt shop")
    assert run("ledger", "adopt", "shop", config=renamed).returncode == 0
    assert run("ledger", "status", config=renamed).returncode == 0
    for version, words in (("0001", "ledger upgrade"), ("0003", "newer")):
        kept = shutil.copy(ledger, config.parent / "kept.db")
        with sqlite3.connect(kept) as connection:
            connection.execute("UPDATE sso_bridge_revision SET version_num = ?", (version,))
        other = edited(renamed, ("erids.db", "kept.db"), name=f"v{version}.toml")
        refused(other, version, words)


def test_a_server_starts_while_its_ledger_is_down_and_is_ready_when_it_is_back(
    config: Path,
) -> None:
    with PostgreSQL(private=True) as postgresql:
        url = postgresql.new_database()
        served = edited(config, ("sqlite:///erids.db", url))
        assert run("ledger", "create", config=served).returncode == 0
        postgresql.kill()
        with running_server(served) as server:
            assert ready(server.origin) == 503
            postgresql.start()
            ends = time.monotonic() + 20
            while ready(server.origin) != 200 and time.monotonic() < ends:
                time.sleep(0.3)
            assert ready(server.origin) == 200


def ready(origin: str) -> int:
    try:
        with urllib.request.urlopen(f"{origin}/health/ready", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
