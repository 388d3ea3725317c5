"""`sso-bridge audit`: its exit status, its files, and what it does not leave behind."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.audit.crowds import HASH, fill, user
from tests.people import People, execute

TABLE = """
CREATE TABLE users (id TEXT PRIMARY KEY, login TEXT, password TEXT, status TEXT,
    first_name TEXT, last_name TEXT, erid TEXT, UNIQUE (login), UNIQUE (erid))"""
CONFIG = """
[sources.shop]
url = "sqlite:///users.db"
table = "users"
subject = "id"
login = "login"
password = "password"
erid = { strategy = "column", column = "erid" }

[sites.de]
source = "shop"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A sound configuration of two users, one of whom the ledger knows."""
    path = tmp_path / "bridge.toml"
    path.write_text(CONFIG)
    execute(tmp_path / "users.db", TABLE)
    people = People(
        tmp_path, "", source={"erid": {"strategy": "column", "column": "erid"}, "profile": {}}
    )
    people.add("one@example.com", id="1", erid="a", status="active")
    people.erid("one@example.com")
    people.add("two@example.com", id="2", erid="b", password=HASH)
    return path


def spoil(config: Path, erid: str = "A") -> None:
    execute(config.with_name("users.db"), "UPDATE users SET erid = ? WHERE id = '2'", erid)


def run(config: Path, *args: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "sso_bridge", "audit", "--config", str(config), *args],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


def test_a_sound_source_exits_with_0(config: Path) -> None:
    done = run(config, "--format", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["findings"], told["ledger_entries"]) == ([], 1)
    assert told["sources"][0]["users"] == 2
    assert done.stderr == ""


def test_a_cross_link_exits_with_1(config: Path) -> None:
    spoil(config)
    done = run(config)
    assert done.returncode == 1
    assert "would cross-link" in done.stdout
    assert "example.com" not in done.stdout


def test_a_lock_out_alone_exits_with_0(config: Path) -> None:
    spoil(config, " c")
    done = run(config)
    assert done.returncode == 0
    assert "would lock out" in done.stdout


def test_several_formats_are_files_of_their_owner(config: Path) -> None:
    spoil(config)
    done = run(config, "--format", "json,csv,html,table", "--output", str(config.with_name("r")))
    assert (done.returncode, done.stdout) == (1, "")
    files = {path.suffix: path for path in config.parent.glob("r.*")}
    assert set(files) == {".json", ".csv", ".html", ".txt"}
    for path in files.values():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rows = files[".csv"].read_text().splitlines()
    assert "shop,2,erid_alike,cross_link,A" in rows
    assert "shop,2,erid_taken_alike,cross_link,A" in rows
    assert "<html" in files[".html"].read_text()
    assert not list(config.parent.glob(".*"))


def test_one_format_is_the_file_that_was_named(config: Path) -> None:
    target = config.with_name("audit.out")
    assert run(config, "--format", "json", "--output", str(target)).returncode == 0
    assert json.loads(target.read_text())["verdict"] is None


@pytest.mark.parametrize(
    "args",
    [
        ("--format", "xml"),
        ("--format", "json,csv"),
        ("--format", "json", "--output", "no/such/folder/audit.json"),
    ],
    ids=lambda args: " ".join(args),
)
def test_wrong_usage_exits_with_2_before_anything_is_read(
    config: Path, args: tuple[str, ...]
) -> None:
    config.with_name("users.db").unlink()
    done = run(config, *args)
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize(
    ("old", "new"), [('"login"', '"e_mail"'), ('"users"', '"customers"'), ("table", "tabel")]
)
def test_a_wrong_configuration_exits_with_2(config: Path, old: str, new: str) -> None:
    config.write_text(CONFIG.replace(old, new, 1))
    done = run(config)
    assert (done.returncode, done.stdout) == (2, "")
    assert "shop" in done.stderr


def test_a_ledger_that_is_not_there_exits_with_2(config: Path) -> None:
    config.with_name("erids.db").unlink()
    done = run(config)
    assert (done.returncode, done.stdout) == (2, "")
    assert "ledger" in done.stderr
    assert not config.with_name("erids.db").exists()


def test_an_outage_exits_with_1_and_leaves_no_report(config: Path) -> None:
    config.with_name("users.db").unlink()
    target = config.with_name("audit.json")
    target.write_text("of last week")
    done = run(config, "--format", "json", "--output", str(target))
    assert (done.returncode, done.stdout) == (1, "")
    assert "shop" in done.stderr
    assert target.read_text() == "of last week"


def test_a_database_that_is_damaged_exits_with_1_and_prints_no_report(config: Path) -> None:
    path = config.with_name("users.db")
    path.unlink()
    fill(f"sqlite:///{path}", [user(f"{n}") for n in range(5000)])
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 4))
    done = run(config, "--format", "csv")
    assert (done.returncode, done.stdout) == (1, "")
    assert "shop" in done.stderr


def test_who_was_retired_and_is_still_there_is_found(config: Path) -> None:
    retire = ["erid", "retire", "a", "--reason", "x", "--forget", "--config", str(config)]
    subprocess.run([sys.executable, "-m", "sso_bridge", *retire], check=True)
    execute(config.with_name("users.db"), "UPDATE users SET erid = 'c' WHERE id = '1'")
    execute(config.with_name("users.db"), "UPDATE users SET erid = 'a' WHERE id = '2'")
    rows = run(config, "--format", "csv").stdout.splitlines()
    assert any(row.startswith("shop,1,subject_retired") for row in rows)
    assert any(row.startswith("shop,2,erid_retired") for row in rows)
