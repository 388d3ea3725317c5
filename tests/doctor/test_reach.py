"""Which ends of a connection are a network."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from sqlalchemy import NullPool, create_engine, make_url

from sso_bridge.doctor.reach import is_near, way
from tests.services import PostgreSQL


@pytest.mark.parametrize("host", ["", "localhost", "127.0.0.1", "127.3.2.1", "::1", "/run/x", "@x"])
def test_this_machine_is_near(host: str) -> None:
    assert is_near(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "db.example.com", "192.168.1.5", "fe80::1"])
def test_anything_else_is_the_network(host: str) -> None:
    assert not is_near(host)


@pytest.mark.parametrize(
    ("protocol", "query", "told"),
    [
        ("", "", "network_in_clear"),
        ("TLSv1.3", "", "certificate_unchecked"),
        ("TLSv1.3", "sslmode=require", "certificate_unchecked"),
        ("TLSv1.3", "sslmode=verify-full", None),
    ],
)
def test_a_way_over_the_network_is_in_tls_and_knows_its_server(
    postgresql: PostgreSQL, protocol: str, query: str, told: str | None
) -> None:
    url = make_url(postgresql.url)
    mode = dict(parse_qsl(query))
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        engine.url = url.update_query_dict(mode)
        found = [f.check for f in way("PostgreSQL", "15", connection, protocol, "10.0.0.1")]
    assert found == ["reachable", *([told] if told else [])]
