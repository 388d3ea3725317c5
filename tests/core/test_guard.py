"""The guard: a person whom the ledger knows stays who they were, whatever the row says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from sso_bridge.errors import LedgerUnavailable
from tests.people import ERIDS, TABLE, People, erid_in, refused

Make = Callable[..., People]
MADE = TABLE.replace("first_name TEXT", "first_name TEXT, made TEXT, shop INTEGER")
MADE_ERIDS = MADE.replace("shop INTEGER", "shop INTEGER, erid TEXT")


def sealed(make: Make, table: str = MADE, **erid: Any) -> People:
    """People whose rows are known by when they were made, and in which shop."""
    return make(table, source={"erid": {"fingerprint": ["made", "shop"], **erid}})


def column(make: Make, guard: str, table: str = ERIDS) -> People:
    return make(table, source={"erid": {"strategy": "column", "column": "erid", "guard": guard}})


# A primary key that is given to somebody else


def test_a_primary_key_that_is_another_person_s_now_is_refused(make: Make) -> None:
    people = sealed(make)
    people.add("bob", made="monday", shop=1)
    erid = people.erid("bob")
    people.run("DELETE FROM users")
    people.add("eve", id=1, made="friday", shop=1)
    assert refused(people.login("eve")) == "invalid_login"
    assert refused(people.get(user_id=erid)) == "user_not_found"
    assert people.alarms == ["subject_reused"] * 2
    assert people.bindings() == [("shop", "1", erid)]


@pytest.mark.parametrize(
    "change",
    [
        "made = 'friday'",
        "shop = 2",
        "shop = NULL",
        "made = NULL",
        "made = 'Monday'",
        "made = NULL, shop = NULL",
    ],
)
def test_any_column_of_a_fingerprint_counts(make: Make, change: str) -> None:
    people = sealed(make)
    people.add("bob", made="monday", shop=1)
    assert people.erid("bob")
    people.run(f"UPDATE users SET {change}")
    assert refused(people.login("bob")) == "invalid_login"
    assert people.alarms == ["subject_reused"]


def test_a_rename_is_not_a_reused_key(make: Make) -> None:
    people = sealed(make)
    people.add("bob", made="monday", shop=1)
    erid = people.erid("bob")
    people.run("UPDATE users SET login = 'rob', first_name = 'Rob', status = 'active'")
    assert people.erid("rob") == erid
    assert people.alarms == []


def test_a_fingerprint_that_is_empty_says_nothing(make: Make) -> None:
    people = sealed(make)
    people.add("bob")
    erid = people.erid("bob")
    people.run("UPDATE users SET made = 'monday', shop = 1")
    assert people.erid("bob") == erid
    people.run("UPDATE users SET made = 'friday'")
    assert refused(people.login("bob")) == "invalid_login"


def test_a_fingerprint_that_is_configured_later_is_taken_at_the_next_sight(make: Make) -> None:
    people = make(MADE)
    people.add("bob", made="monday", shop=1)
    erid = people.erid("bob")
    people = sealed(make, "")
    people.adopt()
    assert people.erid("bob") == erid
    people.run("UPDATE users SET made = 'friday'")
    assert refused(people.login("bob")) == "invalid_login"


def test_a_node_with_another_fingerprint_is_refused_until_it_is_adopted(make: Make) -> None:
    people = sealed(make)
    people.add("bob", made="monday", shop=1)
    assert people.erid("bob")
    with pytest.raises(LedgerUnavailable, match=r"erid\.fingerprint is 'made', and was"):
        make("", source={"erid": {"fingerprint": ["made"]}}).login("bob")


def test_a_fingerprint_over_other_columns_is_taken_anew(make: Make) -> None:
    people = sealed(make)
    people.add("bob", made="monday", shop=1)
    erid = people.erid("bob")
    people = make("", source={"erid": {"fingerprint": ["made"]}})
    people.adopt()
    people.run("UPDATE users SET shop = 2")
    assert people.erid("bob") == erid
    people.run("UPDATE users SET made = 'friday'")
    assert refused(people.login("bob")) == "invalid_login"


def test_an_account_that_the_bridge_makes_is_sealed(make: Make) -> None:
    people = make(
        MADE,
        source={
            "erid": {"fingerprint": ["made"]},
            "create_values": {"made": "monday"},
        },
    )
    erid = erid_in(people.create("new"))
    assert people.erid("new") == erid
    people.run("UPDATE users SET made = 'friday'")
    assert refused(people.login("new")) == "invalid_login"
    assert people.alarms == ["subject_reused"]


@pytest.mark.parametrize(("guard", "alarms"), [("observe", ["subject_reused"]), ("off", [])])
def test_a_guard_that_only_looks_answers_a_reused_key(
    make: Make, guard: str, alarms: list[str]
) -> None:
    people = sealed(make, guard=guard)
    people.add("bob", made="monday", shop=1)
    erid = people.erid("bob")
    people.run("UPDATE users SET made = 'friday'")
    assert people.erid("bob") == erid
    assert people.alarms == alarms


# An ERID that changed, or was seen on somebody else


def test_observing_a_changed_column_keeps_the_erid_that_was_given_out(make: Make) -> None:
    people = column(make, "observe")
    people.add("bob", erid="C-1")
    assert people.erid("bob") == "C-1"
    people.run("UPDATE users SET erid = 'C-2'")
    assert people.erid("bob") == "C-1"
    assert erid_in(people.get(user_id="C-1")) == "C-1"
    assert refused(people.get(user_id="C-2")) == "user_not_found"
    assert people.alarms == ["erid_changed"] * 3


def test_observing_a_shared_erid_answers_with_the_column(make: Make) -> None:
    people = column(make, "observe")
    people.add("bob", erid="C-1")
    assert people.erid("bob") == "C-1"
    people.add("eve", erid="c-1")
    assert people.erid("eve") == "c-1"
    assert people.alarms == ["erid_shared"]
    assert people.bindings() == [("shop", "1", "C-1")]


def test_no_guard_believes_the_column_and_leaves_the_ledger_alone(make: Make) -> None:
    people = column(make, "off")
    people.add("bob", erid="C-1")
    assert people.erid("bob") == "C-1"
    people.run("UPDATE users SET erid = 'C-2'")
    assert people.erid("bob") == "C-2"
    assert erid_in(people.get(user_id="C-2")) == "C-2"
    assert refused(people.get(user_id="C-1")) == "user_not_found"
    assert (people.alarms, people.bindings()) == ([], [])


def test_no_guard_still_sends_nothing_that_cannot_be_sent(make: Make) -> None:
    people = column(make, "off")
    people.add("bob", erid=" C-1")
    assert refused(people.login("bob")) == "invalid_login"
    assert people.alarms == ["erid_unusable"]


@pytest.mark.parametrize("guard", ["observe", "off"])
def test_keys_that_name_two_people_are_refused_whatever_the_guard(make: Make, guard: str) -> None:
    people = column(make, guard)
    people.add("bob", erid="C-1")
    people.add("eve", erid="C-2")
    assert refused(people.get(user_id="C-1", login_id="eve")) == "invalid_user_key"
    assert refused(people.login("eve", user_id="C-1")) == "invalid_login"
    assert people.alarms == ["conflicting_keys"] * 2


# A login that moves


def test_a_login_that_moved_is_noted_and_its_new_owner_has_an_erid_of_their_own(
    make: Make,
) -> None:
    people = make()
    people.add("bob")
    old = people.erid("bob")
    people.run("DELETE FROM users")
    people.add("bob", id=2)
    new = people.erid("bob")
    assert new != old
    assert (people.alarms, people.notices) == ([], ["login_moved"])
    assert people.erid("bob") == new
    assert refused(people.get(user_id=old)) == "user_not_found"
    assert len(people.notices) == 1


def test_a_login_that_two_people_swap_is_noted_for_both(make: Make) -> None:
    people = make()
    people.add("bob")
    people.add("eve")
    bob, eve = people.erid("bob"), people.erid("eve")
    people.run("UPDATE users SET login = 'x' WHERE login = 'bob'")
    people.run("UPDATE users SET login = 'bob' WHERE login = 'eve'")
    people.run("UPDATE users SET login = 'eve' WHERE login = 'x'")
    assert (people.erid("bob"), people.erid("eve")) == (eve, bob)
    assert people.notices == ["login_moved"] * 2


def test_another_node_notes_the_move_too(make: Make) -> None:
    people = make()
    people.add("bob")
    assert people.erid("bob")
    people.run("DELETE FROM users")
    people.add("bob", id=2)
    other = make("")
    assert other.erid("bob")
    assert other.notices == ["login_moved"]


# Limits


@pytest.mark.parametrize(
    ("erid", "good"),
    [("AB-123", True), ("AB-1234", False), ("ab-123", False), ("AB-12\u0663", False)],
)
def test_the_configured_limits_hold(make: Make, erid: str, good: bool) -> None:
    rule = {"strategy": "column", "column": "erid", "max_length": 6, "pattern": r"AB-[0-9]+"}
    people = make(ERIDS, source={"erid": rule})
    people.add("bob", erid=erid)
    if good:
        assert people.erid("bob") == erid
    else:
        assert refused(people.login("bob")) == "invalid_login"
        assert people.alarms == ["erid_unusable"]


def test_who_was_answered_is_not_locked_out_by_a_limit_that_comes_later(make: Make) -> None:
    people = column(make, "enforce")
    people.add("bob", erid="C-123")
    assert people.erid("bob") == "C-123"
    rule = {"strategy": "column", "column": "erid", "max_length": 3}
    assert make("", source={"erid": rule}).erid("bob") == "C-123"


@pytest.mark.parametrize("uniqueness", ["canonical", "exact"])
def test_letter_case_makes_two_erids_only_where_uniqueness_is_exact(
    make: Make, uniqueness: str
) -> None:
    people = make(
        ERIDS.replace("erid TEXT", "erid BLOB"),  # compared byte by byte on every engine
        source={"erid": {"strategy": "column", "column": "erid"}},
        ledger={"uniqueness": uniqueness},
    )
    people.add("bob", erid=b"AbC")
    people.add("eve", erid=b"aBc")
    assert people.erid("bob") == "AbC"
    if uniqueness == "exact":
        assert people.erid("eve") == "aBc"
        assert people.get(user_id="aBc").key.login_id == "eve"
    else:
        assert refused(people.login("eve")) == "invalid_login"
        assert people.alarms == ["erid_shared"]


# Cost


def test_a_confirmed_person_costs_no_query_of_the_ledger(make: Make) -> None:
    people = make(
        MADE_ERIDS,
        source={"erid": {"strategy": "column", "column": "erid", "fingerprint": ["made"]}},
        ledger={"watch_seconds": 3600.0},
    )
    people.add("bob", erid="C-1", made="monday")
    assert people.erid("bob") == "C-1"
    asked: list[str] = []
    engine = people.parts.ledger._database.engine
    event.listen(engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    for _ in range(3):
        assert erid_in(people.get(user_id="C-1")) == "C-1"
        assert erid_in(people.get(login_id="bob")) == "C-1"
        assert people.erid("bob") == "C-1"
    assert asked == []
    people.add("eve", erid="C-2", made="monday")
    assert people.erid("eve") == "C-2"
    assert asked
