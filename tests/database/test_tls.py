"""TLS to the database: with certificates, and only with the right ones."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from sso_bridge.errors import DeadlineExceeded, Unavailable
from tests.database.certificates import CLIENT
from tests.database.shelf import SERVERS, Server, Shelf
from tests.services import PostgreSQL

pytestmark = SERVERS

SEES_ITSELF = {
    "postgresql": "SELECT version FROM pg_stat_ssl WHERE ssl AND pid = pg_backend_pid()",
    "mariadb": "SELECT variable_value FROM information_schema.session_status"
    " WHERE variable_name = 'Ssl_version'",
}


@pytest.fixture(scope="session")
def trusted(server: Server) -> Server:
    """A server with two users for the network: `somebody`, and one who needs a certificate."""
    postgresql = isinstance(server, PostgreSQL)
    with server.administration() as connection:
        for name in ("somebody", CLIENT):
            if postgresql:
                connection.execute(text(f"CREATE ROLE {name} SUPERUSER LOGIN"))
                continue
            needs = f"SUBJECT '/CN={name}'" if name == CLIENT else "SSL"
            connection.execute(text(f"CREATE USER {name}@'%' REQUIRE {needs}"))
            connection.execute(text(f"GRANT ALL ON *.* TO {name}@'%'"))
    return server


def by_network(
    server: Server, shelf: Shelf, *, user: str = "somebody", host: str = "localhost", **query: Path
) -> Shelf:
    """The shelf by TCP. `ca`, `certificate` and `key` are PEM files."""
    if isinstance(server, PostgreSQL):
        names = {"ca": "sslrootcert", "certificate": "sslcert", "key": "sslkey"}
        tls = {"sslmode": "verify-full"} if query else {"sslmode": "disable"}
    else:
        names = {"ca": "ssl_ca", "certificate": "ssl_cert", "key": "ssl_key"}
        tls = {} if query else {"ssl_disabled": "true"}
    tls |= {names[name]: str(path) for name, path in query.items()}
    parsed = make_url(shelf.url).set(username=user, host=host, port=server.port, query=tls)
    return Shelf(parsed.render_as_string(hide_password=False))


def refused(shelf: Shelf, why: str) -> None:
    """It is an outage, soon, and the log says why."""
    began = time.monotonic()
    with pytest.raises(Unavailable, match=why) as caught:
        shelf.read(5.0)
    assert not isinstance(caught.value, DeadlineExceeded)
    assert time.monotonic() - began < 2


def test_a_server_with_the_right_certificate_is_spoken_to_in_secret(
    trusted: Server, shelf: Shelf, certificates: Path
) -> None:
    far = by_network(trusted, shelf, ca=certificates / "ca.pem")
    engine = "postgresql" if far.is_postgresql else "mariadb"
    assert str(far.ask(SEES_ITSELF[engine])).startswith("TLSv1.")
    assert far.read() == "one"


def test_a_certificate_of_another_authority_is_refused(
    trusted: Server, shelf: Shelf, certificates: Path
) -> None:
    far = by_network(trusted, shelf, ca=certificates / "stranger.pem")
    refused(far, "certificate verify failed")


def test_a_certificate_for_another_host_is_refused(
    trusted: Server, shelf: Shelf, certificates: Path
) -> None:
    far = by_network(trusted, shelf, ca=certificates / "ca.pem", host="127.0.0.1")
    refused(far, "server certificate for … .*does not match host name|mismatch")


def test_an_authority_s_file_that_is_missing_is_said(
    trusted: Server, shelf: Shelf, certificates: Path
) -> None:
    far = by_network(trusted, shelf, ca=certificates / "nowhere.pem")
    refused(far, "(?i)root certificate file … does not exist|no such file")


def test_without_tls_nobody_comes_in(trusted: Server, shelf: Shelf) -> None:
    refused(by_network(trusted, shelf), "no encryption|insecure transport|Access denied")


def test_a_client_with_its_certificate_comes_in_and_without_does_not(
    trusted: Server, shelf: Shelf, certificates: Path
) -> None:
    ca = certificates / "ca.pem"
    client = by_network(
        trusted,
        shelf,
        user=CLIENT,
        ca=ca,
        certificate=certificates / "client.pem",
        key=certificates / "client-key.pem",
    )
    assert client.read() == "one"
    refused(by_network(trusted, shelf, user=CLIENT, ca=ca), "certificate|Access denied")


def test_an_encrypted_server_that_hangs_is_an_outage_at_the_deadline(
    trusted: Server, shelf: Shelf, certificates: Path
) -> None:
    far = by_network(trusted, shelf, ca=certificates / "ca.pem")
    assert far.read() == "one"
    with trusted.hanging():
        began = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            far.read(0.4)
        assert time.monotonic() - began < 0.4 + 1.0
    assert far.read() == "one"
