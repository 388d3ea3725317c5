"""The proof of several nodes in short, and that its judge can tell a wrong answer."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.nodes.asking import REFUSALS, SOAP, Outcome, judged
from tests.nodes.kills import Lengths, run
from tests.nodes.proxies import PROXIES
from tests.services import PostgreSQL, Redis

SHORT: Final = Lengths(calls=200, rate=100.0, every=1.0, users=60, added=False, call_seconds=2.0)
pytestmark = pytest.mark.xdist_group("nodes")


@pytest.mark.parametrize("name", PROXIES)
def test_no_answer_is_wrong_while_nodes_are_killed(
    name: str, tmp_path: Path, postgresql: PostgreSQL, redis: Redis
) -> None:
    seen = run(PROXIES[name], postgresql, redis, tmp_path, SHORT, seed=7)
    broken = [line for verdict in seen.verdicts if not verdict.kept for line in verdict.lines()]
    assert not broken, "\n".join(broken)
    assert seen.kills
    assert len(seen.calls) >= SHORT.calls
    assert sum(call.failed is None for call in seen.calls) > SHORT.calls / 2


def answer(*texts: str, erid: str = "e", login: str = "bob", site: str = "shop") -> bytes:
    key = (
        f"<userKey><userID>{erid}</userID><externalReferenceID>{erid}</externalReferenceID>"
        f"<loginID>{login}</loginID><siteID>{site}</siteID></userKey>"
    )
    content = "".join(texts) + key * bool(erid)
    return f'<e:Envelope xmlns:e="{SOAP}"><a>{content}</a></e:Envelope>'.encode()


def refusal(text: str, erid: str = "") -> bytes:
    return answer(f"<errorMessage>{text}</errorMessage>", erid=erid)


def asked(operation: str, status: int, body: bytes, erid: str | None = None) -> Outcome:
    return judged(operation, "shop", "bob", erid, status, body)


def test_a_right_answer_is_known() -> None:
    assert asked("login", 200, answer()) == Outcome(erid="e")
    assert asked("erid", 200, answer(), "e") == Outcome(erid="e")
    assert asked("wrong", 200, refusal("Invalid login")) == Outcome(refused="Invalid login")


def test_a_failure_that_can_be_seen_is_none_of_them() -> None:
    fault = answer(
        "<faultcode>e:Server</faultcode><faultstring>The request could not be served</faultstring>",
        erid="",
    )
    assert asked("login", 500, fault).failed == "Fault: The request could not be served"
    assert asked("login", 502, b"<html>Bad Gateway").failed == "the proxy's 502"


@pytest.mark.parametrize(
    ("operation", "status", "body"),
    [
        pytest.param("login", 200, answer(login="bo"), id="another-login"),
        pytest.param("login", 200, answer(site="other"), id="another-site"),
        pytest.param("erid", 200, answer(erid="f"), id="another-erid"),
        pytest.param("login", 200, answer(erid=""), id="nobody"),
        pytest.param("login", 200, refusal("Invalid login"), id="kept-out"),
        pytest.param("get", 200, refusal("User not found"), id="not-found"),
        pytest.param("create", 200, refusal("Email already used"), id="told-twice"),
        pytest.param("wrong", 200, answer(), id="let-in"),
        pytest.param("stale", 200, refusal("Invalid session", erid="e"), id="refused-and-told"),
        pytest.param("nobody", 200, refusal("User not active"), id="another-refusal"),
        pytest.param("get", 500, answer("<faultcode>e:Client</faultcode>"), id="their-fault"),
        pytest.param("get", 401, b"", id="unauthorized"),
        pytest.param("get", 200, b"<a", id="cut-off"),
    ],
)
def test_a_wrong_answer_is_known(operation: str, status: int, body: bytes) -> None:
    assert asked(operation, status, body, "e" if operation == "erid" else None).wrong is not None
    assert operation in {*REFUSALS, "login", "get", "erid", "create"}
