"""What the database user may do, on real servers with users of few rights."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from sso_bridge.core.model import Refusal
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


META = "; CREATE TABLE meta (user_id INTEGER, name VARCHAR(50), value VARCHAR(50))"
DETAILS = "; CREATE TABLE details (user_id INTEGER PRIMARY KEY, town VARCHAR(50))"
EVERY: dict[str, Any] = {
    **SOURCE,
    "joins": {"details": {"table": "details", "on": {"user_id": "id"}}},
    "pairs": {"meta": {"table": "meta", "user": "user_id", "name": "name", "value": "value"}},
    "profile": {"first_name": "details.town", "last_name": "meta.town"},
}


@pytest.fixture
def guarded(postgresql: PostgreSQL, tmp_path: Path) -> Iterator[tuple[People, People]]:
    """People as their owner has them, and as a user of few rights does; Bob is one of two."""
    url = postgresql.new_database()
    owner = People(tmp_path, TABLE + ADDRESSES + META + DETAILS, url=url, source=EVERY)
    owner.add("bob")
    owner.add("eve")
    user = f"reader_{secrets.token_hex(4)}"
    with postgresql.administration() as connection:
        connection.execute(text(f"CREATE ROLE {user} LOGIN"))
    for right in ("USAGE ON SCHEMA public", "SELECT ON users, addresses, meta, details"):
        owner.run(f"GRANT {right} TO {user}")
    reader = make_url(url).set(username=user).render_as_string(hide_password=False)
    folder = tmp_path / "reader"
    folder.mkdir()
    yield owner, People(folder, "", url=reader, source=EVERY, site={"create": False})
    postgresql.drop(url)
    with postgresql.administration() as connection:
        connection.execute(text(f"DROP ROLE {user}"))


Guarded = tuple[People, People]


@pytest.mark.parametrize("table", ["users", "addresses", "meta", "details"])
def test_rows_that_a_policy_hides_are_an_error_until_one_shows_all(
    guarded: Guarded, table: str
) -> None:
    owner, reader = guarded
    assert of(reader, "rows_hidden") == []
    owner.run(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    [(place, told)] = of(reader, "rows_hidden")
    assert place == table
    assert of(owner, "rows_hidden") == []  # whom no policy concerns
    owner.run(told[told.index("CREATE POLICY") : told.index(", drop restrictive")])
    assert of(reader, "rows_hidden") == []
    owner.run(f"CREATE POLICY less ON {table} AS RESTRICTIVE USING (false)")
    assert [place for place, _ in of(reader, "rows_hidden")] == [table]


def test_a_policy_that_shows_some_rows_hides_the_others(guarded: Guarded) -> None:
    owner, reader = guarded
    owner.run("ALTER TABLE users ENABLE ROW LEVEL SECURITY")
    owner.run("CREATE POLICY some_rows ON users USING (login = 'bob')")
    assert len(of(reader, "rows_hidden")) == 1
    assert isinstance(reader.login("eve"), Refusal)
    owner.run("CREATE POLICY of_others ON users FOR SELECT TO postgres USING (true)")
    owner.run("CREATE POLICY of_writers ON users FOR UPDATE USING (true)")
    assert len(of(reader, "rows_hidden")) == 1
