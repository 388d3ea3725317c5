"""The command line on the demo's files, each command in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from sso_bridge.soap.contract import wsdl


def run(*args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sso_bridge", *args],
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_the_demo_configuration_is_safe_to_serve(demo_config: Path) -> None:
    done = run("check", "--config", str(demo_config), "--json")
    assert done.returncode == 0, done.stderr
    assert {finding["severity"] for finding in json.loads(done.stdout)} == {"ok"}


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('login = "email"', 'login = "e_mail"', "users.e_mail"),
        ('table = "users"', 'table = "customers"', "customers"),
        ('table = "addresses"', 'table = "address"', "address"),
        ('subject = "id"', 'subject = "status"', "users.status"),
        ("create_values", "# create_values", "users.created_at"),
        ('url = "sqlite:///users.db"', 'url = "sqlite:////no/such/users.db"', "sources.shop"),
        ('token_column = "token_sha256"', 'token_column = "token"', "sessions.token"),
    ],
    ids=["column", "table", "addresses", "subject", "creation", "unreachable", "sessions"],
)
def test_a_configuration_that_is_not_true_is_found_out(
    demo_config: Path, old: str, new: str, place: str
) -> None:
    text = demo_config.read_text()
    assert text.count(old) >= 1
    spoiled = demo_config.with_name(f"spoiled-{abs(hash(new))}.toml")
    spoiled.write_text(text.replace(old, new, 1))
    done = run("check", "--config", str(spoiled), "--json")
    assert done.returncode == 1, done.stdout
    errors = [f["place"] for f in json.loads(done.stdout) if f["severity"] == "error"]
    assert any(place in error for error in errors), errors
    assert "Traceback" not in done.stderr


def test_a_login_is_tried_and_explained(demo_config: Path) -> None:
    done = run("try", "login", "demo@example.com", "--config", str(demo_config), stdin="123123\n")
    assert done.returncode == 0
    assert "accepted: login demo@example.com" in done.stdout
    assert "argon2id" in done.stderr
    assert "123123" not in done.stdout + done.stderr


def test_a_refused_login_says_why_and_exits_with_1(demo_config: Path) -> None:
    done = run("try", "login", "demo@example.com", "--config", str(demo_config), stdin="nope\n")
    assert done.returncode == 1
    assert "refused: invalid_login" in done.stdout
    assert "wrong password" in done.stderr


@pytest.mark.parametrize("name", ["cookie", "link"])
def test_an_issued_token_verifies_and_names_the_user(demo_config: Path, name: str) -> None:
    config = ("--config", str(demo_config))
    token = run("session", "issue", "bo@example.com", "--format", name, *config).stdout.strip()
    assert token
    verified = run("session", "verify", "-", *config, stdin=token + "\n")
    assert (verified.returncode, f"{name}: good: subject 2" in verified.stdout) == (0, True)
    tried = run("try", "session", "-", *config, stdin=token + "\n")
    assert (tried.returncode, "bo@example.com" in tried.stdout) == (0, True)


def test_a_made_up_token_is_refused(demo_config: Path) -> None:
    done = run("session", "verify", "nonsense", "--config", str(demo_config))
    assert done.returncode == 1


def test_a_user_is_tried_by_login_and_by_erid(demo_config: Path) -> None:
    config = ("--config", str(demo_config), "--json")
    by_login = json.loads(run("try", "user", "bo@example.com", *config).stdout)
    by_erid = run("try", "user", by_login["key"]["external_reference_id"], *config)
    assert json.loads(by_erid.stdout)["key"] == by_login["key"]


def test_the_contract_is_printed() -> None:
    done = run("wsdl", "--public-url", "https://sso.example.com/x")
    assert done.stdout.encode() == wsdl("https://sso.example.com/x") + b"\n"


@pytest.mark.parametrize(
    "args",
    [
        ("serve", "--config", "/no/such/file.toml"),
        ("serve",),
        ("check", "--config", "/no/such/file.toml"),
        ("bogus",),
    ],
    ids=["no-file", "no-config", "check-no-file", "no-command"],
)
def test_wrong_usage_exits_with_2_and_a_short_message(args: tuple[str, ...]) -> None:
    done = run(*args)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


@pytest.mark.parametrize("command", ["", "demo", "serve", "check", "try", "session", "wsdl"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    done = run(*([command] if command else []), "--help")
    assert done.returncode == 0
    assert "Example: sso-bridge" in done.stdout


def test_users_are_not_served_to_the_network_unprotected(demo_config: Path) -> None:
    done = run("serve", "--config", str(demo_config), "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert "allow_plain_http" in done.stderr


def test_the_demo_counts_its_calls(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sso_bridge", "demo", "--port", "0", "--directory", "demo"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            address = server.stdout.readline().split()[-1]
            call = urllib.request.Request(address, b"nonsense", {"Content-Type": "text/xml"})
            with pytest.raises(urllib.error.HTTPError):
                urllib.request.urlopen(call)
            page = urllib.request.urlopen(urllib.parse.urljoin(address, "/metrics")).read().decode()
            assert "sso_bridge_calls_total{" in page
        finally:
            server.terminate()
