"""A refused login takes as long for somebody as for nobody. `timing.py` measures it better."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sso_bridge.core.call import Call
from sso_bridge.core.deadline import Deadline
from sso_bridge.soap.envelope import Shape
from tests.running import running_server
from tests.survival.messages import envelope, login

from .fuzz.of_messages import demo_endpoint
from .timing import DIFFERENT, SAME, compared, configuration, measured

BLOCKS = 80
CHANCE = 4.5
"""Standard deviations. By chance alone it is exceeded once in 20,000 runs of the test."""


def test_nobody_is_told_from_a_user_by_time(tmp_path: Path) -> None:
    with running_server(configuration(tmp_path, 4, more=4)) as server:
        found = {one.kind: one for one in compared(measured(server, BLOCKS, random.Random()))}
    assert {kind: found[kind].rank_z for kind in SAME if abs(found[kind].rank_z) > CHANCE} == {}
    assert found[DIFFERENT].rank_z > CHANCE, "it could not tell anything"


@pytest.fixture(scope="module")
def seconds(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], float]:
    """How long a refused login takes, in this process; its hash takes about a millisecond."""
    endpoint = demo_endpoint(tmp_path_factory.mktemp("timing"))

    def ask(name: str) -> float:
        body = envelope(login(name, "wrong password")).encode()
        begun = time.perf_counter()
        call = Call("0", Deadline(10))
        answer = endpoint.answer(body, charset="utf-8", guess=Shape.SOAP11, call=call)
        assert b"Invalid login" in answer.body
        return time.perf_counter() - begun

    ask("bo@example.com")
    return ask


@pytest.mark.parametrize("name", ["bo@example.com", "gone@example.com", "nobody@example.com"])
def test_whoever_it_is_the_hash_begins_no_sooner(
    seconds: Callable[[str], float], name: str
) -> None:
    """Finding a user takes longer than finding none; the difference is waited for."""
    assert min(seconds(name) for _ in range(5)) >= 0.005
