"""Logins in several columns, and in a column that holds them folded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import NewUser, Profile, Record
from tests.people import HASH, People, erid_in, refused

Make = Callable[..., People]
TABLE = """
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT, login TEXT, email TEXT, folded TEXT, password TEXT,
    status TEXT DEFAULT 'active', first_name TEXT
)"""
TWO: dict[str, Any] = {"login": ["login", "email"], "erid": {"fingerprint": ["id"]}}


def test_a_user_comes_in_by_either_login_and_is_one_person(make: Make) -> None:
    people = make(TABLE, source=TWO)
    people.add("bob", email="bob@example.com")
    people.add(None, email="eve@example.com")
    answer = people.login("bob@example.com")
    assert erid_in(answer) == people.erid("bob")
    assert answer.key.login_id == "bob", "answers show the first"
    assert people.login("eve@example.com").key.login_id == "eve@example.com"
    assert people.get(login_id="bob@example.com").key.login_id == "bob"
    assert len(people.bindings()) == 2
    assert people.alarms == []


def test_a_login_that_is_in_both_columns_of_one_row_is_no_clash(make: Make) -> None:
    people = make(TABLE, source=TWO)
    people.add("bob", email="bob")
    assert erid_in(people.login("bob"))
    assert people.alarms == []


def test_a_clash_is_refused_to_both(make: Make) -> None:
    people = make(TABLE, source=TWO)
    people.add("bob", email="bob@example.com")
    people.add("eve", email="bob")
    assert refused(people.login("bob")) == "invalid_login"
    assert refused(people.get(login_id="bob")) == "invalid_user_key"
    assert people.alarms == ["ambiguous_key"] * 2
    assert erid_in(people.login("bob@example.com")) != erid_in(people.login("eve"))


def test_the_first_column_may_win_a_clash(make: Make) -> None:
    people = make(TABLE, source={**TWO, "login_clash": "first"})
    people.add("eve", email="bob")
    people.add("bob", email="bob@example.com")
    people.add("ida", email="both")
    people.add("jim", email="both")
    people.add("twin")
    people.add("twin")
    assert people.erid("bob") == people.erid("bob@example.com")
    assert people.get(login_id="bob").key.login_id == "bob"
    assert people.alarms == []
    for login in ("both", "twin"):
        assert refused(people.login(login)) == "invalid_login", "two in one column"
    assert people.alarms == ["ambiguous_key"] * 2


def test_the_winner_is_told_by_the_rule_of_the_site_and_not_by_the_database(make: Make) -> None:
    people = make(TABLE, source={**TWO, "login_clash": "first", "login_match": "ascii_case"})
    people.add("eve", email="BOB")
    people.add("Bob")
    assert people.login("bOb").key.login_id == "Bob"
    assert people.alarms == []


FOLDED: dict[str, Any] = {
    "login": {"column": "login", "folded": "folded", "letters": "upper"},
    "login_match": "case",
}


def test_a_login_is_looked_up_by_its_folded_column(make: Make) -> None:
    people = make(TABLE, source=FOLDED)
    people.add("Éva", folded="ÉVA")
    people.add("hidden", folded=None)
    for login in ("éva", "ÉVA", "Éva"):
        assert people.login(login).key.login_id == "Éva"
    assert refused(people.login("hidden")) == "invalid_login"
    assert people.alarms == []


def test_a_folded_column_that_lies_names_nobody(make: Make) -> None:
    people = make(TABLE, source=FOLDED)
    people.add("Eve", folded="BOB")
    assert refused(people.login("bob")) == "invalid_login"
    assert people.alarms == ["collation_mismatch"]


def test_a_folded_column_is_looked_up_exactly_too(make: Make) -> None:
    people = make(TABLE, source={**FOLDED, "login_match": "exact"})
    people.add("Bob", folded="BOB")
    assert erid_in(people.login("Bob"))
    assert refused(people.login("BOB")) == "invalid_login"


def test_a_folded_and_a_plain_column_go_together(make: Make) -> None:
    login = [{"column": "login", "folded": "folded", "letters": "lower"}, "email"]
    people = make(TABLE, source={"login": login, "login_match": "ascii_case"})
    people.add("Bob", folded="bob", email="Bob@Example.com")
    assert people.erid("BOB") == people.erid("bob@example.com")


def test_a_new_user_has_the_folded_login_too(make: Make) -> None:
    people = make(TABLE, source={**FOLDED, "erid": {}})
    made = erid_in(people.create("Néw"))
    assert people.run("SELECT login, folded FROM users") == [("Néw", "NÉW")]
    assert people.erid("nÉW") == made
    assert refused(people.create("NÉW", "another")) == "login_taken"
    assert people.count() == 1


def test_a_new_user_has_the_first_login_alone(make: Make) -> None:
    people = make(TABLE, source=TWO)
    people.add("bob", email="taken@example.com")
    assert erid_in(people.create("new"))
    assert people.run("SELECT login, email FROM users WHERE login = 'new'") == [("new", None)]
    assert refused(people.create("taken@example.com")) == "login_taken"


def test_more_rows_than_are_fetched_are_never_one(make: Make) -> None:
    people = make(TABLE, source={**TWO, "login_clash": "first"})
    people.add("bob")
    rows = ", ".join(["('x', 'bob', ?)"] * 40)
    people.run(f"INSERT INTO users (login, email, password) VALUES {rows}", *[HASH] * 40)
    assert refused(people.login("bob")) == "invalid_login"
    assert people.alarms == ["ambiguous_key"]


def test_of_new_users_with_one_other_login_one_is_made(make: Make) -> None:
    """The second begins while the first is made, and not yet committed."""
    people = make(TABLE, source={**TWO, "profile": {"email": "email"}})
    if people.engine != "sqlite":
        people.run("CREATE INDEX by_login ON users (login)")
        people.run("CREATE INDEX by_email ON users (email)")
    source = people.parts.sources["shop"]
    made: dict[str, Record | None] = {}

    def create(login: str, accept: Callable[[Record], None]) -> None:
        profile = Profile(email="Shared@example.com")
        user = NewUser(login=login, password_hash=HASH, erid=login, profile=profile)
        made[login] = source.create(user, Deadline(20), accept)

    second = threading.Thread(target=create, args=("eve", lambda record: None))

    def meanwhile(record: Record) -> None:
        second.start()
        second.join(1)

    create("bob", meanwhile)
    second.join()
    assert made["bob"] is not None
    assert made["eve"] is None
    assert people.run("SELECT login FROM users") == [("bob",)]
    assert erid_in(people.login("Shared@example.com"))
