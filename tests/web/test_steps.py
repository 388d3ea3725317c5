"""The steps of a call are written at debug level, and cost nothing above it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from sso_bridge import logs
from sso_bridge.web import Observation


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize(("level", "lines"), [("debug", 2), ("info", 1), ("warning", 0)])
def test_the_level_says_what_is_written(
    capsys: pytest.CaptureFixture[str], level: str, lines: int
) -> None:
    logs.configure(level, "json")
    observation = Observation()
    observation.step("looked", row="one")
    observation.call("c1", "store", "GetUser", "accepted", 200, 0.0015)
    written = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in written] == ["step", "call"][2 - lines :]
    if lines:
        assert (written[-1]["operation"], written[-1]["milliseconds"]) == ("GetUser", 1.5)
