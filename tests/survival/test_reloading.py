"""SIGHUP: another configuration, and nobody notices but for what changed."""

from __future__ import annotations

import asyncio
import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from sso_bridge.config import load
from sso_bridge.wiring import create_ledger
from tests.people import TABLE, execute_at
from tests.running import RunningServer, edited, running_server
from tests.services import PostgreSQL
from tests.transit.agreed import K256, agreed, agreement

from .client import PATH, Connection, post, request
from .conftest import configuration
from .messages import LOGIN, PASSWORD, envelope, get_user, login, validate_session
from .reloads import calls_during, patient

pytestmark = pytest.mark.xdist_group("survival")

PATIENCE = 30.0


def eventually(what: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def reload(server: RunningServer, told: str = "reloaded") -> str:
    """Send SIGHUP and wait for its line in the log, which is returned."""
    pattern = re.compile(rf'^.*"event":"{told}".*$', re.M)
    before = len(pattern.findall(server.log_text()))
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: len(pattern.findall(server.log_text())) > before)
    return str(pattern.findall(server.log_text())[-1])


def workers(server: RunningServer) -> set[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(server.process.pid)], capture_output=True, text=True
    )
    return {int(pid) for pid in listed.stdout.split()}


def hasty(folder: Path) -> Path:
    """A configuration whose connections rest for a second at most, so that workers go soon."""
    return edited(
        configuration(folder), ("body_seconds = 3", "body_seconds = 1"), name="hasty.toml"
    )


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[RunningServer]:
    with running_server(patient(hasty(tmp_path)), "--workers", "2") as server:
        yield server


def test_no_call_is_lost_while_workers_are_replaced(pair: RunningServer) -> None:
    seen = [workers(pair)]

    async def busy() -> None:
        for _ in range(2):
            await asyncio.sleep(0.3)
            await asyncio.to_thread(reload, pair)
            seen.append(workers(pair))

    outcome = asyncio.run(calls_during((pair.host, pair.port), busy, each=1, longest_rest=0.5))
    assert (outcome.dropped, outcome.wrong) == ([], [])
    assert len(outcome.right) == 6
    assert sum(outcome.right.values()) > 100
    first, last = seen[0], seen[-1]
    assert len(first) == 2
    eventually(lambda: len(workers(pair)) == 2)
    assert not first & last


def test_a_kept_connection_is_answered_and_asked_to_end(tmp_path: Path) -> None:
    config = edited(configuration(tmp_path), ("body_seconds = 3", "body_seconds = 30"))
    with running_server(config) as server, Connection(server) as kept:
        kept.send(request(envelope(get_user())))
        assert "connection" not in kept.reply().headers
        reload(server)
        kept.send(request(envelope(get_user())))
        reply = kept.reply()
        assert (reply.status, reply.headers["connection"]) == (200, "close")
        assert kept.is_closed_by_server()


def test_counts_of_workers_that_are_gone_stay(pair: RunningServer) -> None:
    for _ in range(5):
        post(pair, envelope(get_user()))
    old = workers(pair)
    time.sleep(0.7)  # what a worker counted last it adds within half a second
    reload(pair)
    eventually(lambda: not old & workers(pair))
    text = ask(pair, "GET", "/metrics")[1]
    (count,) = re.findall(r'calls_total{operation="GetUser",outcome="accepted"} ([\d.]+)', text)
    assert float(count) == 5
    assert "sso_bridge_reload_successful 1.0" in text


def ask(
    server: RunningServer, method: str, path: str, body: str | None = None, password: str = ""
) -> tuple[int, str]:
    """Status and text, over TLS if the server has it, as the caller "dr" if a password is given."""
    headers = {"Content-Type": "text/xml"}
    if password:
        headers["Authorization"] = "Basic " + b64encode(f"dr:{password}".encode()).decode()
    connection: http.client.HTTPConnection
    if server.url.startswith("https"):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(
            server.host, server.port, timeout=PATIENCE, context=context
        )
    else:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def certificate(folder: Path, name: str) -> None:
    """A new key and a certificate for it, in the place of those that were there."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", f"/CN={name}"),
            *("-keyout", str(folder / "server.key"), "-out", str(folder / "server.crt")),
        ],
        check=True,
        capture_output=True,
    )


def certificate_name(server: RunningServer) -> bytes:
    """What of the certificate's name stands in what the server shows."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((server.host, server.port), PATIENCE) as plain,
        context.wrap_socket(plain) as shown,
    ):
        der = shown.getpeercert(binary_form=True) or b""
    (name,) = set(re.findall(rb"store-\d", der))
    return bytes(name)


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[RunningServer]:
    """One worker with TLS, a caller whose password is in a file, and encrypted passwords."""
    config = hasty(tmp_path)
    (tmp_path / "caller").write_text("first secret\n")
    (tmp_path / "transit.key").write_text(K256)
    certificate(tmp_path, "store-1")
    config.write_text(
        config.read_text()
        .replace("[server]", '[server]\ntls_certificate = "server.crt"\ntls_key = "server.key"')
        .replace("[sites.demo]", '[sites.demo]\npassword_encryption = "dr"')
        + '\n[callers.dr]\nuser = "dr"\npassword_file = "caller"\n'
        '\n[password_encryption.dr]\nalgorithm = "aes-gcm"\nkey_encoding = "hex"\n'
        '[password_encryption.dr.keys.k1]\nkey_file = "transit.key"\n'
    )
    with running_server(config) as server:
        yield server


def called(server: RunningServer, password: str) -> int:
    return ask(server, "POST", PATH, envelope(get_user()), password)[0]


def token(config: Path) -> str:
    issue = ("-m", "sso_bridge", "session", "issue", "bo@example.com", "--format", "link")
    made = subprocess.run(
        [sys.executable, *issue, "--config", str(config)],
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def test_rotated_secrets_are_in_force_and_the_old_ones_are_gone(
    secured: RunningServer, tmp_path: Path
) -> None:
    config = tmp_path / "hasty.toml"
    old_token = token(config)
    assert (called(secured, "first secret"), certificate_name(secured)) == (200, b"store-1")
    (tmp_path / "caller").write_text("second secret\n")
    certificate(tmp_path, "store-2")
    (tmp_path / "session.key").write_text("another key, which is thirty-two bytes long at least\n")
    (tmp_path / "transit.key").write_text(K256[::-1])
    new_token = token(config)
    assert (called(secured, "second secret"), certificate_name(secured)) == (401, b"store-1")
    old = workers(secured)
    line = reload(secured)
    eventually(lambda: not old & workers(secured))
    assert certificate_name(secured) == b"store-2"
    assert (called(secured, "second secret"), called(secured, "first secret")) == (200, 401)
    for given, valid in ((new_token, True), (old_token, False)):
        _, text = ask(secured, "POST", PATH, envelope(validate_session(given)), "second secret")
        assert ("<successful>true</successful>" in text) == valid
    for key, valid in ((K256[::-1], True), (K256, False)):
        sent = envelope(login(LOGIN, agreement(agreed("aes-gcm", key)).sealed(PASSWORD)))
        _, text = ask(secured, "POST", PATH, sent, "second secret")
        assert ("<successful>true</successful>" in text) == valid
    for name in ("callers.dr", "sessions.link.signing_key", "password_encryption.dr.keys.k1.key"):
        assert name in line
    for secret in ("first secret", "second secret", "another key", K256, K256[::-1]):
        assert secret not in secured.log_text()


def test_another_user_of_a_database_takes_over(tmp_path: Path, postgresql: PostgreSQL) -> None:
    url = postgresql.new_database()
    execute_at(url, TABLE)
    execute_at(url, "INSERT INTO users (login, first_name) VALUES ('bo@example.com', 'Bo')")
    roles = [f"role_{make_url(url).database}_{n}" for n in (1, 2)]
    for role in roles:
        execute_at(url, f"CREATE ROLE {role} LOGIN")
        execute_at(url, f"GRANT SELECT ON users TO {role}")

    def use(role: str) -> None:
        text = make_url(url).set(username=role).render_as_string(hide_password=False)
        (tmp_path / "url").write_text(text)

    def connected() -> list[str]:
        users = execute_at(url, "SELECT DISTINCT usename FROM pg_stat_activity ORDER BY usename")
        return [user for (user,) in users if user in roles]

    use(roles[0])
    config = tmp_path / "postgresql.toml"
    config.write_text(
        "[server]\nbody_seconds = 1\n[sources.shop]\nurl_file = 'url'\ntable = 'users'\n"
        "subject = 'id'\nlogin = 'login'\npassword = 'password'\n"
        "profile = { first_name = 'first_name' }\n[sites.de]\nsource = 'shop'\n"
    )
    create_ledger(load(config)[0], tmp_path)
    with running_server(config) as server:
        assert b"<firstName>Bo<" in post(server, envelope(get_user())).body
        assert connected() == roles[:1]
        use(roles[1])
        old = workers(server)
        reload(server)
        assert b"<firstName>Bo<" in post(server, envelope(get_user())).body
        eventually(lambda: not old & workers(server) and connected() == roles[1:])
    for role in roles:
        execute_at(url, f"DROP OWNED BY {role}")
        execute_at(url, f"DROP ROLE {role}")


def test_a_configuration_that_is_wrong_is_refused_and_the_old_one_stays(
    secured: RunningServer, tmp_path: Path
) -> None:
    config = tmp_path / "hasty.toml"
    good, old = config.read_text(), workers(secured)
    (tmp_path / "other.key").write_text("not a key\n")
    for wrong, named in (
        (good.replace('password_file = "caller"', 'password_file = "gone"'), "callers.dr.password"),
        (good.replace("body_seconds", "body_second"), 'did you mean \\"body_seconds\\"'),
        (good.replace("server.key", "other.key"), "server.tls_key"),
        (good.replace("erids.db", "nothing.db"), "ledger"),
        (good.replace("[server]", "[server]\nworkers = 3"), "server.workers cannot change"),
        ("[server", "not TOML"),
    ):
        config.write_text(wrong)
        line = reload(secured, "reload_refused")
        assert '"level":"error"' in line
        assert named in line
    assert workers(secured) == old
    assert called(secured, "first secret") == 200
    assert "sso_bridge_reload_successful 0.0" in ask(secured, "GET", "/metrics")[1]
    assert "Traceback" not in secured.log_text()
    config.write_text(good)
    reload(secured)
    assert "sso_bridge_reload_successful 1.0" in ask(secured, "GET", "/metrics")[1]


def test_a_worker_that_replaces_a_dead_one_meets_no_half_of_a_renewal(
    secured: RunningServer, tmp_path: Path
) -> None:
    (tmp_path / "server.key").write_text("half of a key\n")
    (tmp_path / "caller").write_text("a password that nobody has yet\n")
    old = workers(secured)
    (victim,) = old
    os.kill(victim, signal.SIGKILL)
    assert called(secured, "first secret") == 200  # who comes meanwhile waits, and is answered
    assert not old & workers(secured)
    assert certificate_name(secured) == b"store-1"


def test_a_server_that_is_just_reloading_stops_when_it_is_told_to(pair: RunningServer) -> None:
    for pause in (0.0, 0.3):
        pair.process.send_signal(signal.SIGHUP)
        time.sleep(pause)
    assert pair.stop() == 0
    assert "Traceback" not in pair.log_text()
