"""Calls beyond a rate get a Fault, before anything is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sso_bridge.core.call import Caller
from sso_bridge.soap.envelope import Shape
from tests.people import People
from tests.services import Redis
from tests.throttle.nodes import Node, in_redis

DR, OTHER = Caller("dr"), Caller("other")
SITES = {"de": {"source": "shop", "create": True}, "fr": {"source": "shop"}}


def node(folder: Path, **throttle: Any) -> Node:
    people = People(folder, throttle=throttle, sites=SITES, default_site="de")
    if not people.run("SELECT 1 FROM users"):
        people.add("alice")
    return Node(people)


def test_each_caller_has_calls_of_its_own(tmp_path: Path) -> None:
    bridge = node(tmp_path, caller={"logins_per_minute": 3})
    assert [bridge.login("alice", caller=DR) for _ in range(5)] == [
        *["accepted"] * 3,
        *["Throttled"] * 2,
    ]
    assert bridge.login("alice", caller=OTHER) == "accepted"
    assert bridge.get("alice", caller=DR) == "accepted"
    refused = ("caller", "refused", "memory")
    assert bridge.people.watched.decisions.count(refused) == 2


def test_each_site_has_calls_of_its_own(tmp_path: Path) -> None:
    bridge = node(tmp_path, site={"logins_per_minute": 2})

    def login(site: str) -> str:
        key = f"<userKey><loginID>nobody</loginID><siteID>{site}</siteID></userKey>"
        return bridge.send("LoginRequest", f"{key}<password>x</password>").outcome

    assert [login(site) for site in ("de", "de", "de", "fr")] == [
        "invalid_login",
        "invalid_login",
        "Throttled",
        "invalid_login",
    ]


def test_one_password_tried_on_many_logins_meets_the_rate_of_all(tmp_path: Path) -> None:
    bridge = node(tmp_path, all={"logins_per_minute": 10})
    outcomes = [bridge.login(f"user{number}", "summer") for number in range(30)]
    assert outcomes[:10] == ["invalid_login"] * 10
    assert outcomes.count("Throttled") > 10


def test_calls_of_all_operations_count_together(tmp_path: Path) -> None:
    """A second may end while this runs, and lets one more in for each thousandth of it."""
    bridge = node(tmp_path, all={"calls_per_second": 20})
    outcomes = [
        outcome for _ in range(50) for outcome in (bridge.get("alice"), bridge.login("nobody", "x"))
    ]
    assert outcomes[:20].count("Throttled") == 0
    assert "Throttled" in outcomes[20:]


def test_accounts_are_made_at_their_own_rate(tmp_path: Path) -> None:
    bridge = node(tmp_path, all={"creations_per_minute": 2})
    assert [bridge.create(f"new{number}") for number in range(3)] == [
        "accepted",
        "accepted",
        "Throttled",
    ]
    assert bridge.get("new2") == "user_not_found"


@pytest.mark.parametrize(("shape", "status"), [(Shape.SOAP11, 500), (Shape.PLAIN, 500)])
def test_a_call_too_many_gets_the_fault_of_an_outage_and_asks_no_database(
    tmp_path: Path, shape: Shape, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge = node(tmp_path, all={"logins_per_minute": 1})
    bridge.login("alice")

    def asked(*_: object, **__: object) -> None:
        raise AssertionError("a database was asked")

    monkeypatch.setattr(bridge.people.parts.sources["shop"], "find", asked)
    content = "<userKey><loginID>alice</loginID></userKey><password>x</password>"
    answer = bridge.send("LoginRequest", content)
    assert (answer.outcome, answer.status) == ("Throttled", status)
    assert b"Server" in answer.body
    assert b"Too many calls" in answer.body
    assert b"alice" not in answer.body


def test_without_rates_a_look_up_counts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge = node(tmp_path, all={"logins_per_minute": 1})
    monkeypatch.delattr(type(bridge.people.parts.throttle._store), "spend")
    assert bridge.get("alice") == "accepted"


def test_nodes_with_one_redis_share_a_rate(tmp_path: Path, redis: Redis) -> None:
    url = redis.new_database()
    settings = in_redis(url, caller={"logins_per_minute": 4}, site={"logins_per_minute": 100})
    one, other = node(tmp_path, **settings), node(tmp_path, **settings)
    outcomes = [bridge.login("alice") for _ in range(3) for bridge in (one, other)]
    assert outcomes == ["accepted"] * 4 + ["Throttled"] * 2
    redis.drop(url)
