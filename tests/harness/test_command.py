"""`sso-bridge harness check`, as a command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .faulty import Faulty, served
from .test_planted_faults import CAST


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sso_bridge", "harness", "check", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def users(tmp_path: Path) -> Path:
    ann, ben, cal = Faulty().known
    file = tmp_path / "harness.toml"
    file.write_text(CAST.format(ann=ann, ben=ben, cal=cal), encoding="utf-8")
    return file


def test_a_good_endpoint_is_told_and_exits_with_0(users: Path) -> None:
    with served(Faulty()) as url:
        done = command(url, "--users", users, "--only", "login*")
    assert done.returncode == 0, done.stderr
    assert "none failed" in done.stdout
    assert done.stderr == ""


def test_a_failed_check_exits_with_1_and_all_formats_are_written(users: Path) -> None:
    output = users.parent / "report"
    with served(Faulty("refusal as a Fault")) as url:
        done = command(
            url, "--users", users, "--only", "login*", "--format", "table,json,junit,html",
            "--output", output,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Not ready" in done.stderr
    names = {file.name for file in users.parent.iterdir()} - {users.name}
    assert names == {"report.txt", "report.json", "report.xml", "report.html"}
    assert json.loads((users.parent / "report.json").read_text())["failed"]


def test_an_endpoint_that_is_not_there_is_said_once(users: Path) -> None:
    done = command("http://127.0.0.1:9/sso", "--users", users, "--timeout", "2")
    assert done.returncode == 1
    told = " ".join(done.stdout.split())
    assert "does not answer" in told
    assert "Traceback" not in done.stdout + done.stderr


def test_wrong_credentials_leave_everything_else_out(users: Path) -> None:
    users.write_text(users.read_text().replace("calls-by-the-book", "calls-by-guesswork"))
    with served(Faulty()) as url:
        done = command(url, "--users", users, "--format", "json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["failed"], told["passed"]) == (1, 1, 0)
    assert "turned away" in told["checks"][0]["wrong"][0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "users: Field required"),
        ("users = []", "users"),
        ("[[users]]\nlogin = 'a'\nlogins = 'b'", "users.0.logins"),
        ("[[users]]\nlogin = 'a'\n[[users]]\nlogin = 'a'", "name each person once"),
        ("[[users]]\nlogin = 'a'\npassword_env = 'NOT_SET_ANYWHERE'", "password_env"),
        ("caller = { user = 'a' }\n[[users]]\nlogin = 'a'", "caller.user: goes together"),
        ("creation = { login = 'x' }\n[[users]]\nlogin = 'a'", "creation.login: needs {}"),
        ("[[users]", "not TOML"),
    ],
)
def test_a_file_that_is_wrong_is_told_in_a_line(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "harness.toml"
    file.write_text(text, encoding="utf-8")
    done = command("http://127.0.0.1:9/", "--users", file)
    assert done.returncode == 2
    assert why in done.stderr
    assert str(file) in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["ftp://x"], id="url"),
        pytest.param(["http://[::1/sso"], id="broken-url"),
        pytest.param(["http://127.0.0.1:99999/sso"], id="port"),
        pytest.param(["https://127.0.0.1:9/", "--ca", __file__], id="ca"),
        pytest.param(["http://127.0.0.1:9/", "--only", "nothing-like-that"], id="only"),
        pytest.param(["http://127.0.0.1:9/", "--format", "pdf"], id="format"),
    ],
)
def test_wrong_usage_exits_with_2(users: Path, arguments: list[str]) -> None:
    done = command(*arguments, "--users", users)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) <= 4
    assert "Traceback" not in done.stderr


def test_credentials_in_the_address_are_refused_and_not_repeated(users: Path) -> None:
    done = command("http://ann:secret-of-ann@127.0.0.1:9/", "--users", users)
    assert done.returncode == 2
    assert "[caller]" in done.stderr
    assert "secret-of-ann" not in done.stdout + done.stderr
