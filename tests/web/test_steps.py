"""What is written of a call: its line, at debug level its steps, for machines or for people."""

from __future__ import annotations

import json
import sys

import pytest

from sso_bridge.core.call import Call, Caller
from sso_bridge.core.deadline import Deadline
from sso_bridge.core.pseudonyms import Pseudonyms
from sso_bridge.logs import Log
from sso_bridge.web import Observation


@pytest.mark.parametrize(("level", "lines"), [("debug", 2), ("info", 1), ("warning", 0)])
def test_the_level_says_what_is_written(
    capsys: pytest.CaptureFixture[str], level: str, lines: int
) -> None:
    observation = Observation(Log(level), Pseudonyms(lambda: b"key"))
    call = Call("c1", Deadline(5.0), Caller("store"), "GetUser", "demo")
    observation.step("looked", row="one")
    observation.call(call, "accepted", 200, 0.0015)
    written = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in written] == ["step", "call"][2 - lines :]
    if lines:
        assert (written[-1]["operation"], written[-1]["milliseconds"]) == ("GetUser", 1.5)


def test_a_line_for_machines_has_its_time_and_level(capsys: pytest.CaptureFixture[str]) -> None:
    Log("info").warning("notice", kind="login_moved", when=object, text="a\nb\x1b \ud800")
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert told["level"] == "warning" and told["event"] == "notice"
    assert told["timestamp"].endswith("Z") and len(told["timestamp"]) == 27
    assert told["text"] == "a\nb\x1b \ud800"


def test_a_line_for_people_is_one_line_whatever_is_in_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = Log("info", "console")
    log.error("failed", error="E", details="a\nb\x1b[31m=c", empty="", n=1.5)
    log.error("failed", error="\x9b31m\x85\u2028", details="zoë =")
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith(r'Z error   failed   error=E details="a\nb\u001b[31m=c" empty="" n=1.5')
    assert second.endswith(r'failed   error="\u009b31m\u0085\u2028" details="zoë ="')


def test_a_line_that_cannot_be_written_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    full = open("/dev/full", "w", encoding="utf-8")  # noqa: SIM115 -- closing it fails
    monkeypatch.setattr(sys, "stderr", full)
    log = Log("info")
    for _ in range(3):
        log.info("call", status=200)
    with pytest.raises(OSError, match="No space"):
        full.close()
    log.info("call", status=200)


def test_a_line_about_a_call_has_its_id_until_the_call_was_answered(
    capsys: pytest.CaptureFixture[str],
) -> None:
    observation = Observation(Log("debug"), Pseudonyms(lambda: b"key"))
    call = Call("c1", Deadline(5.0), Caller("store"), "GetUser", "demo")
    observation.alarm("conflicting_keys", "")
    observation.begins(call)
    observation.step("looked", row="one")
    observation.notice("login_moved", "")
    observation.alarm("conflicting_keys", "")
    observation.call(call, "accepted", 200, 0.0015)
    observation.alarm("conflicting_keys", "")
    written = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line.get("call") for line in written] == [None, "c1", "c1", "c1", "c1", None]
