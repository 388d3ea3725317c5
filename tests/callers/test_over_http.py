"""Who may call, on a real server that has trusted proxies."""

from __future__ import annotations

import hashlib
import json
import re
import urllib.request
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest

from tests.running import RunningServer, running_server

from .asking import ANN, GUS, Reply, asked, basic, configuration, post

pytestmark = pytest.mark.xdist_group("callers")
OLD, NEW = "a password of last year", "a password of this year"
TOKEN = "0123456789-abcdefghijklmnopqrstuvwxyz"
DIGEST = hashlib.sha256(TOKEN.encode()).hexdigest()
STRANGER = "127.0.0.9"
SERVER = "call_seconds = 20"
CALLERS = f"""
[proxies]
trusted = ["127.0.0.1", "198.51.100.0/24"]
address_header = "X-Forwarded-For"
drop_underscores = true
certificate_header = "ClientCert"
certificate_form = "subject"

[callers.store]
user = "store"
password_file = ["new", "old"]
networks = ["203.0.113.0/24"]

[callers.limited]
token_sha256 = ["{DIGEST}"]
sites = ["demo"]
operations = ["GetUser"]

[callers.certified]
certificate = ["CN=store,O=Digital River,C=US"]
"""
BEARER = ("Authorization", f"Bearer {TOKEN}")
HERE = ("X-Forwarded-For", "203.0.113.9")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("callers")
    (folder / "old").write_text(OLD)
    (folder / "new").write_text(NEW)
    with running_server(configuration(folder, SERVER, CALLERS)) as running:
        yield running
        running.stop()
        log = running.log_text()
    assert '"event":"refused"' in log
    assert [secret for secret in (OLD, NEW, TOKEN, DIGEST, "CN=") if secret in log] == []
    assert "Traceback" not in log


def ask(server: RunningServer, *headers: tuple[str, str], source: str = "127.0.0.1") -> Reply:
    return post((server.host, server.port), asked("GetUser", ANN), headers=headers, source=source)


def limited(server: RunningServer, body: str) -> Reply:
    return post((server.host, server.port), body, headers=[BEARER])


def without_call(reply: Reply) -> bytes:
    """The answer but for the name of the call, which is another each time."""
    return reply.body.replace(reply.headers["x-call-id"].encode(), b"")


@pytest.mark.parametrize("password", [OLD, NEW])
def test_either_password_is_good_from_the_network_of_the_caller(
    server: RunningServer, password: str
) -> None:
    reply = ask(server, basic("store", password), HERE)
    assert (reply.status, reply.tells(ANN)) == (200, True)
    assert ask(server, basic("store", password), ("X-Forwarded-For", "203.0.114.9")).status == 401


def test_a_wrong_password_is_asked_for_again(server: RunningServer) -> None:
    for headers in ([HERE], [HERE, basic("store", "x")], [HERE, basic("nobody", OLD)]):
        reply = ask(server, *headers)
        assert reply.status == 401
        asked_for = reply.headers["www-authenticate"]
        assert asked_for == ('Basic realm="sso-bridge", charset="UTF-8", Bearer realm="sso-bridge"')
        assert not reply.tells("store")


@pytest.mark.parametrize(
    ("said", "status"),
    [
        pytest.param(["203.0.113.9"], 200, id="one"),
        pytest.param(["203.0.113.9, 198.51.100.7"], 200, id="two-proxies"),
        pytest.param(["203.0.113.9", "198.51.100.7"], 200, id="in-two-lines"),
        pytest.param(["203.0.113.9, 192.0.2.66"], 401, id="forged"),
        pytest.param(["203.0.113.9", "192.0.2.66"], 401, id="forged-in-two-lines"),
        pytest.param([], 401, id="none"),
        pytest.param([""], 401, id="empty"),
        pytest.param(["203.0.113.9", "\u00e9"], 401, id="not-ascii"),
    ],
)
def test_the_client_is_found_hop_by_hop(
    server: RunningServer, said: list[str], status: int
) -> None:
    headers = [("X-Forwarded-For", one) for one in said]
    assert ask(server, basic("store", OLD), *headers).status == status


def test_what_a_stranger_says_of_their_address_is_not_believed(server: RunningServer) -> None:
    assert ask(server, basic("store", OLD), HERE, source=STRANGER).status == 401


def test_a_header_with_underscores_is_taken_for_one_with_hyphens(server: RunningServer) -> None:
    """Which is why `drop_underscores` must be said. If this fails, the setting is needless."""
    spelt, real = ("X_Forwarded_For", HERE[1]), ("X-Forwarded-For", "192.0.2.1")
    known = basic("store", OLD)
    orders = permutations([spelt, real, known, ("Accept", "text/xml")])
    assert 200 in [ask(server, *headers).status for headers in orders]


def test_a_certificate_counts_from_a_proxy_only(server: RunningServer) -> None:
    certificate = ("ClientCert", "CN=store,O=Digital River,C=US")
    assert ask(server, certificate).status == 200
    for subject in ("CN=store,O=Digital River", "CN=other,O=Digital River,C=US", "x", ""):
        assert ask(server, ("ClientCert", subject)).status == 401
    for more in ([], [basic("store", OLD)], [BEARER]):
        reply = ask(server, certificate, *more, source=STRANGER)
        assert reply.status == 403
        assert reply.body.startswith(b"Forbidden: ")


def test_a_refusal_is_logged_with_the_address_and_counted(server: RunningServer) -> None:
    before = refusals(server)
    reply = ask(server, ("ClientCert", "CN=x"), source=STRANGER)
    assert refusals(server)["403"] == before.get("403", 0) + 1
    assert line_of(server, reply)["address"] == STRANGER
    reply = ask(server, basic("store", "wrong"), HERE)
    assert refusals(server)["401"] == before.get("401", 0) + 1
    assert line_of(server, reply)["address"] == HERE[1]
    reply = ask(server, basic("store", "wrong"), ("X-Forwarded-For", "<script>"))
    assert line_of(server, reply)["address"] == "127.0.0.1"


def refusals(server: RunningServer) -> dict[str, float]:
    with urllib.request.urlopen(f"{server.origin}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    found = re.findall(r'^sso_bridge_http_refused_total\{status="(\d+)"\} (\S+)$', text, re.M)
    return {status: float(count) for status, count in found}


def line_of(server: RunningServer, reply: Reply) -> dict[str, Any]:
    """What the log says about the call."""
    call = reply.headers["x-call-id"]
    (line,) = [one for one in server.log_text().splitlines() if f'"call":"{call}"' in one]
    fields: dict[str, Any] = json.loads(line)
    return fields


@pytest.mark.parametrize("name", ["GetUser", "GetUserProfile"])
@pytest.mark.parametrize("site", [None, "demo"])
def test_a_limited_caller_is_answered_what_they_may_ask(
    server: RunningServer, name: str, site: str | None
) -> None:
    reply = limited(server, asked(name, ANN, site))
    assert (reply.status, reply.tells(ANN)) == (200, True)


def test_what_a_limited_caller_may_not_ask_is_one_fault_whoever_it_is_about(
    server: RunningServer,
) -> None:
    password = "<password>123123</password>"
    replies = [
        limited(server, asked("GetUser", GUS, "others")),
        limited(server, asked("GetUser", "nobody@example.com", "others")),
        limited(server, asked("GetUser", GUS, "nowhere")),
        limited(server, asked("Login", ANN, "demo", password)),
        limited(server, asked("Login", ANN, "others", password)),
        limited(server, asked("Login", "nobody@example.com", None, password)),
        limited(server, asked("ValidateSession", ANN, "demo")),
    ]
    assert {reply.status for reply in replies} == {500}
    assert len({without_call(reply) for reply in replies}) == 1
    assert replies[0].tells("soapenv:Client")
    assert replies[0].tells("The caller may not do this")


def test_a_limited_caller_finds_no_user_of_another_site(server: RunningServer) -> None:
    about = {login: limited(server, asked("GetUser", login)) for login in (GUS, "nobody@x.com")}
    assert {reply.status for reply in about.values()} == {200}
    assert len({without_call(reply) for reply in about.values()}) == 1
    everybody = post(
        (server.host, server.port),
        asked("GetUser", GUS, "others"),
        headers=[basic("store", OLD), HERE],
    )
    assert everybody.tells(GUS)
