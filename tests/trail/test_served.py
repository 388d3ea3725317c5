"""The trail of a real server and of commands: who came in, who did not, and what was done."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from sso_bridge import demo, wiring
from sso_bridge.config import load
from sso_bridge.soap.namespaces import RUM
from tests.running import RunningServer, edited, running_server

KEY = "0123456789" * 4


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trail")
    demo.prepare(folder)
    changes = ("[ledger]", f'[trail]\nfile = "trail.jsonl"\nkey = "{KEY}"\n\n[ledger]')
    return edited(folder / "demo.toml", changes, ('format = "console"', 'format = "json"'))


def command(config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sso_bridge", *words, "--config", str(config)],
        capture_output=True,
        text=True,
        check=False,
    )


def ask(server: RunningServer, operation: str, children: str) -> tuple[str, str]:
    """The call's id and the answer."""
    body = f'<r:{operation}Request xmlns:r="{RUM}">{children}</r:{operation}Request>'.encode()
    request = urllib.request.Request(server.url, body, {"Content-Type": "text/xml"})
    try:
        answer = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.headers["X-Call-Id"], answer.read().decode()


def login(server: RunningServer, name: str, password: str) -> tuple[str, str]:
    key = f"<userKey><loginID>{name}</loginID></userKey>"
    return ask(server, "Login", f"{key}<password>{password}</password>")


def trail(config: Path) -> list[dict[str, Any]]:
    text = config.with_name("trail.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def until_written(config: Path, *calls: str) -> dict[str, dict[str, Any]]:
    """The records of calls by their id, once these are there: at once, but for a machine so busy
    that answers do not wait for them."""
    ends = time.monotonic() + 20.0
    while True:
        with suppress(ValueError):  # half a line
            found = {r["call"]: r for r in trail(config) if r["event"] == "call"}
            if set(calls) <= set(found):
                return found
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_what_workers_answered_and_operators_did_is_in_one_trail(config: Path) -> None:
    with running_server(config, "--workers", "2") as server:
        good, answer = login(server, "demo@example.com", "123123")
        found = re.search("<externalReferenceID>(.*?)<", answer)
        assert found is not None
        bad, _ = login(server, "demo@example.com", "no")
        written = until_written(config, good, bad)
        assert written[good]["outcome"] == "accepted"
        assert written[bad]["outcome"] == "invalid_login"
        assert written[good]["login"] == written[bad]["login"] != ""
        quick = [
            ask(server, "GetUser", f"<userKey><userID>{found[1]}</userID></userKey>")[0],
            ask(server, "GetUser", "<userKey><userID>nobody</userID></userKey>")[0],
            ask(server, "Nonsense", "")[0],
        ]
        retired = command(config, "erid", "retire", found[1], "--reason", "closed")
        assert retired.returncode == 0, retired.stderr
    records = trail(config)
    calls = {r["call"]: r for r in records if r["event"] == "call"}
    assert [call in calls for call in quick] == [False, True, True]
    (done,) = [r for r in records if r["event"] == "command"]
    assert (done["command"], done["outcome"]) == ("erid retire", "done")
    assert done["person"] == calls[good]["person"] != ""
    text = json.dumps(records)
    assert found[1] not in text and "example.com" not in text and "closed" not in text
    verified = command(config, "trail", "verify")
    assert verified.returncode == 0 and "complete: " in verified.stdout, verified


def test_a_login_that_was_answered_is_in_the_trail_whoever_is_killed(config: Path) -> None:
    with running_server(config, "--workers", "1") as server:
        call, answer = login(server, "second@example.com", "123123")
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(server.process.pid)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        until_written(config, call)
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        assert call in {record.get("call") for record in trail(config)}, answer
        server.process.kill()
        server.process.wait()


def test_a_record_that_was_changed_is_named_and_the_exit_status_is_1(
    config: Path, tmp_path: Path
) -> None:
    with running_server(config) as server:
        login(server, demo.PEOPLE[0].email, "wrong")
    path = tmp_path / "trail.jsonl"
    text = config.with_name("trail.jsonl").read_text(encoding="utf-8")
    path.write_text(text.replace("invalid_login", "accepted", 1), encoding="utf-8")
    key = tmp_path / "key"
    key.write_text(f"{KEY}\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "sso_bridge", "trail", "verify", path, "--key-file", key],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "is not what was written there" in done.stdout


def test_a_trail_that_cannot_be_written_is_found_at_the_start_and_by_commands(
    config: Path,
) -> None:
    wrong = edited(config, ('"trail.jsonl"', '"none/trail.jsonl"'), name="wrong.toml")
    for words in (("serve", "--port", "0"), ("erid", "assign")):
        done = command(wrong, *words)
        assert done.returncode == 2, done
        assert "trail.file: cannot write" in done.stderr and "Traceback" not in done.stderr


def test_a_caller_who_may_not_call_is_in_the_trail_with_the_address(tmp_path: Path) -> None:
    demo.prepare(tmp_path)
    config = edited(
        tmp_path / "demo.toml",
        ("[ledger]", '[trail]\nfile = "trail.jsonl"\n\n[ledger]'),
        ("[sources.shop]", '[callers.dr]\nuser = "dr"\npassword = "open sesame"\n\n[sources.shop]'),
    )
    settings, _ = load(config)
    client = Client(wiring.application(settings, tmp_path, url="http://localhost/"))
    sent = client.post(
        "/RemoteUserManagement",
        data="<x/>",
        content_type="text/xml",
        environ_base={"REMOTE_ADDR": "127.0.0.1"},
    )
    assert sent.status_code == 401
    ends = time.monotonic() + 20.0
    path = tmp_path / "trail.jsonl"
    while not path.exists() or path.read_bytes().count(b"\n") < 2:
        assert time.monotonic() < ends
        time.sleep(0.02)
    record = trail(config)[-1]
    assert (record["event"], record["status"]) == ("refused", 401)
    assert record["call"] == sent.headers["X-Call-Id"]
    assert record["address"] == "127.0.0.1"


def test_a_caller_who_is_not_proven_is_told_of_with_an_address(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    caller = "\n[callers.dr]\nusername_token = 'dr'\nusername_token_password = 'a secret'\n"
    config = demo.prepare(tmp_path)
    text = config.read_text().replace('format = "console"', 'format = "json"')
    config.write_text(f"{text}{caller}\n[trail]\nfile = 'trail.jsonl'\n")
    http = Client(wiring.application(load(config)[0], tmp_path, url="http://localhost/"))
    body = f'<r:LoginRequest xmlns:r="{RUM}"/>'
    for at in ("192.0.2.7", "192.0.2.8"):
        answer = http.post(
            "/RemoteUserManagement",
            data=body,
            content_type="text/xml",
            environ_overrides={"REMOTE_ADDR": at},
        )
        assert b"FailedAuthentication" in answer.data
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        assert [line["address"] for line in lines if line["event"] == "call"] == [at]
        until_written(config, answer.headers["X-Call-Id"])
    assert [r["address"] for r in trail(config) if r["event"] == "call"] == [
        "192.0.2.7",
        "192.0.2.8",
    ]
