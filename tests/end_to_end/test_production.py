"""Callers, TLS, metrics and health on a real server with two workers."""

from __future__ import annotations

import json
import ssl
import subprocess
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_bridge.passwords import MAKERS
from tests.running import RunningServer, demo_in, running_server

pytestmark = pytest.mark.xdist_group("production")
BODY = (
    b'<r:GetUserRequest xmlns:r="http://integration.digitalriver.com/RemoteUserManagement/1.0">'
    b"<userKey><loginID>demo@example.com</loginID></userKey></r:GetUserRequest>"
)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The demo with TLS, two callers (one by password, one by hash) and two workers."""
    config = demo_in(tmp_path_factory.mktemp("secured"))
    folder = config.parent
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )
    (folder / "caller.secret").write_text("first secret\n")
    hashed = MAKERS["bcrypt"]().make(b"second secret")
    text = config.read_text().replace(
        "[server]",
        f'[server]\nworkers = 2\ntls_certificate = "{folder}/cert.pem"\n'
        f'tls_key = "{folder}/key.pem"',
    )
    text += (
        '\n[callers.one]\nuser = "one"\npassword_file = "caller.secret"\n'
        f"\n[callers.two]\nuser = \"two\"\npassword_hash = '{hashed}'\n"
    )
    config.write_text(text)
    with running_server(config) as running:
        yield running


def fetch(
    server: RunningServer, path: str, *, user: str = "", password: str = "", body: bytes | None
) -> tuple[int, bytes]:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    request = urllib.request.Request(server.origin + path, body, {"Content-Type": "text/xml"})
    if user:
        credentials = b64encode(f"{user}:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {credentials}")
    try:
        with urllib.request.urlopen(request, timeout=20, context=context) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_tls_is_served(secured: RunningServer) -> None:
    assert secured.url.startswith("https://")


@pytest.mark.parametrize(
    ("user", "password"), [("one", "first secret"), ("two", "second secret")], ids=["plain", "hash"]
)
def test_a_configured_caller_is_answered(secured: RunningServer, user: str, password: str) -> None:
    for _ in range(3):
        status, body = fetch(
            secured, "/RemoteUserManagement", user=user, password=password, body=BODY
        )
        assert (status, b"demo@example.com" in body) == (200, True)


@pytest.mark.parametrize(
    ("user", "password"),
    [("", ""), ("one", "second secret"), ("two", "first secret"), ("three", "first secret")],
    ids=["none", "other-password", "other-hash", "unknown"],
)
def test_anybody_else_is_turned_away(secured: RunningServer, user: str, password: str) -> None:
    status, body = fetch(secured, "/RemoteUserManagement", user=user, password=password, body=BODY)
    assert (status, b"demo@example.com" in body) == (401, False)


def test_every_worker_counts_into_one_set_of_metrics(secured: RunningServer) -> None:
    for _ in range(8):
        fetch(secured, "/RemoteUserManagement", user="one", password="first secret", body=BODY)
    _, text = fetch(secured, "/metrics", body=None)
    counts = [
        float(line.rsplit(" ", 1)[1])
        for line in text.decode().splitlines()
        if line.startswith("sso_bridge_calls_total{") and 'operation="GetUser"' in line
    ]
    assert sum(counts) >= 8


def test_health_names_each_part(secured: RunningServer) -> None:
    status, text = fetch(secured, "/health/ready", body=None)
    assert status == 200
    parts = {"source shop": "ok", "ledger": "ok", "password hashes": "ok"}
    assert json.loads(text) == {"status": "ok", "parts": parts}


def test_health_says_which_part_is_down(tmp_path: Path) -> None:
    config = demo_in(tmp_path)
    with running_server(config) as server:
        (tmp_path / "users.db").rename(tmp_path / "gone.db")
        (tmp_path / "users.db").mkdir()
        status, text = fetch(server, "/health/ready", body=None)
        assert status == 503
        assert json.loads(text)["parts"]["source shop"] == "SourceUnavailable"
        status, text = fetch(server, "/RemoteUserManagement", body=BODY)
        assert status == 500
        assert b"faultcode" in text
