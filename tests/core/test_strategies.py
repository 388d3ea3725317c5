"""Where ERIDs come from, and that whoever has one keeps it when that changes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Person
from sso_bridge.errors import ConfigurationError
from sso_bridge.ledger.register import Pair
from sso_bridge.wiring import create_ledger, register
from tests.people import ERIDS, People, erid_in, refused

Make = Callable[..., People]
SECRET = "a secret of at least thirty-two characters"
STRATEGIES: dict[str, dict[str, Any]] = {
    "minted": {"strategy": "minted"},
    "column": {"strategy": "column", "column": "erid"},
    "derived": {"strategy": "derived", "secret": SECRET},
    "imported": {"strategy": "imported", "newcomers": "minted"},
}


def by(make: Make, strategy: str, table: str = "", **erid: Any) -> People:
    return make(table, source={"erid": {**STRATEGIES[strategy], **erid}})


def imported(people: People, subject: str, erid: str) -> str:
    pair = Pair(Person("shop", subject), erid, "imported")
    return register(people.settings, people.folder).assign([pair], Deadline(10))[0]


def test_a_derived_erid_is_the_same_on_nodes_that_share_nothing_but_the_secret(
    tmp_path: Path,
) -> None:
    erids = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        people = People(tmp_path / name, source={"erid": STRATEGIES["derived"]})
        people.add("someone")
        people.add("bob")
        erids.append(people.erid("bob"))
        assert people.erid("someone") != erids[-1]
    assert erids[0] == erids[1]
    assert len(erids[0]) == 40


def test_a_derived_erid_says_nothing_about_the_key_without_the_secret(tmp_path: Path) -> None:
    erids = set()
    for number, secret in enumerate([SECRET, SECRET.upper(), SECRET + "!"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        people = People(folder, source={"erid": {"strategy": "derived", "secret": secret}})
        people.add("bob")
        erids.add(people.erid("bob"))
    assert len(erids) == 3


def test_a_person_is_found_by_a_derived_erid(make: Make) -> None:
    people = by(make, "derived", ERIDS)
    people.add("bob")
    people.add("eve")
    erid = people.erid("bob")
    assert people.get(user_id=erid).key.login_id == "bob"
    assert refused(people.get(user_id=erid.upper())) == "user_not_found"


def test_a_new_account_has_a_derived_erid_too(make: Make) -> None:
    people = by(make, "derived", ERIDS)
    erid = erid_in(people.create("new"))
    assert len(erid) == 40
    assert people.erid("new") == erid_in(people.create("new")) == erid


def test_another_secret_is_refused_until_it_is_adopted(tmp_path: Path) -> None:
    people = People(tmp_path, source={"erid": STRATEGIES["derived"]})
    people.add("bob")
    assert people.erid("bob")
    changed = People(
        tmp_path, "", source={"erid": {**STRATEGIES["derived"], "secret": SECRET[::-1]}}
    )
    with pytest.raises(ConfigurationError, match="ledger adopt shop"):
        changed.parts.ledger.open(Deadline(5))


def test_the_first_secret_of_a_source_is_taken_note_of(tmp_path: Path) -> None:
    People(tmp_path)
    derived = STRATEGIES["derived"]
    People(tmp_path, "", source={"erid": derived}).parts.ledger.open(Deadline(5))
    other = {**derived, "secret": SECRET[::-1]}
    with pytest.raises(ConfigurationError, match="ledger adopt shop"):
        People(tmp_path, "", source={"erid": other}).parts.ledger.open(Deadline(5))


def test_a_secret_that_could_be_guessed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"sources\.shop\.erid\.secret.*32"):
        People(tmp_path, source={"erid": {"strategy": "derived", "secret": "x" * 31}})


def test_who_was_imported_has_that_erid_and_is_found_by_it(make: Make) -> None:
    people = by(make, "imported", ERIDS, newcomers="refused")
    people.add("bob")
    assert imported(people, "1", "DR-0815") == "bound"
    assert people.erid("bob") == "DR-0815"
    assert people.get(user_id="DR-0815").key.login_id == "bob"


def test_who_was_not_imported_is_refused_until_the_import_is_said_to_be_complete(
    make: Make,
) -> None:
    people = by(make, "imported", ERIDS, newcomers="refused")
    people.add("bob")
    assert refused(people.login("bob")) == "invalid_login"
    assert people.alarms == ["erid_missing"]
    assert len(by(make, "imported").erid("bob")) == 36


def test_a_new_account_needs_no_import(make: Make) -> None:
    people = by(make, "imported", ERIDS, newcomers="refused")
    erid = erid_in(people.create("new"))
    assert people.erid("new") == erid
    assert people.alarms == []


@pytest.mark.parametrize(("old", "new"), list(itertools.permutations(STRATEGIES, 2)))
def test_whoever_has_an_erid_keeps_it_when_the_strategy_changes(
    tmp_path: Path, old: str, new: str
) -> None:
    def make(table: str, **settings: Any) -> People:
        return People(tmp_path, table, **settings)

    people = by(make, old, ERIDS)
    people.add("bob", erid="C-1")
    people.add("eve", erid="C-2")
    bob = people.erid("bob")
    made = erid_in(people.create("new"))
    people = by(make, new)
    assert people.erid("bob") == erid_in(people.get(user_id=bob)) == bob
    assert people.erid("new") == erid_in(people.create("new")) == made
    assert people.erid("eve") not in (bob, made)
    back = by(make, old)
    assert (back.erid("bob"), back.erid("new")) == (bob, made)
    assert back.erid("eve") == people.erid("eve")
    assert (people.alarms, back.alarms) == ([], [])


def test_a_column_is_not_compared_for_those_who_got_their_erid_otherwise(make: Make) -> None:
    people = by(make, "column", ERIDS)
    people.add("bob", erid="C-1")
    assert imported(people, "1", "DR-0815") == "bound"
    assert people.erid("bob") == "DR-0815"
    assert refused(people.get(user_id="C-1")) == "user_not_found"
    people.add("eve", erid="DR-0815")
    assert refused(people.login("eve")) == "invalid_login"
    assert people.alarms == ["erid_shared"]


def test_a_ledger_is_made_once_and_by_nothing_else(tmp_path: Path) -> None:
    people = People(tmp_path)
    people.ledger_file.unlink()
    people.add("bob")
    with pytest.raises(Exception, match="no such file"):
        people.login("bob")
    assert not people.ledger_file.exists()
    create_ledger(people.settings, tmp_path)
    assert people.erid("bob")
