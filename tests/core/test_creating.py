"""New accounts: one user however often, from however many callers, whatever breaks between."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Accepted, Address, Person, Profile, Refusal
from sso_bridge.errors import (
    Busy,
    DeadlineExceeded,
    LedgerUnavailable,
    SourceUnavailable,
    Unavailable,
)
from sso_bridge.ledger import SqlLedger
from tests.people import COLUMN, ERIDS, TABLE, People, at_once, erid_in, execute, refused
from tests.sources.test_mapped_tables import ADDRESSES, DECLARED

Make = Callable[..., People]

BOTH = pytest.mark.parametrize("strategy", ["minted", "column"])


def of(strategy: str, make: Make) -> People:
    return make(ERIDS, source=COLUMN) if strategy == "column" else make()


@pytest.fixture
def people(make: Make) -> People:
    return make()


@BOTH
def test_a_new_user_can_log_in_and_has_one_key_for_ever(make: Make, strategy: str) -> None:
    people = of(strategy, make)
    key = people.create("new").key
    assert people.login("new").key == key
    assert people.get(user_id=key.user_id).key == key
    assert people.claims() == []
    if strategy == "column":
        assert people.run("SELECT erid FROM users") == [(key.external_reference_id,)]


def test_what_the_request_says_goes_through_the_mapping(make: Make) -> None:
    people = make(
        f"{TABLE.replace('first_name TEXT', 'first_name TEXT, city TEXT, at TEXT, n INTEGER')};"
        f"{ADDRESSES};",
        source={
            "shipping": {"city": "city"},
            "addresses": DECLARED,
            "create_values": {"at": {"make": "now"}, "n": "7", "status": "active"},
        },
    )
    profile = Profile(
        first_name="Nils",
        shipping_address=Address(city="Ulm", line1="1 Weg", address_id="77"),
        billing_address=Address(city="Bonn"),
    )
    assert erid_in(people.create("new", profile=profile))
    ((name, city, at, number),) = people.run("SELECT first_name, city, at, n FROM users")
    assert (name, city, number) == ("Nils", "Ulm", 7)
    assert at.startswith("20")
    found = people.get(login_id="new").profile
    assert found.shipping_address == Address(address_id="1", line1="1 Weg", city="Ulm")
    assert found.billing_address == Address(address_id="2", city="Bonn")


@BOTH
def test_the_same_request_again_is_answered_with_the_same_user(make: Make, strategy: str) -> None:
    people = of(strategy, make)
    assert people.create("new") == people.create("new")
    assert people.count() == 1


def test_another_password_for_a_taken_login_is_refused(people: People) -> None:
    people.create("new")
    answer = people.create("new", "another")
    assert isinstance(answer, Refusal)
    assert (answer.kind, answer.code, answer.text) == ("login_taken", "5", "Email already used")


def test_an_account_of_the_client_s_own_is_taken_even_with_its_password(people: People) -> None:
    people.add("bob")
    assert refused(people.create("bob")) == "login_taken"
    people.erid("bob")
    assert refused(people.create("bob")) == "login_taken"
    assert people.claims() == []


def test_under_ascii_case_the_same_login_in_other_letters_is_the_same_user(
    make: Make,
) -> None:
    people = make(source={"login_match": "ascii_case"})
    assert people.create("New@x") == people.create("nEW@X")
    assert people.count() == 1


@pytest.mark.parametrize(
    ("login", "password"),
    [
        (None, "p"), ("", "p"), ("new", None), ("new", ""), (" new", "p"), ("new\u00a0", "p"),
        ("n\u200bew", "p"), ("n\u202eew", "p"), ("n\new", "p"), ("n\u2028ew", "p"),
        ("n\0ew", "p"), ("n\uffffew", "p"), ("n" * 256, "p"), ("new", "p" * 5000),
    ],
)  # fmt: skip
def test_a_login_or_password_that_cannot_be_kept_makes_no_user(
    people: People, login: str | None, password: str | None
) -> None:
    assert refused(people.create(login, password)) == "creation_refused"
    assert people.count() == 0


def test_a_new_user_cannot_choose_an_erid_or_another_s_company(make: Make) -> None:
    people = make(source={"company": "acme"})
    assert refused(people.create("new", user_id="x")) == "creation_refused"
    assert refused(people.create("new", external_reference_id="x")) == "creation_refused"
    assert refused(people.create("new", site_id="de", company_id="x")) == "creation_refused"
    assert erid_in(people.create("new", site_id="de", company_id="acme"))


def test_a_site_that_takes_no_new_accounts_refuses(make: Make) -> None:
    people = make(site={"create": False})
    assert refused(people.create("new")) == "creation_refused"


def test_where_the_email_is_the_login_either_will_do_and_both_must_agree(make: Make) -> None:
    people = make(source={"profile": {"email": "login"}})
    answer = people.create(None, profile=Profile(email="a@x"))
    assert isinstance(answer, Accepted)
    assert answer.key.login_id == "a@x"
    assert refused(people.create("b@x", profile=Profile(email="c@x"))) == "creation_refused"
    assert erid_in(people.create("b@x", profile=Profile(email="b@x")))


@pytest.mark.parametrize(
    "extra",
    [
        "n INTEGER NOT NULL",
        "n INTEGER DEFAULT 0 CHECK (n > 0)",
        "n INTEGER DEFAULT 9 REFERENCES users (id)",
    ],
)
def test_a_constraint_that_a_new_row_breaks_is_a_refusal_with_an_alarm(
    make: Make, extra: str
) -> None:
    people = make(TABLE.replace("first_name TEXT", f"first_name TEXT, {extra}"))
    assert refused(people.create("new")) == "creation_refused"
    assert people.alarms == ["source_rejected"]
    assert (people.count(), people.claims()) == (0, [])


def test_another_unique_column_that_is_taken_means_that_the_account_is(make: Make) -> None:
    people = make(TABLE.replace("first_name TEXT", "first_name TEXT UNIQUE"))
    assert erid_in(people.create("one", profile=Profile(first_name="N")))
    assert refused(people.create("two", profile=Profile(first_name="N"))) == "login_taken"
    assert (people.count(), people.claims()) == (1, [])


@pytest.mark.parametrize(
    "change",
    [
        "login = lower(NEW.login)",
        "login = substr(NEW.login, 1, 3)",
        "password = substr(NEW.password, 1, 20)",
        "status = 'pending'",
        "id = NULL",
    ],
)
def test_a_database_that_keeps_something_else_than_was_written_keeps_nothing(
    tmp_path: Path, change: str
) -> None:
    trigger = (
        "CREATE TRIGGER t AFTER INSERT ON users BEGIN "
        f"UPDATE users SET {change} WHERE rowid = NEW.rowid; END;"
    )
    table = TABLE.replace("INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT DEFAULT 'k'")
    people = People(tmp_path, f"{table}; {trigger}")
    assert refused(people.create("NEWcomer")) == "creation_refused"
    assert len(people.alarms) == 1
    assert (people.count(), people.claims()) == (0, [])


REFUSING = {
    "sqlite": "CREATE TRIGGER t BEFORE INSERT ON users BEGIN SELECT RAISE(ABORT, 'no xyzzy'); END",
    "postgresql": (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RAISE EXCEPTION $$no xyzzy$$; END'; "
        "CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION f()"
    ),
    "mariadb": (
        "CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW "
        "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no xyzzy'"
    ),
}


def test_a_trigger_that_refuses_a_new_row_is_a_refusal_with_an_alarm(people: People) -> None:
    people.run(REFUSING[people.engine])
    assert refused(people.create("new")) == "creation_refused"
    assert people.alarms == ["source_rejected"]
    assert "xyzzy" not in people.watched.details[0]
    assert (people.count(), people.claims()) == (0, [])


@pytest.mark.parametrize(
    ("column", "value"),
    [("d DATE", "never"), ("n SMALLINT", "70000"), ("s VARCHAR(3)", "long")],
)
def test_a_value_that_does_not_fit_its_column_is_a_refusal_with_an_alarm(
    make: Make, column: str, value: str
) -> None:
    table = TABLE.replace("first_name TEXT", f"first_name TEXT, {column}")
    people = make(table, source={"create_values": {column.split()[0]: value}})
    if people.engine == "sqlite":
        assert erid_in(people.create("new"))  # it keeps anything anywhere
        return
    assert refused(people.create("new")) == "creation_refused"
    assert people.alarms == ["source_rejected"]
    assert (people.count(), people.claims()) == (0, [])


def test_a_column_that_keeps_another_erid_than_was_written_keeps_nothing(make: Make) -> None:
    people = make(ERIDS.replace("erid TEXT", "erid INTEGER"), source=COLUMN)
    assert refused(people.create("new")) == "creation_refused"
    assert people.alarms == ["source_rejected"]
    assert people.count() == 0


def test_a_primary_key_that_was_another_user_s_is_refused_and_rolled_back(tmp_path: Path) -> None:
    people = People(tmp_path, TABLE.replace(" AUTOINCREMENT", ""))
    erid = erid_in(people.create("old"))
    people.run("DELETE FROM users")
    assert refused(people.create("new")) == "creation_refused"
    assert people.alarms == ["subject_reused"]
    assert (people.count(), people.claims()) == (0, [])
    assert [row[2] for row in people.bindings()] == [erid]


def test_a_row_that_the_login_index_cannot_tell_apart_is_not_made(make: Make) -> None:
    people = make(TABLE.replace("login TEXT", "login TEXT COLLATE NOCASE"))
    people.add("Bob")
    assert isinstance(people.create("bob"), Refusal)
    assert people.count() == 1


def test_a_password_that_is_wrong_costs_no_more_than_one_hash(people: People) -> None:
    people.add("bob")
    before = people.counted.computed
    people.create("bob", "wrong")
    assert people.counted.computed == before + 1


@BOTH
def test_two_at_once_make_one_user_and_get_one_answer(make: Make, strategy: str) -> None:
    people = of(strategy, make)
    answers = at_once(6, lambda _: people.create("new"))
    assert len({erid_in(answer) for answer in answers}) == 1
    assert (people.count(), len(people.bindings()), people.claims()) == (1, 1, [])


def test_two_at_once_make_one_user_though_the_login_column_is_not_unique(make: Make) -> None:
    people = make(TABLE.replace("NOT NULL UNIQUE", ""))
    answers = at_once(6, lambda _: people.create("new"))
    assert len({erid_in(answer) for answer in answers}) == 1
    assert people.count() == 1


def test_of_two_at_once_with_two_passwords_one_is_refused(people: People) -> None:
    answers = at_once(2, lambda number: people.create("new", f"password {number}"))
    assert sorted(type(answer).__name__ for answer in answers) == ["Accepted", "Refusal"]
    assert people.count() == 1


def _create_elsewhere(make: Make, count: int) -> list[str]:
    people = make("")
    return [erid_in(people.create(f"new{n}", seconds=30)) for n in range(count)]


def test_processes_at_once_make_one_user_each_and_get_one_answer(
    people: People, make: Make
) -> None:
    with multiprocessing.get_context("fork").Pool(3) as pool:
        answers = pool.starmap(_create_elsewhere, [(make, 3)] * 3)
    assert answers[0] == answers[1] == answers[2]
    assert len(set(answers[0])) == people.count() == len(people.bindings()) == 3


class Broken(LedgerUnavailable):
    pass


STEPS: dict[str, Callable[[pytest.MonkeyPatch, People, Callable[..., Any]], None]] = {
    "after the claim": lambda patch, people, fail: patch.setattr(
        people.parts.sources["shop"], "create", fail
    ),
    "before the commit": lambda patch, people, fail: patch.setattr(
        people.parts.ledger, "binding", fail
    ),
    "after the insert": lambda patch, people, fail: patch.setattr(
        people.parts.ledger, "bind", fail
    ),
    "after the binding": lambda patch, people, fail: patch.setattr(
        "sso_bridge.ledger.claims.SqlClaim.finish", fail
    ),
}


def _raise(*_: object, **__: object) -> None:
    raise Broken


def _die(*_: object, **__: object) -> None:
    os._exit(9)


@BOTH
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("between", ["nothing", "a login"])
def test_a_creation_that_fails_half_way_is_completed_by_the_same_request(
    make: Make, step: str, strategy: str, between: str
) -> None:
    people = of(strategy, make)
    with pytest.MonkeyPatch.context() as patch:
        STEPS[step](patch, people, _raise)
        with pytest.raises(Unavailable):
            people.create("new")
    seen = people.login("new") if between == "a login" else None
    erid = erid_in(people.create("new"))
    assert not isinstance(seen, Accepted) or erid_in(seen) == erid
    assert erid_in(people.create("new")) == people.erid("new") == erid
    assert refused(people.create("new", "another")) == "login_taken"
    assert (people.count(), len(people.bindings())) == (1, 1)


def _create_and_die(make: Make, step: str) -> None:
    people = make("", source=COLUMN)
    STEPS[step](pytest.MonkeyPatch(), people, _die)
    people.create("new", seconds=5.0)


@pytest.mark.parametrize("step", STEPS)
def test_the_creation_of_a_process_that_died_is_completed_when_its_lease_ends(
    make: Make, step: str
) -> None:
    people = of("column", make)
    people.parts.ledger.check(Deadline(5))
    child = multiprocessing.get_context("fork").Process(target=_create_and_die, args=(make, step))
    child.start()
    child.join()
    assert child.exitcode == 9
    if step in ("after the claim", "before the commit"):
        with pytest.raises(Busy):
            people.create("new", seconds=1.0)
    _end_leases(people)
    erid = erid_in(people.create("new"))
    assert people.erid("new") == erid
    assert (people.count(), len(people.bindings())) == (1, 1)


def _end_leases(people: People) -> None:
    execute(people.ledger_file, "UPDATE sso_bridge_claim SET lease_ends = 1")


def test_a_half_made_account_is_not_given_to_another_password(people: People) -> None:
    with pytest.MonkeyPatch.context() as patch:
        STEPS["after the insert"](patch, people, _raise)
        with pytest.raises(Unavailable):
            people.create("new")
    assert refused(people.create("new", "another")) == "login_taken"
    assert erid_in(people.create("new"))


def test_whoever_lost_the_lease_commits_nothing(people: People) -> None:
    ledger = people.parts.ledger
    real = SqlLedger.claim

    def stolen(*args: Any) -> Any:
        claim = real(ledger, *args)
        execute(people.ledger_file, "UPDATE sso_bridge_claim SET owner = 'another'")
        return claim

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "claim", stolen)
        with pytest.raises(Busy):
            people.create("new")
    assert people.count() == 0


def test_an_abandoned_claim_is_resumed_at_once(people: People) -> None:
    ledger = people.parts.ledger
    first = ledger.claim("shop", "new", Deadline(5))
    assert not first.resumed
    with pytest.raises(Busy):
        ledger.claim("shop", "new", Deadline(0.1))
    first.abandon()
    assert ledger.claim("shop", "new", Deadline(5)).resumed


def test_a_claim_of_a_time_when_the_clock_was_ahead_is_taken_over(people: People) -> None:
    ledger = people.parts.ledger
    ledger._clock = lambda: time.time() + 86_400
    left = ledger.claim("shop", "new", Deadline(5))
    ledger._clock = time.time
    assert ledger.claim("shop", "new", Deadline(1)).resumed
    with pytest.raises(Busy):
        left.confirm(Deadline(5))


def test_a_claim_on_one_login_does_not_hold_up_another(people: People) -> None:
    people.parts.ledger.claim("shop", "one", Deadline(5))
    assert erid_in(people.create("two", seconds=2))


def test_a_ledger_in_the_client_s_own_file_serves_creation_too(make: Make) -> None:
    people = make(ledger={"url": "sqlite:///users.db"})
    erid = erid_in(people.create("new"))
    assert people.erid("new") == erid
    assert not people.ledger_file.exists()


def test_a_new_account_for_the_login_of_a_deleted_one_is_another_person(people: People) -> None:
    old = erid_in(people.create("new"))
    people.run("DELETE FROM users")
    new = erid_in(people.create("new"))
    assert old != new
    assert refused(people.get(user_id=old)) == "user_not_found"
    assert people.parts.ledger.holder(old, Deadline(5)) == Person("shop", "1")


def test_a_call_whose_time_is_up_makes_no_user(people: People) -> None:
    with pytest.raises((DeadlineExceeded, SourceUnavailable)):
        people.create("new", seconds=0.0)
    assert people.count() == 0


def test_who_logged_in_elsewhere_before_it_was_complete_may_be_created_again_there(
    make: Make,
) -> None:
    one, other = make(), make("")
    real = one.parts.guard.newborn

    def newborn(*args: Any) -> None:
        other.login("new")  # the other node binds the user, and remembers that
        real(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one.parts.guard, "newborn", newborn)
        erid = erid_in(one.create("new"))
    assert erid_in(other.create("new")) == erid
