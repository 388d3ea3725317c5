"""MariaDB where its administrator lets it cut values and take dates that are none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.engine import make_url

from sso_bridge.errors import Unavailable
from tests.database.shelf import Shelf
from tests.services import MariaDB

pytestmark = pytest.mark.parametrize(
    "kind",
    [pytest.param(MariaDB, id="mariadb", marks=pytest.mark.xdist_group("database-mariadb"))],
    scope="session",
    indirect=True,
)


@pytest.fixture(params=["", "ANSI_QUOTES", "ORACLE"])
def lax(shelf: Shelf, request: pytest.FixtureRequest) -> Iterator[Shelf]:
    """The shelf, over connections that begin with this sql_mode."""
    setting = {"init_command": f"SET sql_mode = '{request.param}'"}
    url = make_url(shelf.url).update_query_dict(setting)
    lax = Shelf(url.render_as_string(hide_password=False))
    yield lax
    lax.database.close()


def test_a_value_that_is_too_long_is_an_error_and_is_not_cut(lax: Shelf) -> None:
    with pytest.raises(Unavailable, match="DataError"):
        lax.write("UPDATE item SET name = :name WHERE number = 1", name="x" * 41)
    with pytest.raises(Unavailable, match="DataError"):
        lax.write("INSERT INTO item VALUES (2, :name)", name="x" * 41)
    assert lax.ask("SELECT count(*) FROM item WHERE name = 'one'") == 1
    assert lax.ask("SELECT count(*) FROM item") == 1


def test_what_else_the_mode_says_is_kept(lax: Shelf, request: pytest.FixtureRequest) -> None:
    mode = request.node.callspec.params["lax"]
    for _ in range(3):
        found = lax.ask("SELECT @@sql_mode").split(",")
        assert {*mode.split(",")} - {""} <= {*found}
        assert found.count("STRICT_ALL_TABLES") == 1
        assert "NO_ZERO_DATE" not in found


def test_dates_that_are_none_are_still_read_and_their_rows_written(lax: Shelf) -> None:
    lax.write("ALTER TABLE item ADD COLUMN born DATE NOT NULL DEFAULT '0000-00-00'")
    lax.write("ALTER TABLE item ADD COLUMN seen DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00'")
    assert lax.ask("SELECT count(*) FROM item WHERE born = '0000-00-00'") == 1
    born = str(lax.ask("SELECT born FROM item"))
    assert born.partition(" ")[0] == "0000-00-00"  # a DATE of Oracle's has a time
    assert str(lax.ask("SELECT seen FROM item")) == "0000-00-00 00:00:00"
    lax.write("UPDATE item SET name = 'two' WHERE number = 1")
    lax.write("INSERT INTO item (number, name) VALUES (2, 'three')")
    assert lax.ask("SELECT count(*) FROM item WHERE seen = '0000-00-00'") == 2
