"""The line that is written for a call: about whom, which site, and where the time went."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from werkzeug.test import Client

from sso_bridge import demo, wiring
from sso_bridge.config import load
from sso_bridge.soap.contract import PATH
from sso_bridge.soap.namespaces import RUM
from tests.running import edited

PHASES = {"read", "turn", "parse", "source", "ledger", "write"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lines")
    demo.prepare(folder)
    edited(folder / "demo.toml", ('format = "console"', 'format = "json"'), name="json.toml")
    return folder


class Calls:
    """Asks, and tells what was answered and what was logged."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        settings, _ = load(folder / "json.toml")
        self.http = Client(wiring.application(settings, folder, url=f"http://localhost{PATH}"))
        self._capsys = capsys

    def ask(self, operation: str, children: str) -> tuple[etree._Element, dict[str, Any]]:
        body = f'<r:{operation}Request xmlns:r="{RUM}">{children}</r:{operation}Request>'
        answer = self.http.post(PATH, data=body, content_type="text/xml")
        lines = [json.loads(line) for line in self._capsys.readouterr().err.splitlines()]
        (line,) = [line for line in lines if line["event"] == "call"]
        assert line["call"] == answer.headers["X-Call-Id"]
        return etree.fromstring(answer.data), line


def login(name: str, password: str) -> str:
    return f"<userKey><loginID>{name}</loginID></userKey><password>{password}</password>"


def pseudonyms(folder: Path, key: str) -> dict[str, str]:
    """As an operator has them printed."""
    command = [sys.executable, "-m", "sso_bridge", "pseudonym", key, "--json"]
    done = subprocess.run(
        [*command, "--config", str(folder / "demo.toml")], capture_output=True, check=True
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_a_login_names_its_site_and_its_person_to_who_has_the_key_alone(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = Calls(folder, capsys)
    answer, line = calls.ask("Login", login("demo@example.com", "123123"))
    erid = answer.findtext("userKey/externalReferenceID") or ""
    assert (line["site"], line["outcome"]) == ("demo", "accepted")
    assert line["person"] == pseudonyms(folder, erid)["person"]
    assert line["login"] == pseudonyms(folder, "Demo@example.com")["login"]
    assert erid not in json.dumps(line) and "example.com" not in json.dumps(line)
    _, again = calls.ask("GetUser", f"<userKey><userID>{erid}</userID></userKey>")
    assert (again["person"], again["login"]) == (line["person"], line["login"])


def test_a_refused_login_is_told_apart_by_what_was_asked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = Calls(folder, capsys)
    calls.ask("Login", login("demo@example.com", "123123"))  # opens the ledger
    _, wrong = calls.ask("Login", login("demo@example.com", "no"))
    _, unknown = calls.ask("Login", login("nobody@example.com", "no"))
    _, stranger = calls.ask("GetUser", "<userKey><userID>none</userID></userKey>")
    assert wrong["outcome"] == unknown["outcome"] == "invalid_login"
    assert wrong["person"] == unknown["person"] == "" != stranger["person"]
    assert len({wrong["login"], unknown["login"], stranger["login"]}) == 3


def test_the_phases_of_a_call_are_told_and_make_up_its_time(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = Calls(folder, capsys)
    _, line = calls.ask("Login", login("demo@example.com", "123123"))
    assert set(line["phases"]) == {*PHASES, "throttle", "hash", "hash_wait"}
    assert line["phases"]["hash"] > 5 * line["phases"]["parse"]
    own = sum(line["phases"].values()) - line["phases"]["read"]
    assert 0 < own <= line["milliseconds"] + 0.1
    _, line = calls.ask("GetUser", "<userKey><loginID>demo@example.com</loginID></userKey>")
    assert set(line["phases"]) <= PHASES
    shown = calls.http.get("/metrics").text
    assert 'sso_bridge_phase_seconds_count{operation="Login",phase="hash"} 1.0' in shown


def test_a_call_that_is_no_message_has_nobody_and_no_site(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = Calls(folder, capsys)
    _, line = calls.ask("Logout", "")
    assert (line["operation"], line["site"], line["person"], line["login"]) == ("", "", "", "")
    assert line["outcome"] == "InvalidMessage"


def test_an_alarm_has_the_id_of_its_call_and_what_comes_later_has_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = Calls(folder, capsys)
    body = (
        f'<r:GetUserRequest xmlns:r="{RUM}"><userKey><userID>one</userID>'
        "<externalReferenceID>other</externalReferenceID></userKey></r:GetUserRequest>"
    )
    answer = calls.http.post(PATH, data=body, content_type="text/xml")
    calls.http.get("/health/ready")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (alarm,) = [line for line in lines if line["event"] == "alarm"]
    assert (alarm["kind"], alarm["call"]) == ("conflicting_keys", answer.headers["X-Call-Id"])
