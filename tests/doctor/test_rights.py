"""What the database user may do, on real servers with users of few rights."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from tests.doctor.looking import of
from tests.people import TABLE, People, execute_at
from tests.services import MariaDB, PostgreSQL

ADDRESSES = "; CREATE TABLE addresses (user_id INTEGER UNIQUE, kind VARCHAR(9), town VARCHAR(50))"
SOURCE: dict[str, Any] = {
    "addresses": {
        "table": "addresses",
        "user": "user_id",
        "kind": "kind",
        "fields": {"city": "town"},
    }
}
As = Callable[..., People]


@pytest.fixture(params=["postgresql", "mariadb"])
def as_reader(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[As]:
    """People whose database user has the rights that the test gives it, and no others."""
    server: PostgreSQL | MariaDB = request.getfixturevalue(request.param)
    url = server.new_database()
    People(tmp_path, TABLE + ADDRESSES, url=url)
    user = f"reader_{secrets.token_hex(4)}"
    owned = user if request.param == "postgresql" else f"{user}@localhost"
    with server.administration() as connection:
        login = "CREATE ROLE {} LOGIN" if request.param == "postgresql" else "CREATE USER {}"
        connection.execute(text(login.format(owned)))
    owner = make_url(url)
    if request.param == "postgresql":
        execute_at(url, f"GRANT USAGE ON SCHEMA public TO {user}")

    def make(
        *rights: str, rehash: bool = False, create: bool = False, source: Any = SOURCE
    ) -> People:
        people = People(tmp_path, "", url=url, source=source)
        for right in rights:
            people.run(f"GRANT {right} TO {owned}".replace("SCHEMA here", _here(url)))
        passwords = {"passwords": {"rehash": rehash}}
        reader = owner.set(username=user).render_as_string(hide_password=False)
        folder = tmp_path / secrets.token_hex(4)
        folder.mkdir()
        return People(
            folder, "", url=reader, source={**source, **passwords}, site={"create": create}
        )

    yield make
    with server.administration() as connection:
        if request.param == "postgresql":
            connection.execute(text(f"REVOKE ALL ON DATABASE {owner.database} FROM {user}"))
        else:
            connection.execute(text(f"DROP USER {owned}"))
    server.drop(url)
    if request.param == "postgresql":
        with server.administration() as connection:
            connection.execute(text(f"DROP ROLE {user}"))


def _here(url: str) -> str:
    return "SCHEMA public" if url.startswith("postgresql") else f"`{make_url(url).database}`.*"


READ = ("SELECT ON users", "SELECT ON addresses")


def test_who_may_read_has_what_is_needed_and_no_more(as_reader: As) -> None:
    people = as_reader(*READ)
    assert [place for place, _ in of(people, "rights")] == ["database user"]
    assert of(people, "rights_wide") == of(people, "right_missing") == []


def test_a_table_that_may_not_be_read_is_an_error(as_reader: As) -> None:
    places = {place.partition(".")[0] for place, _ in of(as_reader(READ[0]), "right_missing")}
    assert places == {"addresses"}


def test_a_column_that_may_not_be_read_is_an_error(as_reader: As) -> None:
    people = as_reader("SELECT (id, login, password, first_name) ON users", READ[1])
    places = [place for place, _ in of(people, "right_missing")]
    assert places == (["users"] if people.engine == "mariadb" else ["users.status"])


@pytest.mark.parametrize("right", ["INSERT", "UPDATE", "DELETE"])
def test_a_right_to_write_is_too_much_where_nothing_is_written(as_reader: As, right: str) -> None:
    [(_, told)] = of(as_reader(*READ, f"{right} ON users"), "rights_wide")
    assert f"{right} on users" in told


def test_new_accounts_need_to_insert_into_each_table(as_reader: As) -> None:
    lacking = as_reader(*READ, "INSERT ON users", create=True)
    assert [place for place, _ in of(lacking, "right_missing")] == ["addresses"]
    enough = as_reader("INSERT ON addresses", create=True)
    assert of(enough, "right_missing") == of(enough, "rights_wide") == []


def test_new_hashes_need_to_update_the_password(as_reader: As) -> None:
    lacking = as_reader(*READ, rehash=True)
    assert len(of(lacking, "right_missing")) == 1
    enough = as_reader("UPDATE (password) ON users", rehash=True)
    assert of(enough, "right_missing") == of(enough, "rights_wide") == []


def test_a_right_to_make_tables_is_too_much(as_reader: As) -> None:
    people = as_reader(*READ, "CREATE ON SCHEMA here")
    [(_, told)] = of(people, "rights_wide")
    assert "make tables in public" in told or "CREATE on all of" in told


def test_an_administrator_is_too_much(
    tmp_path: Path, database_url: str, make: Callable[..., People]
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("a file has no users")
    [(_, told)] = of(make(), "rights_wide")
    assert "is a superuser" in told or "ALL PRIVILEGES" in told
    assert told.count("superuser") + told.count("every database") == 1


def test_a_role_makes_it_uncertain_and_nothing_is_said_to_be_missing(
    mariadb: MariaDB, as_reader: As
) -> None:
    people = as_reader(*READ, create=True)
    if people.engine != "mariadb":
        pytest.skip("PostgreSQL counts roles")
    assert len(of(people, "right_missing")) == 2
    role, user = f"role_{secrets.token_hex(4)}", make_url(people.url or "").username
    with mariadb.administration() as connection:
        connection.execute(text(f"CREATE ROLE {role}"))
        connection.execute(text(f"GRANT {role} TO {user}@localhost"))
    assert of(people, "right_missing") == []
    with mariadb.administration() as connection:
        connection.execute(text(f"DROP ROLE {role}"))


def test_a_schema_that_may_not_be_used_is_an_error(as_reader: As) -> None:
    people = as_reader(*READ)
    if people.engine != "postgresql":
        pytest.skip("MariaDB has no such right")
    url = make_url(people.url or "")
    owner = url.set(username="postgres").render_as_string(hide_password=False)
    execute_at(owner, f"REVOKE USAGE ON SCHEMA public FROM PUBLIC, {url.username}")
    told = of(people, "right_missing")
    assert ("users", "the database user lacks USAGE of the schema public") in told
