"""What of a row is its fingerprint, whatever connection reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Lookup
from tests.people import TABLE, People
from tests.services import MariaDB, PostgreSQL


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/St_Johns"])
def test_a_time_with_a_zone_is_one_whatever_zone_the_connection_is_in(
    tmp_path_factory: pytest.TempPathFactory, postgresql: PostgreSQL, zone: str
) -> None:
    url = postgresql.new_database()
    table = TABLE.replace("first_name TEXT", "first_name TEXT, made TIMESTAMPTZ")
    source = {"erid": {"fingerprint": ["made"]}}
    people = People(tmp_path_factory.mktemp("one"), table, url=url, source=source)
    people.add("bob", made="2026-03-29 01:30:00+00")
    database = url.rpartition("/")[2].partition("?")[0]
    people.run(f"ALTER DATABASE {database} SET timezone = '{zone}'")
    elsewhere = People(tmp_path_factory.mktemp("other"), "", url=url, source=source)
    found = elsewhere.parts.sources["shop"].find(Lookup("login", "bob"), Deadline(5))
    assert found is not None
    assert found.fingerprint is not None
    assert found.fingerprint.values == '["2026-03-29T01:30:00+00:00"]'
    postgresql.drop(url)


def test_a_timestamp_of_mariadb_is_the_same_in_every_time_zone(
    mariadb: MariaDB, tmp_path: Path
) -> None:
    url = mariadb.new_database()
    table = TABLE.replace("first_name TEXT", "made TIMESTAMP DEFAULT '2020-06-01 12:00:00'")
    source = {"profile": {}, "erid": {"fingerprint": ["made"]}}
    try:
        here = People(tmp_path, table, url=url, source=source)
        here.add("bob")
        erid = here.erid("bob")
        with mariadb.administration() as connection:
            connection.exec_driver_sql("SET GLOBAL time_zone = '+05:00'")
        elsewhere = People(tmp_path, "", url=url, source=source)
        assert elsewhere.erid("bob") == erid
    finally:
        with mariadb.administration() as connection:
            connection.exec_driver_sql("SET GLOBAL time_zone = 'SYSTEM'")
        mariadb.drop(url)
