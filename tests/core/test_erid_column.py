"""ERIDs from a column of the client's: what the ledger has seen once holds for ever."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.people import COLUMN, ERIDS, People, erid_in, refused

Make = Callable[..., People]


@pytest.fixture
def people(make: Make) -> People:
    return make(ERIDS, source=COLUMN)


def test_the_column_s_value_is_the_erid(people: People) -> None:
    people.add("bob", erid="C-1")
    assert people.erid("bob") == "C-1"
    assert people.get(external_reference_id="C-1", site_id="de").key.login_id == "bob"
    assert people.bindings() == [("shop", "1", "C-1")]


def test_a_user_is_found_by_an_erid_that_the_ledger_never_saw(people: People) -> None:
    people.add("bob", erid="C-1")
    assert erid_in(people.get(user_id="C-1")) == "C-1"
    assert refused(people.get(user_id="c-1")) == "user_not_found"


@pytest.mark.parametrize(
    ("erid", "alarm"),
    [
        (None, "erid_missing"),
        ("", "erid_missing"),
        ("  ", "erid_missing"),
        ("\u200b\ufeff", "erid_missing"),
        ("\u3164", "erid_missing"),
        (" C-1", "erid_unusable"),
        ("C-1\u00a0", "erid_unusable"),
        ("C\x071", "erid_unusable"),
        ("C\n1", "erid_unusable"),
        ("C\uffff1", "erid_unusable"),
        ("x" * 256, "erid_unusable"),
        ("\ufdfa" * 200, "erid_unusable"),
    ],
)
def test_an_erid_that_cannot_be_sent_is_refused_with_an_alarm(
    people: People, erid: str | None, alarm: str
) -> None:
    people.add("bob", erid=erid)
    assert refused(people.login("bob")) == "invalid_login"
    assert people.alarms == [alarm]
    assert people.bindings() == []


def test_an_erid_that_changed_is_refused_by_old_and_new(people: People) -> None:
    people.add("bob", erid="C-1")
    assert people.erid("bob") == "C-1"
    people.run("UPDATE users SET erid = 'C-2'")
    assert refused(people.login("bob")) == "invalid_login"
    assert refused(people.get(user_id="C-1")) == "user_not_found"
    assert refused(people.get(user_id="C-2")) == "user_not_found"
    assert people.alarms == ["erid_changed"] * 3
    assert people.bindings() == [("shop", "1", "C-1")]


@pytest.mark.parametrize(
    "like",
    [
        "C-1É",
        "c-1é",
        "C-1E\u0301",
        "Ｃ-１É",
        "C-1\u200bÉ",
        "C -1É",
        "C-1E\u200d\u0301",
        "C-1\ufe0fÉ",
    ],
)
def test_an_erid_like_another_person_s_is_refused(people: People, like: str) -> None:
    people.add("bob", erid="C-1É")
    assert people.erid("bob") == "C-1É"
    people.add("eve", erid=like)
    assert refused(people.login("eve")) == "invalid_login"
    assert len(people.alarms) == 1
    assert len(people.bindings()) == 1


def test_of_two_rows_with_one_erid_neither_is_believed(people: People) -> None:
    people.add("bob", erid="C-1")
    people.add("eve", erid="C-1")
    for login in ("bob", "eve"):
        assert refused(people.login(login)) == "invalid_login"
    assert refused(people.get(user_id="C-1")) == "invalid_user_key"
    assert set(people.alarms) == {"ambiguous_key"}
    assert people.bindings() == []


def test_an_erid_that_is_copied_to_another_row_later_stays_with_its_person(people: People) -> None:
    people.add("bob", erid="C-1")
    assert people.erid("bob") == "C-1"
    people.add("eve", erid="C-1")
    assert refused(people.login("eve"))
    assert people.get(user_id="C-1").key.login_id == "bob"
    assert people.erid("bob") == "C-1"


@pytest.mark.parametrize("seen", ["", "bob", "eve", "both"])
def test_two_users_who_swap_erids_are_never_taken_for_each_other(people: People, seen: str) -> None:
    people.add("bob", erid="C-1")
    people.add("eve", erid="C-2")
    for login in ("bob", "eve"):
        if seen in (login, "both"):
            assert erid_in(people.login(login))
    bound = people.bindings() if seen else []
    people.run("UPDATE users SET erid = CASE login WHEN 'bob' THEN 'C-2' ELSE 'C-1' END")
    answers = [people.login("bob"), people.login("eve")]
    answers += [people.get(user_id="C-1"), people.get(user_id="C-2")]
    if seen:
        kinds = [refused(answer) for answer in answers]
        assert kinds[:2] == ["invalid_login", "invalid_login"]
        assert people.bindings() == bound
    else:
        named = [(answer.key.login_id, erid_in(answer)) for answer in answers]
        assert named == [("bob", "C-2"), ("eve", "C-1"), ("eve", "C-1"), ("bob", "C-2")]


def test_a_column_of_integers_holds_erids(make: Make) -> None:
    table = ERIDS.replace("erid TEXT", "erid INTEGER")
    people = make(table, source=COLUMN)
    people.add("bob", erid=1001)
    assert erid_in(people.get(user_id="1001")) == "1001"
    assert people.erid("bob") == "1001"
    assert refused(people.get(user_id="01001")) == "user_not_found"


@pytest.mark.parametrize("raw", [b"C-1", b"\xff\x00\x01"])
def test_a_column_of_bytes_holds_erids(make: Make, raw: bytes) -> None:
    people = make(ERIDS.replace("erid TEXT", "erid BLOB"), source=COLUMN)
    people.add("bob", erid=raw)
    erid = people.erid("bob")
    assert erid_in(people.get(user_id=erid)) == erid
    people.ledger_file.unlink()
    people = make("", source=COLUMN)
    assert erid_in(people.get(user_id=erid)) == erid


def test_every_erid_that_was_given_out_stays_when_the_strategy_becomes_minted(
    people: People, make: Make
) -> None:
    people.add("bob", erid="C-1")
    people.add("eve", erid="C-2")
    assert people.erid("bob") == "C-1"
    people = make("")
    assert people.erid("bob") == "C-1"
    assert erid_in(people.get(user_id="C-1")) == "C-1"
    assert people.erid("eve") not in ("C-1", "C-2")


def test_every_erid_that_was_minted_stays_when_the_strategy_becomes_a_column(
    people: People, make: Make
) -> None:
    people = make("")
    people.add("bob", erid="C-1")
    people.add("eve", erid="C-2")
    minted = people.erid("bob")
    people = make("", source=COLUMN)
    assert people.erid("bob") == minted
    assert erid_in(people.get(user_id=minted)) == minted
    assert refused(people.get(user_id="C-1")) == "user_not_found"
    assert people.erid("eve") == "C-2"
    assert people.alarms == []


def test_an_erid_of_one_source_in_the_column_of_another_is_refused(tmp_path: Path) -> None:
    people = People(
        tmp_path,
        ERIDS + "; CREATE TABLE others AS SELECT * FROM users;",
        source=COLUMN,
        sources={
            "other": {
                "url": "sqlite:///users.db",
                "table": "others",
                "subject": "id",
                "login": "login",
                "password": "password",
                **COLUMN,
            }
        },
        sites={"de": {"source": "shop"}, "us": {"source": "other"}},
    )
    people.add("bob", erid="C-1")
    assert people.erid("bob", site_id="de") == "C-1"
    people.add("eve", table="others", id=1, erid="C-1")
    assert refused(people.login("eve", site_id="us")) == "invalid_login"
    assert people.alarms == ["erid_shared"]
    assert refused(people.get(user_id="C-1", site_id="us")) == "user_not_found"
